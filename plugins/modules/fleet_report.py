#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_report
short_description: Write the report on all servers, as a page and as JSON
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - A task of the playbook C(mailops.exchange.report), and of C(drift) and C(preflight) where they write a report.
  - Makes one report of what M(mailops.exchange.fleet_look) and the roles in check mode found out about the hosts of a
    play, or of several reports. Writes it as one HTML file that needs nothing else, beside it as JSON, and for
    pipelines as JUnit's XML if you like.
  - All files are made before one of them is written, and the task fails without writing if one of them cannot be. What
    they held is replaced, unless what lies where the JSON belongs is not a report.
  - The hosts have no part in it. It needs no connection and no delegation to C(localhost).
attributes:
  check_mode:
    description: Can run in check mode. Then it makes the report and writes nothing.
    support: full
  diff_mode:
    description: Shows no difference between the files, the report itself says what has changed.
    support: none
  idempotent:
    description: Each report has its own time in it.
    support: none
  platform:
    description: Where the files are written, which is the controller.
    platforms: posix
    support: full
options:
  file:
    description:
      - The page, whose name ends in C(.html). Its JSON has the same name with C(.json).
      - A relative path is relative to the folder in which C(ansible-playbook) was started.
    type: path
    required: true
  junit:
    description: The file for pipelines, if one is to be written.
    type: path
  previous:
    description:
      - The JSON of a report with which this one is compared. If not given, that of the same name, if there is one.
    type: path
  from:
    description:
      - The JSON of several reports, of which one is made. Of a server that is in more than one of them counts what was
        read last. A list of paths, or a text with commas between them.
    type: raw
  hosts:
    description:
      - The hosts to report on, C(ansible_play_hosts_all). Without it and without O(from) nothing is written, and the
        task fails if a file could not be.
    type: list
    elements: str
  reached:
    description: Those of them that have not been lost, C(ansible_play_hosts).
    type: list
    elements: str
    default: []
  protocols:
    description: The protocols that were looked at.
    type: list
    elements: str
    choices: [pop3, imap4]
  looks:
    description:
      - Names of variables of each host; the first one that is not empty holds what M(mailops.exchange.fleet_look)
        returned, or another task that has failed.
    type: list
    elements: str
    default: [report_look]
  failure:
    description: Name of the variable of each host that says why it could not be compared.
    type: str
    default: report_failure
  expires_within_days:
    description: What M(mailops.exchange.fleet_look) is given. Checked here too, before any server is asked.
    type: int
  fail:
    description: Whether the playbook ends with an error if something needs action. Only checked here.
    type: bool
  ignore_findings:
    description: What M(mailops.exchange.fleet_look) is given as accepted. Checked here too, before any server is asked.
    type: raw
    default: []
  usage:
    description:
      - Whether it is shown who uses the protocols. Then the variable C(report_logs) of each host holds what
        M(mailops.exchange.fleet_usage) returned, and the page and its JSON have names of users.
      - Of other reports, as with O(from), it is shown if one of them has it.
    type: bool
    default: false
  usage_since:
    description: What M(mailops.exchange.fleet_usage) is given. Checked here, before any server is asked.
    type: str
  usage_allowed:
    description:
      - The mailboxes that are to keep the protocols, each as its user logs on or by its address; the report names the
        users that are not among them. A list, or a text with commas between them.
    type: raw
seealso:
  - module: mailops.exchange.fleet_look
  - module: mailops.exchange.fleet_usage
"""

EXAMPLES = r"""
- name: Make one report of the slices of a job
  mailops.exchange.fleet_report:
    file: exchange.html
    from: [slice1.json, slice2.json]
"""

RETURN = r"""
file:
  description: The page, as an absolute path.
  returned: success
  type: str
  sample: /home/anna/exchange.html
json:
  description: The JSON, as an absolute path.
  returned: success
  type: str
  sample: /home/anna/exchange.json
junit:
  description: The file for pipelines, as an absolute path, or null.
  returned: success
  type: str
  sample: null
summary:
  description: The C(summary) of the report; null if only the files were looked at.
  returned: success
  type: dict
  sample: {state: differs, sentence: "2 of 12 servers differ, 3 findings need action"}
"""
