# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hand-out for users: which settings are handed out, which are not and why, and where servers differ."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.client_settings import ENCRYPTIONS
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import HOST
from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import INACTIVE
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import RUNNING

SIDES = ("external", "internal")
FETCHING = ("imap4", "pop3")
"""The one first that leaves the mail on the server."""
SMTP = "smtp"
PROTOCOLS = (*FETCHING, SMTP)
IN_CLEAR = ENCRYPTIONS[""]
# RFC 5894, section 7.2: the ss of IDNA 2003 is another domain than the ß of IDNA 2008.
_DIFFERENTLY_ENCODED = frozenset("ß\u03c2\u200c\u200d")
_BEST_FIRST = tuple(ENCRYPTIONS.values())

# What comes of trying a setting.
TRIED, NOT_TRIED, UNREACHABLE = "tried", "not_tried", "unreachable"


@dataclass(frozen=True)
class Setting:
    """What a mail program is to connect to."""

    protocol: str
    host: str
    port: int
    encryption: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def is_address(self) -> bool:
        """Whether the host is an address, which a DNS record cannot lead to."""
        with contextlib.suppress(ValueError):
            return bool(ipaddress.ip_address(self.host))
        return False


@dataclass(frozen=True)
class Trial:
    """What came of connecting to a setting."""

    outcome: str
    reason: str = ""
    """Why there is no connection, in a sentence."""


@dataclass(frozen=True)
class Offer:
    """A setting for one side, the servers on which it is set, and what came of trying it."""

    side: str
    setting: Setting
    servers: tuple[str, ...]
    trial: Trial

    @property
    def reachable(self) -> bool:
        return self.trial.outcome != UNREACHABLE

    @property
    def for_programs(self) -> bool:
        """Whether it goes into files that programs follow unasked, which shall send no password in clear."""
        return self.reachable and self.setting.encryption != IN_CLEAR


@dataclass(frozen=True)
class Note:
    """What the administrator has to know of it; ``kind`` names the sentence."""

    kind: str
    servers: tuple[str, ...] = ()
    protocol: str = ""
    side: str = ""
    """Empty where there is nothing to tell apart, as for sending, where Exchange has one name for both sides."""
    text: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Told:
    """What the servers say, before anything is tried."""

    servers: tuple[str, ...]
    settings: Mapping[str, Mapping[Setting, tuple[str, ...]]]
    """By side, with the servers of each."""
    notes: tuple[Note, ...]
    off: frozenset[str]
    """The protocols that are known to be off on every server."""

    @property
    def to_try(self) -> list[Setting]:
        return list(dict.fromkeys(setting for side in SIDES for setting in self.settings[side]))

    @property
    def domains(self) -> list[str]:
        """Those of the external host names, in which the mail domains usually are."""
        hosts = [s.host for s in self.settings["external"] if s.protocol in FETCHING and not s.is_address]
        return list(dict.fromkeys(domain for host in hosts if (domain := _domain(host))))


@dataclass(frozen=True)
class Handout:
    """All that is handed out."""

    domains: tuple[str, ...]
    username: str
    servers: tuple[str, ...]
    offers: tuple[Offer, ...]
    notes: tuple[Note, ...]
    off: frozenset[str]

    def of(self, side: str, *protocols: str) -> list[Offer]:
        """The offers for a side, in the order of the protocols, the best first."""
        return [
            offer
            for protocol in protocols or PROTOCOLS
            for offer in self.offers
            if (offer.side, offer.setting.protocol) == (side, protocol)
        ]

    def for_programs(self, side: str, *protocols: str) -> list[Offer]:
        return [offer for offer in self.of(side, *protocols) if offer.for_programs]

    def alike(self, side: str, *protocols: str) -> bool:
        """Whether all servers that have the protocols on say the same of them."""
        return not any(
            note.kind == "differs" and note.protocol in protocols and note.side in ("", side) for note in self.notes
        )

    @property
    def unreachable(self) -> list[Offer]:
        """Once for each setting, whichever side it is for."""
        found = {offer.setting: offer for offer in reversed(self.offers) if not offer.reachable}
        return list(reversed(found.values()))


def told_by(servers: Sequence[Mapping[str, Any]], unread: Iterable[str] = ()) -> Told:
    """What the results of ``client_access_info`` say, and which hosts there is none of."""
    by_side: dict[str, dict[Setting, list[str]]] = {side: {} for side in SIDES}
    notes: dict[tuple[str, ...], list[str]] = {}
    states: dict[str, set[str]] = {protocol: set() for protocol in FETCHING}

    def note(server: str, kind: str, protocol: str, side: str = "", text: str = "") -> None:
        found = notes.setdefault((kind, protocol, "" if protocol == SMTP else side, text), [])
        if server not in found:
            found.append(server)

    for info in servers:
        server = str(info["server"])
        for protocol in PROTOCOLS:
            if protocol in FETCHING:
                if info.get(protocol) is None:
                    continue
                state = _state(info[protocol])
                states[protocol].add(state)
                if state != "on":
                    note(server, state, protocol)
                    continue
            for side in SIDES:
                entries = info["client_settings"][side][protocol]
                if not entries:
                    note(server, "unreadable" if entries is None else "not_told", protocol, side)
                for entry in entries or ():
                    if setting := _setting(protocol, entry):
                        by_side[side].setdefault(setting, []).append(server)
                    else:
                        note(server, "unusable", protocol, side, f"{entry['server']}:{entry['port']}")
    lost = tuple(dict.fromkeys(unread))
    return Told(
        servers=tuple(str(info["server"]) for info in servers),
        settings={
            side: {setting: tuple(dict.fromkeys(names)) for setting, names in told.items()}
            for side, told in by_side.items()
        },
        notes=(
            *([Note("unread", lost)] if lost else []),
            *(Note(kind, tuple(names), protocol, side, text) for (kind, protocol, side, text), names in notes.items()),
        ),
        off=frozenset(protocol for protocol, found in states.items() if found == {"off"} and not lost),
    )


def handout(told: Told, trials: Mapping[Setting, Trial], domains: Iterable[str], username: str) -> Handout:
    """What is made of it, once the settings have been tried."""
    offers = [
        Offer(side, setting, servers, trials.get(setting, Trial(NOT_TRIED)))
        for side in SIDES
        for setting, servers in sorted(told.settings[side].items(), key=_rank)
    ]
    return Handout(
        domains=tuple(domains),
        username=username,
        servers=told.servers,
        offers=tuple(offers),
        notes=(*told.notes, *dict.fromkeys(_of_offers(offers))),
        off=told.off,
    )


def _of_offers(offers: Sequence[Offer]) -> Iterator[Note]:
    for side in SIDES:
        for protocol in PROTOCOLS:
            where = "" if protocol == SMTP else side
            own = [offer for offer in offers if (offer.side, offer.setting.protocol) == (side, protocol)]
            if len({offer.servers for offer in own}) > 1:
                yield Note("differs", (), protocol, where)
            for offer in own:
                about = Note("", (), protocol, where, str(offer.setting))
                if not offer.reachable:
                    yield replace(about, kind="unreachable", reason=offer.trial.reason)
                if offer.setting.encryption == IN_CLEAR:
                    yield replace(about, kind="in_clear")


def _state(protocol: Mapping[str, Any]) -> str:
    """Whether a protocol serves clients: on, off or unknown."""
    statuses = [service["status"] for service in protocol["services"]]
    if protocol["component_state"] == INACTIVE or any(status not in (RUNNING, "") for status in statuses):
        return "off"
    return "unknown" if "" in statuses or protocol["component_state"] == "unknown" else "on"


def _setting(protocol: str, entry: Mapping[str, Any]) -> Setting | None:
    """An entry whose server is a host name, in the form of DNS, or an address; None if it is something else."""
    host, port = str(entry["server"]).removesuffix("."), int(entry["port"])
    if HOST.fullmatch(name := in_dns(host)) and 0 < port < 65536 and entry["encryption"] in _BEST_FIRST:
        return Setting(protocol, name, port, str(entry["encryption"]))
    return None


def in_dns(name: str) -> str:
    """A name in the form of DNS; empty if there is none, or two: of these letters programs make different names."""
    name = name.lower()
    # Encoding takes the square of the length.
    if len(name) > 253 or set(name) & _DIFFERENTLY_ENCODED:
        return ""
    with contextlib.suppress(UnicodeError):
        return name.encode("idna").decode()
    return ""


def _rank(entry: tuple[Setting, Sequence[str]]) -> tuple[int, int, int, str, int]:
    """The best encryption first, then what is set on most servers."""
    setting, servers = entry
    best, most = _BEST_FIRST.index(setting.encryption), -len(servers)
    return PROTOCOLS.index(setting.protocol), best, most, setting.host, setting.port


def _domain(host: str) -> str:
    """The domain in which a host is; one of two labels is taken for the domain itself."""
    _label, _dot, rest = host.partition(".")
    return rest if "." in rest else host if rest else ""
