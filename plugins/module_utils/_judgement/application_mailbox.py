# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a program that reads a mailbox is served, and what it has to be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.accepted import acceptances
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.hindrances import Concern, told
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol

SIDES = ("external", "internal")
_RETRIEVAL = 20 * 60
"""Seconds that a program can take to fetch what is in a full mailbox; it may begin again meanwhile."""
_SHORTEST = 5 * 60
"""Seconds. No such program is known to look more often."""


@dataclass(frozen=True)
class Program:
    """How a program reads the mailbox."""

    protocol: Protocol
    side: str
    """Whether it connects from outside or from inside."""
    interval: int
    """Seconds between two looks."""
    user: str

    @classmethod
    def of(cls, protocol: str, side: str, interval: Any, user: str) -> Program:
        """ValueError with a sentence where it is none."""
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol: {protocol!r} is not valid; use {' or '.join(PROTOCOLS)}")
        if side not in SIDES:
            raise ValueError(f"side: {side!r} is not valid; use {' or '.join(SIDES)}")
        seconds = int(interval) if str(interval).isdecimal() else 0
        if seconds < _SHORTEST:
            raise ValueError(
                f"interval: {interval!r} is not valid; use at least {_SHORTEST} seconds between two checks for mail"
            )
        return cls(PROTOCOLS[protocol], side, seconds, user)

    @property
    def connections(self) -> int:
        """How many it may have open at a time: one look after the other begins before the first has ended."""
        return -(-_RETRIEVAL // self.interval) + 1

    @property
    def _option(self) -> str:
        return f"{self.side}_connection_settings"

    def _entry(self, info: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What clients are told to connect to, the best first."""
        entries = info["client_settings"][self.side][self.protocol.key]
        return entries[0] if entries else None

    def values(self, info: Mapping[str, Any]) -> dict[str, Any] | None:
        """What is typed into the program; None where the server tells nothing."""
        entry, sending = self._entry(info), info["client_settings"][self.side]["smtp"]
        if entry is None:
            return None
        return {
            "protocol": self.protocol.key,
            **entry,
            "use_ssl_tls": entry["encryption"] == "implicit_tls",
            "user": self.user,
            "sending": sending[0] if sending else None,
        }

    def hindrances(self, info: Mapping[str, Any], accepted: Any) -> Iterator[str]:
        """A sentence each on what keeps the server from serving it."""
        server, title = info["server"], self.protocol.title
        concern = Concern(("certificate", "connector"), acceptances(accepted, "accepted"))
        hindering = concern.hindering(info["findings"])
        yield from map(told, hindering)
        stopped = [one["name"] for one in info[self.protocol.key]["services"] if one["status"] != "running"]
        # Where the protocol is meant to be off that is no error to others.
        if stopped and not any(finding["id"].startswith("service-") for finding in hindering):
            yield (
                f"{title} is not running on {server}: {' and '.join(stopped)}; enable it with the role "
                f"mailops.exchange.{self.protocol.key}."
            )
        entry = self._entry(info)
        if entry is None:
            why = (
                f"{self._option} of {server} cannot be read"
                if info["client_settings"][self.side][self.protocol.key] is None
                else f"{self._option} of {server} is empty"
            )
            yield (
                f"{why}, so it is not known where the program must connect for {title}; set {self._option} with "
                f"mailops.exchange.{self.protocol.module}."
            )
        elif entry["encryption"] == "none":
            yield (
                f"The program would send its password without encryption: the best entry in {self._option} of {server} "
                f"is {entry['server']}:{entry['port']}; add an entry that ends in :SSL."
            )
        most = info[self.protocol.key]["settings"].get("max_connections_per_user")
        if most is not None and most < self.connections:
            yield (
                f"max_connections_per_user is {most} for {title} on {server}, and {self._why}; set it to "
                f"{self.connections} or more with mailops.exchange.{self.protocol.module}."
            )

    def throttled(self, policy: str, settings: Mapping[str, Any]) -> Iterator[str]:
        """A sentence where the throttling policy allows too little."""
        option = f"{self.protocol.mailbox_prefix}_max_concurrency"
        most = settings.get(option)
        if isinstance(most, int) and most < self.connections:
            yield (
                f"{option} of the throttling policy {policy} is {most}, and {self._why}; set it to {self.connections} "
                "or more with max_concurrency in application_mailbox_throttling_policy."
            )

    @property
    def _why(self) -> str:
        return (
            f"a program that checks for mail every {self.interval} seconds can have {self.connections} connections "
            f"open at a time, because fetching the mail can take {_RETRIEVAL} seconds"
        )

    def remarks(self, info: Mapping[str, Any]) -> Iterator[str]:
        """A sentence each on what is to be known and keeps nobody from being served."""
        entry = self._entry(info)
        if entry and entry["encryption"] == "starttls":
            yield (
                f"{entry['server']}:{entry['port']} starts without encryption and switches to it with STARTTLS: leave "
                "the program's SSL/TLS box cleared, and make sure that it supports STARTTLS. If it does not, add an "
                f"entry that ends in :SSL to {self._option}."
            )
        if info[self.protocol.key]["settings"].get("max_connections_per_user") is None:
            yield f"max_connections_per_user of {info['server']} cannot be read, so it is not checked."
        if info["certificates"] is None:
            yield f"The certificates of {info['server']} cannot be read, so they are not checked."
        if info["client_settings"][self.side]["smtp"] is None:
            yield (
                f"The receive connectors of {info['server']} cannot be read, so it is not known which one accepts mail "
                "from clients."
            )
