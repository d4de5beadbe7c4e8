"""A WinRM shell whose processes are real: what `powershell.exe` is asked for, another PowerShell does."""

from __future__ import annotations

import math
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from ..winrs import Chatter, CommandShell, Running

_READ = 32768


class RealProcess(Running):
    """A process of this machine with what it was sent and what it has said."""

    _process: subprocess.Popen[bytes] | None = None

    def begin(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it."""
        pipe = subprocess.PIPE
        self._process = process = subprocess.Popen(
            command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        readers = [
            threading.Thread(target=self._read, args=(stream, name), daemon=True)
            for stream, name in ((process.stdout, "stdout"), (process.stderr, "stderr"))
        ]
        for reader in readers:
            reader.start()
        threading.Thread(target=self._wait, args=(process, readers), daemon=True).start()

    def take(self, text: str, hold: float, chatter: Chatter, backlog: float) -> None:
        self._hold, self._chatter, self._backlog = hold, chatter, backlog
        self._chat()
        self._input(f"{text}\n".encode())
        if backlog == math.inf:
            # Whoever does not read on wants the line to have had its effect, and it says something after that.
            with self._condition:
                self._condition.wait_for(lambda: self.pieces or self.exit_code is not None)

    def end(self, exit_code: int) -> None:
        super().end(exit_code)
        if self._process:
            self._process.kill()

    def end_input(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()

    def _input(self, data: bytes) -> None:
        if self._process and self._process.stdin:
            try:
                self._process.stdin.write(data)
                self._process.stdin.flush()
            except OSError:
                return

    def _read(self, stream: IO[bytes], name: str) -> None:
        while data := stream.read1(_READ):  # type: ignore[attr-defined]
            self._write(name, data)

    def _wait(self, process: subprocess.Popen[bytes], readers: Sequence[threading.Thread]) -> None:
        for reader in readers:
            reader.join()
        self.end(process.wait())


class Processes(CommandShell):
    """The server side of one client's WinRM shell; each process has a session of its own."""

    def __init__(self, command: Sequence[str], environment: Callable[[], Mapping[str, str]]) -> None:
        super().__init__(_nothing, delegates=False, release=0)
        self._command = command
        self._environment = environment

    def _made(self) -> RealProcess:
        return RealProcess(self._condition)

    def _begin(self, process: Any, line: str) -> None:
        process.begin([*self._command, *line.split()[1:]], self._environment())


def _nothing(*_: object) -> Any:
    raise AssertionError("No cmdlet is run here.")
