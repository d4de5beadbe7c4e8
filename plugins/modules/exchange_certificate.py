#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: exchange_certificate
short_description: Make sure that a certificate on an Exchange server is assigned to POP3 and IMAP4
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Finds a certificate on one Exchange server, by its thumbprint or by the host name that clients connect to, checks
    that it can be used, and assigns it to the services given where it is not assigned to them yet.
  - The certificate has to be on the server already. The module neither imports nor orders nor removes any.
  - Assigning goes one way. Exchange cannot take a service off a certificate, so services that are not given stay as
    they are. To take one off, assign it to another certificate and then remove the old one.
  - The task B(fails) if the certificate has expired or is not valid yet, has no private key as far as that can be
    known, has the status V(PendingRequest), V(Revoked) or V(Invalid), or does not cover O(name). It B(warns) if the
    certificate expires soon, if its key or signature is weak, or if POP3 or IMAP4 will not choose it because it does
    not cover their C(x509_certificate_name).
  - POP3 and IMAP4 take no assignment for a wildcard certificate. They find it by C(x509_certificate_name) alone, see
    M(mailops.exchange.pop_settings). The module refuses the assignment and says so.
  - Over remote PowerShell, Exchange does not show the services of a certificate. They are read from the serialized
    form that comes with it. Where that is missing, which happens if the server's Auth Certificate has expired, the
    services are B(unknown). The task then warns, changes nothing, and returns RV(assigned) as null.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
attributes:
  idempotent:
    description: When run again with the same options, nothing is changed.
    details: With O(assign_when_services_unknown=true) and unknown services it is assigned each time.
    support: partial
options:
  thumbprint:
    description:
      - The certificate by its thumbprint, 40 hexadecimal digits in any case. Blanks, colons, and the invisible mark
        that Windows puts in front of a copied one do not matter.
      - Without it the certificate is found by O(name).
    type: str
  name:
    description:
      - The host name that clients connect to. Of the certificates on the server that cover it and can be used, the best
        is taken. One with the name itself is better than a wildcard, one of an authority better than a self-signed one,
        one whose private key is known to be there better than another, and then the newer one. If two are equal in all
        of that, the task fails and lists them.
      - Given together with O(thumbprint), that certificate has to cover it.
      - Without O(name) and O(thumbprint) it is the C(x509_certificate_name) that is stored for the protocols in
        O(services), which then must not differ.
    type: str
  services:
    description:
      - The services to assign it to, a list of V(POP), V(IMAP), V(IIS) and V(SMTP), in any case.
      - V(SMTP) needs O(replace_default_smtp_certificate=true).
      - V(IIS) makes the default web site of Exchange use the certificate and require TLS.
    type: raw
    required: true
  expires_within_days:
    description:
      - Warn if the certificate is valid for fewer days than this, from 0 to 3650. V(0) is never.
    type: int
    default: 30
  replace_default_smtp_certificate:
    description:
      - When SMTP is assigned, Exchange asks whether the certificate is to replace the default one, by which the servers
        of the organization authenticate each other. Nobody is there to be asked, so the answer is given here, and
        V(false) means that the task refuses V(SMTP) in O(services).
    type: bool
    default: false
  assign_when_services_unknown:
    description:
      - Assign the certificate even if it cannot be known what it is assigned to. Each run does so, reports a change,
        and cannot verify it.
    type: bool
    default: false
notes:
  - Validity is judged by the clock of the controller.
requirements:
  - cryptography on the controller
seealso:
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.receive_connector
  - name: Enable-ExchangeCertificate
    description: The cmdlet behind this module.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/enable-exchangecertificate
"""

EXAMPLES = r"""
- name: Assign the certificate for the name that POP3 and IMAP4 look for
  mailops.exchange.exchange_certificate:
    services: [POP, IMAP]

- name: Assign the best certificate for a name, and warn two months ahead
  mailops.exchange.exchange_certificate:
    name: mail.contoso.com
    services: [POP]
    expires_within_days: 60
  register: certificate

- name: Stop where it cannot be known whether it is assigned
  ansible.builtin.assert:
    that: certificate.assigned is true

- name: Assign one certificate to all services, as the new default certificate of SMTP too
  mailops.exchange.exchange_certificate:
    thumbprint: 611C687DFC4343A5A03E0005A1EC6E9B6AFF586D
    services: [POP, IMAP, IIS, SMTP]
    replace_default_smtp_certificate: true
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: success
  type: str
  sample: EX01
assigned:
  description: Whether the certificate is assigned to all O(services) after the task; null if that cannot be known.
  returned: success
  type: bool
certificate:
  description: The certificate, after the task; in check mode as it would be.
  returned: success
  type: dict
  sample:
    thumbprint: 611C687DFC4343A5A03E0005A1EC6E9B6AFF586D
    subject: CN=mail.contoso.com
    issuer: CN=Contoso Issuing CA, O=Contoso
    names: [mail.contoso.com]
    not_before: "2026-03-01T08:00:00+00:00"
    not_after: "2027-03-01T08:00:00+00:00"
    days_left: 300
    key: RSA 2048
    weakness: null
    self_signed: false
    wildcard: false
    has_private_key: true
    status: null
    services: [IMAP, POP]
restart_required:
  description:
    - Whether POP or IMAP was assigned by this task. Their services show clients the certificate after a restart.
  returned: success, and after a failed write, where it tells what has changed all the same
  type: bool
cmdlets:
  description: The writing cmdlets that were sent, with their parameters; in check mode those that would have been sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Enable-ExchangeCertificate
      parameters:
        Server: EX01
        Thumbprint: 611C687DFC4343A5A03E0005A1EC6E9B6AFF586D
        Services: IMAP, POP
diff:
  description: The services of the certificate, before and after; null where they are unknown.
  returned: success, and after a failed write, where it tells what has changed all the same
  type: dict
  sample:
    before: {services: [SMTP]}
    after: {services: [IMAP, POP, SMTP]}
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Failure,
    OutcomeUnknown,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import CertificateName, Thumbprint
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import (
    Certificate,
    by_name,
    by_thumbprint,
    in_order,
    read_certificates,
    utc_now,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_settings import read_settings
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import ASSIGNED_SERVICES
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import argument_spec, refuse, run
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import settle

BY_SERVICE = {protocol.service: protocol for protocol in PROTOCOLS.values()}
OPTIONS = (
    Setting("thumbprint", "", Thumbprint()),
    Setting("name", "", CertificateName()),
    Setting("services", "", ASSIGNED_SERVICES),
    Setting("expires_within_days", "", Int(0, 3650, "days")),
)


def stored_names(host: Host, server: Server, services: tuple[str, ...]) -> dict[str, str]:
    """By protocol, the name it chooses its certificate by."""
    protocols = [BY_SERVICE[service] for service in services if service in BY_SERVICE]
    return {p.title: read_settings(host, p, server).values.get("x509_certificate_name", "") for p in protocols}


def name_to_find(stored: dict[str, str], server: Server) -> str:
    """The one name that the protocols have stored, or a Failure."""
    names = {name.casefold(): name for name in stored.values() if name}
    if len(names) == 1:
        return next(iter(names.values()))
    if len(names) > 1:
        told = " and ".join(f"{name!r} for {protocol}" for protocol, name in stored.items())
        raise Failure(
            f"name: x509_certificate_name on {server.name} is {told}; give name or thumbprint, or a task to each."
        )
    which = f", and {server.name} has no x509_certificate_name stored for {' and '.join(stored)}" if stored else ""
    raise Failure(f"name: it is not told which certificate is meant{which}; give name or thumbprint.")


def find(
    host: Host, server: Server, certificates: list[Certificate], options: dict[str, Any], stored: dict[str, str]
) -> Certificate:
    """The certificate meant, fit for the services wanted, or a Failure."""
    now, name = utc_now(), options.get("name")
    if thumbprint := options.get("thumbprint"):
        certificate = by_thumbprint(certificates, thumbprint, server, "thumbprint")
        refuse(
            f"thumbprint: the certificate {thumbprint} on {server.name} {fault}; give another one."
            for fault in certificate.faults(now)
        )
    else:
        name = name or name_to_find(stored, server)
        certificate = by_name(certificates, name, server, "name", now)
    if name and not certificate.covers(name):
        raise Failure(
            f"name: the certificate {certificate.thumbprint} does not cover {name!r}, "
            f"only {', '.join(certificate.names) or 'no host name at all'}; give one that does."
        )
    by_wildcard = not certificate.names_exactly(name) if name else certificate.is_wildcard
    if stored and by_wildcard:
        raise Failure(
            f"services: {' and '.join(stored)} cannot be assigned the certificate {certificate.thumbprint}, because it "
            f"fits only by its wildcard ({', '.join(certificate.names)}); set x509_certificate_name to "
            f"{repr(name) if name else 'the host name clients connect to'} instead, that is all a wildcard needs."
        )
    return certificate


def remarks(
    certificate: Certificate, server: Server, stored: dict[str, str], now: datetime, days: int
) -> Iterator[str]:
    """What the user should know although the certificate can be used."""
    for remark in certificate.remarks(now, days):
        yield f"The certificate {certificate.thumbprint} on {server.name} {remark}."
    for protocol, name in stored.items():
        if not certificate.covers(name):
            yield (
                f"{protocol} on {server.name} chooses its certificate by x509_certificate_name, which is "
                f"{repr(name) if name else 'empty'}, and {certificate.thumbprint} does not cover that; "
                "until it is set, clients will see another certificate."
            )


def assign(host: Host, server: Server, certificate: Certificate, services: list[str], title: str) -> Certificate:
    """Assign it and make sure of it: the certificate as it is afterwards, or a Failure that says what has moved."""
    known = certificate.services

    def send(outstanding: list[str]) -> None:
        parameters: dict[str, Any] = {"Thumbprint": certificate.thumbprint, "Services": ", ".join(outstanding)}
        if "SMTP" in outstanding:
            # Answers the question for the default certificate, which nobody is there to see.
            parameters["Force"] = True
        host.write("Enable-ExchangeCertificate", Server=server.name, **parameters)

    def look() -> tuple[Certificate, list[str]]:
        now = by_thumbprint(read_certificates(host, server), certificate.thumbprint, server, "thumbprint")
        return now, in_order(set(services) - (now.services or set()))

    now, outstanding, problem = settle(host, services, send, look)
    if now is None:
        return certificate if known is None else replace(certificate, services=known | set(services))
    if problem is None and (not outstanding or now.services is None):
        return now
    if known is None or now.services is None:
        # Where nobody can tell, whoever restarts what has changed had better do so.
        moved = services if isinstance(problem, OutcomeUnknown) else []
    else:
        moved = in_order(now.services - known)
    if isinstance(problem, CmdletFailure):
        sentences = [str(problem), *([f"{server.name} shows {', '.join(moved)} assigned all the same."] * bool(moved))]
    else:
        told = "unknown services" if now.services is None else f"only {', '.join(in_order(now.services)) or 'none'}"
        sentences = [
            f"services: {', '.join(services)} was assigned to {certificate.thumbprint}, but {server.name} shows {told} "
            f"for it{'' if problem else '; a wildcard or a missing private key can be the reason'}.",
            *([str(problem)] * bool(problem)),
        ]
    plan = _plan(moved, known)
    raise Failure(
        " ".join(sentences), changed=plan.changed, diff=plan.diff(title), restart_required=_owes_restart(plan)
    ) from problem


def _plan(missing: list[str], known: frozenset[str] | None) -> Plan:
    """What assigning these services changes."""
    if not missing:
        return Plan()
    before = None if known is None else in_order(known)
    return Plan({"services": missing}, {"services": before}, {"services": in_order({*missing, *(known or ())})})


def _owes_restart(plan: Plan) -> bool:
    return bool(BY_SERVICE.keys() & set(plan.changes.get("services", ())))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **argument_spec(OPTIONS),
            "services": {"type": "raw", "required": True},
            "expires_within_days": {"type": "int", "default": 30},
            "replace_default_smtp_certificate": {"type": "bool", "default": False},
            "assign_when_services_unknown": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )

    def work(host: Host, options: dict[str, Any]) -> dict[str, Any]:
        if "services" not in options:
            raise Failure("services: it has no value; give a list of those to assign, such as POP.")
        wanted = options["services"]
        if "SMTP" in wanted and not module.params["replace_default_smtp_certificate"]:
            raise Failure(
                "services: for SMTP Exchange asks whether the certificate is to replace the default one, by which its "
                "servers authenticate each other; set replace_default_smtp_certificate to true to say yes, "
                "or leave SMTP out."
            )
        server = host.server(options.get("server"))
        stored = stored_names(host, server, wanted)
        certificate = find(host, server, read_certificates(host, server), options, stored)
        for remark in remarks(certificate, server, stored, utc_now(), options["expires_within_days"]):
            module.warn(remark)
        known = certificate.services
        missing = in_order(set(wanted) - (known or set()))
        if known is None and not module.params["assign_when_services_unknown"]:
            missing = []
            module.warn(
                f"The services of {certificate.thumbprint} are unknown, because {server.name} does not tell them over "
                "remote PowerShell at present, as a rule for want of a valid Auth Certificate. Nothing was assigned; "
                "repair that, or set assign_when_services_unknown to true."
            )
        plan, title = _plan(missing, known), f"certificate {certificate.thumbprint} on {server.name}"
        if plan.changed:
            certificate = assign(host, server, certificate, missing, title)
            if certificate.services is None and not host.check_mode:
                module.warn(f"Whether {certificate.thumbprint} is now assigned cannot be verified on {server.name}.")
        return {
            "changed": plan.changed,
            "diff": plan.diff(title),
            "server": server.name,
            "certificate": certificate.shown(utc_now()),
            "assigned": None if certificate.services is None else set(wanted) <= certificate.services,
            "restart_required": _owes_restart(plan),
        }

    run(module, work, OPTIONS)


if __name__ == "__main__":
    main()
