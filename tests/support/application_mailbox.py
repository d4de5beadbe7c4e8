"""A mailbox for the event source: its mails in memory, with the troubles that a test asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox import options
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.conversation import (
    Connection,
    Failed,
    Listed,
    Listing,
    Top,
)
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.options import Account

PASSWORD = "Geh\u00e9im-Wort 1"
ARGS: dict[str, Any] = {
    "host": "mail.contoso.test",
    "user": "app@contoso.test",
    "password": PASSWORD,
    "allowed_senders": ["anna@contoso.test"],
    "message_ids": ["*@app.contoso.test"],
}


def account(**changed: Any) -> Account:
    """An account as a rulebook gives it."""
    (only,) = options.read({**ARGS, **changed}, Path("/nowhere")).accounts
    return only


def reply(number: int, body: str = "Approved.\n", **fields: str) -> bytes:
    """A mail that is ours, but for what ``fields`` say otherwise; an empty one is left out."""
    header = {
        "Return-Path": "<anna@contoso.test>",
        "From": "Anna <anna@contoso.test>",
        "To": "app@contoso.test",
        "Subject": f"Re: Task {number}",
        "Date": "Mon, 03 Nov 2025 10:00:00 +0100",
        "Message-ID": f"<reply-{number}@contoso.test>",
        "In-Reply-To": f"<task-{number}@app.contoso.test>",
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    lines = "".join(f"{name}: {value}\n" for name, value in header.items() if value)
    return f"{lines}\n{body}".encode().replace(b"\n", b"\r\n")


def unrelated(number: int) -> bytes:
    """A mail that answers nothing."""
    return reply(number, In_Reply_To="", Message_ID=f"<other-{number}@contoso.test>", Subject="Lunch")


class Mailbox:
    """What is on the server: mails by what it calls them."""

    def __init__(self, *mails: bytes, validity: str = "pop3", sure: bool = False) -> None:
        self.mails: dict[str, bytes] = {}
        self.validity, self.sure = validity, sure
        self.removed: list[str] = []
        self.asked: list[str] = []
        """What was asked for, with each request."""
        self.fails_at: set[str] = set()
        """Requests at which the connection breaks, as `lines u1`."""
        self.down: str | None = None
        self.news = 0
        self._last = 0
        for mail in mails:
            self.arrive(mail)

    def arrive(self, mail: bytes) -> str:
        self._last += 1
        self.mails[f"u{self._last}"] = mail
        return f"u{self._last}"

    def rename(self) -> None:
        """As when a mailbox moves: each identifier is one that another mail had."""
        names = list(self.mails)
        self.mails = dict(zip(names, reversed(self.mails.values()), strict=True))

    def open(self, _account: Account, _connection: Connection) -> Mailbox:
        self._say("open")
        if self.down:
            raise Failed(self.down)
        return self

    def _say(self, request: str) -> None:
        self.asked.append(request)
        if request in self.fails_at:
            raise Failed("mail.contoso.test:995 dropped the connection.")

    def listing(self) -> Listing:
        self._say("listing")
        mails = [Listed(uid, None if self.sure else len(mail)) for uid, mail in self.mails.items()]
        return Listing(self.validity, mails, self.sure)

    def tops(self, uids: Iterable[str]) -> Iterator[Top]:
        for uid in uids:
            self._say(f"top {uid}")
            mail = self.mails[uid]
            yield Top(uid, len(mail), mail.partition(b"\r\n\r\n")[0] + b"\r\n")

    def lines(self, uid: str) -> Iterator[bytes]:
        lines = self.mails[uid].splitlines(keepends=True)
        yield from lines[:2]
        self._say(f"lines {uid}")
        yield from lines[2:]

    def remove(self, uid: str) -> None:
        self._say(f"remove {uid}")
        del self.mails[uid]
        self.removed.append(uid)

    def wait(self, seconds: float) -> bool:
        self.news -= 1
        return self.news >= 0

    def close(self) -> None:
        self._say("close")
