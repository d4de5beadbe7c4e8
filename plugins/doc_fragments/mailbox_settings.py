# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What POP3 and IMAP4 may do with a mailbox, written by `make generate` from tools/texts and the tables of settings."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
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
      - One of V(TextOnly) (0), V(HtmlOnly) (1), V(HtmlAndTextAlternative) (2), V(TextEnrichedOnly) (3),
        V(TextEnrichedAndTextAlternative) (4), V(BestBodyFormat) (5) and V(Tnef) (6), by name or number. Exchange's
        default is V(BestBodyFormat). Since Exchange 2010.
    type: str
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
      - One of V(TextOnly) (0), V(HtmlOnly) (1), V(HtmlAndTextAlternative) (2), V(TextEnrichedOnly) (3),
        V(TextEnrichedAndTextAlternative) (4), V(BestBodyFormat) (5) and V(Tnef) (6), by name or number. Exchange's
        default is V(BestBodyFormat). Since Exchange 2010.
    type: str
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
