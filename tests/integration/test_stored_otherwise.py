"""Through the real ansible-playbook: what a server stores otherwise than it was asked to."""

from __future__ import annotations

from typing import Any

import pytest
from evidence import stored
from runner import Controller, inventory
from simulator_process import SimulatorProcess

TRANSPORTS: dict[str, dict[str, Any]] = {
    "psrp": {},
    "winrm": {"ansible_exchange_access": "local", "ansible_exchange_transport": "winrm"},
}


def play(**options: Any) -> list[dict[str, Any]]:
    task = {"name": "Set", "mailops.exchange.pop_settings": options}
    return [{"hosts": "ex01", "gather_facts": False, "tasks": [task]}]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_third_value_fails_each_run_and_has_changed_once(
    controller: Controller, organisation: SimulatorProcess, transport: str
) -> None:
    hosts = inventory(organisation.description, **TRANSPORTS[transport])
    organisation.fault("EX01", "stores_otherwise", cmdlet="Set-PopSettings", member="MaxConnections", value=20)
    first, again = (controller.run(play(max_connections=50), hosts) for _ in range(2))
    for done, changed, instead in ((first, True, " instead of 2147483647"), (again, False, "")):
        result = done.task("Set", "ex01")["result"]
        assert done.returncode == 2
        assert (result["changed"], result["restart_required"], result["msg"]) == (
            changed,
            changed,
            f"max_connections: 50 was written{instead}, but EX01 has 20 stored.",
        )


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_address_is_written_once_and_shown_as_it_is_stored(
    controller: Controller, organisation: SimulatorProcess, transport: str
) -> None:
    hosts = inventory(organisation.description, **TRANSPORTS[transport])
    address = "HTTPS://MAIL.contoso.test:443/a/../o%20wa/%C3%BC"
    runs = [(["--check", "--diff"], True), (["--diff"], True), (["--diff"], False)]
    results = []
    for arguments, changed in runs:
        done = controller.run(play(owa_server_url=address), hosts, *arguments)
        assert done.returncode == 0, done.output
        results.append(done.task("Set", "ex01")["result"])
        assert results[-1]["changed"] is changed
    assert results[0]["diff"] == results[1]["diff"]
    assert {result["settings"]["owa_server_url"] for result in results} == {"https://mail.contoso.test/o%20wa/%C3%BC"}
    assert stored(organisation)["OwaServerUrl"] == "https://mail.contoso.test/o wa/ü"
