# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of POP3 and IMAP4 on one server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import ConnectionSetting, binding_port
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, Stored, read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import Settings


@dataclass(frozen=True)
class ProtocolSettings(Stored):
    """The settings of one protocol as the server has them stored."""

    changed_utc: str = ""
    """When a domain controller last wrote the object; empty if that cannot be read."""


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
        raise Failure(
            f"{cmdlet} shows none of the {protocol.title} settings of {server.title}: what came is "
            f"{Unreadable(found[0])}; please report that."
        )
    return ProtocolSettings(stored.values, stored.unreadable, wire_text(found[0].get("WhenChangedUTC")))


def conflicts(values: Mapping[str, Any], own: AbstractSet[str]) -> Iterator[str]:
    """Sentences on values that contradict each other, as far as one of the two is the task's own doing."""
    ports = {
        bindings: {binding_port(binding) for binding in values[bindings]}
        for bindings in ("ssl_bindings", "unencrypted_or_tls_bindings")
        if bindings in values
    }
    if len(ports) == 2 and own & ports.keys():
        for port in sorted(set.intersection(*ports.values()) - {None}, key=str):
            yield (
                f"ssl_bindings and unencrypted_or_tls_bindings: the port {port} is in both; "
                "give each port to one of them, 995 and 110 for POP3 or 993 and 143 for IMAP4 as a rule."
            )
    for option in ("external_connection_settings", "internal_connection_settings"):
        for entry in values.get(option, ()):
            if (setting := ConnectionSetting.of(entry)) is None:
                continue
            bindings = "ssl_bindings" if setting.method == "SSL" else "unencrypted_or_tls_bindings"
            if bindings in ports and own & {option, bindings} and setting.port not in ports[bindings]:
                listed = ", ".join(values[bindings]) or "none"
                yield (
                    f"{option}: {entry!r} needs its port {setting.port} in {bindings}, which are {listed}; "
                    f"add a binding for it there, such as 0.0.0.0:{setting.port}, or change the setting."
                )
    custom = {"calendar_item_retrieval_option", "owa_server_url"}
    if own & custom and values.get("calendar_item_retrieval_option") == "Custom" and values.get("owa_server_url") == "":
        yield "calendar_item_retrieval_option: 'Custom' needs owa_server_url, which is empty; give the address with it."


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

    def conflicts(self, values: Mapping[str, Any], own: AbstractSet[str]) -> Iterator[str]:
        return conflicts(values, own)

    def remarks(self, before: Stored, plan: Plan) -> Iterator[str]:
        if self.desired.get("login_type") == "PlainTextLogin":
            yield "login_type: with PlainTextLogin clients may send passwords in clear over unencrypted lines."
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
        f"x509_certificate_name: {name!r} is the host of no connection setting, so a certificate for it does not "
        "fit the name clients are told to connect to."
    )
