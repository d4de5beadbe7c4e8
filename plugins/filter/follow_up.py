# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a role does after its parts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: follow_up
short_description: Decide which steps follow the parts of a role
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Returns the steps that the roles P(mailops.exchange.pop3#role) and P(mailops.exchange.imap4#role) run at the end. It
    is not intended for use elsewhere.
positional: _input, protocol, results
options:
  _input:
    description: What M(mailops.exchange.client_access_info) returned before anything was changed.
    type: dict
    required: true
  protocol:
    description: V(pop3) or V(imap4).
    type: str
    required: true
  results:
    description: What the parts of the role returned, by part.
    type: dict
    required: true
  switches:
    description: Whether the C(restart), the table of C(changes), and the C(verification) run.
    type: dict
    default: {}
  failure:
    description: Why a part failed.
    type: str
    default: ""
  restart_for_mailboxes:
    description: Whether changed access to mailboxes needs a restart.
    type: bool
    default: false
  restart_iis:
    description: When to restart IIS.
    type: str
    choices: [never, when_needed, always]
    default: never
"""

EXAMPLES = r"""
- name: Restart if necessary, and verify
  ansible.builtin.include_tasks: "{{ item }}.yml"
  loop: "{{ info | mailops.exchange.follow_up('pop3', {'settings': settings}, switches={'restart': true}) }}"
"""

RETURN = r"""
_value:
  description: The steps in order. C(failure) or C(verification) is the last one.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.follow_up import FollowUp


def follow_up(look: Any, protocol: str, results: Any, **more: Any) -> list[str]:
    """The steps that are left."""
    try:
        return list(FollowUp(look, protocol, results, **more).steps())
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"follow_up: use results of the collection's modules; {error} is not one of them."
        ) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"follow_up": follow_up}
