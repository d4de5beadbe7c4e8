# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run of a role has changed, as a table."""

from __future__ import annotations

DOCUMENTATION = r"""
name: change_table
short_description: Show the changes of a role as a table
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Creates an aligned table of the differences that the roles report, with part, setting, value before, and value
    after.
  - A list has one line per entry, and a long text is wrapped.
positional: _input
options:
  _input:
    description: The C(differences) of C(client_access_report.pop3) or C(client_access_report.imap4).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what the role has changed
  ansible.builtin.debug:
    msg: "{{ client_access_report.pop3.differences | mailops.exchange.change_table }}"
"""

RETURN = r"""
_value:
  description:
    - The lines of the table, headings first. C(-) stands for a missing value.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.changes import table


def change_table(differences: Any) -> list[str]:
    """The changes as lines of a table."""
    try:
        return table(differences)
    except ValueError as error:
        raise AnsibleFilterError(f"change_table: {error}.") from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"change_table": change_table}
