# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sockets that neither hold up nor flood the one who asks: what comes is counted, and no wait outlasts the deadline."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

# A mailbox with 100,000 messages lists its UIDs in 8 MB; everything else is far smaller.
MOST_BYTES = 16 << 20

# Of the beginning of a conversation, to tell by it who answers there.
KEPT_BYTES = 500


class OutOfTime(Exception):
    """The time of the probe is over. No OSError, which smtplib would take for a lost connection."""


class Flooded(Exception):
    """The server sent more than any answer can be."""


class Deadline:
    """The time by which a probe has to be done, whatever it is doing."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        if (left := self._end - time.monotonic()) <= 0:
            raise OutOfTime
        return left


@dataclass
class Traffic:
    """What came over one connection so far, in clear and encrypted together, and until when more may come."""

    deadline: Deadline
    received: int = 0
    beginning: bytes = b""
    ended: bool = False

    def add(self, data: bytes) -> None:
        self.ended = not data
        self.received += len(data)
        if self.received > MOST_BYTES:
            raise Flooded
        self.beginning += data[: KEPT_BYTES - len(self.beginning)]

    @contextlib.contextmanager
    def waiting(self, line: socket.socket) -> Iterator[None]:
        """No single wait is longer than what is left of the time, so that a server which drips gains nothing."""
        line.settimeout(self.deadline.left)
        try:
            yield
        except TimeoutError:
            raise OutOfTime from None


class LimitedSocket(socket.socket):
    """A connection within limits. Python's clients read by files, which read by recv_into, and write by sendall."""

    traffic: Traffic

    @property
    def _limits(self) -> Traffic:
        return self.traffic

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        with self._limits.waiting(self):
            count = super().recv_into(buffer, nbytes or len(buffer), flags)
        self._limits.add(bytes(buffer[:count]))
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        with self._limits.waiting(self):
            super().sendall(data, flags)


class LimitedTlsSocket(LimitedSocket, ssl.SSLSocket):
    """The same over TLS; its context makes it from the one above, and gives it the limits."""

    @property
    def _limits(self) -> Traffic:
        return cast(LimitedTlsContext, self.context).traffic

    def do_handshake(self, block: bool = False) -> None:
        with self._limits.waiting(self):
            super().do_handshake(block)


class LimitedTlsContext(ssl.SSLContext):
    """What is asked of the certificate on one connection."""

    sslsocket_class = LimitedTlsSocket
    traffic: Traffic
