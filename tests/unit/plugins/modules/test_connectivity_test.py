"""connectivity_test: what it asks of Exchange, and how it tells the answer."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from in_process import ABSENT, Put

MODULE = "connectivity_test"
SECRET = "Correct-Horse-1"
READER = {"protocol": "pop3", "user": "reader@contoso.test", "password": SECRET}
POP, IMAP = "Test-PopConnectivity", "Test-ImapConnectivity"


@pytest.fixture
def host(host):
    """A server that serves POP3 to somebody, with the certificate that setup made."""
    host.organisation.accounts["reader"] = SECRET
    host.administer("Start-Service", endpoint="windows", Name="MSExchangePop3")
    host.administer("Start-Service", endpoint="windows", Name="MSExchangePOP3BE")
    return host


def test_a_log_on_that_succeeds(host):
    options = READER | {"connection_type": "ssl", "port": 995, "trust_any_certificate": True}
    result = host.run(MODULE, options)
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
    assert host.asked(POP) == [
        {
            "ClientAccessServer": "EX01",
            "ConnectionType": "Ssl",
            "PortClientAccessServer": 995,
            "TrustAnySSLCertificate": True,
            "LightMode": True,
            "MailboxCredential": {"$credential": {"user": "reader@contoso.test", "password": SECRET}},
            "DomainController": "DC1.contoso.test",
        }
    ]
    assert host.writes == []
    assert SECRET not in json.dumps({key: value for key, value in result.items() if key != "invocation"})


def test_the_whole_test_is_not_repeated_when_its_answer_is_lost(host):
    host.run(MODULE, {"protocol": "imap4", "light_mode": False, "trust_any_certificate": False})
    assert host.writes == [IMAP]
    assert host.asked(IMAP) == [{"ClientAccessServer": "EX01", "DomainController": "DC1.contoso.test"}]


def test_check_mode_only_logs_on(host):
    result = host.run(MODULE, READER | {"light_mode": False}, check=True)
    assert host.writes == []
    assert host.asked(POP)[0]["LightMode"] is True
    assert "in check mode, the test only signs in" in str(result["warnings"])


@pytest.mark.parametrize("outcome", ["Failure", "Skipped"])
def test_failure_and_skipped_are_results(host, outcome):
    result = {"$text": f"{outcome}…", "Value": {"$text": outcome, "$value": 2}}
    worse = Put({"Result": result, "Error": "It\r\n did not work.", "Latency": None})
    host.shapes[POP] = lambda output: [*deepcopy(output), *worse(output)]
    result = host.run(MODULE, READER | {"trust_any_certificate": True})
    assert "failed" not in result
    assert (result["result"], result["error"]) == (outcome, "It did not work.")
    assert [one["result"] for one in result["tests"]] == ["Success", outcome]
    assert result["tests"][1]["latency_ms"] is None


def test_what_exchange_says_of_a_failure_is_told(host):
    result = host.run(MODULE, READER)
    assert "failed" not in result
    assert result["result"] == "Failure"
    assert result["error"] == "POP3 Error: The remote certificate is invalid according to the validation procedure."


def test_a_server_whose_language_is_german(host):
    host.fault("translated_results")
    assert host.run(MODULE, READER)["result"] == "Failure"
    assert host.run(MODULE, READER | {"trust_any_certificate": True})["result"] == "Success"


def value(name, number, text="Ergebnis"):
    """A result whose text is in the server's language, with the enumeration inside of it."""
    return {"$text": text, "Value": {"$text": name, "$value": number}}


TYPE = "Microsoft.Exchange.Monitoring.CasTransactionResult"


@pytest.mark.parametrize(
    ("shown", "event", "result"),
    [
        # The name in the result decides, whatever is beside it.
        (value("Success", 1, "Erfolgreich"), "Success", "Success"),
        (value("Failure", 2, "Fehler"), "Error", "Failure"),
        (value("Skipped", 3, "Übersprungen"), "Warning", "Skipped"),
        (value("success", 2), ABSENT, "Success"),
        (value("FAILURE", 1), "Success", "Failure"),
        ({"$text": "Erfolgreich", "Value": "Failure"}, "Success", "Failure"),
        ({"$type": TYPE, "Value": {"$text": "Skipped"}}, ABSENT, "Skipped"),
        ("Success", ABSENT, "Success"),
        ("skipped", "Success", "Skipped"),
        ({"$text": "Failure"}, "Success", "Failure"),
        ({"$text": "Failure", "Value": {"$type": "X"}}, "Success", "Failure"),
        ({"$text": "Success", "$value": 9}, "Success", "Success"),
        ({"$text": "Skipped"}, "Error", "Skipped"),
        # Unless something else contradicts a success.
        ("Success", "Error", "Failure"),
        ({"$text": "Success", "$value": 9}, "Error", "Failure"),
        (value("Success", 1), "Warning", "Failure"),
        (value("Success", 1, "Failure"), "Success", "Failure"),
        (value("Undefined", 0), "Error", "Failure"),
        # What is translated says nothing, the event does.
        ("Erfolgreich", "Success", "Success"),
        ("Erfolgreich", {"$text": "success", "$value": 0}, "Success"),
        ("Fehler", "Error", "Failure"),
        ("Fehler", "ERROR", "Failure"),
        ("Erfolgreich", "Error", "Failure"),
        ("Übersprungen", "Warning", "Failure"),
        ("Übersprungen", "Information", "Failure"),
        (None, "Success", "Success"),
        (ABSENT, "Error", "Failure"),
        ({"$type": TYPE}, "Error", "Failure"),
        # A number is taken for a failure, and never alone for a success; of two answers the worse one counts.
        (value("Fehler", 2, "Fehler"), ABSENT, "Failure"),
        (value(None, 3), ABSENT, "Skipped"),
        (2, ABSENT, "Failure"),
        ("3", "Erfolg", "Skipped"),
        ({"$text": "Fehler", "Value": 2}, "Success", "Failure"),
        (value("Erfolgreich", 1), "Success", "Success"),
        (value("Fehler", 1), "Error", "Failure"),
        (value("Fehler", 1), "Warning", "Failure"),
        (3, "Success", "Skipped"),
        (3, "Error", "Failure"),
    ],
)
def test_a_result_is_told_by_what_is_not_translated(host, shown, event, result):
    host.shapes[POP] = Put({"Result": shown, "EventType": event})
    told = host.run(MODULE, READER)
    assert (told["result"], told["tests"][0]["result"], told["unreadable"]) == (result, result, {})


@pytest.mark.parametrize("event", [ABSENT, None, "", "Erfolg", 0, 1, {"$type": "X"}])
@pytest.mark.parametrize(
    ("shown", "came"),
    [
        (ABSENT, "null"),
        (None, "null"),
        ("", "empty text"),
        ("Erfolgreich", "text, 'Erfolgreich'"),
        ("Fehler", "text, 'Fehler'"),
        ("Undefined", "text, 'Undefined'"),
        (0, "an integer, '0'"),
        (1, "an integer, '1'"),
        (9, "an integer, '9'"),
        (True, "a boolean, 'True'"),
        (["Success"], "a list of 1"),
        ({"$type": TYPE}, f"an object of the type {TYPE} without text"),
        ({"$type": TYPE, "Value": {"$type": "X"}}, f"an object of the type {TYPE} without text with the members Value"),
        (value("Ergebnis", 1), "an object with the members Value, 'Ergebnis'"),
    ],
)
def test_a_result_that_is_not_understood_is_no_result(host, shown, came, event):
    host.shapes[POP] = Put({"Result": shown, "EventType": event})
    told = host.run(MODULE, READER)
    assert told["msg"] == (
        f"Test-PopConnectivity shows Result of the test as {came}, which cannot be read, so it is not known how it "
        "ended; please report that."
    )
    assert told["unreadable"].keys() == {"Result", "EventType"}
    assert "result" not in told


@pytest.mark.parametrize(
    "shown",
    [
        0,
        "Undefined",
        value("Undefined", 0),
        value("Undefined", 0, "Success"),
        value("Nicht definiert", 0, "Erfolgreich"),
        {"$text": "Nicht definiert", "$value": 0},
    ],
)
def test_what_is_undefined_is_no_success(host, shown):
    host.shapes[POP] = Put({"Result": shown, "EventType": "Success"})
    assert "so it is not known how it ended" in host.run(MODULE, READER)["msg"]


def test_one_result_that_is_not_understood_is_not_outvoted(host):
    other = Put({"Result": "Übersprungen", "EventType": ABSENT})
    host.shapes[POP] = lambda output: [*deepcopy(output), *other(output)]
    assert "so it is not known how it ended" in host.run(MODULE, READER | {"trust_any_certificate": True})["msg"]


@pytest.mark.parametrize(
    ("member", "option"), [("ClientAccessServer", "server"), ("Scenario", "scenario"), ("Error", "error")]
)
def test_what_cannot_be_read_beside_a_result_is_left_out_and_told(host, warned, member, option):
    host.shapes[POP] = Put({member: {"$type": "X"}})
    told = host.run(MODULE, READER)
    assert (told["result"], told["tests"][0][option]) == ("Failure", None)
    assert told["unreadable"] == {option: "an object of the type X without text"}
    assert warned == [
        f"Not all of the results of the test can be read, and this is left out: {option} was returned as an object "
        f"of the type "
        "X without text; please report that."
    ]
    host.shapes[POP] = Put({member: None})
    told = host.run(MODULE, READER)
    assert (told["tests"][0][option], told["unreadable"]) == ("", {})


@pytest.mark.parametrize("latency", [None, ABSENT, "-00:00:01", "lange", {"$type": "X"}])
def test_a_latency_that_is_not_told(host, warned, latency):
    host.shapes[POP] = Put({"Latency": latency})
    assert host.run(MODULE, READER)["tests"][0]["latency_ms"] is None
    assert warned == []


def test_no_result_at_all_is_a_failure_with_what_exchange_warned_of(host):
    host.shapes[POP] = lambda _: []
    host.fault("warns", cmdlet=POP, message="No mailbox servers\nwere found.")
    assert host.run(MODULE, READER)["msg"] == (
        "Test-PopConnectivity gave no result for EX01 (Exchange Server SE, 15.2.2562.17): No mailbox servers were "
        "found."
    )


def test_an_error_of_the_cmdlet_is_a_failure(host):
    host.fault("rbac_without", cmdlet=POP)
    assert "Test-PopConnectivity is not granted to this user by RBAC" in host.run(MODULE, READER)["msg"]


def test_a_password_in_clear_is_warned_of(host):
    assert "is sent unencrypted" in str(host.run(MODULE, READER | {"connection_type": "Plaintext"})["warnings"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"user": "anna"}, "password: it is missing or empty, but user is given; use both, or neither."),
        ({"password": SECRET}, "user: it is missing or empty, but password is given; use both, or neither."),
        (
            {"user": "anna", "password": ""},
            "password: it is missing or empty, but user is given; use both, or neither.",
        ),
        (
            {"user": " ", "password": SECRET},
            "user: it is blank; use user@domain or DOMAIN\\user, or leave it out for Exchange's test user.",
        ),
        (
            {"user": "anna", "password": "a\nb"},
            "password: it contains a line break or another control character; use a single line.",
        ),
        ({"user": "a\nb", "password": SECRET}, "user: 'a\\nb' contains a line break; use text on a single line."),
        (
            {"connection_type": "STARTTLS"},
            "connection_type: 'STARTTLS' is not valid; use Plaintext (0), Tls (1), or Ssl (2).",
        ),
        ({"port": 0}, "port: 0 is out of range; use 1 to 65535."),
        ({"port": 70000}, "port: 70000 is out of range; use 1 to 65535."),
        ({"per_connection_timeout": 121}, "per_connection_timeout: 121 is out of range; use 1 to 120 seconds."),
        ({"timeout": 0}, "timeout: 0 is out of range; use 1 to 3600 seconds."),
        (
            {"timeout": 10, "per_connection_timeout": 20},
            "per_connection_timeout: it is longer than timeout, the time for the whole test; use a shorter one.",
        ),
        ({"mailbox_server": "EX*"}, "mailbox_server: 'EX*' is a pattern; use the name of a single server."),
        ({"server": ""}, "server: '' is empty; use a name, or leave the option out."),
    ],
)
def test_wrong_options_get_their_sentence(host, options, sentence):
    result = host.run(MODULE, {"protocol": "pop3", **options})
    assert result["msg"] == sentence
    assert host.calls == []
    assert SECRET not in result["msg"]
