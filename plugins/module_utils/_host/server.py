# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Exchange server that is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import harmless
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unread,
    Unreadable,
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
        version = _read_version(found.get("AdminDisplayVersion"), name)
        roles = (True, True)
        if EXCHANGE_2013 <= version < EXCHANGE_2016:
            roles = (_has(found, "IsClientAccessServer", name), _has(found, "IsMailboxServer", name))
        return cls(name, fqdn, version, *roles)


def read_names(found: Mapping[str, Any]) -> tuple[str, str]:
    """The server's name and its FQDN; a Failure if one of them cannot be read."""
    names = []
    for member in ("Name", "Fqdn"):
        try:
            names.append(harmless(wire_name(found.get(member))))
        except Unreadable as came:
            raise Unread(_CMDLET, member, "the server", came) from None
    name, fqdn = names
    # What an object of the directory is called is the first part of its distinguished name too.
    labels = (fqdn.partition(".")[0], wire_text(found.get("DistinguishedName")).partition(",")[0].removeprefix("CN="))
    if name.casefold() not in map(str.casefold, labels):
        strange = Unreadable(found["Name"], " that is in neither its Fqdn nor its DistinguishedName")
        raise Unread(_CMDLET, "Name", "the server", strange)
    return name, fqdn


def _has(found: Mapping[str, Any], member: str, name: str) -> bool:
    try:
        return wire_truth(found.get(member))
    except Unreadable as came:
        raise Unread(_CMDLET, member, name, came) from None


def _read_version(value: Any, name: str) -> Version:
    parts = ("Major", "Minor", "Build", "Revision")
    if isinstance(value, Mapping) and all(isinstance(value.get(part), int) for part in parts):
        return Version(*(value[part] for part in parts))
    numbers = re.findall(r"\d+", wire_text(value))[:4]
    # A version without its build would be taken for the first of its product.
    if len(numbers) < 3 or any(len(number) > 9 for number in numbers):
        raise Unread(_CMDLET, "AdminDisplayVersion", name, Unreadable(value))
    return Version(*map(int, numbers))
