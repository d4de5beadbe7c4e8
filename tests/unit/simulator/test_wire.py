"""The simulated endpoints as a stock pypsrp client meets them."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from psrpcore import (
    ClientPowerShell,
    ClientRunspacePool,
    PipelineOutputEvent,
    PipelineStateEvent,
    PSRPPayload,
    StreamType,
)
from psrpcore.types import PSInvocationState as PSInvocationStateEnum
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import NAMESPACES, WSMan
from simulator_process import BASIC, NTLM, PASSWORD, SIMULATOR, SimulatorFailed, SimulatorProcess

from exchange_simulator.engine import Result
from exchange_simulator.psrp import ClientGone, NotFound
from exchange_simulator.psrp import RunspacePool as Pool

CONFIGURATIONS = {"exchange": "Microsoft.Exchange", "windows": "Microsoft.PowerShell"}
PATHS = {"exchange": "PowerShell/", "windows": "wsman"}
LOG_ONS = [("https", "basic"), ("http", "ntlm"), ("https", "ntlm"), ("http", "negotiate"), ("https", "negotiate")]


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess(shell_limit=3, **BASIC, **NTLM) as process:
        yield process


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    process.reset()
    return process


def connect(
    simulator: SimulatorProcess, endpoint: str, protocol: str = "https", auth: str = "basic", **options: Any
) -> WSMan:
    server = simulator.description["servers"]["EX01"]
    settings: dict[str, Any] = {
        "port": server[f"{endpoint}_{protocol}"],
        "ssl": protocol == "https",
        "auth": auth,
        "username": "administrator",
        "password": simulator.password,
        "path": PATHS[endpoint],
        "cert_validation": simulator.description["ca"] if protocol == "https" else True,
        "operation_timeout": 20,
        "no_proxy": True,
    }
    return WSMan(server["address"], **(settings | options))


@contextmanager
def session(simulator: SimulatorProcess, endpoint: str, *how: str, **options: Any) -> Iterator[RunspacePool]:
    with (
        connect(simulator, endpoint, *how, **options) as wsman,
        RunspacePool(wsman, configuration_name=CONFIGURATIONS[endpoint]) as pool,
    ):
        yield pool


def cmdlet(pool: RunspacePool, name: str, **parameters: Any) -> PowerShell:
    shell = PowerShell(pool)
    shell.add_cmdlet(name)
    for parameter, value in parameters.items():
        shell.add_parameter(parameter, value)
    return shell


def names(output: list[Any]) -> list[str]:
    return [str(item.adapted_properties.get("Name") or item.extended_properties.get("Name")) for item in output]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def shells(simulator: SimulatorProcess, counter: str = "shells_open") -> dict[str, int]:
    found: dict[str, int] = simulator.state()["servers"]["EX01"][counter]
    return found


@pytest.mark.parametrize("endpoint", ["exchange", "windows"])
@pytest.mark.parametrize(("protocol", "auth"), LOG_ONS)
def test_a_stock_client_runs_a_cmdlet(simulator: SimulatorProcess, endpoint: str, protocol: str, auth: str) -> None:
    name, parameters = {
        "exchange": ("Get-PopSettings", {"Server": "EX01"}),
        "windows": ("Get-Service", {"Name": "W3SVC"}),
    }[endpoint]
    with session(simulator, endpoint, protocol, auth) as pool:
        shell = cmdlet(pool, name, **parameters)
        output = shell.invoke()
        shell.close()
        assert len(output) == 1
        assert not any(kind.startswith("Deserialized.") for kind in output[0].types)
        assert shell.state == PSInvocationState.COMPLETED
        assert shells(simulator)[endpoint] == 1
    assert shells(simulator) == {"exchange": 0, "windows": 0}
    assert shells(simulator, "shells_opened")[endpoint] == 1
    assert shells(simulator, "requests")[endpoint] >= 6
    assert [(entry["server"], entry["endpoint"], entry["cmdlet"]) for entry in simulator.log()] == [
        ("EX01", endpoint, name)
    ]


def test_bytes_and_log_ons_are_counted(simulator: SimulatorProcess) -> None:
    server = simulator.description["servers"]["EX01"]
    sent = b"POST /nowhere HTTP/1.1\r\nHost: ex01\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
    received = b""
    with socket.create_connection((server["address"], server["windows_http"])) as connection:
        connection.sendall(sent)
        while piece := connection.recv(65536):
            received += piece
    counted = {name: shells(simulator, name)["windows"] for name in ("bytes_in", "bytes_out", "connections", "log_ons")}
    assert counted == {"bytes_in": len(sent), "bytes_out": len(received), "connections": 1, "log_ons": 0}
    with session(simulator, "windows", "http", "ntlm") as pool:
        cmdlet(pool, "Get-Service", Name="W3SVC").invoke()
    assert shells(simulator, "connections")["windows"] == 2
    assert shells(simulator, "log_ons")["windows"] == 1


@pytest.mark.parametrize("user", ["CONTOSO\\administrator", "administrator@contoso.test", "ADMINISTRATOR"])
@pytest.mark.parametrize(("protocol", "auth"), [("https", "basic"), ("http", "ntlm")])
def test_the_user_may_be_named_in_three_ways(simulator: SimulatorProcess, user: str, protocol: str, auth: str) -> None:
    with session(simulator, "windows", protocol, auth, username=user) as pool:
        assert len(cmdlet(pool, "Get-Service", Name="W3SVC").invoke()) == 1


@pytest.mark.parametrize(("protocol", "auth"), LOG_ONS)
@pytest.mark.parametrize("options", [{"password": "wrong"}, {"username": "nobody"}], ids=["password", "user"])
def test_a_wrong_log_on_is_refused(
    simulator: SimulatorProcess, protocol: str, auth: str, options: dict[str, str]
) -> None:
    with pytest.raises(AuthenticationError), session(simulator, "exchange", protocol, auth, **options):
        pass
    assert shells(simulator, "shells_opened") == {"exchange": 0, "windows": 0}


@pytest.mark.parametrize("endpoint", ["exchange", "windows"])
def test_basic_is_not_accepted_in_clear(simulator: SimulatorProcess, endpoint: str) -> None:
    with (
        pytest.raises(AuthenticationError),
        session(simulator, endpoint, "http", "basic", encryption="never"),
    ):
        pass


@pytest.mark.parametrize(
    ("turned_on", "http", "https"),
    [
        ({}, "Kerberos", "Kerberos"),
        (BASIC, "Kerberos", 'Kerberos, Basic realm="EX01.contoso.test"'),
        (NTLM, "Kerberos, Negotiate, NTLM", "Kerberos, Negotiate, NTLM"),
    ],
    ids=["as installed", "basic", "windows"],
)
def test_what_powershell_takes_beside_kerberos_is_turned_on(turned_on: dict[str, Any], http: str, https: str) -> None:
    with SimulatorProcess({"EX01": "SE"}, **turned_on) as process:
        server = process.description["servers"]["EX01"]
        proofs = {
            "Basic": base64.b64encode(f"administrator:{process.password}".encode()).decode(),
            # The first of NTLM's messages, which is answered with a challenge.
            "NTLM": "TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==",
            "Kerberos": "YIIBAA==",
        }
        for protocol, offered in (("http", http), ("https", https)):
            url = f"{protocol}://{server['address']}:{server[f'exchange_{protocol}']}/PowerShell/"
            with requests.Session() as client:
                client.trust_env, client.verify = False, process.description["ca"]
                assert client.post(url).headers["WWW-Authenticate"] == offered
                for scheme, proof in proofs.items():
                    answer = client.post(url, headers={"Authorization": f"{scheme} {proof}"})
                    if scheme == "Basic" and scheme in offered:
                        assert answer.status_code == 200
                    else:
                        assert answer.status_code == 401, scheme
                        challenged = answer.headers["WWW-Authenticate"] != offered
                        assert challenged == (scheme == "NTLM" and scheme in offered), scheme
        assert process.errors() == ""


def test_an_unencrypted_message_is_refused_over_plain_http(simulator: SimulatorProcess) -> None:
    with (
        pytest.raises(WinRMTransportError) as refused,
        session(simulator, "windows", "http", "ntlm", encryption="never"),
    ):
        pass
    assert refused.value.code == 500


def test_ntlm_over_tls_must_be_bound_to_the_channel(simulator: SimulatorProcess) -> None:
    with (
        pytest.raises(AuthenticationError),
        session(simulator, "windows", "https", "ntlm", negotiate_send_cbt=False),
    ):
        pass


def test_exchange_writes_the_boundary_with_a_space(simulator: SimulatorProcess) -> None:
    seen: list[bytes] = []
    for endpoint in CONFIGURATIONS:
        wsman = connect(simulator, endpoint, "http", "ntlm")
        with wsman, RunspacePool(wsman, configuration_name=CONFIGURATIONS[endpoint]):
            assert wsman.transport.session is not None
            wsman.transport.session.hooks["response"].append(lambda answer, **_: seen.append(answer.content[:22]))
    assert seen == [b"-- Encrypted Boundary\r", b"--Encrypted Boundary\r\n"]


def test_another_path_is_not_found(simulator: SimulatorProcess) -> None:
    with pytest.raises(WinRMTransportError) as missing, session(simulator, "exchange", path="Nowhere/"):
        pass
    assert missing.value.code == 404


def test_exchange_is_not_on_the_windows_endpoint(simulator: SimulatorProcess) -> None:
    wsman = connect(simulator, "windows")
    with pytest.raises(WSManFaultError) as fault:
        RunspacePool(wsman, configuration_name="Microsoft.Exchange").open()
    assert fault.value.code == 2150858811
    assert "was not found in the WS-Management catalog" in str(fault.value.reason)


@pytest.mark.parametrize(
    ("endpoint", "error_id", "category"),
    [("exchange", "ScriptsNotAllowed", 17), ("windows", "ScriptsNotSimulated", 11)],
)
def test_a_script_is_refused(simulator: SimulatorProcess, endpoint: str, error_id: str, category: int) -> None:
    with session(simulator, endpoint) as pool:
        shell = PowerShell(pool)
        shell.add_script("Get-PopSettings")
        assert shell.invoke() == []
        assert shell.state == PSInvocationState.FAILED
        (error,) = shell.streams.error
        assert (error.fq_error, error.category) == (error_id, category)
    assert [(one["cmdlet"], one["outcome"]) for one in simulator.log()] == [("(script)", error_id)]


def test_two_statements_share_a_pipeline(simulator: SimulatorProcess) -> None:
    with session(simulator, "windows") as pool:
        shell = cmdlet(pool, "Get-Service", Name="W3SVC")
        shell.add_statement()
        shell.add_cmdlet("Get-Service").add_parameter("Name", "WAS")
        assert names(shell.invoke()) == ["W3SVC", "WAS"]
    assert [entry["cmdlet"] for entry in simulator.log()] == ["Get-Service", "Get-Service"]


def test_input_may_be_piped(simulator: SimulatorProcess) -> None:
    with session(simulator, "windows") as pool:
        assert names(cmdlet(pool, "Get-Service").invoke(input=["W3SVC", "WAS"])) == ["W3SVC", "WAS"]


def test_an_error_may_come_with_output(simulator: SimulatorProcess) -> None:
    with session(simulator, "windows") as pool:
        shell = cmdlet(pool, "Get-Service", Name=["W3SVC", "NoSuchService"])
        assert names(shell.invoke()) == ["W3SVC"]
        assert shell.state == PSInvocationState.COMPLETED
        (error,) = shell.streams.error
        assert error.fq_error.startswith("NoServiceFoundForGivenName,")
        assert "NoSuchService" in str(error)


def test_a_terminating_error_fails_the_pipeline(simulator: SimulatorProcess) -> None:
    with session(simulator, "exchange") as pool:
        shell = cmdlet(pool, "Get-NoSuchThing")
        assert shell.invoke() == []
        assert shell.state == PSInvocationState.FAILED
        assert [error.fq_error for error in shell.streams.error] == ["CommandNotFoundException"]
        assert len(cmdlet(pool, "Get-PopSettings").invoke()) == 1


def test_a_warning_has_its_text(simulator: SimulatorProcess) -> None:
    with session(simulator, "exchange") as pool:
        shell = cmdlet(pool, "Set-PopSettings", Server="EX01", Banner="Hello")
        shell.invoke()
        (warning,) = shell.streams.warning
        assert str(warning) == warning.message != ""


def test_an_object_larger_than_an_envelope_arrives_whole(simulator: SimulatorProcess) -> None:
    with session(simulator, "windows") as pool:
        name = "x" * 600_000
        shell = cmdlet(pool, "Get-Service", Name=name)
        shell.invoke()
        assert name in str(shell.streams.error[0])


def test_calls_of_the_pool_are_answered(simulator: SimulatorProcess) -> None:
    with session(simulator, "windows", "http", "ntlm") as pool:
        pool.max_runspaces = 4
        assert pool.get_available_runspaces() == 4
        pool.reset_runspace_state()
        assert pool.is_alive()


def test_a_long_cmdlet_outlives_the_operation_timeout(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "slow", cmdlet="Get-PopSettings", seconds=3600)
    with session(simulator, "exchange") as pool:
        shell = cmdlet(pool, "Get-PopSettings")
        shell.begin_invoke()
        wanted = ElementTree.Element(f"{{{NAMESPACES['rsp']}}}Receive")
        ElementTree.SubElement(wanted, f"{{{NAMESPACES['rsp']}}}DesiredStream", CommandId=shell.id).text = "stdout"
        with pytest.raises(WSManFaultError) as fault:
            pool.connection.receive(pool.shell.resource_uri, wanted, selector_set=pool.shell._selector_set, timeout=1)
        assert fault.value.code == 2150858793
        shell.poll_invoke(timeout=1)
        assert (shell.state, shell.output) == (PSInvocationState.RUNNING, [])


def test_a_slow_cmdlet_can_be_stopped(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "slow", cmdlet="Get-PopSettings", seconds=3600)
    with session(simulator, "exchange") as pool:
        shell = cmdlet(pool, "Get-PopSettings")
        shell.begin_invoke()
        shell.stop()
        shell.close()
        simulator.fault("EX01", "none")
        assert len(cmdlet(pool, "Get-PopSettings").invoke()) == 1


def test_the_shell_limit_counts_per_endpoint(simulator: SimulatorProcess) -> None:
    with session(simulator, "exchange"), session(simulator, "exchange"), session(simulator, "exchange"):
        with pytest.raises(WSManFaultError) as fault, session(simulator, "exchange"):
            pass
        assert fault.value.code == 2150859173
        assert "maximum of 3 concurrent shells" in str(fault.value.reason)
        with session(simulator, "windows"):
            assert shells(simulator) == {"exchange": 3, "windows": 1}
    with session(simulator, "exchange"):
        pass
    simulator.fault("EX01", "shell_limit", limit=0)
    with pytest.raises(WSManFaultError) as fault, session(simulator, "windows"):
        pass
    assert fault.value.code == 2150859173


def test_an_idle_shell_is_removed(simulator: SimulatorProcess) -> None:
    pool = RunspacePool(connect(simulator, "windows"), idle_timeout=1)
    pool.open()
    assert shells(simulator, "shells_opened")["windows"] == 1
    wait_until(lambda: shells(simulator)["windows"] == 0)
    with pytest.raises(WSManFaultError) as fault:
        cmdlet(pool, "Get-Service").invoke()
    assert fault.value.code == 2150858843


@pytest.mark.parametrize("auth", [("https", "basic"), ("http", "ntlm")])
def test_a_lost_shell_is_unknown(simulator: SimulatorProcess, auth: tuple[str, str]) -> None:
    pool = RunspacePool(connect(simulator, "exchange", *auth), configuration_name=CONFIGURATIONS["exchange"])
    pool.open()
    simulator.fault("EX01", "lose_shells")
    assert shells(simulator) == {"exchange": 0, "windows": 0}
    with pytest.raises(WSManFaultError) as fault:
        cmdlet(pool, "Get-PopSettings").invoke()
    assert fault.value.code == 2150858843
    assert pool.is_alive() is False


def test_an_idle_connection_is_closed_but_not_its_shell(simulator: SimulatorProcess) -> None:
    with session(simulator, "exchange") as pool:
        assert len(cmdlet(pool, "Get-PopSettings").invoke()) == 1
        simulator.fault("EX01", "idle_connections")
        assert len(cmdlet(pool, "Get-PopSettings").invoke()) == 1
        assert shells(simulator, "shells_opened")["exchange"] == 1
    # NTLM with message encryption proves the connection: on a new one the old key opens nothing.
    pool = RunspacePool(connect(simulator, "exchange", "http", "ntlm"), configuration_name=CONFIGURATIONS["exchange"])
    pool.open()
    simulator.fault("EX01", "idle_connections")
    with pytest.raises(WinRMTransportError):
        cmdlet(pool, "Get-PopSettings").invoke()
    assert shells(simulator)["exchange"] == 1


def test_restarting_iis_drops_the_exchange_shells_only(simulator: SimulatorProcess) -> None:
    with session(simulator, "windows") as windows:
        exchange = RunspacePool(connect(simulator, "exchange"), configuration_name=CONFIGURATIONS["exchange"])
        exchange.open()
        cmdlet(windows, "Stop-Service", Name="W3SVC", Force=True).invoke()
        assert shells(simulator) == {"exchange": 0, "windows": 1}
        with pytest.raises(WinRMTransportError) as unavailable, session(simulator, "exchange"):
            pass
        assert unavailable.value.code == 503
        cmdlet(windows, "Start-Service", Name="W3SVC").invoke()
        with pytest.raises(WSManFaultError) as fault:
            cmdlet(exchange, "Get-PopSettings").invoke()
        assert fault.value.code == 2150858843
        with session(simulator, "exchange") as again:
            assert len(cmdlet(again, "Get-PopSettings").invoke()) == 1


@pytest.mark.parametrize("auth", [("https", "basic"), ("http", "ntlm")])
def test_a_dropped_command_was_executed_once(simulator: SimulatorProcess, auth: tuple[str, str]) -> None:
    simulator.fault("EX01", "drop_after_command", cmdlet="Set-PopSettings")
    pool = RunspacePool(connect(simulator, "exchange", *auth), configuration_name=CONFIGURATIONS["exchange"])
    pool.open()
    with pytest.raises(requests.ConnectionError):
        cmdlet(pool, "Set-PopSettings", Server="EX01", Banner="Written").invoke()
    assert [entry["cmdlet"] for entry in simulator.log()] == ["Set-PopSettings"]
    with session(simulator, "exchange", *auth) as again:
        cmdlet(again, "Set-PopSettings", Server="EX01", Banner="Again").invoke()
    assert [entry["cmdlet"] for entry in simulator.log()] == ["Set-PopSettings"] * 2


class HeldPipeline:
    """A pool without a network, with a pipeline that was started and whose cmdlet has not yet answered."""

    def __init__(self) -> None:
        self.client = ClientRunspacePool()
        self.client.open()
        self.pool = Pool(self._sent(), lambda statements, _: Result(output=["done"]))
        self._receive(None)
        shell = ClientPowerShell(self.client)
        shell.add_command("Get-PopSettings")
        shell.start()
        self.id = shell.pipeline_id
        self.shell = shell
        pipeline = self.pool.command(self.id, self._sent())
        assert pipeline is not None
        self.pipeline = pipeline

    def receive(self, *, connected: bool = True) -> list[Any]:
        return self._receive(self.id, connected=connected)

    def _sent(self) -> bytes:
        payload = self.client.data_to_send()
        assert payload is not None
        return payload.data

    def _receive(self, target: uuid.UUID | None, *, connected: bool = True) -> list[Any]:
        received = self.pool.receive(target, timeout=0, room=100_000, is_connected=lambda: connected)
        events = []
        for chunk in received.chunks if received else []:
            self.client.receive_data(PSRPPayload(chunk, StreamType.default, target))
            while (event := self.client.next_event()) is not None:
                events.append(event)
        return events


def test_an_answer_is_kept_for_the_client_that_comes_back() -> None:
    held = HeldPipeline()
    assert held.receive() == []
    held.pipeline.run()
    with pytest.raises(ClientGone):
        held.receive(connected=False)
    assert [event.data for event in held.receive() if isinstance(event, PipelineOutputEvent)] == ["done"]


def test_whoever_waits_for_a_lost_shell_sees_a_stopped_pipeline() -> None:
    held = HeldPipeline()
    held.pool.close()
    (event,) = held.receive()
    assert isinstance(event, PipelineStateEvent)
    assert event.state == PSInvocationStateEnum.Stopped
    assert held.pipeline.released.is_set()
    held.pipeline.run()
    assert held.receive() == []
    with pytest.raises(NotFound):
        held.pool.send(None, b"")


def test_reset_is_the_state_at_start(simulator: SimulatorProcess) -> None:
    before = simulator.state()
    RunspacePool(connect(simulator, "windows")).open()
    simulator.fault("EX01", "shell_limit", limit=0)
    simulator.reset()
    assert simulator.state()["servers"]["EX01"]["shells_opened"] == {"exchange": 0, "windows": 0}
    assert before["servers"].keys() == simulator.state()["servers"].keys()
    with session(simulator, "windows"):
        pass


def test_another_administrator_is_not_logged(simulator: SimulatorProcess) -> None:
    answer = simulator.run("EX01", "Set-PopSettings", {"Server": "EX01", "Banner": "Behind your back"})
    assert answer["errors"] == []
    assert simulator.log() == []
    (settings,) = simulator.run("EX01", "Get-PopSettings", {"Server": "EX01"})["output"]
    assert settings["Banner"] == "Behind your back"
    assert simulator.run("EX01", "Get-NoSuchThing")["errors"][0]["id"] == "CommandNotFoundException"


def test_the_control_channel_refuses_nonsense(simulator: SimulatorProcess) -> None:
    with pytest.raises(SimulatorFailed, match="no server EX99"):
        simulator.fault("EX99", "lose_shells")
    with pytest.raises(SimulatorFailed):
        simulator.fault("EX01", "no such fault")
    request = urllib.request.Request(simulator.description["control"] + "/nowhere")  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(request, timeout=30)  # noqa: S310
    missing.value.close()
    assert missing.value.code == 404


def malformed() -> list[tuple[str, bytes]]:
    envelope = (
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        b'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Header>'
        b"<a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/%s</a:Action></s:Header><s:Body/></s:Envelope>"
    )
    return [
        ("no XML", b"\x00nonsense"),
        ("no body", b"<a/>"),
        ("no action", envelope % b""),
        ("odd", envelope % b"Pull"),
    ]


@pytest.mark.parametrize("body", [body for _, body in malformed()], ids=[name for name, _ in malformed()])
def test_nonsense_is_answered(simulator: SimulatorProcess, body: bytes) -> None:
    server = simulator.description["servers"]["EX01"]
    answer = requests.post(
        f"https://{server['address']}:{server['windows_https']}/wsman",
        data=body,
        auth=("administrator", simulator.password),
        verify=simulator.description["ca"],
        timeout=30,
    )
    assert answer.status_code in (400, 500)


def test_the_password_is_nowhere(simulator: SimulatorProcess) -> None:
    with session(simulator, "exchange", "http", "ntlm") as pool:
        cmdlet(pool, "Get-PopSettings").invoke()
    secrets = [text.encode() for text in (PASSWORD, base64.b64encode(f"administrator:{PASSWORD}".encode()).decode())]
    files = [file for file in simulator.directory.rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert not any(secret in file.read_bytes() for secret in secrets), file
    assert (simulator.directory / "ntlm_users").stat().st_mode & 0o777 == 0o600
    command_line = Path(f"/proc/{simulator.description['pid']}/cmdline").read_bytes()
    assert not any(secret in command_line for secret in secrets)
    assert simulator.errors() == ""


def _stop(process: SimulatorProcess) -> None:
    process.stop()


def _terminate(process: SimulatorProcess) -> None:
    os.kill(process.description["pid"], signal.SIGTERM)


@pytest.mark.parametrize("end", [_stop, _terminate], ids=["input closed", "SIGTERM"])
def test_the_end_is_clean_while_a_client_waits(tmp_path: Path, end: Callable[[SimulatorProcess], None]) -> None:
    process = SimulatorProcess(directory=tmp_path, **BASIC).start()
    process.fault("EX01", "slow", cmdlet="Get-PopSettings", seconds=3600)
    pool = RunspacePool(connect(process, "exchange"), configuration_name=CONFIGURATIONS["exchange"])
    pool.open()
    cmdlet(pool, "Get-PopSettings").begin_invoke()
    running = process._process
    assert running is not None
    end(process)
    assert running.wait(15) == 0
    process.stop()
    assert process.errors() == ""
    assert not (tmp_path / "ntlm_users").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--server", "EX01:2003"], "EX01:2003 is not NAME:VERSION"),
        (["--server", "EX01:SE", "--address", "10.0.0.1"], "10.0.0.1 is not a loopback address"),
        (["--server", "EX01:SE", "--nonsense"], "unrecognized arguments: --nonsense"),
        ([], "the following arguments are required: --server"),
    ],
)
def test_a_bad_option_is_one_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = start_alone([*arguments, "--directory", str(tmp_path)])
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_taken_port_and_a_missing_password_are_one_sentence(simulator: SimulatorProcess, tmp_path: Path) -> None:
    address = simulator.description["servers"]["EX01"]["address"]
    taken = start_alone(["--server", "EX01:SE", "--address", address, "--directory", str(tmp_path)])
    assert (taken.returncode, taken.stderr.count("\n")) == (2, 1)
    assert "already in use" in taken.stderr
    assert address in taken.stderr
    assert not (tmp_path / "ntlm_users").exists()
    missing = start_alone(["--server", "EX01:SE", "--directory", str(tmp_path)], password="")
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert "EXCHANGE_SIMULATOR_PASSWORD" in missing.stderr


def start_alone(arguments: list[str], password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exchange_simulator", *arguments],
        env={**os.environ, "PYTHONPATH": str(SIMULATOR), "EXCHANGE_SIMULATOR_PASSWORD": password},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_description_is_also_a_file(simulator: SimulatorProcess) -> None:
    assert json.loads((simulator.directory / "simulator.json").read_text()) == simulator.description
