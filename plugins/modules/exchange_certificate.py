#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: exchange_certificate
short_description: Import a certificate to an Exchange server, assign it to POP3 and IMAP4, or remove one
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Finds a certificate on one Exchange server, by its thumbprint or by the host name that clients connect to, checks
    that it can be used, and assigns it to the services given where it is not assigned to them yet.
  - With O(pfx), or O(certificate) and O(private_key), the certificate comes from files on the controller, as an ACME
    client or an authority leaves them. They are read and judged there first, so check mode knows the thumbprint, and
    what is on the server already is not imported again. Refused are a key that does not fit, a chain that is not that
    of the certificate, a certificate that is not for TLS servers or not valid now, and a key that Windows or this
    version of Exchange serves no TLS with.
  - No file is laid down on the server. What is sent is made anew in memory, with the certificate, its key and those
    that issued it up to but without the root, and encrypted with a password that is made for it and sent as a
    SecureString. The passwords of the files never leave the controller. No result, log or diff shows a key.
  - Importing needs PowerShell remoting. Over the WinRM shell, which is told everything as text that Windows may log, it
    is refused before anything is sent.
  - With O(state=absent) a certificate is removed, unless it is needed. It B(stays), and the task fails with
    RV(needed=true), if a web site of IIS uses it, if no other usable certificate is assigned to one of its services or
    found by the C(x509_certificate_name) of POP3 or IMAP4, if a receive connector names its issuer and subject and no
    other usable certificate with SMTP has the same ones, if a receive connector that names none finds no other one with
    SMTP for its FQDN, if it is an Auth Certificate, and if Exchange itself refuses
    it. What cannot be read is never removed.
  - The module orders no certificate.
  - Assigning goes one way. Exchange cannot take a service off a certificate, so services that are not given stay as
    they are. To take one off, assign it to another certificate and then remove the old one.
  - The task B(fails) if the certificate has expired or is not valid yet, has no private key as far as that can be
    known, has the status V(PendingRequest), V(Revoked) or V(Invalid), or does not cover O(name). It B(warns) if the
    certificate is due for renewal, if its key or signature is weak, or if POP3 or IMAP4 will not choose it because it
    does not cover their C(x509_certificate_name).
  - POP3 and IMAP4 take no assignment for a wildcard certificate, which is one with a wildcard as the common name of its
    subject, even if the very name is among its other names. They find it by C(x509_certificate_name) alone, see
    M(mailops.exchange.pop_settings). The module refuses the assignment and says so. It can be imported without
    O(services).
  - Over remote PowerShell, Exchange does not show the services of a certificate. They are read from the serialized
    form that comes with it. In the plain form of Exchange's objects, which C(ansible_exchange_serialization=plain) asks
    for, that is missing, and in the full form it is if the server's Auth Certificate has expired. Then the services are
    B(not known). The task says why and what helps, changes nothing, and returns RV(assigned) as null.
  - Without the services, RV(assigned) is known all the same where O(served_certificates) proves it.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
attributes:
  idempotent:
    description: When run again with the same options, nothing is changed.
    details:
      With O(assign_when_services_unknown=true) and services that are not known it is assigned each time, unless
      O(served_certificates) proves that it is assigned.
    support: partial
options:
  state:
    description:
      - V(present) imports the certificate if it is brought and not there, and assigns it to O(services).
      - V(absent) removes the one that O(thumbprint) names. No other option goes with it.
    type: str
    choices: [present, absent]
    default: present
  thumbprint:
    description:
      - The certificate by its thumbprint, 40 hexadecimal digits in any case. Blanks, colons, and the invisible mark
        that Windows puts in front of a copied one do not matter.
      - Without it the certificate is found by O(name).
    type: str
  name:
    description:
      - The host name that clients connect to. Of the certificates on the server that cover it and can be used, the best
        is taken. One with the name itself is better than a wildcard, which one with a wildcard as its subject is even
        if it has the name too. Then one of an authority is better than a self-signed one, one whose private key is
        known to be there better than another, and the newer one better than the older. If two are equal in all of that,
        the task fails and lists them.
      - Given together with O(thumbprint), that certificate has to cover it.
      - Without O(name) and O(thumbprint) it is the C(x509_certificate_name) that is stored for the protocols in
        O(services), which then must not differ.
    type: str
  pfx:
    description:
      - File on the controller with the certificate, its private key and its chain, as C(.pfx) and C(.p12) files are. A
        relative path is relative to the folder in which ansible-playbook is started.
    type: path
  pfx_password:
    description:
      - The password of O(pfx). Leave it out if that has none.
    type: str
  certificate:
    description:
      - File on the controller with the certificate in PEM form, alone or with its chain after it. Together with
        O(private_key) it takes the place of O(pfx).
    type: path
  private_key:
    description:
      - File on the controller with the private key of O(certificate) in PEM form.
    type: path
  private_key_password:
    description:
      - The password of O(private_key). Leave it out if that has none.
    type: str
  chain:
    description:
      - File on the controller with those that issued O(certificate) in PEM form, where they are not in that file.
    type: path
  friendly_name:
    description:
      - What Windows calls the certificate once it is imported, in up to 63 characters, of which an emoji counts two.
        Without it the name in O(pfx) or Exchange's own is used. It counts for an import alone, and is not changed
        later.
    type: str
  private_key_exportable:
    description:
      - Whether the private key can be exported from the server later. It counts for an import alone. Without it the key
        cannot be exported.
    type: bool
  services:
    description:
      - The services to assign the certificate to, in any case. This can be left out where a certificate is imported or
        named, which is then not assigned.
      - Exchange cannot take services off a certificate, so there is no C(set), C(add), or C(remove).
      - V(SMTP) needs O(replace_default_smtp_certificate=true).
      - V(IIS) makes the default web site of Exchange use the certificate and require TLS.
    type: list
    elements: str
    choices: [IMAP, POP, IIS, SMTP]
  expires_within_days:
    description:
      - Warn if the certificate is valid for fewer days than this, from 0 to 3650. V(0) is never.
      - Without it the task warns as soon as less than a third of the certificate's lifetime is left.
    type: int
  replace_default_smtp_certificate:
    description:
      - When SMTP is assigned, Exchange asks whether the certificate is to replace the default one, by which the servers
        of the organization authenticate each other. Nobody is there to be asked, so the answer is given here, and
        V(false) means that the task refuses V(SMTP) in O(services).
    type: bool
    default: false
  assign_when_services_unknown:
    description:
      - Assign the certificate even if it is not known what it is assigned to. It is assigned then, once more if it
        was already, which the task says, reports as a change and cannot verify.
    type: bool
    default: false
  served_certificates:
    description:
      - By protocol, the thumbprint of the certificate that clients are shown, as
        RV(mailops.exchange.client_access_info#module:pop3.served_certificate) tells it.
      - It counts where the services are not known. A certificate that clients are shown and that has the
        C(x509_certificate_name) itself, not by a wildcard, is assigned.
    type: dict
    suboptions:
      pop3:
        description: The one that POP3 shows.
        type: str
      imap4:
        description: The one that IMAP4 shows.
        type: str
notes:
  - Validity is judged by the clock of the controller.
requirements:
  - cryptography on the controller
seealso:
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.receive_connector
  - name: Import-ExchangeCertificate
    description: The cmdlet that imports.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/import-exchangecertificate
  - name: Enable-ExchangeCertificate
    description: The cmdlet that assigns.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/enable-exchangecertificate
  - name: Remove-ExchangeCertificate
    description: The cmdlet that removes.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/remove-exchangecertificate
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

- name: Import a certificate, and let POP3 and IMAP4 show it after their next restart
  mailops.exchange.exchange_certificate:
    pfx: /srv/certificates/mail.contoso.com.pfx
    pfx_password: "{{ mail_pfx_password }}"
    services: [POP, IMAP]

- name: The same from what an ACME client left
  mailops.exchange.exchange_certificate:
    certificate: /srv/certificates/mail.contoso.com-fullchain.pem
    private_key: /srv/certificates/mail.contoso.com.key
    services: [POP, IMAP]

- name: Remove the one before, if nothing needs it
  mailops.exchange.exchange_certificate:
    thumbprint: 5113AE0233A72FCCB75B1D0198628675333D010E
    state: absent
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: success
  type: str
  sample: EX01
imported:
  description: Whether the certificate was imported by this task, or its private key.
  returned: success, and after a failed write, where it tells what has changed all the same
  type: bool
needed:
  description:
    - Whether a task with O(state=absent) has failed because something needs the certificate, or Exchange says so.
  returned: success, and failure of that kind
  type: bool
assigned:
  description:
    - Whether the certificate is assigned to all O(services) after the task; null if that is not known. V(false) with
      O(state=absent).
  returned: success
  type: bool
assigned_reason:
  description: Why that is not known, and what helps; null if it is known.
  returned: success
  type: str
  sample: null
certificate:
  description:
    - The certificate, after the task; in check mode as it would be. With O(state=absent) it is null where it is not
      there.
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
    renewal_due: false
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
  description:
    - The writing cmdlets that were sent, with their parameters; in check mode those that would have been sent. In place
      of the content of a file and of its password they have C(VALUE_SPECIFIED_IN_NO_LOG_PARAMETER).
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
  description:
    - The services of the certificate, before and after; V(not known) where they are not. C(certificate) is V(absent) or
      V(present) where it was imported or removed.
  returned: success, and after a failed write, where it tells what has changed all the same
  type: dict
  sample:
    before: {services: [SMTP]}
    after: {services: [IMAP, POP, SMTP]}
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.exchange_certificate import ExchangeCertificate
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(ExchangeCertificate)


if __name__ == "__main__":
    main()
