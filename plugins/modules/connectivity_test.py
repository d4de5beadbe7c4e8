#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: connectivity_test
short_description: Run the POP3 or IMAP4 connectivity test of Exchange
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Runs C(Test-PopConnectivity) or C(Test-ImapConnectivity), with which an Exchange server signs in as a client would.
  - A failed or skipped test is a result, not an error. The task fails only if the test cannot be run or its result
    cannot be interpreted. Check RV(result) to decide what to do.
  - According to Microsoft, these cmdlets work best on Exchange 2010, because later versions are monitored in another
    way. M(mailops.exchange.mail_probe) does the same from the controller.
  - The password is sent only inside the session, encrypted with a separate key.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
  - mailops.exchange.server
attributes:
  check_mode:
    support: partial
    details: In check mode, the test only signs in, even with O(light_mode=false). A warning reports this.
options:
  protocol:
    description: The protocol to test.
    type: str
    choices: [pop3, imap4]
    required: true
  user:
    description:
      - The user to sign in, as C(user@domain) or C(DOMAIN\user). This requires O(password).
      - By default, Exchange uses the test user that its script C(New-TestCasConnectivityUser.ps1) creates, and skips
        the test if there is none.
    type: str
  password:
    description: The password of O(user).
    type: str
  light_mode:
    description:
      - Whether the test only signs in. With V(false), it also sends a message and reads it, for which mail submission
        must be configured.
    type: bool
    default: true
  connection_type:
    description:
      - How to connect, in any case. V(Ssl) encrypts from the start, and V(Tls) after STLS or STARTTLS. With
        V(Plaintext), the password crosses the network unencrypted.
    type: str
    choices: [Plaintext, Tls, Ssl]
  port:
    description: The port, from 1 to 65535. Exchange's default is 110 for POP3 and 143 for IMAP4.
    type: int
  mailbox_server:
    description: Name or FQDN of the Exchange server whose mailboxes are tested. Exchange's default is all servers of
      the site.
    type: str
  trust_any_certificate:
    description: Whether the test continues with a certificate that is not trusted. Exchange's default is V(false).
    type: bool
  per_connection_timeout:
    description: Maximum time for one connection in seconds, from 1 to 120. Use 5 or more. Exchange's default is 120.
    type: int
  timeout:
    description: Maximum time for the whole test in seconds, from 1 to 3600. Exchange's default is 180.
    type: int
seealso:
  - module: mailops.exchange.mail_probe
  - name: Test-PopConnectivity
    description: The cmdlet that this module uses for POP3.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/test-popconnectivity
  - name: Test-ImapConnectivity
    description: The cmdlet that this module uses for IMAP4.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/test-imapconnectivity
"""

EXAMPLES = r"""
- name: Sign in by POP3, and fail if that does not work
  mailops.exchange.connectivity_test:
    protocol: pop3
    user: probe@contoso.com
    password: "{{ probe_password }}"
    connection_type: Ssl
    port: 995
  register: test
  failed_when: test is failed or test.result != "Success"

- name: Send and read a message by IMAP4 with the test user of Exchange
  mailops.exchange.connectivity_test:
    protocol: imap4
    light_mode: false
  register: test

- name: Fail if the test failed, but not if there is no test user
  ansible.builtin.assert:
    that: test.result in ["Success", "Skipped"]
    fail_msg: "{{ test.error }}"
"""

RETURN = r"""
server:
  description: Name of the Exchange server that was tested.
  returned: success
  type: str
  sample: EX01
result:
  description:
    - The worst of the results, V(Failure), V(Skipped), or V(Success), whatever the language of the server is.
    - If Exchange returns a result only in the language of the server, as with
      C(ansible_exchange_serialization=plain), the type of the event decides. There is none for skipped tests, so
      everything that is not a success is V(Failure).
  returned: success
  type: str
  sample: Success
error:
  description: The error message of the worst result. It is empty after a success, and null if it cannot be read.
  returned: success
  type: str
  sample: ""
tests:
  description: All tests that Exchange ran, usually one.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: The server that was tested, as Exchange names it. It is null if it cannot be read.
      type: str
      sample: EX01.contoso.com
    scenario:
      description: What was tested, as Exchange describes it. It is null if it cannot be read.
      type: str
      sample: Test POP3 Connectivity
    result:
      description: V(Failure), V(Skipped), or V(Success).
      type: str
      sample: Success
    error:
      description: The error message. It is empty after a success, and null if it cannot be read.
      type: str
      sample: ""
    latency_ms:
      description: The latency in milliseconds. It is null if Exchange does not return it.
      type: int
      sample: 50
unreadable:
  description: The values that cannot be read, and the form in which each was received.
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
