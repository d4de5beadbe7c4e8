# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who uses POP3 and IMAP4 of a server, as its protocol logs tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import first_of, harmless
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import binding_port
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.log_days import Since, UserNames
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Choices, Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects.log_lines import (
    LOG_ON,
    OUTCOMES,
    Group,
    is_monitoring,
    may_be,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_logs import (
    FRONT_END,
    Folder,
    FromAddress,
    Log,
    Reader,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_settings import (
    ProtocolSettings,
    read_settings,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import insist_on_host
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS, Work

_COUNTED = {LOG_ON: "log_ons", "failure": "failures", "unclear": "unclear"}
YES, NO, UNKNOWN = "yes", "no", "unknown"


@dataclass
class Day:
    """What one log tells of one day."""

    day: date
    log: Log
    groups: list[Group]
    """Log-ons of users, without those by which Exchange monitors itself."""
    monitoring: int = 0
    starttls: Counter[int] = field(default_factory=Counter)
    """By port, how often clients have asked for TLS."""
    addresses: list[FromAddress] = field(default_factory=list)
    encrypting: set[tuple[int, str]] | None = None
    """The ports and addresses at and from which clients have asked for TLS; None if that was not looked for."""

    @property
    def for_clients(self) -> bool:
        """Whether the addresses in it are those of clients, and not of the front end that they came through."""
        return self.log.side == FRONT_END


class ProtocolLogInfo(Work):
    """Counts log-ons where the logs are; names and addresses only of those that are asked for."""

    options = (
        *SERVER_OPTIONS,
        Option("protocols", Choices(tuple(PROTOCOLS)), default=list(PROTOCOLS)),
        Option("since", Since(), default="7"),
        Option("top", Int(0, 1000), default=0),
        Option("users", UserNames()),
        Option("all_users", Bool(), default=False),
    )

    def result(self) -> dict[str, Any]:
        insist_on_host(self.host, self.server, ())
        chosen = self.given["protocols"]
        return {
            "server": self.server.name,
            "since": self.given["since"],
            **{key: self._of(protocol) if key in chosen else None for key, protocol in PROTOCOLS.items()},
        }

    def _of(self, protocol: Protocol) -> dict[str, Any]:
        settings = read_settings(self.host, protocol, self.server)
        wanted = ("protocol_log_enabled", "log_file_location", "login_type", "ssl_bindings")
        logged, location, login, bindings = (settings.values.get(option) for option in wanted)
        told: dict[str, Any] = {
            "logged": logged,
            "turn_on": _turn_on(protocol, settings),
            "location": location or None,
            "login_type": login,
            "files": 0,
            "bytes": 0,
            "until": None,
            "days": [],
            "users": [] if self._names_somebody else None,
            "unreadable": {option: came for option, came in settings.shapes.items() if option in wanted},
        }
        if not location:
            return told
        reader = Reader(self.host, f"{protocol.title} of {self.server.name}")
        folder = reader.folder(protocol, location)
        days, until = self._read(reader, folder, told)
        tls = None if bindings is None else {binding_port(binding) for binding in bindings}
        usage = Usage(days, tls)
        if self._names_somebody:
            told["users"] = self._users(reader, usage)
        if reader.unread:
            told["unreadable"]["log files"] = first_of(reader.unread)
            self.host.warnings.append(
                f"Not every log file of {reader.what} could be read, so the counts are too low: "
                f"{told['unreadable']['log files']}."
            )
        return {
            **told,
            "files": folder.files,
            "bytes": folder.size,
            "until": until and until.isoformat(),
            "days": list(usage.days_shown()),
        }

    @property
    def _names_somebody(self) -> bool:
        return bool(self.given["top"] or self.given.get("users") or self.given["all_users"])

    def _read(self, reader: Reader, folder: Folder, told: dict[str, Any]) -> tuple[list[Day], datetime | None]:
        """What each log tells of each day, and the time of the newest line."""
        found: list[Day] = []
        newest: list[datetime] = []
        for log in folder.logs:
            last = reader.last_line(log) if log.files else None
            if last is None:
                continue
            newest.append(last)
            first = date.fromisoformat(self.given["since"])
            if log.files[0].may_have(first):
                first = max(first, reader.first_day(log) or first)
            # A clock that was wrong for a moment is no reason to ask for each day of a century.
            end = min(last.astimezone(UTC).date(), datetime.now(UTC).date() + timedelta(days=1))
            span = (end - first).days + 1
            days = [first + timedelta(days=number) for number in range(span)]
            if header := days and reader.unknown_fields(log, days):
                told["unreadable"][f"{log.side} log"] = harmless(header[:300])
                continue
            found += (_sorted(day, log, groups) for day in days if (groups := reader.groups(log, day)))
        return found, max(newest, default=None)

    def _users(self, reader: Reader, usage: Usage) -> list[dict[str, Any]]:
        """Those that are named, and for those that were asked for one by one their addresses."""
        asked: dict[str, str] = {}
        nobody: list[str] = []
        for name in self.given.get("users", ()):
            meant = [user for user in usage.users if may_be(name, user)]
            asked.update((user, user) for user in meant)
            if not meant:
                nobody.append(name)
        asked.update((user, user) for user in usage.busiest(self.given["top"]))
        for day in usage.days if asked else ():
            here = {user: usage.written(day, user) for user in asked if user in usage.users_of(day)}
            if not here:
                continue
            day.addresses = reader.from_addresses(day.log, day.day, here)
            clients = {one.address for one in day.addresses if usage.may_use_starttls(day, one.port)}
            if clients and day.for_clients:
                day.encrypting = reader.starttls(day.log, day.day, sorted(clients))
        shown = usage.users if self.given["all_users"] else asked
        named = [usage.shown(user, with_addresses=user in asked) for user in shown]
        named.sort(key=lambda user: (-user["log_ons"], -user["failures"], user["user"]))
        return [*named, *(usage.shown(name, with_addresses=True) for name in nobody)]


class Usage:
    """What all logs of a protocol tell."""

    def __init__(self, days: Sequence[Day], tls_ports: set[int | None] | None) -> None:
        self.days = days
        self._tls_ports = tls_ports
        # Without a single one in all of the logs it may be that none is logged.
        self._tells_starttls = any(day.starttls for day in days if day.for_clients)
        self.users: dict[str, str] = {}
        """In lower case, and as it is written in the log."""
        self._users_of: dict[int, dict[str, list[Group]]] = {}
        for day in days:
            mine = self._users_of[id(day)] = {}
            for group in day.groups:
                if group.user:
                    self.users.setdefault(group.user.casefold(), group.user)
                    mine.setdefault(group.user.casefold(), []).append(group)

    def users_of(self, day: Day) -> dict[str, list[Group]]:
        return self._users_of[id(day)]

    def written(self, day: Day, user: str) -> list[str]:
        """How a log writes a user, by which its lines are found: .NET does not take `ß` for `ss`, as casefold does."""
        return list({group.user.lower(): group.user for group in self.users_of(day)[user]}.values())

    def busiest(self, count: int) -> list[str]:
        """The users that came to the front end most often, or to the back end where nobody came to a front end."""
        totals: Counter[str] = Counter()
        for user in self.users:
            totals[user] = sum(group.count for group in self._groups(user))
        return [user for user, _count in totals.most_common(count)]

    def _groups(self, user: str) -> Iterator[Group]:
        """What is told of a user by the front end, or by the back end if the front end is elsewhere."""
        mine = [day for day in self.days if user in self.users_of(day)]
        sides = [day for day in mine if day.for_clients] or mine
        for day in sides:
            yield from self.users_of(day)[user]

    def may_use_starttls(self, day: Day, port: int) -> bool:
        """Whether clients at this port may have asked for TLS on this day, or may not."""
        return self._tls_ports is not None and port not in self._tls_ports and day.starttls[port] > 0

    def _tls(self, day: Day, port: int, address: str | None = None) -> str | None:
        """Whether log-ons at a port came over TLS; None for the back end, where it is the front end that connects."""
        if not day.for_clients:
            return None
        if self._tls_ports is None:
            return UNKNOWN
        if port in self._tls_ports:
            return YES
        if not self._tells_starttls:
            return UNKNOWN
        if not day.starttls[port]:
            return NO
        if address is None or day.encrypting is None:
            return UNKNOWN
        return UNKNOWN if (port, address) in day.encrypting else NO

    def days_shown(self) -> Iterator[dict[str, Any]]:
        for day in self.days:
            yield {
                "day": day.day.isoformat(),
                "log": day.log.side,
                **_counts(day.groups),
                "users": len(self.users_of(day)),
                "without_name": sum(group.count for group in day.groups if not group.user),
                "kinds": _kinds(day.groups),
                "tls": self._by_tls(day, day.groups),
                "starttls": sum(day.starttls.values()),
                "monitoring": day.monitoring,
            }

    def _by_tls(self, day: Day, groups: Iterable[Group]) -> dict[str, int] | None:
        """Log-ons by whether they came over TLS."""
        if not day.for_clients:
            return None
        told = {YES: 0, NO: 0, UNKNOWN: 0}
        for group in groups:
            if group.outcome == LOG_ON:
                told[self._tls(day, group.port) or UNKNOWN] += group.count
        return told

    def shown(self, user: str, *, with_addresses: bool) -> dict[str, Any]:
        """A user by the name in lower case, or one of whom nothing is told."""
        days = [day for day in self.days if user in self.users_of(day)]
        groups = list(self._groups(user))
        rows = [
            {
                "day": day.day.isoformat(),
                "log": day.log.side,
                **_counts(self.users_of(day)[user]),
                "kinds": _kinds(self.users_of(day)[user]),
                "tls": self._by_tls(day, self.users_of(day)[user]),
            }
            for day in days
        ]
        addresses = [row for day in days for row in self._addresses(day, user)] if with_addresses else None
        seen = [day.day for day in days if any(group.outcome == LOG_ON for group in self.users_of(day)[user])]
        return {
            "user": harmless(self.users.get(user, user)),
            **_counts(groups),
            "kinds": _kinds(groups),
            "last_seen": max(seen).isoformat() if seen else None,
            "without_tls": self._without_tls(days, user, by_address=with_addresses),
            "days": rows,
            "addresses": addresses,
        }

    def _addresses(self, day: Day, user: str) -> Iterator[dict[str, Any]]:
        found: dict[tuple[str, str | None], Counter[str]] = {}
        for one in day.addresses:
            if one.user == user:
                key = one.address.strip("[]"), self._tls(day, one.port, one.address)
                found.setdefault(key, Counter())[one.outcome] += one.count
        for (address, tls), counts in found.items():
            yield {
                "day": day.day.isoformat(),
                "log": day.log.side,
                "address": harmless(address),
                "of_proxy": not day.for_clients,
                **{name: counts[outcome] for outcome, name in _COUNTED.items()},
                "tls": tls,
            }

    def _without_tls(self, days: Sequence[Day], user: str, *, by_address: bool) -> str | None:
        """Whether a user has logged on without TLS; None if no front end tells of a log-on."""
        told: set[str] = set()
        for day in days:
            if not day.for_clients:
                continue
            if by_address:
                answers = {self._tls(day, a.port, a.address) for a in day.addresses if _is_log_on_of(a, user)}
            else:
                answers = {self._tls(day, group.port) for group in self.users_of(day)[user] if group.outcome == LOG_ON}
            told |= {answer or UNKNOWN for answer in answers}
        if not told:
            return None
        return YES if NO in told else UNKNOWN if UNKNOWN in told else NO


def _is_log_on_of(one: FromAddress, user: str) -> bool:
    return one.user == user and one.outcome == LOG_ON


def _sorted(day: date, log: Log, groups: Iterable[Group]) -> Day:
    """What is of users apart from the rest."""
    told = Day(day, log, [])
    for group in groups:
        if group.starttls:
            told.starttls[group.port] += group.count
        elif is_monitoring(group.user):
            told.monitoring += group.count
        else:
            told.groups.append(group)
    return told


def _counts(groups: Iterable[Group]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for group in groups:
        counted[group.outcome] += group.count
    return {_COUNTED[outcome]: counted[outcome] for outcome in OUTCOMES}


def _kinds(groups: Iterable[Group]) -> dict[str, int]:
    """By which commands or mechanisms users logged on, the most frequent first."""
    counted: Counter[str] = Counter()
    for group in groups:
        if group.outcome == LOG_ON:
            counted[group.kind] += group.count
    return dict(counted.most_common())


def _turn_on(protocol: Protocol, settings: ProtocolSettings) -> str | None:
    """What to do where nothing is logged, and what it costs."""
    if settings.values.get("protocol_log_enabled") is not False:
        return None
    return (
        f"Protocol logging of {protocol.title} is off: set protocol_log_enabled to true with "
        f"mailops.exchange.{protocol.module} and restart its services. A client session takes 1 to 2 KB in the logs, "
        "and each message that it fetches another 100 bytes, so 1,000 clients that check for mail every 10 minutes "
        "take about 200 MB a day; Exchange does not delete these logs."
    )
