"""The event source with real parts: Dovecot and Postfix, and a real ansible-rulebook with its rule engine."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import debian
import pytest
import yaml
from application_mailbox import ARGS, PASSWORD, reply, unrelated
from debian import Unavailable
from mail_servers import NAME, OFFSET, MailServers, install
from needed import ROOTS, RULEBOOK, do_without
from scripted_mail_server import Server, talk_pop3

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox import source
from exchange_simulator.pki import Authority

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "mailbox.py"
APP, ANNA = "app@contoso.test", "anna@contoso.test"
PASSWORDS = {APP: PASSWORD, ANNA: "Geh\u00e9im-Wort 2"}
PORTS = {("pop3", "implicit_tls"): 995, ("pop3", "starttls"): 110, ("imap4", "implicit_tls"): 993, ("imap4", "starttls"): 143}


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    try:
        install()
        running = MailServers(PASSWORDS)
    except Unavailable as reason:
        do_without(ROOTS, reason)
    try:
        try:
            running.start()
        except Unavailable as reason:
            do_without(ROOTS, reason)
        yield running
    finally:
        running.stop()


class Events:
    """A queue that knows how many events are expected."""

    def __init__(self, expected: int) -> None:
        self.seen: list[dict[str, Any]] = []
        self._expected, self.all_here = expected, asyncio.Event()

    async def put(self, event: dict[str, Any]) -> None:
        self.seen.append(event["mailbox"])
        if len(self.seen) >= self._expected:
            self.all_here.set()


def run_until(events: int, args: dict[str, Any], *, then: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The events of a source, until there are so many; each of ``then`` is done when those before it have come."""

    async def run() -> list[dict[str, Any]]:
        queue = Events(events)
        task = asyncio.create_task(source.run(queue, args))
        try:
            for number, do in enumerate((*then, None), 1):
                async with asyncio.timeout(60):
                    await queue.all_here.wait()
                if do:
                    queue.all_here.clear()
                    queue._expected = events + number
                    do()
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
        state = next(tmp_path.glob("*.state"))
        # As if half an hour had gone by.
        head, _end, rest = state.read_bytes().partition(b"\n")
        told = json.loads(head)
        assert told["health"]["failures"] == 0
        (event,) = run_until(1, args_for(servers, protocol, encryption, forgetful(tmp_path, told, rest)))
        assert event["message_id"] == f"reply-{number}@contoso.test"


def forgetful(folder: Path, _told: Any, _rest: bytes) -> Path:
    return folder
