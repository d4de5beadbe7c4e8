# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""POP3, IMAP4 and SMTP as mail programs speak them: what is said, and what an answer means."""

from __future__ import annotations

import ast
import base64
import imaplib
import poplib
import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, TypeVar, cast

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._mail.answers import (
    OF_IMAP4,
    OF_POP3,
    Meaning,
    meaning_of_smtp,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.clients import (
    Imap4Client,
    NoAnswer,
    Pop3Client,
    SmtpClient,
    asking,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import LimitedSocket
from ansible_collections.mailops.exchange.plugins.module_utils._mail.words import imap_quoted


class Rejected(Exception):
    """The server did not take the message; the argument is its answer."""


@dataclass(frozen=True)
class Answer:
    """What a server said to a log-on; ``ok`` is None when that is no refusal either."""

    ok: bool | None
    text: bytes | str
    password_sent: bool = True
    known: bool = True
    """Whether it is known what the words mean."""

    @classmethod
    def no(cls, meaning: Meaning, text: bytes | str, password_sent: bool = True) -> Answer:
        return cls(False if meaning is Meaning.REFUSED else None, text, password_sent, meaning is not Meaning.UNKNOWN)


class Pop3:
    """A conversation in POP3."""

    title = "POP3"
    ports: ClassVar = {"implicit_tls": 995, "starttls": 110, "none": 110}
    turned_away = rb"-ERR"
    tls_word = "STLS"
    component: ClassVar[str | None] = "PopProxy"

    def __init__(self, line: LimitedSocket, name: str) -> None:
        with asking():
            self._client = Pop3Client(line, name)
        self.banner: bytes | str = self._client.welcome.removeprefix(b"+OK").strip()

    @property
    def socket(self) -> Any:
        return self._client.sock

    def capabilities(self) -> list[str]:
        # A server without CAPA is none that breaks the protocol.
        try:
            with asking(poplib.error_proto):
                found = self._client.capa()
        except poplib.error_proto:
            return []
        return [" ".join((name, *values)) for name, values in found.items()]

    def start_tls(self, context: ssl.SSLContext) -> None:
        with asking():
            self._client.stls(context)

    def log_on(self, user: str, password: str) -> Answer:
        done, said = self._ask(lambda: self._client.user(user))
        if not done:
            return Answer.no(OF_POP3.meaning(_text(said)), said, password_sent=False)
        done, said = self._ask(lambda: self._client.pass_(password))
        return Answer(True, said) if done else Answer.no(OF_POP3.meaning(_text(said)), said)

    def open_mailbox(self) -> Answer:
        """Count what is in the mailbox of the user who is logged on."""
        done, said = self._ask(lambda: b"%d %d" % self._client.stat())
        return Answer(True, said) if done else Answer.no(OF_POP3.meaning_of_code(_text(said)), said)

    def _ask(self, ask: Callable[[], bytes]) -> tuple[bool, bytes]:
        """Whether the server did as it was asked, and its words."""
        try:
            with asking(poplib.error_proto):
                said = ask()
        except poplib.error_proto as error:
            said = error.args[0]
            # As text it is the client's own word on a line that ended or did not end.
            if not isinstance(said, bytes) or not said.startswith(b"-ERR"):
                raise NoAnswer from error
            return False, said.removeprefix(b"-ERR").strip()
        return True, said.removeprefix(b"+OK").strip()

    def uids(self) -> dict[bytes, int]:
        """The numbers of the messages by their unique ids."""
        with asking():
            listed = self._client.uidl()[1]
        numbers = {}
        for entry in listed:
            if not (parts := re.match(rb"\s*(\d{1,10})\s+(\S+)", entry)):
                raise NoAnswer
            numbers[parts[2]] = int(parts[1])
        return numbers

    def header(self, number: int) -> list[bytes]:
        with asking():
            return self._client.top(number, 0)[1]

    def message(self, number: int) -> list[bytes]:
        with asking():
            return self._client.retr(number)[1]

    def delete(self, number: int) -> None:
        with asking():
            self._client.dele(number)

    def end(self) -> None:
        with asking():
            self._client.quit()

    def close(self) -> None:
        self._client.close()


class Imap4:
    """A conversation in IMAP4."""

    title = "IMAP4"
    ports: ClassVar = {"implicit_tls": 993, "starttls": 143, "none": 143}
    turned_away = rb"\* BYE"
    tls_word = "STARTTLS"
    component: ClassVar[str | None] = "ImapProxy"

    def __init__(self, line: LimitedSocket, name: str) -> None:
        with asking():
            self._client = Imap4Client(line, name)
        self.banner: bytes | str = re.sub(rb"^\* (OK|PREAUTH) ?", b"", self._client.welcome)

    @property
    def socket(self) -> Any:
        return self._client.sock

    def capabilities(self) -> list[str]:
        return list(self._client.capabilities)

    def start_tls(self, context: ssl.SSLContext) -> None:
        with asking():
            self._client.starttls(context)

    def log_on(self, user: str, password: str) -> Answer:
        if "LOGINDISABLED" in self._client.capabilities:
            return Answer(
                False, "LOGINDISABLED: the server accepts no password on this connection", password_sent=False
            )
        ascii_only = (user + password).isascii()
        if not ascii_only and "AUTH=PLAIN" not in self._client.capabilities:
            raise Failure(
                "password: the IMAP4 command LOGIN accepts only ASCII in the user name and the password, and the "
                "server does not offer AUTH=PLAIN."
            )
        name, both = imap_quoted(user), f"\0{user}\0{password}".encode()
        if ascii_only:
            done, said = self._ask(lambda: self._client.login(name, password))
        else:
            done, said = self._ask(lambda: self._client.authenticate("PLAIN", lambda _challenge: both))
        return Answer(True, said) if done else Answer.no(OF_IMAP4.meaning(_text(said)), said)

    def open_mailbox(self) -> Answer:
        """Open the inbox of the user who is logged on, in the way that changes nothing in it."""
        done, said = self._ask(lambda: self._client.select("INBOX", readonly=True))
        return Answer(True, said) if done else Answer.no(OF_IMAP4.meaning_of_code(_text(said)), said)

    def _ask(self, ask: Callable[[], tuple[str, Any]]) -> tuple[bool, bytes | str]:
        """Whether the server did as it was asked, and its words; a farewell in place of an answer is one."""
        try:
            with asking(imaplib.IMAP4.error):
                word, said = ask()
        except imaplib.IMAP4.abort as error:
            if not (farewell := self._client.untagged_responses.get("BYE")):
                raise NoAnswer from error
            return False, cast(bytes, farewell[-1])
        except imaplib.IMAP4.error as error:
            return False, _refusal(error)
        return word == "OK", said[-1] or b""

    def end(self) -> None:
        with asking():
            self._client.logout()

    def close(self) -> None:
        self._client.shutdown()


def _refusal(error: imaplib.IMAP4.error) -> str:
    """The server's words, from the client's: those to NO are passed on, those to BAD put into a sentence by repr()."""
    said = error.args[0]
    if isinstance(said, str) and (found := re.fullmatch(r"\w+ command error: \w+ (\[.*\])", said, re.DOTALL)):
        said = ast.literal_eval(found[1])[-1]
    return _text(said)


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


class Smtp:
    """A conversation in SMTP, as a mail program that sends has it."""

    title = "SMTP"
    # On 465 Exchange itself has nothing for mail programs: its Client Proxy connector begins without TLS.
    ports: ClassVar = {"implicit_tls": 465, "starttls": 587, "none": 587}
    turned_away = rb"[45]\d\d"
    tls_word = "STARTTLS"
    component: ClassVar[str | None] = None

    def __init__(self, line: LimitedSocket, name: str) -> None:
        with asking():
            self._client = SmtpClient(line, name)
        self.banner: bytes | str = self._client.greeting

    @property
    def socket(self) -> Any:
        return self._client.sock

    def capabilities(self) -> list[str]:
        with asking():
            self._client.ehlo_or_helo_if_needed()
        return [f"{name.upper()} {value}".strip() for name, value in self._client.esmtp_features.items()]

    def start_tls(self, context: ssl.SSLContext) -> None:
        with asking():
            self._client.starttls(context=context)

    def log_on(self, user: str, password: str) -> Answer:
        """By PLAIN or LOGIN, as mail programs do; smtplib's own login() knows ASCII only."""
        offered = self._client.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            code, said = self._ask("AUTH PLAIN", _base64(f"\0{user}\0{password}"))
        elif "LOGIN" in offered:
            code, said = self._ask("AUTH LOGIN", _base64(user))
            if code != 334:
                return self._answer(code, said, password_sent=False)
            code, said = self._ask(_base64(password))
        else:
            told = f"it offers only {' '.join(offered)}" if offered else "it offers none"
            return Answer(False, f"the server accepts no password on this connection; {told}", password_sent=False)
        return self._answer(code, said)

    def _ask(self, command: str, argument: str = "") -> tuple[int, bytes]:
        with asking():
            return self._client.docmd(command, argument)

    def _answer(self, code: int, said: bytes, *, password_sent: bool = True) -> Answer:
        if code == -1:
            raise NoAnswer
        text = b"%d %s" % (code, said)
        if code == 235:
            return Answer(True, text, password_sent)
        return Answer.no(meaning_of_smtp(code, _text(said)), text, password_sent)

    def send(self, sender: str, recipient: str, message: str) -> bytes:
        """Hand in a message, and return the server's word on it."""
        said = b""
        for step, argument in (
            (self._client.mail, sender),
            (self._client.rcpt, recipient),
            (self._client.data, message),
        ):
            try:
                with asking(smtplib.SMTPDataError):
                    code, said = step(argument)
            except smtplib.SMTPDataError as error:
                # The reply's own bytes, whatever the exception's type allows.
                code, said = error.smtp_code, cast(bytes, error.smtp_error)
            if code not in (250, 251):
                raise Rejected(b"%d %s" % (code, said))
        return said

    def end(self) -> None:
        with asking():
            self._client.quit()

    def close(self) -> None:
        self._client.close()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


Dialogue: TypeAlias = "Pop3 | Imap4 | Smtp"
AnyDialogue = TypeVar("AnyDialogue", bound="Dialogue")
DIALOGUES: dict[str, type[Dialogue]] = {"pop3": Pop3, "imap4": Imap4, "smtp": Smtp}
