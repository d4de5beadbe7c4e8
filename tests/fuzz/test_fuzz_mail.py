"""A mail service may say anything: mail_probe reports it or fails with a sentence, and never repeats a password."""

from __future__ import annotations

import base64
import contextlib
import imaplib
import json
import random
import socket
import threading
from collections.abc import Callable
from unittest import mock

import pytest
from fuzzing import fuzz, spoilt, watched
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._mail.dialogues import DIALOGUES, Pop3, Rejected, Smtp
from ansible_collections.mailops.exchange.plugins.module_utils._mail.service import Account, MailService, Report
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import Deadline, LimitedSocket, Traffic
from ansible_collections.mailops.exchange.plugins.module_utils._mail.target import MailTarget

SECRET = "Correct-Horse-1"
FORMS = [form.encode() for form in (SECRET, base64.b64encode(SECRET.encode()).decode())]
FORMS.append(base64.b64encode(f"\0anna\0{SECRET}".encode()))
# imaplib numbers its commands behind letters that it draws; here they are always the same.
DRAWN = 4096
TAG = imaplib.Int2AP(DRAWN)

HONEST = {
    "pop3": [
        b"+OK ready\r\n+OK\r\nUSER\r\nSTLS\r\nSASL PLAIN LOGIN\r\n.\r\n+OK\r\n+OK logged on\r\n+OK 2 320\r\n"
        b"+OK 2\r\n1 a\r\n2 b\r\n.\r\n+OK\r\nSubject: x\r\nX-Mailops-Probe: 1\r\n.\r\n+OK\r\nbody\r\n.\r\n"
        b"+OK\r\n+OK bye\r\n",
        b"+OK ready\r\n-ERR no such command\r\n+OK\r\n-ERR [SYS/TEMP] later\r\n",
        b"+OK ready\r\n-ERR no such command\r\n+OK\r\n+OK logged on\r\n-ERR Server Unavailable. 21\r\n",
        b"-ERR too many connections\r\n",
    ],
    "imap4": [
        b"* OK ready\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN STARTTLS\r\n" + TAG + b"0 OK done\r\n"
        b"* CAPABILITY IMAP4rev1\r\n" + TAG + b"1 OK logged on\r\n* 2 EXISTS\r\n" + TAG + b"2 OK [READ-ONLY] done\r\n"
        b"* BYE\r\n" + TAG + b"3 OK\r\n",
        b"* OK ready\r\n* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n" + TAG + b"0 OK done\r\n",
        b"* OK ready\r\n* CAPABILITY IMAP4rev1\r\n" + TAG + b"0 OK done\r\n" + TAG + b"1 NO [UNAVAILABLE] later\r\n",
        b"* OK ready\r\n* CAPABILITY IMAP4rev1\r\n"
        + TAG
        + b"0 OK done\r\n"
        + TAG
        + b"1 OK logged on\r\n"
        + TAG
        + b"2 BAD User is authenticated but not connected.\r\n* BYE Connection closed. 14\r\n",
        b"* BYE no\r\n",
        b"* PREAUTH ready\r\n* X {5}\r\nabcde y\r\n",
    ],
    "smtp": [
        b"220 ready\r\n250-hello\r\n250-STARTTLS\r\n250-SIZE 100\r\n250 AUTH PLAIN LOGIN\r\n235 ok\r\n250 ok\r\n"
        b"250 ok\r\n354 go on\r\n250 queued\r\n221 bye\r\n",
        b"220 ready\r\n500 what\r\n250 hello\r\n",
        b"220 ready\r\n250-hello\r\n250 AUTH LOGIN\r\n334 VXNlcg==\r\n334 UGFzcw==\r\n535 no\r\n",
        b"421 not now\r\n",
    ],
}
TOKENS = [
    b"\r\n", b"\n", b"\r", b"\0", b"+OK ", b"-ERR ", b"* ", b"+ ", b"OK", b"NO", b"BAD", b"BYE", b"250-", b"250 ",
    b"{4294967295}\r\n", b"{9999999999999999999}\r\n", b"{-1}\r\n", b"{5}\r\n", b"AUTH", b"CAPABILITY ", b"-1 ",
    b"\xff\xfe", b"\x1b[31m", b"\xe2\x80\xae", b"x" * 3000, b" " * 300, b".\r\n", b"\x16\x03\x01", TAG + b"1 ",
    b"\x15\x03\x01\x00\x02\x02\x28", b"9" * 5000, b"['", b"']", b"b'", b'"', b"\\", *FORMS,
]  # fmt: skip


class Here(MailTarget):
    """A target that is reached without a network: what it sends is there already, and then it ends."""

    says: Callable[[socket.socket], None]

    def connect(self, traffic: Traffic) -> LimitedSocket:
        ours, theirs = socket.socketpair()
        line = LimitedSocket(fileno=ours.detach())
        line.traffic = traffic
        self.says(theirs)
        return line


def saying(what: bytes) -> Callable[[socket.socket], None]:
    def says(line: socket.socket) -> None:
        # As much as goes without anybody who reads; the rest is only more of the same.
        line.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            line.sendall(what)
        line.shutdown(socket.SHUT_WR)
        lines.append(line)

    lines: list[socket.socket] = []
    return says


def visit(protocol: str, says: Callable[[socket.socket], None], seconds: float = 30) -> Report:
    """A visit that does everything a probe does, over a line without encryption."""
    target = Here("mail.contoso.test", 1, "none")
    object.__setattr__(target, "says", says)
    report = Report()
    failures = []
    service = MailService(
        DIALOGUES[protocol], target, Deadline(seconds), account=Account("anna", SECRET, in_clear=True)
    )
    try:
        with mock.patch.object(random, "randint", return_value=DRAWN), service.visit(report) as dialogue:
            if isinstance(dialogue, Pop3):
                with service.part("list", "the list of the messages", report):
                    dialogue.uids()
                with service.part("fetch", "a message", report):
                    dialogue.header(1)
                    dialogue.message(1)
                    dialogue.delete(1)
            if isinstance(dialogue, Smtp):
                with service.part("send", "the message", report), contextlib.suppress(Rejected):
                    dialogue.send("anna@contoso.test", "anna@contoso.test", "Subject: x\n\nx\n")
    except Failure as failure:
        failures.append(str(failure))
    assert all(told.endswith(".") and "\n" not in told for told in failures), failures
    told = json.dumps([report.shown(), failures], ensure_ascii=False).encode()
    assert not any(form in told for form in FORMS), told
    return report


@pytest.mark.parametrize("protocol", DIALOGUES)
def test_the_dialogues_that_are_spoilt_come_to_their_end(protocol: str) -> None:
    """Or only greetings would be tried below."""
    assert visit(protocol, saying(HONEST[protocol][0])).logon == {
        "attempted": True,
        "ok": True,
        "answer": {"pop3": "logged on", "imap4": "logged on", "smtp": "235 ok"}[protocol],
    }


@fuzz(400, st.sampled_from(list(DIALOGUES)).flatmap(lambda key: st.tuples(st.just(key), spoilt(HONEST[key], TOKENS))))
def test_dialogues(said: tuple[str, bytes]) -> None:
    visit(said[0], saying(said[1]))


@fuzz(150, st.sampled_from(list(DIALOGUES)), st.lists(st.sampled_from(TOKENS) | st.binary(max_size=20)).map(b"".join))
def test_noise(protocol: str, said: bytes) -> None:
    visit(protocol, saying(said))


@fuzz(150, st.sampled_from(list(DIALOGUES)), st.sampled_from(list(DIALOGUES)))
def test_the_wrong_protocol(protocol: str, other: str) -> None:
    for said in HONEST[other]:
        visit(protocol, saying(said))


def without_end(piece: bytes, greeting: bytes = b"") -> Callable[[socket.socket], None]:
    def talk(line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            line.sendall(greeting)
            while True:
                line.sendall(piece)

    def says(line: socket.socket) -> None:
        threading.Thread(target=talk, args=(line,), daemon=True).start()

    return says


GREETINGS = {"pop3": b"+OK\r\n+OK\r\n", "imap4": b"* OK\r\n", "smtp": b"220 x\r\n"}
LINES = {"pop3": b"+OK x\r\n", "imap4": b"* OK x\r\n", "smtp": b"250-x\r\n"}


@pytest.mark.parametrize("protocol", DIALOGUES)
@pytest.mark.parametrize("piece", [b"x", b"\0", b"\r\n", None], ids=["a line", "zeros", "empty lines", "its own lines"])
def test_floods_end(protocol: str, piece: bytes | None) -> None:
    with watched():
        visit(protocol, without_end((piece or LINES[protocol]) * 10_000, GREETINGS[protocol]))


@pytest.mark.parametrize("size", [b"4294967295", b"9" * 30, b"1048577"])
def test_a_literal_makes_no_room_beforehand(size: bytes) -> None:
    with watched():
        visit("imap4", saying(b"* OK x\r\n* CAPABILITY {" + size + b"}\r\n" + b"x" * 1000))
