#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: client_access_restore
short_description: Bring a server, or mailboxes, back to what a file has
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - The task of the playbook C(mailops.exchange.restore). It takes a file that the playbook C(mailops.exchange.adopt)
    has written and runs M(mailops.exchange.receive_connector), M(mailops.exchange.pop_settings),
    M(mailops.exchange.imap_settings), M(mailops.exchange.exchange_certificate) and
    M(mailops.exchange.protocol_service) with what is in it. If services that go on running need a restart for it,
    they are restarted.
  - For a file with mailboxes it runs M(mailops.exchange.cas_mailbox) for those that differ. Mailboxes that are not in
    the file are not touched.
  - Only the file counts. The variables of the roles in the inventory do not.
  - A file of another server or of another version of Exchange, and one with a value that no task takes, fails before
    anything is changed.
  - If one part fails, the others are brought back all the same, and the task fails at its end.
  - A server in maintenance is left alone.
extends_documentation_fragment:
  - mailops.exchange.attributes
attributes:
  diff_mode:
    description: Returns the differences of the modules that it runs, as a list.
    support: full
options:
  path:
    description:
      - The file, on the controller. A relative path is relative to the folder in which C(ansible-playbook) was started.
    type: path
    required: true
  protocols:
    description:
      - Only these protocols. If not given, it is those that the file has. The connector is brought back with any of
        them.
    type: list
    elements: str
    choices: [pop3, imap4]
  only_verify:
    description: Only make sure that the file can be taken, and is of this server.
    type: bool
    default: false
  ignore_unknown_component:
    description: Whether to go on where it cannot be read whether the server is in maintenance.
    type: bool
    default: false
  server:
    description: As for M(mailops.exchange.client_access_info).
    type: str
  domain_controller:
    description: As for M(mailops.exchange.client_access_info).
    type: str
seealso:
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.cas_mailbox_info
  - plugin: mailops.exchange.adopted_variables
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Bring the server back to how it was
  mailops.exchange.client_access_restore:
    path: "before/{{ inventory_hostname }}.yml"
  register: restored

- name: Say what could not be brought back
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
  description: What was done, in its order.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: V(connector), V(settings), V(certificate), V(services), V(restart) or V(mailboxes).
      type: str
      sample: settings
    protocol:
      description: V(pop3) or V(imap4); null for mailboxes.
      type: str
      sample: pop3
    changed:
      description: Whether it has changed something, or in check mode would.
      type: bool
      sample: true
left:
  description: A sentence each on what is not brought back.
  returned: always
  type: list
  elements: str
  sample: []
diff:
  description: The differences of what has changed.
  returned: always
  type: list
  elements: dict
  sample:
    - before_header: POP3 settings of EX01
      after_header: POP3 settings of EX01
      before: {banner: New}
      after: {banner: Old}
"""
