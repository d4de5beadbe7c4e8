"""A task for another server than the one of the connection: that one is read and changed, and nothing on this one."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from in_process import InProcessHost
from module_runner import MODULES

# For each module with the option `server`, what it is to do, and whether that is stored with a server.
TASKS: dict[str, tuple[dict[str, Any], bool]] = {
    "cas_mailbox": ({"identities": ["reader"], "pop_enabled": False}, False),
    "cas_mailbox_info": ({"identities": ["reader"]}, False),
    "client_access_info": ({}, False),
    "connectivity_test": ({"protocol": "pop3"}, False),
    "exchange_certificate": (
        {"name": "pop.contoso.test", "services": ["POP"], "assign_when_services_unknown": True},
        True,
    ),
    "imap_settings": ({"banner": "New."}, True),
    "pop_settings": ({"banner": "New."}, True),
    "protocol_log_info": ({}, False),
    "protocol_service": ({"protocol": "pop3", "state": "started"}, True),
    "receive_connector": ({"max_inbound_connection": 77}, True),
    "throttling_policy": ({"name": "Programs", "pop_max_concurrency": 7}, False),
}
# Services and logs are those of the computer that is connected.
ON_THE_COMPUTER = ("protocol_service", "client_access_info", "protocol_log_info")


def stored(host: InProcessHost) -> dict[str, Any]:
    """What is stored with each server, without what only counts."""
    servers = host.organisation.state()["servers"]
    return {
        name: {key: servers[name][key] for key in ("stored", "services", "certificates", "connectors")}
        for name in servers
    }


@pytest.fixture
def two() -> InProcessHost:
    host = InProcessHost(beside=(("EX02", "2019"),))
    host.administer("New-ThrottlingPolicy", Name="Programs")
    for server in host.organisation.servers.values():
        server.import_certificate(["pop.contoso.test"])
    return host


def test_no_module_is_left_out() -> None:
    modules = [path.stem for path in Path(importlib.import_module(MODULES + "iis").__file__ or "").parent.glob("*.py")]
    documented = {one: yaml.safe_load(importlib.import_module(MODULES + one).DOCUMENTATION) for one in modules}
    fragments = {one: told.get("extends_documentation_fragment", []) for one, told in documented.items()}
    assert {one for one in modules if "mailops.exchange.server" in fragments[one]} == TASKS.keys()


@pytest.mark.parametrize("module", [module for module in TASKS if module not in ON_THE_COMPUTER])
def test_the_server_that_is_named_is_the_one_meant(two: InProcessHost, module: str) -> None:
    options, with_the_server = TASKS[module]
    before = stored(two)
    result = two.run(module, {**options, "server": "ex02"})
    assert "failed" not in result, result
    # What is done with a mailbox or a policy is done by a server, and not with it.
    assert result.get("server", "EX02") == "EX02"
    assert [call["Identity"] for call in two.asked("Get-ExchangeServer")] == ["ex02"]
    assert stored(two)["EX01"] == before["EX01"]
    assert (stored(two)["EX02"] != before["EX02"]) is with_the_server
    asked = [call.parameters for call in two.calls if call.endpoint == "exchange"]
    about = [str(call[name]) for call in asked for name in ("Identity", "Server", "ClientAccessServer") if name in call]
    assert [one for one in about if "EX01" in one.upper()] == []


@pytest.mark.parametrize("module", ON_THE_COMPUTER)
def test_what_is_done_on_the_computer_itself_is_refused(two: InProcessHost, module: str) -> None:
    before = stored(two)
    result = two.run(module, {**TASKS[module][0], "server": "EX02"})
    assert result["msg"].startswith("This connection leads to the computer EX01, but the Exchange server meant is EX02")
    assert (two.writes, stored(two)) == ([], before)
