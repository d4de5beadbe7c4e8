#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: cas_mailbox
short_description: Enable or disable the access to mailboxes by POP3, IMAP4, and other clients
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Enables, disables, and configures the access to mailboxes by POP3, IMAP4, and other clients, for one mailbox or for
    tens of thousands in one task.
  - The mailboxes are read once, with the required properties only. Those that differ are piped in batches into
    C(Set-CASMailbox). A mailbox that cannot be changed does not stop the others, even if it ends the pipeline. It is
    reported with Exchange's own message, and the task fails when all have been tried. If 20 mailboxes in a row end the
    pipeline, the remaining ones are reported as not tried.
  - Each batch is read back after it was written, even after an error. A mailbox that does not have the new values is
    reported. After a broken connection, only what did not arrive is sent again.
  - Mailboxes are identified by their GUID, or by their distinguished name if Exchange shows no GUID. If it shows
    neither, or the same for two mailboxes, the task fails before anything is written.
  - If a mailbox does not exist, or a name is not unique, the task fails before anything is written.
  - O(filter) and O(exclusive) never enable access to the Administrator's mailbox or to Exchange's health mailboxes. A
    warning names them. Exchange does not open the Administrator's mailbox by POP3 or IMAP4 anyway. They do not disable
    the access to health mailboxes either, because Exchange monitors itself with these.
  - The Administrator is the account with the RID 500, whatever its name is. Before access to a mailbox is enabled, this
    account is read with C(Get-User), once in each domain. If that fails, the names that Windows gives the Administrator
    in some languages are used instead, with a warning.
  - The difference shows at most 100 mailboxes and the number of the others. RV(mailboxes) lists all of them.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
  - mailops.exchange.mailbox_settings
options:
  identities:
    description:
      - The mailboxes, each by its address, alias, name, user principal name, C(DOMAIN\user), GUID, distinguished name,
        canonical name, or legacy distinguished name. Patterns are refused.
      - Primary addresses, GUIDs, and distinguished names are read in batches of a thousand. All other names are read
        one by one, which takes longer for large numbers.
      - Either this or O(filter) is required.
    type: list
    elements: str
  filter:
    description:
      - The mailboxes by an OPATH filter, without braces, such as V(PopEnabled -eq $true -and Name -like 'Scanner*').
        Double quotation marks inside text.
    type: str
  exclusive:
    description:
      - Whether access that is V(true) in O(pop_enabled) or O(imap_enabled) is disabled for all mailboxes other than the
        selected ones. All other settings apply to the selected mailboxes only.
      - Set O(max_changes) as well. By default, every mailbox has access, so the first run may change nearly all of
        them.
    type: bool
  max_changes:
    description:
      - The task fails before anything is written, in check mode too, if more mailboxes than this would change. The
        result lists them.
    type: int
  batch_size:
    description:
      - The number of mailboxes that are written in one call, from 1 to 10000. The default is 500.
      - A longer task writes a line to standard error every few seconds, with the number of mailboxes that are read
        and written so far and the remaining time.
    type: int
  refuse_built_in_accounts:
    description:
      - Whether the task fails, before anything is written, if O(pop_enabled) or O(imap_enabled) is V(true) for the
        mailbox of the built-in Administrator or Guest or for a health mailbox, even if nothing would change. By
        default, a warning names the mailboxes for which access is enabled without effect.
      - The account of each mailbox is read with C(Get-User), and identified by the end of its SID, 500 or 501.
        Therefore, use this for single mailboxes that a program depends on,
        selected with O(identities).
    type: bool
    default: false
    version_added: 1.0.0
notes:
  - Mailboxes belong to the organization. O(server) only decides where the cmdlets run and which version applies.
  - Exchange looks for mailboxes only in the domain of its server, even with O(filter) and O(exclusive). For mailboxes
    of another domain, set O(domain_controller) to a domain controller of that domain.
  - The roles P(mailops.exchange.pop3#role), P(mailops.exchange.imap4#role), and
    P(mailops.exchange.application_mailbox#role) use this module.
seealso:
  - module: mailops.exchange.cas_mailbox_info
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.protocol_log_info
  - plugin: mailops.exchange.application_mailbox
    plugin_type: filter
  - name: Set-CASMailbox
    description: The cmdlet that this module uses.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-casmailbox
"""

EXAMPLES = r"""
- name: Enable POP3 for one user
  mailops.exchange.cas_mailbox:
    identities: [anna@contoso.com]
    pop_enabled: true

- name: Enable POP3 for the scanners, and disable it for everybody else
  mailops.exchange.cas_mailbox:
    identities:
      - scanner1@contoso.com
      - scanner2@contoso.com
    pop_enabled: true
    exclusive: true
    max_changes: 50

- name: Disable POP3 and IMAP4 for room mailboxes
  mailops.exchange.cas_mailbox:
    filter: "Name -like 'Room*'"
    pop_enabled: false
    imap_enabled: false

- name: Deliver plain text to a program that understands nothing else
  mailops.exchange.cas_mailbox:
    identities: [tickets@contoso.com]
    pop_use_protocol_defaults: false
    pop_messages_retrieval_mime_format: TextOnly

- name: Allow only POP3 for the mailbox of a program
  mailops.exchange.cas_mailbox:
    identities: [tickets@contoso.com]
    pop_enabled: true
    imap_enabled: false
    owa_enabled: false
    active_sync_enabled: false
    mapi_enabled: false
    ews_enabled: false

- name: Allow one program to use Exchange Web Services as well
  mailops.exchange.cas_mailbox:
    identities: [tickets@contoso.com]
    ews_enabled: true
    ews_application_access_policy: EnforceAllowList
    ews_allow_list:
      add: ["Tickets/*"]
"""

RETURN = r"""
matched:
  description: The number of mailboxes that O(identities) or O(filter) selects.
  returned: success, or when O(max_changes) is exceeded, or when mailboxes could not be changed
  type: int
  sample: 2
mailboxes:
  description:
    - The addresses of the mailboxes that were changed, as reading them back shows. In check mode, or if O(max_changes)
      is exceeded, those that would be changed.
  returned: success, or when O(max_changes) is exceeded, or when mailboxes could not be changed
  type: list
  elements: str
  sample: [anna@contoso.com]
failed_mailboxes:
  description: The mailboxes that could not be changed, each with Exchange's message or the reason why it was not tried.
  returned: success, or when mailboxes could not be changed
  type: list
  elements: dict
  sample:
    - mailbox: bert@contoso.com
      message: "Set-CASMailbox failed: Insufficient access rights to perform the operation."
cmdlets:
  description:
    - The cmdlets sent to change something, with their parameters and the number of mailboxes piped into them. In check
      mode, those that would be sent.
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
    - The changed settings before and after, by mailbox and option name, for at most 100 of the changed mailboxes.
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
