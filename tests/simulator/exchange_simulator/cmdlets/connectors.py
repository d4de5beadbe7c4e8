"""Get-, Set- and New-ReceiveConnector, of its usages only Custom."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from psrpcore.types import ErrorCategory, PSObject

from .. import shapes
from ..catalogue.connectors import CONNECTOR_SETTINGS, SERVER_FOLLOWS, ConnectorSetting
from ..catalogue.kinds import Kind
from ..connectors import ReceiveConnector, place_of
from ..directory import DirectoryObject
from ..engine import Call, behaviour, has_wildcard, matches
from ..prepared import Prepared, Template
from ..server import Server
from .checks import invalid, requested_changes, unmodified
from .lookup import ambiguous, controller, not_found, server

_DATA = "Microsoft.Exchange.Data."
_TYPES = (_DATA + "Directory.SystemConfiguration.ReceiveConnector", *shapes.CONFIGURATION_OBJECT)
_TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks."
_WIRE: dict[Kind, Callable[[Any], Any]] = {
    Kind.BINDINGS: lambda value: shapes.multi_valued(_DATA + "IPBinding", map(shapes.binding, value)),
    Kind.RANGES: lambda value: shapes.multi_valued(_DATA + "IPRange", map(shapes.ip_range, value)),
    Kind.CAPABILITIES: lambda value: shapes.multi_valued(
        _DATA + "SmtpReceiveDomainCapabilities", map(shapes.domain_capability, value)
    ),
    Kind.CERTIFICATE: shapes.certificate_name,
    Kind.HOST: shapes.fqdn,
    Kind.LIMIT: shapes.limit,
    Kind.SIZE: shapes.size,
    Kind.TIME_SPAN: shapes.time_span,
}


@behaviour("Get-ReceiveConnector")
def get_receive_connector(call: Call) -> None:
    wanted = call.arguments.get("Identity")
    if wanted is not None:
        found = _matching(call, wanted)
        if not found and not has_wildcard(wanted):
            raise not_found(call, wanted)
    else:
        owners = [server(call, "Server")] if "Server" in call.arguments else call.organisation.servers.values()
        found = [connector for owner in owners for connector in owner.connectors]
    call.output += [_connector_object(call, connector) for connector in found]


@behaviour("Set-ReceiveConnector")
def set_receive_connector(call: Call) -> None:
    wanted = call.arguments["Identity"]
    found = _matching(call, wanted)
    if not found:
        raise not_found(call, wanted)
    if len(found) > 1:
        raise ambiguous(call, wanted)
    connector, chosen = found[0], controller(call)
    stored = connector.settings.read(chosen, call.now).values
    changes = requested_changes(call, stored)
    if not changes:
        call.warnings.append(unmodified(rf"{connector.server.name}\{stored['Name']}"))
        return
    for name, text in _contradictions(call, connector, stored | changes, changes.keys()):
        raise invalid(call, name, text)
    _check_neighbours(call, connector, stored | changes)
    if call.writes:
        connector.settings.write(changes, chosen, call.now)


@behaviour("New-ReceiveConnector")
def new_receive_connector(call: Call) -> None:
    owner, delay = server(call, "Server"), call.organisation.replication_delay
    # The usage Custom begins with TLS alone and lets nobody send.
    given = {"AuthMechanism": "Tls", "PermissionGroups": "None"}
    connector = ReceiveConnector(call.arguments["Name"], given, owner, call.now, delay)
    values = connector.settings.latest()
    changes = requested_changes(call, values)
    values |= changes
    for name, text in _contradictions(call, connector, values, changes.keys()):
        raise invalid(call, name, text)
    _check_neighbours(call, connector, values)
    if call.writes:
        connector.settings = DirectoryObject(values, call.now, delay)
        owner.connectors = (*owner.connectors, connector)
        call.output.append(_connector_object(call, connector))


def _matching(call: Call, wanted: str) -> list[ReceiveConnector]:
    """What an identity names: `Server\\Name`, a name on the session's server, a pattern on every server, DN or GUID."""
    owner, backslash, name = wanted.rpartition("\\")
    found = []
    for connector in (one for each in call.organisation.servers.values() for one in each.connectors):
        own = connector.server
        stored = str(connector.settings.read(controller(call), call.now).values["Name"])
        on_this = own.name == call.server.name or has_wildcard(name)
        if backslash:
            on_this = owner.casefold() in own.identities or (has_wildcard(owner) and matches(owner, own.name))
        keys = {connector.distinguished_name(stored), str(shapes.guid("object", connector.unchanging_name))}
        if (on_this and matches(name, stored)) or wanted.casefold() in {key.casefold() for key in keys}:
            found.append(connector)
    return found


def _contradictions(
    call: Call, connector: ReceiveConnector, values: dict[str, Any], changed: Collection[str]
) -> Iterator[tuple[str, str]]:
    auth = set(values["AuthMechanism"].split(", "))
    if "BasicAuthRequireTLS" in auth and not {"BasicAuth", "Tls"} <= auth:
        yield "AuthMechanism", "The value BasicAuthRequireTLS also requires the values BasicAuth and Tls."
    if "ExternalAuthoritative" in auth and auth - {"ExternalAuthoritative", "Tls"}:
        yield "AuthMechanism", "The only other value that can be used with ExternalAuthoritative is Tls."
    if "ExternalAuthoritative" in auth and "ExchangeServers" not in values["PermissionGroups"].split(", "):
        yield "PermissionGroups", "The value ExternalAuthoritative of AuthMechanism requires ExchangeServers."
    if values["RequireTLS"] and "Tls" not in auth:
        yield "RequireTLS", "The value Tls of AuthMechanism is required."
    if "EnableAuthGSSAPI" in changed and values["EnableAuthGSSAPI"] and "Integrated" not in auth:
        yield "EnableAuthGSSAPI", "The value Integrated of AuthMechanism is required."
    if values["DomainSecureEnabled"] and ("Tls" not in auth or "ExternalAuthoritative" in auth):
        yield "DomainSecureEnabled", "AuthMechanism must contain Tls and can't contain ExternalAuthoritative."
    if values["BinaryMimeEnabled"] and not values["ChunkingEnabled"]:
        yield "BinaryMimeEnabled", "ChunkingEnabled is required."
    if values["ConnectionTimeout"] <= values["ConnectionInactivityTimeout"]:
        yield "ConnectionTimeout", "The value must be greater than the value of ConnectionInactivityTimeout."
    if "PermissionGroups" in changed and "Custom" in values["PermissionGroups"].split(", "):
        yield "PermissionGroups", "The value Custom can't be set; it results from permissions in Active Directory."
    if not values["Bindings"] or not values["RemoteIPRanges"]:
        yield "Bindings" if not values["Bindings"] else "RemoteIPRanges", "At least one value is required."
    if not 0 < len(values["Name"]) <= 64:
        yield "Name", "The length of the property must be between 1 and 64."
    own = connector.server
    if "ExchangeServer" in auth and (values["Fqdn"] or own.name).casefold() not in (
        own.name.casefold(),
        own.fqdn.casefold(),
    ):
        yield (
            "Fqdn",
            f"When AuthMechanism contains ExchangeServer the FQDN must be {own.fqdn}, {own.name}, or $null.",
        )
    if values["DefaultDomain"] and values["DefaultDomain"].casefold() != call.organisation.domain.casefold():
        yield "DefaultDomain", f"The accepted domain '{values['DefaultDomain']}' couldn't be found."


def _check_neighbours(call: Call, connector: ReceiveConnector, values: dict[str, Any]) -> None:
    """No two connectors of a server are the same to a client: by role, by binding, or by the client's address."""
    for other in connector.server.connectors:
        theirs = other.settings.read(controller(call), call.now).values
        if other is connector:
            continue
        if values["Name"].casefold() == theirs["Name"].casefold():
            raise call.exchange_failure(
                "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException",
                f"Active Directory operation failed. The object '{other.distinguished_name(theirs['Name'])}' already "
                "exists.",
                category=ErrorCategory.ResourceExists,
            )
        if not set(values["Bindings"]) & set(theirs["Bindings"]):
            continue
        text = (
            "The values that you specified for the Bindings and RemoteIPRanges parameters conflict with the settings "
            f'on Receive connector "{connector.server.name}\\{theirs["Name"]}".'
        )
        if values.get("TransportRole") != theirs.get("TransportRole"):
            raise call.exchange_failure(
                _TASKS + "ReceiveConnectorRoleConflictException",
                f"{text} Receive connectors assigned to different Transport roles on a single server must listen on "
                "unique local IP address & port bindings.",
            )
        if any(mine.crosses(one) for mine in values["RemoteIPRanges"] for one in theirs["RemoteIPRanges"]):
            raise call.exchange_failure(_TASKS + "ConnectorMappingConflictException", text)


def _connector_object(call: Call, connector: ReceiveConnector) -> Prepared:
    chosen = controller(call)
    view = connector.settings.read(chosen, call.now)
    times = view.changed, connector.settings.created, call.organisation.zone
    return Prepared(
        _template(connector.server, connector.unchanging_name, tuple(view.values.items()), times, chosen), tuple
    )


@functools.lru_cache(maxsize=256)
def _template(
    owner: Server,
    unchanging_name: str,
    values: tuple[tuple[str, Any], ...],
    times: tuple[datetime.datetime, datetime.datetime, datetime.timezone],
    chosen: str,
) -> Template:
    """The wire form of a connector, which is asked for again and again as it is."""
    return Template(lambda _: _object(owner, unchanging_name, dict(values), times, chosen), words=0, guids=0)


def _object(
    owner: Server,
    unchanging_name: str,
    values: Mapping[str, Any],
    times: tuple[datetime.datetime, datetime.datetime, datetime.timezone],
    chosen: str,
) -> PSObject:
    domain, name = owner.domain, values["Name"]
    distinguished_name = place_of(owner, name)
    identity_object = shapes.ad_object_id(distinguished_name, domain, rf"{owner.name}\{name}")
    members: list[tuple[str, Any]] = []
    for setting in CONNECTOR_SETTINGS:
        if setting.name in values:
            members.append((setting.name, _wire_value(domain, owner.root, setting, values[setting.name])))
        if setting.name == SERVER_FOLLOWS:
            members.append(("Server", shapes.ad_object_id(owner.distinguished_name, domain, owner.name)))
    members += [
        ("AdminDisplayName", ""),
        ("ExchangeVersion", shapes.object_version(1, "8.0.535.0")),
        ("Name", name),
        ("DistinguishedName", distinguished_name),
        ("Identity", identity_object),
        ("Guid", shapes.guid("object", unchanging_name)),
        ("ObjectCategory", shapes.schema_id("ms-Exch-Smtp-Receive-Connector", domain, owner.root)),
        ("ObjectClass", shapes.strings(("top", "msExchSmtpReceiveConnector"))),
        *shapes.times(*times),
        ("OrganizationId", shapes.organization_id()),
        ("Id", identity_object),
        ("OriginatingServer", chosen),
        ("IsValid", True),
        ("ObjectState", shapes.object_state("Unchanged")),
    ]
    return shapes.exchange_object(_TYPES, rf"{owner.name}\{name}", members)


def _wire_value(domain: str, root: str, setting: ConnectorSetting, value: Any) -> Any:
    if setting.enum is not None:
        return shapes.wire_enum(setting.enum.type_name, value, setting.enum.number(value))
    if setting.name == "DefaultDomain":
        place = f"CN={value},CN=Accepted Domains,CN=Transport Settings,CN=First Organization,CN=Microsoft Exchange"
        return shapes.ad_object_id(f"{place},CN=Services,CN=Configuration,{root}", domain, value) if value else None
    return _WIRE.get(setting.kind, lambda plain: plain)(value)
