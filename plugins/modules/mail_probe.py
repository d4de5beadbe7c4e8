#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: mail_probe
short_description: See a mail service as a mail program sees it
version_added: 0.1.0
author: mailops contributors (@mailops)
description:
  - Connects from the controller to a POP3, IMAP4 or SMTP submission service, by the name and the encryption a mail
    program would use, checks name and chain of the certificate, logs on and opens the mailbox if a user is given, and
    returns all it saw.
  - With O(round_trip) it also sends one message by SMTP and fetches it by POP3.
  - The host of the task is not asked for anything and needs no credentials. The name to probe is an option.
  - The task fails if the service cannot be reached, shows a wrong certificate, or answers the log-on otherwise than
    O(expect_logon) says. What was seen up to then is returned also with a failure.
extends_documentation_fragment:
  - mailops.exchange.attributes
attributes:
  check_mode:
    description: Can run in check mode and tell what would change.
    details: The service is probed and the log-on is tried, which changes nothing. No message is sent or removed. With
      O(round_trip) the task is changed, because a message would be sent.
    support: full
  diff_mode:
    description: Only a message can be added, and there is no difference to show.
    support: N/A
  idempotent:
    description: When run again with the same options, nothing is changed.
    details: With O(round_trip) a message is sent each time, and the task is changed.
    support: partial
  platform:
    description: The module runs on the controller, and the service may be that of any mail server.
    platforms: all
    support: full
  action_group:
    description: It has none of the options of the group.
    details: No Exchange server is asked, and so none is named.
    support: none
options:
  protocol:
    description:
      - What the service speaks.
    type: str
    choices: [pop3, imap4, smtp]
    required: true
  host:
    description:
      - The name that a mail program is told to connect to, and that the certificate has to be for. An address is
        possible, if it is in the certificate; one of IPv6 also in brackets, and none with a zone id.
    type: str
    required: true
  connect_to:
    description:
      - Name or address to connect to in place of O(host), for example a single server behind a load balancer. The
        certificate still has to be for O(host).
    type: str
  port:
    description:
      - The port, from 1 to 65535.
      - Without it 995 (POP3), 993 (IMAP4) or 465 (SMTP) with O(encryption=implicit_tls), otherwise 110 (POP3), 143
        (IMAP4) or 587 (SMTP). On 465 Exchange has nothing for mail programs.
    type: int
  encryption:
    description:
      - V(implicit_tls) encrypts from the start, V(starttls) begins without encryption and turns to it by C(STLS) or
        C(STARTTLS), which has to succeed, and V(none) stays without.
      - The default is V(implicit_tls) for POP3 and IMAP4, and V(starttls) for SMTP.
    type: str
    choices: [implicit_tls, starttls, none]
  validate_certs:
    description:
      - Whether the probe fails, before any password is sent, if the certificate is not trusted or not for O(host).
      - With V(false) it goes on, and RV(certificate) tells what is wrong.
    type: bool
    default: true
  ca_cert:
    description:
      - File on the controller with the certificates, in PEM form, that are trusted in place of the system's.
    type: path
  user:
    description:
      - User to log on as, in a form that the server takes, for example C(anna@contoso.com).
    type: str
  password:
    description:
      - Password of O(user).
    type: str
  expect_logon:
    description:
      - What the log-on has to come to. With V(refused) the task fails if it succeeds, to show for example that a
        mailbox has no access.
      - A refusal is an answer that is known as one. If the server answers otherwise, or lets the user in and does not
        open the mailbox, the task fails with either value, and RV(logon.ok) is null.
      - Exchange was seen to answer C(LOGIN failed.) also when its IMAP4 back end does not accept the front end. So let
        the log-on of another mailbox succeed before a refusal is believed.
    type: str
    choices: [ok, refused]
    default: ok
  allow_plain_text_password:
    description:
      - Whether the password may be sent with O(encryption=none), readable for everybody on the way.
      - Without it the probe fails before it connects.
    type: bool
    default: false
  timeout:
    description:
      - How long the whole probe may take, with all connections, log-ons and the wait for a message, in seconds, from 1
        to 3600. Nothing that a server does or leaves undone makes it longer.
    type: int
    default: 30
  round_trip:
    description:
      - Sends one message by SMTP and waits until it can be fetched by POP3 from the mailbox of O(user). It is found by
        a header with a random value.
      - Only with O(protocol=pop3). O(user), O(password), O(ca_cert) and O(validate_certs) apply to both services.
      - Of the other messages in the mailbox only the headers of those are read that came in meanwhile, by C(TOP), which
        does not mark them. None is changed or removed.
    type: dict
    suboptions:
      host:
        description: Name of the submission service. The default is the module's O(host).
        type: str
      connect_to:
        description:
          - Name or address to connect to in its place. The default is the module's O(connect_to) if
            O(round_trip.host) is not given.
        type: str
      port:
        description: The port. The default is 587, and 465 with O(round_trip.encryption=implicit_tls).
        type: int
      encryption:
        description: As O(encryption) of the module.
        type: str
        choices: [implicit_tls, starttls, none]
        default: starttls
      sender:
        description: Address the message is from. The default is O(round_trip.recipient).
        type: str
      recipient:
        description: Address of the mailbox that O(user) opens.
        type: str
        required: true
      remove:
        description: Whether this one message is removed from the mailbox in the end.
        type: bool
        default: false
notes:
  - Banners and answers are returned as data, in one line of at most 500 characters, without control characters, and
    without the password, should the server repeat it.
requirements:
  - cryptography on the controller, except with O(encryption=none)
seealso:
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.pop_settings
"""

EXAMPLES = r"""
- name: What a mail program sees of POP3
  mailops.exchange.mail_probe:
    protocol: pop3
    host: mail.contoso.com
  register: seen

- name: The certificate is good for another month
  ansible.builtin.assert:
    that: seen.certificate.days_left > 30

- name: This server behind the load balancer lets Anna log on by IMAP4
  mailops.exchange.mail_probe:
    protocol: imap4
    host: mail.contoso.com
    connect_to: "{{ ansible_host | default(inventory_hostname) }}"
    user: anna@contoso.com
    password: "{{ probe_password }}"

- name: Bertha has no access to POP3
  mailops.exchange.mail_probe:
    protocol: pop3
    host: mail.contoso.com
    user: bertha@contoso.com
    password: "{{ bertha_password }}"
    expect_logon: refused

- name: A message sent by 587 arrives in the mailbox, and is removed again
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
  description: Whether a message was sent, or may have been, or in check mode would have been.
  returned: always
  type: bool
reachable:
  description: Whether the port took the connection.
  returned: always
  type: bool
banner:
  description: The server's greeting, without the protocol's own word before it.
  returned: always
  type: str
  sample: The Microsoft Exchange POP3 service is ready.
capabilities:
  description: What the server says it can do, after encryption and before the log-on; at most 100.
  returned: always
  type: list
  elements: str
  sample: [TOP, UIDL, USER]
encryption:
  description: How the line is encrypted; null if it is not, or if it did not come to that.
  returned: always
  type: dict
  contains:
    protocol:
      description: The version of TLS.
      type: str
      sample: TLSv1.3
    cipher:
      description: The cipher suite.
      type: str
      sample: TLS_AES_256_GCM_SHA384
certificate:
  description: The certificate shown by the server, also one that was refused; null without encryption.
  returned: always
  type: dict
  contains:
    subject:
      description: Its subject.
      type: str
      sample: CN=mail.contoso.com
    names:
      description: The host names and addresses it is for. A name that is in the subject only does not count.
      type: list
      elements: str
      sample: [mail.contoso.com]
    issuer:
      description: Who issued it.
      type: str
      sample: CN=Contoso CA
    not_before:
      description: From when it is valid.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
    not_after:
      description: Until when it is valid.
      type: str
      sample: "2027-01-01T00:00:00+00:00"
    days_left:
      description: Whole days until then; negative if it has expired.
      type: int
      sample: 212
    thumbprint:
      description: SHA-1 of the certificate, as Exchange names it.
      type: str
      sample: 5113AE0233A72FCCB75B1D0198628675333D010E
    trusted:
      description: Whether its chain leads to a trusted CA, and it is valid now.
      type: bool
    name_matches:
      description: Whether it is for O(host).
      type: bool
    reason:
      description: What is wrong with it; null if nothing is.
      type: str
      sample: certificate has expired
logon:
  description: What came of the log-on.
  returned: always
  type: dict
  contains:
    attempted:
      description: Whether the password was sent.
      type: bool
    ok:
      description:
        - Whether the log-on succeeded and the mailbox opens, by C(STAT) (POP3) or C(EXAMINE) (IMAP4), which change
          nothing. SMTP has no mailbox to open.
        - It is null if no log-on was tried, if the answer is not known as a refusal, or if the user was let in and the
          mailbox does not open.
      type: bool
    answer:
      description:
        - The server's answer to the log-on, or to the opening of the mailbox if that failed; null if no log-on was
          tried.
      type: str
      sample: User successfully logged on.
round_trip:
  description: What became of the message; null without O(round_trip).
  returned: always
  type: dict
  contains:
    sent:
      description: Whether the message was taken; null if the connection broke before the answer.
      type: bool
    answer:
      description: The submission service's answer to it; null if there is none.
      type: str
      sample: 2.6.0 Queued mail for delivery
    marker:
      description: The value of the header C(X-Mailops-Probe), by which the message can be tracked; null if not sent.
      type: str
    received:
      description: Whether it was fetched from the mailbox.
      type: bool
    removed:
      description: Whether it was removed from there.
      type: bool
    seconds:
      description: How long handing it in took (C(submission)), and from then its arrival (C(delivery)).
      type: dict
      sample: {submission: 0.2, delivery: 1.4}
seconds:
  description: How long the parts of the conversation took, as far as they were reached, and all together (C(total)).
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
