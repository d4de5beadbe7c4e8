"""Get- and Set-PopSettings, Get- and Set-ImapSettings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psrpcore.types import PSUri

from .. import shapes
from ..catalogue.kinds import Kind
from ..catalogue.settings import SETTINGS, Setting
from ..engine import Call, behaviour
from ..server import Server
from .checks import requested_changes, unmodified
from .lookup import controller, server

_NAMESPACE = "Microsoft.Exchange.Data.Directory.SystemConfiguration."
_CLASSES = {"pop3": "Pop3AdConfiguration", "imap4": "Imap4AdConfiguration"}
_SCHEMA = {"pop3": "POP", "imap4": "IMAP"}
_WIRE: dict[Kind, Callable[[Any], Any]] = {
    Kind.TIME_SPAN: shapes.time_span,
    Kind.BYTE_SIZE: shapes.byte_size,
    Kind.URI: lambda value: None if value is None else PSUri(value),
    Kind.BINDINGS: lambda value: shapes.multi_valued("Microsoft.Exchange.Data.IPBinding", map(shapes.binding, value)),
    Kind.CONNECTIONS: lambda value: shapes.multi_valued(
        "Microsoft.Exchange.Data.ProtocolConnectionSettings", map(shapes.connection, value)
    ),
}


def _protocol(call: Call) -> str:
    return "pop3" if "Pop" in call.cmdlet.name else "imap4"


@behaviour("Get-PopSettings", "Get-ImapSettings")
def get_settings(call: Call) -> None:
    call.output.append(_settings_object(call, server(call, "Server"), _protocol(call)))


def _settings_object(call: Call, owner: Server, protocol: str) -> Any:
    view = owner.settings[protocol].read(controller(call), call.now)
    domain, label = call.organisation.domain, protocol.upper()
    name = f"CN=1,CN={label},CN=Protocols,{owner.distinguished_name}"
    identity_object = shapes.ad_object_id(name, domain, rf"{owner.name}\1")
    kind = _SCHEMA[protocol]
    members: list[tuple[str, Any]] = [("ProtocolName", label), ("Name", "1")]
    members += [
        (setting.name, _wire_value(setting, view.values[setting.name]))
        for setting in SETTINGS
        if setting.name in view.values
    ]
    members += [
        ("Server", shapes.ad_object_id(owner.distinguished_name, domain, owner.name)),
        ("AdminDisplayName", ""),
        ("ExchangeVersion", shapes.object_version(10, "14.0.100.0")),
        ("DistinguishedName", name),
        ("Identity", identity_object),
        ("Guid", shapes.guid("object", name)),
        ("ObjectCategory", shapes.schema_id(f"ms-Exch-Protocol-Cfg-{kind}-Server", domain, owner.root)),
        ("ObjectClass", shapes.strings(("top", "protocolCfg", f"protocolCfg{kind}", f"protocolCfg{kind}Server"))),
        *shapes.times(view.changed, owner.settings[protocol].created, call.organisation.zone),
        ("OrganizationId", shapes.organization_id()),
        ("Id", identity_object),
        ("OriginatingServer", controller(call)),
        ("IsValid", True),
        ("ObjectState", shapes.object_state("Unchanged")),
    ]
    classes = (_CLASSES[protocol], "PopImapAdConfiguration", "ADEmailTransport", "ADLegacyVersionableObject")
    types = (*(_NAMESPACE + name for name in classes), *shapes.CONFIGURATION_OBJECT)
    return shapes.exchange_object(types, rf"{owner.name}\1", members)


def _wire_value(setting: Setting, value: Any) -> Any:
    if setting.enum is not None:
        return shapes.wire_enum(setting.enum.type_name, value, setting.enum.number(value))
    return _WIRE.get(setting.kind, lambda plain: plain)(value)


@behaviour("Set-PopSettings", "Set-ImapSettings")
def set_settings(call: Call) -> None:
    protocol, owner, chosen = _protocol(call), server(call, "Server"), controller(call)
    stored = owner.settings[protocol].read(chosen, call.now).values
    changes = requested_changes(call, stored)
    if not changes:
        call.warnings.append(unmodified(rf"{owner.name}\1"))
        return
    if call.arguments.get("WhatIf"):
        return
    if call.writes:
        owner.settings[protocol].write(changes, chosen, call.now)
    label = protocol.upper()
    call.warnings.append(
        f"Changes to {label} settings will only take effect after all Microsoft Exchange {label} services are "
        f"restarted on server {owner.name}."
    )
