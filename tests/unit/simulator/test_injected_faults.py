"""What each fault does to a stock client, what has happened on the server then, and what the next request finds."""

from __future__ import annotations

import base64
import gzip
import ssl
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

import pytest
import requests
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import (
    AuthenticationError,
    InvalidPSRPOperation,
    WinRMError,
    WinRMTransportError,
    WSManFaultError,
)
from pypsrp.powershell import PowerShell, RunspacePool
from simulator_process import BASIC, NTLM, SimulatorFailed, SimulatorProcess
from test_wire import CONFIGURATIONS, cmdlet, connect, session, shells
from winrm.exceptions import WinRMError as WinRMErrorOfPywinrm
from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol

from exchange_simulator.faults import Faults, spoiled, with_entity_bomb
from exchange_simulator.refusals import REFUSALS, WAYS

WRITE = "Set-PopSettings"
# NTLM over HTTP encrypts its messages, with keys that end with the connection.
LOG_ONS = [("https", "basic"), ("http", "ntlm")]


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess(**BASIC, **NTLM) as process:
        yield process


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    process.reset()
    return process


def open_pool(simulator: SimulatorProcess, *how: str, endpoint: str = "exchange", **options: Any) -> RunspacePool:
    pool = RunspacePool(connect(simulator, endpoint, *how, **options), configuration_name=CONFIGURATIONS[endpoint])
    pool.open()
    return pool


def write(pool: RunspacePool, banner: str = "Written") -> PowerShell:
    return cmdlet(pool, WRITE, Server="EX01", Banner=banner)


def banner(simulator: SimulatorProcess) -> Any:
    return simulator.state()["servers"]["EX01"]["stored"]["pop3"]["Banner"]


def written(simulator: SimulatorProcess) -> int:
    """How often the write ran."""
    return [entry["cmdlet"] for entry in simulator.log()].count(WRITE)


def injected(simulator: SimulatorProcess) -> list[tuple[str, str, str, str | None]]:
    return [(one["kind"], one["endpoint"], one["action"], one["cmdlet"]) for one in simulator.injected()]


def runs_again(simulator: SimulatorProcess, *how: str) -> None:
    """Over a connection of its own everything is as usual."""
    with session(simulator, "exchange", *how) as pool:
        assert len(cmdlet(pool, "Get-PopSettings").invoke()) == 1


@pytest.mark.parametrize("how", LOG_ONS, ids=["basic", "ntlm"])
@pytest.mark.parametrize(
    ("kind", "action", "runs"),
    [
        ("drop_before_command", "Command", 0),
        ("drop_after_command", "Command", 1),
        ("drop_while_receiving", "Receive", 1),
        ("drop_after_answer", "Receive", 1),
        ("truncated", "Receive", 1),
    ],
)
def test_a_connection_that_breaks(
    simulator: SimulatorProcess, how: tuple[str, str], kind: str, action: str, runs: int
) -> None:
    simulator.fault("EX01", kind, cmdlet=WRITE)
    pool = open_pool(simulator, *how)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        write(pool).invoke()
    assert (written(simulator), shells(simulator)["exchange"]) == (runs, 1)
    assert injected(simulator) == [(kind, "exchange", action, WRITE)]
    with session(simulator, "exchange", *how) as again:
        write(again, "Again").invoke()
    assert (written(simulator), banner(simulator)) == (runs + 1, "Again")


def test_an_interrupted_receive_leaves_its_answer_for_the_next(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "drop_while_receiving", cmdlet="Get-PopSettings")
    with session(simulator, "exchange") as pool:
        shell = cmdlet(pool, "Get-PopSettings")
        shell.begin_invoke()
        with pytest.raises(requests.ConnectionError):
            shell.end_invoke()
        assert len(shell.end_invoke()) == 1


@pytest.mark.parametrize("kind", ["drop_after_answer", "truncated", "malformed"])
def test_a_lost_answer_is_not_given_twice(simulator: SimulatorProcess, kind: str) -> None:
    simulator.fault("EX01", kind, cmdlet=WRITE)
    pool = open_pool(simulator)
    shell = write(pool)
    shell.begin_invoke()
    with pytest.raises((requests.RequestException, ElementTree.ParseError)):
        shell.end_invoke()
    shell.poll_invoke(timeout=1)
    assert (shell.state, written(simulator)) == (PSInvocationState.RUNNING, 1)


@pytest.mark.parametrize("how", LOG_ONS, ids=["basic", "ntlm"])
def test_shells_lost_while_receiving(simulator: SimulatorProcess, how: tuple[str, str]) -> None:
    simulator.fault("EX01", "lose_shells_while_receiving", cmdlet=WRITE)
    pool = open_pool(simulator, *how)
    shell = write(pool)
    assert shell.invoke() == []
    assert (shell.state, written(simulator)) == (PSInvocationState.STOPPED, 1)
    assert shells(simulator) == {"exchange": 0, "windows": 0}
    with pytest.raises(WSManFaultError) as fault:
        write(pool).invoke()
    assert fault.value.code == 2150858843
    runs_again(simulator, *how)


def test_silence_lasts_until_the_client_gives_up(simulator: SimulatorProcess, caplog: pytest.LogCaptureFixture) -> None:
    simulator.fault("EX01", "silence", cmdlet=WRITE)
    with session(simulator, "exchange", operation_timeout=1, read_timeout=2) as pool:
        shell = write(pool)
        # pypsrp asks once more what it had no answer to in time.
        assert shell.invoke() == []
    assert "ReadTimeout" in caplog.text
    assert (shell.state, written(simulator)) == (PSInvocationState.COMPLETED, 1)
    assert injected(simulator) == [("silence", "exchange", "Receive", WRITE)]


@pytest.mark.parametrize("how", LOG_ONS, ids=["basic", "ntlm"])
@pytest.mark.parametrize("status", [500, 503, 401])
def test_a_page_in_the_place_of_an_answer(simulator: SimulatorProcess, how: tuple[str, str], status: int) -> None:
    pool = open_pool(simulator, *how, reconnection_retries=0)
    simulator.fault("EX01", "http_status", cmdlet=WRITE, status=status)
    with pytest.raises((AuthenticationError, WinRMTransportError)) as refusal:
        write(pool).invoke()
    # Told 401, NTLM logs on anew and sends the message again, encrypted with the keys of before.
    relogged = status == 401 and how[1] == "ntlm"
    assert getattr(refusal.value, "code", 401) == (400 if relogged else status)
    assert written(simulator) == 0
    pool = pool if how[1] == "basic" else open_pool(simulator, *how)
    write(pool).invoke()
    assert (written(simulator), banner(simulator)) == (1, "Written")


@pytest.mark.parametrize("how", LOG_ONS, ids=["basic", "ntlm"])
@pytest.mark.parametrize("kind", ["malformed", "entity_bomb", "deep_nesting"])
def test_an_answer_that_cannot_be_read(simulator: SimulatorProcess, how: tuple[str, str], kind: str) -> None:
    simulator.fault("EX01", kind, cmdlet="Get-PopSettings")
    pool = open_pool(simulator, *how)
    with pytest.raises((ElementTree.ParseError, RecursionError, WinRMError, ValueError, IndexError)):
        cmdlet(pool, "Get-PopSettings").invoke()
    assert [entry["cmdlet"] for entry in simulator.log()] == ["Get-PopSettings"]
    runs_again(simulator, *how)


@pytest.mark.parametrize("refusal", [{"status": 400}, {"status": 404}, {"status": 500}, {}, {"code": 5}], ids=str)
def test_a_query_that_is_refused(simulator: SimulatorProcess, refusal: dict[str, Any]) -> None:
    simulator.fault("EX01", "query_refused", **refusal)
    asked = {"path": "PowerShell/?serializationLevel=Full"}
    with pytest.raises(WinRMTransportError if "status" in refusal else WSManFaultError) as error:
        open_pool(simulator, **asked)
    assert error.value.code == refusal.get("status", refusal.get("code", 2150858752))  # type: ignore[attr-defined]
    runs_again(simulator)
    simulator.fault("EX01", "none")
    open_pool(simulator, **asked).close()


@pytest.mark.parametrize(
    ("reason", "way"),
    [(name, way) for name, one in REFUSALS.items() for way in WAYS if way != "state" or one.exception],
)
def test_a_session_that_is_not_opened(simulator: SimulatorProcess, reason: str, way: str) -> None:
    refusal = REFUSALS[reason]
    simulator.fault("EX01", "opens_no_session", reason=reason, way=way)
    expected = {"state": InvalidPSRPOperation, "fault": WSManFaultError, "page": WinRMTransportError}[way]
    with pytest.raises(expected) as error:
        open_pool(simulator)
    if way == "state":
        return
    text = error.value.reason if way == "fault" else error.value.response_text  # type: ignore[attr-defined]
    assert error.value.code == (refusal.fault if way == "fault" else refusal.status)  # type: ignore[attr-defined]
    assert text.startswith("[ClientAccessServer=EX01,BackEndServer=EX01.contoso.test,RequestId=")
    assert (f"[FailureCategory={refusal.part}-" in text) == bool(refusal.part)
    simulator.fault("EX01", "none")
    runs_again(simulator)


@pytest.mark.parametrize(
    ("counted", "code"), [({}, "w:InternalError"), ({"counted": "user"}, 2150859174)], ids=["of a shell", "of a user"]
)
def test_more_commands_than_a_quota_allows(simulator: SimulatorProcess, counted: dict[str, str], code: object) -> None:
    """What is closed makes room; what has only ended does not."""
    simulator.fault("EX01", "operation_limit", limit=2, **counted)
    pool, other = open_pool(simulator), open_pool(simulator)
    ended = cmdlet(pool, "Get-PopSettings")
    assert len(ended.invoke()) == 1
    assert len(cmdlet(pool, "Get-PopSettings").invoke()) == 1
    with pytest.raises(WSManFaultError) as error:
        write(pool).invoke()
    assert error.value.code == code
    if counted:
        with pytest.raises(WSManFaultError):
            write(other).invoke()
    else:
        write(other, "Other").invoke()
    assert written(simulator) == (0 if counted else 1)
    ended.close()
    assert write(pool).invoke() is not None
    other.close()
    pool.close()
    fresh = open_pool(simulator)
    assert len(cmdlet(fresh, "Get-PopSettings").invoke()) == 1
    fresh.close()


def test_an_answer_to_another_request(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "wrong_message_id", cmdlet=WRITE)
    pool = open_pool(simulator)
    with pytest.raises(WinRMError, match="Received related id does not match"):
        write(pool).invoke()
    assert (written(simulator), banner(simulator)) == (1, "Written")
    runs_again(simulator)


def test_a_compressed_answer(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "gzipped", cmdlet="Get-PopSettings")
    with session(simulator, "exchange") as pool:
        assert len(cmdlet(pool, "Get-PopSettings").invoke()) == 1
    assert injected(simulator) == [("gzipped", "exchange", "Receive", "Get-PopSettings")]


@pytest.mark.parametrize(("kind", "size"), [("gzip_bomb", 1 << 30), ("huge", 300 << 20)])
def test_an_endless_answer_is_sent_piece_by_piece(simulator: SimulatorProcess, kind: str, size: int) -> None:
    def peak() -> int:
        status = Path(f"/proc/{simulator.description['pid']}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    before = peak()
    simulator.fault("EX01", kind, action="Create")
    server = simulator.description["servers"]["EX01"]
    with requests.post(
        f"https://{server['address']}:{server['windows_https']}/wsman",
        data=_CREATE,
        auth=("administrator", simulator.password),
        verify=simulator.description["ca"],
        stream=True,
        timeout=60,
    ) as answer:
        length = 0
        for piece in islice(answer.iter_content(1 << 20), 1500):
            length += len(piece)
    assert size < length < size + 10_000
    assert peak() < before + 30_000


_CREATE = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    b'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Header>'
    b"<a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Create</a:Action></s:Header><s:Body/></s:Envelope>"
)


def test_what_is_made_of_a_body() -> None:
    content = b"<a>" + b"x" * 1000 + b"</a>"
    unspoilt = spoiled(None, content)
    assert (unspoilt.headers, list(unspoilt.pieces), unspoilt.breaks) == (
        (("Content-Length", "1007"),),
        [content],
        False,
    )
    truncated = spoiled("truncated", content)
    assert (truncated.headers, list(truncated.pieces), truncated.breaks) == (unspoilt.headers, [content[:503]], True)
    assert gzip.decompress(b"".join(spoiled("gzipped", content).pieces)) == content
    bomb = spoiled("gzip_bomb", content)
    assert dict(bomb.headers)["Content-Length"] == str(sum(map(len, bomb.pieces)))
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(b"".join(spoiled("malformed", content).pieces))
    for envelope in (b"<s:Envelope/>", with_entity_bomb(b"<s:Envelope><s:Header></s:Header></s:Envelope>")):
        with pytest.raises(ElementTree.ParseError):
            ElementTree.fromstring(envelope)


def test_a_certificate_that_changes(simulator: SimulatorProcess) -> None:
    with session(simulator, "exchange") as pool:
        simulator.fault("EX01", "other_certificate")
        assert len(cmdlet(pool, "Get-PopSettings").invoke()) == 1
        simulator.fault("EX01", "idle_connections")
        with pytest.raises(requests.exceptions.SSLError):
            cmdlet(pool, "Get-PopSettings").invoke()
        with pytest.raises(requests.exceptions.SSLError):
            open_pool(simulator, endpoint="windows")
        server = simulator.description["servers"]["EX01"]
        other = ssl.get_server_certificate((server["address"], server["exchange_https"]))
        # Whoever does not check it may still log on bound to the channel.
        with session(simulator, "exchange", "https", "ntlm", cert_validation=False) as unchecked:
            assert len(cmdlet(unchecked, "Get-PopSettings").invoke()) == 1
        simulator.fault("EX01", "none")
    assert ssl.get_server_certificate((server["address"], server["exchange_https"])) != other
    runs_again(simulator)


def test_another_administrator_comes_between_a_read_and_a_write(simulator: SimulatorProcess) -> None:
    simulator.fault(
        "EX01",
        "change_after_read",
        cmdlet="Get-PopSettings",
        run={"cmdlet": WRITE, "parameters": {"Server": "EX01", "Banner": "His"}},
    )
    with session(simulator, "exchange") as pool:
        (before,) = cmdlet(pool, "Get-PopSettings").invoke()
        assert before.adapted_properties["Banner"] != "His"
        assert banner(simulator) == "His"
        write(pool).invoke()
        cmdlet(pool, "Get-PopSettings").invoke()
    assert (written(simulator), banner(simulator)) == (1, "Written")


def test_a_fault_waits_for_its_request(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "drop_before_command", endpoint="windows", action="Command", times=2)
    simulator.fault("EX02", "drop_before_command")
    runs_again(simulator)
    pool = open_pool(simulator, endpoint="windows")
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            cmdlet(pool, "Get-Service").invoke()
    assert cmdlet(pool, "Get-Service", Name="WAS").invoke()
    assert injected(simulator) == [("drop_before_command", "windows", "Command", "Get-Service")] * 2
    assert simulator.state()["injected"] == {"drop_before_command": 2}


def test_a_pipeline_with_input_is_dropped_when_it_has_all(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "drop_after_command", cmdlet="Get-Service")
    pool = open_pool(simulator, endpoint="windows")
    with pytest.raises(requests.ConnectionError):
        cmdlet(pool, "Get-Service").invoke(input=["W3SVC"])
    assert [entry["cmdlet"] for entry in simulator.log()] == ["Get-Service"]
    assert injected(simulator) == [("drop_after_command", "windows", "Send", "Get-Service")]


@pytest.mark.parametrize("action", ["Create", "Signal", "Delete"])
@pytest.mark.parametrize(("kind", "done"), [("drop_before_command", False), ("drop_after_command", True)])
def test_other_requests_may_be_dropped(simulator: SimulatorProcess, action: str, kind: str, done: bool) -> None:
    simulator.fault("EX01", kind, action=action)

    def whole_session() -> None:
        pool = open_pool(simulator)
        shell = write(pool)
        shell.invoke()
        shell.close()
        pool.close()

    with pytest.raises(requests.ConnectionError):
        whole_session()
    assert shells(simulator)["exchange"] == (action == "Signal" or done == (action == "Create"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "silence", "cmdlte": WRITE},
        {"kind": "http_status"},
        {"kind": "http_status", "status": 200},
        {"kind": "query_refused", "status": 200},
        {"kind": "operation_limit", "limit": 2, "counted": "host"},
        {"kind": "opens_no_session", "reason": "full moon"},
        {"kind": "opens_no_session", "reason": "no_role", "way": "letter"},
        {"kind": "opens_no_session", "reason": "access_denied", "way": "state"},
        {"kind": "service_dies", "service": "MSExchangePop3", "after": 0},
        {"kind": "session_configuration", "name": "own", "visible": {"Get-Nothing": {}}},
        {"kind": "session_configuration", "name": "own", "visible": {"Get-Service": {"Nothing": []}}},
        {"kind": "truncated", "action": "Post"},
        {"kind": "drop_after_answer", "action": "Command"},
        {"kind": "malformed", "times": -1},
        {"kind": "gzipped", "endpoint": "web"},
        {"kind": "change_after_read", "cmdlet": WRITE, "run": {"cmdlet": "Set-Nothing"}},
        {"kind": "random", "kinds": ["malformed"]},
        {"kind": "random", "seed": 1, "kinds": []},
        {"kind": "random", "seed": 1, "kinds": ["slow"]},
    ],
    ids=str,
)
def test_a_fault_that_would_never_happen_is_refused(simulator: SimulatorProcess, wrong: dict[str, Any]) -> None:
    with pytest.raises(SimulatorFailed, match="fault"):
        simulator.fault("EX01", **wrong)


_BOOTSTRAP = (
    "process { foreach ($line in $input) "
    "{ . ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($line)))) } }"
)
_SERIALIZED = "[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes([Management.Automation.PSSerializer]::Serialize"
_SCRIPT = f"""$failures = @()
$warnings = @()
try {{
    Stop-Service -Name:'W3SVC' -Force:$true -ErrorAction:'SilentlyContinue' -ErrorVariable:'failures' \
-WarningAction:'SilentlyContinue' -WarningVariable:'warnings' | \
ForEach-Object {{ [Console]::Out.WriteLine('output ' + {_SERIALIZED}($_)))) }}
    $state = 'completed'
}} catch {{
    [Console]::Out.WriteLine('error ' + {_SERIALIZED}($_))))
    $state = 'failed'
}}
foreach ($failure in $failures) {{ [Console]::Out.WriteLine('error ' + {_SERIALIZED}($failure)))) }}
foreach ($warning in $warnings) {{ [Console]::Out.WriteLine('warning ' + {_SERIALIZED}($warning.Message)))) }}
[Console]::Out.WriteLine('end ' + $state)
""".replace("\\\n", "")


class Winrs:
    """A PowerShell process in a WinRM shell of stock pywinrm."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        server = simulator.description["servers"]["EX01"]
        self._protocol = Protocol(
            f"https://{server['address']}:{server['windows_https']}/wsman",
            transport="basic",
            username="administrator",
            password=simulator.password,
            ca_trust_path=simulator.description["ca"],
            operation_timeout_sec=1,
            read_timeout_sec=30,
        )
        self._shell = self._protocol.open_shell(codepage=65001)
        encoded = base64.b64encode(_BOOTSTRAP.encode("utf-16-le")).decode()
        arguments = ["-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]
        self._process = self._protocol.run_command(self._shell, "powershell.exe", arguments)

    def send(self) -> None:
        line = base64.b64encode(_SCRIPT.encode()) + b"\n"
        self._protocol.send_command_input(self._shell, self._process, line)

    def receive(self) -> tuple[bytes, bool]:
        """What has been said, and whether the process has ended."""
        output, _, _, done = self._protocol.get_command_output_raw(self._shell, self._process)
        return output, done

    def is_told(self) -> bool:
        return b"end completed" in self.receive()[0]


def stops(simulator: SimulatorProcess) -> int:
    return [entry["cmdlet"] for entry in simulator.log()].count("Stop-Service")


@pytest.mark.parametrize(("kind", "runs"), [("drop_before_command", 0), ("drop_after_command", 1)])
def test_a_line_for_a_process_that_is_dropped(simulator: SimulatorProcess, kind: str, runs: int) -> None:
    process = Winrs(simulator)
    simulator.fault("EX01", kind, cmdlet="Stop-Service")
    with pytest.raises(requests.ConnectionError):
        process.send()
    assert stops(simulator) == runs
    assert injected(simulator) == [(kind, "windows", "Send", "Stop-Service")]
    if not runs:
        process.send()
    assert process.is_told()
    assert stops(simulator) == 1


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("drop_while_receiving", True),
        ("silence", True),
        ("drop_after_answer", False),
        ("truncated", False),
        ("malformed", False),
        ("entity_bomb", False),
    ],
)
def test_what_a_process_says_may_be_lost(simulator: SimulatorProcess, kind: str, kept: bool) -> None:
    process = Winrs(simulator)
    simulator.fault("EX01", kind, cmdlet="Stop-Service")
    process.send()
    with pytest.raises((requests.RequestException, ElementTree.ParseError, WinRMErrorOfPywinrm, ExpatError)):
        process.receive()
    assert stops(simulator) == 1
    assert injected(simulator) == [(kind, "windows", "Receive", "Stop-Service")]
    if kept:
        assert process.is_told()
    else:
        with pytest.raises(WinRMOperationTimeoutError):
            process.receive()


def test_a_process_is_lost_while_receiving(simulator: SimulatorProcess) -> None:
    process = Winrs(simulator)
    simulator.fault("EX01", "lose_shells_while_receiving", cmdlet="Stop-Service")
    process.send()
    assert process.receive() == (b"", True)
    assert stops(simulator) == 1
    assert shells(simulator)["windows"] == 0


KINDS = ["drop_before_command", "drop_after_answer", "malformed", {"kind": "http_status", "status": 503}, "lose_shells"]


def drawn(seed: int, server: str = "EX01", one_in: int = 3, kinds: list[Any] = KINDS) -> list[str | None]:
    faults = Faults(("EX01", "EX02"), {})
    faults.arm({"kind": "random", "seed": seed, "one_in": one_in, "kinds": kinds})
    actions = ("Create", "Receive", "Command", "Receive", "Signal", "Delete") * 100
    met = [faults.meet(server, "exchange", action, []) for action in actions]
    assert sum(faults.counts().values()) == len([one for one in met if one])
    return [one.kind if one else None for one in met]


def test_chance_is_repeated_by_its_seed() -> None:
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert drawn(1) != drawn(1, "EX02")
    assert set(drawn(1)) == {None, *(one if isinstance(one, str) else one["kind"] for one in KINDS)}
    assert 150 < len([one for one in drawn(1) if one]) < 250
    # What could have met a request does not change which requests meet something.
    assert [bool(one) for one in drawn(1)] == [bool(one) for one in drawn(1, kinds=["malformed"])]
    received = drawn(1, one_in=1, kinds=["drop_after_answer"])
    assert received[:6] == [None, "drop_after_answer", None, "drop_after_answer", None, None]


def test_chance_loses_shells_before_a_request(simulator: SimulatorProcess) -> None:
    pool = open_pool(simulator)
    simulator.fault("EX01", "random", seed=1, one_in=1, kinds=["lose_shells"])
    with pytest.raises(WSManFaultError) as fault:
        write(pool).invoke()
    assert (fault.value.code, written(simulator)) == (2150858843, 0)


def test_chance_over_the_wire(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "random", seed=7, one_in=4, kinds=KINDS)
    seen = []
    for _ in range(2):
        for _ in range(12):
            try:
                runs_again(simulator)
            except (requests.RequestException, WinRMError, ElementTree.ParseError):
                continue
        seen.append(simulator.injected())
        assert simulator.state()["injected"] == {
            kind: [one["kind"] for one in seen[-1]].count(kind) for kind in {one["kind"] for one in seen[-1]}
        }
        simulator.reset()
        assert simulator.injected() == []
        simulator.fault("EX01", "random", seed=7, one_in=4, kinds=KINDS)
    assert seen[0] == seen[1]
    assert len(seen[0]) > 5
