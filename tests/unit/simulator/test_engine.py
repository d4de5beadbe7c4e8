"""Parameter binding, Exchange's cmdlets and errors, the directory, and faults."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from administrator import Administrator
from psrpcore.types import PSSecureString, PSString

from exchange_simulator.catalogue.kinds import Kind
from exchange_simulator.catalogue.settings import SETTINGS, Setting
from exchange_simulator.engine import Command, Runspace
from exchange_simulator.organisation import Organisation
from exchange_simulator.powershell import serialized

Make = Callable[..., Organisation]

_ERROR_ID = re.compile(
    r"\[Server=EX01,RequestId=[0-9a-f-]{36},TimeStamp=1/5/2026 9:00:0\d AM\] "
    r"\[FailureCategory=Cmdlet-(\w+)\] [0-9A-F]{8},Microsoft\.Exchange\.Management\.\w+\.(\w+)"
)
# Another value for a setting, in the spelling a client would send, and how it is stored.
_CHANGES: dict[str, tuple[Any, Any]] = {
    "MaxCommandSize": (1024, 1024),
    "MessageRetrievalSortOrder": ("descending", "Descending"),
    "UnencryptedOrTLSBindings": (["0.0.0.0:2110"], ["0.0.0.0:2110"]),
    "SSLBindings": ("[0:0::0]:2995", ["[::]:2995"]),
    "InternalConnectionSettings": (["a.b:1:tls", "c:2"], ["a.b:1:TLS", "c:2"]),
    "ExternalConnectionSettings": (["mail.contoso.test:995:SSL"], ["mail.contoso.test:995:SSL"]),
    "X509CertificateName": ("mail.contoso.test", "mail.contoso.test"),
    "Banner": ("hello", "hello"),
    "LoginType": (1, "PlainTextLogin"),
    "AuthenticatedConnectionTimeout": ("1.00:00:00", "1.00:00:00"),
    "PreAuthenticatedConnectionTimeout": ("0:30", "00:30:00"),
    "MaxConnections": ("1", 1),
    "MaxConnectionFromSingleIP": (20, 20),
    "MaxConnectionsPerUser": (1, 1),
    "MessageRetrievalMimeFormat": ("6", "Tnef"),
    "ProxyTargetPort": (9955, 9955),
    "CalendarItemRetrievalOption": ("INTRANETURL", "intranetUrl"),
    "OwaServerUrl": ("https://owa.contoso.test/owa", "https://owa.contoso.test/owa"),
    "LogFileLocation": (r"D:\Logs", r"D:\Logs"),
    "LogFileRollOverSettings": ("monthly", "Monthly"),
    "LogPerFileSizeQuota": ("2MB", 2097152),
    "ExtendedProtectionPolicy": ("require", "Require"),
}


def _change(setting: Setting, protocol: str) -> tuple[Any, Any]:
    """Where the table has none, any value that is not the default."""
    if setting.name in _CHANGES:
        return _CHANGES[setting.name]
    default = setting.default(protocol, "SE")
    others: dict[Kind, list[Any]] = {
        Kind.BOOLEAN: [True, False],
        Kind.INT32: [*(setting.bounds or {}).get(protocol, (1, 2))],
        Kind.ENUM: [*setting.enum.members] if setting.enum else [],
        Kind.TEXT: ["Another text."],
    }
    value = next(value for value in others[setting.kind] if value != default)
    return value, value


_CASES = [
    pytest.param(cmdlet, protocol, setting, id=f"{protocol}-{setting.name}")
    for cmdlet, protocol in (("Set-PopSettings", "pop3"), ("Set-ImapSettings", "imap4"))
    for setting in SETTINGS
    if protocol in setting.defaults and "SE" in setting.releases
]


@pytest.mark.parametrize(("cmdlet", "protocol", "setting"), _CASES)
def test_every_setting_can_be_set(admin: Administrator, cmdlet: str, protocol: str, setting: Setting) -> None:
    name = setting.name
    given, stored = _change(setting, protocol)
    before = admin.stored("EX01", protocol)
    warnings = admin.do(cmdlet, Server="EX01", **{name: given})
    assert admin.stored("EX01", protocol) == before | {name: stored}
    assert len(warnings) == 1
    assert "restarted on server EX01" in warnings[0]
    again = admin.do(cmdlet, Server="EX01", **{name: given})
    assert again == [r"The command completed successfully but no settings of 'EX01\1' have been modified."]


def test_the_order_of_a_list_and_the_case_of_a_host_are_no_change(admin: Administrator) -> None:
    same = ["ex01.CONTOSO.test:110:tls", "EX01.contoso.test:995:ssl"]
    assert "no settings" in admin.do("Set-PopSettings", InternalConnectionSettings=same)[0]


def test_null_clears(admin: Administrator) -> None:
    admin.do("Set-PopSettings", ExternalConnectionSettings=["a:1:SSL"], OwaServerUrl="https://a/b", Banner="x")
    admin.do("Set-PopSettings", ExternalConnectionSettings=None, OwaServerUrl=None, Banner=None)
    stored = admin.stored()
    assert (stored["ExternalConnectionSettings"], stored["OwaServerUrl"], stored["Banner"]) == ([], None, "")
    assert admin.one("Get-PopSettings")["OwaServerUrl"] is None


def test_what_if_and_validation_write_nothing(admin: Administrator) -> None:
    before = admin.stored()
    admin.do("Set-PopSettings", Banner="x", WhatIf=True)
    admin.refused("Set-PopSettings", Banner="x", MaxCommandSize=20)
    assert admin.stored() == before


@pytest.mark.parametrize(
    ("cmdlet", "name", "low", "high"),
    [
        ("Set-PopSettings", "MaxCommandSize", 40, 1024),
        ("Set-ImapSettings", "MaxCommandSize", 1024, 16384),
        ("Set-PopSettings", "MaxConnections", 1, 2147483647),
        ("Set-PopSettings", "MaxConnectionFromSingleIP", 1, 2147483647),
        ("Set-ImapSettings", "MaxConnectionsPerUser", 1, 2147483647),
        ("Set-PopSettings", "AuthenticatedConnectionTimeout", "00:00:30", "1.00:00:00"),
        ("Set-ImapSettings", "PreAuthenticatedConnectionTimeout", "00:00:30", "01:00:00"),
    ],
)
def test_ranges(admin: Administrator, cmdlet: str, name: str, low: Any, high: Any) -> None:
    admin.do(cmdlet, **{name: low})
    admin.do(cmdlet, **{name: high})
    beyond = (
        [low - 1, *([high + 1] if high < 2**31 - 1 else [])]
        if isinstance(low, int)
        else ["00:00:29.9999999", f"{high}.0000001"]
    )
    for value in beyond:
        error = admin.refused(cmdlet, **{name: value})
        match = _ERROR_ID.fullmatch(error.FullyQualifiedErrorId)
        assert match is not None
        assert match.groups() == ("DataValidationException", cmdlet.replace("-", ""))
        assert name in str(error)


@pytest.mark.parametrize(
    ("parameters", "error_id"),
    [
        ({"Foo": 1}, "NamedParameterNotFound"),
        ({"Identity": "EX01"}, "NamedParameterNotFound"),
        ({"ShowHiddenFoldersEnabled": True}, "NamedParameterNotFound"),
        ({"LiveIdBasicAuthReplacement": True}, "NamedParameterNotFound"),
        ({"MaxConnection": 5}, "AmbiguousParameter"),
        ({"Banner": "a", "banner": "b"}, "ParameterAlreadyBound"),
        ({"LoginType": "x"}, "ParameterArgumentTransformationError"),
        ({"MaxCommandSize": "many"}, "ParameterArgumentTransformationError"),
        ({"SuppressReadReceipt": "true"}, "ParameterArgumentTransformationError"),
        ({"AuthenticatedConnectionTimeout": "25:00:00"}, "ParameterArgumentTransformationError"),
        ({"AuthenticatedConnectionTimeout": 90}, "ParameterArgumentTransformationError"),
        ({"SSLBindings": ["0.0.0.0"]}, "ParameterArgumentTransformationError"),
        ({"ExternalConnectionSettings": ["a:1:SSLv3"]}, "ParameterArgumentTransformationError"),
        ({"LogPerFileSizeQuota": "-1"}, "ParameterArgumentTransformationError"),
        ({"OwaServerUrl": "https://"}, "ParameterArgumentTransformationError"),
        ({"Server": ""}, "ParameterArgumentTransformationError"),
    ],
)
def test_binding_errors(admin: Administrator, parameters: dict[str, Any], error_id: str) -> None:
    result = admin.run("Set-PopSettings", **parameters)
    assert result.terminating is not None
    assert result.terminating.FullyQualifiedErrorId == f"{error_id},Set-PopSettings"
    types = result.terminating.Exception.PSTypeNames
    assert "System.Management.Automation.ParameterBindingException" in types
    assert result.terminating.Exception["ParameterName"].casefold() in {name.casefold() for name in parameters}


def test_an_unambiguous_prefix_names_a_parameter(admin: Administrator) -> None:
    admin.do("Set-PopSettings", ExternalConnectionSetting=["mail:995:SSL"])
    assert admin.stored()["ExternalConnectionSettings"] == ["mail:995:SSL"]


def test_parameters_of_2010(admin: Administrator) -> None:
    admin.do("Set-PopSettings", on="EX03", LiveIdBasicAuthReplacement=True)
    assert admin.stored("EX03")["LiveIdBasicAuthReplacement"] is True
    assert admin.stored("EX03")["LogFileRollOverSettings"] == "Daily"
    assert admin.stored("EX02")["LogFileRollOverSettings"] == "Hourly"


@pytest.mark.parametrize("form", ["name", "fqdn", "distinguished_name", "legacy_name"])
def test_server_identities(admin: Administrator, form: str) -> None:
    identity = getattr(admin.organisation.servers["EX02"], form)
    for spelling in (identity, identity.upper()):
        settings = admin.one("Get-PopSettings", Server=spelling)
        assert settings["Server"]["Name"] == "EX02"
        assert str(settings["Identity"].PSObject.to_string) == r"EX02\1"
        assert admin.one("Get-ExchangeServer", Identity=spelling)["Fqdn"] == "EX02.contoso.test"


def test_without_a_server_the_one_with_the_session_answers(admin: Administrator) -> None:
    assert admin.one("Get-ImapSettings", on="EX02")["Server"]["Name"] == "EX02"
    assert [one["Name"] for one in admin.run("Get-ExchangeServer").output] == ["EX01", "EX02", "EX03"]


def test_a_server_that_does_not_exist(admin: Administrator) -> None:
    for cmdlet, parameter in (("Set-PopSettings", "Server"), ("Get-ExchangeServer", "Identity")):
        error = admin.refused(cmdlet, **{parameter: "EX09"})
        assert str(error) == (
            "The operation couldn't be performed because object 'EX09' couldn't be found on 'DC1.contoso.test'."
        )
        match = _ERROR_ID.fullmatch(error.FullyQualifiedErrorId)
        assert match is not None
        assert match[1] == "ManagementObjectNotFoundException"
        assert error.CategoryInfo.Category.name == "NotSpecified"
        assert error.Exception.PSTypeNames[0].endswith(".Tasks.ManagementObjectNotFoundException")
        assert error.InvocationInfo.MyCommand.Name == cmdlet


def test_error_ids_of_2010_are_shorter(admin: Administrator) -> None:
    error = admin.refused("Get-PopSettings", on="EX03", Server="EX09")
    assert re.fullmatch(r"[0-9A-F]{8},Microsoft\.Exchange\.\S+\.GetPopSettings", error.FullyQualifiedErrorId)


@pytest.mark.parametrize(
    ("cmdlet", "server"), [("Get-Foo", "EX01"), ("Get-ServerComponentState", "EX03"), ("Get-CimInstance", "EX03")]
)
def test_cmdlets_that_do_not_exist(admin: Administrator, cmdlet: str, server: str) -> None:
    result = admin.run(cmdlet, on=server)
    assert result.terminating is not None
    assert result.terminating.FullyQualifiedErrorId == "CommandNotFoundException"
    assert str(result.terminating.CategoryInfo) == f"ObjectNotFound ({cmdlet}:String) [], CommandNotFoundException"


def test_each_endpoint_has_its_own_cmdlets(admin: Administrator) -> None:
    run = admin.organisation.run
    for endpoint, cmdlet in (("exchange", "Get-Service"), ("windows", "Get-PopSettings")):
        result = run("EX01", endpoint, "x", [[Command(cmdlet, ())]])  # type: ignore[arg-type]
        assert result.terminating is not None
        assert result.terminating.FullyQualifiedErrorId == "CommandNotFoundException"


@pytest.mark.parametrize(
    ("endpoint", "error_id", "category"),
    [("exchange", "ScriptsNotAllowed", 17), ("windows", "ScriptsNotSimulated", 11)],
)
def test_scripts_are_not_run(admin: Administrator, endpoint: Any, error_id: str, category: int) -> None:
    result = admin.organisation.run("EX01", endpoint, "x", [[Command("Get-PopSettings", (), is_script=True)]])
    assert result.terminating is not None
    assert result.output == []
    assert result.terminating.FullyQualifiedErrorId == error_id
    assert result.terminating.CategoryInfo.Category == category
    assert [(one["cmdlet"], one["outcome"]) for one in admin.organisation.log] == [("(script)", error_id)]


@pytest.mark.parametrize(
    ("command", "error_id"),
    [
        (Command("Get-Process", (("Id", [4]),)), ""),
        (Command("Get-Service", (("Name", "was"),)), ""),
        (Command("Get-Service", (("Name", "W3SVC"),)), "ParameterArgumentValidationError"),
        (Command("Get-Service", (("Name", ["WAS", "W3SVC"]),)), "ParameterArgumentValidationError"),
        (Command("Get-Service", (("DisplayName", "x"),)), "NamedParameterNotFound"),
        (Command("Stop-Service", (("Name", "WAS"),)), "CommandNotFoundException"),
        (Command("Get-Service", (), is_script=True), "ScriptsNotAllowed"),
    ],
    ids=str,
)
def test_a_session_configuration_shows_nothing_else(admin: Administrator, command: Command, error_id: str) -> None:
    shown = {"Get-Process": {}, "Get-Service": {"Name": ["WAS"]}}
    admin.organisation.faults.arm({"kind": "session_configuration", "name": "own", "visible": shown})
    (armed,) = admin.organisation.faults.armed("EX01", "session_configuration")
    runspace = Runspace(visible=armed["visible"])
    result = admin.organisation.run("EX01", "windows", "x", [[command]], runspace=runspace)
    found = result.terminating.FullyQualifiedErrorId if result.terminating else ""
    assert found.partition(",")[0] == error_id


def test_parameter_sets_and_null_identities(admin: Administrator) -> None:
    both = admin.refused("Get-ExchangeServer", Identity="EX01", Domain="contoso.test")
    assert both.FullyQualifiedErrorId == "AmbiguousParameterSet,Get-ExchangeServer"
    assert len(admin.run("Get-ExchangeServer", Domain="CONTOSO.test").output) == 3
    assert admin.run("Get-ExchangeServer", Domain="fabrikam.test").output == []
    assert len(admin.run("Get-ExchangeServer", Identity=None).output) == 3
    null = admin.refused("Get-ServerComponentState", Identity=None)
    assert null.FullyQualifiedErrorId == ("ParameterArgumentValidationErrorNullNotAllowed,Get-ServerComponentState")
    assert "System.Management.Automation.ParameterBindingValidationException" in null.Exception.PSTypeNames


def test_a_server_may_turn_to_another_controller(make: Make) -> None:
    admin = Administrator(make("SE", domain_controllers=2, replication_delay=60))
    admin.do("Set-PopSettings", Banner="x")
    admin.organisation.faults.arm({"server": "EX01", "kind": "other_controller", "controller": "DC2.contoso.test"})
    found = admin.one("Get-PopSettings")
    assert (found["OriginatingServer"], found["Banner"] == "x") == ("DC2.contoso.test", False)
    assert admin.one("Get-PopSettings", DomainController="DC1.contoso.test")["Banner"] == "x"
    assert "'DC2.contoso.test'" in str(admin.refused("Get-PopSettings", Server="EX09"))


def gone(admin: Administrator, **fault: Any) -> None:
    admin.organisation.faults.arm(
        {"server": "EX01", "kind": "controller_gone", "controller": "DC1.contoso.test", **fault}
    )


def test_a_controller_that_is_gone_is_no_longer_chosen(make: Make) -> None:
    admin = Administrator(make("SE", "2016", domain_controllers=2))
    gone(admin)
    error = admin.refused("Get-PopSettings", DomainController="DC1.contoso.test")
    assert error.CategoryInfo.Reason == "SuitabilityDirectoryException"
    assert admin.one("Get-PopSettings")["OriginatingServer"] == "DC2.contoso.test"
    assert admin.one("Get-CASMailbox", Identity="reader")["OriginatingServer"] == "DC2.contoso.test"
    admin.one("Get-PopSettings", on="EX02", DomainController="DC1.contoso.test")
    gone(admin, controller="DC2.contoso.test")
    assert admin.refused("Get-PopSettings").CategoryInfo.Reason == "SuitabilityDirectoryException"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_controller_goes_away_with_a_cmdlet(make: Make, when: str) -> None:
    admin = Administrator(make("SE", domain_controllers=2))
    gone(admin, cmdlet="Set-PopSettings", when=when, exception="ADTransientException")
    named = {"DomainController": "DC1.contoso.test"}
    admin.one("Get-PopSettings", **named)
    (error,) = admin.run("Set-PopSettings", Banner="x", **named).errors
    assert error.CategoryInfo.Reason == "ADTransientException"
    assert (admin.stored()["Banner"] == "x") is (when == "after")
    admin.refused("Get-PopSettings", **named)
    admin.do("Set-PopSettings", Banner="y")
    assert admin.stored()["Banner"] == "y"


def test_pipelines(admin: Administrator) -> None:
    run = admin.organisation.run
    statement = [Command("Get-ExchangeServer", ()), Command("Get-PopSettings", ())]
    output = run("EX01", "exchange", "x", [statement]).output
    assert [one["Server"]["Name"] for one in output] == ["EX01", "EX02", "EX03"]
    run("EX01", "exchange", "x", [[*statement, Command("Set-PopSettings", (("Banner", "piped"),))]])
    assert {admin.stored(name)["Banner"] for name in ("EX01", "EX02", "EX03")} == {"piped"}
    piped = run("EX01", "exchange", "x", [[Command("Get-PopSettings", ())]], [PSString("EX02")]).output
    assert [one["Server"]["Name"] for one in piped] == ["EX02"]


def test_objects_that_travelled_cannot_be_piped_back(admin: Administrator) -> None:
    server = admin.one("Get-ExchangeServer", Identity="EX02")
    server.PSObject.type_names = [f"Deserialized.{name}" for name in server.PSTypeNames]
    result = admin.organisation.run("EX01", "exchange", "x", [[Command("Get-PopSettings", ())]], [server, "EX01"])
    assert result.terminating is None
    assert [one.FullyQualifiedErrorId for one in result.errors] == [
        "ParameterArgumentTransformationError,Get-PopSettings"
    ]
    assert [one["Server"]["Name"] for one in result.output] == ["EX01"]


def test_a_terminating_error_ends_all_statements(admin: Administrator) -> None:
    statements = [[Command("Get-PopSettings", ())], [Command("Get-Foo", ())], [Command("Get-PopSettings", ())]]
    result = admin.organisation.run("EX01", "exchange", "x", statements)
    assert len(result.output) == 1
    assert result.terminating is not None


def test_error_and_warning_actions(admin: Administrator) -> None:
    assert admin.run("Get-PopSettings", Server="EX09", ErrorAction="SilentlyContinue").errors == []
    stopped = admin.run("Get-PopSettings", Server="EX09", ErrorAction="stop")
    assert stopped.terminating is not None
    assert admin.do("Set-PopSettings", WarningAction=0) == []


def test_the_log(admin: Administrator) -> None:
    admin.do("Set-PopSettings", Server="EX01", Banner="x", ExternalConnectionSettings=["a:1"])
    admin.run("Get-PopSettings", Server="EX09", ErrorAction="SilentlyContinue")
    admin.run("Set-PopSettings", Foo=PSSecureString("hidden"))
    admin.run("Set-PopSettings", logged=False, Banner="behind the back")
    first, second, third = admin.organisation.log
    assert first == {
        "n": 1,
        "server": "EX01",
        "endpoint": "exchange",
        "form": "full",
        "user": "tester",
        "cmdlet": "Set-PopSettings",
        "parameters": {"Server": "EX01", "Banner": "x", "ExternalConnectionSettings": ["a:1"]},
        "outcome": "ok",
    }
    assert "ManagementObjectNotFoundException" in second["outcome"]
    assert third["parameters"] == {"Foo": "***"}
    assert third["outcome"] == "NamedParameterNotFound,Set-PopSettings"
    json.dumps(admin.organisation.log)


def test_replication(make: Make) -> None:
    admin = Administrator(make("SE", domain_controllers=2, replication_delay=600))
    old = admin.one("Get-PopSettings")
    admin.do("Set-PopSettings", Banner="new")
    written = admin.organisation.now

    def seen(controller: str) -> tuple[str, datetime.datetime, str]:
        found = admin.one("Get-PopSettings", DomainController=controller)
        return found["Banner"], found["WhenChangedUTC"], found["OriginatingServer"]

    assert seen("dc1.contoso.test") == ("new", written, "DC1.contoso.test")
    assert seen("DC2") == (old["Banner"], old["WhenChangedUTC"], "DC2.contoso.test")
    admin.organisation.advance_clock(600)
    assert seen("DC2") == ("new", written + datetime.timedelta(seconds=600), "DC2.contoso.test")
    assert seen("DC1") == ("new", written, "DC1.contoso.test")


def test_changes_on_two_controllers_merge(make: Make) -> None:
    admin = Administrator(make("SE", domain_controllers=2, replication_delay=600))
    admin.do("Set-PopSettings", Banner="one", DomainController="DC1.contoso.test")
    admin.do("Set-PopSettings", MaxConnections=7, DomainController="DC2.contoso.test")
    assert admin.one("Get-PopSettings", DomainController="DC2")["Banner"] != "one"
    admin.organisation.advance_clock(601)
    for controller in ("DC1", "DC2"):
        found = admin.one("Get-PopSettings", DomainController=controller)
        assert (found["Banner"], found["MaxConnections"]) == ("one", 7)


def test_a_controller_that_does_not_exist(admin: Administrator) -> None:
    error = admin.refused("Set-PopSettings", Banner="x", DomainController="DC9.contoso.test")
    assert "DC9.contoso.test" in str(error)
    assert admin.stored()["Banner"] != "x"


def test_times_carry_the_server_s_offset_and_a_twin_in_utc(admin: Administrator) -> None:
    admin.do("Set-PopSettings", Banner="x")
    found = admin.one("Get-PopSettings")
    assert found["WhenChanged"] == found["WhenChangedUTC"] == admin.organisation.now - datetime.timedelta(seconds=1)
    assert found["WhenChanged"].utcoffset() == datetime.timedelta(hours=-7)
    assert found["WhenCreatedUTC"] < found["WhenChangedUTC"]


def test_releases_in_get_exchange_server(make: Make) -> None:
    admin = Administrator(make("SE", "2019", "2016", "2013", "2010"))
    found = {one["Name"]: one for one in admin.run("Get-ExchangeServer").output}
    builds = [tuple(one["AdminDisplayVersion"][part] for part in ("Major", "Minor")) for one in found.values()]
    assert builds == [(15, 2), (15, 2), (15, 1), (15, 0), (14, 3)]
    assert found["EX01"]["AdminDisplayVersion"].PSObject.to_string == "Version 15.2 (Build 2562.17)"
    assert found["EX02"]["AdminDisplayVersion"]["Build"] < 2562
    assert [int(one["ServerRole"]) for one in found.values()] == [2, 2, 2, 38, 38]
    with pytest.raises(AttributeError):
        _ = found["EX05"]["IsE15OrLater"]


def test_fault_write_does_not_stick(admin: Administrator) -> None:
    admin.organisation.faults.arm({"server": "EX01", "kind": "write_does_not_stick", "cmdlet": "set-popsettings"})
    assert "restarted" in admin.do("Set-PopSettings", Banner="x")[0]
    assert admin.stored()["Banner"] != "x"
    admin.run("Set-PopSettings", logged=False, Banner="y")
    assert admin.stored()["Banner"] == "y"
    admin.organisation.faults.arm({"server": "EX01", "kind": "none"})
    admin.do("Set-PopSettings", Banner="x")
    assert admin.stored()["Banner"] == "x"


def test_fault_fails_after_effect(admin: Administrator) -> None:
    fault = {"server": "EX01", "kind": "fails_after_effect"}
    admin.organisation.faults.arm(fault | {"cmdlet": "Set-PopSettings"})
    (error,) = admin.run("Set-PopSettings", Banner="x").errors
    assert "FailureCategory=Cmdlet-LocalizedException" in error.FullyQualifiedErrorId
    assert admin.stored()["Banner"] == "x"
    admin.organisation.faults.arm(fault | {"cmdlet": "Get-PopSettings", "message": "Nicht\x1b da."})
    (error,) = admin.run("Get-PopSettings").errors
    assert error.CategoryInfo.Reason == "LocalizedException"
    # The record is XML whatever its text.
    assert "Nicht_x001B_ da." in serialized(error)
    admin.organisation.faults.arm(fault | {"cmdlet": "Start-Service"})
    (error,) = admin.run("Start-Service", Name="MSExchangePop3").errors
    assert error.FullyQualifiedErrorId.startswith("StartServiceFailed,")
    assert admin.services()["MSExchangePop3"]["status"] == "Running"
    admin.do("Set-PopSettings", Banner="y")


def test_fault_warns(admin: Administrator) -> None:
    fault = {"server": "EX01", "kind": "warns", "cmdlet": "Get-PopSettings", "message": "Das Objekt ist beschädigt."}
    admin.organisation.faults.arm(fault)
    assert [admin.do("Get-PopSettings"), admin.do("Get-PopSettings")] == [["Das Objekt ist beschädigt."]] * 2
    assert admin.run("Get-PopSettings", logged=False).warnings == []


def test_fault_rbac(admin: Administrator) -> None:
    fault = {"server": "EX01", "kind": "rbac_without", "cmdlet": "Set-PopSettings"}
    admin.organisation.faults.arm(fault | {"parameter": "Banner"})
    assert admin.refused("Set-PopSettings", Banner="x").FullyQualifiedErrorId.startswith("NamedParameterNotFound,")
    admin.do("Set-PopSettings", MaxConnections=3)
    admin.organisation.faults.arm(fault)
    assert admin.refused("Set-PopSettings", MaxConnections=4).FullyQualifiedErrorId == "CommandNotFoundException"
    admin.do("Set-PopSettings", on="EX02", Banner="x")


def test_faults_are_checked_kept_and_taken(admin: Administrator) -> None:
    organisation = admin.organisation
    for wrong in (
        {"kind": "foo"},
        {"kind": "slow"},
        {"kind": "slow", "cmdlet": "Get-PopSettings", "seconds": "long"},
        {"kind": "process_unreadable", "server": "EX09"},
        {"kind": "write_does_not_stick", "cmdlet": "Set-PopSetting"},
        {"kind": "service_dies", "service": "MSExchangePOP4"},
        {"kind": "other_controller", "controller": "DC9.contoso.test"},
    ):
        with pytest.raises(ValueError, match=r"fault|server"):
            organisation.faults.arm(wrong)
    organisation.faults.arm({"server": "EX01", "kind": "drop_after_command", "cmdlet": "Set-PopSettings"})
    assert organisation.faults.first("EX02", "drop_after_command") is None
    assert organisation.faults.take("EX01", "drop_after_command", ["set-popsettings"]) is not None
    assert organisation.faults.take("EX01", "drop_after_command", ["set-popsettings"]) is None


def test_reset(admin: Administrator) -> None:
    before = admin.organisation.state()
    admin.do("Set-PopSettings", Banner="x")
    admin.do("Start-Service", Name=["MSExchangePop3", "MSExchangePOP3BE"])
    admin.organisation.faults.arm({"kind": "process_unreadable"})
    admin.organisation.advance_clock(50)
    admin.organisation.reset()
    assert admin.organisation.state() == before
    assert admin.organisation.log == []
    assert admin.organisation.faults.first("EX01", "process_unreadable") is None
    json.dumps(before)


def test_the_clock_only_moves_forward(admin: Administrator) -> None:
    with pytest.raises(ValueError, match="forward"):
        admin.organisation.advance_clock(-1)
