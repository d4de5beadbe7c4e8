#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_look
short_description: Read the state of a server for the report on all servers
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - Reads the state of a server for the playbook C(mailops.exchange.report), and for C(drift) and C(preflight) if they
    write a report. It is not intended for use elsewhere; use M(mailops.exchange.client_access_info), which it runs.
  - Also returns which settings are desired, by the names of the variables of the roles that are given for the host.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
options:
  protocols:
    description: The same as for M(mailops.exchange.client_access_info).
    type: list
    elements: str
    choices: [pop3, imap4]
    default: [pop3, imap4]
  gather:
    description: The same as for M(mailops.exchange.client_access_info).
    type: list
    elements: str
    default: [certificates, connectors]
  server:
    description: The same as for M(mailops.exchange.client_access_info).
    type: str
  domain_controller:
    description: The same as for M(mailops.exchange.client_access_info).
    type: str
  restart_tolerance:
    description: The same as for M(mailops.exchange.client_access_info).
    type: int
  expires_within_days:
    description: The same as for M(mailops.exchange.client_access_info).
    type: int
  probes:
    description: The C(pop3_probe) and C(imap4_probe) of the roles, by protocol, which determine the port of the host.
    type: dict
    default: {}
  ignore_findings:
    description:
      - Findings that are known and accepted, by the name of the variable that accepts them, in the form for
        P(mailops.exchange.open_findings#filter).
      - If the name of the variable begins with a protocol, it applies to the findings of this protocol.
    type: dict
    default: {}
  compare:
    description: Whether the roles will compare the server with the desired state.
    type: bool
    default: true
  look:
    description: What M(mailops.exchange.client_access_info) returned, if the server was read before.
    type: dict
"""

EXAMPLES = r"""
- name: Read the state of the server
  mailops.exchange.fleet_look:
    protocols: [pop3]
    ignore_findings:
      report_ignore: [loopback-not-bound]
  register: report_look
"""

RETURN = r"""
look:
  description: What M(mailops.exchange.client_access_info) returned.
  returned: success
  type: dict
given:
  description: The settings for which a value is given, by protocol.
  returned: always
  type: dict
  sample: {pop3: [login_type]}
accepted:
  description: The accepted findings, each with C(id), C(reason), C(until), and the C(protocol) or null.
  returned: always
  type: list
  elements: dict
read_at:
  description: When the server was read, in UTC.
  returned: success
  type: str
  sample: "2026-03-02T08:15:30Z"
"""
