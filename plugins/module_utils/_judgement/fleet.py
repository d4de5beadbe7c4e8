# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report on all servers, as docs/schemas/fleet_report-1.schema.json describes it, from what was read of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.accepted import Acceptance, judged
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.changes import changes
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.comparison import (
    Difference,
    compared,
    neutrally,
    own_names,
    values,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.drift import compared as with_desired
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import (
    NOT_READ,
    cut_off,
    gaps,
    part_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import INACTIVE
from ansible_collections.mailops.exchange.plugins.module_utils._objects.server_rules import (
    is_supported,
    supported_until,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import NOTICE, SEVERITIES

SCHEMA_VERSION = "1.1"
# By the names of the states of a server, those of their numbers in the summary.
COUNTED = {
    "in_sync": "in_sync",
    "differs": "differ",
    "restart_possible": "unknown",
    "restart_unknown": "unknown",
    "certificate_unknown": "unknown",
    "maintenance": "maintenance",
    "failed": "failed",
    "unreachable": "unreachable",
    "not_compared": "not_compared",
}
# The variables of a role that say what is desired, beside the settings.
_DESIRES = ("certificate", "connector", "mailboxes", "start_mode", "state")
# As much of a finding stands in the report.
_FINDING = ("id", "severity", "found", "why", "fix", "fixed_by", "protocol")
_LOOKED_AT = ("server", "fqdn", "product", "version", "certificates", "connectors", "client_settings")

Record: TypeAlias = Mapping[str, Any]
"""A server as it stands in the report."""


def instant(when: datetime) -> str:
    """A time as it stands in the report."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def desired(names: Iterable[str], protocols: Collection[str]) -> dict[str, list[str]]:
    """By protocol, its settings for which a value is given, from the names of all variables of a host.

    A protocol of which nothing is desired is not there: what a role does by default is nobody's wish yet.
    """
    given = frozenset(names)
    told = {}
    for key in protocols:
        settings = [one.option for one in PROTOCOLS[key].settings if f"{key}_{one.option}" in given]
        if settings or any(f"{key}_{name}" in given for name in _DESIRES):
            told[key] = settings
    return told


@dataclass(frozen=True)
class Seen:
    """What a run has got to know of a server."""

    host: str
    reached: bool
    look: Mapping[str, Any] = field(default_factory=dict)
    """What fleet_look returned."""
    reports: Mapping[str, Any] = field(default_factory=dict)
    """What the roles reported in check mode."""
    failure: str = ""
    """Why it could not be compared."""
    logs: Mapping[str, Any] | None = None
    """What fleet_usage returned; None if nobody wants to know who uses a protocol."""

    @property
    def is_reached(self) -> bool:
        lost = self.look.get("unreachable") or self.reports.get("unreachable")
        # A play goes on without a host on which a task has failed, too.
        return not lost and bool(self.reached or self.look.get("failed"))

    def record(self, now: datetime) -> dict[str, Any]:
        """The server as it stands in the report."""
        look: Mapping[str, Any] = self.look.get("look") or {}
        given: Mapping[str, Any] = self.look.get("given") or {}
        drift = with_desired(self.host, self.reports, self._failure(look), list(given), reached=self.is_reached)
        state, failure = drift.state, drift.failure or self._failure(look)
        # Where a role ended early, what it has not come to would look as if it were in sync.
        reports = {} if state in ("failed", "unreachable") else drift.protocols
        parts = {key: look[key] for key in PROTOCOLS if look.get(key)}
        if state == "in_sync" and not reports:
            away = any(part["component_state"] == INACTIVE for part in parts.values())
            state = "maintenance" if away else "not_compared"
        until = supported_until(look.get("product"))
        findings = look.get("findings")
        return {
            "host": self.host,
            **{key: look.get(key) for key in _LOOKED_AT},
            "supported_until": until.isoformat() if until else None,
            "supported": None,
            "read_at": self.look.get("read_at") or instant(now),
            "state": state,
            "failure": failure if state in ("failed", "unreachable") else None,
            "desired": {key: list(given[key]) for key in PROTOCOLS if key in given},
            "drift": {key: _drift(report) for key, report in reports.items()} or None,
            "protocols": parts or None,
            "findings": None if findings is None else list(map(_finding, findings)),
            "acceptances": list(self.look.get("accepted") or ()),
            "usage": self._usage(failure),
        }

    def _usage(self, failure: str) -> dict[str, Any] | None:
        if self.logs is None:
            return None
        protocols = self.logs.get("protocols")
        return {
            "failure": None if protocols else str(self.logs.get("msg") or failure or NOT_READ),
            "protocols": protocols,
        }

    def _failure(self, look: Mapping[str, Any]) -> str:
        told = [one.get("msg") for one in (self.look, self.reports) if one.get("failed") or one.get("unreachable")]
        failure = next((str(one) for one in (*told, self.failure) if one), "")
        if failure or look:
            return failure
        return (
            "It was not read; the tags of the run may exclude that." if self.is_reached else "It could not be reached."
        )


def _finding(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told[name] for name in _FINDING}


def _drift(report: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "maintenance": report["maintenance"],
        "differences": [
            {"part": one.part, "setting": one.setting, "actual": one.before, "desired": one.after}
            for one in changes(report["differences"])
        ],
        "unknown": dict(report.get("unknown") or {}),
        "restart": report["restart"] or None,
    }


def report(
    servers: Iterable[Record],
    protocols: Sequence[str],
    now: datetime,
    collection_version: str,
    previous: Mapping[str, Any] | None = None,
    allowed: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The whole report on servers; ValueError for what is no value of its setting, which only a file can hold.

    `allowed` are the mailboxes that keep the protocols, if it is asked who would lose them.
    """
    today = now.astimezone(UTC).date()
    records = {one["host"]: {**one, "supported": is_supported(one["product"], today)} for one in servers}
    differences = [
        (replace(one, groups=sorted(one.groups, key=lambda group: -len(group.servers))), _is_desired(one, records))
        for one in compared(_comparable(records.values()))
    ]
    judgement = _Judgement(records, today)
    for one, is_desired in differences:
        if not is_desired:
            judgement.add_difference(one)
    found, accepted = judgement.told()
    told: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "generated_at": instant(now),
        "collection_version": collection_version,
        "protocols": list(protocols),
        "summary": _summary(records.values(), found, accepted),
        "servers": records,
        "findings": found,
        "accepted": accepted,
        "differences": [_difference(one, is_desired) for one, is_desired in differences],
        "usage": {key: _usage(records, key, allowed) for key in protocols} if _is_usage_told(records) else None,
        "changes": None,
    }
    if previous is not None:
        told["changes"] = changed_since(previous, told)
    return told


def merged(reports: Iterable[Mapping[str, Any]]) -> tuple[list[Record], list[str]]:
    """The servers and the protocols of several reports; of a server that is in more than one, what was read last."""
    servers: dict[str, Record] = {}
    protocols: dict[str, None] = {}
    for one in reports:
        protocols |= dict.fromkeys(one["protocols"])
        for host, server in one["servers"].items():
            if host not in servers or servers[host]["read_at"] < server["read_at"]:
                servers[host] = {**server, "host": host}
    return list(servers.values()), [key for key in PROTOCOLS if key in protocols]


def _is_usage_told(records: Mapping[str, Record]) -> bool:
    # A report of version 1.0 has none.
    return any(one.get("usage") for one in records.values())


def _usage(records: Mapping[str, Record], protocol: str, allowed: Sequence[str] | None) -> dict[str, Any]:
    """Who would be cut off, and of which servers the logs do not tell everything."""
    parts = (part_of(one.get("usage"), protocol) for one in records.values())
    unknown: dict[str, list[tuple[str, str]]] = {}
    for host, record in records.items():
        # Of a server that was not read, the inventory's name is all that there is to be named.
        own = own_names({"fqdn": record["fqdn"], "server": record["server"] or host})
        for text in gaps(record.get("usage"), protocol):
            unknown.setdefault(neutrally(text, own), []).append((host, text))
    return {**cut_off(filter(None, parts), allowed), "unknown": [_text(*item) for item in unknown.items()]}


def _comparable(records: Iterable[Record]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Servers as client_access_info tells of them, as far as they should be alike."""
    for one in records:
        if one["server"] is not None:
            away = one["state"] == "maintenance"
            parts = {
                # A server in maintenance has its services stopped on purpose.
                key: {**part, "services": []} if away else part
                for key, part in (one["protocols"] or {}).items()
            }
            yield one["host"], {**one, **parts}


def _is_desired(difference: Difference, records: Mapping[str, Record]) -> bool:
    """Whether each of the servers is told what this is to be: then it differs on purpose, or it is drift."""
    given = [records[host]["desired"].get(difference.protocol) for group in difference.groups for host in group.servers]
    if difference.part == "settings":
        return all(settings is not None and difference.setting in settings for settings in given)
    # What a role is not told of services it has in its defaults.
    return difference.part == "services" and None not in given


def _difference(one: Difference, is_desired: bool) -> dict[str, Any]:
    return {
        "protocol": one.protocol,
        "part": one.part,
        "setting": one.setting,
        "desired": is_desired,
        "values": [{"value": group.shown, "servers": list(group.servers)} for group in one.groups],
    }


def _odd_ones(difference: Difference) -> list[str]:
    """The servers that differ from most, or all if there is no such value that most have."""
    most, *others = difference.groups
    odd = [host for group in others for host in group.servers]
    return odd if len(most.servers) > len(odd) else [*most.servers, *odd]


class _Judgement:
    """Findings put together across servers: those that are open, and those that are accepted."""

    def __init__(self, records: Mapping[str, Record], today: date) -> None:
        self._today = today
        self._acceptances = {host: list(_acceptances(one)) for host, one in records.items()}
        self._open = _Groups()
        self._accepted = _Groups()
        for host, record in records.items():
            own = own_names(record)
            for finding in record["findings"] or ():
                still_open, accepted = self._judged(finding, host)
                for one in still_open:
                    self._open.add(one, [host], own)
                for one in accepted:
                    self._accepted.add(one, [host], own)

    def add_difference(self, difference: Difference) -> None:
        """What is found by looking at several servers is accepted if it is for each that is unlike the others."""
        finding, hosts = _finding(difference.fact().shown()), _odd_ones(difference)
        judgements = [self._judged(finding, host) for host in hosts]
        still_open = [one for open_ones, _accepted in judgements for one in open_ones]
        if still_open:
            self._open.add(max(still_open, key=lambda one: "expired" in one), hosts)
        else:
            self._accepted.add(judgements[0][1][0], hosts)

    def _judged(self, finding: Record, host: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        of_roles = (finding["protocol"], None) if finding["protocol"] in PROTOCOLS else (None, *PROTOCOLS)
        return judged([finding], [one for role, one in self._acceptances[host] if role in of_roles], self._today)

    def told(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        accepted = self._accepted.told("accepted")
        return self._open.told("expired"), [
            {**{key: value for key, value in one.items() if key != "accepted"}, **one["accepted"]} for one in accepted
        ]


class _Groups:
    """Findings of the same kind, by what is the same of them."""

    def __init__(self) -> None:
        self._found: dict[tuple[Any, ...], dict[str, dict[str, list[tuple[str, str]]]]] = {}

    def add(self, finding: Mapping[str, Any], hosts: Sequence[str], own: Any = None) -> None:
        mark = finding.get("expired") or finding.get("accepted")
        key = (
            *(finding[name] for name in ("id", "severity", "protocol", "why")),
            (mark["reason"], mark["until"]) if mark else None,
        )
        texts = self._found.setdefault(key, {"found": {}, "fix": {}})
        for name, by_text in texts.items():
            met = by_text.setdefault(neutrally(finding[name], own), [])
            met += [(host, finding[name]) for host in hosts]

    def told(self, mark: str) -> list[dict[str, Any]]:
        told = []
        for (name, severity, protocol, why, marked), texts in self._found.items():
            servers = dict.fromkeys(host for met in texts["found"].values() for host, _text in met)
            told.append(
                {
                    "id": name,
                    "severity": severity,
                    "protocol": protocol,
                    "why": why,
                    "servers": list(servers),
                    **{what: [_text(*item) for item in by_text.items()] for what, by_text in texts.items()},
                    mark: dict(zip(("reason", "until"), marked, strict=True)) if marked else None,
                }
            )
        return sorted(told, key=lambda one: (SEVERITIES.index(one["severity"]), -len(one["servers"])))


def _text(neutral: str, met: Sequence[tuple[str, str]]) -> dict[str, Any]:
    hosts = list(dict.fromkeys(host for host, _own in met))
    return {"text": neutral if len(hosts) > 1 else met[0][1], "servers": hosts}


def _acceptances(record: Record) -> Iterator[tuple[str | None, Acceptance]]:
    for one in record["acceptances"]:
        until = date.fromisoformat(one["until"]) if one["until"] else None
        yield one["protocol"], Acceptance(one["id"], one["reason"], until)


def _summary(
    records: Collection[Record], found: Sequence[Mapping[str, Any]], accepted: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    counts = dict.fromkeys(COUNTED.values(), 0)
    for one in records:
        counts[COUNTED[one["state"]]] += 1
    severities = [one["severity"] for one in found]
    acting = [one for one in found if one["severity"] != NOTICE]
    if counts["unreachable"]:
        state = "unreachable"
    elif counts["failed"]:
        state = "failed"
    else:
        state = "differs" if counts["differ"] or counts["unknown"] or acting else "in_sync"
    return {
        "state": state,
        "sentence": _sentence(len(records), counts, len(acting)),
        "servers": len(records),
        **counts,
        "findings": {severity: severities.count(severity) for severity in SEVERITIES},
        "need_action": len(acting),
        "accepted": len(accepted),
        "expired": sum(one["expired"] is not None for one in acting),
    }


def _sentence(servers: int, counts: Mapping[str, int], need_action: int) -> str:
    noun = "server" if servers == 1 else "servers"
    if counts["differ"]:
        first = f"{counts['differ']} of {servers} {noun} {'differs' if counts['differ'] == 1 else 'differ'}"
    elif counts["in_sync"]:
        first = f"{counts['in_sync']} of {servers} {noun} in sync"
    else:
        first = f"{servers} {noun}"
    rest = [
        f"{counts[key]} {words}"
        for key, words in (
            ("unknown", "not known to be in sync"),
            ("failed", "failed"),
            ("unreachable", "unreachable"),
            ("maintenance", "in maintenance"),
            ("not_compared", "not compared with desired values"),
        )
        if counts[key]
    ]
    action = {0: "no finding needs action", 1: "1 finding needs action"}.get(
        need_action, f"{need_action} findings need action"
    )
    return ", ".join([first, *rest, action])


def changed_since(previous: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What is another one than in the report before; ValueError for what is no value of its setting."""
    before, after = previous["servers"], now["servers"]
    both = [host for host in after if host in before]
    read = [host for host in both if before[host]["findings"] is not None and after[host]["findings"] is not None]
    open_before, open_now = _open(previous, frozenset(read)), _open(now, frozenset(read))
    return {
        "since": previous["generated_at"],
        "servers": [
            {"host": host, "before": before[host]["state"], "after": after[host]["state"]}
            for host in both
            if before[host]["state"] != after[host]["state"]
        ],
        "appeared": [host for host in after if host not in before],
        "gone": [host for host in before if host not in after],
        "findings_new": _more(open_now, open_before),
        "findings_gone": _more(open_before, open_now),
        "settings": [change for host in both for change in _changed_values(before[host], after[host])],
    }


def _open(told: Mapping[str, Any], hosts: Collection[str]) -> dict[tuple[str, str | None], list[str]]:
    """By kind of finding, the servers among some on which it is open."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for one in told["findings"]:
        known = found.setdefault((one["id"], one["protocol"]), [])
        known += [host for host in one["servers"] if host in hosts and host not in known]
    return found


def _more(
    these: Mapping[tuple[str, str | None], Sequence[str]], those: Mapping[tuple[str, str | None], Sequence[str]]
) -> list[dict[str, Any]]:
    told = []
    for kind, hosts in these.items():
        if more := [host for host in hosts if host not in those.get(kind, ())]:
            told.append({"id": kind[0], "protocol": kind[1], "servers": more})
    return told


def _changed_values(before: Record, after: Record) -> Iterator[dict[str, Any]]:
    known, now = (
        {value.place: value for value in values({**one, **(one["protocols"] or {})})} for one in (before, after)
    )
    if before["server"] is None or after["server"] is None:
        return
    for place, value in now.items():
        if place in known and known[place].compared != value.compared:
            protocol, part, setting = place
            yield {
                "host": after["host"],
                "protocol": protocol,
                "part": part,
                "setting": setting,
                "before": known[place].shown,
                "after": value.shown,
            }
