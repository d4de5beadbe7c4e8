# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a program that reads a mailbox is served, and what it has to be told."""

from __future__ import annotations

DOCUMENTATION = r"""
name: application_mailbox
short_description: Check whether a server can serve a program that reads a mailbox
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Returns the values to enter in a program that reads a mailbox, from a result of
    M(mailops.exchange.client_access_info), and sentences about what prevents the program from being served. The role
    P(mailops.exchange.application_mailbox#role) uses it.
positional: _input, protocol
options:
  _input:
    description: A result of M(mailops.exchange.client_access_info) with certificates and connectors.
    type: dict
    required: true
  protocol:
    description: The protocol of the program, V(pop3) or V(imap4).
    type: str
    required: true
  user:
    description: The user name with which the program authenticates.
    type: str
    required: true
  side:
    description: From where the program connects, V(external) or V(internal).
    type: str
    default: external
  interval:
    description: Seconds between two connections of the program, at least 300.
    type: int
    default: 1800
  accepted:
    description:
      - Findings that are accepted, in the form for P(mailops.exchange.open_findings#filter).
    type: list
    elements: raw
    default: []
  policy:
    description: A result of M(mailops.exchange.throttling_policy) for the policy that applies to the mailbox.
    type: dict
    default: {}
seealso:
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.cas_mailbox
"""

EXAMPLES = r"""
- name: Read the state of the server
  mailops.exchange.client_access_info:
    protocols: [pop3]
  register: info

- name: Show the values to enter in the program
  ansible.builtin.debug:
    var: judged.values
  vars:
    judged: "{{ info | mailops.exchange.application_mailbox('pop3', user='tickets@contoso.com') }}"
"""

RETURN = r"""
_value:
  description:
    - C(values), with C(protocol), C(server), C(port), C(encryption), C(use_ssl_tls), C(user), and C(sending), which has
      the server, port, and encryption for sending or is null. C(values) is null if the server has no connection
      settings for clients.
    - C(hindrances), sentences about what prevents the program from being served.
    - C(throttled), the same for the throttling policy.
    - C(remarks), sentences about what else to know.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.application_mailbox import Program


def application_mailbox(
    info: Any,
    protocol: str,
    user: str,
    side: str = "external",
    interval: Any = 1800,
    accepted: Any = (),
    policy: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a program has to be told, and what keeps it from being served."""
    try:
        if not isinstance(info, Mapping) or "client_settings" not in info:
            raise ValueError("give a result of client_access_info, with its client_settings")
        program = Program.of(protocol, side, interval, user)
        limits = policy or {}
        return {
            "values": program.values(info),
            "hindrances": list(program.hindrances(info, accepted)),
            "throttled": list(program.throttled(str(limits.get("policy", "")), limits.get("settings", {}))),
            "remarks": list(program.remarks(info)),
        }
    except ValueError as error:
        raise AnsibleFilterError(f"application_mailbox: {error}.") from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"application_mailbox": application_mailbox}
