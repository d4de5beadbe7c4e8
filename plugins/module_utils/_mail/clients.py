# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Python's own mail clients, over our sockets, and the boundary at which their ways to stumble become one.

They trust a server to keep to ASCII and grammar, and raise whatever comes to hand over one that does not. Whoever calls
them does it within `asking`, and hears of NoAnswer.
"""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import smtplib
import socket
import ssl
import traceback
from collections.abc import Iterator
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import Flooded, LimitedSocket

_STUMBLES = (
    poplib.error_proto,
    imaplib.IMAP4.error,
    smtplib.SMTPException,
    UnicodeError,
    ValueError,
    IndexError,
    AttributeError,
)

MOST_LITERAL = 1 << 20


class NoAnswer(Exception):
    """What came is no answer of the protocol."""


@contextlib.contextmanager
def asking(*heard: type[Exception]) -> Iterator[None]:
    """Python's client at work, and nothing else in the block; ``heard`` is what the caller makes an answer of."""
    let_through: tuple[type[Exception], ...] = (ssl.SSLError, *heard)
    try:
        yield
    except let_through:
        raise
    except smtplib.SMTPServerDisconnected as error:
        raise ConnectionAbortedError from error
    except _STUMBLES as error:
        if _is_ours(error):
            raise
        raise NoAnswer from error


def _is_ours(error: Exception) -> bool:
    """Whether a mistake of ours raised it: in our own lines, or in a socket of ours, by which the client reads."""
    modules = [frame.f_globals["__name__"] for frame, _line in traceback.walk_tb(error.__traceback__)]
    return LimitedSocket.__module__ in modules or modules[-1].startswith(__name__.rpartition(".")[0])


class Pop3Client(poplib.POP3):
    def __init__(self, line: LimitedSocket, name: str) -> None:
        self._line = line
        super().__init__(name)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._line


class Imap4Client(imaplib.IMAP4):
    def __init__(self, line: LimitedSocket, name: str) -> None:
        self._line = line
        super().__init__(name)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._line

    def read(self, size: int) -> bytes:
        # The server tells the size of a literal, and room for it would be made beforehand.
        if size > MOST_LITERAL:
            raise Flooded
        return super().read(size)


class SmtpClient(smtplib.SMTP):
    greeting = b""

    def __init__(self, line: LimitedSocket, name: str) -> None:
        self._line = line
        # The default would ask DNS for this machine's full name, without a time limit.
        super().__init__(name, local_hostname=socket.gethostname())

    def connect(self, *where: Any, **more: Any) -> tuple[int, bytes]:
        code, self.greeting = super().connect(*where, **more)
        return code, self.greeting

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._line
