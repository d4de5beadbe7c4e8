# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Exchange server that is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure, harmless
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version


@dataclass(frozen=True)
class Server:
    """An Exchange server as Get-ExchangeServer identified it."""

    name: str
    fqdn: str
    version: Version
    client_access: bool = True
    mailbox: bool = True

    @property
    def title(self) -> str:
        return f"{self.name} ({self.version.product}, {self.version})"

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Server:
        return cls(
            name=harmless(wire_text(found.get("Name"))),
            fqdn=harmless(wire_text(found.get("Fqdn"))),
            version=_read_version(found.get("AdminDisplayVersion")),
            client_access=found.get("IsClientAccessServer") is not False,
            mailbox=found.get("IsMailboxServer") is not False,
        )


def _read_version(value: Any) -> Version:
    parts = ("Major", "Minor", "Build", "Revision")
    if isinstance(value, Mapping) and all(isinstance(value.get(part), int) for part in parts):
        return Version(*(value[part] for part in parts))
    numbers = [int(number) for number in re.findall(r"\d+", wire_text(value))[:4] if len(number) < 10]
    if not numbers:
        raise Failure(f"Get-ExchangeServer shows no version that can be read: {wire_text(value)!r}.")
    return Version(*numbers)
