#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: client_access_verification
short_description: Verify that a server is as a role was to make it
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - The last task of the roles P(mailops.exchange.pop3#role) and P(mailops.exchange.imap4#role). Not meant to be used
    elsewhere; it runs M(mailops.exchange.client_access_info) and M(mailops.exchange.mail_probe).
  - Fails in one sentence that names everything that is not as it should be. Other findings are warnings.
  - Where nothing was changed the look from the beginning of the role shows how the server is.
  - In check mode a part is verified only where nothing was left to do for it, and findings and the probe only where
    nothing was left to do at all.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
attributes:
  action_group:
    description: It has none of the options of the group.
    support: none
options:
  protocol:
    description: The protocol that the role is for.
    type: str
    choices: [pop3, imap4]
    required: true
  state:
    description: What the role makes of it.
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
    description: Why a part of the role failed, with which the task then fails, or nothing.
    type: str
    default: ""
  managed:
    description: The parts of the run, and the settings that are given.
    type: list
    elements: str
    default: []
  ignore_findings:
    description: Findings that are known and accepted, as P(mailops.exchange.open_findings#filter) takes them.
    type: raw
    default: []
  probe:
    description: Options of M(mailops.exchange.mail_probe), to see what a mail program sees.
    type: dict
"""

EXAMPLES = r"""
- name: Verify
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
  description: What M(mailops.exchange.mail_probe) returned, or null if nothing was probed.
  returned: success
  type: dict
"""
