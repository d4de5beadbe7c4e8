"""The same questions to the simulator's own engine and to a real PowerShell, compared message by message.

Both engines are asked by a raw client, for one organisation that is put back before each question. What can never be
the same on two runs (ids, times of the run) is left out; all else is compared: which messages come in which order, and
of each the elements, their order, names, types and texts.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from psrpcore import ClientPowerShell, ClientRunspacePool, PSRPPayload, StreamType
from psrpcore.types import PSCredential, PSSecureString, RemoteStreamOptions, RunspacePoolState
from winrs_client import BOOTSTRAP, SWITCHES

from exchange_simulator.catalogue.differences import LEFT_OUT
from exchange_simulator.engine import Runspace
from exchange_simulator.engines import Engine, Place
from exchange_simulator.forms import Form
from exchange_simulator.psrp import Pool
from exchange_simulator.real.runspaces import Messages

EndpointName = Literal["exchange", "windows"]
# One cmdlet of a pipeline with its parameters; one without a name is positional, and several may have the same.
Stage = tuple[str, Sequence[tuple[str | None, Any]]]


@dataclass(frozen=True)
class Pipeline:
    """One or more cmdlets, and what is piped into the first; None where nothing is."""

    stages: tuple[Stage, ...]
    piped: Sequence[Any] | None = None


_FRAGMENT = 32768
_SECONDS = 60.0
_ONE_RUN = re.compile(
    r"(?<=RequestId=)[0-9a-f-]{36}|(?<=TimeStamp=)[^\]]*|[0-9A-Fa-f]{8}(?=,Microsoft\.Exchange\.Management)"
)
_COMPLETED = b'N="PipelineState">4<'


@dataclass(frozen=True)
class Message:
    """One message of a server: its type, and its element where it has one."""

    kind: str
    content: Element | None


@dataclass(frozen=True)
class Difference:
    """What one engine says and the other does not, and where in the answer."""

    path: str
    own: str
    real: str


class Client:
    """A raw client of one runspace pool."""

    def __init__(self, engine: Engine, place: Place, form: Form) -> None:
        self._client = ClientRunspacePool()
        self._keyed = False
        self._client.open()
        self.runspace = Runspace(delegates=True, form=form)
        self._pool: Pool[Any] = engine.runspaces(place, self.runspace, self._sent()[0].data)
        self.opening = self._open()

    def ask(self, pipeline: Pipeline) -> list[Message]:
        """What is said about one pipeline, until it ends."""
        stages, piped = pipeline.stages, pipeline.piped
        self._exchange_key(stages)
        shell = ClientPowerShell(
            self._client, no_input=piped is None, remote_stream_options=RemoteStreamOptions.AddInvocationInfo
        )
        for name, parameters in stages:
            shell.add_command(name)
            for one, value in parameters:
                shell.add_parameter(one, value) if one is not None else shell.add_argument(value)
        shell.start()
        first, *others = self._sent()
        runnable = self._pool.command(shell.pipeline_id, first.data)
        for item in piped or ():
            shell.send(item)
            others += self._sent()
        if piped is not None:
            shell.send_eof()
            others += self._sent()
        for payload in others:
            runnable = self._pool.send(shell.pipeline_id, payload.data) or runnable
        assert runnable is not None
        runnable.run()
        messages = answer_of(self._pool, shell.pipeline_id)
        self._pool.terminate(shell.pipeline_id)
        return messages

    def close(self) -> None:
        self._pool.close()

    def _exchange_key(self, stages: Sequence[Stage]) -> None:
        """A pipeline with a password in it needs the session's key."""
        secured = (PSCredential, PSSecureString)
        if self._keyed or not any(isinstance(value, secured) for _, given in stages for _, value in given):
            return
        self._client.exchange_key()
        for payload in self._sent():
            self._pool.send(None, payload.data)
        while not self._keyed:
            self._heard()

    def _open(self) -> list[Message]:
        messages: list[Message] = []
        while self._client.state != RunspacePoolState.Opened:
            messages += self._heard()
        return messages

    def _heard(self) -> list[Message]:
        """What the pool itself says."""
        received = self._pool.receive(None, timeout=_SECONDS, room=1 << 20, is_connected=lambda: True)
        assert received is not None, "the pool says nothing"
        messages, said = [], Messages()
        for chunk in received.chunks:
            messages += [Message(kind.name, element(data)) for kind, data in said.feed(chunk)]
            self._client.receive_data(PSRPPayload(chunk, StreamType.default, None))
        while self._client.next_event():
            pass
        self._keyed = self._keyed or any(one.kind == "EncryptedSessionKey" for one in messages)
        return messages

    def _sent(self) -> list[PSRPPayload]:
        payloads = []
        while payload := self._client.data_to_send(_FRAGMENT):
            payloads.append(payload)
        return payloads


class ShellClient:
    """A client of one process in a WinRM shell, which says a line for each object and each record."""

    def __init__(self, engine: Engine, place: Place) -> None:
        self._shell = engine.processes(place, delegates=True)
        encoded = base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode()
        line = f"powershell.exe {' '.join(SWITCHES)} -EncodedCommand {encoded}"
        self._process = self._shell.command(line, through_cmd=False)
        self._unread = b""

    def ask(self, text: str) -> list[Message]:
        """What one script makes it say."""
        runnable = self._shell.send(self._process, base64.b64encode(text.encode()) + b"\n", ends=False)
        assert runnable is not None
        runnable.run()
        messages: list[Message] = []
        while True:
            received = self._shell.receive(self._process, timeout=_SECONDS, room=1 << 20, is_connected=lambda: True)
            assert received is not None, f"there is no answer to {text}"
            assert not received.done, f"the process ended at {text}"
            *lines, self._unread = (self._unread + b"".join(received.chunks)).split(b"\n")
            for line in lines:
                kind, _, rest = line.decode("ascii").strip().partition(" ")
                if kind == "end":
                    return [*messages, Message(f"ended {rest}", None)]
                messages.append(Message(kind, _plain(ElementTree.fromstring(base64.b64decode(rest)))))

    def close(self) -> None:
        self._shell.close()


def _plain(document: Element) -> Element:
    """The object in a document, without the namespace that the document has."""
    for one in document.iter():
        one.tag = one.tag.rpartition("}")[2]
        one.text = (one.text or "").strip("\r\n ") if len(one) else one.text
    return document[0]


def answer_of(pool: Pool[Any], pipeline: uuid.UUID | None) -> list[Message]:
    """What is said until a pipeline has ended, or until the pool is open."""
    said, messages = Messages(), []
    while True:
        received = pool.receive(pipeline, timeout=_SECONDS, room=1 << 20, is_connected=lambda: True)
        assert received is not None, "there is no answer"
        for chunk in received.chunks:
            messages += [Message(kind.name, element(data)) for kind, data in said.feed(chunk)]
        if received.done or (pipeline is None and messages and messages[-1].kind == "RunspacePoolState"):
            return messages


def element(data: bytes) -> Element | None:
    # Two characters that PowerShell writes and no XML may hold.
    text = re.sub("&#xFFF[EF];", "\N{REPLACEMENT CHARACTER}", data.decode("utf-8-sig"))
    return ElementTree.fromstring(text) if text else None


def is_done(answer: Sequence[Message]) -> bool:
    """Whether a pipeline ended well, and without an error."""
    state = next(one.content for one in answer if one.kind == "PipelineState")
    return (
        state is not None
        and _COMPLETED in ElementTree.tostring(state)
        and "ErrorRecord" not in {one.kind for one in answer}
    )


# --- CLIXML without its references, so that two of the same meaning look the same ---


def _resolved(element: Element) -> Element:
    """A copy in which objects and type names stand wherever they are referred to."""
    objects: dict[str, Element] = {}
    names: dict[str, Element] = {}

    def copy(one: Element) -> Element:
        tag = one.tag.rpartition("}")[2]
        if tag in ("Ref", "TNRef"):
            known = names if tag == "TNRef" else objects
            found = known[one.attrib["RefId"]]
            made = Element(found.tag, {key: value for key, value in one.attrib.items() if key == "N"})
            made.text = found.text
            made.extend(found)
            return made
        made = Element(tag, {key: value for key, value in one.attrib.items() if key != "RefId"})
        made.text = _ONE_RUN.sub("?", one.text.strip("\r\n ") if len(one) else one.text) if one.text else None
        if tag == "TN":
            names[one.attrib["RefId"]] = made
        elif tag == "Obj" and "RefId" in one.attrib:
            objects[one.attrib["RefId"]] = made
        made.extend(copy(child) for child in one)
        return made

    return copy(element)


def _named(element: Element) -> dict[str, Element]:
    """What is inside of an element by its name: a part of an object, a member, a place in a list, a key of a table."""
    inside: dict[str, Element] = {}
    for place, one in enumerate(element):
        if element.tag == "Obj":
            key = one.tag if one.tag in _PARTS else "value"
        elif element.tag == "DCT":
            key = next((part.text or "" for part in one if part.get("N") == "Key"), f"{place}")
        else:
            key = one.get("N") or f"{place}"
        inside[key] = one
    return inside


_PARTS = ("TN", "ToString", "Props", "MS", "LST", "DCT", "IE", "STK", "QUE")
# Of these alone the order means something: an object's parts come in any order, and so do the keys of a table.
_ORDERED = ("Props", "MS")


def _described(element: Element) -> str:
    """What is seen of an element in a sentence."""
    if element.tag == "Obj":
        types = element.find("TN/T")
        return f"Obj {types.text}" if types is not None else "Obj"
    return element.tag if len(element) or element.text is None else f"{element.tag} {element.text}"


def _same(own: Element, real: Element) -> bool:
    if own.tag == real.tag in ("Db", "Sg") and own.text and real.text:
        return own.text == real.text or float(own.text) == float(real.text)
    return own.tag == real.tag and (own.text or "") == (real.text or "")


def _compared(path: str, own: Element, real: Element) -> Iterator[Difference]:
    if not _same(own, real):
        yield Difference(path, _described(own), _described(real))
        if own.tag != real.tag:
            return
    mine, theirs = _named(own), _named(real)
    if own.tag == "Obj":
        # psrpcore does not write an empty text.
        for one, other in ((mine, theirs), (theirs, mine)):
            if "ToString" not in one and "ToString" in other and not other["ToString"].text:
                del other["ToString"]
    for name in [*mine, *(name for name in theirs if name not in mine)]:
        if name not in theirs:
            yield Difference(f"{path}/{name}", _described(mine[name]), "")
        elif name not in mine:
            yield Difference(f"{path}/{name}", "", _described(theirs[name]))
        else:
            yield from _compared(f"{path}/{name}", mine[name], theirs[name])
    orders = [name for name in mine if name in theirs], [name for name in theirs if name in mine]
    if own.tag in _ORDERED and orders[0] != orders[1]:
        yield Difference(f"{path} order", *(" ".join(order) for order in orders))


_LEFT_OUT = re.compile("|".join(LEFT_OUT))


def compared(own: Sequence[Message], real: Sequence[Message]) -> Iterator[Difference]:
    """How two answers to one question differ, apart from what is left out."""
    return (one for one in _all(own, real) if not _LEFT_OUT.search(one.path))


def _all(own: Sequence[Message], real: Sequence[Message]) -> Iterator[Difference]:
    """How two answers to one question differ."""
    kinds = [[one.kind for one in answer] for answer in (own, real)]
    if kinds[0] != kinds[1]:
        yield Difference("messages", *(" ".join(one) for one in kinds))
    for kind in dict.fromkeys(kinds[0]):
        pairs = zip(*([one.content for one in answer if one.kind == kind] for answer in (own, real)), strict=False)
        for mine, theirs in pairs:
            if mine is None or theirs is None:
                if mine is not theirs:
                    yield Difference(
                        kind, "no data" if mine is None else "data", "no data" if theirs is None else "data"
                    )
                continue
            yield from _compared(kind, _resolved(mine), _resolved(theirs))
