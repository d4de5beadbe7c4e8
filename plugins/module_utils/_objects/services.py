# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Windows services behind a protocol: which there are, how they stand, starting, stopping, and restarts owed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure, OutcomeUnknown
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013, EXCHANGE_2016
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import (
    INACTIVE,
    UNKNOWN,
    component_state,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._tables.services import SERVICE_STATE, START_MODE
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import refuse_unread
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, Stored, read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import settle

RUNNING = "running"


STOPPED = "stopped"


MISSING = "missing"


CMDLETS = {"started": "Start-Service", "stopped": "Stop-Service", "restarted": "Restart-Service"}


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


def plan_services(
    services: Iterable[Service], state: str | None, start_mode: str | None, *, keep_disabled: bool = False
) -> Plan:
    """What is to be done with each service: its new start mode, and the status it is to have."""
    plan = Plan()
    status = {None: None, "started": RUNNING, "stopped": STOPPED, "restarted": RUNNING}[state]
    for service in services:
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        kept = keep_disabled and service.start_mode == "disabled"
        if start_mode and start_mode != service.start_mode and not kept:
            before["start_mode"], after["start_mode"] = service.start_mode, start_mode
        if status and (status != service.status or state == "restarted"):
            before["status"], after["status"] = service.status, status
        if state == "restarted":
            before["restarted"], after["restarted"] = False, True
        if after:
            plan.changes[service.name], plan.before[service.name], plan.after[service.name] = after, before, after
    return plan


def refuse_disabled(services: Iterable[Service], state: str | None, start_mode: str | None) -> None:
    """A disabled service cannot be started: fail unless the task gives it another start mode."""
    for service in services:
        starts = state == "restarted" or (state == "started" and service.status != RUNNING)
        if starts and start_mode is None and service.start_mode == "disabled":
            raise Failure(
                f"The service {service.name} is disabled and cannot be started; give start_mode as well, "
                "automatic for example."
            )


def _facts(before: Service, now: Service) -> dict[str, Any]:
    restarted = now.status == RUNNING and now.process_id != before.process_id
    return {"start_mode": now.start_mode, "status": now.status, "restarted": restarted}


def outstanding_changes(
    plan: Plan, before: Mapping[str, Service], now: Mapping[str, Service]
) -> dict[str, dict[str, Any]]:
    """What of a plan has not come about, by service."""
    left = {}
    for name, change in plan.changes.items():
        facts = _facts(before[name], now[name])
        if differing := {key: value for key, value in change.items() if facts[key] != value}:
            left[name] = differing
    return left


def moved_by(plan: Plan, before: Mapping[str, Service], now: Mapping[str, Service]) -> Plan:
    """What has really changed, in the form of the plan."""
    moved = Plan()
    for name, change in plan.changes.items():
        was, has = _facts(before[name], before[name]), _facts(before[name], now[name])
        if any(was[key] != has[key] for key in change):
            moved.changes[name] = moved.after[name] = {key: has[key] for key in change}
            moved.before[name] = {key: was[key] for key in change}
    return moved


def write_service(host: Host, cmdlet: str, name: str, deadline: float, **parameters: Any) -> None:
    host.write(cmdlet, endpoint="windows", deadline=deadline, Name=name, **parameters)


def steady_services(host: Host, names: Sequence[str], timeout: float, *, staying: bool) -> dict[str, Service]:
    """The services once none is on its way any more; looked at again whether they stay, if they are to stay up."""
    services: dict[str, Service] = {}

    def steady() -> bool:
        services.update(read_services(host, names))
        return not any(service.status.endswith("_pending") for service in services.values())

    host.wait(steady, timeout)
    if staying and any(service.has_process for service in services.values()):
        host.pause()
        steady()
    return services


def manage_services(
    host: Host,
    protocol: Protocol,
    server: Server,
    *,
    state: str | None,
    start_mode: str | None,
    keep_disabled: bool,
    timeout: float,
) -> dict[str, Any]:
    """Bring the services of a protocol into the wanted state, and make sure that they stay there."""
    names = service_names(protocol, server)
    services = read_services(host, names)
    insist_on_host(host, server, services.values())
    for service in services.values():
        if service.status == MISSING:
            raise Failure(
                f"The service {service.name} does not exist on {server.title}; "
                f"repair the installation, {protocol.title} cannot work without it."
            )
    judged = [*(["status"] if state else []), *(["start_mode"] if start_mode else [])]
    # Only another process proves a restart.
    judged += ["process_id"] if state == "restarted" else []
    refuse_unknown(services.values(), *judged)
    refuse_disabled(services.values(), state, start_mode)
    plan = plan_services(services.values(), state, start_mode, keep_disabled=keep_disabled)
    title = f"{protocol.title} services of {server.name}"
    result = {"changed": plan.changed, "diff": plan.diff(title), "server": server.name}
    if not plan.changed:
        return {**result, "services": [_shown(service) for service in services.values()]}

    touches_status = any("status" in change for change in plan.changes.values())
    to_run = touches_status and state != "stopped"
    cmdlet = CMDLETS.get(state or "", "")

    def send(outstanding: Mapping[str, Mapping[str, Any]]) -> None:
        # Start modes first: a disabled service cannot be started.
        for name, change in outstanding.items():
            if mode := change.get("start_mode"):
                write_service(host, "Set-Service", name, timeout, StartupType=mode.capitalize())
        for name, change in outstanding.items():
            if change.keys() & {"status", "restarted"}:
                write_service(host, cmdlet, name, timeout)

    def look() -> tuple[dict[str, Service], dict[str, dict[str, Any]]]:
        now = steady_services(host, names, timeout, staying=to_run)
        refuse_unknown(now.values(), *judged)
        return now, outstanding_changes(plan, services, now)

    now, outstanding, problem = settle(host, plan.changes, send, look)
    if now is None:
        return {**result, "services": [_shown(s, plan.changes.get(s.name, {})) for s in services.values()]}
    if not outstanding and problem is None:
        return {**result, "services": [_shown(service) for service in now.values()]}
    moved = moved_by(plan, services, now)
    starting = [name for name, left in outstanding.items() if "status" in left or "restarted" in left] if to_run else []
    why = None if isinstance(problem, OutcomeUnknown) else _by_exchange(host, protocol, server, starting)
    if problem is None:
        told = _not_settled(server, outstanding, now, why)
    else:
        now_told = f"Now {standing(now.values())}." if moved.changed else None
        told = " ".join(filter(None, (why, str(problem), now_told)))
    raise Failure(told, changed=moved.changed, diff=moved.diff(title)) from problem


def _shown(service: Service, change: Mapping[str, Any] | None = None) -> dict[str, Any]:
    shown = {"name": service.name, "status": service.status, "start_mode": service.start_mode}
    return shown | {key: value for key, value in (change or {}).items() if key in shown}


def _by_exchange(host: Host, protocol: Protocol, server: Server, names: Iterable[str]) -> str | None:
    """Whether Exchange itself has stopped a front-end service, if that is so or not known."""
    if protocol.front_end not in names:
        return None
    component = component_state(host, protocol, server)
    if component.state == INACTIVE:
        return (
            f"Exchange stops {protocol.front_end} while its server component is not active. {component.reason} "
            "Make it Active with Set-ServerComponentState."
        )
    if component.state == UNKNOWN:
        return (
            f"The event log of the host has the reason. Exchange stops {protocol.front_end} while the server component "
            f"{component.name} is not active, and whether it is, is not known: {component.reason}"
        )
    return None


def standing(services: Iterable[Service]) -> str:
    return ", ".join(f"{service.name} is {service.status or 'in a state that cannot be read'}" for service in services)


def _not_settled(
    server: Server, outstanding: Mapping[str, Mapping[str, Any]], now: Mapping[str, Service], why: str | None
) -> str:
    for name, left in outstanding.items():
        if "start_mode" in left:
            has = now[name].start_mode
            return f"{name} was set to start_mode {left['start_mode']}, but {server.name} has {has}."
    wanted = next((left["status"] for left in outstanding.values() if "status" in left), "restarted")
    wrong = standing(now[name] for name in outstanding)
    reason = f". {why}" if why else "; the event log of the host has the reason."
    return f"{wrong} on {server.name} and not {wanted} as it was told to be{reason}"
