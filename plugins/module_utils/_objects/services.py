# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Windows services: which there are behind a protocol, and how they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unread,
    Unreadable,
    wire_name,
    wire_text,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013, EXCHANGE_2016
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import moment
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
    found = host.cim("Win32_Service", where=" OR ".join(f"Name='{_quoted(name)}'" for name in names), members=members)
    by_name: dict[str, Mapping[str, Any]] = {}
    for item in found:
        try:
            name = wire_name(item.get("Name")).casefold()
            if name not in map(str.casefold, names):
                raise Unreadable(item["Name"], f" that is none of {', '.join(names)}")
            if name in by_name:
                raise Unreadable(item["Name"], " that another one has too")
        except Unreadable as came:
            raise Unread("Win32_Service", "Name", "a service", came) from None
        by_name[name] = item
    return {name: _read(name, by_name.get(name.casefold())) for name in names}


def _quoted(name: str) -> str:
    """A name inside of a text of WMI's query language."""
    return name.replace("\\", "\\\\").replace("'", "\\'")


def _read(name: str, item: Mapping[str, Any] | None) -> Service:
    if item is None:
        return Service(name)
    known = read_members(_MEMBERS, {setting.parameter: item.get(setting.parameter) for setting in _MEMBERS})
    return Service(
        name=name,
        status=known.values.get("status", "").casefold().replace(" ", "_"),
        start_mode=known.values.get("start_mode", "").casefold() or None,
        process_id=known.values.get("process_id", 0),
        computer=_computer(item),
        unreadable=known.unreadable,
    )


def _computer(item: Mapping[str, Any]) -> str:
    try:
        return wire_name(item.get("SystemName"))
    except Unreadable:
        # The computer itself can be asked.
        return ""


def refuse_unknown(services: Iterable[Service], *members: str) -> None:
    """What is not known of a service is neither taken for stopped nor changed."""
    for service in services:
        stored = Stored({}, service.unreadable)
        wanted = service.unreadable.keys() & set(members)
        refuse_unread(f"the service {service.name}", "Win32_Service", _MEMBERS, wanted, stored)


def insist_on_host(host: Host, server: Server, services: Iterable[Service]) -> None:
    """Services are those of the connected computer: fail if that is not the Exchange server meant."""
    names = (server.name.casefold(), server.fqdn.casefold(), server.fqdn.partition(".")[0].casefold())
    computers = {service.computer for service in services if service.status != MISSING} or {""}
    for computer in sorted(computer or host.computer_name() for computer in computers):
        if computer.casefold() not in names:
            raise Failure(
                f"This connection leads to the computer {computer}, but the Exchange server meant is {server.name}; "
                "its services and logs are available on that host only, so run the task there."
            )


@dataclass(frozen=True)
class Starts:
    """When the processes of services started, by the names of these."""

    times: dict[str, str] = field(default_factory=dict)
    """As the host writes it."""
    unread: dict[str, str] = field(default_factory=dict)
    """Why it is not known, in the middle of a sentence."""


def process_starts(host: Host, services: Iterable[Service]) -> Starts:
    """When the process of each service that has one started."""
    starts = Starts()
    numbers: dict[str, str] = {}
    for service in services:
        if came := service.unreadable.get("process_id"):
            starts.unread[service.name] = f"Win32_Service shows ProcessId of {service.name} as {came}"
        elif service.process_id:
            numbers[service.name] = str(service.process_id)
    if not numbers:
        return starts
    # A process may be gone by now or closed to this user: errors here only mean that the time stays unknown.
    reply = host.call(
        "Get-Process", endpoint="windows", members=("Id", "StartTime"), Id=list(dict.fromkeys(numbers.values()))
    )
    strange = [one.get("Id") for one in reply.output if not wire_text(one.get("Id")).isdecimal()]
    unnumbered = f", and Id of another one as {Unreadable(strange[0])}" if strange else ""
    for name, number in numbers.items():
        found = [process for process in reply.output if wire_text(process.get("Id")) == number]
        if len(found) != 1:
            many = f"{len(found) or 'no'} process{'es' if found else ''} with the Id {number} of {name}"
            starts.unread[name] = f"Get-Process shows {many}{unnumbered}"
            continue
        started = found[0].get("StartTime")
        if moment(wire_text(started)):
            starts.times[name] = wire_text(started)
        else:
            what = " that is no time with its zone" if wire_text(started) else ""
            starts.unread[name] = f"Get-Process shows StartTime of {name} as {Unreadable(started, what)}"
    return starts


def standing(services: Iterable[Service]) -> str:
    return ", ".join(f"{service.name} is {service.status or _unknown(service)}" for service in services)


def _unknown(service: Service) -> str:
    return f"in a state that cannot be read (Win32_Service shows State as {service.unreadable.get('status')})"
