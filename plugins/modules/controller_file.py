#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: controller_file
short_description: Write a text file where ansible-playbook runs
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - Writes a file on the controller, at once or not at all, and creates its folder. A file that holds something else is
    left alone unless O(existing) allows more.
  - The host of the task has no part in it. It needs no connection and no delegation to C(localhost), and the host's
    connection, shell and C(become) do not matter.
  - Nothing is ever written inside a collection, where other modules put the files of a playbook that comes with one.
attributes:
  check_mode:
    description: Can run in check mode and tell what would change, without writing anything.
    support: full
  diff_mode:
    description: Returns the text before and after. The text before is shown as it is, with the secrets it may have.
    support: full
  idempotent:
    description: When run again with the same options, nothing is changed.
    support: full
  platform:
    description: Where the file is written, which is the controller.
    platforms: posix
    support: full
options:
  path:
    description:
      - The file. A relative path is relative to the folder in which C(ansible-playbook) was started.
      - Symbolic links are followed.
    type: path
    required: true
  content:
    description:
      - The text. A dictionary or a list is written as JSON.
      - Without it nothing is written, and the task fails if the file could not be.
    type: raw
  existing:
    description:
      - What to do if there is a file that holds something else.
      - V(refuse) fails, in check mode too. V(backup) keeps it unchanged beside the new one, by a name of which Ansible
        loads no variables. V(replace) keeps nothing.
      - The new file has the owner and the mode of the old one, as far as that is allowed.
    type: str
    choices: [refuse, backup, replace]
    default: refuse
"""

EXAMPLES = r"""
- name: Make sure that the report can be written before it is made
  mailops.exchange.controller_file:
    path: reports/pop3.json
    existing: replace

- name: Look at the server
  mailops.exchange.client_access_info:
    protocols: [pop3]
  register: info

- name: Write the report
  mailops.exchange.controller_file:
    path: reports/pop3.json
    content: "{{ info.pop3 }}"
    existing: replace
"""

RETURN = r"""
path:
  description: The file, as an absolute path.
  returned: success
  type: str
  sample: /home/anna/reports/pop3.json
found:
  description:
    - What was there before, V(absent), V(same) or V(different). Without O(content) it is V(absent) or V(present).
  returned: success
  type: str
  sample: absent
backup_file:
  description: What was there before, if it was kept; otherwise null.
  returned: success
  type: str
  sample: /home/anna/reports/pop3.json.2026-03-02T081530.123456~
"""
