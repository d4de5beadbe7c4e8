# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""POP3 and IMAP4 access of mailboxes: one of them, or tens of thousands."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible_collections.mailops.exchange.plugins.module_utils.host import (
    CmdletError,
    CmdletFailure,
    Failure,
    Host,
    OutcomeUnknown,
    harmless,
)
from ansible_collections.mailops.exchange.plugins.module_utils.kinds import Bool, Int, Kind, wire_text, wire_texts
from ansible_collections.mailops.exchange.plugins.module_utils.plan import (
    Plan,
    Setting,
    Stored,
    make_plan,
    read_members,
)
from ansible_collections.mailops.exchange.plugins.module_utils.resource import refuse, refuse_unread, unsupported
from ansible_collections.mailops.exchange.plugins.module_utils.vocabulary.mailboxes import (
    CUSTOM,
    MAILBOX_SETTINGS,
    PREFIXES,
)

GET, SET = "Get-CASMailbox", "Set-CASMailbox"
NAMED_IN_TEXT = 10
"""So many mailboxes are named in a sentence."""
SHOWN_IN_DIFF = 100
"""So many mailboxes are shown in a diff."""
READ_AT_ONCE = 1000
"""So many mailboxes are read in one pipeline, if they are named."""
BATCH_SIZE = 500

# Of the names a mailbox has only these are read, because of tens of thousands each further one would cost megabytes;
# who uses another one is looked up by Exchange.
_NAMES = ("Guid", "PrimarySmtpAddress", "SamAccountName", "DistinguishedName", "Name")
# Setup of a localised Windows calls it so; CASMailbox shows no SID by which to know it in every language.
_ADMINISTRATORS = {
    "administrator",
    "administrador",
    "administrateur",
    "administratör",
    "amministratore",
    "järjestelmänvalvoja",
    "rendszergazda",
}
Found = Mapping[str, Any]


class MailboxIdentities(Kind):
    """A list of mailboxes by any of the forms Exchange knows."""

    option_type: ClassVar[str] = "list"

    def parse(self, value: Any) -> tuple[str, ...]:
        names = [str(item).strip() for item in value]
        if not names:
            raise ValueError("the list is empty; name at least one mailbox, or use filter")
        for name in names:
            if not name:
                raise ValueError("an entry is empty, which to Exchange means every mailbox; name a mailbox")
            if set(name) & set("*?"):
                raise ValueError(f"{name!r} is a pattern; name single mailboxes, or use filter")
            if re.search(r"[\x00-\x1f\x7f]", name):
                raise ValueError(f"{name!r} contains a control character; give one mailbox in each entry")
            if re.fullmatch(r"(?:CN|OU|DC)=[^,]*", name, re.IGNORECASE):
                raise ValueError(
                    f"{name!r} is a part of a distinguished name, which was split at its commas; put the whole name "
                    "into an entry of a list"
                )
        return tuple({name.casefold(): name for name in names}.values())

    def read(self, value: Any) -> tuple[str, ...]:
        return tuple(wire_texts(value))


class Filter(Kind):
    """A condition in Exchange's filter language OPATH; Exchange judges what it says."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        example = "write one such as PopEnabled -eq $true"
        if not text or not text.strip("*"):
            raise ValueError(f"{text!r} would mean every mailbox; {example}, or Name -like '*' for really all of them")
        if text.startswith("{"):
            raise ValueError(f"{text!r} is in braces, which belong to PowerShell; leave them out")
        bare = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "''", text)
        if "'" in bare.replace("''", "") or '"' in bare:
            raise ValueError(f"{text!r} has a quote without its other half; write two for one inside, as in 'O''Brien'")
        if re.search(r"[\x00-\x1f\x7f]", text):
            raise ValueError(f"{text!r} contains a line break or another control character; write it in one line")
        if unknown := re.search(r"\$(?!(?:true|false|null)\b)\w*", bare, re.IGNORECASE):
            raise ValueError(f"{unknown[0]!r} is a variable, which Exchange does not know here; put its value there")
        if not re.search(r"\s-[a-z]+(?:\s|$)", bare, re.IGNORECASE):
            raise ValueError(f"{text!r} compares nothing; {example}")
        return text

    def read(self, value: Any) -> str:
        return wire_text(value)


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
    def others(self) -> dict[str, Any]:
        """What is to become of the mailboxes that are not meant."""
        return {option: False for option in self.desired if option.endswith("_enabled")} if self.exclusive else {}

    @property
    def members(self) -> list[str]:
        """What has to be read of a mailbox: nothing else, because there may be tens of thousands of them."""
        wanted = self.desired.keys() | set(map(_switch, self.desired))
        return [*_NAMES, *(s.parameter for s in MAILBOX_SETTINGS if s.option in wanted)]

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

    guid: str
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

    def diff(self) -> dict[str, Any]:
        """The difference, bounded: what nobody reads would only fill the memory of the controller."""
        shown = self.differing[:SHOWN_IN_DIFF]
        before: dict[str, Any] = {change.label: change.plan.before for change in shown}
        after: dict[str, Any] = {change.label: change.plan.after for change in shown}
        if rest := len(self.differing) - len(shown):
            before["(not shown)"], after["(not shown)"] = f"{rest} more mailboxes", f"{rest} more mailboxes, changed"
        title = "POP3 and IMAP4 access of mailboxes"
        return {"before_header": title, "after_header": title, "before": before, "after": after}


def manage(host: Host, task: Task, server: str | None, warn: Callable[[str], None]) -> dict[str, Any]:
    """Bring the mailboxes to what is wanted of them."""
    refuse(task.problems())
    found_server = host.server(server)
    refuse(unsupported(SET, MAILBOX_SETTINGS, task.desired, found_server))
    changes, matched = _compare(task, *_read(host, task))
    for told, text in (
        (changes.spared, "left alone, because a filter or exclusive never gives access to the Administrator or to"),
        (changes.closed, "given access, to no avail: Exchange does not open by POP3 or IMAP4 the Administrator or"),
    ):
        if told:
            warn(f"{_named(told)}: {text} its health mailboxes.")
    refuse(
        f"{option}: it counts only with {option.partition('_')[0]}_use_protocol_defaults: false, which is not so for "
        f"{_named(labels)}; give that option too."
        for option, labels in changes.unprepared.items()
    )
    count = len(changes.differing)
    labels = [change.label for change in changes.differing]
    result = {"changed": bool(count), "diff": changes.diff(), "matched": matched, "mailboxes": labels}
    if task.max_changes is not None and count > task.max_changes:
        raise Failure(
            f"max_changes: {count} mailboxes would change, and the ceiling is {task.max_changes}, so nothing was "
            f"written: {_named(labels)}.",
            **{**result, "changed": False},
        )
    failed = _write(host, task, changes.differing)
    result["failed_mailboxes"] = failed
    if failed:
        reasons = " ".join(f"{one['mailbox']}: {one['message']}" for one in failed[:NAMED_IN_TEXT])
        more = f" And {len(failed) - NAMED_IN_TEXT} more." if len(failed) > NAMED_IN_TEXT else ""
        raise Failure(
            f"{len(failed)} of {count} mailboxes could not be changed. {reasons}{more}",
            **{**result, "changed": len(failed) < count},
        )
    return result


def _named(labels: Sequence[str]) -> str:
    more = len(labels) - NAMED_IN_TEXT
    return ", ".join(labels[:NAMED_IN_TEXT]) + (f" and {more} more" if more > 0 else "")


def _label(found: Found) -> str:
    # Names can occur twice in an organisation, addresses cannot.
    return harmless(wire_text(found.get("PrimarySmtpAddress")) or wire_text(found.get("DistinguishedName")))


def _guid(found: Found) -> str:
    return wire_text(found.get("Guid")).casefold()


def _read(host: Host, task: Task) -> tuple[Iterable[Found], set[str] | None]:
    """The mailboxes to compare, and the GUIDs of those that are meant, None if it is all of them."""
    if task.filter:
        meant = host.read(GET, members=task.members, Filter=task.filter, ResultSize="unlimited")
        if not task.exclusive:
            return meant, None
        guids = set(map(_guid, meant))
        del meant
        return host.read(GET, members=task.members, ResultSize="unlimited"), guids
    if not task.exclusive:
        return _find(host, task, task.identities), None
    everything = host.read(GET, members=task.members, ResultSize="unlimited")
    matches = _match(task.identities, everything)
    guids = {_guid(found[0]) for found in matches.values() if len(found) == 1}
    if unclear := [name for name in task.identities if len(matches[name]) != 1]:
        guids |= set(map(_guid, _find(host, task, unclear)))
    return everything, guids


def _find(host: Host, task: Task, names: Sequence[str]) -> Iterator[Found]:
    """The one mailbox of each name; at the end a Failure that names those that have none or several."""
    seen: set[str] = set()
    problems: list[str] = []
    # So many at a time that what is read of them need not be kept.
    for start in range(0, len(names), READ_AT_ONCE):
        for found in _find_some(host, task, names[start : start + READ_AT_ONCE], problems):
            if (guid := _guid(found)) not in seen:
                seen.add(guid)
                yield found
    more = len(problems) - NAMED_IN_TEXT
    refuse([*problems[:NAMED_IN_TEXT], *([f"And {more} more."] if more > 0 else [])])


def _find_some(host: Host, task: Task, names: Sequence[str], problems: list[str]) -> Iterator[Found]:
    reply = host.pipe(GET, names, members=task.members)
    matches = _match(names, reply.output)
    clean = reply.state == "completed" and not reply.errors and len(reply.output) == len(names)
    # One answer for each name, in their order: that covers the names Exchange does not show, such as an alias.
    if clean and all(matches[name] in ([], [found]) for name, found in zip(names, reply.output, strict=True)):
        yield from reply.output
        return
    for name in names:
        # An answer to several names does not say which of them an object or an error belongs to.
        found = matches[name] if len(matches[name]) == 1 else _ask(host, task, name)
        if len(found) == 1:
            yield found[0]
        elif found:
            told = _named([_label(one) for one in found])
            problems.append(f"identities: {name!r} means {len(found)} mailboxes, {told}; give an address.")
        else:
            problems.append(f"identities: {name!r} is no mailbox of this organization; give an address or an alias.")


def _ask(host: Host, task: Task, name: str) -> list[Found]:
    reply = host.call(GET, endpoint="exchange", members=task.members, Identity=name)
    unknown = all(e.missing_object or (e.bad_value and e.parameter == "Identity") for e in reply.errors)
    if (reply.errors and not unknown) or (reply.state != "completed" and not reply.errors):
        raise CmdletFailure(GET, reply.errors, reply.reason)
    return list(reply.output)


def _match(names: Iterable[str], mailboxes: Iterable[Found]) -> dict[str, list[Found]]:
    """The mailboxes that have each name among what they show of themselves."""
    wanted = {name.casefold(): name for name in names}
    matches: dict[str, list[Found]] = {name: [] for name in wanted.values()}
    for found in mailboxes:
        for form in _forms(found) & wanted.keys():
            matches[wanted[form]].append(found)
    return matches


def _forms(found: Found) -> set[str]:
    return {wire_text(found.get(member)).casefold() for member in _NAMES} - {""}


def _compare(task: Task, mailboxes: Iterable[Found], meant: set[str] | None) -> tuple[Changes, int]:
    changes = Changes()
    plans: dict[str, Plan] = {}
    matched = 0
    by_name = bool(task.identities) and not task.exclusive
    enables = any(task.desired.get(f"{prefix}_enabled") for prefix in PREFIXES)
    for found in mailboxes:
        is_meant = meant is None or _guid(found) in meant
        matched += is_meant
        desired = task.desired if is_meant else task.others
        stored = _stored(found, desired)
        if stored.unreadable or not desired.keys() <= stored.values.keys():
            wanted = desired.keys() | stored.unreadable.keys()
            refuse_unread(f"the settings of {_label(found)}", GET, MAILBOX_SETTINGS, wanted, stored)
        plan = _plan(stored, desired)
        for option in _not_counting(stored, desired):
            changes.unprepared[option].append(_label(found))
        if not plan.changed:
            continue
        if (is_health := _is_health(found)) or _is_administrator(found):
            given = is_meant and enables
            if given and not by_name:
                changes.spared.append(_label(found))
            elif given:
                changes.closed.append(_label(found))
            # Managed Availability logs on to the health mailboxes to see whether POP3 and IMAP4 work.
            if not by_name and (given or is_health):
                continue
        # Most mailboxes of a task need the same, and three dictionaries for each would be most of what is kept.
        plan = plans.setdefault(repr((plan.before, plan.changes)), plan)
        changes.differing.append(Change(_guid(found), _label(found), plan))
    return changes, matched


def _is_administrator(found: Found) -> bool:
    return wire_text(found.get("SamAccountName")).casefold() in _ADMINISTRATORS


def _is_health(found: Found) -> bool:
    place = wire_text(found.get("DistinguishedName")).casefold()
    return ",cn=monitoring mailboxes," in place or wire_text(found.get("SamAccountName")).startswith("HealthMailbox")


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
    if not desired:
        return Plan()
    plan = make_plan(MAILBOX_SETTINGS, desired, stored.values)
    for option in desired:
        # What is stored beside the defaults counts for nothing, so it is no reason not to write the same.
        if _is_custom(option) and option not in plan.changes and _uses_defaults(stored, option):
            plan.changes[option] = plan.after[option] = desired[option]
            plan.before[option] = "the protocol's default"
    return plan


def _write(host: Host, task: Task, changes: Sequence[Change]) -> list[dict[str, str]]:
    """Write in batches of mailboxes that need the same; those that could not be written, with the reason."""
    alike: dict[tuple[tuple[str, Any], ...], list[Change]] = defaultdict(list)
    for change in changes:
        alike[tuple(sorted(change.plan.changes.items()))].append(change)
    failed: list[dict[str, str]] = []
    done = 0
    for values, group in alike.items():
        wanted = dict(values)
        sent = {s.parameter: s.kind.send(wanted[s.option]) for s in MAILBOX_SETTINGS if s.option in wanted}
        for start in range(0, len(group), task.batch_size):
            batch = group[start : start + task.batch_size]
            try:
                failed += _write_batch(host, sent, wanted, batch)
            except Failure as failure:
                failure.result.setdefault("changed", done > len(failed))
                raise
            done += len(batch)
            if done < len(changes) or done > task.batch_size:
                told = f", {len(failed)} failed" if failed else ""
                host.tell(f"{done} of {len(changes)} mailboxes written{told}")
    return failed


def _write_batch(
    host: Host, sent: Mapping[str, Any], wanted: Mapping[str, Any], batch: Sequence[Change]
) -> list[dict[str, str]]:
    outstanding, errors, broken = batch, [], None  # type: tuple[Sequence[Change], list[CmdletError], str | None]
    # The second round is only for a write whose answer was lost, and only for the mailboxes it did not reach.
    for _round in range(2):
        try:
            reply = host.pipe(SET, [change.guid for change in outstanding], write=True, **sent)
        except OutcomeUnknown as unknown:
            broken, errors = str(unknown), []
        else:
            broken, errors = None, reply.errors
            if any(_concerns_all(error) for error in errors) or (reply.state != "completed" and not errors):
                raise CmdletFailure(SET, errors, reply.reason)
        if host.check_mode:
            return []
        outstanding = _still_different(host, sent, wanted, outstanding)
        if broken is None or not outstanding:
            break
    return [
        {"mailbox": change.label, "message": broken or _reason(change, position, outstanding, errors)}
        for position, change in enumerate(outstanding)
    ]


def _concerns_all(error: CmdletError) -> bool:
    """Whether the call itself was wrong; nothing ran then."""
    return error.unknown_cmdlet or error.unknown_parameter or (error.bad_value and error.parameter != "Identity")


def _still_different(
    host: Host, sent: Mapping[str, Any], wanted: Mapping[str, Any], batch: Sequence[Change]
) -> list[Change]:
    """Those of a batch that have not got what was written, as a read shows; one that is gone has not."""
    reply = host.pipe(GET, [change.guid for change in batch], members=["Guid", *sent])
    if reply.state != "completed":
        raise CmdletFailure(GET, reply.errors, reply.reason)
    plans = {_guid(found): make_plan(MAILBOX_SETTINGS, wanted, _stored(found, wanted).values) for found in reply.output}
    return [change for change in batch if (plan := plans.get(change.guid)) is None or plan.changed or plan.unread]


def _reason(change: Change, position: int, failed: Sequence[Change], errors: Sequence[CmdletError]) -> str:
    """Exchange's message on one mailbox; errors come in the order of what was piped, without saying for which."""
    if not errors:
        return f"{SET} was answered without an error, but the mailbox does not show what was written."
    if len(errors) == len(failed):
        return errors[position].sentence(SET)
    mentioned = [error for error in errors if change.guid in error.message.casefold() or change.label in error.message]
    return " ".join(dict.fromkeys(error.sentence(SET) for error in mentioned or errors[:NAMED_IN_TEXT]))
