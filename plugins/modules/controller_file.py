#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: controller_file
short_description: Write a text file on the controller
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - Writes a text file on the controller atomically, and creates its folder. An existing file with other content is not
    changed, unless O(existing) allows it.
  - The host of the task is not used. The module needs no connection and no delegation to C(localhost), and ignores the
    connection, the shell, and C(become) of the host.
  - It never writes inside a collection, where other modules write the files of a playbook in a collection.
attributes:
  check_mode:
    description: Can run in check mode and report what would change, without writing anything.
    support: full
  diff_mode:
    description: Returns the text before and after. The text before is shown unchanged, including any secrets in it.
    support: full
  idempotent:
    description: Running the module again with the same options changes nothing.
    support: full
  platform:
    description: The operating system of the controller, where the file is written.
    platforms: posix
    support: full
options:
  path:
    description:
      - The file. A relative path is relative to the folder in which C(ansible-playbook) is started.
      - Symbolic links are followed.
    type: path
    required: true
  content:
    description:
      - The text. A dictionary or a list is written as JSON.
      - Without it, nothing is written, and the task fails if the file could not be written.
    type: raw
  existing:
    description:
      - What to do if a file with other content exists.
      - V(refuse) fails, in check mode too. V(backup) keeps the old file next to the new one, with a name from which
        Ansible does not load variables. V(replace) does not keep it.
      - The new file gets the owner and the mode of the old one, if this is permitted.
    type: str
    choices: [refuse, backup, replace]
    default: refuse
"""

EXAMPLES = r"""
- name: Make sure that the report can be written
  mailops.exchange.controller_file:
    path: reports/pop3.json
    existing: replace

- name: Read the state of POP3
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
    - What existed before, V(absent), V(same), or V(different). Without O(content), it is V(absent) or V(present).
  returned: success
  type: str
  sample: absent
backup_file:
  description: The backup of the old file. It is null if there is none.
  returned: success
  type: str
  sample: /home/anna/reports/pop3.json.2026-03-02T081530.123456~
"""
