# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was given already: one small file for each mailbox, always whole on the disk, and a lock for who writes it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .health import Health
from .options import Account

_VERSION = 1
GIVEN, OWED, OTHER = "given", "owed", "other"
"""An event was given; it was, and the mail is to be removed; it was none of ours."""


class Unwritable(Exception):
    """The state cannot be kept, so that nothing may be given."""


class Busy(Exception):
    """Somebody else reads this mailbox."""


class Entry(NamedTuple):
    """A mail in the mailbox that was dealt with."""

    size: int
    id: str
    kind: str


@dataclass(frozen=True)
class Prepared:
    """A state that is on the disk beside the one that counts."""

    make_it_count: Callable[[], None]


class Book:
    """The state of one mailbox. What it holds in memory is what counts on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_suffix(".new")
        self._lines: dict[str, bytes] = {}
        self.validity = ""
        """What the identifiers of mails belong to: POP3, or a UIDVALIDITY of IMAP4."""
        self.entries: dict[str, Entry] = {}
        self.ids: dict[str, str] = {}
        """Kinds by the ids of what is in `entries`."""
        self.health = Health()
        self.damaged: Path | None = None
        """Where a state that could not be read was put."""

    @classmethod
    def open(cls, folder: Path, account: Account) -> Book:
        """What is known of the mailbox; nothing, if there is no file yet, or a damaged one."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            book = cls(folder / f"{_file_name(account)}.state")
            book._load()
        except OSError as error:
            raise _unwritable(folder, error) from error
        return book

    def prepare(
        self,
        changed: Mapping[str, Entry] | None = None,
        *,
        health: Health | None = None,
        instead: Mapping[str, Entry] | None = None,
        validity: str | None = None,
    ) -> Prepared:
        """Write the state as it is to be, with what has ``changed``, or with other entries ``instead`` of all.

        It is on the disk then, and a full disk is noticed, but it counts only when the caller says so.
        """
        entries = dict(self.entries if instead is None else instead) | dict(changed or {})
        known = self._lines if instead is None else {}
        lines = {uid: known.get(uid) or _line([uid, *entry]) for uid, entry in entries.items()}
        lines |= {uid: _line([uid, *entry]) for uid, entry in (changed or {}).items()}
        health = health or self.health
        validity = self.validity if validity is None else validity
        head = _line({"version": _VERSION, "validity": validity, "health": health.as_data()})
        whole = b"".join((head, *lines.values()))
        try:
            self._write(whole + _line({"sum": zlib.crc32(whole)}))
        except OSError as error:
            raise _unwritable(self._beside, error) from error

        def make_it_count() -> None:
            try:
                self._beside.replace(self._path)
                _settle(self._path.parent)
            except OSError as error:
                raise _unwritable(self._path, error) from error
            finally:
                # It was handed over, so as long as this process lives it is not handed over again.
                self.entries, self._lines, self.health, self.validity = entries, lines, health, validity
                self.ids = {entry.id: entry.kind for entry in entries.values()} if instead is not None else self.ids
                self.ids.update((entry.id, entry.kind) for entry in (changed or {}).values())

        return Prepared(make_it_count)

    def _load(self) -> None:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return
        try:
            self._read(raw)
        except (ValueError, KeyError, TypeError, IndexError):
            self.damaged = self._path.with_suffix(".damaged")
            self._path.replace(self.damaged)

    def _read(self, raw: bytes) -> None:
        whole, end = raw[: raw.rindex(b"\n", 0, -1) + 1], raw[raw.rindex(b"\n", 0, -1) + 1 :]
        if json.loads(end)["sum"] != zlib.crc32(whole):
            raise ValueError("not what was written")
        head, *lines = whole.splitlines(keepends=True)
        told = json.loads(head)
        if told["version"] != _VERSION:
            raise ValueError("of another version")
        health, validity = Health.from_data(told["health"]), str(told["validity"])
        for line in lines:
            uid, size, id_, kind = json.loads(line)
            self.entries[uid] = Entry(size, id_, kind)
            self._lines[uid] = line
            self.ids[id_] = kind
        self.health, self.validity = health, validity

    def _write(self, data: bytes) -> None:
        descriptor = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            os.fsync(descriptor)


@contextlib.contextmanager
def locked(folder: Path, account: Account) -> Iterator[None]:
    """Be the only source on this mailbox. The kernel ends the lock with the process, however that ends."""
    path = folder / f"{_file_name(account)}.lock"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise _unwritable(path, error) from error
            raise Busy(
                f"Another source reads the mailbox of {account.user} at {account.host} already ({path} is locked); "
                "stop one of the two."
            ) from error
        yield
    finally:
        os.close(descriptor)


def _file_name(account: Account) -> str:
    """Of the mailbox and not of the account: two accounts that name one mailbox meet at one file."""
    digest = hashlib.sha256("\0".join(account.mailbox).encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '_', account.user)[:60].strip('.')}-{digest}"


def _line(data: object) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> Unwritable:
    return Unwritable(
        f"The state cannot be written to {path} ({error.strerror or error}), so no event is delivered until it can."
    )
