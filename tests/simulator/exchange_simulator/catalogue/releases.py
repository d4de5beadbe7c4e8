"""The Exchange releases that can be simulated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """What distinguishes the servers of one release.

    2010 is at home on PowerShell 2.0 and 2013 on 4.0: no CIM cmdlets before 3.0, no StartType on services before 5.0.
    What remote PowerShell serializes is signed by default since the update of November 2023, which the builds of 2019
    and SE played here contain.
    """

    name: str
    build: tuple[int, int, int, int]
    role: tuple[str, int]
    folder: str
    split_services: bool
    powershell: int
    signs_payloads: bool = False

    @property
    def snapins(self) -> tuple[str, ...]:
        """The snap-ins that setup registers; Setup and Support have none of the cmdlets played here.

        That the name of 2010 still works on later releases is a guess.
        """
        names = ("E2010", "Setup", "SnapIn", "Support") if self.split_services else ("E2010", "Setup", "Support")
        return tuple(f"Microsoft.Exchange.Management.PowerShell.{name}" for name in names)

    @property
    def version_text(self) -> str:
        major, minor, build, revision = self.build
        return f"Version {major}.{minor} (Build {build}.{revision})"


RELEASE: dict[str, Release] = {
    release.name: release
    for release in (
        Release("2010", (14, 3, 123, 4), ("Mailbox, ClientAccess, HubTransport", 38), "V14", False, 2),
        Release("2013", (15, 0, 1497, 2), ("Mailbox, ClientAccess, HubTransport", 38), "V15", True, 4),
        Release("2016", (15, 1, 2507, 6), ("Mailbox", 2), "V15", True, 5),
        Release("2019", (15, 2, 1544, 4), ("Mailbox", 2), "V15", True, 5, True),
        Release("SE", (15, 2, 2562, 17), ("Mailbox", 2), "V15", True, 5, True),
    )
}
