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
short_description: Receive the replies that people send to an application's mailbox
version_added: 0.1.0
description:
  - An ansible-rulebook event source plugin that reads a mailbox by POP3 or IMAP4, which has to be used for nothing
    else, and gives one event for each mail.
  - What answers a message of the application, comes from somebody who may answer, and was written by a person, is of
    type V(reply) and has its text. Every other mail is of type V(other_mail) and has none.
  - It keeps off a mailbox that fails or that is used for something else. Type V(account_disabled) tells that an account
    is not used any more, V(unrelated_mail) that there is too much that is none of ours, V(problem) what else somebody
    should know.
  - All options but O(accounts), O(interval), O(jitter), O(state_dir), O(test), O(feedback) and O(feedback_timeout) may
    be given for each account, and beside O(accounts) for all of them.
  - Needs inscriptis on the host of ansible-rulebook, as C(requirements-eda.txt) of the collection has it.
options:
  accounts:
    description: The accounts, each a dictionary of options. Without it there is one, of the options themselves.
    type: list
    elements: dict
  interval:
    description: Minutes from look to look at each account, not less than 5. The accounts are spread over it.
    type: int
    default: 30
  jitter:
    description: At most so many percent of the interval are added to it each time, not more than 50.
    type: int
    default: 10
  state_dir:
    description:
      - The folder in which is kept what was given already, one small file for each mailbox. It has to outlive the
        process, in a container it is a volume.
      - By default C(mailops.exchange/mailbox) in C($XDG_STATE_HOME), or in C(~/.local/state).
    type: str
  test:
    description: Log on to each account once, say in one sentence of an event of type V(test) what is wrong, and end.
    type: bool
    default: false
  feedback:
    description:
      - Take an event for given only when ansible-rulebook acknowledges that its engine has it. This needs an
        ansible-rulebook with persistence, and a name for the source.
    type: bool
    default: false
  feedback_timeout:
    description: Seconds to wait for that. Afterwards the event is given again, with the same id, at the next look.
    type: int
    default: 120
  name:
    description: What the account is called in events and sentences. By default its address.
    type: str
  protocol:
    description: How the mailbox is read.
    type: str
    choices: [pop3, imap4]
    default: pop3
  host:
    description: The mail server. Its certificate has to be for this name.
    type: str
    required: true
  port:
    description: By default 995 or 110 for POP3 and 993 or 143 for IMAP4, as O(encryption) has it.
    type: int
  encryption:
    description:
      - V(implicit_tls) is what mail programs call SSL/TLS, V(starttls) begins in clear and changes to TLS before the
        log-on. Nothing is read, and no password sent, without TLS and a valid certificate.
    type: str
    choices: [implicit_tls, starttls]
    default: implicit_tls
  ca_cert:
    description: A file of CA certificates to trust in place of the system's.
    type: str
  connect_to:
    description: A name or address to connect to in place of O(host), as for one server behind a load balancer.
    type: str
  timeout:
    description: Seconds that the server may take to answer.
    type: int
    default: 60
  user:
    description: Who logs on.
    type: str
    required: true
  password:
    description: The password. Keep it in a vault or a credential, not in the rulebook.
    type: str
    required: true
  address:
    description: The mail address of the mailbox. By default the O(user).
    type: str
  folder:
    description: The folder that is read by IMAP4. POP3 has the inbox only.
    type: str
    default: INBOX
  idle:
    description: Have news by IDLE at once, where an IMAP4 server offers it.
    type: bool
    default: true
  allowed_senders:
    description: Who may answer. Addresses, domains such as V(@contoso.com), or V(*) for everybody.
    type: list
    elements: str
    required: true
  message_ids:
    description:
      - The message ids of what the application sent, with V(*) for any characters, as in V(*@app.contoso.com). Mail
        that names one in C(In-Reply-To) or C(References) is a reply.
    type: list
    elements: str
  message_ids_file:
    description: A file with more of them, one a line. It is read before each look, so the application can add to it.
    type: str
  subject_tag:
    description: V(task) makes a reply of what has C([task:17]) in its subject, and V(17) the C(tag) of the event.
    type: str
  plus_addressing:
    description: Make a reply of what was sent to C(name+17@contoso.com) too, where O(address) is C(name@contoso.com).
    type: bool
    default: false
  trusted_authserv_id:
    description:
      - The name by which the own mail server signs C(Authentication-Results). When it is given, a reply needs there a
        pass of DMARC, or of DKIM or SPF for the domain of its sender.
    type: str
  max_size:
    description: The largest mail that is read, in MiB.
    type: int
    default: 35
  after:
    description: What is done with a reply after its event was given. Every other mail stays where it is.
    type: str
    choices: [keep, delete, move]
    default: keep
  move_to:
    description: The folder for O(after=move), which IMAP4 only has.
    type: str
  max_failures:
    description: After more consecutive failures than this the account is disabled.
    type: int
    default: 25
  longest_pause:
    description: After each failure the pause grows by one interval, up to so many minutes.
    type: int
    default: 240
  max_unrelated:
    description: When so many mails are none of ours, nothing is processed until they are gone.
    type: int
    default: 10
  unrelated_pause:
    description: Minutes until the mailbox is looked at again then.
    type: int
    default: 5
  enable:
    description: Any text. A disabled account is used again when this is changed, V(ticket 4711) for example.
    type: str
"""

EXAMPLES = r"""
- name: One mailbox by POP3
  mailops.exchange.mailbox:
    host: mail.contoso.com
    user: app@contoso.com
    password: "{{ mailbox_password }}"
    allowed_senders: ["@contoso.com"]
    message_ids: ["*@app.contoso.com"]

- name: Two by IMAP4, which tells of new mail at once
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

- name: Only look whether the settings are right
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
