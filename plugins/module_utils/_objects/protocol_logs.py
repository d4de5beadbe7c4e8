# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The protocol logs of a server: their files, and what its PowerShell counts in them.

Only counts travel. Select-String reads files that are still being written, which Import-Csv cannot.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Failure,
    words_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Reply,
    Unreadable,
    as_object,
    needed,
    own_text,
    wire_name,
    wire_text,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import moment
from ansible_collections.mailops.exchange.plugins.module_utils._objects.log_lines import (
    CLIENT,
    DATE,
    FIELDS,
    GROUPED,
    HEADER,
    REST,
    Group,
    addresses,
    knows,
    log_ons,
    read_client,
    read_group,
    starttls_from,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import Protocol

FRONT_END, BACK_END = "front_end", "back_end"
# By which the files of the two begin, in front of the time: published of IMAP4, inferred of POP3.
_PREFIXES = {"pop3": "POP3", "imap4": "IMAP4"}
_OF_THE_BACK_END = "BE"
# What stands behind it. A copy that somebody has put beside a log is called otherwise, and would count once more; the
# session configuration of our own has no path to it either.
_NAMED = re.compile(r"[0-9A-Za-z-]*\.log", re.IGNORECASE)

# Where a session is limited, as by a session configuration of our own, there is a function of this name that takes
# certain members only.
SELECT = "Microsoft.PowerShell.Utility\\Select-Object"
READ = "Select-String"

# Lines may be written a moment after the time in them, and into the next file.
_LATE = timedelta(hours=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
# The last line may be half written, and blank ones may stand behind it.
_LAST_LINES = 5
_SIZE = Int(0, 1 << 62)

# Bytes of files that one pipeline reads, if that is not one file alone. Group-Object of PowerShell 7 keeps all that it
# groups until it has seen the last, which came to 1.2 GB with 500 MB of logs; WinRM may allow a shell 1 GB.
_PART = 128 << 20
Stages = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class LogFile:
    """A file of a log, and the time from which and until which its lines may be."""

    path: str
    size: int
    begins: datetime
    ends: datetime

    def may_have(self, day: date) -> bool:
        """Whether it may have lines of this day, in UTC."""
        start = datetime.combine(day, time(), UTC)
        return self.begins < start + timedelta(days=1) and self.ends >= start


@dataclass(frozen=True)
class Log:
    """The files of one of a protocol's services."""

    side: str
    files: tuple[LogFile, ...] = ()

    def parts(self, day: date) -> list[list[str]]:
        """The paths of the files that may have lines of a day, so many together as are read at a time."""
        parts: list[list[str]] = []
        size = _PART
        for file in self.files:
            if file.may_have(day):
                if size + file.size > _PART:
                    parts.append([])
                    size = 0
                parts[-1].append(file.path)
                size += file.size
        return parts

    def from_newest(self) -> Iterator[list[str]]:
        """The paths of the files that may still be written to, and then those of the others, one by one."""
        yield [file.path for file in self.files if file.ends == _NEVER]
        yield from ([file.path] for file in reversed(self.files) if file.ends != _NEVER)


@dataclass(frozen=True)
class Folder:
    """What there is at LogFileLocation."""

    logs: tuple[Log, ...] = ()
    files: int = 0
    size: int = 0
    """Of all files, in bytes. Windows tells the size of a file that is being written late."""


@dataclass(frozen=True)
class FromAddress:
    """Log-ons of a user from one address, at one port of the server."""

    user: str
    port: int
    address: str
    outcome: str
    count: int


@dataclass
class Reader:
    """Has the server read its log files."""

    host: Host
    what: str
    """Whose logs these are, for sentences."""
    unread: list[str] = field(default_factory=list)
    """What the server could not read, in its own words."""

    def folder(self, protocol: Protocol, location: str) -> Folder:
        """The files, without a look into them."""
        prefix = _PREFIXES[protocol.key]
        reply = self.host.call(
            "Get-ChildItem",
            endpoint="windows",
            members=("Name", "Length", "LastWriteTimeUtc"),
            LiteralPath=location,
            Filter=f"{prefix}*.LOG",
            then=[(SELECT, {"Property": ["Name", "Length", "LastWriteTimeUtc"]})],
        )
        # Exchange makes the folder with the first log.
        if reply.errors and all(error.name == "PathNotFound" for error in reply.errors):
            return Folder()
        if reply.failed:
            raise CmdletFailure("Get-ChildItem", reply.errors, reply.reason)
        sizes: dict[str, int] = {}
        written: dict[str, datetime] = {}
        for one in reply.output:
            name = needed(wire_name, one.get("Name"), cmdlet="Get-ChildItem", member="Name", of="a log file")
            if not _NAMED.fullmatch(name[len(prefix) :]):
                continue
            sizes[name] = needed(_SIZE.read, one.get("Length"), cmdlet="Get-ChildItem", member="Length", of=name)
            written[name] = needed(
                _moment, one.get("LastWriteTimeUtc"), cmdlet="Get-ChildItem", member="LastWriteTimeUtc", of=name
            )
        of_back_end = f"{prefix}{_OF_THE_BACK_END}".casefold()
        sides: dict[str, list[str]] = {FRONT_END: [], BACK_END: []}
        for name in sorted(written, key=lambda name: (written[name], name)):
            sides[BACK_END if name.casefold().startswith(of_back_end) else FRONT_END].append(name)
        logs = tuple(Log(side, tuple(_files(location, names, sizes, written))) for side, names in sides.items())
        return Folder(logs, len(written), sum(sizes.values()))

    def unknown_fields(self, log: Log, days: Sequence[date]) -> str | None:
        """What a log says its fields are, if these are not the ones that are known."""
        paths = [file.path for file in log.files if any(map(file.may_have, days))]
        found = self._ask(
            [paths],
            {"Pattern": HEADER, "List": True},
            [("Group-Object", {"Property": ["Line"], "NoElement": True}), _chosen("Count", "Values")],
            members=("Values",),
        )
        headers = [wire_text(text) for one in found for text in one.get("Values") or ()]
        return next((header for header in headers if not knows(header)), None)

    def last_line(self, log: Log) -> datetime | None:
        """The time of the newest line: Windows tells late when a file was last written."""
        for paths in log.from_newest():
            reply = self.host.call("Get-Content", endpoint="windows", LiteralPath=paths, Tail=_LAST_LINES)
            _refuse_old(reply)
            if reply.state != "completed":
                raise CmdletFailure("Get-Content", reply.errors, reply.reason)
            self._note(reply.errors)
            # A file that was begun just now has no line yet.
            if times := list(filter(None, (moment(wire_text(line).partition(",")[0]) for line in reply.output))):
                return max(times)
        return None

    def first_day(self, log: Log) -> date | None:
        """The day of the oldest line: nothing else tells when the oldest file was begun."""
        found = self._ask(
            [[file.path for file in log.files]],
            {"Pattern": DATE, "List": True},
            [
                (SELECT, {"ExpandProperty": "Matches"}),
                ("Group-Object", {"Property": ["Value"], "NoElement": True}),
                _chosen("Count", "Values"),
            ],
            members=("Values",),
        )
        told = {"cmdlet": "Group-Object", "member": "Values", "of": f"the {log.side} log of {self.what}"}
        return min((needed(lambda group: _day(*_texts(group, 1)), one, **told) for one in found), default=None)

    def groups(self, log: Log, day: date) -> list[Group]:
        """What a log tells of log-ons on a day, without an address."""
        found = self._ask(
            log.parts(day),
            {"Pattern": log_ons(day.isoformat())},
            [
                (SELECT, {"ExpandProperty": "Matches"}),
                (SELECT, {"ExpandProperty": "Value"}),
                ("ConvertFrom-Csv", {"Header": list(FIELDS)}),
                ("Group-Object", {"Property": list(GROUPED), "NoElement": True}),
                _chosen("Count", "Values"),
            ],
            members=("Count", "Values"),
        )
        return [
            needed(lambda group: read_group(group.get("Values"), group.get("Count")), one, **self._of(log, day))
            for one in found
        ]

    def from_addresses(self, log: Log, day: date, users: Mapping[str, Sequence[str]]) -> list[FromAddress]:
        """From which addresses some users, each with all ways in which the log writes it, logged on or tried to."""
        written = [name for names in users.values() for name in names]
        patterns = {
            pattern: (user, outcome)
            for user, names in users.items()
            for name in names
            for pattern, outcome in addresses(name).items()
        }
        found = self._ask(
            log.parts(day),
            {"Pattern": log_ons(day.isoformat(), written)},
            [
                (SELECT, {"ExpandProperty": "Line"}),
                (READ, {"Pattern": REST}),
                (SELECT, {"ExpandProperty": "Matches"}),
                (SELECT, {"ExpandProperty": "Value"}),
                (READ, {"Pattern": list(patterns)}),
                (SELECT, {"Property": ["Pattern"], "ExpandProperty": "Matches"}),
                ("Group-Object", {"Property": ["Pattern", "Value"], "NoElement": True}),
                _chosen("Count", "Values"),
            ],
            members=("Count", "Values"),
        )

        def read(group: Mapping[str, Any]) -> FromAddress:
            pattern, text = _texts(group, 2)
            if pattern not in patterns:
                raise Unreadable(group)
            user, outcome = patterns[pattern]
            return FromAddress(user, *read_client(text), outcome, Int(1, 1 << 31).read(group.get("Count")))

        return [needed(read, one, **self._of(log, day)) for one in found]

    def starttls(self, log: Log, day: date, clients: Sequence[str]) -> set[tuple[int, str]]:
        """Which of these addresses have asked for TLS on a day, and at which port of the server."""
        found = self._ask(
            log.parts(day),
            {"Pattern": starttls_from(day.isoformat(), clients)},
            [
                (SELECT, {"ExpandProperty": "Line"}),
                (READ, {"Pattern": CLIENT}),
                (SELECT, {"ExpandProperty": "Matches"}),
                ("Group-Object", {"Property": ["Value"], "NoElement": True}),
                _chosen("Count", "Values"),
            ],
            members=("Values",),
        )
        return {needed(lambda group: read_client(*_texts(group, 1)), one, **self._of(log, day)) for one in found}

    def _ask(
        self, parts: Sequence[Sequence[str]], parameters: Mapping[str, Any], then: Stages, members: Sequence[str]
    ) -> list[Mapping[str, Any]]:
        """What pipelines that begin with reading files put out, one for each part of the files."""
        found: list[Mapping[str, Any]] = []
        for paths in filter(None, parts):
            with self.host.waiting(f"the protocol logs of {self.what}"):
                reply = self.host.call(
                    READ, endpoint="windows", members=members, then=then, LiteralPath=paths, **parameters
                )
            _refuse_old(reply)
            if reply.state != "completed" or any(error.name != "ProcessingFile" for error in reply.errors):
                raise CmdletFailure(READ, reply.errors, reply.reason)
            self._note(reply.errors)
            found += map(as_object, reply.output)
        return found

    def _note(self, errors: Sequence[Any]) -> None:
        self.unread += [told for error in errors if (told := words_of(error.message)) not in self.unread]

    def _of(self, log: Log, day: date) -> dict[str, str]:
        return {"cmdlet": "Group-Object", "member": "Values", "of": f"the {log.side} log of {self.what} of {day}"}


def _refuse_old(reply: Reply) -> None:
    for error in reply.errors:
        if error.unknown_parameter:
            raise Failure(
                "The PowerShell of this host does not know a parameter by which protocol logs are read, for which it "
                f"must be version 3 or newer, or its session configuration does not show it: {words_of(error.message)}."
            )


def _chosen(*members: str) -> tuple[str, dict[str, Any]]:
    # A group has more members, which are not needed and come to half of its bytes.
    return SELECT, {"Property": list(members)}


def _texts(group: Mapping[str, Any], count: int) -> list[str]:
    values = group.get("Values")
    if not isinstance(values, list) or len(values) != count or any(own_text(value) is None for value in values):
        raise Unreadable(values)
    return [wire_text(value) for value in values]


def _files(
    location: str, names: Sequence[str], sizes: Mapping[str, int], written: Mapping[str, datetime]
) -> Iterator[LogFile]:
    """The files of one log, the oldest first: each begins where the one before has ended.

    By the times at which they were written, because the names tell it in different ways, by the hour or the month. The
    last ones are still written to.
    """
    folder = location.rstrip("\\")
    times = [written[name] for name in names]
    for name in names:
        # Since Windows tells it late, a file may come before the one that was closed a moment after it was begun.
        before = bisect_right(times, written[name] - _LATE)
        begins = times[before - 1] - _LATE if before else datetime.min.replace(tzinfo=UTC)
        ends = written[name] + _LATE if times[-1] - written[name] > _LATE else _NEVER
        yield LogFile(f"{folder}\\{name}", sizes[name], begins, ends)


def _moment(value: Any) -> datetime:
    found = moment(wire_text(value))
    if found is None:
        raise Unreadable(value)
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unreadable([text]) from None
