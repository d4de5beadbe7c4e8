# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starting, stopping and restarting the services of a protocol."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure, OutcomeUnknown
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Choice, Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import (
    INACTIVE,
    UNKNOWN,
    component_state,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import (
    MISSING,
    RESTARTING,
    RUNNING,
    STOPPED,
    Service,
    insist_on_host,
    read_services,
    refuse_unknown,
    service_names,
    standing,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, Stored
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import Single, not_shown
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import Settled

CMDLETS = {"started": "Start-Service", "stopped": "Stop-Service", "restarted": "Restart-Service"}


def steady_services(host: Host, names: Sequence[str], timeout: float, *, staying: bool) -> dict[str, Service]:
    """The services once none is on its way any more; looked at again whether they stay, if they are to stay up."""
    services: dict[str, Service] = {}

    def steady() -> bool:
        services.update(read_services(host, names))
        return not any(service.status.endswith("_pending") for service in services.values())

    host.wait(steady, timeout)
    if staying and any(service.has_process for service in services.values()):
        first = dict(services)
        host.pause()
        steady()
        for name, service in services.items():
            # Windows starts a service again that has died: what never stays up is running most of the time.
            known = "process_id" not in first[name].unreadable.keys() | service.unreadable.keys()
            if known and service.status == RUNNING and service.process_id != first[name].process_id:
                services[name] = replace(service, status=RESTARTING)
    return services


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


def disabled(services: Iterable[Service], state: str | None, start_mode: str | None) -> Iterator[str]:
    """Sentences on services that cannot be started because they are disabled, and get no other start mode."""
    for service in services:
        starts = state == "restarted" or (state == "started" and service.status != RUNNING)
        if starts and start_mode is None and service.start_mode == "disabled":
            yield (
                f"The service {service.name} is disabled and cannot be started; set start_mode too, for example to "
                "automatic."
            )


def _facts(before: Service, now: Service) -> dict[str, Any]:
    restarted = now.status == RUNNING and now.process_id != before.process_id
    return {"start_mode": now.start_mode, "status": now.status, "restarted": restarted}


def outstanding_changes(plan: Plan, before: Mapping[str, Service], now: Mapping[str, Service]) -> Plan:
    """What of a plan has not come about."""
    left = Plan()
    for name, change in plan.changes.items():
        facts = _facts(before[name], now[name])
        if differing := {key: value for key, value in change.items() if facts[key] != value}:
            left.changes[name] = differing
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


class Services(Single[dict[str, Service]]):
    """Windows services that are brought into a state, and looked at whether they stay there."""

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """The services meant."""

    @abstractmethod
    def judged(self, services: Mapping[str, Service]) -> Sequence[str]:
        """What of these services has to be known."""

    @property
    def to_run(self) -> bool:
        """Whether they are to run at the end."""
        return True

    def write(self, cmdlet: str, name: str, **parameters: Any) -> None:
        self.host.write(cmdlet, endpoint="windows", deadline=self.given["timeout"], of=name, Name=name, **parameters)

    def look(self, before: dict[str, Service], plan: Plan) -> tuple[dict[str, Service], Plan]:
        now = steady_services(self.host, self.names, self.given["timeout"], staying=self.to_run)
        refuse_unknown(now.values(), *self.judged(now))
        return now, outstanding_changes(plan, before, now)

    def expected(self, before: dict[str, Service], plan: Plan) -> dict[str, Service]:
        return {name: _expected(service, plan.changes.get(name, {})) for name, service in before.items()}

    def moved(self, before: dict[str, Service], plan: Plan, settled: Settled[dict[str, Service], Plan]) -> Plan:
        return moved_by(plan, before, settled.seen or before)

    def afterthoughts(self, now: dict[str, Service]) -> Iterator[str]:
        for service in now.values():
            yield from not_shown(f"the service {service.name}", Stored({}, service.unreadable))


def _expected(service: Service, change: Mapping[str, Any]) -> Service:
    return replace(service, **{key: value for key, value in change.items() if key in ("status", "start_mode")})


class ProtocolServices(Services):
    """The services of one protocol on one server."""

    options = (
        *SERVER_OPTIONS,
        Option("protocol", Choice(tuple(PROTOCOLS)), required=True),
        Option("state", Choice(("started", "stopped", "restarted"))),
        # Boot and System are for drivers.
        Option("start_mode", Enum({"automatic": 2, "manual": 3, "disabled": 4}, {"auto": "automatic"})),
        Option("keep_disabled", Bool(), default=False),
        Option("timeout", Int(1, 3600, "seconds"), default=120),
    )
    required_one_of = (("state", "start_mode"),)

    @property
    def state(self) -> str | None:
        return self.given.get("state")

    @property
    def start_mode(self) -> str | None:
        return self.given.get("start_mode")

    @property
    def protocol(self) -> Protocol:
        return PROTOCOLS[self.given["protocol"]]

    @property
    def names(self) -> Sequence[str]:
        return service_names(self.protocol, self.server)

    def contradictions(self) -> Iterator[str]:
        if self.to_run and self.start_mode == "disabled":
            yield f"start_mode: 'disabled' cannot be combined with the state {self.state}; use automatic or manual."
        if self.to_run and self.given["keep_disabled"]:
            yield f"keep_disabled: a disabled service cannot be {self.state}; leave it out, or use the state stopped."

    def judged(self, services: Mapping[str, Service]) -> Sequence[str]:
        wanted = {"status": self.state, "start_mode": self.start_mode, "process_id": self.state == "restarted"}
        # Only another process proves a restart.
        return [member for member, needed in wanted.items() if needed]

    def read(self) -> dict[str, Service]:
        if not self.names:
            raise Failure(
                f"{self.server.title} has neither the Client Access nor the Mailbox role, and therefore no "
                f"{self.protocol.title} services."
            )
        services = read_services(self.host, self.names)
        insist_on_host(self.host, self.server, services.values())
        for service in services.values():
            if service.status == MISSING:
                raise Failure(
                    f"The service {service.name} does not exist on {self.server.title}; repair the installation. "
                    f"{self.protocol.title} cannot work without it."
                )
        refuse_unknown(services.values(), *self.judged(services))
        return services

    def plan(self, before: dict[str, Service]) -> Plan:
        kept = self.given["keep_disabled"]
        return plan_services(before.values(), self.state, self.start_mode, keep_disabled=kept)

    def refusals(self, before: dict[str, Service], plan: Plan) -> Iterator[str]:
        return disabled(before.values(), self.state, self.start_mode)

    @property
    def to_run(self) -> bool:
        return self.state in ("started", "restarted")

    def send(self, outstanding: Plan) -> None:
        # Start modes first: a disabled service cannot be started.
        for name, change in outstanding.changes.items():
            if mode := change.get("start_mode"):
                self.write("Set-Service", name, StartupType=mode.capitalize())
        for name, change in outstanding.changes.items():
            if change.keys() & {"status", "restarted"}:
                self.write(CMDLETS[str(self.state)], name)

    def look(self, before: dict[str, Service], plan: Plan) -> tuple[dict[str, Service], Plan]:
        now, left = super().look(before, plan)
        if self.state != "restarted":
            # What needed nothing before may have changed meanwhile. Of a restart all are a part.
            for name, change in self.plan(now).changes.items():
                left.changes[name] = {**change, **left.changes.get(name, {})}
        return now, left

    def told(
        self, before: dict[str, Service], plan: Plan, settled: Settled[dict[str, Service], Plan], moved: Plan
    ) -> str:
        now, problem = settled.seen or before, settled.problem
        why = None if isinstance(problem, OutcomeUnknown) else self._by_exchange(settled.outstanding)
        if problem is None:
            return _not_settled(self.server, settled.outstanding.changes, moved, now, why)
        now_told = f"Now {standing(now.values())}." if moved.changed else None
        return " ".join(filter(None, (why, self.why(settled, moved), now_told)))

    def _by_exchange(self, outstanding: Plan) -> str | None:
        """Whether Exchange itself has stopped the front-end service, if that is so or not known."""
        front_end = self.protocol.front_end
        if not self.to_run or outstanding.changes.get(front_end, {}).keys().isdisjoint({"status", "restarted"}):
            return None
        component = component_state(self.host, self.protocol, self.server)
        if component.state == INACTIVE:
            return (
                f"Exchange stops {front_end} while its server component is not active. {component.reason} Make it "
                "Active with Set-ServerComponentState, as the requester that took it down."
            )
        if component.state == UNKNOWN:
            return (
                f"The event log of the host has the reason. Exchange stops {front_end} while the server component "
                f"{component.name} is not active, and whether it is, is not known: {component.reason}"
            )
        return None

    @property
    def title(self) -> str:
        return f"{self.protocol.title} services of {self.server.name}"

    def shown(self, now: dict[str, Service], moved: Plan) -> dict[str, Any]:
        shown = [{"name": s.name, "status": s.status, "start_mode": s.start_mode} for s in now.values()]
        unreadable = {member: shape for s in now.values() for member, shape in Stored({}, s.unreadable).shapes.items()}
        return {"server": self.server.name, "services": shown, "unreadable": unreadable}


def _not_settled(
    server: Server,
    outstanding: Mapping[str, Mapping[str, Any]],
    moved: Plan,
    now: Mapping[str, Service],
    why: str | None,
) -> str:
    def instead(name: str) -> str:
        """The start mode that there was before, if there is a third one now."""
        was, has = (modes.get(name, {}).get("start_mode") for modes in (moved.before, moved.after))
        return f" instead of {was}" if was != has else ""

    modes = [
        f"{name} was set to start_mode {left['start_mode']}{instead(name)}, but {server.name} has "
        f"{now[name].start_mode}."
        for name, left in outstanding.items()
        if "start_mode" in left
    ]
    if modes:
        return " ".join(modes)
    wanted = next((left["status"] for left in outstanding.values() if "status" in left), "restarted")
    wrong = standing(now[name] for name in outstanding)
    reason = f". {why}" if why else "; the event log of the host has the reason."
    return f"{wrong} on {server.name} and not {wanted}{reason}"
