"""Get-ExchangeServer, with the members of the captures in their order."""

from __future__ import annotations

from typing import Any

from .. import shapes
from ..engine import Call, behaviour
from ..server import Server
from ..values import TimeSpan
from .lookup import controller, server

_DATA = "Microsoft.Exchange.Data."
_TYPES = (
    "Microsoft.Exchange.Data.Directory.Management.ExchangeServer",
    "Microsoft.Exchange.Data.Directory.Management.ADPresentationObject",
    *shapes.CONFIGURATION_OBJECT[1:],
)
_EDITION = ("StandardEvaluation", 2)
_UNIFIED_MESSAGING = ("2013", "2016")
_SINCE_2013 = {
    "IsE15OrLater",
    "IsFrontendTransportServer",
    "MailboxProvisioningAttributes",
    "MitigationsEnabled",
    "MitigationsApplied",
    "MitigationsBlocked",
    "DataCollectionEnabled",
}


@behaviour("Get-ExchangeServer")
def get_exchange_server(call: Call) -> None:
    domain = call.arguments.get("Domain")
    found = list(call.organisation.servers.values())
    if call.arguments.get("Identity") is not None:
        found = [server(call, "Identity")]
    for one in found:
        if domain is None or domain.casefold() == call.organisation.domain.casefold():
            call.output.append(_server_object(call, one))


def _server_object(call: Call, one: Server) -> Any:
    domain, dc = call.organisation.domain, controller(call)
    release = one.release
    is_2013 = release.split_services
    identity = shapes.ad_object_id(one.distinguished_name, domain, one.name)
    site_name = "Default-First-Site-Name"
    site = shapes.ad_object_id(
        f"CN={site_name},CN=Sites,CN=Configuration,{one.root}", domain, f"{domain}/Configuration/Sites/{site_name}"
    )
    no_time = shapes.time_span(TimeSpan(0))
    members: list[tuple[str, Any]] = [
        ("Name", one.name),
        ("DataPath", _data_path(release.folder)),
        ("Domain", domain),
        ("Edition", shapes.wire_enum(_DATA + "ServerEditionType", *_EDITION)),
        ("ExchangeLegacyDN", one.legacy_name),
        ("ExchangeLegacyServerRole", 0),
        ("Fqdn", one.fqdn),
        ("CustomerFeedbackEnabled", True),
        ("InternetWebProxy", None),
        ("InternetWebProxyBypassList", None),
        ("IsHubTransportServer", True),
        ("IsClientAccessServer", True),
        ("IsExchange2007OrLater", True),
        ("IsEdgeServer", False),
        ("IsMailboxServer", True),
        ("IsE14OrLater", True),
        ("IsE15OrLater", is_2013),
        ("IsProvisionedServer", False),
        ("IsUnifiedMessagingServer", release.name in _UNIFIED_MESSAGING),
        ("IsFrontendTransportServer", is_2013),
        ("NetworkAddress", _network_addresses(one)),
        ("OrganizationalUnit", f"{domain}/{one.name}"),
        ("AdminDisplayVersion", _server_version(one)),
        ("Site", site),
        ("ServerRole", shapes.wire_enum(_DATA + "Directory.SystemConfiguration.ServerRole", *release.role)),
        ("ErrorReportingEnabled", True),
        ("MitigationsEnabled", True),
        ("StaticDomainControllers", shapes.strings(())),
        ("StaticGlobalCatalogs", shapes.strings(())),
        ("StaticConfigDomainController", ""),
        ("StaticExcludedDomainControllers", shapes.strings(())),
        ("MonitoringGroup", ""),
        ("CurrentDomainControllers", shapes.strings(call.organisation.controllers)),
        ("CurrentGlobalCatalogs", shapes.strings(call.organisation.controllers)),
        ("CurrentConfigDomainController", dc),
        ("ProductID", ""),
        ("IsExchangeTrialEdition", True),
        ("IsExpiredExchangeTrialEdition", False),
        ("MailboxProvisioningAttributes", None),
        ("RemainingTrialPeriod", no_time),
        ("MitigationsApplied", None),
        ("MitigationsBlocked", None),
        ("DataCollectionEnabled", False),
        ("Identity", identity),
        ("IsValid", True),
        ("ExchangeVersion", shapes.object_version(1, "8.0.535.0")),
        ("DistinguishedName", one.distinguished_name),
        ("Guid", shapes.guid("object", one.distinguished_name)),
        ("ObjectCategory", shapes.schema_id("ms-Exch-Exchange-Server", domain, one.root)),
        ("ObjectClass", shapes.strings(("top", "server", "msExchExchangeServer"))),
        *shapes.times(one.created, one.created, call.organisation.zone),
        ("OrganizationId", shapes.organization_id()),
        ("Id", identity),
        ("OriginatingServer", dc),
        ("ObjectState", shapes.object_state("Unchanged")),
    ]
    if not is_2013:
        members = [member for member in members if member[0] not in _SINCE_2013]
    return shapes.exchange_object(_TYPES, one.name, members)


def _data_path(folder: str) -> Any:
    path = rf"C:\Program Files\Microsoft\Exchange Server\{folder}\Mailbox"
    members = [("PathName", path), ("IsLocalFull", True), ("IsUnc", False), ("DriveName", "C:")]
    return shapes.exchange_object((_DATA + "LocalLongFullPath", _DATA + "LongPath", "System.Object"), path, members)


def _network_addresses(one: Server) -> Any:
    types = tuple(_DATA + name for name in ("CustomNetworkAddress", "NetworkAddress", "ProtocolAddress"))
    addresses = {
        "ncacn_vns_spp": one.name,
        "netbios": one.name,
        "ncacn_np": one.name,
        "ncacn_spx": one.name,
        "ncacn_ip_tcp": one.fqdn,
        "ncalrpc": one.name,
    }
    items = [
        shapes.wire_object(
            (*types, "System.Object"), f"{kind}:{text}", [("ProtocolType", kind), ("AddressString", text)]
        )
        for kind, text in addresses.items()
    ]
    result = shapes.multi_valued(_DATA + "NetworkAddress", items)
    multi_valued = result.PSObject.type_names[0]
    result.PSObject.type_names = [
        _DATA + "NetworkAddressCollection",
        multi_valued.replace("MultiValuedProperty", "ProtocolAddressCollection"),
        *result.PSObject.type_names,
    ]
    return result


def _server_version(one: Server) -> Any:
    members: list[tuple[str, Any]] = list(zip(("Major", "Minor", "Build", "Revision"), one.release.build, strict=True))
    members.append(("FilePatchLevelDescription", None))
    return shapes.exchange_object((_DATA + "ServerVersion", "System.Object"), one.release.version_text, members)
