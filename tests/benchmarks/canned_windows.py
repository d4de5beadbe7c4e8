"""A Windows host that gives the same answer to whatever it is told to run, over WinRS and over PowerShell remoting.

It runs no PowerShell: it is there to count what ansible-core's own connections put on the wire. HTTP, log-on and WSMan
are the simulator's.
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

from exchange_simulator import __main__ as simulator
from exchange_simulator import wsman
from exchange_simulator.engine import Result, Runspace
from exchange_simulator.organisation import Organisation
from exchange_simulator.winrs import CommandShell, Line, _Running

ANSWER = '{"changed": false, "output": []}'


class CannedOrganisation(Organisation):
    """Notes down that something was to be run, and answers."""

    def run(self, server: str, endpoint: str, *_: Any, **__: Any) -> Result:  # type: ignore[override]
        with self.lock:
            self.log.append({"server": server, "endpoint": endpoint, "cmdlet": "powershell", "parameters": {}})
        return Result([ANSWER])


class CannedShell(CommandShell):
    """A WinRM shell whose processes answer when they have been told everything."""

    def command(self, line: str, *, through_cmd: bool) -> uuid.UUID:
        identity = uuid.uuid4()
        with self._condition:
            self._processes[identity] = _Running(self._condition)
        self._perform(Runspace(), [], [])
        return identity

    def send(self, identity: uuid.UUID | None, data: bytes, *, ends: bool) -> Line | None:
        with self._condition:
            process = self._find(identity)
        if ends:
            process.write_line(ANSWER)
            process.end(0)
        return None

    def arriving_cmdlets(self, identity: uuid.UUID, data: bytes) -> list[str]:
        return []


if __name__ == "__main__":
    simulator.Organisation = CannedOrganisation  # type: ignore[misc]
    wsman.CommandShell = CannedShell  # type: ignore[misc]
    sys.exit(simulator.main())
