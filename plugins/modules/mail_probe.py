#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: mail_probe
short_description: Test a mail service as a mail program would use it
version_added: 0.1.0
author: mailops contributors (@mailops)
description:
  - Connects from the controller to a POP3, IMAP4, or SMTP submission service, with the name and the encryption that a
    mail program would use, checks the name and the chain of the certificate, signs in and opens the mailbox if a user
    is given, and returns what it found.
  - With O(round_trip), it also sends one message by SMTP and fetches it by POP3.
  - The host of the task is not contacted and no credentials are needed for it. The name to connect to is an option.
  - The task fails if the service cannot be reached, if it shows a wrong certificate, or if the result of the
    authentication is not the one in O(expect_logon). What was found so far is returned after a failure as well.
extends_documentation_fragment:
  - mailops.exchange.attributes
attributes:
  check_mode:
    description: Can run in check mode and report what would change.
    details: The module connects and authenticates, which changes nothing. No message is sent or removed. With
      O(round_trip), the task is reported as changed, because a message would be sent.
    support: full
  diff_mode:
    description: The module can only send a message, so there is no difference to show.
    support: N/A
  idempotent:
    description: Running the module again with the same options changes nothing.
    details: With O(round_trip), a message is sent each time, and the task is changed.
    support: partial
  platform:
    description: The module runs on the controller, and works with the services of any mail server.
    platforms: all
    support: full
  action_group:
    description: The module has none of the options of the group.
    details: It does not use an Exchange session, so no server needs to be named.
    support: none
options:
  protocol:
    description:
      - The protocol of the service.
    type: str
    choices: [pop3, imap4, smtp]
    required: true
  host:
    description:
      - The name that mail programs connect to, which the certificate must cover. An address can be used if it is in the
        certificate. An IPv6 address can be in brackets and cannot have a zone ID.
    type: str
    required: true
  connect_to:
    description:
      - Name or address to connect to instead of O(host), for example a single server behind a load balancer. The
        certificate must still cover O(host).
    type: str
  port:
    description:
      - The port, from 1 to 65535.
      - The default is 995 (POP3), 993 (IMAP4), or 465 (SMTP) with O(encryption=implicit_tls), and otherwise 110 (POP3),
        143 (IMAP4), or 587 (SMTP). Exchange offers nothing for mail programs on port 465.
    type: int
  encryption:
    description:
      - V(implicit_tls) encrypts from the start. V(starttls) starts without encryption and switches to TLS by C(STLS) or
        C(STARTTLS), which must succeed. V(none) does not encrypt.
      - The default is V(implicit_tls) for POP3 and IMAP4, and V(starttls) for SMTP.
    type: str
    choices: [implicit_tls, starttls, none]
  validate_certs:
    description:
      - Whether the task fails, before any password is sent, if the certificate is not trusted or does not cover
        O(host).
      - With V(false), it continues, and RV(certificate) says what is wrong.
    type: bool
    default: true
  ca_cert:
    description:
      - File on the controller with the CA certificates to trust, in PEM format, instead of those of the system.
    type: path
  user:
    description:
      - The user to sign in, in a form that the server accepts, for example C(anna@contoso.com).
    type: str
  password:
    description:
      - The password of O(user).
    type: str
  expect_logon:
    description:
      - The expected result of the authentication. With V(refused), the task fails if it succeeds, for example to verify
        that a mailbox has no access.
      - Only a known answer counts as a refusal. If the server gives another answer, or accepts the user but does not
        open the mailbox, the task fails with either value, and RV(logon.ok) is null.
      - Exchange may also answer C(LOGIN failed.) if its IMAP4 back end does not accept the front end. Therefore,
        verify that another mailbox can authenticate before you rely on a refusal.
    type: str
    choices: [ok, refused]
    default: ok
  allow_plain_text_password:
    description:
      - Whether the password may be sent with O(encryption=none), where others on the network can read it.
      - With V(false), the task fails before it connects.
    type: bool
    default: false
  timeout:
    description:
      - The maximum time for the whole test in seconds, from 1 to 3600, including all connections and the wait for a
        message.
    type: int
    default: 30
  round_trip:
    description:
      - Send one message by SMTP, and wait until it can be fetched by POP3 from the mailbox of O(user). It is identified
        by a header with a random value.
      - This requires O(protocol=pop3). O(user), O(password), O(ca_cert), and O(validate_certs) apply to both services.
      - Other messages in the mailbox are not changed or removed. Of those that arrive meanwhile, only the headers are
        read, by C(TOP), which does not mark them as read.
    type: dict
    suboptions:
      host:
        description: The name of the submission service. The default is O(host).
        type: str
      connect_to:
        description:
          - Name or address to connect to instead of O(round_trip.host). If that is not given, the default is
            O(connect_to).
        type: str
      port:
        description: The port. The default is 465 with O(round_trip.encryption=implicit_tls), and otherwise 587.
        type: int
      encryption:
        description: The encryption, as for O(encryption).
        type: str
        choices: [implicit_tls, starttls, none]
        default: starttls
      sender:
        description: The address of the sender. The default is O(round_trip.recipient).
        type: str
      recipient:
        description: The address of the mailbox that O(user) opens.
        type: str
        required: true
      remove:
        description: Whether the message is removed from the mailbox at the end.
        type: bool
        default: false
notes:
  - Banners and answers are returned as a single line of at most 500 characters, without control characters, and without
    the password if the server repeats it.
  - The roles P(mailops.exchange.pop3#role), P(mailops.exchange.imap4#role), P(mailops.exchange.certificate#role), and
    P(mailops.exchange.application_mailbox#role) use this module.
requirements:
  - cryptography on the controller, except with O(encryption=none)
seealso:
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.connectivity_test
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.handout
"""

EXAMPLES = r"""
- name: Test POP3 as a mail program would use it
  mailops.exchange.mail_probe:
    protocol: pop3
    host: mail.contoso.com
  register: probe

- name: Fail if the certificate expires within a month
  ansible.builtin.assert:
    that: probe.certificate.days_left > 30

- name: Sign in by IMAP4 to this server behind the load balancer
  mailops.exchange.mail_probe:
    protocol: imap4
    host: mail.contoso.com
    connect_to: "{{ ansible_host | default(inventory_hostname) }}"
    user: anna@contoso.com
    password: "{{ probe_password }}"

- name: Verify that a user has no access by POP3
  mailops.exchange.mail_probe:
    protocol: pop3
    host: mail.contoso.com
    user: bertha@contoso.com
    password: "{{ bertha_password }}"
    expect_logon: refused

- name: Send a message through port 587, fetch it by POP3, and remove it again
  mailops.exchange.mail_probe:
    protocol: pop3
    host: mail.contoso.com
    user: probe@contoso.com
    password: "{{ probe_password }}"
    timeout: 120
    round_trip:
      recipient: probe@contoso.com
      remove: true
"""

RETURN = r"""
changed:
  description: Whether a message was sent or may have been sent, or in check mode would be sent.
  returned: always
  type: bool
reachable:
  description: Whether the port accepted the connection.
  returned: always
  type: bool
banner:
  description: The greeting of the server, without the status word of the protocol.
  returned: always
  type: str
  sample: The Microsoft Exchange POP3 service is ready.
capabilities:
  description: The capabilities of the server, after encryption and before the authentication, at most 100.
  returned: always
  type: list
  elements: str
  sample: [TOP, UIDL, USER]
encryption:
  description: How the connection is encrypted. It is null if it is not encrypted, or if no encryption was established.
  returned: always
  type: dict
  contains:
    protocol:
      description: The TLS version.
      type: str
      sample: TLSv1.3
    cipher:
      description: The cipher suite.
      type: str
      sample: TLS_AES_256_GCM_SHA384
certificate:
  description: The certificate that the server shows, even if it was refused. It is null without encryption.
  returned: always
  type: dict
  contains:
    subject:
      description: The subject.
      type: str
      sample: CN=mail.contoso.com
    names:
      description: The host names and addresses that it covers. A name that is only in the subject does not count.
      type: list
      elements: str
      sample: [mail.contoso.com]
    issuer:
      description: The issuer.
      type: str
      sample: CN=Contoso CA
    not_before:
      description: The start of its validity.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
    not_after:
      description: The end of its validity.
      type: str
      sample: "2027-01-01T00:00:00+00:00"
    days_left:
      description: Whole days until RV(certificate.not_after), negative if it has expired.
      type: int
      sample: 212
    thumbprint:
      description: The SHA-1 thumbprint, as Exchange shows it.
      type: str
      sample: 5113AE0233A72FCCB75B1D0198628675333D010E
    trusted:
      description: Whether its chain ends at a trusted CA and it is valid now.
      type: bool
    name_matches:
      description: Whether it covers O(host).
      type: bool
    reason:
      description: What is wrong with it. It is null if nothing is wrong.
      type: str
      sample: certificate has expired
logon:
  description: The result of the authentication.
  returned: always
  type: dict
  contains:
    attempted:
      description: Whether the password was sent.
      type: bool
    ok:
      description:
        - Whether the user was authenticated and the mailbox opens, by C(STAT) (POP3) or C(EXAMINE) (IMAP4), which
          change nothing. SMTP has no mailbox to open.
        - It is null if no authentication was tried, if the answer is not a known refusal, or if the user was accepted
          but the mailbox does not open.
      type: bool
    answer:
      description:
        - The answer of the server to the authentication, or to opening the mailbox if that failed. It is null if no
          authentication was tried.
      type: str
      sample: User successfully logged on.
round_trip:
  description: The result of sending and fetching the message. It is null without O(round_trip).
  returned: always
  type: dict
  contains:
    sent:
      description: Whether the message was accepted. It is null if the connection broke before the answer.
      type: bool
    answer:
      description: The answer of the submission service to the message. It is null if there is none.
      type: str
      sample: 2.6.0 Queued mail for delivery
    marker:
      description: The value of the header C(X-Mailops-Probe), to track the message. It is null if no message was sent.
      type: str
    received:
      description: Whether the message was fetched from the mailbox.
      type: bool
    removed:
      description: Whether the message was removed from the mailbox.
      type: bool
    seconds:
      description: The seconds until the message was accepted (C(submission)), and from then until it arrived
        (C(delivery)).
      type: dict
      sample: {submission: 0.2, delivery: 1.4}
seconds:
  description: The duration of each step that was reached, and of all together (C(total)), in seconds.
  returned: always
  type: dict
  sample: {connect: 0.001, tls: 0.012, greeting: 0.003, capabilities: 0.001, logon: 0.02, mailbox: 0.01, total: 0.05}
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.mail_probe import MailProbe
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(MailProbe)


if __name__ == "__main__":
    main()
