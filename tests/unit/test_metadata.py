"""What is said in several places of the collection is the same in all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.mailops.exchange.plugins.module_utils.vocabulary.client_access import POP3

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


def role_file(*parts: str) -> Any:
    return yaml.safe_load(ROOT.joinpath("roles", "pop3", *parts).read_text(encoding="utf-8"))


def test_every_module_is_in_the_action_group() -> None:
    assert RUNTIME["action_groups"]["exchange"] == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_every_module_goes_through_the_action_plugin(module: str) -> None:
    assert RUNTIME["plugin_routing"]["modules"][module] == {"action_plugin": "mailops.exchange.exchange"}


def test_the_role_has_every_setting_and_hands_it_on() -> None:
    specification = role_file("meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
    task = next(task for task in role_file("tasks", "present.yml") if "mailops.exchange.pop_settings" in task)
    handed_on = task["mailops.exchange.pop_settings"]
    for setting in POP3.settings:
        assert f"pop3_{setting.option}" in specification
        assert handed_on[setting.option] == f"{{{{ pop3_{setting.option} | default(omit) }}}}"
    assert handed_on.keys() == {setting.option for setting in POP3.settings} | {"server", "domain_controller"}


def test_the_role_has_defaults_for_its_own_decisions_only() -> None:
    specification = role_file("meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
    told = {name: option["default"] for name, option in specification.items() if "default" in option}
    assert role_file("defaults", "main.yml") == told
