# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Findings without those that are accepted."""

from __future__ import annotations

DOCUMENTATION = r"""
name: open_findings
short_description: Remove findings that are known and accepted
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Returns the findings of M(mailops.exchange.client_access_info) without those that are accepted.
  - A finding whose acceptance has expired is returned, with the key C(expired).
positional: _input, accepted
options:
  _input:
    description: The findings of M(mailops.exchange.client_access_info).
    type: list
    elements: dict
    required: true
  accepted:
    description:
      - The accepted findings. Each entry is the ID of a finding, or a dictionary with its C(id), and optionally the
        C(reason) and the last day (C(until)) on which it is accepted, such as V(2026-12-31), in UTC.
    type: list
    elements: raw
    default: []
seealso:
  - module: mailops.exchange.client_access_info
  - ref: ansible_collections.mailops.exchange.docsite.guide_findings
    description: All findings, with their meaning and fix.
"""

EXAMPLES = r"""
- name: Read the state of the server
  mailops.exchange.client_access_info:
  register: info

- name: Fail if a finding is not accepted
  ansible.builtin.assert:
    that: info.findings | mailops.exchange.open_findings(accepted) | length == 0
  vars:
    accepted:
      - loopback-not-bound
      - id: certificate-weak
        reason: The appliance on the third floor supports nothing else.
        until: 2026-12-31
"""

RETURN = r"""
_value:
  description:
    - The findings that are not accepted, in the same order and form.
    - A finding whose acceptance has expired has the key C(expired), with C(reason) and C(until).
  type: list
  elements: dict
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.accepted import acceptances, judged, today


def open_findings(findings: Any, accepted: Any = ()) -> list[dict[str, Any]]:
    """The findings that are not accepted."""
    try:
        if isinstance(findings, str) or not isinstance(findings, Sequence):
            raise ValueError("give the findings of client_access_info, a list")
        if not all(isinstance(one, Mapping) and "id" in one for one in findings):
            raise ValueError("each item has to be a finding of client_access_info, with its id")
        return judged(findings, acceptances(accepted, "accepted"), today())[0]
    except ValueError as error:
        raise AnsibleFilterError(f"open_findings: {error}.") from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"open_findings": open_findings}
