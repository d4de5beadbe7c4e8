"""The preflight over the real line: each trap is set on the simulated server, found, fixed as it says, and gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from evidence import RELAY, add_relay, is_a_sentence, writes
from module_runner import run_module
from runner import Controller, inventory
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

Run = Callable[..., dict[str, Any]]
Step = Callable[[SimulatorProcess, Run], object]
CONNECTOR = r"EX01\Client Frontend EX01"
POP = "pop.contoso.test"


def behind(cmdlet: str, endpoint: str = "exchange", **parameters: Any) -> Step:
    """What another administrator does."""

    def step(organisation: SimulatorProcess, run: Run) -> None:
        assert organisation.run("EX01", cmdlet, parameters, endpoint=endpoint)["errors"] == []

    return step


def pop(**parameters: Any) -> Step:
    return behind("Set-PopSettings", Server="EX01", **parameters)


def submission(**parameters: Any) -> Step:
    return behind("Set-ReceiveConnector", Identity=CONNECTOR, **parameters)


def relay(**values: Any) -> Step:
    return lambda organisation, run: add_relay(organisation, **values)


def windows(cmdlet: str, **parameters: Any) -> Step:
    return behind(cmdlet, "windows", Name="MSExchangePop3", **parameters)


def component(state: str) -> Step:
    wanted = {"Component": "PopProxy", "State": state, "Requester": "Maintenance"}
    return behind("Set-ServerComponentState", Identity="EX01", **wanted)


def fault(kind: str, **details: Any) -> Step:
    return lambda organisation, run: organisation.fault("EX01", kind, **details)


def imported(*names: str, assign: bool = True, **traits: Any) -> Step:
    """A certificate is imported, and assigned to POP as another administrator does."""

    def step(organisation: SimulatorProcess, run: Run) -> None:
        mark = organisation.add_certificate("EX01", *names, **traits)
        if assign:
            behind("Enable-ExchangeCertificate", Server="EX01", Thumbprint=mark, Services="POP")(organisation, run)

    return step


def removed_last(organisation: SimulatorProcess, run: Run) -> None:
    organisation.remove_certificate("EX01", organisation.state()["servers"]["EX01"]["certificates"][-1]["thumbprint"])


def removed(name: str) -> Step:
    def step(organisation: SimulatorProcess, run: Run) -> None:
        organisation.remove_certificate("EX01", organisation.certificate("EX01", name)["thumbprint"])

    return step


def module(name: str, **options: Any) -> Step:
    """What the collection does."""

    def step(organisation: SimulatorProcess, run: Run) -> None:
        result = run(name, options)
        assert result.get("failed", False) is False, result

    return step


def later(organisation: SimulatorProcess, run: Run) -> None:
    organisation.clock(3600)


HEALTHY = fault("none")
STARTED = module("protocol_service", protocol="pop3", state="started", start_mode="automatic")

# What was found, its severity, how the trap is set, and how it is fixed.
TRAPS: list[tuple[str, str, list[Step], list[Step]]] = [
    ("part-not-granted", "warning", [fault("rbac_without", cmdlet="Get-ReceiveConnector")], [HEALTHY]),
    ("part-not-granted", "warning", [fault("rbac_without", cmdlet="Get-ExchangeCertificate")], [HEALTHY]),
    ("part-without-rpc", "warning", [fault("rpc_refused")], [HEALTHY]),
    (
        "part-without-directory",
        "warning",
        [fault("controller_gone", controller="DC1.contoso.test", cmdlet="Get-ReceiveConnector")],
        [HEALTHY],
    ),
    ("service-missing", "error", [fault("service_missing", service="MSExchangePOP3BE")], [HEALTHY]),
    ("service-not-running", "notice", [], [STARTED]),
    ("service-not-running", "error", [windows("Start-Service")], [STARTED]),
    ("service-disabled", "notice", [windows("Set-Service", StartupType="Disabled")], [STARTED]),
    ("service-disabled", "error", [STARTED, windows("Set-Service", StartupType="Disabled")], [STARTED]),
    ("service-not-automatic", "warning", [STARTED, windows("Set-Service", StartupType="Manual")], [STARTED]),
    (
        "restart-owed",
        "warning",
        [STARTED, later, pop(Banner="New.")],
        [module("protocol_service", protocol="pop3", state="restarted")],
    ),
    (
        "component-inactive",
        "error",
        [component("Inactive")],
        [component("Active")],
    ),
    ("component-unknown", "warning", [fault("rbac_without", cmdlet="Get-ServerComponentState")], [HEALTHY]),
    (
        "plain-text-login",
        "warning",
        [pop(LoginType="PlainTextLogin")],
        [module("pop_settings", login_type="SecureLogin")],
    ),
    (
        "loopback-not-bound",
        "error",
        [pop(SSLBindings=["10.0.0.1:995"])],
        [module("pop_settings", ssl_bindings={"add": ["127.0.0.1:995"]})],
    ),
    (
        "port-bound-twice",
        "error",
        [pop(SSLBindings=["0.0.0.0:995", "0.0.0.0:110"])],
        [module("pop_settings", ssl_bindings={"remove": ["0.0.0.0:110"]})],
    ),
    (
        "connection-setting-not-bound",
        "error",
        [pop(ExternalConnectionSettings=["mail.contoso.test:1995:SSL"])],
        [module("pop_settings", ssl_bindings={"add": ["0.0.0.0:1995"]})],
    ),
    (
        "no-external-settings",
        "notice",
        [],
        [module("pop_settings", external_connection_settings=["mail.contoso.test:995:SSL"])],
    ),
    (
        "x509-name-not-covered",
        "error",
        [pop(X509CertificateName=POP)],
        [imported(POP, assign=False), module("exchange_certificate", services=["POP"])],
    ),
    (
        "connection-host-not-covered",
        "warning",
        [pop(ExternalConnectionSettings=[f"{POP}:995:SSL"])],
        [imported(POP), module("pop_settings", x509_certificate_name=POP)],
    ),
    (
        "certificate-expired",
        "error",
        [pop(X509CertificateName=POP), imported(POP, assign=False, begins=-30, days=-1)],
        [removed(POP)],
    ),
    (
        "certificate-unusable",
        "error",
        [pop(X509CertificateName=POP), imported(POP, assign=False, begins=5)],
        [removed(POP)],
    ),
    ("certificate-weak", "warning", [pop(X509CertificateName=POP), imported(POP, rsa_bits=1024)], [removed(POP)]),
    (
        "connector-missing",
        "error",
        [submission(Name="Sending", Bindings=["0.0.0.0:2587"])],
        [behind("Set-ReceiveConnector", Identity=r"EX01\Sending", Bindings=["0.0.0.0:587"])],
    ),
    ("connector-disabled", "error", [submission(Enabled=False)], [module("receive_connector", enabled=True)]),
    (
        "submission-port-not-bound",
        "error",
        [submission(Bindings=["0.0.0.0:2587"])],
        [module("receive_connector", bindings={"add": ["0.0.0.0:587"]})],
    ),
    (
        "connector-without-tls",
        "error",
        [submission(AuthMechanism="Integrated")],
        [module("receive_connector", auth_mechanism={"add": ["Tls"]})],
    ),
    (
        "basic-without-tls",
        "warning",
        [submission(AuthMechanism="Tls, BasicAuth")],
        [module("receive_connector", auth_mechanism={"add": ["Tls", "BasicAuthRequireTLS"]})],
    ),
    (
        "connector-refuses-users",
        "error",
        [submission(PermissionGroups="ExchangeServers")],
        [module("receive_connector", permission_groups={"add": ["ExchangeUsers"]})],
    ),
    ("connector-not-advertised", "notice", [], [module("receive_connector", advertise_client_settings=True)]),
    (
        "connector-certificate-missing",
        "error",
        [submission(TlsCertificateName="<I>CN=Gone<S>CN=Gone")],
        [module("receive_connector", tls_certificate_name="EX01.contoso.test")],
    ),
    (
        "connector-not-judged",
        "notice",
        [relay()],
        [behind("Set-ReceiveConnector", Identity=rf"EX01\{RELAY}", Bindings=["0.0.0.0:2587"])],
    ),
    (
        "connector-restricted",
        "notice",
        [submission(RemoteIPRanges=["10.0.0.0/8"])],
        [module("receive_connector", remote_ip_ranges={"add": ["0.0.0.0-255.255.255.255"]})],
    ),
    # A relay alone takes no users, and is not to be opened for them.
    (
        "connector-missing",
        "error",
        [submission(Name="Sending", Bindings=["0.0.0.0:2587"]), relay()],
        [behind("Set-ReceiveConnector", Identity=r"EX01\Sending", Bindings=["0.0.0.0:587"])],
    ),
    (
        "connector-fqdn-not-covered",
        "warning",
        [submission(Fqdn="smtp.contoso.test")],
        [module("receive_connector", fqdn="EX01.contoso.test")],
    ),
]


# Those that are seen by what certificates are assigned to, which does not come in the plain form.
TRAPS_OF_SERVICES: list[tuple[str, str, list[Step], list[Step]]] = [
    (
        "certificate-not-assigned",
        "error",
        [pop(X509CertificateName=POP), imported(POP, assign=False)],
        [module("exchange_certificate", services=["POP"])],
    ),
    # Exchange itself drops POP where the common name is a wildcard; here it is not known to.
    (
        "wildcard-assigned",
        "warning",
        [imported("contoso.test", "*.contoso.test", subject="O=Contoso")],
        [removed_last],
    ),
    # What has the very name beside such a common name cannot be assigned, and nobody is told to do it.
    (
        "certificate-not-assigned",
        "error",
        [pop(X509CertificateName=POP), imported(POP, assign=False)],
        [removed(POP), imported("*.contoso.test", POP, assign=False)],
    ),
    ("certificate-renewal-due", "warning", [imported(POP, begins=-80, days=10)], [imported(POP)]),
    ("certificate-services-unreadable", "warning", [fault("payload_signing_broken")], [HEALTHY]),
]


def names(traps: list[tuple[str, str, list[Step], list[Step]]]) -> list[str]:
    return [f"{trap[0]}-{trap[1]}" for trap in traps]


def look(run: Run, **options: Any) -> dict[str, Any]:
    result = run("client_access_info", {"protocols": ["pop3"], **options})
    assert "failed" not in result, result
    return result


def found_until_fixed(
    organisation: SimulatorProcess, run: Run, trap: str, severity: str, setting: list[Step], fixing: list[Step]
) -> None:
    for step in setting:
        step(organisation, run)
    found = [finding for finding in look(run)["findings"] if finding["id"] == trap]
    assert {finding["severity"] for finding in found} == {severity}
    for finding in found:
        assert all(is_a_sentence(finding[text]) for text in ("found", "why", "fix")), finding
    for step in fixing:
        step(organisation, run)
    assert trap not in {finding["id"] for finding in look(run)["findings"]}


@pytest.mark.forms("full", "plain")
@pytest.mark.parametrize(("trap", "severity", "setting", "fixing"), TRAPS, ids=names(TRAPS))
def test_each_trap_is_found_until_it_is_fixed(
    organisation: SimulatorProcess, run: Run, trap: str, severity: str, setting: list[Step], fixing: list[Step]
) -> None:
    found_until_fixed(organisation, run, trap, severity, setting, fixing)


@pytest.mark.parametrize(("trap", "severity", "setting", "fixing"), TRAPS_OF_SERVICES, ids=names(TRAPS_OF_SERVICES))
def test_each_trap_of_services_is_found_until_it_is_fixed(
    organisation: SimulatorProcess, run: Run, trap: str, severity: str, setting: list[Step], fixing: list[Step]
) -> None:
    found_until_fixed(organisation, run, trap, severity, setting, fixing)


@pytest.mark.forms("plain")
@pytest.mark.parametrize(("trap", "setting"), [(trap[0], trap[2]) for trap in TRAPS_OF_SERVICES[:-1]])
def test_where_services_are_not_known_that_is_found_and_no_trap_of_them(
    organisation: SimulatorProcess, run: Run, trap: str, setting: list[Step]
) -> None:
    for step in setting:
        step(organisation, run)
    findings = look(run)["findings"]
    assert trap not in {finding["id"] for finding in findings}
    (told,) = [finding for finding in findings if finding["id"] == "certificate-services-unreadable"]
    assert "plain form" in told["found"]
    assert "ansible_exchange_serialization" in told["fix"]


def test_a_version_out_of_support(organisation: SimulatorProcess, open_session: Callable[..., Session]) -> None:
    found = {
        name: run_module("client_access_info", {"gather": []}, open_session(name).invoke)["findings"]
        for name in ("EX01", "EX02")
    }
    assert [f["found"] for f in found["EX02"] if f["id"] == "exchange-unsupported"] == [
        "The server is EX02 (Exchange Server 2016, 15.1.2507.6)."
    ]
    assert "exchange-unsupported" not in {f["id"] for f in found["EX01"]}


@pytest.mark.forms("full", "plain")
def test_nothing_grave_out_of_the_box_and_nothing_is_written(
    organisation: SimulatorProcess, run: Run, wire_form: str
) -> None:
    result = run("client_access_info")
    grave = {finding["id"] for finding in result["findings"] if finding["severity"] != "notice"}
    assert grave == ({"certificate-services-unreadable"} if wire_form == "plain" else set())
    assert [connector["name"] for connector in result["connectors"]] == ["Client Frontend EX01"]
    assert writes(organisation) == []


def test_a_relay_beside_the_connector_of_users_changes_nothing_of_what_they_are_told(
    organisation: SimulatorProcess, run: Run
) -> None:
    before = look(run)
    add_relay(organisation, AuthMechanism="None", RequireTLS=False, RemoteIPRanges=["10.10.50.7/24", "fd00::17"])
    after = look(run)
    assert after["client_settings"] == before["client_settings"]
    assert [finding for finding in after["findings"] if finding not in before["findings"]] == [
        {
            "id": "connector-not-judged",
            "severity": "notice",
            "found": f"The receive connector '{RELAY}' is on port 587 too, for the addresses 10.10.50.7/24, fd00::17 "
            "only.",
            "why": "Exchange chooses the connector by the client's address. Clients that get this one do not use the "
            "connector that is checked here and shown to users.",
            "fix": "No action is needed if it is for appliances or similar devices. If users send from there, remove "
            "their addresses from remote_ip_ranges with mailops.exchange.receive_connector, for "
            f"'{RELAY}'.",
            "fixed_by": [],
            "protocol": "smtp",
        }
    ]


def test_what_is_left_out_is_not_asked_for(organisation: SimulatorProcess, run: Run) -> None:
    look(run, gather=[])
    asked = {entry["cmdlet"] for entry in organisation.log()}
    assert "Get-PopSettings" in asked
    assert not asked & {"Get-ImapSettings", "Get-ExchangeCertificate", "Get-ReceiveConnector"}


def test_what_users_need_to_know(organisation: SimulatorProcess, run: Run) -> None:
    organisation.run("EX01", "Set-PopSettings", {"ExternalConnectionSettings": [f"{POP}:110:TLS", f"{POP}:995:SSL"]})
    told = look(run)["client_settings"]
    assert told["external"]["pop3"] == [
        {"server": POP, "port": 995, "encryption": "implicit_tls"},
        {"server": POP, "port": 110, "encryption": "starttls"},
    ]
    assert [one["server"] for one in told["internal"]["pop3"]] == ["EX01.contoso.test"] * 2
    assert told["external"]["smtp"] == [{"server": "EX01.contoso.test", "port": 587, "encryption": "starttls"}]
    assert told["external"]["imap4"] is None


def test_servers_of_a_group_that_differ(controller: Controller, organisation: SimulatorProcess) -> None:
    """The filter in a real playbook, on the results of both servers."""
    pick = "ansible_play_hosts | map('extract', hostvars, 'info') | list | mailops.exchange.server_differences"
    play = {
        "hosts": "exchange",
        "gather_facts": False,
        "tasks": [
            {"name": "Look", "mailops.exchange.client_access_info": {}, "register": "info"},
            {
                "name": "Compare",
                "ansible.builtin.debug": {
                    "msg": "{{ " + pick + " | selectattr('protocol') | map(attribute='found') }}"
                },
                "run_once": True,
            },
        ],
    }

    def told() -> Any:
        done = controller.run([play], inventory(organisation.description))
        assert done.returncode == 0, done.output
        return done.task("Compare", "ex01")["result"]["msg"]

    assert told() == []
    organisation.run("EX02", "Set-ImapSettings", {"Server": "EX02", "MaxCommandSize": 4096})
    assert told() == ["max_command_size is 10240 on EX01; 4096 on EX02."]


def test_what_is_no_list_of_results_is_refused(controller: Controller, organisation: SimulatorProcess) -> None:
    task = {"ansible.builtin.debug": {"msg": "{{ 'info' | mailops.exchange.server_differences }}"}}
    play = {"hosts": "exchange", "gather_facts": False, "tasks": [task]}
    done = controller.run([play], inventory(organisation.description))
    assert done.returncode != 0
    assert "server_differences: use a list of results of client_access_info." in " ".join(done.output.split())
