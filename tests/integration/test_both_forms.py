"""The whole collection in each form in which Exchange sends its objects, on every release, and what is on the wire."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from evidence import writes
from jobs import READER, whole_job
from module_runner import run_module
from pypsrp.messages import Message, MessageType
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from runner import PASSWORD, Controller, inventory
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

RELEASES = {"SE01": "SE", "E19": "2019", "E16": "2016", "E15": "2013", "E14": "2010"}
WAYS: dict[str, dict[str, Any]] = {
    "psrp": {},
    "local": {"access": "local"},
    "winrm": {"access": "local", "transport": "winrm"},
}
PLACES = [
    *((server, "psrp", form) for form in ("full", "plain") for server in RELEASES),
    *((server, "local", "full") for server in ("SE01", "E14")),
    # The PowerShell 2 of Exchange 2010 is too old for it.
    *((server, "winrm", "full") for server in ("SE01", "E15")),
]
POLICY = "Mail programs"
NAME = "mail.contoso.test"
Run = Callable[..., dict[str, Any]]

TASKS: dict[str, dict[str, Any]] = {
    "pop_settings": {
        "banner": "'It\u2019s' $(Get-Date) \u00fc\U0001f4e7",
        "login_type": "SecureLogin",
        "external_connection_settings": [f"{NAME}:995:SSL", f"{NAME}:110:TLS"],
        "authenticated_connection_timeout": "00:45:00",
        "log_per_file_size_quota": "10MB",
        "max_connections_per_user": 8,
        "log_file_roll_over_settings": "Weekly",
        "extended_protection_policy": "Allow",
    },
    "imap_settings": {
        "x509_certificate_name": NAME,
        "ssl_bindings": {"add": ["127.0.0.1:9993"]},
        "show_hidden_folders_enabled": True,
        "message_retrieval_mime_format": "HtmlOnly",
        "log_per_file_size_quota": "unlimited",
    },
    "receive_connector": {
        "fqdn": NAME,
        "advertise_client_settings": True,
        "max_message_size": "50MB",
        "connection_timeout": "00:20:00",
        "message_rate_limit": "unlimited",
        "permission_groups": {"add": ["ExchangeServers"]},
        "auth_mechanism": {"remove": ["Integrated"]},
    },
    "cas_mailbox": {
        "identities": [READER],
        "imap_enabled": False,
        "pop_use_protocol_defaults": False,
        "pop_messages_retrieval_mime_format": "TextOnly",
        "owa_enabled": False,
        "ews_enabled": False,
        "ews_application_access_policy": "EnforceAllowList",
        "ews_allow_list": ["Mozilla/5.0 (X11, Linux)", "'It\u2019s' $(Get-Date)/*"],
    },
    "throttling_policy": {"name": POLICY, "pop_max_concurrency": 40, "imap_max_concurrency": "unlimited"},
    "protocol_service": {"protocol": "pop3", "state": "started", "start_mode": "automatic"},
}
# What certificates are assigned to is not known in the plain form.
FULL_ONLY: dict[str, dict[str, Any]] = {"exchange_certificate": {"name": NAME, "services": ["pop", "imap"]}}
# They have no state to be reached: each run does it once more.
ACTIONS: dict[str, dict[str, Any]] = {
    "protocol_service": {"protocol": "pop3", "state": "restarted"},
    "iis": {"state": "restarted"},
}
# By cmdlet, what tells the full form of its objects: numbers of enumerations, serialization data.
READS = {
    "Get-PopSettings": {"number", "data"},
    "Get-ExchangeCertificate": {"data"},
    "Get-ReceiveConnector": {"number", "data"},
    "Get-CASMailbox": {"number"},
    "Get-ThrottlingPolicy": {"number", "data"},
    "Test-PopConnectivity": {"number"},
}
LOG_ON = {"protocol": "pop3", "connection_type": "ssl", "port": 995, "trust_any_certificate": True}


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    folder = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess(RELEASES, password=PASSWORD, directory=folder, **BASIC) as process:
        yield process


def came(organisation: SimulatorProcess) -> set[str]:
    """The forms in which Exchange's cmdlets answered; those of Windows itself are not asked in any."""
    log = organisation.log()
    local = any(entry["cmdlet"] == "Add-PSSnapin" for entry in log)
    return {entry["form"] for entry in log if local or entry["endpoint"] == "exchange"}


def moved(organisation: SimulatorProcess) -> Any:
    """All that tasks could move, without what every request moves."""
    state = organisation.state()
    mailbox = organisation.run("SE01", "Get-CASMailbox", {"Identity": READER})["output"]
    parts = ("stored", "connectors", "certificates", "services")
    return mailbox, state["throttling_policies"], [[one[part] for part in parts] for one in state["servers"].values()]


def shows_services(organisation: SimulatorProcess, form: str) -> bool:
    """Whether certificates come with what they are assigned to; by the snap-in PowerShell sends RawData alone."""
    return form == "full" or (form == "live" and organisation.options.get("engine") != "pwsh")


@pytest.fixture
def run(server: str, way: str, open_session: Callable[..., Session]) -> Run:
    session = open_session(server, **WAYS[way])

    def run(module: str, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        result = run_module(module, options, session.invoke, check=check, pause=lambda _: None)
        assert "failed" not in result, (module, result["msg"])
        return result

    return run


@pytest.mark.parametrize(("server", "way", "wire_form"), PLACES, indirect=["wire_form"])
def test_modules(organisation: SimulatorProcess, run: Run, server: str, way: str, wire_form: str) -> None:
    assert organisation.run("SE01", "New-ThrottlingPolicy", {"Name": POLICY})["errors"] == []
    organisation.clear_log()
    form = wire_form if way == "psrp" else "live"
    for module, options in (TASKS | FULL_ONLY if shows_services(organisation, form) else TASKS).items():
        before = moved(organisation)
        predicted = run(module, options, check=True)
        assert (predicted["changed"], moved(organisation)) == (True, before), module
        done = run(module, options)
        assert (done["changed"], done["diff"], done["cmdlets"]) == (True, predicted["diff"], predicted["cmdlets"])
        after = moved(organisation)
        assert after != before, module
        again = run(module, options)
        assert (again["changed"], moved(organisation)) == (False, after), module

    for module, options in ACTIONS.items():
        before = moved(organisation)
        assert (run(module, options, check=True)["changed"], moved(organisation)) == (True, before), module
        assert run(module, options)["changed"] is True
        assert moved(organisation) != before, module
    # A password is never sent as text.
    test = LOG_ON if way == "winrm" else LOG_ON | {"user": READER, "password": PASSWORD}
    assert run("connectivity_test", test)["result"] == ("Skipped" if way == "winrm" else "Success")
    info = run("client_access_info", {})
    assert (info["server"], info["pop3"]["settings"]["banner"]) == (server, TASKS["pop_settings"]["banner"])
    assert len(info["pop3"]["services"]) == (1 if RELEASES[server] == "2010" else 2)
    assert came(organisation) == {form}


@pytest.mark.parametrize("server", RELEASES)
def test_what_is_read_is_the_same_whatever_the_form(
    organisation: SimulatorProcess, open_session: Callable[..., Session], server: str
) -> None:
    assert organisation.run("SE01", "New-ThrottlingPolicy", {"Name": POLICY})["errors"] == []
    first = open_session(server)
    for module, options in TASKS.items():
        assert "failed" not in run_module(module, options, first.invoke)

    def read(form: str, **way: Any) -> list[Any]:
        session = open_session(server, form=form, **way)
        info = run_module("client_access_info", {}, session.invoke)
        for certificate in info["certificates"]:
            assert (certificate.pop("services") is None) == (form == "plain"), certificate
            del certificate["has_private_key"], certificate["status"]
        kept = ("server", "fqdn", "product", "version", "pop3", "imap4", "certificates", "connectors")
        policy = run_module("throttling_policy", {"name": POLICY}, session.invoke)
        return [*(info[part] for part in kept), policy["settings"]]

    full = read("full")
    assert read("plain") == full
    for way in ("local", "winrm") if RELEASES[server] != "2010" else ("local",):
        assert read("full", **WAYS[way]) == full


def unshared(diffs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those of the one certificate, to which the second role adds, once the first has run."""
    return [one for one in diffs if not one.get("before_header", "").startswith("certificate ")]


@pytest.mark.forms("full", "plain")
def test_both_roles(controller: Controller, organisation: SimulatorProcess, wire_form: str) -> None:
    job = whole_job(organisation) | {"pop3_banner": TASKS["pop_settings"]["banner"]}
    if wire_form == "plain":
        # The role does not know whether it is assigned, so another administrator has done it.
        del job["pop3_certificate"]
        for server in RELEASES:
            organisation.enable_certificate(server, NAME, "IMAP, POP")
    twin = {key.replace("pop3", "imap4"): value for key, value in job.items()}
    twin["imap4_external_connection_settings"] = [f"{NAME}:993:SSL"]
    twin["imap4_probe"] = job["pop3_probe"] | {"port": 20993}
    # Both would predict the change of the one connector, and the first of them makes it.
    del twin["imap4_connector"], twin["imap4_banner"]
    # Mailboxes belong to the organisation: one server is enough for them.
    mailboxes = {role: given.pop(f"{role}_mailboxes") for role, given in (("pop3", job), ("imap4", twin))}
    hosts = inventory(organisation.description, **job, **twin)
    hosts["exchange"]["hosts"]["se01"].update({f"{role}_mailboxes": given for role, given in mailboxes.items()})
    roles = ["mailops.exchange.pop3", "mailops.exchange.imap4"]
    play = [{"hosts": "exchange", "gather_facts": False, "roles": roles}]
    before = moved(organisation)
    organisation.clear_log()

    predicted = controller.run(play, hosts, "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert (writes(organisation), moved(organisation)) == ([], before)
    done = controller.run(play, hosts, "--diff")
    assert done.returncode == 0, done.output
    parts = {"Set-PopSettings", "Set-ImapSettings", "Set-ReceiveConnector", "Set-Service", "Start-Service"}
    for name in RELEASES:
        assert done.changed(name.lower()) == predicted.changed(name.lower())
        assert unshared(done.diffs(name.lower())) == unshared(predicted.diffs(name.lower()))
        sent = {entry["cmdlet"] for entry in organisation.log() if entry["server"] == name}
        assert sent >= parts | ({"Enable-ExchangeCertificate"} if wire_form == "full" else set())
        probes = [one["result"]["probe"] for one in done.of(name.lower()) if "Verify" in one["task"]]
        assert [one["certificate"]["name_matches"] for one in probes] == [True, True]
        assert organisation.state()["servers"][name]["effective"]["pop3"]["Banner"] == job["pop3_banner"]
    after = moved(organisation)

    again = controller.run(play, hosts)
    assert again.returncode == 0, again.output
    assert {host: count["changed"] for host, count in again.stats.items()} == dict.fromkeys(again.stats, 0)
    assert moved(organisation) == after
    assert came(organisation) == {wire_form}


def test_the_form_that_an_inventory_asks_for(controller: Controller, organisation: SimulatorProcess) -> None:
    plain = {"ansible_exchange_serialization": "plain"}
    asked: dict[str, tuple[dict[str, str], str]] = {
        "SE01": ({}, "full"),
        "E19": (plain, "plain"),
        "E16": (
            {"ansible_exchange_path": "PowerShell?serializationLevel=Full;ExchClientVer=15.2.1544.4"} | plain,
            "full",
        ),
        "E15": ({"ansible_exchange_path": "PowerShell/?clientApplication=Ansible"}, "plain"),
        "E14": ({"ansible_exchange_access": "local"}, "live"),
    }
    hosts = inventory(organisation.description)
    for name, (variables, _form) in asked.items():
        hosts["exchange"]["hosts"][name.lower()].update(variables)
    look = {"mailops.exchange.client_access_info": {"protocols": ["pop3"], "gather": ["certificates"]}}
    done = controller.run([{"hosts": "exchange", "gather_facts": False, "tasks": [{"name": "Look"} | look]}], hosts)
    assert done.returncode == 0, done.output
    for name, (_variables, form) in asked.items():
        log = [entry for entry in organisation.log() if entry["server"] == name]
        assert {entry["form"] for entry in log if entry["cmdlet"].startswith("Get-Exchange")} == {form}, name
        certificates = done.task("Look", name.lower())["result"]["certificates"]
        assert {one["services"] is not None for one in certificates} == {shows_services(organisation, form)}, name


@pytest.mark.forms("full", "plain")
def test_the_wire(
    organisation: SimulatorProcess,
    open_session: Callable[..., Session],
    wire_form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As any other client sees it that asks as our session does."""
    came: list[ElementTree.Element] = []

    def unpack(data: bytes, serializer: Any) -> Message:
        if struct.unpack("<I", data[4:8])[0] == MessageType.PIPELINE_OUTPUT:
            came.append(ElementTree.fromstring(data[40:].decode("utf-8-sig")))
        return real(data, serializer)

    real = Message.unpack
    monkeypatch.setattr(Message, "unpack", staticmethod(unpack))
    settings = open_session("SE01").settings
    wsman = WSMan(
        settings.host,
        port=settings.exchange.port,
        path=settings.exchange.path,
        auth=settings.auth,
        username=settings.user,
        password=settings.password,
        cert_validation=settings.ca_cert,
        no_proxy=True,
    )
    with wsman, RunspacePool(wsman, configuration_name=settings.exchange.configuration) as pool:
        for cmdlet, full in READS.items():
            came.clear()
            pipeline = PowerShell(pool).add_cmdlet(cmdlet)
            pipeline.invoke()
            assert came, (cmdlet, pipeline.streams.error)
            objects = [one for root in came for one in root.iter("Obj")]
            assert all(one.find("TN") is not None or one.find("TNRef") is not None for one in objects), cmdlet
            if wire_form == "full":
                assert set().union(*map(told_in_full, objects)) >= full, cmdlet
            else:
                assert all(one.find("MS") is None for one in objects), cmdlet
                members = [member for root in came for member in root.findall("Props/*")]
                assert all(is_plain(member) for member in members), cmdlet


def told_in_full(one: ElementTree.Element) -> set[str]:
    number = one.find("I32") is not None and one.find("ToString") is not None
    data = one.find("MS/*[@N='SerializationData']") is not None
    return {word for word, found in (("number", number), ("data", data)) if found}


def is_plain(member: ElementTree.Element) -> bool:
    """A primitive, or a list of texts."""
    if member.tag != "Obj":
        return len(member) == 0
    return {one.tag for one in member} <= {"TN", "TNRef", "LST"} and {one.tag for one in member.findall("LST/*")} <= {
        "S"
    }
