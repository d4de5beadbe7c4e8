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
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import Work
from ansible_collections.mailops.exchange.plugins.plugin_utils.action import ExchangeAction
from ansible_collections.mailops.exchange.plugins.plugin_utils.role import RoleAction

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# They have nothing to do with a host.
ON_A_HOST = [module for module in MODULES if module not in ("controller_file", "fleet_report", "handout")]
OF_THE_GROUP = {"server", "domain_controller"}

ROLES = ("pop3", "imap4", "application_mailbox", "certificate")
# Parts of the roles and playbooks, which nobody is sent to.
INTERNAL = {name for name in MODULES if name.startswith(("client_access_", "fleet_"))} - {"client_access_info"}


def role_file(role: str, *parts: str) -> Any:
    return yaml.safe_load(ROOT.joinpath("roles", role, *parts).read_text(encoding="utf-8"))


def specification(role: str) -> dict[str, Any]:
    options: dict[str, Any] = role_file(role, "meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
    return options


def documentation(module: str) -> dict[str, Any]:
    """What a module's own file says, without the fragments."""
    found = importlib.import_module(f"ansible_collections.mailops.exchange.plugins.modules.{module}")
    documented: dict[str, Any] = yaml.safe_load(found.DOCUMENTATION)
    return documented


def linked(documented: dict[str, Any]) -> set[str]:
    """The modules and filters of the collection that are under `seealso`."""
    names = [entry.get("module") or entry.get("plugin") or "" for entry in documented.get("seealso", [])]
    return {name.rpartition(".")[2] for name in names if name}


def action_of(module: str) -> Any:
    return importlib.import_module(f"ansible_collections.mailops.exchange.plugins.action.{module}").ActionModule


def options_of(module: str) -> set[str]:
    """What a module takes."""
    if issubclass(action_of(module), RoleAction):
        return set(action_of(module).arguments)
    found = importlib.import_module(f"ansible_collections.mailops.exchange.plugins.modules.{module}")
    (work,) = (one for one in vars(found).values() if isinstance(one, type) and issubclass(one, Work))
    return {row.option for row in work.options}


@pytest.mark.parametrize("module", ON_A_HOST)
def test_a_module_takes_all_that_its_action_group_is_given_or_is_not_in_it(module: str) -> None:
    """What `module_defaults` give to the group is given to each module of it, and one that is unknown ends the task."""
    of_the_group = RUNTIME["action_groups"]["exchange"]
    takes = OF_THE_GROUP & options_of(module)
    assert takes == (OF_THE_GROUP if module in of_the_group else set())
    # Who is in it has that from the fragment.
    assert ("action_group" in documentation(module).get("attributes", {})) is (module not in of_the_group)


def test_the_action_group_has_modules_only() -> None:
    group = RUNTIME["action_groups"]["exchange"]
    assert group == sorted(group)
    assert set(group) < set(ON_A_HOST)


@pytest.mark.parametrize("module", ON_A_HOST)
def test_every_module_goes_through_the_action_plugin(module: str) -> None:
    assert issubclass(action_of(module), ExchangeAction)


@pytest.mark.parametrize("playbook", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_no_playbook_is_content_without_hosts(playbook: Path) -> None:
    hosts = "{{ query('mailops.exchange.host_pattern', exchange_hosts | default('exchange')) }}"
    # To make one report of several no host is needed.
    given = [
        play["hosts"].replace("'localhost' if report_from is defined else ", "")
        for play in yaml.safe_load(playbook.read_text(encoding="utf-8"))
    ]
    assert set(given) == {hosts}


@pytest.mark.parametrize("role", ROLES)
def test_the_role_has_defaults_for_its_own_decisions_only(role: str) -> None:
    told = {name: option["default"] for name, option in specification(role).items() if "default" in option}
    assert role_file(role, "defaults", "main.yml") == told


def test_every_file_of_tasks_is_one_that_the_role_can_include() -> None:
    """The names are data: in the role's variables and in the filter that knows what follows."""
    files = {path.stem for path in (ROOT / "roles" / "pop3" / "tasks").glob("*.yml")} - {"main"}
    said = (ROOT / "roles" / "pop3" / "vars" / "main.yml").read_text(encoding="utf-8")
    said += inspect.getsource(follow_up)
    assert files == {name for name in re.findall(r'"(\w+)(?:\.yml)?"', said) if name in files}
    # The role's last task does these two.
    assert set(re.findall(r'yield "(\w+)"', said)) - {"failure", "verification"} <= files


@pytest.mark.parametrize("playbook", sorted(path.name for path in (ROOT / "playbooks").glob("*.yml")))
def test_what_tells_of_all_hosts_waits_for_all_of_them(playbook: str) -> None:
    """A configuration with the strategy `free` would run it once for each host, before the others are done."""
    for play in yaml.safe_load((ROOT / "playbooks" / playbook).read_text(encoding="utf-8")):
        if "run_once" in yaml.safe_dump(play):
            assert play["strategy"] == "linear"


def test_no_two_files_of_tests_have_the_same_name() -> None:
    """Tests are no package: of two such files, pytest collects the one that it meets first."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_modules_filters_and_roles_refer_to_each_other() -> None:
    documented = {module: documentation(module) for module in MODULES}
    links = {name: linked(said) for name, said in documented.items()}
    for path in (ROOT / "plugins" / "filter").glob("*.py"):
        found = importlib.import_module(f"ansible_collections.mailops.exchange.plugins.filter.{path.stem}")
        documented[path.stem] = yaml.safe_load(found.DOCUMENTATION)
        links[path.stem] = linked(documented[path.stem])
    one_way = [
        (name, other) for name in links if name not in INTERNAL for other in links[name] if name not in links[other]
    ]
    # ansible-test knows no roles under `seealso`.
    one_way += [
        (role, other)
        for role in ROLES
        for other in linked(role_file(role, "meta", "argument_specs.yml")["argument_specs"]["main"])
        if f"P(mailops.exchange.{role}#role)" not in str(documented[other])
    ]
    assert not one_way
