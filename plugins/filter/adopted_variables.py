# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables that reproduce a server."""

from __future__ import annotations

DOCUMENTATION = r"""
name: adopted_variables
short_description: Create the variables that describe the current state of a server
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Creates a file of variables for the roles from what M(mailops.exchange.client_access_info) returned. With these
    variables, the roles change nothing on the server.
  - Comments name what could not be read, services with different start modes, and a certificate if it is not known
    whether it is assigned.
  - From what M(mailops.exchange.cas_mailbox_info) returned, it creates the lists of allowed mailboxes for the roles.
  - C(adopted_server) and C(adopted_mailboxes) in the file are for M(mailops.exchange.client_access_restore), which
    restores this state.
positional: _input
options:
  _input:
    description: A result of M(mailops.exchange.client_access_info) or M(mailops.exchange.cas_mailbox_info).
    type: dict
    required: true
seealso:
  - module: mailops.exchange.cas_mailbox_info
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.client_access_restore
"""

EXAMPLES = r"""
- name: Read the state of the server
  mailops.exchange.client_access_info:
  register: info

- name: Write the variables that describe it
  mailops.exchange.controller_file:
    path: "host_vars/{{ inventory_hostname }}.yml"
    content: "{{ info | mailops.exchange.adopted_variables }}"
"""

RETURN = r"""
_value:
  description: The content of the file, in YAML.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.adopted import variables


def adopted_variables(info: Any) -> str:
    """The text of the file."""
    try:
        return variables(info)
    except ValueError as error:
        raise AnsibleFilterError(f"adopted_variables: {error}.") from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"adopted_variables": adopted_variables}
