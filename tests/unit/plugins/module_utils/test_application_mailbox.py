"""Whether a server serves a program that reads a mailbox, and what the program is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.filter.application_mailbox import application_mailbox

USER = "tickets@contoso.com"


def entry(port: int, encryption: str, server: str = "mail.contoso.com") -> dict[str, Any]:
    return {"server": server, "port": port, "encryption": encryption}


SECURE, STARTTLS, CLEAR = entry(995, "implicit_tls"), entry(110, "starttls"), entry(110, "none")
SENDING = entry(587, "starttls")


def info(*entries: dict[str, Any], most: int | None = 16, **more: Any) -> dict[str, Any]:
    told = {"pop3": list(entries), "imap4": None, "smtp": [SENDING]}
    settings = {} if most is None else {"max_connections_per_user": most}
    services = [{"name": name, "status": "running"} for name in ("MSExchangePop3", "MSExchangePOP3BE")]
    return {
        "server": "EX01",
        "findings": [],
        "certificates": [],
        "pop3": {"settings": settings, "services": services},
        "imap4": {"settings": settings, "services": []},
        "client_settings": {"external": told, "internal": {**told, "pop3": [entry(995, "implicit_tls", "ex01")]}},
        **more,
    }


def judged(found: dict[str, Any], protocol: str = "pop3", **more: Any) -> dict[str, Any]:
    return application_mailbox(found, protocol, USER, **more)


def test_the_best_entry_is_what_the_program_is_told() -> None:
    told = judged(info(SECURE, STARTTLS))
    assert told == {
        "values": {"protocol": "pop3", **SECURE, "use_ssl_tls": True, "user": USER, "sending": SENDING},
        "hindrances": [],
        "throttled": [],
        "remarks": [],
    }
    assert judged(info(SECURE), side="internal")["values"]["server"] == "ex01"


def test_starttls_is_told_and_clear_text_is_none() -> None:
    told = judged(info(STARTTLS))
    assert told["values"]["use_ssl_tls"] is False
    (remark,) = told["remarks"]
    assert remark.startswith("mail.contoso.com:110 starts without encryption and switches to it with STARTTLS: ")
    (hindrance,) = judged(info(CLEAR))["hindrances"]
    assert hindrance == (
        "The program would send its password without encryption: the best entry in "
        "external_connection_settings of EX01 is mail.contoso.com:110; add an entry that ends in :SSL."
    )


def test_there_is_empty_and_not_readable() -> None:
    empty, unknown = judged(info()), judged(info(), "imap4")
    assert empty["values"] is unknown["values"] is None
    (of_empty,), (of_unknown,) = empty["hindrances"], unknown["hindrances"]
    assert of_empty.startswith(
        "external_connection_settings of EX01 is empty, so it is not known where the program must"
    )
    assert of_unknown.startswith(
        "external_connection_settings of EX01 cannot be read, so it is not known where the program must connect"
    )
    assert of_unknown.endswith("set external_connection_settings with mailops.exchange.imap_settings.")


@pytest.mark.parametrize(
    ("interval", "needed"), [(300, 5), (301, 5), (600, 3), (1199, 3), (1200, 2), (1800, 2), ("86400", 2)]
)
def test_the_connections_follow_from_the_interval(interval: Any, needed: int) -> None:
    for most in (needed, needed - 1):
        told = judged(info(SECURE, most=most), interval=interval, policy={"policy": "P", "settings": _policy(most)})
        assert len(told["hindrances"]) == len(told["throttled"]) == (most < needed)
    (hindrance,) = told["hindrances"]
    assert f"max_connections_per_user is {needed - 1} for POP3 on EX01" in hindrance
    assert f"set it to {needed} or more with mailops.exchange.pop_settings." in hindrance
    assert f"pop_max_concurrency of the throttling policy P is {needed - 1}" in told["throttled"][0]


def _policy(most: Any) -> dict[str, Any]:
    return {"pop_max_concurrency": most, "imap_max_concurrency": 0}


def test_what_cannot_be_read_is_not_judged() -> None:
    told = judged(info(SECURE, most=None), policy={"policy": "P", "settings": {}})
    assert (told["hindrances"], told["throttled"]) == ([], [])
    assert told["remarks"] == ["max_connections_per_user of EX01 cannot be read, so it is not checked."]
    assert judged(info(SECURE), policy={"policy": "P", "settings": _policy("Unlimited")})["throttled"] == []
    found = info(SECURE)
    found["client_settings"]["external"]["smtp"] = found["certificates"] = None
    assert judged(found)["values"]["sending"] is None
    assert judged(found)["remarks"] == [
        "The certificates of EX01 cannot be read, so they are not checked.",
        "The receive connectors of EX01 cannot be read, so it is not known which one accepts mail from clients.",
    ]


FINDING = {
    "id": "connector-missing",
    "severity": "error",
    "protocol": "smtp",
    "found": "Seen.",
    "why": "Why.",
    "fix": "Fix.",
    "fixed_by": ["connector"],
}


def test_findings_that_keep_clients_from_being_served_hinder_unless_accepted() -> None:
    found = info(SECURE, findings=[FINDING, {**FINDING, "id": "basic-without-tls", "severity": "warning"}])
    assert judged(found)["hindrances"] == ["connector-missing: Seen. Why. Fix."]
    assert judged(found, accepted=["connector-missing"])["hindrances"] == []


def test_a_protocol_that_is_off_is_said_once() -> None:
    found = info(SECURE)
    found["pop3"]["services"][1]["status"] = "stopped"
    (hindrance,) = judged(found)["hindrances"]
    assert hindrance == (
        "POP3 is not running on EX01: MSExchangePOP3BE; enable it with the role mailops.exchange.pop3."
    )
    found["findings"] = [{**FINDING, "id": "service-not-running", "protocol": "pop3"}]
    assert judged(found)["hindrances"] == ["service-not-running: Seen. Why. Fix."]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"protocol": "pop"}, "application_mailbox: protocol: 'pop' is not valid; use pop3 or imap4."),
        ({"side": "inside"}, "application_mailbox: side: 'inside' is not valid; use external or internal."),
        (
            {"interval": "5m"},
            "application_mailbox: interval: '5m' is not valid; use at least 300 seconds between two checks for mail.",
        ),
        (
            {"interval": 299},
            "application_mailbox: interval: 299 is not valid; use at least 300 seconds between two checks for mail.",
        ),
    ],
)
def test_what_is_no_program(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        judged(info(SECURE), **options)
    assert str(caught.value) == sentence
