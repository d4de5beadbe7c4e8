"""Objects as real Exchange servers send them become plain values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import to_plain

Captured = Callable[[str], list[Any]]


def test_lists_enums_sizes_and_spans_of_a_receive_connector(captured: Captured) -> None:
    connectors = {item["Name"].rsplit(" ", 1)[0]: item for item in captured("Get-ReceiveConnector.exchange2019")}
    client = connectors["Client Frontend"]
    assert client["AuthMechanism"]["$value"] == 15
    assert sorted(binding["$text"] for binding in client["Bindings"]) == ["0.0.0.0:587", "[::]:587"]
    assert client["MaxMessageSize"]["$text"] == "36 MB (37,748,736 bytes)"
    assert client["ConnectionTimeout"]["Ticks"] == 6_000_000_000
    assert client["MaxInboundConnection"] == {"$text": "5000", "IsUnlimited": False, "Value": 5000}
    assert client["TlsCertificateName"] is None


def test_a_server_with_its_version_and_controller(captured: Captured) -> None:
    (server,) = captured("Get-ExchangeServer.exchange2019")
    assert (server["Name"], server["Fqdn"]) == ("SOLO-E19A", "Solo-E19A.Solo.com")
    version = server["AdminDisplayVersion"]
    assert [version[part] for part in ("Major", "Minor", "Build")] == [15, 2, 986]
    assert server["OriginatingServer"] == "Solo-DC1.Solo.com"
    assert server["WhenChangedUTC"] == "2021-09-28T17:32:01Z"
    assert "SerializationData" not in json.dumps(server)


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
    assert to_plain(document) == {"$text": "x", "Name": "n", "RawData": {"$bytes": "AAE="}}
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
