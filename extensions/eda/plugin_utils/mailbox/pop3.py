# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""POP3 (RFC 1939, 2449, 2595), of which poplib reads lines up to 2 KB only, and each mail as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from .conversation import Connection, Failed, Listed, Listing, NotGiven, Top, speaking, told
from .headers import MOST_BYTES
from .options import Account

_LINE = 8 << 10
"""The longest piece that is read at a time."""
# A header longer than this is no header, but a server that does not stop.
_ENDLESS = 64 << 20


class Pop3:
    """An open mailbox."""

    def __init__(self, account: Account, connection: Connection) -> None:
        self._account = account
        self._connection = connection
        self._numbers: dict[str, tuple[int, int]] = {}
        with speaking(account, "connecting"):
            connection.connect()
        if account.encryption == "implicit_tls":
            with speaking(account, "beginning TLS"):
                connection.encrypt()
        with speaking(account, "greeting"):
            self._file = connection.file()
            if not (said := self._line()).startswith(b"+OK"):
                raise Failed(f"{account.host}:{account.port} does not answer as a POP3 server: {told(account, said)}")
        if account.encryption == "starttls":
            self._starttls()
        self._log_on()

    def listing(self) -> Listing:
        with speaking(self._account, "listing mails"):
            sizes = {number: int(size) for number, size in self._pairs("LIST")}
            uids = [(number, uid) for number, uid in self._pairs("UIDL") if number in sizes]
        # RFC 1939 lets a server give copies of one mail one identifier.
        self._numbers = {uid: (int(number), sizes[number]) for number, uid in reversed(uids)}
        mails = [Listed(uid, self._numbers[uid][1]) for uid in dict.fromkeys(uid for _number, uid in uids)]
        # Exchange's identifiers may be used again for other mails when a mailbox has moved to another database.
        return Listing("pop3", mails, sure=False)

    def tops(self, uids: Iterable[str]) -> Iterator[Top]:
        for uid in uids:
            number, size = self._numbers[uid]
            raw, read = bytearray(), 0
            with speaking(self._account, "reading a header"):
                try:
                    self._ask(f"TOP {number} 0")
                except NotGiven:
                    continue
                for line in self._multiline():
                    read += len(line)
                    if len(raw) < MOST_BYTES:
                        raw += line
                    if read > _ENDLESS:
                        raise ConnectionAbortedError
            yield Top(uid, size, bytes(raw[:MOST_BYTES]))

    def lines(self, uid: str) -> Iterator[bytes]:
        number, _size = self._numbers[uid]
        with speaking(self._account, "reading a mail"):
            self._ask(f"RETR {number}")
            rest = self._multiline()
            try:
                # By way of a callable, for `yield from rest` would end `rest` together with this one.
                yield from iter(partial(next, rest, b""), b"")
            finally:
                # Who has read enough leaves the rest to be read here: the next answer stands behind it.
                for _line in rest:
                    pass

    def remove(self, uid: str) -> None:
        with speaking(self._account, "deleting a mail"):
            self._ask(f"DELE {self._numbers[uid][0]}")

    def wait(self, seconds: float) -> bool:
        return False

    def close(self) -> None:
        # A mail that was deleted is so only after this.
        try:
            with speaking(self._account, "ending the session"):
                self._ask("QUIT")
        finally:
            self._connection.close()

    def _starttls(self) -> None:
        with speaking(self._account, "beginning TLS"):
            try:
                self._ask("STLS")
            except NotGiven as error:
                where = f"{self._account.host}:{self._account.port}"
                raise Failed(f"{where} does not offer STLS ({error}); no password is sent without TLS.") from error
            # What came in clear behind the answer would be taken for an answer that was encrypted.
            self._file.close()
            self._connection.encrypt()
            self._file = self._connection.file()

    def _log_on(self) -> None:
        account = self._account
        with speaking(account, "logging on"):
            try:
                self._ask(f"USER {account.user}")
                self._ask(f"PASS {account.password}")
            except NotGiven as error:
                raise Failed(f"{account.host}:{account.port} refused the sign-in of {account.user}: {error}") from error

    def _pairs(self, command: str) -> Iterator[tuple[str, str]]:
        try:
            self._ask(command)
        except NotGiven as error:
            raise Failed(f"{self._account.host}:{self._account.port} refused {command}: {error}") from error
        for line in self._multiline():
            number, value = line.split(None, 1)
            yield number.decode("ascii"), value.strip().decode("ascii", "backslashreplace")

    def _ask(self, command: str) -> None:
        self._connection.send(command.encode() + b"\r\n")
        if not (said := self._line()).startswith(b"+OK"):
            raise NotGiven(told(self._account, said.removeprefix(b"-ERR")))

    def _multiline(self) -> Iterator[bytes]:
        begins = True
        while (line := self._line()) not in (b".\r\n", b".\n") or not begins:
            yield line[1:] if begins and line.startswith(b".") else line
            begins = line.endswith(b"\n")

    def _line(self) -> bytes:
        if not (line := self._file.readline(_LINE)):
            raise EOFError
        return line
