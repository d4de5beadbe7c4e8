# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The life of an object on a server, told once: read, refuse what cannot be read, plan, settle, answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, ClassVar, Generic, TypeVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Failure,
    first_of,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Edit
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import Work, refuse
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import (
    Plan,
    Stored,
    make_plan,
    shown,
)
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import Fact, refusals
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import Settled, settle

State = TypeVar("State")
Changes = TypeVar("Changes", bound=Plan)


class Resource(Work, Generic[State, Changes]):
    """What a module brings to the state that is wanted of it."""

    def result(self) -> dict[str, Any]:
        before = self.read()
        plan = self.plan(before)
        self.host.warnings += self.remarks(before, plan)
        refuse(self.refusals(before, plan))
        now = self.bring(before, plan) if plan.changed else before
        self.host.warnings += self.afterthoughts(now)
        return self.answer(now, plan)

    @abstractmethod
    def read(self) -> State:
        """The object as it is, as far as the task needs it; a Failure if it is not there or cannot be read."""

    @abstractmethod
    def plan(self, before: State) -> Changes:
        """What is to be changed."""

    def remarks(self, before: State, plan: Changes) -> Iterable[str]:
        """What an administrator should know of what was chosen."""
        return ()

    def refusals(self, before: State, plan: Changes) -> Iterable[str]:
        """Sentences on what must not come about."""
        return ()

    @abstractmethod
    def bring(self, before: State, plan: Changes) -> State:
        """Carry the plan out and make sure of it: the object as it is then, or a Failure that says what has moved."""

    def afterthoughts(self, now: State) -> Iterable[str]:
        """What an administrator should know of the object as it is at the end."""
        return ()

    @property
    @abstractmethod
    def title(self) -> str:
        """The object, as the heading of a difference."""

    @abstractmethod
    def shown(self, now: State, moved: Changes) -> dict[str, Any]:
        """The object as results show it."""

    def consequences(self, moved: Changes) -> dict[str, Any]:
        """What a change makes necessary."""
        return {}

    def answer(self, now: State, moved: Changes) -> dict[str, Any]:
        """The result: the same whether the task ends well or not."""
        return {
            "changed": moved.changed,
            "diff": moved.diff(self.title),
            **self.shown(now, moved),
            **self.consequences(moved),
        }


class Single(Resource[State, Plan]):
    """One object, or a few that are written together."""

    def bring(self, before: State, plan: Plan) -> State:
        try:
            settled = settle(self.host, plan, self.send, partial(self.look, before, plan))
        except Failure as blind:
            blind.result |= self.consequences(plan if blind.result["changed"] else Plan())
            raise
        if settled.seen is None:
            return self.expected(before, plan)
        if settled.problem is None and self.accepts(settled):
            try:
                self.finish(settled.seen)
            except Failure as failure:
                failure.result |= self.answer(settled.seen, plan)
                raise
            return settled.seen
        moved = self.moved(before, plan, settled)
        answer = self.answer(settled.seen, moved)
        if settled.elsewhere:
            answer |= {"changed": True, **self.consequences(plan)}
        raise Failure(self.told(before, plan, settled, moved), **answer) from settled.problem

    @abstractmethod
    def send(self, outstanding: Plan) -> None:
        """Write what is outstanding."""

    @abstractmethod
    def look(self, before: State, plan: Plan) -> tuple[State, Plan]:
        """The object as it is after a write, and what of the plan has not come about."""

    @abstractmethod
    def expected(self, before: State, plan: Plan) -> State:
        """The object as it would be, for check mode."""

    def accepts(self, settled: Settled[State, Plan]) -> bool:
        """Whether all is as it was to be, if nothing went wrong on the way."""
        return not settled.outstanding

    def finish(self, now: State) -> None:
        """What is left to be done after it has worked."""

    @abstractmethod
    def moved(self, before: State, plan: Plan, settled: Settled[State, Plan]) -> Plan:
        """What has really changed."""

    @abstractmethod
    def told(self, before: State, plan: Plan, settled: Settled[State, Plan], moved: Plan) -> str:
        """Why the task fails, and what is so now."""

    def why(self, settled: Settled[State, Plan], moved: Plan) -> str:
        """What went wrong on the way, as it is known now; empty if nothing did."""
        if settled.problem is None:
            return ""
        in_vain = moved.changes.keys().isdisjoint(settled.outstanding.changes) and not settled.elsewhere
        return settled.problem.in_vain if in_vain else str(settled.problem)


class Settings(Single[Stored]):
    """An object that is a table of settings, which `Get-<noun>` shows and `Set-<noun>` writes."""

    noun: ClassVar[str]
    settings: ClassVar[Sequence[Setting]]

    @property
    @abstractmethod
    def what(self) -> str:
        """Its settings, in the middle of a sentence."""

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """The parameters by which `Set-<noun>` finds it."""

    @abstractmethod
    def find(self) -> Stored:
        """The object as it is stored; a Failure if there is none, or more than one."""

    def conflicts(self, values: Mapping[str, Any]) -> Iterable[Fact]:
        """Values that contradict each other; refused as far as one of them is the task's own doing."""
        return ()

    @cached_property
    def desired(self) -> dict[str, Any]:
        """The settings that are wanted, by option."""
        return {s.option: self.given[s.option] for s in self.settings if s.option in self.given}

    @cached_property
    def rows(self) -> Sequence[Setting]:
        """The settings that the server's version of Exchange has."""
        return [row for row in self.settings if row.is_on(self.server.version)]

    def contradictions(self) -> Iterable[str]:
        # What an edit makes of a list is known only when the list has been read.
        whole = {option: value for option, value in self.desired.items() if not isinstance(value, Edit)}
        return refusals(self.conflicts(whole), self.desired.keys())

    def read(self) -> Stored:
        refuse(unsupported(f"Set-{self.noun}", self.settings, self.desired, self.server))
        before = self.find()
        refuse_unread(self.what, f"Get-{self.noun}", self.rows, self.desired, before)
        return before

    def plan(self, before: Stored) -> Plan:
        return make_plan(self.rows, self.desired, before.values)

    def refusals(self, before: Stored, plan: Plan) -> Iterable[str]:
        return refusals(self.conflicts({**before.values, **plan.changes}), plan.changes.keys())

    def send(self, outstanding: Plan) -> None:
        self.host.write(f"Set-{self.noun}", **self.identity, **as_parameters(self.rows, outstanding.changes))

    def look(self, before: Stored, plan: Plan) -> tuple[Stored, Plan]:
        now = self.find()
        outstanding = make_plan(self.rows, plan.changes, now.values)
        if outstanding.unread:
            came = {option: f", it was returned as {shape}" for option, shape in now.unreadable.items()}
            told = (
                f"{option}: it was written, but what {self.server.name} has stored now cannot be read"
                f"{came.get(option, '')}; please report that."
                for option in outstanding.unread
            )
            raise Failure(" ".join(told), unreadable=now.shapes)
        return now, outstanding

    def expected(self, before: Stored, plan: Plan) -> Stored:
        return replace(before, values={**before.values, **plan.changes})

    def moved(self, before: Stored, plan: Plan, settled: Settled[Stored, Plan]) -> Plan:
        now = settled.seen or before
        return make_plan(self.rows, now.values, before.values)

    def why(self, settled: Settled[Stored, Plan], moved: Plan) -> str:
        # All goes in one cmdlet: where a part of it is stored, it did arrive.
        return str(settled.problem or "") if moved.changed else super().why(settled, moved)

    def told(self, before: Stored, plan: Plan, settled: Settled[Stored, Plan], moved: Plan) -> str:
        problem, why = settled.problem, self.why(settled, moved)
        if isinstance(problem, CmdletFailure):
            left = settled.outstanding.after.keys()
            kept = ", ".join(f"{option} {quoted(value)}" for option, value in moved.after.items() if option not in left)
            sentences = [why, f"{self.server.name} has stored anyway: {kept}." if kept else ""]
            sentences += [self._not_as_sent(option, settled, moved) for option in left if option in moved.after]
        else:
            sentences = [*self._not_stored(before, plan, settled, moved), why]
        return " ".join(filter(None, sentences))

    def _not_as_sent(self, option: str, settled: Settled[Stored, Plan], moved: Plan) -> str:
        """What was asked for and what there is, and what there was if that is a third value."""
        wanted, has = settled.outstanding.after[option], settled.outstanding.before[option]
        how = "sent" if settled.problem else "written"
        instead = f" instead of {quoted(moved.before[option])}" if option in moved.before else ""
        return f"{option}: {quoted(wanted)} was {how}{instead}, but {self.server.name} has {quoted(has)} stored."

    def _not_stored(self, before: Stored, plan: Plan, settled: Settled[Stored, Plan], moved: Plan) -> Iterator[str]:
        server = self.server.name
        for option in settled.outstanding.after:
            yield self._not_as_sent(option, settled, moved)
        # A parameter that RBAC withholds is taken for the beginning of another one's name: MaxConnections for
        # MaxConnectionsPerUser.
        others = {option: value for option, value in before.values.items() if option not in plan.changes}
        unasked = make_plan(self.rows, others, (settled.seen or before).values)
        for option, value in unasked.after.items():
            has = unasked.before[option]
            yield f"{option}: nothing was written, but {server} has {quoted(has)} stored instead of {quoted(value)}."

    def afterthoughts(self, now: Stored) -> Iterable[str]:
        return not_shown(self.what, now)

    def shown(self, now: Stored, moved: Plan) -> dict[str, Any]:
        return {
            "server": self.server.name,
            "settings": shown(self.rows, now.values),
            "unreadable": now.shapes,
        }


def as_parameters(settings: Iterable[Setting], values: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical values as a cmdlet gets them, by parameter."""
    return {s.parameter: s.kind.send(values[s.option]) for s in settings if s.option in values}


def unsupported(cmdlet: str, settings: Iterable[Setting], desired: Container[str], server: Server) -> Iterator[str]:
    """Sentences on settings that the server's version of Exchange does not have."""
    settings, version = [row for row in settings if row.option in desired], server.version
    here = {row.option for row in settings if row.is_on(version)}
    for row in settings:
        if row.option not in here:
            when = f"since {row.since.product}" if version < row.since else f"only before {row.before.product}"
            yield (
                f"{row.option}: {cmdlet} has {row.parameter} {when}, and {server.name} is {version.product} "
                f"({version}); leave it out for this server."
            )


def refuse_unread(what: str, cmdlet: str, settings: Iterable[Setting], wanted: Container[str], stored: Stored) -> None:
    """End the task if the object came without settings that are wanted, or with such that cannot be read."""
    problems = []
    for setting in settings:
        option = setting.option
        if option not in wanted or option in stored.values:
            continue
        if came := stored.unreadable.get(option):
            problems.append(
                f"{option}: {cmdlet} shows {setting.parameter} in {what} as {came}, which cannot be read, so it is "
                "neither compared nor written; please report that."
            )
        else:
            problems.append(f"{option}: {what} have no {setting.parameter}; leave it out for this server.")
    if problems:
        raise Failure(" ".join(problems), unreadable=stored.shapes)


def not_shown(what: str, stored: Stored) -> Iterator[str]:
    """Say what is missing among the settings shown, although nobody asked for it."""
    if stored.unreadable:
        listed = first_of([f"{option} was returned as {came}" for option, came in stored.unreadable.items()], "; ")
        yield f"Not all of {what} can be read, and this is left out: {listed}; please report that."
