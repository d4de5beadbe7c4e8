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
  - A failed or skipped test is a result, not an error. The task fails only if the test could not be run; look at
    RV(result) to decide what to do.
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
      - How to connect, V(Plaintext), V(Ssl) for encryption from the start, or V(Tls) for encryption after STLS or
        STARTTLS. With V(Plaintext) the password crosses the network in clear.
    type: str
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
  description: The worst of the results, V(Failure), V(Skipped) or V(Success).
  returned: success
  type: str
  sample: Success
error:
  description: What Exchange says of the worst result, empty if it was a success.
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
      description: The server that was tried, as Exchange names it.
      type: str
      sample: EX01.contoso.com
    scenario:
      description: What was tried, in Exchange's words.
      type: str
      sample: Test POP3 Connectivity
    result:
      description: Its result.
      type: str
      sample: Success
    error:
      description: What Exchange says of it, empty if it was a success.
      type: str
      sample: ""
    latency_ms:
      description: How long it took, in milliseconds; null if Exchange does not say.
      type: int
      sample: 50
cmdlets:
  description: Always empty, because nothing is changed.
  returned: always
  type: list
  elements: dict
  sample: []
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletFailure, Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import credential, wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import stray
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan, span_ticks
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Identity, SingleLine, Text
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import argument_spec, refuse, run
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import read_members

# The worst first.
RESULTS = ("Failure", "Skipped", "Success")
MEMBERS = ("ClientAccessServer", "Scenario", "Result", "Latency", "Error")
_LATENCY = (Setting("latency", "Latency", TimeSpan(0, 0)),)


class Secret(Text):
    """A password, which no sentence may repeat."""

    def parse(self, value: Any) -> str:
        if stray(str(value)):
            raise ValueError("it contains a line break or another control character; give it in one line")
        return str(value)


SETTINGS = (
    # The names are documented, the numbers inferred; names are sent.
    Setting("connection_type", "ConnectionType", Enum({"Plaintext": 0, "Ssl": 1, "Tls": 2})),
    Setting("port", "PortClientAccessServer", Int(1, 65535)),
    Setting("mailbox_server", "MailboxServer", Identity()),
    Setting("trust_any_certificate", "TrustAnySSLCertificate", Bool()),
    Setting("per_connection_timeout", "PerConnectionTimeout", Int(1, 120, "seconds")),
    Setting("timeout", "Timeout", Int(1, 3600, "seconds")),
)
OPTIONS = (
    Setting("user", "", SingleLine()),
    Setting("password", "", Secret()),
    Setting("light_mode", "LightMode", Bool()),
    *SETTINGS,
)


def conflicts(options: Mapping[str, Any]) -> Iterator[str]:
    """Sentences on options that do not go together."""
    for option, other in (("user", "password"), ("password", "user")):
        if option in options and not options.get(other, ""):
            yield f"{other}: it is missing or empty, and {option} is given; give both, or neither."
    if not options.get("user", "x").strip():
        yield "user: it is blank; give user@domain or DOMAIN\\user, or leave it out for Exchange's test user."
    if options.get("per_connection_timeout", 0) > options.get("timeout", 3600):
        yield "per_connection_timeout: it is longer than timeout, the time for the whole test; give a shorter one."


def read_result(value: Any) -> str:
    """The name of a result; its text may be in the server's language, the enumeration inside it is not."""
    return wire_text(value.get("Value")) or wire_text(value) if isinstance(value, Mapping) else wire_text(value)


def read_test(found: Mapping[str, Any]) -> dict[str, Any]:
    ticks = span_ticks(read_members(_LATENCY, found).values.get("latency", ""))
    return {
        "server": wire_text(found.get("ClientAccessServer")),
        "scenario": wire_text(found.get("Scenario")),
        "result": read_result(found.get("Result")),
        "error": " ".join(wire_text(found.get("Error")).split()),
        "latency_ms": None if ticks is None else ticks // 10_000,
    }


def run_test(host: Host, options: dict[str, Any], protocol: str) -> dict[str, Any]:
    """Run the cmdlet and tell what it found."""
    refuse(conflicts(options))
    server = host.server(options.pop("server", None))
    cmdlet = PROTOCOLS[protocol].test_cmdlet
    light = options["light_mode"] or host.check_mode
    parameters: dict[str, Any] = {s.parameter: s.kind.send(options[s.option]) for s in SETTINGS if s.option in options}
    if not parameters.get("TrustAnySSLCertificate", True):
        del parameters["TrustAnySSLCertificate"]
    if light:
        parameters["LightMode"] = True
    if "user" in options:
        parameters["MailboxCredential"] = credential(options["user"], options["password"])
    # Without light mode a message is sent, which must not happen twice because an answer got lost.
    reply = host.call(
        cmdlet, endpoint="exchange", write=not light, members=MEMBERS, ClientAccessServer=server.name, **parameters
    )
    if reply.errors or reply.state != "completed":
        raise CmdletFailure(cmdlet, reply.errors, reply.reason)
    tests = [read_test(found) for found in reply.output]
    if not tests:
        said = " ".join(" ".join(reply.warnings).split()).rstrip(".")
        raise Failure(f"{cmdlet} gave no result for {server.title}{said and ': '}{said}.")
    worst = min(tests, key=lambda one: RESULTS.index(one["result"]) if one["result"] in RESULTS else -1)
    return {"server": server.name, "result": worst["result"], "error": worst["error"], "tests": tests}


def main() -> None:
    spec = argument_spec(OPTIONS)
    spec["password"]["no_log"] = True
    spec["light_mode"]["default"] = True
    spec["protocol"] = {"type": "str", "choices": list(PROTOCOLS), "required": True}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)

    def work(host: Host, options: dict[str, Any]) -> dict[str, Any]:
        if options.get("connection_type") == "Plaintext" and "user" in options:
            module.warn("connection_type: with Plaintext the password crosses the network in clear.")
        if host.check_mode and not options["light_mode"]:
            module.warn("light_mode: in check mode the test only logs on, because more would send a message.")
        return run_test(host, options, module.params["protocol"])

    run(module, work, OPTIONS)


if __name__ == "__main__":
    main()
