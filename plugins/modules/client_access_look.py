#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: client_access_look
short_description: Read the state of a server before a role changes it
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - Reads the state of a server as the first task of the roles P(mailops.exchange.pop3#role) and
    P(mailops.exchange.imap4#role). It is not intended for use elsewhere; use M(mailops.exchange.client_access_info),
    which it runs.
  - It also compares the parts of the role that are listed in O(parts). If none of them has anything to change, the role
    does not run their tasks.
  - The task fails if the role cannot continue, because a variable is misspelled, the start mode does not match the
    state, a task file does not exist, or it cannot be read whether the server is in maintenance.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
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
  start_mode:
    description: The start mode that the role sets.
    type: str
    choices: [automatic, manual, disabled]
    default: automatic
  server:
    description: The same as for M(mailops.exchange.client_access_info).
    type: str
  domain_controller:
    description: The same as for M(mailops.exchange.client_access_info).
    type: str
  restart_tolerance:
    description: The same as for M(mailops.exchange.client_access_info).
    type: int
  gather:
    description: The same as for M(mailops.exchange.client_access_info).
    type: list
    elements: str
  tls_ports:
    description: The same as for M(mailops.exchange.client_access_info).
    type: dict
  managed:
    description: The parts of the role that run, and the settings that are given.
    type: list
    elements: str
    default: []
  parts:
    description: The parts of the role to compare, by the names of their task files. Each of these files has one task.
    type: list
    elements: str
    default: []
  ignore_findings:
    description: Findings that are known and accepted, in the form for P(mailops.exchange.open_findings#filter).
    type: raw
    default: []
  ignore_unknown_component:
    description: Whether the role continues if it cannot be read whether the server is in maintenance.
    type: bool
    default: false
  misspelled_variables:
    description:
      - Whether a variable of the host that looks like a misspelled variable of the role or of the connection is an
        error or a warning.
    type: str
    choices: [fail, warn]
    default: fail
  before_restart:
    description:
      - File with tasks to run before the restart. A relative path is relative to the playbook, or else to the folder in
        which C(ansible-playbook) is started.
    type: str
  after_restart:
    description: File with tasks to run after the restart.
    type: str
  report:
    description: What a role reported earlier in the play.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Read the state of the server
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
  description: The options that M(mailops.exchange.client_access_info) was given.
  returned: success
  type: dict
around:
  description: The absolute paths of O(before_restart) and O(after_restart), if given.
  returned: success
  type: dict
check_mode:
  description: Whether the role runs in check mode.
  returned: success
  type: bool
in_the_way:
  description: The findings that keep clients from being served and that this run cannot fix, each as a text.
  returned: success
  type: list
  elements: str
in_sync:
  description:
    - What the module of each part in O(parts) returned in check mode with the options of its task, if none of them has
      anything to change.
    - It is empty if one of them would change something or fails, if the server is in maintenance, if the preflight will
      stop the role, or if there are C(module_defaults). The tasks of the parts read the server for themselves then.
  returned: success
  type: dict
pop3:
  description: The report of the role for POP3, before anything is changed.
  returned: when O(protocol=pop3)
  type: dict
  contains: &report
    server:
      description: Name of the Exchange server.
      type: str
    maintenance:
      description: Whether it is in maintenance, so that the role skips it.
      type: bool
    restart:
      description: Whether a restart was pending before the run, why, and until when this is uncertain.
      type: dict
    differences:
      description: What each part changed, or in check mode would change.
      type: dict
    unknown:
      description: The parts that could not be compared, each with the reason.
      type: dict
imap4:
  description: The same for IMAP4.
  returned: when O(protocol=imap4)
  type: dict
  contains: *report
"""
