"""Inventories that know nothing of this collection, as they stand in other people's automation."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from evidence import writes
from guides import code_blocks
from kdc import REALM, Kdc
from needed import ROOTS, do_without
from runner import PASSWORD, Controller
from simulator_process import BASIC, NTLM, SERVERS, SimulatorProcess

ROOT = Path(__file__).resolve().parents[2]
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"include_role": {"name": "mailops.exchange.pop3"}, "vars": {"pop3_banner": "POP3 at Contoso is ready."}}
        ],
    }
]
SSH = {
    "ansible_connection": "ssh",
    "ansible_port": 22,
    "ansible_shell_type": "powershell",
    "ansible_ssh_private_key_file": "~/.ssh/id_ed25519",
    "ansible_exchange_cert_validation": "ignore",
}
PRINCIPAL = {"ansible_user": f"administrator@{REALM}"}
DOWN_LEVEL = {"ansible_user": "CONTOSO\\administrator"}
WINRM = {"ansible_connection": "winrm", "ansible_winrm_server_cert_validation": "ignore"}
PSRP = {"ansible_connection": "psrp", "ansible_psrp_cert_validation": "ignore"}


def first_of(guide: str) -> dict[str, Any]:
    """The variables of the first inventory that a guide shows."""
    found = (yaml.safe_load(block) for block in code_blocks(ROOT / guide, "yaml"))
    variables: dict[str, Any] = next(block["exchange"]["vars"] for block in found if "exchange" in block)
    return {**variables, **PRINCIPAL}


def low_ports_are_allowed() -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 443))
        except PermissionError:
            return False
        except OSError:
            return True
    return True


@pytest.fixture(scope="module")
def _organisation(
    request: pytest.FixtureRequest, realm: Kdc, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimulatorProcess]:
    """Two servers on the real ports: an inventory without a word of ours can find Exchange nowhere else."""
    if not low_ports_are_allowed():
        do_without(ROOTS, "ports below 1024 are needed: run as root, or lower net.ipv4.ip_unprivileged_port_start")
    options = {"directory": tmp_path_factory.mktemp("organisation"), "port_offset": 0, "keytab": realm.keytab}
    with SimulatorProcess(SERVERS, password=PASSWORD, **options, **request.param) as process:
        yield process


@pytest.fixture
def organisation(_organisation: SimulatorProcess) -> SimulatorProcess:
    _organisation.reset()
    return _organisation


def inventory(organisation: SimulatorProcess, *variables: dict[str, Any]) -> dict[str, Any]:
    """What is given for all servers, or for each of them."""
    hosts = {
        # There is no DNS here; with it neither is needed.
        server["fqdn"].lower(): {
            "ansible_host": server["address"],
            "ansible_winrm_kerberos_hostname_override": server["fqdn"].lower(),
            **own,
        }
        for server, own in zip(organisation.description["servers"].values(), itertools.cycle(variables), strict=False)
    }
    return {"all": {"hosts": hosts, "vars": {"ansible_password": "{{ lookup('env', 'EXCHANGE_TEST_PASSWORD') }}"}}}


def is_enough(controller: Controller, organisation: SimulatorProcess, *variables: dict[str, Any]) -> None:
    hosts = inventory(organisation, *variables)
    done = controller.run(PLAY, hosts)
    assert done.returncode == 0, done.output
    for server in organisation.state()["servers"].values():
        assert server["effective"]["pop3"]["Banner"] == "POP3 at Contoso is ready."
        assert server["shells_opened"] == {"exchange": 1, "windows": 1}
        assert server["shells_open"] == {"exchange": 0, "windows": 0}
    again = controller.run(PLAY, hosts)
    assert [item["changed"] for item in again.stats.values()] == [0, 0], again.output


@pytest.mark.parametrize("_organisation", [{}], ids=["as installed"], indirect=True)
@pytest.mark.parametrize(
    "variables",
    [
        pytest.param(
            [{**WINRM, **PRINCIPAL, "ansible_winrm_transport": "kerberos"}, {**PSRP, **PRINCIPAL}],
            id="winrm, and psrp, which tries Kerberos first",
        ),
        pytest.param([first_of("README.md"), first_of("docs/docsite/rst/guide_connecting.rst")], id="README and guide"),
    ],
)
def test_kerberos(controller: Controller, organisation: SimulatorProcess, variables: list[dict[str, Any]]) -> None:
    is_enough(controller, organisation, *variables)


@pytest.mark.parametrize("_organisation", [NTLM], ids=["NTLM"], indirect=True)
def test_openssh(controller: Controller, organisation: SimulatorProcess) -> None:
    """Its port and its key are its own; of a user who has but a key nothing is sent."""
    tasks = [
        {"mailops.exchange.pop_settings": {"banner": "x"}, "name": "banner"},
        {"mailops.exchange.protocol_service": {"protocol": "pop3", "state": "started"}, "name": "service"},
    ]
    hosts = inventory(organisation, {**SSH, **DOWN_LEVEL})
    key_alone = "ex02.contoso.test"
    hosts["all"]["hosts"][key_alone]["ansible_password"] = None
    done = controller.run([{"hosts": "all", "gather_facts": False, "tasks": tasks}], hosts)
    assert done.stats["ex01.contoso.test"]["ok"] == len(tasks), done.output
    refused = done.task("banner", key_alone)
    assert refused["status"] == "unreachable"
    assert "There is no password for user 'CONTOSO\\\\administrator', and negotiate" in refused["result"]["msg"]
    opened = {name: server["shells_opened"] for name, server in organisation.state()["servers"].items()}
    assert opened == {"EX01": {"exchange": 1, "windows": 1}, "EX02": {"exchange": 0, "windows": 0}}


@pytest.mark.parametrize(
    ("_organisation", "variables"),
    [
        pytest.param(
            NTLM,
            [
                {**WINRM, **DOWN_LEVEL, "ansible_winrm_transport": "ntlm"},
                {**PSRP, **DOWN_LEVEL, "ansible_psrp_auth": "ntlm"},
            ],
            id="winrm and psrp by NTLM",
        ),
        pytest.param(
            NTLM,
            [{**WINRM, **DOWN_LEVEL, "ansible_port": 5985, "ansible_winrm_transport": ["ntlm"]}],
            id="winrm by NTLM over HTTP with message encryption",
        ),
        pytest.param(BASIC, [{**WINRM, "ansible_user": "administrator"}], id="winrm by Basic"),
    ],
    indirect=["_organisation"],
)
def test_what_was_turned_on(
    controller: Controller, organisation: SimulatorProcess, variables: list[dict[str, Any]]
) -> None:
    is_enough(controller, organisation, *variables)


@pytest.mark.parametrize(
    ("_organisation", "more"),
    [({}, {"ansible_exchange_auth": "kerberos"}), (BASIC, {"ansible_exchange_auth": "basic"})],
    ids=["kerberos", "basic"],
    indirect=["_organisation"],
)
def test_ntlm_needs_one_variable_more(
    controller: Controller, organisation: SimulatorProcess, more: dict[str, Any]
) -> None:
    variables = {**WINRM, **PRINCIPAL, "ansible_winrm_transport": "ntlm"}
    refused = controller.run(PLAY, inventory(organisation, variables))
    assert {host["unreachable"] for host in refused.stats.values()} == {1}, refused.output
    assert "/PowerShell accepts only Kerberos unless an administrator enabled more" in refused.output
    assert writes(organisation) == []
    is_enough(controller, organisation, variables | more)
