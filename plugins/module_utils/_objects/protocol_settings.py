# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of POP3 and IMAP4 on one server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import ConnectionSetting
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import moment
from ansible_collections.mailops.exchange.plugins.module_utils._objects import protocol_rules
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, Stored, read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import Settings
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import Fact, warnings


@dataclass(frozen=True)
class ProtocolSettings(Stored):
    """The settings of one protocol as the server has them stored."""

    changed_utc: str = ""
    """When a domain controller last wrote the object; empty if that cannot be read."""
    changed_came: Unreadable | None = None
    """What came in the place of it."""


def read_settings(host: Host, protocol: Protocol, server: Server) -> ProtocolSettings:
    """The stored settings of one protocol."""
    cmdlet = f"Get-{protocol.noun}"
    members = [*(setting.parameter for setting in protocol.settings), "WhenChangedUTC"]
    found = host.read(cmdlet, members=members, Server=server.name)
    if len(found) != 1:
        raise Failure(
            f"{cmdlet} answered with {len(found)} objects instead of one for {server.title}; "
            f"a server without the client access role has no {protocol.title} settings."
        )
    stored = read_members(protocol.settings, found[0])
    if not stored.values and not stored.unreadable:
        came = Unreadable(found[0])
        raise Failure(
            f"{cmdlet} shows none of the {protocol.title} settings of {server.title}: it returned {came}; please "
            "report that.",
            unreadable={cmdlet: came.shape},
        )
    changed = found[0].get("WhenChangedUTC")
    unread = None if moment(wire_text(changed)) else Unreadable(changed)
    return ProtocolSettings(stored.values, stored.unreadable, "" if unread else wire_text(changed), unread)


class ProtocolResource(Settings):
    """The settings of one protocol on one server."""

    protocol: ClassVar[Protocol]

    @property
    def title(self) -> str:
        return f"{self.protocol.title} settings of {self.server.name}"

    @property
    def what(self) -> str:
        return f"the {self.protocol.title} settings of {self.server.title}"

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"Server": self.server.name}

    def find(self) -> ProtocolSettings:
        return read_settings(self.host, self.protocol, self.server)

    def conflicts(self, values: Mapping[str, Any]) -> Iterator[Fact]:
        return protocol_rules.contradictions(values)

    def remarks(self, before: Stored, plan: Plan) -> Iterator[str]:
        yield from warnings(protocol_rules.plain_text_login(self.desired))
        if "x509_certificate_name" in self.desired:
            yield from _unused_name({**before.values, **plan.changes})

    def consequences(self, moved: Plan) -> dict[str, Any]:
        return {"restart_required": moved.changed}


class PopSettings(ProtocolResource):
    protocol, noun, settings = POP3, POP3.noun, POP3.settings
    options = (*SERVER_OPTIONS, *settings)


class ImapSettings(ProtocolResource):
    protocol, noun, settings = IMAP4, IMAP4.noun, IMAP4.settings
    options = (*SERVER_OPTIONS, *settings)


def _unused_name(values: Mapping[str, Any]) -> Iterator[str]:
    lists = ("external_connection_settings", "internal_connection_settings")
    if any(option not in values for option in lists):
        return
    told = [ConnectionSetting.of(entry) for option in lists for entry in values[option]]
    name = str(values["x509_certificate_name"])
    if not name or name.casefold() in {setting.host.casefold() for setting in told if setting}:
        return
    yield (
        f"x509_certificate_name: {quoted(name)} is not the host of any connection setting, so a certificate with "
        "this name does not match the name that clients are shown."
    )
