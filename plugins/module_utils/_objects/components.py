# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The server components by which Exchange lets a protocol serve clients, or takes it down as in maintenance."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    first_of,
    harmless,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    needed,
    wire_name,
    wire_text,
    wire_truth,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Enum
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import Protocol

ACTIVE, INACTIVE, UNKNOWN, NONE = "active", "inactive", "unknown", "none"
_STATES = {"active": ACTIVE, "inactive": INACTIVE, "draining": INACTIVE}
# Names are documented; that Active is 1 is captured, the other numbers follow from the order.
_STATE = Enum({"Inactive": 0, "Active": 1, "Draining": 2})
_CMDLET = "Get-ServerComponentState"
_SERVER_WIDE = "ServerWideOffline"
T = TypeVar("T")


@dataclass(frozen=True)
class Component:
    """The component of one protocol, as far as its state is known."""

    name: str
    state: str
    """`active`, `inactive`, `unknown`, or `none` where Exchange has no components."""
    shown: str | None = None
    """Exchange's own word for it."""
    reason: str | None = None
    """How it came to be inactive, or why its state is not known, in a sentence."""


def component_state(host: Host, protocol: Protocol, server: Server) -> Component:
    """The component of a protocol. What cannot be read is not known, which is neither active nor maintenance."""
    name = protocol.component
    if server.version < EXCHANGE_2013:
        return Component(name, NONE)
    try:
        item = _read(host, server, name)
        shown = _needed(_STATE.read, item, "State", name)
        # A version that has no such member does not tell it.
        offline = "ServerWideOfflineIsOffline"
        server_wide = offline in item and _needed(wire_truth, item, offline, name)
    except Failure as failure:
        return Component(name, UNKNOWN, reason=harmless(str(failure)))
    if _STATES[shown.casefold()] == ACTIVE and not server_wide:
        return Component(name, ACTIVE, shown)
    requesters = _requesters(item)
    if server_wide:
        # The component's own entry does not say who took down the whole server.
        with suppress(Failure):
            requesters |= _requesters(_read(host, server, _SERVER_WIDE))
    how = f", and the whole server is offline ({_SERVER_WIDE})" if server_wide else ""
    asked = f", as requested by {first_of([*requesters], ' and ')}" if requesters else ""
    return Component(name, INACTIVE, shown, f"The server component {name} is {shown}{how}{asked}.")


def _read(host: Host, server: Server, name: str) -> Mapping[str, Any]:
    members = ("Component", "State", "ServerWideOfflineIsOffline", "LocalStates", "RemoteStates")
    output = host.read(_CMDLET, members=members, Identity=server.name, Component=name)
    of = f"the answer for {name}"
    found = [item for item in output if _needed(wire_name, item, "Component", of).casefold() == name.casefold()]
    if len(found) != 1:
        raise Failure(f"{_CMDLET} answered with {len(found)} objects for {name} of {server.name} instead of one.")
    return found[0]


def _needed(read: Callable[[Any], T], item: Mapping[str, Any], member: str, of: str) -> T:
    return needed(read, item.get(member), cmdlet=_CMDLET, member=member, of=of)


def _requesters(item: Mapping[str, Any]) -> dict[str, None]:
    """Who asks for a component to be down, in order. An entry comes as an object, or as the text of one."""
    asking: dict[str, set[bool]] = {}
    for entries in (item.get("LocalStates"), item.get("RemoteStates")):
        for entry in entries if isinstance(entries, list) else [entries]:
            told = re.match(r"Requestor:(?P<who>.*?); State:(?P<state>\w+)", wire_text(entry))
            if told:
                down = _STATES.get(told["state"].casefold()) == INACTIVE
                asking.setdefault(harmless(told["who"]), set()).add(down)
    # Of two that differ the younger one counts, but their times are text in the notation of the server.
    differ = "(its requests in Active Directory and on the server differ)"
    return {who if down == {True} else f"perhaps {who} {differ}": None for who, down in asking.items() if True in down}
