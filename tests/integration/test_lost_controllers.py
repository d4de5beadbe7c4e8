"""Domain controllers that know different things: not at the same time, not of the same domain, and nothing any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from module_runner import run_module
from runner import PASSWORD, Controller, Outcome, inventory
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

DC1, DC2, EMEA = "DC1.contoso.test", "DC2.contoso.test", "DC1.emea.contoso.test"
READER = "reader@contoso.test"
TASKS: dict[str, dict[str, Any]] = {
    "pop_settings": {"banner": "New."},
    "imap_settings": {"banner": "New."},
    "protocol_service": {"protocol": "pop3", "state": "started"},
    "client_access_info": {"protocols": ["pop3", "imap4"]},
    "exchange_certificate": {"name": "mail.contoso.test", "services": ["POP"]},
    "receive_connector": {"advertise_client_settings": True},
    "throttling_policy": {"name": "Mail programs", "pop_max_concurrency": 7},
    "cas_mailbox": {"identities": [READER], "pop_enabled": False},
    "connectivity_test": {"protocol": "pop3", "user": READER, "password": PASSWORD},
}


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(
        servers={"EX01": "SE"},
        password=PASSWORD,
        directory=tmp_path_factory.mktemp("organisation"),
        domain_controllers=2,
        replication_delay=900,
        **BASIC,
    ) as process:
        yield process


@pytest.mark.parametrize("module", TASKS)
def test_every_module_stays_with_the_controller_it_is_given(
    organisation: SimulatorProcess, open_session: Callable[..., Session], module: str
) -> None:
    organisation.run("EX01", "New-ThrottlingPolicy", {"Name": "Mail programs"})
    options = TASKS[module] | {"domain_controller": DC2}
    result = run_module(module, options, open_session().invoke, pause=lambda _: None)
    assert "failed" not in result, result
    asked = [entry for entry in organisation.log() if entry["endpoint"] == "exchange"]
    assert asked
    assert [entry["cmdlet"] for entry in asked if entry["parameters"].get("DomainController") != DC2] == []


def test_what_the_other_controller_does_not_know_yet(
    organisation: SimulatorProcess, open_session: Callable[..., Session]
) -> None:
    theirs = {"Server": "EX01", "Banner": "Theirs."}
    assert organisation.run("EX01", "Set-PopSettings", theirs, domain_controller=DC2)["errors"] == []
    wanted = {"banner": "Theirs."}
    session = open_session()

    def changes(**controller: str) -> bool:
        changed: bool = run_module("pop_settings", wanted | controller, session.invoke, check=True)["changed"]
        return changed

    assert (changes(), changes(domain_controller=DC2)) == (True, False)
    # The play's first answer came from DC1, and so do all later ones, whichever the server prefers by then.
    organisation.fault("EX01", "other_controller", controller=DC2)
    assert changes() is True
    organisation.clock(900)
    assert changes() is False


ENABLE = "mailops.exchange.enable_pop3"
CHILDREN = ["emea000001@contoso.test", "emea000002@contoso.test"]


@pytest.fixture(scope="module")
def _forest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(
        servers={"EX01": "SE"},
        password=PASSWORD,
        directory=tmp_path_factory.mktemp("forest"),
        domain_controllers=2,
        mailboxes=3,
        child_domain="emea.contoso.test",
        child_mailboxes=3,
        **BASIC,
    ) as process:
        yield process


@pytest.fixture
def forest(_forest: SimulatorProcess) -> SimulatorProcess:
    """A server of a forest with two domains, two controllers in each."""
    _forest.reset()
    return _forest


def enabled(forest: SimulatorProcess, controller: str) -> list[str]:
    found = forest.run("EX01", "Get-CASMailbox", {"Filter": "PopEnabled -eq $true"}, domain_controller=controller)
    return [one["SamAccountName"] for one in found["output"]]


def banner(forest: SimulatorProcess) -> str:
    stored: dict[str, Any] = forest.state()["servers"]["EX01"]["stored"]["pop3"]
    return str(stored["Banner"])


def writes(forest: SimulatorProcess) -> list[str]:
    return [entry["cmdlet"] for entry in forest.log() if entry["cmdlet"].startswith("Set-")]


def warnings(outcome: Outcome) -> list[str]:
    return [text for one in outcome.of("ex01") for text in one["result"].get("warnings", ())]


def play(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"hosts": "exchange", "gather_facts": False, "tasks": list(tasks)}]


TWO_TASKS = play(
    {"name": "Mailboxes", "mailops.exchange.cas_mailbox": {"identities": ["user000001", READER], "pop_enabled": False}},
    {"name": "Settings", "mailops.exchange.pop_settings": {"banner": "New."}},
    {"name": "Look", "mailops.exchange.client_access_info": {"protocols": ["pop3"]}},
)


@pytest.mark.parametrize(
    ("cmdlet", "when", "sent"),
    [
        ("Get-PopSettings", "before", ["Set-CASMailbox", "Set-PopSettings"]),
        ("Set-CASMailbox", "before", ["Set-CASMailbox", "Set-CASMailbox", "Set-PopSettings"]),
        ("Set-PopSettings", "after", ["Set-CASMailbox", "Set-PopSettings"]),
    ],
)
def test_a_controller_goes_away_in_the_middle_of_a_play(
    controller: Controller, forest: SimulatorProcess, cmdlet: str, when: str, sent: list[str]
) -> None:
    hosts = inventory(forest.description)
    before = (enabled(forest, DC1), banner(forest))
    predicted = controller.run(TWO_TASKS, hosts, "--check", "--diff")
    assert (predicted.returncode, writes(forest), warnings(predicted)) == (0, [], []), predicted.output
    assert (enabled(forest, DC1), banner(forest)) == before
    forest.fault("EX01", "controller_gone", controller=DC1, cmdlet=cmdlet, when=when)
    done = controller.run(TWO_TASKS, hosts, "--diff")
    assert done.returncode == 0, done.output
    assert (done.changed("ex01"), done.diffs("ex01")) == (["Mailboxes", "Settings"], predicted.diffs("ex01"))
    assert writes(forest) == sent
    assert (enabled(forest, DC1), banner(forest)) == (["administrator", "user000002", "user000003"], "New.")
    (told,) = warnings(done)
    assert told.startswith(f"{DC1}: the play has used this domain controller")
    assert "domain_controller" in told
    left = [entry["parameters"].get("DomainController") for entry in forest.log() if entry["endpoint"] == "exchange"]
    assert left[-1] is None, "to the end of the play"
    # It is still gone; the next play stays with the other one.
    forest.clear_log()
    again = controller.run(TWO_TASKS, hosts, "--diff")
    assert (again.returncode, again.changed("ex01"), warnings(again)) == (0, [], []), again.output
    asked = [entry["parameters"].get("DomainController") for entry in forest.log() if entry["endpoint"] == "exchange"]
    assert set(asked) == {None, DC2}


def test_the_users_own_controller_goes_away(controller: Controller, forest: SimulatorProcess) -> None:
    wanted = {"pop3_banner": "New.", "pop3_domain_controller": DC1}
    forest.fault("EX01", "controller_gone", controller=DC1, cmdlet="Set-PopSettings")
    failed = controller.run(ENABLE, inventory(forest.description, **wanted))
    assert (failed.returncode, banner(forest) == "New.") == (2, False), failed.output
    assert failed.changed("ex01") == ["mailops.exchange.pop3 : Configure the POP3 settings"], "it cannot be read back"
    told = [one["result"]["msg"] for one in failed.of("ex01") if one["status"] == "failed"]
    assert f"Only {DC1} is used, because domain_controller names it" in told[0]
    asked = [entry["parameters"] for entry in forest.log() if entry["endpoint"] == "exchange"]
    assert {parameters.get("DomainController") for parameters in asked} == {DC1}
    other = inventory(forest.description, **wanted | {"pop3_domain_controller": DC2})
    assert controller.run(ENABLE, other).returncode == 0
    assert banner(forest) == "New."


def test_the_role_where_a_controller_of_the_child_domain_answers_first(
    controller: Controller, forest: SimulatorProcess
) -> None:
    wanted = {"pop3_banner": "New.", "pop3_mailboxes": {"identities": [READER, "user000002"], "exclusive": True}}
    hosts = inventory(forest.description, **wanted)
    forest.fault("EX01", "other_controller", controller=EMEA)
    before = (enabled(forest, DC1), enabled(forest, EMEA), banner(forest))
    predicted = controller.run(ENABLE, hosts, "--check", "--diff")
    assert (predicted.returncode, writes(forest)) == (0, []), predicted.output
    assert (enabled(forest, DC1), enabled(forest, EMEA), banner(forest)) == before
    done = controller.run(ENABLE, hosts, "--diff")
    assert (done.returncode, done.diffs("ex01")) == (0, predicted.diffs("ex01")), done.output
    assert (enabled(forest, DC1), banner(forest)) == (["reader", "user000002"], "New.")
    assert enabled(forest, EMEA) == before[1], "nobody of another domain loses anything"
    again = controller.run(ENABLE, hosts, "--diff")
    assert (again.returncode, again.changed("ex01")) == (0, []), again.output


def test_mailboxes_of_the_child_domain(controller: Controller, forest: SimulatorProcess) -> None:
    options = {"identities": CHILDREN, "pop_enabled": False}
    hosts = inventory(forest.description)
    lost = controller.run(play({"name": "Mailboxes", "mailops.exchange.cas_mailbox": options}), hosts)
    assert "set domain_controller to" in lost.task("Mailboxes", "ex01")["result"]["msg"]
    theirs = play({"name": "Mailboxes", "mailops.exchange.cas_mailbox": {**options, "domain_controller": EMEA}})
    predicted = controller.run(theirs, hosts, "--check", "--diff")
    assert (predicted.changed("ex01"), len(enabled(forest, EMEA)), writes(forest)) == (["Mailboxes"], 4, [])
    done = controller.run(theirs, hosts, "--diff")
    assert (done.changed("ex01"), done.diffs("ex01")) == (["Mailboxes"], predicted.diffs("ex01")), done.output
    assert enabled(forest, EMEA) == ["boss.emea", "emea000003"]
    assert controller.run(theirs, hosts).changed("ex01") == []
