#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: exchange_certificate
short_description: Import, assign, or remove a certificate of an Exchange server
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Finds a certificate on one Exchange server, by its thumbprint or by the host name that clients connect to, checks
    that it can be used, and assigns it to the given services, such as POP3 and IMAP4.
  - With O(pfx), or O(certificate) and O(private_key), the certificate is imported from files on the controller, as an
    ACME client or an authority provides them. They are read and checked on the controller first. Therefore, the
    thumbprint is known in check mode, and a certificate that is on the server already is not imported again. The module
    refuses a key that does not match, a chain that does not belong to the certificate, a certificate that is not for
    TLS servers or not valid now, and a key that Windows or this version of Exchange cannot use for TLS.
  - No file is created on the server. What is sent is created in memory, with the certificate, its key, and its chain
    without the root, and encrypted with a generated password that is sent as a SecureString. The passwords of the files
    never leave the controller. No result, log, or diff shows a key.
  - Importing needs PowerShell remoting. It is refused over the WinRM shell, where all data is sent as text that Windows
    may log.
  - With O(state=absent), a certificate is removed, unless it is still needed. In the following cases, it B(stays) and
    the task fails with RV(needed=true). An IIS website uses it. No other usable certificate is assigned to one of its
    services, or is found by the C(x509_certificate_name) of POP3 or IMAP4. A receive connector names its issuer and
    subject, and no other usable certificate for SMTP has the same ones. A receive connector that names no certificate
    finds no other one for SMTP that covers its FQDN. It is an Auth Certificate. Exchange itself refuses to remove it.
  - A certificate that cannot be read is never removed.
  - The module does not request certificates.
  - Exchange cannot remove a service from a certificate, so services that are not given stay as they are. To remove a
    service, assign it to another certificate, and then remove the old one.
  - The task B(fails) if the certificate has expired or is not valid yet, if it is known to have no private key, if its
    status is V(PendingRequest), V(Revoked), or V(Invalid), or if it does not cover O(name). The module B(warns) if the
    certificate is due for renewal, if its key or signature is weak, or if POP3 or IMAP4 will not choose it because it
    does not cover their C(x509_certificate_name).
  - A wildcard certificate cannot be assigned to POP3 and IMAP4, so the module refuses this. It is one with a wildcard
    as the common name of its subject, even if its other names include the host name itself. POP3 and IMAP4 find it by
    C(x509_certificate_name) alone; see M(mailops.exchange.pop_settings). It can be imported without O(services).
  - Over remote PowerShell, Exchange does not show the services of a certificate. They are read from the serialized
    object that comes with it. This is missing in the plain form, with C(ansible_exchange_serialization=plain), and in
    the full form if the Auth Certificate of the server has expired. The services are then B(not known). The task says
    why and what to do, changes nothing, and returns RV(assigned) as null, unless O(served_certificates) proves that the
    certificate is assigned.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
attributes:
  idempotent:
    description: Running the module again with the same options changes nothing.
    details: With O(assign_when_services_unknown=true), a certificate whose services are not known is assigned each
      time, unless O(served_certificates) proves that it is assigned.
    support: partial
options:
  state:
    description:
      - V(present) imports the certificate if files are given and it is not on the server, and assigns it to
        O(services).
      - V(absent) removes the certificate that O(thumbprint) names. It cannot be combined with other options.
    type: str
    choices: [present, absent]
    default: present
    version_added: 1.0.0
  thumbprint:
    description:
      - The thumbprint of the certificate, 40 hexadecimal digits in any case. Spaces, colons, and the invisible
        character that Windows puts before a copied thumbprint are ignored.
      - By default, the certificate is found by O(name).
    type: str
  name:
    description:
      - The host name that clients connect to. The best of the usable certificates on the server that cover it is
        chosen. A certificate with the name itself is preferred to a wildcard certificate, then one from an authority to
        a self-signed one, then one whose private key is known to be present to another, and then a newer one to an
        older one. If two are equal in all of this, the task fails and lists them.
      - If O(thumbprint) is given as well, that certificate must cover the name.
      - The default is the stored C(x509_certificate_name) of the protocols in O(services), which must be the same for
        all of them.
    type: str
  pfx:
    description:
      - File on the controller with the certificate, its private key, and its chain, in PKCS#12 format (C(.pfx),
        C(.p12)). A relative path is relative to the folder in which C(ansible-playbook) is started.
    type: path
    version_added: 1.0.0
  pfx_password:
    description:
      - The password of O(pfx). Omit it if there is none.
    type: str
    version_added: 1.0.0
  certificate:
    description:
      - File on the controller with the certificate in PEM format, alone or followed by its chain. Use it together with
        O(private_key) instead of O(pfx).
    type: path
    version_added: 1.0.0
  private_key:
    description:
      - File on the controller with the private key of O(certificate) in PEM format.
    type: path
    version_added: 1.0.0
  private_key_password:
    description:
      - The password of O(private_key). Omit it if there is none.
    type: str
    version_added: 1.0.0
  chain:
    description:
      - File on the controller with the chain of O(certificate) in PEM format, if it is not in that file.
    type: path
    version_added: 1.0.0
  friendly_name:
    description:
      - The friendly name of the imported certificate, of up to 63 characters. An emoji counts as two. The default is
        the name in O(pfx), or the one that Exchange chooses. This applies only when the certificate is imported, and is
        not changed later.
    type: str
    version_added: 1.0.0
  private_key_exportable:
    description:
      - Whether the private key can be exported from the server later. By default, it cannot. This applies only when the
        certificate is imported.
    type: bool
    version_added: 1.0.0
  services:
    description:
      - The services to assign the certificate to, in any case. If this is not given, the certificate is not assigned;
        it must then be imported or named.
      - Exchange cannot remove services from a certificate, so there is no C(set), C(add), or C(remove).
      - V(SMTP) needs O(replace_default_smtp_certificate=true).
      - V(IIS) makes the default website of Exchange use the certificate and require TLS.
    type: list
    elements: str
    choices: [IMAP, POP, IIS, SMTP]
  expires_within_days:
    description:
      - Warn if the certificate is valid for fewer days than this, from 0 to 3650. With 0, the module never warns.
      - By default, it warns as soon as less than a third of the lifetime of the certificate is left.
    type: int
  replace_default_smtp_certificate:
    description:
      - Whether the certificate may replace the default SMTP certificate, with which the servers of the organization
        authenticate each other. When SMTP is assigned, Exchange asks this interactively, so it must be answered here.
        With V(false), V(SMTP) in O(services) is refused.
    type: bool
    default: false
  assign_when_services_unknown:
    description:
      - Whether to assign the certificate if its services are not known. It may then be assigned again. The task reports
        this as a change and cannot verify it.
    type: bool
    default: false
  served_certificates:
    description:
      - The thumbprint of the certificate that clients are shown, by protocol, as returned in
        RV(mailops.exchange.client_access_info#module:pop3.served_certificate).
      - This is used if the services are not known. A certificate that clients are shown and that has the
        C(x509_certificate_name) itself, not only a matching wildcard, is assigned.
    type: dict
    version_added: 1.0.0
    suboptions:
      pop3:
        description: The thumbprint that POP3 shows.
        type: str
      imap4:
        description: The thumbprint that IMAP4 shows.
        type: str
notes:
  - The validity of certificates is checked against the clock of the controller.
  - The roles P(mailops.exchange.pop3#role), P(mailops.exchange.imap4#role), and P(mailops.exchange.certificate#role)
    use this module.
requirements:
  - cryptography on the controller
seealso:
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.receive_connector
  - module: mailops.exchange.client_access_info
  - name: Import-ExchangeCertificate
    description: The cmdlet that this module uses to import a certificate.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/import-exchangecertificate
  - name: Enable-ExchangeCertificate
    description: The cmdlet that this module uses to assign a certificate.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/enable-exchangecertificate
  - name: Remove-ExchangeCertificate
    description: The cmdlet that this module uses to remove a certificate.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/remove-exchangecertificate
"""

EXAMPLES = r"""
- name: Assign the certificate for the x509_certificate_name of POP3 and IMAP4
  mailops.exchange.exchange_certificate:
    services: [POP, IMAP]

- name: Assign the best certificate for a name, and warn two months ahead
  mailops.exchange.exchange_certificate:
    name: mail.contoso.com
    services: [POP]
    expires_within_days: 60
  register: certificate

- name: Fail if it is not known whether the certificate is assigned
  ansible.builtin.assert:
    that: certificate.assigned is true

- name: Assign one certificate to all services, and make it the default SMTP certificate
  mailops.exchange.exchange_certificate:
    thumbprint: 611C687DFC4343A5A03E0005A1EC6E9B6AFF586D
    services: [POP, IMAP, IIS, SMTP]
    replace_default_smtp_certificate: true

- name: Import a certificate, which POP3 and IMAP4 show after their next restart
  mailops.exchange.exchange_certificate:
    pfx: /srv/certificates/mail.contoso.com.pfx
    pfx_password: "{{ mail_pfx_password }}"
    services: [POP, IMAP]

- name: Import a certificate from the files of an ACME client
  mailops.exchange.exchange_certificate:
    certificate: /srv/certificates/mail.contoso.com-fullchain.pem
    private_key: /srv/certificates/mail.contoso.com.key
    services: [POP, IMAP]

- name: Remove the previous certificate, unless it is still needed
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
  description: Whether this task imported the certificate or its private key.
  returned: success, and failure after something was changed
  type: bool
needed:
  description:
    - Whether a task with O(state=absent) failed because the certificate is still needed.
  returned: success, and failure for this reason
  type: bool
assigned:
  description:
    - Whether the certificate is assigned to all O(services) after the task. It is null if this is not known, and
      V(false) with O(state=absent).
  returned: success
  type: bool
assigned_reason:
  description: Why RV(assigned) is not known, and what to do. It is null if RV(assigned) is known.
  returned: success
  type: str
  sample: null
certificate:
  description:
    - The certificate after the task. In check mode, as it would be. With O(state=absent), it is null if the certificate
      is not on the server.
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
    - Whether this task assigned POP or IMAP. Their services show clients the certificate after a restart.
  returned: success, and failure after something was changed
  type: bool
cmdlets:
  description:
    - The cmdlets sent to change something, with their parameters. In check mode, those that would be sent. The content
      of a file and its password are shown as C(VALUE_SPECIFIED_IN_NO_LOG_PARAMETER).
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
    - The services of the certificate before and after, or V(not known). C(certificate) is V(absent) or V(present) if
      the certificate was imported or removed.
  returned: success, and failure after something was changed
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
