"""Hostile strings through every string option of mail_probe: a server hears them as they are, and no second command."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes
from typing import Any

import pytest
from evidence import is_a_sentence
from hostile import HOSTILE, NO_TEXT
from module_runner import run_module

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import stray
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mail_probe import MailProbe
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import argument_spec

USER, PASSWORD = "anna@contoso.test", "Geh3im-und-l@ng"
STRINGS = (*HOSTILE, *NO_TEXT)
OPTIONS = argument_spec(MailProbe.options)
TRIP = OPTIONS["round_trip"]["options"]


class Server:
    """Speaks POP3, IMAP4 and SMTP, each on a port, and writes down what it is told, decoded as the protocols say."""

    def __init__(self, greeting: str = "ready") -> None:
        self.greeting = greeting
        self.heard: list[tuple[str, ...]] = []
        self._mail: list[bytes] = []
        self._listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in ("pop3", "imap4", "smtp")}
        self.ports = {name: listener.getsockname()[1] for name, listener in self._listeners.items()}
        for name, listener in self._listeners.items():
            threading.Thread(target=self._accept, args=(listener, getattr(self, f"_{name}")), daemon=True).start()

    def close(self) -> None:
        for listener in self._listeners.values():
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener: socket.socket, converse: Callable[[Any], None]) -> None:
        while True:
            try:
                line, _address = listener.accept()
            except OSError:
                return
            # Whoever speaks TLS here speaks to nobody.
            with line, line.makefile("rwb", buffering=0) as file, contextlib.suppress(UnicodeDecodeError):
                converse(file)

    def _pop3(self, file: Any) -> None:
        answers = {
            b"CAPA": b"+OK\r\nTOP\r\nUIDL\r\nUSER\r\n.\r\n",
            b"STAT": lambda: b"+OK %d 0\r\n" % len(self._mail),
            b"UIDL": lambda: (
                b"+OK\r\n%b.\r\n" % b"".join(b"%d u%d\r\n" % (n, n) for n in range(1, len(self._mail) + 1))
            ),
            b"TOP": lambda: b"+OK\r\n%b\r\n.\r\n" % self._mail[-1],
            b"RETR": lambda: b"+OK\r\n%b\r\n.\r\n" % self._mail[-1],
        }
        file.write(b"+OK " + self.greeting.encode() + b"\r\n")
        for said in file:
            word, _, rest = said.rstrip(b"\r\n").partition(b" ")
            self.heard.append((word.decode(), rest.decode()))
            answer = answers.get(word, b"+OK\r\n")
            file.write(answer() if callable(answer) else answer)
            if word == b"QUIT":
                return

    def _imap4(self, file: Any) -> None:
        file.write(b"* OK " + self.greeting.encode() + b"\r\n")
        for said in file:
            tag, word, rest = (*said.rstrip(b"\r\n").split(b" ", 2), b"")[:3]
            if word == b"AUTHENTICATE":
                file.write(b"+ \r\n")
                heard = base64.b64decode(file.readline()).decode().split("\0")[1:]
            else:
                heard = [re.sub(r"\\(.)", r"\1", one) for one in re.findall(r'"((?:[^"\\]|\\.)*)"', rest.decode())]
                # Quoted strings and single spaces, and nothing else beside them.
                assert word != b"LOGIN" or re.fullmatch(r'("(?:[^"\\]|\\.)*" ?){2}', rest.decode()), rest
            self.heard.append((word.decode(), *heard))
            capabilities = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" if word == b"CAPABILITY" else b""
            file.write(capabilities + (b"* BYE\r\n" if word == b"LOGOUT" else b"") + tag + b" OK done\r\n")
            if word == b"LOGOUT":
                return

    def _smtp(self, file: Any) -> None:
        file.write(b"220 " + self.greeting.encode() + b"\r\n")
        for said in file:
            line = said.rstrip(b"\r\n")
            word = line.upper().split(b" ")[0].decode()
            if word == "AUTH":
                self.heard.append(("AUTH", *base64.b64decode(line.split(b" ")[2]).decode().split("\0")[1:]))
            elif word in ("MAIL", "RCPT"):
                self.heard.append((word, *re.findall("<(.*)>", line.decode())))
            else:
                self.heard.append((word, ""))
            if word == "DATA":
                file.write(b"354 go on\r\n")
                lines = list(iter(file.readline, b".\r\n"))
                self._mail.append(b"".join(lines))
            file.write({"EHLO": b"250-mail\r\n250 AUTH PLAIN\r\n", "AUTH": b"235 in\r\n"}.get(word, b"250 good\r\n"))
            if word == "QUIT":
                return

    @property
    def mail(self) -> list[Any]:
        return [message_from_bytes(one) for one in self._mail]


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


def no_host(_request: str) -> str:
    raise AssertionError("a probe asks nothing of the host")


def probe(server: Server, protocol: str, **options: Any) -> dict[str, Any]:
    server.heard.clear()
    common = {
        "protocol": protocol,
        "host": "mail.contoso.test",
        "connect_to": "127.0.0.1",
        "port": server.ports.get(protocol, 1),
        "encryption": "none",
        "allow_plain_text_password": True,
        "timeout": 5,
    }
    result = run_module("mail_probe", {**common, **options}, no_host, pause=lambda _: None)
    if result.get("failed"):
        # ansible-core has sentences of its own about types and choices, that repeat a value as it is.
        assert is_a_sentence(f"{' '.join(result['msg'].split()).rstrip('.')}."), result["msg"]
    return result


LOG_ONS: dict[str, Callable[[str, str], list[tuple[str, ...]]]] = {
    "pop3": lambda user, password: [("USER", user), ("PASS", password)],
    "imap4": lambda user, password: [("LOGIN", user, password)],
    "smtp": lambda user, password: [("AUTH", user, password)],
}


@pytest.mark.parametrize("option", ["user", "password"])
@pytest.mark.parametrize("protocol", LOG_ONS)
def test_log_on(server: Server, protocol: str, option: str) -> None:
    usual = {"user": USER, "password": PASSWORD}
    probe(server, protocol, **usual)
    (log_on,) = {word for word, *_ in server.heard} & {"LOGIN", "AUTH"} or {"USER"}
    commands = [word for word, *_ in server.heard]
    for string in STRINGS:
        given = usual | {option: string}
        result = probe(server, protocol, **given)
        if result.get("failed"):
            assert string == "" or stray(string), result["msg"]
            assert server.heard == []
            continue
        expected = LOG_ONS[protocol](given["user"], given["password"])
        if protocol == "imap4" and not string.isascii():
            expected = [("AUTHENTICATE", given["user"], given["password"])]
        assert [entry for entry in server.heard if entry[0] in (log_on, "PASS", "AUTHENTICATE")] == expected
        assert len(server.heard) == len(commands), server.heard
        assert result["logon"]["ok"] is True
    assert not {word for word, *_ in server.heard} - {*commands, "AUTHENTICATE"}


@pytest.mark.parametrize("option", [name for name, one in TRIP.items() if one["type"] == "str"])
def test_round_trip(server: Server, option: str) -> None:
    usual = {
        "recipient": USER,
        "port": server.ports["smtp"],
        "connect_to": "127.0.0.1",
        "host": "mail.contoso.test",
        "encryption": "none",
    }
    for string in (*STRINGS, "o'brien+tag=$x{`}@contoso.test"):
        trip = usual | {option: string}
        result = probe(server, "pop3", user=USER, password=PASSWORD, round_trip=trip)
        told = [entry for entry in server.heard if entry[0] in ("MAIL", "RCPT", "DATA")]
        if result.get("failed"):
            assert told == [], result["msg"]
            continue
        sender = trip.get("sender") or trip["recipient"]
        assert told == [("MAIL", sender), ("RCPT", trip["recipient"]), ("DATA", "")]
        assert (server.mail[-1]["From"], server.mail[-1]["To"]) == (sender, trip["recipient"])


OTHERS = [name for name, one in OPTIONS.items() if one["type"] != "dict" and name not in ("user", "password")]


@pytest.mark.parametrize("option", OTHERS)
def test_other_options_are_told_to_no_server(server: Server, option: str) -> None:
    log_on = {"user": USER, "password": PASSWORD}
    probe(server, "pop3", **log_on)
    usual = list(server.heard)
    for string in STRINGS:
        # A file of authorities is opened only where there is something to check.
        more = {"encryption": "implicit_tls"} if option == "ca_cert" else {}
        result = probe(server, **{"protocol": "pop3", **log_on, **more, option: string})
        assert server.heard == ([] if result.get("failed") else usual), (string, result)
        assert result.get("failed") or option in ("host", "connect_to", "encryption"), (string, result)


def test_what_a_server_says(server: Server) -> None:
    for string in HOSTILE:
        if stray(string) is None and string.strip() == string and len(string) <= 500:
            server.greeting = string
            for protocol in LOG_ONS:
                banner = probe(server, protocol)["banner"]
                assert banner == " ".join(re.sub("[\u200d\u202e]", " ", string).split())
