"""Where the first task of a role finds all parts in sync they have no tasks of their own; otherwise all have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from evidence import stored, writes
from jobs import whole_job
from runner import Controller, Outcome, inventory
from simulator_process import SimulatorProcess

ENABLE = "mailops.exchange.enable_pop3"
DISABLE = "mailops.exchange.disable_pop3"
DRIFT = "mailops.exchange.drift"
ONE = ("-e", "exchange_hosts=ex01")
# By their own tasks, whatever the first one could find.
EACH_BY_ITSELF = ("-e", json.dumps({"__pop3_compared": [], "__imap4_compared": []}))
COMPARED = {
    "connector": "Configure the receive connector for clients",
    "certificate": "Assign the certificate to POP3",
    "settings": "Configure the POP3 settings",
    "services": "Set the state and start mode of the POP3 services",
}
MAILBOXES = "Set mailbox access by POP3"


def in_sync(outcome: Outcome) -> set[str]:
    return set(outcome.task("Read the server", "ex01")["result"]["in_sync"])


def with_own_tasks(outcome: Outcome) -> set[str]:
    return {part for part, name in COMPARED.items() if name in outcome.headings}


def warned(outcome: Outcome, text: str) -> int:
    """How often the output warns in these words, whose lines are broken at any blank."""
    return " ".join(outcome.output.split()).count(f"[WARNING]: {text}")


def reads(organisation: SimulatorProcess, cmdlet: str) -> int:
    return [entry["cmdlet"] for entry in organisation.log()].count(cmdlet)


@pytest.mark.forms("full")
def test_a_server_in_sync_is_read_once_and_by_one_task(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, **whole_job(organisation))
    first = controller.run(ENABLE, hosts, *ONE)
    assert (first.returncode, in_sync(first), with_own_tasks(first)) == (0, set(), set(COMPARED)), first.output
    for arguments in ((), ("--check",)):
        organisation.clear_log()
        again = controller.run(ENABLE, hosts, *ONE, *arguments)
        assert (again.returncode, again.stats["ex01"]["changed"]) == (0, 0), again.output
        assert (in_sync(again), with_own_tasks(again)) == (set(COMPARED), set())
        assert MAILBOXES in again.headings
        seen = [(entry["cmdlet"], json.dumps(entry["parameters"])) for entry in organisation.log()]
        assert len(seen) == len(set(seen)) == 8, seen


def test_what_differs_is_read_again_by_its_task(controller: Controller, organisation: SimulatorProcess) -> None:
    assert controller.run(ENABLE, inventory(organisation.description), *ONE).returncode == 0
    # A verification would judge by what the role has looked at, where its parts have nothing to change.
    hosts = inventory(organisation.description, pop3_banner="Mine.", pop3_manage_verification=False)

    def change(banner: str) -> Outcome:
        """Run the role, and have somebody change the banner once the role has looked at it."""
        organisation.clear_log()
        run = {"cmdlet": "Set-PopSettings", "parameters": {"Server": "EX01", "Banner": banner}}
        organisation.fault("EX01", "change_after_read", cmdlet="Get-PopSettings", run=run)
        done = controller.run(ENABLE, hosts, *ONE)
        assert done.returncode == 0, done.output
        assert (in_sync(done), with_own_tasks(done)) == (set(), {"settings", "services"})
        assert stored(organisation)["Banner"] == "Mine."
        return done

    theirs = change("Theirs.").task(COMPARED["settings"], "ex01")["result"]
    assert theirs["diff"]["before"] == {"banner": "Theirs."}
    assert reads(organisation, "Get-PopSettings") > 2
    organisation.run("EX01", "Set-PopSettings", {"Server": "EX01", "Banner": "Other."})
    mine = change("Mine.").task(COMPARED["settings"], "ex01")["result"]
    assert (mine["changed"], mine["cmdlets"]) == (False, [])
    assert "Set-PopSettings" not in writes(organisation)


def test_what_cannot_be_compared_fails_in_its_task(controller: Controller, organisation: SimulatorProcess) -> None:
    assert controller.run(ENABLE, inventory(organisation.description), *ONE).returncode == 0
    given = {"pop3_connector": {"fqdn": "mail.contoso.test"}, "pop3_certificate": {"name": "nobody.contoso.test"}}
    failed = controller.run(ENABLE, inventory(organisation.description, **given), *ONE)
    assert failed.returncode != 0
    assert in_sync(failed) == set()
    assert with_own_tasks(failed) == {"connector", "certificate"}
    why = failed.task(COMPARED["certificate"], "ex01")["result"]["msg"]
    assert why.startswith("name: no Exchange certificate on EX01 covers 'nobody.contoso.test'")
    assert failed.task("Verify POP3", "ex01")["result"]["msg"] == why
    assert "Set-ReceiveConnector" in writes(organisation)


def test_a_warning_is_shown_once_wherever_its_part_is_compared(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, pop3_x509_certificate_name="mail.contoso.test")
    text = "x509_certificate_name: 'mail.contoso.test' is not the host of any connection setting"
    for part, arguments in ((set(), ("--check",)), (set(), ()), ({"settings", "services"}, ())):
        outcome = controller.run(ENABLE, hosts, *ONE, *arguments)
        assert outcome.returncode == 0, outcome.output
        assert (in_sync(outcome), warned(outcome, text)) == (part, 1), outcome.output
        told = [item["task"] for item in outcome.results if text in str(item["result"].get("warnings"))]
        assert len(told) == 1, told


def test_with_defaults_of_modules_each_part_has_its_own_task(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description)
    assert controller.run(ENABLE, hosts, *ONE).returncode == 0
    play = {"hosts": "ex01", "gather_facts": False, "roles": ["mailops.exchange.pop3"]}
    for more, own in (({}, set()), ({"mailops.exchange.protocol_service": {"timeout": 60}}, {"settings", "services"})):
        done = controller.run([play | {"module_defaults": more}], hosts)
        assert (done.returncode, done.stats["ex01"]["changed"], with_own_tasks(done)) == (0, 0, own), done.output


def told(outcome: Outcome) -> Any:
    """What a run says to whoever reads it, wherever its parts are compared."""
    kept = {name for name in outcome.headings if name not in COMPARED.values()}
    verified = [item["result"] for item in outcome.results if item["task"].endswith("Verify POP3")]
    tables = [item["result"]["msg"] for item in outcome.results if "changes" in item["task"]]
    warnings = {text for item in outcome.results for text in map(str, item["result"].get("warnings") or [])}
    return outcome.returncode, kept, verified, tables, warnings, outcome.diffs("ex01"), outcome.changed("ex01")


@pytest.mark.parametrize(
    ("playbook", "arguments", "more"),
    [
        (ENABLE, (), {}),
        (ENABLE, (), {"pop3_banner": "Else."}),
        (ENABLE, (), {"ansible_exchange_serialization": "plain", "pop3_server": "EX01"}),
        (ENABLE, ("--tags", "pop3_settings,pop3_verification"), {}),
        (ENABLE, ("--skip-tags", "pop3_settings"), {"pop3_banner": "Else."}),
        (DISABLE, (), {}),
    ],
    ids=["in sync", "differs", "plain", "tags", "skipped tags", "absent"],
)
def test_a_run_says_the_same_as_if_each_part_was_compared_by_its_own_task(
    controller: Controller, organisation: SimulatorProcess, playbook: str, arguments: tuple[str, ...], more: Any
) -> None:
    job = whole_job(organisation)
    del job["pop3_probe"]
    assert controller.run(ENABLE, inventory(organisation.description, **job), *ONE).returncode == 0
    hosts = inventory(organisation.description, **job | more)
    one, other = (
        controller.run(playbook, hosts, *ONE, "--check", "--diff", *arguments, *own) for own in ((), EACH_BY_ITSELF)
    )
    assert told(one) == told(other)
    assert in_sync(other) == set()

    if playbook == ENABLE and not arguments:
        file = controller.folder / "drift.json"
        found = []
        for own in ((), EACH_BY_ITSELF):
            controller.run(DRIFT, hosts, *ONE, "-e", f"drift_file={file}", *own)
            found.append(json.loads(file.read_text(encoding="utf-8"))["servers"])
        assert found[0] == found[1]
