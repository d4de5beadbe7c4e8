#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: client_access_look
short_description: Look at a server before a role changes it
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - The first task of the roles P(mailops.exchange.pop3#role) and P(mailops.exchange.imap4#role). Not meant to be used
    elsewhere; M(mailops.exchange.client_access_info), which it runs, looks at a server.
  - Fails where the role would not go on, which is at a misspelt variable, at a start mode that does not go with the
    state, at a file of tasks that is not there, and where it cannot be read whether the server is in maintenance.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
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
  start_mode:
    description: How the role has the services start.
    type: str
    choices: [automatic, manual, disabled]
    default: automatic
  server:
    description: As for M(mailops.exchange.client_access_info).
    type: str
  domain_controller:
    description: As for M(mailops.exchange.client_access_info).
    type: str
  restart_tolerance:
    description: As for M(mailops.exchange.client_access_info).
    type: int
  gather:
    description: As for M(mailops.exchange.client_access_info).
    type: list
    elements: str
  tls_ports:
    description: As for M(mailops.exchange.client_access_info).
    type: dict
  managed:
    description: The parts of the run, and the settings that are given.
    type: list
    elements: str
    default: []
  ignore_findings:
    description: Findings that are known and accepted, as P(mailops.exchange.open_findings#filter) takes them.
    type: raw
    default: []
  ignore_unknown_component:
    description: Whether the role goes on where it cannot be read whether the server is in maintenance.
    type: bool
    default: false
  misspelt_variables:
    description:
      - What becomes of a variable of the host that looks like one of the role's or of the connection's and is none.
    type: str
    choices: [fail, warn]
    default: fail
  before_restart:
    description:
      - File with tasks for before the restart. If the path is relative, it is relative to the playbook, or else to the
        folder in which C(ansible-playbook) is started.
    type: str
  after_restart:
    description: The same for after the restart.
    type: str
  report:
    description: What a role has reported earlier in the play.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Look at the server
  mailops.exchange.client_access_look:
    protocol: pop3
    managed: [services, restart, banner]
  register: client_access_report
"""

RETURN = r"""
look:
  description: What M(mailops.exchange.client_access_info) returned.
  returned: success
  type: dict
asked:
  description: The options that it was given.
  returned: success
  type: dict
around:
  description: The absolute paths of O(before_restart) and O(after_restart), as far as they are given.
  returned: success
  type: dict
check_mode:
  description: Whether the role only tells what it would do.
  returned: success
  type: bool
in_the_way:
  description: The findings that keep clients from being served and that the run would not put right, each as a text.
  returned: success
  type: list
  elements: str
pop3:
  description: What the role reports for POP3. It has changed nothing so far.
  returned: when O(protocol=pop3)
  type: dict
  contains: &report
    server:
      description: Name of the Exchange server.
      type: str
    maintenance:
      description: Whether it is in maintenance, in which the role leaves it alone.
      type: bool
    restart:
      description: Whether a restart was owed before the run, why, and until when that is not certain.
      type: dict
    differences:
      description: What each part changed, or in check mode would change.
      type: dict
    unknown:
      description: By part that could not be compared, why.
      type: dict
imap4:
  description: The same for IMAP4.
  returned: when O(protocol=imap4)
  type: dict
  contains: *report
"""
