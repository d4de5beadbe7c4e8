"""The parts of the roles that run only when they are asked for, and what keeps a role from beginning."""

from __future__ import annotations

from typing import Any

import pytest
from evidence import POP, RELAY, add_relay, connectors, services, stored, writes
from runner import PASSWORD, Controller, inventory
from simulator_process import BASIC, SimulatorProcess

ENABLE = "mailops.exchange.enable_pop3"
DISABLE = "mailops.exchange.disable_pop3"
READER = "reader@contoso.test"
ONE = ("-e", "exchange_hosts=ex01")


def whole_job(organisation: SimulatorProcess) -> dict[str, Any]:
    return {
        "pop3_x509_certificate_name": "mail.contoso.test",
        "pop3_external_connection_settings": ["mail.contoso.test:995:SSL"],
        "pop3_certificate": {},
        "pop3_connector": {"advertise_client_settings": True, "max_message_size": "40MB"},
        "pop3_mailboxes": {"identities": [READER], "enabled": False},
        "pop3_probe": {"host": "mail.contoso.test", "port": 20995, "ca_cert": organisation.description["ca"]},
    }


def has_access(organisation: SimulatorProcess) -> Any:
    answer = organisation.run("EX01", "Get-CASMailbox", {"Identity": READER})
    assert answer["errors"] == []
    return answer["output"][0]["PopEnabled"]


def test_the_whole_job_and_back(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, **whole_job(organisation))
    predicted = controller.run(ENABLE, hosts, *ONE, "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert writes(organisation) == []

    done = controller.run(ENABLE, hosts, *ONE, "--diff")
    assert done.returncode == 0, done.output
    assert done.diffs("ex01") == predicted.diffs("ex01")
    order = [name for name in writes(organisation) if name not in ("Set-Service", "Test-Path")]
    assert order[:2] == ["Enable-ExchangeCertificate", "Set-PopSettings"]
    assert order[-2:] == ["Set-ReceiveConnector", "Set-CASMailbox"]
    assert has_access(organisation) is False
    seen = done.task("See what a mail program sees", "ex01")["result"]
    assert seen["certificate"]["name_matches"] is True
    assert "connector-not-advertised" not in done.output

    organisation.clear_log()
    again = controller.run(ENABLE, hosts, *ONE)
    assert again.returncode == 0, again.output
    assert again.stats["ex01"]["changed"] == 0, again.changed("ex01")
    assert writes(organisation) == []

    given = hosts["exchange"]["vars"]
    given["pop3_mailboxes"] = {"identities": [READER]}
    assert controller.run(ENABLE, hosts, *ONE, "--tags", "pop3_mailboxes").returncode == 0
    assert has_access(organisation) is True
    assert controller.run(DISABLE, hosts, *ONE).returncode == 0
    assert has_access(organisation) is True, "access is taken only if asked for"
    undone = controller.run(DISABLE, hosts, *ONE, "-e", "pop3_remove_mailbox_access=true")
    assert undone.returncode == 0, undone.output
    assert has_access(organisation) is False
    assert services(organisation) == [("Stopped", "Manual")] * 2


@pytest.mark.parametrize(
    "values", [{}, {"AuthMechanism": "None", "RequireTLS": False}], ids=["as published", "without TLS"]
)
def test_a_relay_connector_on_the_port_of_clients_is_no_hindrance(
    controller: Controller, organisation: SimulatorProcess, values: dict[str, Any]
) -> None:
    add_relay(organisation, **values)
    relay = connectors(organisation)[RELAY]
    hosts = inventory(organisation.description, **whole_job(organisation))
    predicted = controller.run(ENABLE, hosts, *ONE, "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert writes(organisation) == []

    done = controller.run(ENABLE, hosts, *ONE, "--diff")
    assert done.returncode == 0, done.output
    assert done.diffs("ex01") == predicted.diffs("ex01")
    assert connectors(organisation)["Client Frontend EX01"]["AdvertiseClientSettings"] is True
    assert connectors(organisation)[RELAY] == relay

    organisation.clear_log()
    again = controller.run(ENABLE, hosts, *ONE)
    assert again.returncode == 0, again.output
    assert again.stats["ex01"]["changed"] == 0, again.changed("ex01")
    assert writes(organisation) == []
    told = again.task("Look at the server", "ex01")["result"]["client_settings"]
    for side in ("external", "internal"):
        assert told[side]["smtp"] == [{"server": "EX01.contoso.test", "port": 587, "encryption": "starttls"}]


def test_the_whole_job_of_both_roles_on_every_version(
    controller: Controller, tmp_path_factory: pytest.TempPathFactory
) -> None:
    versions = {"SE01": "SE", "E19": "2019", "E16": "2016", "E15": "2013", "E14": "2010"}
    folder = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess(servers=versions, password=PASSWORD, directory=folder, **BASIC) as organisation:
        job = whole_job(organisation)
        del job["pop3_mailboxes"], job["pop3_probe"]
        twin = {key.replace("pop3", "imap4"): value for key, value in job.items()}
        twin["imap4_external_connection_settings"] = ["mail.contoso.test:993:SSL"]
        # Both would predict the change of the one connector, and the first of them makes it.
        del twin["imap4_connector"]
        hosts = inventory(organisation.description, **job, **twin)
        # Mailboxes belong to the organisation: one server is enough for them.
        hosts["exchange"]["hosts"]["se01"].update(
            pop3_mailboxes={"identities": [READER], "enabled": False},
            imap4_mailboxes={"identities": [READER], "enabled": False},
        )
        play = [
            {
                "hosts": "exchange",
                "gather_facts": False,
                "roles": ["mailops.exchange.pop3", "mailops.exchange.imap4"],
            }
        ]
        predicted = controller.run(play, hosts, "--check", "--diff")
        assert predicted.returncode == 0, predicted.output
        assert writes(organisation) == []
        done = controller.run(play, hosts, "--diff")
        assert done.returncode == 0, done.output
        for name in versions:
            assert done.changed(name.lower()) == predicted.changed(name.lower())
            assert {"Enable-ExchangeCertificate", "Set-PopSettings", "Set-ImapSettings", "Set-ReceiveConnector"} <= {
                entry["cmdlet"] for entry in organisation.log() if entry["server"] == name
            }
        organisation.clear_log()
        again = controller.run(play, hosts)
        assert again.returncode == 0, again.output
        assert {host: count["changed"] for host, count in again.stats.items()} == dict.fromkeys(again.stats, 0)
        assert writes(organisation) == []


def test_a_server_in_maintenance_is_left_alone(controller: Controller, organisation: SimulatorProcess) -> None:
    state = {"Identity": "EX01", "Component": "PopProxy", "State": "Inactive", "Requester": "Maintenance"}
    assert organisation.run("EX01", "Set-ServerComponentState", state)["errors"] == []
    hosts = inventory(organisation.description, pop3_banner="Not now.")
    for playbook in (ENABLE, DISABLE):
        outcome = controller.run(playbook, hosts, *ONE)
        assert outcome.returncode == 0, outcome.output
        assert "EX01 is in maintenance and is left alone" in outcome.task("in maintenance", "ex01")["result"]["msg"]
        assert outcome.stats["ex01"]["changed"] == 0
    assert writes(organisation) == []


def test_what_a_run_would_not_put_right_stops_it_before_it_begins(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    for server in ("EX01", "EX02"):
        organisation.run(server, "Set-PopSettings", {"Server": server, "SSLBindings": ["10.0.0.1:995"]})
    stopped = controller.run(ENABLE, inventory(organisation.description, pop3_banner="Not now."))
    assert stopped.returncode != 0
    assert "loopback-not-bound" in stopped.task("Stop at what", "ex01")["result"]["msg"]
    assert stopped.of("ex02") == [], "the next server is not touched"
    assert writes(organisation) == []

    accepted = inventory(organisation.description, pop3_ignore_findings=["loopback-not-bound"])
    outcome = controller.run(ENABLE, accepted, *ONE)
    assert outcome.returncode == 0, outcome.output

    bindings = ["0.0.0.0:995", "[::]:995"]
    cured = inventory(organisation.description, pop3_ssl_bindings=bindings)
    outcome = controller.run(ENABLE, cured, "-e", "exchange_hosts=ex02")
    assert outcome.returncode == 0, outcome.output
    assert sorted(stored(organisation, server="EX02")["SSLBindings"]) == bindings


def test_a_part_that_is_switched_off_is_left_alone(controller: Controller, organisation: SimulatorProcess) -> None:
    given = whole_job(organisation)
    del given["pop3_probe"]
    parts = ("certificate", "settings", "services", "connector", "mailboxes", "restart", "verification", "preflight")
    hosts = inventory(organisation.description, **given, **{f"pop3_manage_{part}": False for part in parts})
    outcome = controller.run(ENABLE, hosts, *ONE)
    assert outcome.returncode == 0, outcome.output
    assert writes(organisation) == []
    assert services(organisation, *POP) == [("Stopped", "Manual")] * 2


def test_iis_is_restarted_when_needed(controller: Controller, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Exchange 2013 needs it for what users look up, and for nothing else; newer versions do not need it."""
    with SimulatorProcess(
        servers={"EX01": "2013", "EX02": "SE"},
        password=PASSWORD,
        directory=tmp_path_factory.mktemp("organisation"),
        **BASIC,
    ) as organisation:

        def restarted() -> list[str]:
            log = organisation.log()
            organisation.clear_log()
            return [entry["server"] for entry in log if entry["cmdlet"] == "Stop-Service"]

        given: dict[str, Any] = {"pop3_restart_iis": "when_needed", "pop3_banner": "Nobody looks this up."}
        assert controller.run(ENABLE, inventory(organisation.description, **given)).returncode == 0
        assert restarted() == []
        given["pop3_external_connection_settings"] = ["mail.contoso.test:995:SSL"]
        outcome = controller.run(ENABLE, inventory(organisation.description, **given))
        assert outcome.returncode == 0, outcome.output
        assert restarted() == ["EX01"]
