# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Access of clients to mailboxes: one of them, or tens of thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    MOST_NAMED,
    Failure,
    first_of,
    shortened,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.mailboxes import Filter, MailboxIdentities
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects.administrators import Administrators
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_names import (
    GET,
    GET_USER,
    NAMES,
    SET,
    Found,
    distinct,
    is_health,
    key_of,
    label_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_search import Search
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_writing import Change, Outcome, write
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import (
    CUSTOM,
    EWS_LISTS,
    EWS_POLICY,
    MAILBOX_SETTINGS,
    PREFIXES,
    PROTOCOL_DEFAULT,
    is_custom,
    needed_by,
    switch_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS, refuse
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, Stored, make_plan, read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import (
    Resource,
    refuse_unread,
    unsupported,
)

ACCESS = tuple(f"{prefix}_enabled" for prefix in PREFIXES)
"""What gives access by POP3 and IMAP4, which alone can be exclusive."""

SHOWN_IN_DIFF = 100
"""So many mailboxes are shown in a diff."""


@dataclass(frozen=True)
class Changes(Plan):
    """All mailboxes that are to change, and what was left alone."""

    differing: list[Change] = field(default_factory=list)
    unprepared: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Mailboxes that use the protocol's defaults although a setting of their own is wanted, by option."""
    spared: list[str] = field(default_factory=list)
    """Protected mailboxes that would have been enabled."""
    closed: list[str] = field(default_factory=list)
    """Administrators' mailboxes that are enabled by name, to no avail."""
    unusable: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Mailboxes to which nobody could log on, by whose they are."""

    @property
    def changed(self) -> bool:
        return bool(self.differing)

    def diff(self, title: str) -> dict[str, Any]:
        """Bounded: what nobody reads would only fill the memory of the controller."""
        some = self.differing[:SHOWN_IN_DIFF]
        before: dict[str, Any] = {change.label: change.plan.before for change in some}
        after: dict[str, Any] = {change.label: change.plan.after for change in some}
        if rest := len(self.differing) - len(some):
            before["(not shown)"], after["(not shown)"] = f"{rest} more mailboxes", f"{rest} more mailboxes, changed"
        return Plan(before=before, after=after).diff(title)


@dataclass
class Mailboxes:
    """The mailboxes of a task. There may be tens of thousands, so they are gone through once, and not kept."""

    found: Iterable[Found]
    meant: Mapping[str, str] | None
    """The labels of those that are meant, by their keys; None if that is all of them."""
    matched: int = 0
    """How many of those that are meant were found."""
    failed: list[dict[str, str]] = field(default_factory=list)


class MailboxAccess(Resource[Mailboxes, Changes]):
    """What Set-CASMailbox lets clients do with mailboxes."""

    options = (
        *SERVER_OPTIONS,
        Option("identities", MailboxIdentities()),
        Option("filter", Filter()),
        Option("exclusive", Bool()),
        Option("max_changes", Int(0, 2147483647, "mailboxes")),
        Option("batch_size", Int(1, 10000, "mailboxes")),
        Option("refuse_built_in_accounts", Bool(), default=False),
        *MAILBOX_SETTINGS,
    )
    BATCH_SIZE = 500

    @cached_property
    def desired(self) -> dict[str, Any]:
        """What is to become of the mailboxes that are meant."""
        return {s.option: self.given[s.option] for s in MAILBOX_SETTINGS if s.option in self.given}

    @cached_property
    def others(self) -> dict[str, Any]:
        """What is to become of those that are not."""
        return {option: False for option in ACCESS if option in self.desired} if self.exclusive else {}

    @property
    def exclusive(self) -> bool:
        return bool(self.given.get("exclusive"))

    @property
    def by_name(self) -> bool:
        """Whether each mailbox that may change was named by the user."""
        return "identities" in self.given and not self.exclusive

    @cached_property
    def administrators(self) -> Administrators:
        return Administrators(self.host)

    def contradictions(self) -> Iterator[str]:
        if ("identities" in self.given) == ("filter" in self.given):
            told = "both are given" if "filter" in self.given else "neither is given"
            yield f"identities and filter: {told}; use one of them to select mailboxes."
        if not self.desired:
            yield "pop_enabled and the other settings: none is given; set at least one."
        if self.exclusive:
            if not self.others:
                yield "exclusive: it needs pop_enabled: true or imap_enabled: true, the access that others lose."
            for option in self.others:
                if self.desired[option] is False:
                    yield f"exclusive: with {option}: false, nobody would have access; leave out one of the two."
        if self.given["refuse_built_in_accounts"] and not self.by_name:
            yield (
                "refuse_built_in_accounts: filter and exclusive skip the mailboxes of such accounts anyway; "
                "leave it out, or name the mailboxes by identities."
            )
        for prefix in PREFIXES:
            switch = f"{prefix}_use_protocol_defaults"
            own = [f"{prefix}_{name}" for name in CUSTOM if f"{prefix}_{name}" in self.desired]
            if own and self.desired.get(switch) is True:
                yield f"{switch}: while it is true, Exchange ignores {' and '.join(own)}; leave out one or the other."
        lists = [option for option in EWS_LISTS if option in self.desired]
        if len(lists) > 1:
            yield f"{' and '.join(lists)}: Exchange keeps one list, that of {EWS_POLICY}; leave out one of the two."
        elif lists and self.desired.get(EWS_POLICY, needed_by(lists[0])) != needed_by(lists[0]):
            needed = _given(EWS_POLICY, needed_by(lists[0]))
            yield f"{lists[0]}: it has an effect only with {needed}; leave out one of them."

    def read(self) -> Mailboxes:
        refuse(unsupported(SET, MAILBOX_SETTINGS, self.desired, self.server))
        wanted = _needed(self.desired)
        # Nothing else is read: of tens of thousands each further member would cost megabytes.
        members = [*NAMES, *(s.parameter for s in MAILBOX_SETTINGS if s.option in wanted)]
        search = Search(self.host, members, self.given.get("identities", ()), self.given.get("filter", ""))
        return Mailboxes(*search.everything()) if self.exclusive else Mailboxes(search.chosen(), None)

    def plan(self, before: Mailboxes) -> Changes:
        changes = Changes()
        plans: dict[str, Plan] = {}
        missing = dict(before.meant or {})
        for key, found in distinct(before.found):
            is_meant = before.meant is None or missing.pop(key, None) is not None
            before.matched += is_meant
            desired = self.desired if is_meant else self.others
            needed = _needed(desired)
            stored = read_members((s for s in MAILBOX_SETTINGS if s.option in needed), found)
            if not needed <= stored.values.keys():
                refuse_unread(f"the settings of {shortened(label_of(found))}", GET, MAILBOX_SETTINGS, needed, stored)
            if whose := self._unusable(found):
                changes.unusable[whose].append(label_of(found))
            plan = _plan(stored, desired)
            for option in _not_counting(stored, desired):
                changes.unprepared[option].append(label_of(found))
            if plan.changed and self._may_change(found, changes, is_meant=is_meant):
                # Most mailboxes of a task need the same, and three dictionaries for each would be most of what is kept.
                plan = plans.setdefault(repr((plan.before, plan.changes)), plan)
                changes.differing.append(Change(key_of(found), label_of(found), plan))
        if missing:
            raise Failure(
                f"exclusive: {first_of(list(missing.values()))}: found, but not among all mailboxes as {GET} shows "
                "them, so access could be taken from the wrong ones, and nothing was written; run it again."
            )
        return changes

    def _unusable(self, found: Found) -> str:
        """Whose mailbox it is, if that counts and POP3 and IMAP4 are opened to nobody there, or to Exchange itself."""
        if not self.given["refuse_built_in_accounts"] or not any(map(self.desired.get, ACCESS)):
            return ""
        whose = self.administrators.built_in(found)
        if whose is None:
            came = Unreadable(found.get("SamAccountName"))
            raise Failure(
                f"{shortened(label_of(found))}: it cannot be distinguished from the mailboxes of the Administrator and "
                f"the Guest, because {GET_USER} does not show its SID, and its SamAccountName was returned as {came}; "
                f"nothing was written. Grant Identity of {GET_USER}.",
                unreadable={"SamAccountName": came.shape},
            )
        return f"the built-in account {whose}" if whose else "Exchange's own monitoring" if is_health(found) else ""

    def _may_change(self, found: Found, changes: Changes, *, is_meant: bool) -> bool:
        """Whether it is none of the mailboxes that only their own name may change."""
        given = is_meant and any(map(self.desired.get, ACCESS))
        of_health, is_administrator = is_health(found), given and self.administrators.include(found)
        if not self.by_name and (of_health is None or is_administrator is None):
            came = Unreadable(found.get("SamAccountName"))
            raise Failure(
                f"{shortened(label_of(found))}: its SamAccountName was returned as {came}, so it cannot be "
                "distinguished from the mailboxes of the Administrator and of Exchange's own monitoring, which filter "
                "and exclusive skip; nothing was written. Please report that.",
                unreadable={"SamAccountName": came.shape},
            )
        if not of_health and not is_administrator:
            return True
        if given:
            (changes.closed if self.by_name else changes.spared).append(label_of(found))
        # Managed Availability logs on to the health mailboxes to see whether POP3 and IMAP4 work.
        return self.by_name or not (given or of_health)

    def remarks(self, before: Mailboxes, plan: Changes) -> Iterator[str]:
        for labels, text in (
            (plan.spared, "skipped, because a filter or exclusive never gives access to the Administrator or to"),
            (plan.closed, "given access without effect: Exchange does not open by POP3 or IMAP4 the Administrator or"),
        ):
            if labels:
                yield f"{first_of(labels)}: {text} its health mailboxes."
        for label, reason in self.administrators.unproven_accounts.items():
            yield (
                f"{shortened(label)}: whether its account is the Administrator or the Guest is known from its name "
                f"only, and not from its SID; grant Identity of {GET_USER}. {reason}"
            )
        for domain, reason in {} if self.by_name else self.administrators.unproven.items():
            yield (
                f"{shortened(domain)}: which account has the RID 500 is not known, so its Administrator is skipped "
                f"only under a name that Windows gives it; grant Identity and Filter of {GET_USER}. {reason}"
            )

    def refusals(self, before: Mailboxes, plan: Changes) -> Iterator[str]:
        for whose, labels in plan.unusable.items():
            yield (
                f"identities: {first_of(labels)} belongs to {whose}, and Exchange opens such a mailbox to no user by "
                "POP3 or IMAP4; name a mailbox with an account of its own."
            )
        for option, labels in plan.unprepared.items():
            yield (
                f"{option}: it has an effect only with {_given(switch_of(option), needed_by(option))}, which is not so "
                f"for {first_of(labels)}; set that option too."
            )

    def bring(self, before: Mailboxes, plan: Changes) -> Mailboxes:
        count, ceiling = len(plan.differing), self.given.get("max_changes")
        if ceiling is not None and count > ceiling:
            labels = [change.label for change in plan.differing]
            raise Failure(
                f"max_changes: {count} mailboxes would change, but the limit is {ceiling}, so nothing was written: "
                f"{first_of(labels)}.",
                changed=False,
                matched=before.matched,
                mailboxes=labels,
            )
        outcome = Outcome()
        try:
            write(self.host, plan.differing, self.given.get("batch_size", self.BATCH_SIZE), outcome)
            refuse(_told(outcome, count))
        except Failure as failure:
            before.failed = outcome.failed
            failure.result |= self.answer(before, Changes(differing=[*outcome.moved, *outcome.otherwise.values()]))
            failure.result["changed"] |= outcome.unsure
            raise
        return before

    @property
    def title(self) -> str:
        return "access of clients to mailboxes"

    def shown(self, now: Mailboxes, moved: Changes) -> dict[str, Any]:
        labels = [change.label for change in moved.differing]
        return {"mailboxes": labels, "failed_mailboxes": now.failed, "matched": now.matched}


def _told(outcome: Outcome, count: int) -> Iterator[str]:
    failed = outcome.failed
    if failed:
        unseen = ", or it is not known whether they were" if outcome.unseen else ""
        yield f"{len(failed)} of {count} mailboxes could not be changed{unseen}."
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for one in failed:
            alike[one["message"]].append(one["mailbox"])
        yield from (f"{first_of(labels)}: {message}" for message, labels in [*alike.items()][:MOST_NAMED])
        if more := sum(map(len, [*alike.values()][MOST_NAMED:])):
            yield f"And {more:,} more."


def _given(option: str, value: Any) -> str:
    """An option with its value, as a task has them."""
    return f"{option}: {str(value).lower() if isinstance(value, bool) else value}"


def _needed(options: Iterable[str]) -> set[str]:
    """These options, and the switches on which some of them depend."""
    return {*options, *filter(None, map(switch_of, options))}


def _is_idle(stored: Stored, option: str) -> bool:
    """Whether it does not count as things stand."""
    return bool(switch := switch_of(option)) and stored.values.get(switch) != needed_by(option)


def _not_counting(stored: Stored, desired: Mapping[str, Any]) -> list[str]:
    return [option for option in desired if switch_of(option) not in desired and _is_idle(stored, option)]


def _plan(stored: Stored, desired: Mapping[str, Any]) -> Plan:
    plan = make_plan(MAILBOX_SETTINGS, desired, stored.values)
    for option in desired:
        # What is stored beside the defaults counts for nothing, so it is no reason not to write the same.
        if is_custom(option) and option not in plan.changes and _is_idle(stored, option):
            plan.changes[option] = plan.after[option] = desired[option]
            plan.before[option] = PROTOCOL_DEFAULT
    return plan
