"""The hand-out's files in the programs that they are for: Thunderbird's own account set-up reads config-v1.1.xml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import handouts
import pytest
from debian import Unavailable
from needed import BROWSER, do_without
from thunderbird import Thunderbird, check

ANNA = {"name": "Anna Adler", "address": "anna@contoso.com"}
# Constants of Thunderbird's nsMsgSocketType and nsMsgAuthMethod.
STARTTLS, TLS = 2, 3
PASSWORD_WITHIN_TLS = 3


@pytest.fixture(scope="module")
def thunderbird() -> Iterator[Thunderbird]:
    program = Thunderbird()
    try:
        check()
        program.start()
    except Unavailable as reason:
        do_without(BROWSER, reason)
    try:
        yield program
    finally:
        program.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("handout")
    handouts.write(made)
    return made


def read(program: Thunderbird, file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The servers that Thunderbird takes from a file, the one that it proposes first."""
    account = program.account(file.read_text(encoding="utf-8"), **ANNA)
    assert account["domains"] == ["contoso.com", "contoso.example"]
    return {
        "incoming": [_server(one) for one in (account["incoming"], *account["incomingAlternatives"])],
        "outgoing": [_server(one) for one in (account["outgoing"], *account["outgoingAlternatives"])],
    }


def _server(told: Mapping[str, Any]) -> tuple[Any, ...]:
    assert told["username"] == ANNA["address"]
    assert told["auth"] == PASSWORD_WITHIN_TLS
    assert told["password"] is None
    return told["type"], told["hostname"], told["port"], told["socketType"]


def test_outside(thunderbird: Thunderbird, folder: Path) -> None:
    assert read(thunderbird, folder / "plain/external/config-v1.1.xml") == {
        "incoming": [("imap", "mail.contoso.com", 993, TLS), ("pop3", "mail.contoso.com", 995, TLS)],
        "outgoing": [("smtp", "mail.contoso.com", 587, STARTTLS)],
    }


def test_inside(thunderbird: Thunderbird, folder: Path) -> None:
    """Each with and without STARTTLS: it proposes what is encrypted from the start, and offers the other."""
    assert read(thunderbird, folder / "plain/internal/config-v1.1.xml") == {
        "incoming": [
            ("imap", "ex01.contoso.com", 993, TLS),
            ("imap", "ex01.contoso.com", 143, STARTTLS),
            ("pop3", "ex01.contoso.com", 995, TLS),
            ("pop3", "ex01.contoso.com", 110, STARTTLS),
        ],
        "outgoing": [("smtp", "mail.contoso.com", 587, STARTTLS)],
    }


def test_what_cannot_be_connected_to(thunderbird: Thunderbird, folder: Path) -> None:
    """IMAP4 is refused there, one of POP3 is in clear, and one name of a connector is no name."""
    assert read(thunderbird, folder / "troubled/external/config-v1.1.xml") == {
        "incoming": [("pop3", "mail.contoso.com", 995, TLS), ("pop3", "mail2.contoso.com", 995, TLS)],
        "outgoing": [("smtp", "mail.contoso.com", 587, STARTTLS)],
    }


def test_messages_stay_on_the_server(thunderbird: Thunderbird, folder: Path) -> None:
    """For how long, no file says to Thunderbird in a way that it heeds: the page has to."""
    account = thunderbird.account((folder / "plain/external/config-v1.1.xml").read_text(), **ANNA)
    pop3 = account["incomingAlternatives"][0]
    assert pop3["leaveMessagesOnServer"] is True
    assert pop3["deleteByAgeFromServer"] is True


def test_a_file_without_servers_is_refused(thunderbird: Thunderbird) -> None:
    with pytest.raises(ValueError, match="email account configuration"):
        thunderbird.account("<clientConfig version='1.2'/>", **ANNA)
