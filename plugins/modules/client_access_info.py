#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: client_access_info
short_description: Tell how an Exchange server stands with POP3, IMAP4 and mail submission, and what is wrong
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Reads the version of an Exchange server and, for both protocols, services, stored settings and component state,
    then its certificates and the receive connectors by which users send. Nothing is changed.
  - A restart is owed if the settings were changed after one of the running services started, whoever changed them and
    whenever; or if clients are still shown another certificate than a service that starts now would find.
  - Judges what it has read. Each of the RV(findings) says what was seen, why it matters, and how to fix it. A
    finding never makes the task fail.
  - P(mailops.exchange.server_differences#filter) compares the results of several servers.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
  - mailops.exchange.server
options:
  protocols:
    description:
      - The protocols that the server is to serve. The others are neither read nor judged.
    type: list
    elements: str
    choices: [pop3, imap4]
    default: [pop3, imap4]
  gather:
    description:
      - What to read beside services and settings. Leave out what you do not need, it is faster.
      - If certificates or connectors cannot be read, because RBAC withholds the cmdlet for example, the task goes on
        without them. They are null then, and one of the RV(findings) names the cmdlet.
      - With V(served_certificates) the controller looks which certificate a running protocol shows clients, by a TLS
        handshake with the host. Where that fails within 5 seconds, it is null. With V(certificates) beside it tells of
        a restart that a new certificate still needs.
    type: list
    elements: str
    choices: [certificates, connectors, served_certificates]
    default: [certificates, connectors]
  tls_ports:
    description:
      - By protocol, the port of the host's address at which V(served_certificates) looks. If not given, it is that of
        C(ssl_bindings).
    type: dict
    suboptions:
      pop3:
        description: The port of POP3.
        type: int
      imap4:
        description: The port of IMAP4.
        type: int
  expires_within_days:
    description:
      - A certificate that is valid for fewer days than this is a finding, from 0 to 3650. V(0) is never.
      - Without it one is a finding as soon as less than a third of its lifetime is left.
    type: int
  restart_tolerance:
    description:
      - A change seen less than this many seconds after the start of a service makes a restart only V(possible).
      - The time of a change is not replicated. Each domain controller notes when the change reached it, which can be
        after a restart that took the change already. Choose it longer than replication takes between your
        controllers.
    type: int
    default: 900
notes:
  - The services are those of the host the task runs for. If O(server) names another one, the task fails.
  - Validity of certificates is judged by the clock of the controller.
requirements:
  - cryptography on the controller, for certificates
seealso:
  - module: mailops.exchange.exchange_certificate
  - module: mailops.exchange.mail_probe
  - module: mailops.exchange.protocol_service
  - module: mailops.exchange.receive_connector
  - plugin: mailops.exchange.server_differences
    plugin_type: filter
  - name: Get-PopSettings
    description: Where the POP3 settings come from.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-popsettings
  - name: Get-ImapSettings
    description: Where the IMAP4 settings come from.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-imapsettings
  - name: Get-ServerComponentState
    description: Where the component state comes from.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-servercomponentstate
  - name: Get-ReceiveConnector
    description: Where the connectors come from.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-receiveconnector
  - name: Get-ExchangeCertificate
    description: Where the certificates come from.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-exchangecertificate
"""

EXAMPLES = r"""
- name: Look at POP3 and IMAP4
  mailops.exchange.client_access_info:
  register: info

- name: Say what is wrong, the gravest first
  ansible.builtin.debug:
    msg: "{{ item.severity }}: {{ item.found }} {{ item.why }} {{ item.fix }}"
  loop: "{{ info.findings }}"
  loop_control:
    label: "{{ item.id }}"

- name: Stop where clients cannot be served, except for a finding that is known and accepted
  ansible.builtin.assert:
    that: errors == []
    fail_msg: "{{ errors | map(attribute='found') | join(' ') }}"
  vars:
    errors: >-
      {{ info.findings | selectattr('severity', 'equalto', 'error')
         | rejectattr('id', 'equalto', 'loopback-not-bound') }}

- name: Look at POP3 alone, quickly
  mailops.exchange.client_access_info:
    protocols: [pop3]
    gather: []

- name: Restart POP3 if somebody changed its settings since it started
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
  description: Its fully qualified domain name.
  returned: success
  type: str
  sample: EX01.contoso.com
product:
  description: The product, told by version and build.
  returned: success
  type: str
  sample: Exchange Server SE
version:
  description: The version with its build.
  returned: success
  type: str
  sample: 15.2.2562.17
pop3:
  description: How POP3 stands; null if it is not among the O(protocols).
  returned: success
  type: dict
  contains: &protocol
    services:
      description: The services of the protocol, the one that clients connect to first.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the service.
          type: str
          sample: MSExchangePop3
        status:
          description: V(running), V(stopped), V(missing), or another of Windows' words in lower case; empty if it
            cannot be read.
          type: str
          sample: running
        start_mode:
          description: V(automatic), V(manual) or V(disabled); null for a missing service, or if it cannot be read.
          type: str
          sample: automatic
        started:
          description: When its process started, as the host tells it; null if it does not run or the time cannot be
            read.
          type: str
          sample: "2026-03-02T08:15:30.1234567+01:00"
    settings:
      description: The stored settings, by the option names of M(mailops.exchange.pop_settings) or
        M(mailops.exchange.imap_settings).
      type: dict
      sample: {login_type: SecureLogin}
    unreadable: &unreadable
      description: The settings whose stored value cannot be read, and the form in which each came. They are neither
        shown nor judged.
      type: dict
      sample: {ssl_bindings: "null"}
    settings_changed:
      description: When the settings were last changed, as the domain controller asked has it; null if that cannot be
        read.
      type: str
      sample: "2026-03-02T07:10:00Z"
    component:
      description: State of the server component C(PopProxy) or C(ImapProxy) in Exchange's own word; null before
        Exchange 2013 or if it is not shown.
      type: str
      sample: Active
    component_state:
      description:
        - V(active) if the component serves clients, V(inactive) if not, as in maintenance, which includes Exchange's
          C(Draining).
        - V(unknown) if that cannot be read, V(none) before Exchange 2013, which has no components.
      type: str
      sample: active
    component_reason:
      description: In a sentence, how it came to be V(inactive), with the requester where that can be read, or why it is
        V(unknown); null otherwise.
      type: str
      sample: The server component PopProxy is Inactive, as requested by Maintenance.
    served_certificate:
      description: Thumbprint of the certificate that clients are shown; null if that was not looked at or not seen.
      type: str
      sample: 611C687DFC4343A5A03E0005A1EC6E9B6AFF586D
    restart_owed:
      description:
        - V(yes) if the settings were changed after a running service started, or if RV(pop3.served_certificate) is
          another one than a service that starts now would find. V(no) if not or if no service runs.
        - V(possible) if that was less than O(restart_tolerance) seconds after the start, V(unknown) if a time cannot
          be read, which RV(pop3.restart_reason) tells.
      type: str
      sample: "no"
    restart_reason:
      description: Why, in a sentence.
      type: str
    restart_possible_until:
      description:
        - The end of O(restart_tolerance), counted from RV(pop3.running_since), if RV(pop3.restart_owed) is
          V(possible); otherwise null. A change that was noted up to then may be one that the services started with, one
          noted later is not.
        - Waiting until then settles nothing. A restart does, or a domain controller that is known to have had the
          change first, given as O(domain_controller).
      type: str
      sample: null
    running_since:
      description: The earliest start of a running service, by which was judged; null if none is known.
      type: str
      sample: "2026-03-02T08:15:30.123456+01:00"
imap4:
  description: How IMAP4 stands, with the same keys; null if it is not among the O(protocols).
  returned: success
  type: dict
  contains: *protocol
certificates:
  description: The certificates of the server; null if they were not to be read, or could not be.
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: Its thumbprint.
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
      description: The host names it is for, in lower case.
      type: list
      elements: str
      sample: [mail.contoso.com]
    not_before:
      description: When it becomes valid.
      type: str
      sample: "2026-03-01T08:00:00+00:00"
    not_after:
      description: When it expires.
      type: str
      sample: "2027-03-01T08:00:00+00:00"
    days_left:
      description: Whole days until then; negative if it has expired.
      type: int
      sample: 300
    renewal_due:
      description:
        - Whether fewer days than O(expires_within_days) are left, or without that less than a third of its lifetime.
      type: bool
      sample: false
    key:
      description: Algorithm and size of its key.
      type: str
      sample: RSA 2048
    weakness:
      description: What is weak in it; null if nothing is.
      type: str
    self_signed:
      description: Whether it is signed by itself.
      type: bool
    wildcard:
      description: Whether POP3 and IMAP4 take it for a wildcard, by its subject, and so no assignment of it.
      type: bool
    has_private_key:
      description: Whether its private key is on the server; null if that cannot be known.
      type: bool
    status:
      description: Exchange's own judgement; null if it is not shown, as over remote PowerShell.
      type: str
    services:
      description: The services it is assigned to; null if that cannot be known.
      type: list
      elements: str
      sample: [IMAP, POP]
connectors:
  description:
    - The receive connectors on port 587, those by which users send first. If there is none of these, the one that
      Exchange made for them is here. This is null if they were not to be read, or could not be.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the connector.
      type: str
      sample: Client Frontend EX01
    for_users:
      description:
        - Whether users send by it. Exchange chooses a connector by the client's address and takes the most specific
          range, so users in general get the one whose C(remote_ip_ranges) are the most addresses, of those on the same
          address of the server.
        - V(false) for one beside it that serves a few addresses of its own, such as a relay for appliances, and for one
          of few addresses that takes no users. It is neither judged nor told to users.
      type: bool
      sample: true
    settings:
      description: Its stored settings, by the option names of M(mailops.exchange.receive_connector).
      type: dict
      sample: {enabled: true, fqdn: mail.contoso.com}
    unreadable: *unreadable
client_settings:
  description: What users need to set up their mail programs.
  returned: success
  type: dict
  contains:
    external: &side
      description: From outside, or from inside.
      type: dict
      contains:
        pop3: &entries
          description:
            - What to connect to, the best first, each with C(server), C(port) and C(encryption).
            - C(encryption) is a value of the option of M(mailops.exchange.mail_probe), V(implicit_tls) (what mail
              programs call SSL/TLS), V(starttls) or V(none).
            - For C(smtp), of several connectors that take users only those with C(advertise_client_settings), if there
              are any.
            - Empty if users are told nothing, or no connector takes them; null if that was not to be read, or could
              not be.
          type: list
          elements: dict
          sample:
            - {server: mail.contoso.com, port: 995, encryption: implicit_tls}
        imap4: *entries
        smtp: *entries
    internal: *side
findings:
  description: What is wrong or may become so, the gravest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description:
        - Which kind of finding it is. The words stay the same in later versions.
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
        - V(error) if clients cannot be served, V(warning) if they are in danger or soon will not be, V(notice) for what
          may be meant to be so.
        - Services that do not run are an V(error) only if the protocol is half on, so that one service is running or
          starts automatically. A protocol that is off as a whole, as Exchange is installed, gives notices.
      type: str
      sample: warning
    found:
      description: What was seen.
      type: str
      sample: login_type is PlainTextLogin.
    why:
      description: Why it matters.
      type: str
      sample: Clients may send passwords over unencrypted lines, where anybody on the way can read them.
    fix:
      description: How to fix it, with the option to set.
      type: str
      sample: Set login_type to SecureLogin with mailops.exchange.pop_settings; in the role it is pop3_login_type.
    fixed_by:
      description:
        - What of the roles can fix it, the options of settings or the parts V(certificate), V(connector), V(restart)
          and V(services). One of them is enough.
        - Empty if no role does.
      type: list
      elements: str
      sample: [login_type]
    protocol:
      description: V(pop3), V(imap4) or V(smtp); null for what concerns all.
      type: str
      sample: pop3
cmdlets:
  description: Always empty, nothing is written.
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
