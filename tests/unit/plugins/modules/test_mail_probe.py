"""mail_probe: every way a mail server can be wrong, slow or hostile, and one sentence for each."""

from __future__ import annotations

import base64
import importlib.util
import itertools
import json
import poplib
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from module_runner import run_module
from standstill import Clock, until_told

from ansible_collections.mailops.exchange.plugins.module_utils import _x509
from ansible_collections.mailops.exchange.plugins.module_utils._mail.dialogues import Pop3
from ansible_collections.mailops.exchange.plugins.module_utils._mail.shown_certificate import describe_certificate
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import (
    Deadline,
    LimitedSocket,
    LimitedTlsContext,
    OutOfTime,
    Traffic,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.target import MailTarget, Trust
from exchange_simulator.pki import Authority

NAME = "mail.contoso.test"
USER, PASSWORD = "anna@contoso.test", "Geh3im-und-l@ng"
POP3_CAPABILITIES = b"+OK\r\nTOP\r\nUIDL\r\nUSER\r\n.\r\n"

Script = Callable[[socket.socket], None]


def refuse_to_be_asked(_request: str) -> str:
    raise AssertionError("a probe asks nothing of the host")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Starts servers on loopback that do what a script says with each connection, and returns their port."""
    with_listeners: list[socket.socket] = []

    def start(script: Script, certificate: Path | None = None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        with_listeners.append(listener)
        context = certificate and tls(certificate)

        def converse(connection: socket.socket) -> None:
            # Clients go away in the middle, which is the point of most tests here.
            try:
                with context.wrap_socket(connection, server_side=True) if context else connection as line:
                    script(line)
            except OSError:
                connection.close()

        def accept() -> None:
            try:
                while True:
                    threading.Thread(target=converse, args=(listener.accept()[0],), daemon=True).start()
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in with_listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def look(port: int, **options: Any) -> dict[str, Any]:
    """Probe a server of these tests; nothing secret is ever in what comes of it."""
    check = options.pop("check", False)
    options = {
        "protocol": "pop3",
        "host": NAME,
        "connect_to": "127.0.0.1",
        "port": port,
        "encryption": "none",
    } | options
    result = run_module("mail_probe", options, refuse_to_be_asked, check=check)
    result.pop("invocation", None)
    if secret := options.get("password"):
        told = json.dumps(result, ensure_ascii=False)
        both = f"\0{options.get('user')}\0{secret}".encode()
        for form in (secret, *(base64.b64encode(part).decode() for part in (secret.encode(), both))):
            assert form not in told
    return result


STILL: list[threading.Event] = []
"""Set by a server that says no more, while a test waits for that."""


def stand_still() -> None:
    for event in STILL:
        event.set()


def until_closed(line: socket.socket) -> None:
    while line.recv(4096):
        stand_still()


def silent(line: socket.socket) -> None:
    stand_still()
    until_closed(line)


def greets_only(greeting: bytes) -> Script:
    def script(line: socket.socket) -> None:
        line.sendall(greeting)
        until_closed(line)

    return script


def closes_after(greeting: bytes) -> Script:
    def script(line: socket.socket) -> None:
        line.sendall(greeting)
        line.recv(4096)

    return script


def drips(line: socket.socket) -> None:
    line.sendall(b"+")
    pause = threading.Event()
    while not pause.wait(0.02):
        line.sendall(b"x")


def floods(line: socket.socket) -> None:
    line.sendall(b"+OK\r\n")
    line.recv(4096)
    line.sendall(b"+OK\r\n")
    while True:
        line.sendall(b"X-FLOOD " + b"x" * 1000 + b"\r\n")


def huge_literal(line: socket.socket) -> None:
    line.sendall(b"* OK ready {99999999999}\r\n")
    until_closed(line)


def garbage(line: socket.socket) -> None:
    line.sendall(bytes(range(256)) * 64)
    until_closed(line)


def answers(greeting: bytes, *rules: tuple[bytes, bytes]) -> Script:
    """A server that answers a line by the first rule whose beginning fits; IMAP4's tag is put before ``TAG``."""

    def script(line: socket.socket) -> None:
        line.sendall(greeting)
        for said in line.makefile("rb"):
            tag, _, rest = said.partition(b" ")
            for beginning, answer in rules:
                if said.upper().startswith(beginning) or rest.upper().startswith(beginning):
                    line.sendall(answer.replace(b"TAG", tag).replace(b"ECHO", said.strip()))
                    if not answer:
                        stand_still()
                    break
            else:
                return

    return script


def pop3(*rules: tuple[bytes, bytes], greeting: bytes = b"+OK ready\r\n") -> Script:
    known = ((b"CAPA", POP3_CAPABILITIES), (b"USER", b"+OK\r\n"), (b"PASS", b"+OK in\r\n"), (b"STAT", b"+OK 0 0\r\n"))
    return answers(greeting, *rules, *known)


def imap4(*rules: tuple[bytes, bytes], capabilities: bytes = b"IMAP4rev1") -> Script:
    known = (b"CAPABILITY", b"* CAPABILITY " + capabilities + b"\r\nTAG OK done\r\n")
    opened = (b"EXAMINE", b"* 0 EXISTS\r\nTAG OK [READ-ONLY] done\r\n")
    return answers(b"* OK ready\r\n", *rules, known, (b"LOGIN", b"TAG OK in\r\n"), opened)


def smtp(*rules: tuple[bytes, bytes], features: bytes = b"AUTH LOGIN") -> Script:
    return answers(b"220 ready\r\n", *rules, (b"EHLO", b"250-mail\r\n250 " + features + b"\r\n"))


def offers_tls(line: socket.socket, certificate: Path) -> None:
    line.sendall(b"+OK ready\r\n")
    for word in (b"CAPA", b"CAPA", b"STLS"):
        assert line.recv(4096).startswith(word)
        line.sendall(b"+OK\r\nSTLS\r\n.\r\n" if word == b"CAPA" else b"+OK\r\n")
    with tls(certificate).wrap_socket(line, server_side=True) as encrypted:
        for said in encrypted.makefile("rb"):
            encrypted.sendall({b"CAPA": POP3_CAPABILITIES, b"STAT": b"+OK 0 0\r\n"}.get(said[:4], b"+OK\r\n"))


CREDENTIALS = {"user": USER, "password": PASSWORD}
CLEAR = CREDENTIALS | {"allow_plain_text_password": True}
WHERE = f"{NAME}:PORT at 127.0.0.1"
SLOW = "within the timeout of 60 seconds"
LOAD = "check the load of the server, or give it more time."
HOLDER = "check the server that holds it, the form of the user name, the password, and whether this mailbox may use"
LOG = "check the protocol log of the service."
BACK_END = "check the back end of the service and the protocol log."
POP3_LIMITS = "check the service behind a load balancer, and the limits on connections."
TLS_HINT = "if the port starts with TLS, set encryption to implicit_tls."

SERVERS: dict[str, tuple[Script, dict[str, Any], str]] = {
    "silent": (silent, {}, f"{WHERE} did not finish its greeting {SLOW} and sent nothing; {TLS_HINT}"),
    "silent_imap4": (
        silent,
        {"protocol": "imap4"},
        f"{WHERE} did not finish its greeting {SLOW} and sent nothing; {TLS_HINT}",
    ),
    "silent_smtp": (
        silent,
        {"protocol": "smtp"},
        f"{WHERE} did not finish its greeting {SLOW} and sent nothing; {TLS_HINT}",
    ),
    "silent_in_tls": (
        silent,
        {"encryption": "implicit_tls"},
        f"{WHERE} did not finish the TLS handshake {SLOW}; if the port starts without encryption, set encryption to "
        "starttls.",
    ),
    "half_open": (greets_only(b"+OK ready\r\n"), {}, f"{WHERE} did not finish its capabilities {SLOW}; {LOAD}"),
    "half_open_smtp": (
        greets_only(b"220 ready\r\n"),
        {"protocol": "smtp"},
        f"{WHERE} did not finish its capabilities {SLOW}; {LOAD}",
    ),
    "half_open_at_log_on": (
        pop3((b"PASS", b"")),
        CLEAR,
        f"{WHERE} did not finish the sign-in {SLOW}; {LOAD}",
    ),
    "flooding": (floods, {}, f"{WHERE} sent more than any valid answer during its capabilities."),
    "huge_literal": (
        huge_literal,
        {"protocol": "imap4"},
        f"{WHERE} sent more than any valid answer during its greeting.",
    ),
    "closes_at_once": (
        lambda line: None,
        {},
        f"{WHERE} closed the connection during its greeting: {POP3_LIMITS}",
    ),
    "closes_smtp": (
        closes_after(b"220 ready\r\n"),
        {"protocol": "smtp"},
        f"{WHERE} closed the connection during its capabilities: {LOG}",
    ),
    "closes_imap4": (
        closes_after(b"* OK ready\r\n"),
        {"protocol": "imap4"},
        f"{WHERE} closed the connection during its greeting: {POP3_LIMITS}",
    ),
    "closes_in_tls": (
        lambda line: None,
        {"encryption": "implicit_tls"},
        f"{WHERE} closed the connection during the TLS handshake: check the certificate that is assigned to the "
        "service, the TLS versions of the server, and on Exchange the state of PopProxy (Get-ServerComponentState).",
    ),
    "closes_in_tls_imap4": (
        closes_after(b""),
        {"protocol": "imap4", "encryption": "implicit_tls"},
        f"{WHERE} closed the connection during the TLS handshake: check the certificate that is assigned to the "
        "service, the TLS versions of the server, and on Exchange the state of ImapProxy (Get-ServerComponentState).",
    ),
    "closes_in_tls_smtp": (
        closes_after(b""),
        {"protocol": "smtp", "encryption": "implicit_tls"},
        f"{WHERE} closed the connection during the TLS handshake: check the certificate that is assigned to the "
        "service, and the TLS versions of the server.",
    ),
    "closes_at_log_on": (
        answers(b"+OK ready\r\n", (b"CAPA", POP3_CAPABILITIES), (b"USER", b"+OK\r\n")),
        CLEAR,
        f"{WHERE} closed the connection during the sign-in: {LOG}",
    ),
    "other_protocol": (
        greets_only(b"220 mail.contoso.test ESMTP\r\n"),
        {},
        f"{WHERE} does not speak POP3; it began with '220 mail.contoso.test ESMTP': check protocol and port.",
    ),
    "other_protocol_imap4": (
        greets_only(b"+OK POP3 ready\r\n"),
        {"protocol": "imap4"},
        f"{WHERE} does not speak IMAP4; it began with '+OK POP3 ready': check protocol and port.",
    ),
    "other_protocol_smtp": (
        greets_only(b"* OK IMAP4 ready\r\n"),
        {"protocol": "smtp"},
        f"{WHERE} does not speak SMTP; it began with '* OK IMAP4 ready': check protocol and port.",
    ),
    "clear_in_place_of_tls": (
        greets_only(b"+OK ready\r\n"),
        {"encryption": "implicit_tls"},
        f"TLS with {WHERE} failed (wrong version number): check the encryption this port uses, and that the "
        "server has TLS 1.2 or newer.",
    ),
    "turned_away": (
        greets_only(b"-ERR too many connections\r\n"),
        {},
        f"{WHERE} rejected the connection: '-ERR too many connections'.",
    ),
    "turned_away_smtp": (
        greets_only(b"421 4.3.2 Service not active\r\n"),
        {"protocol": "smtp"},
        f"{WHERE} rejected the connection: '421 4.3.2 Service not active'.",
    ),
    "turned_away_imap4": (
        greets_only(b"* BYE busy\r\n"),
        {"protocol": "imap4"},
        f"{WHERE} rejected the connection: '* BYE busy'.",
    ),
    "nonsense_later": (
        pop3((b"CAPA", b"+OK\r\n\r\n\xff\xfe\r\n.\r\n")),
        {},
        f"{WHERE} sent an answer that is not valid POP3 during its capabilities.",
    ),
    "tls_not_offered": (
        pop3(),
        {"encryption": "starttls"},
        f"{WHERE} does not offer STLS: check the certificate that is assigned to the service; a port that starts with "
        "TLS needs encryption implicit_tls.",
    ),
    "tls_refused": (
        pop3((b"CAPA", b"+OK\r\nSTLS\r\n.\r\n"), (b"STLS", b"-ERR no certificate\r\n")),
        {"encryption": "starttls"},
        f"{WHERE} offers STLS and then refuses it: check the certificate that is assigned to the service.",
    ),
    "tls_refused_smtp": (
        smtp((b"STARTTLS", b"454 4.7.0 not available\r\n"), features=b"STARTTLS"),
        {"protocol": "smtp", "encryption": "starttls"},
        f"{WHERE} offers STARTTLS and then refuses it: check the certificate that is assigned to the service.",
    ),
    "tls_refused_imap4": (
        imap4((b"STARTTLS", b"TAG NO not now\r\n"), capabilities=b"IMAP4rev1 STARTTLS"),
        {"protocol": "imap4", "encryption": "starttls"},
        f"{WHERE} offers STARTTLS and then refuses it: check the certificate that is assigned to the service.",
    ),
    "log_on_refused": (
        pop3((b"PASS", b"-ERR Logon failure: unknown user name or bad password.\r\n")),
        CLEAR,
        f"{WHERE} refused the sign-in of {USER}: 'Logon failure: unknown user name or bad password.'; check the user "
        "and the password, and whether this mailbox may use POP3.",
    ),
    "log_on_refused_imap4": (
        imap4((b"LOGIN", b"TAG NO LOGIN failed.\r\n")),
        {"protocol": "imap4"} | CLEAR,
        f"{WHERE} refused the sign-in of {USER}: 'LOGIN failed.'; check the user and the password, and whether this "
        "mailbox may use IMAP4.",
    ),
    "log_on_refused_smtp": (
        smtp(
            (b"AUTH", b"334 VXNlcm5hbWU6\r\n"),
            (base64.b64encode(USER.encode()).upper(), b"334 UGFzc3dvcmQ6\r\n"),
            (base64.b64encode(PASSWORD.encode()).upper(), b"535 5.7.3 Authentication unsuccessful\r\n"),
        ),
        {"protocol": "smtp"} | CLEAR,
        f"{WHERE} refused the sign-in of {USER}: '535 5.7.3 Authentication unsuccessful'; check the user and the "
        "password, and whether this mailbox may use SMTP.",
    ),
    "log_on_echoed": (
        pop3((b"PASS", b"-ERR unknown command ECHO\r\n")),
        CLEAR,
        f"{WHERE} returned an answer to the sign-in of {USER} that is not a known refusal: 'unknown command PASS "
        f"********'; {LOG}",
    ),
    "log_on_echoed_imap4": (
        imap4((b"LOGIN", b"TAG BAD what is ECHO\r\n")),
        {"protocol": "imap4", "user": "anna", "password": "a\\b'c\"d", "allow_plain_text_password": True},
        f"{WHERE} returned an answer to the sign-in of anna that is not a known refusal: 'what is TAG LOGIN "
        f'"anna" ********\'; {LOG}',
    ),
    "log_on_echoed_smtp": (
        smtp((b"AUTH", b"535 what is ECHO\r\n"), features=b"AUTH PLAIN"),
        {"protocol": "smtp"} | CLEAR,
        f"{WHERE} refused the sign-in of {USER}: '535 what is AUTH PLAIN ********'; check the user and the password, "
        "and whether this mailbox may use SMTP.",
    ),
    "log_on_not_now": (
        pop3((b"PASS", b"-ERR [SYS/TEMP] backend is down\r\n")),
        CLEAR,
        f"{WHERE} cannot check the sign-in of {USER} at the moment: '[SYS/TEMP] backend is down'; {BACK_END}",
    ),
    "log_on_not_now_smtp": (
        smtp((b"AUTH", b"454 4.7.0 try later\r\n"), features=b"AUTH PLAIN"),
        {"protocol": "smtp"} | CLEAR,
        f"{WHERE} cannot check the sign-in of {USER} at the moment: '454 4.7.0 try later'; {BACK_END}",
    ),
    "log_on_not_offered_smtp": (
        smtp(features=b"AUTH GSSAPI NTLM"),
        {"protocol": "smtp"} | CLEAR,
        f"{WHERE} refused the sign-in of {USER}: 'the server accepts no password on this connection; it offers only "
        "GSSAPI NTLM'; check the encryption that the server wants, and the authentication methods it is set to.",
    ),
    "log_on_disabled_imap4": (
        imap4(capabilities=b"IMAP4rev1 LOGINDISABLED"),
        {"protocol": "imap4"} | CLEAR,
        f"{WHERE} refused the sign-in of {USER}: 'LOGINDISABLED: the server accepts no password on this connection'; "
        "check the encryption that the server wants, and the authentication methods it is set to.",
    ),
    "log_on_beyond_ascii_imap4": (
        imap4(),
        {"protocol": "imap4", "user": USER, "password": "Geh\u00e9im-und-lang", "allow_plain_text_password": True},
        "password: the IMAP4 command LOGIN accepts only ASCII in the user name and the password, and the server does "
        "not offer AUTH=PLAIN.",
    ),
    "log_on_answered_by_a_farewell_imap4": (
        imap4((b"LOGIN", b"* BYE Connection closed. 14\r\n")),
        {"protocol": "imap4"} | CLEAR,
        f"{WHERE} cannot check the sign-in of {USER} at the moment: 'Connection closed. 14'; {BACK_END}",
    ),
    "mailbox_does_not_open": (
        pop3((b"STAT", b"-ERR Server Unavailable. 21\r\n")),
        CLEAR,
        f"{WHERE} let {USER} sign in, but did not open the mailbox: 'Server Unavailable. 21'; {HOLDER} POP3.",
    ),
    "mailbox_does_not_open_imap4": (
        imap4((b"EXAMINE", b"TAG BAD User is authenticated but not connected.\r\n")),
        {"protocol": "imap4"} | CLEAR,
        f"{WHERE} let {USER} sign in, but did not open the mailbox: 'User is authenticated but not connected.'; "
        f"{HOLDER} IMAP4.",
    ),
    "mailbox_is_not_there_imap4": (
        imap4((b"EXAMINE", b"TAG NO INBOX doesn't exist.\r\n")),
        {"protocol": "imap4"} | CLEAR,
        f'{WHERE} let {USER} sign in, but did not open the mailbox: "INBOX doesn\'t exist."; {HOLDER} IMAP4.',
    ),
    "mailbox_answered_by_a_farewell_imap4": (
        imap4((b"EXAMINE", b"* BYE Connection closed. 14\r\n")),
        {"protocol": "imap4"} | CLEAR,
        f"{WHERE} let {USER} sign in, but did not open the mailbox: 'Connection closed. 14'; {HOLDER} IMAP4.",
    ),
    "closes_at_mailbox": (
        answers(b"+OK ready\r\n", (b"CAPA", POP3_CAPABILITIES), (b"USER", b"+OK\r\n"), (b"PASS", b"+OK in\r\n")),
        CLEAR,
        f"{WHERE} closed the connection during the opening of the mailbox: {LOG}",
    ),
    "mailbox_without_numbers": (
        pop3((b"STAT", b"+OK\r\n")),
        CLEAR,
        f"{WHERE} sent an answer that is not valid POP3 during the opening of the mailbox.",
    ),
    "log_on_unexpected": (
        pop3(),
        CLEAR | {"expect_logon": "refused"},
        f"{WHERE} let {USER} sign in, but expect_logon is refused.",
    ),
}


@pytest.fixture
def still(monkeypatch) -> Iterator[threading.Event]:
    """No wait ends before the server stands still."""
    STILL.append(until_told(monkeypatch))
    yield STILL[0]
    STILL.clear()


@pytest.mark.parametrize("case", SERVERS)
def test_a_server_that_is_wrong_gets_one_sentence(case, serve, authority, request):
    script, options, sentence = SERVERS[case]
    if SLOW in sentence:
        request.getfixturevalue("still")
    port = serve(script)
    options = {"timeout": 60, "ca_cert": str(authority.ca_file)} | options
    result = look(port, **options)
    told = re.sub(r"\b[A-P]{4,5}\d+ LOGIN", "TAG LOGIN", result["msg"].replace(str(port), "PORT"))
    assert told == sentence
    assert (result["failed"], result["changed"], result["reachable"]) == (True, False, True)


def test_a_service_that_says_nothing_over_its_tls_is_told_nothing_of_tls(serve, authority, still):
    port = serve(silent, authority.issue([NAME]))
    told = look(port, encryption="implicit_tls", ca_cert=str(authority.ca_file), timeout=60)["msg"]
    assert told == f"{NAME}:{port} at 127.0.0.1 did not finish its greeting {SLOW}; {LOAD}"


def test_a_server_that_drips_gains_no_time(serve, monkeypatch):
    Clock(monkeypatch, each_look=5)
    port = serve(drips)
    assert look(port, timeout=60)["msg"] == (f"{NAME}:{port} at 127.0.0.1 did not finish its greeting {SLOW}; {LOAD}")


def greeting_of(line: LimitedSocket) -> None:
    line.recv_into(bytearray(1))


def handshake_of(line: LimitedSocket) -> None:
    context = LimitedTlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.traffic = line.traffic
    context.wrap_socket(line, server_hostname=NAME)


@pytest.mark.parametrize("wait", [greeting_of, handshake_of])
def test_no_wait_is_longer_than_the_time_that_is_left(wait):
    ours, theirs = socket.socketpair()
    line = LimitedSocket(fileno=ours.detach())
    line.traffic = Traffic(Deadline(0.1))
    with theirs, line, pytest.raises(OutOfTime):
        wait(line)


def bad(sentence: str, **options: Any) -> Any:
    return pytest.param(options, sentence, id="-".join(options) + "-" + sentence[:20].replace(" ", "_"))


TRIP = {"recipient": USER}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        bad(
            "host: 'https://mail.contoso.test' is neither a host name nor an address; use it without port, brackets, "
            "and https://.",
            host="https://mail.contoso.test",
        ),
        bad(
            "host: 'mail.contoso.test:995' is neither a host name nor an address; use it without port, brackets, and "
            "https://.",
            host="mail.contoso.test:995",
        ),
        bad("host: '' is neither a host name nor an address; use it without port, brackets, and https://.", host=""),
        bad(
            "connect_to: '*.contoso.test' is neither a host name nor an address; use it without port, brackets, and "
            "https://.",
            connect_to="*.contoso.test",
        ),
        bad(
            "host: 'fe80::1%eth0' has the zone id eth0, which names a network interface of a single machine; use an "
            "address without a zone, or a name.",
            host="fe80::1%eth0",
        ),
        bad(
            "connect_to: '[fe80::1%2]' has the zone id 2, which names a network interface of a single machine; use an "
            "address without a zone, or a name.",
            connect_to="[fe80::1%2]",
        ),
        bad(
            "host: '[::1]:995' is neither a host name nor an address; use it without port, brackets, and https://.",
            host="[::1]:995",
        ),
        bad("port: 0 is not a port, which is from 1 to 65535.", port=0),
        bad("port: 65536 is not a port, which is from 1 to 65535.", port=65536),
        bad("timeout: 0 is not from 1 to 3600 seconds.", timeout=0),
        bad("timeout: 3601 is not from 1 to 3600 seconds.", timeout=3601),
        bad("user, password: one was given without the other; signing in needs both.", user=USER),
        bad("user, password: one was given without the other; signing in needs both.", password=PASSWORD),
        bad("password: it is empty; leave both out to probe without signing in.", user=USER, password=""),
        bad(
            "password: it has a line break or another control character in it.",
            user=USER,
            password=f"{PASSWORD}\r\nDELE 1",
        ),
        bad("user: it has a line break or another control character in it.", user="anna\n", password=PASSWORD),
        bad(
            "expect_logon: without user and password, there is no sign-in that could be refused.",
            expect_logon="refused",
        ),
        bad("round_trip: sending and fetching need user and password.", round_trip=TRIP),
        bad(
            "round_trip: the message is fetched by POP3, but protocol is imap4.",
            protocol="imap4",
            round_trip=TRIP,
            **CREDENTIALS,
        ),
        bad(
            "round_trip: it needs a successful sign-in, but expect_logon is refused.",
            round_trip=TRIP,
            expect_logon="refused",
            **CREDENTIALS,
        ),
        bad(
            "round_trip.recipient: 'anna' is not a mail address such as anna@contoso.com, in ASCII.",
            round_trip={"recipient": "anna"},
            **CREDENTIALS,
        ),
        bad(
            "round_trip.sender: 'a@b.test>\\r\\nRSET' is not a mail address such as anna@contoso.com, in ASCII.",
            round_trip={**TRIP, "sender": "a@b.test>\r\nRSET"},
            **CREDENTIALS,
        ),
        bad(
            "round_trip.port: -1 is not a port, which is from 1 to 65535.",
            round_trip={**TRIP, "port": -1},
            **CREDENTIALS,
        ),
        bad("ca_cert: /nowhere/ca.pem cannot be read: No such file or directory.", ca_cert="/nowhere/ca.pem"),
        bad(f"ca_cert: {__file__} contains no certificate in PEM form.", ca_cert=__file__),
        bad(
            f"password: {NAME}:9 at 127.0.0.1 is reached without encryption, and a password is not sent over such a "
            "connection; set encryption, or allow_plain_text_password if this is intended.",
            port=9,
            encryption="none",
            **CREDENTIALS,
        ),
        bad(
            f"password: {NAME}:587 at 127.0.0.1 is reached without encryption, and a password is not sent over such a "
            "connection; set encryption, or allow_plain_text_password if this is intended.",
            round_trip={**TRIP, "encryption": "none"},
            **CREDENTIALS,
        ),
    ],
)
def test_bad_input_gets_its_sentence_before_anything_is_connected_to(options, sentence, monkeypatch):
    def connect(*_: object) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(socket.socket, "connect", connect)
    port = options.pop("port", 9)
    result = look(port, **{"encryption": "implicit_tls"} | options)
    assert result["msg"] == sentence
    assert (result["failed"], result["reachable"], result["logon"]["attempted"]) == (True, False, False)


def test_all_that_is_wrong_is_told_at_once():
    result = look(0, host="", timeout=0)
    assert [sentence.partition(":")[0] for sentence in result["msg"].split(". ")] == ["host", "port", "timeout"]


def test_a_closed_port():
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        assert look(port)["msg"] == (
            f"{NAME}:{port} at 127.0.0.1 refused the connection, so nothing listens on port {port} there: check the "
            "port, the service, and its bindings."
        )


def test_a_name_that_does_not_resolve(monkeypatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert look(110, connect_to="mail.invalid")["msg"] == (
        "The name mail.invalid does not resolve on the controller (Name or service not known): check its spelling and "
        "the DNS record, or use an address in connect_to."
    )


def test_a_name_server_that_does_not_answer(monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait())
    sentence = look(110, connect_to="mail.invalid", timeout=1)["msg"]
    answered.set()
    assert sentence == ("The name mail.invalid was not resolved within 1 seconds: check the controller's DNS servers.")


def test_an_address_that_swallows_everything():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(2)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))
        assert look(port, timeout=1)["msg"] == (
            f"{NAME}:{port} at 127.0.0.1 did not accept the connection within 1 seconds: check the address, and "
            "whether a firewall drops connections from the controller."
        )
        for connection in waiting:
            connection.close()


def test_the_second_address_of_a_name_is_tried(serve, monkeypatch):
    port = serve(pop3())
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        there = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, number))
            for host, number in (unheard.getsockname(), ("127.0.0.1", port))
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: there)
        assert "failed" not in look(port)


def test_a_connection_that_is_gone_before_tls_begins(monkeypatch):
    # Then the handshake is left out, and nothing is said of it before the first read.
    monkeypatch.setattr(MailTarget, "connect", lambda *_: LimitedSocket())
    assert look(995, encryption="implicit_tls")["msg"] == (
        f"The connection to {NAME}:995 at 127.0.0.1 was lost during its greeting: Transport endpoint is not connected."
    )


CERTIFICATES: dict[str, tuple[Callable[[Authority], Path], str | None, dict[str, Any]]] = {
    "good": (lambda a: a.issue([NAME]), None, {"trusted": True, "name_matches": True, "reason": None}),
    "wildcard": (lambda a: a.issue(["*.contoso.test"]), None, {"trusted": True, "name_matches": True, "reason": None}),
    "other_case": (
        lambda a: a.issue([NAME.upper()]),
        None,
        {"trusted": True, "name_matches": True, "reason": None},
    ),
    "wrong_name": (
        lambda a: a.issue(["other.contoso.test", "*.mail.contoso.test"], common_name=NAME),
        f"The certificate of {WHERE} is for other.contoso.test, *.mail.contoso.test, not for {NAME}: check the name "
        "that clients use and the certificate that is assigned to the service.",
        {"trusted": True, "name_matches": False, "reason": "the name is not among those of the certificate"},
    ),
    "expired": (
        lambda a: a.issue([NAME], days=0),
        f"The certificate of {WHERE} expired at NOT_AFTER: renew and assign it.",
        {"trusted": False, "name_matches": True, "reason": "certificate has expired", "days_left": -1},
    ),
    "self_signed": (
        lambda a: a.self_signed([NAME]),
        f"The certificate of {WHERE} is self-signed, so no client trusts it: assign one from a CA, or set ca_cert to "
        "this one.",
        {"trusted": False, "name_matches": True},
    ),
    "self_signed_wildcard": (
        lambda a: a.self_signed(["*.contoso.test"]),
        f"The certificate of {WHERE} is self-signed, so no client trusts it: assign one from a CA, or set ca_cert to "
        "this one.",
        {"trusted": False, "name_matches": True},
    ),
    "self_signed_for_another": (
        lambda a: a.self_signed(["other.contoso.test"]),
        f"The certificate of {WHERE} is self-signed, so no client trusts it: assign one from a CA, or set ca_cert to "
        "this one.",
        {"trusted": False, "name_matches": False},
    ),
}


@pytest.mark.parametrize("encryption", ["implicit_tls", "starttls"])
@pytest.mark.parametrize("case", CERTIFICATES)
def test_a_certificate_is_judged_and_shown(case, encryption, serve, authority):
    make, sentence, expected = CERTIFICATES[case]
    certificate = make(authority)
    port = serve(lambda line: offers_tls(line, certificate)) if encryption == "starttls" else serve(pop3(), certificate)
    options = {"encryption": encryption, "ca_cert": str(authority.ca_file), **CREDENTIALS}
    result = look(port, **options)
    shown = result["certificate"]
    assert expected.items() <= shown.items()
    assert result["encryption"]["protocol"] == "TLSv1.3"
    if sentence is None:
        assert "failed" not in result
        assert result["logon"]["ok"] is True
        return
    told = result["msg"].replace(str(port), "PORT").replace(shown["not_after"], "NOT_AFTER")
    assert told == sentence
    assert result["logon"]["attempted"] is False
    accepted = look(port, **options, validate_certs=False)
    assert "failed" not in accepted
    assert expected.items() <= accepted["certificate"].items()
    assert accepted["logon"]["ok"] is True


def test_a_certificate_of_an_unknown_authority(serve, authority, tmp_path):
    port = serve(pop3(), authority.issue([NAME]))
    result = look(port, encryption="implicit_tls", ca_cert=str(Authority(tmp_path).ca_file))
    assert result["msg"].startswith(f"The certificate of {NAME}:{port} at 127.0.0.1 is not trusted (")
    assert result["certificate"]["issuer"] == "CN=Simulated Exchange organisation CA"


def test_a_certificate_that_cannot_be_read_is_told_by_its_thumbprint(authority):
    pem = authority.self_signed([NAME]).read_text()
    whole = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :])
    for der in (whole.replace(NAME.encode(), b"\xff" * len(NAME)), whole[:-1], b""):
        shown = describe_certificate(der, NAME, Trust.NOTHING, None)
        assert (shown["subject"], shown["names"], shown["name_matches"]) == (None, [], False)
        assert len(shown["thumbprint"]) == 40


def test_an_address_can_be_the_name_to_verify(serve, authority):
    port = serve(pop3(), authority.issue(["127.0.0.1"]))
    options = {"encryption": "implicit_tls", "ca_cert": str(authority.ca_file), "connect_to": None}
    assert look(port, host="127.0.0.1", **options)["certificate"]["names"] == ["127.0.0.1"]


@pytest.mark.parametrize("host", ["::1", "[::1]", "0:0:0:0:0:0:0:1"])
def test_an_address_of_ipv6(host, serve, authority, monkeypatch):
    asked = []

    def here(name: str, number: int, **_: object) -> list[Any]:
        # Not every machine has IPv6.
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", number))]

    monkeypatch.setattr(socket, "getaddrinfo", here)
    options = {"encryption": "implicit_tls", "ca_cert": str(authority.ca_file), "host": host, "connect_to": None}
    written = host.strip("[]")
    assert look(serve(pop3(), authority.issue(["::1"])), **options)["certificate"]["name_matches"] is True
    port = serve(pop3(), authority.issue(["::2"]))
    assert look(port, **options)["msg"].startswith(
        f"The certificate of [{written}]:{port} is for ::2, not for {written}: "
    )
    port = serve(lambda line: None)
    assert look(port, connect_to=host)["msg"].startswith(f"{NAME}:{port} at [{written}] closed the connection")
    assert set(asked) == {written}


def test_a_name_may_be_written_to_its_end_or_beyond_ascii(serve, authority):
    port = serve(pop3(), authority.issue([NAME, "xn--postfcher-z2a.test"]))
    for host in (f"{NAME}.", "postf\u00e4cher.test"):
        assert "failed" not in look(port, host=host, encryption="implicit_tls", ca_cert=str(authority.ca_file))


def test_banner_and_answers_are_harmless_data(serve):
    greeting = b"+OK {{ 6 * 7 }} \x1b[31mred\x07 \xe2\x80\xaeback \xff" + b"x" * 600 + b"\r\n"
    result = look(serve(pop3(greeting=greeting)), **CLEAR)
    assert result["banner"].startswith("{{ 6 * 7 }} [31mred back \ufffdxxx")
    assert result["banner"].isprintable()
    assert len(result["banner"]) == 501
    assert result["logon"] == {"attempted": True, "ok": True, "answer": "in"}


@pytest.mark.parametrize("check", [False, True])
def test_nothing_changes_and_all_is_told(check, serve):
    result = look(serve(pop3()), check=check, **CLEAR)
    assert "failed" not in result
    assert result["changed"] is False
    assert result["capabilities"] == ["TOP", "UIDL", "USER"]
    assert (result["encryption"], result["certificate"], result["round_trip"]) == (None, None, None)
    assert list(result["seconds"]) == ["connect", "greeting", "capabilities", "logon", "mailbox", "total"]


PASSWORD_REFUSED = [
    ("pop3", b"Logon failure: unknown user name or bad password."),
    ("pop3", b"[AUTH] Authentication failed."),
    ("imap4", b"NO LOGIN failed."),
    ("imap4", b"NO [AUTHENTICATIONFAILED] Authentication failed."),
    ("imap4", b"BAD Command received in Invalid state."),
    ("smtp", b"535 5.7.3 Authentication unsuccessful"),
    ("smtp", b"550 5.7.30 Basic authentication is not supported"),
]
NO_REFUSAL = [
    ("pop3", b"Server Unavailable. 21"),
    ("pop3", b"[SYS/PERM] no mailbox database"),
    ("pop3", b"no"),
    # Neither more nor less than the known words.
    ("pop3", b"Logon failure: unknown user name or bad password. [Error=ProxyNotAuthenticated]"),
    ("imap4", b"NO [Error=ProxyNotAuthenticated Proxy=EX02.contoso.test:1993:SSL]"),
    ("imap4", b'NO LOGIN failed. [Error="ProxyNotAuthenticated" Proxy="EX02:9933:SSL"]'),
    ("imap4", b"NO [Error=ProxyNotAuthenticated Proxy=EX02.contoso.test:1993:SSL] LOGIN failed."),
    ("imap4", b"NO Server Unavailable. 15"),
    ("imap4", b"BAD Request is throttled. Suggested Backoff Time: 89117 milliseconds"),
    ("imap4", b"NO [UNAVAILABLE] LOGIN failed."),
    ("imap4", b"NO no"),
    ("smtp", b"454 4.7.0 Temporary authentication failure"),
    ("smtp", b"503 5.5.2 Send hello first"),
    ("smtp", b"550 no"),
]


def answers_the_log_on(protocol: str, said: bytes) -> Script:
    if protocol == "pop3":
        return pop3((b"PASS", b"-ERR " + said + b"\r\n"))
    if protocol == "imap4":
        return imap4((b"LOGIN", b"TAG " + said + b"\r\n"))
    return smtp((b"AUTH", said + b"\r\n"), features=b"AUTH PLAIN")


@pytest.mark.parametrize(("protocol", "said"), PASSWORD_REFUSED)
def test_a_refused_log_on_can_be_what_is_wanted(protocol, said, serve):
    port = serve(answers_the_log_on(protocol, said))
    result = look(port, **CLEAR, protocol=protocol, expect_logon="refused")
    assert "failed" not in result, result["msg"]
    words = re.sub("^(NO|BAD) ", "", said.decode())
    assert result["logon"] == {"attempted": True, "ok": False, "answer": words}
    assert "refused the sign-in" in look(port, **CLEAR, protocol=protocol)["msg"]


@pytest.mark.parametrize(("protocol", "said"), NO_REFUSAL)
def test_an_outage_is_not_taken_for_the_refusal_that_is_wanted(protocol, said, serve):
    port = serve(answers_the_log_on(protocol, said))
    words = re.sub("^(NO|BAD) ", "", said.decode())
    for expected in ("refused", "ok"):
        result = look(port, **CLEAR, protocol=protocol, expect_logon=expected)
        assert result["failed"] is True
        assert result["logon"] == {"attempted": True, "ok": None, "answer": words}
        assert "refused the sign-in" not in result["msg"]


@pytest.mark.parametrize(
    ("protocol", "script", "said"),
    [
        ("pop3", pop3((b"STAT", b"-ERR Server Unavailable. 21\r\n")), "Server Unavailable. 21"),
        # What refuses a log-on in clear refuses no mailbox.
        (
            "pop3",
            pop3((b"STAT", b"-ERR Command is not valid in this state.\r\n")),
            "Command is not valid in this state.",
        ),
        (
            "imap4",
            imap4((b"EXAMINE", b"TAG BAD User is authenticated but not connected.\r\n")),
            "User is authenticated but not connected.",
        ),
    ],
)
def test_a_log_on_without_its_mailbox_is_neither_one_nor_a_refusal(protocol, script, said, serve):
    port = serve(script)
    for expected in ("ok", "refused"):
        result = look(port, **CLEAR, protocol=protocol, expect_logon=expected)
        assert "but did not open the mailbox" in result["msg"]
        assert result["logon"] == {"attempted": True, "ok": None, "answer": said}


def test_a_mailbox_that_is_refused_by_a_code_is_a_refusal(serve):
    port = serve(imap4((b"EXAMINE", b"TAG NO [NOPERM] not for you\r\n")))
    assert "but did not open the mailbox" in look(port, **CLEAR, protocol="imap4")["msg"]
    result = look(port, **CLEAR, protocol="imap4", expect_logon="refused")
    assert "failed" not in result
    assert result["logon"] == {"attempted": True, "ok": False, "answer": "[NOPERM] not for you"}


def test_who_is_let_in_when_the_line_breaks_has_no_mailbox_yet(serve, still):
    result = look(serve(pop3((b"STAT", b""))), **CLEAR)
    assert "did not finish the opening of the mailbox" in result["msg"]
    assert result["logon"] == {"attempted": True, "ok": None, "answer": "in"}


def test_a_password_that_may_not_be_sent_is_not_sent(serve):
    asked = threading.Event()

    def script(line: socket.socket) -> None:
        pop3((b"PASS", b"-ERR seen\r\n"), (b"USER", b"-ERR Command is not valid in this state.\r\n"))(line)
        asked.set()

    result = look(serve(script), **CLEAR, expect_logon="refused")
    assert asked.wait(10)
    assert result["logon"] == {"attempted": False, "ok": False, "answer": "Command is not valid in this state."}


def test_without_cryptography(monkeypatch, serve):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert look(995, encryption="implicit_tls")["msg"] == (
        "The Python library cryptography is missing on the controller: install the collection's requirements (pip "
        "install cryptography) into the Python that runs Ansible."
    )
    assert "failed" not in look(serve(pop3()))
    # Loaded beside the real one, whose classes the other modules have.
    specification = importlib.util.find_spec(_x509.__name__)
    second = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, _x509.__name__, second)
    specification.loader.exec_module(second)
    assert not second.can_read_x509()


def blunder(*_: object) -> Any:
    """A mistake that raises what Python's clients raise about a server."""
    return int("a mistake of ours")


@pytest.mark.parametrize(
    ("where", "what"),
    [(Pop3, "capabilities"), (Pop3, "log_on"), (Traffic, "add"), (Traffic, "waiting")],
    ids=["capabilities", "log_on", "what came is counted", "wait"],
)
def test_a_bug_of_ours_is_not_told_as_the_servers_nonsense(where, what, serve, monkeypatch):
    monkeypatch.setattr(where, what, blunder)
    with pytest.raises(ValueError, match="a mistake of ours"):
        look(serve(pop3()), **CLEAR)


def test_a_method_that_the_client_does_not_have_is_a_bug_of_ours_too(serve, monkeypatch):
    monkeypatch.delattr(poplib.POP3, "capa")
    with pytest.raises(AttributeError, match="capa"):
        look(serve(pop3()))


class Mailbox:
    """A POP3 mailbox and an SMTP service that puts what it takes into it, or loses it."""

    def __init__(self, *, delivers: bool = True, breaks_off: bool = False) -> None:
        self.messages = {b"old1": b"Subject: old\r\n\r\nX-Mailops-Probe: not a header\r\n"}
        self.commands: list[bytes] = []
        self._delivers = delivers
        self._breaks_off = breaks_off
        self._serial = itertools.count()

    def pop3(self, line: socket.socket) -> None:
        line.sendall(b"+OK ready\r\n")
        uids = list(self.messages)
        deleted = []
        for said in line.makefile("rb"):
            word, *numbers = said.split()
            self.commands.append(said.strip())
            whole = [self.messages[uids[int(number) - 1]] for number in numbers[:1] if number.isdigit()]
            reply = b"+OK\r\n"
            if word == b"CAPA":
                reply = POP3_CAPABILITIES
            elif word == b"STAT":
                reply = b"+OK %d 0\r\n" % len(uids)
            elif word == b"UIDL":
                reply += b"".join(b"%d %s\r\n" % entry for entry in enumerate(uids, 1)) + b".\r\n"
            elif word == b"TOP":
                reply += whole[0].partition(b"\r\n\r\n")[0] + b"\r\n.\r\n"
            elif word == b"RETR":
                reply += whole[0] + b"\r\n.\r\n"
            elif word == b"DELE":
                deleted.append(uids[int(numbers[0]) - 1])
            elif word == b"QUIT":
                for uid in deleted:
                    del self.messages[uid]
            line.sendall(reply)

    def smtp(self, line: socket.socket) -> None:
        line.sendall(b"220 ready\r\n")
        file = line.makefile("rb")
        for said in file:
            self.commands.append(said.strip())
            word = said[:4].upper()
            reply = {b"EHLO": b"250-mail\r\n250 AUTH PLAIN\r\n", b"AUTH": b"235 in\r\n"}.get(word, b"250 fine\r\n")
            if word == b"DATA":
                line.sendall(b"354 go on\r\n")
                message = b"".join(iter(file.readline, b".\r\n"))
                if self._breaks_off:
                    return
                if self._delivers:
                    self.messages[b"other%d" % next(self._serial)] = b"Subject: meanwhile\r\n\r\n\r\n"
                    self.messages[b"new%d" % next(self._serial)] = message
            line.sendall(reply)

    def probe(self, serve: Callable[..., int], **options: Any) -> dict[str, Any]:
        trip = {"port": serve(self.smtp), "encryption": "none", "recipient": USER} | options.pop("trip", {})
        return look(serve(self.pop3), **CLEAR, round_trip=trip, **options)

    def said(self, word: bytes) -> list[bytes]:
        # smtplib writes its commands small.
        return [command for command in self.commands if command.upper().startswith(word)]


def test_a_round_trip_reads_its_own_message_only(serve):
    mailbox = Mailbox()
    result = mailbox.probe(serve)
    assert "failed" not in result
    assert result["changed"] is True
    trip = result["round_trip"]
    assert (trip["sent"], trip["received"], trip["removed"], trip["answer"]) == (True, True, False, "fine")
    assert f"X-Mailops-Probe: {trip['marker']}".encode() in mailbox.messages[b"new1"]
    assert mailbox.said(b"TOP") == [b"TOP 2 0", b"TOP 3 0"]
    assert mailbox.said(b"RETR") == [b"RETR 3"]
    assert mailbox.said(b"DELE") == []
    assert len(mailbox.messages) == 3


def test_a_round_trip_removes_its_own_message_only(serve):
    mailbox = Mailbox()
    assert mailbox.probe(serve, trip={"remove": True})["round_trip"]["removed"] is True
    assert mailbox.said(b"DELE") == [b"DELE 3"]
    assert list(mailbox.messages) == [b"old1", b"other0"]


def test_a_round_trip_in_check_mode_sends_and_removes_nothing(serve):
    mailbox = Mailbox()
    result = mailbox.probe(serve, trip={"remove": True}, check=True)
    assert "failed" not in result
    # As without check mode, where the message would have been sent.
    assert result["changed"] is True
    assert result["round_trip"]["sent"] is False
    assert not [word for word in (b"MAIL", b"DATA", b"TOP", b"RETR", b"DELE") if mailbox.said(word)]
    assert mailbox.said(b"AUTH PLAIN")


def test_a_message_that_does_not_arrive(serve, monkeypatch):
    Clock(monkeypatch)
    result = Mailbox(delivers=False).probe(serve, timeout=60)
    assert "accepted the message, but" in result["msg"]
    assert f"did not have it for {USER} within the timeout of 60 seconds: check the queues" in result["msg"]
    assert (result["changed"], result["round_trip"]["sent"], result["round_trip"]["received"]) == (True, True, False)


def test_a_line_that_breaks_with_the_message_on_it(serve):
    result = Mailbox(breaks_off=True).probe(serve)
    assert "closed the connection during the message" in result["msg"]
    assert (result["changed"], result["round_trip"]["sent"]) == (True, None)


@pytest.mark.parametrize("sender", [None, "probe@contoso.test"])
def test_a_message_is_from_its_recipient_or_who_else_is_named(serve, sender):
    mailbox = Mailbox()
    mailbox.probe(serve, trip={} if sender is None else {"sender": sender})
    (told,) = mailbox.said(b"MAIL")
    assert f"<{sender or USER}>".encode() in told
    assert f"From: {sender or USER}".encode() in mailbox.messages[b"new1"]
