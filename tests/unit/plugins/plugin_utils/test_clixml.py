"""Objects as real Exchange servers send them become plain values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pypsrp.complex_objects import ObjectMeta
from pypsrp.messages import ErrorRecordMessage

from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.boundary import Unintelligible
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import (
    LineSerializer,
    read_error,
    to_plain,
)

Captured = Callable[[str], list[Any]]


def test_lists_enums_sizes_and_spans_of_a_receive_connector(captured: Captured) -> None:
    connectors = {item["Name"].rsplit(" ", 1)[0]: item for item in captured("Get-ReceiveConnector.exchange2019")}
    client = connectors["Client Frontend"]
    assert client["AuthMechanism"]["$value"] == 15
    assert sorted(binding["$text"] for binding in client["Bindings"]) == ["0.0.0.0:587", "[::]:587"]
    assert client["MaxMessageSize"]["$text"] == "36 MB (37,748,736 bytes)"
    assert client["ConnectionTimeout"]["Ticks"] == 6_000_000_000
    limit = client["MaxInboundConnection"]
    assert limit.pop("$type").startswith("Microsoft.Exchange.Data.Unlimited`1[[System.Int32, ")
    assert limit == {"$text": "5000", "IsUnlimited": False, "Value": 5000}
    assert client["TlsCertificateName"] is None


def test_a_server_with_its_version_and_controller(captured: Captured) -> None:
    (server,) = captured("Get-ExchangeServer.exchange2019")
    assert (server["Name"], server["Fqdn"]) == ("SOLO-E19A", "Solo-E19A.Solo.com")
    version = server["AdminDisplayVersion"]
    assert [version[part] for part in ("Major", "Minor", "Build")] == [15, 2, 986]
    assert server["OriginatingServer"] == "Solo-DC1.Solo.com"
    assert server["WhenChangedUTC"] == "2021-09-28T17:32:01Z"
    assert "SerializationData" not in json.dumps(server)


@given(st.text())
@example("\ud800")
def test_a_text_that_is_piped_in_is_what_pypsrp_makes_of_it(text: str) -> None:
    """The bytes that are written for it at once, and those of the element that pypsrp would build."""
    serializer = LineSerializer()
    element = serializer.serialize(text, ObjectMeta())
    assert serializer.serialize(text) == ElementTree.tostring(element, encoding="utf-8", short_empty_elements=False)
    # Half a character is nothing that can be read.
    assert text == "\ud800" or to_plain(serializer.serialize(text).decode()) == text


def test_every_capture_becomes_json(captures: Path, captured: Captured) -> None:
    names = [path.stem for path in captures.glob("*.xml")]
    assert names
    for name in names:
        objects = captured(name)
        assert objects, name
        assert "<LST" not in json.dumps(objects), name


def test_only_the_members_asked_for() -> None:
    document = (
        '<Obj RefId="0"><TN RefId="0"><T>X</T><T>System.Object</T></TN><ToString>x</ToString>'
        '<Props><S N="Name">n</S><BA N="RawData">AAE=</BA></Props><MS><BA N="SerializationData">AAE=</BA></MS></Obj>'
    )
    assert to_plain(document) == {"$text": "x", "$type": "X", "Name": "n", "RawData": {"$bytes": "AAE="}}
    assert to_plain(document, ["SerializationData"]) == {"$text": "x", "SerializationData": {"$bytes": "AAE="}}


def test_members_are_called_what_they_were_asked_for() -> None:
    document = '<Obj RefId="0"><ToString>x</ToString><Props><S N="sslbindings">a</S><S N="Other">b</S></Props></Obj>'
    assert to_plain(document, ["SSLBindings", "OTHER"]) == {"$text": "x", "SSLBindings": "a", "OTHER": "b"}


def test_what_has_no_text_shows_its_type() -> None:
    types = '<TN RefId="0"><T>Microsoft.Exchange.Data.IPBinding</T><T>System.Object</T></TN>'
    bare = f'<Obj RefId="1">{types}<Props><I32 N="Port">995</I32></Props></Obj>'
    again = '<Obj RefId="2"><TNRef RefId="0" /><Props><I32 N="Port">110</I32></Props></Obj>'
    read = to_plain(
        f'<Obj RefId="0"><ToString>x</ToString><Props><Obj N="B" RefId="3"><LST>{bare}{again}</LST></Obj></Props></Obj>'
    )
    named = {"$text": None, "$type": "Microsoft.Exchange.Data.IPBinding"}
    assert read == {"$text": "x", "B": [{**named, "Port": 995}, {**named, "Port": 110}]}


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("<S>text</S>", "text"),
        ("<I32>5</I32>", 5),
        ("<B>false</B>", False),
        ("<DT>2026-01-02T00:00:00</DT>", "2026-01-02T00:00:00"),
        ("<BA>AAE=</BA>", {"$bytes": "AAE="}),
        ("<Nil />", None),
        ("<LST><S>a</S></LST>", ["a"]),
        ('<DCT><En><S N="Key">a</S><I32 N="Value">1</I32></En></DCT>', {"a": 1}),
    ],
)
@pytest.mark.parametrize("members", [None, ["Note"]])
def test_what_carries_a_note_is_its_value(content: str, value: Any, members: list[str] | None) -> None:
    noted = f'<Obj RefId="1">{content}<MS><S N="Note">n</S></MS></Obj>'
    assert to_plain(noted, members) == value
    holder = noted.replace("<Obj ", '<Obj N="Value" ')
    assert to_plain(f'<Obj RefId="0"><ToString>x</ToString><MS>{holder}</MS></Obj>')["Value"] == value


def test_an_object_inside_of_another_keeps_its_members() -> None:
    inner = '<Obj RefId="1"><ToString>in</ToString><Props><S N="A">a</S><S N="B">b</S></Props></Obj>'
    assert to_plain(f'<Obj RefId="0">{inner}<MS><S N="B">c</S><S N="D">d</S></MS></Obj>', ["b", "d", "a"]) == {
        "$text": "in",
        "a": "a",
        "b": "c",
        "d": "d",
    }
    enumeration = "<TN RefId='0'><T>X</T><T>System.Enum</T></TN><ToString>One</ToString><I32>1</I32>"
    assert to_plain(f'<Obj RefId="0"><Obj RefId="1">{enumeration}</Obj><MS><S N="Note">n</S></MS></Obj>') == {
        "$text": "One",
        "$value": 1,
    }


def test_an_encrypted_value_is_there_and_cannot_be_read() -> None:
    read = to_plain(
        '<Obj RefId="0"><ToString>x</ToString><Props><SS N="Password">AA==</SS><I32 N="A">1</I32></Props></Obj>'
    )
    assert read == {"$text": "x", "Password": {"$text": None, "$type": "System.Security.SecureString"}, "A": 1}


def test_null_is_put_out_without_anything() -> None:
    assert to_plain(LineSerializer().deserialize("")) is None


@pytest.mark.parametrize("reference", ["&#xFFFE;", "&#xffff;", "&#65534;", "&#65535;"])
def test_what_no_xml_can_hold_is_replaced(reference: str) -> None:
    assert to_plain(LineSerializer().deserialize(f"<S>a{reference}b</S>")) == "a\ufffdb"
    # These are letters.
    assert to_plain(LineSerializer().deserialize(f"<S>a&amp;{reference[1:]}b</S>")) == f"a{reference}b"


BOMB = '<!DOCTYPE S [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><S>&b;</S>'


def test_an_object_that_declares_entities_is_refused() -> None:
    """One inside of PowerShell remoting is no part of the envelope that was looked at."""
    with pytest.raises(Unintelligible, match="document type declaration"):
        to_plain(LineSerializer().deserialize(BOMB))


def test_what_describes_itself_and_declares_entities_is_refused() -> None:
    """An error, for example, which is read when it arrives."""
    with pytest.raises(Unintelligible, match="document type declaration"):
        LineSerializer().deserialize(BOMB, ObjectMeta("Obj", object=ErrorRecordMessage))


def test_the_parameter_of_an_error_and_its_text() -> None:
    """PowerShell puts a blank before the first mandatory parameter that is missing."""
    exception = '<Obj N="Exception" RefId="1"><ToString>x</ToString><Props><S N="ParameterName"> Name</S></Props></Obj>'
    record = (
        f'<Obj RefId="0"><ToString>x</ToString><MS>{exception}<S N="FullyQualifiedErrorId">Id</S>'
        '<I32 N="ErrorCategory_Category">5</I32><B N="SerializeExtendedInfo">false</B>'
        '<S N="ErrorDetails_Message">about a&#xFFFE;b</S></MS></Obj>'
    )
    error = read_error(LineSerializer().deserialize(record, ObjectMeta("Obj", object=ErrorRecordMessage)), "Get-X")
    assert (error.parameter, error.message, error.category) == ("Name", "about a\ufffdb", "InvalidArgument")
