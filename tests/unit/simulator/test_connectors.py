"""Get-, Set- and New-ReceiveConnector: which connectors there are, how they are named, and what Exchange refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from administrator import Administrator

from exchange_simulator.catalogue.connectors import CONNECTOR_SETTINGS
from exchange_simulator.catalogue.kinds import Kind
from exchange_simulator.engine import Command
from exchange_simulator.organisation import Organisation
from exchange_simulator.prepared import built

_CLIENT = r"EX01\Client Frontend EX01"
_NEW_VALUES: dict[Kind, Any] = {
    Kind.TEXT: "contoso.test",
    Kind.HOST: "ex01.contoso.test",
    Kind.INT32: 7,
    Kind.LIMIT: "7",
    Kind.SIZE: "1MB",
    Kind.TIME_SPAN: "00:07:00",
    Kind.BINDINGS: ["127.0.0.1:1587"],
    Kind.RANGES: ["10.0.0.0/8", "192.0.2.1"],
    Kind.CERTIFICATE: "<I>CN=Contoso CA<S>CN=mail.contoso.test",
    Kind.CAPABILITIES: ["fabrikam.com:AcceptCloudServicesMail"],
}
_PARTICULAR = {
    "AuthMechanism": "Tls, BasicAuth",
    "ConnectionTimeout": "00:20:00",
    "ExtendedProtectionPolicy": "Allow",
    "Fqdn": "mail.contoso.test",
    "MessageRateSource": "All",
    "PermissionGroups": "ExchangeUsers, ExchangeServers",
    "ProtocolLoggingLevel": "Verbose",
    "SizeEnabled": "Disabled",
    "TransportRole": "HubTransport",
}


def stored(admin: Administrator, server: str = "EX01", name: str = "Client Frontend EX01") -> dict[str, Any]:
    return dict(admin.organisation.state()["servers"][server]["connectors"][name])


def named(admin: Administrator, **parameters: Any) -> list[str]:
    result = admin.run("Get-ReceiveConnector", **parameters)
    assert result.errors == []
    return [built(one).PSObject.to_string for one in result.output]


def change(admin: Administrator, **parameters: Any) -> list[str]:
    return admin.do("Set-ReceiveConnector", Identity=_CLIENT, **parameters)


def refusal(admin: Administrator, **parameters: Any) -> str:
    before = stored(admin)
    error = str(admin.refused("Set-ReceiveConnector", Identity=_CLIENT, **parameters))
    assert stored(admin) == before
    return error


def test_the_connectors_of_each_release(admin: Administrator) -> None:
    prefixes = ["Default", "Client Proxy", "Default Frontend", "Outbound Proxy Frontend", "Client Frontend"]
    for server in ("EX01", "EX02"):
        assert named(admin, Server=server) == [rf"{server}\{prefix} {server}" for prefix in prefixes]
    assert named(admin, Server="EX03") == [r"EX03\Default EX03", r"EX03\Client EX03"]
    old = built(admin.run("Get-ReceiveConnector", Server="EX03").output[1])
    members = {member.name for member in old.PSObject.adapted_properties}
    assert not members & {"TlsCertificateName", "TransportRole", "ServiceDiscoveryFqdn", "AuthTarpitInterval"}
    assert stored(admin, "EX03", "Client EX03")["Bindings"] == ["0.0.0.0:587", "[::]:587"]
    assert len(named(admin)) == 12


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (_CLIENT, [_CLIENT]),
        (r"ex01.contoso.test\client frontend ex01", [_CLIENT]),
        ("Client Frontend EX01", [_CLIENT]),
        ("Client Frontend*", [_CLIENT, r"EX02\Client Frontend EX02"]),
        (r"EX02\Client*", [r"EX02\Client Proxy EX02", r"EX02\Client Frontend EX02"]),
        (r"*\Client EX0?", [r"EX03\Client EX03"]),
        ("Nothing*", []),
    ],
)
def test_identities(admin: Administrator, identity: str, expected: list[str]) -> None:
    assert named(admin, Identity=identity) == expected


def test_identities_in_the_directory(admin: Administrator) -> None:
    connector = admin.one("Get-ReceiveConnector", Identity=_CLIENT)
    for member in ("DistinguishedName", "Guid"):
        assert named(admin, on="EX02", Identity=str(connector[member])) == [_CLIENT]
    change(admin, Name="Clients")
    assert named(admin, Identity=str(connector["Guid"])) == [r"EX01\Clients"]
    assert named(admin, Identity="Clients") == [r"EX01\Clients"]


@pytest.mark.parametrize("identity", ["Client Frontend EX02", r"EX09\Client Frontend EX01", "Nothing"])
def test_a_bare_name_is_of_the_sessions_server(admin: Administrator, identity: str) -> None:
    for cmdlet in ("Get-ReceiveConnector", "Set-ReceiveConnector"):
        error = admin.refused(cmdlet, Identity=identity)
        assert "ManagementObjectNotFoundException" in error.FullyQualifiedErrorId


def test_identity_or_server(admin: Administrator) -> None:
    error = admin.refused("Get-ReceiveConnector", Identity=_CLIENT, Server="EX01")
    assert error.FullyQualifiedErrorId.startswith("AmbiguousParameterSet")
    several = admin.refused("Set-ReceiveConnector", Identity="Client Frontend*", Enabled=False)
    assert "matches multiple entries" in str(several)
    assert stored(admin)["Enabled"] is True
    for empty in (None, ""):
        admin.refused("Set-ReceiveConnector", Identity=empty, Enabled=False)


@pytest.mark.parametrize("setting", [one for one in CONNECTOR_SETTINGS if one.settable], ids=lambda one: one.name)
def test_every_parameter_is_written_and_read_back(make: Callable[..., Organisation], setting: Any) -> None:
    release = setting.settable[-1]
    admin = Administrator(make(release))
    name = "Client EX01" if release == "2010" else "Client Frontend EX01"
    before = stored(admin, name=name)
    value = _PARTICULAR.get(setting.name, _NEW_VALUES.get(setting.kind))
    if setting.kind is Kind.BOOLEAN:
        value = not before[setting.name]
    extra = {"BinaryMimeEnabled": False} if setting.name == "ChunkingEnabled" else {}
    assert admin.do("Set-ReceiveConnector", Identity=name, **{setting.name: value}, **extra) == []
    after = stored(admin, name=name)
    assert {key for key in after if after[key] != before[key]} == {setting.name, *extra}
    shown = admin.one("Get-ReceiveConnector", Identity=name)
    if setting.enum is not None:
        assert shown[setting.name].name == value
    again = admin.do("Set-ReceiveConnector", Identity=name, **{setting.name: value})
    assert again == [rf"The command completed successfully but no settings of 'EX01\{name}' have been modified."]


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        ("tls,basicauth", "Tls, BasicAuth", 5),
        (["BasicAuth", "Tls"], "Tls, BasicAuth", 5),
        (5, "Tls, BasicAuth", 5),
        ("5", "Tls, BasicAuth", 5),
        ("None", "None", 0),
        (0, "None", 0),
    ],
)
def test_flags(admin: Administrator, value: Any, text: str, number: int) -> None:
    change(admin, AuthMechanism=value)
    shown = admin.one("Get-ReceiveConnector", Identity=_CLIENT)["AuthMechanism"]
    assert (shown.name, int(shown)) == (text, number)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"AuthMechanism": "BasicAuthRequireTLS"}, "also requires the values BasicAuth and Tls"),
        ({"AuthMechanism": "BasicAuth, BasicAuthRequireTLS"}, "also requires the values BasicAuth and Tls"),
        ({"AuthMechanism": "ExternalAuthoritative, BasicAuth"}, "only other value"),
        ({"AuthMechanism": "ExternalAuthoritative, Tls"}, "requires ExchangeServers"),
        ({"AuthMechanism": "Integrated", "RequireTLS": True}, "Tls of AuthMechanism is required"),
        ({"AuthMechanism": "Tls", "EnableAuthGSSAPI": False, "RequireTLS": True, "DomainSecureEnabled": 1}, ""),
        ({"AuthMechanism": "Integrated", "DomainSecureEnabled": True}, "AuthMechanism must contain Tls"),
        ({"AuthMechanism": 31, "Fqdn": "mail.contoso.test"}, "FQDN must be EX01.contoso.test, EX01, or $null"),
        ({"PermissionGroups": "ExchangeUsers, Custom"}, "can't be set"),
        ({"ConnectionTimeout": "00:05:00"}, "greater than"),
        ({"ConnectionInactivityTimeout": "00:20:00"}, "greater than"),
        ({"ConnectionTimeout": "1.00:00:01"}, "out of range"),
        ({"MaxMessageSize": "65535B"}, "out of range"),
        ({"MaxInboundConnectionPerSource": 10001}, "out of range"),
        ({"MaxInboundConnection": 0}, "out of range"),
        ({"MaxHopCount": 501}, "out of range"),
        ({"ChunkingEnabled": False}, "ChunkingEnabled is required"),
        ({"Bindings": None}, "At least one value"),
        ({"RemoteIPRanges": []}, "At least one value"),
        ({"Name": "x" * 65}, "between 1 and 64"),
        ({"Name": "client proxy ex01"}, "already exists"),
        ({"DefaultDomain": "fabrikam.test"}, "couldn't be found"),
        ({"Bindings": "[::]:717"}, 'conflict with the settings on Receive connector "EX01\\Outbound Proxy'),
        ({"Bindings": ["0.0.0.0:465"]}, "unique local IP address & port bindings"),
    ],
)
def test_what_exchange_refuses(admin: Administrator, parameters: dict[str, Any], told: str) -> None:
    if told:
        assert told in refusal(admin, **parameters)
    else:
        change(admin, **parameters)


def test_connectors_of_two_roles_at_one_place_take_no_change(admin: Administrator) -> None:
    """As setup met it with connectors that were made otherwise, when it set MaxLocalHopCount."""
    refused = refusal(admin, Bindings=["0.0.0.0:465"], RemoteIPRanges="10.0.0.0/8")
    assert "unique local IP address & port bindings" in refused
    for one in admin.organisation.servers["EX01"].connectors:
        if one.settings.latest()["Name"] == "Client Frontend EX01":
            one.settings.write({"Bindings": ("0.0.0.0:465",)}, "DC1.contoso.test", admin.organisation.now)
    assert "unique local IP address & port bindings" in refusal(admin, RequireTLS=True)
    change(admin, RequireTLS=True, Bindings="0.0.0.0:587")


@pytest.mark.parametrize(
    ("ranges", "fits"),
    [
        ("10.0.0.0/8", True),
        ("0.0.0.0-255.255.255.255", False),
        ("10.0.0.0-10.0.0.9", True),
    ],
)
def test_a_shared_binding_needs_other_clients(admin: Administrator, ranges: str, fits: bool) -> None:
    binding = {"Bindings": "0.0.0.0:717", "RemoteIPRanges": ranges}
    if fits:
        change(admin, **binding)
        change(admin, RemoteIPRanges="10.0.0.5-10.0.0.20")
        other = r"EX01\Outbound Proxy Frontend EX01"
        crossing = admin.refused("Set-ReceiveConnector", Identity=other, RemoteIPRanges="10.0.0.9-10.0.0.30")
        assert "conflict" in str(crossing)
    else:
        assert "conflict" in refusal(admin, **binding)


@pytest.mark.parametrize(
    "parameters",
    [
        {"AuthMechanism": "Kerberos"},
        {"AuthMechanism": 64},
        {"AuthMechanism": ""},
        {"PermissionGroups": None},
        {"Bindings": "587"},
        {"RemoteIPRanges": "10.0.0.9-10.0.0.1"},
        {"TlsCertificateName": "CN=mail.contoso.test"},
        {"TlsCertificateName": "<S>CN=mail.contoso.test"},
        {"MaxMessageSize": "unlimited"},
        {"MessageRateLimit": "many"},
        {"Fqdn": "not a name"},
        {"TlsDomainCapabilities": "fabrikam.com"},
    ],
)
def test_values_of_the_wrong_type(admin: Administrator, parameters: dict[str, Any]) -> None:
    error = admin.refused("Set-ReceiveConnector", Identity=_CLIENT, **parameters)
    assert error.FullyQualifiedErrorId == "ParameterArgumentTransformationError,Set-ReceiveConnector"


def test_values_can_be_cleared_and_lists_edited(admin: Administrator) -> None:
    change(admin, TlsCertificateName="<I>CN=CA<S>CN=mail", Fqdn=None, Banner="220 hello")
    assert stored(admin)["TlsCertificateName"] == "<I>CN=CA<S>CN=mail"
    assert admin.one("Get-ReceiveConnector", Identity=_CLIENT)["Fqdn"] is None
    change(admin, TlsCertificateName=None, Banner=None, Bindings={"Add": "127.0.0.1:2587", "Remove": "[::]:587"})
    after = stored(admin)
    assert (after["TlsCertificateName"], after["Banner"]) == (None, "")
    assert after["Bindings"] == ["0.0.0.0:587", "127.0.0.1:2587"]


def test_parameters_a_release_does_not_have(admin: Administrator) -> None:
    client = r"EX03\Client EX03"
    for name, value in {"TlsCertificateName": None, "AuthTarpitInterval": "0:0:1", "TransportRole": 32}.items():
        error = admin.refused("Set-ReceiveConnector", on="EX03", Identity=client, **{name: value})
        assert error.FullyQualifiedErrorId == "NamedParameterNotFound,Set-ReceiveConnector"
    admin.do("Set-ReceiveConnector", on="EX03", Identity=client, LiveCredentialEnabled=True)


def test_a_read_connector_can_be_piped(admin: Administrator) -> None:
    pipeline = [
        Command("Get-ReceiveConnector", (("Identity", "Client Frontend*"),)),
        Command("Set-ReceiveConnector", (("AdvertiseClientSettings", True),)),
    ]
    result = admin.organisation.run("EX01", "exchange", "tester", [pipeline])
    assert (result.errors, result.terminating) == ([], None)
    for server in ("EX01", "EX02"):
        assert stored(admin, server, f"Client Frontend {server}")["AdvertiseClientSettings"] is True
        assert stored(admin, server, f"Client Proxy {server}")["AdvertiseClientSettings"] is False


def test_a_write_replicates_and_may_not_stick(make: Callable[..., Organisation]) -> None:
    admin = Administrator(make("SE", domain_controllers=2, replication_delay=60))
    change(admin, RequireTLS=True, DomainController="DC1.contoso.test")
    shown = [
        admin.one("Get-ReceiveConnector", Identity=_CLIENT, DomainController=f"DC{number}")["RequireTLS"]
        for number in (1, 2)
    ]
    assert shown == [True, False]
    change(admin, AdvertiseClientSettings=True, WhatIf=True)
    admin.organisation.faults.arm({"kind": "write_does_not_stick", "cmdlet": "Set-ReceiveConnector"})
    change(admin, AdvertiseClientSettings=True)
    assert stored(admin)["AdvertiseClientSettings"] is False


def test_a_new_connector_as_microsoft_makes_one_for_relay(admin: Administrator) -> None:
    given = {"TransportRole": "FrontendTransport", "Bindings": "0.0.0.0:587", "RemoteIPRanges": "10.10.50.1/24"}
    relay = {"Name": "Relay", "Custom": True, **given}
    admin.refused("New-ReceiveConnector", **relay | {"RemoteIPRanges": None})
    empty = admin.refused("New-ReceiveConnector", **relay | {"Bindings": []})
    assert str(empty.FullyQualifiedErrorId).startswith("ParameterArgumentValidationErrorEmptyCollectionNotAllowed,")
    assert "conflict" in str(admin.refused("New-ReceiveConnector", **relay | {"RemoteIPRanges": "0.0.0.0/0"}))
    assert "already exists" in str(admin.refused("New-ReceiveConnector", **relay | {"Name": "Client Frontend EX01"}))
    admin.do("New-ReceiveConnector", **relay, WhatIf=True)
    assert len(named(admin, Server="EX01")) == 5
    assert admin.one("New-ReceiveConnector", **relay).PSObject.to_string == r"EX01\Relay"
    admin.do("Set-ReceiveConnector", Identity="Relay", PermissionGroups="AnonymousUsers")
    after = stored(admin, name="Relay")
    assert (after["AuthMechanism"], after["PermissionGroups"]) == ("Tls", "AnonymousUsers")
    assert (after["RemoteIPRanges"], after["Fqdn"]) == (["10.10.50.1/24"], "EX01.contoso.test")
    admin.organisation.reset()
    assert len(named(admin, Server="EX01")) == 5
