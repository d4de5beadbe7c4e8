"""The plain form, row by row as it was published: 3gstudent, pypsrp at Exchange 2016 CU23, a plain /PowerShell."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from psrpcore.types import serialize

from exchange_simulator import shapes
from exchange_simulator.catalogue.cmdlets import CMDLETS
from exchange_simulator.engine import Command, Runspace
from exchange_simulator.forms import formed
from exchange_simulator.organisation import Organisation
from exchange_simulator.prepared import built
from exchange_simulator.values import ByteSize, TimeSpan

Shown = ElementTree.Element
Ask = Callable[..., Shown]


@pytest.fixture
def ask(make: Callable[..., Organisation]) -> Ask:
    organisation = make("2016")

    def one(cmdlet: str, **parameters: Any) -> Shown:
        statement = [[Command(cmdlet, tuple(parameters.items()))]]
        result = organisation.run("EX01", "exchange", "tester", statement, runspace=Runspace(form="plain"))
        assert result.terminating is None
        assert result.errors == []
        return wire(result.output[0]) if result.output else ElementTree.Element("Nothing")

    return one


def wire(value: Any) -> Shown:
    return ElementTree.fromstring(ElementTree.tostring(serialize(built(value), None)))  # type: ignore[arg-type]


def member(shown: Shown, name: str) -> tuple[str, str]:
    found = shown.find(f"Props/*[@N='{name}']")
    assert found is not None, name
    return found.tag, found.text or ""


def types(shown: Shown, name: str) -> list[str]:
    """The type names of a list, which are only referred to where an earlier list has the same."""
    reference = shown.find(f"Props/Obj[@N='{name}']/TNRef")
    path = f"Props/Obj[@N='{name}']/TN/T" if reference is None else f".//TN[@RefId='{reference.get('RefId')}']/T"
    return [one.text or "" for one in shown.findall(path)]


@pytest.mark.parametrize(
    ("cmdlet", "name", "element", "text"),
    [
        # An enumeration: its name, and no number.
        ("Get-PopSettings", "LoginType", "S", "SecureLogin"),
        ("Get-PopSettings", "ObjectState", "S", "Unchanged"),
        ("Get-ReceiveConnector", "PermissionGroups", "S", "ExchangeUsers, ExchangeServers, ExchangeLegacyServers"),
        ("Test-PopConnectivity", "Result", "S", "Skipped"),
        ("Test-PopConnectivity", "EventType", "S", "Warning"),
        # EnhancedTimeSpan.
        ("Get-PopSettings", "AuthenticatedConnectionTimeout", "S", "00:30:00"),
        # Unlimited, with and without a limit.
        ("Get-ReceiveConnector", "MaxInboundConnectionPerSource", "S", "Unlimited"),
        ("Get-ReceiveConnector", "MaxInboundConnection", "S", "5000"),
        ("Get-PopSettings", "LogPerFileSizeQuota", "S", "0 B (0 bytes)"),
        ("Get-ReceiveConnector", "MaxMessageSize", "S", "36 MB (37,748,736 bytes)"),
        ("Get-ReceiveConnector", "MaxHeaderSize", "S", "256 KB (262,144 bytes)"),
        # ServerVersion and ExchangeObjectVersion.
        ("Get-ExchangeServer", "AdminDisplayVersion", "S", "Version 15.1 (Build 2507.6)"),
        ("Get-CASMailbox", "ExchangeVersion", "S", "0.20 (15.0.0.0)"),
        # ADObjectId: the canonical name, or the name alone for what is a setting of the object.
        ("Get-CASMailbox", "Identity", "S", "contoso.test/Users/Administrator"),
        ("Get-CASMailbox", "Id", "S", "contoso.test/Users/Administrator"),
        ("Get-CASMailbox", "ObjectCategory", "S", "contoso.test/Configuration/Schema/Person"),
        ("Get-CASMailbox", "ActiveSyncMailboxPolicy", "S", "Default"),
        ("Get-PopSettings", "Identity", "S", r"EX01\1"),
        ("Get-PopSettings", "Server", "S", "EX01"),
        # An ADObjectId and other objects that are null.
        ("Get-ReceiveConnector", "DefaultDomain", "Nil", ""),
        ("Get-PopSettings", "OwaServerUrl", "Nil", ""),
        # Text, also where it is empty, and the OrganizationId of the first organisation.
        ("Get-PopSettings", "AdminDisplayName", "S", ""),
        ("Get-CASMailbox", "PrimarySmtpAddress", "S", "administrator@contoso.test"),
        ("Get-CASMailbox", "OrganizationId", "S", ""),
        ("Get-CASMailbox", "OriginatingServer", "S", "DC1.contoso.test"),
        ("Get-CASMailbox", "PopEnabled", "B", "true"),
        ("Get-PopSettings", "MaxCommandSize", "I32", "512"),
    ],
)
def test_a_value(ask: Ask, cmdlet: str, name: str, element: str, text: str) -> None:
    assert member(ask(cmdlet), name) == (element, text)


@pytest.mark.parametrize(("days", "size"), [("14.00:00:00", "30GB"), ("90.00:00:00", "152.0625MB")])
def test_the_published_texts(days: str, size: str) -> None:
    members = [("Span", shapes.time_span(TimeSpan.parse(days))), ("Size", shapes.byte_size(ByteSize.parse(size)))]
    shown = wire(formed(shapes.exchange_object(("A.Type",), "", members), "plain"))
    told = {"30GB": "30 GB (32,212,254,720 bytes)", "152.0625MB": "152.1 MB (159,449,088 bytes)"}
    assert (member(shown, "Span"), member(shown, "Size")) == (("S", days), ("S", told[size]))


def test_identities_and_times(ask: Ask) -> None:
    shown = ask("Get-CASMailbox")
    assert member(shown, "Guid")[0] == "G"
    local, utc = member(shown, "WhenChanged"), member(shown, "WhenChangedUTC")
    assert (local[0], utc[0]) == ("DT", "DT")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-07:00", local[1])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", utc[1])


def test_lists(ask: Ask) -> None:
    """A list says of what it is one, and has texts, whatever they stand for."""
    shown = ask("Get-PopSettings")
    bindings = shown.find("Props/Obj[@N='SSLBindings']/LST")
    assert bindings is not None
    assert [(one.tag, one.text) for one in bindings] == [("S", "[::]:995"), ("S", "0.0.0.0:995")]
    first, *rest = types(shown, "SSLBindings")
    assert first.startswith("Microsoft.Exchange.Data.MultiValuedProperty`1[[Microsoft.Exchange.Data.IPBinding, ")
    assert rest == ["Microsoft.Exchange.Data.MultiValuedPropertyBase", "System.Object"]
    empty = shown.find("Props/Obj[@N='ExternalConnectionSettings']/LST")
    assert empty is not None
    assert len(empty) == 0
    classes = ask("Get-CASMailbox").findall("Props/Obj[@N='ObjectClass']/LST/S")
    assert [one.text for one in classes] == ["top", "person", "organizationalPerson", "user"]


def test_the_tail_of_a_recipient(ask: Ask) -> None:
    names = [one.get("N") for one in ask("Get-CASMailbox").findall("Props/*")]
    assert names[names.index("Identity") :] == [
        "Identity",
        "IsValid",
        "ExchangeVersion",
        "Name",
        "DistinguishedName",
        "Guid",
        "ObjectCategory",
        "ObjectClass",
        "WhenChanged",
        "WhenCreated",
        "WhenChangedUTC",
        "WhenCreatedUTC",
        "OrganizationId",
        "Id",
        "OriginatingServer",
        "ObjectState",
    ]


@pytest.mark.parametrize(
    "cmdlet",
    [
        one.name
        for one in CMDLETS
        if one.endpoint == "exchange" and one.name.startswith(("Get-", "Test-")) and "2016" in one.releases
    ],
)
def test_nothing_is_added_and_nothing_nested(ask: Ask, cmdlet: str) -> None:
    shown = ask(cmdlet, **({"Identity": "EX01"} if cmdlet == "Get-ServerComponentState" else {}))
    assert shown.tag == "Obj"
    assert shown.find("TN") is not None
    assert shown.find("MS") is None
    assert shown.find("Props/Obj/Props") is None
    assert shown.find("Props/Obj/ToString") is None
    assert "SerializationData" not in ElementTree.tostring(shown, encoding="unicode")
    for added_on_receipt in ("RunspaceId", "PSComputerName", "PSShowComputerName"):
        assert shown.find(f"Props/*[@N='{added_on_receipt}']") is None
