"""The WinRM shell with a real PowerShell in it, which says more than it is asked for: each answer is its own.

What a cmdlet answers is what it answers over psrp, of which there are recordings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from local_shell import Shell
from needed import CAPTURES, SHARED, do_without
from powershell_engine import powershell
from things import PASSWORD, SCENARIOS, comparable, custom, out, request_of, thing

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import NOBODY_ASKED, CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import powershell as rendering
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Interrupted, Overdue

RECORDED = CAPTURES / "powershell"
CUSTOM = "System.Management.Automation.PSCustomObject"

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
        'Half' { { Write-Host -NoNewline "$Text`n$Text" } }
        'Much' { { 1..20 | ForEach-Object { [Console]::Out.Write($Text * 5000) } } }
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
function Leave-Script { [CmdletBinding()] param([string]$How)
    'before'; if ($How -eq 'break') { break }; exit 3 }
function Get-Odd { [CmdletBinding()] param([string]$How)
    $inner = New-Object psobject -Property @{ Name = "a$([char]0xfffe)" }
    $inner | Add-Member ScriptMethod ToString { "ou/$($this.Name)" } -Force
    switch ($How) {
        'members' { New-Object psobject -Property @{ Id = $inner; Names = 'x', "$([char]0xffff)"; Good = 'good' }
            'after' }
        'list' { , @('x', "$([char]0xfffe)") }
        'name' { 'before'; New-Object psobject -Property @{ "a$([char]0xfffe)" = 1 }; 'after' }
        'warning' { Write-Warning "a$([char]0xfffe)" }
        'error' { Write-Error "a$([char]0xfffe)" -TargetObject "b$([char]0xffff)" -ErrorId 'c' -Category OpenError }
        'throw' { throw "a$([char]0xfffe)" }
    } }
function Stop-Thing { [CmdletBinding()] param([Parameter(ValueFromPipeline)][int]$Number, [string]$How)
    process {
        switch ($How) {
            'Stop' { Write-Error 'stopped' -ErrorId Id -ErrorAction Stop }
            'Divide' { 1 / 0 }
            'Method' { [int]::Parse('x') }
            'Inner' { Get-Nothing }
            'Each' { if ($Number -gt 1) { Write-Error "not $Number" -ErrorId Id }; $Number }
            'Last' { Write-Error "not $Number" -ErrorId Id; if ($Number -gt 1) { throw 'the end' }; $Number }
            'Credential' { Get-Credential }
        } } }
function Stop-Talk { [CmdletBinding()] param() [Console]::Error.WriteLine('The end.'); [Environment]::Exit(3) }
"""
OTHER = "0123456789abcdef0123456789abcdef"
TEXTS = [
    *(
        "hello",
        "end completed",
        "end failed",
        "output x",
        "output PFM+eDwvUz4=",
        "error",
        "",
        "\u00e4\U0001f4e7 " * 2000,
    ),
    *(f"{OTHER} end completed", f"{OTHER} output PE9ianM+PFM+eDwvUz48L09ianM+", f"{OTHER} ", OTHER),
    *("#< CLIXML", '<Objs Version="1.1.0.1" xmlns="x"><S S="Error">x</S></Objs>', "</Objs>"),
]
# Verbose and debug text goes to standard error in a document that is written when the process ends.
HOWS = {
    **dict.fromkeys(["Host", "Half", "NoNewline", "Information", "WhatIf", "Console", "Error"], True),
    **dict.fromkeys(["Verbose", "Debug"], False),
}


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
        # On standard error CLIXML is what PowerShell writes there itself.
        if text and HOWS[how] and not (how == "Error" and "<" in text):
            assert text[:20].strip() in " ".join(talkative.said)
        assert not [line for line in talkative.said if len(line) > 300]


@pytest.mark.parametrize("how", ["Bytes", "Everything", "Much"])
def test_nothing_that_is_said_is_taken_for_an_answer(talkative: Shell, how: str) -> None:
    for number in range(2):
        assert right(number, talkative.run("Get-Talk", Number=number, How=how, Text="0123456789")), how
        assert talkative.said
    assert talkative.run("Get-Culture").state == "completed"


def test_a_line_that_is_no_script_is_answered(talkative: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rendering, "render", lambda *_: "try {")
        assert talkative.run("Get-Talk").state == "failed"
    assert right(1, talkative.run("Get-Talk", Number=1, How="Host"))


# The recordings are of psrp. There a collection that PowerShell has no type for is a list, a question is another error,
# and passwords may be sent.
ASKED = CmdletError(exception=NOBODY_ASKED, category="NotSpecified", id="PSInvalidOperationException,Set-Thing")
OTHERWISE = {
    **{f"how {how}": Reply("failed", errors=[ASKED]) for how in ("confirm", "prompt")},
    'args {"Conf": true}': Reply("failed", errors=[ASKED]),
    "how readhost": Reply(
        "failed",
        errors=[
            CmdletError(
                "InvalidOperation,Microsoft.PowerShell.Commands.ReadHostCommand", "InvalidOperation", NOBODY_ASKED
            )
        ],
    ),
    'args {"Any": ["a", "b"]}': thing(Any=["a", "b"], AnyType="System.Object[]"),
    'args {"Any": []}': thing(Any=[], AnyType="System.Object[]"),
    PASSWORD: Reply("failed"),
    # What had to be put out member by member.
    **{
        f"holder {name}": out(custom(f"Selected.{CUSTOM}", Value="a\ufffdb", After="after"))
        for name in ("fffe", "ffff")
    },
}


@pytest.fixture(scope="module")
def things(open_shell: Callable[[], Shell]) -> Shell:
    if not RECORDED.is_dir():
        do_without(SHARED, f"there are no answers of a PowerShell at {RECORDED}")
    shell = open_shell()
    assert shell.run("Import-Module", Name=str(RECORDED / "Things.psm1")).state == "completed"
    return shell


@pytest.mark.parametrize("scenario", sorted(SCENARIOS.keys() - {"how exit", "how sleep"}))
def test_answers_are_those_of_psrp(things: Shell, scenario: str) -> None:
    expected = OTHERWISE.get(scenario, SCENARIOS[scenario])
    reply = things.shell.run(request_of(scenario), 60)
    if any(error.exception == NOBODY_ASKED for error in expected.errors):
        # Their texts are each host's own.
        reply = replace(reply, errors=[replace(one, message="", cmdlet=None) for one in reply.errors])
        told = [error.sentence("Set-Thing") for error in SCENARIOS[scenario].errors]
        assert [error.sentence("Set-Thing") for error in reply.errors] == told
    assert comparable(reply, expected) == comparable(expected, expected)


STOPPED = {
    "Stop": (["stopped"], ["Id,Stop-Thing"]),
    "Divide": (["Attempted to divide by zero."], ["RuntimeException,Stop-Thing"]),
    "Method": (['Exception calling "Parse" with "1" argument(s): '], ["FormatException,Stop-Thing"]),
    "Inner": (["The term 'Get-Nothing' is not recognized "], ["CommandNotFoundException,Stop-Thing"]),
}


@pytest.mark.parametrize("how", STOPPED)
def test_one_error_is_one_record(talkative: Shell, how: str) -> None:
    messages, ids = STOPPED[how]
    reply = talkative.run("Stop-Thing", How=how)
    assert (reply.output, [error.id for error in reply.errors]) == ([], ids)
    assert all(error.message.startswith(told) for error, told in zip(reply.errors, messages, strict=True))
    assert reply.state == "failed"


@pytest.mark.parametrize(
    ("request_", "ids"),
    [
        (Request("windows", "Get-Nothing"), ["CommandNotFoundException"]),
        (Request("windows", "Get-Talk", {"Nothing": 1}), ["NamedParameterNotFound,Get-Talk"]),
        (Request("windows", "Get-Talk", {"Number": "x"}), ["ParameterArgumentTransformationError,Get-Talk"]),
        (Request("windows", "Stop-Thing", piped=["x"]), ["InputObjectNotBound,Stop-Thing"]),
    ],
)
def test_binding_fails_once(talkative: Shell, request_: Request, ids: list[str]) -> None:
    assert [error.id for error in talkative.shell.run(request_, 60).errors] == ids


def test_errors_of_some_of_what_is_piped(talkative: Shell) -> None:
    reply = talkative.shell.run(Request("windows", "Stop-Thing", {"How": "Each"}, piped=["1", "2", "3"]), 60)
    assert (reply.state, reply.output) == ("completed", [1, 2, 3])
    assert [error.message for error in reply.errors] == ["not 2", "not 3"]
    reply = talkative.shell.run(Request("windows", "Stop-Thing", {"How": "Last"}, piped=["1", "2", "3"]), 60)
    assert (reply.state, reply.output) == ("failed", [1])
    assert [error.message for error in reply.errors] == ["not 1", "not 2", "the end"]


def test_what_xml_cannot_hold_is_left_out_and_no_more(talkative: Shell) -> None:
    reply = talkative.run("Get-Odd", How="members")
    one, after = reply.output
    assert (one["Id"], one["Names"], one["Good"], after) == ("ou/a\ufffd", ["x", "\ufffd"], "good", "after")
    (warning,) = reply.warnings
    assert re.search(r"; of (Id, Names|Names, Id) only the text could be read\.$", warning)
    assert talkative.run("Get-Odd", How="list").output == [["x", "\ufffd"]]
    assert talkative.run("Get-Odd", How="warning").warnings == ["a\ufffd"]
    reply = talkative.run("Get-Odd", How="error")
    (error,) = reply.errors
    assert (error.id, error.category, error.message, error.target) == (
        *("c,Get-Odd", "OpenError", "a\ufffd", "b\ufffd"),
    )
    reply = talkative.run("Get-Odd", How="throw")
    assert (reply.state, [error.message for error in reply.errors]) == ("failed", ["a\ufffd"])


@pytest.mark.parametrize(("write", "state"), [(False, "failed"), (True, "unknown")])
def test_what_cannot_be_put_out_did_run(talkative: Shell, *, write: bool, state: str) -> None:
    reply = talkative.shell.run(Request("windows", "Get-Odd", {"How": "name"}, write=write), 60)
    assert (reply.state, reply.output, reply.errors) == (state, ["before", "after"], [])
    assert (reply.reason or "").startswith("Get-Odd ran on ex01, but PowerShell could not return its output: ")
    assert "3 or newer" not in (reply.reason or "")
    assert talkative.run("Get-Culture").state == "completed"


def test_a_password_that_nobody_gives(talkative: Shell) -> None:
    (error,) = talkative.run("Stop-Thing", How="Credential").errors
    assert error.sentence("Stop-Thing") == "Stop-Thing asks for input or a confirmation, and nobody can answer it."


@pytest.mark.parametrize("how", ["exit", "break"])
def test_a_cmdlet_that_leaves_is_answered_at_once(open_shell: Callable[[], Shell], how: str) -> None:
    """As over psrp, where it cannot end what it shares. The process takes no more lines, so there is another next."""
    shell = open_shell()
    reply = shell.run("Leave-Script", seconds=20, How=how)
    assert (reply.state, reply.output, reply.errors) == ("completed", ["before"], [])
    assert (shell.shell.usable, [*shell.said]) == (False, ["Leave-Script ended the script that it ran in."])


def test_what_a_process_asks_is_heard(open_shell: Callable[[], Shell]) -> None:
    shell = open_shell()
    with pytest.raises(Overdue, match="Read-Name did not answer"):
        shell.run("Read-Name", seconds=3)
    assert "Your name?" in shell.said


def test_the_end_of_the_process_has_its_reason(open_shell: Callable[[], Shell]) -> None:
    with pytest.raises(Interrupted, match=r"^Stop-Talk: PowerShell ended on ex01 before its answer: The end\.$"):
        open_shell().run("Stop-Talk")
