# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The comparison of servers as a filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: server_differences
short_description: Find differences between Exchange servers that should be configured alike
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Compares what M(mailops.exchange.client_access_info) returned for several servers, and returns a finding for each
    difference in build, settings, services, or client submission connector.
  - The name of the server itself is not a difference. It is shown as C(<server>).
  - What a server does not have, or what was not read, is not compared.
positional: _input
options:
  _input:
    description: Results of M(mailops.exchange.client_access_info), one for each server.
    type: list
    elements: dict
    required: true
seealso:
  - module: mailops.exchange.client_access_info
"""

EXAMPLES = r"""
- name: Read the state of each server
  mailops.exchange.client_access_info:
  register: info

- name: Show the differences
  ansible.builtin.debug:
    msg: >-
      {{ ansible_play_hosts | map('extract', hostvars, 'info') | list
         | mailops.exchange.server_differences | map(attribute='found') }}
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - The differences, in the form of RV(mailops.exchange.client_access_info#module:findings). Their C(id) is
      V(servers-differ), or V(server-builds-differ) for the build.
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.comparison import differences


def server_differences(results: Any) -> list[dict[str, Any]]:
    """What is not the same on all servers."""
    try:
        return [finding.shown() for finding in differences(results)]
    except ValueError as error:
        raise AnsibleFilterError(f"server_differences: {error}.") from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"server_differences": server_differences}
