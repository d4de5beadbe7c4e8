"""The rights in the guide to security: made from the modules' tables, complete, and in PowerShell that parses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import least_privilege
import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import (
    EXCHANGE_2010,
    EXCHANGE_2013,
    Version,
)
from exchange_simulator.catalogue.cmdlets import BY_NAME
from exchange_simulator.catalogue.kinds import RELEASES
from exchange_simulator.catalogue.releases import RELEASE
from generate import rights

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_security.rst"
CMDLET = re.compile(r"(?:Add|Disable|Enable|Get|Invoke|New|Remove|Restart|Set|Start|Stop|Test|Update)-[A-Z]\w+")


def test_the_document_has_what_the_tables_say() -> None:
    document = GUIDE.read_text(encoding="utf-8")
    assert rights.section() in document, "run make generate"
    assert rights.rewritten(document) == document


def test_the_tests_that_the_document_names_exist() -> None:
    named = re.findall(r"``(…|[\w/.]+\.py)(?:::(\w+))?``", GUIDE.read_text(encoding="utf-8"))
    assert len(named) > 30
    last = Path()
    for name, function in named:
        last = last if name.startswith("…") else PLUGINS.parent / "tests" / name.removeprefix("tests/")
        assert last.is_file(), name
        assert not function or f"def {function}(" in last.read_text(encoding="utf-8"), function


def test_every_module_that_calls_cmdlets_is_a_feature() -> None:
    modules = {path.stem for path in (PLUGINS / "modules").glob("*.py")}
    # mail_probe and handout speak to the mail services alone, controller_file and fleet_report to nobody, and the
    # roles' own, fleet_look and fleet_usage have others speak.
    others = {
        "mail_probe",
        "handout",
        "controller_file",
        "client_access_look",
        "client_access_restore",
        "client_access_verification",
        "fleet_look",
        "fleet_report",
        "fleet_usage",
    }
    assert {name for one in least_privilege.FEATURES.values() for name in one.modules} == modules - others


def test_no_cmdlet_in_the_code_is_missing() -> None:
    listed = {name for one in least_privilege.FEATURES.values() for name in (*one.exchange, *one.windows)}
    named = {
        node.value
        for folder in ("modules", "module_utils")
        for path in (PLUGINS / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CMDLET.fullmatch(node.value)
    }
    assert {"Get-ExchangeServer", "Enable-ExchangeCertificate", "Get-CimInstance"} <= named <= listed


@pytest.mark.parametrize("key", least_privilege.FEATURES)
def test_exchange_has_every_cmdlet_and_parameter(key: str) -> None:
    for endpoint in ("exchange", "windows"):
        for name, parameters in getattr(least_privilege.FEATURES[key], endpoint).items():
            cmdlet = BY_NAME[name.casefold()]
            assert (cmdlet.name, cmdlet.endpoint) == (name, endpoint)
            assert {*parameters} <= {parameter.name for parameter in cmdlet.parameters}
            # A role takes a parameter in any case, and takes it once.
            assert len({parameter.casefold() for parameter in parameters}) == len(parameters)


@pytest.mark.parametrize("release", RELEASES)
def test_what_a_version_lacks(release: str) -> None:
    told = least_privilege.lacking(Version(*RELEASE[release].build))
    # One sentence speaks of all versions after 2010.
    assert told == least_privilege.lacking(EXCHANGE_2010 if release == "2010" else EXCHANGE_2013)
    for name, parameters in least_privilege.entries().items():
        cmdlet = BY_NAME[name.casefold()]
        if release in cmdlet.releases:
            there = {one.name.casefold() for one in cmdlet.parameters if release in one.releases}
            assert [one for one in parameters if one.casefold() not in there] == told.get(name, []), name
        else:
            assert f"``{name}``; " in rights.section()


@pytest.mark.parametrize("features", [(), *((key,) for key in least_privilege.FEATURES)], ids=str)
def test_the_commands_are_powershell(features: tuple[str, ...]) -> None:
    parser = Parser(Language(tree_sitter_powershell.language()))
    text = least_privilege.commands(*features)
    root = parser.parse(text.encode()).root_node
    assert not root.has_error, text
    named = re.findall(r"^Set-ManagementRoleEntry \"mailops \w+\\(\S+)\"", text, re.MULTILINE)
    assert sorted(named) == sorted(least_privilege.entries(*features))
    assert max(map(len, text.splitlines())) <= 120
    # A list that is broken goes on after its comma: every line that is not indented begins a command, or sets a list.
    begun = [line for line in text.splitlines() if line and not line.startswith((" ", "$"))]
    assert sum(1 for node in _nodes(root) if node.type == "command") == len(begun) + 2 * text.count("$keep =")


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)
