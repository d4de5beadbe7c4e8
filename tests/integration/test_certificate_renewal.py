"""The role certificate: from a file on the controller until every port shows it, and what is cut off on the way."""

from __future__ import annotations

import base64
import os
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from evidence import IMAP, POP, connectors, writes
from renewal import PASSWORD as PFX_PASSWORD
from renewal import Issued, issue, pem_of
from runner import PASSWORD, Controller, inventory, session_processes, wait_until
from simulator_process import BASIC, SimulatorProcess

NAME, ALIAS = "mail.contoso.test", "pop.contoso.test"
PLAYBOOK = "mailops.exchange.renew_certificate"
# All servers at once, and each goes on where another one fails.
ROLE = [{"hosts": "exchange", "gather_facts": False, "roles": ["mailops.exchange.certificate"]}]
SERVERS = {"EX01": "SE", "EX19": "2019", "EX16": "2016", "EX13": "2013"}
IMPORT, ENABLE, REMOVE = (f"{verb}-ExchangeCertificate" for verb in ("Import", "Enable", "Remove"))
OFFSET = 20000
PORTS = {
    "pop3": {"implicit_tls": OFFSET + 995, "starttls": OFFSET + 110},
    "imap4": {"implicit_tls": OFFSET + 993, "starttls": OFFSET + 143},
    "smtp": {"starttls": OFFSET + 587},
}
LOCAL = {"ansible_exchange_access": "local"}
TOGETHER = ("-e", "exchange_serial=4", "--forks", "4")
Renewed = tuple[Issued, dict[str, Any]]


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    folder = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess(SERVERS, password=PASSWORD, directory=folder, **BASIC) as process:
        yield process


@pytest.fixture
def organisation(_organisation: SimulatorProcess) -> SimulatorProcess:
    """POP3 and IMAP4 run everywhere, with a certificate of an authority that is to be renewed."""
    _organisation.reset()
    for server in SERVERS:
        for noun in ("Pop", "Imap"):
            _organisation.run(server, f"Set-{noun}Settings", {"Server": server, "X509CertificateName": NAME})
        _organisation.add_certificate(server, NAME, begins=-70, days=20)
        _organisation.enable_certificate(server, NAME, "POP, IMAP")
        _organisation.run(server, "Start-Service", {"Name": [*POP, *IMAP]}, endpoint="windows")
    _organisation.clear_log()
    return _organisation


@pytest.fixture
def renewed(controller: Controller) -> Renewed:
    """The new certificate, and the variables that bring it."""
    issued = issue(NAME)
    root = controller.folder / "root.pem"
    root.write_bytes(pem_of(issued.above[-1]))
    probe = {"ports": PORTS, "ca_cert": str(root), "retries": 0}
    file = issued.written(controller.folder)
    return issued, {"certificate_pfx": str(file), "certificate_pfx_password": PFX_PASSWORD, "certificate_probe": probe}


def hosts_of(organisation: SimulatorProcess, *names: str, **variables: Any) -> dict[str, Any]:
    hosts = inventory(organisation.description, **variables)
    chosen = {name.lower() for name in names or ("EX01",)}
    hosts["exchange"]["hosts"] = {name: one for name, one in hosts["exchange"]["hosts"].items() if name in chosen}
    return hosts


def assigned(organisation: SimulatorProcess, server: str = "EX01") -> dict[str, str]:
    """The services of each certificate by its thumbprint."""
    told = organisation.state()["servers"][server]["certificates"]
    return {one["thumbprint"]: one["services"] for one in told}


def shown(organisation: SimulatorProcess, server: str = "EX01") -> set[bytes]:
    """The certificates that a client of ours is shown where the connection begins in TLS."""
    address = organisation.description["servers"][server]["address"]
    ports = [PORTS[protocol]["implicit_tls"] for protocol in ("pop3", "imap4")]
    return {ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((address, port))) for port in ports}


def changes(organisation: SimulatorProcess) -> list[str]:
    return [cmdlet for cmdlet in writes(organisation) if cmdlet != "Add-PSSnapin"]


def is_renewed(organisation: SimulatorProcess, issued: Issued, server: str = "EX01") -> bool:
    return shown(organisation, server) == {issued.certificate.public_bytes(Encoding.DER)}


def test_a_renewal_end_to_end_on_every_release(
    controller: Controller, organisation: SimulatorProcess, renewed: Renewed
) -> None:
    issued, variables = renewed
    old = {server: organisation.certificate(server, NAME)["thumbprint"] for server in SERVERS}
    hosts = hosts_of(
        organisation, *SERVERS, **variables, certificate_remove_old=True, certificate_before_restart="drain.yml"
    )
    for name in ("ex19", "ex13"):
        hosts["exchange"]["hosts"][name] |= LOCAL
    # Beside neither the playbook nor the role, but where Ansible is started.
    controller.write("drain.yml", [{"name": "Drain", "ansible.builtin.debug": {}}])
    foreseen = controller.run(PLAYBOOK, hosts, "--check", "--limit", "ex01,ex13", *TOGETHER)
    assert foreseen.returncode == 0, foreseen.output
    assert changes(organisation) == []

    done = controller.run(PLAYBOOK, hosts, "--diff", "-vvvvv", *TOGETHER)
    assert done.returncode == 0, done.output
    for server in SERVERS:
        assert is_renewed(organisation, issued, server)
        assert assigned(organisation, server)[issued.thumbprint] == "IMAP, POP"
        assert old[server] not in assigned(organisation, server)
        assert done.task("Drain", server.lower())
        told = done.task("Show what is left out", server.lower())["result"]["msg"]
        assert told == [
            "TlsCertificateName and the probe of port 587 are left out: "
            f"{issued.thumbprint} is not assigned to SMTP, which certificate_services: [SMTP] does."
        ]
    assert secrets_in(controller, issued, done.output) == []

    organisation.clear_log()
    again = controller.run(PLAYBOOK, hosts, *TOGETHER)
    assert again.returncode == 0, again.output
    assert [again.changed(host) for host in again.stats] == [[]] * len(SERVERS)
    assert changes(organisation) == []


def secrets_in(controller: Controller, issued: Issued, output: str) -> list[str]:
    """Where the password of the file or anything of the private key is, besides in the files that brought it."""
    key = issued.key_pem().splitlines()
    numbers = issued.key.private_numbers()
    secrets = [PFX_PASSWORD.encode(), base64.b64encode(PFX_PASSWORD.encode()), *key[2:-2], str(numbers.d).encode()]
    own = {"hosts.yml", f"{issued.thumbprint}.pfx"}
    files = [path for path in controller.folder.rglob("*") if path.is_file() and path.name not in own]
    places = {"output": output.encode(), **{str(path): path.read_bytes() for path in files}}
    return [place for place, content in places.items() if any(secret in content for secret in secrets)]


# By server what goes wrong in its first run and in its second, before a step has an effect or after that.
KILLS = (
    {
        "EX01": ("fails_after_effect", {"cmdlet": IMPORT}),
        "EX19": ("rbac_without", {"cmdlet": ENABLE}),
        "EX16": ("fails_after_effect", {"cmdlet": ENABLE}),
        "EX13": ("service_refuses_start", {"service": "MSExchangeImap4"}),
    },
    {
        "EX01": ("fails_after_effect", {"cmdlet": "Set-ReceiveConnector"}),
        "EX19": ("mail_closes_in_tls", {"protocol": "imap4", "times": 0}),
        "EX16": ("fails_after_effect", {"cmdlet": "Set-ImapSettings"}),
        "EX13": ("fails_after_effect", {"cmdlet": REMOVE}),
    },
)


def test_a_run_that_is_cut_off_is_healed_by_the_next(
    controller: Controller, organisation: SimulatorProcess, renewed: Renewed
) -> None:
    _issued, variables = renewed
    issued = issue(NAME, ALIAS)
    everything = {
        "certificate_pfx": str(issued.written(controller.folder)),
        # Texts, as -e gives them.
        "certificate_services": "SMTP",
        "certificate_protocols": "pop3,imap4",
        "certificate_replace_default_smtp_certificate": True,
        "certificate_x509_certificate_name": ALIAS,
        "certificate_remove_old": True,
    }
    old = {server: organisation.certificate(server, NAME)["thumbprint"] for server in SERVERS}
    hosts = hosts_of(organisation, *SERVERS, **variables | everything)
    for kills in KILLS:
        for server, (kind, fields) in kills.items():
            organisation.fault(server, "none")
            organisation.fault(server, kind, **fields)
        cut = controller.run(ROLE, hosts, "--forks", "4")
        assert {host: one["failures"] for host, one in cut.stats.items()} == dict.fromkeys(cut.stats, 1), cut.output
    for server in SERVERS:
        organisation.fault(server, "none")
    healed = controller.run(ROLE, hosts, "--forks", "4")
    assert healed.returncode == 0, healed.output
    for server in SERVERS:
        assert is_renewed(organisation, issued, server)
        assert assigned(organisation, server)[issued.thumbprint] == "IMAP, POP, SMTP"
        assert old[server] not in assigned(organisation, server)
        named = connectors(organisation, server)[f"Client Frontend {server}"]["TlsCertificateName"]
        assert named.endswith(f"CN={NAME}")


def test_a_run_whose_process_is_killed_in_the_middle_of_the_import(
    controller: Controller, organisation: SimulatorProcess, renewed: Renewed
) -> None:
    """Nothing of the key is left behind, neither in a file nor in a process."""
    issued, variables = renewed
    hosts = hosts_of(organisation, **variables)
    organisation.fault("EX01", "slow", cmdlet=IMPORT, seconds=600)
    process = subprocess.Popen(
        controller.command(PLAYBOOK, hosts, "-vvvvv"),
        env=controller.environment(),
        cwd=controller.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: any(entry["cmdlet"] == IMPORT for entry in organisation.log()))
    shown_by_processes = b"".join(
        (Path("/proc") / str(one) / name).read_bytes()
        for one in [process.pid, *session_processes(controller.folder)]
        for name in ("cmdline", "environ")
    )
    assert PFX_PASSWORD.encode() not in shown_by_processes
    os.killpg(process.pid, signal.SIGKILL)
    output, _nothing = process.communicate(timeout=60)
    assert secrets_in(controller, issued, output) == []
    organisation.fault("EX01", "none")
    healed = controller.run(PLAYBOOK, hosts)
    assert healed.returncode == 0, healed.output
    assert is_renewed(organisation, issued)


def test_over_the_winrm_shell_every_step_but_the_import(
    controller: Controller, organisation: SimulatorProcess, renewed: Renewed
) -> None:
    """One server is to import it, and the other one has it."""
    _issued, variables = renewed
    there = organisation.add_certificate("EX19", NAME)
    hosts = hosts_of(organisation, "EX01", "EX19", **LOCAL, ansible_exchange_transport="winrm")
    hosts["exchange"]["hosts"]["ex01"] |= variables
    hosts["exchange"]["hosts"]["ex19"] |= {
        "certificate_thumbprint": there,
        "certificate_probe": variables["certificate_probe"] | {"ca_cert": organisation.description["ca"]},
        "certificate_remove_old": True,
    }
    done = controller.run(ROLE, hosts)
    assert done.task("Read the certificate", "ex01")["result"]["msg"].startswith(
        "pfx: the WinRM shell runs text that Windows may log"
    )
    assert {entry["server"] for entry in organisation.log() if entry["cmdlet"] in changes(organisation)} == {"EX19"}
    assert assigned(organisation, "EX19")[there] == "IMAP, POP"
    assert len(assigned(organisation, "EX19")) == 5
    again = controller.run(ROLE, hosts, "--limit", "ex19")
    assert (again.returncode, again.changed("ex19")) == (0, []), again.output


def test_a_wildcard_what_exchange_keeps_and_what_ends_a_run(
    controller: Controller, organisation: SimulatorProcess, renewed: Renewed
) -> None:
    """A server for each: they are independent of one another, and one start of Ansible is enough."""
    issued, variables = renewed
    wildcard = issue("*.contoso.test")
    organisation.remove_certificate("EX01", organisation.certificate("EX01", NAME)["thumbprint"])
    old = organisation.add_certificate("EX01", "*.contoso.test", begins=-70, days=20)
    organisation.fault("EX01", "send_connector", name="Outbound", subject="CN=*.contoso.test")
    servers = hosts_of(organisation, *SERVERS)["exchange"]["hosts"]
    plain = {"ansible_exchange_serialization": "plain"}
    unassigned = organisation.add_certificate("EX13", NAME)
    # Everybody can have a certificate with this name: its chain is looked at too.
    elsewhere = variables["certificate_probe"] | {"ca_cert": organisation.description["ca"]}
    hosts = hosts_of(organisation, certificate_remove_old=True)
    hosts["exchange"]["hosts"] = {
        "ex01": servers["ex01"] | variables | {"certificate_pfx": str(wildcard.written(controller.folder))},
        "ex16": servers["ex16"] | variables | {"certificate_probe": elsewhere},
        "ex19": servers["ex19"] | variables | plain,
        "ex13": servers["ex13"] | plain | {"certificate_thumbprint": unassigned, "certificate_probe": elsewhere},
        "untold": servers["ex13"],
        "nothing": servers["ex13"] | variables | {"certificate_protocols": []},
        "lost": servers["ex13"] | variables | {"certificate_after_restart": "nowhere.yml"},
    }
    done = controller.run(ROLE, hosts)
    stopped = {
        "ex16": ("Stop if it is not shown everywhere", "is not trusted"),
        "ex13": ("Stop if it is not known whether", f"EX13: whether {unassigned} is assigned is not known, "),
        "untold": ("Make sure that the variables are valid", "No certificate is given; set "),
        "nothing": ("Make sure that the variables are valid", "certificate_protocols is empty; use "),
        "lost": ("Make sure that the variables are valid", "certificate_after_restart: this file is "),
    }
    failures = {host: one["failures"] for host, one in done.stats.items()}
    assert failures == {"ex01": 0, "ex19": 0} | dict.fromkeys(stopped, 1), done.output
    for host, (task, words) in stopped.items():
        assert words in done.task(task, host)["result"]["msg"]
    assert is_renewed(organisation, wildcard)
    assert assigned(organisation)[wildcard.thumbprint] == "None"
    (kept,) = done.task("Show which certificates are kept, and why", "ex01")["result"]["msg"]
    assert "tagged with following Send Connectors : Outbound" in kept
    assert old in assigned(organisation)
    # Nothing is removed before the probe, nor what nobody knows the services of,.
    for server in ("EX16", "EX19"):
        assert is_renewed(organisation, issued, server)
        assert list(assigned(organisation, server).values()).count("IMAP, POP") == 2
    assert assigned(organisation, "EX13")[unassigned] == "None"
    assert "what it is assigned to" in str(
        done.task("Show which certificates are kept, and why", "ex19")["result"]["msg"]
    )
