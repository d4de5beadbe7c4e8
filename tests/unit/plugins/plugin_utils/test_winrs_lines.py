"""The lines of a process in the WinRM shell: which of them answer, and what becomes of the others."""

from __future__ import annotations

import base64
from collections import deque
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from winrm.exceptions import WinRMOperationTimeoutError

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import powershell, winrs
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Interrupted, Overdue

OTHER = "0123456789abcdef0123456789abcdef"


def value(text: bytes) -> bytes:
    return base64.b64encode(b'<Objs xmlns="x"><S>%s</S></Objs>' % text)


class Process:
    """Says the same to each request, with its id in the place of <id>; then it is silent, or ends."""

    operation_timeout_sec = 20

    def __init__(self, output: bytes, errors: bytes = b"", *, size: int = 100_000, ends: bool = False) -> None:
        self.transport = SimpleNamespace()
        self._output, self._errors, self._size, self._ends = output, errors, size, ends

    def open_shell_as(self, _shell: str) -> None:
        """There is nothing to open."""

    def run_command(self, *_: Any) -> str:
        return "process"

    def send_command_input(self, _shell: str, _process: str, data: bytes) -> None:
        self.request = data.split()[0]
        output = self._output.replace(b"<id>", self.request)
        self._waiting = [
            *((b"", piece) for piece in self._pieces(self._errors)),
            *((piece, b"") for piece in self._pieces(output)),
        ]

    def _pieces(self, data: bytes) -> list[bytes]:
        return [data[start : start + self._size] for start in range(0, len(data), self._size)]

    def get_command_output_raw(self, *_: str) -> tuple[bytes, bytes, int, bool]:
        if not self._waiting and not self._ends:
            raise WinRMOperationTimeoutError
        return *(self._waiting.pop(0) if self._waiting else (b"", b"")), 0, not self._waiting and self._ends


class Shell(winrs.WinrsShell):
    """The shell of one process."""

    def __init__(self, process: Process) -> None:
        self._local = process
        endpoint = Endpoint("", "https", 5986, "wsman", "auto", "WSMAN")
        settings = Settings("ex01", "ex01", "user", "secret", "basic", windows=endpoint, exchange=endpoint)
        super().__init__(settings, deque(maxlen=20))
        self.open()

    def _log_on(self) -> Any:
        return self._local

    @property
    def heard(self) -> list[str]:
        return [text.replace(self._local.request.decode(), "<id>") for text in self._said]

    def ask(self) -> Reply:
        return self.run(Request("windows", "Get-X"), 60)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock takes a second."""
    monkeypatch.setattr(winrs, "time", SimpleNamespace(monotonic=count().__next__))


ANSWER = b"<id> output " + value(b"mine") + b"\r\n<id> end completed\r\n"


@pytest.mark.parametrize(
    ("output", "heard"),
    [
        (ANSWER, []),
        (ANSWER.replace(b"\r", b""), []),
        (b"\xef\xbb\xbf" + ANSWER, []),
        (b"[Y] " + ANSWER, ["[Y]"]),
        (b"\x81\xff\n" + ANSWER, ["\ufffd\ufffd"]),
        (b"end completed\r\n" + ANSWER, ["end completed"]),
        (b"<id>\n<id> <id> end\n" + ANSWER, ["<id>", "<id> <id> end"]),
        (f"{OTHER} output ?\n{OTHER} end failed\n".encode() + ANSWER, [f"{OTHER} output ?", f"{OTHER} end failed"]),
        (b"a\x1b[31m\xe2\x80\xaeb\r\n" + ANSWER, ["a [31m b"]),
        (ANSWER + b"afterwards\r\n", ["afterwards"]),
        (b"x" * 5000 + b"\n" + ANSWER, ["x" * winrs.LONGEST_LINE]),
        (b"".join(b"%d\n" % number for number in range(25)) + ANSWER, [str(number) for number in range(5, 25)]),
    ],
)
@pytest.mark.parametrize("size", [100, 100_000])
def test_only_lines_with_its_id_answer_a_request(output: bytes, heard: list[str], size: int) -> None:
    shell = Shell(Process(output, size=size))
    for _ in range(3):
        shell._said.clear()
        reply = shell.ask()
        assert (reply.state, reply.output) == ("completed", ["mine"])
    assert shell.heard == heard


def test_a_cmdlet_that_leaves_takes_its_process_with_it() -> None:
    shell = Shell(Process(ANSWER.replace(b"completed", b"left")))
    reply = shell.ask()
    assert (reply.state, reply.output, shell.usable) == ("completed", ["mine"], False)
    assert shell.heard == ["Get-X ended the script that it ran in."]


LOST = b"<id> lost " + base64.b64encode("Nicht \u00fcbertragbar.".encode()) + b"\r\n"


@pytest.mark.parametrize("state", ["completed", "failed", "left"])
@pytest.mark.parametrize(("write", "expected"), [(False, "failed"), (True, "unknown")])
def test_what_could_not_be_put_out_is_told(state: str, expected: str, *, write: bool) -> None:
    shell = Shell(Process(LOST + ANSWER.replace(b"completed", state.encode())))
    reply = shell.run(Request("windows", "Set-X", write=write), 60)
    assert (reply.state, reply.output) == (expected, ["mine"])
    told = "Set-X ran on ex01, but PowerShell could not return its output: Nicht \u00fcbertragbar."
    assert reply.reason == told
    assert shell.usable is (state != "left")


def error(*texts: bytes) -> bytes:
    told = b"".join(b"<S>%b</S>" % text for text in texts)
    return b"<id> error " + base64.b64encode(b"<Objs><Obj><LST>%b</LST></Obj></Objs>" % told) + b"\n"


# The last one came with a process of PowerShell 7.6, as did the blank before the parameter's name.
ERROR = error(b"Id,X", b"InvalidArgument", b"System.X", b"No.\n", b"", b"", b" Name", b"System.Management.Automation")


def test_an_error_is_what_it_is_over_psrp() -> None:
    expected = CmdletError("Id,X", "InvalidArgument", "System.X", "No.", cmdlet="Get-X", parameter="Name")
    assert Shell(Process(ERROR + ANSWER)).ask().errors == [expected]


def test_an_error_beside_it_is_what_a_write_came_to() -> None:
    reply = Shell(Process(LOST + ERROR + ANSWER)).run(Request("windows", "Set-X", write=True), 60)
    assert (reply.state, [one.id for one in reply.errors]) == ("failed", ["Id,X"])


def test_what_could_not_be_read_did_not_run() -> None:
    shell = Shell(Process(LOST + b"<id> end unread\r\n"))
    assert shell.run(Request("windows", "Set-X", write=True), 60) == Reply(
        "failed",
        reason="PowerShell on ex01 could not read what was sent, because this requires version 3 or newer; use "
        "ansible_exchange_transport: psrp",
    )
    assert shell.heard == ["Nicht \u00fcbertragbar."]


@pytest.mark.parametrize(
    "said", [b"<S>x</S>", b"<Obj><LST><S>x</S></LST></Obj>", b"<Obj><LST>" + b"<S>x</S>" * 9 + b"</LST></Obj>"]
)
def test_an_error_that_is_none_is_no_answer(said: bytes) -> None:
    line = b"<id> error " + base64.b64encode(b"<Objs>%b</Objs>" % said) + b"\n"
    with pytest.raises(Interrupted, match="an error was returned that is not valid"):
        Shell(Process(line + ANSWER)).ask()


def test_what_is_left_over_is_heard_with_the_next_request() -> None:
    shell = Shell(Process(ANSWER + b"Continue? [Y] "))
    assert (shell.ask().output, shell.heard) == (["mine"], [])
    assert (shell.ask().output, shell.heard) == (["mine"], ["Continue? [Y]"])


@pytest.mark.parametrize("line", [b"<id> output PE\xff9ianM+\n", b"<id> end comp leted\n", b"<id> output What if\n"])
def test_a_line_that_something_was_written_into_is_no_answer(line: bytes) -> None:
    with pytest.raises(Interrupted, match="something else was written into a line of the answer"):
        Shell(Process(line + ANSWER)).ask()


def test_talking_is_no_sign_of_life() -> None:
    shell = Shell(Process(b"Working...\n" * 100 + b"Your name? ", size=11))
    with pytest.raises(Overdue, match=r"^Get-X did not answer on ex01 within 60 seconds\.$"):
        shell.ask()
    assert set(shell.heard) == {"Working..."}


def test_objects_are_a_sign_of_life() -> None:
    line = b"<id> output " + value(b"mine") + b"\r\n"
    assert len(Shell(Process(100 * line + ANSWER, size=len(line))).ask().output) == 101


def test_a_question_that_nobody_answers_is_heard() -> None:
    shell = Shell(Process(b"Your name? "))
    with pytest.raises(Overdue):
        shell.ask()
    assert shell.heard == ["Your name?"]


def test_endless_talk_is_given_up() -> None:
    shell = Shell(Process(b""))

    def receive(*_: Any) -> tuple[bytes, bytes, int, bool]:
        shell._meter.received += winrs.LARGEST_OBJECT
        return b"talk\n", b"", 0, False

    shell._local.get_command_output_raw = receive  # type: ignore[method-assign]
    with pytest.raises(Interrupted, match="MB came without one object"):
        shell.ask()


CLIXML = (
    b'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="x"><Obj S="progress" RefId="0"><MS><S N="Text">50 %</S></MS></Obj>'
    b'<S S="Error">Set-X : &lt;Not&gt; there_x005F__x000D__x000A_</S><S S="Error">At line:1_x000D__x000A_</S></Objs>'
)


@pytest.mark.parametrize(
    ("errors", "output", "heard", "reason"),
    [
        (b"", b"", [], "no reason was given"),
        (b"Access is denied.\r\nAsk.\r\n", b"", ["Access is denied.", "Ask."], "Access is denied"),
        (CLIXML, b"", ["Set-X : <Not> there_", "At line:1"], "Set-X : <Not> there_"),
        (b"", b"Out of\r\nmemory", ["Out of", "memory"], "memory"),
    ],
)
def test_the_end_of_the_process_has_its_reason(errors: bytes, output: bytes, heard: list[str], reason: str) -> None:
    shell = Shell(Process(output, errors, ends=True))
    with pytest.raises(Interrupted) as interrupted:
        shell.ask()
    assert str(interrupted.value) == f"Get-X: PowerShell ended on ex01 before its answer: {reason}."
    assert shell.heard == heard


@pytest.mark.parametrize("size", [41, 100_000])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "with_error",
            "fake : The term 'fake' is not recognized as the name of a cmdlet, function, script file, or operable "
            "program. Check the spelling of the name, or if a path was included, verify that the path is correct and "
            "try again",
        ),
        ("with_no_errors", "no reason was given"),
    ],
)
def test_a_captured_end_has_its_whole_reason(captures: Path, name: str, reason: str, size: int) -> None:
    """Progress is none, the lines of an error are one text, and any of it may be cut anywhere on the way."""
    errors = (captures / "pypsrp" / f"test_sanitise_clixml_{name}.xml").read_bytes()
    with pytest.raises(Interrupted) as interrupted:
        Shell(Process(b"", errors, size=size, ends=True)).ask()
    assert str(interrupted.value) == f"Get-X: PowerShell ended on ex01 before its answer: {reason}."


def test_standard_error_may_be_cut_anywhere() -> None:
    lines, left = [], b""
    for number in range(len(CLIXML)):
        spoken, left = powershell.spoken(left + CLIXML[number : number + 1])
        lines += spoken
    assert (list(filter(None, lines)), left) == ([b"Set-X : <Not> there_", b"At line:1"], b"")


RECORD = (
    b'<Obj S="information" RefId="0"><TN RefId="0"><T>x</T></TN><Props><Obj N="Data" RefId="1"><S N="Message">a</S>'
    b'</Obj><S N="Source">b</S><Obj N="Tags" RefId="2"><LST><S>PSHOST</S></LST></Obj><S N="User">c</S></Props></Obj>'
)


def test_text_may_come_between_two_pieces_of_a_record() -> None:
    """PowerShell holds back a piece of its document, for which direct writes to standard error do not wait."""
    begin = RECORD.index(b"<Props>")
    for number in range(begin, len(RECORD)):
        shell = Shell(Process(ANSWER, RECORD[:number] + b"the disk is full\n"))
        assert shell.ask().output == ["mine"]
        [heard] = shell.heard
        assert heard.endswith("the disk is full")
    assert powershell.spoken(RECORD + b"Access is denied.\n") == ([b"Access is denied."], b"")


@pytest.mark.parametrize("rest", [b"#< CLI", b"<Ob", b'<S S="Error">a', b"<Obj S=", RECORD[:90]])
def test_what_an_answer_ends_before_is_heard_with_the_next(rest: bytes) -> None:
    spoken, left = powershell.spoken(rest, ended=True)
    whole = CLIXML if rest.startswith(b"#") else RECORD if rest.startswith(b"<O") else b'<S S="Error">a</S>'
    assert not spoken
    assert powershell.spoken(left + whole[len(rest) :]) == powershell.spoken(whole)


def test_a_question_on_standard_error_has_no_end_of_line() -> None:
    shell = Shell(Process(ANSWER, b"Continue? [Y] "))
    assert (shell.ask().output, shell.heard) == (["mine"], ["Continue? [Y]"])
    shell = Shell(Process(b"", b"Your name? "))
    with pytest.raises(Overdue):
        shell.ask()
    assert shell.heard == ["Your name?"]


def test_an_element_without_end_is_not_kept() -> None:
    shell = Shell(Process(ANSWER, b'<S S="Error">' + b"x" * 3 * winrs.LONGEST_ELEMENT, size=winrs.LONGEST_ELEMENT))
    assert shell.ask().output == ["mine"]
    assert len(shell._unsaid) <= winrs.LONGEST_ELEMENT


def test_standard_error_is_heard_beside_an_answer() -> None:
    shell = Shell(Process(ANSWER, CLIXML))
    assert (shell.ask().output, shell.heard) == (["mine"], ["Set-X : <Not> there_", "At line:1"])


def test_a_short_last_receive_is_not_the_next_requests_time() -> None:
    shell = Shell(Process(b""))
    with pytest.raises(Overdue):
        shell.ask()
    assert shell._local.operation_timeout_sec == 1
    times: list[int] = []
    shell._local.send_command_input = lambda *_: times.append(shell._local.operation_timeout_sec)  # type: ignore[method-assign]
    with pytest.raises(Overdue):
        shell.ask()
    assert times == [20]


def test_a_server_that_takes_the_line_too_late_may_have_run_it() -> None:
    shell = Shell(Process(b""))

    def send(*_: Any) -> None:
        raise WinRMOperationTimeoutError

    shell._local.send_command_input = send  # type: ignore[method-assign]
    with pytest.raises(Interrupted, match="the operation timed out"):
        shell.ask()
