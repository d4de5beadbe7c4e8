"""The text that is sent over the WinRM shell, run by the simulated PowerShell: what each answer comes to."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from psrpcore.types import ErrorCategory, ErrorRecord, PSCustomObject, PSObject
from winrm.exceptions import WinRMOperationTimeoutError

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import powershell
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.winrs import WinrsShell
from exchange_simulator import errors
from exchange_simulator import powershell as simulated
from exchange_simulator.engine import Command, Result, Runspace
from exchange_simulator.errors import Failure
from exchange_simulator.powershell import Process

MISSING = ("Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException", *errors.EXCHANGE)
ASKED = ("System.Management.Automation.Host.HostException", "System.Management.Automation.RuntimeException")


class Protocol:
    """What pywinrm's does over the wire, with a simulated process."""

    operation_timeout_sec = 20

    def __init__(self, result: Result, release: int) -> None:
        self.transport = SimpleNamespace()
        self._result, self._release = result, release
        self.ran: list[tuple[list[Command], list[Any]]] = []
        self._said: deque[bytes] = deque()

    def open_shell_as(self, _shell: str) -> None:
        """There is nothing to open."""

    def run_command(self, *_: Any) -> str:
        self._process = Process(
            powershell.BOOTSTRAP, self._perform, Runspace(), self._release, out=self._say, err=self._fail
        )
        return "process"

    def send_command_input(self, _shell: str, _process: str, data: bytes) -> None:
        self._process.take(data.decode().removesuffix("\n"))

    def get_command_output_raw(self, *_: str) -> tuple[bytes, bytes, int, bool]:
        if not self._said:
            raise WinRMOperationTimeoutError
        return self._said.popleft(), b"", 0, False

    def _say(self, line: str) -> None:
        self._said.append(f"{line}\r\n".encode())

    def _fail(self, line: str) -> None:
        raise AssertionError(line)

    def _perform(self, statements: Sequence[Sequence[Command]], piped: Sequence[Any]) -> Result:
        (commands,) = statements
        self.ran.append(([*commands], [*piped]))
        return self._result


class Shell(WinrsShell):
    """A shell whose cmdlets all answer the same."""

    def __init__(self, result: Result, release: int = 5) -> None:
        self.process = Protocol(result, release)
        endpoint = Endpoint("", "https", 5986, "wsman", "auto", "WSMAN")
        settings = Settings("ex01", "ex01", "user", "secret", "basic", windows=endpoint, exchange=endpoint)
        super().__init__(settings, deque(maxlen=20))
        self.open()

    def _log_on(self) -> Any:
        return self.process

    def ask(self, *, write: bool = False, **parameters: Any) -> Reply:
        return self.run(Request("exchange", "Get-X", parameters, write=write), 60)


def reply_to(*output: Any, write: bool = False, **others: Any) -> Reply:
    return Shell(Result([*output], **others)).ask(write=write)


def record(message: str, *, target: str | None = None, types: tuple[str, ...] = MISSING, **others: Any) -> ErrorRecord:
    failure = Failure("Id,Class", message, ErrorCategory.InvalidArgument, types, target=target, **others)
    return errors.record(failure, "Get-X")


def error(message: str, **others: Any) -> CmdletError:
    return CmdletError("Id,Class", "InvalidArgument", MISSING[0], message, **{"cmdlet": "Get-X"} | others)


def person(**members: Any) -> PSObject:
    return PSCustomObject(PSTypeName="Person", **members)


def test_what_was_asked_is_what_runs() -> None:
    shell = Shell(Result())
    parameters = {"Name": "it's \ufffe", "Add": {"add": ["x"], "remove": None}, "Force": True}
    shell.run(Request("exchange", "Set-X", parameters, piped=["a", "b"]), 60)
    assert shell.process.ran == [([Command("Set-X", tuple(parameters.items()))], ["a", "b"])]


def test_answers_come_with_their_errors_and_warnings() -> None:
    found = Result(["a", None, 5, ["b"]], [record("one", target="a"), record("two", parameter="Name")], ["Mind."])
    assert Shell(found).ask() == Reply(
        output=["a", None, 5, ["b"]],
        errors=[error("one", target="a"), error("two", parameter="Name")],
        warnings=["Mind."],
    )


def test_what_ends_a_pipeline_is_one_error_after_all_others() -> None:
    found = Result(["a"], [record("one")], ["Mind."], terminating=record("the end"))
    expected = Reply("failed", output=["a"], errors=[error("one"), error("the end")], warnings=["Mind."])
    assert Shell(found).ask() == expected


@pytest.mark.parametrize("sign", ["\ufffe", "\uffff"])
def test_characters_that_xml_has_not_are_replaced(sign: str) -> None:
    text, read = f"a{sign}b", "a\ufffdb"
    found = Result(
        [text, person(Name=text, Number=5), "after"],
        [record(text, target=text)],
        [text],
        terminating=record("the end"),
    )
    (string, one, after), reply = Shell(found).ask().output, Shell(found).ask()
    assert (string, one["Name"], one["Number"], after) == (read, read, 5, "after")
    assert reply.errors == [error(read, target=read), error("the end")]
    # Nothing is missing.
    assert reply.warnings == [read]


def test_of_what_is_no_text_the_text_is_left_and_the_answer_says_so() -> None:
    inner = PSObject()
    inner.PSObject.type_names = ["Inner"]
    inner.Name = "\ufffe"
    inner.PSObject.to_string = "ou/\ufffe"
    reply = reply_to(*[person(Id=inner, Names=["x", "\uffff"], Good="good")] * 2)
    assert reply.state == "completed"
    told = [(one["Id"], one["Names"], one["Good"]) for one in reply.output]
    assert told == [("ou/\ufffd", ["x", "\ufffd"], "good")] * 2
    assert reply.warnings == [
        "Get-X returned something that PowerShell on ex01 cannot write as CLIXML (U+FFFE or U+FFFF is in it); of Id, "
        "Names only "
        "the text could be read."
    ]


@pytest.mark.parametrize(("write", "state"), [(False, "failed"), (True, "unknown")])
def test_what_cannot_be_put_out_did_run(monkeypatch: pytest.MonkeyPatch, *, write: bool, state: str) -> None:
    """A read fails with what is so; what a write came to is then looked at."""

    def refuse(value: Any) -> str:
        raise simulated._exception("Serialize", "System.InvalidOperationException", "Not this one.")

    monkeypatch.setattr(simulated, "serialized", refuse)
    reply = reply_to(person(Name="a"), write=write)
    assert (reply.state, reply.output) == (state, [])
    assert reply.reason == (
        "Get-X ran on ex01, but PowerShell could not return its output: Exception calling "
        '"Serialize" with "1" argument(s): "Not this one.".'
    )


def test_powershell_2_runs_nothing_and_is_told_so() -> None:
    shell = Shell(Result(["a"]), release=2)
    reply = shell.ask(write=True)
    assert shell.process.ran == []
    assert reply == Reply(
        "failed",
        reason="PowerShell on ex01 could not read what was sent, because this requires version 3 or newer; use "
        "ansible_exchange_transport: psrp",
    )


def test_a_question_to_nobody_has_one_sentence() -> None:
    asked = Failure("HostFunctionNotImplemented,Class", "Sure?", ErrorCategory.NotImplemented, ASKED)
    (error,) = reply_to(terminating=errors.record(asked, "Get-X")).errors
    # Over psrp the same error has another id.
    for one in (error, CmdletError("HostFunctionNotImplemented,Class"), CmdletError("HostException,Get-X")):
        assert one.sentence("Get-X") == "Get-X asks for input or a confirmation, and nobody can answer it."
    assert error.id == "InvalidOperation,Class"
