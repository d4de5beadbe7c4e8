"""Values as PowerShell literals: read back by an independent parser they are what they were."""

from __future__ import annotations

import re
from typing import Any

import pytest
import tree_sitter_powershell
from hostile import HOSTILE, QUOTES
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import powershell

PARSER = Parser(Language(tree_sitter_powershell.language()))
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts | st.sampled_from(HOSTILE[:-2])
values: st.SearchStrategy[Any] = st.recursive(
    scalars | st.lists(scalars, max_size=4),
    lambda inner: st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def parse(text: str) -> Node:
    root = PARSER.parse(text.encode()).root_node
    assert not root.has_error, text
    return root


def find(node: Node, kind: str) -> list[Node]:
    found = [node] if node.type == kind else []
    return found + [one for child in node.children for one in find(child, kind)]


def read_string(node: Node) -> str:
    assert node.text is not None
    text = node.text.decode()
    assert text[0] == text[-1] == "'"
    return re.sub(f"([{QUOTES}])[{QUOTES}]", r"\1", text[1:-1])


def sent(value: Any) -> list[str]:
    """The strings in the parameters of a command, in the text that is sent for it."""
    text = powershell.render([("Set-PopSettings", {"Banner": value})])
    root = parse(text)
    names = [(one.text or b"").decode() for one in find(root, "command_name")]
    assert names == ["Set-PopSettings"]
    assigned = find(root, "assignment_expression")[0]
    name, *strings = [read_string(one) for one in find(assigned, "verbatim_string_characters")]
    assert name == "Banner"
    return strings


@pytest.mark.parametrize("value", HOSTILE)
def test_a_string_is_one_literal_and_nothing_else(value: str) -> None:
    assert sent(value) == [value]


@given(texts)
def test_any_string_is_one_literal(value: str) -> None:
    assert sent(value) == [value]


def strings_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in [key, *strings_in(item)]]
    return []


@given(values)
def test_any_value_keeps_its_strings_and_adds_no_command(value: Any) -> None:
    assert sent(value) == strings_in(value)


def test_literals() -> None:
    value = [None, True, False, 5, -5, "a'b", {"Add": ["y"], "Remove": []}]
    assert powershell.literal(value) == ("@($null, $true, $false, 5, -5, 'a''b', @{'Add' = @('y'); 'Remove' = @()})")


@given(st.lists(texts, min_size=1))
def test_piped_identities_are_literals(identities: list[str]) -> None:
    text = powershell.render([("Set-CASMailbox", {"PopEnabled": True})], identities)
    assert len(find(parse(text), "pipeline_chain")) == 3
    strings = [read_string(one) for one in find(parse(text), "verbatim_string_characters")]
    assert strings == ["PopEnabled", *identities]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\0b", "Banner: it has a NUL character, which PowerShell text cannot carry"),
        ("\ud800", "Banner: it has half of a surrogate pair, which is not a character"),
        (
            {"$credential": {"user": "probe", "password": "secret"}},
            "Banner: a password cannot be sent as PowerShell text, which Windows may log; use "
            "ansible_exchange_transport: psrp",
        ),
        (
            {"$secured": "secret"},
            "Banner: a password cannot be sent as PowerShell text, which Windows may log; use "
            "ansible_exchange_transport: psrp",
        ),
        (
            {"$bytes": "MA=="},
            "Banner: a file cannot be sent as PowerShell text, which Windows may log; use "
            "ansible_exchange_transport: psrp",
        ),
        ([["x"]], "Banner: a list in a list has no form in PowerShell text, where one that is alone is its items"),
        (1 << 63, "Banner: it is beyond the whole numbers of 64 bits, and would be of another type"),
        (1.5, "Banner: a float has no form in PowerShell text"),
    ],
)
def test_what_has_no_literal_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        powershell.render([("Set-PopSettings", {"Banner": value})])


@pytest.mark.parametrize(
    "cmdlet",
    ["Set-PopSettings; exit", "exit", "Set-PopSettings -Confirm", "", "$x\\Get-Y", "A B\\Get-Y", "A\\B\\Get-Y"],
)
def test_what_is_no_cmdlet_is_refused(cmdlet: str) -> None:
    with pytest.raises(ValueError, match="is not a cmdlet"):
        powershell.render([("Get-Service", {}), (cmdlet, {})])


@given(values, values)
def test_each_cmdlet_of_a_pipeline_has_its_own_literals(first: Any, second: Any) -> None:
    text = powershell.render([("Get-X", {"A": first}), ("A.B\\Select-Object", {"B": second})], ["piped"])
    root = parse(text)
    names = [(one.text or b"").decode() for one in find(root, "command_name")]
    assert names == ["Get-X", "A.B\\Select-Object"]
    strings = [read_string(one) for one in find(root, "verbatim_string_characters")]
    assert strings == ["A", *strings_in(first), "B", *strings_in(second), "piped"]
    splatted = [(one.text or b"").decode() for one in find(root, "variable") if (one.text or b"").startswith(b"@")]
    assert splatted == ["@parameters", "@parameters1"]
    # The records of all of them come among the output of the last, and none into the input of another.
    assert text.endswith("} 2>&1 3>&1")
    assert text.count("&1") == 2 + "".join(map(str, [*strings_in(first), *strings_in(second)])).count("&1")


@given(texts)
def test_even_the_name_of_a_parameter_is_a_literal(name: str) -> None:
    text = powershell.render([("Set-PopSettings", {name: True})])
    assert read_string(find(parse(text), "verbatim_string_characters")[0]) == name


def test_the_command_line_fits_into_that_of_cmd() -> None:
    program, arguments = powershell.command_line()
    assert len(" ".join([program, *arguments])) < 8191
    parse(powershell.BOOTSTRAP)
