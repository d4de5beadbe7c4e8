# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a program that reads a mailbox is served, and what it has to be told."""

from __future__ import annotations

DOCUMENTATION = r"""
name: application_mailbox
short_description: Judge whether a server serves a program that reads a mailbox
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Makes of a result of M(mailops.exchange.client_access_info) what has to be typed into a program that reads a
    mailbox, and sentences on what keeps the program from being served. The role
    C(mailops.exchange.application_mailbox) uses it.
positional: _input, protocol
options:
  _input:
    description: A result of M(mailops.exchange.client_access_info) with certificates and connectors.
    type: dict
    required: true
  protocol:
    description: By what the program reads, V(pop3) or V(imap4).
    type: str
    required: true
  user:
    description: As whom it logs on.
    type: str
    required: true
  side:
    description: From where it connects, V(external) or V(internal).
    type: str
    default: external
  interval:
    description: Seconds between two looks, at least 300.
    type: int
    default: 1800
  accepted:
    description:
      - Findings that are accepted, each an id or a dictionary as for P(mailops.exchange.open_findings#filter).
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
- name: Look at the server
  mailops.exchange.client_access_info:
    protocols: [pop3]
  register: info

- name: Say what has to be typed into the program
  ansible.builtin.debug:
    var: judged.values
  vars:
    judged: "{{ info | mailops.exchange.application_mailbox('pop3', user='tickets@contoso.com') }}"
"""

RETURN = r"""
_value:
  description:
    - C(values), with C(protocol), C(server), C(port), C(encryption), C(use_ssl_tls), C(user), and C(sending) with
      server, port and encryption, or null; null where the server tells clients nothing to connect to.
    - C(hindrances), a sentence each on what keeps the program from being served.
    - C(throttled), the same for the throttling policy.
    - C(remarks), a sentence each on what else is to be known.
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
