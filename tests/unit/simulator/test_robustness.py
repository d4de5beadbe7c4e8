"""Clients that say nothing, too much or nonsense, and many that come and go."""

from __future__ import annotations

import base64
import imaplib
import os
import poplib
import socket
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from simulator_process import SimulatorProcess

from exchange_simulator.auth import Accounts
from exchange_simulator.engines import OwnEngine
from exchange_simulator.organisation import Organisation
from exchange_simulator.web import _Handler, _Listener
from exchange_simulator.wsman import PROFILES, Endpoint

_TIMEOUT = 30
_MARK = "Not-For-The-Error-Stream"
_SERVICES = {"pop3": ["MSExchangePop3", "MSExchangePOP3BE"], "imap4": ["MSExchangeImap4", "MSExchangeIMAP4BE"]}


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess({"EX01": "SE"}) as process:
        yield process


@pytest.fixture
def simulator(process: SimulatorProcess) -> Iterator[SimulatorProcess]:
    process.reset()
    before = process.errors()
    yield process
    assert process.errors() == before


def server(simulator: SimulatorProcess) -> dict[str, Any]:
    found: dict[str, Any] = simulator.description["servers"]["EX01"]
    return found


def post(simulator: SimulatorProcess, body: bytes, **headers: str) -> requests.Response:
    return requests.post(
        f"https://{server(simulator)['address']}:{server(simulator)['windows_https']}/wsman",
        data=body,
        headers=headers,
        auth=("administrator", simulator.password),
        verify=simulator.description["ca"],
        timeout=_TIMEOUT,
    )


def envelope(action: str, body: str = "", shell: str = "") -> bytes:
    prefixes = {
        "s": "http://www.w3.org/2003/05/soap-envelope",
        "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
        "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
        "pwsh": "http://schemas.microsoft.com/powershell",
    }
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in prefixes.items())
    return (
        f"<s:Envelope {names}><s:Header><a:Action>http://x/{action}</a:Action>"
        f"<w:ResourceURI>{prefixes['pwsh']}/Microsoft.PowerShell</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>'
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def _creation(text: bytes, idle: str = "PT60S") -> str:
    opening = base64.b64encode(text).decode()
    opening = f"<pwsh:creationXml>{opening}</pwsh:creationXml>"
    return f"<rsp:Shell><rsp:IdleTimeOut>{idle}</rsp:IdleTimeOut>{opening}</rsp:Shell>"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (_MARK.encode(), 400),
        (f"<{_MARK}>".encode(), 400),
        (b'<?xml version="1.0" encoding="x-unknown"?><a/>', 400),
        (b"<a>" * 50_000, 400),
        (
            b'<!DOCTYPE a [<!ENTITY b "' + b"b" * 10_000 + b'"><!ENTITY c "' + b"&b;" * 5_000 + b'">]>'
            b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
            + b"&c;" * 1_000
            + b"</s:Body></s:Envelope>",
            400,
        ),
        (envelope(_MARK), 500),
        (envelope("Create"), 500),
        (envelope("Create", _creation(_MARK.encode())), 500),
        (envelope("Create", _creation(_MARK.encode() * 20)), 500),
        (envelope("Create", _creation(b"\x00" * 60, idle="PT1.2.3S")), 500),
        (envelope("Receive", shell=_MARK), 500),
    ],
    ids=["text", "tag", "encoding", "depth", "entities", "action", "empty", "short", "long", "zeros", "shell"],
)
def test_nonsense_is_answered_and_not_repeated(simulator: SimulatorProcess, body: bytes, status: int) -> None:
    assert post(simulator, body).status_code == status
    assert simulator.state()["servers"]["EX01"]["shells_open"] == {"exchange": 0, "windows": 0}


def test_nonsense_in_an_open_shell_is_a_fault(simulator: SimulatorProcess) -> None:
    pool = open_pool(simulator)
    arguments = base64.b64encode(_MARK.encode() * 3).decode()
    command = (
        f'<rsp:CommandLine CommandId="{uuid.uuid4()}"><rsp:Command/><rsp:Arguments>{arguments}</rsp:Arguments>'
        "</rsp:CommandLine>"
    )
    answer = post(simulator, envelope("Command", command, pool.id))
    assert (answer.status_code, "2150858817" in answer.text) == (500, True)
    pool.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Content-Length: 100000000000", 413),
        ("Content-Length: 512001", 413),
        ("Content-Length: -1", 411),
        ("Content-Length: many", 411),
        ("Transfer-Encoding: chunked", 411),
    ],
)
def test_a_body_of_absurd_or_unknown_length_is_not_read(simulator: SimulatorProcess, headers: str, status: int) -> None:
    address = (server(simulator)["address"], server(simulator)["windows_http"])
    with socket.create_connection(address, timeout=_TIMEOUT) as line:
        line.sendall(f"POST /wsman HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


def test_a_client_that_does_not_speak_tls_is_let_go(simulator: SimulatorProcess) -> None:
    address = (server(simulator)["address"], server(simulator)["windows_https"])
    with socket.create_connection(address, timeout=_TIMEOUT) as line:
        line.sendall(f"POST /{_MARK} HTTP/1.1\r\n\r\n".encode())
        while line.recv(4096):
            pass


@pytest.mark.parametrize(
    "said", [b"", b"POST /wsman HTTP/1.1\r\n", b"POST /wsman HTTP/1.1\r\nContent-Length: 9\r\n\r\n"]
)
@pytest.mark.parametrize("tls", [False, True])
def test_a_silent_client_is_let_go(
    make: Callable[..., Organisation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes, tls: bool
) -> None:
    assert _Handler.timeout == 120
    monkeypatch.setattr(_Handler, "timeout", 0.2)
    organisation = make("SE")
    accounts = Accounts("administrator", "x", "contoso.test", tmp_path)
    endpoint = Endpoint(
        "windows", PROFILES["windows"], organisation.servers["EX01"], organisation, accounts, OwnEngine(organisation), 1
    )
    with (
        _Listener(endpoint, 0, tls=tls) as listener,
        socket.create_connection(listener.server_address[:2], timeout=_TIMEOUT) as line,
    ):
        # One connection, answered in a thread of its own.
        listener.handle_request()
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        # On a slow machine it is let go before it has said anything.
        with suppress(ConnectionError, ssl.SSLError):
            end = context.wrap_socket(line, server_hostname="ex01.contoso.test") if tls and said else line
            end.sendall(said)
            assert end.recv(4096) == b""
            end.close()


@pytest.mark.parametrize("question", [b"[1]", b"nonsense", b'{"advance": 1e300}', b'{"advance": "x"}', b"{}"])
def test_the_control_channel_answers_nonsense(simulator: SimulatorProcess, question: bytes) -> None:
    answer = requests.post(simulator.description["control"] + "/clock", data=question, timeout=_TIMEOUT)
    assert answer.status_code == 400
    assert answer.json()["error"]


def open_pool(simulator: SimulatorProcess) -> RunspacePool:
    wsman = WSMan(
        server(simulator)["address"],
        port=server(simulator)["windows_https"],
        auth="basic",
        username="administrator",
        password=simulator.password,
        cert_validation=simulator.description["ca"],
        no_proxy=True,
    )
    pool = RunspacePool(wsman)
    pool.open()
    return pool


def test_two_hundred_sessions_leave_nothing_behind(simulator: SimulatorProcess) -> None:
    def sessions(count: int) -> None:
        for number in range(count):
            pool = open_pool(simulator)
            shell = PowerShell(pool)
            shell.add_cmdlet("Get-Service").add_parameter("Name", "W3SVC")
            assert len(shell.invoke()) == 1
            # Half of the clients leave their pipeline to the shell.
            if number % 2:
                shell.close()
            pool.close()
            pool.connection.transport.close()

    sessions(20)
    before = held(simulator)
    sessions(200)
    deadline = time.monotonic() + _TIMEOUT
    while (after := held(simulator))["threads"] > before["threads"] or after["files"] > before["files"]:
        assert time.monotonic() < deadline, (before, after)
        time.sleep(0.05)
    # A session's objects weigh some 100 KB, so that two hundred of them would show.
    assert after["kilobytes"] < before["kilobytes"] + 8_000


def held(simulator: SimulatorProcess) -> dict[str, int]:
    proc = Path(f"/proc/{simulator.description['pid']}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    return {
        "threads": int(status["Threads"]),
        "files": len(os.listdir(proc / "fd")),  # noqa: PTH208 - Path.iterdir would need the links resolved
        "kilobytes": int(status["VmRSS"].split()[0]),
    }


@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
def test_the_mailbox_user_logs_on_over_the_command_lines_listeners(simulator: SimulatorProcess, protocol: str) -> None:
    assert simulator.description["mailbox_user"] == "reader"
    cmdlet = "Set-PopSettings" if protocol == "pop3" else "Set-ImapSettings"
    simulator.enable_certificate("EX01", "mail.contoso.test", "POP, IMAP")
    change(simulator, cmdlet, X509CertificateName="mail.contoso.test")
    restart(simulator, protocol)
    log_on(simulator, protocol, "reader", tls=True)
    for user, tls in (("reader", False), ("administrator", True)):
        with pytest.raises((poplib.error_proto, imaplib.IMAP4.error)):
            log_on(simulator, protocol, user, tls=tls)
    change(simulator, cmdlet, LoginType="PlainTextLogin")
    restart(simulator, protocol, only=0)
    with pytest.raises((poplib.error_proto, imaplib.IMAP4.error)):
        log_on(simulator, protocol, "reader", tls=False)
    restart(simulator, protocol, only=1)
    log_on(simulator, protocol, "reader", tls=False)


def change(simulator: SimulatorProcess, cmdlet: str, **parameters: str) -> None:
    assert simulator.run("EX01", cmdlet, {"Server": "EX01", **parameters})["errors"] == []


def restart(simulator: SimulatorProcess, protocol: str, only: int | None = None) -> None:
    names = _SERVICES[protocol] if only is None else [_SERVICES[protocol][only]]
    assert simulator.run("EX01", "Restart-Service", {"Name": names}, endpoint="windows")["errors"] == []


def log_on(simulator: SimulatorProcess, protocol: str, user: str, *, tls: bool) -> None:
    host = server(simulator)["address"]
    trusting = ssl.create_default_context(cafile=simulator.description["ca"])
    if protocol == "pop3":
        pop = poplib.POP3_SSL(host, 20995, timeout=_TIMEOUT, context=trusting) if tls else poplib.POP3(host, 20110)
        try:
            pop.user(user)
            pop.pass_(simulator.password)
        finally:
            pop.close()
        return
    imap = imaplib.IMAP4_SSL(host, 20993, ssl_context=trusting) if tls else imaplib.IMAP4(host, 20143)
    try:
        imap.login(user, simulator.password)
    finally:
        imap.shutdown()
