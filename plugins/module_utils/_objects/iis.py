# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The restart of IIS, which serves Exchange's own PowerShell too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    OutcomeUnknown,
    first_of,
    summed_up,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unread,
    Unreadable,
    member_of,
    wire_texts,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Choice, Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_services import (
    Services,
    disabled,
    plan_services,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import (
    MISSING,
    RUNNING,
    Service,
    read_services,
    refuse_unknown,
    standing,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import Settled

ACTIVATION = "WAS"
WEB = "W3SVC"
_UNTOUCHED = "so nothing was stopped"


class Iis(Services):
    """Stops WAS and with it all that depends on it, starts what ran and W3SVC, and waits for Exchange."""

    options = (
        Option("state", Choice(("restarted",)), required=True),
        Option("timeout", Int(1, 3600, "seconds"), default=300),
    )

    @property
    def title(self) -> str:
        return "IIS"

    @property
    def names(self) -> Sequence[str]:
        return list(self._services)

    @cached_property
    def _services(self) -> dict[str, Service]:
        """The services to be restarted, as they were at first."""
        others = self._dependents()
        found = read_services(self.host, (WEB, *others))
        if found[WEB].status == MISSING:
            raise Failure("The service W3SVC does not exist on this host; IIS is not installed there.")
        if unknown := [name for name in others if found[name].status == MISSING]:
            raise Failure(
                f"Get-Service shows DependentServices of {ACTIVATION} that do not exist ({first_of(unknown)}), "
                f"{_UNTOUCHED}; please report that."
            )
        refuse_unknown(found.values(), "status", "start_mode", "process_id")
        # By it Exchange is waited for, when there is no way back.
        self._computer = found[WEB].computer or self.host.computer_name()
        # One that starts by itself and is stopped all the same was left so by a restart that went wrong.
        return {
            name: service
            for name, service in found.items()
            if name == WEB or service.status == RUNNING or service.start_mode == "automatic"
        }

    def _dependents(self) -> list[str]:
        """The services that stop with WAS, without W3SVC; a Failure if the host does not tell all of them."""
        found = self.host.read("Get-Service", endpoint="windows", members=("DependentServices",), Name=ACTIVATION)
        if len(found) != 1:
            raise Failure(
                f"Get-Service answered with {len(found)} objects for {ACTIVATION} instead of one, {_UNTOUCHED}; "
                "please report that."
            )
        told = found[0].get("DependentServices")
        try:
            names = wire_texts([_named(one) for one in told] if isinstance(told, list) else told)
            others = {name.casefold(): name for name in names}
            if others.pop(WEB.casefold(), None) is None:
                raise Unreadable(told, f" without {WEB}")
            if len(others) != len(names) - 1:
                raise Unreadable(told, " in which one is twice")
        except Unreadable as came:
            raise Unread("Get-Service", "DependentServices", ACTIVATION, came, _UNTOUCHED) from None
        return list(others.values())

    def read(self) -> dict[str, Service]:
        return self._services

    def plan(self, before: dict[str, Service]) -> Plan:
        return plan_services(before.values(), "restarted", None)

    def refusals(self, before: dict[str, Service], plan: Plan) -> Iterator[str]:
        return disabled(before.values(), "restarted", None)

    def send(self, outstanding: Plan) -> None:
        # What runs with its old process was never stopped. The second time that may be none.
        stops = not self.host.sent or any("status" not in left for left in outstanding.changes.values())
        started = self.names if stops else list(outstanding.changes)
        failures: list[Failure] = []
        # What is stopped by now is started again before a failure is told.
        for cmdlet, name, parameters in (
            *([("Stop-Service", ACTIVATION, {"Force": True})] if stops else []),
            *(("Start-Service", name, {}) for name in started),
        ):
            try:
                self.write(cmdlet, name, **parameters)
            except Failure as failure:
                failures.append(failure)
        if failures:
            told = summed_up(map(str, failures))
            if any(isinstance(failure, OutcomeUnknown) for failure in failures):
                raise OutcomeUnknown(told, summed_up(failure.in_vain for failure in failures))
            raise Failure(told)

    def judged(self, services: Mapping[str, Service]) -> Sequence[str]:
        # Only another process proves a restart. What is stopped is started again before what cannot be read is told.
        return ("process_id",) if all(service.status == RUNNING for service in services.values()) else ()

    def finish(self, now: dict[str, Service]) -> None:
        self.host.wait_for_exchange(self._computer, self.given["timeout"])

    def told(
        self, before: dict[str, Service], plan: Plan, settled: Settled[dict[str, Service], Plan], moved: Plan
    ) -> str:
        problem, why = settled.problem, self.why(settled, moved)
        told = [why] if why else []
        if stopped := [service for service in (settled.seen or before).values() if service.status != RUNNING]:
            told.append(
                f"Now {standing(stopped)}; the next run starts those that start automatically. The event log has the "
                "reason."
            )
        elif not problem or (isinstance(problem, OutcomeUnknown) and not moved.changed):
            names = first_of([*settled.outstanding.changes])
            told.append(f"IIS was not restarted; its processes are still the same: {names}.")
        return " ".join(told)

    def shown(self, now: dict[str, Service], moved: Plan) -> dict[str, Any]:
        return {"services": list(moved.changes)}


def _named(service: Any) -> Any:
    """A service by its name: the text of an object may be that of its type only."""
    return member_of(service, "Name") or member_of(service, "ServiceName") or service
