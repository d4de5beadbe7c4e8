"""Certificates and receive connectors of the simulator against the real captures."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_captures import Document, ask, differences, load, organisation

from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import read_certificate
from exchange_simulator.certificate_payload import Description, signed, stream
from exchange_simulator.organisation import Organisation

__all__ = ["organisation"]

_CERTIFICATES = (
    "exchange2019",
    "exchange2016",
    "pop-imap-iis",
    "several-services",
    "signed-serialization",
)
_IDENTIFIER = "<I>CN=EX19<S>CN=EX19"
# What an administrator had set on the captured server.
_CHANGED = {"TlsCertificateName": _IDENTIFIER, "TlsDomainCapabilities": "fabrikam.com:AcceptCloudServicesMail"}
_CONNECTORS = ("Default", "Client Proxy", "Default Frontend", "Client Frontend")
# These are about the server, the connector's place and its age.
_OWN = {
    "DistinguishedName",
    "Fqdn",
    "Guid",
    "Id",
    "Identity",
    "Name",
    "ObjectCategory",
    "OriginatingServer",
    "Server",
    "TlsCertificateName",
    "WhenChanged",
    "WhenChangedUTC",
    "WhenCreated",
    "WhenCreatedUTC",
}


def payloads(folder: Path, name: str) -> Iterator[tuple[bytes, bytes]]:
    """RawData and SerializationData of each captured certificate."""
    real = load(folder, f"Get-ExchangeCertificate.{name}")
    for one in real.root:
        raw, data = one.findtext("Props/BA"), one.findtext("MS/BA[@N='SerializationData']")
        yield base64.b64decode(raw or ""), base64.b64decode(data or "")


def described(data: bytes) -> Description:
    """The facts in a captured stream, found by what stands in front of them."""
    status, root_type, services = (
        struct.unpack_from("<i", data, found.end())[0]
        for found in list(re.finditer(rb"value__\x00\x08\x02\x00\x00\x00", data))[:3]
    )
    start = data.index(b"\x0f\x03\x00\x00\x00")
    length = struct.unpack_from("<i", data, start + 5)[0]
    first, second = data.index(b"\x09\x03\x00\x00\x00") + 5, data.index(b"\x09\x07\x00\x00\x00") + 5
    return Description(
        element=data[start + 10 : start + 10 + length],
        identity=data[second + 7 : second + 7 + data[second + 6]].decode(),
        self_signed=bool(data[first]),
        status=status,
        root_type=root_type,
        services=services,
        exportable=bool(data[second]),
        sites=[site.decode() for site in re.findall(rb"IIS://[^\n]*", data)],
    )


@pytest.mark.parametrize("name", _CERTIFICATES)
def test_the_serialized_certificate_is_the_real_one_byte_for_byte(captures: Path, name: str) -> None:
    for _der, data in payloads(captures, name):
        frame = data.startswith(b"#sig#")
        inner = data[9:-32] if frame else data
        assert stream(described(inner)) == inner
        assert not frame or signed(inner)[: len(data) - 32] == data[:-32]
        assert not frame or len(signed(inner)) == len(data)


@pytest.mark.parametrize("name", _CERTIFICATES)
@pytest.mark.parametrize("services", [0, 3, 27])
def test_the_collection_reads_what_the_simulator_writes(captures: Path, name: str, services: int) -> None:
    """The collection's parser is proven by the captures, and so are the simulator's streams, each without the other."""
    for der, data in payloads(captures, name):
        facts = described(data[9:-32] if data.startswith(b"#sig#") else data)
        told = {"RawData": der, "SerializationData": stream(replace(facts, services=services))}
        wire = {member: {"$bytes": base64.b64encode(content).decode()} for member, content in told.items()}
        names = {0: set(), 3: {"IMAP", "POP"}, 27: {"IMAP", "POP", "IIS", "SMTP"}}[services]
        assert read_certificate(wire).services == names


@pytest.mark.parametrize(("server", "release"), [("EX19", "exchange2019"), ("EX16", "exchange2016")])
def test_certificate(captures: Path, organisation: Organisation, server: str, release: str) -> None:
    real = load(captures, f"Get-ExchangeCertificate.{release}")
    ours = ask(organisation, server, "exchange", "Get-ExchangeCertificate", Server=server)
    theirs = {services_of(one): one for one in real.root}
    found = {services_of(one): one for one in ours.root}
    # The imported certificate has no twin in the captures.
    assert sorted(theirs) == [0, 16, 27]
    assert sorted(services_of(one) for one in ours.root) == [0, 0, 16, 27]
    for services, one in theirs.items():
        assert differences(real, one, ours, found[services]) == []
        assert shape(one.findtext("ToString")) == shape(found[services].findtext("ToString"))


def services_of(one: ElementTree.Element) -> int:
    data = base64.b64decode(one.findtext("MS/BA[@N='SerializationData']") or "")
    return described(data[9:-32] if data.startswith(b"#sig#") else data).services


def shape(text: str | None) -> str:
    """The text with its dates' form and without its values."""
    dated = re.sub(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d(?=_x000D_)", "DATE", text or "")
    return re.sub(r"(?<=_x000A_  )(?!DATE).*?(?=_x000D_)", "", dated)


@pytest.fixture(scope="module")
def connectors(captures: Path, organisation: Organisation) -> tuple[Document, Document]:
    ask(organisation, "EX19", "exchange", "Set-ReceiveConnector", Identity=r"EX19\Default Frontend EX19", **_CHANGED)
    return (
        load(captures, "Get-ReceiveConnector.exchange2019"),
        ask(organisation, "EX19", "exchange", "Get-ReceiveConnector", Server="EX19"),
    )


@pytest.mark.parametrize("prefix", _CONNECTORS)
def test_connector(connectors: tuple[Document, Document], prefix: str) -> None:
    real, ours = connectors
    theirs, mine = (
        next(one for one in document.root if re.fullmatch(rf".*\\{prefix} [^ ]+", one.findtext("ToString") or ""))
        for document in connectors
    )
    assert differences(real, theirs, ours, mine) == []
    members = ours.members(mine, "Props")
    assert len(members) == 73
    for name, value in real.members(theirs, "Props").items():
        if name not in _OWN:
            assert told(ours, members[name]) == told(real, value), name


def test_the_connectors_of_setup(connectors: tuple[Document, Document]) -> None:
    """The capture came without the fifth, and in this order."""
    names = [[(one.findtext("ToString") or "").rpartition("\\")[2] for one in document.root] for document in connectors]
    theirs, mine = ([name.rpartition(" ")[0] for name in each] for each in names)
    assert theirs == list(_CONNECTORS)
    assert [name for name in mine if name != "Outbound Proxy Frontend"] == theirs


def told(document: Document, element: ElementTree.Element) -> object:
    """A value as its text, number and items."""
    value = document.follow(element)
    if value.tag != "Obj":
        return value.text or ""
    items = value.find("LST")
    if items is not None:
        return [told(document, item) for item in items]
    return value.findtext("ToString") or "", value.findtext("I32")
