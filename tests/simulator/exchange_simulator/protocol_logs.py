"""The protocol logs that a server writes while ProtocolLogEnabled is on: a file for each hour, in its log's folder.

Lines are those of published ones, and so are the names of files; catalogue/evidence.py says what of it is inferred.
"""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .server import Server

TITLES = {"pop3": "POP3", "imap4": "IMAP4"}
FIELDS = "dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context,puid"
# The port of the back end, of connections with TLS.
_BACK_END_PORT = {"pop3": 1995, "imap4": 1993}
# What the client says in these is no one else's business.
_HIDDEN = "*****"


def file_name(protocol: str, moment: datetime.datetime, *, back_end: bool = False) -> str:
    """The log file of an hour."""
    return f"{TITLES[protocol]}{'BE' if back_end else ''}{moment:%Y%m%d%H}-1.LOG"


def line_of(*fields: object) -> str:
    """A line, with quotes where CSV needs them; behind the last field stands an empty one."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([*fields, ""])
    return text.getvalue()


def header(protocol: str, moment: datetime.datetime) -> str:
    lines = (
        "#Software: Microsoft Exchange Server",
        "#Version: 15.0.0.0",
        f"#Log-type: {TITLES[protocol]} Protocol Log",
        f"#Date: {_time(moment)}",
        f"#Fields: {FIELDS}",
    )
    return "".join(f"{line}\r\n" for line in lines)


def _time(moment: datetime.datetime) -> str:
    moment = moment.astimezone(datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


@dataclass
class LoggedSession:
    """One client's session in the log of the front end, and what follows of it in that of the back end."""

    server: Server
    protocol: str
    folder: str
    here: str
    """The server's address and port, as the client sees them."""
    client: str
    number: int
    user: str = ""
    _sequence: Iterator[int] = field(default_factory=itertools.count)

    def opened(self) -> None:
        self._write(self._line("OpenSession", "", ""))

    def command(self, word: str, argument: str, answer: str, *, mailbox: str | None = None) -> None:
        """A command with what the client gave it, and how its answer begins."""
        word = word.casefold()
        done = " OK" in f" {answer.lstrip('+')}"
        if word in ("user", "pass", "login", "auth", "authenticate"):
            argument, self.user = self._told(word, argument, done=done, mailbox=mailbox)
        context = "R=OK"
        if not done:
            context = f'R="{answer}"'
            if word in ("pass", "auth", "authenticate"):
                context += f';Msg="AuthFailed:LogonDenied,User: {self.user}";ErrMsg=AuthFailed:LogonDenied'
        elif mailbox:
            port = _BACK_END_PORT[self.protocol]
            context = f'R=OK;Msg="Proxy:{self.server.fqdn}:{port}:SSL;ProxySuccess"'
        self._write(self._line(word, argument, context))
        if mailbox and self.server.release.split_services:
            self._proxied(port)

    def _told(self, word: str, argument: str, *, done: bool, mailbox: str | None) -> tuple[str, str]:
        """The parameters as they are shown, and the user."""
        if word == "user":
            return argument, argument
        if word == "pass":
            return _HIDDEN, self.user
        if word == "login":
            name = argument.partition(" ")[0].strip('"')
            return f"{name if done else ''} {_HIDDEN}", (mailbox or name) if done else ""
        return argument.partition(" ")[0].upper(), mailbox or self.user

    def _proxied(self, port: int) -> None:
        here = f"{self.server.address}:{port}"
        client = f"{self.server.address}:{20000 + self.number % 40000}"
        session = f"{self.number:016X}"
        for number, (command, parameters, context) in enumerate(
            (("OpenSession", "", ""), ("auth" if self.protocol == "pop3" else "authenticate", "PLAIN", "R=OK"))
        ):
            user = self.user if number else ""
            fields = (session, number, here, client, user, 1, 31, 33, command, parameters, context)
            self._write(fields, back_end=True)

    def closed(self) -> None:
        self._write(self._line("CloseSession", "", ""))

    def _line(self, command: str, parameters: str, context: str) -> tuple[Any, ...]:
        session = f"{self.number:016X}"
        return (
            session, next(self._sequence), self.here, self.client, self.user, 1, 17, 5, command, parameters, context,
        )  # fmt: skip

    def _write(self, fields: tuple[Any, ...], *, back_end: bool = False) -> None:
        now = self.server.now.astimezone(datetime.UTC)
        name = file_name(self.protocol, now, back_end=back_end)
        self.server.append(f"{self.folder}\\{name}", header(self.protocol, now), line_of(_time(now), *fields), now)


def write_lines(file: Any, head: str, line: str, moment: datetime.datetime) -> None:
    """Put a line at the end of a file, which is made with its header where it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    begins = head if not file.exists() else ""
    with file.open("a", encoding="utf-8", newline="") as log:
        log.write(f"{begins}{line}\r\n")
    os.utime(file, (moment.timestamp(), moment.timestamp()))
