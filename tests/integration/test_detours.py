"""Other ways to a host than the straight one: a proxy, and an address of IPv6."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from relay import Relay
from runner import Controller, inventory
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

BANNER = {"mailops.exchange.pop_settings": {"banner": "x"}, "name": "banner"}
PLAY = [{"hosts": "ex01", "gather_facts": False, "tasks": [BANNER]}]
PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


def ask(session: Session) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(session.invoke(Request("windows", "Get-Service", {"Name": "W3SVC"}).to_json()))
    return reply


@pytest.mark.parametrize("transport", ["psrp", "winrm"])
def test_through_a_proxy(open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch, transport: str) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    access = "local" if transport == "winrm" else "remote"
    session = open_session(transport=transport, access=access)
    settings = session.settings
    with Relay() as relay:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{relay.port}")
        assert ask(session)["state"] == "completed"
        connect = f"CONNECT {settings.host}:{settings.windows.port} ".encode()
        assert all(head.startswith(connect) for head in relay.asked), relay.asked
        assert relay.asked
        session.close()
        relay.asked.clear()
        around = Session(replace(settings, ignore_proxy=True))
        assert ask(around)["state"] == "completed"
        around.close()
        assert relay.asked == []


@pytest.mark.parametrize("transport", ["psrp", "winrm"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_by_ipv6(
    open_session: Callable[..., Session], organisation: SimulatorProcess, scheme: str, transport: str
) -> None:
    windows = organisation.description["servers"]["EX01"]
    with Relay("::1", to=(windows["address"], windows[f"windows_{scheme}"])) as relay:
        session = open_session(
            scheme=scheme,
            transport=transport,
            access="local" if transport == "winrm" else "remote",
            host="::1",
            auth="ntlm",
            cert_validation=False,
        )
        session.settings = replace(session.settings, windows=replace(session.settings.windows, port=relay.port))
        reply = ask(session)
        assert reply["state"] == "completed", reply["reason"]
        session.close()


def test_a_proxy_that_is_down(controller: Controller, organisation: SimulatorProcess) -> None:
    environment = {"https_proxy": "http://me:s3cret@127.0.0.1:1", "no_proxy": ""}
    done = controller.run(PLAY, inventory(organisation.description), "-vvvv", **environment)
    message = done.task("banner", "ex01")["result"]["msg"]
    assert " through the proxy http://127.0.0.1:1 that https_proxy in the controller's environment names (" in message
    assert "s3cret" not in done.output
    assert organisation.state()["servers"]["EX01"]["shells_opened"] == {"exchange": 0, "windows": 0}
