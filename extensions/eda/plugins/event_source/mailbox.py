# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Event source: the replies that people send to an application's mailbox, by POP3 or IMAP4."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
short_description: Receive the replies that people send to the mailbox of an application
version_added: 0.1.0
description:
  - An ansible-rulebook event source plugin that reads a dedicated mailbox by POP3 or IMAP4, and creates one event for
    each message.
  - A message that answers a message of the application, comes from an allowed sender, and was written by a person has
    the type V(reply), and the event contains its text. Every other message has the type V(other_mail), and the event
    does not contain its text.
  - The plugin stops using a mailbox that fails or that is used for something else. The type V(account_disabled) says
    that an account is no longer used, V(unrelated_mail) that the mailbox has too many unrelated messages, and
    V(problem) reports other problems.
  - All options except O(accounts), O(interval), O(jitter), O(state_dir), O(test), O(feedback), and O(feedback_timeout)
    can be given for each account, or next to O(accounts) for all of them.
  - Requires inscriptis on the host of ansible-rulebook, as listed in C(requirements-eda.txt) of the collection.
options:
  accounts:
    description: The accounts, each a dictionary of options. By default, there is one account with the options given.
    type: list
    elements: dict
  interval:
    description: Minutes between two checks of each account, at least 5. The accounts are spread over the interval.
    type: int
    default: 30
  jitter:
    description: A random part of the interval, of at most this percentage, is added each time. The maximum is 50.
    type: int
    default: 10
  state_dir:
    description:
      - The folder in which the plugin remembers the events that it has created, in one small file per mailbox. It must
        be persistent, for example a volume of a container.
      - The default is C(mailops.exchange/mailbox) in C($XDG_STATE_HOME), or in C(~/.local/state).
    type: str
  test:
    description: Authenticate with each account once, report what is wrong in an event of type V(test), and end.
    type: bool
    default: false
  feedback:
    description:
      - Whether an event counts as delivered only when ansible-rulebook acknowledges that its engine has it. This
        requires an ansible-rulebook with persistence, and a name for the source.
    type: bool
    default: false
  feedback_timeout:
    description: Seconds to wait for the acknowledgment. After that, the event is sent again at the next check, with
      the same ID.
    type: int
    default: 120
  name:
    description: The name of the account in events and messages. The default is its address.
    type: str
  protocol:
    description: The protocol to read the mailbox with.
    type: str
    choices: [pop3, imap4]
    default: pop3
  host:
    description: The mail server. Its certificate must cover this name.
    type: str
    required: true
  port:
    description: The port. The default is 995 or 110 for POP3 and 993 or 143 for IMAP4, depending on O(encryption).
    type: int
  encryption:
    description:
      - V(implicit_tls) is what mail programs call SSL/TLS. V(starttls) starts unencrypted and switches to TLS before
        authentication. Without TLS and a valid certificate, nothing is read and no password is sent.
    type: str
    choices: [implicit_tls, starttls]
    default: implicit_tls
  ca_cert:
    description: File with the CA certificates to trust, instead of those of the system.
    type: str
  connect_to:
    description: Name or address to connect to instead of O(host), for example a single server behind a load balancer.
    type: str
  timeout:
    description: Seconds to wait for an answer of the server.
    type: int
    default: 60
  user:
    description: The user to authenticate as.
    type: str
    required: true
  password:
    description: The password. Keep it in a vault or a credential, not in the rulebook.
    type: str
    required: true
  address:
    description: The mail address of the mailbox. The default is O(user).
    type: str
  folder:
    description: The folder to read by IMAP4. POP3 has only the inbox.
    type: str
    default: INBOX
  idle:
    description: Whether to receive new messages immediately by IDLE, if the IMAP4 server offers it.
    type: bool
    default: true
  allowed_senders:
    description: The allowed senders of replies, as addresses, domains such as V(@contoso.com), or V(*) for everybody.
    type: list
    elements: str
    required: true
  message_ids:
    description:
      - The message IDs of the messages that the application sent, with V(*) for any characters, as in
        V(*@app.contoso.com). A message that names one of them in C(In-Reply-To) or C(References) is a reply.
    type: list
    elements: str
  message_ids_file:
    description: File with more message IDs, one per line. It is read before each check, so the application can add to
      it.
    type: str
  subject_tag:
    description: With V(task), a message with C([task:17]) in its subject is a reply, and 17 is the C(tag) of the event.
    type: str
  plus_addressing:
    description: Whether a message to C(name+17@contoso.com) is a reply too, if O(address) is C(name@contoso.com).
    type: bool
    default: false
  trusted_authserv_id:
    description:
      - The name with which your own mail server adds C(Authentication-Results). If given, a reply must have a pass
        there for DMARC, or for DKIM or SPF of the domain of its sender.
    type: str
  max_size:
    description: The maximum size of a message to read, in MiB.
    type: int
    default: 35
  after:
    description: What to do with a reply after its event was created. Other messages stay where they are.
    type: str
    choices: [keep, delete, move]
    default: keep
  move_to:
    description: The folder for O(after=move), which is available with IMAP4 only.
    type: str
  max_failures:
    description: The account is disabled after more consecutive failures than this.
    type: int
    default: 25
  longest_pause:
    description: After each failure, the pause grows by one interval, up to this many minutes.
    type: int
    default: 240
  max_unrelated:
    description: If the mailbox has this many unrelated messages, nothing is processed until they are removed.
    type: int
    default: 10
  unrelated_pause:
    description: Minutes until the mailbox is checked again in this case.
    type: int
    default: 5
  enable:
    description: Any text, for example V(ticket 4711). Changing it enables a disabled account again.
    type: str
"""

EXAMPLES = r"""
- name: Read one mailbox by POP3
  mailops.exchange.mailbox:
    host: mail.contoso.com
    user: app@contoso.com
    password: "{{ mailbox_password }}"
    allowed_senders: ["@contoso.com"]
    message_ids: ["*@app.contoso.com"]

- name: Read two mailboxes by IMAP4, with new messages at once
  mailops.exchange.mailbox:
    protocol: imap4
    host: mail.contoso.com
    allowed_senders: ["@contoso.com"]
    after: move
    move_to: Done
    accounts:
      - user: tasks@contoso.com
        password: "{{ tasks_password }}"
        subject_tag: task
      - user: orders@contoso.com
        password: "{{ orders_password }}"
        plus_addressing: true

- name: Only test the settings
  mailops.exchange.mailbox:
    test: true
    host: mail.contoso.com
    user: app@contoso.com
    password: "{{ mailbox_password }}"
    allowed_senders: ["@contoso.com"]
    subject_tag: task
"""

_PACKAGE = "mailops_exchange_mailbox"


def _source() -> Any:
    """What this file is the front of.

    ansible-rulebook runs it by its path, and knows neither collections nor this folder: it is a program of its own,
    without Ansible's loader. So the package is found from here, under a name that nobody else has.
    """
    if _PACKAGE not in sys.modules:
        folder = Path(__file__).resolve().parents[2] / "plugin_utils" / "mailbox"
        spec = importlib.util.spec_from_file_location(
            _PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if not spec or not spec.loader:
            raise ImportError(f"{folder} is missing; install the whole collection, not this file alone.")
        sys.modules[_PACKAGE] = package = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
    return importlib.import_module(f"{_PACKAGE}.source")


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Give events until ansible-rulebook ends."""
    await _source().run(queue, args)


if __name__ == "__main__":
    # Without ansible-rulebook: the options as JSON on standard input, each event as a line of JSON.
    import asyncio
    import json

    class _Printer:
        async def put(self, event: dict[str, Any]) -> None:
            print(json.dumps(event), flush=True)

    asyncio.run(main(_Printer(), json.load(sys.stdin)))
