"""The role and the playbooks, from an inventory to a POP3 server that answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from runner import Controller, inventory
from simulator_process import SimulatorProcess

WRITING = re.compile(r"^(Set|Start|Stop|Restart|Enable|Disable|Add|Remove|New)-")
HOSTS = ("ex01", "ex02")
ENABLE = "mailops.exchange.enable_pop3"
DISABLE = "mailops.exchange.disable_pop3"
SETTINGS: dict[str, Any] = {
    "pop3_banner": "POP3 at Contoso is ready.",
    "pop3_external_connection_settings": ["mail.contoso.test:995:SSL", "mail.contoso.test:110:TLS"],
    "pop3_x509_certificate_name": "mail.contoso.test",
    "pop3_login_type": "SecureLogin",
    "pop3_max_connections_per_user": 32,
    "pop3_authenticated_connection_timeout": "00:45:00",
    "pop3_log_per_file_size_quota": "10MB",
}


def writes(organisation: SimulatorProcess) -> list[str]:
    return [entry["cmdlet"] for entry in organisation.log() if WRITING.match(entry["cmdlet"])]


def configuration(organisation: SimulatorProcess) -> Any:
    """All that a run could change, without what any run changes, such as counters."""
    return {
        name: {
            "services": {key: (item["status"], item["start_type"]) for key, item in server["services"].items()},
            "stored": server["stored"],
        }
        for name, server in organisation.state()["servers"].items()
    }


def age_services(organisation: SimulatorProcess) -> None:
    """Let the services have run for a day, so that a restart owed is told from clocks that differ a little."""
    organisation.clock(86400)


@pytest.mark.forms("mixed")
def test_check_then_run_then_run_again(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, **SETTINGS)
    before = configuration(organisation)

    predicted = controller.run(ENABLE, hosts, "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert writes(organisation) == []
    assert configuration(organisation) == before
    assert all(predicted.stats[host]["changed"] for host in HOSTS)

    done = controller.run(ENABLE, hosts, "--diff")
    assert done.returncode == 0, done.output
    for host in HOSTS:
        assert done.diffs(host) == predicted.diffs(host)
        assert done.changed(host) == predicted.changed(host)
    for server in organisation.state()["servers"].values():
        services = [server["services"][name] for name in ("MSExchangePop3", "MSExchangePOP3BE")]
        assert [(item["status"], item["start_type"]) for item in services] == [("Running", "Automatic")] * 2
        assert server["effective"]["pop3"]["Banner"] == SETTINGS["pop3_banner"]
        assert server["effective"]["pop3"] == server["stored"]["pop3"]
        assert server["shells_open"] == {"exchange": 0, "windows": 0}

    organisation.clear_log()
    again = controller.run(ENABLE, hosts, "--diff")
    assert again.returncode == 0, again.output
    assert {host: again.stats[host]["changed"] for host in HOSTS} == {"ex01": 0, "ex02": 0}
    assert writes(organisation) == []
    forms = {(entry["server"], entry["form"]) for entry in organisation.log() if entry["endpoint"] == "exchange"}
    assert forms == {("EX01", "full"), ("EX02", "plain")}
    controller.wait_for_the_end()


@pytest.mark.forms("mixed")
def test_a_changed_setting_of_running_services_is_restarted_for(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, **SETTINGS)
    assert controller.run(ENABLE, hosts).returncode == 0
    age_services(organisation)
    changed = inventory(organisation.description, **SETTINGS | {"pop3_banner": "Another banner."})

    organisation.clear_log()
    predicted = controller.run(ENABLE, changed, "--check", "--diff")
    assert writes(organisation) == []
    done = controller.run(ENABLE, changed, "--diff")
    assert done.returncode == 0, done.output
    for host in HOSTS:
        assert done.diffs(host) == predicted.diffs(host)
        assert done.changed(host) == predicted.changed(host)
        assert len(done.changed(host)) == 2
    for server in organisation.state()["servers"].values():
        assert server["effective"]["pop3"]["Banner"] == "Another banner."


def test_a_run_killed_before_the_restart_is_healed_by_the_next(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, **SETTINGS)
    assert controller.run(ENABLE, hosts).returncode == 0
    age_services(organisation)
    changed = inventory(organisation.description, **SETTINGS | {"pop3_banner": "Written, not yet served."})
    # The tag leaves the role where a kill between Set-PopSettings and Restart-Service would.
    assert controller.run(ENABLE, changed, "--tags", "pop3_settings").returncode == 0
    assert organisation.state()["servers"]["EX01"]["effective"]["pop3"]["Banner"] == SETTINGS["pop3_banner"]

    organisation.clear_log()
    healed = controller.run(ENABLE, changed)
    assert healed.returncode == 0, healed.output
    for host in HOSTS:
        assert len(healed.changed(host)) == 1
    assert set(writes(organisation)) == {"Restart-Service"}
    for server in organisation.state()["servers"].values():
        assert server["effective"]["pop3"]["Banner"] == "Written, not yet served."

    organisation.clear_log()
    quiet = controller.run(ENABLE, changed)
    assert [quiet.stats[host]["changed"] for host in HOSTS] == [0, 0]
    assert writes(organisation) == []


@pytest.mark.forms("mixed")
def test_disable_stops_and_leaves_the_settings(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, **SETTINGS)
    assert controller.run(ENABLE, hosts).returncode == 0
    stored = {name: server["stored"] for name, server in organisation.state()["servers"].items()}
    organisation.clear_log()
    assert controller.run(DISABLE, hosts, "--check").returncode == 0
    assert writes(organisation) == []
    done = controller.run(DISABLE, hosts)
    assert done.returncode == 0, done.output
    for name, server in organisation.state()["servers"].items():
        services = [server["services"][service] for service in ("MSExchangePop3", "MSExchangePOP3BE")]
        assert [(item["status"], item["start_type"]) for item in services] == [("Stopped", "Manual")] * 2
        assert server["stored"] == stored[name]
    organisation.clear_log()
    again = controller.run(DISABLE, hosts)
    assert [again.stats[host]["changed"] for host in HOSTS] == [0, 0]
    assert writes(organisation) == []


def test_one_shell_an_endpoint_for_the_whole_role(controller: Controller, organisation: SimulatorProcess) -> None:
    done = controller.run(ENABLE, inventory(organisation.description, **SETTINGS))
    assert done.returncode == 0, done.output
    for server in organisation.state()["servers"].values():
        assert server["shells_opened"] == {"exchange": 1, "windows": 1}
        assert server["shells_open"] == {"exchange": 0, "windows": 0}


def test_iis_is_restarted_when_asked_and_the_endpoint_answers_again(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, **SETTINGS, pop3_restart_iis="always")
    predicted = controller.run(ENABLE, hosts, "--check")
    assert predicted.returncode == 0, predicted.output
    assert writes(organisation) == []
    pids = {name: server["services"]["W3SVC"]["pid"] for name, server in organisation.state()["servers"].items()}
    done = controller.run(ENABLE, hosts)
    assert done.returncode == 0, done.output
    for name, server in organisation.state()["servers"].items():
        assert server["services"]["W3SVC"]["status"] == "Running"
        assert server["services"]["W3SVC"]["pid"] != pids[name]
        assert server["shells_open"] == {"exchange": 0, "windows": 0}
