"""The role imap4, and both roles in one play."""

from __future__ import annotations

from typing import Any

import pytest
from evidence import IMAP, POP, processes, services, stored, writes
from runner import Controller, inventory
from simulator_process import SimulatorProcess

HOSTS = ("ex01", "ex02")
ENABLE = "mailops.exchange.enable_imap4"
DISABLE = "mailops.exchange.disable_imap4"
SETTINGS: dict[str, Any] = {
    "imap4_banner": "IMAP4 at Contoso is ready.",
    "imap4_external_connection_settings": ["mail.contoso.test:993:SSL", "mail.contoso.test:143:TLS"],
    "imap4_x509_certificate_name": "mail.contoso.test",
    "imap4_show_hidden_folders_enabled": True,
    "imap4_max_command_size": 8192,
}


@pytest.mark.forms("mixed")
def test_check_then_run_then_run_again_then_disable(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, **SETTINGS)
    predicted = controller.run(ENABLE, hosts, "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert writes(organisation) == []

    done = controller.run(ENABLE, hosts, "--diff")
    assert done.returncode == 0, done.output
    for host in HOSTS:
        assert done.diffs(host) == predicted.diffs(host)
        assert services(organisation, *IMAP, server=host.upper()) == [("Running", "Automatic")] * 2
        assert services(organisation, *POP, server=host.upper()) == [("Stopped", "Manual")] * 2
        effective = organisation.state()["servers"][host.upper()]["effective"]["imap4"]
        assert effective["Banner"] == SETTINGS["imap4_banner"]
        assert effective == stored(organisation, "imap4", host.upper())

    organisation.clear_log()
    again = controller.run(ENABLE, hosts)
    assert [again.stats[host]["changed"] for host in HOSTS] == [0, 0]
    assert writes(organisation) == []

    disabled = controller.run(DISABLE, hosts)
    assert disabled.returncode == 0, disabled.output
    for host in HOSTS:
        assert services(organisation, *IMAP, server=host.upper()) == [("Stopped", "Manual")] * 2
        assert stored(organisation, "imap4", host.upper())["Banner"] == SETTINGS["imap4_banner"]


def test_both_roles_in_one_play_keep_their_own_counsel(controller: Controller, organisation: SimulatorProcess) -> None:
    """What one role did is no reason for the other one to restart anything."""
    roles = ["mailops.exchange.pop3", "mailops.exchange.imap4"]
    play = [{"hosts": "ex01", "gather_facts": False, "roles": roles}]
    assert controller.run(play, inventory(organisation.description)).returncode == 0
    organisation.clock(86400)
    before = processes(organisation, *IMAP)

    changed = controller.run(play, inventory(organisation.description, pop3_banner="Only POP3 has changed."))
    assert changed.returncode == 0, changed.output
    assert processes(organisation, *IMAP) == before
    assert len(changed.changed("ex01")) == 2

    alone = controller.run(
        play, inventory(organisation.description, pop3_banner="Another one."), "--tags", "pop3_settings,imap4_restart"
    )
    assert alone.returncode == 0, alone.output
    assert processes(organisation, *IMAP) == before
