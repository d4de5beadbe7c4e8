# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of POP3 and IMAP4 on one server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import ConnectionSetting
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Edit
from ansible_collections.mailops.exchange.plugins.module_utils._objects import protocol_rules
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import (
    Module,
    Options,
    Target,
    refuse,
    refuse_unread,
    run,
    shown,
    unsupported,
    warn_of_unreadable,
    write_plan,
)
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Stored, make_plan, read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import refusals


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
    return refusals(protocol_rules.contradictions(values), own)


def manage_settings(module: Module, protocol: Protocol) -> None:
    """Bring the given settings of one protocol to their wanted values."""

    def work(host: Host, options: Options) -> dict[str, Any]:
        identity = options.pop("server", None)
        desired = options
        refuse(conflicts({k: v for k, v in desired.items() if not isinstance(v, Edit)}, desired.keys()))
        for fact in protocol_rules.plain_text_login(desired):
            module.warn(fact.warning())
        server = host.server(identity)
        refuse(unsupported(f"Set-{protocol.noun}", protocol.settings, desired, server))
        stored: Stored = read_settings(host, protocol, server)
        what = f"the {protocol.title} settings of {server.title}"
        refuse_unread(what, f"Get-{protocol.noun}", protocol.settings, desired, stored)
        plan = make_plan(protocol.settings, desired, stored.values)
        values = {**stored.values, **plan.changes}
        refuse(conflicts(values, plan.changes.keys()))
        if "x509_certificate_name" in desired and (warning := _unused_name(values)):
            module.warn(warning)
        title = f"{protocol.title} settings of {server.name}"
        if plan.changed:
            target = Target(protocol.settings, f"Set-{protocol.noun}", {"Server": server.name}, server.name, title)
            try:
                stored = write_plan(host, target, stored, plan, lambda: read_settings(host, protocol, server))
            except Failure as failure:
                failure.result["restart_required"] = failure.result.get("changed", False)
                raise
        warn_of_unreadable(host, what, stored)
        return {
            "changed": plan.changed,
            "diff": plan.diff(title),
            "restart_required": plan.changed,
            "server": server.name,
            "settings": shown(protocol.settings, stored.values),
            "unreadable": stored.shapes,
        }

    run(module, work, protocol.settings)


def _unused_name(values: Mapping[str, Any]) -> str | None:
    lists = ("external_connection_settings", "internal_connection_settings")
    if any(option not in values for option in lists):
        return None
    told = [ConnectionSetting.of(entry) for option in lists for entry in values[option]]
    name = str(values["x509_certificate_name"])
    if not name or name.casefold() in {setting.host.casefold() for setting in told if setting}:
        return None
    return (
        f"x509_certificate_name: {name!r} is the host of no connection setting, so a certificate for it does not "
        "fit the name clients are told to connect to."
    )
