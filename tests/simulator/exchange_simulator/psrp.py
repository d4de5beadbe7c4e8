"""PowerShell remoting inside one shell: a runspace pool, its pipelines, and what waits to be received.

The protocol itself is psrpcore's server side. It is not thread-safe, so everything that touches it happens under the
pool's condition; cmdlets run outside it, because a cmdlet that stops IIS drops other shells while it runs.
"""

from __future__ import annotations

import math
import re
import sys
import threading
import traceback
import uuid
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from xml.sax.saxutils import unescape

from psrpcore import (
    CreatePipelineEvent,
    EndOfPipelineInputEvent,
    GetAvailableRunspacesEvent,
    GetCommandMetadataEvent,
    PipelineInputEvent,
    PSRPEvent,
    PSRPPayload,
    ResetRunspaceStateEvent,
    ServerPipeline,
    ServerRunspacePool,
    SetMaxRunspacesEvent,
    SetMinRunspacesEvent,
    StreamType,
)
from psrpcore._payload import PSRPMessage, create_message
from psrpcore.types import (
    ErrorCategory,
    ErrorRecord,
    PSInt64,
    PSInvocationState,
    PSRPMessageType,
    PSVersion,
    RunspacePoolState,
    WarningRecord,
)

from .engine import Command, Result
from .errors import NOT_SIMULATED, Failure, invocation, record
from .prepared import Prepared

Statements = Sequence[Sequence[Command]]
Perform = Callable[[Statements, Sequence[Any]], Result]

FRAGMENT_SIZE = 32768
# Bytes before the data of a fragment; the last four of them are the length of the data (MS-PSRP 2.2.4).
_HEADER = 21
# So many fragments may wait to be received; a pipeline with more to say waits until the client has taken some.
_BACKLOG = 256
_ENDED = (PSInvocationState.Completed, PSInvocationState.Failed, PSInvocationState.Stopped)
_CALLS = (
    PSRPMessageType.SetMaxRunspaces,
    PSRPMessageType.SetMinRunspaces,
    PSRPMessageType.GetAvailableRunspaces,
    PSRPMessageType.ResetRunspaceState,
)
# A string that needs neither unescaping nor unquoting.
_PLAIN_STRING = re.compile(rb"(?:<\?xml [^<>]*\?>\s*)?<S>([^<>&_\r]*)</S>")


class NotFound(Exception):
    """The shell was dropped, or it has no such pipeline."""


class Malformed(Exception):
    """What the client sent is no PowerShell remoting."""


class ClientGone(Exception):
    """Nobody is left to answer: the client closed the connection while it waited."""


@dataclass
class Received:
    """What one Receive carries away: PSRP fragments or a process's output, and whether that was all."""

    chunks: list[bytes]
    done: bool
    errors: list[bytes] = field(default_factory=list)
    exit_code: int = 0


@dataclass
class Stream:
    """What waits to be received of a pool or a pipeline, and whether no more will come."""

    chunks: deque[bytes] = field(default_factory=deque)

    @property
    def done(self) -> bool:
        return False


@dataclass
class _PipelineStream(Stream):
    pipeline: ServerPipeline | None = None

    @property
    def done(self) -> bool:
        return self.pipeline is not None and self.pipeline.state in _ENDED


class _Protocol(ServerRunspacePool):
    broken: ErrorRecord | None = None
    """Why the pool cannot open, if that is so."""

    def _change_state(self, state: RunspacePoolState, error: ErrorRecord | None = None, emit: bool = True) -> None:
        if self.broken is not None and state == RunspacePoolState.Opened:
            state, error = RunspacePoolState.Broken, self.broken
        super()._change_state(state, error, emit)

    def _process_message(self, message: PSRPMessage) -> PSRPEvent[Any, Any]:
        # pypsrp spells the call id "CI", as PowerShell accepts; psrpcore looks for "ci" only.
        if message.message_type in _CALLS:
            message = PSRPMessage(
                message.message_type,
                bytearray(message.data.replace(b'N="CI"', b'N="ci"')),
                message.runspace_pool_id,
                message.pipeline_id,
                message.object_id,
            )
        if message.message_type == PSRPMessageType.PipelineInput and (plain := _PLAIN_STRING.fullmatch(message.data)):
            # psrpcore builds an object with members for each, and there may be tens of thousands.
            text = plain[1].decode()
            return PSRPEvent.create(message.message_type, text, message.runspace_pool_id, message.pipeline_id)
        return super()._process_message(message)

    def write_prepared(self, value: Prepared, pipeline_id: uuid.UUID) -> None:
        """Output whose serialized form is at hand; psrpcore has no way to take it."""
        kind = PSRPMessageType.PipelineOutput
        data = create_message(False, kind, value.clixml(), self.runspace_pool_id, pipeline_id)
        message = PSRPMessage(
            kind, bytearray(data), self.runspace_pool_id, pipeline_id, self._fragment_counter, StreamType.default
        )
        self._send_buffer.append(message)


class Pipeline:
    """A pipeline that has arrived with all its input; it runs once, in its own thread or in the caller's."""

    def __init__(self, pool: RunspacePool, side: ServerPipeline) -> None:
        self._pool = pool
        self.side = side
        self.stream = _PipelineStream(pipeline=side)
        self.input: list[Any] = []
        self.statements: list[list[Command]] = []
        self.tells_of_calls = False
        self.takes_input = False
        self.released = threading.Event()

    def start(self, hold: float) -> None:
        """Run in the background: the answer to Command does not wait for the cmdlets."""
        threading.Thread(target=self.run, args=(hold, _BACKLOG), daemon=True).start()

    def run(self, hold: float = 0.0, backlog: float = math.inf) -> None:
        """Run the cmdlets now and keep their answer back for ``hold`` seconds, or until the pipeline is stopped."""
        result = self._pool.evaluate(self)
        self.released.wait(hold)
        self._pool.finish(self, result, backlog)

    @property
    def cmdlets(self) -> list[str]:
        return [command.name for part in self.statements for command in part]

    def names(self, cmdlet: str) -> bool:
        """Whether one of the commands is this cmdlet."""
        return cmdlet.casefold() in map(str.casefold, self.cmdlets)


class Runnable(Protocol):
    """What has arrived and may now run."""

    def start(self, hold: float) -> None: ...
    def run(self) -> None: ...
    def names(self, cmdlet: str) -> bool: ...


class Piped(Protocol):
    """A pipeline of a pool: what it runs and what it has said."""

    @property
    def stream(self) -> Stream: ...
    @property
    def cmdlets(self) -> list[str]: ...


PipelineType = TypeVar("PipelineType", bound=Piped)


class Pool(ABC, Generic[PipelineType]):
    """One client's runspace pool, with its pipelines and what waits to be received of them."""

    input_streams, output_streams = "stdin pr", "stdout"

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._stream = Stream()
        self._pipelines: dict[uuid.UUID, PipelineType] = {}
        self._closed = False

    @property
    def commands(self) -> int:
        """The pipelines that are not closed, ended or not."""
        with self._condition:
            return len(self._pipelines)

    def receive(
        self, pipeline_id: uuid.UUID | None, *, timeout: float, room: int, is_connected: Callable[[], bool]
    ) -> Received | None:
        """Wait for output and take what fits into ``room`` bytes of base64; None when the time is over."""
        with self._condition:
            stream = self._stream if pipeline_id is None else self._find(pipeline_id).stream
            self._condition.wait_for(lambda: stream.chunks or stream.done or self._closed, timeout)
            # An answer handed to a closed connection would be lost to the client that comes back for it.
            if not is_connected():
                raise ClientGone
            if not stream.chunks and not stream.done:
                self._require_open()
                return None
            chunks: list[bytes] = []
            while stream.chunks and (not chunks or len(stream.chunks[0]) * 4 // 3 + 150 < room):
                chunks.append(stream.chunks.popleft())
                room -= len(chunks[-1]) * 4 // 3 + 150
            self._condition.notify_all()
            return Received(chunks, stream.done and not stream.chunks)

    def cmdlets(self, pipeline_id: uuid.UUID | None) -> list[str]:
        """What a pipeline that has arrived runs; nothing where there is none."""
        with self._condition:
            pipeline = self._pipelines.get(pipeline_id) if pipeline_id else None
            return pipeline.cmdlets if pipeline else []

    @abstractmethod
    def command(self, pipeline_id: uuid.UUID, data: bytes) -> Runnable | None:
        """Take the first fragment of a pipeline; what may run once it is complete is returned."""

    @abstractmethod
    def send(self, pipeline_id: uuid.UUID | None, data: bytes, *, ends: bool = False) -> Runnable | None:
        """Take more of a pipeline, its input, or a message to the pool; the protocol has ends of its own."""

    @abstractmethod
    def stop_unanswered(self, pipeline_id: uuid.UUID | None, timeout: float) -> None:
        """Once its cmdlets have run, a pipeline is stopped before it could say so."""

    @abstractmethod
    def stop(self, pipeline_id: uuid.UUID) -> None:
        """Ctrl-C: a running pipeline ends as stopped. A cmdlet that has begun is not undone."""

    @abstractmethod
    def terminate(self, pipeline_id: uuid.UUID) -> None:
        """The client is done with the pipeline."""

    @abstractmethod
    def close(self) -> None:
        """The shell is deleted or lost.

        A Receive that is waiting learns that its pipeline was stopped; later requests find no shell. [I]: no recording
        shows what a host answers to a Receive whose shell is dropped.
        """

    def _find(self, pipeline_id: uuid.UUID) -> PipelineType:
        if pipeline_id not in self._pipelines:
            raise NotFound
        return self._pipelines[pipeline_id]

    def _require_open(self) -> None:
        if self._closed:
            raise NotFound


class RunspacePool(Pool[Pipeline]):
    """The server side of one client's runspace pool, whose cmdlets are ours."""

    def __init__(self, opening: bytes, perform: Perform, *, broken: ErrorRecord | None = None) -> None:
        super().__init__()
        self._perform = perform
        self._protocol = _Protocol(_private_data())
        self._protocol.broken = broken
        with self._condition:
            self._absorb(opening, None)

    def command(self, pipeline_id: uuid.UUID, data: bytes) -> Pipeline | None:
        with self._condition:
            self._require_open()
            self._pipelines[pipeline_id] = Pipeline(self, ServerPipeline(self._protocol, pipeline_id))
            return self._absorb(data, pipeline_id)

    def send(self, pipeline_id: uuid.UUID | None, data: bytes, *, ends: bool = False) -> Pipeline | None:
        with self._condition:
            self._require_open()
            if pipeline_id is not None:
                self._find(pipeline_id)
            return self._absorb(data, pipeline_id)

    def stop_unanswered(self, pipeline_id: uuid.UUID | None, timeout: float) -> None:
        with self._condition:
            if pipeline_id is None:
                return
            stream, side = self._find(pipeline_id).stream, self._find(pipeline_id).side
            self._condition.wait_for(lambda: stream.chunks or stream.done or self._closed, timeout)
            stream.chunks.clear()
            if stream.done:
                side._change_state(PSInvocationState.Running, emit=False)
            self._stop(self._find(pipeline_id))

    def stop(self, pipeline_id: uuid.UUID) -> None:
        with self._condition:
            self._stop(self._find(pipeline_id))

    def terminate(self, pipeline_id: uuid.UUID) -> None:
        with self._condition:
            pipeline = self._find(pipeline_id)
            self._stop(pipeline)
            del self._pipelines[pipeline_id]
            pipeline.side.close()

    def close(self) -> None:
        with self._condition:
            self._closed = True
            for pipeline in self._pipelines.values():
                self._stop(pipeline)
            self._condition.notify_all()

    def evaluate(self, pipeline: Pipeline) -> Result:
        """Run the cmdlets of a pipeline in the organisation."""
        try:
            return self._perform(pipeline.statements, pipeline.input if pipeline.takes_input else ())
        except Exception as error:  # a bug of the simulator must end the client's pipeline, not hang it
            # Only where it happened: an exception's text may quote what the client sent.
            place = traceback.extract_tb(error.__traceback__)[-1]
            text = f"The simulator failed with {type(error).__name__} at {place.name}, line {place.lineno}."
            sys.stderr.write(text + "\n")
            return Result(terminating=_not_simulated("SimulatorFailure", text))

    def finish(self, pipeline: Pipeline, result: Result, backlog: float) -> None:
        """Hand the outcome of a pipeline to whoever receives it."""
        with self._condition:
            side = pipeline.side
            if side.state != PSInvocationState.Running:
                return
            for stream, value in result.said():
                if stream == "warnings":
                    side.prepare_message(_warning(value, pipeline), message_type=PSRPMessageType.WarningRecord)
                elif stream == "errors":
                    value.serialize_extended_info = pipeline.tells_of_calls and value.InvocationInfo is not None
                    side.prepare_message(value, message_type=PSRPMessageType.ErrorRecord)
                elif isinstance(value, Prepared):
                    self._protocol.write_prepared(value, side.pipeline_id)
                else:
                    side.write_output(value)
                self._drain()
                self._condition.notify_all()
                self._condition.wait_for(
                    lambda: len(pipeline.stream.chunks) < backlog or side.state != PSInvocationState.Running
                )
                if side.state != PSInvocationState.Running:
                    return
            if result.terminating is not None:
                # psrpcore offers no public way to fail a pipeline with a record.
                side._change_state(PSInvocationState.Failed, error=result.terminating)
            else:
                side.complete()
            self._drain()
            self._condition.notify_all()

    def _absorb(self, data: bytes, pipeline_id: uuid.UUID | None) -> Pipeline | None:
        """Feed bytes to the protocol, answer what the pool answers itself, and return a pipeline that may now run."""
        ready = None
        for event in self._events(data, pipeline_id):
            if isinstance(event, GetAvailableRunspacesEvent):
                self._protocol.runspace_availability_response(event.ci, PSInt64(self._protocol.max_runspaces))
            elif isinstance(event, (SetMaxRunspacesEvent, SetMinRunspacesEvent, ResetRunspaceStateEvent)):
                self._protocol.runspace_availability_response(event.ci, True)
            elif isinstance(event, CreatePipelineEvent):
                pipeline = self._find(event.pipeline_id)
                pipeline.statements = _statements(event.pipeline.commands)
                pipeline.takes_input = not event.pipeline.no_input
                pipeline.tells_of_calls = bool(event.pipeline.remote_stream_options)
                ready = pipeline if event.pipeline.no_input else ready
            elif isinstance(event, PipelineInputEvent):
                self._find(event.pipeline_id).input.append(event.data)
            elif isinstance(event, EndOfPipelineInputEvent):
                ready = self._find(event.pipeline_id)
            elif isinstance(event, GetCommandMetadataEvent):
                refusal = _not_simulated(
                    "CommandMetadataNotSimulated", "The simulated host does not describe its commands."
                )
                self._find(event.pipeline_id).side._change_state(PSInvocationState.Failed, error=refusal)
        if ready is not None:
            # No recording of Windows shows the Running state that psrpcore's start() would send.
            ready.side._change_state(PSInvocationState.Running, emit=False)
        self._drain()
        self._condition.notify_all()
        return ready

    def _events(self, data: bytes, pipeline_id: uuid.UUID | None) -> Iterator[PSRPEvent[Any, Any]]:
        try:
            for fragment in _fragments(data):
                self._protocol.receive_data(PSRPPayload(fragment, StreamType.default, pipeline_id))
                while (event := self._protocol.next_event()) is not None:
                    yield event
        except Exception as error:  # psrpcore lets through whatever its parsers stumble over
            raise Malformed from error

    def _stop(self, pipeline: Pipeline) -> None:
        if pipeline.side.state == PSInvocationState.Running:
            pipeline.side.stop()
            self._drain()
            self._condition.notify_all()
        pipeline.released.set()

    def _drain(self) -> None:
        """Sort what psrpcore has to send: it mixes the pool's messages with those of all pipelines."""
        while (payload := self._protocol.data_to_send(FRAGMENT_SIZE)) is not None:
            pipeline = self._pipelines.get(payload.pipeline_id) if payload.pipeline_id else None
            (pipeline.stream if pipeline else self._stream).chunks.append(payload.data)


def _fragments(data: bytes) -> Iterator[bytes]:
    """One at a time, because psrpcore copies what is left of all whenever it has read one."""
    start = 0
    while start < len(data):
        head = data[start : start + _HEADER]
        end = start + _HEADER + int.from_bytes(head[-4:], "big")
        yield data[start:end]
        start = end


def _warning(text: str, pipeline: Pipeline) -> WarningRecord:
    warning = WarningRecord(Message=text)
    # psrpcore's write_warning leaves ToString out; PowerShell sends it and pypsrp prints it.
    warning.PSObject.to_string = text
    if pipeline.tells_of_calls:
        warning.InvocationInfo = invocation(pipeline.cmdlets[-1])
        warning.serialize_extended_info = True
    return warning


def _private_data() -> dict[str, Any]:
    """What PowerShell 5.1 tells about itself when a pool opens, as recorded on Windows.

    Releases that are at home on an older PowerShell tell the same: no recording shows theirs.
    """
    return {
        "PSVersionTable": {
            "PSVersion": PSVersion("5.1.17763.6893"),
            "PSEdition": "Desktop",
            "PSCompatibleVersions": [PSVersion(v) for v in ("1.0", "2.0", "3.0", "4.0", "5.0", "5.1.17763.6893")],
            "CLRVersion": PSVersion("4.0.30319.42000"),
            "BuildVersion": PSVersion("10.0.17763.6893"),
            "WSManStackVersion": PSVersion("3.0"),
        }
    }


def cmdlets_in(fragment: bytes) -> list[str]:
    """The cmdlets that the first fragment of a pipeline names, before it is taken."""
    return [unescape(name.decode(errors="replace")) for name in re.findall(rb'N="Cmd">([^<]*)<', fragment)]


def _statements(commands: Sequence[Any]) -> list[list[Command]]:
    statements: list[list[Command]] = [[]]
    for command in commands:
        parameters = tuple((None if name is None else str(name), value) for name, value in command.parameters)
        statements[-1].append(Command(str(command.command_text), parameters, is_script=bool(command.is_script)))
        if command.end_of_statement:
            statements.append([])
    return [statement for statement in statements if statement]


def _not_simulated(error_id: str, message: str) -> ErrorRecord:
    return record(Failure(error_id, message, ErrorCategory.NotImplemented, NOT_SIMULATED), "")
