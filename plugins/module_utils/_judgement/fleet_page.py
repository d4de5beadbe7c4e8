# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the page of a fleet report shows, in which order and in which words; its template holds markup only."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.comparison import neutrally, own_names
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet_rows import (
    CALM,
    PARTS,
    SERVER,
    STATES,
    Cell,
    Kind,
    Row,
    as_text,
    days_left,
    in_utc,
    is_due,
    rows,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import part_of

# So many columns are read at a glance; of more servers, those that are alike share one.
_FEW = 8
# So many servers, or texts of a finding, are named; of more, the first ones.
_NAMED, _FIRST = 6, 3
# So many values of a row are shown at once if there are more than twice as many.
_VALUES = 8
# So many characters all different values may have together, which bounds the size of the page.
_BUDGET, _SHORTEST, _LONGEST = 400_000, 24, 1000
_LONGEST_NAME = 120
# So many cells take a browser long.
_LARGE = 2000


@dataclass(frozen=True)
class Mark:
    """A state or severity: a shape, and the word for it."""

    shape: str
    """`error`, `warning`, `notice`, `fine` or `off`."""
    word: str


SEVERITIES = {name: Mark(name, name.capitalize()) for name in ("error", "warning", "notice")}
_SHAPES = {"in_sync": "fine", "differs": "warning", "failed": "error", "unreachable": "error", "maintenance": "off"}
_OVERALL = {
    "in_sync": Mark("fine", "No action needed"),
    "differs": Mark("warning", "Action needed"),
    "failed": Mark("error", "Not all servers could be read or compared"),
    "unreachable": Mark("error", "Not all servers could be reached"),
}


@dataclass(frozen=True)
class Names:
    """Servers, or users: of many the first ones, and the rest where one looks for it."""

    count: int
    first: Sequence[str]
    rest: Sequence[str]
    label: str
    """Of many, in place of the first ones."""


@dataclass(frozen=True)
class Shown:
    """A value as people read it, in lines."""

    lines: Sequence[str]
    form: str = "value"
    """`word` for a word of the page where there is no text, such as an empty list; `prose` for other words of it."""


@dataclass(frozen=True)
class CellView:
    shown: Shown | None
    """None where the mark says it all."""
    mark: Mark | None
    desired: Shown | None
    note: str


@dataclass(frozen=True)
class ValueView:
    cell: CellView
    servers: Names


@dataclass(frozen=True)
class RowView:
    part: str
    heading: str
    """The part and its group."""
    name: str
    cells: Sequence[CellView]
    """One for each column of the matrix; of a row that is the same everywhere there is one."""
    values: Sequence[ValueView] = ()
    """By value, with its servers; of very many values the first ones."""
    more_values: Sequence[ValueView] = ()


@dataclass(frozen=True)
class Column:
    servers: Names
    mark: Mark


@dataclass(frozen=True)
class Comparison:
    """Servers side by side."""

    servers: Names
    """Those that were read."""
    unread: Names | None
    columns: Sequence[Column]
    are_grouped: bool
    """Whether servers that are alike share a column."""
    differing: Sequence[RowView]
    by_value: bool
    """Whether there are so many columns that the rows are told value by value as well."""
    is_large: bool
    """Whether a browser should not lay out the matrix before it is looked at."""
    alike: Sequence[RowView]
    names_itself: bool
    """Whether `<server>` stands somewhere for the server's own name."""


@dataclass(frozen=True)
class ServerGroup:
    """Servers that are in the same state for the same reasons."""

    mark: Mark
    details: Sequence[str]
    servers: Names
    is_calm: bool


@dataclass(frozen=True)
class ServerRow:
    host: str
    name: str
    version: str
    read_at: str
    mark: Mark


@dataclass(frozen=True)
class Text:
    text: str
    servers: Names | None
    """None if it is so on all of the finding's servers."""


@dataclass(frozen=True)
class Texts:
    """Of many the first ones, and the rest."""

    first: Sequence[Text]
    rest: Sequence[Text]


@dataclass(frozen=True)
class FindingView:
    anchor: str
    part: str
    subject: str
    mark: Mark
    id: str
    servers: Names
    found: Texts
    why: str
    fix: Texts
    acceptance: str
    """Why it was accepted and until when, or that this is over; empty if it was not."""
    is_minor: bool
    """A notice; not if it was accepted until a day that is over, for somebody wanted to see it again."""


@dataclass(frozen=True)
class CertificateView:
    mark: Mark
    expires: str
    subject: Shown
    names: Shown
    purpose: Shown
    remarks: Sequence[str]
    servers: Names


@dataclass(frozen=True)
class Certificates:
    """Those that clients of mail meet, and the others."""

    of_mail: Sequence[CertificateView]
    others: Sequence[CertificateView]
    unread: Names | None


@dataclass(frozen=True)
class Change:
    part: str
    what: str
    name: str
    before: Shown
    after: Shown
    servers: Names


@dataclass(frozen=True)
class Changes:
    since: str
    since_iso: str
    changes: Sequence[Change]


@dataclass(frozen=True)
class CutOff:
    """A change, and who would no longer get in."""

    change: str
    users: Names
    why: str
    nobody: str
    """What stands there if these are none."""


@dataclass(frozen=True)
class Covered:
    """Of which time the logs of a server tell."""

    host: str
    first_day: str
    until: str
    users: int


@dataclass(frozen=True)
class Usage:
    """Who uses a protocol."""

    part: str
    title: str
    since: str | None
    changes: Sequence[CutOff]
    gaps: Sequence[Text]
    covered: Sequence[Covered]


@dataclass(frozen=True)
class Count:
    number: int
    word: str
    shape: str
    target: str
    """The section with more about it."""


def view(report: Mapping[str, Any]) -> dict[str, Any]:
    """What `fleet_report.html.j2` is filled with."""
    page = _Page(report)
    found = page.findings(report["findings"])
    summary, servers = report["summary"], report["servers"]
    return {
        "state": _OVERALL[summary["state"]],
        "sentence": summary["sentence"],
        "generated": in_utc(report["generated_at"]),
        "generated_iso": report["generated_at"],
        "collection_version": report["collection_version"],
        "protocols": " and ".join(PARTS[key] for key in report["protocols"]) or "no protocol",
        "hosts": page.names(servers, by_name=True),
        "counts": list(_counts(summary)),
        "parts": PARTS,
        "groups": page.groups(),
        "servers": page.server_rows(),
        "urgent": [one for one in found if not one.is_minor],
        "minor": [one for one in found if one.is_minor],
        "accepted": page.findings(report["accepted"], "accepted"),
        "changes": page.changes(),
        "comparison": page.comparison(),
        "certificates": page.certificates(),
        "usage": [page.usage(key, told) for key, told in (report.get("usage") or {}).items()],
    }


def _counts(summary: Mapping[str, Any]) -> Iterator[Count]:
    """What there is of servers and findings; what there is none of is left out, but not that all is well."""
    found = summary["findings"]
    for number, word, shape, target in (
        (summary["in_sync"], "in sync", "fine", "servers"),
        (summary["not_compared"], "not compared", "off", "servers"),
        (summary["maintenance"], "in maintenance", "off", "servers"),
        (summary["differ"], "out of sync", "warning", "servers"),
        (summary["unknown"], "state not certain", "notice", "servers"),
        (summary["failed"], "failed", "error", "servers"),
        (summary["unreachable"], "unreachable", "error", "servers"),
    ):
        if number:
            yield Count(number, word, shape, target)
    for severity in SEVERITIES:
        if found[severity]:
            yield Count(found[severity], _plural(found[severity], severity), severity, "findings")
    if summary["expired"]:
        yield Count(summary["expired"], "no longer accepted", "warning", "findings")
    if summary["accepted"]:
        yield Count(summary["accepted"], "accepted", "off", "accepted")


@dataclass(frozen=True)
class _Page:
    report: Mapping[str, Any]

    @property
    def hosts(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.report["servers"]
        return found

    def names(self, hosts: Iterable[str], *, by_name: bool = False) -> Names:
        """Servers; all of them only `by_name` where that is asked for."""
        wanted = list(hosts)
        if len(wanted) <= _NAMED:
            return Names(len(wanted), wanted, (), "")
        if len(wanted) == len(self.hosts) and not by_name:
            return Names(len(wanted), (), (), f"all {len(wanted)} servers")
        return Names(len(wanted), wanted[:_FIRST], wanted[_FIRST:], "")

    def groups(self) -> list[ServerGroup]:
        """Servers by state and by what is wrong, those that need a look first."""
        alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for host, entry in self.hosts.items():
            # Of a server that was not read, the inventory's name is all that there is to be named.
            own = own_names({"fqdn": entry["fqdn"], "server": entry["server"] or host})
            alike.setdefault((entry["state"], tuple(_details(entry, own))), []).append(host)
        order = ("unreachable", "failed", "differs", "restart_possible", "restart_unknown", "certificate_unknown")
        ranks = {state: rank for rank, state in enumerate((*order, *CALM))}
        return [
            ServerGroup(
                _state(state),
                details if len(hosts) > 1 else list(_details(self.hosts[hosts[0]], None)),
                self.names(hosts),
                state in CALM,
            )
            for (state, details), hosts in sorted(alike.items(), key=lambda one: ranks[one[0][0]])
        ]

    def server_rows(self) -> list[ServerRow]:
        return [
            ServerRow(
                host,
                entry["fqdn"] or entry["server"] or "not read",
                f"{entry['product'] or ''} {entry['version'] or ''}".strip() or "not read",
                in_utc(entry["read_at"]),
                _state(entry["state"]),
            )
            for host, entry in self.hosts.items()
        ]

    def findings(self, listed: Sequence[Mapping[str, Any]], anchor: str = "finding") -> list[FindingView]:
        return [
            FindingView(
                f"{anchor}-{number}",
                one["protocol"] or SERVER,
                PARTS[one["protocol"] or SERVER],
                SEVERITIES[one["severity"]],
                one["id"],
                self.names(one["servers"]),
                self._texts(one["found"], one["servers"]),
                one["why"],
                self._texts(one["fix"], one["servers"]),
                _acceptance(one),
                one["severity"] == "notice" and not one.get("expired"),
            )
            for number, one in enumerate(listed, 1)
        ]

    def _texts(self, texts: Sequence[Mapping[str, Any]], servers: Sequence[str]) -> Texts:
        told = [
            Text(one["text"], None if len(one["servers"]) == len(servers) else self.names(one["servers"]))
            for one in texts
        ]
        return Texts(told, ()) if len(told) <= _NAMED else Texts(told[:_FIRST], told[_FIRST:])

    def changes(self) -> Changes | None:
        """What changed since the report before; None if there is none."""
        told = self.report["changes"]
        return told and Changes(in_utc(told["since"]), told["since"], list(self._changes(told)))

    def _turns(self, what: str, kind: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
        """What a kind of finding was and is, by servers: one that has been accepted is still found."""
        key = (kind["id"], kind["protocol"])
        same = {
            name: [one for one in self.report[name] if (one["id"], one["protocol"]) == key]
            for name in ("findings", "accepted")
        }
        if what == "new":
            marked = {host for one in same["findings"] if one["expired"] for host in one["servers"]}
            turns = {True: ("not found, or accepted", "found"), False: ("not found", "found")}
        else:
            marked = {host for one in same["accepted"] for host in one["servers"]}
            turns = {True: ("found", "accepted"), False: ("found", "not found")}
        for is_marked, words in turns.items():
            if hosts := [host for host in kind["servers"] if (host in marked) is is_marked]:
                yield (*words, hosts)

    def _changes(self, told: Mapping[str, Any]) -> Iterator[Change]:
        nothing = Shown(("",), form="word")
        for what, hosts in (("new in the report", told["appeared"]), ("no longer in the report", told["gone"])):
            if hosts:
                yield Change(SERVER, "Servers", what, nothing, nothing, self.names(hosts))
        for (before, after), hosts in _grouped(
            ((STATES[one["before"]], STATES[one["after"]]), one["host"]) for one in told["servers"]
        ):
            yield Change(SERVER, "Servers", "state", _prose(before), _prose(after), self.names(hosts))
        for what, kinds in (("new", told["findings_new"]), ("gone", told["findings_gone"])):
            for one in kinds:
                part = one["protocol"] or SERVER
                heading = f"{PARTS[part]} findings"
                for before, after, hosts in self._turns(what, one):
                    yield Change(part, heading, one["id"], _prose(before), _prose(after), self.names(hosts))
        settings = (
            ((one["protocol"] or SERVER, one["part"], one["setting"], as_text(values)), (one["host"], values))
            for one in told["settings"]
            for values in [(self._neutral(one["host"], one["before"]), self._neutral(one["host"], one["after"]))]
        )
        grouped = _grouped(settings)
        most = _most(2 * len(grouped))
        for (part, group, setting, _values), found in grouped:
            before, after = (_shown(value, most) for value in found[0][1])
            heading = f"{PARTS[part]} {group}".removesuffix(" server")
            hosts = [host for host, _values in found]
            yield Change(part, heading, setting, before, after, self.names(hosts))

    def _neutral(self, host: str, value: Any) -> Any:
        return neutrally(value, own_names(self.hosts.get(host, {})))

    def comparison(self) -> Comparison | None:
        """Those servers side by side of which anything was read; None if there are none."""
        read = {host: entry for host, entry in self.hosts.items() if entry["protocols"] or entry["drift"]}
        if not read:
            return None
        found = rows(read)
        differing = [row for row in found if not row.is_alike]
        columns = _columns(read, differing)
        most = _most(sum(len(row.values) + len(columns) for row in differing) + len(found))
        unread = [host for host in self.hosts if host not in read]
        return Comparison(
            servers=self.names(read),
            unread=self.names(unread) if unread else None,
            columns=[Column(self.names(hosts, by_name=True), _state(read[hosts[0]]["state"])) for hosts in columns],
            are_grouped=len(columns) < len(read),
            differing=[
                _row(
                    row,
                    [_cell(row, row.cells[hosts[0]], most) for hosts in columns],
                    list(self._values(row, most)),
                )
                for row in differing
            ],
            by_value=len(columns) > _FEW,
            is_large=len(columns) * len(differing) > _LARGE,
            alike=[_row(row, [_cell(row, row.values[0][0], most)]) for row in found if row.is_alike],
            names_itself=any("<server>" in as_text(cell.value) for row in found for cell, _hosts in row.values),
        )

    def _values(self, row: Row, most: int) -> Iterator[ValueView]:
        for place, (cell, hosts) in enumerate(row.values):
            is_rest = not place and len(row.values) > 1 and len(hosts) > _NAMED
            names = Names(len(hosts), (), (), f"the other {len(hosts)} servers") if is_rest else self.names(hosts)
            yield ValueView(_cell(row, cell, most), names)

    def certificates(self) -> Certificates:
        alike: dict[Hashable, tuple[Mapping[str, Any], list[str]]] = {}
        for host, entry in self.hosts.items():
            for one in entry["certificates"] or ():
                services = None if one["services"] is None else tuple(one["services"])
                key = (one["thumbprint"], services, one["days_left"], one["has_private_key"])
                alike.setdefault(key, (one, []))[1].append(host)
        ordered = sorted(alike.values(), key=lambda found: found[0]["days_left"])
        most = _most(4 * len(ordered))
        shown = [(_meets_mail(one), _certificate(one, self.names(hosts), most)) for one, hosts in ordered]
        unread = [host for host, entry in self.hosts.items() if entry["certificates"] is None]
        return Certificates(
            [certificate for of_mail, certificate in shown if of_mail],
            [certificate for of_mail, certificate in shown if not of_mail],
            self.names(unread) if unread else None,
        )

    def usage(self, key: str, told: Mapping[str, Any]) -> Usage:
        """Who uses a protocol, and why there may be more."""
        read = {host: part for host, entry in self.hosts.items() if (part := part_of(entry.get("usage"), key))}
        is_known = any(part["first_day"] for part in read.values())
        nobody = "nobody" if not told["unknown"] else "nobody according to the logs" if is_known else "not known"
        secure, title = told["secure_login"], PARTS[key]
        changes = [
            (f"Disable {title}", told["disabling"], "They signed in."),
            ("Set login_type to SecureLogin: certain", secure["certain"], "They signed in without TLS."),
            (
                "Set login_type to SecureLogin: possible",
                secure["possible"],
                "The logs do not show whether they used TLS.",
            ),
            (f"Restrict {title} to the allowed mailboxes", told["allow_list"], "Theirs are not among these."),
        ]
        return Usage(
            key,
            title,
            min((part["since"] for part in read.values()), default=None),
            [CutOff(change, _users(who), why, nobody) for change, who, why in changes if who is not None],
            [Text(one["text"], self.names(one["servers"])) for one in told["unknown"]],
            [
                Covered(host, part["first_day"] or "none", in_utc(part["until"]) or "none", len(part["users"]))
                for host, part in read.items()
            ],
        )


def _users(names: Sequence[str]) -> Names:
    shown = [_cut(name, _LONGEST_NAME) for name in names]
    first = len(shown) if len(shown) <= _NAMED else _FIRST
    return Names(len(shown), shown[:first], shown[first:], "")


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> list[tuple[Any, list[Any]]]:
    """What has the same key, together, in the order of the first ones."""
    found: dict[Any, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return list(found.items())


def _most(values: int) -> int:
    """So many characters each of so many values may have."""
    return max(_SHORTEST, min(_LONGEST, _BUDGET // max(values, 1)))


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"


def _state(state: str) -> Mark:
    return Mark(_SHAPES.get(state, "off" if state in CALM else "notice"), STATES[state])


def _details(entry: Mapping[str, Any], own: re.Pattern[str] | None) -> Iterator[str]:
    """Why a server is in its state."""
    if entry["failure"]:
        yield neutrally(entry["failure"], own)
    for key, drift in (entry["drift"] or {}).items():
        settings = [one["setting"] for one in drift["differences"]]
        if settings:
            yield f"{PARTS[key]}: {', '.join(neutrally(settings, own))}"
        if drift["maintenance"]:
            yield f"{PARTS[key]}: in maintenance, not compared"
        for part, reason in drift["unknown"].items():
            yield f"{PARTS[key]} {part}: {neutrally(reason, own)}"
        restart = drift["restart"] or {"owed": "no"}
        if restart["owed"] in ("possible", "unknown"):
            until = f"until {in_utc(restart['possible_until'])}: " if restart["possible_until"] else ""
            yield f"{PARTS[key]} restart: {until}{neutrally(restart['reason'], own)}"


def _acceptance(finding: Mapping[str, Any]) -> str:
    if "expired" not in finding:
        end = f"Until {finding['until']}" if finding["until"] else "No end date"
        return f"{end}: {finding['reason'] or 'no reason was given.'}"
    if not (expired := finding["expired"]):
        return ""
    return f"Expired on {expired['until']}: {expired['reason'] or 'no reason was given.'}"


def _columns(read: Mapping[str, Any], differing: Sequence[Row]) -> list[list[str]]:
    """The servers of each column: of many, those that look alike in all rows that differ share one."""
    if len(read) <= _FEW:
        return [[host] for host in read]
    alike = _grouped(
        ((entry["state"], *(row.cells[host].looks for row in differing)), host) for host, entry in read.items()
    )
    # The usual case is what the others are compared with.
    return sorted((hosts for _looks, hosts in alike), key=lambda hosts: -len(hosts))


def _row(row: Row, cells: Sequence[CellView], values: Sequence[ValueView] = ()) -> RowView:
    heading = f"{PARTS[row.id.part]} {_cut(row.id.group, _LONGEST_NAME)}".strip()
    first = _VALUES if len(values) > 2 * _VALUES else len(values)
    return RowView(row.id.part, heading, _cut(row.id.name, _LONGEST_NAME), cells, values[:first], values[first:])


def _cell(row: Row, cell: Cell, most: int) -> CellView:
    word = cell.kind.value
    shown: Shown | None = Shown((word,), form="word") if word else _shown(cell.value, most)
    if cell.kind in (Kind.UNREADABLE, Kind.UNKNOWN):
        shown = None
    desired = _shown(cell.desired.value, most) if cell.desired else None
    return CellView(shown, _mark(row, cell), desired, _cut(cell.note, most))


def _mark(row: Row, cell: Cell) -> Mark | None:
    if cell.desired:
        return Mark("warning", "out of sync")
    if cell.kind in (Kind.UNREADABLE, Kind.UNKNOWN):
        return Mark("notice", cell.kind.value)
    if cell.alarm:
        return Mark("warning", cell.alarm)
    if cell.as_desired:
        return Mark("fine", "in sync")
    if cell.kind.is_known and row.usual and cell.likeness != row.usual:
        return Mark("notice", "differs from most")
    return None


def _shown(value: Any, most: int = _LONGEST) -> Shown:
    """A value for people, and a word where it has no text."""
    if value is None or value == []:
        return Shown(("none",), form="word")
    if isinstance(value, list):
        lines = [_line(item) for item in value]
        return Shown(_cut("\n".join(lines), most).split("\n"))
    if isinstance(value, str) and not value:
        return Shown(("empty",), form="word")
    return Shown((_cut(_line(value), most),))


def _prose(text: str) -> Shown:
    return Shown((text,), form="prose")


def _line(value: Any) -> str:
    text = value if isinstance(value, str) else as_text(value)
    return f'"{text}"' if text != text.strip() else text


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def _meets_mail(certificate: Mapping[str, Any]) -> bool:
    """Whether clients of mail meet it, or may."""
    services = certificate["services"]
    return services is None or not {"IMAP", "POP", "SMTP"}.isdisjoint(services)


def _certificate(one: Mapping[str, Any], servers: Names, most: int) -> CertificateView:
    days, services = one["days_left"], one["services"]
    mark = Mark("error" if days < 0 else "warning" if is_due(one) else "fine", days_left(days))
    remarks = [
        "self-signed" if one["self_signed"] else f"issued by {one['issuer']}",
        one["weakness"] or "",
        "" if one["has_private_key"] is not False else "its private key is not on the server",
    ]
    purpose = Shown(("not known",), form="word") if services is None else _shown(services)
    return CertificateView(
        mark,
        in_utc(one["not_after"], "%Y-%m-%d"),
        _shown(one["subject"], most),
        _shown(one["names"], most),
        purpose,
        [_cut(remark, most) for remark in remarks if remark],
        servers,
    )
