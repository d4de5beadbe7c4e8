"""Two domain controllers that do not know the same at the same time: a task stays with one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from module_runner import run_module
from runner import PASSWORD
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

DC2 = "DC2.contoso.test"
READER = "reader@contoso.test"
TASKS: dict[str, dict[str, Any]] = {
    "pop_settings": {"banner": "New."},
    "imap_settings": {"banner": "New."},
    "protocol_service": {"protocol": "pop3", "state": "started"},
    "client_access_info": {"protocols": ["pop3", "imap4"]},
    "exchange_certificate": {"name": "mail.contoso.test", "services": ["POP"]},
    "receive_connector": {"advertise_client_settings": True},
    "throttling_policy": {"name": "Mail programs", "pop_max_concurrency": 7},
    "cas_mailbox": {"identities": [READER], "pop_enabled": False},
    "connectivity_test": {"protocol": "pop3", "user": READER, "password": PASSWORD},
}


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(
        servers={"EX01": "SE"},
        password=PASSWORD,
        directory=tmp_path_factory.mktemp("organisation"),
        domain_controllers=2,
        replication_delay=900,
        **BASIC,
    ) as process:
        yield process


@pytest.mark.parametrize("module", TASKS)
def test_every_module_stays_with_the_controller_it_is_given(
    organisation: SimulatorProcess, open_session: Callable[..., Session], module: str
) -> None:
    organisation.run("EX01", "New-ThrottlingPolicy", {"Name": "Mail programs"})
    options = TASKS[module] | {"domain_controller": DC2}
    result = run_module(module, options, open_session().invoke, pause=lambda _: None)
    assert "failed" not in result, result
    asked = [entry for entry in organisation.log() if entry["endpoint"] == "exchange"]
    assert asked
    assert [entry["cmdlet"] for entry in asked if entry["parameters"].get("DomainController") != DC2] == []


def test_what_the_other_controller_does_not_know_yet(
    organisation: SimulatorProcess, open_session: Callable[..., Session]
) -> None:
    theirs = {"Server": "EX01", "Banner": "Theirs."}
    assert organisation.run("EX01", "Set-PopSettings", theirs, domain_controller=DC2)["errors"] == []
    wanted = {"banner": "Theirs."}
    session = open_session()

    def changes(**controller: str) -> bool:
        changed: bool = run_module("pop_settings", wanted | controller, session.invoke, check=True)["changed"]
        return changed

    assert (changes(), changes(domain_controller=DC2)) == (True, False)
    # The play's first answer came from DC1, and so do all later ones, whichever the server prefers by then.
    organisation.fault("EX01", "other_controller", controller=DC2)
    assert changes() is True
    organisation.clock(900)
    assert changes() is False
