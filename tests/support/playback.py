"""Recorded conversations with real hosts, played back through a socket to our own shells.

A recording is a list of requests, as another client sent them, and of what a Windows host answered. A request of ours
is answered by the next answer that was recorded for one of its kind: its action, and whether it is about a command. So
a recording is played in part where ours does not ask all that the other client asked.

What a client checks is put in: the message that is answered, the shell, the command, the ids of pool and pipeline in
their messages, and a session key that is encrypted for this client. Nothing else of an answer is touched, unless a test
has said so: another kind of request for it, or other content of its standard output.
"""

from __future__ import annotations

import base64
import re
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from psrpcore._payload import create_fragment, create_message
from psrpcore.types import PSRPMessageType

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.psrp import PsrpShell
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.winrs import WinrsShell
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Shell

RSP = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
WSA = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"

_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_STREAM = re.compile(r"(<rsp:Stream\b[^>]*>)([^<]+)")
_PUBLIC_KEY = re.compile(rb'N="PublicKey">([^<]*)<')
_SESSION_KEY = re.compile(rb'(N="EncryptedSessionKey">)[^<]*')

# Of the messages that a test makes; the ids of the shell and of the command that it is played to take their place.
_POOL, _PIPELINE = uuid.UUID(int=1), uuid.UUID(int=2)
# So that most messages come in pieces.
_PIECE = 1000


@dataclass(frozen=True, eq=False)
class Step:
    """One request, and what it is answered."""

    asked: str
    """The kind of request: its action, and "of the shell" where one that may be about a command is about none."""
    answer: str | None
    """An envelope; None where the line broke."""
    stays: bool = False
    """Whether it is the answer from now on."""

    def to(self, asked: str) -> Step:
        """The same answer to another kind of request."""
        return replace(self, asked=asked)

    def for_ever(self) -> Step:
        return replace(self, stays=True)

    def carrying(self, content: bytes, stream: str = "stdout") -> Step:
        """The same answer with other bytes on one of its streams."""
        pieces = [base64.b64encode(content).decode()]
        named = re.compile(rf'(<rsp:Stream Name="{stream}"[^>]*>)[^<]*')
        answer = named.sub(lambda found: found[1] + (pieces.pop() if pieces else ""), self.answer or "")
        assert not pieces
        return replace(self, answer=answer)

    def saying(self, *lines: str) -> Step:
        """The same answer with other lines on standard output; ``{id}`` in them is that of the question."""
        return self.carrying("".join(f"{line}\r\n" for line in lines).encode())


def messages(said: Iterable[Mapping[str, Any]], pipeline: uuid.UUID | None = _PIPELINE) -> bytes:
    """Messages of a server about a pipeline, or about none, as the types and texts that were recorded of them."""
    types = {one.name.casefold(): one for one in PSRPMessageType}
    content = b""
    for number, one in enumerate(said, 1):
        name = one["type"].replace("_", "").casefold()
        text = (b"\xef\xbb\xbf" if one.get("bom") else b"") + one["clixml"].encode()
        whole = create_message(False, types[name], text, _POOL, pipeline)
        pieces = [whole[start : start + _PIECE] for start in range(0, len(whole), _PIECE)]
        for place, piece in enumerate(pieces):
            content += create_fragment(number, place, piece, place == len(pieces) - 1)
    return content


Reading = Callable[[str], list[Step]]
"""The steps of a recording by its name."""


@cache
def recorded(path: Path) -> tuple[Step, ...]:
    """The steps of a recording."""
    steps = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)["messages"]
    return tuple(Step(kind(ElementTree.fromstring(one["request"])), one["response"]) for one in steps)


def kind(request: ElementTree.Element) -> str:
    action = (request.findtext(f".//{WSA}Action") or "").rpartition("/")[2]
    if action not in ("Receive", "Send"):
        return action
    of_command = any("CommandId" in one.attrib for one in request.iter())
    return action if of_command else f"{action} of the shell"


class Playback:
    """A server on the loopback that plays one conversation, and then answers nothing more."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._left = list(steps)
        self.beyond: list[str] = []
        """What was asked that no answer was left for."""
        self.requests: list[bytes] = []
        self._ids: dict[uuid.UUID, uuid.UUID] = {}
        self._question = self._session_key = b""
        self._lock = threading.Lock()

    @property
    def left(self) -> list[str]:
        """The kinds of requests whose answers were not asked for."""
        return [step.asked for step in self._left if not step.stays]

    @property
    def asked(self) -> list[str]:
        """The kinds of requests that came."""
        return [kind(ElementTree.fromstring(one)) for one in self.requests]

    def __enter__(self) -> Playback:
        play = self._play

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                answered = play(self.rfile.read(int(self.headers["Content-Length"])))
                if answered is None:
                    self.close_connection = True
                    return
                status, body = answered
                head = (
                    f"HTTP/1.1 {status} -\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n"
                )
                self.wfile.write(head.encode() + body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _play(self, message: bytes) -> tuple[int, bytes] | None:
        with self._lock:
            self.requests.append(message)
            request = ElementTree.fromstring(message)
            asked = kind(request)
            step = next((one for one in self._left if one.asked == asked), None)
            if step is None:
                self.beyond.append(asked)
                return 404, b""
            if not step.stays:
                self._left.remove(step)
            if step.answer is None:
                return None
            # The recordings leave the status out; Windows sends each fault with this one.
            return 500 if "Fault>" in step.answer else 200, self._put_in(step.answer, asked, request).encode()

    def _put_in(self, answer: str, asked: str, request: ElementTree.Element) -> str:
        if asked == "Create":
            self._same(_POOL, r'Name="ShellId">([^<]*)<', answer, request.find(f".//{RSP}Shell"), "ShellId")
        elif asked == "Command":
            self._same(_PIPELINE, "CommandId>([^<]*)<", answer, request.find(f".//{RSP}CommandLine"), "CommandId")
        elif asked == "Send":
            self._question = _sent(request).split(b" ")[0]
        elif asked == "Send of the shell" and (found := _PUBLIC_KEY.search(_sent(request))):
            self._session_key = _session_key(base64.b64decode(found[1]))
        answer = _GUID.sub(lambda found: self._ours(found[0]), answer)
        answer = _STREAM.sub(lambda found: found[1] + self._in_stream(found[2]), answer)
        sent = request.findtext(f".//{WSA}MessageID")
        return re.sub(r"(RelatesTo>)[^<]*", rf"\g<1>{sent}", answer)

    def _same(
        self, made: uuid.UUID, pattern: str, answer: str, element: ElementTree.Element | None, attribute: str
    ) -> None:
        theirs = re.search(pattern, answer)
        ours = None if element is None else element.get(attribute)
        # pywinrm leaves the choice of a command's id to the server.
        if theirs and ours:
            self._ids[uuid.UUID(theirs[1])] = self._ids[made] = uuid.UUID(ours)

    def _ours(self, theirs: str) -> str:
        ours = self._ids.get(uuid.UUID(theirs))
        return str(ours).upper() if ours else theirs

    def _in_stream(self, encoded: str) -> str:
        content = base64.b64decode(encoded).replace(b"{id}", self._question)
        content = _SESSION_KEY.sub(lambda found: found[1] + (self._session_key or found[0]), content)
        for theirs, ours in self._ids.items():
            content = content.replace(theirs.bytes_le, ours.bytes_le)
        return base64.b64encode(content).decode()


def _sent(request: ElementTree.Element) -> bytes:
    return base64.b64decode(request.findtext(f".//{RSP}Stream") or "")


def _session_key(public_key: bytes) -> bytes:
    """A session key for the owner of a public key, both as Windows packs them."""
    numbers = (int.from_bytes(public_key[start:end], "little") for start, end in ((16, 20), (20, 276)))
    encrypted = rsa.RSAPublicNumbers(*numbers).public_key().encrypt(bytes(32), padding.PKCS1v15())
    return base64.b64encode(bytes.fromhex("010200001066000000a40000") + encrypted[::-1])


@dataclass
class Stage:
    """Plays conversations, and opens our shells to them."""

    playing: list[Playback] = field(default_factory=list)
    opened: list[Shell | Session] = field(default_factory=list)
    said: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def play(self, steps: list[Step]) -> Playback:
        self.playing.append(Playback(steps).__enter__())
        return self.playing[-1]

    def settings(self, **others: Any) -> Settings:
        port = self.playing[-1].port
        endpoint = Endpoint("Microsoft.PowerShell", "http", port, "wsman", "never", "WSMAN")
        return Settings("127.0.0.1", "ex01", "vagrant", "secret", "basic", endpoint, endpoint, **others)

    def psrp(self, steps: list[Step]) -> PsrpShell:
        self.play(steps)
        shell = PsrpShell(self.settings(), "windows")
        self.opened.append(shell)
        shell.open()
        return shell

    def winrs(self, steps: list[Step]) -> WinrsShell:
        self.play(steps)
        shell = WinrsShell(self.settings(transport="winrm"), self.said)
        self.opened.append(shell)
        shell.open()
        return shell

    def session(self, steps: list[Step], **settings: Any) -> Session:
        self.play(steps)
        session = Session(self.settings(**settings), pause=lambda _: None)
        self.opened.append(session)
        return session

    def close(self) -> None:
        for one in self.opened:
            one.close()
        for playback in self.playing:
            playback.__exit__()
