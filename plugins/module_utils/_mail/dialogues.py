# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a mail program says to a server in POP3, IMAP4 and SMTP, in the words of Python's own clients."""

from __future__ import annotations

import ast
import base64
import contextlib
import imaplib
import poplib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, cast

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._mail.line import Overfed, quoted

# What the clients raise on an answer that is none of the protocol's; they trust a server to keep to ASCII and grammar.
NONSENSE = (
    poplib.error_proto,
    imaplib.IMAP4.error,
    smtplib.SMTPException,
    UnicodeError,
    ValueError,
    IndexError,
    AttributeError,
)


MOST_LITERAL = 1 << 20


@dataclass(frozen=True)
class Answer:
    """What a server said to a log-on; ``ok`` is None when it could not tell now."""

    ok: bool | None
    text: bytes | str
    password_sent: bool = True


class Rejected(Exception):
    """The server did not take the message; the argument is its answer."""


class _Pop3Client(poplib.POP3):
    def __init__(self, line: socket.socket, name: str) -> None:
        self._line = line
        super().__init__(name)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._line


class _Imap4Client(imaplib.IMAP4):
    def __init__(self, line: socket.socket, name: str) -> None:
        self._line = line
        super().__init__(name)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._line

    def read(self, size: int) -> bytes:
        # The server tells the size of a literal, and room for it would be made beforehand.
        if size > MOST_LITERAL:
            raise Overfed
        return super().read(size)


class _SmtpClient(smtplib.SMTP):
    greeting = b""

    def __init__(self, line: socket.socket, name: str) -> None:
        self._line = line
        # The default would ask DNS for this machine's full name, without a time limit.
        super().__init__(name, local_hostname=socket.gethostname())

    def connect(self, *where: Any, **more: Any) -> tuple[int, bytes]:
        code, self.greeting = super().connect(*where, **more)
        return code, self.greeting

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._line


class Pop3:
    """A conversation in POP3."""

    title = "POP3"
    ports: ClassVar = {"implicit_tls": 995, "starttls": 110, "none": 110}
    turned_away = rb"-ERR"
    tls_word = "STLS"

    def __init__(self, line: socket.socket, name: str) -> None:
        self._client = _Pop3Client(line, name)
        self.banner: bytes | str = self._client.welcome.removeprefix(b"+OK").strip()

    @property
    def socket(self) -> Any:
        return self._client.sock

    def capabilities(self) -> list[str]:
        # A server without CAPA is none that breaks the protocol.
        with contextlib.suppress(poplib.error_proto):
            return [" ".join((name, *values)) for name, values in self._client.capa().items()]
        return []

    def start_tls(self, context: ssl.SSLContext) -> None:
        self._client.stls(context)

    def log_on(self, user: str, password: str) -> Answer:
        sent = False
        try:
            self._client.user(user)
            sent = True
            said = self._client.pass_(password)
        except poplib.error_proto as error:
            said = error.args[0]
            # As text it is the client's own word on a line that ended or did not end.
            if not isinstance(said, bytes) or not said.startswith(b"-ERR"):
                raise
            later = re.match(rb"-ERR \[(SYS/TEMP|IN-USE|LOGIN-DELAY)", said)
            return Answer(None if later else False, said.removeprefix(b"-ERR").strip(), sent)
        return Answer(True, said.removeprefix(b"+OK").strip())

    def uids(self) -> dict[bytes, int]:
        """The numbers of the messages by their unique ids."""
        entries = (entry.split() for entry in self._client.uidl()[1])
        return {entry[1]: int(entry[0]) for entry in entries}

    def header(self, number: int) -> list[bytes]:
        return self._client.top(number, 0)[1]

    def message(self, number: int) -> list[bytes]:
        return self._client.retr(number)[1]

    def delete(self, number: int) -> None:
        self._client.dele(number)

    def end(self) -> None:
        self._client.quit()

    def close(self) -> None:
        self._client.close()


class Imap4:
    """A conversation in IMAP4."""

    title = "IMAP4"
    ports: ClassVar = {"implicit_tls": 993, "starttls": 143, "none": 143}
    turned_away = rb"\* BYE"
    tls_word = "STARTTLS"

    def __init__(self, line: socket.socket, name: str) -> None:
        self._client = _Imap4Client(line, name)
        self.banner: bytes | str = re.sub(rb"^\* (OK|PREAUTH) ?", b"", self._client.welcome)

    @property
    def socket(self) -> Any:
        return self._client.sock

    def capabilities(self) -> list[str]:
        return list(self._client.capabilities)

    def start_tls(self, context: ssl.SSLContext) -> None:
        self._client.starttls(context)

    def log_on(self, user: str, password: str) -> Answer:
        if "LOGINDISABLED" in self._client.capabilities:
            return Answer(False, "LOGINDISABLED: the server takes no password on this line", password_sent=False)
        said: bytes | str
        try:
            if (user + password).isascii():
                said = self._client.login(quoted(user), password)[1][0]
            elif "AUTH=PLAIN" in self._client.capabilities:
                both = f"\0{user}\0{password}".encode()
                said = self._client.authenticate("PLAIN", lambda _challenge: both)[1][0]
            else:
                raise Failure(
                    "password: LOGIN of IMAP4 carries ASCII only, in the user and in the password, and the server does "
                    "not offer AUTH=PLAIN."
                )
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            text = _refusal(error)
            return Answer(None if re.match(r"\[(UNAVAILABLE|INUSE|LIMIT)\]", text) else False, text)
        return Answer(True, said)

    def end(self) -> None:
        self._client.logout()

    def close(self) -> None:
        self._client.shutdown()


def _refusal(error: imaplib.IMAP4.error) -> str:
    """The server's words, from the client's: those to NO are passed on, those to BAD put into a sentence by repr()."""
    said = error.args[0]
    if isinstance(said, str) and (found := re.fullmatch(r"\w+ command error: \w+ (\[.*\])", said, re.DOTALL)):
        said = ast.literal_eval(found[1])[-1]
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


class Smtp:
    """A conversation in SMTP, as a mail program that sends has it."""

    title = "SMTP"
    # Exchange itself has no port 465.
    ports: ClassVar = {"implicit_tls": 465, "starttls": 587, "none": 587}
    turned_away = rb"[45]\d\d"
    tls_word = "STARTTLS"

    def __init__(self, line: socket.socket, name: str) -> None:
        self._client = _SmtpClient(line, name)
        self.banner: bytes | str = self._client.greeting

    @property
    def socket(self) -> Any:
        return self._client.sock

    def capabilities(self) -> list[str]:
        self._client.ehlo_or_helo_if_needed()
        return [f"{name.upper()} {value}".strip() for name, value in self._client.esmtp_features.items()]

    def start_tls(self, context: ssl.SSLContext) -> None:
        self._client.starttls(context=context)

    def log_on(self, user: str, password: str) -> Answer:
        """By PLAIN or LOGIN, as mail programs do; smtplib's own login() knows ASCII only."""
        offered = self._client.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            code, said = self._client.docmd("AUTH PLAIN", _base64(f"\0{user}\0{password}"))
        elif "LOGIN" in offered:
            code, said = self._client.docmd("AUTH LOGIN", _base64(user))
            if code != 334:
                return self._answer(code, said, password_sent=False)
            code, said = self._client.docmd(_base64(password))
        else:
            told = f"it offers only {' '.join(offered)}" if offered else "it offers none"
            return Answer(False, f"the server takes no log-on by password on this line; {told}", password_sent=False)
        return self._answer(code, said)

    def _answer(self, code: int, said: bytes, *, password_sent: bool = True) -> Answer:
        if code == -1:
            raise smtplib.SMTPResponseException(code, said)
        return Answer(None if 400 <= code < 500 else code == 235, b"%d %s" % (code, said), password_sent)

    def send(self, sender: str, recipient: str, message: str) -> bytes:
        """Hand in a message, and return the server's word on it."""
        steps: tuple[Callable[[], tuple[int, bytes]], ...] = (
            lambda: self._client.mail(sender),
            lambda: self._client.rcpt(recipient),
            lambda: self._client.data(message),
        )
        said = b""
        for step in steps:
            try:
                code, said = step()
            except smtplib.SMTPDataError as error:
                # The reply's own bytes, whatever the exception's type allows.
                code, said = error.smtp_code, cast(bytes, error.smtp_error)
            if code not in (250, 251):
                raise Rejected(b"%d %s" % (code, said))
        return said

    def end(self) -> None:
        self._client.quit()

    def close(self) -> None:
        self._client.close()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


Dialogue = TypeVar("Dialogue", bound="Pop3 | Imap4 | Smtp")


PROTOCOLS: dict[str, type[Pop3 | Imap4 | Smtp]] = {"pop3": Pop3, "imap4": Imap4, "smtp": Smtp}
