# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds of values of certificates and connectors; the contract of a kind is in kinds.py."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible_collections.mailops.exchange.plugins.module_utils.kinds import (
    Bindings,
    ByteSize,
    Edit,
    HostName,
    Identity,
    Int,
    Kind,
    Listing,
    Text,
    Unreadable,
    wire_text,
    wire_texts,
)

# A thumbprint copied from the dialog of Windows begins with a left-to-right mark that nobody sees.
_UNSEEN = re.compile(r"[\s:\u200e\u200f\u202a-\u202e\ufeff]")


class Thumbprint(Text):
    """The SHA-1 of a certificate, canonical as forty upper-case hexadecimal digits."""

    def parse(self, value: Any) -> str:
        text = _UNSEEN.sub("", str(value)).upper()
        right = "give the 40 hexadecimal digits that Get-ExchangeCertificate shows"
        if stray := re.search(r"[^0-9A-F]", text):
            raise ValueError(f"{stray[0]!r} in {value!r} is no hexadecimal digit; {right}")
        if len(text) != 40:
            raise ValueError(f"{value!r} has {len(text)} hexadecimal digits; {right}")
        return text

    def read(self, value: Any) -> str:
        return _UNSEEN.sub("", super().read(value)).upper()


def is_thumbprint(text: str) -> bool:
    """Whether a canonical reference to a certificate is its thumbprint."""
    return bool(re.fullmatch(r"[0-9A-F]{40}", text))


@dataclass(frozen=True)
class Flags(Listing):
    """A set of named bits, canonical as Exchange's spellings in the order of their numbers."""

    numbers: Mapping[str, int]
    refused: Mapping[str, str] = field(default_factory=dict)
    """Names that Exchange shows and that nobody can set, each with the reason."""

    NONE: ClassVar[str] = "None"

    def parse(self, value: Any) -> tuple[str, ...] | Edit:
        parsed = super().parse(value)
        if isinstance(parsed, Edit):
            if self.NONE in (*parsed.add, *parsed.remove):
                raise ValueError("'None' cannot be added or removed; give a list with None alone to clear it")
            return parsed
        if self.NONE in parsed and len(parsed) > 1:
            raise ValueError(f"'None' cannot go together with {', '.join(parsed[1:])}; give it alone")
        return parsed or (self.NONE,)

    def parse_entry(self, text: str) -> str:
        name = next((name for name in self.numbers if name.casefold() == text.casefold()), None)
        if name is None and text.casefold() != self.NONE.casefold():
            choices = [name for name in self.numbers if name not in self.refused]
            raise ValueError(f"{text!r} is none of its values; give one or more of {', '.join(choices)}")
        if name is not None and name in self.refused:
            raise ValueError(f"{name!r} {self.refused[name]}")
        return name or self.NONE

    def _in_order(self, entries: Iterable[str]) -> tuple[str, ...]:
        numbers = {self.NONE: 0, **self.numbers}
        last = max(self.numbers.values()) + 1
        return tuple(sorted(dict.fromkeys(entries), key=lambda name: (numbers.get(name, last), name)))

    def read(self, value: Any) -> tuple[str, ...]:
        bits = 0
        told = value.get("$value") if isinstance(value, Mapping) else None
        listed = isinstance(value, list | tuple)
        for name in wire_texts(value) if listed else wire_text(value if told is None else told).split(","):
            bit = self._bits(name.strip().casefold())
            if bit is None:
                raise Unreadable(value)
            bits |= bit
        names = [name for name, bit in self.numbers.items() if bits & bit]
        # Bits that a later version of Exchange might know stay visible by their number.
        if unknown := bits & ~sum(self.numbers.values()):
            names.append(str(unknown))
        return tuple(names) or (self.NONE,)

    def _bits(self, name: str) -> int | None:
        if re.fullmatch(r"\d{1,10}", name):
            return int(name)
        return {spelling.casefold(): bit for spelling, bit in {self.NONE: 0, **self.numbers}.items()}.get(name)

    def merge(self, wanted: Any, actual: Any) -> tuple[str, ...]:
        if not isinstance(wanted, Edit):
            return super().merge(wanted, actual)
        # A remark of Exchange's, such as Custom, is no value that could be written back.
        kept = [name for name in actual if name != self.NONE and name not in self.refused]
        return super().merge(wanted, kept) or (self.NONE,)

    def key(self, value: Any) -> Hashable:
        return frozenset(value) - {*self.refused, self.NONE}

    def send(self, value: Any) -> str:
        return ", ".join(value)


class AssignedServices(Flags):
    """The services a certificate is to be assigned to; what it is assigned to already stays."""

    def parse(self, value: Any) -> tuple[str, ...] | Edit:
        if isinstance(value, Mapping):
            raise ValueError(
                "Exchange assigns services and never takes one away, so there is no set, add or remove; give a list of "
                "those to assign. To take one from this certificate assign it to another, and remove this one"
            )
        parsed = super().parse(value)
        if parsed == (self.NONE,):
            raise ValueError(
                "'None' would take services away, which Exchange cannot; give a list of those to assign, such as POP"
            )
        return parsed


@dataclass(frozen=True)
class UnlimitedInt(Kind):
    """A whole number within the cmdlet's range, or no limit, canonical as `Unlimited`."""

    lowest: int
    highest: int

    UNLIMITED: ClassVar[str] = "Unlimited"

    def parse(self, value: Any) -> int | str:
        text = str(value).strip()
        if text.casefold() == self.UNLIMITED.casefold():
            return self.UNLIMITED
        try:
            return Int(self.lowest, self.highest).parse(value)
        except ValueError as error:
            raise ValueError(f"{error}, or unlimited") from None

    def read(self, value: Any) -> int | str:
        if isinstance(value, Mapping):
            if value.get("IsUnlimited") is True:
                return self.UNLIMITED
            if isinstance(value.get("Value"), int):
                value = value["Value"]
        if wire_text(value).casefold() == self.UNLIMITED.casefold():
            return self.UNLIMITED
        return Int(self.lowest, self.highest).read(value)


@dataclass(frozen=True)
class LimitedSize(ByteSize):
    """A size within the cmdlet's range; there is no unlimited one."""

    lowest: int
    highest: int

    def parse(self, value: Any) -> int | str:
        size = super().parse(value)
        if not isinstance(size, int) or not self.lowest <= size <= self.highest:
            limits = f"{self.render(self.lowest)} to {self.render(self.highest)}"
            raise ValueError(f"{value!r} is out of range; give {limits}")
        return size


class Fqdn(HostName):
    """The name a connector gives itself."""

    def parse(self, value: Any) -> str:
        try:
            return super().parse(value)
        except ValueError:
            raise ValueError(
                f"{str(value).strip()!r} is not a host name; "
                "give the name the connector is to call itself, such as mail.contoso.com"
            ) from None


class CertificateName(HostName):
    """The host name by which a certificate is to be found."""

    def parse(self, value: Any) -> str:
        if not str(value).strip():
            raise ValueError(f"{value!r} is empty; give a host name, or leave the option out")
        return super().parse(value)


class ConnectorName(Identity):
    """A connector's name, with or without its server's in front."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if set(text) & set("*?"):
            raise ValueError(f"{text!r} is a pattern, which would hit other servers too; give one connector's name")
        return super().parse(text)


class ListenOn(Bindings):
    """The bindings of a connector."""

    EMPTY = "it is empty; a connector needs at least one binding, such as 0.0.0.0:587"


class IpRanges(Listing):
    """Ranges of addresses: one address, `first-last`, or a network with its prefix length."""

    UNPARSED = r"(?=.*[.:])[\da-f.:%]+(?:[-/][\da-f.:%]+|\([\da-f.:]+\))?"
    EMPTY = "it is empty, and nobody could connect; 0.0.0.0-255.255.255.255 is every IPv4 address"

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
            raise ValueError(f"{text!r} is not a range of IP addresses; {right}") from None
        if network:
            if strict and network.network_address != limits[0]:
                raise ValueError(f"{text!r} does not begin where its network begins; write {network}")
            return network.network_address, network.broadcast_address
        if limits[0].version != limits[1].version:
            raise ValueError(f"{text!r} mixes IPv4 and IPv6; {right}")
        if int(limits[0]) > int(limits[1]):
            raise ValueError(f"{text!r} ends before it begins; {right}")
        return limits


_IDENTIFIER = re.compile(r"\s*<I>(?P<issuer>.*?)<S>(?P<subject>.*)", re.IGNORECASE | re.DOTALL)
# OpenSSL and .NET write these attribute types differently.
_TYPES = {"ST": "S", "EMAILADDRESS": "E", "EMAIL": "E", "GN": "G", "SURNAME": "SN"}


def name_parts(name: str) -> tuple[str, ...]:
    """The parts of a distinguished name as they are compared: neither blanks nor case count."""
    parts = [part.strip() for part in re.findall(r'(?:"(?:[^"]|"")*"|\\.|[^,"])+', name)]
    keys = []
    for part in parts:
        kind, equals, value = part.partition("=")
        kind = _TYPES.get(kind.strip().upper(), kind.strip().upper())
        keys.append(f"{kind}{equals}{value.strip()}".casefold())
    return tuple(keys)


class CertificateIdentifier(Text):
    """Exchange's `<I>issuer<S>subject`; a user may give a thumbprint or a host name instead, to be looked up."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if not text:
            return ""
        if text.casefold().startswith(("<i>", "<s>")):
            match = _IDENTIFIER.fullmatch(text)
            if not match or not match["issuer"].strip() or not match["subject"].strip():
                raise ValueError(f"{text!r} lacks one of its parts; write <I>issuer<S>subject, the issuer first")
            return f"<I>{match['issuer'].strip()}<S>{match['subject'].strip()}"
        for kind in (Thumbprint(), HostName()):
            try:
                return kind.parse(text)
            except ValueError:
                continue
        raise ValueError(
            f"{text!r} names no certificate; give its thumbprint of 40 hexadecimal digits, a host name that it covers, "
            "or <I>issuer<S>subject"
        )

    @staticmethod
    def is_reference(value: str) -> bool:
        """Whether the certificate still has to be looked up."""
        return bool(value) and not value.startswith("<I>")

    def read(self, value: Any) -> str:
        text = super().read(value)
        try:
            return self.parse(text)
        except ValueError:
            return text

    def key(self, value: Any) -> Hashable:
        match = _IDENTIFIER.fullmatch(str(value))
        return (name_parts(match["issuer"]), name_parts(match["subject"])) if match else str(value)
