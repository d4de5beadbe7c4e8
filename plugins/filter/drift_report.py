# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which servers differ from what is desired, as a report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: drift_report
short_description: Report how servers are out of sync
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Creates one report from what the roles P(mailops.exchange.pop3#role) and P(mailops.exchange.imap4#role) reported in
    check mode for each host of a play, in C(client_access_report).
  - The variable C(drift_failure) of a host says why it could not be compared.
positional: _input, hosts, reached, protocols
options:
  _input:
    description: C(hostvars).
    type: dict
    required: true
  hosts:
    description: The hosts to report on, C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  reached:
    description: The hosts that can be reached, C(ansible_play_hosts).
    type: list
    elements: str
    required: true
  protocols:
    description: The protocols to compare.
    type: list
    elements: str
    choices: [pop3, imap4]
    required: true
seealso:
  - plugin: mailops.exchange.drift_table
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which servers are out of sync
  ansible.builtin.debug:
    msg: >-
      {{ hostvars | mailops.exchange.drift_report(ansible_play_hosts_all, ansible_play_hosts, ['pop3'])
         | mailops.exchange.drift_table }}
  run_once: true
"""

RETURN = r"""
_value:
  description: The report, which the playbook C(mailops.exchange.drift) writes as JSON.
  type: dict
  contains:
    servers:
      description:
        - For each host, its name as C(host), its C(state), the C(failure) or null, and what the role reported as
          C(protocols).
        - The C(state) is V(in_sync), V(differs), V(restart_possible), V(restart_unknown), V(certificate_unknown),
          V(maintenance), V(failed), or V(unreachable).
      type: dict
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.drift import report


def drift_report(
    facts: Any, hosts: Sequence[str], reached: Collection[str], protocols: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The report on the hosts of a play."""
    try:
        return report(facts, hosts, reached, protocols)
    except ValueError as error:
        raise AnsibleFilterError(f"drift_report: {error}.") from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"drift_report": drift_report}
