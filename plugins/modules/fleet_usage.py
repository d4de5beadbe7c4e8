#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_usage
short_description: Read who uses the protocols, for the report on all servers
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - Reads who uses the protocols for the playbook C(mailops.exchange.report). It is not intended for use elsewhere; use
    M(mailops.exchange.protocol_log_info), which it runs, and which returns more details, such as days and addresses.
  - The result contains names of users, so set C(no_log).
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
options:
  protocols:
    description: The same as for M(mailops.exchange.protocol_log_info).
    type: list
    elements: str
    choices: [pop3, imap4]
    default: [pop3, imap4]
  since:
    description: The same as for M(mailops.exchange.protocol_log_info).
    type: str
  server:
    description: The same as for M(mailops.exchange.protocol_log_info).
    type: str
  domain_controller:
    description: The same as for M(mailops.exchange.protocol_log_info).
    type: str
seealso:
  - module: mailops.exchange.protocol_log_info
  - module: mailops.exchange.fleet_report
"""

EXAMPLES = r"""
- name: Read who uses the protocols
  mailops.exchange.fleet_usage:
    protocols: [pop3]
  register: report_logs
  no_log: true
"""

RETURN = r"""
protocols:
  description: The data from the logs for the report, by protocol, as docs/schemas/fleet_report-1.schema.json describes
    it.
  returned: success
  type: dict
"""
