"""The text of the WinRM shell, run by a real PowerShell: a function gets what was sent, byte for byte, type for type.

It gets the same over psrp, where nothing is text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from hostile import HOSTILE, QUOTES
from hypothesis import example, given, settings
from hypothesis import strategies as st
from local_shell import Shell as LocalShell
from powershell_engine import engine_options, powershell
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request, credential
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.psrp import PsrpShell

# What it was given, as text of ASCII alone: each character by its number, each value with its type.
GIVEN = r"""
$traces = 0
function Set-Trace { $script:traces++ }
function Get-Trace { [CmdletBinding()] param() $script:traces }
function Get-Given { [CmdletBinding(SupportsShouldProcess)]
    param($Value, [string]$Text, [string[]]$Texts, [int]$Number, [long]$Large, [bool]$Truth, [switch]$Force,
        [hashtable]$Pairs, [Parameter(ValueFromPipeline)]$Piped)
    begin {
        function form($value) {
            if ($null -eq $value) { return 'nothing' }
            if ($value -is [string]) {
                return 's' + [BitConverter]::ToString([Text.Encoding]::BigEndianUnicode.GetBytes($value))
            }
            if ($value -is [Collections.IDictionary]) {
                $entries = @($value.Keys | ForEach-Object { (form $_) + '=' + (form $value[$_]) })
                [Array]::Sort($entries, [StringComparer]::Ordinal)
                return '{' + ($entries -join ';') + '}'
            }
            if ($value -is [Collections.IList]) {
                return '[' + (@($value | ForEach-Object { form $_ }) -join ',') + ']'
            }
            $value.GetType().Name + ' ' + $value
        }
    }
    process { if ($PSBoundParameters.ContainsKey('Piped')) { form $Piped; [void]$PSBoundParameters.Remove('Piped') } }
    end { $PSBoundParameters.Keys | Sort-Object | ForEach-Object { $_ + ' ' + (form $PSBoundParameters[$_]) } }
}
function Set-Given { [CmdletBinding()] param([Parameter(ValueFromPipeline)]$Piped)
    process { Write-Warning 'a warning'; Write-Error "an error" -ErrorId Id -TargetObject $Piped; "after $Piped" } }
"""


class Shell(Protocol):
    """A shell of either transport."""

    def run(self, request: Request, seconds: float) -> Reply: ...


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Request:
    file = tmp_path_factory.mktemp("module") / "Given.psm1"
    file.write_text(GIVEN)
    return Request("windows", "Import-Module", {"Name": str(file)})


@pytest.fixture(scope="module")
def text(module: Request) -> Iterator[Shell]:
    """One process for all tests of this file."""
    shell = LocalShell(powershell()).shell
    assert shell.run(module, 60).state == "completed"
    yield shell
    shell.close()


@pytest.fixture(scope="module")
def psrp(module: Request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A runspace of the same PowerShell, behind the simulator's front."""
    directory: Path = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess({"EX01": "SE"}, directory=directory, **engine_options()) as process:
        server = process.description["servers"]["EX01"]
        endpoint = Endpoint("Microsoft.PowerShell", "https", server["windows_https"], "wsman", "auto", "WSMAN")
        shell = PsrpShell(
            Settings(
                host=server["address"],
                inventory_hostname="ex01",
                user=process.description["user"],
                password=process.password,
                auth="basic",
                ca_cert=process.description["ca"],
                windows=endpoint,
                exchange=endpoint,
            ),
            "windows",
        )
        shell.open()
        assert shell.run(module, 60).state == "completed"
        yield shell
        shell.close()


def form(value: Any) -> str:
    """What Get-Given says of a value."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"Boolean {value}"
    if isinstance(value, int):
        return f"{'Int32' if -(2**31) <= value < 2**31 else 'Int64'} {value}"
    if isinstance(value, str):
        return "s" + value.encode("utf-16-be").hex("-").upper()
    if isinstance(value, list):
        return f"[{','.join(map(form, value))}]"
    return f"{{{';'.join(sorted(f'{form(name)}={form(one)}' for name, one in value.items()))}}}"


def given_by(reply: Reply) -> list[Any]:
    assert (reply.state, reply.errors, reply.warnings) == ("completed", [], []), reply
    return reply.output


# A string is nothing to PowerShell that its own text could be made of.
HARM = [
    *QUOTES,
    *(f"{quote * count}; Set-Trace; {quote}" for quote in QUOTES for count in (1, 2)),
    *("$(Set-Trace)", "`", "`n", "\n", "\r", "\r\n", "\n'@; Set-Trace\n", "@'\n", '"', "\u201d", "\u2028", "\x1a"),
    *("}; Set-Trace; @{", ")); Set-Trace; (('", "|", "&", "\0; Set-Trace", "#>", "--%", "\\'", "Set-Trace", "\u2013"),
]
characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
harmful = st.lists(st.sampled_from(HARM).filter(lambda one: "\0" not in one), max_size=5).map("".join)
texts = st.text(characters) | st.sampled_from(HOSTILE[:-2]) | harmful
integers = st.sampled_from(
    [edge + step for edge in (0, 2**31, -(2**31), 2**63 - 2, -(2**63) + 1) for step in (-1, 0, 1)]
)
scalars = st.none() | st.booleans() | integers | st.integers(-(2**63), 2**63 - 1) | texts
lists = st.lists(scalars, max_size=4)
pairs = st.dictionaries(st.sampled_from(["Add", "Remove"]) | harmful, scalars | lists, max_size=3)
values = scalars | lists | pairs


@settings(max_examples=60)
@given(values)
def test_a_function_gets_what_was_sent(text: Shell, psrp: Shell, value: Any) -> None:
    request = Request("windows", "Get-Given", {"Value": value})
    for shell in (text, psrp):
        assert given_by(shell.run(request, 20)) == [f"Value {form(value)}"]


TYPED = st.fixed_dictionaries(
    {},
    optional={
        "Text": texts | st.integers() | st.booleans() | st.none(),
        "Texts": st.lists(texts, max_size=3) | texts | st.none(),
        "Number": st.integers(-(2**31), 2**31 - 1) | st.sampled_from(["5", ""]),
        "Large": st.integers(-(2**63), 2**63 - 1),
        "Truth": st.booleans(),
        "Force": st.booleans(),
        "Pairs": pairs,
        "WhatIf": st.booleans(),
        "Confirm": st.just(value=False),
        "Verbose": st.booleans(),
        "ErrorAction": st.sampled_from(["Stop", "SilentlyContinue"]),
    },
)


@settings(max_examples=60)
@given(TYPED)
def test_typed_parameters_get_the_same_over_both_transports(
    text: Shell, psrp: Shell, parameters: dict[str, Any]
) -> None:
    request = Request("windows", "Get-Given", parameters)
    output = given_by(text.run(request, 60))
    assert output == given_by(psrp.run(request, 60))
    assert [line.partition(" ")[0] for line in output] == sorted(parameters)


@settings(max_examples=40)
@given(st.lists(texts, max_size=4))
@example([])
@example([""])
def test_what_is_piped_comes_one_by_one(text: Shell, psrp: Shell, piped: list[str]) -> None:
    request = Request("windows", "Get-Given", {"Text": "with them"}, piped=piped)
    for shell in (text, psrp):
        assert given_by(shell.run(request, 60)) == [*map(form, piped), f"Text {form('with them')}"]


def test_many_are_piped(text: Shell, psrp: Shell) -> None:
    piped = [f"CN=user {number}'\u2019,OU=\u00e4" for number in range(5000)]
    for shell in (text, psrp):
        assert shell.run(Request("windows", "Get-Given", piped=piped), 120).output == [*map(form, piped)]


def test_one_cmdlet_takes_what_another_puts_out_and_errors_of_both_are_told(text: Shell, psrp: Shell) -> None:
    then = [("Get-Given", {"Text": "it's"}), ("Microsoft.PowerShell.Utility\\Select-Object", {"First": 1})]
    request = Request("windows", "Set-Given", piped=["a", "b"], then=then)
    for shell in (text, psrp):
        reply = shell.run(replace(request, then=then[:1]), 60)
        assert reply.output == [form("after a"), form("after b"), f"Text {form('it' + chr(39) + 's')}"]
        assert [error.id.partition(",")[0] for error in reply.errors] == ["Id", "Id"]
        assert (reply.state, reply.warnings) == ("completed", ["a warning"] * 2)
        assert shell.run(request, 60).output == [form("after a")]


@pytest.mark.parametrize("length", [8191, 32768, 1 << 20])
def test_a_value_may_be_longer_than_any_command_line(text: Shell, length: int) -> None:
    value = ("'\u00e4" * length)[:length]
    assert given_by(text.run(Request("windows", "Get-Given", {"Text": value}), 120)) == [f"Text {form(value)}"]


def trace(shell: Shell) -> Any:
    return shell.run(Request("windows", "Get-Trace"), 60).output


def test_what_runs_leaves_its_trace(text: Shell) -> None:
    (before,) = trace(text)
    text.run(Request("windows", "Set-Trace"), 60)
    assert trace(text) == [before + 1]


@settings(max_examples=60)
@given(st.data())
def test_no_value_becomes_code(text: Shell, data: st.DataObject) -> None:
    """Wherever it stands: as a value, in a list, on either side of a hashtable, as a parameter's name, piped."""
    before, one = trace(text), data.draw(harmful)
    values: list[Any] = [one, [one, one], {"Add": one}, {one: ["x"]}]
    for value in values:
        assert given_by(text.run(Request("windows", "Get-Given", {"Value": value}), 60)) == [f"Value {form(value)}"]
    reply = text.run(Request("windows", "Get-Given", {one: "x"}), 60)
    assert reply.state == "failed" or one == "", reply
    assert text.run(Request("windows", "Get-Given", piped=[one]), 60).output == [form(one)]
    assert trace(text) == before


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\0b", "Value: it has a NUL character, "),
        ("a\ud83d", "Value: it has half of a surrogate pair, "),
        (["\ude00"], "Value: it has half of a surrogate pair, "),
        ({"Add": [["x"]]}, "Value: a list in a list "),
        (2**63, "Value: it is beyond "),
        (-(2**63) - 1, "Value: it is beyond "),
        (credential("reader", "Se'cret-1"), "Value: a password cannot be sent as PowerShell text, "),
        ([credential("reader", "Se'cret-1")], "Value: a password cannot be sent as PowerShell text, "),
    ],
)
def test_what_cannot_be_sent_as_it_is_is_not_sent(text: Shell, value: Any, reason: str) -> None:
    reply = text.run(Request("windows", "Get-Given", {"Value": value}, write=True), 60)
    assert (reply.state, reply.output, reply.errors) == ("failed", [], [])
    assert (reply.reason or "").startswith(reason)
    assert "Se'cret-1" not in repr(reply)


COMMON = [{"ErrorAction": one} for one in ("SilentlyContinue", "Ignore", "Continue", "Stop")]
COMMON += [{"WarningAction": one} for one in ("SilentlyContinue", "Ignore", "Stop")]
COMMON += [{"ErrorVariable": "e", "WarningVariable": "+w", "OutVariable": "it"}, {"ea": "Stop"}, {"ErrorA": "Ignore"}]


@pytest.mark.parametrize("parameters", [*COMMON, {"ErrorAction": "Nothing"}, {"E": "Stop"}, {"Nothing": 1}], ids=str)
def test_common_parameters_do_what_they_do_over_psrp(text: Shell, psrp: Shell, parameters: dict[str, Any]) -> None:
    request = Request("windows", "Set-Given", parameters, piped=["a", "b'"])
    told, expected = text.run(request, 60), psrp.run(request, 60)
    assert told == replace(expected, memory=told.memory)


@settings(max_examples=40)
@given(st.lists(st.tuples(values, st.lists(texts, max_size=2)), min_size=2, max_size=4))
def test_nothing_of_a_call_is_left_in_the_next(text: Shell, calls: list[tuple[Any, list[str]]]) -> None:
    for value, piped in calls:
        reply = text.run(Request("windows", "Get-Given", {"Value": value}, piped=piped), 60)
        assert given_by(reply) == [*map(form, piped), f"Value {form(value)}"]
        assert given_by(text.run(Request("windows", "Get-Given"), 60)) == []
