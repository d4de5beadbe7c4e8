"""An error of a cmdlet that has done its work: the module looks, says what is so, and the next run does only the rest.

The simulated fault is a guess at what a controller does that goes away behind a write; for services it is PowerShell's
own error where one is not where it should be by the time it looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from evidence import is_a_sentence
from in_process import InProcessHost

from exchange_simulator.catalogue.cmdlets import CMDLETS

SAID = "The line went dead."
POLICY = "Programs"
# What the collection never sends.
OF_ADMINISTRATORS = {"New-ReceiveConnector", "New-ThrottlingPolicy", "Set-ServerComponentState"}
READING = ("Get-", "Test-", "Add-PSSnapin")

START = {"protocol": "pop3", "state": "started"}
FRONT, BACK = "MSExchangePop3", "MSExchangePOP3BE"
RESTARTED = {"status": "running", "restarted": True}


@dataclass(frozen=True)
class Row:
    """A cmdlet that fails after its effect, what the module says behind its error, and what it shows as changed."""

    cmdlet: str
    module: str
    options: dict[str, Any]
    told: str
    moved: dict[str, Any]
    left: bool = False
    """Whether the error kept it from something else that was to be done, or that is done each time."""
    first: dict[str, Any] = field(default_factory=dict)
    """What the module is told to bring about before."""

    def __str__(self) -> str:
        return f"{self.module}, {self.cmdlet}"


ROWS = (
    Row(
        "Set-PopSettings",
        "pop_settings",
        {"banner": "New."},
        "EX01 has stored anyway: banner 'New.'.",
        {"banner": "New."},
    ),
    Row(
        "Set-ImapSettings",
        "imap_settings",
        {"banner": "New.", "max_connections": 7},
        "EX01 has stored anyway: banner 'New.', max_connections 7.",
        {"banner": "New.", "max_connections": 7},
    ),
    Row(
        "Set-ReceiveConnector",
        "receive_connector",
        {"max_inbound_connection": 77},
        "EX01 has stored anyway: max_inbound_connection 77.",
        {"max_inbound_connection": 77},
    ),
    Row(
        "Set-ThrottlingPolicy",
        "throttling_policy",
        {"name": POLICY, "pop_max_concurrency": 30},
        "EX01 has stored anyway: pop_max_concurrency 30.",
        {"pop_max_concurrency": 30},
    ),
    Row(
        "Start-Service",
        "protocol_service",
        START,
        f"Now {FRONT} is running, {BACK} is stopped.",
        {FRONT: {"status": "running"}},
        left=True,
    ),
    Row(
        "Stop-Service",
        "protocol_service",
        {**START, "state": "stopped"},
        f"Now {FRONT} is stopped, {BACK} is running.",
        {FRONT: {"status": "stopped"}},
        left=True,
        first=START,
    ),
    Row(
        "Restart-Service",
        "protocol_service",
        {**START, "state": "restarted"},
        f"Now {FRONT} is running, {BACK} is running.",
        {FRONT: RESTARTED},
        left=True,
        first=START,
    ),
    Row(
        "Set-Service",
        "protocol_service",
        {"protocol": "pop3", "start_mode": "automatic"},
        f"Now {FRONT} is stopped, {BACK} is stopped.",
        {FRONT: {"start_mode": "automatic"}},
        left=True,
    ),
)


def failing(row: Row) -> tuple[InProcessHost, dict[str, Any]]:
    host = InProcessHost()
    host.administer("New-ThrottlingPolicy", Name=POLICY)
    if row.first:
        assert "failed" not in host.run(row.module, row.first)
    host.fault("fails_after_effect", cmdlet=row.cmdlet, message=SAID)
    return host, host.run(row.module, row.options)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_is_so_is_told_and_only_the_rest_is_done(row: Row) -> None:
    host, result = failing(row)
    service = f" for {FRONT}" if row.cmdlet.endswith("-Service") else ""
    assert result["msg"] == f"{row.cmdlet} failed{service}: {SAID} {row.told}"
    assert is_a_sentence(result["msg"])
    assert (result["failed"], result["changed"], result["diff"]["after"]) == (True, True, row.moved)
    again = host.run(row.module, row.options)
    assert ("failed" in again, again["changed"]) == (False, row.left)


@pytest.mark.forms("full")
def test_a_certificate_that_was_assigned_all_the_same() -> None:
    wanted = {"name": "mail.contoso.test", "services": ["POP"]}
    host, result = failing(Row("Enable-ExchangeCertificate", "exchange_certificate", wanted, "", {}))
    assert result["msg"] == f"Enable-ExchangeCertificate failed: {SAID} EX01 shows POP assigned anyway."
    assert (result["failed"], result["changed"], result["restart_required"]) == (True, True, True)
    assert host.run("exchange_certificate", wanted)["changed"] is False


def test_a_mailbox_that_has_what_was_written_is_fine() -> None:
    wanted = {"identities": ["reader"], "pop_enabled": False}
    host, result = failing(Row("Set-CASMailbox", "cas_mailbox", wanted, "", {}))
    assert ("failed" in result, result["changed"]) == (False, True)
    assert host.run("cas_mailbox", wanted)["changed"] is False


@pytest.mark.parametrize(("cmdlet", "name"), [("Stop-Service", "WAS"), ("Start-Service", "W3SVC")])
def test_iis_runs_again_and_was_restarted(cmdlet: str, name: str) -> None:
    host, result = failing(Row(cmdlet, "iis", {"state": "restarted"}, "", {}))
    assert result["msg"] == f"{cmdlet} failed for {name}: {SAID}"
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["diff"]["after"]["W3SVC"] == RESTARTED
    assert {name: one["status"] for name, one in host.state["services"].items() if name in ("WAS", "W3SVC")} == {
        "WAS": "Running",
        "W3SVC": "Running",
    }


@pytest.mark.forms("full")
def test_a_certificate_that_is_gone_all_the_same() -> None:
    host = InProcessHost()
    mark = host.import_certificate("other.contoso.test")
    host.fault("fails_after_effect", cmdlet="Remove-ExchangeCertificate", message=SAID)
    wanted = {"thumbprint": mark, "state": "absent"}
    result = host.run("exchange_certificate", wanted)
    assert result["msg"].startswith(f"Remove-ExchangeCertificate failed: {SAID}")
    assert (result["failed"], result["changed"], result["diff"]["after"]) == (True, True, {"certificate": "absent"})
    assert host.run("exchange_certificate", wanted)["changed"] is False


def test_no_writing_cmdlet_is_left_out() -> None:
    writing = {cmdlet.name for cmdlet in CMDLETS if not cmdlet.name.startswith(READING)}
    # An import is tried with its other files in test_certificate_import.
    tried = {row.cmdlet for row in ROWS} | {
        "Enable-ExchangeCertificate",
        "Import-ExchangeCertificate",
        "Remove-ExchangeCertificate",
        "Set-CASMailbox",
    }
    assert tried == writing - OF_ADMINISTRATORS
