"""What may stand between a controller and a host: a proxy, or a port that leads to another."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

Address = tuple[str, int]


class Relay:
    """Takes connections on a loopback address and passes on what comes, to one place or where a CONNECT asks for."""

    def __init__(self, host: str = "127.0.0.1", *, to: Address | None = None, answer: bytes | None = None) -> None:
        """``answer`` is what a proxy says that passes nothing on."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self._to = to
        self._answer = answer
        self.port: int = self._listener.getsockname()[1]
        self.asked: list[bytes] = []
        """The heads of the requests that a proxy has got."""

    def __enter__(self) -> Relay:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Only this wakes the thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _take(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            to = self._to or self._asked_for(client)
            if to:
                with socket.create_connection(to) as server:
                    threading.Thread(target=_pump, args=(server, client), daemon=True).start()
                    _pump(client, server)

    def _asked_for(self, client: socket.socket) -> Address | None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return None
            head += piece
        self.asked.append(head)
        if self._answer is not None:
            client.sendall(self._answer)
            return None
        host, _, port = head.split()[1].decode().rpartition(":")
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        return host.strip("[]"), int(port)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
