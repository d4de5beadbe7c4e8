"""What is said in several places of the collection is the same in all of them."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import follow_up
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3
from ansible_collections.mailops.exchange.plugins.plugin_utils.action import ExchangeAction

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
# controller_file has nothing to do with a host; neither has an option that it would share with the others.
ALONE = {"client_access_verification", "controller_file"}
MODULES = sorted({path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} - ALONE)


ROLES = {"pop3": ("pop_settings", POP3), "imap4": ("imap_settings", IMAP4)}


def role_file(role: str, *parts: str) -> Any:
    return yaml.safe_load(ROOT.joinpath("roles", role, *parts).read_text(encoding="utf-8"))


def specification(role: str) -> dict[str, Any]:
    options: dict[str, Any] = role_file(role, "meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
    return options


def test_every_module_is_in_the_action_group() -> None:
    assert RUNTIME["action_groups"]["exchange"] == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_every_module_goes_through_the_action_plugin(module: str) -> None:
    action = importlib.import_module(f"ansible_collections.mailops.exchange.plugins.action.{module}")
    assert issubclass(action.ActionModule, ExchangeAction)


@pytest.mark.parametrize("playbook", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_no_playbook_is_content_without_hosts(playbook: Path) -> None:
    hosts = "{{ query('mailops.exchange.host_pattern', exchange_hosts | default('exchange')) }}"
    assert {play["hosts"] for play in yaml.safe_load(playbook.read_text(encoding="utf-8"))} == {hosts}


@pytest.mark.parametrize("role", ROLES)
def test_the_role_has_every_setting_and_hands_it_on(role: str) -> None:
    module, protocol = ROLES[role]
    (task,) = role_file(role, "tasks", "settings.yml")
    handed_on = task[f"mailops.exchange.{module}"]
    for setting in protocol.settings:
        assert f"{role}_{setting.option}" in specification(role)
        assert handed_on[setting.option] == f"{{{{ {role}_{setting.option} | default(omit) }}}}"
    assert handed_on.keys() == {setting.option for setting in protocol.settings} | {"server", "domain_controller"}


@pytest.mark.parametrize("role", ROLES)
def test_the_role_has_defaults_for_its_own_decisions_only(role: str) -> None:
    told = {name: option["default"] for name, option in specification(role).items() if "default" in option}
    assert role_file(role, "defaults", "main.yml") == told


@pytest.mark.parametrize("role", ROLES)
def test_the_role_takes_every_option_of_the_connector_and_hands_it_on(role: str) -> None:
    (task,) = role_file(role, "tasks", "connector.yml")
    handed_on = task["mailops.exchange.receive_connector"].keys() - {"server", "domain_controller"}
    assert specification(role)[f"{role}_connector"]["options"].keys() == handed_on
    assert handed_on == {"name"} | {setting.option for setting in CONNECTOR_SETTINGS}


def test_every_file_of_tasks_is_one_that_the_role_can_include() -> None:
    """The names are data: in the role's variables and in the filter that knows what follows."""
    files = {path.stem for path in (ROOT / "roles" / "pop3" / "tasks").glob("*.yml")} - {"main"}
    said = (ROOT / "roles" / "pop3" / "vars" / "main.yml").read_text(encoding="utf-8")
    said += inspect.getsource(follow_up)
    assert files == {name for name in re.findall(r'"(\w+)"', said) if name in files}
    # The role's last task does these two.
    assert set(re.findall(r'yield "(\w+)"', said)) - {"failure", "verification"} <= files
