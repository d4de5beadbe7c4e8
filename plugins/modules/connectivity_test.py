#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: connectivity_test
short_description: Let Exchange itself try POP3 or IMAP4
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Runs C(Test-PopConnectivity) or C(Test-ImapConnectivity), by which an Exchange server logs on as a client would.
  - A failed or skipped test is a result, not an error. The task fails only if the test could not be run, or if what
    Exchange says of it cannot be understood; look at RV(result) to decide what to do.
  - Microsoft says that these cmdlets work best on Exchange 2010, because later versions watch themselves in another
    way. M(mailops.exchange.mail_probe) tries the same from outside.
  - The password crosses the network inside the session only, encrypted with a key of its own.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
  - mailops.exchange.server
attributes:
  check_mode:
    support: partial
    details: In check mode the test only logs on, also with O(light_mode=false), of which a warning tells.
options:
  protocol:
    description: The protocol to try.
    type: str
    choices: [pop3, imap4]
    required: true
  user:
    description:
      - Who logs on, as C(user@domain) or C(DOMAIN\user). It needs O(password).
      - Without it Exchange takes the test user that its script C(New-TestCasConnectivityUser.ps1) makes, and skips the
        test if there is none.
    type: str
  password:
    description: The user's password.
    type: str
  light_mode:
    description:
      - Whether the test only logs on. With V(false) it also sends a message and reads it, for which mail submission has
        to be set up.
    type: bool
    default: true
  connection_type:
    description:
      - How to connect, in any case. V(Ssl) encrypts from the start, and V(Tls) after STLS or STARTTLS. With
        V(Plaintext), the password crosses the network unencrypted.
    type: str
    choices: [Plaintext, Tls, Ssl]
  port:
    description: The port, from 1 to 65535. Exchange's default is V(110) for POP3 and V(143) for IMAP4.
    type: int
  mailbox_server:
    description: Name or FQDN of the Exchange server whose mailboxes are tried. Exchange's default is all of the site.
    type: str
  trust_any_certificate:
    description: Whether the test goes on with a certificate that is not trusted. Exchange's default is V(false).
    type: bool
  per_connection_timeout:
    description: Seconds for one connection, from 1 to 120; 5 or more are advised. Exchange's default is V(120).
    type: int
  timeout:
    description: Seconds for the whole test, from 1 to 3600. Exchange's default is V(180).
    type: int
seealso:
  - module: mailops.exchange.mail_probe
  - name: Test-PopConnectivity
    description: The cmdlet behind this module for POP3.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/test-popconnectivity
  - name: Test-ImapConnectivity
    description: The cmdlet behind this module for IMAP4.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/test-imapconnectivity
"""

EXAMPLES = r"""
- name: Log on by POP3 and stop if that does not work
  mailops.exchange.connectivity_test:
    protocol: pop3
    user: probe@contoso.com
    password: "{{ probe_password }}"
    connection_type: Ssl
    port: 995
  register: test
  failed_when: test is failed or test.result != "Success"

- name: Send and read a message by IMAP4 with the test user Exchange made for itself
  mailops.exchange.connectivity_test:
    protocol: imap4
    light_mode: false
  register: test

- name: Take a missing test user for no answer
  ansible.builtin.assert:
    that: test.result in ["Success", "Skipped"]
    fail_msg: "{{ test.error }}"
"""

RETURN = r"""
server:
  description: Name of the Exchange server that was tried.
  returned: success
  type: str
  sample: EX01
result:
  description:
    - The worst of the results, V(Failure), V(Skipped) or V(Success), whatever the language of the server.
    - Where Exchange tells a result in the language of the server only, as with
      C(ansible_exchange_serialization=plain), the type of its event decides. It knows no skipped tests, so what it does
      not call a success is V(Failure).
  returned: success
  type: str
  sample: Success
error:
  description: What Exchange says of the worst result, empty if it was a success; null if it cannot be read.
  returned: success
  type: str
  sample: ""
tests:
  description: All tests that Exchange made, as a rule one.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: The server that was tried, as Exchange names it; null if it cannot be read.
      type: str
      sample: EX01.contoso.com
    scenario:
      description: What was tried, in Exchange's words; null if it cannot be read.
      type: str
      sample: Test POP3 Connectivity
    result:
      description: Its result, V(Failure), V(Skipped) or V(Success).
      type: str
      sample: Success
    error:
      description: What Exchange says of it, empty if it was a success; null if it cannot be read.
      type: str
      sample: ""
    latency_ms:
      description: How long it took, in milliseconds; null if Exchange does not say.
      type: int
      sample: 50
unreadable:
  description: What of the tests cannot be read, and the form in which each came.
  returned: success
  type: dict
  sample: {}
cmdlets:
  description: Always empty, because nothing is changed.
  returned: always
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectivity import ConnectivityTest
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(ConnectivityTest)


if __name__ == "__main__":
    main()
