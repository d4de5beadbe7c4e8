"""cas_mailbox over real sessions: who is meant by a name, who is the Administrator, and who speaks for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from module_runner import run_module
from runner import PASSWORD
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

WAYS: dict[str, dict[str, Any]] = {"psrp": {}, "winrm": {"access": "local", "transport": "winrm"}}
TWINS = ["Twin Person:twin1", "Twin Person:twin2", "Info:office", "Front Desk:info"]
ADMINISTRATOR = "Администратор"
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One whose Administrator has another name, and somebody else his."""
    options: dict[str, Any] = {"mailboxes": 4, "mailbox": TWINS, "administrator": f"{ADMINISTRATOR}:boss", **BASIC}
    with SimulatorProcess(
        {"EX01": "SE"}, password=PASSWORD, directory=tmp_path_factory.mktemp("organisation"), **options
    ) as process:
        yield process


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What modules warn of; Ansible itself keeps warnings for as long as the process lives."""
    warned: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _, text: warned.append(text))
    return warned


def writes(organisation: SimulatorProcess) -> list[dict[str, Any]]:
    return [entry for entry in organisation.log() if entry["cmdlet"] == "Set-CASMailbox"]


def having(organisation: SimulatorProcess, enabled: bool) -> list[str]:
    answer = organisation.run("EX01", "Get-CASMailbox", {"Filter": f"PopEnabled -eq ${str(enabled).lower()}"})
    return [one["SamAccountName"] for one in answer["output"]]


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("name", ["Twin Person", "info"])
def test_a_name_of_two_ends_the_task(
    organisation: SimulatorProcess, run: Run, name: str, exclusive: bool, refused: bool
) -> None:
    if refused:
        organisation.fault("EX01", "ambiguous_name_refused")
    options = {"identities": [name, "twin1@contoso.test", "info@contoso.test"], "pop_enabled": exclusive}
    options |= {"exclusive": True} if exclusive else {}
    for check in (True, False):
        result = run("cas_mailbox", options, check=check)
        assert f"identities: {name!r} means {'more than one mailbox' if refused else '2 mailboxes, '}" in result["msg"]
    assert writes(organisation) == []
    del options["identities"][0]
    assert run("cas_mailbox", options)["matched"] == 2
    assert having(organisation, exclusive) == ["twin1", "info"]


def test_the_administrator_by_another_name(organisation: SimulatorProcess, run: Run, warned: list[str]) -> None:
    everybody = {"filter": "Name -like '*'"}
    assert run("cas_mailbox", {**everybody, "pop_enabled": False})["changed"] is True
    options = {**everybody, "pop_enabled": True}
    predicted = run("cas_mailbox", options, check=True)
    assert having(organisation, True) == []
    done = run("cas_mailbox", options)
    assert (predicted["diff"], predicted["mailboxes"]) == (done["diff"], done["mailboxes"])
    assert having(organisation, False) == [ADMINISTRATOR]
    assert ["boss@contoso.test: skipped, because" in one for one in warned] == [True, True]
    assert run("cas_mailbox", options)["changed"] is False
    # Without the right to ask, names are all there is to go by, and it is said.
    organisation.fault("EX01", "rbac_without", cmdlet="Get-User")
    run("cas_mailbox", {**everybody, "pop_enabled": False})
    warned.clear()
    run("cas_mailbox", options)
    assert having(organisation, False) == ["administrator"]
    assert "contoso.test: which account has the RID 500 is not known" in warned[-1]
    assert "Get-User is not granted to this user by RBAC" in warned[-1]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("culprits", [[1], [2, 3]], ids=str)
def test_each_mailbox_speaks_for_itself(
    organisation: SimulatorProcess, open_session: Callable[..., Session], way: str, when: str, culprits: list[int]
) -> None:
    session = open_session(**WAYS[way])
    accounts = [f"user{number:06}" for number in range(1, 5)]
    named = [accounts[number - 1] for number in culprits]
    for account in named:
        organisation.fault("EX01", "mailbox_fails", mailbox=account, when=when, ends_pipeline=True)
    options = {"identities": [f"{account}@contoso.test" for account in accounts], "pop_enabled": False}

    def run(check: bool = False) -> dict[str, Any]:
        return run_module("cas_mailbox", options, session.invoke, check=check, pause=lambda _: None)

    assert run(check=True)["mailboxes"] == options["identities"]
    assert writes(organisation) == []
    result = run()
    failing = named if when == "before" else []
    assert having(organisation, False) == [account for account in accounts if account not in failing]
    assert [one["mailbox"] for one in result["failed_mailboxes"]] == [f"{account}@contoso.test" for account in failing]
    busy = "Set-CASMailbox failed: Active Directory operation failed on DC1.contoso.test. The object '{}' is busy."
    for one, number in zip(result["failed_mailboxes"], culprits, strict=False):
        assert one["message"] == busy.format(f"CN=User {number:06},CN=Users,DC=contoso,DC=test")
    assert sorted(result["mailboxes"]) == sorted(result["diff"]["after"])
    assert len(result["mailboxes"]) == 4 - len(failing)
    organisation.fault("EX01", "none")
    assert run()["changed"] is bool(failing)
    assert run()["changed"] is False
