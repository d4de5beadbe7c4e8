# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses and ports: what a service listens on, and what clients are told to connect to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Hashable
from dataclasses import dataclass

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    quoted,
    shortened,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Listing
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import HOST


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ValueError(f"the port {quoted(text)} is not a number")
    # Python refuses to make a number of thousands of digits.
    if len(text) > 5 or not 1 <= int(text) <= 65535:
        raise ValueError(f"the port {shortened(text)} is out of range 1 to 65535")
    return int(text)


class Bindings(Listing):
    """Addresses and ports to listen on: `0.0.0.0:995`, `[::]:995`."""

    UNPARSED = r"(?:\[[\w.:%]+\]|[\w.*%]+):\d{1,5}"

    def parse_entry(self, text: str) -> str:
        wrong = "write IPv4:port or [IPv6]:port, such as 0.0.0.0:995 or [::]:995"
        host, colon, port = text.rpartition(":")
        if not colon or text.endswith("]"):
            raise ValueError(f"{quoted(text)} has no port; {wrong}")
        try:
            number = _port(port)
        except ValueError as error:
            raise ValueError(f"in {quoted(text)} {error}; {wrong}") from None
        bracketed = host.startswith("[") and host.endswith("]")
        try:
            address = ipaddress.ip_address(host[1:-1] if bracketed else host)
        except ValueError:
            raise ValueError(f"in {quoted(text)} {quoted(host)} is not an IP address; {wrong}") from None
        if isinstance(address, ipaddress.IPv4Address):
            if bracketed:
                raise ValueError(f"in {quoted(text)} an IPv4 address is in brackets; {wrong}")
            return f"{address}:{number}"
        # .NET shows the zone of an IPv6 address, and 0 where it has none.
        if address.scope_id == "0":
            address = ipaddress.IPv6Address(int(address))
        # Python versions differ in how they write an IPv4 address mapped into IPv6; .NET writes it dotted.
        return f"[{f'::ffff:{address.ipv4_mapped}' if address.ipv4_mapped else address}]:{number}"


def binding_port(binding: str) -> int | None:
    """The port of a canonical binding."""
    port = binding.rpartition(":")[2]
    return int(port) if port.isdecimal() and len(port) <= 5 else None


class ConnectionSettings(Listing):
    """What clients are told to connect to: `Host:Port`, with `:SSL` or `:TLS` for the encryption."""

    METHODS = ("SSL", "TLS")
    UNPARSED = r"[^\s:,;(){}]+:\d{1,5}(?::(?:SSL|TLS)?)?"

    def parse_entry(self, text: str) -> str:
        right = "write Host:Port:SSL, Host:Port:TLS, or Host:Port for no encryption, such as mail.contoso.com:995:SSL"
        host, *rest = (part.strip() for part in text.split(":"))
        if not HOST.fullmatch(host):
            raise ValueError(f"in {quoted(text)} {quoted(host)} is not a host name; {right}")
        if not rest or not rest[0]:
            raise ValueError(f"{quoted(text)} has no port; {right}")
        if len(rest) > 2:
            raise ValueError(f"{quoted(text)} has more than three parts; {right}")
        try:
            port = _port(rest[0])
        except ValueError as error:
            raise ValueError(f"in {quoted(text)} {error}; {right}") from None
        method = rest[1].upper() if len(rest) > 1 else ""
        if method and method not in self.METHODS:
            raise ValueError(f"in {quoted(text)} {quoted(rest[1])} is not an encryption method; {right}")
        return f"{host}:{port}{method and ':'}{method}"

    def _read_entry(self, text: str) -> str:
        # As an enumeration has it where a blank is documented.
        return super()._read_entry(re.sub(r":\s*None\s*$", "", text, flags=re.IGNORECASE))

    def entry_key(self, entry: str) -> Hashable:
        return entry.casefold()


@dataclass(frozen=True)
class ConnectionSetting:
    """One entry of the connection settings, taken apart."""

    host: str
    port: int
    method: str

    @classmethod
    def of(cls, entry: str) -> ConnectionSetting | None:
        """The parts of a canonical entry; None where Exchange stores one that is not understood."""
        host, port, method = (*entry.split(":", 2), "", "")[:3]
        known = port.isdecimal() and len(port) <= 5 and method in ("", *ConnectionSettings.METHODS)
        return cls(host, int(port), method) if known else None


class ListenOn(Bindings):
    """The bindings of a connector."""

    EMPTY = "it is empty; a connector needs at least one binding, such as 0.0.0.0:587"
