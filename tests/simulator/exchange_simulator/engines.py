"""Who is behind the front of an endpoint: our own engine here, a real PowerShell in `real`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .psrp import Pool, RunspacePool
from .winrs import CommandShell

if TYPE_CHECKING:
    from .engine import Runspace
    from .organisation import Organisation
    from .server import Server


@dataclass(frozen=True)
class Place:
    """Where a session is, and whose."""

    server: Server
    endpoint: Literal["exchange", "windows"]
    user: str


class Engine(Protocol):
    """What runs the pipelines of PowerShell remoting, and the processes of the WinRM shell."""

    def runspaces(self, place: Place, runspace: Runspace, opening: bytes) -> Pool[Any]:
        """A runspace pool, opened by its client's first message."""

    def processes(self, place: Place, *, delegates: bool) -> CommandShell:
        """A WinRM shell; `delegates` tells whether the log-on behind it can be used once more."""


class OwnEngine:
    """Ours: quick, and everywhere."""

    def __init__(self, organisation: Organisation, start: float = 0.0) -> None:
        """`start` is how many seconds a PowerShell takes to start; Exchange's own sessions are in IIS, which runs."""
        self._organisation = organisation
        self._start = start

    def runspaces(self, place: Place, runspace: Runspace, opening: bytes) -> Pool[Any]:
        if place.endpoint == "windows":
            # The answer to Create comes from the process that it starts.
            time.sleep(self._start)
        return RunspacePool(opening, partial(self._perform, place, runspace))

    def processes(self, place: Place, *, delegates: bool) -> CommandShell:
        return CommandShell(partial(self._perform, place), delegates, place.server.release.powershell, self._start)

    def _perform(self, place: Place, runspace: Runspace, statements: Any, pipeline_input: Any) -> Any:
        return self._organisation.run(
            place.server.name, place.endpoint, place.user, statements, pipeline_input, runspace=runspace
        )
