# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Windows services: which there are behind a protocol, and how they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013, EXCHANGE_2016
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Int
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._tables.services import SERVICE_STATE, START_MODE
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Stored, read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import refuse_unread

RUNNING = "running"
STOPPED = "stopped"
MISSING = "missing"
RESTARTING = "restarting"
"""Windows calls it running, but not in the process in which it was seen before, or it was not running then."""

# Win32_Service and not Get-Service: it has the start mode on every PowerShell, and the process.
_MEMBERS = (
    Setting("status", "State", SERVICE_STATE),
    Setting("start_mode", "StartMode", START_MODE),
    Setting("process_id", "ProcessId", Int(0, 4294967295)),
)


@dataclass(frozen=True)
class Service:
    """A service as it stands, in the words of the modules' options."""

    name: str
    status: str = MISSING
    """Empty if it cannot be read."""
    start_mode: str | None = None
    process_id: int = 0
    computer: str = ""
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    """What came for those of the above that cannot be read."""

    @property
    def has_process(self) -> bool:
        return self.status not in (STOPPED, MISSING)


def service_names(protocol: Protocol, server: Server) -> tuple[str, ...]:
    """The services of a protocol on a server, the one that clients connect to first."""
    if server.version < EXCHANGE_2013:
        return (protocol.front_end,)
    if server.version >= EXCHANGE_2016:
        return (protocol.front_end, protocol.back_end)
    # Exchange 2013 can have its two roles on different hosts.
    roles = ((protocol.front_end, server.client_access), (protocol.back_end, server.mailbox))
    return tuple(name for name, here in roles if here)


def read_services(host: Host, names: Sequence[str]) -> dict[str, Service]:
    """The services by the names asked for, in that order; one the host does not have is `missing`."""
    members = ("Name", "SystemName", *(setting.parameter for setting in _MEMBERS))
    found = host.cim("Win32_Service", where=" OR ".join(f"Name='{name}'" for name in names), members=members)
    by_name = {wire_text(item.get("Name")).casefold(): item for item in found}
    if "" in by_name:
        came = Unreadable(by_name[""].get("Name"))
        raise Failure(f"Win32_Service shows Name of a service as {came}, which cannot be read; please report that.")
    return {name: _read(name, by_name.get(name.casefold())) for name in names}


def _read(name: str, item: Mapping[str, Any] | None) -> Service:
    if item is None:
        return Service(name)
    known = read_members(_MEMBERS, {setting.parameter: item.get(setting.parameter) for setting in _MEMBERS})
    return Service(
        name=name,
        status=known.values.get("status", "").casefold().replace(" ", "_"),
        start_mode=known.values.get("start_mode", "").casefold() or None,
        process_id=known.values.get("process_id", 0),
        computer=wire_text(item.get("SystemName")),
        unreadable=known.unreadable,
    )


def refuse_unknown(services: Iterable[Service], *members: str) -> None:
    """What is not known of a service is neither taken for stopped nor changed."""
    for service in services:
        stored = Stored({}, service.unreadable)
        wanted = service.unreadable.keys() & set(members)
        refuse_unread(f"the service {service.name}", "Win32_Service", _MEMBERS, wanted, stored)


def insist_on_host(host: Host, server: Server, services: Iterable[Service]) -> None:
    """Services are those of the connected computer: fail if that is not the Exchange server meant."""
    computer = next((service.computer for service in services if service.computer), "") or host.computer_name()
    if computer.casefold() not in (
        server.name.casefold(),
        server.fqdn.casefold(),
        server.fqdn.partition(".")[0].casefold(),
    ):
        raise Failure(
            f"This connection leads to the computer {computer}, but the Exchange server meant is {server.name}; "
            "services can be handled only on the host itself, so run the task on that one."
        )


def process_starts(host: Host, services: Iterable[Service]) -> dict[str, str]:
    """When the process of each service started, as the host writes it; a time that cannot be read is left out."""
    by_process = {str(service.process_id): service.name for service in services if service.process_id}
    if not by_process:
        return {}
    # A process may be gone by now or closed to this user: errors here only mean that the time stays unknown.
    reply = host.call("Get-Process", endpoint="windows", members=("Id", "StartTime"), Id=list(by_process))
    return {
        by_process[wire_text(process.get("Id"))]: wire_text(process["StartTime"])
        for process in reply.output
        if process.get("StartTime") and wire_text(process.get("Id")) in by_process
    }


def standing(services: Iterable[Service]) -> str:
    return ", ".join(f"{service.name} is {service.status or 'in a state that cannot be read'}" for service in services)
