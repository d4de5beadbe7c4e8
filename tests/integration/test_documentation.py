"""The modules' own documentation: the examples run, and what comes back is what RETURN says, no more and no less."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import yaml
from module_runner import MODULES
from simulator_process import SimulatorProcess

Run = Callable[..., dict[str, Any]]
NAMES = ["client_access_info", "iis", "imap_settings", "pop_settings", "protocol_service", "throttling_policy"]
ANSIBLES_OWN = {"invocation", "warnings", "deprecations"}
PYTHON_TYPES = {"str": str, "bool": bool, "int": int, "dict": dict, "list": list}


def documentation(module: str, part: str) -> Any:
    return yaml.safe_load(getattr(importlib.import_module(MODULES + module), part))


@pytest.fixture(autouse=True)
def policies(organisation: SimulatorProcess) -> None:
    """The throttling policies that the examples take for granted."""
    for name in ("Mail programs", "Fetching services"):
        assert organisation.run("EX01", "New-ThrottlingPolicy", {"Name": name})["errors"] == []


def is_conditional(documented: dict[str, Any]) -> bool:
    """Whether it comes only where something could not be read, which no example meets."""
    return str(documented.get("returned")) == "when there are any"


def agrees(value: Any, documented: dict[str, Any], name: str) -> None:
    """A value has the type and exactly the members that are documented; null wherever a description speaks of it."""
    if value is None:
        assert "null" in str(documented["description"]), name
        return
    assert isinstance(value, PYTHON_TYPES[documented["type"]]), (name, value)
    if contains := documented.get("contains"):
        for item in value if isinstance(value, list) else [value]:
            usual = {member: inner for member, inner in contains.items() if not is_conditional(inner)}
            assert set(item) == set(usual), name
            for member, inner in usual.items():
                agrees(item[member], inner, f"{name}.{member}")


@pytest.mark.parametrize("module", NAMES)
def test_examples_and_returned_values(run: Run, organisation: SimulatorProcess, module: str) -> None:
    documented = documentation(module, "RETURN")
    returned = {name: entry for name, entry in documented.items() if not is_conditional(entry)}
    expected = {name for name, entry in returned.items() if entry["returned"].startswith(("success", "always"))}
    assert expected == set(returned)
    for task in documentation(module, "EXAMPLES"):
        assert task["name"]
        # Tasks of other collections' modules only show what to do with a result.
        for check, (name, options) in product((True, False), task.items()):
            if not name.startswith("mailops.exchange."):
                continue
            result = run(name.rpartition(".")[2], options, check=check)
            assert "failed" not in result, result
            if name.endswith(module):
                assert set(result) - ANSIBLES_OWN - {"changed"} == expected
                for key, entry in returned.items():
                    agrees(result[key], entry, key)


@pytest.mark.parametrize("module", NAMES)
def test_a_failed_task_has_no_others(run: Run, organisation: SimulatorProcess, module: str) -> None:
    """`returned: always` holds for what fails after its options were found right."""
    required = {"protocol_service": {"protocol": "pop3", "state": "started"}, "iis": {"state": "restarted"}}
    required["throttling_policy"] = {"name": "Mail programs"}
    organisation.fault("EX01", "rbac_without", cmdlet="Get-ThrottlingPolicy")
    organisation.fault("EX01", "rbac_without", cmdlet="Get-CimInstance")
    organisation.fault("EX01", "rbac_without", cmdlet="Get-WmiObject")
    organisation.fault("EX01", "rbac_without", cmdlet="Get-PopSettings")
    organisation.fault("EX01", "rbac_without", cmdlet="Get-ImapSettings")
    result = run(module, required.get(module, {}))
    assert result["failed"] is True
    always = {name for name, entry in documentation(module, "RETURN").items() if entry["returned"] == "always"}
    assert always <= set(result)
