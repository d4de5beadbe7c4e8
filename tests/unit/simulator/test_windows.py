"""Services, processes and components, and what they mean for the settings that are served."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from administrator import Administrator
from psrpcore.types import PSString

from exchange_simulator.engine import Command
from exchange_simulator.organisation import Organisation

_POP3 = ["MSExchangePop3", "MSExchangePOP3BE"]


def test_protocol_services_are_off_at_first(admin: Administrator) -> None:
    for server, names in {"EX01": [*_POP3, "MSExchangeImap4", "MSExchangeIMAP4BE"], "EX03": [_POP3[0]]}.items():
        services = admin.services(server)
        for name in names:
            assert services[name] == {"status": "Stopped", "start_type": "Manual", "pid": 0, "started": None}
    assert "MSExchangePOP3BE" not in admin.services("EX03")
    assert admin.services()["W3SVC"]["status"] == "Running"


def test_names_ignore_case_and_take_wildcards(admin: Administrator) -> None:
    def names(**parameters: Any) -> list[str]:
        return [one["Name"] for one in admin.run("Get-Service", **parameters).output]

    assert names(Name="msexchangePOP3") == ["MSExchangePop3"]
    assert names(Name=["MSExchangePOP3BE", "msexchangepop*"]) == _POP3
    assert names(DisplayName="*IMAP4*") == ["MSExchangeImap4", "MSExchangeIMAP4BE"]
    assert names(Name="MSExchangePOP4*") == []
    assert names(Name="*pop*", Exclude="*BE") == ["MSExchangePop3"]
    assert len(names()) > 20


@pytest.mark.parametrize("verb", ["Get", "Start", "Stop", "Restart"])
def test_a_service_that_does_not_exist(admin: Administrator, verb: str) -> None:
    error = admin.refused(f"{verb}-Service", Name=["MSExchangePop4"])
    assert error.FullyQualifiedErrorId == (
        f"NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.{verb}ServiceCommand"
    )
    assert error.CategoryInfo.Category.name == "ObjectNotFound"
    assert str(error) == "Cannot find any service with service name 'MSExchangePop4'."
    assert error.TargetObject == "MSExchangePop4"
    assert (error.CategoryInfo.TargetName, error.CategoryInfo.TargetType) == ("MSExchangePop4", "String")


@pytest.mark.parametrize("name", ["MSExchangePop4", "MSExchangePop*"])
def test_set_service_knows_no_patterns_and_has_an_error_of_its_own(admin: Administrator, name: str) -> None:
    error = admin.refused("Set-Service", Name=name, StartupType="Automatic")
    assert error.FullyQualifiedErrorId == "InvalidOperationException,Microsoft.PowerShell.Commands.SetServiceCommand"
    assert error.CategoryInfo.Category.name == "ObjectNotFound"
    assert error.Exception.PSTypeNames[0] == "System.InvalidOperationException"
    assert str(error) == f"Service {name} was not found on computer '.'."
    assert {one["start_type"] for name, one in admin.services().items() if name in _POP3} == {"Manual"}


def test_set_service_starts_and_stops(admin: Administrator) -> None:
    found = admin.run("Set-Service", Name="MSExchangePop3", Status="running", PassThru=True).output
    assert [one["Status"] for one in found] == ["Running"]
    admin.do("Set-Service", Name="MSExchangePop3", Status="Stopped")
    assert admin.services()["MSExchangePop3"]["status"] == "Stopped"
    error = admin.refused("Set-Service", Name="WAS", Status="Stopped")
    assert error.FullyQualifiedErrorId.startswith("ServiceHasDependentServicesNoForce,")


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "error_id"),
    [
        ("Start-Service", {}, "MissingMandatoryParameter"),
        ("Set-Service", {"StartupType": "Manual"}, "MissingMandatoryParameter"),
        ("Stop-Service", {"Name": "W3SVC", "DisplayName": "*"}, "AmbiguousParameterSet"),
        ("Get-Service", {"Name": "W3SVC", "DisplayName": "*"}, "AmbiguousParameterSet"),
        ("Get-Process", {"Name": "svchost", "Id": 1500}, "AmbiguousParameterSet"),
        ("Get-Service", {"Name": None}, "ParameterArgumentValidationError"),
        ("Get-Service", {"Name": ""}, "ParameterArgumentValidationError"),
        ("Restart-Service", {"Name": None}, "ParameterArgumentValidationErrorNullNotAllowed"),
        ("Set-Service", {"Name": ""}, "ParameterArgumentValidationErrorEmptyStringNotAllowed"),
        ("Stop-Service", {"Name": []}, "ParameterArgumentValidationErrorEmptyArrayNotAllowed"),
    ],
)
def test_parameter_sets_and_empty_names(
    admin: Administrator, cmdlet: str, parameters: dict[str, Any], error_id: str
) -> None:
    result = admin.run(cmdlet, **parameters)
    assert result.terminating is not None
    assert result.terminating.FullyQualifiedErrorId.startswith(f"{error_id},Microsoft.PowerShell.Commands.")
    assert result.output == []


def test_default_remoting_sends_strings(admin: Administrator) -> None:
    service = admin.one("Get-Service", Name="MSExchangePop3")
    assert (service["Status"], service["StartType"]) == ("Stopped", "Manual")
    assert [str(one) for one in service["ServicesDependedOn"]] == ["MSExchangeADTopology"]
    with pytest.raises(AttributeError):
        _ = admin.one("Get-Service", on="EX03", Name="MSExchangePop3")["StartType"]


def test_start_stop_and_restart(admin: Administrator) -> None:
    started = admin.run("Start-Service", Name=_POP3, PassThru=True).output
    assert [one["Status"] for one in started] == ["Running", "Running"]
    first = admin.services()["MSExchangePop3"]
    assert admin.do("Start-Service", Name=_POP3) == []
    assert admin.services()["MSExchangePop3"] == first
    admin.do("Restart-Service", Name=_POP3)
    second = admin.services()["MSExchangePop3"]
    assert second["pid"] != first["pid"]
    assert second["started"] > first["started"]
    admin.do("Stop-Service", Name=_POP3)
    admin.do("Stop-Service", Name=_POP3)
    assert admin.services()["MSExchangePop3"]["status"] == "Stopped"
    admin.do("Restart-Service", Name="MSExchangePop3")
    assert admin.services()["MSExchangePop3"]["status"] == "Running"


def test_services_take_piped_names_and_objects(admin: Administrator) -> None:
    run = admin.organisation.run
    run("EX01", "windows", "x", [[Command("Get-Service", (("Name", "MSExchangePop3"),)), Command("Start-Service", ())]])
    assert admin.services()["MSExchangePop3"]["status"] == "Running"
    run("EX01", "windows", "x", [[Command("Stop-Service", ())]], [PSString("MSExchangePop3")])
    assert admin.services()["MSExchangePop3"]["status"] == "Stopped"


def test_a_disabled_service_refuses_to_start(admin: Administrator) -> None:
    admin.do("Set-Service", Name="MSExchangePop3", StartupType="disabled")
    error = admin.refused("Start-Service", Name="MSExchangePop3")
    assert error.FullyQualifiedErrorId == "CouldNotStartService,Microsoft.PowerShell.Commands.StartServiceCommand"
    assert error.CategoryInfo.Category.name == "OpenError"
    assert str(error).startswith("Service 'Microsoft Exchange POP3 (MSExchangePop3)' cannot be started due to")
    admin.do("Set-Service", Name="MSExchangePop3", StartupType="Automatic")
    admin.do("Start-Service", Name="MSExchangePop3")
    assert admin.services()["MSExchangePop3"]["start_type"] == "Automatic"


def test_a_start_type_of_a_later_powershell(admin: Administrator) -> None:
    result = admin.run("Set-Service", Name="MSExchangePop3", StartupType="AutomaticDelayedStart")
    assert result.terminating is not None
    assert result.terminating.FullyQualifiedErrorId == (
        "CannotConvertArgumentNoMessage,Microsoft.PowerShell.Commands.SetServiceCommand"
    )


def test_dependents_need_force(admin: Administrator) -> None:
    for verb in ("Stop", "Restart"):
        error = admin.refused(f"{verb}-Service", Name="WAS")
        assert error.FullyQualifiedErrorId.startswith("ServiceHasDependentServices,")
        assert error.CategoryInfo.Category.name == "InvalidOperation"
    assert admin.services()["W3SVC"]["status"] == "Running"


def test_iis_restart(admin: Administrator) -> None:
    stopped: list[str] = []
    organisation = admin.organisation
    organisation.on_iis_stopped.append(stopped.append)
    admin.do("Stop-Service", Name="was", Force=True)
    assert set(stopped) == {"EX01"}
    assert not organisation.servers["EX01"].iis_running
    assert organisation.servers["EX02"].iis_running
    for name in ("WAS", "W3SVC", "NetTcpActivator", "NetPipeActivator", "NetMsmqActivator"):
        assert admin.services()[name]["status"] == "Stopped"
    admin.do("Start-Service", Name="w3svc")
    assert organisation.servers["EX01"].iis_running
    assert admin.services()["WAS"]["status"] == "Running"
    before = admin.services()["W3SVC"]["pid"]
    admin.do("Restart-Service", Name="WAS", Force=True)
    assert admin.services()["W3SVC"]["status"] == "Running"
    assert admin.services()["W3SVC"]["pid"] != before
    passed = admin.run("Stop-Service", Name="WAS", Force=True, PassThru=True).output
    assert [one["Name"] for one in passed][-1] == "WAS"
    assert "W3SVC" in {one["Name"] for one in passed}
    passed = admin.run("Restart-Service", Name="W3SVC", PassThru=True).output
    assert [one["Name"] for one in passed] == ["W3SVC"]


def test_a_restart_that_cannot_stop_the_service_starts_its_dependents_again(admin: Administrator) -> None:
    admin.organisation.faults.arm({"server": "EX01", "kind": "service_refuses_stop", "service": "WAS"})
    before = admin.services()
    admin.refused("Restart-Service", Name="WAS", Force=True)
    after = admin.services()
    assert after["WAS"] == before["WAS"]
    assert after["W3SVC"]["status"] == "Running"
    assert after["W3SVC"]["pid"] != before["W3SVC"]["pid"]


@pytest.mark.parametrize(
    ("kind", "verb", "error_id"),
    [
        ("service_missing", "Get", "NoServiceFoundForGivenName"),
        ("service_missing", "Start", "NoServiceFoundForGivenName"),
        ("service_refuses_start", "Start", "CouldNotStartService"),
        ("service_refuses_stop", "Stop", "CouldNotStopService"),
        ("service_refuses_stop", "Restart", "CouldNotStopService"),
    ],
)
def test_service_faults(admin: Administrator, kind: str, verb: str, error_id: str) -> None:
    if "stop" in kind:
        admin.do("Start-Service", Name=_POP3)
    admin.organisation.faults.arm({"server": "EX01", "kind": kind, "service": "msexchangepop3"})
    assert admin.refused(f"{verb}-Service", Name="MSExchangePop3").FullyQualifiedErrorId.startswith(f"{error_id},")
    error = admin.refused(f"{verb}-Service", Name="MSExchangePop3")
    category = str(error.CategoryInfo)
    if kind == "service_missing":
        assert error.TargetObject == "MSExchangePop3"
        assert "(MSExchangePop3:String)" in category
    else:
        assert error.TargetObject["Name"] == "MSExchangePop3"
        assert "(System.ServiceProcess.ServiceController:ServiceController)" in category


def test_a_service_that_dies(admin: Administrator) -> None:
    admin.organisation.faults.arm({"server": "EX01", "kind": "service_dies", "service": "MSExchangePOP3BE"})
    admin.do("Start-Service", Name=_POP3)
    assert [admin.services()[name]["status"] for name in _POP3] == ["Running", "Stopped"]
    assert admin.effective() is None


def test_a_service_that_dies_after_some_seconds(admin: Administrator) -> None:
    fault = {"server": "EX01", "kind": "service_dies", "service": "MSExchangePop3", "after": 10}
    admin.do("Start-Service", Name="MSExchangePop3")
    admin.organisation.faults.arm(fault)
    # What ran before lives on.
    admin.organisation.advance_clock(60)
    assert admin.services()["MSExchangePop3"]["status"] == "Running"
    admin.do("Restart-Service", Name=_POP3)
    admin.organisation.advance_clock(9)
    assert [admin.services()[name]["status"] for name in _POP3] == ["Running", "Running"]
    assert admin.effective() is not None
    admin.organisation.advance_clock(1)
    assert [admin.services()[name]["status"] for name in _POP3] == ["Stopped", "Running"]
    assert (admin.services()["MSExchangePop3"]["pid"], admin.effective()) == (0, None)
    admin.organisation.advance_clock(60)
    assert admin.services()["MSExchangePop3"]["status"] == "Stopped"
    admin.do("Start-Service", Name="MSExchangePop3")
    admin.organisation.faults.arm({"kind": "none"})
    admin.organisation.advance_clock(60)
    assert admin.services()["MSExchangePop3"]["status"] == "Running"


def test_a_service_that_dies_is_started_again(admin: Administrator) -> None:
    times = {"after": 10, "recovers_after": 5}
    admin.organisation.faults.arm({"server": "EX01", "kind": "service_dies", "service": "MSExchangePop3", **times})
    admin.do("Start-Service", Name="MSExchangePop3")
    first = admin.services()["MSExchangePop3"]
    # Ten seconds up, five seconds down, and so on.
    admin.organisation.advance_clock(10)
    assert admin.services()["MSExchangePop3"]["status"] == "Stopped"
    admin.organisation.advance_clock(5)
    second = admin.services()["MSExchangePop3"]
    assert second["pid"] > first["pid"]
    assert second["started"] > first["started"]
    admin.organisation.advance_clock(15)
    assert admin.services()["MSExchangePop3"]["pid"] > second["pid"]
    admin.organisation.advance_clock(11)
    admin.do("Stop-Service", Name="MSExchangePop3")
    admin.do("Start-Service", Name="MSExchangePOP3BE")
    # The control manager starts what has died, and forgets it once somebody has started it himself.
    admin.do("Start-Service", Name="MSExchangePop3")
    admin.do("Stop-Service", Name="MSExchangePop3")
    admin.organisation.advance_clock(60)
    assert [admin.services()[name]["status"] for name in _POP3] == ["Stopped", "Running"]


def test_a_write_that_does_not_stick(admin: Administrator) -> None:
    admin.organisation.faults.arm({"server": "EX01", "kind": "write_does_not_stick", "cmdlet": "Set-Service"})
    admin.do("Set-Service", Name="MSExchangePop3", StartupType="Automatic")
    admin.do("Stop-Service", Name="MSExchangePop3", WhatIf=True)
    assert admin.services()["MSExchangePop3"]["start_type"] == "Manual"


def test_settings_take_effect_when_both_services_have_restarted(admin: Administrator) -> None:
    assert admin.effective() is None
    admin.do("Start-Service", Name=_POP3)
    old = admin.effective()
    admin.do("Set-PopSettings", Server="EX01", Banner="new")
    assert admin.stored()["Banner"] == "new"
    assert admin.effective() == old
    admin.do("Restart-Service", Name="MSExchangePop3")
    assert admin.effective() == old
    admin.do("Restart-Service", Name="MSExchangePOP3BE")
    assert admin.effective() == old | {"Banner": "new"}
    admin.do("Set-PopSettings", Server="EX01", Banner="newer")
    admin.do("Restart-Service", Name="MSExchangePOP3BE")
    assert admin.effective()["Banner"] == "new"
    admin.do("Stop-Service", Name="MSExchangePOP3BE")
    assert admin.effective() is None


def test_one_service_is_enough_on_2010(admin: Administrator) -> None:
    admin.do("Start-Service", on="EX03", Name="MSExchangePop3")
    admin.do("Set-PopSettings", Server="EX03", Banner="new")
    assert admin.effective("EX03")["Banner"] != "new"
    admin.do("Restart-Service", on="EX03", Name="MSExchangePop3")
    assert admin.effective("EX03")["Banner"] == "new"


def test_services_load_what_has_reached_their_controller(make: Callable[..., Organisation]) -> None:
    admin = Administrator(make("SE", domain_controllers=2, replication_delay=60))
    admin.do("Set-PopSettings", Banner="new", DomainController="DC2")
    admin.do("Start-Service", Name=_POP3)
    assert admin.stored()["Banner"] == "new"
    assert admin.effective()["Banner"] != "new"
    admin.organisation.advance_clock(60)
    admin.do("Restart-Service", Name=_POP3)
    assert admin.effective()["Banner"] == "new"


def test_an_inactive_component_stops_the_front_end(admin: Administrator) -> None:
    admin.do("Start-Service", Name=_POP3)
    wish = {"Identity": "EX01", "Component": "popproxy", "Requester": "Maintenance"}
    admin.do("Set-ServerComponentState", State="Inactive", **wish)
    assert [admin.services()[name]["status"] for name in _POP3] == ["Stopped", "Running"]
    admin.do("Start-Service", Name=_POP3)
    assert admin.services()["MSExchangePop3"]["status"] == "Stopped"
    found = admin.one("Get-ServerComponentState", Identity="EX01", Component="PopProxy")
    assert (found["State"].name, int(found["State"])) == ("Inactive", 0)
    other = admin.one("Get-ServerComponentState", Identity="EX01", Component="ImapProxy")
    assert other["State"].name == "Active"
    admin.do("Set-ServerComponentState", State="Active", **wish | {"Requester": "Functional"})
    assert admin.organisation.state()["servers"]["EX01"]["components"]["PopProxy"] == "Inactive"
    admin.do("Set-ServerComponentState", State="Active", **wish)
    admin.do("Start-Service", Name=_POP3)
    assert admin.effective() is not None


def test_a_server_offline_takes_all_components_with_it(admin: Administrator) -> None:
    admin.do("Start-Service", Name=_POP3)
    admin.do(
        "Set-ServerComponentState",
        Identity="EX01",
        Component="ServerWideOffline",
        Requester="Maintenance",
        State="Inactive",
    )
    states = {one["Component"]: one for one in admin.run("Get-ServerComponentState", Identity="EX01").output}
    assert {one["State"].name for one in states.values()} == {"Inactive"}
    assert states["PopProxy"]["ServerWideOfflineIsOffline"] is True
    assert admin.effective() is None


def requests(admin: Administrator, component: str) -> dict[str, list[tuple[str, str]]]:
    shown = admin.one("Get-ServerComponentState", Identity="EX01", Component=component)
    return {
        place: [(one["Requester"], one["State"]) for one in shown[place]] for place in ("RemoteStates", "LocalStates")
    }


def test_requests_are_kept_in_two_places_and_the_younger_counts(admin: Administrator) -> None:
    def ask(component: str, requester: str, state: str, *only: str) -> str:
        asked = {"Component": component, "Requester": requester, "State": state}
        admin.do("Set-ServerComponentState", Identity="EX01", **asked, **dict.fromkeys(only, True))
        shown = admin.one("Get-ServerComponentState", Identity="EX01", Component="PopProxy")
        return str(shown["State"].name)

    functional = [("Functional", "Active")]
    assert requests(admin, "ServerWideOffline") == {"RemoteStates": functional, "LocalStates": functional}
    assert requests(admin, "PopProxy") == {"RemoteStates": [], "LocalStates": []}
    assert ask("PopProxy", "HealthAPI", "Inactive") == "Inactive"
    assert ask("PopProxy", "Maintenance", "Inactive", "LocalOnly") == "Inactive"
    both = [("HealthAPI", "Inactive"), ("Maintenance", "Inactive")]
    assert requests(admin, "PopProxy") == {"RemoteStates": both[:1], "LocalStates": both}
    # Each takes back its own only.
    assert ask("PopProxy", "HealthAPI", "Active") == "Inactive"
    assert ask("PopProxy", "Maintenance", "Active", "RemoteOnly") == "Active"
    assert ask("PopProxy", "Maintenance", "Draining", "LocalOnly") == "Draining"
    assert ask("PopProxy", "Maintenance", "Active") == "Active"
    assert ask("FrontendTransport", "Maintenance", "Draining") == "Active"
    assert ask("ServerWideOffline", "Maintenance", "Inactive") == "Inactive"
    assert requests(admin, "ServerWideOffline")["LocalStates"] == [*functional, ("Maintenance", "Inactive")]
    assert ask("ServerWideOffline", "Functional", "Active") == "Inactive"
    assert ask("ServerWideOffline", "Maintenance", "Active") == "Active"


def test_a_component_needs_an_identity_and_a_name_that_exists(admin: Administrator) -> None:
    result = admin.run("Get-ServerComponentState")
    assert result.terminating is not None
    assert result.terminating.FullyQualifiedErrorId == "MissingMandatoryParameter,Get-ServerComponentState"
    admin.refused("Get-ServerComponentState", Identity="EX01", Component="PopProxies")


def test_processes_of_services(admin: Administrator) -> None:
    admin.do("Start-Service", Name=_POP3)
    where = "Name='MSExchangePop3' OR name = \"msexchangepop3be\""
    instances = admin.run("Get-CimInstance", ClassName="Win32_Service", Filter=where).output
    assert [one["Name"] for one in instances] == _POP3
    assert {one["SystemName"] for one in instances} == {"EX01"}
    assert [(one["State"], one["StartMode"]) for one in instances] == [("Running", "Manual")] * 2
    ids = [int(one["ProcessId"]) for one in instances]
    processes = admin.run("Get-Process", Id=ids).output
    assert sorted(int(one["Id"]) for one in processes) == sorted(ids)
    started = datetime.datetime.fromisoformat(admin.services()["MSExchangePop3"]["started"])
    assert {one["StartTime"] for one in processes} == {started}
    assert processes[0]["StartTime"].utcoffset() == datetime.timedelta(hours=-7)
    process = admin.one("Get-CimInstance", ClassName="Win32_Process", Filter=f"ProcessId = {ids[0]}")
    assert process["CreationDate"] == started


def test_old_hosts_are_asked_by_wmi(admin: Administrator) -> None:
    admin.do("Set-Service", on="EX03", Name="MSExchangePop3", StartupType="Automatic")
    admin.do("Start-Service", on="EX03", Name="MSExchangePop3")
    service = admin.one("Get-WmiObject", on="EX03", Class="win32_service", Filter="Name LIKE 'MSExchangePop%'")
    assert (service["StartMode"], service["State"], service["DelayedAutoStart"]) == ("Auto", "Running", False)
    number = int(service["ProcessId"])
    process = admin.one("Get-WmiObject", on="EX03", Class="Win32_Process", Filter=f"ProcessId={number}")
    assert process["CreationDate"] == "20260105090002.000000-420"


def test_a_process_whose_start_cannot_be_read(admin: Administrator) -> None:
    admin.do("Start-Service", Name=_POP3)
    admin.organisation.faults.arm({"server": "EX01", "kind": "process_unreadable"})
    process = admin.run("Get-Process", Name="Microsoft.Exchange.Pop3Service").output[0]
    with pytest.raises(AttributeError):
        _ = process["StartTime"]
    number = admin.services()["MSExchangePop3"]["pid"]
    found = admin.one("Get-CimInstance", ClassName="Win32_Process", Filter=f"ProcessId={number}")
    assert found["CreationDate"] is None


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "error_id"),
    [
        ("Get-Process", {"Id": 7}, "NoProcessFoundForGivenId,Microsoft.PowerShell.Commands.GetProcessCommand"),
        ("Get-Process", {"Name": "x"}, "NoProcessFoundForGivenName,Microsoft.PowerShell.Commands.GetProcessCommand"),
        ("Get-CimInstance", {"ClassName": "Win32_Foo"}, "HRESULT 0x80041010,"),
        ("Get-CimInstance", {"ClassName": "Win32_Service", "Filter": "Name ="}, "HRESULT 0x80041017,"),
        ("Get-CimInstance", {"ClassName": "Win32_Service", "Filter": "Foo = 1"}, "HRESULT 0x80041017,"),
    ],
)
def test_what_is_not_there(admin: Administrator, cmdlet: str, parameters: dict[str, Any], error_id: str) -> None:
    assert admin.refused(cmdlet, **parameters).FullyQualifiedErrorId.startswith(error_id)


def test_the_computer(admin: Administrator) -> None:
    found = admin.one("Get-CimInstance", ClassName="Win32_ComputerSystem")
    assert (found["Name"], found["DNSHostName"], found["Domain"]) == ("EX01", "EX01", "contoso.test")


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("(Name='W3SVC' OR Name='WAS') AND State='running'", 2),
        ("NOT State='Running' AND Name LIKE 'MSExchange%'", 4),
        ("Name <> 'WAS' AND ProcessId > 0 AND Name = 'was'", 0),
        ("Started = TRUE AND Name = 'WAS'", 1),
    ],
)
def test_filters(admin: Administrator, where: str, count: int) -> None:
    assert len(admin.run("Get-CimInstance", ClassName="Win32_Service", Filter=where).output) == count
