# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Set-CASMailbox lets POP3 and IMAP4 do with a mailbox."""

from __future__ import annotations

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2010, EXCHANGE_2013
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool
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


def switch_of(option: str) -> str:
    """The option by which the defaults of its protocol are used."""
    return f"{option.partition('_')[0]}_use_protocol_defaults"


def is_custom(option: str) -> bool:
    """Whether it counts only while the defaults of the protocol are not used."""
    return option.partition("_")[2] in CUSTOM


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


MAILBOX_SETTINGS = tuple(setting for option in PREFIXES for setting in _settings(option))
