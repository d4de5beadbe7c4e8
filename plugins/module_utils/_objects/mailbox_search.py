# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finding mailboxes: by a filter, by names of any form, or all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    first_of,
    quoted,
    summed_up,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._host.progress import Progress
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_names import (
    GET,
    GUID,
    PLACE,
    Found,
    distinct,
    guid_of,
    key_of,
    label_of,
    place_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import refuse

READ_AT_ONCE = 1000
"""So many mailboxes are read in one pipeline, if they are named."""


def refuse_some(problems: Mapping[str, Sequence[str]]) -> None:
    """End the task if there are names, by what is wrong with them, that are not one mailbox's."""
    told = (
        f"identities: {'each of ' if len(names) > 1 else ''}{first_of([*map(quoted, names)])} {what}."
        for what, names in problems.items()
    )
    refuse([summed_up(told)] if problems else ())


@dataclass(frozen=True)
class Search:
    """Which mailboxes are looked for, and what of them is read."""

    host: Host
    members: Sequence[str]
    identities: Sequence[str]
    filter: str
    refuse: Callable[[Mapping[str, Sequence[str]]], None] = refuse_some
    """Takes the names, by what is wrong with them, that are not one mailbox's."""

    def chosen(self) -> Iterable[Found]:
        """The mailboxes that are meant."""
        return self._read(Filter=self.filter) if self.filter else self._named()

    def all(self) -> Iterable[Found]:
        """All mailboxes."""
        return self._read()

    def everything(self) -> tuple[Iterable[Found], dict[str, str]]:
        """All mailboxes, and by their keys those that are meant."""
        if self.filter:
            meant = labels(self._read(Filter=self.filter))
            return self._read(), meant
        found = self._read()
        problems: defaultdict[str, list[str]] = defaultdict(list)
        owners = owners_of(self.identities, found)
        meant = labels(self._resolve(self.identities, owners, problems, self.host.progress()))
        self.refuse(problems)
        return found, meant

    def _read(self, **chosen: str) -> list[Found]:
        with self.host.waiting("reading mailboxes, which come in one answer,"):
            return self.host.read(GET, members=self.members, ResultSize="unlimited", **chosen)

    def _named(self) -> Iterator[Found]:
        """The one mailbox of each name; at the end a Failure that names those that have none or several."""
        problems: defaultdict[str, list[str]] = defaultdict(list)
        progress = self.host.progress()
        # So many at a time that what is read of them need not be kept.
        for start in range(0, len(self.identities), READ_AT_ONCE):
            names = self.identities[start : start + READ_AT_ONCE]
            unique = [n for n in names if "@" in n or GUID.fullmatch(n.casefold()) or PLACE.fullmatch(n)]
            yield from self._resolve(names, self._pipe(unique), problems, progress, start)
        self.refuse(problems)

    def _pipe(self, names: Sequence[str]) -> dict[str, Found]:
        """By those of the names that are a mailbox's own, the mailbox, as far as Exchange's answer leaves no doubt."""
        if len(names) < 2:
            return {}
        reply = self.host.pipe(GET, names, members=self.members)
        if reply.state != "completed":
            return {}
        owners = owners_of(names, reply.output)
        if not reply.errors and len(reply.output) == len(names):
            return owners
        # An answer to several names does not say which of them an error or a further object belongs to.
        if len(owners) < len(names):
            return self._pipe([name for name in names if name.casefold() in owners])
        half = len(names) // 2
        return self._pipe(names[:half]) | self._pipe(names[half:])

    def _resolve(
        self,
        names: Iterable[str],
        owners: Mapping[str, Found],
        problems: Mapping[str, list[str]],
        progress: Progress,
        before: int = 0,
    ) -> Iterator[Found]:
        """The mailbox of each name; what is not a mailbox's own, Exchange is asked for by itself."""
        for done, name in enumerate(names, before + 1):
            found = owners.get(name.casefold()) or self._ask(name)
            progress.counted(done, len(self.identities), "mailboxes read")
            if isinstance(found, str):
                problems[found].append(name)
            else:
                yield found

    def _ask(self, name: str) -> Found | str:
        """The one mailbox that Exchange finds by a name, or why it is not one."""
        reply = self.host.call(GET, endpoint="exchange", members=self.members, Identity=name)
        found, errors = reply.output, reply.errors
        for one in found:
            key_of(one)
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
            told = f", {first_of([label_of(one) for one in found])}" if len(found) > 1 else ""
            return f"means {several}{told}; use an address"
        if named_controller := self.host.domain_controller:
            return (
                f"is not a mailbox on {named_controller}, which domain_controller names; use an address or an alias, "
                "or a domain controller of the mailbox's own domain"
            )
        return (
            "is not a mailbox that Exchange finds; check the address or alias, and if the mailbox and the server are "
            "in different domains, set domain_controller to one of the mailbox's domain"
        )


def labels(mailboxes: Iterable[Found]) -> dict[str, str]:
    return {key: label_of(found) for key, found in distinct(mailboxes)}


def owners_of(names: Iterable[str], mailboxes: Iterable[Found]) -> dict[str, Found]:
    """By those of the names that one mailbox alone has as its GUID, distinguished name or address, that mailbox."""
    wanted = {name.casefold() for name in names}
    owners: defaultdict[str, dict[str, Found]] = defaultdict(dict)
    for found in mailboxes:
        for text in (guid_of(found), place_of(found), wire_text(found.get("PrimarySmtpAddress"))):
            if (name := text.casefold()) in wanted:
                owners[name][key_of(found).casefold()] = found
    return {name: next(iter(found.values())) for name, found in owners.items() if len(found) == 1}
