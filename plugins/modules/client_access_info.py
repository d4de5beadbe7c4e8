#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: client_access_info
short_description: Report the state of POP3, IMAP4, and mail submission on an Exchange server
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Reads the version of an Exchange server, the services, stored settings, and component state of POP3 and IMAP4, its
    certificates, and the receive connectors with which users send mail. Nothing is changed.
  - Reports problems as RV(findings), each with what was found, why it matters, and how to fix it. A finding never makes
    the task fail.
  - A restart is pending if the settings were changed after one of the running services started, no matter who changed
    them or when, or if clients are still shown another certificate than the one that a restarted service would use.
  - P(mailops.exchange.server_differences#filter) compares the results of several servers.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
  - mailops.exchange.server
options:
  protocols:
    description:
      - The protocols that the server should serve. Others are not read or checked.
    type: list
    elements: str
    choices: [pop3, imap4]
    default: [pop3, imap4]
  gather:
    description:
      - What to read in addition to services and settings. Omit what you do not need, to save time.
      - If certificates or connectors cannot be read, for example because RBAC does not allow the cmdlet, the task
        continues without them. They are then null, and one of the RV(findings) names the cmdlet.
      - With V(served_certificates), the controller checks by a TLS handshake with the host which certificate a running
        protocol shows to clients. It is null if this does not succeed within 5 seconds. Together with V(certificates),
        this detects a restart that a new certificate still needs.
    type: list
    elements: str
    choices: [certificates, connectors, served_certificates]
    default: [certificates, connectors]
  tls_ports:
    description:
      - The port of the host to which V(served_certificates) connects, by protocol. The default is the port in
        C(ssl_bindings).
    type: dict
    version_added: 1.0.0
    suboptions:
      pop3:
        description: The POP3 port.
        type: int
      imap4:
        description: The IMAP4 port.
        type: int
  expires_within_days:
    description:
      - Report a certificate that is valid for fewer days than this, from 0 to 3650. With 0, none is reported.
      - By default, a certificate is reported as soon as less than a third of its lifetime is left.
    type: int
  restart_tolerance:
    description:
      - If a change was recorded less than this many seconds after the start of a service, a restart is only
        V(possible).
      - The time of a change is not replicated. Each domain controller records when the change arrived, which can be
        after a restart that already included it. Choose a value that is longer than the replication between your domain
        controllers takes.
    type: int
    default: 900
notes:
  - The services are those of the host of the task. If O(server) names another server, the task fails.
  - The validity of certificates is checked against the clock of the controller.
  - The roles P(mailops.exchange.pop3#role) and P(mailops.exchange.imap4#role) use this module.
requirements:
  - cryptography on the controller, for certificates
seealso:
  - module: mailops.exchange.exchange_certificate
  - module: mailops.exchange.mail_probe
  - module: mailops.exchange.protocol_service
  - module: mailops.exchange.receive_connector
  - module: mailops.exchange.handout
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.pop_settings
  - plugin: mailops.exchange.server_differences
    plugin_type: filter
  - plugin: mailops.exchange.open_findings
    plugin_type: filter
  - plugin: mailops.exchange.adopted_variables
    plugin_type: filter
  - plugin: mailops.exchange.application_mailbox
    plugin_type: filter
  - ref: ansible_collections.mailops.exchange.docsite.guide_findings
    description: All findings, with their meaning and fix.
  - name: Get-PopSettings
    description: The source of the POP3 settings.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-popsettings
  - name: Get-ImapSettings
    description: The source of the IMAP4 settings.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-imapsettings
  - name: Get-ServerComponentState
    description: The source of the component state.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-servercomponentstate
  - name: Get-ReceiveConnector
    description: The source of the connectors.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-receiveconnector
  - name: Get-ExchangeCertificate
    description: The source of the certificates.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-exchangecertificate
"""

EXAMPLES = r"""
- name: Read the state of POP3 and IMAP4
  mailops.exchange.client_access_info:
  register: info

- name: Show the findings, the most severe first
  ansible.builtin.debug:
    msg: "{{ item.severity }}: {{ item.found }} {{ item.why }} {{ item.fix }}"
  loop: "{{ info.findings }}"
  loop_control:
    label: "{{ item.id }}"

- name: Fail if clients cannot be served, except for a finding that is known and accepted
  ansible.builtin.assert:
    that: errors == []
    fail_msg: "{{ errors | map(attribute='found') | join(' ') }}"
  vars:
    errors: >-
      {{ info.findings | selectattr('severity', 'equalto', 'error')
         | rejectattr('id', 'equalto', 'loopback-not-bound') }}

- name: Read the state of POP3 only, quickly
  mailops.exchange.client_access_info:
    protocols: [pop3]
    gather: []

- name: Restart POP3 if its settings were changed after it started
  mailops.exchange.protocol_service:
    protocol: pop3
    state: restarted
  when: info.pop3.restart_owed == "yes"
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: success
  type: str
  sample: EX01
fqdn:
  description: The fully qualified domain name of the server.
  returned: success
  type: str
  sample: EX01.contoso.com
product:
  description: The product, determined by version and build.
  returned: success
  type: str
  sample: Exchange Server SE
version:
  description: The version with its build.
  returned: success
  type: str
  sample: 15.2.2562.17
pop3:
  description: The state of POP3. It is null if V(pop3) is not in O(protocols).
  returned: success
  type: dict
  contains: &protocol
    services:
      description: The services of the protocol. The first one is the one that clients connect to.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the service.
          type: str
          sample: MSExchangePop3
        status:
          description: V(running), V(stopped), V(missing), or another status as Windows names it, in lower case. It is
            empty if it cannot be read.
          type: str
          sample: running
        start_mode:
          description: V(automatic), V(manual), or V(disabled). It is null if the service is missing or it cannot be
            read.
          type: str
          sample: automatic
        started:
          description: The start time of its process, by the clock of the host. It is null if the service is not running
            or the time cannot be read.
          type: str
          sample: "2026-03-02T08:15:30.1234567+01:00"
    settings:
      description: The stored settings, by the option names of M(mailops.exchange.pop_settings) or
        M(mailops.exchange.imap_settings).
      type: dict
      sample: {login_type: SecureLogin}
    unreadable: &unreadable
      description: The settings whose stored value cannot be read, and the form in which each was received. They are not
        shown or checked.
      type: dict
      sample: {ssl_bindings: "null"}
    settings_changed:
      description: When the settings were last changed, as recorded by the domain controller. It is null if this cannot
        be read.
      type: str
      sample: "2026-03-02T07:10:00Z"
    component:
      description: The state of the server component C(PopProxy) or C(ImapProxy), as Exchange names it. It is null
        before Exchange 2013, or if it is not shown.
      type: str
      sample: Active
    component_state:
      description:
        - V(active) if the component serves clients, and V(inactive) if not, for example in maintenance. C(Draining) is
          V(inactive) as well.
        - V(unknown) if this cannot be read, and V(none) before Exchange 2013, which has no components.
      type: str
      sample: active
    component_reason:
      description: Why the component is V(inactive), with the requester if it can be read, or why its state is
        V(unknown), in a sentence; otherwise null.
      type: str
      sample: The server component PopProxy is Inactive, as requested by Maintenance.
    served_certificate:
      description: The thumbprint of the certificate that clients are shown. It is null if it was not read.
      type: str
      sample: 611C687DFC4343A5A03E0005A1EC6E9B6AFF586D
    restart_owed:
      description:
        - V(yes) if the settings were changed after a running service started, or if RV(pop3.served_certificate) is not
          the one that a restarted service would use. V(no) if neither is the case, or if no service is running.
        - V(possible) if the change was recorded less than O(restart_tolerance) seconds after the start. V(unknown) if a
          time cannot be read; RV(pop3.restart_reason) says which.
      type: str
      sample: "no"
    restart_reason:
      description: The reason for RV(pop3.restart_owed), in a sentence.
      type: str
    restart_possible_until:
      description:
        - The end of O(restart_tolerance), counted from RV(pop3.running_since), if RV(pop3.restart_owed) is V(possible);
          otherwise null. The services may have started with a change that was recorded before this time, but not with
          one that was recorded later.
        - Waiting until then does not help. Restart the services, or set O(domain_controller) to the domain controller
          that the change was written to.
      type: str
      sample: null
    running_since:
      description: The earliest start time of a running service. It is null if none is known.
      type: str
      sample: "2026-03-02T08:15:30.123456+01:00"
imap4:
  description: The state of IMAP4, with the same keys. It is null if V(imap4) is not in O(protocols).
  returned: success
  type: dict
  contains: *protocol
certificates:
  description: The certificates of the server. It is null if they were not requested or cannot be read.
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: The thumbprint.
      type: str
      sample: 611C687DFC4343A5A03E0005A1EC6E9B6AFF586D
    subject:
      description: The subject, as Windows writes it.
      type: str
      sample: CN=mail.contoso.com
    issuer:
      description: The issuer, as Windows writes it.
      type: str
      sample: CN=Contoso Issuing CA, O=Contoso
    names:
      description: The host names that it covers, in lower case.
      type: list
      elements: str
      sample: [mail.contoso.com]
    not_before:
      description: The start of its validity.
      type: str
      sample: "2026-03-01T08:00:00+00:00"
    not_after:
      description: The end of its validity.
      type: str
      sample: "2027-03-01T08:00:00+00:00"
    days_left:
      description: Whole days until RV(certificates[].not_after), negative if it has expired.
      type: int
      sample: 300
    renewal_due:
      description:
        - Whether fewer days than O(expires_within_days) are left, or by default less than a third of its lifetime.
      type: bool
      sample: false
    key:
      description: The algorithm and the size of its key.
      type: str
      sample: RSA 2048
    weakness:
      description: What is weak about it. It is null if nothing is weak.
      type: str
    self_signed:
      description: Whether it is self-signed.
      type: bool
    wildcard:
      description: Whether POP3 and IMAP4 treat it as a wildcard certificate, by its subject, so that it cannot be
        assigned.
      type: bool
    has_private_key:
      description: Whether its private key is on the server. It is null if this is not known.
      type: bool
    status:
      description: The status that Exchange shows. It is null if it is not shown, as over remote PowerShell.
      type: str
    services:
      description: The services that it is assigned to. It is null if this is not known.
      type: list
      elements: str
      sample: [IMAP, POP]
connectors:
  description:
    - The receive connectors on port 587, first those with which users send mail. If there are none, it contains the
      connector that Exchange created for users. It is null if they were not requested or cannot be read.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the connector.
      type: str
      sample: Client Frontend EX01
    for_users:
      description:
        - Whether users send mail with it. Exchange chooses the connector with the most specific range for the address
          of the client. Therefore, users usually get the connector whose C(remote_ip_ranges) cover the most addresses,
          among those on the same address of the server.
        - V(false) for a connector that serves only a few addresses, such as a relay for appliances, or that does not
          accept users. Such a connector is not checked or shown to users.
      type: bool
      sample: true
    settings:
      description: The stored settings, by the option names of M(mailops.exchange.receive_connector).
      type: dict
      sample: {enabled: true, fqdn: mail.contoso.com}
    unreadable: *unreadable
client_settings:
  description: The settings that users need for their mail programs.
  returned: success
  type: dict
  contains:
    external:
      description: The settings for external clients.
      type: dict
      contains: &side
        pop3:
          description: &entries
            - The servers to connect to, the best first, each with C(server), C(port), and C(encryption).
            - C(encryption) is V(implicit_tls) (which mail programs call SSL/TLS), V(starttls), or V(none), as in
              O(mailops.exchange.mail_probe#module:encryption).
            - Empty if there are none. It is null if they were not requested or cannot be read.
          type: list
          elements: dict
          sample:
            - {server: mail.contoso.com, port: 995, encryption: implicit_tls}
        imap4:
          description: *entries
          type: list
          elements: dict
          sample:
            - {server: mail.contoso.com, port: 993, encryption: implicit_tls}
        smtp:
          description:
            - The servers to send mail through, in the same form. If there are several connectors for users, only those
              with C(advertise_client_settings) are shown, if there are any.
            - Empty if there are none. It is null if they were not requested or cannot be read.
          type: list
          elements: dict
          sample:
            - {server: mail.contoso.com, port: 587, encryption: starttls}
    internal:
      description: The settings for internal clients.
      type: dict
      contains: *side
findings:
  description: What is wrong or may become wrong, the most severe first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description:
        - The kind of finding. It does not change in later versions. The guide to findings explains each of them.
        - "About the server: V(exchange-unsupported), V(part-not-granted), V(part-without-directory),
          V(part-without-rpc), V(part-unreadable)."
        - "About services: V(service-missing), V(service-not-running), V(service-disabled), V(service-not-automatic),
          V(restart-owed), V(component-inactive), V(component-unknown)."
        - "About settings: V(plain-text-login), V(loopback-not-bound), V(port-bound-twice),
          V(connection-setting-not-bound), V(no-external-settings)."
        - "About certificates: V(x509-name-not-covered), V(certificate-not-assigned), V(connection-host-not-covered),
          V(wildcard-assigned), V(certificate-expired), V(certificate-renewal-due), V(certificate-unusable),
          V(certificate-weak), V(certificate-services-unreadable)."
        - "About sending: V(connector-missing), V(connector-disabled), V(submission-port-not-bound),
          V(connector-without-tls), V(basic-without-tls), V(connector-refuses-users), V(connector-not-advertised),
          V(connector-certificate-missing), V(connector-fqdn-not-covered), V(connector-restricted),
          V(connector-not-judged), V(connector-role-conflict)."
      type: str
      sample: plain-text-login
    severity:
      description:
        - V(error) if clients cannot be served, V(warning) if they are at risk or will not be served soon, and V(notice)
          for what may be intended.
        - Services that are not running are an V(error) only if the protocol is partly on, which means that one service
          is running or starts automatically. If the protocol is off, as after installation, they are a V(notice).
      type: str
      sample: warning
    found:
      description: What was found.
      type: str
      sample: login_type is PlainTextLogin.
    why:
      description: Why it matters.
      type: str
      sample: Clients may send passwords over unencrypted connections, where anybody on the network path can read them.
    fix:
      description: How to fix it, with the option or variable to set.
      type: str
      sample: Set login_type to SecureLogin with mailops.exchange.pop_settings; in the role it is pop3_login_type.
    fixed_by:
      description:
        - What can fix it in the roles, as options of settings or as the parts V(certificate), V(connector), V(restart),
          and V(services). One of them is enough.
        - Empty if no role fixes it.
      type: list
      elements: str
      sample: [login_type]
    protocol:
      description: V(pop3), V(imap4), or V(smtp). It is null if the finding applies to all.
      type: str
      sample: pop3
cmdlets:
  description: Always empty, because nothing is changed.
  returned: always
  type: list
  elements: dict
"""

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.client_access import ClientAccessInfo
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(ClientAccessInfo)


if __name__ == "__main__":
    main()
