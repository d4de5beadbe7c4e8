"""A real PowerShell behind the front: its sessions see what the simulated organisation has."""

from __future__ import annotations

from ..engine import Runspace
from ..engines import Place
from ..organisation import Organisation
from .build import Program
from .link import Asker, Link
from .processes import Processes
from .runspaces import Runspaces


class PowerShellEngine:
    """Starts a process for each session; what RBAC grants is settled when it opens, as on a server."""

    def __init__(self, organisation: Organisation, program: Program) -> None:
        self._organisation = organisation
        self._program = program
        self._link = Link()
        # Now, and not while a client waits.
        for server in organisation.servers.values():
            program.modules(server.release)

    def runspaces(self, place: Place, runspace: Runspace, opening: bytes) -> Runspaces:
        """A runspace pool: of no-language mode, with functions alone, at Exchange's endpoint."""
        form = runspace.form if place.endpoint == "exchange" else "windows"
        configuration = self._program.modules(place.server.release) / f"{form}.pssc"
        command = [str(self._program.path), "-NoLogo", "-NoProfile", "-ConfigurationFile", str(configuration), "-s"]
        return Runspaces(command, self._environment(place, runspace, form), opening)

    def processes(self, place: Place, *, delegates: bool) -> Processes:
        """A WinRM shell; each process of it has a session of its own."""
        configuration = self._program.modules(place.server.release) / "windows.pssc"
        command = [str(self._program.path), "-ConfigurationFile", str(configuration)]

        return Processes(command, lambda: self._environment(place, Runspace(delegates)))

    def _environment(self, place: Place, runspace: Runspace, form: str = "windows") -> dict[str, str]:
        snapin = self._program.modules(place.server.release) / "Snapin.psd1"
        asker = Asker(self._organisation, place.server.name, place.endpoint, place.user, runspace, snapin)
        withheld = self._organisation.withheld(place.server.name) if place.endpoint == "exchange" else []
        own = {"EXCHANGE_SIMULATOR_FORM": form, "EXCHANGE_SIMULATOR_WITHHELD": " ".join(withheld)}
        own["EXCHANGE_SIMULATOR_DRIVE"] = str(self._organisation.servers[place.server.name].drive)
        own["TZ"] = str(self._program.zone(self._organisation.zone))
        return self._program.environment | self._link.admit(asker) | own
