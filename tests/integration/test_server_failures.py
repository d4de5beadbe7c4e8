"""What a server may refuse or get wrong: one sentence, nothing hidden, and the next run makes it good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from evidence import POP, is_a_sentence, processes, services, stored, writes
from runner import Controller, inventory
from simulator_process import SimulatorProcess

Run = Callable[..., dict[str, Any]]
BANNER = {"banner": "New.", "max_connections": 50}
START = {"protocol": "pop3", "state": "started"}
STOPPED, RUNNING = ("Stopped", "Manual"), ("Running", "Manual")


def start_pop(organisation: SimulatorProcess) -> None:
    for name in POP:
        answer = organisation.run("EX01", "Start-Service", {"Name": name}, endpoint="windows")
        assert not answer["errors"], answer


def take_back(organisation: SimulatorProcess) -> None:
    """Let the server do as it should; what RBAC grants is settled when a session opens."""
    organisation.fault("EX01", "none")
    organisation.fault("EX01", "lose_shells")


def settings_converge(run: Run, organisation: SimulatorProcess, options: dict[str, Any] = BANNER) -> None:
    take_back(organisation)
    assert run("pop_settings", options)["changed"] is True
    assert stored(organisation)["Banner"] == "New."
    assert run("pop_settings", options)["changed"] is False


def services_converge(run: Run, organisation: SimulatorProcess, options: dict[str, Any] = START) -> None:
    organisation.fault("EX01", "none")
    assert run("protocol_service", options)["changed"] is True
    assert run("protocol_service", options | {"state": "started"})["changed"] is False


@pytest.mark.parametrize("cmdlet", ["Get-ExchangeServer", "Get-PopSettings", "Set-PopSettings"])
def test_rbac_does_not_grant_a_cmdlet(run: Run, organisation: SimulatorProcess, cmdlet: str) -> None:
    before = stored(organisation)
    organisation.fault("EX01", "rbac_without", cmdlet=cmdlet)
    result = run("pop_settings", BANNER)
    assert result["failed"] is True
    assert result["msg"].startswith(f"{cmdlet} is not granted to this user by RBAC, or this host does not have it: ")
    assert not result.get("changed")
    assert stored(organisation) == before
    settings_converge(run, organisation)


def test_rbac_does_not_grant_a_parameter(run: Run, organisation: SimulatorProcess) -> None:
    before = stored(organisation)
    organisation.fault("EX01", "rbac_without", cmdlet="Set-PopSettings", parameter="Banner")
    result = run("pop_settings", BANNER)
    assert result["failed"] is True
    assert result["msg"].startswith(
        "Set-PopSettings does not know the parameter Banner: RBAC does not grant it to this user, or this "
        "version of Exchange lacks it: "
    )
    assert stored(organisation) == before
    settings_converge(run, organisation)


def test_a_parameter_that_rbac_withholds_may_be_taken_for_another(run: Run, organisation: SimulatorProcess) -> None:
    """PowerShell completes a name it does not know if only one parameter begins with it."""
    organisation.fault("EX01", "rbac_without", cmdlet="Set-PopSettings", parameter="MaxConnections")
    result = run("pop_settings", BANNER)
    assert (result["failed"], result["changed"], result["msg"]) == (
        True,
        True,
        "max_connections: 50 was written, but EX01 has 2147483647 stored. "
        "max_connections_per_user: nothing was written, but EX01 has 50 stored instead of 16.",
    )
    take_back(organisation)
    assert run("pop_settings", BANNER | {"max_connections_per_user": 16})["changed"] is True
    assert (stored(organisation)["MaxConnections"], stored(organisation)["MaxConnectionsPerUser"]) == (50, 16)


@pytest.mark.parametrize("cmdlet", ["Get-PopSettings", "Set-PopSettings"])
def test_without_the_controller_parameter_it_goes_on_without(
    run: Run, organisation: SimulatorProcess, cmdlet: str
) -> None:
    organisation.fault("EX01", "rbac_without", cmdlet=cmdlet, parameter="DomainController")
    assert run("pop_settings", BANNER)["changed"] is True
    assert stored(organisation)["Banner"] == "New."
    organisation.clear_log()
    assert run("pop_settings", BANNER)["changed"] is False
    assert all("DomainController" not in entry["parameters"] for entry in organisation.log())


def test_a_controller_that_was_asked_for_is_not_given_up(run: Run, organisation: SimulatorProcess) -> None:
    organisation.fault("EX01", "rbac_without", cmdlet="Get-PopSettings", parameter="DomainController")
    wanted = BANNER | {"domain_controller": "DC1.contoso.test"}
    result = run("pop_settings", wanted)
    assert result["failed"] is True
    assert "Get-PopSettings does not know the parameter DomainController: RBAC" in result["msg"]
    assert writes(organisation) == []
    settings_converge(run, organisation, wanted)


def test_rbac_does_not_grant_the_component_state(run: Run, organisation: SimulatorProcess) -> None:
    """To the modules it only explains and decides nothing, so it may be missing."""
    organisation.fault("EX01", "rbac_without", cmdlet="Get-ServerComponentState")
    seen = run("client_access_info", {})["pop3"]
    assert (seen["component"], seen["component_state"]) == (None, "unknown")
    assert is_a_sentence(seen["component_reason"])
    organisation.fault("EX01", "service_dies", service="MSExchangePop3")
    message = run("protocol_service", START)["msg"]
    assert message.startswith("MSExchangePop3 is stopped on EX01 and not running")
    assert seen["component_reason"] in message


@pytest.mark.parametrize("missing", POP)
def test_a_service_is_missing(run: Run, organisation: SimulatorProcess, missing: str) -> None:
    organisation.fault("EX01", "service_missing", service=missing)
    assert run("client_access_info", {})["pop3"]["services"][POP.index(missing)] == {
        "name": missing, "status": "missing", "start_mode": None, "started": None,
    }  # fmt: skip
    for check in (True, False):
        result = run("protocol_service", START, check=check)
        assert result["failed"] is True
        assert result["msg"].startswith(f"The service {missing} does not exist on EX01 (Exchange Server SE, 15.2.")
    assert writes(organisation) == []
    organisation.fault("EX01", "none")
    assert services(organisation) == [STOPPED, STOPPED]
    services_converge(run, organisation)


def test_a_service_is_disabled(run: Run, organisation: SimulatorProcess) -> None:
    disabled = {"Name": "MSExchangePOP3BE", "StartupType": "Disabled"}
    organisation.run("EX01", "Set-Service", disabled, endpoint="windows")
    for state in ("started", "restarted"):
        for check in (True, False):
            result = run("protocol_service", {"protocol": "pop3", "state": state}, check=check)
            assert (result["failed"], result["msg"]) == (
                True,
                "The service MSExchangePOP3BE is disabled and cannot be started; set start_mode too, for example to "
                "automatic.",
            )
    assert writes(organisation) == []
    assert run("protocol_service", {"protocol": "pop3", "state": "stopped"})["changed"] is False
    services_converge(run, organisation, START | {"start_mode": "manual"})
    assert services(organisation) == [RUNNING, RUNNING]


@pytest.mark.parametrize(("refusing", "left"), [(POP[0], [STOPPED, STOPPED]), (POP[1], [RUNNING, STOPPED])])
def test_a_service_refuses_to_start(
    run: Run, organisation: SimulatorProcess, refusing: str, left: list[tuple[str, str]]
) -> None:
    organisation.fault("EX01", "service_refuses_start", service=refusing)
    result = run("protocol_service", START)
    assert result["failed"] is True
    assert result["msg"].startswith(f"Start-Service failed for {refusing}: Service '")
    assert f"({refusing})' cannot be started" in result["msg"]
    assert services(organisation) == left
    services_converge(run, organisation)
    assert services(organisation) == [RUNNING, RUNNING]


@pytest.mark.parametrize(("state", "cmdlet"), [("stopped", "Stop-Service"), ("restarted", "Restart-Service")])
def test_a_service_refuses_to_stop(run: Run, organisation: SimulatorProcess, state: str, cmdlet: str) -> None:
    start_pop(organisation)
    before = processes(organisation)
    organisation.fault("EX01", "service_refuses_stop", service=POP[0])
    result = run("protocol_service", {"protocol": "pop3", "state": state})
    assert result["failed"] is True
    assert result["msg"].startswith(f"{cmdlet} failed for {POP[0]}: Service '")
    assert f"({POP[0]})' cannot be stopped" in result["msg"]
    assert processes(organisation) == before
    organisation.fault("EX01", "none")
    assert run("protocol_service", {"protocol": "pop3", "state": state})["changed"] is True
    assert all(now != then for now, then in zip(processes(organisation), before, strict=True))


@pytest.mark.parametrize("dying", POP)
@pytest.mark.parametrize("state", ["started", "restarted"])
def test_a_service_dies(run: Run, organisation: SimulatorProcess, dying: str, state: str) -> None:
    organisation.fault("EX01", "service_dies", service=dying)
    result = run("protocol_service", {"protocol": "pop3", "state": state})
    assert (result["failed"], result["msg"]) == (
        True,
        f"{dying} is stopped on EX01 and not running; the event log of the host has the reason.",
    )
    assert sorted(services(organisation)) == [RUNNING, STOPPED]
    services_converge(run, organisation)


@pytest.mark.parametrize("state", ["started", "restarted"])
def test_an_inactive_component_is_named_as_the_reason(run: Run, organisation: SimulatorProcess, state: str) -> None:
    component = {"Identity": "EX01", "Component": "PopProxy", "Requester": "Maintenance"}
    organisation.run("EX01", "Set-ServerComponentState", {**component, "State": "Inactive"})
    result = run("protocol_service", {"protocol": "pop3", "state": state})
    assert (result["failed"], result["msg"]) == (
        True,
        "MSExchangePop3 is stopped on EX01 and not running. Exchange stops MSExchangePop3 while its server component "
        "is not active. The server component PopProxy is Inactive, as requested by Maintenance. Make it Active with "
        "Set-ServerComponentState, as the requester that took it down.",
    )
    assert services(organisation) == [STOPPED, RUNNING]
    assert run("client_access_info", {})["pop3"]["component"] == "Inactive"
    # IMAP4 has a component of its own.
    assert run("protocol_service", {"protocol": "imap4", "state": "started"})["changed"] is True
    organisation.run("EX01", "Set-ServerComponentState", {**component, "State": "Active"})
    services_converge(run, organisation)


def test_settings_that_do_not_stick(run: Run, organisation: SimulatorProcess) -> None:
    before = stored(organisation)
    organisation.fault("EX01", "write_does_not_stick", cmdlet="Set-PopSettings")
    result = run("pop_settings", BANNER)
    assert (result["failed"], result["changed"], result["msg"]) == (
        True,
        False,
        "banner: 'New.' was written, but EX01 has 'The Microsoft Exchange POP3 service is ready.' stored. "
        "max_connections: 50 was written, but EX01 has 2147483647 stored.",
    )
    assert result["cmdlets"] == [
        {"cmdlet": "Set-PopSettings", "parameters": {"Server": "EX01", "Banner": "New.", "MaxConnections": 50}}
    ]
    assert stored(organisation) == before
    assert writes(organisation) == ["Set-PopSettings"]
    settings_converge(run, organisation)


def test_a_third_value_is_told_in_each_run(run: Run, organisation: SimulatorProcess) -> None:
    organisation.fault("EX01", "stores_otherwise", cmdlet="Set-PopSettings", member="MaxConnections", value=20)
    result = run("pop_settings", BANNER)
    assert (result["failed"], result["changed"], result["restart_required"], result["msg"]) == (
        True,
        True,
        True,
        "max_connections: 50 was written instead of 2147483647, but EX01 has 20 stored.",
    )
    assert result["diff"]["after"] == {"banner": "New.", "max_connections": 20}
    again = run("pop_settings", BANNER)
    assert (again["failed"], again["changed"], again["restart_required"], again["msg"]) == (
        True,
        False,
        False,
        "max_connections: 50 was written, but EX01 has 20 stored.",
    )
    settings_converge(run, organisation)


@pytest.mark.parametrize("path", ["o%20wa", "%C3%BC", "a/../owa", "%7Eowa", "owa/"])
def test_an_address_that_dotnet_writes_otherwise_is_written_once(
    run: Run, organisation: SimulatorProcess, path: str
) -> None:
    address = {"owa_server_url": f"HTTPS://MAIL.contoso.test:443/{path}"}
    checked = run("pop_settings", address, check=True)
    result = run("pop_settings", address)
    assert (result.get("msg"), checked["changed"], result["changed"]) == (None, True, True)
    assert checked["diff"] == result["diff"]
    assert checked["settings"] == result["settings"]
    assert run("pop_settings", address)["changed"] is False
    assert writes(organisation) == ["Set-PopSettings"]


@pytest.mark.parametrize(
    ("cmdlet", "options", "sentence"),
    [
        (
            "Set-Service",
            START | {"start_mode": "automatic"},
            "MSExchangePop3 was set to start_mode automatic, but EX01 has manual. "
            "MSExchangePOP3BE was set to start_mode automatic, but EX01 has manual.",
        ),
        (
            "Start-Service",
            START,
            "MSExchangePop3 is stopped, MSExchangePOP3BE is stopped on EX01 and not running; "
            "the event log of the host has the reason.",
        ),
    ],
)
def test_services_that_do_not_follow(
    run: Run, organisation: SimulatorProcess, cmdlet: str, options: dict[str, Any], sentence: str
) -> None:
    organisation.fault("EX01", "write_does_not_stick", cmdlet=cmdlet)
    result = run("protocol_service", options)
    assert (result["failed"], result["msg"]) == (True, sentence)
    services_converge(run, organisation, options)


def test_an_unknown_server(run: Run, organisation: SimulatorProcess) -> None:
    result = run("pop_settings", BANNER | {"server": "NOSUCH"})
    assert (result["failed"], result["msg"]) == (
        True,
        "server: 'NOSUCH' does not name exactly one Exchange server; use the name or the FQDN that Get-ExchangeServer "
        "shows.",
    )
    assert [entry["cmdlet"] for entry in organisation.log()] == ["Get-ExchangeServer"]
    settings_converge(run, organisation)


def test_a_server_by_any_form_of_its_identity_is_one_server(run: Run, organisation: SimulatorProcess) -> None:
    shown = organisation.run("EX01", "Get-ExchangeServer", {"Identity": "EX01"})["output"][0]
    forms = [
        shown["Fqdn"].upper(),
        shown["Guid"]["$text"],
        shown["DistinguishedName"],
        shown["ExchangeLegacyDN"],
        "ex01",
    ]
    assert run("pop_settings", BANNER)["changed"] is True
    for form in forms:
        result = run("pop_settings", BANNER | {"server": form})
        assert (result["changed"], result["server"]) == (False, "EX01"), form
        assert run("protocol_service", START | {"server": form}, check=True)["server"] == "EX01"
    asked = [entry["parameters"].get("Server") for entry in organisation.log() if entry["cmdlet"] == "Get-PopSettings"]
    assert set(asked) == {"EX01"}


def test_settings_of_another_server_and_its_services(run: Run, organisation: SimulatorProcess) -> None:
    """Exchange's settings are in the directory and can be written from anywhere; services are the host's own."""
    assert run("pop_settings", BANNER | {"server": "EX02"})["server"] == "EX02"
    assert stored(organisation, server="EX02")["Banner"] == "New."
    for module, options in (("protocol_service", START), ("client_access_info", {})):
        result = run(module, options | {"server": "EX02"})
        assert (result["failed"], result["msg"]) == (
            True,
            "This connection leads to the computer EX01, but the Exchange server meant is EX02; its services and "
            "logs are available on that host only, so run the task there.",
        )
    assert writes(organisation) == ["Set-PopSettings"]


def test_an_unknown_domain_controller(run: Run, organisation: SimulatorProcess) -> None:
    result = run("pop_settings", BANNER | {"domain_controller": "DC9.contoso.test"})
    assert result["failed"] is True
    assert result["msg"].startswith("Get-ExchangeServer failed: ")
    assert "'DC9.contoso.test'" in result["msg"]
    assert writes(organisation) == []
    settings_converge(run, organisation, BANNER | {"domain_controller": "dc1"})


def test_the_role_stops_with_the_sentence_and_the_next_run_converges(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, pop3_banner="New.")
    organisation.fault("EX01", "service_dies", service=POP[1])
    failed = controller.run("mailops.exchange.enable_pop3", hosts)
    assert failed.returncode == 2
    assert failed.stats["ex01"]["failures"] == 1
    # One server after the other: the next one is not touched.
    assert {entry["server"] for entry in organisation.log()} == {"EX01"}
    result = failed.task("Set the state and start mode of the POP3 services", "ex01")["result"]
    assert is_a_sentence(result["msg"])
    assert result["msg"].startswith(f"{POP[1]} is stopped on EX01")
    organisation.fault("EX01", "none")
    healed = controller.run("mailops.exchange.enable_pop3", hosts)
    assert healed.returncode == 0, healed.output
    assert (healed.returncode, healed.stats["ex01"]["changed"], healed.stats["ex02"]["changed"]) == (0, 1, 2)
    for server in ("EX01", "EX02"):
        assert services(organisation, server=server) == [("Running", "Automatic")] * 2


def test_an_error_after_the_effect_tells_what_is_stored(run: Run, organisation: SimulatorProcess) -> None:
    organisation.fault("EX01", "fails_after_effect", cmdlet="Set-PopSettings")
    result = run("pop_settings", BANNER)
    assert (result["failed"], result["changed"], result["restart_required"]) == (True, True, True)
    assert result["msg"].startswith("Set-PopSettings failed: ")
    assert result["msg"].endswith("EX01 has stored anyway: banner 'New.', max_connections 50.")
    assert result["diff"]["after"] == BANNER
    assert (stored(organisation)["Banner"], writes(organisation)) == ("New.", ["Set-PopSettings"])
    assert run("pop_settings", BANNER)["changed"] is False


def test_an_error_after_the_effect_on_a_connector(run: Run, organisation: SimulatorProcess) -> None:
    organisation.fault("EX01", "fails_after_effect", cmdlet="Set-ReceiveConnector")
    result = run("receive_connector", {"max_inbound_connection": 77})
    assert (result["failed"], result["changed"], result["diff"]["after"]) == (
        True,
        True,
        {"max_inbound_connection": 77},
    )
    assert result["msg"].endswith("EX01 has stored anyway: max_inbound_connection 77.")
    assert run("receive_connector", {"max_inbound_connection": 77})["changed"] is False


def test_an_error_after_the_effect_on_a_certificate(run: Run, organisation: SimulatorProcess) -> None:
    wanted = {"name": "mail.contoso.test", "services": ["POP"]}
    organisation.fault("EX01", "fails_after_effect", cmdlet="Enable-ExchangeCertificate")
    result = run("exchange_certificate", wanted)
    assert (result["failed"], result["changed"], result["restart_required"]) == (True, True, True)
    assert result["msg"].endswith("EX01 shows POP assigned anyway.")
    again = run("exchange_certificate", wanted)
    assert (again["changed"], again["assigned"]) == (False, True)


def test_a_refused_start_and_a_start_mode_that_does_not_stick_have_changed_nothing(
    run: Run, organisation: SimulatorProcess
) -> None:
    organisation.fault("EX01", "service_refuses_start", service=POP[0])
    refused = run("protocol_service", START)
    assert (refused["failed"], refused["changed"], refused["diff"]["after"]) == (True, False, {})
    organisation.fault("EX01", "write_does_not_stick", cmdlet="Set-Service")
    lost = run("protocol_service", {"protocol": "pop3", "start_mode": "automatic"})
    assert (lost["failed"], lost["changed"], lost["diff"]["after"]) == (True, False, {})
    assert services(organisation) == [STOPPED, STOPPED]
