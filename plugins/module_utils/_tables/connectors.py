# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates' services and receive connectors in Exchange's words."""

from __future__ import annotations

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import ListenOn
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import CertificateIdentifier
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.flags import AssignedServices, Flags
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.ip_ranges import IpRanges
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import LimitedSize, UnlimitedInt
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Fqdn
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting

# The last two are inferred ("[I]" in the reference); no capture shows them.
ALLOWED_SERVICES = Flags({"IMAP": 1, "POP": 2, "UM": 4, "IIS": 8, "SMTP": 16, "Federation": 32, "UMCallRouter": 64})
ASSIGNED_SERVICES = AssignedServices({"IMAP": 1, "POP": 2, "IIS": 8, "SMTP": 16})

# 32 of the first, 16 and 32 of the second are inferred.
_AUTH_MECHANISMS = Flags(
    {
        "Tls": 1,
        "Integrated": 2,
        "BasicAuth": 4,
        "BasicAuthRequireTLS": 8,
        "ExchangeServer": 16,
        "ExternalAuthoritative": 32,
    }
)

_PERMISSION_GROUPS = Flags(
    {
        "AnonymousUsers": 1,
        "ExchangeUsers": 2,
        "ExchangeServers": 4,
        "ExchangeLegacyServers": 8,
        "Partners": 16,
        "Custom": 32,
    },
    {"Custom": "cannot be set, because Exchange shows it if permissions were edited in Active Directory; leave it out"},
)

REMOTE_IP_RANGES = IpRanges()
CLIENT_SUBMISSION_PORT = 587

CONNECTOR_SETTINGS = (
    Setting("advertise_client_settings", "AdvertiseClientSettings", Bool()),
    Setting("auth_mechanism", "AuthMechanism", _AUTH_MECHANISMS),
    Setting("bindings", "Bindings", ListenOn()),
    Setting("connection_inactivity_timeout", "ConnectionInactivityTimeout", TimeSpan(1, 86400)),
    Setting("connection_timeout", "ConnectionTimeout", TimeSpan(1, 86400)),
    Setting("enable_auth_gssapi", "EnableAuthGSSAPI", Bool()),
    Setting("enabled", "Enabled", Bool()),
    Setting("fqdn", "Fqdn", Fqdn()),
    Setting("max_inbound_connection", "MaxInboundConnection", UnlimitedInt(1, 2147483647)),
    Setting("max_inbound_connection_per_source", "MaxInboundConnectionPerSource", UnlimitedInt(1, 10000)),
    Setting("max_message_size", "MaxMessageSize", LimitedSize(64 << 10, 2147483647)),
    Setting("message_rate_limit", "MessageRateLimit", UnlimitedInt(1, 2147483647)),
    Setting("permission_groups", "PermissionGroups", _PERMISSION_GROUPS),
    Setting("protocol_logging_level", "ProtocolLoggingLevel", Enum({"None": 0, "Verbose": 1})),
    Setting("remote_ip_ranges", "RemoteIPRanges", REMOTE_IP_RANGES),
    Setting("require_tls", "RequireTLS", Bool()),
    Setting("tls_certificate_name", "TlsCertificateName", CertificateIdentifier(), EXCHANGE_2013),
)
