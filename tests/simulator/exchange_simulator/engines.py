"""Who is behind the front of an endpoint: our own engine here, a real PowerShell in `real`."""

from __future__ import annotations

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

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation

    def runspaces(self, place: Place, runspace: Runspace, opening: bytes) -> Pool[Any]:
        return RunspacePool(opening, partial(self._perform, place, runspace))

    def processes(self, place: Place, *, delegates: bool) -> CommandShell:
        return CommandShell(partial(self._perform, place), delegates, place.server.release.powershell)

    def _perform(self, place: Place, runspace: Runspace, statements: Any, pipeline_input: Any) -> Any:
        return self._organisation.run(
            place.server.name, place.endpoint, place.user, statements, pipeline_input, runspace=runspace
        )
