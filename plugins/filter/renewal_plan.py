# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left to be done until clients are shown a renewed certificate."""

from __future__ import annotations

DOCUMENTATION = r"""
name: renewal_plan
short_description: Decide what the role certificate does
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - The role P(mailops.exchange.certificate#role) asks it before each of its steps. Not meant to be used elsewhere.
positional: _input, certificate
options:
  _input:
    description: What M(mailops.exchange.client_access_info) returned before anything was changed.
    type: dict
    required: true
  certificate:
    description: RV(mailops.exchange.exchange_certificate#module:certificate) of the last task that returned one.
    type: dict
    required: true
  protocols:
    description: The protocols that are to show it.
    type: list
    elements: str
    default: [pop3, imap4]
  x509_certificate_name:
    description: The name by which they are to find it, if that is told.
    type: str
  manage_connector:
    description: Whether the receive connector of the clients is to name it.
    type: bool
    default: true
  connector:
    description: The name of that connector, if it is told.
    type: str
  host:
    description: The name that a mail program connects to; by default that by which the protocol finds its certificate.
    type: str
  ports:
    description: By protocol and encryption, the ports to connect to where these are others than those bound.
    type: dict
    default: {}
  changed:
    description: The protocols for which something was changed that needs a restart.
    type: list
    elements: str
    default: []
  seen:
    description: What M(mailops.exchange.mail_probe) returned for each of the probes before a restart.
    type: list
    elements: dict
    default: []
  served:
    description: And what it returned after it.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: What is to be probed
  ansible.builtin.debug:
    msg: "{{ (info | mailops.exchange.renewal_plan(imported.certificate)).probes }}"
"""

RETURN = r"""
_value:
  description:
    - What is C(refused), the C(services) to assign, whether the C(connector) is to name it, the C(probes), what clients
      are C(shown), the protocols to C(restart), what is C(unserved) and C(left_out) in sentences, and those that are
      C(superseded) by their thumbprints.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.renewal import Renewal


def renewal_plan(look: Any, certificate: Any, **more: Any) -> dict[str, Any]:
    """What is left to be done."""
    try:
        return Renewal(look, certificate, **more).shown()
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(
            f"renewal_plan: give results of the collection's modules, of which {error} is none."
        ) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"renewal_plan": renewal_plan}
