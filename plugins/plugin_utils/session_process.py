# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The process that keeps the sessions of one host, and the line to it from each of the host's tasks.

It is forked from the worker of the first task that needs it, so it has all that the playbook has loaded, and shares that
memory. Over its socket go a greeting, which says by which settings the task wants to be served, and then requests and
replies, one in a line. Settings never cross it: a process that was started with others ends, and a new one is forked.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import hashlib
import json
import logging
import os
import signal
import socket
import struct
import sys
import threading
import typing as t
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Unreachable, words_of
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Settings

# What `ps` shows in the place of ansible-playbook; the kernel keeps fifteen bytes.
PROCESS_NAME = "mailops-session"
SOCKET_PREFIX = "exchange-"
# The shortest limit that a Unix socket's path has anywhere.
SOCKET_PATH_LIMIT = 103
# Seconds that the end of a playbook is held up by shells that are being closed.
FAREWELL = 10


class PlaybookEnded(BaseException):
    """Raised wherever a session process is when it is to end."""


class CallTimedOut(BaseException):
    """Raised wherever a session process is when a call has taken too long."""


class Playbook:
    """The playbook's own process, as those see it that came of it.

    Of a pair of connected sockets it alone has one end, so that the other one tells of its end, however that comes, and
    on every system. The session processes have the other end, so that the playbook sees when the last of them has gone.
    """

    def __init__(self) -> None:
        self._own, self._others = socket.socketpair()
        os.register_at_fork(after_in_child=self._own.close)
        # Where the playbook runs in a container, nothing outlives it: shells that are still open then stay on the hosts.
        atexit.register(self.end)

    @property
    def has_ended(self) -> bool:
        try:
            return not self._others.recv(1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False

    def wait_for_the_end(self) -> None:
        self._others.recv(1)

    def end(self) -> None:
        """Let all session processes end, and wait a while for that."""
        self._others.close()
        with contextlib.suppress(OSError):
            self._own.shutdown(socket.SHUT_WR)
            self._own.settimeout(FAREWELL)
            self._own.recv(1)

    def fileno(self) -> int:
        return self._others.fileno()


playbook = Playbook()


@dataclass(frozen=True)
class Terms:
    """How a task wants to be served."""

    settings: Settings
    idle_timeout: float
    call_timeout: float

    @property
    def greeting(self) -> bytes:
        told = {"settings": self.settings.fingerprint, "idle": self.idle_timeout, "call": self.call_timeout}
        return json.dumps(told).encode() + b"\n"


class Line:
    """A task's line to the session process of its host, which is started where there is none."""

    def __init__(self, folder: Path, name: tuple[str, ...], terms: Terms, batch: Collection[str] | None = None) -> None:
        """The process has a ``name`` of one or more parts; with a ``batch`` one whose first part is not in it ends."""
        self._path = folder / f"{SOCKET_PREFIX}{'-'.join(map(_short, name))}"
        self._host = name[-1]
        self._terms = terms
        self._batch = batch
        self._lines: t.BinaryIO | None = None

    def invoke(self, request: str) -> str:
        """Have a request carried out; by a new process if the old one has died over one that only reads."""
        self._open()
        try:
            return self._ask(request)
        except OSError:
            self.close()
        if not (write := Request.parse(request).write):
            with contextlib.suppress(OSError):
                self._open()
                return self._ask(request)
        reason = f"The session process for {self._host} ended in the middle of a call."
        return Reply("unknown" if write else "unreachable", reason=reason).to_json()

    def close(self) -> None:
        """Leave the process to the next task."""
        if self._lines is not None:
            with contextlib.suppress(OSError):
                self._lines.close()
            self._lines = None

    def end(self) -> None:
        """Let the process end, and wait until its shells are closed."""
        self.close()
        with contextlib.suppress(OSError):
            _greet(self._path, b"{}\n")

    def _ask(self, request: str) -> str:
        assert self._lines is not None
        self._lines.write(request.encode() + b"\n")
        self._lines.flush()
        if not (reply := self._lines.readline()):
            raise ConnectionResetError
        return reply.decode()

    def _open(self) -> None:
        if self._lines is not None:
            return
        self._lines = self._greeted()
        if self._lines is None:
            self._start()
            self._lines = self._greeted()
        if self._lines is None:
            raise Unreachable(f"The session process for {self._host} ended as soon as it was started.")

    def _greeted(self) -> t.BinaryIO | None:
        """The line, if there is a process at its other end that serves by these terms."""
        try:
            return _greet(self._path, self._terms.greeting)
        except OSError:
            return None

    def _start(self) -> None:
        if playbook.has_ended:
            # A worker outlives a playbook that was killed.
            raise Unreachable("The playbook's process has ended.")
        self._end_others()
        try:
            self._path.unlink(missing_ok=True)
            with socket.socket(socket.AF_UNIX) as listener:
                with _address(self._path) as address:
                    listener.bind(address)
                listener.listen()
                _fork(SessionProcess(self._path, listener, self._terms))
        except OSError as error:
            raise Unreachable(
                f"The session process could not be started with its socket in {self._path.parent} "
                f"({words_of(error.strerror or str(error))}): see that the folder can be written to and has room, or "
                "set ANSIBLE_LOCAL_TEMP to another."
            ) from None

    def _end_others(self) -> None:
        """End the processes of hosts whose part of the play is over; a playbook may go from batch to batch."""
        if self._batch is None:
            return
        wanted = {_short(host) for host in self._batch}
        for path in self._path.parent.glob(f"{SOCKET_PREFIX}*"):
            if path.name.split("-")[1] not in wanted:
                with contextlib.suppress(OSError), _connected(path) as connection:
                    connection.sendall(b"{}\n")


class SessionProcess:
    """What runs in the forked process."""

    def __init__(self, path: Path, listener: socket.socket, terms: Terms) -> None:
        self._path = path
        self._listener = listener
        self._fingerprint = terms.settings.fingerprint
        self._idle_timeout = terms.idle_timeout
        self._session = Session(terms.settings)
        self._is_ending = False
        self._is_called = False
        self._lines: t.BinaryIO | None = None

    def run(self) -> None:
        """Serve tasks until the playbook has ended, or nobody came for some time."""
        try:
            self._settle_in()
            threading.Thread(target=self._wait_for_playbook, daemon=True).start()
            self._serve()
            self._is_ending = True
        except PlaybookEnded:
            pass
        finally:
            # Before anybody can see that it ends: the next process has its socket in the same place.
            self._path.unlink(missing_ok=True)
            self._session.close()

    def _settle_in(self) -> None:
        """Let go of all that belongs to the worker."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_end)
        signal.signal(signal.SIGALRM, self._on_alarm)
        os.setsid()
        _let_go_of_files({self._listener.fileno(), playbook.fileno()})
        sys.stdin, sys.stdout, sys.stderr = (Path(os.devnull).open(mode) for mode in ("r", "w", "w"))
        # The libraries' log would go into that of ansible-core.
        logging.disable()
        gc.freeze()
        with contextlib.suppress(OSError):
            Path("/proc/self/comm").write_text(PROCESS_NAME, encoding="ascii")

    def _on_end(self, *_: object) -> None:
        if not self._is_ending:
            self._is_ending = True
            raise PlaybookEnded

    def _on_alarm(self, *_: object) -> None:
        if self._is_called:
            self._is_called = False
            raise CallTimedOut

    def _wait_for_playbook(self) -> None:
        playbook.wait_for_the_end()
        signal.pthread_kill(t.cast(int, threading.main_thread().ident), signal.SIGTERM)

    def _serve(self) -> None:
        # An exception may be lost that a signal raises, in a destructor for example.
        while not self._is_ending:
            self._listener.settimeout(self._idle_timeout)
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                return
            with connection:
                if not _is_of_same_user(connection):
                    continue
                # Kept, so that a task which is not served sees the line's end when the shells are closed.
                self._lines = connection.makefile("rwb")
            with contextlib.suppress(OSError):
                if not self._serve_task(self._lines):
                    return

    def _serve_task(self, lines: t.BinaryIO) -> bool:
        """Carry out a task's requests; false if it is not to be served by this process."""
        terms = json.loads(lines.readline() or b"{}")
        if terms.get("settings") != self._fingerprint:
            return False
        self._idle_timeout = terms["idle"]
        lines.write(b"\n")
        lines.flush()
        for request in lines:
            lines.write(self._answer(request.decode(), terms["call"]).encode() + b"\n")
            lines.flush()
            if self._is_ending:
                break
        return True

    def _answer(self, request: str, seconds: float) -> str:
        try:
            self._is_called = True
            signal.setitimer(signal.ITIMER_REAL, seconds)
            reply = self._session.invoke(request)
            self._is_called = False
        except CallTimedOut:
            reason = (
                f"The call was given up after {seconds:g} seconds, which is ansible_exchange_call_timeout; the session "
                "was closed."
            )
            state = "unknown" if Request.parse(request).write else "unreachable"
            reply = Reply(state, reason=reason).to_json()
        signal.setitimer(signal.ITIMER_REAL, 0)
        return reply


def _fork(process: SessionProcess) -> None:
    if os.fork() == 0:
        try:
            process.run()
        finally:
            # Nothing of what the worker would still do is this process's to do.
            os._exit(0)


def _let_go_of_files(kept: Collection[int]) -> None:
    """Point all open files but some to nothing.

    Their numbers stay taken: what the worker's objects close when they go is none of the files that are opened here.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in map(int, os.listdir("/dev/fd")):
        if number not in {*kept, nothing}:
            os.dup2(nothing, number, inheritable=number <= 2)


def _greet(path: Path, greeting: bytes) -> t.BinaryIO | None:
    """A line on which tasks are served; None if the process there would not, and has ended for that."""
    with _connected(path) as connection:
        connection.sendall(greeting)
        lines = connection.makefile("rwb")
    if lines.readline():
        return t.cast(t.BinaryIO, lines)
    lines.close()
    return None


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        with _address(path) as address:
            connection.connect(address)
        if not _is_of_same_user(connection):
            raise PermissionError
        yield connection


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """The path of a socket, in fewer bytes where it is too long for one."""
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT or not Path("/proc/self/fd").exists():
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _is_of_same_user(connection: socket.socket) -> bool:
    # Elsewhere it is the folder alone that keeps others out.
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return bool(uid == os.geteuid())


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
