"""connectivity_test over a real session: the credential crosses the key exchange, and access is honoured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from runner import PASSWORD
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import FULL

SERVICES = ["MSExchangePop3", "MSExchangePOP3BE"]
READER = {"protocol": "pop3", "user": "reader@contoso.test", "password": PASSWORD, "trust_any_certificate": True}
Run = Callable[..., dict[str, Any]]


@pytest.fixture(params=["", f"?{FULL}"], ids=["plain", "full"])
def session(open_session: Callable[..., Session], request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session with EX01 in each form of what Exchange sends."""
    settings = open_session().settings
    asking = Session(replace(settings, exchange=replace(settings.exchange, path=f"PowerShell/{request.param}")))
    yield asking
    asking.close()


def test_what_the_server_says_of_a_log_on(organisation: SimulatorProcess, run: Run) -> None:
    assert run("connectivity_test", READER)["result"] == "Failure"
    organisation.run("EX01", "Start-Service", {"Name": SERVICES}, endpoint="windows")
    done = run("connectivity_test", READER)
    assert (done["result"], done["error"], done["changed"]) == ("Success", "", False)
    assert done["tests"][0]["latency_ms"] == 50
    assert run("connectivity_test", {**READER, "light_mode": False})["result"] == "Success"
    assert run("cas_mailbox", {"identities": ["reader"], "pop_enabled": False})["changed"] is True
    refused = run("connectivity_test", READER)
    assert (refused["result"], refused["tests"][0]["scenario"]) == ("Failure", "Test POP3 Connectivity")
    assert "Logon failure" in refused["error"]
    assert PASSWORD not in json.dumps(organisation.log())


def test_without_a_test_user_it_is_skipped(run: Run) -> None:
    assert run("connectivity_test", {"protocol": "imap4"})["result"] == "Skipped"


def test_a_wrong_password(organisation: SimulatorProcess, run: Run) -> None:
    organisation.run("EX01", "Start-Service", {"Name": SERVICES}, endpoint="windows")
    assert run("connectivity_test", {**READER, "password": "wrong"})["result"] == "Failure"
