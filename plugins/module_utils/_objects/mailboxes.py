# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""POP3 and IMAP4 access of mailboxes: one of them, or tens of thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletError,
    CmdletFailure,
    Failure,
    OutcomeUnknown,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.mailboxes import Filter, MailboxIdentities
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects.administrators import Administrators
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_names import (
    GET,
    GET_USER,
    GUID,
    NAMES,
    PLACE,
    SET,
    Found,
    account_of,
    distinct,
    guid_of,
    key_of,
    label_of,
    place_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import (
    CUSTOM,
    MAILBOX_SETTINGS,
    PREFIXES,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import refuse, refuse_unread, unsupported
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, Stored, make_plan, read_members

NAMED_IN_TEXT = 10
"""So many mailboxes are named in a sentence."""


SHOWN_IN_DIFF = 100
"""So many mailboxes are shown in a diff."""


READ_AT_ONCE = 1000
"""So many mailboxes are read in one pipeline, if they are named."""


BATCH_SIZE = 500


ENDED_IN_A_ROW = 20
"""If so many mailboxes one after the other end the pipeline, the reason is not in the mailboxes."""


OPTIONS = (
    Setting("identities", "", MailboxIdentities()),
    Setting("filter", "", Filter()),
    Setting("exclusive", "", Bool()),
    Setting("max_changes", "", Int(0, 2147483647, "mailboxes")),
    Setting("batch_size", "", Int(1, 10000, "mailboxes")),
    *MAILBOX_SETTINGS,
)


@dataclass(frozen=True)
class Task:
    """What is to become of which mailboxes."""

    desired: dict[str, Any]
    identities: tuple[str, ...] = ()
    filter: str = ""
    exclusive: bool = False
    max_changes: int | None = None
    batch_size: int = BATCH_SIZE

    @property
    def by_name(self) -> bool:
        """Whether each mailbox that may change was named by the user."""
        return bool(self.identities) and not self.exclusive

    @property
    def others(self) -> dict[str, Any]:
        """What is to become of the mailboxes that are not meant."""
        return {option: False for option in self.desired if option.endswith("_enabled")} if self.exclusive else {}

    @property
    def members(self) -> list[str]:
        """What has to be read of a mailbox: nothing else, because there may be tens of thousands of them."""
        wanted = self.desired.keys() | set(map(_switch, self.desired))
        return [*NAMES, *(s.parameter for s in MAILBOX_SETTINGS if s.option in wanted)]

    def problems(self) -> Iterator[str]:
        """Sentences on options that do not go together."""
        if bool(self.identities) == bool(self.filter):
            told = "both are given" if self.filter else "neither is given"
            yield f"identities and filter: {told}; give one of them to say which mailboxes are meant."
        if not self.desired:
            yield "pop_enabled and the other settings: none is given; give at least one."
        if self.exclusive:
            if not self.others:
                yield "exclusive: it needs pop_enabled: true or imap_enabled: true, the access that others shall lose."
            for option in self.others:
                if self.desired[option] is False:
                    yield f"exclusive: with {option}: false nobody would have access; leave out one of the two."
        for prefix in PREFIXES:
            switch = f"{prefix}_use_protocol_defaults"
            own = [f"{prefix}_{name}" for name in CUSTOM if f"{prefix}_{name}" in self.desired]
            if own and self.desired.get(switch) is True:
                yield f"{switch}: while it is true Exchange ignores {' and '.join(own)}; leave out one or the other."


@dataclass(frozen=True, slots=True)
class Change:
    """What differs on one mailbox."""

    key: str
    label: str
    plan: Plan


@dataclass
class Changes:
    """All that differs, and what was left alone."""

    differing: list[Change] = field(default_factory=list)
    unprepared: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Mailboxes that use the protocol's defaults although a setting of their own is wanted, by option."""
    spared: list[str] = field(default_factory=list)
    """Protected mailboxes that would have been enabled."""
    closed: list[str] = field(default_factory=list)
    """Administrators' mailboxes that are enabled by name, to no avail."""


@dataclass
class Outcome:
    """What became of the changes, as it was read back."""

    moved: list[Change] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    unsure: bool = False
    """Whether more may have moved: it was sent, and could not be read back."""
    ended: int = 0
    """So many mailboxes in a row ended the pipeline."""
    given_up: str = ""
    """Why nothing more is tried."""

    def fail(self, change: Change, message: str) -> None:
        self.failed.append({"mailbox": change.label, "message": message})

    def result(self) -> dict[str, Any]:
        return {
            "changed": bool(self.moved) or self.unsure,
            "diff": _diff(self.moved),
            "mailboxes": [change.label for change in self.moved],
            "failed_mailboxes": self.failed,
        }


def _diff(changes: Sequence[Change]) -> dict[str, Any]:
    """The difference, bounded: what nobody reads would only fill the memory of the controller."""
    shown = changes[:SHOWN_IN_DIFF]
    before: dict[str, Any] = {change.label: change.plan.before for change in shown}
    after: dict[str, Any] = {change.label: change.plan.after for change in shown}
    if rest := len(changes) - len(shown):
        before["(not shown)"], after["(not shown)"] = f"{rest} more mailboxes", f"{rest} more mailboxes, changed"
    title = "POP3 and IMAP4 access of mailboxes"
    return {"before_header": title, "after_header": title, "before": before, "after": after}


def manage(host: Host, task: Task, server: str | None, warn: Callable[[str], None]) -> dict[str, Any]:
    """Bring the mailboxes to what is wanted of them."""
    refuse(task.problems())
    found_server = host.server(server)
    refuse(unsupported(SET, MAILBOX_SETTINGS, task.desired, found_server))
    administrators = Administrators(host)
    changes, matched = _compare(task, administrators, *_read(host, task))
    for told, text in (
        (changes.spared, "left alone, because a filter or exclusive never gives access to the Administrator or to"),
        (changes.closed, "given access, to no avail: Exchange does not open by POP3 or IMAP4 the Administrator or"),
    ):
        if told:
            warn(f"{_named(told)}: {text} its health mailboxes.")
    for domain, reason in {} if task.by_name else administrators.unproven.items():
        warn(
            f"{domain}: which account has the RID 500 cannot be told, so its Administrator is left alone only under a "
            f"name that Windows gives it; grant Identity and Filter of {GET_USER}. {reason}"
        )
    refuse(
        f"{option}: it counts only with {option.partition('_')[0]}_use_protocol_defaults: false, which is not so for "
        f"{_named(labels)}; give that option too."
        for option, labels in changes.unprepared.items()
    )
    count = len(changes.differing)
    if task.max_changes is not None and count > task.max_changes:
        labels = [change.label for change in changes.differing]
        raise Failure(
            f"max_changes: {count} mailboxes would change, and the ceiling is {task.max_changes}, so nothing was "
            f"written: {_named(labels)}.",
            changed=False,
            matched=matched,
            mailboxes=labels,
        )
    outcome = Outcome()
    try:
        _write(host, task, changes.differing, outcome)
        if failed := outcome.failed:
            reasons = " ".join(f"{one['mailbox']}: {one['message']}" for one in failed[:NAMED_IN_TEXT])
            more = f" And {len(failed) - NAMED_IN_TEXT} more." if len(failed) > NAMED_IN_TEXT else ""
            raise Failure(f"{len(failed)} of {count} mailboxes could not be changed. {reasons}{more}")
    except Failure as failure:
        failure.result |= {**outcome.result(), "matched": matched}
        raise
    return {**outcome.result(), "matched": matched}


def _named(labels: Sequence[str]) -> str:
    more = len(labels) - NAMED_IN_TEXT
    return ", ".join(labels[:NAMED_IN_TEXT]) + (f" and {more} more" if more > 0 else "")


def _read(host: Host, task: Task) -> tuple[Iterable[Found], dict[str, str] | None]:
    """The mailboxes to compare, and those of them that are meant, by their keys; None if it is all of them."""
    if task.filter:
        chosen = host.read(GET, members=task.members, Filter=task.filter, ResultSize="unlimited")
        if not task.exclusive:
            return chosen, None
        meant = _labels(chosen)
        del chosen
        return host.read(GET, members=task.members, ResultSize="unlimited"), meant
    if not task.exclusive:
        return _find(host, task), None
    everything = host.read(GET, members=task.members, ResultSize="unlimited")
    problems: list[str] = []
    meant = _labels(_resolve(host, task, task.identities, _owners(task.identities, everything), problems))
    _refuse_some(problems)
    return everything, meant


def _labels(mailboxes: Iterable[Found]) -> dict[str, str]:
    return {key: label_of(found) for key, found in distinct(mailboxes)}


def _find(host: Host, task: Task) -> Iterator[Found]:
    """The one mailbox of each name; at the end a Failure that names those that have none or several."""
    problems: list[str] = []
    # So many at a time that what is read of them need not be kept.
    for start in range(0, len(task.identities), READ_AT_ONCE):
        names = task.identities[start : start + READ_AT_ONCE]
        unique = [name for name in names if "@" in name or GUID.fullmatch(name.casefold()) or PLACE.fullmatch(name)]
        yield from _resolve(host, task, names, _pipe(host, task, unique), problems)
    _refuse_some(problems)


def _refuse_some(problems: Sequence[str]) -> None:
    more = len(problems) - NAMED_IN_TEXT
    refuse([*problems[:NAMED_IN_TEXT], *([f"And {more} more."] if more > 0 else [])])


def _pipe(host: Host, task: Task, names: Sequence[str]) -> dict[str, Found]:
    """By those of the names that are a mailbox's own, the mailbox, as far as Exchange's answer leaves no doubt."""
    if len(names) < 2:
        return {}
    reply = host.pipe(GET, names, members=task.members)
    if reply.state != "completed":
        return {}
    owners = _owners(names, reply.output)
    if not reply.errors and len(reply.output) == len(names):
        return owners
    # An answer to several names does not say which of them an error or a further object belongs to.
    if len(owners) < len(names):
        return _pipe(host, task, [name for name in names if name.casefold() in owners])
    half = len(names) // 2
    return _pipe(host, task, names[:half]) | _pipe(host, task, names[half:])


def _owners(names: Iterable[str], mailboxes: Iterable[Found]) -> dict[str, Found]:
    """By those of the names that one mailbox alone has as its GUID, distinguished name or address, that mailbox."""
    wanted = {name.casefold() for name in names}
    owners: defaultdict[str, dict[str, Found]] = defaultdict(dict)
    for found in mailboxes:
        for text in (guid_of(found), place_of(found), wire_text(found.get("PrimarySmtpAddress"))):
            if (name := text.casefold()) in wanted:
                owners[name][key_of(found).casefold()] = found
    return {name: next(iter(found.values())) for name, found in owners.items() if len(found) == 1}


def _resolve(
    host: Host, task: Task, names: Iterable[str], owners: Mapping[str, Found], problems: list[str]
) -> Iterator[Found]:
    """The mailbox of each name; what is not a mailbox's own, Exchange is asked for by itself."""
    for name in names:
        found = owners.get(name.casefold()) or _ask(host, task, name)
        if isinstance(found, str):
            problems.append(f"identities: {name!r} {found}.")
        else:
            yield found


def _ask(host: Host, task: Task, name: str) -> Found | str:
    """The one mailbox that Exchange finds by a name, or why it is not one."""
    reply = host.call(GET, endpoint="exchange", members=task.members, Identity=name)
    found, errors = reply.output, reply.errors
    if len(found) == 1 and not errors and reply.state == "completed":
        return found[0]
    ambiguous = len(found) > 1 or any(error.ambiguous_object for error in errors)
    understood = all(
        error.ambiguous_object
        or (not found and (error.missing_object or (error.bad_value and error.parameter == "Identity")))
        for error in errors
    )
    if not understood or (reply.state != "completed" and not errors):
        raise CmdletFailure(GET, errors, reply.reason)
    if ambiguous:
        several = f"{len(found)} mailboxes" if len(found) > 1 else "more than one mailbox"
        told = f", {_named([label_of(one) for one in found])}" if len(found) > 1 else ""
        return f"means {several}{told}; give an address"
    return "is no mailbox of this organization; give an address or an alias"


def _compare(
    task: Task, administrators: Administrators, mailboxes: Iterable[Found], meant: Mapping[str, str] | None
) -> tuple[Changes, int]:
    changes = Changes()
    plans: dict[str, Plan] = {}
    matched = 0
    missing = dict(meant or {})
    enables = any(task.desired.get(f"{prefix}_enabled") for prefix in PREFIXES)
    for key, found in distinct(mailboxes):
        is_meant = meant is None or missing.pop(key, None) is not None
        matched += is_meant
        desired = task.desired if is_meant else task.others
        stored = _stored(found, desired)
        if stored.unreadable or not desired.keys() <= stored.values.keys():
            wanted = desired.keys() | stored.unreadable.keys()
            refuse_unread(f"the settings of {label_of(found)}", GET, MAILBOX_SETTINGS, wanted, stored)
        plan = _plan(stored, desired)
        for option in _not_counting(stored, desired):
            changes.unprepared[option].append(label_of(found))
        if not plan.changed:
            continue
        given = is_meant and enables
        is_health, is_administrator = _is_health(found), given and administrators.include(found)
        if not task.by_name and (is_health is None or is_administrator is None):
            raise Failure(
                f"{label_of(found)}: its SamAccountName came as {found.get('SamAccountName')!r}, so it cannot be told "
                "from the mailboxes of the Administrator and of Exchange's own monitoring, which filter and exclusive "
                "leave alone; nothing was written."
            )
        if is_health or is_administrator:
            if given and not task.by_name:
                changes.spared.append(label_of(found))
            elif given:
                changes.closed.append(label_of(found))
            # Managed Availability logs on to the health mailboxes to see whether POP3 and IMAP4 work.
            if not task.by_name and (given or is_health):
                continue
        # Most mailboxes of a task need the same, and three dictionaries for each would be most of what is kept.
        plan = plans.setdefault(repr((plan.before, plan.changes)), plan)
        changes.differing.append(Change(key_of(found), label_of(found), plan))
    if missing:
        raise Failure(
            f"exclusive: {_named(list(missing.values()))}: found, but not among all mailboxes as {GET} shows them, so "
            "access could be taken from the wrong ones, and nothing was written; run it again."
        )
    return changes, matched


def _is_health(found: Found) -> bool | None:
    """Whether Exchange monitors itself with it; None if that cannot be told."""
    place, account = place_of(found).casefold(), account_of(found)
    is_health = ",cn=monitoring mailboxes," in place or account.startswith("healthmailbox")
    return is_health if place or account else None


def _stored(found: Found, options: Iterable[str]) -> Stored:
    """What is stored for these options, and for the switches on which some of them depend."""
    needed = {*options, *(_switch(option) for option in options if _is_custom(option))}
    return read_members((s for s in MAILBOX_SETTINGS if s.option in needed), found)


def _switch(option: str) -> str:
    return f"{option.partition('_')[0]}_use_protocol_defaults"


def _uses_defaults(stored: Stored, option: str) -> bool:
    return stored.values.get(_switch(option)) is True


def _is_custom(option: str) -> bool:
    return option.partition("_")[2] in CUSTOM


def _not_counting(stored: Stored, desired: Mapping[str, Any]) -> list[str]:
    switched = [prefix for prefix in PREFIXES if desired.get(f"{prefix}_use_protocol_defaults") is False]
    return [
        option
        for option in desired
        if _is_custom(option) and option.partition("_")[0] not in switched and _uses_defaults(stored, option)
    ]


def _plan(stored: Stored, desired: Mapping[str, Any]) -> Plan:
    plan = make_plan(MAILBOX_SETTINGS, desired, stored.values)
    for option in desired:
        # What is stored beside the defaults counts for nothing, so it is no reason not to write the same.
        if _is_custom(option) and option not in plan.changes and _uses_defaults(stored, option):
            plan.changes[option] = plan.after[option] = desired[option]
            plan.before[option] = "the protocol's default"
    return plan


def _write(host: Host, task: Task, changes: Sequence[Change], outcome: Outcome) -> None:
    """Write in batches of mailboxes that need the same."""
    alike: dict[tuple[tuple[str, Any], ...], list[Change]] = defaultdict(list)
    for change in changes:
        alike[tuple(sorted(change.plan.changes.items()))].append(change)
    done = 0
    for values, group in alike.items():
        wanted = dict(values)
        sent = {s.parameter: s.kind.send(wanted[s.option]) for s in MAILBOX_SETTINGS if s.option in wanted}
        for start in range(0, len(group), task.batch_size):
            batch = group[start : start + task.batch_size]
            _write_batch(host, sent, wanted, batch, outcome)
            done += len(batch)
            if done < len(changes) or done > task.batch_size:
                told = f", {len(outcome.failed)} failed" if outcome.failed else ""
                host.tell(f"{done} of {len(changes)} mailboxes written{told}")


def _write_batch(
    host: Host, sent: Mapping[str, Any], wanted: Mapping[str, Any], batch: Sequence[Change], outcome: Outcome
) -> None:
    left, size, most, lost = [*batch], len(batch), len(batch), False
    while left and not outcome.given_up:
        some, left = left[:size], left[size:]
        errors: list[CmdletError] = []
        said, ended, broken = "", False, False
        try:
            reply = host.pipe(SET, [change.key for change in some], write=True, **sent)
        except OutcomeUnknown as unknown:
            said, broken = str(unknown), True
        else:
            errors, ended = reply.errors, reply.state != "completed"
            if any(_concerns_all(error) for error in errors):
                raise CmdletFailure(SET, errors)
            if errors or ended:
                said = str(CmdletFailure(SET, errors, reply.reason))
        if host.check_mode:
            outcome.moved += some
            continue
        try:
            differing, unread = _read_back(host, sent, wanted, some)
        except CmdletFailure as failure:
            for change in some:
                outcome.fail(change, f"{said or f'{SET} gave no error.'} What is stored now cannot be read: {failure}")
            outcome.unsure |= broken or len(errors) < len(some)
            outcome.given_up = "what was written before it cannot be read back"
            break
        if len(differing) < len(some):
            failing = {change.key for change in differing}
            outcome.moved += [change for change in some if change.key not in failing]
            outcome.ended = 0
        if broken and differing and not lost:
            # It may have been lost before it was done: what did not arrive is sent once more.
            lost, left = True, differing + left
            continue
        if len(some) > 1 and differing and (ended or len(errors) not in (0, len(differing))) and not broken:
            # Nothing tells for sure whose the errors are, or how far a pipeline came that ended. One by one does, until
            # one succeeds, which was not reached before, or ends the pipeline.
            left, size, most = differing + left, 1, max(1, most // 2)
            continue
        for position, change in enumerate(differing):
            message = errors[position].sentence(SET) if len(errors) == len(differing) else said
            if change.key in unread:
                outcome.unsure |= not errors
                message = f"{message or f'{SET} gave no error.'} {unread[change.key]}"
            outcome.fail(
                change,
                message or f"{SET} was answered without an error, but the mailbox does not have what was written.",
            )
        if len(some) == 1 and (ended or not differing):
            size = most
        outcome.ended = outcome.ended + 1 if ended and differing else 0
        if outcome.ended == ENDED_IN_A_ROW:
            outcome.given_up = f"each of the {ENDED_IN_A_ROW} mailboxes before it ended {SET} altogether"
    for change in left:
        outcome.fail(change, f"It was not tried, because {outcome.given_up}.")


def _concerns_all(error: CmdletError) -> bool:
    """Whether the call itself was wrong; nothing ran then."""
    return error.unknown_cmdlet or error.unknown_parameter or (error.bad_value and error.parameter != "Identity")


def _read_back(
    host: Host, sent: Mapping[str, Any], wanted: Mapping[str, Any], batch: Sequence[Change]
) -> tuple[list[Change], dict[str, str]]:
    """Those of a batch that have not got what was written, and of these what is told of those that no longer show."""
    reply = host.pipe(GET, [change.key for change in batch], members=["Guid", "DistinguishedName", *sent])
    if reply.state != "completed":
        raise CmdletFailure(GET, reply.errors, reply.reason)
    plans = {
        key: make_plan(MAILBOX_SETTINGS, wanted, _stored(found, wanted).values)
        for found in reply.output
        for key in (guid_of(found), place_of(found).casefold())
    }
    told = str(CmdletFailure(GET, reply.errors)) if reply.errors else f"{GET} does not show it."
    unread = {change.key: told for change in batch if change.key.casefold() not in plans}
    for change in batch:
        if (plan := plans.get(change.key.casefold())) and plan.unread:
            unread[change.key] = f"{GET} does not show {' and '.join(plan.unread)} so that it can be read."
    differing = [change for change in batch if change.key in unread or plans[change.key.casefold()].changed]
    return differing, unread
