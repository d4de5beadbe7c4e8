# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a fleet report has of each server, row by row, so that servers can stand side by side."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC
from enum import Enum
from functools import cached_property
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.comparison import neutrally, own_names
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import moment
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting

SERVER, SUBMISSION = "server", "smtp"
PARTS = {SERVER: "Server", **{key: one.title for key, one in PROTOCOLS.items()}, SUBMISSION: "Mail submission"}

STATES = {
    "in_sync": "In sync",
    "differs": "Out of sync",
    "restart_possible": "Restart may be pending",
    "restart_unknown": "Not known whether a restart is pending",
    "certificate_unknown": "Not known whether the certificate is assigned",
    "maintenance": "In maintenance",
    "failed": "Could not be read or compared",
    "unreachable": "Could not be reached",
    "not_compared": "Not compared: no desired values",
}
CALM = ("maintenance", "not_compared", "in_sync")

_SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    **{key: {one.option: one for one in protocol.settings} for key, protocol in PROTOCOLS.items()},
    SUBMISSION: {one.option: one for one in CONNECTOR_SETTINGS},
}


class Kind(Enum):
    """What is known of a cell. Only values and what is absent can be equal to one another."""

    VALUE = ""
    ABSENT = "not on this server"
    UNREADABLE = "not readable"
    UNKNOWN = "not known"
    NOT_READ = "not read"
    AS_DESIRED = "in sync"

    @property
    def is_known(self) -> bool:
        return self in (Kind.VALUE, Kind.ABSENT, Kind.AS_DESIRED)


@dataclass(frozen=True)
class RowId:
    """Which row it is."""

    part: str
    """One of PARTS."""
    group: str
    name: str


@dataclass(frozen=True)
class Desired:
    """The value that a server does not have, and should."""

    value: Any


@dataclass(frozen=True)
class Cell:
    """What one server has in a row."""

    kind: Kind
    value: Any = None
    key: Hashable = None
    """What counts when two cells are compared."""
    note: str = ""
    desired: Desired | None = None
    as_desired: bool = False
    """Whether a value is desired, and this is it."""
    alarm: str = ""
    """What is to be looked at, even if it is the same on all servers."""

    @property
    def likeness(self) -> Hashable:
        """The same for cells that are alike."""
        return self.kind, self.key

    @property
    def looks(self) -> Hashable:
        """The same for cells that are shown alike."""
        return self.likeness, self.note, self.as_desired, self.desired and as_text(self.desired.value)


@dataclass
class Row:
    """A row, with what each server has in it."""

    id: RowId
    cells: dict[str, Cell] = field(default_factory=dict)
    of_drift: bool = False
    """Only told where a server is not as desired."""

    @cached_property
    def is_alike(self) -> bool:
        """Whether all that was read is the same and needs no look: what is not known is like nothing."""
        cells = self.cells.values()
        return len({cell.likeness for cell in cells}) <= 1 and not any(
            cell.alarm or cell.desired or not cell.kind.is_known for cell in cells
        )

    @cached_property
    def usual(self) -> Hashable:
        """What more than half of the servers have; None if there is no such thing."""
        known = Counter(cell.likeness for cell in self.cells.values() if cell.kind.is_known)
        likeness, times = known.most_common(1)[0] if known else (None, 0)
        return likeness if times * 2 > len(self.cells) and times > 1 else None

    @cached_property
    def values(self) -> list[tuple[Cell, list[str]]]:
        """The cells that look different, that of most servers first, each with its servers."""
        looks: dict[Hashable, tuple[Cell, list[str]]] = {}
        for host, cell in self.cells.items():
            looks.setdefault(cell.looks, (cell, []))[1].append(host)
        return sorted(looks.values(), key=lambda one: -len(one[1]))


def as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def in_utc(text: str | None, form: str = "%Y-%m-%d %H:%M UTC") -> str:
    """A moment for people, in UTC; what is none, as it came."""
    at = moment(text)
    return at.astimezone(UTC).strftime(form) if at else text or ""


def rows(servers: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """All rows of servers of which something was read, those of a part together."""
    found: dict[RowId, Row] = {}
    certificates = {one["thumbprint"]: one for entry in servers.values() for one in entry["certificates"] or ()}
    for host, entry in servers.items():
        server = _Server(entry, certificates)
        for row_id, cell in server.read():
            found.setdefault(row_id, Row(row_id)).cells[host] = cell
        for row_id, cell in server.drifted():
            row = found.setdefault(row_id, Row(row_id, of_drift=True))
            row.cells[host] = replace(cell, note=row.cells[host].note if host in row.cells else cell.note)
    for row in found.values():
        row.cells = {host: row.cells.get(host) or Cell(_missing(entry, row)) for host, entry in servers.items()}
    # Nobody asked for what was read nowhere, such as the certificate that clients are shown.
    found = {key: row for key, row in found.items() if any(c.kind is not Kind.NOT_READ for c in row.cells.values())}
    parts, places = list(PARTS), {row_id: place for place, row_id in enumerate(found)}
    groups = list(dict.fromkeys((row_id.part, row_id.group) for row_id in found))
    return sorted(
        found.values(),
        key=lambda row: (parts.index(row.id.part), groups.index((row.id.part, row.id.group)), places[row.id]),
    )


def _missing(server: Mapping[str, Any], row: Row) -> Kind:
    """Why a server has nothing in a row."""
    part = row.id.part
    if row.of_drift:
        compared = (server["drift"] or {}).get(part)
        return Kind.AS_DESIRED if compared and not compared["maintenance"] else Kind.NOT_READ
    was_read = server["connectors"] is not None if part == SUBMISSION else part in (server["protocols"] or {})
    return Kind.ABSENT if was_read else Kind.NOT_READ


@dataclass(frozen=True)
class _Server:
    """A server of the report, as the cells of its column."""

    entry: Mapping[str, Any]
    certificates: Mapping[str, Mapping[str, Any]]
    """By thumbprint, those of all servers."""

    @cached_property
    def _own(self) -> re.Pattern[str] | None:
        return own_names(self.entry)

    def read(self) -> Iterator[tuple[RowId, Cell]]:
        """What was read of it."""
        yield from self._itself()
        for key, protocol in (self.entry["protocols"] or {}).items():
            yield from self._services(key, protocol)
            yield from self._certificates(key, protocol)
            yield from self._settings(key, "settings", protocol, self._given(key))
        for connector in self.entry["connectors"] or ():
            if connector["for_users"]:
                yield from self._settings(SUBMISSION, self._connector(connector), connector, frozenset())

    def drifted(self) -> Iterator[tuple[RowId, Cell]]:
        """Where it is not as desired, or not known to be."""
        for key, drift in (self.entry["drift"] or {}).items():
            for one in drift["differences"]:
                row_id, setting = self._row_of(key, one["part"], one["setting"])
                actual, desired = self._neutral(one["actual"]), self._neutral(one["desired"])
                yield row_id, replace(_value(actual, setting), desired=Desired(desired))
            for part, reason in drift["unknown"].items():
                yield RowId(key, part, "comparison"), Cell(Kind.UNKNOWN, note=self._neutral(reason))

    def _itself(self) -> Iterator[tuple[RowId, Cell]]:
        entry = self.entry
        for name in ("product", "version"):
            yield RowId(SERVER, "", name), _value(entry[name]) if entry[name] else Cell(Kind.NOT_READ)
        until, supported = entry["supported_until"], entry["supported"]
        support = Cell(Kind.UNKNOWN if entry["version"] else Kind.NOT_READ)
        if supported is not None:
            words = ("until" if supported else "ended on", until) if until else ("yes" if supported else "no",)
            support = replace(_value(" ".join(words)), alarm="" if supported else "no longer supported")
        yield RowId(SERVER, "", "support"), support

    def _services(self, key: str, protocol: Mapping[str, Any]) -> Iterator[tuple[RowId, Cell]]:
        for service in protocol["services"]:
            name, is_missing = service["name"], service["status"] == "missing"
            for what in ("status", "start_mode"):
                nothing = Cell(Kind.ABSENT if is_missing and what == "start_mode" else Kind.UNREADABLE)
                yield RowId(key, "services", f"{name} {what}"), _value(service[what]) if service[what] else nothing
        state, reason = protocol["component_state"], self._neutral(protocol["component_reason"] or "")
        component = replace(
            _value(protocol["component"] or state),
            note=reason,
            alarm="" if state == "active" else "not serving clients",
        )
        if state == "none":
            component = Cell(Kind.ABSENT)
        elif state == "unknown":
            component = Cell(Kind.UNKNOWN, note=reason)
        yield RowId(key, "services", "component state"), component
        yield RowId(key, "services", "restart pending"), self._restart(protocol)

    def _restart(self, protocol: Mapping[str, Any]) -> Cell:
        owed, until = protocol["restart_owed"], protocol["restart_possible_until"]
        if owed == "no":
            return _value(owed)
        reason = self._neutral(protocol["restart_reason"])
        note = f"until {in_utc(until)}: {reason}" if until else reason
        if owed == "unknown":
            return Cell(Kind.UNKNOWN, note=note)
        return replace(_value(owed), note=note, alarm="restart pending" if owed == "yes" else "restart may be pending")

    def _certificates(self, key: str, protocol: Mapping[str, Any]) -> Iterator[tuple[RowId, Cell]]:
        listed = self.entry["certificates"]
        if listed is None:
            assigned = Cell(Kind.NOT_READ)
        elif any(one["services"] is None for one in listed):
            assigned = Cell(Kind.UNKNOWN)
        else:
            assigned = self._certificate([one for one in listed if PROTOCOLS[key].service in one["services"]])
        yield RowId(key, "certificate", "assigned"), assigned
        shown, thumbprint = Cell(Kind.NOT_READ), protocol["served_certificate"]
        if thumbprint:
            # Read on any server, it is the same certificate on this one.
            known = self.certificates.get(thumbprint)
            shown = self._certificate([known]) if known else _value(thumbprint)
        yield RowId(key, "certificate", "shown to clients"), shown

    def _certificate(self, ones: list[Mapping[str, Any]]) -> Cell:
        told = [f"{self._neutral(one['subject'])}, {days_left(one['days_left'])}" for one in ones]
        key = tuple(sorted((one["thumbprint"], one["not_after"]) for one in ones))
        alarm = "renewal due" if any(map(is_due, ones)) else ""
        return Cell(Kind.VALUE, told, key, alarm="expired" if any(one["days_left"] < 0 for one in ones) else alarm)

    def _settings(
        self, part: str, group: str, read: Mapping[str, Any], given: frozenset[str]
    ) -> Iterator[tuple[RowId, Cell]]:
        for option, value in read["settings"].items():
            cell = _value(self._neutral(value), _SETTINGS[part].get(option))
            yield RowId(part, group, option), replace(cell, as_desired=option in given)
        for option, came in read["unreadable"].items():
            yield RowId(part, group, option), Cell(Kind.UNREADABLE, note=f"returned as {came}")

    def _given(self, key: str) -> frozenset[str]:
        """The settings that are compared with what is desired."""
        drift = (self.entry["drift"] or {}).get(key)
        return frozenset(self.entry["desired"].get(key, ())) if drift and not drift["maintenance"] else frozenset()

    def _connector(self, connector: Mapping[str, Any]) -> str:
        return f"connector {self._neutral(connector['name'])}"

    def _row_of(self, key: str, part: str, setting: str) -> tuple[RowId, Setting | None]:
        """The row that a difference belongs to."""
        of_users = [one for one in self.entry["connectors"] or () if one["for_users"]]
        if part == "connector" and len(of_users) == 1:
            return RowId(SUBMISSION, self._connector(of_users[0]), setting), _SETTINGS[SUBMISSION].get(setting)
        return RowId(key, part, self._neutral(setting)), _SETTINGS[key].get(setting) if part == "settings" else None

    def _neutral(self, value: Any) -> Any:
        return neutrally(value, self._own)


def is_due(certificate: Mapping[str, Any]) -> bool:
    """Whether it is to be renewed; a report made by a version before this one does not tell."""
    return bool(certificate.get("renewal_due"))


def days_left(days: int) -> str:
    """How long a certificate is still valid."""
    if days < 0:
        return f"expired {-days} {'day' if days == -1 else 'days'} ago"
    return "less than a day left" if days == 0 else f"{days} {'day' if days == 1 else 'days'} left"


def _value(value: Any, setting: Setting | None = None) -> Cell:
    key: Hashable = as_text(value)
    if setting:
        # What is no value of this kind is compared as the text that it is.
        with suppress(Unreadable):
            key = ("as stored", setting.kind.key(setting.kind.read(value)))
    return Cell(Kind.VALUE, value, key)
