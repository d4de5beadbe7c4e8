#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: cas_mailbox_info
short_description: Tell what POP3, IMAP4 and other clients may do with mailboxes
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Reads what M(mailops.exchange.cas_mailbox) changes, of all mailboxes or of some, and puts together those that are
    alike. Nothing is changed.
  - Exchange's own health mailboxes are left out.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
  - mailops.exchange.server
options:
  identities:
    description:
      - Only these mailboxes, in any form that M(mailops.exchange.cas_mailbox) takes. With neither this nor O(filter)
        all mailboxes are read.
    type: list
    elements: str
  filter:
    description:
      - Only the mailboxes by a condition in Exchange's filter language OPATH, as for M(mailops.exchange.cas_mailbox).
    type: str
  other_clients:
    description:
      - Whether to read also what other clients may do, such as Outlook on the web, Exchange ActiveSync, Outlook and
        programs that use Exchange Web Services. Of very many mailboxes that takes longer.
      - What a version or update of Exchange does not show is left out.
    type: bool
    default: false
notes:
  - Exchange looks for mailboxes in the domain of its server. Give one of the controllers of another domain as
    O(domain_controller) for the mailboxes of that domain.
seealso:
  - module: mailops.exchange.cas_mailbox
  - plugin: mailops.exchange.adopted_variables
    plugin_type: filter
  - name: Get-CASMailbox
    description: The cmdlet behind this module.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-casmailbox
"""

EXAMPLES = r"""
- name: Look at all mailboxes
  mailops.exchange.cas_mailbox_info:
  register: access

- name: Say who can use POP3
  ansible.builtin.debug:
    msg: >-
      {{ access.alike | selectattr('settings.pop_enabled') | map(attribute='mailboxes') | map('dict2items') | flatten
      | map(attribute='value') | sort }}

- name: Look at one
  mailops.exchange.cas_mailbox_info:
    identities: [anna@contoso.com]
"""

RETURN = r"""
server:
  description: Name of the Exchange server that was asked.
  returned: success
  type: str
  sample: EX01
all:
  description: Whether all mailboxes of the server's domain were read.
  returned: success
  type: bool
  sample: true
alike:
  description: Mailboxes that are alike, together.
  returned: success
  type: list
  elements: dict
  contains:
    settings:
      description:
        - What they may do, by the option names of M(mailops.exchange.cas_mailbox). Settings that do not count, because
          the protocol's defaults are used or another EWS policy, are left out.
      type: dict
      sample: {pop_enabled: true, pop_use_protocol_defaults: true, imap_enabled: true, imap_use_protocol_defaults: true}
    mailboxes:
      description: Their addresses, by their GUIDs, or by their distinguished names if Exchange shows no GUID.
      type: dict
      sample: {0c1d3b5e-8a55-4c1b-9f6a-2f4f0a7e2b11: anna@contoso.com}
not_found:
  description: By those of O(identities) that are not one mailbox's, why.
  returned: success
  type: dict
  sample: {}
unreadable:
  description: The addresses of mailboxes that are left out, because not all of their settings can be read.
  returned: success
  type: list
  elements: str
  sample: []
cmdlets:
  description: Always empty, nothing is written.
  returned: always
  type: list
  elements: dict
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_info import MailboxAccessInfo
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(MailboxAccessInfo)


if __name__ == "__main__":
    main()
