"""Domain controllers that go away during a task, and mailboxes of a second domain."""

from __future__ import annotations

from typing import Any

import pytest
from in_process import InProcessHost
from module_runner import run_module

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request

DC1, DC2, EMEA = "DC1.contoso.test", "DC2.contoso.test", "DC1.emea.contoso.test"
FOREST: dict[str, Any] = {"domain_controllers": 2, "child_domain": "emea.contoso.test", "child_mailboxes": 3}
READER = "reader@contoso.test"
GONE = "Microsoft.Exchange.Data.Directory.ADTransient"

# By module: what is wanted, and the cmdlets that it reads and writes with.
TASKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "pop_settings": ({"banner": "New.", "max_connections": 50}, "Get-PopSettings", "Set-PopSettings"),
    "imap_settings": ({"banner": "New."}, "Get-ImapSettings", "Set-ImapSettings"),
    "receive_connector": ({"max_inbound_connection": 77}, "Get-ReceiveConnector", "Set-ReceiveConnector"),
    "throttling_policy": ({"name": "Mail", "pop_max_concurrency": 7}, "Get-ThrottlingPolicy", "Set-ThrottlingPolicy"),
    "exchange_certificate": (
        {"name": "pop.contoso.test", "services": ["POP"], "assign_when_services_unknown": True},
        "Get-ExchangeCertificate",
        "Enable-ExchangeCertificate",
    ),
    "cas_mailbox": (
        {"identities": [READER], "pop_enabled": False},
        "Get-CASMailbox",
        "Set-CASMailbox",
    ),
}


@pytest.fixture
def forest() -> InProcessHost:
    host = InProcessHost(**FOREST)
    host.administer("New-ThrottlingPolicy", Name="Mail")
    host.import_certificate("pop.contoso.test")
    return host


def left(warned: list[str]) -> list[bool]:
    told = [warning.startswith(f"{DC1}: the play has used") for warning in warned]
    warned.clear()
    return [one for one in told if one]


@pytest.mark.parametrize("exception", ["SuitabilityDirectoryException", "ADOperationException"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", ["read", "write"])
@pytest.mark.parametrize("module", TASKS)
def test_a_task_outlives_the_controller_that_nobody_asked_for(
    forest: InProcessHost, warned: list[str], module: str, at: str, when: str, exception: str
) -> None:
    wanted, reads, writes = TASKS[module]
    cmdlet = reads if at == "read" else writes
    predicted = forest.run(module, wanted, check=True)
    assert (predicted["changed"], forest.writes, left(warned)) == (True, [], [])
    forest.fault("controller_gone", controller=DC1, cmdlet=cmdlet, when=when, exception=exception)
    done = forest.run(module, wanted)
    assert "failed" not in done, done
    assert (done["changed"], done["diff"]) == (True, predicted["diff"])
    assert left(warned) == [True], "once, and although more than one cmdlet was asked of it"
    # In the plain form nobody can tell whether a certificate is assigned.
    blind = (module, forest.form) == ("exchange_certificate", "plain")
    # What was written is looked at before it is written again, and not written again where it has come about.
    assert forest.writes == [writes] * (2 if at == "write" and (when == "before" or blind) else 1)
    again = forest.run(module, wanted)
    assert again["changed"] is blind
    assert left(warned) == []


@pytest.mark.parametrize("at", ["read", "write"])
@pytest.mark.parametrize("module", TASKS)
def test_the_users_own_controller_is_not_left(forest: InProcessHost, warned: list[str], module: str, at: str) -> None:
    wanted, reads, writes = TASKS[module]
    wanted = {**wanted, "domain_controller": DC1}
    forest.fault("controller_gone", controller=DC1, cmdlet=reads if at == "read" else writes)
    told = f"Only {DC1} is used, because domain_controller names it"
    # What came of a write cannot be read back from it; the second task does not get as far as to write.
    for changed in (at == "write", False):
        result = forest.run(module, wanted)
        assert (result["failed"], result.get("changed", False)) == (True, changed), result
        assert told in result["msg"]
    asked = [call.parameters for call in forest.calls if call.endpoint == "exchange"]
    assert {parameters.get("DomainController") for parameters in asked} == {DC1}
    assert left(warned) == []
    forest.fault("none")
    assert forest.run(module, wanted)["changed"] is True


@pytest.mark.parametrize("module", TASKS)
@pytest.mark.parametrize("exception", ["ADOperation", "ADReferral", "ADInvalidCredential"])
def test_a_controller_that_refuses_only_to_write_is_left(
    forest: InProcessHost, warned: list[str], module: str, exception: str
) -> None:
    def invoke(text: str) -> str:
        request = Request.parse(text)
        if not (request.write and "DomainController" in request.parameters):
            return forest.invoke(text)
        refused = CmdletError(exception=f"Microsoft.Exchange.Data.Directory.{exception}Exception", message="Refused.")
        return Reply(errors=[refused], memory={**forest.memory, "form": forest.form}).to_json()

    result = run_module(module, TASKS[module][0], invoke)
    # Of a mailbox in a protected group each controller says the first, so that does not tell against one of them.
    kept = (module, exception) == ("cas_mailbox", "ADOperation")
    assert (result.get("failed", False), result["changed"], left(warned)) == (kept, not kept, [] if kept else [True])


@pytest.mark.parametrize("module", TASKS)
def test_what_the_users_own_controller_has_stored_before_it_goes_away_may_have_changed(
    forest: InProcessHost, module: str
) -> None:
    wanted, _reads, writes = TASKS[module]
    needed = forest.run(module, wanted, check=True).get("restart_required")
    forest.fault("controller_gone", controller=DC1, cmdlet=writes, when="after")
    result = forest.run(module, {**wanted, "domain_controller": DC1})
    assert (result["failed"], result["changed"], forest.writes) == (True, True, [writes])
    assert result.get("restart_required") == needed


@pytest.mark.parametrize("module", TASKS)
def test_what_was_written_on_a_controller_that_was_left_may_have_changed(
    forest: InProcessHost, warned: list[str], module: str
) -> None:
    def invoke(text: str) -> str:
        request = Request.parse(text)
        if not request.write:
            return forest.invoke(text)
        # The one goes away, and the other one refuses.
        exception = (GONE if request.parameters.get("DomainController") else "") + "Exception"
        memory = {**forest.memory, "form": forest.form}
        return Reply(errors=[CmdletError(exception=exception, message=exception)], memory=memory).to_json()

    needed = forest.run(module, wanted := TASKS[module][0], check=True).get("restart_required")
    result = run_module(module, wanted, invoke)
    assert (result["failed"], result["changed"], result.get("restart_required")) == (True, True, needed)
    assert left(warned) == [True]


def test_a_controller_that_goes_away_between_two_mailboxes(forest: InProcessHost, warned: list[str]) -> None:
    names = [f"many{number}@contoso.test" for number in range(6)]
    for name in names:
        forest.organisation.mailboxes.add(name.partition("@")[0], name.partition("@")[0])
    forest.fault("mailbox_protected", mailbox="many4")
    forest.fault("controller_gone", controller=DC1, cmdlet="Set-CASMailbox", when="after")
    result = forest.run("cas_mailbox", {"identities": names, "pop_enabled": False})
    assert result["mailboxes"] == [name for name in names if "many4" not in name]
    assert result["msg"].startswith(f"1 of 6 mailboxes could not be changed. {names[4]}: ")
    assert "INSUFF_ACCESS_RIGHTS" in result["msg"], "that is no fault of the controller"
    # What the first one did is not redone, and whose the error is of the second is asked for alone.
    assert [len(call.piped or ()) for call in forest.calls if call.write] == [6, 5, 1]
    assert left(warned) == [True]


CHILDREN = {"identities": [f"emea00000{number}@contoso.test" for number in (1, 2)], "pop_enabled": False}


def test_mailboxes_of_the_servers_domain_where_a_controller_of_another_answered_first(
    forest: InProcessHost, warned: list[str]
) -> None:
    forest.fault("other_controller", controller=EMEA)
    for wanted in ({"identities": [READER]}, {"filter": "PopEnabled -eq $true"}):
        before = forest.run("cas_mailbox", {**wanted, "pop_enabled": False}, check=True)
        assert (before["changed"], forest.writes) == (True, [])
        done = forest.run("cas_mailbox", {**wanted, "pop_enabled": False})
        assert (done["changed"], done["mailboxes"]) == (True, before["mailboxes"])
        assert set(done["mailboxes"]) <= {READER, "administrator@contoso.test"}
        assert forest.run("cas_mailbox", {**wanted, "pop_enabled": False})["changed"] is False
        forest.calls.clear()
    forest.run("pop_settings", {"banner": "New."})
    assert forest.asked("Set-PopSettings")[0]["DomainController"] == EMEA, "the configuration is there as well"
    assert warned == []


def test_mailboxes_of_another_domain_by_its_controller(forest: InProcessHost) -> None:
    result = forest.run("cas_mailbox", CHILDREN)
    assert "set domain_controller to one of the mailbox's domain" in result["msg"]
    assert forest.writes == []
    theirs = {**CHILDREN, "domain_controller": EMEA}
    assert (forest.run("cas_mailbox", theirs, check=True)["changed"], forest.writes) == (True, [])
    done = forest.run("cas_mailbox", theirs)
    assert (done["changed"], done["mailboxes"]) == (True, CHILDREN["identities"])
    assert forest.run("cas_mailbox", theirs)["changed"] is False
    result = forest.run("cas_mailbox", {"identities": [READER], "pop_enabled": False, "domain_controller": EMEA})
    assert result["msg"] == (
        f"identities: '{READER}' is not a mailbox on {EMEA}, which domain_controller names; use an address or an "
        "alias, or a domain controller of the mailbox's own domain."
    )


def test_exclusive_takes_nothing_in_another_domain(forest: InProcessHost) -> None:
    result = forest.run("cas_mailbox", {"identities": [READER], "pop_enabled": True, "exclusive": True})
    assert result["mailboxes"] == ["administrator@contoso.test"]
    result = forest.run("cas_mailbox", {**CHILDREN, "pop_enabled": True, "exclusive": True, "domain_controller": EMEA})
    assert result["mailboxes"] == ["boss.emea@contoso.test", "emea000003@contoso.test"]


def test_the_administrator_of_another_domain_is_told_by_its_controller(
    forest: InProcessHost, warned: list[str]
) -> None:
    everybody = {"filter": "PopEnabled -eq $false", "pop_enabled": True, "domain_controller": EMEA}
    forest.run("cas_mailbox", {"filter": "PopEnabled -eq $true", "pop_enabled": False, "domain_controller": EMEA})
    assert sorted(forest.run("cas_mailbox", everybody)["mailboxes"]) == [
        f"emea00000{n}@contoso.test" for n in (1, 2, 3)
    ]
    assert [warning.startswith("boss.emea@contoso.test: skipped") for warning in warned] == [True]
