"""The role application_mailbox, from an inventory to a mailbox that a program reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from evidence import writes
from runner import PASSWORD, Controller, inventory
from simulator_process import SimulatorProcess

PLAYBOOK = "mailops.exchange.application_mailbox"
READER = "reader@contoso.test"
SET_UP = "Set the access of the mailbox"
PROBE = "Test the mailbox as the program would"
SAY = "Show the settings for the program"


@pytest.fixture
def served(organisation: SimulatorProcess, run: Callable[..., dict[str, Any]]) -> SimulatorProcess:
    """An organisation whose first server serves POP3 as the roles leave it."""
    certificate = {
        "name": "mail.contoso.test",
        "services": ["POP", "SMTP"],
        "replace_default_smtp_certificate": True,
        # In the plain form it is not known.
        "assign_when_services_unknown": True,
    }
    told = ["mail.contoso.test:995:SSL", "mail.contoso.test:110:TLS"]
    connector = {"fqdn": "mail.contoso.test", "advertise_client_settings": True}
    for module, options in (
        ("exchange_certificate", certificate),
        ("pop_settings", {"x509_certificate_name": "mail.contoso.test", "external_connection_settings": told}),
        ("receive_connector", connector),
        ("protocol_service", {"protocol": "pop3", "state": "started", "start_mode": "automatic"}),
    ):
        assert "failed" not in run(module, options)
    return organisation


def hosts(organisation: SimulatorProcess, **more: Any) -> dict[str, Any]:
    given = {"application_mailbox_address": READER, **{f"application_mailbox_{name}": more[name] for name in more}}
    found = inventory(organisation.description, **given)
    found["exchange"]["hosts"].pop("ex02")
    return found


def probe(organisation: SimulatorProcess) -> dict[str, Any]:
    """What the DNS, the real ports and a public authority would be to a real program."""
    server = organisation.description["servers"]["EX01"]
    place = {"connect_to": server["address"]}
    return {
        **place,
        "password": PASSWORD,
        "port": server["port_offset"] + 995,
        "ca_cert": organisation.description["ca"],
        "sending": {**place, "port": server["port_offset"] + 587},
    }


def mailbox(organisation: SimulatorProcess) -> dict[str, Any]:
    (found,) = organisation.run("EX01", "Get-CASMailbox", {"Identity": READER})["output"]
    return {name: value for name, value in found.items() if name.endswith("Enabled")}


@pytest.mark.forms("plain")
def test_in_the_plain_form(controller: Controller, served: SimulatorProcess) -> None:
    given = hosts(served, other_clients="closed", probe={**probe(served), "round_trip": False})
    done = controller.run(PLAYBOOK, given)
    assert (done.returncode, done.stats["ex01"]["changed"]) == (0, 1), done.output
    assert mailbox(served)["EwsEnabled"] is False


def test_check_apply_again_and_off(controller: Controller, served: SimulatorProcess) -> None:
    given = hosts(served, other_clients="closed", probe=probe(served))
    before = mailbox(served)
    served.clear_log()
    predicted = controller.run(PLAYBOOK, given, "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert writes(served) == []

    done = controller.run(PLAYBOOK, given, "--diff")
    assert done.returncode == 0, done.output
    assert done.changed("ex01") == predicted.changed("ex01") == [f"mailops.exchange.application_mailbox : {SET_UP}"]
    assert done.diffs("ex01") == predicted.diffs("ex01")
    assert writes(served) == ["Set-CASMailbox"]
    assert {name for name, value in mailbox(served).items() if value is not False} == {"PopEnabled", "MapiHttpEnabled"}
    assert done.task(PROBE, "ex01")["result"]["round_trip"]["removed"] is True
    assert done.task(SAY, "ex01")["result"]["msg"] == [
        f"{READER}, by POP3",
        "Server: mail.contoso.test",
        "Port: 995",
        "Use SSL/TLS: yes",
        f"User: {READER}",
    ]
    assert PASSWORD not in done.output

    again = controller.run(PLAYBOOK, given)
    assert (again.returncode, again.stats["ex01"]["changed"]) == (0, 0), again.output
    off = controller.run(PLAYBOOK, hosts(served, state="absent"))
    assert (off.returncode, off.stats["ex01"]["changed"]) == (0, 1), off.output
    closed = mailbox(served)
    assert (closed["PopEnabled"], closed["OWAEnabled"], before["OWAEnabled"]) == (False, False, True)


def test_the_administrator_is_refused(controller: Controller, served: SimulatorProcess) -> None:
    served.clear_log()
    outcome = controller.run(PLAYBOOK, hosts(served, address="administrator@contoso.test"))
    assert outcome.returncode == 2, outcome.output
    assert outcome.task(SET_UP, "ex01")["result"]["msg"] == (
        "identities: administrator@contoso.test belongs to the built-in account Administrator, and Exchange opens "
        "such a mailbox to no user by POP3 or IMAP4; name a mailbox with an account of its own."
    )
    assert writes(served) == []


def test_the_policy_is_set_if_asked(controller: Controller, served: SimulatorProcess) -> None:
    served.run("EX01", "New-ThrottlingPolicy", {"Name": "Programs", "PopMaxConcurrency": 3})
    served.clear_log()
    given = hosts(served, throttling_policy={"name": "Programs", "max_concurrency": 10}, interval=300)
    outcome = controller.run(PLAYBOOK, given)
    assert outcome.returncode == 0, outcome.output
    assert writes(served) == ["Set-ThrottlingPolicy"]
