#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: client_access_verification
short_description: Verify that a server is in the state that a role sets
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - Verifies the state of a server as the last task of the roles P(mailops.exchange.pop3#role) and
    P(mailops.exchange.imap4#role). It is not intended for use elsewhere; use M(mailops.exchange.client_access_info) and
    M(mailops.exchange.mail_probe), which it runs.
  - If anything is out of sync, the task fails and names everything in one sentence. Other findings are warnings.
  - If nothing was changed, the state from the start of the role is used, and the server is not read again.
  - In check mode, a part is verified only if it would change nothing. Findings and the connection are checked only if
    no part would change anything.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
attributes:
  action_group:
    description: The module has none of the options of the group.
    support: none
options:
  protocol:
    description: The protocol that the role manages.
    type: str
    choices: [pop3, imap4]
    required: true
  state:
    description: The state that the role sets.
    type: str
    choices: [present, absent]
    default: present
  before:
    description: What M(mailops.exchange.client_access_look) returned.
    type: dict
    required: true
  results:
    description: What the parts of the role returned, by part.
    type: dict
    required: true
  failure:
    description: Why a part of the role failed. The task then fails with this message.
    type: str
    default: ""
  managed:
    description: The parts of the role that run, and the settings that are given.
    type: list
    elements: str
    default: []
  ignore_findings:
    description: Findings that are known and accepted, in the form for P(mailops.exchange.open_findings#filter).
    type: raw
    default: []
  probe:
    description: Options of M(mailops.exchange.mail_probe), to test the protocol as a mail program would use it.
    type: dict
"""

EXAMPLES = r"""
- name: Verify the state of the server
  mailops.exchange.client_access_verification:
    protocol: pop3
    before: "{{ client_access_report }}"
    results:
      settings: "{{ settings }}"
    managed: [services, restart, banner]
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: success
  type: str
  sample: EX01
probe:
  description: What M(mailops.exchange.mail_probe) returned, or null if it did not run.
  returned: success
  type: dict
"""
