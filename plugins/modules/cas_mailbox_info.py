#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: cas_mailbox_info
short_description: Return the access to mailboxes by POP3, IMAP4, and other clients
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Reads the settings that M(mailops.exchange.cas_mailbox) changes, for all mailboxes or for some, and groups mailboxes
    with the same settings. Nothing is changed.
  - Exchange's health mailboxes are left out.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
  - mailops.exchange.server
options:
  identities:
    description:
      - Read only these mailboxes, in any form that M(mailops.exchange.cas_mailbox) accepts. Without this and O(filter),
        all mailboxes are read.
    type: list
    elements: str
  filter:
    description:
      - Read only the mailboxes that match an OPATH filter, as for M(mailops.exchange.cas_mailbox).
    type: str
  other_clients:
    description:
      - Whether to read the access by other clients as well, such as Outlook on the web, Exchange ActiveSync, Outlook,
        and programs that use Exchange Web Services. For large numbers of mailboxes, this takes longer.
      - Settings that a version or update of Exchange does not show are left out.
    type: bool
    default: false
notes:
  - Exchange looks for mailboxes in the domain of its server. For mailboxes of another domain, set O(domain_controller)
    to a domain controller of that domain.
seealso:
  - module: mailops.exchange.cas_mailbox
  - plugin: mailops.exchange.adopted_variables
    plugin_type: filter
  - name: Get-CASMailbox
    description: The cmdlet that this module uses.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-casmailbox
"""

EXAMPLES = r"""
- name: Read the access to all mailboxes
  mailops.exchange.cas_mailbox_info:
  register: access

- name: Show who can use POP3
  ansible.builtin.debug:
    msg: >-
      {{ access.alike | selectattr('settings.pop_enabled') | map(attribute='mailboxes') | map('dict2items') | flatten
      | map(attribute='value') | sort }}

- name: Read the access to one mailbox
  mailops.exchange.cas_mailbox_info:
    identities: [anna@contoso.com]
"""

RETURN = r"""
server:
  description: Name of the Exchange server that ran the cmdlets.
  returned: success
  type: str
  sample: EX01
all:
  description: Whether all mailboxes in the domain of the server were read.
  returned: success
  type: bool
  sample: true
alike:
  description: The mailboxes, grouped by their settings.
  returned: success
  type: list
  elements: dict
  contains:
    settings:
      description:
        - Their settings, by the option names of M(mailops.exchange.cas_mailbox). Settings without effect, because the
          defaults of the protocol or another EWS policy apply, are left out.
      type: dict
      sample: {pop_enabled: true, pop_use_protocol_defaults: true, imap_enabled: true, imap_use_protocol_defaults: true}
    mailboxes:
      description: Their addresses, by their GUIDs, or by their distinguished names if Exchange shows no GUID.
      type: dict
      sample: {0c1d3b5e-8a55-4c1b-9f6a-2f4f0a7e2b11: anna@contoso.com}
not_found:
  description: The entries of O(identities) that do not identify a single mailbox, each with the reason.
  returned: success
  type: dict
  sample: {}
unreadable:
  description: The addresses of mailboxes that are left out because some of their settings cannot be read.
  returned: success
  type: list
  elements: str
  sample: []
cmdlets:
  description: Always empty, because nothing is changed.
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
