"""The POP3 and IMAP4 ports, spoken to by Python's own clients."""

from __future__ import annotations

import csv
import imaplib
import poplib
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from administrator import Administrator

from exchange_simulator.organisation import Organisation

_SERVICES = {"pop3": ["MSExchangePop3", "MSExchangePOP3BE"], "imap4": ["MSExchangeImap4", "MSExchangeIMAP4BE"]}
_REFUSED = rb"-ERR Command is not valid in this state."
_SECRET = "Correct-Horse-1"
_TIMEOUT = 10


@pytest.fixture
def admin(make: Callable[..., Organisation]) -> Administrator:
    organisation = make("SE")
    organisation.accounts["reader"] = organisation.accounts["administrator"] = _SECRET
    organisation.start_listeners()
    return Administrator(organisation)


def start(admin: Administrator, protocol: str, **settings: Any) -> None:
    if "X509CertificateName" in settings:
        assign_certificate(admin)
    if settings:
        admin.do("Set-PopSettings" if protocol == "pop3" else "Set-ImapSettings", Server="EX01", **settings)
    admin.do("Restart-Service", Name=_SERVICES[protocol])


def assign_certificate(admin: Administrator) -> None:
    admin.do("Enable-ExchangeCertificate", Thumbprint=admin.thumbprint("mail.contoso.test"), Services="POP, IMAP")


def address(admin: Administrator) -> str:
    return admin.organisation.servers["EX01"].address


def listening(admin: Administrator, protocol: str = "pop3") -> list[int]:
    found = admin.organisation.state()["servers"]["EX01"]["listening"][protocol]
    assert {one.rpartition(":")[0] for one in found} <= {address(admin)}
    return [int(one.rpartition(":")[2]) - 20000 for one in found]


def trusting(admin: Administrator) -> ssl.SSLContext:
    directory = admin.organisation.servers["EX01"].certificate_file.parent
    return ssl.create_default_context(cafile=str(directory / "ca.pem"))


def careless() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def pop3(admin: Administrator, port: int = 110) -> poplib.POP3:
    return poplib.POP3(address(admin), 20000 + port, timeout=_TIMEOUT)


def imap4(admin: Administrator, port: int = 143) -> imaplib.IMAP4:
    return imaplib.IMAP4(address(admin), 20000 + port, timeout=_TIMEOUT)


def test_ports_are_open_while_both_services_run(admin: Administrator) -> None:
    assert listening(admin) == []
    admin.do("Start-Service", Name="MSExchangePop3")
    assert listening(admin) == []
    admin.do("Start-Service", Name="MSExchangePOP3BE")
    assert sorted(listening(admin)) == [110, 995]
    assert listening(admin, "imap4") == []
    with pop3_session(admin) as client:
        assert client.getwelcome() == b"+OK The Microsoft Exchange POP3 service is ready."
        admin.do("Stop-Service", Name="MSExchangePOP3BE")
        with pytest.raises((poplib.error_proto, OSError)):
            client.capa()
    with pytest.raises(ConnectionRefusedError):
        pop3(admin)


def test_secure_log_on_over_stls(admin: Administrator) -> None:
    start(admin, "pop3", X509CertificateName="mail.contoso.test")
    with pop3_session(admin) as client:
        with pytest.raises(poplib.error_proto, match="not valid in this state"):
            client.user("reader")
        with pytest.raises(poplib.error_proto, match="not valid in this state"):
            client.pass_(_SECRET)
        assert "USER" not in client.capa()
        client.stls(context=trusting(admin))
        assert "USER" in client.capa()
        client.user("reader@contoso.test")
        assert client.pass_(_SECRET) == b"+OK User successfully logged on."
        assert client.stat() == (0, 0)
        assert client.list()[1] == []
        with pytest.raises(poplib.error_proto, match="out of range"):
            client.retr(1)
        assert client.noop() == b"+OK"
        assert client.quit().startswith(b"+OK Microsoft Exchange Server POP3 server signing off")


def test_plain_text_log_on(admin: Administrator) -> None:
    start(admin, "pop3", LoginType="PlainTextLogin")
    with pop3_session(admin) as client:
        client.user("contoso\\reader")
        client.pass_(_SECRET)
    start(admin, "pop3", LoginType="PlainTextAuthentication")
    with pop3_session(admin) as client, pytest.raises(poplib.error_proto, match="not valid"):
        client.user("reader")


@pytest.mark.parametrize(
    ("user", "password"),
    [("reader", "wrong"), ("nobody", _SECRET), ("administrator", _SECRET)],
    ids=["wrong password", "unknown user", "administrator"],
)
def test_refused_log_ons(admin: Administrator, user: str, password: str) -> None:
    start(admin, "pop3", LoginType="PlainTextLogin")
    with pop3_session(admin) as client:
        client.user(user)
        with pytest.raises(poplib.error_proto, match="Logon failure"):
            client.pass_(password)
        with pytest.raises(poplib.error_proto, match="not valid in this state"):
            client.stat()


def test_banner_bindings_and_certificate_follow_the_restart(admin: Administrator) -> None:
    start(admin, "pop3")
    with pytest.raises(ssl.SSLCertVerificationError):
        poplib.POP3_SSL(address(admin), 20995, timeout=_TIMEOUT, context=trusting(admin))
    client = poplib.POP3_SSL(address(admin), 20995, timeout=_TIMEOUT, context=careless())
    client.quit()
    assign_certificate(admin)
    admin.do(
        "Set-PopSettings",
        Banner="Contoso mail.",
        SSLBindings=["0.0.0.0:2995", "192.0.2.1:3995"],
        UnencryptedOrTLSBindings=None,
        X509CertificateName="mail.contoso.test",
    )
    admin.do("Restart-Service", Name="MSExchangePop3")
    assert sorted(listening(admin)) == [110, 995]
    admin.do("Restart-Service", Name="MSExchangePOP3BE")
    assert sorted(listening(admin)) == [2995, 3995]
    client = poplib.POP3_SSL(address(admin), 22995, timeout=_TIMEOUT, context=trusting(admin))
    assert client.getwelcome() == b"+OK Contoso mail."
    client.quit()


def test_a_certificate_name_nobody_has(admin: Administrator) -> None:
    start(admin, "pop3", X509CertificateName="elsewhere.test")
    with pytest.raises(ssl.SSLCertVerificationError):
        poplib.POP3_SSL(address(admin), 20995, timeout=_TIMEOUT, context=trusting(admin))


@pytest.mark.parametrize("line", [b"x" * 600, b"x" * 600 + b"\r\n"])
def test_a_command_that_is_too_long(admin: Administrator, line: bytes) -> None:
    start(admin, "pop3")
    with socket.create_connection((address(admin), 20110), timeout=_TIMEOUT) as client:
        stream = client.makefile("rb")
        assert stream.readline().startswith(b"+OK")
        client.sendall(line)
        assert stream.readline().startswith(b"-ERR")
        assert stream.readline() == b""


def test_what_was_sent_before_the_handshake_does_not_count(admin: Administrator) -> None:
    start(admin, "pop3")
    with socket.create_connection((address(admin), 20110), timeout=_TIMEOUT) as client:
        assert client.recv(200).startswith(b"+OK")
        client.sendall(b"STLS\r\nUSER reader\r\n")
        assert client.recv(200).startswith(b"+OK Begin TLS")
        with careless().wrap_socket(client) as line:
            line.sendall(b"PASS x\r\n")
            assert line.recv(200).startswith(_REFUSED)


def test_a_restart_ends_encrypted_connections(admin: Administrator) -> None:
    start(admin, "pop3")
    implicit = poplib.POP3_SSL(address(admin), 20995, timeout=_TIMEOUT, context=careless())
    explicit = pop3(admin)
    explicit.stls(context=careless())
    admin.do("Restart-Service", Name="MSExchangePop3")
    for client in (implicit, explicit):
        with pytest.raises((poplib.error_proto, OSError)):
            client.capa()
        client.close()


def test_an_inactive_component_closes_the_ports(admin: Administrator) -> None:
    start(admin, "pop3")
    admin.do("Set-ServerComponentState", Identity="EX01", Component="PopProxy", State="Inactive", Requester="HealthAPI")
    assert listening(admin) == []


def test_imap4(admin: Administrator) -> None:
    start(admin, "imap4", X509CertificateName="mail.contoso.test", Banner="Contoso IMAP.")
    with imap4(admin) as client:
        assert client.welcome == b"* OK Contoso IMAP."
        assert "LOGINDISABLED" in client.capabilities
        with pytest.raises(imaplib.IMAP4.error, match="Invalid state"):
            client.login("reader", _SECRET)
        client.starttls(ssl_context=trusting(admin))
        with pytest.raises(imaplib.IMAP4.error, match="LOGIN failed"):
            client.login("reader", "wrong")
        client.login("reader", _SECRET)
        assert client.select("INBOX") == ("OK", [b"0"])
        assert client.noop()[0] == "OK"
        assert client.logout()[0] == "BYE"
    with imaplib.IMAP4_SSL(address(admin), 20993, ssl_context=trusting(admin), timeout=_TIMEOUT) as client:
        assert "STARTTLS" not in client.capabilities
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATE failed"):
            client.authenticate("PLAIN", lambda _: b"\0reader\0wrong")
        client.authenticate("PLAIN", lambda _: f"\0reader\0{_SECRET}".encode())
        assert client.select("INBOX") == ("OK", [b"0"])


def test_unknown_commands_are_errors(admin: Administrator) -> None:
    start(admin, "imap4")
    with imap4(admin) as client, pytest.raises(imaplib.IMAP4.error):
        client.select("INBOX")
    with socket.create_connection((address(admin), 20143), timeout=_TIMEOUT) as line:
        line.recv(200)
        line.sendall(b"a FOO\r\n")
        assert line.recv(200) == b"a BAD Command Error. 10\r\n"


def test_a_mailbox_that_does_not_open(admin: Administrator) -> None:
    answer = "BAD User is authenticated but not connected."
    admin.organisation.faults.arm(
        {"kind": "mail_answers", "protocol": "imap4", "command": "examine", "answer": answer, "times": 0}
    )
    start(admin, "imap4")
    with imaplib.IMAP4_SSL(address(admin), 20993, ssl_context=careless(), timeout=_TIMEOUT) as client:
        assert client.login("reader", _SECRET) == ("OK", [b"LOGIN completed."])
        with pytest.raises(imaplib.IMAP4.error, match=r"BAD .*User is authenticated but not connected"):
            client.select("INBOX", readonly=True)
        assert client.select("INBOX") == ("OK", [b"0"])


def test_an_answer_is_another_as_often_as_is_said(admin: Administrator) -> None:
    fault = {"kind": "mail_answers", "protocol": "pop3", "command": "PASS", "answer": "-ERR Server Unavailable. 21"}
    admin.organisation.faults.arm(fault | {"server": "EX01"})
    start(admin, "pop3")
    client = poplib.POP3_SSL(address(admin), 20995, context=careless(), timeout=_TIMEOUT)
    client.user("reader")
    with pytest.raises(poplib.error_proto, match=r"Server Unavailable\. 21"):
        client.pass_(_SECRET)
    client.user("reader")
    client.pass_(_SECRET)
    assert client.stat() == (0, 0)
    client.quit()


def test_a_farewell_has_no_tag(admin: Administrator) -> None:
    fault = {"kind": "mail_answers", "protocol": "imap4", "command": "LOGIN", "answer": "* BYE Connection closed. 14"}
    admin.organisation.faults.arm(fault)
    start(admin, "imap4")
    with (
        imaplib.IMAP4_SSL(address(admin), 20993, ssl_context=careless(), timeout=_TIMEOUT) as client,
        pytest.raises(imaplib.IMAP4.abort, match=r"Connection closed\. 14"),
    ):
        client.login("reader", _SECRET)


def test_a_connection_that_ends_in_the_handshake(admin: Administrator) -> None:
    admin.organisation.faults.arm({"kind": "mail_closes_in_tls", "protocol": "pop3"})
    start(admin, "pop3")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        poplib.POP3_SSL(address(admin), 20995, context=careless(), timeout=_TIMEOUT)
    poplib.POP3_SSL(address(admin), 20995, context=careless(), timeout=_TIMEOUT).quit()


def test_listeners_stop(admin: Administrator) -> None:
    start(admin, "pop3")
    admin.organisation.stop_listeners()
    assert listening(admin) == []
    with pytest.raises(ConnectionRefusedError):
        pop3(admin)


def logged(admin: Administrator, protocol: str, *, back_end: bool = False) -> list[list[str]]:
    """The lines of a protocol's log, without the header, from the user on."""
    server = admin.organisation.servers["EX01"]
    prefix = {"pop3": "POP3", "imap4": "IMAP4"}[protocol] + ("BE" if back_end else "")
    folder = server.disk(str(server.settings[protocol].latest()["LogFileLocation"]))
    files = sorted(folder.glob(f"{prefix}2*.LOG")) if folder else []
    rows = [row for file in files for row in csv.reader(file.read_text(encoding="utf-8").splitlines())]
    assert all(row[3].startswith(f"{address(admin)}:") for row in rows if not row[0].startswith("#"))
    return [[row[3].rpartition(":")[2], row[5], *row[9:12]] for row in rows if not row[0].startswith("#")]


def test_what_is_logged_of_log_ons(admin: Administrator) -> None:
    start(admin, "pop3", LoginType="PlainTextLogin", ProtocolLogEnabled=True)
    client = pop3(admin)
    client.user("reader")
    with pytest.raises(poplib.error_proto):
        client.pass_("wrong")
    client.stls(careless())
    client.user("reader")
    client.pass_(_SECRET)
    client.stat()
    client.quit()
    denied = "-ERR Logon failure: unknown user name or bad password."
    told = f'R="{denied}";Msg="AuthFailed:LogonDenied,User: reader";ErrMsg=AuthFailed:LogonDenied'
    proxied = f'R=OK;Msg="Proxy:{admin.organisation.servers["EX01"].fqdn}:1995:SSL;ProxySuccess"'
    assert logged(admin, "pop3")[:8] == [
        ["110", "", "OpenSession", "", ""],
        ["110", "reader", "user", "reader", "R=OK"],
        ["110", "reader", "pass", "*****", told],
        # Python's client asks first.
        ["110", "reader", "capa", "", "R=OK"],
        ["110", "reader", "stls", "", "R=OK"],
        ["110", "reader", "user", "reader", "R=OK"],
        ["110", "reader", "pass", "*****", proxied],
        ["110", "reader", "stat", "", "R=OK"],
    ]
    assert logged(admin, "pop3", back_end=True) == [
        ["1995", "", "OpenSession", "", ""],
        ["1995", "reader", "auth", "PLAIN", "R=OK"],
    ]


def test_a_login_that_fails_has_no_user_in_the_log(admin: Administrator) -> None:
    start(admin, "imap4", LoginType="PlainTextLogin", ProtocolLogEnabled=True)
    client = imap4(admin)
    with pytest.raises(imaplib.IMAP4.error):
        client.login("reader", "wrong")
    client.login("reader", _SECRET)
    tag = client.tagpre.decode()
    failed, done = [row for row in logged(admin, "imap4") if row[2] == "login"]
    assert failed[1:4] == ["", "login", " *****"]
    assert failed[4].startswith(f'R="{tag}')
    assert failed[4].endswith(' NO LOGIN failed."')
    assert done[1:4] == ["reader", "login", "reader *****"]
    assert done[4].startswith("R=OK;Msg=")


def test_nothing_is_logged_until_the_services_have_loaded_it(admin: Administrator) -> None:
    start(admin, "pop3", LoginType="PlainTextLogin")
    admin.do("Set-PopSettings", Server="EX01", ProtocolLogEnabled=True)
    pop3(admin).quit()
    assert logged(admin, "pop3") == []


class pop3_session:
    """A POP3 client that is closed at the end, whatever became of the connection."""

    def __init__(self, admin: Administrator) -> None:
        self._client = pop3(admin)

    def __enter__(self) -> poplib.POP3:
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()
