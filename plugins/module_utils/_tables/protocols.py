# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""POP3 and IMAP4 in Exchange's words: cmdlets, parameters, services, components."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2010
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import Bindings, ConnectionSettings
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import ByteSize
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import (
    HostName,
    SingleLine,
    WindowsPath,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import WebAddress
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting

_CALENDAR = Enum({"iCalendar": 0, "IntranetUrl": 1, "InternetUrl": 2, "Custom": 3})

# The numbers are inferred ([I] in the reference).
_PROTECTION = Enum({"None": 0, "Allow": 1, "Require": 2})
_ROLL_OVER = Enum({"Hourly": 1, "Daily": 2, "Weekly": 3, "Monthly": 4})
_LOGIN = Enum({"PlainTextLogin": 1, "PlainTextAuthentication": 2, "SecureLogin": 3})
_SORT_ORDER = Enum({"Ascending": 0, "Descending": 1})

MIME_FORMAT = Enum(
    {
        "TextOnly": 0,
        "HtmlOnly": 1,
        "HtmlAndTextAlternative": 2,
        "TextEnrichedOnly": 3,
        "TextEnrichedAndTextAlternative": 4,
        "BestBodyFormat": 5,
        "Tnef": 6,
    }
)

_COUNT = Int(1, 2147483647)

# The page of Set-PopSettings prints one hour as the upper limit of AuthenticatedConnectionTimeout while the admin
# center of Exchange 2013 takes a day; up to a day is left to the server to decide.
_COMMON = (
    Setting("authenticated_connection_timeout", "AuthenticatedConnectionTimeout", TimeSpan(30, 86400)),
    Setting("banner", "Banner", SingleLine()),
    Setting("calendar_item_retrieval_option", "CalendarItemRetrievalOption", _CALENDAR),
    Setting("enable_exact_rfc822_size", "EnableExactRFC822Size", Bool()),
    Setting("enable_gssapi_and_ntlm_auth", "EnableGSSAPIAndNTLMAuth", Bool(), EXCHANGE_2010),
    Setting("enforce_certificate_errors", "EnforceCertificateErrors", Bool(), EXCHANGE_2010),
    Setting("extended_protection_policy", "ExtendedProtectionPolicy", _PROTECTION, EXCHANGE_2010),
    Setting("external_connection_settings", "ExternalConnectionSettings", ConnectionSettings(), EXCHANGE_2010),
    Setting("internal_connection_settings", "InternalConnectionSettings", ConnectionSettings(), EXCHANGE_2010),
    Setting("log_file_location", "LogFileLocation", WindowsPath(), EXCHANGE_2010),
    Setting("log_file_roll_over_settings", "LogFileRollOverSettings", _ROLL_OVER, EXCHANGE_2010),
    Setting("log_per_file_size_quota", "LogPerFileSizeQuota", ByteSize(), EXCHANGE_2010),
    Setting("login_type", "LoginType", _LOGIN),
    Setting("max_connection_from_single_ip", "MaxConnectionFromSingleIP", _COUNT),
    Setting("max_connections", "MaxConnections", _COUNT),
    Setting("max_connections_per_user", "MaxConnectionsPerUser", _COUNT),
    Setting("message_retrieval_mime_format", "MessageRetrievalMimeFormat", MIME_FORMAT),
    Setting("owa_server_url", "OwaServerUrl", WebAddress()),
    Setting("pre_authenticated_connection_timeout", "PreAuthenticatedConnectionTimeout", TimeSpan(30, 3600)),
    Setting("protocol_log_enabled", "ProtocolLogEnabled", Bool(), EXCHANGE_2010),
    Setting("proxy_target_port", "ProxyTargetPort", Int(0, 65535)),
    Setting("ssl_bindings", "SSLBindings", Bindings()),
    Setting("suppress_read_receipt", "SuppressReadReceipt", Bool(), EXCHANGE_2010),
    Setting("unencrypted_or_tls_bindings", "UnencryptedOrTLSBindings", Bindings()),
    Setting("x509_certificate_name", "X509CertificateName", HostName()),
)


@dataclass(frozen=True)
class Protocol:
    """One of the two protocols, as Exchange names its parts."""

    key: str
    """In options, results and the names of role variables."""
    title: str
    service: str
    """Among a certificate's services."""
    module: str
    """Which has its settings as options."""
    test_cmdlet: str
    mailbox_prefix: str
    """Of the options of a mailbox that are about it."""
    noun: str
    """Of its cmdlets: Get-<noun>, Set-<noun>."""
    front_end: str
    back_end: str
    component: str
    settings: tuple[Setting, ...]


POP3 = Protocol(
    key="pop3",
    title="POP3",
    service="POP",
    module="pop_settings",
    test_cmdlet="Test-PopConnectivity",
    mailbox_prefix="pop",
    noun="PopSettings",
    front_end="MSExchangePop3",
    back_end="MSExchangePOP3BE",
    component="PopProxy",
    settings=(
        *_COMMON,
        Setting("max_command_size", "MaxCommandSize", Int(40, 1024, "bytes")),
        Setting("message_retrieval_sort_order", "MessageRetrievalSortOrder", _SORT_ORDER),
    ),
)

IMAP4 = Protocol(
    key="imap4",
    title="IMAP4",
    service="IMAP",
    module="imap_settings",
    test_cmdlet="Test-ImapConnectivity",
    mailbox_prefix="imap",
    noun="ImapSettings",
    front_end="MSExchangeImap4",
    back_end="MSExchangeIMAP4BE",
    component="ImapProxy",
    settings=(
        *_COMMON,
        Setting("max_command_size", "MaxCommandSize", Int(1024, 16384, "bytes")),
        Setting("show_hidden_folders_enabled", "ShowHiddenFoldersEnabled", Bool()),
    ),
)

PROTOCOLS = {protocol.key: protocol for protocol in (POP3, IMAP4)}
