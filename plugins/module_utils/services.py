# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Windows services behind a protocol: which there are, how they stand, starting, stopping, and restarts owed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils.components import INACTIVE, UNKNOWN, component_state
from ansible_collections.mailops.exchange.plugins.module_utils.host import (
    CmdletFailure,
    Failure,
    Host,
    OutcomeUnknown,
    Server,
)
from ansible_collections.mailops.exchange.plugins.module_utils.kinds import wire_text
from ansible_collections.mailops.exchange.plugins.module_utils.plan import Plan
from ansible_collections.mailops.exchange.plugins.module_utils.vocabulary.client_access import START_MODE, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils.vocabulary.versions import EXCHANGE_2013, EXCHANGE_2016

RUNNING = "running"
STOPPED = "stopped"
MISSING = "missing"
STARTING = "start_pending"
STOPPING = "stop_pending"


@dataclass(frozen=True)
class Service:
    """A service as it stands, in the words of the modules' options."""

    name: str
    status: str = MISSING
    start_mode: str | None = None
    process_id: int = 0
    computer: str = ""

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
    # Win32_Service and not Get-Service: it has the start mode on every PowerShell, and the process.
    members = ("Name", "State", "StartMode", "ProcessId", "SystemName")
    found = host.cim("Win32_Service", where=" OR ".join(f"Name='{name}'" for name in names), members=members)
    by_name = {wire_text(item.get("Name")).casefold(): item for item in found}
    return {name: _read(name, by_name.get(name.casefold())) for name in names}


def _read(name: str, item: Mapping[str, Any] | None) -> Service:
    if item is None:
        return Service(name)
    pid = wire_text(item.get("ProcessId"))
    return Service(
        name=name,
        status=wire_text(item.get("State")).casefold().replace(" ", "_"),
        start_mode=START_MODE.read(item.get("StartMode")).casefold() or None,
        process_id=int(pid) if pid.isdecimal() and len(pid) <= 10 else 0,
        computer=wire_text(item.get("SystemName")),
    )


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


class ServiceControl:
    """Changing services and waiting until they are what they are to be."""

    def __init__(self, host: Host, timeout: float) -> None:
        self._host = host
        self._timeout = timeout

    def apply(self, services: Mapping[str, Service], state: str | None, plan: Plan) -> None:
        """Carry out a plan, start modes first: a disabled service cannot be started."""
        for name, change in plan.changes.items():
            if mode := change.get("start_mode"):
                self.write("Set-Service", name, partial(_has_mode, mode), StartupType=mode.capitalize())
        for name, change in plan.changes.items():
            if "status" not in change:
                continue
            if state == "stopped":
                self.write("Stop-Service", name, has_stopped)
            elif state == "started":
                self.write("Start-Service", name, has_started)
            else:
                self.write("Restart-Service", name, partial(_has_restarted, services[name]))

    def write(self, cmdlet: str, name: str, done: Callable[[Service], bool], **parameters: Any) -> None:
        """Send a writing cmdlet for one service; if its answer is lost, look first whether it has been done."""
        try:
            self._host.write(cmdlet, endpoint="windows", deadline=self._timeout, Name=name, **parameters)
        except OutcomeUnknown:
            if not done(read_services(self._host, [name])[name]):
                self._host.write(cmdlet, endpoint="windows", deadline=self._timeout, Name=name, **parameters)

    def settle(self, names: Sequence[str], status: str) -> list[Service]:
        """Wait until no service is on its way any more, and look once again whether those started stay up.

        The services that are not what they are to be.
        """
        if not names:
            return []
        self._host.wait(lambda: all(s.status in (RUNNING, STOPPED) for s in self._read(names)), self._timeout)
        if status == RUNNING:
            self._host.pause()
        return [service for service in self._read(names) if service.status != status]

    def _read(self, names: Sequence[str]) -> list[Service]:
        return list(read_services(self._host, names).values())


def has_started(now: Service) -> bool:
    return now.status in (RUNNING, STARTING)


def has_stopped(now: Service) -> bool:
    return now.status in (STOPPED, STOPPING)


def _has_restarted(before: Service, now: Service) -> bool:
    return has_started(now) and now.process_id != before.process_id


def _has_mode(mode: str, now: Service) -> bool:
    return now.start_mode == mode


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
    refuse_disabled(services.values(), state, start_mode)
    plan = plan_services(services.values(), state, start_mode, keep_disabled=keep_disabled)
    result = {"changed": plan.changed, "diff": plan.diff(f"{protocol.title} services of {server.name}")}
    control = ServiceControl(host, timeout)
    touched = [name for name, change in plan.changes.items() if "status" in change]
    wanted = STOPPED if state == "stopped" else RUNNING
    try:
        control.apply(services, state, plan)
    except Failure as failure:
        failure.result.update(result)
        starting = touched if wanted == RUNNING and isinstance(failure, CmdletFailure) else ()
        if why := _by_exchange(host, protocol, server, starting):
            raise Failure(f"{why} {failure}", **result) from None
        raise
    if host.check_mode:
        shown = [_shown(service, plan.changes.get(service.name, {})) for service in services.values()]
        return {**result, "server": server.name, "services": shown}
    if wrong := control.settle(touched, wanted):
        raise Failure(_not_settled(host, protocol, server, wrong, wanted), **result)
    now = read_services(host, names).values() if plan.changed else services.values()
    for service in now:
        mode = plan.changes.get(service.name, {}).get("start_mode", service.start_mode)
        if service.start_mode != mode:
            raise Failure(
                f"{service.name} was set to start_mode {mode}, but {server.name} has {service.start_mode}.", **result
            )
    return {**result, "server": server.name, "services": [_shown(service) for service in now]}


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


def _not_settled(host: Host, protocol: Protocol, server: Server, wrong: Sequence[Service], wanted: str) -> str:
    names = [service.name for service in wrong]
    told = ", ".join(f"{service.name} is {service.status}" for service in wrong)
    told = f"{told} on {server.name} and not {wanted} as it was told to be"
    if wanted == RUNNING and (why := _by_exchange(host, protocol, server, names)):
        return f"{told}. {why}"
    return f"{told}; the event log of the host has the reason."


@dataclass(frozen=True)
class Judgement:
    """Whether running services still work with older settings than the stored ones, and why that is thought."""

    answer: str
    reason: str
    started: str | None = None
    """The earliest start among the running services."""


def restart_owed(changed: str, services: Sequence[tuple[bool, str | None]], tolerance: float) -> Judgement:
    """Judge by the settings' WhenChangedUTC and, for each service, whether it has a process and when that started.

    `WhenChangedUTC` is not replicated: each domain controller writes its own when the change reaches it. Hence
    `possible` for a change shortly after the start, which the start may have covered.
    """
    started = [_moment(start) for has_process, start in services if has_process]
    if not started:
        return Judgement("no", "No service of the protocol runs; the next start takes the stored settings.")
    known = [moment for moment in started if moment]
    changed_at = _moment(changed)
    earliest = min(known, default=None)
    shown = earliest.isoformat() if earliest else None
    if changed_at is None or earliest is None:
        what = "the settings were changed" if changed_at is None else "the services started"
        return Judgement("unknown", f"It cannot be read when {what}.", shown)
    later = changed_at - earliest
    if later >= timedelta(seconds=tolerance) and later > timedelta():
        answer, reason = "yes", "The settings were changed after a service started."
    elif len(known) < len(started):
        answer, reason = "unknown", "It cannot be read when one of the services started."
    elif later > timedelta():
        answer = "possible"
        reason = (
            f"The settings show a change {later.total_seconds():.0f} seconds after a service started, less than the "
            f"tolerance of {tolerance:g}: it may be the same change reaching another domain controller late."
        )
    else:
        answer, reason = "no", "Every running service started after the last change of the settings."
    return Judgement(answer, reason, shown)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    # Without an offset the time is the server's local one, of which nothing is known here.
    return moment if moment.tzinfo else None
