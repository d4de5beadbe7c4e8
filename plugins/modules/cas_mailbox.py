#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: cas_mailbox
short_description: Give mailboxes access by POP3, IMAP4 and other clients, or take it away
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Changes what POP3, IMAP4 and other clients may do with mailboxes, for one mailbox or for tens of thousands in one
    task.
  - The mailboxes are read once, with only the members that matter. Only those that differ are written, piped in batches
    into C(Set-CASMailbox). A mailbox that cannot be written does not stop the others, even if it ends the pipeline; it
    is reported by name with its own message of Exchange's, and the task fails when all have been tried. If 20
    mailboxes in a row end the pipeline, the rest is reported as not tried.
  - Each batch is read back after it was written, also after an error, and a mailbox that does not have what was written
    is reported. After a broken connection only what did not arrive is written once more.
  - Mailboxes are told apart by their GUID, or by their distinguished name if Exchange shows no GUID. If it shows
    neither, or the same for two mailboxes, the task ends before anything is written.
  - Mailboxes that do not exist, and names that more than one mailbox has, end the task before anything is written.
  - The Administrator's mailbox and Exchange's health mailboxes never get access by O(filter) or O(exclusive), and a
    warning names them. Exchange does not open the Administrator's by POP3 or IMAP4 anyway. Health mailboxes do not lose
    their access by O(filter) or O(exclusive) either, because Exchange monitors itself with them.
  - The Administrator is the account with the RID 500, whatever it is called. Where a mailbox would get access,
    C(Get-User) is asked for that account, once in each domain. If it does not tell, the names that Windows gives
    the Administrator in some languages count instead, and a warning says so.
  - The difference shows at most 100 mailboxes and says how many more there are. RV(mailboxes) names all of them.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
  - mailops.exchange.mailbox_settings
options:
  identities:
    description:
      - The mailboxes, each by its address, alias, name, user principal name, C(DOMAIN\user), GUID, distinguished name,
        canonical name or legacy distinguished name. Patterns are refused.
      - Primary addresses, GUIDs and distinguished names are read a thousand at a time, because the answer shows which
        is whose. Exchange is asked for every other entry by itself, which takes longer for very many.
      - Either this or O(filter) is needed.
    type: list
    elements: str
  filter:
    description:
      - The mailboxes by a condition in Exchange's filter language OPATH, without braces, such as
        V(PopEnabled -eq $true -and Name -like 'Scanner*'). A quote inside a text is written twice.
    type: str
  exclusive:
    description:
      - The mailboxes meant have the access that is given as V(true) with O(pop_enabled) and O(imap_enabled), and every
        other mailbox has not. All other settings concern the mailboxes meant only.
      - Set O(max_changes) as well. By default every mailbox has access, so the first run may change nearly all of them.
    type: bool
  max_changes:
    description:
      - The task fails before it writes anything if more mailboxes than this would change, in check mode too. The answer
        lists them.
    type: int
  batch_size:
    description:
      - How many mailboxes are written in one call, from 1 to 10000. The default is 500. In a longer task the standard
        error has a line every few seconds on how many mailboxes are read and written so far, and how long it will take.
    type: int
  refuse_built_in_accounts:
    description:
      - Whether the task fails, before anything is written, where O(pop_enabled) or O(imap_enabled) is V(true) for the
        mailbox of the built-in Administrator or Guest or for one of Exchange's health mailboxes, even if nothing would
        change. Without it a warning tells of those that are given access to no avail.
      - The account of each mailbox is asked for with C(Get-User), and known by the end of its SID, 500 or 501. So use
        it for single mailboxes that a program depends on, named by O(identities).
    type: bool
    default: false
notes:
  - O(server) says only which server's version counts and where the cmdlets run. Mailboxes belong to the organization.
  - Exchange looks for mailboxes, those of O(filter) and O(exclusive) as well, in the domain of its server. Give one of
    the controllers of another domain as O(domain_controller) for the mailboxes of that domain.
seealso:
  - module: mailops.exchange.cas_mailbox_info
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - name: Set-CASMailbox
    description: The cmdlet behind this module.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-casmailbox
"""

EXAMPLES = r"""
- name: Let one user read mail by POP3
  mailops.exchange.cas_mailbox:
    identities: [anna@contoso.com]
    pop_enabled: true

- name: Only the scanners have POP3, everybody else has not
  mailops.exchange.cas_mailbox:
    identities:
      - scanner1@contoso.com
      - scanner2@contoso.com
    pop_enabled: true
    exclusive: true
    max_changes: 50

- name: Take POP3 and IMAP4 from the mailboxes of rooms
  mailops.exchange.cas_mailbox:
    filter: "Name -like 'Room*'"
    pop_enabled: false
    imap_enabled: false

- name: Plain text for a program that understands nothing else
  mailops.exchange.cas_mailbox:
    identities: [tickets@contoso.com]
    pop_use_protocol_defaults: false
    pop_messages_retrieval_mime_format: TextOnly

- name: A mailbox for a program that uses POP3, and nothing else opens it
  mailops.exchange.cas_mailbox:
    identities: [tickets@contoso.com]
    pop_enabled: true
    imap_enabled: false
    owa_enabled: false
    active_sync_enabled: false
    mapi_enabled: false
    ews_enabled: false

- name: One program may use Exchange Web Services as well
  mailops.exchange.cas_mailbox:
    identities: [tickets@contoso.com]
    ews_enabled: true
    ews_application_access_policy: EnforceAllowList
    ews_allow_list:
      add: ["Tickets/*"]
"""

RETURN = r"""
matched:
  description: How many mailboxes are meant by O(identities) or O(filter).
  returned: success, or when O(max_changes) is exceeded, or when mailboxes could not be changed
  type: int
  sample: 2
mailboxes:
  description:
    - The addresses of the mailboxes that were changed, as reading them back shows, those that would be changed in check
      mode, or those that would have been if O(max_changes) is exceeded.
  returned: success, or when O(max_changes) is exceeded, or when mailboxes could not be changed
  type: list
  elements: str
  sample: [anna@contoso.com]
failed_mailboxes:
  description: The mailboxes that could not be changed, each with Exchange's message, or with why it was not tried.
  returned: success, or when mailboxes could not be changed
  type: list
  elements: dict
  sample:
    - mailbox: bert@contoso.com
      message: "Set-CASMailbox failed: Insufficient access rights to perform the operation."
cmdlets:
  description:
    - The writing cmdlets that were sent, with their parameters and the number of mailboxes piped into them; in check
      mode those that would have been sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Set-CASMailbox
      parameters:
        PopEnabled: true
      piped: 1
diff:
  description:
    - The changed settings by mailbox and option name, before and after, of at most 100 of the mailboxes that were
      changed.
  returned: success, or when mailboxes could not be changed
  type: dict
  sample:
    before:
      anna@contoso.com:
        pop_enabled: false
    after:
      anna@contoso.com:
        pop_enabled: true
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailboxes import MailboxAccess
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(MailboxAccess)


if __name__ == "__main__":
    main()
