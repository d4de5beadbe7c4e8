"""The simulated PowerShell: what it understands means what PowerShell means by it, and everything else is refused."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psrpcore.types import ErrorCategory, ErrorRecord, deserialize_clixml
from winrs_client import BOOTSTRAP, quote, script

from exchange_simulator import errors
from exchange_simulator.engine import Command, Result, Runspace
from exchange_simulator.errors import Failure
from exchange_simulator.powershell import NotSimulated, Process

_SIGNS = "ab'\u2018\u2019\u201a\u201b\"\u201c\u201d`$({})@\r\n\0\x01\u200f\u202e\U0001f600#<>|&;, -\\"


class Host:
    """A PowerShell without a wire, whose cmdlets answer what they are told to."""

    def __init__(self, result: Result | None = None, release: int = 5) -> None:
        self.result = result or Result()
        self.seen: list[tuple[list[Command], list[Any]]] = []
        self.out: list[str] = []
        self.err: list[str] = []
        self.runspace = Runspace()
        self.process = Process(
            BOOTSTRAP, self._perform, self.runspace, release, out=self.out.append, err=self.err.append
        )

    def run(self, text: str) -> None:
        self.process.take(base64.b64encode(text.encode()).decode())

    def lines(self) -> list[tuple[str, str]]:
        pairs = [line.split(" ") for line in self.out]
        return [(kind, rest if kind == "end" else base64.b64decode(rest).decode()) for kind, rest in pairs]

    def _perform(self, statements: Sequence[Sequence[Command]], piped: Sequence[Any]) -> Result:
        (commands,) = statements
        self.seen.append((list(commands), list(piped)))
        return self.result


def failure(message: str = "It failed.") -> ErrorRecord:
    return errors.record(Failure("Id", message, ErrorCategory.NotSpecified, errors.NOT_SIMULATED), "Set-X")


@given(st.text(_SIGNS, max_size=40) | st.text(max_size=40))
def test_any_text_survives_as_a_literal(text: str) -> None:
    host = Host()
    host.run(script(f"Set-X -A:{quote(text)} -B:@({quote(text)}, 5) -C:@{{{quote(text)} = @()}}", piped=[quote(text)]))
    ((command,), piped) = host.seen[0]
    assert command.parameters[:3] == (("A", text), ("B", [text, 5]), ("C", {text: []}))
    assert piped == [text]
    assert host.lines() == [("end", "completed")]


def test_a_pipeline_of_cmdlets_has_the_records_of_all_of_them_among_its_output() -> None:
    host = Host(Result(output=["a"], errors=[failure()], warnings=["Mind."]))
    pipeline = "& { 'x' | Set-X | B.C\\Get-X @parameters1 } 2>&1 3>&1"
    host.run(
        f"$parameters1 = @{{'A' = 1}}\n$all = {pipeline}\nforeach ($one in $all) {{ [Console]::Out.WriteLine('one') }}"
    )
    ((first, second), piped) = host.seen[0]
    assert (first.name, second.name, second.parameters, piped) == ("Set-X", "B.C\\Get-X", (("A", 1),), ["x"])
    assert (host.out, host.err) == (["one"] * 3, [])


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("$true", True),
        ("$FALSE", False),
        ("$null", None),
        ("''", ""),
        ("'\u2019\u2018'", "\u2018"),
        ("@()", []),
        ("@('a')", ["a"]),
        ("@('a', 5)", ["a", 5]),
        ("@{}", {}),
        ("@{'Add' = @('x'); 'Remove' = @()}", {"Add": ["x"], "Remove": []}),
    ],
)
def test_literals(literal: str, value: object) -> None:
    host = Host()
    host.run(f"Set-X -A:{literal} -B:'b'")
    assert host.seen == [([Command("Set-X", (("A", value), ("B", "b")))], [])]


def test_commands_in_a_row_go_to_the_engine_together() -> None:
    host = Host()
    host.run("'a', 'b' | Get-X | Set-X -A:'c'")
    assert host.seen == [([Command("Get-X", ()), Command("Set-X", (("A", "c"),))], ["a", "b"])]


def test_nothing_piped_is_no_call() -> None:
    host = Host()
    host.run("@() | Set-X -A:'a'")
    assert host.seen == []


@pytest.mark.parametrize(
    "text",
    [
        'Set-X -A:"a"',
        "Set-X -A:$(Get-X)",
        "Set-X -A:$a",
        "Set-X -A:@(Get-X)",
        "Set-X -A:5.5",
        "Set-X -A:0x10",
        "Set-X -A:(5)",
        "Set-X -A:[int]5",
        "Set-X -A:'a', 'b'.Length",
        "Set-X -A 'a'",
        "Set-X 'a'",
        "Set-X -A",
        "Set-X @a",
        "Set-X > a",
        "Set-X 2>&1 | Get-X",
        "Set-X *>&1",
        "Set-X 2> 'a'",
        "Set-X && Get-X",
        "& Set-X",
        "& { Set-X }",
        ". 'Set-X'",
        "if ('a') { Set-X }",
        "if (Get-X) { Set-X }",
        "if ($false) { Get-X } elseif ($true) { Set-X }",
        "while ($true) { Set-X }",
        "function a([string]$b) { Set-X }",
        "function a($b = 'c') { Set-X }",
        "filter a($b) { Set-X }",
        "workflow a { Set-X }",
        "function a($b) { $b }; a",
        "function a($b) { $b }; a -b 'c'",
        "function a($b) { $b }; 'c' | a 'd'",
        "filter a { $_ }; a",
        "try { Set-X }",
        "try { Set-X } finally { }",
        "try { Set-X } catch [Exception] { }",
        "throw 'a'",
        "$a += 'a'",
        "$a[0] = 'a'",
        "$env:a = 'a'",
        "$a = 'a' * 5",
        "$a = 'a' -eq 'b'",
        "$a = 'a' -is [int]",
        "$a = 'a' -replace 'a', 'b'",
        "$a = [IO.File]",
        "$a = 'a' | Select-Object *",
        "$b = 'c'; $b.Value = 'a'",
        "$a = 'a' + 5",
        "$a.Length",
        "'a'.ToUpper()",
        "'a'",
        "[Diagnostics.Process]::Start('a')",
        "[Console]::Error.WriteLine('a')",
        "[Console].Out.WriteLine('a')",
        "[Convert]::ToBase64String('a')",
        "'a' | ForEach-Object { Set-X } { Get-X }",
        "'a' | ForEach-Object -Process { Set-X }",
        "Set-X # a",
        "Set-X -A:{ Get-X }",
        "param($a) Set-X",
        "process { Set-X }",
        "begin { Set-X } process { Get-X }",
    ],
)
def test_what_is_not_known_is_refused(text: str) -> None:
    host = Host()
    with pytest.raises(NotSimulated):
        host.run(text)
    assert (host.seen, host.out) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "Set-X -A:'a",
        "Set-X -A:'a'b'",
        "Set-X -A:'a\u2019b'",
        "Set-X -A:@(",
        "Set-X }",
        "Set-X | | Get-X",
        "Set-X &",
    ],
)
def test_a_syntax_error_is_shown_and_runs_nothing(text: str) -> None:
    host = Host()
    host.run(text)
    assert (host.seen, host.out) == ([], [])
    (said,) = host.err
    assert 'Exception calling "Create"' in said
    host.run("Set-X")
    assert len(host.seen) == 1


def test_output_is_what_remoting_would_send() -> None:
    host = Host(Result(output=["a\0\u2019", 5, True, None, ["b"]]))
    host.run(script("Get-X"))
    *output, end = host.lines()
    assert [deserialize_clixml(text, None)[0] for _, text in output] == ["a\0\u2019", 5, True, None, ["b"]]
    assert "_x0000_" in output[0][1]
    assert end == ("end", "completed")


def test_a_terminating_error_is_caught() -> None:
    host = Host(Result(terminating=failure()))
    host.run(script("Set-X"))
    (kind, text), end = host.lines()
    assert (kind, end) == ("error", ("end", "failed"))
    found = deserialize_clixml(text, None)[0]
    assert (found.FullyQualifiedErrorId, str(found.Exception.Message)) == ("Id", "It failed.")


def test_without_a_try_block_the_next_statement_runs() -> None:
    host = Host(Result(terminating=failure()))
    host.run("Set-X\n[Console]::Out.WriteLine('next')")
    assert (host.out, host.err) == (["next"], ["Set-X : It failed."])


def test_what_is_neither_silenced_nor_collected_is_shown() -> None:
    host = Host(Result(errors=[failure()], warnings=["Mind."]))
    host.run("Set-X")
    assert host.err == ["WARNING: Mind.", "Set-X : It failed."]


def test_variables_last_from_line_to_line() -> None:
    host = Host()
    host.run("$A = 'a' + 'b'")
    host.run("[Console]::Out.WriteLine($a + 'c')")
    assert host.out == ["abc"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("$a, $b = 'x y'.Split(' ')", None),
        ("$t = 'x y'; $a, $b = $t.Split(' ')", ("x", "y")),
        ("$t = 'x'; $a, $b = $t.Split(' ')", ("x", None)),
        ("$t = 'x y  z'; $a, $b = $t.SPLIT(' ')", ("x", ["y", "", "z"])),
        ("$a, $b = @('x', 'y')", ("x", "y")),
        ("$a, $b = 'x'", ("x", None)),
        ("$a, $b = $null", (None, None)),
        ("$t = 'x y'; $a, $b = $t.Split('xy')", None),
        ("$t = 5; $a, $b = $t.Split(' ')", None),
        ("$a, $b = $nothing.Split(' ')", None),
    ],
)
def test_several_variables_share_what_there_is(text: str, values: tuple[object, ...] | None) -> None:
    host = Host()
    with nullcontext() if values else pytest.raises(NotSimulated):
        host.run(text)
    assert tuple(host.runspace.variables.get(name) for name in "ab") == (values or (None, None))


SAY = "function say($text) { [Console]::Out.WriteLine($text); $said = 'said' }; "


@pytest.mark.parametrize(
    ("text", "out"),
    [
        (SAY + "say 'a'; $said = $said; say 'b'", ["a", "b"]),
        ("filter say { [Console]::Out.WriteLine($_) }; 'a', 'b' | say", ["a", "b"]),
        (SAY + "if ('a' -is [string]) { say 'a' } else { say 'b' }", ["a"]),
        (SAY + "if ('a' -isnot [string]) { say 'a' } else { say 'b' }", ["b"]),
        (SAY + "if ($null -is [Collections.IEnumerable]) { say 'a' }", []),
        (SAY + "$t = @('x', 'y'); if ($t -is [Collections.IEnumerable]) { say 'a' }", ["a"]),
        (SAY + "try { say 'a' } catch { say 'b' } finally { say 'c' }", ["a", "c"]),
        (SAY + "try { Set-X } catch { say $_.Exception.Message } finally { say 'c' }", ["It failed.", "c"]),
        (SAY + "try { try { Set-X } catch { Set-X } finally { say 'c' } } catch { say 'd' }", ["c", "d"]),
        (SAY + "$t = 'a\ufffeb' -replace '[\\uFFFE\\uFFFF]', [regex]::Unescape('\\u002D'); say $t", ["a-b"]),
        (SAY + "$a, $b = 'x', 'y'; say $b", ["y"]),
        (SAY + "$s = [Management.Automation.PSSerializer]; $t = $s::Serialize('\ufffe'); say 'a'", ["a"]),
    ],
)
def test_statements(text: str, out: list[str]) -> None:
    host = Host(Result(terminating=failure()))
    host.run(text)
    assert host.out == out
    assert "said" not in host.runspace.variables or host.runspace.variables["said"] is None


def test_streams_that_are_merged_are_output() -> None:
    host = Host(Result(output=["a"], errors=[failure()], warnings=["Mind."], terminating=failure("The end.")))
    kinds = "if ($_ -is [Management.Automation.ErrorRecord]) { [Console]::Out.WriteLine($_.FullyQualifiedErrorId) }"
    kinds += " if ($_ -is [Management.Automation.WarningRecord]) { [Console]::Out.WriteLine($_.Message) }"
    kinds += " if ($_ -is [string]) { [Console]::Out.WriteLine($_) }"
    host.run(f"filter kind {{ {kinds} }}; Set-X 2>&1 3>&1 | kind")
    # What ends the pipeline comes to no filter, and what came before it does.
    assert (host.out, host.err) == (["a", "Id", "Mind."], ["Set-X : The end."])


def test_the_serializer_needs_powershell_3() -> None:
    host = Host(Result(output=["a"]), release=2)
    host.run(script("Get-X"))
    assert host.lines() == [("end", "failed")]
    assert all("Unable to find type [Management.Automation.PSSerializer]" in line for line in host.err)


@pytest.mark.parametrize(
    "text", ["Get-X", "process { } Get-X", "foreach ($a in $input) { }", "process { } end { }", ""]
)
def test_the_script_is_one_process_block(text: str) -> None:
    with pytest.raises((NotSimulated, Failure)):
        Process(text, lambda *_: Result(), Runspace(), 5, out=print, err=print)


def test_great_literals_and_many_of_them() -> None:
    host = Host()
    text = "x'\u2019`$(a)\n" * 8000
    names = [f"user {number}'s" for number in range(50_000)]
    host.run(script(f"Set-X -A:{quote(text)}", piped=[quote(name) for name in names]))
    ((command,), piped) = host.seen[0]
    assert command.parameters[0] == ("A", text)
    assert piped == names


def test_no_expression_is_too_deep() -> None:
    host = Host()
    with pytest.raises(NotSimulated):
        host.run("$a = " + "(" * 2000 + "'a'" + ")" * 2000)
