"""POP3 and IMAP4 as the simulated servers speak them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .catalogue.settings import PROTOCOLS
from .mail import DIALOGUES, Dialogue
from .protocol_logs import LoggedSession
from .submission import Submission
from .values import Binding

if TYPE_CHECKING:
    from .organisation import Organisation
    from .server import Server

# Longer than any client of a test waits, short enough that an abandoned connection does not keep its thread.
_LONGEST_WAIT = 60.0


@dataclass
class _Door:
    """The open ports of one protocol on one server, serving the settings its processes have loaded."""

    key: tuple[Any, ...]
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    connections: set[socket.socket] = field(default_factory=set)
    closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, line: socket.socket) -> None:
        """Take charge of a connection; refused once the door is closed."""
        with self._lock:
            if self.closed:
                raise ConnectionAbortedError
            self.connections.add(line)

    def dismiss(self, line: socket.socket) -> None:
        line.close()
        with self._lock:
            self.connections.discard(line)

    def close(self) -> None:
        with self._lock:
            self.closed = True
            for one in (*self.sockets.values(), *self.connections):
                # Shutting down wakes the thread that waits on the socket; closing alone would not.
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self.connections.clear()


class Listeners:
    """Opens and closes ports as services, components and effective settings change.

    A binding to any address is opened on the server's own loopback address plus the port offset: each simulated
    server has just that one address, so bindings to particular addresses are mapped to it as well (inferred). Where
    two bindings then ask for the same port the encrypted one gets it.
    """

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._doors: dict[tuple[str, str], _Door] = {}
        self._contexts: dict[Path, ssl.SSLContext] = {}
        self._submission = Submission(organisation)
        self.open = False

    def addresses(self, server: str, protocol: str) -> list[str]:
        """What is listening now, as address:port."""
        if protocol == "smtp":
            return self._submission.addresses(server)
        door = self._doors.get((server, protocol))
        return sorted(door.sockets) if door else []

    def follow(self) -> None:
        """Bring the open ports into line with the organisation; its lock is held."""
        self._submission.follow(self.open)
        for server in self._organisation.servers.values():
            for protocol in PROTOCOLS:
                effective = server.effective(protocol) if self.open else None
                key = (server.processes(protocol), id(effective))
                door = self._doors.get((server.name, protocol))
                if door is not None and (effective is None or door.key != key):
                    door.close()
                    del self._doors[server.name, protocol]
                    door = None
                if door is None and effective is not None:
                    self._doors[server.name, protocol] = self._open(server, protocol, effective, _Door(key))

    def _open(self, server: Server, protocol: str, effective: dict[str, Any], door: _Door) -> _Door:
        bindings: list[tuple[Binding, bool]] = [(one, True) for one in effective["SSLBindings"]]
        bindings += [(one, False) for one in effective["UnencryptedOrTLSBindings"]]
        for binding, encrypted in bindings:
            port = binding.port + self._organisation.port_offset
            name = f"{server.address}:{port}"
            if name in door.sockets or not 0 < port < 65536:
                continue
            try:
                listener = socket.create_server((server.address, port), backlog=64)
            except OSError:
                # The service runs on without a port it cannot have, as the real one does.
                continue
            door.sockets[name] = listener
            service = _Service(
                self._organisation, server, protocol, effective, encrypted, self._context(server, protocol, effective)
            )
            threading.Thread(target=service.accept, args=(listener, door), daemon=True).start()
        return door

    def _context(self, server: Server, protocol: str, effective: dict[str, Any]) -> ssl.SSLContext:
        certificate = server.certificate_for(protocol, effective["X509CertificateName"])
        if certificate not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            # Windows shows weak keys as well, and leaves it to the client to refuse them.
            context.set_ciphers("DEFAULT:@SECLEVEL=1")
            context.load_cert_chain(certificate)
            self._contexts[certificate] = context
        return self._contexts[certificate]


@dataclass(frozen=True)
class _Service:
    """What one listening port offers."""

    organisation: Organisation
    server: Server
    protocol: str
    effective: dict[str, Any]
    encrypted: bool
    context: ssl.SSLContext

    def accept(self, listener: socket.socket, door: _Door) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, door), daemon=True).start()

    def _serve(self, connection: socket.socket, door: _Door) -> None:
        # The client may leave, speak something else than TLS, or be silent for too long.
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(door.dismiss, connection)
            door.admit(connection)
            connection.settimeout(self._wait("PreAuthenticatedConnectionTimeout"))
            line = self._secured(connection, door, stack) if self.encrypted else connection
            self._talk(line, door, stack)

    def _secured(self, plain: socket.socket, door: _Door, stack: contextlib.ExitStack) -> socket.socket:
        """The same connection under TLS, which makes a new socket of it."""
        if self.organisation.faults.in_conversation(self.server.name, "mail_closes_in_tls", self.protocol):
            raise ConnectionAbortedError
        line = self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        stack.callback(door.dismiss, line)
        door.admit(line)
        line.do_handshake()
        return line

    def _talk(self, line: socket.socket, door: _Door, stack: contextlib.ExitStack) -> None:
        dialogue = DIALOGUES[self.protocol](self.effective, self.organisation, self.server.release, self.encrypted)
        log = self._log(line, stack)
        line.sendall(dialogue.greeting())
        received = b""
        while not dialogue.finished:
            while b"\n" not in received and len(received) <= self.effective["MaxCommandSize"]:
                if not (chunk := line.recv(4096)):
                    return
                received += chunk
            command, _, received = received.partition(b"\n")
            if len(command.rstrip(b"\r")) > self.effective["MaxCommandSize"]:
                line.sendall(dialogue.too_long())
                return
            asked = command.rstrip(b"\r").decode("utf-8", "replace")
            word, parameters = dialogue.asked(asked)
            answer = self._answer(dialogue, asked)
            if log and word and not dialogue.awaits_more:
                with self.organisation.lock:
                    log.command(word, parameters, dialogue.told(answer), mailbox=dialogue.logged_on_by(word))
            line.sendall(answer)
            if dialogue.starts_tls:
                dialogue.tls_started()
                # What a client sent before the handshake must not count afterwards.
                received = b""
                line = self._secured(line, door, stack)
            if dialogue.mailbox is not None:
                line.settimeout(self._wait("AuthenticatedConnectionTimeout"))

    def _log(self, line: socket.socket, stack: contextlib.ExitStack) -> LoggedSession | None:
        """What is written of the session, if these settings say so."""
        if not self.effective.get("ProtocolLogEnabled"):
            return None
        (address, port), (client, client_port) = line.getsockname()[:2], line.getpeername()[:2]
        with self.organisation.lock:
            log = LoggedSession(
                self.server,
                self.protocol,
                str(self.effective["LogFileLocation"]),
                f"{address}:{port - self.organisation.port_offset}",
                f"{client}:{client_port}",
                next(self.server.mail_sessions),
            )
            log.opened()

        def close() -> None:
            with self.organisation.lock:
                log.closed()

        stack.callback(close)
        return log

    def _answer(self, dialogue: Dialogue, line: str) -> bytes:
        fault = self.organisation.faults.in_conversation(
            self.server.name, "mail_answers", self.protocol, dialogue.command(line)
        )
        return dialogue.said_instead(line, fault["answer"]) if fault else dialogue.answer(line)

    def _wait(self, setting: str) -> float:
        return float(min(self.effective[setting].ticks / 10_000_000, _LONGEST_WAIT))
