#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_look
short_description: Look at a server for the report on all of them
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - A task of the playbook C(mailops.exchange.report), and of C(drift) and C(preflight) where they write a report. Not
    meant to be used elsewhere; M(mailops.exchange.client_access_info), which it runs, looks at a server.
  - Says besides what is desired of the server, by the names of the variables of the roles that are given for the host.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
options:
  protocols:
    description: As for M(mailops.exchange.client_access_info).
    type: list
    elements: str
    choices: [pop3, imap4]
    default: [pop3, imap4]
  gather:
    description: As for M(mailops.exchange.client_access_info).
    type: list
    elements: str
    default: [certificates, connectors]
  server:
    description: As for M(mailops.exchange.client_access_info).
    type: str
  domain_controller:
    description: As for M(mailops.exchange.client_access_info).
    type: str
  restart_tolerance:
    description: As for M(mailops.exchange.client_access_info).
    type: int
  expires_within_days:
    description: As for M(mailops.exchange.client_access_info).
    type: int
  probes:
    description: By protocol, what the role is given for its probe, by which the port is known that the host serves.
    type: dict
    default: {}
  ignore_findings:
    description:
      - By the name of a variable, the findings that are known and accepted by it, as
        P(mailops.exchange.open_findings#filter) takes them.
      - Those of a variable whose name begins with a protocol are for the findings that this protocol has.
    type: dict
    default: {}
  compare:
    description: Whether roles will compare the server with what is desired of it.
    type: bool
    default: true
  look:
    description: What M(mailops.exchange.client_access_info) returned, if the server was looked at before.
    type: dict
"""

EXAMPLES = r"""
- name: Look at the server
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
  description: By protocol of which something is desired, its settings for which a value is given.
  returned: always
  type: dict
  sample: {pop3: [login_type]}
accepted:
  description: The accepted findings, each with C(id), C(reason), C(until) and the C(protocol) or null.
  returned: always
  type: list
  elements: dict
read_at:
  description: When the server was looked at, in UTC.
  returned: success
  type: str
  sample: "2026-03-02T08:15:30Z"
"""
