"""The modules' own documentation: the examples run, and what comes back is what RETURN says, no more and no less."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import fleet_reports
import logs
import pytest
import yaml
from evidence import IMAP, POP, add_connector
from least_privilege import FEATURES
from module_runner import MODULES
from renewal import PASSWORD as PFX_PASSWORD
from renewal import issue
from runner import PASSWORD, Controller, inventory
from simulator_process import BASIC, SimulatorProcess

Run = Callable[..., dict[str, Any]]
# What has no host to ask runs in the controller's own process.
ON_THE_CONTROLLER = "controller_file"
# What the roles begin and end with, and what goes back, is action plugins, which run other modules.
OF_ROLES = ("client_access_look", "client_access_verification")
GOING_BACK = "client_access_restore"
OF_REPORTS = ("fleet_look", "fleet_usage", "fleet_report")
# It asks several servers; test_handout_playbook.py runs it and holds its results to what is documented.
HANDING_OUT = "handout"
NAMES = sorted(
    path.stem
    for path in (Path(__file__).resolve().parents[2] / "plugins" / "modules").glob("*.py")
    if path.stem not in (ON_THE_CONTROLLER, GOING_BACK, HANDING_OUT, *OF_ROLES, *OF_REPORTS)
)
MAIL = "mail.contoso.test"
POLICIES = ("Mail programs", "Fetching services")
# What the examples call the organisation's, and what the simulated one has.
HERE = {
    "contoso.com": "contoso.test",
    "anna@": "reader@",
    "probe@": "reader@",
    "scanner1@": "user000001@",
    "scanner2@": "user000002@",
    "tickets@": "user000003@",
    "bertha@": "user000004@",
    "Room*": "User*",
    "{{ probe_password }}": PASSWORD,
    "{{ bertha_password }}": PASSWORD,
    "{{ everybody.pop3.users | rejectattr('last_seen', 'none') | map(attribute='user') }}": "reader@contoso.test",
    "{{ mail_pfx_password }}": PFX_PASSWORD,
    "611C687DFC4343A5A03E0005A1EC6E9B6AFF586D": "{{ thumbprint }}",
}
# Enough to be run by, where a module has options that it cannot do without.
REQUIRED: dict[str, dict[str, Any]] = {
    "cas_mailbox": {"identities": ["reader"], "pop_enabled": True},
    "connectivity_test": {"protocol": "pop3"},
    "exchange_certificate": {"name": MAIL, "services": ["POP"]},
    "iis": {"state": "restarted"},
    "mail_probe": {"protocol": "pop3", "host": MAIL, "connect_to": "127.0.0.1", "port": 1},
    "protocol_service": {"protocol": "pop3", "state": "started"},
    "throttling_policy": {"name": POLICIES[0]},
}
# Without any of them a task fails once it knows its server.
READING = {
    cmdlet
    for feature in FEATURES.values()
    for cmdlet in (*feature.exchange, *feature.windows)
    if cmdlet.startswith(("Get-", "Test-")) and cmdlet != "Get-ExchangeServer"
}
ANSIBLES_OWN = {"invocation", "warnings", "deprecations"}
PYTHON_TYPES = {"str": str, "bool": bool, "int": int, "dict": dict, "list": list}


def documentation(module: str, part: str) -> Any:
    return yaml.safe_load(getattr(importlib.import_module(MODULES + module), part))


@pytest.fixture(scope="module")
def powershell_directory() -> dict[str, Any]:
    return {"mailboxes": 4, **BASIC}


@pytest.fixture
def prepared(organisation: SimulatorProcess, run: Run) -> SimulatorProcess:
    """The organisation with what the examples take for granted."""
    certificate = {"name": MAIL, "services": ["SMTP"], "replace_default_smtp_certificate": True}
    assert "failed" not in run("exchange_certificate", certificate)
    for module in ("pop_settings", "imap_settings"):
        assert "failed" not in run(module, {"x509_certificate_name": MAIL})
    assert "failed" not in run("receive_connector", {"tls_certificate_name": MAIL})
    assert "failed" not in run("cas_mailbox", {"identities": ["user000004"], "pop_enabled": False})
    for policy in POLICIES:
        assert organisation.run("EX01", "New-ThrottlingPolicy", {"Name": policy})["errors"] == []
    add_connector(organisation, "Branch office", RemoteIPRanges=["10.30.0.0/16"])
    for protocol, folder in logs.FOLDERS.items():
        written = datetime.now(UTC).isoformat()
        name = f"{folder}\\{protocol.upper()}2026010400-1.LOG"
        organisation.write_file("EX01", name, logs.of_today("scanner@contoso.test"), written)
    renewed, folder = issue(MAIL), organisation.directory
    (folder / f"{MAIL}.pfx").write_bytes(renewed.pfx())
    (folder / f"{MAIL}-fullchain.pem").write_bytes(renewed.pem(chain=True))
    (folder / f"{MAIL}.key").write_bytes(renewed.key_pem())
    return organisation


def examples(organisation: SimulatorProcess, module: str) -> Any:
    """The tasks of the examples, as they would be written for the simulated organisation."""
    text: str = importlib.import_module(MODULES + module).EXAMPLES
    thumbprint = organisation.certificate("EX01", MAIL)["thumbprint"]
    own = {"{{ thumbprint }}": thumbprint, "/srv/certificates": str(organisation.directory)}
    for there, here in {**HERE, **own}.items():
        text = text.replace(there, here)
    return yaml.safe_load(text)


def within_reach(organisation: SimulatorProcess, probe: dict[str, Any]) -> dict[str, Any]:
    """A probe with what the DNS, the real ports and a public authority would be to a real one."""
    server = organisation.description["servers"]["EX01"]
    place = {"connect_to": server["address"], "ca_cert": organisation.description["ca"]}
    place["port"] = server["port_offset"] + {"pop3": 995, "imap4": 993}[probe["protocol"]]
    trip = {"round_trip": {**probe["round_trip"], "port": server["port_offset"] + 587}} if "round_trip" in probe else {}
    return {**probe, **place, **trip}


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
def test_examples_and_returned_values(run: Run, prepared: SimulatorProcess, module: str) -> None:
    documented = documentation(module, "RETURN")
    if module in ("connectivity_test", "mail_probe"):
        prepared.enable_certificate("EX01", MAIL, "POP, IMAP")
        prepared.run("EX01", "Start-Service", {"Name": [*POP, *IMAP]}, endpoint="windows")
    returned = {name: entry for name, entry in documented.items() if not is_conditional(entry)}
    expected = {name for name, entry in returned.items() if entry["returned"].startswith(("success", "always"))}
    assert expected == set(returned)
    for task in examples(prepared, module):
        assert task["name"]
        # Tasks of other collections' modules only show what to do with a result.
        for check, (name, options) in product((True, False), task.items()):
            if not name.startswith("mailops.exchange."):
                continue
            if name.endswith(".mail_probe"):
                options = within_reach(prepared, options)
            result = run(name.rpartition(".")[2], options, check=check)
            assert "failed" not in result, result.get("msg")
            if name.endswith(module):
                assert set(result) - ANSIBLES_OWN - {"changed"} == expected - {"changed"}
                for key, entry in returned.items():
                    agrees(result[key], entry, key)


@pytest.mark.parametrize("module", NAMES)
def test_a_failed_task_has_no_others(run: Run, organisation: SimulatorProcess, module: str) -> None:
    """`returned: always` holds for what fails after its options were found right."""
    for cmdlet in READING:
        organisation.fault("EX01", "rbac_without", cmdlet=cmdlet)
    result = run(module, REQUIRED.get(module, {}))
    assert result["failed"] is True
    always = {name for name, entry in documentation(module, "RETURN").items() if entry["returned"] == "always"}
    assert always <= set(result)


def test_the_module_that_has_no_host(controller: Controller, organisation: SimulatorProcess) -> None:
    tasks = documentation(ON_THE_CONTROLLER, "EXAMPLES")
    play = [{"hosts": "exchange", "gather_facts": False, "tasks": tasks}]
    outcome = controller.run(play, inventory(organisation.description), "-e", "exchange_hosts=ex01", "--limit", "ex01")
    assert outcome.returncode == 0, outcome.output
    documented = documentation(ON_THE_CONTROLLER, "RETURN")
    for task in tasks:
        if f"mailops.exchange.{ON_THE_CONTROLLER}" in task:
            result = outcome.task(task["name"], "ex01")["result"]
            assert {name for name in result if not name.startswith("_ansible")} - ANSIBLES_OWN - {"changed"} == set(
                documented
            )
            for key, entry in documented.items():
                agrees(result[key], entry, key)


def test_the_modules_of_the_roles(controller: Controller, organisation: SimulatorProcess) -> None:
    organisation.run("EX01", "Start-Service", {"Name": [*POP]}, endpoint="windows")
    tasks = [task for module in OF_ROLES for task in documentation(module, "EXAMPLES")]
    play = [{"hosts": "exchange", "gather_facts": False, "vars": {"settings": {}}, "tasks": tasks}]
    outcome = controller.run(play, inventory(organisation.description), "--limit", "ex01")
    assert outcome.returncode == 0, outcome.output
    for module, task in zip(OF_ROLES, tasks, strict=True):
        assert task[f"mailops.exchange.{module}"]["protocol"] == "pop3"
        documented = documentation(module, "RETURN")
        # The same for the protocol that was not asked for.
        documented.pop("imap4", None)
        result = outcome.task(task["name"], "ex01")["result"]
        told = {name for name in result if not name.startswith("_ansible")} - ANSIBLES_OWN - {"changed"}
        assert told == set(documented)
        for key, entry in documented.items():
            agrees(result[key], entry, key)


def test_the_modules_of_reports(controller: Controller, organisation: SimulatorProcess) -> None:
    for number in (1, 2):
        controller.write(f"slice{number}.json", fleet_reports.made(number, fleet_reports.NOW))
    # What has names of users is seen here all the same.
    tasks = [{**task, "no_log": False} for module in OF_REPORTS for task in documentation(module, "EXAMPLES")]
    play = [{"hosts": "exchange", "gather_facts": False, "tasks": tasks}]
    outcome = controller.run(play, inventory(organisation.description), "--limit", "ex01")
    assert outcome.returncode == 0, outcome.output
    for module, task in zip(OF_REPORTS, tasks, strict=True):
        documented = documentation(module, "RETURN")
        result = outcome.task(task["name"], "ex01")["result"]
        told = {name for name in result if not name.startswith("_ansible")} - ANSIBLES_OWN - {"changed"}
        assert told == set(documented)
        for key, entry in documented.items():
            agrees(result[key], entry, key)


def test_the_module_of_going_back(controller: Controller, organisation: SimulatorProcess) -> None:
    change = {"name": "Change something", "mailops.exchange.pop_settings": {"banner": "Changed"}}
    examples = documentation(GOING_BACK, "EXAMPLES")
    plays = [
        {"ansible.builtin.import_playbook": "mailops.exchange.adopt"},
        {"hosts": "exchange", "gather_facts": False, "tasks": [change, *examples]},
    ]
    hosts = inventory(organisation.description)
    outcome = controller.run(plays, hosts, "--limit", "ex01", "-e", "adopt_folder=before")
    assert outcome.returncode == 0, outcome.output
    documented = documentation(GOING_BACK, "RETURN")
    result = outcome.task(examples[0]["name"], "ex01")["result"]
    assert {name for name in result if not name.startswith("_ansible")} - ANSIBLES_OWN - {"changed"} == set(documented)
    for key, entry in documented.items():
        agrees(result[key], entry, key)
    assert (result["changed"], outcome.results[-1]["result"]["restored.left"]) == (True, result["left"])
