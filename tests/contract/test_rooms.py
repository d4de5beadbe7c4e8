"""Imports lead downwards only, as the guide to the architecture says, and libraries stay in their rooms."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
SIMULATOR = ROOT / "tests" / "simulator"
PREFIX = "ansible_collections.mailops.exchange.plugins."
ROW = re.compile(
    r"^   \* - ``(?P<room>[\w.]+)``\n     - (?:.+\n       )*.+\n     -(?P<below>.*(?:\n       .+)*)$", re.MULTILINE
)
# A room's name in the table is enough where there is one of it only.
ROOMS = {
    match["room"]: re.findall(r"``([\w.]+)``", match["below"])
    for match in ROW.finditer(
        (ROOT / "docs" / "docsite" / "rst" / "guide_architecture.rst").read_text(encoding="utf-8")
    )
}
LIBRARIES = {
    "cryptography": {"_x509"},
    "jinja2": {"plugin_utils"},
    "pypsrp": {"plugin_utils.wire"},
    "requests": {"plugin_utils.wire"},
    "spnego": {"plugin_utils.wire"},
    "winrm": {"plugin_utils.wire"},
}


def imported(path: Path) -> Iterator[str]:
    """The modules that a file names in imports, wherever in it they stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # A name may be a module, too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def short(name: str) -> str:
    """A module of the plugins as the table names it."""
    return name.removeprefix(PREFIX).removeprefix("module_utils.")


def room(name: str) -> str:
    """The room that a module is in, the innermost one."""
    found = [one for one in ROOMS if name == one or name.startswith(f"{one}.")]
    assert found, f"{name} is in no room of the guide to the architecture"
    return max(found, key=len)


FILES = {
    short(".".join(path.relative_to(PLUGINS).with_suffix("").parts)): path
    for path in sorted(PLUGINS.rglob("*.py"))
    if path.name != "__init__.py"
}


def allowed(source: str, target: str) -> bool:
    return room(source) == room(target) or any(
        target == below or (target.startswith(f"{below}.") and room(target) in (below, room(below)))
        for below in ROOMS[room(source)]
    )


def test_every_room_is_in_the_table_and_every_arrow_leads_down() -> None:
    assert {room(name) for name in FILES} == set(ROOMS)
    order = list(ROOMS)
    for name, below in ROOMS.items():
        for target in below:
            # The settings lie beside the wire, and know nothing of it.
            if (name, target) != ("plugin_utils.wire", "plugin_utils.settings"):
                assert order.index(name) < order.index(room(target)), (name, target)


@pytest.mark.parametrize("name", FILES)
def test_imports(name: str) -> None:
    for target in map(short, (one for one in imported(FILES[name]) if one.startswith(PREFIX))):
        assert allowed(name, target), f"{name} imports {target}, which the guide to the architecture does not let it"


@pytest.mark.parametrize("name", FILES)
def test_libraries(name: str) -> None:
    for library in {one.partition(".")[0] for one in imported(FILES[name])} & LIBRARIES.keys():
        assert room(name) in LIBRARIES[library], f"{name} imports {library}"


def test_the_settings_know_nothing_of_the_wire() -> None:
    ours = [short(one) for one in imported(FILES["plugin_utils.settings"]) if one.startswith(PREFIX)]
    # How a host is written in a URL is the same for everybody.
    assert ours == ["_host.addresses.bracketed"]


def test_the_plugins_and_the_simulator_do_not_know_each_other() -> None:
    for path in SIMULATOR.rglob("*.py"):
        assert not [one for one in imported(path) if one.startswith(("ansible", "pypsrp", "winrm"))], path
    for path in PLUGINS.rglob("*.py"):
        assert not [one for one in imported(path) if one.startswith(("exchange_simulator", "psrpcore"))], path


def test_the_packages_of_the_modules_are_empty() -> None:
    """What stands in one would be sent along with every module."""
    for path in (PLUGINS / "module_utils").rglob("__init__.py"):
        assert path.read_text(encoding="utf-8") == "", path


@pytest.mark.parametrize(
    ("source", "target", "may"),
    [
        ("_objects.services", "_work.life.run", True),
        ("_work.life", "_objects.services.read", False),
        ("_objects.services", "_judgement.findings.look", False),
        ("_tables.rows", "_host.host.Host", False),
        ("_mail.probe", "_host.failures.Failure", True),
        ("_mail.probe", "_host.host.Host", False),
        ("plugin_utils.wire.psrp", "plugin_utils.settings.Settings", True),
        ("plugin_utils.wire.psrp", "plugin_utils.session.Session", False),
        ("plugin_utils.session", "plugin_utils.wire.psrp.Psrp", True),
        ("modules.iis", "plugin_utils.session.Session", False),
    ],
)
def test_what_the_table_lets(source: str, target: str, may: bool) -> None:
    assert allowed(source, target) is may
