"""cas_mailbox over real sessions: on every version of Exchange, and on fifty thousand mailboxes."""

from __future__ import annotations

import poplib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from memory import forget_peak, peak
from module_runner import run_module
from runner import PASSWORD
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

VERSIONS = {"EX01": "SE", "EX02": "2019", "EX03": "2016", "EX04": "2013", "EX05": "2010"}
MANY = 50_000
POP3_SERVICES = ["MSExchangePop3", "MSExchangePOP3BE"]
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    directory = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess(VERSIONS, password=PASSWORD, directory=directory, mailboxes=MANY, **BASIC) as process:
        yield process


def calls(organisation: SimulatorProcess, cmdlet: str) -> list[dict[str, Any]]:
    return [entry for entry in organisation.log() if entry["cmdlet"] == cmdlet]


def enabled(organisation: SimulatorProcess, condition: str) -> list[str]:
    answer = organisation.run("EX01", "Get-CASMailbox", {"Filter": condition})
    return [one["SamAccountName"] for one in answer["output"]]


@pytest.mark.parametrize("server", VERSIONS)
def test_check_apply_and_again(organisation: SimulatorProcess, open_session: Callable[..., Session], server: str):
    session = open_session(server)

    def run(options: dict[str, Any], check: bool = False) -> dict[str, Any]:
        return run_module("cas_mailbox", options, session.invoke, check=check, pause=lambda _: None)

    options = {
        "identities": ["user000001@contoso.test", "USER000002", "contoso.test/Users/User 000003"],
        "pop_enabled": False,
        "imap_use_protocol_defaults": False,
        "imap_messages_retrieval_mime_format": "TextOnly",
        "batch_size": 2,
    }
    predicted = run(options, check=True)
    assert calls(organisation, "Set-CASMailbox") == []
    done = run(options)
    assert "failed" not in done, done
    for key in ("changed", "diff", "mailboxes", "matched", "cmdlets"):
        assert predicted[key] == done[key], key
    assert [entry["piped"] for entry in calls(organisation, "Set-CASMailbox")] == [2, 1]
    assert enabled(organisation, "PopEnabled -eq $false") == ["user000001", "user000002", "user000003"]
    assert run(options)["changed"] is False
    assert len(calls(organisation, "Set-CASMailbox")) == 2


def test_what_users_notice(organisation: SimulatorProcess, run: Run) -> None:
    server = organisation.description["servers"]["EX01"]
    organisation.run("EX01", "Start-Service", {"Name": POP3_SERVICES}, endpoint="windows")

    def log_on() -> bytes:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client = poplib.POP3_SSL(server["address"], server["port_offset"] + 995, context=context, timeout=30)
        client.user("reader")
        return client.pass_(PASSWORD)

    assert log_on().startswith(b"+OK")
    assert run("cas_mailbox", {"identities": ["reader"], "pop_enabled": False})["changed"] is True
    with pytest.raises(poplib.error_proto, match="Logon failure"):
        log_on()
    assert run("cas_mailbox", {"identities": ["reader"], "pop_enabled": True})["changed"] is True
    assert log_on().startswith(b"+OK")


def test_names_that_mean_none(organisation: SimulatorProcess, run: Run) -> None:
    result = run("cas_mailbox", {"identities": ["user000001", "nobody"], "pop_enabled": False})
    assert result["msg"] == (
        "identities: 'nobody' is not a mailbox that Exchange finds; check the address or alias, and if the mailbox and "
        "the server are in different domains, set domain_controller to one of the mailbox's domain."
    )
    assert calls(organisation, "Set-CASMailbox") == []


def test_a_filter_that_exchange_refuses(run: Run) -> None:
    result = run("cas_mailbox", {"filter": "Shoes -eq 'brown'", "pop_enabled": False})
    assert "not a recognized filterable property" in result["msg"]


def test_a_mailbox_that_fails_is_named_and_the_others_are_changed(organisation: SimulatorProcess, run: Run) -> None:
    organisation.fault("EX01", "mailbox_protected", mailbox="user000002")
    result = run("cas_mailbox", {"filter": "Name -like 'User 00000*'", "pop_enabled": False, "batch_size": 4})
    assert result["msg"].startswith("1 of 9 mailboxes could not be changed. user000002@contoso.test: ")
    assert "INSUFF_ACCESS_RIGHTS" in result["msg"]
    assert len(enabled(organisation, "PopEnabled -eq $false")) == 8


def test_several_errors_of_one_mailbox_are_not_those_of_the_next(organisation: SimulatorProcess, run: Run) -> None:
    organisation.fault("EX01", "mailbox_fails", mailbox="user000002", when="before", errors=2)
    organisation.fault("EX01", "mailbox_keeps_what_it_has", mailbox="user000003")
    result = run("cas_mailbox", {"filter": "Name -like 'User 00000*'", "pop_enabled": False})
    speaking, silent = (one["message"] for one in result["failed_mailboxes"])
    assert speaking.count("CN=User 000002,") == 2
    assert silent == ("Set-CASMailbox returned no error, but the mailbox does not have what was written.")
    assert [entry["piped"] for entry in calls(organisation, "Set-CASMailbox")] == [9, 1, 1]


def test_a_lost_answer_is_read_back_instead_of_written_again(organisation: SimulatorProcess, run: Run) -> None:
    organisation.fault("EX01", "drop_after_command", cmdlet="Set-CASMailbox")
    result = run("cas_mailbox", {"filter": "Name -like 'User 00000*'", "pop_enabled": False})
    assert result["changed"] is True
    assert "failed" not in result
    assert len(calls(organisation, "Set-CASMailbox")) == 1
    assert len(calls(organisation, "Get-CASMailbox")) == 2


def test_a_write_that_does_not_stick_is_told(organisation: SimulatorProcess, run: Run) -> None:
    organisation.fault("EX01", "write_does_not_stick", cmdlet="Set-CASMailbox")
    options = {"identities": ["reader"], "pop_enabled": False}
    result = run("cas_mailbox", options)
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["msg"] == (
        "1 of 1 mailboxes could not be changed. reader@contoso.test: Set-CASMailbox returned no error, but "
        "the mailbox does not have what was written."
    )
    organisation.fault("EX01", "none")
    assert run("cas_mailbox", options)["changed"] is True
    assert run("cas_mailbox", options)["changed"] is False


def test_a_thousand_of_fifty_thousand(organisation: SimulatorProcess, session: Session) -> None:
    before = forget_peak()
    options = {"filter": "Name -like 'User 049*' -and PopEnabled -eq $true", "pop_enabled": False}
    result = run_module("cas_mailbox", options, session.invoke)
    assert len(result["mailboxes"]) == 1000
    assert len(calls(organisation, "Get-CASMailbox")) == 3, "once to compare, and each batch after it was written"
    assert [entry["piped"] for entry in calls(organisation, "Set-CASMailbox")] == [500, 500]
    assert peak() - before < 64 << 20
    assert run_module("cas_mailbox", options, session.invoke)["changed"] is False
