"""Receive connectors: their members in the order of the capture, and the connectors that setup creates.

Defaults are those of the captured connectors, leaving out what an administrator had set on one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .kinds import RELEASES, EnumType, Kind, Parameter

_DATA = "Microsoft.Exchange.Data."
_CONFIGURATION = _DATA + "Directory.SystemConfiguration."
_SINCE_2013 = RELEASES[1:]
_SINCE_2016 = RELEASES[2:]
_INT32_MAX = 2147483647

AUTH_MECHANISM = EnumType(
    _CONFIGURATION + "AuthMechanisms",
    {
        "None": 0,
        "Tls": 1,
        "Integrated": 2,
        "BasicAuth": 4,
        "BasicAuthRequireTLS": 8,
        "ExchangeServer": 16,
        "ExternalAuthoritative": 32,
    },
)
PERMISSION_GROUPS = EnumType(
    _DATA + "PermissionGroups",
    {
        "None": 0,
        "AnonymousUsers": 1,
        "ExchangeUsers": 2,
        "ExchangeServers": 4,
        "ExchangeLegacyServers": 8,
        "Partners": 16,
        "Custom": 32,
    },
)
PROTOCOL_LOGGING = EnumType(_DATA + "ProtocolLoggingLevel", {"None": 0, "Verbose": 1})
MESSAGE_RATE_SOURCE = EnumType(
    _CONFIGURATION + "MessageRateSourceFlags", {"None": 0, "IPAddress": 1, "User": 2, "All": 3}
)
EXTENDED_PROTECTION = EnumType(
    _CONFIGURATION + "ExtendedProtectionPolicySetting", {"None": 0, "Allow": 1, "Require": 2}
)
SIZE_MODE = EnumType(_DATA + "SizeMode", {"Disabled": 0, "Enabled": 1, "EnabledWithoutValue": 2})
TRANSPORT_ROLE = EnumType(_CONFIGURATION + "ServerRole", {"HubTransport": 32, "FrontendTransport": 16384})


@dataclass(frozen=True)
class ConnectorSetting:
    """One member; `settable` lists the releases whose Set-ReceiveConnector has a parameter for it."""

    name: str
    kind: Kind
    default: object
    enum: EnumType | None = None
    bounds: tuple[object, object] = (None, None)
    releases: tuple[str, ...] = RELEASES
    settable: tuple[str, ...] = RELEASES

    @property
    def parameter(self) -> Parameter:
        releases = tuple(release for release in self.settable if release in self.releases)
        return Parameter(
            self.name, self.kind, self.enum, releases=releases, minimum=self.bounds[0], maximum=self.bounds[1]
        )


def _yes_or_no(name: str, default: bool, releases: tuple[str, ...] = RELEASES) -> ConnectorSetting:
    return ConnectorSetting(name, Kind.BOOLEAN, default, releases=releases)


_DAY = ("00:00:01", "1.00:00:00")
_EVERYBODY = ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0-255.255.255.255")

CONNECTOR_SETTINGS: tuple[ConnectorSetting, ...] = (
    ConnectorSetting(
        "AuthMechanism", Kind.FLAGS, "Tls, Integrated, BasicAuth, BasicAuthRequireTLS, ExchangeServer", AUTH_MECHANISM
    ),
    ConnectorSetting("Banner", Kind.TEXT, ""),
    _yes_or_no("BinaryMimeEnabled", True),
    ConnectorSetting("Bindings", Kind.BINDINGS, ()),
    _yes_or_no("ChunkingEnabled", True),
    ConnectorSetting("DefaultDomain", Kind.TEXT, None),
    _yes_or_no("DeliveryStatusNotificationEnabled", True),
    _yes_or_no("EightBitMimeEnabled", True),
    _yes_or_no("SmtpUtf8Enabled", True, _SINCE_2013),
    _yes_or_no("BareLinefeedRejectionEnabled", False),
    _yes_or_no("DomainSecureEnabled", False),
    _yes_or_no("EnhancedStatusCodesEnabled", True),
    _yes_or_no("LongAddressesEnabled", False),
    _yes_or_no("OrarEnabled", False),
    _yes_or_no("SuppressXAnonymousTls", False),
    ConnectorSetting("ProxyEnabled", Kind.BOOLEAN, False, releases=_SINCE_2013, settable=("2013",)),
    _yes_or_no("AdvertiseClientSettings", False),
    ConnectorSetting("Fqdn", Kind.HOST, "{fqdn}"),
    ConnectorSetting("ServiceDiscoveryFqdn", Kind.HOST, None, releases=_SINCE_2013),
    ConnectorSetting("TlsCertificateName", Kind.CERTIFICATE, None, releases=_SINCE_2013),
    ConnectorSetting("Comment", Kind.TEXT, ""),
    _yes_or_no("Enabled", True),
    ConnectorSetting("ConnectionTimeout", Kind.TIME_SPAN, "00:10:00", bounds=_DAY),
    ConnectorSetting("ConnectionInactivityTimeout", Kind.TIME_SPAN, "00:05:00", bounds=_DAY),
    ConnectorSetting("MessageRateLimit", Kind.LIMIT, "unlimited", bounds=(1, _INT32_MAX)),
    ConnectorSetting("MessageRateSource", Kind.ENUM, "IPAddress", MESSAGE_RATE_SOURCE),
    ConnectorSetting("MaxInboundConnection", Kind.LIMIT, 5000, bounds=(1, _INT32_MAX)),
    ConnectorSetting("MaxInboundConnectionPerSource", Kind.LIMIT, 20, bounds=(1, 10000)),
    ConnectorSetting("MaxInboundConnectionPercentagePerSource", Kind.INT32, 2, bounds=(1, 100)),
    ConnectorSetting("MaxHeaderSize", Kind.SIZE, "256KB", bounds=(1, _INT32_MAX)),
    ConnectorSetting("MaxHopCount", Kind.INT32, 60, bounds=(1, 500)),
    ConnectorSetting("MaxLocalHopCount", Kind.INT32, 5, bounds=(0, 50)),
    ConnectorSetting("MaxLogonFailures", Kind.INT32, 3, bounds=(0, 10)),
    ConnectorSetting("MaxMessageSize", Kind.SIZE, "36MB", bounds=(65536, _INT32_MAX)),
    ConnectorSetting("MaxProtocolErrors", Kind.LIMIT, 5, bounds=(0, _INT32_MAX)),
    ConnectorSetting("MaxRecipientsPerMessage", Kind.INT32, 200, bounds=(1, 512000)),
    ConnectorSetting("PermissionGroups", Kind.FLAGS, "None", PERMISSION_GROUPS),
    _yes_or_no("PipeliningEnabled", True),
    ConnectorSetting("ProtocolLoggingLevel", Kind.ENUM, "None", PROTOCOL_LOGGING),
    ConnectorSetting("RemoteIPRanges", Kind.RANGES, _EVERYBODY),
    _yes_or_no("RequireEHLODomain", False),
    _yes_or_no("RequireTLS", False),
    _yes_or_no("EnableAuthGSSAPI", False),
    ConnectorSetting("ExtendedProtectionPolicy", Kind.ENUM, "None", EXTENDED_PROTECTION),
    # Parameters of older releases' help only.
    ConnectorSetting("LiveCredentialEnabled", Kind.BOOLEAN, False, settable=("2010", "2013")),
    ConnectorSetting("TlsDomainCapabilities", Kind.CAPABILITIES, ()),
    ConnectorSetting("TransportRole", Kind.ENUM, "FrontendTransport", TRANSPORT_ROLE, releases=_SINCE_2013),
    _yes_or_no("RejectReservedTopLevelRecipientDomains", False, _SINCE_2016),
    _yes_or_no("RejectReservedSecondLevelRecipientDomains", False, _SINCE_2016),
    _yes_or_no("RejectSingleLabelRecipientDomains", False, _SINCE_2016),
    # Captured on 2019; no release's help has a parameter for it.
    ConnectorSetting("AcceptConsumerMail", Kind.BOOLEAN, False, releases=_SINCE_2016, settable=()),
    ConnectorSetting("SizeEnabled", Kind.ENUM, "Enabled", SIZE_MODE),
    ConnectorSetting("TarpitInterval", Kind.TIME_SPAN, "00:00:05"),
    ConnectorSetting("AuthTarpitInterval", Kind.TIME_SPAN, "00:00:05", releases=_SINCE_2016),
    ConnectorSetting("MaxAcknowledgementDelay", Kind.TIME_SPAN, "00:00:30"),
)
# Where the object shows its server, between two settings.
SERVER_FOLLOWS = "TlsDomainCapabilities"


@dataclass(frozen=True)
class ConnectorRow:
    """A connector that setup creates; its name ends in the server's."""

    prefix: str
    port: int
    values: dict[str, object] = field(hash=False)
    ipv4_first: bool = False
    releases: tuple[str, ...] = _SINCE_2013

    @property
    def bindings(self) -> tuple[str, ...]:
        both = (f"[::]:{self.port}", f"0.0.0.0:{self.port}")
        return both[::-1] if self.ipv4_first else both


_BETWEEN_SERVERS: dict[str, object] = {
    "MaxInboundConnectionPerSource": "unlimited",
    "MaxInboundConnectionPercentagePerSource": 100,
    "MaxRecipientsPerMessage": 5000,
    "PermissionGroups": "ExchangeUsers, ExchangeServers, ExchangeLegacyServers",
    "TransportRole": "HubTransport",
    "SizeEnabled": "EnabledWithoutValue",
}
_OF_USERS: dict[str, object] = {"MessageRateLimit": 5, "MessageRateSource": "User", "EnableAuthGSSAPI": True}
_OF_CLIENTS: dict[str, object] = _OF_USERS | {
    "AuthMechanism": "Tls, Integrated, BasicAuth, BasicAuthRequireTLS",
    "PermissionGroups": "ExchangeUsers",
}

CONNECTORS: tuple[ConnectorRow, ...] = (
    ConnectorRow("Default", 2525, _BETWEEN_SERVERS, ipv4_first=True),
    ConnectorRow(
        "Client Proxy",
        465,
        _OF_USERS | {"PermissionGroups": "ExchangeUsers, ExchangeServers", "TransportRole": "HubTransport"},
    ),
    ConnectorRow(
        "Default Frontend",
        25,
        {
            "DomainSecureEnabled": True,
            "PermissionGroups": "AnonymousUsers, ExchangeServers, ExchangeLegacyServers",
            "ProtocolLoggingLevel": "Verbose",
        },
    ),
    ConnectorRow("Outbound Proxy Frontend", 717, {"PermissionGroups": "ExchangeServers"}),
    ConnectorRow("Client Frontend", 587, _OF_CLIENTS),
    ConnectorRow("Default", 25, _BETWEEN_SERVERS, releases=("2010",)),
    ConnectorRow("Client", 587, _OF_CLIENTS, releases=("2010",)),
)
