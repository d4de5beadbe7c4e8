# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Exchange server that is meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import harmless
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unread,
    Unreadable,
    member_of,
    needed,
    wire_name,
    wire_text,
    wire_truth,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import (
    EXCHANGE_2013,
    EXCHANGE_2016,
    Version,
)

_CMDLET = "Get-ExchangeServer"
T = TypeVar("T")

# "Version 15.2 (Build 2562.17)", or the numbers alone. One without its build would be taken for the first of a product.
_VERSION = re.compile(r"\D*(\d{1,9})\.(\d{1,9})\D+(\d{1,9})(?:\.(\d{1,9}))?\D*")


@dataclass(frozen=True)
class Server:
    """An Exchange server as Get-ExchangeServer identified it."""

    name: str
    fqdn: str
    version: Version
    client_access: bool = True
    mailbox: bool = True
    """Its two roles. Only Exchange 2013 can have them on different hosts; before and since they are not looked at."""

    @property
    def title(self) -> str:
        return f"{self.name} ({self.version.product}, {self.version})"

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Server:
        """The server; a Failure if one of the members cannot be read on which everything else is built."""
        name, fqdn = read_names(found)
        version = _needed(_read_version, found, "AdminDisplayVersion", name)
        roles: tuple[bool, ...] = ()
        if EXCHANGE_2013 <= version < EXCHANGE_2016:
            roles = tuple(
                _needed(wire_truth, found, role, name) for role in ("IsClientAccessServer", "IsMailboxServer")
            )
        return cls(name, fqdn, version, *roles)


def read_names(found: Mapping[str, Any]) -> tuple[str, str]:
    """The server's name and its FQDN; a Failure if one of them cannot be read."""
    name, fqdn = (harmless(_needed(wire_name, found, member, "the server")) for member in ("Name", "Fqdn"))
    # What an object of the directory is called is the first part of its distinguished name too.
    first = wire_text(found.get("DistinguishedName")).partition(",")[0]
    if name.casefold() not in (fqdn.partition(".")[0].casefold(), first.casefold().removeprefix("cn=")):
        came = Unreadable(found["Name"], " that is in neither its Fqdn nor its DistinguishedName")
        raise Unread(_CMDLET, "Name", "the server", came)
    return name, fqdn


def _needed(read: Callable[[Any], T], found: Mapping[str, Any], member: str, of: str) -> T:
    return needed(read, found.get(member), cmdlet=_CMDLET, member=member, of=of)


def _read_version(value: Any) -> Version:
    parts = [wire_text(member_of(value, part)) for part in ("Major", "Minor", "Build", "Revision")]
    if all(part.isdecimal() and len(part) < 10 for part in parts):
        return Version(*map(int, parts))
    written = _VERSION.fullmatch(wire_text(value))
    if written is None:
        raise Unreadable(value)
    return Version(*(int(number or 0) for number in written.groups()))
