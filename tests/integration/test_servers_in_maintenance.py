"""Servers in maintenance, or partly so, and what dies on the way: what the roles do and say, and the drift's report."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from evidence import IMAP, POP, is_a_sentence, services, stored, writes
from runner import Controller, inventory
from simulator_process import SimulatorProcess

BANNERS = {"pop3_banner": "POP3 is ready.", "imap4_banner": "IMAP4 is ready."}
ROLES = [{"hosts": "exchange", "gather_facts": False, "roles": ["mailops.exchange.pop3", "mailops.exchange.imap4"]}]
POP3 = "mailops.exchange.enable_pop3"
RUNNING, OFF = [("Running", "Automatic")] * 2, [("Stopped", "Manual")] * 2


@pytest.fixture
def ask(organisation: SimulatorProcess) -> Callable[..., None]:
    """What somebody asks of a server's component."""

    def ask(server: str, component: str, requester: str, state: str = "Inactive") -> None:
        wanted = {"Identity": server, "Component": component, "Requester": requester, "State": state}
        assert organisation.run(server, "Set-ServerComponentState", wanted)["errors"] == []

    return ask


def told(outcome: Any, host: str) -> list[str]:
    """What is said of parts of a server that are left alone."""
    return [one["result"]["msg"] for one in outcome.of(host) if "is in maintenance and is skipped" in one["task"]]


def test_a_part_of_a_server_in_maintenance(
    controller: Controller, organisation: SimulatorProcess, ask: Callable[..., None]
) -> None:
    ask("EX01", "PopProxy", "HealthAPI")
    ask("EX01", "PopProxy", "Maintenance")
    ask("EX01", "FrontendTransport", "Maintenance", "Draining")
    ask("EX02", "ServerWideOffline", "Functional")
    hosts = inventory(organisation.description, **BANNERS)
    done = controller.run(ROLES, hosts)
    assert done.returncode == 0, done.output
    left = "is in maintenance and is skipped: The server component"
    assert told(done, "ex01") == [f"EX01 {left} PopProxy is Inactive, as requested by HealthAPI and Maintenance."]
    offline = "is Inactive, and the whole server is offline (ServerWideOffline), as requested by Functional."
    assert told(done, "ex02") == [f"EX02 {left} PopProxy {offline}", f"EX02 {left} ImapProxy {offline}"]
    assert (services(organisation, *POP), services(organisation, *IMAP)) == (OFF, RUNNING)
    assert stored(organisation, "imap4")["Banner"] == BANNERS["imap4_banner"]
    assert {entry["server"] for entry in organisation.log() if entry["cmdlet"].startswith(("Set-", "Start-"))} == {
        "EX01"
    }

    file = controller.folder / "drift.json"
    drift = ("-e", f"drift_file={file}", "-e", "drift_fail=true", "-e", '{"drift_protocols": ["pop3", "imap4"]}')
    compared = controller.run("mailops.exchange.drift", hosts, *drift)
    servers = json.loads(file.read_text())["servers"]
    assert {host: server["state"] for host, server in servers.items()} == {"ex01": "maintenance", "ex02": "maintenance"}
    assert servers["ex01"]["protocols"]["imap4"]["maintenance"] is False
    assert compared.returncode == 0, compared.output

    # One of the two takes back what he asked for, then the other one.
    ask("EX01", "PopProxy", "Maintenance", "Active")
    again = controller.run(ROLES, hosts, "--limit", "ex01")
    assert told(again, "ex01") == [f"EX01 {left} PopProxy is Inactive, as requested by HealthAPI."]
    ask("EX01", "PopProxy", "HealthAPI", "Active")
    over = controller.run(ROLES, hosts, "--limit", "ex01")
    assert (over.returncode, told(over, "ex01")) == (0, []), over.output
    assert services(organisation, *POP) == RUNNING


def test_a_component_that_is_draining(
    controller: Controller, organisation: SimulatorProcess, ask: Callable[..., None]
) -> None:
    ask("EX01", "PopProxy", "Maintenance", "Draining")
    done = controller.run(POP3, inventory(organisation.description, **BANNERS), "--limit", "ex01")
    assert done.returncode == 0, done.output
    assert told(done, "ex01") == [
        "EX01 is in maintenance and is skipped: The server component PopProxy is Draining, as requested by Maintenance."
    ]
    assert writes(organisation) == []


def test_maintenance_that_begins_while_the_role_is_at_work(
    controller: Controller, organisation: SimulatorProcess, ask: Callable[..., None]
) -> None:
    wanted = {"Identity": "EX01", "Component": "PopProxy", "Requester": "Maintenance", "State": "Inactive"}
    run = {"cmdlet": "Set-ServerComponentState", "parameters": wanted}
    organisation.fault("EX01", "change_after_read", cmdlet="Get-ServerComponentState", run=run)
    hosts = inventory(organisation.description, **BANNERS)
    failed = controller.run(POP3, hosts, "--limit", "ex01")
    assert failed.returncode != 0
    message = failed.task("Set the state and start mode of the POP3 services", "ex01")["result"]["msg"]
    assert is_a_sentence(message)
    assert message.startswith("MSExchangePop3 is stopped on EX01 and not running as it was told to be. Exchange stops")
    assert "The server component PopProxy is Inactive, as requested by Maintenance." in message
    # From now on it is left alone.
    assert controller.run(POP3, hosts, "--limit", "ex01").stats["ex01"]["changed"] == 0
    ask("EX01", "PopProxy", "Maintenance", "Active")
    healed = controller.run(POP3, hosts, "--limit", "ex01")
    assert healed.returncode == 0, healed.output
    assert services(organisation, *POP) == RUNNING


def test_a_service_that_dies_when_the_role_has_seen_it_run(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    """The part that started it is through with it; the look at the end of the role is not."""
    hosts = inventory(organisation.description, **BANNERS)
    # Each cmdlet takes a second: two start, two look, and the next one is that of the verification.
    organisation.fault("EX01", "service_dies", service=POP[0], after=4)
    failed = controller.run(POP3, hosts, "--limit", "ex01")
    assert failed.returncode != 0
    assert failed.task("Set the state and start mode of the POP3 services", "ex01")["result"]["changed"] is True
    message = failed.task("Verify POP3", "ex01")["result"]["msg"]
    assert is_a_sentence(message)
    assert "MSExchangePop3 is stopped" in message
    organisation.fault("EX01", "none")
    healed = controller.run(POP3, hosts, "--limit", "ex01")
    assert healed.returncode == 0, healed.output
    assert services(organisation, *POP) == RUNNING
