#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: client_access_restore
short_description: Restore the settings of a server, or of mailboxes, from a file
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - Restores a server, or mailboxes, from a file that the playbook C(mailops.exchange.adopt) has written. The playbook
    C(mailops.exchange.restore) uses it. It runs M(mailops.exchange.receive_connector),
    M(mailops.exchange.pop_settings), M(mailops.exchange.imap_settings), M(mailops.exchange.exchange_certificate), and
    M(mailops.exchange.protocol_service) with the values in the file. Running services that need a restart afterwards
    are restarted.
  - If the file contains mailboxes, it runs M(mailops.exchange.cas_mailbox) for those that differ. Mailboxes that are
    not in the file are not changed.
  - Only the values in the file are used, not the variables of the roles in the inventory.
  - If the file belongs to another server or to another version of Exchange, or has an invalid value, the task fails
    before anything is changed.
  - If one part fails, the others are still restored, and the task fails at the end.
  - A server in maintenance is skipped.
extends_documentation_fragment:
  - mailops.exchange.attributes
attributes:
  diff_mode:
    description: Returns the differences of the modules that it runs, as a list.
    support: full
options:
  path:
    description:
      - The file on the controller. A relative path is relative to the folder in which C(ansible-playbook) is started.
    type: path
    required: true
  protocols:
    description:
      - The protocols to restore. The default is all protocols in the file. The connector is restored with any of them.
    type: list
    elements: str
    choices: [pop3, imap4]
  only_verify:
    description: Whether to only check that the file is valid and belongs to this server.
    type: bool
    default: false
  ignore_unknown_component:
    description: Whether to continue if it cannot be read whether the server is in maintenance.
    type: bool
    default: false
  server:
    description: The same as for M(mailops.exchange.client_access_info).
    type: str
  domain_controller:
    description: The same as for M(mailops.exchange.client_access_info).
    type: str
seealso:
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.cas_mailbox_info
  - plugin: mailops.exchange.adopted_variables
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Restore the server
  mailops.exchange.client_access_restore:
    path: "before/{{ inventory_hostname }}.yml"
  register: restored

- name: Show what could not be restored
  ansible.builtin.debug:
    var: restored.left
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: once it is known
  type: str
  sample: EX01
parts:
  description: What was done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: V(connector), V(settings), V(certificate), V(services), V(restart), or V(mailboxes).
      type: str
      sample: settings
    protocol:
      description: V(pop3) or V(imap4). It is null for mailboxes.
      type: str
      sample: pop3
    changed:
      description: Whether it changed something, or in check mode would change something.
      type: bool
      sample: true
left:
  description: What is not restored, one sentence each.
  returned: always
  type: list
  elements: str
  sample: []
diff:
  description: The differences.
  returned: always
  type: list
  elements: dict
  sample:
    - before_header: POP3 settings of EX01
      after_header: POP3 settings of EX01
      before: {banner: New}
      after: {banner: Old}
"""
