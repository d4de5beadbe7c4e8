# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The receive connectors of one server: which is the one for client submission, and what Exchange lets them be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    first_of,
    quoted,
    shortened,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unread, Unreadable, wire_name
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import binding_port
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Enum
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import (
    CLIENT_SUBMISSION_PORT,
    CONNECTOR_SETTINGS,
    REMOTE_IP_RANGES,
)
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Stored, read_members

# Those of the flags of ServerRole that a connector can have.
_ROLE = Enum({"HubTransport": 32, "FrontendTransport": 16384})
_ANY = {"0.0.0.0", "[::]"}  # noqa: S104 - compared, not bound
_ALL = {4: 1 << 32, 6: 1 << 128}


@dataclass(frozen=True)
class Connector:
    """A receive connector as it is stored."""

    name: str
    role: str
    """`FrontendTransport` or `HubTransport`; empty before Exchange 2013, which has but one, and if it is not known."""
    values: dict[str, Any]
    """Canonical, by option; what the server's version does not have is not in it."""
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    """By option, what came in the place of values."""

    @property
    def stored(self) -> Stored:
        return Stored(self.values, self.unreadable)

    @property
    def local(self) -> dict[int, set[str]]:
        """The addresses of the server on which it waits for clients, by the version of IP."""
        found: dict[int, set[str]] = {}
        for binding in self.values.get("bindings", ()):
            if binding_port(binding) == CLIENT_SUBMISSION_PORT:
                address = binding.rpartition(":")[0]
                found.setdefault(6 if address.startswith("[") else 4, set()).add(address)
        return found

    @property
    def reach(self) -> dict[int, int] | None:
        """How many addresses it takes clients from, by the version of IP; None if that cannot be read."""
        counts = REMOTE_IP_RANGES.count(self.values.get("remote_ip_ranges", ()))
        return counts and {version: counts[version] for version in self.local}

    @property
    def is_bound_for_clients(self) -> bool:
        return self.role != "HubTransport" and bool(self.local)

    @property
    def is_restricted(self) -> bool:
        """Whether it is known to take clients from some addresses only."""
        reach = self.reach or {}
        return bool(reach) and all(count < _ALL[version] for version, count in reach.items())

    @property
    def is_enabled(self) -> bool:
        return self.values.get("enabled") is not False

    @property
    def takes_users(self) -> bool:
        return "ExchangeUsers" in self.values.get("permission_groups", ("ExchangeUsers",))


def read_connectors(host: Host, server: Server) -> list[Connector]:
    """The receive connectors of one server, and of no other."""
    members = ["Identity", "Name", "TransportRole", *(setting.parameter for setting in CONNECTOR_SETTINGS)]
    # By server and not by identity: one that does not exist is logged as an error on the server each time it is asked
    # for, and a bare name or a pattern reaches other servers.
    found = host.read("Get-ReceiveConnector", members=members, Server=server.name)
    return [_read(wire, server) for wire in found if _is_of(wire, server)]


def _is_of(wire: Mapping[str, Any], server: Server) -> bool:
    """Whether it is one of the server's; a Failure if that cannot be told, for it might be the one of the users."""
    member = "Name"
    try:
        name = wire_name(wire.get(member))
        member = "Identity"
        owner, _backslash, own = wire_name(wire.get(member)).partition("\\")
        if own.casefold() != name.casefold():
            raise Unreadable(wire[member])
    except Unreadable as came:
        so = "so it is not known which one that is"
        raise Unread("Get-ReceiveConnector", member, f"a connector of {server.name}", came, so) from None
    return owner.casefold() in (server.name.casefold(), server.fqdn.casefold())


def _read(wire: Mapping[str, Any], server: Server) -> Connector:
    stored = read_members(CONNECTOR_SETTINGS, wire)
    role = ""
    shown = wire.get("TransportRole")
    if shown is not None or server.version >= EXCHANGE_2013:
        try:
            role = _ROLE.read(shown)
        except Unreadable as came:
            stored.unreadable["transport_role"] = came
    return Connector(wire_name(wire["Name"]), role, stored.values, stored.unreadable)


def default_name(server: Server) -> str:
    """The name Exchange gives the connector for client submission."""
    return f"Client {server.name}" if server.version < EXCHANGE_2013 else f"Client Frontend {server.name}"


def refuse_unknown_bindings(connectors: Sequence[Connector], server: Server) -> None:
    """Without its bindings or its role a connector may be the one of users, and another one be taken for it."""
    for one in connectors:
        if (came := one.unreadable.get("transport_role")) and one.local:
            raise Failure(
                f"Get-ReceiveConnector shows TransportRole of {quoted(one.name)} of {server.name} as {came}, which "
                "cannot be read, so it is not known whether that is for client submission; set the option name, and "
                "please report that.",
                unreadable={"TransportRole": came.shape},
            )
    # Exchange stores no connector without any.
    if unknown := [one for one in connectors if not one.values.get("bindings") and one.role != "HubTransport"]:
        listed = first_of([f"those of {quoted(one.name)} {_came(one)}" for one in unknown], "; ")
        raise Failure(
            f"The bindings of receive connectors of {server.name} cannot be read, so it is not known which one is for "
            f"client submission: {listed}; set the option name, and please report that.",
            unreadable={one.name: one.stored.shapes.get("bindings", "nothing") for one in unknown},
        )


def client_connectors(connectors: Sequence[Connector], server: Server) -> list[Connector]:
    """The connectors by which users send: those on port 587 that serve most clients, or else the one Exchange made.

    Exchange chooses by the client's address and takes the most specific range. One that takes fewer addresses than
    another beside it is there for these alone, and so is one that takes few and no users.
    """
    bound = [connector for connector in connectors if connector.is_bound_for_clients]
    serving = [c for c in bound if not (c.is_restricted and not c.takes_users) and not _is_special(c, bound)]
    usual = default_name(server).casefold()
    return serving or [connector for connector in connectors if connector.name.casefold() == usual]


def _is_special(connector: Connector, bound: Sequence[Connector]) -> bool:
    reach = connector.reach
    taken = connector.local if reach is None else [version for version, count in reach.items() if count]
    return all(any(_is_wider(other, connector, version) for other in bound) for version in taken)


def _is_wider(one: Connector, other: Connector, version: int) -> bool:
    """Whether one takes more clients than the other, on an address where both wait for them."""
    if other.is_enabled and not one.is_enabled:
        return False
    here, there = one.local.get(version, set()), other.local[version]
    # What cannot be read is known neither to be wide nor to be narrow, except beside one that takes all.
    count = (one.reach or {}).get(version, 0)
    more = count == _ALL[version] if other.reach is None else count > other.reach[version]
    return more and bool(here & there or _ANY & (here | there))


def connector_of_users(connectors: Sequence[Connector], server: Server) -> Connector | None:
    """The one by which users send; None if it is not clear which. Names can be edited and are translated."""
    found = client_connectors(connectors, server)
    usual = default_name(server).casefold()
    named = [connector for connector in found if connector.name.casefold() == usual]
    return found[0] if len(found) == 1 else named[0] if named else None


def _came(connector: Connector) -> str:
    came = connector.unreadable.get("bindings")
    return f"were returned as {came}" if came else "were not returned"


def find_connector(connectors: Sequence[Connector], server: Server, name: str | None) -> Connector:
    """The connector of this name, or the one by which users send."""
    listed = first_of([quoted(connector.name) for connector in connectors]) or "none"
    if name:
        owner, backslash, own = name.rpartition("\\")
        if backslash and owner.casefold() not in (server.name.casefold(), server.fqdn.casefold()):
            raise Failure(
                f"name: {quoted(name)} is a connector of {shortened(owner)}, and this task is about {server.name}; "
                f"run it for {shortened(owner)}, or leave the server out of the name."
            )
        found = [connector for connector in connectors if connector.name.casefold() == own.casefold()]
        if not found:
            raise Failure(f"name: {server.name} has no receive connector {quoted(own)}; it has {listed}.")
        return found[0]
    refuse_unknown_bindings(connectors, server)
    if connector := connector_of_users(connectors, server):
        return connector
    raise Failure(
        f"{server.name} has {len(client_connectors(connectors, server)) or 'no'} receive connectors for users on port "
        f"{CLIENT_SUBMISSION_PORT} and none of them is named {quoted(default_name(server))}; set the option name to "
        f"one of {listed}."
    )


def lost(connector: Connector, others: Sequence[Connector], server: Server, values: Mapping[str, Any]) -> Iterator[str]:
    """A sentence if these values make another connector the one of users, which a task without a name would take."""
    after = replace(connector, values=dict(values))
    if connector_of_users([after, *others], server) != after:
        yield (
            f"name: with these settings {quoted(connector.name)} is no longer the receive connector through which "
            "users send, and the next task without a name would not find it; set its name."
        )


def refused_changes(
    connector: Connector, others: Sequence[Connector], server: Server, values: Mapping[str, Any], own: AbstractSet[str]
) -> Iterator[str]:
    """Sentences on changes that this connector must not get."""
    names = (server.fqdn, server.name, "")
    if "fqdn" in own and connector.name.casefold() == f"default {server.name}".casefold():
        yield (
            f"fqdn: the servers of the organization identify each other by the FQDN of {quoted(connector.name)}, and "
            "mail between them stops if it changes; leave it as it is."
        )
    elif (
        own & {"fqdn", "auth_mechanism"}
        and "ExchangeServer" in values.get("auth_mechanism", ())
        and str(values.get("fqdn", "")).casefold() not in {name.casefold() for name in names}
    ):
        yield (
            f"fqdn: with ExchangeServer in auth_mechanism, Exchange accepts only {server.fqdn}, {server.name}, or an "
            f"empty string, not {quoted(values['fqdn'])}; change one or the other."
        )
    for option in ("bindings", "remote_ip_ranges"):
        if option in own and not values[option]:
            yield f"{option}: this would remove all of them; keep at least one."
    after = replace(connector, values=dict(values))
    for other in others:
        # Exchange looks at these whatever is changed, as setup found when it changed something else (practical365.com,
        # "Exchange Server 2013 upgrade fails due to receive connector conflicts").
        if own and (shared := shared_across_roles(after, other)):
            yield (
                f"bindings: {first_of(shared)} is also a binding of {quoted(other.name)}, whose transport role is "
                f"{other.role} and not {connector.role}; connectors of different roles cannot have the same address "
                "and port, whatever their remote addresses are, and Exchange accepts no change while they do."
            )
        elif (
            own & {"bindings", "remote_ip_ranges"}
            and (shared := _shared(after, other))
            and _ranges(values) & _ranges(other.values)
        ):
            yield (
                f"bindings: {first_of(shared)} is also a binding of {quoted(other.name)} for the same remote "
                "addresses; each connector of a server needs its own combination of the two."
            )


def shared_across_roles(one: Connector, other: Connector) -> list[str]:
    """The addresses and ports at which the services of two transport roles would both wait for clients."""
    return _shared(one, other) if one.role and other.role and one.role != other.role else []


def _shared(one: Connector, other: Connector) -> list[str]:
    return sorted(set(one.values.get("bindings", ())) & set(other.values.get("bindings", ())))


def _ranges(values: Mapping[str, Any]) -> set[Any]:
    return {REMOTE_IP_RANGES.entry_key(entry) for entry in values.get("remote_ip_ranges", ())}
