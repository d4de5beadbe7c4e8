"""A mail server over real sockets and TLS that does what a test has written down for it."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO


class Server:
    """Speaks with one client after the other, each time as ``talk`` has it, until that returns or breaks off."""

    def __init__(self, certificate: Path, talk: Callable[[Server], None], *, implicit: bool = True) -> None:
        self._talk, self._implicit = talk, implicit
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connected, _address = self._listening.accept()
            except OSError:
                return
            with connected:
                self._connected: socket.socket = connected
                try:
                    if self._implicit:
                        self.encrypt()
                    self._file: BinaryIO = self._connected.makefile("rb")
                    self._talk(self)
                except (OSError, ValueError, EOFError):
                    pass
                finally:
                    # The file would keep it open.
                    with contextlib.suppress(OSError):
                        self._connected.shutdown(socket.SHUT_RDWR)

    def encrypt(self) -> None:
        self._connected = self._context.wrap_socket(self._connected, server_side=True)
        self._file = self._connected.makefile("rb")

    def say(self, *lines: bytes | str) -> None:
        whole = b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines)
        self._connected.sendall(whole)

    def raw(self, data: bytes) -> None:
        self._connected.sendall(data)

    def hear(self) -> bytes:
        if not (line := self._file.readline()):
            raise EOFError
        self.heard.append(line.rstrip(b"\r\n"))
        return self.heard[-1]

    def close(self) -> None:
        self._listening.close()


def talk_pop3(server: Server, mails: Mapping[str, bytes], broken: bytes = b"never") -> None:
    """A small server; ``broken`` is a command in the middle of whose answer the connection ends."""
    server.say("+OK ready")
    names = list(mails)
    while True:
        command, *words = server.hear().split()
        if command == broken:
            server.raw(b"+OK\r\nFrom: anna@contoso.test\r\nSub")
            return
        match command:
            case b"LIST":
                server.say("+OK", *[f"{number} {len(mails[uid])}" for number, uid in enumerate(names, 1)], ".")
            case b"UIDL":
                server.say("+OK", *[f"{number} {uid}" for number, uid in enumerate(names, 1)], ".")
            case b"TOP" | b"RETR":
                if int(words[0]) > len(names):
                    server.say("-ERR no such message")
                    continue
                mail = mails[names[int(words[0]) - 1]]
                if command == b"TOP":
                    mail = mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                server.raw(b"+OK\r\n" + re.sub(rb"(?m)^\.", b"..", mail) + b".\r\n")
            case b"QUIT":
                server.say("+OK bye")
                return
            case _:
                server.say("+OK")
