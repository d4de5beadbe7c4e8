# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What POP3 and IMAP4 have in common: a connection that is encrypted and checked, and what can go wrong on it."""

from __future__ import annotations

import contextlib
import imaplib
import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Protocol

from .options import Account
from .words import one_line, without


class Failed(Exception):
    """The server cannot be used now; the sentence says why."""


class NotGiven(Exception):
    """The server has the mail, and did not give it when asked; all others may be had."""


class Listed(NamedTuple):
    """A mail in the mailbox, by what the server calls it."""

    uid: str
    size: int | None


@dataclass(frozen=True)
class Listing:
    """All mails, the oldest first, and what their identifiers belong to."""

    validity: str
    mails: list[Listed]
    sure: bool
    """Whether an identifier never stands for another mail as long as ``validity`` is the same."""


class Top(NamedTuple):
    """The header of a mail."""

    uid: str
    size: int
    raw: bytes


class Session(Protocol):
    """A mailbox while it is open. Only the two that this package has, and those of tests, are meant."""

    def listing(self) -> Listing:
        """What is there now."""

    def tops(self, uids: Iterable[str]) -> Iterator[Top]:
        """Headers; what is gone meanwhile is left out."""

    def lines(self, uid: str) -> Iterator[bytes]:
        """A mail, line by line."""

    def remove(self, uid: str) -> None:
        """Delete or move it, as the account wants it."""

    def wait(self, seconds: float) -> bool:
        """Wait for news, as long as the server may be kept waiting; false at once if it cannot tell any."""

    def close(self) -> None:
        """End the session as the protocol has it."""


class Connection:
    """A socket to the server, that can be cut off from another thread."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._socket: socket.socket | None = None
        self._cut = False

    def connect(self) -> socket.socket:
        """In clear; `encrypt` follows, at once or when the server has agreed."""
        account = self._account
        address = (account.connect_to or account.host, account.port)
        self.hold(socket.create_connection(address, account.timeout))
        return self._connected()

    def encrypt(self) -> socket.socket:
        """TLS with a server that has a certificate for the name that was given."""
        self.hold(self.context().wrap_socket(self._connected(), server_hostname=self._account.host))
        return self._connected()

    def context(self) -> ssl.SSLContext:
        """What is asked of a server's certificate."""
        return ssl.create_default_context(cafile=self._account.ca_cert)

    def hold(self, connected: socket.socket) -> None:
        """Take a socket in place of the one so far."""
        self._socket = connected
        if self._cut:
            self.cut()
            raise ConnectionAbortedError

    def send(self, data: bytes) -> None:
        self._connected().sendall(data)

    def file(self) -> BinaryIO:
        return self._connected().makefile("rb")

    def cut(self) -> None:
        """Let whoever waits on it hear of the end."""
        self._cut = True
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._socket:
            self._socket.close()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionAbortedError
        return self._socket


@contextlib.contextmanager
def speaking(account: Account, doing: str) -> Iterator[None]:
    """Whatever the network, TLS or Python's client raises becomes a sentence about what was being done."""
    where = f"{account.host}:{account.port}"
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise Failed(f"The certificate of {where} is not accepted: {error.verify_message}.") from error
    except ssl.SSLError as error:
        why = one_line(error.reason or str(error), 200)
        raise Failed(f"No TLS with {where} while {doing} ({why}); check encryption and port.") from error
    except TimeoutError as error:
        raise Failed(f"{where} did not answer within {account.timeout} seconds while {doing}.") from error
    except socket.gaierror as error:
        name = account.connect_to or account.host
        raise Failed(f"The name {name} cannot be resolved ({one_line(error.strerror or '', 100)}).") from error
    except ConnectionRefusedError as error:
        raise Failed(f"{where} refuses connections, so nothing listens there.") from error
    except (ConnectionError, EOFError, imaplib.IMAP4.abort) as error:
        raise Failed(f"{where} dropped the connection while {doing}.") from error
    except OSError as error:
        why = one_line(error.strerror or str(error), 200)
        raise Failed(f"{where} cannot be reached while {doing} ({why}).") from error
    except imaplib.IMAP4.error as error:
        said = told(account, str(error))
        raise Failed(f"{where} refused a command while {doing}: {said}") from error
    except (ValueError, IndexError, AttributeError, TypeError) as error:
        raise Failed(f"{where} sent an answer that is not valid {account.protocol} while {doing}.") from error


def told(account: Account, said: str | bytes) -> str:
    """A server's words for a sentence; never the password, not even should the server repeat it."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return one_line(without(text, (account.password, f"\0{account.user}\0{account.password}")), 300) or "(no reason)"
