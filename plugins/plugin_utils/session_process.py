# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The process that keeps the sessions of one host, and the line to it from each of the host's tasks.

It is forked, so it has all that the playbook has loaded, and shares that memory: from a process that the playbook forks
when it loads the action plugins and that does nothing else, for a worker has changed much of what it shares. Over its
socket go a greeting, which says by which settings the task wants to be served, and then requests and replies, one in a
line. Settings never cross it: a process that was started with others ends, and a new one is forked.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import hashlib
import io
import json
import logging
import os
import select
import signal
import socket
import ssl
import struct
import sys
import threading
import typing as t
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Unreachable, words_of
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings

# What `ps` shows in the place of ansible-playbook; the kernel keeps fifteen bytes.
PROCESS_NAME, MOTHER_NAME = "mailops-session", "mailops-mother"
SOCKET_PREFIX = "exchange-"
# The shortest limit that a Unix socket's path has anywhere.
SOCKET_PATH_LIMIT = 103
# Seconds that the end of a playbook is held up by shells that are being closed.
FAREWELL = 10
LONGEST_ORDER = 65536


class PlaybookEnded(BaseException):
    """Raised wherever a session process is when it is to end."""


class CallTimedOut(BaseException):
    """Raised wherever a session process is when a call has taken too long."""


@dataclass(frozen=True)
class Terms:
    """How a task wants to be served."""

    settings: Settings
    idle_timeout: float
    call_timeout: float

    @classmethod
    def read(cls, given: dict[str, t.Any]) -> Terms:
        settings = given.pop("settings")
        settings |= {name: Endpoint(**settings[name]) for name in ("windows", "exchange")}
        return cls(Settings(**settings), **given)

    @property
    def greeting(self) -> bytes:
        told = {"settings": self.settings.fingerprint, "idle": self.idle_timeout, "call": self.call_timeout}
        return json.dumps(told).encode() + b"\n"


class Playbook:
    """The playbook's own process, as those see it that came of it.

    Of a pair of connected sockets it alone has one end, so that the other one tells of its end, however that comes, and
    on every system. The session processes have the other end, so that the playbook sees when the last of them has gone.
    """

    def __init__(self) -> None:
        self._own, self._others = socket.socketpair()
        self._orders: socket.socket | None = None
        os.register_at_fork(after_in_child=self._own.close)
        # Nothing outlives a playbook in a container of its own: shells that are still open then stay on the hosts.
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

    def fork(self, path: Path, listener: socket.socket, terms: Terms) -> None:
        """Start a session process, which listens already."""
        if self._orders:
            order = json.dumps({"path": str(path), **asdict(terms)}).encode()
            with contextlib.suppress(OSError):
                socket.send_fds(self._orders, [order], [listener.fileno()])
                return
        _fork(SessionProcess(path, listener, terms).run)

    def fileno(self) -> int:
        return self._others.fileno()

    def fork_mother(self) -> None:
        """Fork the process that forks the session processes; without it, the workers do that themselves."""
        # Not in a hook of the first fork: concurrent.futures holds a lock there, which a fork inside it waits for.
        try:
            orders, self._orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError:
            # Not everywhere.
            return
        _fork(lambda: self._be_mother(orders))
        orders.close()

    def _be_mother(self, orders: socket.socket) -> None:
        """Fork session processes as workers order them, until the playbook has ended."""
        _leave_worker({orders.fileno(), self.fileno()}, MOTHER_NAME)
        # Nobody asks what became of the children.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        # With its first use OpenSSL fills a megabyte, which all session processes share then.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        waiting = select.poll()
        for one in (orders, self._others):
            waiting.register(one, select.POLLIN)
        # Workers outlive a playbook that is killed, and have the other end of the orders.
        while self.fileno() not in dict(waiting.poll()):
            order, listeners, _flags, _sender = socket.recv_fds(orders, LONGEST_ORDER, 1)
            with socket.socket(fileno=listeners[0]) as listener:
                given = json.loads(order)
                _fork(SessionProcess(Path(given.pop("path")), listener, Terms.read(given)).run)


playbook = Playbook()


class Line:
    """A task's line to the session process of its host, which is started where there is none."""

    def __init__(self, folder: Path, name: Sequence[str], terms: Terms, batch: Collection[str] | None = None) -> None:
        """The process has a ``name`` of one or more parts; with a ``batch`` one whose first part is not in it ends."""
        self._path = folder / f"{SOCKET_PREFIX}{'-'.join(map(_short, name))}"
        self._host = name[-1]
        self._terms = terms
        self._batch = batch
        self._lines: t.BinaryIO | None = None

    def invoke(self, request: str) -> str:
        """Have a request carried out; by a new process if the old one has died over one that only reads."""
        try:
            return self._ask(request)
        except OSError:
            self.close()
        if not (write := Request.parse(request).write):
            with contextlib.suppress(OSError):
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
        lines = self._lines = self._lines or self._opened()
        lines.write(request.encode() + b"\n")
        lines.flush()
        if not (reply := lines.readline()):
            raise ConnectionResetError
        return reply.decode()

    def _opened(self) -> t.BinaryIO:
        lines = self._greeted()
        if lines is None:
            self._start()
            lines = self._greeted()
        if lines is None:
            raise Unreachable(f"The session process for {self._host} ended as soon as it was started.")
        return lines

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
                playbook.fork(self._path, listener, self._terms)
        except OSError as error:
            raise Unreachable(
                f"The session process could not be started with its socket in {self._path.parent} "
                f"({words_of(error.strerror or str(error))}): check that the folder is writable and has space left, or "
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
        # Not above: it needs libraries, and where one is missing the task is to end in the connection's sentence.
        from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

        self._session = Session(terms.settings)
        self._is_ending = False
        self._is_called = False
        self._lines: t.BinaryIO | None = None

    def run(self) -> None:
        """Serve tasks until the playbook has ended, or nobody came for some time."""
        try:
            _leave_worker({self._listener.fileno(), playbook.fileno()}, PROCESS_NAME)
            signal.signal(signal.SIGTERM, self._on_end)
            signal.signal(signal.SIGALRM, self._on_alarm)
            threading.Thread(target=self._wait_for_playbook, daemon=True).start()
            self._serve()
            self._is_ending = True
        except PlaybookEnded:
            pass
        finally:
            # Before anybody can see that it ends: the next process has its socket in the same place.
            self._path.unlink(missing_ok=True)
            self._session.close()

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
        # Again and again: a signal that comes just before a call to the system does not interrupt that.
        pause = threading.Event()
        while True:
            signal.pthread_kill(t.cast(int, threading.main_thread().ident), signal.SIGTERM)
            pause.wait(0.1)

    def _serve(self) -> None:
        # An exception may be lost that a signal raises, in a destructor for example.
        while not self._is_ending:
            self._listener.settimeout(self._idle_timeout)
            try:
                connection, _address = self._listener.accept()
            except TimeoutError:
                return
            with connection:
                if not _is_of_same_user(connection):
                    continue
                # Kept, so that a task which is not served sees the line's end when the shells are closed.
                lines = self._lines = t.cast(t.BinaryIO, connection.makefile("rwb"))
            with contextlib.suppress(OSError):
                if not self._serve_task(lines):
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
            signal.setitimer(signal.ITIMER_REAL, seconds, 1)
            reply = self._session.invoke(request)
            self._is_called = False
        except CallTimedOut:
            reason = (
                f"The call was stopped after {seconds:g} seconds, the limit in ansible_exchange_call_timeout; the "
                "session was closed."
            )
            state = "unknown" if Request.parse(request).write else "unreachable"
            reply = Reply(state, reason=reason).to_json()
        signal.setitimer(signal.ITIMER_REAL, 0)
        return reply


def _fork(run: t.Callable[[], None]) -> None:
    if os.fork() == 0:
        try:
            run()
        finally:
            # Nothing of what the forking process would still do is this one's to do.
            os._exit(0)


def _leave_worker(kept: Collection[int], name: str) -> None:
    """Let go of all that belongs to the process that this one was forked from, but some files."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    _let_go_of_files(kept)
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), io.StringIO(), io.StringIO()
    # The libraries' log would go into that of ansible-core.
    logging.disable()
    gc.freeze()
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name, encoding="ascii")


def _let_go_of_files(kept: Collection[int]) -> None:
    """Point all open files but some to nothing.

    Their numbers stay taken: what the worker's objects close when they go is none of the files that are opened here.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in [int(path.name) for path in Path("/dev/fd").iterdir()]:
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
