# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In what servers that are to be alike differ: pure comparison of what client_access_info returned for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    MOST_CHARACTERS,
    first_of,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import NOTICE, WARNING, Fact, Rule

SERVERS_DIFFER = Rule(
    "servers-differ",
    (WARNING,),
    "{what} is {values}.",
    "Behind one name, clients meet now one server and now another, and it works now and then only.",
    "Give {what} the same value for all of them, in group variables, and run the role on the group.",
)

SERVER_BUILDS_DIFFER = Rule(
    "server-builds-differ",
    (NOTICE,),
    "The build is {builds}.",
    "Servers of different builds differ in their options, defaults and security fixes.",
    "Install the same update on all of them.",
)

RULES = {rule.id: rule for rule in (SERVERS_DIFFER, SERVER_BUILDS_DIFFER)}


def differences(results: Any) -> list[Fact]:
    """What is not the same on all servers; ValueError if it is no list of results of client_access_info."""
    if isinstance(results, str | Mapping) or not isinstance(results, Sequence):
        raise ValueError("give a list of results of client_access_info")
    for result in results:
        if not isinstance(result, Mapping) or not isinstance(result.get("server"), str):
            raise ValueError("each item has to be a result of client_access_info, with its server")
    builds = _groups((result["server"], result.get("version"), result.get("version")) for result in results)
    found = []
    if len(builds) > 1:
        found.append(SERVER_BUILDS_DIFFER.fact(builds=_told(builds)))
    for key, protocol in PROTOCOLS.items():
        parts = {result["server"]: result.get(key) for result in results}
        found += _settings(results, parts, protocol.settings, key)
        found += _services(parts, key)
    found += _settings(results, {r["server"]: _only(r.get("connectors")) for r in results}, CONNECTOR_SETTINGS, "smtp")
    return found


def _only(connectors: Any) -> Any:
    """The connector to be compared, that of users; none where it is not clear which one."""
    listed = connectors if isinstance(connectors, list) else []
    of_users = [one for one in listed if isinstance(one, Mapping) and one.get("for_users")]
    return of_users[0] if len(of_users) == 1 else None


def _settings(
    results: Iterable[Mapping[str, Any]], parts: Mapping[str, Any], settings: Iterable[Setting], key: str
) -> Iterator[Fact]:
    stored = {server: part.get("settings") for server, part in parts.items() if isinstance(part, Mapping)}
    fqdns = {result["server"]: str(result.get("fqdn") or "") for result in results}
    for setting in settings:
        values = []
        for server, options in stored.items():
            if isinstance(options, Mapping) and setting.option in options:
                value = _neutral(options[setting.option], (fqdns[server], server))
                try:
                    values.append((server, setting.kind.key(setting.kind.read(value)), value))
                except Unreadable as came:
                    raise ValueError(f"{setting.option} of {server} is {came}, which is no value of it") from None
        if len(groups := _groups(values)) > 1:
            yield _differ(key, setting.option, groups)


def _services(parts: Mapping[str, Any], key: str) -> Iterator[Fact]:
    read: dict[tuple[str, str], list[tuple[str, Any, Any]]] = {}
    for server, part in parts.items():
        for service in part.get("services") or () if isinstance(part, Mapping) else ():
            for what in ("status", "start_mode"):
                if service[what]:
                    read.setdefault((what, service["name"]), []).append((server, service[what], service[what]))
    for (what, name), values in read.items():
        if len(groups := _groups(values)) > 1:
            yield _differ(key, f"{what} of the service {name}", groups)


def _differ(key: str, what: str, groups: Sequence[_Group]) -> Fact:
    return SERVERS_DIFFER.fact(protocol=key, what=what, values=_told(groups))


@dataclass
class _Group:
    """The servers that have the same value: as it is compared, and as it is shown."""

    compared: Any
    shown: Any
    servers: list[str]
    told: str = ""

    def __post_init__(self) -> None:
        self.told = quoted(self.shown)


def _groups(values: Iterable[tuple[str, Any, Any]]) -> list[_Group]:
    groups: list[_Group] = []
    for server, compared, shown in values:
        group = next((group for group in groups if group.compared == compared), None)
        if group is None:
            groups.append(_Group(compared, shown, [server]))
        else:
            group.servers.append(server)
    _tell_apart(groups)
    return groups


def _tell_apart(groups: Sequence[_Group]) -> None:
    """Show of long lists what not all of them have: the middle of a sentence is cut, and may be all that differs."""
    lists = [group.shown for group in groups if isinstance(group.shown, list)]
    if len(lists) < len(groups) or all(len(repr(one)) <= MOST_CHARACTERS for one in lists):
        return
    for group, items in zip(groups, lists, strict=True):
        own = [item for item in items if not all(item in other for other in lists)]
        group.told = f"{quoted(own)} and {len(items) - len(own):,} that all have"


def _told(groups: Iterable[_Group]) -> str:
    return first_of([f"{group.told} on {first_of(group.servers)}" for group in groups], "; ")


def _neutral(value: Any, names: Iterable[str]) -> Any:
    """A value without the server's own name, which differs by nature."""
    if isinstance(value, list):
        return [_neutral(item, names) for item in value]
    if not isinstance(value, str):
        return value
    for name in filter(None, names):
        value = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "<server>", value, flags=re.IGNORECASE)
    return value
