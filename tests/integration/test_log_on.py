"""The log-ons that need no KDC: NTLM, Negotiate that comes to NTLM, client certificates and CredSSP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from simulator_process import NTLM, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

CMDLETS = {"windows": "Get-Service", "exchange": "Get-PopSettings"}


@pytest.fixture(scope="module")
def powershell_directory() -> dict[str, Any]:
    return NTLM


@pytest.fixture
def ask(open_session: Callable[..., Session]) -> Callable[..., dict[str, Any]]:
    """Asks an endpoint of EX01 something, over a session of its own."""

    def ask(endpoint: str, scheme: str, parameters: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
        session = open_session(scheme=scheme, **{"user": "CONTOSO\\administrator"} | settings)
        request = Request(endpoint, CMDLETS[endpoint], parameters or {})
        reply: dict[str, Any] = json.loads(session.invoke(request.to_json()))
        return reply

    return ask


@pytest.mark.parametrize("endpoint", ["windows", "exchange"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
def test_ntlm(ask: Callable[..., dict[str, Any]], endpoint: str, scheme: str, auth: str) -> None:
    reply = ask(endpoint, scheme, auth=auth)
    assert reply["state"] == "completed", reply["reason"]
    assert reply["output"]
    assert "refused user" in ask(endpoint, scheme, auth=auth, password="wrong")["reason"]


@pytest.mark.parametrize("binding", [None, b"tls-server-end-point:" + bytes(32)], ids=["none", "wrong"])
def test_extended_protection(
    ask: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, binding: bytes | None
) -> None:
    monkeypatch.setattr("pypsrp.negotiate.HTTPNegotiateAuth._get_cbt_data", lambda _response: binding)
    reply = ask("exchange", "https", auth="ntlm")
    assert reply["state"] == "unreachable"
    assert "refused user" in reply["reason"]


@pytest.mark.parametrize("user", ["CONTOSO\\administrator", "administrator@contoso.test"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_credssp(ask: Callable[..., dict[str, Any]], scheme: str, user: str) -> None:
    reply = ask("windows", scheme, auth="credssp", user=user)
    assert reply["state"] == "completed", reply["reason"]
    # Messages of CredSSP are cut up at 16 KB.
    assert len(json.dumps(reply["output"])) > 16 << 10


def test_long_request_over_credssp(ask: Callable[..., dict[str, Any]]) -> None:
    names = [f"NoSuchService{number:05}" for number in range(2000)]
    reply = ask("windows", "http", {"Name": [*names, "W3SVC"], "ErrorAction": "SilentlyContinue"}, auth="credssp")
    assert [one["Name"] for one in reply["output"]] == ["W3SVC"], reply["reason"]


def test_wrong_password_over_credssp(ask: Callable[..., dict[str, Any]]) -> None:
    reply = ask("windows", "http", auth="credssp", password="wrong")
    assert reply["state"] == "unreachable"
    assert "by CredSSP: check user and password" in reply["reason"]


def test_certificate(ask: Callable[..., dict[str, Any]], organisation: SimulatorProcess) -> None:
    own = organisation.description["user_certificate"]
    nobody: dict[str, Any] = {"auth": "certificate", "user": None, "password": None}
    his = nobody | {"certificate_pem": own, "certificate_key_pem": own}
    assert ask("windows", "https", **his)["state"] == "completed"
    # IIS takes it only where it was configured to.
    assert ask("exchange", "https", **his)["state"] == "unreachable"
