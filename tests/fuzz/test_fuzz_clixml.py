"""Whatever CLIXML a server sends becomes JSON, or an error that a session takes for a broken answer."""

from __future__ import annotations

import base64
import contextlib
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fuzzing import fuzz, spoilt, watched
from hypothesis import strategies as st
from needed import CAPTURES
from psrpcore.types import serialize_clixml
from pypsrp.complex_objects import ErrorRecord

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import winrs
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.boundary import Unintelligible
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import (
    LineSerializer,
    read_error,
    to_plain,
)
from exchange_simulator.engine import Command
from exchange_simulator.organisation import Organisation

TAGS = (
    "Obj", "Ref", "TN", "TNRef", "T", "ToString", "Props", "MS", "LST", "IE", "STK", "QUE", "DCT", "En", "S", "C", "B",
    "DT", "TS", "By", "SB", "U16", "I16", "U32", "I32", "U64", "I64", "Sg", "Db", "D", "BA", "G", "URI", "Nil",
    "Version", "XD", "SBK", "SS", "PR", "I", "Key", "Nonsense",
)  # fmt: skip
TEXTS = (
    "", "0", "55296", "-1", "9" * 5000, "1e999", "NaN", "true", "_x0000_", "_xD800_", "_x", "PT", "P9999999999D", "AA",
    "A", "2020-13-45T99:99:99", "00000000-0000-0000-0000-000000000000", "٣", "\u202e", "x" * 100_000,
)  # fmt: skip
TOKENS = [
    b"<Nil/>", b"<Obj RefId=\"0\">", b"</Obj>", b"<Ref RefId=\"0\"/>", b"<TNRef RefId=\"0\"/>", b"<LST>", b"</LST>",
    b"<DCT><En/></DCT>", b"<![CDATA[", b"]]>", b"<!--", b"&#0;", b"&#x10FFFF;", b"&lt;", b"&x;", b"<?x?>", b"\xff\xfe",
    b"<!DOCTYPE x [<!ENTITY x \"y\">]>", b"<I32>" + b"9" * 5000 + b"</I32>", b"<LST>" * 2000, b"\0", b" N=\"Name\"",
]  # fmt: skip


@cache
def honest() -> list[bytes]:
    """Objects as servers send them: captured ones if they are here, and the simulator's."""
    with tempfile.TemporaryDirectory() as folder:
        organisation = Organisation(
            servers=[("EX01", "SE")],
            domain="contoso.test",
            directory=Path(folder),
            first_address="127.0.0.1",
            port_offset=0,
        )
        documents = []
        for endpoint, cmdlet, parameters in (
            ("exchange", "Get-ExchangeServer", {"Identity": "EX01"}),
            ("exchange", "Get-PopSettings", {"Server": "EX01"}),
            ("exchange", "Get-ReceiveConnector", {"Server": "EX01"}),
            ("exchange", "Get-ExchangeCertificate", {"Server": "EX01"}),
            ("exchange", "Get-CASMailbox", {}),
            ("windows", "Get-CimInstance", {"ClassName": "Win32_Service"}),
            ("exchange", "Set-PopSettings", {"Server": "EX01", "LoginType": "9"}),
            ("exchange", "Get-ExchangeServer", {"Identity": "nobody"}),
        ):
            command = Command(cmdlet, tuple(parameters.items()))
            result = organisation.run("EX01", endpoint, "fuzz", [[command]])  # type: ignore[arg-type]
            documents += [serialize_clixml([one], None) for one in result.output[:2]]  # type: ignore[arg-type]
            if result.terminating:
                documents.append(serialize_clixml([result.terminating], None))  # type: ignore[arg-type]
            documents += [serialize_clixml([one], None) for one in result.errors]  # type: ignore[arg-type]
    documents += [path.read_text(encoding="utf-8") for path in sorted(CAPTURES.glob("*.xml"))]
    found = [text for document in documents for text in objects(document)]
    assert len(found) > 8
    for text in found:
        to_plain(text.decode())
    return found


def objects(document: str) -> list[bytes]:
    """The first objects of a document, each by itself as on the wire; long ones only slow everything down."""
    root = ElementTree.fromstring(document)
    types: dict[str | None, list[ElementTree.Element]] = {}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        if element.tag == "TN":
            types[element.get("RefId")] = list(element)
        elif element.tag == "TNRef":
            element.tag = "TN"
            element.extend(types[element.get("RefId")])
    return [text for one in root if len(text := ElementTree.tostring(one)) < 30_000 and is_whole(one)][:4]


def is_whole(one: ElementTree.Element) -> bool:
    """Whether an object refers to nothing outside of it, as in a file of several it may."""
    return {ref.get("RefId") for ref in one.iter("Ref")} <= {held.get("RefId") for held in one.iter("Obj")}


def read(item: str | ElementTree.Element) -> None:
    """What becomes of an object on its way to a module: an error of the session's, or values that can be passed on."""
    try:
        plain = to_plain(item)
    except Unintelligible:
        return
    reply = Reply.parse(Reply(output=[plain]).to_json())
    with contextlib.suppress(Failure):
        Server.read(reply.output[0])
    json.dumps(plain, ensure_ascii=False).encode()


@st.composite
def rearranged(draw: st.DrawFn) -> bytes:
    """A document that is still XML: elements renamed, moved, doubled, with other texts and references."""
    root = ElementTree.fromstring(draw(st.sampled_from(honest())))
    for _number in range(draw(st.integers(1, 6))):
        elements = list(root.iter())
        one = elements[draw(st.integers(0, len(elements) - 1))]
        match draw(st.integers(0, 6)):
            case 0:
                one.tag = draw(st.sampled_from(TAGS))
            case 1:
                one.text = draw(st.sampled_from(TEXTS))
            case 2:
                one.set("RefId", draw(st.sampled_from(["0", "1", "99", "x", ""])))
            case 3:
                one.set("N", draw(st.sampled_from(["Name", "$text", "Fqdn", "", "SerializationData"])))
            case 4:
                other = ElementTree.fromstring(draw(st.sampled_from(honest())))
                parts = list(other.iter())
                one.append(parts[draw(st.integers(0, len(parts) - 1))])
            case 5:
                one.clear()
            case 6 if len(one):
                one.remove(one[draw(st.integers(0, len(one) - 1))])
    return ElementTree.tostring(root)


@fuzz(300, rearranged())
def test_objects_that_are_not_what_they_should_be(document: bytes) -> None:
    read(document.decode())


@fuzz(300, st.deferred(lambda: spoilt(honest(), TOKENS)))
def test_text_that_is_not_xml_any_more(document: bytes) -> None:
    """As the winrm transport gets it: base64 of a whole document."""
    begin = b'<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    try:
        found = winrs._object(base64.b64encode(begin + document + b"</Objs>").decode())
    except Unintelligible:
        return
    read(found)


@st.composite
def records(draw: st.DrawFn) -> Any:
    """An error record as pypsrp hands it out, with anything in its places."""
    known = st.sampled_from(honest()).map(lambda text: LineSerializer().deserialize(ElementTree.fromstring(text)))
    values = st.none() | st.text(max_size=20) | st.integers() | st.booleans() | st.lists(st.text(max_size=3)) | known
    names = ("exception", "details_message", "fq_error", "category", "reason", "target_name", "activity")
    record = ErrorRecord()
    vars(record).update({name: draw(values) for name in names})
    return record


@fuzz(200, records())
def test_error_records(record: Any) -> None:
    error = read_error(record, "Get-PopSettings")
    assert all(value is None or isinstance(value, str) for value in vars(error).values())
    json.dumps(vars(error), ensure_ascii=False).encode()
    reply = Reply.parse(Reply("failed", errors=[error]).to_json())
    assert reply.errors[0].sentence("Get-PopSettings").endswith(".")


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("<LST>", "</LST>"),
        ('<Obj N="a" RefId="1"><MS>', "</MS></Obj>"),
        ("<DCT><En><S N='Key'>a</S>", "</En></DCT>"),
    ],
)
def test_deep_nesting_is_refused(begin: str, end: str) -> None:
    document = f'<Obj RefId="0">{begin * 50_000}{end * 50_000}</Obj>'
    with watched(), pytest.raises(Unintelligible):
        to_plain(document)


def test_references_that_grow_are_refused() -> None:
    """Each of twelve objects refers ten times to the one before: a million million copies of the first."""
    objects = ['<Obj RefId="0"><MS><S N="a">x</S></MS></Obj>']
    for number in range(1, 13):
        referred = "".join(f'<Ref N="m{copy}" RefId="{number - 1}"/>' for copy in range(10))
        objects.append(f'<Obj RefId="{number}"><MS>{referred}</MS></Obj>')
    with watched(), pytest.raises(Unintelligible, match="comes to more than"):
        to_plain(f'<Obj RefId="99"><LST>{"".join(objects)}</LST></Obj>')


def test_an_object_that_holds_itself_is_refused() -> None:
    with pytest.raises(Unintelligible):
        to_plain('<Obj RefId="0"><MS><Ref N="a" RefId="0"/></MS></Obj>')


def test_halves_of_characters_become_whole_ones() -> None:
    value = to_plain('<Obj RefId="0"><MS><S N="a">_xD83D__xDE00_ _xD800_</S></MS></Obj>')
    assert value["a"] == "\U0001f600 \ufffd"
    assert to_plain("<C>55296</C>") == "\ufffd"
