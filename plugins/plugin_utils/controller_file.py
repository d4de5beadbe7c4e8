# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A text file on the controller: where it may be, and how it is written."""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted

OWN_COLLECTION = Path(__file__).resolve().parents[2]


class Refused(Exception):
    """The file cannot be written, or should not be."""


def absolute(path: str) -> Path:
    """What a path means here, or Refused if it cannot be one."""
    if not path or "\0" in path:
        raise Refused(f"path: {quoted(path)} cannot be a file; use the name of a file.")
    try:
        # By getcwd() and not by the variable PWD, which is what some other program says.
        return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve() would follow links
    except OSError:
        raise Refused(
            f"path: {path} is relative to the folder in which ansible-playbook was started, which no longer exists; "
            "use an absolute path."
        ) from None


@dataclass(frozen=True)
class Destination:
    """A file that may be written, and what it holds so far."""

    path: Path
    """Absolute; the messages name it."""
    real: Path
    """Without symbolic links, which stay as they are."""
    held: bytes | None
    """None if there is no such file."""

    @classmethod
    def of(cls, path: str) -> Destination:
        """The destination that a path means here, or Refused if nothing can be written there."""
        named = absolute(path)
        try:
            real = Path(os.path.realpath(named))
            for folder in (*named.parents, *real.parents):
                if _is_collection(folder):
                    raise Refused(
                        f"path: {named} is inside the collection in {folder}, where the next run would find it and the "
                        "next installation remove it; start ansible-playbook in a folder of your own, or use an "
                        "absolute path."
                    )
            return cls(named, real, _held(named, real))
        except OSError as error:
            raise _failed(named, error) from None

    def write(self, content: bytes, *, backup: bool) -> Path | None:
        """Put the content there at once, and say where what was there before is kept."""
        kept = None
        new = self._beside()
        try:
            try:
                self._fill(new, content)
                if backup and self.held is not None:
                    kept = self._keep()
                new.replace(self.real)
            finally:
                new.unlink(missing_ok=True)
        except OSError as error:
            raise _failed(self.path, error) from None
        return kept

    def _beside(self) -> Path:
        # No name that ansible-core takes for variables, should it look there meanwhile.
        return self.real.with_name(f".{uuid.uuid4().hex}~")

    def _fill(self, new: Path, content: bytes) -> None:
        self.real.parent.mkdir(parents=True, exist_ok=True)
        before = None if self.held is None else self.real.stat()
        # Never open to more people than what it replaces, not even for a moment.
        created = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if before else 0o666)
        with os.fdopen(created, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if before:
                mode = stat.S_IMODE(before.st_mode)
                try:
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
                except PermissionError:
                    # What its group could do is not for another group.
                    mode &= ~stat.S_IRWXG
                os.fchmod(file.fileno(), mode)

    def _keep(self) -> Path:
        # ansible-core loads no variables from a name that ends like this.
        kept = self.real.with_name(f"{self.real.name}.{datetime.now():%Y-%m-%dT%H%M%S.%f}~")
        try:
            os.link(self.real, kept)
        except OSError:
            # Not every file system has hard links, nor may everybody make them.
            shutil.copy2(self.real, kept)
        return kept


def write_all(files: Iterable[tuple[Destination, bytes | None]]) -> None:
    """Write several files, or none of them; None removes a file."""
    beside = [(destination, content, destination._beside()) for destination, content in files]
    try:
        try:
            for destination, content, new in beside:
                if content is not None:
                    destination._fill(new, content)
            # What can go wrong for want of room or rights has done so by now.
            for destination, content, new in beside:
                if content is None:
                    destination.real.unlink(missing_ok=True)
                else:
                    new.replace(destination.real)
        finally:
            for *_destination, new in beside:
                new.unlink(missing_ok=True)
    except OSError as error:
        raise _failed(destination.path, error) from None


def _is_collection(folder: Path) -> bool:
    if folder.exists() and folder.samefile(OWN_COLLECTION):
        return True
    installed = folder.parent.parent.name == "ansible_collections"
    return installed and any((folder / mark).exists() for mark in ("MANIFEST.json", "galaxy.yml"))


def _held(named: Path, real: Path) -> bytes | None:
    if real.exists():
        if not real.is_file():
            raise Refused(f"path: {named} is not a regular file; use the name of a file.")
        held, folder = real.read_bytes(), real.parent
    else:
        held, folder = None, next(parent for parent in real.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise Refused(f"path: {named} cannot be written: nothing can be created in {folder}; use another path.")
    return held


def _failed(named: Path, error: OSError) -> Refused:
    return Refused(f"path: {named} cannot be written: {error.strerror or error}.")
