"""A Windows host that gives the same answer to whatever it is told to run, over WinRS and over PowerShell remoting.

It runs no PowerShell: it is there to count what ansible-core's own connections put on the wire. HTTP, log-on and WSMan
are the simulator's, and so is the time that a PowerShell takes to start.
"""

from __future__ import annotations

import argparse
import sys
import threading
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from exchange_simulator import __main__ as simulator
from exchange_simulator.engine import Result, Runspace
from exchange_simulator.engines import OwnEngine, Place
from exchange_simulator.organisation import Organisation
from exchange_simulator.winrs import CommandShell, Line, Running

NOTHING = '{"changed": false, "output": []}'


class CannedProcess(Running):
    """Answers once it has started and has been told everything, none of which it reads."""

    def __init__(self, condition: threading.Condition, start: float, perform: Callable[[], Result]) -> None:
        super().__init__(condition, start)
        self._perform = perform

    def feed(self, data: bytes, *, ends: bool) -> Line | None:
        return super().feed(b"", ends=ends)

    def end_input(self) -> None:
        for line in self._perform().output:
            self.write_line(line)
        self.end(0)


class CannedShell(CommandShell):
    """A WinRM shell that starts one whatever it is told to start."""

    def command(self, line: str, *, through_cmd: bool) -> uuid.UUID:
        perform = partial(self._perform, Runspace(), [], [])
        identity = uuid.uuid4()
        with self._condition:
            self._processes[identity] = CannedProcess(self._condition, self._start, perform)
        return identity

    def arriving_cmdlets(self, identity: uuid.UUID, data: bytes) -> list[str]:
        return []


class CannedEngine(OwnEngine):
    """Notes down that something was to be run, and answers."""

    def __init__(self, answer: str, organisation: Organisation, start: float) -> None:
        super().__init__(organisation, start)
        self._answer = answer

    def processes(self, place: Place, *, delegates: bool) -> CommandShell:
        return CannedShell(partial(self._perform, place), delegates, place.server.release.powershell, self._start)

    def _perform(self, place: Place, *_: Any) -> Result:
        entry = {"server": place.server.name, "endpoint": place.endpoint, "cmdlet": "powershell", "parameters": {}}
        with self._organisation.lock:
            self._organisation.log.append(entry)
        return Result([self._answer])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--answer", type=Path, help="a file with what is answered")
    options, sys.argv[1:] = parser.parse_known_args()
    canned = options.answer.read_text(encoding="utf-8") if options.answer else NOTHING
    simulator.OwnEngine = partial(CannedEngine, canned)  # type: ignore[assignment, attr-defined]
    sys.exit(simulator.main())
