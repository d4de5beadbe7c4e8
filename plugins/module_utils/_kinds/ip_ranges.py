# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ranges of IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Hashable, Iterable

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Listing


class IpRanges(Listing):
    """Ranges of addresses: one address, `first-last`, or a network with its prefix length."""

    UNPARSED = r"(?=.*[.:])(?=.*[\da-f:])[\da-f.:%]+(?:[-/][\da-f.:%]+|\([\da-f.:]+\))?"
    EMPTY = "it is empty, so nobody could connect; use 0.0.0.0-255.255.255.255 for every IPv4 address"

    def parse_entry(self, text: str) -> str:
        first, last = self._limits(text)
        if "/" in text or "(" in text:
            return f"{first}/{first.max_prefixlen - (int(last) ^ int(first)).bit_length()}"
        return str(first) if first == last else f"{first}-{last}"

    def entry_key(self, entry: str) -> Hashable:
        try:
            return self._limits(entry)
        except ValueError:
            return entry.casefold()

    def count(self, entries: Iterable[str]) -> dict[int, int] | None:
        """How many addresses they are together, by the version of IP; None if they cannot be read."""
        counts, ends = {4: 0, 6: 0}, {4: -1, 6: -1}
        try:
            limits = [self._limits(entry, strict=False) for entry in entries]
        except ValueError:
            return None
        for version, first, last in sorted((first.version, int(first), int(last)) for first, last in limits):
            counts[version] += max(0, last - max(first - 1, ends[version]))
            ends[version] = max(last, ends[version])
        return counts if limits else None

    @staticmethod
    def _limits(text: str, *, strict: bool = True) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...]:
        right = "write an address, first-last, or a network such as 10.0.0.0/8"
        # Exchange also shows a network with its mask: 10.0.0.0(255.0.0.0).
        masked = re.fullmatch(r"([^()/]+)\(([^()]+)\)", text)
        start, slash, prefix = (masked[1], "/", masked[2]) if masked else text.partition("/")
        first, _dash, last = (part.strip() for part in start.partition("-"))
        try:
            limits = ipaddress.ip_address(first), ipaddress.ip_address(last or first)
            network = ipaddress.ip_network(f"{start.strip()}/{prefix}", strict=False) if slash else None
        except ValueError:
            raise ValueError(f"{quoted(text)} is not a range of IP addresses; {right}") from None
        if network:
            if strict and network.network_address != limits[0]:
                raise ValueError(
                    f"{quoted(text)} does not begin with the first address of its network; write {network}"
                )
            return network.network_address, network.broadcast_address
        if limits[0].version != limits[1].version:
            raise ValueError(f"{quoted(text)} mixes IPv4 and IPv6; {right}")
        if int(limits[0]) > int(limits[1]):
            raise ValueError(f"{quoted(text)} ends before it begins; {right}")
        return limits
