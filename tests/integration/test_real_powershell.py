"""The WinRM shell with a real PowerShell in it, which says more than it is asked for: each answer is its own."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from powershell_engine import powershell
from winrm.exceptions import WinRMOperationTimeoutError

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import powershell as rendering
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.winrs import WinrsShell
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Interrupted, Overdue

# One answer is the number that was asked for, with noise of every kind around it.
TALK = r"""
function Get-Talk {
    [CmdletBinding(SupportsShouldProcess)] param([int]$Number, [string]$How, [string]$Text)
    $speak = switch ($How) {
        'Host' { { Write-Host $Text } }
        'NoNewline' { { Write-Host -NoNewline $Text } }
        'Information' { { Write-Information $Text -InformationAction Continue } }
        'WhatIf' { { [void]$PSCmdlet.ShouldProcess($Text) } }
        'Verbose' { { Write-Verbose $Text -Verbose } }
        'Debug' { { Write-Debug $Text -Debug } }
        'Console' { { [Console]::Out.WriteLine($Text) } }
        'Bytes' { { $out = [Console]::OpenStandardOutput(); $out.Write([byte[]](0x81, 0xff, 0x0a), 0, 3) } }
        'Error' { { [Console]::Error.WriteLine($Text) } }
        'Everything' { { Get-Variable | Out-Host; Set-PSDebug -Trace 1; $null = 1; Set-PSDebug -Off } }
    }
    . $speak; $Number; . $speak; $Number; . $speak
    Write-Warning "warning $Number"
    Write-Error "error $Number"
    . $speak
}
function Read-Name { [CmdletBinding()] param() Write-Host -NoNewline 'Your name? '; Start-Sleep 600 }
function Stop-Talk { [CmdletBinding()] param() [Console]::Error.WriteLine('The end.'); [Environment]::Exit(3) }
"""
TEXTS = ["hello", "end completed", "end failed", "output PFM+eDwvUz4=", "error", "", "\u00e4\U0001f4e7 " * 2000]
# Verbose and debug text goes to standard error in a document that is written when the process ends.
HOWS = {
    **dict.fromkeys(["Host", "NoNewline", "Information", "WhatIf", "Console", "Error"], True),
    **dict.fromkeys(["Verbose", "Debug"], False),
}


class Protocol:
    """What pywinrm's does over the wire, with a process of this machine."""

    operation_timeout_sec = 20

    def __init__(self, program: Path) -> None:
        self.transport = SimpleNamespace()
        self._program = str(program)

    def open_shell_as(self, _shell: str) -> None:
        """The process is shell enough."""

    def run_command(self, _shell: str, program: str, arguments: list[str]) -> str:
        assert program == "powershell.exe"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._process: subprocess.Popen[bytes] = subprocess.Popen([self._program, *arguments], **pipes)  # type: ignore[call-overload]
        self._streams = selectors.DefaultSelector()
        for stream in (self._process.stdout, self._process.stderr):
            self._streams.register(stream, selectors.EVENT_READ)
        return "process"

    def send_command_input(self, _shell: str, _process: str, data: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def get_command_output_raw(self, _shell: str, _process: str) -> tuple[bytes, bytes, int, bool]:
        if not (ready := self._streams.select(self.operation_timeout_sec)):
            raise WinRMOperationTimeoutError
        said = {}
        for key, _ in ready:
            said[key.fileobj] = os.read(key.fd, 32768)
            if not said[key.fileobj]:
                self._streams.unregister(key.fileobj)
        ended = not self._streams.get_map()
        output, errors = (said.get(stream, b"") for stream in (self._process.stdout, self._process.stderr))
        return output, errors, self._process.wait() if ended else -1, ended

    def close_shell(self, _shell: str) -> None:
        self._process.kill()
        self._process.communicate()


class Shell:
    """A WinRM shell whose PowerShell runs here and has learnt to talk."""

    def __init__(self, program: Path) -> None:
        class Local(WinrsShell):
            def _log_on(self) -> Any:
                return Protocol(program)

        endpoint = Endpoint("", "https", 5986, "wsman", "auto", "WSMAN")
        settings = Settings("ex01", "ex01", "user", "secret", "basic", windows=endpoint, exchange=endpoint)
        self.said: deque[str] = deque(maxlen=1000)
        self.shell = Local(settings, self.said)

    def run(self, cmdlet: str, seconds: float = 60, **parameters: Any) -> Reply:
        self.said.clear()
        return self.shell.run(Request("windows", cmdlet, parameters), seconds)


@pytest.fixture(scope="module")
def open_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Shell]]:
    program = powershell()
    module = tmp_path_factory.mktemp("module") / "Talk.psm1"
    module.write_text(TALK)
    opened: list[Shell] = []

    def open_one() -> Shell:
        opened.append(Shell(program))
        assert opened[-1].run("Import-Module", Name=str(module)).state == "completed"
        return opened[-1]

    yield open_one
    for one in opened:
        one.shell.close()


@pytest.fixture(scope="module")
def talkative(open_shell: Callable[[], Shell]) -> Shell:
    """One for all tests: an answer that is left behind would be the next one's."""
    return open_shell()


def right(number: int, reply: dict[str, Any]) -> bool:
    errors = [error.message for error in reply.errors]
    answer = (reply.state, reply.output, reply.warnings, errors)
    return answer == ("completed", [number, number], [f"warning {number}"], [f"error {number}"])


@pytest.mark.parametrize("how", HOWS)
def test_answers_keep_step(talkative: Shell, how: str) -> None:
    for number, text in enumerate(TEXTS):
        what_if = {"WhatIf": True} if how == "WhatIf" else {}
        reply = talkative.run("Get-Talk", Number=number, How=how, Text=text or " ", **what_if)
        assert right(number, reply), (how, text, reply)
        if text and HOWS[how]:
            assert text[:20] in " ".join(talkative.said)
        assert not [line for line in talkative.said if len(line) > 300]


@pytest.mark.parametrize("how", ["Bytes", "Everything"])
def test_nothing_that_is_said_is_taken_for_an_answer(talkative: Shell, how: str) -> None:
    for number in range(2):
        assert right(number, talkative.run("Get-Talk", Number=number, How=how)), how
        assert talkative.said
    assert talkative.run("Get-Culture").state == "completed"


def test_a_line_that_is_no_script_is_answered(talkative: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rendering, "render", lambda *_: "try {")
        assert talkative.run("Get-Talk").state == "failed"
    assert right(1, talkative.run("Get-Talk", Number=1, How="Host"))


def test_what_a_process_asks_is_heard(open_shell: Callable[[], Shell]) -> None:
    shell = open_shell()
    with pytest.raises(Overdue, match="Read-Name gave no answer"):
        shell.run("Read-Name", seconds=3)
    assert "Your name?" in shell.said


def test_the_end_of_the_process_has_its_reason(open_shell: Callable[[], Shell]) -> None:
    with pytest.raises(Interrupted, match=r"^Stop-Talk: PowerShell ended on ex01 before its answer: The end\.$"):
        open_shell().run("Stop-Talk")
