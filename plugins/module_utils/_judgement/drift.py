# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which servers are out of sync: what the roles reported in check mode, put together."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.changes import changes
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS

# A restart that may be pending, the more certain first.
_DOUBTS = {"possible": "possibly pending", "unknown": "not known whether pending"}
_ROW = "{:<24} {:<8} {:<12} {:<34} {}"


@dataclass(frozen=True)
class ServerDrift:
    """How a server is, compared with what is desired."""

    host: str
    state: str
    failure: str | None
    protocols: Mapping[str, Mapping[str, Any]]
    """What each role reported."""


def compared(
    host: str, reports: Mapping[str, Any], failure: str, wanted: Sequence[str], *, reached: bool
) -> ServerDrift:
    """Judge a server by what the roles reported of it, or by why they did not."""
    protocols = {key: report for key, report in reports.items() if key in PROTOCOLS}
    missing = [key for key in wanted if key not in protocols]
    if missing and not failure:
        failure = f"No part of {' and '.join(missing)} was compared; the tags of the run may exclude all of them."
    active = [report for report in protocols.values() if not report["maintenance"]]
    owed = [report["restart"].get("owed") for report in active]
    doubt = next((doubt for doubt in _DOUBTS if doubt in owed), None)
    unknown = next((part for report in active for part in report.get("unknown", {})), None)
    if not reached:
        state = "unreachable"
    elif failure:
        state = "failed"
    elif any(report["differences"] for report in protocols.values()):
        state = "differs"
    elif doubt:
        state = f"restart_{doubt}"
    elif unknown:
        state = f"{unknown}_unknown"
    else:
        state = "in_sync" if len(active) == len(protocols) else "maintenance"
    return ServerDrift(host, state, failure if state == "failed" else None, protocols)


def report(
    facts: Any, hosts: Sequence[str], reached: Collection[str], protocols: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The report on all hosts, from the variables of each; ValueError if these are no variables of hosts."""
    if not isinstance(facts, Mapping):
        raise ValueError("use hostvars")
    servers = {}
    for host in hosts:
        known = facts[host]
        reports, failure = known.get("client_access_report") or {}, known.get("drift_failure") or ""
        # Not asdict: it would build mappings of ansible-core's own types anew, which these refuse.
        servers[host] = dict(vars(compared(host, reports, failure, protocols, reached=host in reached)))
    return {"servers": servers}


def table(told: Any) -> list[str]:
    """A report as lines of a table; ValueError if it is no report."""
    if not isinstance(told, Mapping) or not isinstance(told.get("servers"), Mapping):
        raise ValueError("use a drift report, which has servers")
    lines = [_ROW.format("SERVER", "PROTOCOL", "PART", "WHAT", "ACTUAL -> DESIRED")]
    for server in told["servers"].values():
        lines += _of_server(ServerDrift(**server))
    return lines


def _of_server(server: ServerDrift) -> Iterator[str]:
    if server.state == "in_sync":
        yield _row(server, told="in sync")
    elif server.state == "unreachable":
        yield _row(server, told="could not be reached")
    elif server.failure:
        yield _row(server, told=f"could not be compared: {server.failure}")
    for protocol, reported in server.protocols.items():
        yield from _of_protocol(server, protocol, reported)


def _of_protocol(server: ServerDrift, protocol: str, reported: Mapping[str, Any]) -> Iterator[str]:
    restart, differences = reported["restart"], reported["differences"]
    if reported["maintenance"]:
        yield _row(server, protocol, told="is in maintenance, not compared")
    elif (doubt := _DOUBTS.get(restart.get("owed"))) and "restart" not in differences:
        until = f"until {restart['possible_until']}: " if restart["possible_until"] else ""
        yield _row(server, protocol, "restart", doubt, f"{until}{restart['reason']}")
    for part, reason in reported.get("unknown", {}).items():
        yield _row(server, protocol, part, "not known", reason)
    for change in changes(differences):
        values = (json.dumps(value) for value in (change.before, change.after))
        yield _row(server, protocol, change.part, change.setting, " -> ".join(values))


def _row(server: ServerDrift, protocol: str = "", part: str = "", what: str = "", told: str = "") -> str:
    return _ROW.format(server.host, protocol, part, what, told)
