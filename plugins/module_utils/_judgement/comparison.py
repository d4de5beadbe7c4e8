# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a server can be compared, with other servers or with what it was before."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
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
    "Behind one name, clients reach one server or another, so connections work only some of the time.",
    "Set {what} to the same value for all of them in group variables, and run the role on the group.",
)

SERVER_BUILDS_DIFFER = Rule(
    "server-builds-differ",
    (NOTICE,),
    "The build is {builds}.",
    "Servers of different builds differ in their options, defaults, and security fixes.",
    "Install the same update on all of them.",
)

RULES = {rule.id: rule for rule in (SERVERS_DIFFER, SERVER_BUILDS_DIFFER)}


@dataclass(frozen=True)
class Value:
    """Something of a server that is the same on servers that are alike."""

    protocol: str | None
    """`pop3`, `imap4` or `smtp`; None for what concerns all."""
    part: str
    """`server`, `settings`, `services` or `connector`."""
    setting: str
    compared: Hashable
    shown: Any

    @property
    def place(self) -> tuple[str | None, str, str]:
        return self.protocol, self.part, self.setting


@dataclass
class Group:
    """The servers that have the same value: as it is compared, and as it is shown."""

    compared: Hashable
    shown: Any
    servers: list[str]
    told: str = ""

    def __post_init__(self) -> None:
        self.told = quoted(self.shown)


@dataclass(frozen=True)
class Difference:
    """What is not the same on all servers that have it."""

    protocol: str | None
    part: str
    setting: str
    groups: Sequence[Group]

    def fact(self) -> Fact:
        """It as a finding."""
        _tell_apart(self.groups)
        told = first_of([f"{group.told} on {first_of(group.servers)}" for group in self.groups], "; ")
        if self.part == "server":
            return SERVER_BUILDS_DIFFER.fact(builds=told)
        name, blank, what = self.setting.rpartition(" ")
        where = f"{what} of the service {name}" if blank else self.setting
        return SERVERS_DIFFER.fact(protocol=self.protocol, what=where, values=told)


def differences(results: Any) -> list[Fact]:
    """What is not the same on all servers; ValueError if it is no list of results of client_access_info."""
    if isinstance(results, str | Mapping) or not isinstance(results, Sequence):
        raise ValueError("use a list of results of client_access_info")
    for result in results:
        if not isinstance(result, Mapping) or not isinstance(result.get("server"), str):
            raise ValueError("each item must be a result of client_access_info that has server")
    return [found.fact() for found in compared((result["server"], result) for result in results)]


def compared(results: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Difference]:
    """What is not the same on all servers, which are told by the names before their results; ValueError as `values`."""
    groups: dict[tuple[str | None, str, str], list[Group]] = {}
    for name, result in results:
        # A server counts once, also if a result that was put together tells of a service twice.
        for value in {value.place: value for value in values(result, neutral=True)}.values():
            met = groups.setdefault(value.place, [])
            group = next((group for group in met if group.compared == value.compared), None)
            if group is None:
                met.append(Group(value.compared, value.shown, [name]))
            else:
                group.servers.append(name)
    return [Difference(*place, met) for place, met in groups.items() if len(met) > 1]


def values(result: Mapping[str, Any], *, neutral: bool = False) -> Iterator[Value]:
    """All that can be compared of a server, `neutral` without its own name, which differs by nature.

    What was not read is not among it; ValueError for what is no value of its setting.
    """
    own = own_names(result) if neutral else None
    version = result.get("version")
    yield Value(None, "server", "version", version, version)
    for key, protocol in PROTOCOLS.items():
        part = result.get(key)
        if isinstance(part, Mapping):
            yield from _settings(result, part.get("settings"), protocol.settings, own, key, "settings")
            yield from _services(part.get("services") or (), key)
    if connector := _only(result.get("connectors")):
        yield from _settings(result, connector.get("settings"), CONNECTOR_SETTINGS, own, "smtp", "connector")


def _only(connectors: Any) -> Any:
    """The connector to be compared, that of users; none where it is not clear which one."""
    listed = connectors if isinstance(connectors, list) else []
    of_users = [one for one in listed if isinstance(one, Mapping) and one.get("for_users")]
    return of_users[0] if len(of_users) == 1 else None


def _settings(
    result: Mapping[str, Any],
    stored: Any,
    settings: Iterable[Setting],
    own: re.Pattern[str] | None,
    protocol: str,
    part: str,
) -> Iterator[Value]:
    for setting in settings if isinstance(stored, Mapping) else ():
        if setting.option in stored:
            value = stored[setting.option]
            try:
                read = setting.kind.read(value)
            except Unreadable as came:
                raise ValueError(
                    f"{setting.option} of {result.get('server')} is {came}, which is not a valid value"
                ) from None
            # A server can have a name that makes nonsense of a value, such as 0 or com.
            with suppress(Unreadable):
                read, value = setting.kind.read(neutrally(value, own)), neutrally(value, own)
            yield Value(protocol, part, setting.option, setting.kind.key(read), value)


def _services(services: Iterable[Mapping[str, Any]], key: str) -> Iterator[Value]:
    for service in services:
        for what in ("status", "start_mode"):
            if service[what]:
                yield Value(key, "services", f"{service['name']} {what}", service[what], service[what])


def _tell_apart(groups: Sequence[Group]) -> None:
    """Show of long lists what not all of them have: the middle of a sentence is cut, and may be all that differs."""
    lists = [group.shown for group in groups if isinstance(group.shown, list)]
    if len(lists) < len(groups) or all(len(repr(one)) <= MOST_CHARACTERS for one in lists):
        return
    for group, items in zip(groups, lists, strict=True):
        own = [item for item in items if not all(item in other for other in lists)]
        group.told = f"{quoted(own)} and {len(items) - len(own):,} that all servers have"


def own_names(result: Mapping[str, Any]) -> re.Pattern[str] | None:
    """Where a server's own names stand in a text; None if it has none."""
    # The longer one first, which begins with the other one.
    told = "|".join(re.escape(name) for key in ("fqdn", "server") if (name := str(result.get(key) or "")))
    return re.compile(rf"(?<![\w.-])(?:{told})(?![\w-])", re.IGNORECASE) if told else None


def neutrally(value: Any, own: re.Pattern[str] | None) -> Any:
    """A value without the server's own names."""
    if own is None:
        return value
    if isinstance(value, list):
        return [neutrally(item, own) for item in value]
    return own.sub("<server>", value) if isinstance(value, str) else value
