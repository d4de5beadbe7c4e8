"""What POP3 and IMAP4 say, against what servers were seen to say; the addresses are in the catalogue's evidence."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from exchange_simulator.catalogue.releases import RELEASE
from exchange_simulator.mail import DIALOGUES, Dialogue
from exchange_simulator.organisation import Organisation

_SECRET = "Correct-Horse-1"
_PUBLISHED = "* CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=NTLM AUTH=GSSAPI UIDPLUS"
Start = Callable[..., Dialogue]


@pytest.fixture
def start(make: Callable[..., Organisation]) -> Start:
    organisation = make("SE")
    organisation.accounts["reader"] = _SECRET

    def started(protocol: str, release: str = "2013", *, encrypted: bool = True, **changes: Any) -> Dialogue:
        effective = organisation.servers["EX01"].settings[protocol].latest() | changes
        return DIALOGUES[protocol](effective, organisation, RELEASE[release], encrypted)

    return started


def said(dialogue: Dialogue, *lines: str) -> list[str]:
    """The last answer, line by line."""
    return [dialogue.answer(line) for line in lines][-1].decode().splitlines()


def plain(user: str, password: str) -> str:
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def test_what_pop3_offers(start: Start) -> None:
    assert said(start("pop3"), "CAPA") == ["+OK", "TOP", "UIDL", "SASL PLAIN", "USER", "."]
    assert said(start("pop3", encrypted=False), "CAPA") == ["+OK", "TOP", "UIDL", "STLS", "."]


@pytest.mark.parametrize(
    ("release", "encrypted", "login_type", "offered"),
    [
        ("2013", True, "SecureLogin", f"{_PUBLISHED} MOVE ID CHILDREN IDLE NAMESPACE LITERAL+"),
        ("2010", True, "SecureLogin", f"{_PUBLISHED} CHILDREN IDLE NAMESPACE LITERAL+"),
        (
            "2010",
            False,
            "SecureLogin",
            "* CAPABILITY IMAP4 IMAP4rev1 LOGINDISABLED STARTTLS UIDPLUS CHILDREN IDLE NAMESPACE LITERAL+",
        ),
        (
            "SE",
            False,
            "PlainTextLogin",
            "* CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=NTLM AUTH=GSSAPI STARTTLS UIDPLUS MOVE ID CHILDREN IDLE "
            "NAMESPACE LITERAL+",
        ),
    ],
)
def test_what_imap4_offers(start: Start, release: str, encrypted: bool, login_type: str, offered: str) -> None:
    dialogue = start("imap4", release, encrypted=encrypted, LoginType=login_type)
    assert said(dialogue, "a CAPABILITY") == [offered, "a OK CAPABILITY completed."]


def test_without_tls_windows_log_ons_are_a_setting(start: Start) -> None:
    dialogue = start("imap4", encrypted=False, LoginType="PlainTextLogin", EnableGSSAPIAndNTLMAuth=False)
    assert "AUTH=PLAIN STARTTLS" in said(dialogue, "a CAPABILITY")[0]


@pytest.mark.parametrize("lines", [("AUTH PLAIN {}",), ("AUTH PLAIN", "{}"), ("USER reader", "PASS " + _SECRET)])
def test_a_log_on_to_pop3(start: Start, lines: tuple[str, ...]) -> None:
    right = [line.format(plain("reader", _SECRET)) for line in lines]
    assert said(start("pop3"), *right) == ["+OK User successfully logged on."]
    word = "Logon" if lines[0].startswith("USER") else "Authentication"
    wrong = [line.replace(_SECRET, "wrong").format(plain("reader", "wrong")) for line in lines]
    assert said(start("pop3"), *wrong) == [f"-ERR {word} failure: unknown user name or bad password."]
    refused = said(start("pop3", encrypted=False), *right[:1])
    assert refused == ["-ERR Command is not valid in this state."]


def test_a_log_on_to_imap4(start: Start) -> None:
    dialogue = start("imap4")
    assert said(dialogue, "a AUTHENTICATE PLAIN") == ["+"]
    assert said(dialogue, plain("reader", "wrong")) == ["a NO AUTHENTICATE failed."]
    assert said(dialogue, "b AUTHENTICATE NTLM") == ["b NO AUTHENTICATE failed."]
    assert said(dialogue, "c LOGIN reader wrong") == ["c NO LOGIN failed."]
    assert said(dialogue, "d AUTHENTICATE PLAIN", "no base64") == ["d NO AUTHENTICATE failed."]
    assert said(dialogue, "e AUTHENTICATE PLAIN", plain("reader", _SECRET)) == ["e OK AUTHENTICATE completed."]
    assert dialogue.mailbox is not None
    refused = said(start("imap4", encrypted=False), "a AUTHENTICATE PLAIN")
    assert refused == ["a BAD Command received in Invalid state."]


def test_the_words_of_pop3(start: Start) -> None:
    assert start("pop3").greeting() == b"+OK The Microsoft Exchange POP3 service is ready.\r\n"
    assert said(start("pop3"), "XYZZY") == ["-ERR Protocol error. 14"]
    assert said(start("pop3", "2010"), "QUIT") == ["+OK Microsoft Exchange Server 2010 POP3 server signing off."]
