"""POP3 and IMAP4 over real sockets and TLS, with a server that does what a test has written down for it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from application_mailbox import ARGS, PASSWORD, account, reply
from scripted_mail_server import Server, talk_pop3

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox import source
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.conversation import (
    Connection,
    Failed,
    NotGiven,
    Session,
)
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.options import Account
from exchange_simulator.pki import Authority

NAME = "mail.contoso.test"
PLUGIN = Path(__file__).resolve().parents[3] / "extensions" / "eda" / "plugins" / "event_source" / "mailbox.py"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


class Opener:
    """Opens a mailbox on a server that is made for it."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.servers: list[Server] = []
        self.connection: Connection | None = None

    def account(
        self, talk: Callable[[Server], None], *, days: float = 365, name: str = NAME, **options: Any
    ) -> Account:
        implicit = options.get("encryption") != "starttls"
        self.servers.append(Server(self.authority.issue([name], days=days), talk, implicit=implicit))
        where = {"connect_to": "127.0.0.1", "port": self.servers[-1].port, "ca_cert": str(self.authority.ca_file)}
        return account(**{**where, **options})

    def __call__(self, talk: Callable[[Server], None], **options: Any) -> Session:
        given = self.account(talk, **options)
        self.connection = Connection(given)
        return source.open_mailbox(given, self.connection)


@pytest.fixture
def opened(authority: Authority) -> Iterator[Opener]:
    opener = Opener(authority)
    yield opener
    if opener.connection:
        opener.connection.close()
    for server in opener.servers:
        server.close()


MAILS = {"a1": reply(1), "a2": reply(2, ".dot\n" + "long " * 4000 + "\n")}


def pop3(server: Server, broken: bytes = b"never") -> None:
    talk_pop3(server, MAILS, broken)


def test_a_mailbox_by_pop3(opened: Opener) -> None:
    session = opened(pop3)
    listing = session.listing()
    assert [(mail.uid, mail.size) for mail in listing.mails] == [(uid, len(mail)) for uid, mail in MAILS.items()]
    assert [(top.uid, top.size) for top in session.tops(["a2", "a1"])] == [
        ("a2", len(MAILS["a2"])),
        ("a1", len(MAILS["a1"])),
    ]
    assert b"".join(session.lines("a2")) == MAILS["a2"]
    # Who stops in the middle finds the next answer in its place.
    partly = session.lines("a2")
    next(partly)
    partly.close()  # type: ignore[attr-defined]
    assert b"".join(session.lines("a1")) == MAILS["a1"]
    session.remove("a1")
    session.close()
    heard = opened.servers[0].heard
    assert heard[:2] == [b"USER app@contoso.test", f"PASS {PASSWORD}".encode()]
    assert heard[-2:] == [b"DELE 1", b"QUIT"]


def test_the_plugin_as_a_program_of_its_own(opened: Opener, tmp_path: Path) -> None:
    """By its path, and where nobody knows collections, as ansible-rulebook runs it."""
    given = opened.account(pop3, name="localhost")
    args = ARGS | {"host": "localhost", "port": given.port, "ca_cert": given.ca_cert, "test": True}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, PLUGIN],
        input=json.dumps(args),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["mailbox"]["ok"] is True
    assert "mails" in json.loads(done.stdout)["mailbox"]["sentence"]


def starttls(server: Server) -> None:
    server.say("+OK ready")
    assert server.hear() == b"STLS"
    server.raw(b"+OK begin\r\n+OK injected in clear\r\n")
    server.encrypt()
    assert server.hear().startswith(b"USER")
    server.say("+OK")
    server.hear()
    server.say("-ERR not after all")


def test_nothing_that_was_said_in_clear_counts(opened: Opener) -> None:
    with pytest.raises(Failed, match=r"refused the sign-in of app@contoso.test: not after all"):
        opened(starttls, encryption="starttls")


def test_a_server_without_tls_gets_no_password(opened: Opener) -> None:
    def talk(server: Server) -> None:
        server.say("+OK ready")
        server.hear()
        server.say("-ERR unknown")
        server.hear()

    with pytest.raises(Failed, match=r"does not offer STLS .unknown.; no password is sent"):
        opened(talk, encryption="starttls")
    assert opened.servers[0].heard == [b"STLS"]


def test_a_password_that_is_refused_is_not_repeated(opened: Opener) -> None:
    def talk(server: Server) -> None:
        server.say("+OK ready")
        server.hear()
        server.say("+OK")
        server.say(b"-ERR I will not take " + server.hear().split(b" ", 1)[1])

    with pytest.raises(Failed) as failed:
        opened(talk)
    assert "refused the sign-in of app@contoso.test: I will not take ********" in str(failed.value)


@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
@pytest.mark.parametrize(
    ("server", "sentence"),
    [({"days": 0}, "certificate has expired"), ({"name": "other.test"}, "not valid for 'mail.contoso.test'")],
)
def test_a_bad_certificate_gets_no_password(
    protocol: str, server: dict[str, Any], sentence: str, opened: Opener
) -> None:
    with pytest.raises(Failed, match=f"The certificate of mail.contoso.test:[0-9]+ is not accepted: .*{sentence}"):
        opened(pop3, protocol=protocol, **server)
    assert opened.servers[0].heard == []


@pytest.mark.parametrize("broken", [b"LIST", b"UIDL", b"TOP", b"RETR"])
def test_a_connection_that_drops(broken: bytes, opened: Opener) -> None:
    def look() -> None:
        session = opened(lambda server: pop3(server, broken))
        session.listing()
        list(session.tops(["a1"]))
        list(session.lines("a1"))

    with pytest.raises(Failed, match=r"mail.contoso.test:\d+ (dropped the connection while|sent an answer)"):
        look()


def test_a_mail_that_the_server_does_not_give(opened: Opener) -> None:
    session = opened(pop3)
    session.listing()
    session._numbers["gone"] = (9, 1)  # type: ignore[attr-defined]
    assert [top.uid for top in session.tops(["gone", "a1"])] == ["a1"]
    with pytest.raises(NotGiven, match="no such message"):
        list(session.lines("gone"))
    assert b"".join(session.lines("a1")) == MAILS["a1"]


def test_nobody_listens_and_no_such_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    for where, sentence in (("127.0.0.1", "refuses connections"), ("nowhere.invalid", "cannot be resolved")):
        one = account(connect_to=where, port=port)
        with pytest.raises(Failed, match=sentence):
            source.open_mailbox(one, Connection(one))


def imap4(server: Server, idle: Callable[[Server, bytes], None] | None = None) -> None:
    """Two mails, 7 and 9, and IDLE."""
    server.say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE UIDPLUS MOVE] ready")
    mails = dict(zip((7, 9), MAILS.values(), strict=True))
    while True:
        tag, command, *words = server.hear().split(b" ")
        if command == b"AUTHENTICATE":
            server.say("+ ")
            server.hear()
        elif command == b"CAPABILITY":
            server.say("* CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE UIDPLUS MOVE")
        elif command in (b"EXAMINE", b"SELECT"):
            server.say("* 2 EXISTS", "* OK [UIDVALIDITY 5] ok")
        elif words[:1] == [b"SEARCH"] or words[:1] == [b"ALL"]:
            server.say("* SEARCH 7 9")
        elif command == b"UID" and words[0] == b"FETCH":
            fetch(server, mails, words[1], b" ".join(words[2:]))
        elif command == b"IDLE":
            server.say("+ idling")
            if idle:
                idle(server, tag)
                continue
        server.say(tag + b" OK done")
        if command == b"LOGOUT":
            return


def fetch(server: Server, mails: dict[int, bytes], uids: bytes, what: bytes) -> None:
    for uid in map(int, uids.split(b",")):
        if uid not in mails:
            continue
        mail = mails[uid]
        if b"HEADER" in what:
            header = mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            about = f"* 1 FETCH (BODY[HEADER]<0> {{{len(header)}}}\r\n".encode()
            # As Exchange does: other attributes behind the literal.
            server.raw(about + header + f" UID {uid} RFC822.SIZE {len(mail)})\r\n".encode())
        else:
            found = re.search(rb"<(\d+)\.(\d+)>", what)
            assert found
            first, length = int(found[1]), int(found[2])
            piece = mail[first : first + length]
            server.raw(f"* 1 FETCH (UID {uid} BODY[]<{first}> {{{len(piece)}}}\r\n".encode() + piece + b")\r\n")


def test_a_mailbox_by_imap4(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{source.__package__}.imap4._CHUNK", 1000)
    session = opened(imap4, protocol="imap4")
    listing = session.listing()
    assert (listing.validity, [mail.uid for mail in listing.mails], listing.sure) == ("imap4:5", ["7", "9"], True)
    tops = list(session.tops(["9", "8", "7"]))
    assert [(top.uid, top.size) for top in tops] == [("9", len(MAILS["a2"])), ("7", len(MAILS["a1"]))]
    assert b"".join(session.lines("9")) == MAILS["a2"]
    with pytest.raises(NotGiven):
        list(session.lines("8"))
    session.close()
    assert any(line.split(b" ")[1:] == [b"EXAMINE", b'"INBOX"'] for line in opened.servers[0].heard)


@pytest.mark.parametrize(
    ("after", "options", "command"), [("delete", {}, b"EXPUNGE"), ("move", {"move_to": "Done"}, b"MOVE")]
)
def test_a_mail_is_removed_by_imap4(after: str, options: dict[str, str], command: bytes, opened: Opener) -> None:
    session = opened(imap4, protocol="imap4", after=after, **options)
    session.remove("7")
    words = opened.servers[0].heard[-1].split(b" ")
    assert words[1:4] == [b"UID", command, b"7"]


def test_news_by_idle(opened: Opener) -> None:
    def idle(server: Server, tag: bytes) -> None:
        server.say("* OK still here", "* 3 EXISTS")
        assert server.hear() == b"DONE"
        server.say(tag + b" OK idle ends")

    session = opened(lambda server: imap4(server, idle), protocol="imap4")
    assert session.wait(600) is True
    assert len(session.listing().mails) == 2


def test_a_connection_that_drops_in_idle(opened: Opener) -> None:
    def idle(server: Server, _tag: bytes) -> None:
        server.raw(b"* 3 EXI")
        raise EOFError

    session = opened(lambda server: imap4(server, idle), protocol="imap4")
    with pytest.raises(Failed, match="while waiting for new messages"):
        session.wait(600)


def test_idle_ends_when_it_is_time_to_look(opened: Opener) -> None:
    ended = threading.Event()
    session = opened(lambda server: imap4(server, lambda _server, _tag: ended.wait(60) and None), protocol="imap4")
    assert session.wait(0) is False
    ended.set()
    session.close()


def test_waiting_ends_when_the_source_does(opened: Opener) -> None:
    waiting = threading.Event()

    def idle(server: Server, _tag: bytes) -> None:
        waiting.set()
        server.hear()

    session = opened(lambda server: imap4(server, idle), protocol="imap4")

    def cut() -> None:
        waiting.wait(60)
        assert opened.connection
        opened.connection.cut()

    thread = threading.Thread(target=cut)
    thread.start()
    with pytest.raises(Failed, match="while waiting for new messages"):
        session.wait(600)
    thread.join()


@pytest.mark.parametrize(
    "answers",
    [b"\xff\xfe\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"* BYE too many\r\n", b"-ERR in use\r\n", b"+OK\r\n+OK\r\n"],
)
@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
def test_whatever_a_server_says_becomes_a_sentence(protocol: str, answers: bytes, opened: Opener) -> None:
    with pytest.raises(Failed):
        opened(lambda server: server.raw(answers), protocol=protocol).listing()
