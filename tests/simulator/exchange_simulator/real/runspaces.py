"""A runspace pool whose pipelines a process runs: `pwsh -s` takes the fragments that WSMan carries as they are.

The process speaks in lines of XML, and may take two lines for one pipeline in the wrong order unless the first was
acknowledged (seen).
"""

from __future__ import annotations

import base64
import math
import re
import struct
import subprocess
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from psrpcore._payload import create_message
from psrpcore.types import PSRPMessageType

from ..psrp import Malformed, Pool, Stream, cmdlets_in

_POOL = uuid.UUID(int=0)
_STOPPED = 3
_ENDS = (3, 4, 5)
_STATE = re.compile(rb'N="PipelineState">([0-9]+)<')
_NO_INPUT = b'N="NoInput">true<'
_ACKNOWLEDGED = ("DataAck", "CommandAck", "SignalAck", "CloseAck")


class Messages:
    """Puts messages together that travel in fragments."""

    def __init__(self) -> None:
        self._parts: dict[int, bytearray] = {}

    def feed(self, data: bytes) -> list[tuple[PSRPMessageType, bytes]]:
        """The type and the data of each message that these fragments complete."""
        whole, position = [], 0
        while position < len(data):
            number, _, flags, length = struct.unpack_from(">QQBI", data, position)
            position += 21
            self._parts.setdefault(number, bytearray()).extend(data[position : position + length])
            position += length
            if flags & 2:
                message = bytes(self._parts.pop(number))
                whole.append((PSRPMessageType(struct.unpack_from("<I", message, 4)[0]), message[40:]))
        return whole


class _RealStream(Stream):
    ended = False

    @property
    def done(self) -> bool:
        return self.ended


@dataclass
class Piece:
    """Fragments that let a pipeline run, kept until it is known how."""

    pool: Runspaces
    pipeline: RealPipeline
    data: bytes
    announces: bool

    def start(self, hold: float) -> None:
        """Run in the background; the answer is kept back for ``hold`` seconds."""
        if hold:
            self.pipeline.held = []
            threading.Timer(hold, self.pool.release, [self.pipeline]).start()
        self.pool.tell(self)

    def run(self, hold: float = 0.0, backlog: float = math.inf) -> None:
        """Run, and wait for the end."""
        del hold, backlog
        self.pool.tell(self)
        self.pool.wait_for_end(self.pipeline)

    def names(self, cmdlet: str) -> bool:
        """Whether one of the commands is this cmdlet."""
        return cmdlet.casefold() in map(str.casefold, self.pipeline.cmdlets)


class RealPipeline:
    """A pipeline that the process runs."""

    def __init__(self, identity: uuid.UUID, cmdlets: list[str]) -> None:
        self.identity = identity
        self.cmdlets = cmdlets
        self.stream = _RealStream()
        self.sent, self.received = Messages(), Messages()
        # What waits with them, while an answer is kept back.
        self.held: list[bytes] | None = None


class Runspaces(Pool[RealPipeline]):
    """One client's runspace pool in a process of its own."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], opening: bytes) -> None:
        super().__init__()
        self._pool_id = uuid.UUID(bytes_le=opening[29:45])
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._acknowledged: dict[uuid.UUID, int] = {}
        self._told: dict[uuid.UUID, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()
        self._say("Data", None, opening)

    def command(self, pipeline_id: uuid.UUID, data: bytes) -> Piece | None:
        """Take the first fragment of a pipeline; what lets it run is returned."""
        with self._condition:
            self._require_open()
            pipeline = self._pipelines[pipeline_id] = RealPipeline(pipeline_id, cmdlets_in(data))
        return self._ready(pipeline, data, announces=True)

    def send(self, pipeline_id: uuid.UUID | None, data: bytes, *, ends: bool = False) -> Piece | None:
        """Take more of a pipeline, its input, or a message to the pool; the protocol has ends of its own."""
        del ends
        with self._condition:
            self._require_open()
            pipeline = self._find(pipeline_id) if pipeline_id else None
        if pipeline is None:
            self._say("Data", None, data)
            return None
        return self._ready(pipeline, data, announces=False)

    def tell(self, piece: Piece) -> None:
        """Give the process what a pipeline was waiting for."""
        if piece.announces:
            self._say("Command", piece.pipeline.identity)
        self._say("Data", piece.pipeline.identity, piece.data)

    def wait_for_end(self, pipeline: RealPipeline) -> None:
        with self._condition:
            self._condition.wait_for(lambda: pipeline.stream.done or self._closed)

    def release(self, pipeline: RealPipeline) -> None:
        """Let the client have what was kept back."""
        with self._condition:
            held, pipeline.held = pipeline.held or [], None
            for chunk in held:
                self._take(pipeline, chunk)
            self._condition.notify_all()

    def stop_unanswered(self, pipeline_id: uuid.UUID | None, timeout: float) -> None:
        """Once its cmdlets have run, a pipeline is stopped before it could say so."""
        with self._condition:
            if pipeline_id is None:
                return
            pipeline = self._find(pipeline_id)
            self._condition.wait_for(lambda: pipeline.stream.done or self._closed, timeout)
            pipeline.stream.chunks.clear()
            pipeline.stream.ended = False
            self._end(pipeline)

    def stop(self, pipeline_id: uuid.UUID) -> None:
        """Ctrl-C: a running pipeline ends as stopped."""
        with self._condition:
            pipeline = self._find(pipeline_id)
        self.release(pipeline)
        if not pipeline.stream.done:
            self._say("Signal", pipeline_id)

    def terminate(self, pipeline_id: uuid.UUID) -> None:
        """The client is done with the pipeline."""
        with self._condition:
            pipeline = self._find(pipeline_id)
            del self._pipelines[pipeline_id]
        if not pipeline.stream.done:
            self._say("Signal", pipeline_id)
        self._say("Close", pipeline_id)

    def close(self) -> None:
        """The shell is deleted or lost, which a Receive that waits is told as if its pipeline had been stopped."""
        with self._condition:
            self._closed = True
            for pipeline in self._pipelines.values():
                self._end(pipeline)
            self._condition.notify_all()
        self._process.kill()
        self._process.wait()

    def _ready(self, pipeline: RealPipeline, data: bytes, *, announces: bool) -> Piece | None:
        try:
            messages = pipeline.sent.feed(data)
        except (struct.error, ValueError) as error:
            raise Malformed from error
        piece = Piece(self, pipeline, data, announces)
        for kind, content in messages:
            if kind == PSRPMessageType.EndOfPipelineInput or (
                kind == PSRPMessageType.CreatePipeline and _NO_INPUT in content
            ):
                return piece
        self.tell(piece)
        return None

    def _say(self, element: str, identity: uuid.UUID | None, data: bytes | None = None) -> None:
        """Tell the process one thing, and wait until it has heard."""
        target = identity or _POOL
        content = "" if data is None else base64.b64encode(data).decode()
        stream = " Stream='Default'" if data is not None else ""
        line = f"<{element}{stream} PSGuid='{target}'>{content}</{element}>\n"
        with self._condition:
            wanted = self._told[target] = self._told.get(target, 0) + 1
        assert self._process.stdin
        try:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except (OSError, ValueError):
            return
        with self._condition:
            self._condition.wait_for(lambda: self._acknowledged.get(target, 0) >= wanted or self._closed)

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            # What a cmdlet writes to the console comes in between.
            if not line.startswith(b"<"):
                continue
            element = ElementTree.fromstring(line)
            target = uuid.UUID(element.get("PSGuid", ""))
            with self._condition:
                if element.tag in _ACKNOWLEDGED:
                    self._acknowledged[target] = self._acknowledged.get(target, 0) + 1
                elif element.tag == "Data":
                    self._hear(target, base64.b64decode(element.text or ""))
                self._condition.notify_all()
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _hear(self, target: uuid.UUID, data: bytes) -> None:
        if target == _POOL:
            self._stream.chunks.append(data)
        elif pipeline := self._pipelines.get(target):
            if pipeline.held is None:
                self._take(pipeline, data)
            else:
                pipeline.held.append(data)

    def _take(self, pipeline: RealPipeline, data: bytes) -> None:
        pipeline.stream.chunks.append(data)
        for kind, content in pipeline.received.feed(data):
            if kind == PSRPMessageType.PipelineState and (found := _STATE.search(content)):
                pipeline.stream.ended = pipeline.stream.ended or int(found[1]) in _ENDS

    def _end(self, pipeline: RealPipeline) -> None:
        """Say for the process that a pipeline was stopped."""
        if pipeline.stream.done:
            return
        state = f'<Obj RefId="0"><MS><I32 N="PipelineState">{_STOPPED}</I32></MS></Obj>'.encode()
        kind: Any = PSRPMessageType.PipelineState
        message = create_message(False, kind, state, self._pool_id, pipeline.identity)
        # No process numbers its messages as high as this.
        fragment = struct.pack(">QQBI", 1 << 62, 0, 3, len(message)) + message
        pipeline.stream.chunks.append(fragment)
        pipeline.stream.ended = True
