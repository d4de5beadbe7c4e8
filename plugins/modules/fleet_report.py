#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_report
short_description: Write the report on all servers as an HTML page and as JSON
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - Writes one report on the hosts of a play, from the results of M(mailops.exchange.fleet_look) and of the roles in
    check mode, or merges several reports. The report is a self-contained HTML page, the same as JSON next to it, and
    optionally JUnit XML for pipelines.
  - The playbook C(mailops.exchange.report) uses it, and so do C(drift) and C(preflight) if they write a report.
  - All files are prepared before any of them is written. If one of them cannot be written, the task fails and writes
    nothing. Existing files are replaced, unless the file in place of the JSON is not a report.
  - The hosts are not used. The module needs no connection and no delegation to C(localhost).
attributes:
  check_mode:
    description: Can run in check mode. It then prepares the report and writes nothing.
    support: full
  diff_mode:
    description: Returns no difference between the files. The report itself shows what has changed.
    support: none
  idempotent:
    description: Each report contains the time at which it is written.
    support: none
  platform:
    description: The operating system of the controller, where the files are written.
    platforms: posix
    support: full
options:
  file:
    description:
      - The page, with a name that ends in C(.html). The JSON has the same name with C(.json).
      - A relative path is relative to the folder in which C(ansible-playbook) is started.
    type: path
    required: true
  junit:
    description: The JUnit XML file to write for pipelines.
    type: path
  previous:
    description:
      - The JSON of a report to compare this one with. The default is the existing JSON with the same name.
    type: path
  from:
    description:
      - The JSON of the reports to merge, as a list of paths or as comma-separated text. If a server is in more than one
        of them, the latest data is used.
    type: raw
  hosts:
    description:
      - The hosts to report on, C(ansible_play_hosts_all). Without this and O(from), nothing is written, and the task
        fails if a file could not be written.
    type: list
    elements: str
  reached:
    description: The hosts that can be reached, C(ansible_play_hosts).
    type: list
    elements: str
    default: []
  protocols:
    description: The protocols that were read.
    type: list
    elements: str
    choices: [pop3, imap4]
  looks:
    description:
      - Names of variables of each host. The first one that is not empty contains what M(mailops.exchange.fleet_look)
        returned, or the result of another task that failed.
    type: list
    elements: str
    default: [report_look]
  failure:
    description: The name of the variable of each host that says why it could not be compared.
    type: str
    default: report_failure
  expires_within_days:
    description: The value for M(mailops.exchange.fleet_look). It is only checked here, before any server is read.
    type: int
  fail:
    description: Whether the playbook fails if something needs action. It is only checked here.
    type: bool
  ignore_findings:
    description: The accepted findings for M(mailops.exchange.fleet_look). They are only checked here, before any server
      is read.
    type: raw
    default: []
  usage:
    description:
      - Whether to show who uses the protocols. The variable C(report_logs) of each host then contains what
        M(mailops.exchange.fleet_usage) returned, and the page and its JSON contain names of users.
      - With O(from), this is shown if one of the reports contains it.
    type: bool
    default: false
  usage_since:
    description: The value for M(mailops.exchange.fleet_usage). It is only checked here, before any server is read.
    type: str
  usage_allowed:
    description:
      - The mailboxes that should keep the protocols, each by the name with which its user authenticates or by its
        address, as a list or as comma-separated text. The report names the users who are not among them.
    type: raw
seealso:
  - module: mailops.exchange.fleet_look
  - module: mailops.exchange.fleet_usage
"""

EXAMPLES = r"""
- name: Merge the reports of the slices of a job
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
  description: The JUnit XML file, as an absolute path, or null.
  returned: success
  type: str
  sample: null
summary:
  description: The C(summary) of the report. It is null if nothing was written.
  returned: success
  type: dict
  sample: {state: differs, sentence: "2 of 12 servers differ, 3 findings need action"}
"""
