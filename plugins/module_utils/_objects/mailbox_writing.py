# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing to mailboxes: many in one pipeline, and one by one where that does not say what became of which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletError,
    CmdletFailure,
    Failure,
    OutcomeUnknown,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_names import (
    GET,
    SET,
    guid_of,
    place_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import (
    MAILBOX_SETTINGS,
    PROTOCOL_DEFAULT,
    switch_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, make_plan, read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import as_parameters
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import settle

ENDED_IN_A_ROW = 20
"""If so many mailboxes one after the other end the pipeline, the reason is not in the mailboxes."""


@dataclass(frozen=True, slots=True)
class Change:
    """What differs on one mailbox."""

    key: str
    label: str
    plan: Plan


@dataclass
class Outcome:
    """What became of the changes, as it was read back."""

    moved: list[Change] = field(default_factory=list)
    otherwise: dict[str, Change] = field(default_factory=dict)
    """By key, what has moved of mailboxes that are not as they should be."""
    failed: list[dict[str, str]] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)
    """Keys of mailboxes that may have moved: it was sent, and could not be read back."""
    elsewhere: bool = False
    """Whether more may have moved on a domain controller that was left."""
    ended: int = 0
    """So many mailboxes in a row ended the pipeline."""
    given_up: str = ""
    """Why nothing more is tried."""

    @property
    def unsure(self) -> bool:
        """Whether more may have moved than is known."""
        return self.elsewhere or bool(self.unseen)

    def fail(self, change: Change, message: str) -> None:
        self.failed.append({"mailbox": change.label, "message": message})


def write(host: Host, changes: Sequence[Change], size: int, outcome: Outcome) -> None:
    """Write in batches of mailboxes that need the same."""
    alike: dict[tuple[tuple[str, Any], ...], list[Change]] = defaultdict(list)
    for change in changes:
        alike[tuple(sorted(change.plan.changes.items()))].append(change)
    progress = host.progress()

    def tell() -> None:
        failed = len(outcome.failed)
        progress.counted(
            len(outcome.moved) + failed, len(changes), "mailboxes written", f"{failed:,} failed" if failed else ""
        )

    for values, group in alike.items():
        for start in range(0, len(group), size):
            _write_batch(host, dict(values), group[start : start + size], outcome, tell)


def _write_batch(
    host: Host, wanted: Mapping[str, Any], batch: Sequence[Change], outcome: Outcome, tell: Callable[[], None]
) -> None:
    left, size, most = [*batch], len(batch), len(batch)
    while left and not outcome.given_up:
        some, left = left[:size], left[size:]
        pipeline = Pipeline(host, wanted)
        differing = pipeline.settle(some, outcome)
        if len(some) > 1 and differing and pipeline.is_unclear:
            # Nothing tells for sure whose the errors are, or how far a pipeline came that ended. One by one does, until
            # one succeeds, which was not reached before, or ends the pipeline.
            left, size, most = differing + left, 1, max(1, most // 2)
            tell()
            continue
        pipeline.blame(differing, outcome)
        if len(some) == 1 and (pipeline.ended or not differing):
            size = most
        outcome.ended = outcome.ended + 1 if pipeline.ended and differing else 0
        if outcome.ended == ENDED_IN_A_ROW:
            outcome.given_up = f"each of the {ENDED_IN_A_ROW} mailboxes before it ended {SET} altogether"
        tell()
    for change in left:
        outcome.fail(change, f"It was not tried, because {outcome.given_up}.")


class Pipeline:
    """One pipeline of mailboxes that are to have the same, and what was said of them."""

    def __init__(self, host: Host, wanted: Mapping[str, Any]) -> None:
        self._host = host
        self._wanted = wanted
        self._parameters = as_parameters(MAILBOX_SETTINGS, wanted)
        self._piped: list[Change] = []
        self._errors: Sequence[CmdletError] = ()
        self._unread: dict[str, str] = {}
        """By key, why what is stored now is not known."""
        self._left: Mapping[str, Plan] = {}
        """By key, what is not as it should be."""
        self._problem: Failure | None = None
        self._unblamed = False
        """Whether it was answered without an error."""
        self.ended = False
        """Whether the pipeline came to its end before all had been through it."""

    def settle(self, some: list[Change], outcome: Outcome) -> list[Change]:
        """Write, and note down what has moved: what has not is left."""
        try:
            settled = settle(self._host, some, self.send, self.look)
        except Failure as blind:
            told = (
                f"{SET} returned no error. What is stored now cannot be read: {blind}" if self._unblamed else str(blind)
            )
            for change in self._piped:
                outcome.fail(change, told)
            if blind.result["changed"] or len(self._errors) < len(self._piped):
                outcome.unseen |= {change.key for change in self._piped}
            outcome.given_up = "what was written before it cannot be read back"
            # What is not among those sent the second time had moved by then.
            _note_moved(some, self._piped, outcome)
            return []
        self._problem = settled.problem
        left = [] if settled.seen is None else settled.outstanding
        _note_moved(some, left, outcome)
        for change in left:
            plan = (settled.seen or {}).get(change.key.casefold())
            # Where it cannot be read any more, what was seen before is the last that is known.
            if plan and not plan.unread:
                outcome.otherwise.pop(change.key, None)
                if (moved := _moved(change.plan, plan)).changed:
                    outcome.otherwise[change.key] = replace(change, plan=moved)
        self._left = settled.seen or {}
        if any(_concerns_all(error) for error in self._errors):
            raise CmdletFailure(SET, self._errors)
        outcome.elsewhere |= settled.elsewhere
        keys = {change.key for change in some}
        outcome.unseen -= keys - self._unread.keys()
        if len(self._errors) < len(self._piped) or any(e.of_the_directory for e in self._errors):
            outcome.unseen |= self._unread.keys()
        return left

    def send(self, outstanding: list[Change]) -> None:
        self._piped, self._errors, self.ended, self._unblamed = outstanding, (), False, False
        reply = self._host.pipe(SET, [change.key for change in outstanding], write=True, **self._parameters)
        self._errors, self.ended = reply.errors, reply.state != "completed"
        if self._errors or self.ended:
            raise CmdletFailure(SET, self._errors, reply.reason)
        self._unblamed = True

    def look(self) -> tuple[Mapping[str, Plan], list[Change]]:
        """By key what is not as it should be, and the mailboxes of which that is so or which are not shown."""
        reply = self._host.pipe(
            GET, [change.key for change in self._piped], members=["Guid", "DistinguishedName", *self._parameters]
        )
        if reply.state != "completed":
            raise CmdletFailure(GET, reply.errors, reply.reason)
        rows = [setting for setting in MAILBOX_SETTINGS if setting.option in self._wanted]
        plans = {
            key: make_plan(rows, self._wanted, read_members(rows, found).values)
            for found in reply.output
            for key in (guid_of(found), place_of(found).casefold())
        }
        told = str(CmdletFailure(GET, reply.errors)) if reply.errors else f"{GET} does not show it."
        self._unread = {}
        for change in self._piped:
            plan = plans.get(change.key.casefold())
            if plan is None:
                self._unread[change.key] = told
            elif plan.unread:
                self._unread[change.key] = f"{GET} does not show {' and '.join(plan.unread)} so that it can be read."
        return plans, [c for c in self._piped if c.key in self._unread or plans[c.key.casefold()].changed]

    @property
    def is_unclear(self) -> bool:
        """Whether what was said does not tell which of several mailboxes it is about."""
        if isinstance(self._problem, OutcomeUnknown):
            return False
        # No error names its mailbox but in its text. As many of them as mailboxes are not one for each: one mailbox may
        # have two, one that was written may have one, and one that was not may have none.
        return self.ended or bool(self._errors)

    def blame(self, differing: Sequence[Change], outcome: Outcome) -> None:
        """Say why these have not moved."""
        problem = self._problem
        for change in differing:
            if change.key in self._unread:
                message = f"{problem or f'{SET} returned no error.'} {self._unread[change.key]}"
            else:
                third = self._otherwise(change, outcome)
                arrived = change.key in outcome.otherwise or outcome.elsewhere
                said = "" if problem is None else str(problem) if arrived else problem.in_vain
                without = f"{SET} returned no error, but the mailbox does not have what was written."
                message = " ".join(filter(None, (said or without, third)))
            outcome.fail(change, message)

    def _otherwise(self, change: Change, outcome: Outcome) -> str:
        """What was asked for, what there was and what there is, of values that came out as neither."""
        moved = outcome.otherwise.get(change.key)
        left = self._left.get(change.key.casefold())
        if moved is None or left is None:
            return ""
        return " ".join(
            f"{option}: {quoted(change.plan.after[option])} was sent instead of {quoted(was)}, and "
            f"{quoted(moved.plan.after[option])} is stored."
            for option, was in moved.plan.before.items()
            if option in left.changes
        )


def _moved(sent: Plan, left: Plan) -> Plan:
    """What has changed, whether into what was sent or into something else."""
    moved = Plan()
    for option, was in sent.before.items():
        has = left.before.get(option, sent.after[option])
        unused = was == PROTOCOL_DEFAULT and switch_of(option) in left.changes
        if has != was and not unused:
            moved.changes[option] = moved.after[option] = has
            moved.before[option] = was
    return moved


def _note_moved(some: Sequence[Change], left: Sequence[Change], outcome: Outcome) -> None:
    keys = {change.key for change in left}
    if moved := [change for change in some if change.key not in keys]:
        outcome.moved += moved
        for change in moved:
            outcome.otherwise.pop(change.key, None)
        outcome.ended = 0


def _concerns_all(error: CmdletError) -> bool:
    """Whether the call itself was wrong; nothing ran then."""
    return error.unknown_cmdlet or error.unknown_parameter or (error.bad_value and error.parameter != "Identity")
