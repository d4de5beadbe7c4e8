# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IMAP4 (RFC 3501, 2177, 4315, 6851) by imaplib, which knows IDLE from Python 3.14 on only."""

from __future__ import annotations

import imaplib
import re
import socket
import time
from collections.abc import Iterable, Iterator
from typing import Any

from .conversation import Connection, Failed, Listed, Listing, NotGiven, Top, speaking, told
from .headers import MOST_BYTES
from .options import Account

_TOGETHER = 25
"""Headers that are asked for at a time."""
_CHUNK = 256 << 10
_LINE = 8 << 10
_MOST_IDLE = 28 * 60.0
"""RFC 2177: a server may take a client for gone after 30 minutes."""
_IDLE_TAG = b"IDLE1"


class _Client(imaplib.IMAP4):
    """Python's client over our connection."""

    def __init__(self, account: Account, connection: Connection) -> None:
        self._account, self._connection = account, connection
        super().__init__(account.host, account.port, account.timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        connected = self._connection.connect()
        return self._connection.encrypt() if self._account.encryption == "implicit_tls" else connected

    def read(self, size: int) -> bytes:
        # The server tells the size of a literal, and room for it would be made beforehand.
        if size > _CHUNK * 2:
            raise ValueError("more than was asked for")
        return super().read(size)


class Imap4:
    """An open folder."""

    def __init__(self, account: Account, connection: Connection) -> None:
        self._account = account
        self._connection = connection
        self._is_over = False
        with speaking(account, "connecting"):
            self._client = _Client(account, connection)
        if account.encryption == "starttls":
            if "STARTTLS" not in self._client.capabilities:
                where = f"{account.host}:{account.port}"
                raise Failed(f"{where} does not offer STARTTLS; no password is sent without TLS.")
            with speaking(account, "beginning TLS"):
                self._client.starttls(connection.context())
                connection.hold(self._client.sock)
        self._log_on()
        with speaking(account, "asking what the server can do"):
            # Most of it is told only to those who have logged on.
            _answer, abilities = self._client.capability()
            self._capabilities = frozenset(abilities[-1].decode("ascii").upper().split())
        with speaking(account, "opening the folder"):
            # EXAMINE cannot change anything, not even what counts as read.
            answer, data = self._client.select(_quoted(account.folder), readonly=account.after == "keep")
            if answer != "OK":
                said = told(account, data[0] or b"")
                raise Failed(f"{account.host}:{account.port} does not open the folder {account.folder!r}: {said}")
            _name, validity = self._client.response("UIDVALIDITY")
            self._validity = f"imap4:{(validity[0] or b'').decode('ascii')}"

    def listing(self) -> Listing:
        with speaking(self._account, "listing mails"):
            data = self._uid("SEARCH", "ALL")
            found = b" ".join(one for one in data if isinstance(one, bytes)).split()
        return Listing(self._validity, [Listed(uid.decode("ascii"), None) for uid in found], sure=True)

    def tops(self, uids: Iterable[str]) -> Iterator[Top]:
        asked = list(uids)
        for some in (asked[at : at + _TOGETHER] for at in range(0, len(asked), _TOGETHER)):
            with speaking(self._account, "reading headers"):
                what = f"(UID RFC822.SIZE BODY.PEEK[HEADER]<0.{MOST_BYTES}>)"
                data = self._uid("FETCH", ",".join(some), what)
                found = dict(_tops(data))
            # In the order in which they were asked for; others that the server tells of by the way are left out.
            yield from (found[uid] for uid in some if uid in found)

    def lines(self, uid: str) -> Iterator[bytes]:
        rest, offset = b"", 0
        while True:
            with speaking(self._account, "reading a mail"):
                data = self._uid("FETCH", uid, f"(BODY.PEEK[]<{offset}.{_CHUNK}>)")
                chunk = next((one[1] for one in data if isinstance(one, tuple)), None)
            if chunk is None:
                if not offset:
                    raise NotGiven("it no longer exists")
                chunk = b""
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (line + b"\n" for line in whole)
            while len(rest) > _LINE:
                yield rest[:_LINE]
                rest = rest[_LINE:]
            offset += len(chunk)
            if len(chunk) < _CHUNK:
                break
        if rest:
            yield rest

    def remove(self, uid: str) -> None:
        folder, capabilities = self._account.move_to, self._capabilities
        with speaking(self._account, "removing a mail"):
            if folder and "MOVE" in capabilities:
                self._uid("MOVE", uid, _quoted(folder))
                return
            if folder:
                self._uid("COPY", uid, _quoted(folder))
            self._uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
            # EXPUNGE alone would remove what others have marked.
            if "UIDPLUS" in capabilities:
                self._uid("EXPUNGE", uid)

    def wait(self, seconds: float) -> bool:
        if not self._account.idle or "IDLE" not in self._capabilities:
            return False
        end = time.monotonic() + min(seconds, _MOST_IDLE)
        with speaking(self._account, "waiting for new messages"):
            self._client.send(_IDLE_TAG + b" IDLE\r\n")
            news = False
            while not (line := self._client.readline()).startswith(b"+"):
                news |= self._is_news(line)
            try:
                while not news:
                    self._client.sock.settimeout(max(end - time.monotonic(), 0.01))
                    news = self._is_news(self._client.readline())
            except TimeoutError:
                # What was read by halves cannot be read on; the next look begins anew.
                self._is_over = True
                return False
            self._client.sock.settimeout(self._account.timeout)
            self._client.send(b"DONE\r\n")
            while not (line := self._client.readline()).startswith(_IDLE_TAG):
                self._is_news(line)
        return True

    def close(self) -> None:
        try:
            with speaking(self._account, "ending the session"):
                if not self._is_over:
                    self._client.logout()
        finally:
            self._connection.close()

    def _log_on(self) -> None:
        account = self._account
        said: str | bytes
        with speaking(account, "logging on"):
            try:
                if "AUTH=PLAIN" in self._client.capabilities:
                    plain = f"\0{account.user}\0{account.password}".encode()
                    self._client.authenticate("PLAIN", lambda _challenge: plain)
                else:
                    self._client.login(_quoted(account.user), account.password)
                return
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                said = str(error)
            except UnicodeEncodeError as error:
                raise Failed(
                    "The password has non-ASCII characters, and the server does not offer AUTH=PLAIN."
                ) from error
        raise Failed(f"{account.host}:{account.port} refused the sign-in of {account.user}: {told(account, said)}")

    def _uid(self, *command: str) -> list[Any]:
        answer, data = self._client.uid(*command)
        if answer != "OK":
            raise NotGiven(told(self._account, data[0] if data and isinstance(data[0], bytes) else b""))
        return data

    def _is_news(self, line: bytes) -> bool:
        if not line or line.startswith(b"* BYE"):
            raise EOFError
        return bool(re.match(rb"\* \d+ EXISTS", line))


def _tops(data: list[Any]) -> Iterator[tuple[str, Top]]:
    """The attributes stand before a literal or behind it, as the server likes."""
    for number, one in enumerate(data):
        if not isinstance(one, tuple):
            continue
        behind = data[number + 1] if number + 1 < len(data) and isinstance(data[number + 1], bytes) else b""
        about = one[0] + b" " + behind
        uid, size = re.search(rb"\bUID (\d+)", about), re.search(rb"\bRFC822\.SIZE (\d+)", about)
        if uid and size:
            name = uid[1].decode("ascii")
            yield name, Top(name, int(size[1]), one[1])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
