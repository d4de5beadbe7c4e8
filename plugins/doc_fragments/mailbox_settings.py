# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What clients may do with a mailbox, written by `make generate` from tools/texts and the tables of settings."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  active_sync_enabled:
    description:
      - Whether the mailbox can be opened by Exchange ActiveSync, which phones use.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  ecp_enabled:
    description:
      - Whether the user of the mailbox can open the Exchange admin center, and the Exchange Control Panel in which
        users change their own options.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  ews_allow_entourage:
    description:
      - Whether Entourage for the Mac may use Exchange Web Services with the mailbox.
      - V(true) or V(false), or V(organization) for what the organization has. Exchange's default is V(organization).
        Since Exchange 2010.
    type: raw
    choices: [true, false, organization]
  ews_allow_list:
    description:
      - The programs that may use Exchange Web Services with the mailbox, by their user agents, such as V(OWA/*). It
        counts only with O(ews_application_access_policy=EnforceAllowList), and an empty list then lets no program in.
      - The whole list, or a dictionary with C(set), or with C(add) and C(remove), each of them a list.
      - Exchange's default is an empty list. Since Exchange 2010.
    type: raw
  ews_allow_mac_outlook:
    description:
      - Whether Outlook for the Mac may use Exchange Web Services with the mailbox.
      - V(true) or V(false), or V(organization) for what the organization has. Exchange's default is V(organization).
        Since Exchange 2010.
    type: raw
    choices: [true, false, organization]
  ews_allow_outlook:
    description:
      - Whether Outlook may use Exchange Web Services with the mailbox, which it does for free and busy times and for
        automatic replies.
      - V(true) or V(false), or V(organization) for what the organization has. Exchange's default is V(organization).
        Since Exchange 2010.
    type: raw
    choices: [true, false, organization]
  ews_application_access_policy:
    description:
      - Whether only the programs in O(ews_allow_list) may use Exchange Web Services with the mailbox, or all programs
        but those in O(ews_block_list). It does not concern Outlook and Entourage, which have options of their own.
      - Exchange keeps one list. If the policy changes and its list is not given with it, the list becomes empty.
      - V(EnforceAllowList) (0) or V(EnforceBlockList) (1), by name in any case or by number, or V(organization) for
        what the organization has. Exchange's default is V(organization). Since Exchange 2010.
    type: str
    choices: [EnforceAllowList, EnforceBlockList, organization]
  ews_block_list:
    description:
      - The programs that may not use Exchange Web Services with the mailbox, by their user agents. It counts only with
        O(ews_application_access_policy=EnforceBlockList).
      - The whole list, or a dictionary with C(set), or with C(add) and C(remove), each of them a list.
      - Exchange's default is an empty list. Since Exchange 2010.
    type: raw
  ews_enabled:
    description:
      - Whether the mailbox can be opened by Exchange Web Services. While it is V(false) Exchange ignores the other
        settings of EWS.
      - V(true) or V(false), or V(organization) for what the organization has. Exchange's default is V(organization).
        Since Exchange 2010.
    type: raw
    choices: [true, false, organization]
  imap_enable_exact_rfc822_size:
    description:
      - Whether the exact size of a message is worked out for IMAP4.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  imap_enabled:
    description:
      - Whether the mailbox can be opened by IMAP4. While it is V(false) Exchange ignores the other settings of IMAP4.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  imap_force_ical_for_calendar_retrieval_option:
    description:
      - Whether calendar items are handed out by IMAP4 as iCalendar instead of links to Outlook on the web.
      - Exchange's default is V(false). Since Exchange 2013.
    type: bool
  imap_messages_retrieval_mime_format:
    description:
      - The format in which messages are handed out by IMAP4.
      - V(TextOnly) (0), V(HtmlOnly) (1), V(HtmlAndTextAlternative) (2), V(TextEnrichedOnly) (3),
        V(TextEnrichedAndTextAlternative) (4), V(BestBodyFormat) (5), or V(Tnef) (6), by name in any case or by number.
        Exchange's default is V(BestBodyFormat). Since Exchange 2010.
    type: str
    choices:
      - TextOnly
      - HtmlOnly
      - HtmlAndTextAlternative
      - TextEnrichedOnly
      - TextEnrichedAndTextAlternative
      - BestBodyFormat
      - Tnef
  imap_suppress_read_receipt:
    description:
      - Whether a read receipt is held back when a message is downloaded by IMAP4.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  imap_use_protocol_defaults:
    description:
      - Whether the four settings of how messages are handed out by IMAP4 are those of the server instead of the
        mailbox's own. They can only be given if this is V(false), or is given as V(false) with them.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  mapi_block_outlook_external_connectivity:
    description:
      - Whether Autodiscover keeps from Outlook how to reach the mailbox from outside.
      - Exchange's default is V(false). Since Exchange 2013.
    type: bool
  mapi_block_outlook_non_cached_mode:
    description:
      - Whether Outlook can open the mailbox in Cached Exchange Mode only.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  mapi_block_outlook_rpc_http:
    description:
      - Whether Outlook cannot open the mailbox by Outlook Anywhere.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  mapi_enabled:
    description:
      - Whether the mailbox can be opened by MAPI, which Outlook uses. While it is V(false) Exchange ignores the other
        settings of MAPI.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  mapi_http_enabled:
    description:
      - Whether Outlook can open the mailbox by MAPI over HTTP.
      - V(true) or V(false), or V(organization) for what the organization has. Exchange's default is V(organization).
        Since Exchange 2013.
    type: raw
    choices: [true, false, organization]
  owa_enabled:
    description:
      - Whether the mailbox can be opened by Outlook on the web.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  owa_for_devices_enabled:
    description:
      - Whether the mailbox can be opened by the app OWA for Devices.
      - Exchange's default is V(true). Since Exchange 2013.
    type: bool
  pop_enable_exact_rfc822_size:
    description:
      - Whether the exact size of a message is worked out for POP3.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  pop_enabled:
    description:
      - Whether the mailbox can be opened by POP3. While it is V(false) Exchange ignores the other settings of POP3.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  pop_force_ical_for_calendar_retrieval_option:
    description:
      - Whether calendar items are handed out by POP3 as iCalendar instead of links to Outlook on the web.
      - Exchange's default is V(false). Since Exchange 2013.
    type: bool
  pop_messages_retrieval_mime_format:
    description:
      - The format in which messages are handed out by POP3.
      - V(TextOnly) (0), V(HtmlOnly) (1), V(HtmlAndTextAlternative) (2), V(TextEnrichedOnly) (3),
        V(TextEnrichedAndTextAlternative) (4), V(BestBodyFormat) (5), or V(Tnef) (6), by name in any case or by number.
        Exchange's default is V(BestBodyFormat). Since Exchange 2010.
    type: str
    choices:
      - TextOnly
      - HtmlOnly
      - HtmlAndTextAlternative
      - TextEnrichedOnly
      - TextEnrichedAndTextAlternative
      - BestBodyFormat
      - Tnef
  pop_suppress_read_receipt:
    description:
      - Whether a read receipt is held back when a message is downloaded by POP3.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  pop_use_protocol_defaults:
    description:
      - Whether the four settings of how messages are handed out by POP3 are those of the server instead of the
        mailbox's own. They can only be given if this is V(false), or is given as V(false) with them.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
"""
