# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What clients may do with a mailbox, written by `make generate` from tools/texts and the tables of settings."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  active_sync_enabled:
    description:
      - Whether the mailbox can be accessed by Exchange ActiveSync, which phones use.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
    version_added: 1.0.0
  ecp_enabled:
    description:
      - Whether the user of the mailbox can open the Exchange admin center, and the Exchange Control Panel, where users
        change their own options.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
    version_added: 1.0.0
  ews_allow_entourage:
    description:
      - Whether Entourage for Mac can use Exchange Web Services with the mailbox.
      - V(true) or V(false), or V(organization) for the setting of the organization. Exchange's default is
        V(organization). Since Exchange 2010.
    type: raw
    choices: [true, false, organization]
    version_added: 1.0.0
  ews_allow_list:
    description:
      - The programs that can use Exchange Web Services with the mailbox, by their user agents, such as V(OWA/*). This
        applies only with O(ews_application_access_policy=EnforceAllowList). An empty list then blocks every program.
      - A list is the whole value. A dictionary with C(set), or with C(add) and C(remove), each of them a list, edits
        it.
      - Exchange's default is an empty list. Since Exchange 2010.
    type: raw
    version_added: 1.0.0
  ews_allow_mac_outlook:
    description:
      - Whether Outlook for Mac can use Exchange Web Services with the mailbox.
      - V(true) or V(false), or V(organization) for the setting of the organization. Exchange's default is
        V(organization). Since Exchange 2010.
    type: raw
    choices: [true, false, organization]
    version_added: 1.0.0
  ews_allow_outlook:
    description:
      - Whether Outlook can use Exchange Web Services with the mailbox. It does so for free/busy times and automatic
        replies.
      - V(true) or V(false), or V(organization) for the setting of the organization. Exchange's default is
        V(organization). Since Exchange 2010.
    type: raw
    choices: [true, false, organization]
    version_added: 1.0.0
  ews_application_access_policy:
    description:
      - Whether only the programs in O(ews_allow_list) can use Exchange Web Services with the mailbox, or all programs
        except those in O(ews_block_list). This does not apply to Outlook and Entourage, which have options of their
        own.
      - Exchange stores only one list. If the policy changes and its list is not given with it, the list becomes empty.
      - V(EnforceAllowList) (0) or V(EnforceBlockList) (1), by name in any case or by number, or V(organization) for the
        setting of the organization. Exchange's default is V(organization). Since Exchange 2010.
    type: str
    choices: [EnforceAllowList, EnforceBlockList, organization]
    version_added: 1.0.0
  ews_block_list:
    description:
      - The programs that cannot use Exchange Web Services with the mailbox, by their user agents. This applies only
        with O(ews_application_access_policy=EnforceBlockList).
      - A list is the whole value. A dictionary with C(set), or with C(add) and C(remove), each of them a list, edits
        it.
      - Exchange's default is an empty list. Since Exchange 2010.
    type: raw
    version_added: 1.0.0
  ews_enabled:
    description:
      - Whether the mailbox can be accessed by Exchange Web Services. While this is V(false), Exchange ignores the other
        EWS settings.
      - V(true) or V(false), or V(organization) for the setting of the organization. Exchange's default is
        V(organization). Since Exchange 2010.
    type: raw
    choices: [true, false, organization]
    version_added: 1.0.0
  imap_enable_exact_rfc822_size:
    description:
      - Whether the exact size of messages is calculated for IMAP4.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  imap_enabled:
    description:
      - Whether the mailbox can be accessed by IMAP4. While this is V(false), Exchange ignores the other IMAP4 settings.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  imap_force_ical_for_calendar_retrieval_option:
    description:
      - Whether calendar items are delivered by IMAP4 as iCalendar instead of as links to Outlook on the web.
      - Exchange's default is V(false). Since Exchange 2013.
    type: bool
  imap_messages_retrieval_mime_format:
    description:
      - The format in which messages are delivered by IMAP4.
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
      - Whether read receipts are suppressed when a message is downloaded by IMAP4.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  imap_use_protocol_defaults:
    description:
      - Whether the mailbox uses the server's settings instead of its own O(imap_enable_exact_rfc822_size),
        O(imap_force_ical_for_calendar_retrieval_option), O(imap_messages_retrieval_mime_format), and
        O(imap_suppress_read_receipt). These can be set only while this is V(false), or together with V(false).
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  mapi_block_outlook_external_connectivity:
    description:
      - Whether Autodiscover withholds the external connection settings of the mailbox from Outlook.
      - Exchange's default is V(false). Since Exchange 2013.
    type: bool
    version_added: 1.0.0
  mapi_block_outlook_non_cached_mode:
    description:
      - Whether Outlook can open the mailbox only in Cached Exchange Mode.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
    version_added: 1.0.0
  mapi_block_outlook_rpc_http:
    description:
      - Whether Outlook is prevented from opening the mailbox by Outlook Anywhere.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
    version_added: 1.0.0
  mapi_enabled:
    description:
      - Whether the mailbox can be accessed by MAPI, which Outlook uses. While this is V(false), Exchange ignores the
        other MAPI settings.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
    version_added: 1.0.0
  mapi_http_enabled:
    description:
      - Whether Outlook can open the mailbox by MAPI over HTTP.
      - V(true) or V(false), or V(organization) for the setting of the organization. Exchange's default is
        V(organization). Since Exchange 2013.
    type: raw
    choices: [true, false, organization]
    version_added: 1.0.0
  owa_enabled:
    description:
      - Whether the mailbox can be accessed by Outlook on the web.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
    version_added: 1.0.0
  owa_for_devices_enabled:
    description:
      - Whether the mailbox can be accessed by the app OWA for Devices.
      - Exchange's default is V(true). Since Exchange 2013.
    type: bool
    version_added: 1.0.0
  pop_enable_exact_rfc822_size:
    description:
      - Whether the exact size of messages is calculated for POP3.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  pop_enabled:
    description:
      - Whether the mailbox can be accessed by POP3. While this is V(false), Exchange ignores the other POP3 settings.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  pop_force_ical_for_calendar_retrieval_option:
    description:
      - Whether calendar items are delivered by POP3 as iCalendar instead of as links to Outlook on the web.
      - Exchange's default is V(false). Since Exchange 2013.
    type: bool
  pop_messages_retrieval_mime_format:
    description:
      - The format in which messages are delivered by POP3.
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
      - Whether read receipts are suppressed when a message is downloaded by POP3.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  pop_use_protocol_defaults:
    description:
      - Whether the mailbox uses the server's settings instead of its own O(pop_enable_exact_rfc822_size),
        O(pop_force_ical_for_calendar_retrieval_option), O(pop_messages_retrieval_mime_format), and
        O(pop_suppress_read_receipt). These can be set only while this is V(false), or together with V(false).
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
"""
