"""connectivity_test: what it asks of Exchange, and how it tells the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from module_runner import run_module

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request

SECRET = "Correct-Horse-1"
ANNA = {"protocol": "pop3", "user": "anna@contoso.test", "password": SECRET}


class TriedHost:
    """An Exchange server that answers the test as it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bool, dict[str, Any]]] = []
        self.answer: dict[str, Any] = {"output": [self.outcome("Success")]}

    @staticmethod
    def outcome(result: str, error: str = "", latency: Any = "PT0.05S", **more: Any) -> dict[str, Any]:
        shown = {"$text": f"{result}…", "Value": {"$text": result, "$value": 1}}
        return {
            "ClientAccessServer": "EX01.contoso.test",
            "Scenario": "Test POP3 Connectivity",
            "Result": shown,
            "Latency": latency,
            "Error": error,
            **more,
        }

    def run(self, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        return run_module("connectivity_test", options, self.invoke, check=check)

    def invoke(self, text: str) -> str:
        request = Request.parse(text)
        memory = {"host": "ex01.contoso.test", "inventory_hostname": "ex01"}
        reply = {"state": "completed", "output": [], "warnings": [], "errors": [], "reason": None, "memory": memory}
        if request.cmdlet == "Get-ExchangeServer":
            numbers = {"Major": 15, "Minor": 2, "Build": 2562, "Revision": 17}
            reply["output"] = [{"Name": "EX01", "Fqdn": "ex01.contoso.test", "AdminDisplayVersion": numbers}]
        elif request.cmdlet:
            self.calls.append((request.cmdlet, request.write, request.parameters))
            reply |= self.answer
        return json.dumps(reply)


@pytest.fixture
def host() -> TriedHost:
    return TriedHost()


def test_a_log_on_that_succeeds(host):
    result = host.run({**ANNA, "connection_type": "ssl", "port": 995, "trust_any_certificate": True})
    assert (result["changed"], result["result"], result["error"]) == (False, "Success", "")
    assert result["tests"] == [
        {
            "server": "EX01.contoso.test",
            "scenario": "Test POP3 Connectivity",
            "result": "Success",
            "error": "",
            "latency_ms": 50,
        }
    ]
    assert host.calls == [
        (
            "Test-PopConnectivity",
            False,
            {
                "ClientAccessServer": "EX01",
                "ConnectionType": "Ssl",
                "PortClientAccessServer": 995,
                "TrustAnySSLCertificate": True,
                "LightMode": True,
                "MailboxCredential": {"$credential": {"user": "anna@contoso.test", "password": SECRET}},
            },
        )
    ]
    assert SECRET not in json.dumps({key: value for key, value in result.items() if key != "invocation"})


def test_the_whole_test_is_not_repeated_when_its_answer_is_lost(host):
    host.run({"protocol": "imap4", "light_mode": False, "trust_any_certificate": False})
    assert host.calls == [("Test-ImapConnectivity", True, {"ClientAccessServer": "EX01"})]


def test_check_mode_only_logs_on(host):
    result = host.run({**ANNA, "light_mode": False}, check=True)
    assert host.calls[0][1] is False
    assert host.calls[0][2]["LightMode"] is True
    assert "in check mode the test only logs on" in str(result["warnings"])


@pytest.mark.parametrize("outcome", ["Failure", "Skipped"])
def test_failure_and_skipped_are_results(host, outcome):
    host.answer = {"output": [host.outcome("Success"), host.outcome(outcome, "It\r\n did not work.", latency=None)]}
    result = host.run(ANNA)
    assert "failed" not in result
    assert (result["result"], result["error"]) == (outcome, "It did not work.")
    assert result["tests"][1]["latency_ms"] is None


def test_a_result_that_is_only_text(host):
    host.answer = {"output": [host.outcome("x", Result="Skipped")]}
    assert host.run(ANNA)["result"] == "Skipped"


def test_no_result_at_all_is_a_failure_with_what_exchange_warned_of(host):
    host.answer = {"output": [], "warnings": ["No mailbox servers\nwere found."]}
    message = host.run(ANNA)["msg"]
    assert message == (
        "Test-PopConnectivity gave no result for EX01 (Exchange Server SE, 15.2.2562.17): No mailbox servers were "
        "found."
    )


def test_an_error_of_the_cmdlet_is_a_failure(host):
    host.answer = {"state": "failed", "errors": [{"id": "CommandNotFoundException", "message": "Not recognized."}]}
    assert "Test-PopConnectivity is not granted to this user by RBAC" in host.run(ANNA)["msg"]


def test_a_password_in_clear_is_warned_of(host):
    assert "crosses the network in clear" in str(host.run({**ANNA, "connection_type": "Plaintext"})["warnings"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"user": "anna"}, "password: it is missing or empty, and user is given; give both, or neither."),
        ({"password": SECRET}, "user: it is missing or empty, and password is given; give both, or neither."),
        (
            {"user": "anna", "password": ""},
            "password: it is missing or empty, and user is given; give both, or neither.",
        ),
        (
            {"user": " ", "password": SECRET},
            "user: it is blank; give user@domain or DOMAIN\\user, or leave it out for Exchange's test user.",
        ),
        (
            {"user": "anna", "password": "a\nb"},
            "password: it contains a line break or another control character; give it in one line.",
        ),
        ({"user": "a\nb", "password": SECRET}, "user: 'a\\nb' contains a line break; give text of a single line."),
        (
            {"connection_type": "STARTTLS"},
            "connection_type: 'STARTTLS' is none of its values; give Plaintext (0), Ssl (1) or Tls (2).",
        ),
        ({"port": 0}, "port: 0 is out of range; give 1 to 65535."),
        ({"port": 70000}, "port: 70000 is out of range; give 1 to 65535."),
        ({"per_connection_timeout": 121}, "per_connection_timeout: 121 is out of range; give 1 to 120 seconds."),
        ({"timeout": 0}, "timeout: 0 is out of range; give 1 to 3600 seconds."),
        (
            {"timeout": 10, "per_connection_timeout": 20},
            "per_connection_timeout: it is longer than timeout, the time for the whole test; give a shorter one.",
        ),
        ({"mailbox_server": "EX*"}, "mailbox_server: 'EX*' is a pattern; give the name of a single server."),
        ({"server": ""}, "server: '' is empty; give a name, or leave the option out."),
    ],
)
def test_wrong_options_get_their_sentence(host, options, sentence):
    result = host.run({"protocol": "pop3", **options})
    assert result["msg"] == sentence
    assert host.calls == []
    assert SECRET not in result["msg"]
