# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Set-CASMailbox lets POP3, IMAP4 and other clients do with a mailbox."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2010, EXCHANGE_2013
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.inherited import OrOrganization
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import UserAgents
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import MIME_FORMAT, PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting

PREFIXES = tuple(protocol.mailbox_prefix for protocol in PROTOCOLS.values())

CUSTOM = (
    "enable_exact_rfc822_size",
    "force_ical_for_calendar_retrieval_option",
    "messages_retrieval_mime_format",
    "suppress_read_receipt",
)
"""What counts only while the defaults of the protocol are not used."""

PROTOCOL_DEFAULT = "the protocol's default"
"""What such a setting is shown as while they are."""


EWS_POLICY = "ews_application_access_policy"
EWS_LISTS = {"ews_allow_list": "EnforceAllowList", "ews_block_list": "EnforceBlockList"}
"""By list the policy with which it counts. Exchange keeps one of them: a policy without its list empties it."""


def is_custom(option: str) -> bool:
    """Whether it counts only while the defaults of its protocol are not used."""
    return option.startswith(tuple(f"{prefix}_" for prefix in PREFIXES)) and option.partition("_")[2] in CUSTOM


def switch_of(option: str) -> str:
    """The option on which it depends whether one counts; nothing where it always does."""
    if option in EWS_LISTS:
        return EWS_POLICY
    return f"{option.partition('_')[0]}_use_protocol_defaults" if is_custom(option) else ""


def needed_by(option: str) -> Any:
    """The value of that switch with which it counts."""
    return EWS_LISTS.get(option, False)


def _settings(option: str) -> tuple[Setting, ...]:
    parameter = option.capitalize()
    ical, messages = "ForceICalForCalendarRetrievalOption", "MessagesRetrievalMimeFormat"
    return (
        Setting(f"{option}_enabled", f"{parameter}Enabled", Bool(), EXCHANGE_2010),
        Setting(f"{option}_use_protocol_defaults", f"{parameter}UseProtocolDefaults", Bool(), EXCHANGE_2010),
        Setting(f"{option}_enable_exact_rfc822_size", f"{parameter}EnableExactRFC822Size", Bool(), EXCHANGE_2010),
        Setting(f"{option}_force_ical_for_calendar_retrieval_option", parameter + ical, Bool(), EXCHANGE_2013),
        Setting(f"{option}_messages_retrieval_mime_format", parameter + messages, MIME_FORMAT, EXCHANGE_2010),
        Setting(f"{option}_suppress_read_receipt", f"{parameter}SuppressReadReceipt", Bool(), EXCHANGE_2010),
    )


_BOOL = Bool()
_OR_ORGANIZATION = OrOrganization(_BOOL)
# The page has no numbers; they are inferred.
_EWS_POLICY = OrOrganization(Enum({"EnforceAllowList": 0, "EnforceBlockList": 1}))

PROTOCOL_ACCESS = tuple(setting for option in PREFIXES for setting in _settings(option))
"""What POP3 and IMAP4 may do."""

OTHER_ACCESS = (
    Setting("active_sync_enabled", "ActiveSyncEnabled", _BOOL, EXCHANGE_2010),
    Setting("ecp_enabled", "ECPEnabled", _BOOL, EXCHANGE_2010),
    Setting("ews_allow_entourage", "EwsAllowEntourage", _OR_ORGANIZATION, EXCHANGE_2010),
    Setting("ews_allow_list", "EwsAllowList", UserAgents(), EXCHANGE_2010),
    Setting("ews_allow_mac_outlook", "EwsAllowMacOutlook", _OR_ORGANIZATION, EXCHANGE_2010),
    Setting("ews_allow_outlook", "EwsAllowOutlook", _OR_ORGANIZATION, EXCHANGE_2010),
    Setting(EWS_POLICY, "EwsApplicationAccessPolicy", _EWS_POLICY, EXCHANGE_2010),
    Setting("ews_block_list", "EwsBlockList", UserAgents(), EXCHANGE_2010),
    Setting("ews_enabled", "EwsEnabled", _OR_ORGANIZATION, EXCHANGE_2010),
    Setting("mapi_block_outlook_external_connectivity", "MAPIBlockOutlookExternalConnectivity", _BOOL, EXCHANGE_2013),
    Setting("mapi_block_outlook_non_cached_mode", "MAPIBlockOutlookNonCachedMode", _BOOL, EXCHANGE_2010),
    Setting("mapi_block_outlook_rpc_http", "MAPIBlockOutlookRpcHttp", _BOOL, EXCHANGE_2010),
    Setting("mapi_enabled", "MAPIEnabled", _BOOL, EXCHANGE_2010),
    Setting("mapi_http_enabled", "MapiHttpEnabled", _OR_ORGANIZATION, EXCHANGE_2013),
    Setting("owa_enabled", "OWAEnabled", _BOOL, EXCHANGE_2010),
    Setting("owa_for_devices_enabled", "OWAforDevicesEnabled", _BOOL, EXCHANGE_2013),
)
"""What other clients may do."""

MAILBOX_SETTINGS = (*PROTOCOL_ACCESS, *OTHER_ACCESS)
