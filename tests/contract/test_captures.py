"""The simulator's objects against real captures: type names, members, their order, and how each value is encoded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from psrpcore.types import serialize_clixml

from exchange_simulator.engine import Command
from exchange_simulator.organisation import Organisation
from exchange_simulator.prepared import built

_NAMESPACE = "{http://schemas.microsoft.com/powershell/2004/04}"
# Added by the shell that received the objects, so not on the wire.
_ADDED_ON_RECEIPT = {"PSComputerName", "RunspaceId", "PSShowComputerName"}
_SERVICE = "System.ServiceProcess.ServiceController"


class Document:
    """A CLIXML document whose references are resolved."""

    def __init__(self, text: str) -> None:
        self.root = ElementTree.fromstring(text)
        for element in self.root.iter():
            element.tag = element.tag.removeprefix(_NAMESPACE)
        self._objects = {one.get("RefId"): one for one in self.root.iter("Obj")}
        self._types = {one.get("RefId"): tuple(name.text for name in one) for one in self.root.iter("TN")}

    def follow(self, element: ElementTree.Element) -> ElementTree.Element:
        return self._objects[element.get("RefId")] if element.tag == "Ref" else element

    def types(self, element: ElementTree.Element) -> tuple[str | None, ...]:
        for child in element:
            if child.tag in ("TN", "TNRef"):
                return self._types[child.get("RefId")]
        return ()

    def members(self, element: ElementTree.Element, group: str) -> dict[str, ElementTree.Element]:
        found = element.find(group)
        members = [] if found is None else [(one.get("N", ""), one) for one in found]
        return {name: one for name, one in members if name not in _ADDED_ON_RECEIPT}


def differences(real: Document, wanted: ElementTree.Element, ours: Document, got: ElementTree.Element) -> list[str]:
    """Where an object of ours is not shaped like the real one."""
    return list(_differences(real, wanted, ours, got, wanted.get("N", "object")))


def _differences(
    real: Document, wanted: ElementTree.Element, ours: Document, got: ElementTree.Element, path: str
) -> Iterator[str]:
    wanted, got = real.follow(wanted), ours.follow(got)
    if wanted.tag != got.tag:
        yield f"{path}: a {wanted.tag} is a {got.tag}"
        return
    if wanted.tag != "Obj":
        return
    if real.types(wanted) != ours.types(got):
        yield f"{path}: {real.types(wanted)} are {ours.types(got)}"
    for group in ("Props", "MS"):
        theirs, mine = real.members(wanted, group), ours.members(got, group)
        if list(theirs) != list(mine):
            yield f"{path}: {group} {list(theirs)} are {list(mine)}"
            return
        for name, value in theirs.items():
            yield from _differences(real, value, ours, mine[name], f"{path}.{name}")
    # psrpcore writes an empty ToString as none at all.
    for tag in ("ToString", "LST", "I32"):
        theirs_has, mine_has = wanted.find(tag), got.find(tag)
        if (theirs_has is None or (tag == "ToString" and not theirs_has.text)) != (mine_has is None):
            yield f"{path}: {tag}"
    for theirs_item, mine_item in zip(wanted.findall("LST/*"), got.findall("LST/*"), strict=False):
        yield from _differences(real, theirs_item, ours, mine_item, f"{path}[]")


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    return Organisation(
        servers=[("EX19", "2019"), ("EX16", "2016"), ("EX13", "2013"), ("EX10", "2010")],
        domain="contoso.test",
        directory=tmp_path_factory.mktemp("pki"),
        first_address="127.0.0.1",
        port_offset=0,
    )


def load(folder: Path, name: str) -> Document:
    document = Document((folder / f"{name}.xml").read_text(encoding="utf-8"))
    # A loop over none of them would find nothing wrong.
    assert len(document.root), name
    return document


def ask(organisation: Organisation, server: str, endpoint: Any, cmdlet: str, **parameters: Any) -> Document:
    result = organisation.run(server, endpoint, "contract", [[Command(cmdlet, tuple(parameters.items()))]])
    assert result.terminating is None
    assert not result.errors
    return Document(serialize_clixml(list(map(built, result.output)), None))  # type: ignore[arg-type]


@pytest.mark.parametrize(("server", "release"), [("EX19", "exchange2019"), ("EX16", "exchange2016")])
def test_exchange_server(captures: Path, organisation: Organisation, server: str, release: str) -> None:
    real = load(captures, f"Get-ExchangeServer.{release}")
    ours = ask(organisation, server, "exchange", "Get-ExchangeServer", Identity=server)
    assert differences(real, real.root[0], ours, ours.root[0]) == []
    members = ours.members(ours.root[0], "Props")
    for name, theirs in real.members(real.root[0], "Props").items():
        # The evaluation period of the captured servers had run out; otherwise they are what ours play.
        if theirs.tag == "B" and name != "IsExpiredExchangeTrialEdition":
            assert members[name].text == theirs.text, name


def test_component_state(captures: Path, organisation: Organisation) -> None:
    real = load(captures, "Get-ServerComponentState.PopProxy-ImapProxy.exchange2019")
    ours = ask(organisation, "EX19", "exchange", "Get-ServerComponentState", Identity="EX19")
    names = [[one.findtext("Props/S[@N='Component']") for one in document.root] for document in (real, ours)]
    assert names[0] == names[1]
    for theirs, mine in zip(real.root, ours.root, strict=True):
        assert differences(real, theirs, ours, mine) == []


@pytest.mark.parametrize(
    ("capture", "server"),
    [
        ("Get-Service.exchange2019", "EX19"),
        ("Get-Service.exchange2016", "EX16"),
        ("Get-Service.MSExchangeADTopology.exchange2019", "EX19"),
    ],
)
def test_service(captures: Path, organisation: Organisation, capture: str, server: str) -> None:
    """The captures were taken at depth 2: what they nest one level down is what default remoting sends."""
    real = load(captures, capture)
    nested = [one for one in real.root.iterfind("Obj/Props/Obj/LST/Obj") if real.types(one)[0] == _SERVICE]
    assert nested
    for theirs in nested:
        name = theirs.findtext("Props/S[@N='ServiceName']") or ""
        ours = ask(organisation, server, "windows", "Get-Service", Name=name)
        mine = ours.root[0]
        assert differences(real, theirs, ours, mine) == []
        for member in ("ServiceName", "DisplayName", "MachineName", "Status", "ServiceType", "StartType"):
            path = f"Props/S[@N='{member}']"
            assert mine.findtext(path) == theirs.findtext(path), (name, member)
        for member in ("CanPauseAndContinue", "CanShutdown", "CanStop"):
            path = f"Props/B[@N='{member}']"
            assert mine.findtext(path) == theirs.findtext(path), (name, member)
        path = "Props/Obj[@N='ServicesDependedOn']/LST/S"
        assert [one.text for one in mine.iterfind(path)] == [one.text for one in theirs.iterfind(path)]


def test_dependents_of_the_topology_service(captures: Path, organisation: Organisation) -> None:
    real = load(captures, "Get-Service.exchange2019")
    ours = ask(organisation, "EX19", "windows", "Get-Service", Name="MSExchangeADTopology")
    theirs = next(
        one
        for one in real.root.iter("Obj")
        if one.findtext("ToString") == "MSExchangeADTopology" and one.find("Props") is not None
    )
    path = "Props/Obj[@N='DependentServices']/LST/S"
    assert [one.text for one in ours.root[0].iterfind(path)] == [one.text for one in theirs.iterfind(path)]


@pytest.mark.parametrize("cmdlet", ["Get-PopSettings", "Get-ImapSettings"])
@pytest.mark.parametrize("capture", ["Get-ReceiveConnector.exchange2019", "Get-AcceptedDomain.exchange2019"])
def test_settings_share_the_tail_of_configuration_objects(
    captures: Path, organisation: Organisation, cmdlet: str, capture: str
) -> None:
    real = load(captures, capture)
    ours = ask(organisation, "EX19", "exchange", cmdlet, Server="EX19")
    # Microsoft's page of the class has four names before the one that all configuration objects share.
    assert real.types(real.root[0])[1:] == ours.types(ours.root[0])[4:]
    theirs, mine = real.members(real.root[0], "Props"), ours.members(ours.root[0], "Props")
    # The class of these settings declares Name itself, and a class's own members come first.
    names = [name for name in list(theirs)[list(theirs).index("AdminDisplayName") :] if name != "Name"]
    assert list(mine)[:2] == ["ProtocolName", "Name"]
    order = list(mine)[list(mine).index("AdminDisplayName") :]
    # The two captured objects place Guid alike and Identity before it, as ours do.
    assert order == names
    for name in ("Name", *names):
        assert differences(real, theirs[name], ours, mine[name]) == []
    assert "SerializationData" in ours.members(ours.root[0], "MS")


@pytest.mark.parametrize(
    ("captured", "member"),
    [("Bindings", "SSLBindings"), ("ConnectionTimeout", "AuthenticatedConnectionTimeout"), ("Server", "Server")],
)
def test_values_of_settings_are_encoded_like_a_connector(
    captures: Path, organisation: Organisation, captured: str, member: str
) -> None:
    real = load(captures, "Get-ReceiveConnector.exchange2019")
    ours = ask(organisation, "EX19", "exchange", "Get-PopSettings", Server="EX19")
    mine = ours.members(ours.root[0], "Props")[member]
    # The second connector lists the IPv6 binding first, as the POP3 default does.
    assert differences(real, real.members(real.root[1], "Props")[captured], ours, mine) == []


@pytest.mark.parametrize(("quota", "captured"), [("unlimited", "MessageRateLimit"), ("36MB", "MaxInboundConnection")])
def test_byte_size_limit(captures: Path, organisation: Organisation, quota: str, captured: str) -> None:
    """No byte size limit was captured: it is the captured Unlimited around the captured byte size."""
    real = load(captures, "Get-ReceiveConnector.exchange2019")
    ask(organisation, "EX19", "exchange", "Set-PopSettings", Server="EX19", LogPerFileSizeQuota=quota)
    ours = ask(organisation, "EX19", "exchange", "Get-PopSettings", Server="EX19")
    theirs = real.members(real.root[0], "Props")[captured]
    mine = ours.members(ours.root[0], "Props")["LogPerFileSizeQuota"]
    assert list(real.members(theirs, "Props")) == list(ours.members(mine, "Props"))
    assert real.types(theirs)[1:] == ours.types(mine)[1:]
    if quota != "unlimited":
        size = real.members(real.root[0], "Props")["MaxMessageSize"]
        value = ours.members(mine, "Props")["Value"]
        value.set("N", "MaxMessageSize")
        assert differences(real, size, ours, value) == []
        assert value.findtext("ToString") == size.findtext("ToString")


def test_enumerations_carry_name_and_number(captures: Path, organisation: Organisation) -> None:
    real = load(captures, "Get-ReceiveConnector.exchange2019")
    ours = ask(organisation, "EX19", "exchange", "Get-PopSettings", Server="EX19")
    theirs = real.members(real.root[0], "Props")["ProtocolLoggingLevel"]
    mine = ours.members(ours.root[0], "Props")["LoginType"]
    assert real.types(theirs)[1:] == ours.types(mine)[1:]
    assert (mine.findtext("ToString"), mine.findtext("I32")) == ("SecureLogin", "3")


_CONFIGURATION = "Microsoft.Exchange.Data.Directory.SystemConfiguration."


@pytest.mark.parametrize(("cmdlet", "name"), [("Get-PopSettings", "Pop3"), ("Get-ImapSettings", "Imap4")])
def test_the_classes_of_the_settings(organisation: Organisation, cmdlet: str, name: str) -> None:
    """As Microsoft's pages of the two classes derive them."""
    ours = ask(organisation, "EX19", "exchange", cmdlet, Server="EX19")
    assert ours.types(ours.root[0]) == (
        f"{_CONFIGURATION}{name}AdConfiguration",
        f"{_CONFIGURATION}PopImapAdConfiguration",
        f"{_CONFIGURATION}ADEmailTransport",
        f"{_CONFIGURATION}ADLegacyVersionableObject",
        f"{_CONFIGURATION}ADConfigurationObject",
        "Microsoft.Exchange.Data.Directory.ADObject",
        "Microsoft.Exchange.Data.Directory.ADRawEntry",
        "Microsoft.Exchange.Data.ConfigurableObject",
        "System.Object",
    )


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("LoginType", f"{_CONFIGURATION}LoginOptions"),
        ("MessageRetrievalMimeFormat", f"{_CONFIGURATION}MimeTextFormat"),
        ("MessageRetrievalSortOrder", "Microsoft.Exchange.Data.SortOrder"),
        ("CalendarItemRetrievalOption", f"{_CONFIGURATION}CalendarItemRetrievalOptions"),
        ("LogFileRollOverSettings", "Microsoft.Exchange.Diagnostics.LogFileRollOver"),
        ("ExtendedProtectionPolicy", f"{_CONFIGURATION}ExtendedProtectionTokenCheckingMode"),
    ],
)
def test_the_namespaces_of_enumerations(organisation: Organisation, member: str, name: str) -> None:
    """As Microsoft's pages of the enumerations have them."""
    ours = ask(organisation, "EX19", "exchange", "Get-PopSettings", Server="EX19")
    assert ours.types(ours.members(ours.root[0], "Props")[member])[0] == name


def test_connection_settings_are_objects(organisation: Organisation) -> None:
    """Microsoft's page of the class: Hostname has a class of its own, EncryptionType is an enumeration or nothing."""
    given = ["mail.contoso.test:995:SSL", "mail.contoso.test:110"]
    ask(organisation, "EX19", "exchange", "Set-PopSettings", Server="EX19", ExternalConnectionSettings=given)
    ours = ask(organisation, "EX19", "exchange", "Get-PopSettings", Server="EX19")
    items = ours.members(ours.root[0], "Props")["ExternalConnectionSettings"].findall("LST/*")
    assert [one.findtext("ToString") for one in items] == given
    first, second = (ours.members(one, "Props") for one in items)
    assert ours.types(first["Hostname"])[0] == "Microsoft.Exchange.Data.Hostname"
    assert first["Port"].text == "995"
    method = ours.follow(first["EncryptionType"])
    assert (method.findtext("ToString"), ours.types(method)[1]) == ("SSL", "System.Enum")
    assert second["EncryptionType"].tag == "Nil"


@pytest.mark.parametrize(("server", "shown"), [("EX10", True), ("EX13", True), ("EX16", False), ("EX19", False)])
def test_the_member_that_went_with_2016(organisation: Organisation, server: str, shown: bool) -> None:
    ours = ask(organisation, server, "exchange", "Get-ImapSettings", Server=server)
    assert ("LiveIdBasicAuthReplacement" in ours.members(ours.root[0], "Props")) is shown
