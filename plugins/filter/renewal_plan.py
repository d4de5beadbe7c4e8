# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left to be done until clients are shown a renewed certificate."""

from __future__ import annotations

DOCUMENTATION = r"""
name: renewal_plan
short_description: Decide what the certificate role does
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Returns what the role P(mailops.exchange.certificate#role) does in its next step. It is not intended for use
    elsewhere.
positional: _input, certificate
options:
  _input:
    description: What M(mailops.exchange.client_access_info) returned before anything was changed.
    type: dict
    required: true
  certificate:
    description: The last result in RV(mailops.exchange.exchange_certificate#module:certificate).
    type: dict
    required: true
  protocols:
    description: The protocols that should show the certificate.
    type: list
    elements: str
    default: [pop3, imap4]
  x509_certificate_name:
    description: The name by which the protocols find the certificate, if given.
    type: str
  manage_connector:
    description: Whether the receive connector for clients should name the certificate.
    type: bool
    default: true
  connector:
    description: The name of that connector, if given.
    type: str
  host:
    description: The name that mail programs connect to. The default is the name by which the protocol finds its
      certificate.
    type: str
  ports:
    description: The ports to connect to, by protocol and encryption, if they differ from the bindings.
    type: dict
    default: {}
  changed:
    description: The protocols with changes that need a restart.
    type: list
    elements: str
    default: []
  seen:
    description: What M(mailops.exchange.mail_probe) returned for each of the C(probes) before a restart.
    type: list
    elements: dict
    default: []
  served:
    description: What M(mailops.exchange.mail_probe) returned after the restart.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Show what to probe
  ansible.builtin.debug:
    msg: "{{ (info | mailops.exchange.renewal_plan(imported.certificate)).probes }}"
"""

RETURN = r"""
_value:
  description:
    - What is C(refused), the C(services) to assign, whether the C(connector) should name the certificate, the
      C(probes), what clients are C(shown), the protocols to C(restart), what is C(unserved) and C(left_out) in
      sentences, and the thumbprints of the certificates that are C(superseded).
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
            f"renewal_plan: use results of the collection's modules; {error} is not one of them."
        ) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"renewal_plan": renewal_plan}
