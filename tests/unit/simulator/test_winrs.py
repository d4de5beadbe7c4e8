"""The WinRM shell as stock pywinrm meets it: processes, streams, exit codes, limits."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
import requests
from psrpcore.types import deserialize_clixml
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import WSMan
from simulator_process import BASIC, SimulatorFailed, SimulatorProcess
from winrm.exceptions import WinRMOperationTimeoutError, WSManFaultError
from winrs_client import BOOTSTRAP, SWITCHES, powershell, protocol, script, start


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess(shell_limit=2, **BASIC) as process:
        yield process


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    process.reset()
    return process


def shells(simulator: SimulatorProcess, counter: str = "shells_open") -> int:
    return int(simulator.state()["servers"]["EX01"][counter]["windows"])


@pytest.mark.parametrize("how", [{}, {"transport": "ntlm"}])
def test_one_process_runs_pipeline_after_pipeline(simulator: SimulatorProcess, how: dict[str, str]) -> None:
    with powershell(simulator, **how) as shell:
        for name in ("W3SVC", "WAS"):
            answer = shell.run(f"Get-Service -Name:'{name}'")
            assert (answer.state, answer.error, answer.warning, answer.stderr) == ("completed", [], [], "")
            (service,) = answer.output
            assert service.startswith(
                '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
            )
            assert deserialize_clixml(service, None)[0].ServiceName == name
        assert shells(simulator) == 1
    assert (shells(simulator), shells(simulator, "shells_opened")) == (0, 1)
    assert [(one["endpoint"], one["user"], one["cmdlet"]) for one in simulator.log()] == [
        ("windows", "administrator", "Get-Service")
    ] * 2


def test_waiting_ends_with_the_operation_timeout(simulator: SimulatorProcess) -> None:
    with powershell(simulator, operation_timeout_sec=1) as shell:
        with pytest.raises(WinRMOperationTimeoutError):
            shell.protocol.get_command_output_raw(shell.shell, shell.identity)
        assert shell.run("Get-Service -Name:'WAS'").state == "completed"


def test_the_end_of_input_ends_the_process(simulator: SimulatorProcess) -> None:
    with powershell(simulator) as shell:
        shell.send(script("Get-Service -Name:'WAS'"), end=True)
        assert shell.read().state == "completed"
        assert shell.read().exit_code == 0
        with pytest.raises(WSManFaultError) as fault:
            shell.send("'late'")
        assert fault.value.wsman_fault_code == 2150858843


def test_a_signal_ends_the_process_and_not_the_shell(simulator: SimulatorProcess) -> None:
    with powershell(simulator) as shell:
        shell.protocol.cleanup_command(shell.shell, shell.identity)
        with pytest.raises(WSManFaultError):
            shell.read()
        assert start(shell.protocol, shell.shell).run("Get-Service -Name:'WAS'").state == "completed"


def test_lost_shells_are_unknown(simulator: SimulatorProcess) -> None:
    client = protocol(simulator)
    shell = start(client, client.open_shell(codepage=65001))
    simulator.fault("EX01", "lose_shells")
    assert shells(simulator) == 0
    with pytest.raises(WSManFaultError) as fault:
        shell.send("'lost'")
    assert fault.value.wsman_fault_code == 2150858843


def test_its_shells_and_those_of_remoting_have_one_limit(simulator: SimulatorProcess) -> None:
    told = simulator.description["servers"]["EX01"]
    wsman = WSMan(
        told["address"],
        port=told["windows_https"],
        auth="basic",
        username="administrator",
        password=simulator.password,
        cert_validation=simulator.description["ca"],
        no_proxy=True,
    )
    with wsman, RunspacePool(wsman), powershell(simulator):
        assert shells(simulator) == 2
        with pytest.raises(WSManFaultError) as fault:
            protocol(simulator).open_shell()
        assert fault.value.wsman_fault_code == 2150859173


def test_the_exchange_endpoint_has_no_such_shell(simulator: SimulatorProcess) -> None:
    told = simulator.description["servers"]["EX01"]
    client = protocol(simulator, endpoint=f"https://{told['address']}:{told['exchange_https']}/PowerShell/")
    with pytest.raises(WSManFaultError) as fault:
        client.open_shell()
    assert fault.value.wsman_fault_code == 2150858811


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("ipconfig", ["/all"], "'ipconfig' is not recognized"),
        ("powershell.exe", ["-Command", "Get-Service"], "NotSimulated"),
        ("powershell.exe", [*SWITCHES], "NotSimulated"),
        ("powershell.exe", ["-ExecutionPolicy", "-EncodedCommand", "QQA="], "NotSimulated"),
        ("powershell.exe", ["-EncodedCommand", "%"], "not valid"),
        ("powershell.exe", ["-EncodedCommand", "RwBlAHQALQBTAGUAcgB2AGkAYwBlAA=="], "NotSimulated"),
        (
            "powershell.exe",
            ["-EncodedCommand", base64.b64encode("process {".encode("utf-16-le")).decode()],
            "ParserError",
        ),
    ],
)
def test_other_command_lines_are_refused(
    simulator: SimulatorProcess, command: str, arguments: list[str], said: str
) -> None:
    client = protocol(simulator)
    shell = client.open_shell()
    stdout, stderr, code = client.get_command_output(shell, client.run_command(shell, command, arguments))
    client.close_shell(shell)
    assert (stdout, code) == (b"", 1)
    assert said in stderr.decode()
    assert simulator.log() == []


@pytest.mark.parametrize(("longest", "skip"), [(8191, False), (32767, True)])
def test_a_command_line_has_a_limit(simulator: SimulatorProcess, longest: int, skip: bool) -> None:
    padding = longest - len("powershell.exe -EncodedCommand ")
    client = protocol(simulator)
    shell = client.open_shell()
    for excess in (0, 1):
        text = "A" * (padding + excess)
        command = client.run_command(shell, "powershell.exe", ["-EncodedCommand", text], skip_cmd_shell=skip)
        _, stderr, code = client.get_command_output(shell, command)
        assert code == 1
        assert (stderr == b"The command line is too long.\r\n") == bool(excess)
    client.close_shell(shell)


@pytest.mark.parametrize("skip", [False, True])
def test_cmd_may_be_left_out(simulator: SimulatorProcess, skip: bool) -> None:
    client = protocol(simulator)
    shell = client.open_shell()
    encoded = base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode()
    command = client.run_command(shell, "POWERSHELL", ["-encodedcommand", encoded], skip_cmd_shell=skip)
    client.send_command_input(shell, command, b"", end=True)
    assert client.get_command_output(shell, command) == (b"", b"", 0)
    client.close_shell(shell)


def test_a_slow_cmdlet_keeps_its_answer_back(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "slow", cmdlet="Get-Service", seconds=3600)
    with powershell(simulator, operation_timeout_sec=1) as shell:
        shell.send(script("Get-Service -Name:'WAS'"))
        with pytest.raises(WinRMOperationTimeoutError):
            shell.protocol.get_command_output_raw(shell.shell, shell.identity)
        assert [one["cmdlet"] for one in simulator.log()] == ["Get-Service"]


@pytest.mark.parametrize(("kind", "ran"), [("drop_before_command", 0), ("drop_after_command", 1)])
def test_a_dropped_line_was_run_or_not(simulator: SimulatorProcess, kind: str, ran: int) -> None:
    simulator.fault("EX01", kind, cmdlet="Get-Service")
    with powershell(simulator) as shell:
        with pytest.raises(requests.ConnectionError):
            shell.send(script("Get-Service -Name:'WAS'"))
        assert len(simulator.log()) == ran
        if ran:
            assert shell.read().state == "completed"
        assert shell.run("Get-Service -Name:'W3SVC'").state == "completed"
    assert len(simulator.log()) == ran + 1


def test_output_larger_than_an_envelope_arrives_whole(simulator: SimulatorProcess) -> None:
    name = "x" * 60_000
    with powershell(simulator) as shell:
        answer = shell.run(f"Get-Service -Name:'{name}'")
        assert (answer.state, len(answer.error)) == ("completed", 1)
        assert name in answer.error[0]


def test_whoever_waits_in_a_lost_shell_sees_the_process_end(simulator: SimulatorProcess) -> None:
    client = protocol(simulator)
    shell = start(client, client.open_shell(codepage=65001))
    simulator.fault("EX01", "lose_shells_while_receiving", cmdlet="Get-Service")
    shell.send(script("Get-Service -Name:'WAS'"))
    answer = shell.read()
    assert (answer.state, answer.output, answer.exit_code) == (None, [], 1)
    assert shells(simulator) == 0
    assert len(simulator.log()) == 1


def test_an_answer_is_kept_for_the_client_that_comes_back(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "drop_while_receiving", cmdlet="Get-Service")
    with powershell(simulator) as shell:
        shell.send(script("Get-Service -Name:'WAS'"))
        with pytest.raises(requests.ConnectionError):
            shell.read()
        assert shell.read().state == "completed"


def test_a_process_says_more_than_its_answers(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "chatter", cmdlet="Get-Service", text="end \u00fc")
    simulator.fault("EX01", "chatter", cmdlet="Get-Service", text="Mind.", stream="stderr")
    with powershell(simulator) as shell:
        shell.send(script("Get-Service -Name:'WAS'"), end=True)
        stdout, stderr, ended = b"", b"", False
        while not ended:
            more, errors, _, ended = shell.protocol.get_command_output_raw(shell.shell, shell.identity)
            stdout, stderr = stdout + more, stderr + errors
    # Before, between and after the lines, and without an end of line of its own.
    output, end, after = stdout.decode().split("\r\n")
    assert (output.partition(" PE9")[0], end, after) == ("end \u00fcoutput", "end \u00fcend completed", "end \u00fc")
    assert stderr == 3 * b"Mind."


def test_a_chatter_without_words_is_refused(simulator: SimulatorProcess) -> None:
    with pytest.raises(SimulatorFailed, match="needs a text"):
        simulator.fault("EX01", "chatter", cmdlet="Get-Service")
