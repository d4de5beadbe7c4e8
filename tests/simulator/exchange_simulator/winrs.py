"""The WinRM shell: processes with standard streams, of which only powershell.exe with a script is there to be run.

What the messages look like is that of MS-WSMV's examples and of what pywinrm reads. Inferred: the texts and exit codes
of what is refused, and that every line of standard error travels as an element of one CLIXML document.
"""

from __future__ import annotations

import base64
import binascii
import math
import sys
import threading
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from .engine import Result, Runspace
from .errors import Failure
from .powershell import CLIXML, NotSimulated, Process, ScriptBlock
from .psrp import ClientGone, NotFound, Received, Statements

RESOURCE_URI = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
# What cmd.exe takes, and what Windows starts a process with.
_LONGEST_COMMAND, _LONGEST_LINE = 8191, 32767
_SWITCHES = {"-nologo", "-noprofile", "-noninteractive"}
_PIECE = 32768
# So many pieces may wait to be received; a process with more to say waits until the client has taken some.
_BACKLOG = 256

# What a process says besides what its script puts out, and on which stream: `Write-Host`, `-WhatIf` and whatever else
# writes to the console share them with the script, as a real PowerShell was seen to do.
Chatter = Sequence[tuple[str, bytes]]


class Line:
    """What a process was sent in whole lines; it runs once, after all lines before it."""

    def __init__(self, process: Running, lines: list[bytes], previous: threading.Event) -> None:
        self._process = process
        self._lines = lines
        self._previous = previous
        self.chatter: Chatter = ()
        self.done = threading.Event()
        self.cmdlets = [name for line in lines for name in _command_names(line)]

    def names(self, cmdlet: str) -> bool:
        """Whether one of the commands is this cmdlet."""
        return cmdlet.casefold() in self.cmdlets

    def start(self, hold: float) -> None:
        """Run in the background: the answer to Send does not wait for the cmdlets."""
        threading.Thread(target=self.run, args=(hold, _BACKLOG), daemon=True).start()

    def run(self, hold: float = 0.0, backlog: float = math.inf) -> None:
        """Run the lines and keep what they say back for ``hold`` seconds, or until the process ends."""
        self._previous.wait()
        try:
            for line in self._lines:
                self._process.take(line.decode(errors="replace"), hold, self.chatter, backlog)
        finally:
            self.done.set()


class CommandShell:
    """The server side of one client's WinRM shell, whose processes are ours."""

    input_streams, output_streams = "stdin", "stdout stderr"

    def __init__(
        self,
        perform: Callable[[Runspace, Statements, Sequence[Any]], Result],
        delegates: bool,
        release: int,
        start: float = 0.0,
    ) -> None:
        """`release` is the PowerShell's, which takes `start` seconds before it reads what it is sent.

        Each process gets a runspace of its own, with the log-on of the shell.
        """
        self._perform = perform
        self._delegates = delegates
        self._release = release
        self._start = start
        self._condition = threading.Condition()
        self._processes: dict[uuid.UUID, Running] = {}
        self._closed = False

    @property
    def commands(self) -> int:
        """The processes that are not closed, ended or not."""
        with self._condition:
            return len(self._processes)

    def command(self, line: str, *, through_cmd: bool) -> uuid.UUID:
        """Start a process."""
        with self._condition:
            if self._closed:
                raise NotFound
            identity = uuid.uuid4()
            process = self._processes[identity] = self._made()
        refusal = _refusal(line, through_cmd=through_cmd)
        if refusal is not None:
            process.fail(refusal)
        else:
            self._begin(process, line)
        return identity

    def _made(self) -> Running:
        return Running(self._condition, self._start)

    def _begin(self, process: Any, line: str) -> None:
        try:
            script = base64.b64decode(line.split()[-1], validate=True).decode("utf-16-le")
            runspace = Runspace(self._delegates)
            perform = partial(self._perform, runspace)
            process.powershell = Process(
                script, perform, runspace, self._release, out=process.write_line, err=process.write_error
            )
        except (binascii.Error, UnicodeDecodeError):
            process.fail("Cannot process the command because the value specified with -EncodedCommand is not valid.")
        except NotSimulated as refused:
            process.fail(f"NotSimulated: {refused}")
        except Failure as failure:
            process.write_error(f"ParserError: {failure.message}")
            process.end(1)

    def send(self, identity: uuid.UUID | None, data: bytes, *, ends: bool) -> Line | None:
        """Feed standard input; whole lines are returned and may run."""
        with self._condition:
            return self._find(identity).feed(data, ends=ends)

    def cmdlets(self, identity: uuid.UUID | None) -> list[str]:
        """What the lines that have arrived last run."""
        with self._condition:
            process = self._processes.get(identity) if identity else None
            return process.last.cmdlets if process and process.last else []

    def arriving_cmdlets(self, identity: uuid.UUID, data: bytes) -> list[str]:
        """What the lines run that this input would complete."""
        with self._condition:
            process = self._processes.get(identity)
            *lines, _ = ((process.unread if process else b"") + data).split(b"\n")
        return [name for line in lines for name in _command_names(line)]

    def receive(
        self, identity: uuid.UUID | None, *, timeout: float, room: int, is_connected: Callable[[], bool]
    ) -> Received | None:
        """Wait for output and take what fits into ``room`` bytes of base64; None when the time is over."""
        with self._condition:
            if identity not in self._processes:
                raise NotFound
            process = self._processes[identity]
            self._condition.wait_for(lambda: process.pieces or process.exit_code is not None, timeout)
            # An answer handed to a closed connection would be lost to the client that comes back for it.
            if not is_connected():
                raise ClientGone
            if not process.pieces and process.exit_code is None:
                return None
            received = Received([], done=False)
            while process.pieces and (
                not (received.chunks or received.errors) or len(process.pieces[0][1]) * 4 // 3 + 150 < room
            ):
                stream, piece = process.pieces.popleft()
                (received.errors if stream == "stderr" else received.chunks).append(piece)
                room -= len(piece) * 4 // 3 + 150
            received.done = process.exit_code is not None and not process.pieces
            received.exit_code = process.exit_code or 0
            self._condition.notify_all()
            return received

    def stop(self, identity: uuid.UUID) -> None:
        """Ctrl-C ends the process."""
        with self._condition:
            self._find(identity).end(1)

    def terminate(self, identity: uuid.UUID) -> None:
        """The client is done with the process."""
        with self._condition:
            self._find(identity).end(1)
            del self._processes[identity]

    def stop_unanswered(self, identity: uuid.UUID | None, timeout: float) -> None:
        """Once its cmdlets have run, a process is killed before it could say so."""
        with self._condition:
            process = self._find(identity)
            self._condition.wait_for(lambda: process.pieces or process.exit_code is not None, timeout)
            process.pieces.clear()
            process.end(1)

    def close(self) -> None:
        """The shell is deleted or lost, and its processes with it, which a Receive that waits is told. [I]"""
        with self._condition:
            self._closed = True
            for process in self._processes.values():
                process.end(1)

    def _find(self, identity: uuid.UUID | None) -> Running:
        if self._closed or identity not in self._processes:
            raise NotFound
        return self._processes[identity]


class Running:
    """A process with what it was sent and what it has said; the shell's condition guards it."""

    def __init__(self, condition: threading.Condition, start: float = 0.0) -> None:
        self.powershell: Process | None = None
        self.unread = b""
        self.last: Line | None = None
        self.pieces: deque[tuple[str, bytes]] = deque()
        self.exit_code: int | None = None
        self._condition = condition
        self._started = threading.Event()
        if start:
            timer = threading.Timer(start, self._started.set)
            timer.daemon = True
            timer.start()
        else:
            self._started.set()
        self._input_ended = False
        self._released = threading.Event()
        self._hold = 0.0
        self._backlog = math.inf
        self._chatter: Chatter = ()
        self._erred = False

    def feed(self, data: bytes, *, ends: bool) -> Line | None:
        """Take input; what is behind the last end of line waits for more, or for the end."""
        if self._input_ended or self.exit_code is not None:
            raise NotFound
        self._input_ended = ends
        *lines, self.unread = (self.unread + data).split(b"\n")
        if ends and self.unread:
            lines.append(self.unread)
        if not lines and not ends:
            return None
        previous = self.last.done if self.last else self._started
        self.last = Line(self, [line.removesuffix(b"\r") for line in lines], previous)
        if ends:
            threading.Thread(target=self._end_of_input, args=(self.last.done,), daemon=True).start()
        return self.last

    def take(self, text: str, hold: float, chatter: Chatter, backlog: float) -> None:
        """Run the script for one line, unless the process has ended."""
        if self.exit_code is not None or self.powershell is None:
            return
        self._hold, self._chatter, self._backlog = hold, chatter, backlog
        self._chat()
        try:
            self.powershell.take(text)
        except NotSimulated as refused:
            self.fail(f"NotSimulated: {refused}")
        except Exception as error:  # a bug of the simulator must end the client's process, not hang it
            # Only where it happened: an exception's text may quote what the client sent.
            place = traceback.extract_tb(error.__traceback__)[-1]
            told = f"The simulator failed with {type(error).__name__} at {place.name}, line {place.lineno}."
            sys.stderr.write(told + "\n")
            self.fail(told)

    def write_line(self, text: str) -> None:
        """A line of standard output."""
        self._write("stdout", f"{text}\r\n".encode())
        self._chat()

    def write_error(self, text: str) -> None:
        """A line of standard error, which PowerShell writes as CLIXML where its command came encoded."""
        opening = "" if self._erred else f"#< CLIXML\r\n{CLIXML}"
        self._erred = True
        self._write("stderr", f'{opening}<S S="Error">{escape(text)}_x000D__x000A_</S>'.encode())

    def fail(self, text: str) -> None:
        """Say why there is no PowerShell, or no longer."""
        self._write("stderr", f"{text}\r\n".encode())
        self.end(1)

    def end(self, exit_code: int) -> None:
        """The process is over; nothing that it does from now on is heard."""
        with self._condition:
            if self.exit_code is None:
                if self._erred:
                    self.pieces.append(("stderr", b"</Objs>"))
                self.exit_code = exit_code
            self._released.set()
            self._condition.notify_all()

    def end_input(self) -> None:
        """No more will come: PowerShell ends by itself."""
        self.end(0)

    def _end_of_input(self, done: threading.Event) -> None:
        done.wait()
        self.end_input()

    def _chat(self) -> None:
        for stream, data in self._chatter:
            self._put(stream, data)

    def _write(self, stream: str, data: bytes) -> None:
        hold, self._hold = self._hold, 0.0
        self._released.wait(hold)
        self._put(stream, data)

    def _put(self, stream: str, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            with self._condition:
                self._condition.wait_for(lambda: len(self.pieces) < self._backlog or self.exit_code is not None)
                if self.exit_code is not None:
                    return
                self.pieces.append((stream, data[start : start + _PIECE]))
                self._condition.notify_all()


def _refusal(line: str, *, through_cmd: bool) -> str | None:
    """Why a command line starts nothing."""
    if len(line) > (_LONGEST_COMMAND if through_cmd else _LONGEST_LINE):
        return "The command line is too long."
    program, *arguments = line.split() or [""]
    if program.casefold().removesuffix(".exe") != "powershell":
        return f"'{program}' is not recognized as an internal or external command,\r\noperable program or batch file."
    *switches, option, _ = ("", "", *arguments)
    known = {switch.casefold() for switch in switches} - {""} <= _SWITCHES
    if not known or option.casefold() != "-encodedcommand":
        return "NotSimulated: powershell.exe with anything but -NoLogo, -NoProfile, -NonInteractive, -EncodedCommand"
    return None


def _command_names(line: bytes) -> list[str]:
    """The commands in the text that a line brings as its last word; none if it brings no text."""
    try:
        text = base64.b64decode(line.split()[-1], validate=True).decode()
        return list(ScriptBlock.parse(text).command_names())
    except (Failure, IndexError, NotSimulated, ValueError):
        return []
