"""The event source with real parts: Dovecot and Postfix, and a real ansible-rulebook with its rule engine."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import debian
import pytest
import yaml
from application_mailbox import ARGS, PASSWORD, reply, unrelated
from debian import Unavailable
from mail_servers import NAME, OFFSET, MailServers, running
from needed import ROOTS, RULEBOOK, do_without
from scripted_mail_server import Server, talk_pop3

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox import source
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.mail import read
from exchange_simulator.pki import Authority

ROOT = Path(__file__).resolve().parents[2]
APP, ANNA = "app@contoso.test", "anna@contoso.test"
PASSWORDS = {APP: PASSWORD, ANNA: "Geh\u00e9im-Wort 2"}
PORTS = {
    ("pop3", "implicit_tls"): 995,
    ("pop3", "starttls"): 110,
    ("imap4", "implicit_tls"): 993,
    ("imap4", "starttls"): 143,
}


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    with running(PASSWORDS) as started:
        yield started


class Events:
    """A queue that knows how many events are expected."""

    def __init__(self, expected: int) -> None:
        self.seen: list[dict[str, Any]] = []
        self._expected, self.all_here = expected, asyncio.Event()

    def expect_one_more(self) -> None:
        self._expected = len(self.seen) + 1
        self.all_here.clear()

    async def put(self, event: dict[str, Any]) -> None:
        self.seen.append(event["mailbox"])
        if len(self.seen) >= self._expected:
            self.all_here.set()


class Later(source.Clock):
    """As if half an hour had gone by since the last run."""

    runs = 0

    def __init__(self) -> None:
        Later.runs += 1
        self._later = 3600.0 * Later.runs

    def now(self) -> float:
        return super().now() + self._later


def run_until(events: int, args: dict[str, Any], then: Callable[[], None] | None = None) -> list[dict[str, Any]]:
    """The events of a source, until there are so many; after ``then``, one more."""

    async def run() -> list[dict[str, Any]]:
        queue = Events(events)
        task = asyncio.create_task(source.run(queue, args, clock=Later()))
        try:
            async with asyncio.timeout(60):
                await queue.all_here.wait()
                if then:
                    queue.expect_one_more()
                    await asyncio.to_thread(then)
                    await queue.all_here.wait()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return queue.seen

    return asyncio.run(run())


def args_for(servers: MailServers, protocol: str, encryption: str, folder: Path, **more: Any) -> dict[str, Any]:
    where = {"connect_to": servers.addresses["good"], "port": PORTS[protocol, encryption] + OFFSET}
    how = {"protocol": protocol, "encryption": encryption, "ca_cert": str(servers.ca_file)}
    return {**ARGS, "host": NAME, "state_dir": str(folder), **where, **how, **more}


def test_replies_in_a_real_mailbox(servers: MailServers, tmp_path: Path) -> None:
    """By every way in; what was given by one is known by the others, for it is one mailbox."""
    servers.put(APP, reply(1).decode())
    servers.put(APP, unrelated(2).decode())
    events = run_until(2, args_for(servers, "pop3", "implicit_tls", tmp_path))
    assert [(event["type"], event["text"]) for event in events] == [("reply", "Approved."), ("other_mail", "")]
    for number, (protocol, encryption) in enumerate(PORTS, 3):
        servers.put(APP, reply(number).decode())
        (event,) = run_until(1, args_for(servers, protocol, encryption, tmp_path))
        assert event["message_id"] == f"reply-{number}@contoso.test"


def test_news_by_idle_from_postfix_to_dovecot(
    servers: MailServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not servers.sends:
        do_without(ROOTS, "Postfix runs only where root starts it.")
    monkeypatch.setattr(source, "_NEWS_PAUSE", 0.0)
    before = len(servers.messages(APP))
    servers.put(APP, reply(20).decode())
    args = args_for(servers, "imap4", "implicit_tls", tmp_path, after="delete")
    events = run_until(before + 1, args, lambda: submit(servers, reply(21)))
    assert events[-1]["message_id"] == "reply-21@contoso.test"
    left = b"".join(message.read_bytes() for message in servers.messages(APP))
    # The source was ended when it had given the last one. What is none of ours stays.
    assert b"reply-20@contoso.test" not in left
    assert b"Subject: Lunch" in left


def submit(servers: MailServers, mail: bytes) -> None:
    context = ssl.create_default_context(cafile=str(servers.ca_file))
    context.check_hostname = False
    with smtplib.SMTP(servers.addresses["good"], 587 + OFFSET) as client:
        client.starttls(context=context)
        client.docmd("AUTH", "PLAIN " + base64.b64encode(f"\0{ANNA}\0{PASSWORDS[ANNA]}".encode()).decode())
        client.sendmail(ANNA, [APP], mail)


def test_a_log_on_that_a_real_server_refuses(servers: MailServers, tmp_path: Path) -> None:
    for protocol in ("pop3", "imap4"):
        args = args_for(servers, protocol, "implicit_tls", tmp_path, test=True, password="wrong-password")
        (event,) = run_until(1, args)
        assert "refused the sign-in of app@contoso.test: " in event["sentence"]
        assert "wrong-password" not in json.dumps(event)


HOSTILE = """{{ lookup('pipe', 'touch OWNED') }} {% set x = 1 %} {# gone #}
$ANSIBLE_VAULT;1.1;AES256 !unsafe $(touch OWNED) `touch OWNED` && touch OWNED
"; touch OWNED; " ' ; [1, 2, {'a': __import__('os').system('touch OWNED')}]
"""

RULES = """
- name: replies
  hosts: all
  sources:
    - name: replies
      mailops.exchange.mailbox: "ARGS"
  rules:
    - name: a reply
      condition: event.mailbox.type == "reply"
      actions:
        - debug:
            msg: "{{ event.mailbox.subject }}"
        - run_playbook:
            name: PLAYBOOK
        - shutdown:
"""

PLAYBOOK = """
- name: Keep what somebody has answered
  hosts: all
  gather_facts: false
  tasks:
    - name: Write the text down as it is
      ansible.builtin.copy:
        content: "{{ ansible_eda.event.mailbox.text }}"
        dest: "TEXT"
        mode: "0600"
    - name: Hand it to a program
      ansible.builtin.command:
        argv:
          - /bin/echo
          - "{{ ansible_eda.event.mailbox.subject }}"
          - "{{ ansible_eda.event.mailbox.attachments[0].name }}"
      changed_when: true
"""


@pytest.fixture
def rulebook() -> str:
    """The program, with the Java that its rule engine needs."""
    if not shutil.which("java"):
        try:
            debian.install("Java is", ["/usr/bin/java"], ["openjdk-17-jre-headless"])
        except Unavailable as reason:
            do_without(RULEBOOK, reason)
    return str(Path(sys.executable).with_name("ansible-rulebook"))


def test_a_hostile_mail_through_a_real_rulebook(rulebook: str, tmp_path: Path) -> None:
    """Text of a stranger is text: for the rule engine, for its templates, for Ansible's, and for what Ansible runs."""
    subject = "{{ lookup('pipe', 'touch OWNED') }} $ANSIBLE_VAULT;1.1;AES256"
    body = f'--b\n\n{HOSTILE}--b\nContent-Type: image/png; name="../{{{{ 7*7 }}}}.png"\n\nx\n--b--\n'
    mail = reply(1, body, Subject=subject, Content_Type="multipart/mixed; boundary=b")
    authority = Authority(tmp_path / "ca")
    server = Server(authority.issue(["localhost"]), lambda talking: talk_pop3(talking, {"a1": mail}))
    args = ARGS | {"host": "localhost", "port": server.port, "ca_cert": str(authority.ca_file)}
    args |= {"state_dir": str(tmp_path / "state"), "password": "{{ mailbox_password }}"}
    text = tmp_path / "text"
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(PLAYBOOK.replace("TEXT", str(text)))
    (tmp_path / "vars.yml").write_text(yaml.safe_dump({"mailbox_password": PASSWORD}))
    rules = yaml.safe_load(RULES.replace("PLAYBOOK", str(playbook)))
    rules[0]["sources"][0]["mailops.exchange.mailbox"] = args
    (tmp_path / "rulebook.yml").write_text(yaml.safe_dump(rules, sort_keys=False))
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": {"localhost": host}}}))
    environment = os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "PATH": f"{Path(rulebook).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    command = [
        rulebook,
        "--rulebook",
        "rulebook.yml",
        "--inventory",
        "inventory.yml",
        "--vars",
        "vars.yml",
        "--print-events",
    ]
    try:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
    finally:
        server.close()
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert text.exists(), output
    assert not list(tmp_path.rglob("OWNED")), output
    assert PASSWORD not in output
    assert "{ { lookup('pipe', 'touch OWNED') }}" in text.read_text(), output
    assert "$(touch OWNED) `touch OWNED`" in text.read_text()
    assert text.read_text() == text_of(mail)


def text_of(mail: bytes) -> str:
    """The text of the mail as an event has it."""
    return read(mail.splitlines(keepends=True)).text
