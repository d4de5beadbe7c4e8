# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report of what differs, as a table."""

from __future__ import annotations

DOCUMENTATION = r"""
name: drift_table
short_description: Show a drift report as a table
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Creates a table from what P(mailops.exchange.drift_report#filter) returned.
positional: _input
options:
  _input:
    description: The report.
    type: dict
    required: true
seealso:
  - plugin: mailops.exchange.drift_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show a report that the drift playbook has written
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'drift.json') | from_json | mailops.exchange.drift_table }}"
"""

RETURN = r"""
_value:
  description: The lines of the table, headings first.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.drift import table


def drift_table(report: Any) -> list[str]:
    """The report as lines of a table."""
    try:
        return table(report)
    except ValueError as error:
        raise AnsibleFilterError(f"drift_table: {error}.") from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"drift_table": drift_table}
