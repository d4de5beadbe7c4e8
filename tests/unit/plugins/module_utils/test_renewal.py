"""What the role certificate decides: what is refused, probed, restarted, left out, and which older ones go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.exchange.plugins.filter.renewal_plan import renewal_plan

NAME, NEW = "mail.contoso.test", "A" * 40
NOW = datetime(2026, 11, 27, tzinfo=UTC)


def certificate(*names: str, mark: str = NEW, ends: int = 90, **more: Any) -> dict[str, Any]:
    common = {"subject": f"CN={names[0]}" if names else "", "issuer": "CN=CA", "self_signed": False, "wildcard": False}
    begins = (NOW - timedelta(days=1)).isoformat()
    dates = {"not_before": begins, "not_after": (NOW + timedelta(days=ends)).isoformat()}
    return {"thumbprint": mark, "names": [*names], "services": ["IMAP", "POP"], **common, **dates, **more}


def service(status: str, start_mode: str = "manual") -> dict[str, str]:
    return {"status": status, "start_mode": start_mode}


def protocol(**more: Any) -> dict[str, Any]:
    settings = {
        "x509_certificate_name": NAME,
        "ssl_bindings": ["[::]:995", "0.0.0.0:995"],
        "unencrypted_or_tls_bindings": ["0.0.0.0:110"],
    } | more.pop("settings", {})
    services = [service("running"), service("running")]
    return {"settings": settings, "services": services, "restart_owed": "no", **more}


def look(**more: Any) -> dict[str, Any]:
    usual = {
        "server": "EX01",
        "product": "Exchange Server SE",
        "pop3": protocol(),
        "imap4": protocol(settings={"ssl_bindings": ["0.0.0.0:993"], "unencrypted_or_tls_bindings": ["0.0.0.0:143"]}),
        "certificates": [],
        "connectors": [{"for_users": True}],
    }
    return usual | more


def seen(mark: str | None, *, port: str = "pop3", encryption: str = "implicit_tls", **more: Any) -> dict[str, Any]:
    shown = {"thumbprint": mark} if mark else None
    item = {"protocol": port, "encryption": encryption, "port": 995}
    return {"item": item, "reachable": True, "certificate": shown, **more}


def test_what_is_done_for_one_with_the_name() -> None:
    plan = renewal_plan(look(), certificate(NAME))
    assert plan["refused"] == []
    assert plan["services"] == ["POP", "IMAP"]
    assert [(one["protocol"], one["encryption"], one["port"], one["host"]) for one in plan["probes"]] == [
        ("pop3", "implicit_tls", 995, NAME),
        ("pop3", "starttls", 110, NAME),
        ("imap4", "implicit_tls", 993, NAME),
        ("imap4", "starttls", 143, NAME),
    ]
    assert plan["connector"] is False
    assert plan["left_out"] == [
        "TlsCertificateName and the probe of port 587 are skipped: "
        f"{NEW} is not assigned to SMTP; assign it with certificate_services: [SMTP]."
    ]
    assert plan["restart"] == plan["unserved"] == plan["superseded"] == []


@pytest.mark.parametrize(
    ("found", "given", "words"),
    [
        ({}, {"services": None}, "it is not known whether"),
        ({"product": "Exchange Server 2010"}, {"services": ["SMTP"]}, "Exchange Server 2010 has no TlsCertificateName"),
        ({"connectors": []}, {"services": ["SMTP"]}, "EX01 has no receive connector for clients"),
        ({"connectors": [{"for_users": False}]}, {"services": ["SMTP"]}, "EX01 has no receive connector for clients"),
        ({"connectors": None}, {"services": ["SMTP"]}, "the receive connectors of EX01 could not be read"),
        ({}, {"services": ["SMTP"]}, None),
    ],
)
def test_sending_is_left_out_and_said(found: dict[str, Any], given: dict[str, Any], words: str | None) -> None:
    plan = renewal_plan(look(**found), certificate(NAME, **given))
    assert plan["connector"] is (words is None)
    assert [one["port"] for one in plan["probes"] if one["protocol"] == "smtp"] == ([] if words else [587])
    assert (words or "") in " ".join(plan["left_out"])
    assert bool(plan["left_out"]) is bool(words)
    quiet = renewal_plan(look(**found), certificate(NAME, **given), manage_connector=False)
    assert (quiet["connector"], quiet["left_out"]) == (False, [])
    named = renewal_plan(look(**found), certificate(NAME, **given), connector="Clients")
    assert named["connector"] is (words is None or "receive connector" in words)


@pytest.mark.parametrize(
    ("names", "stored", "wanted", "sentences"),
    [
        ((NAME,), NAME, None, 0),
        (("pop.contoso.test",), NAME, None, 2),
        (("pop.contoso.test",), NAME, "pop.contoso.test", 0),
        ((NAME,), NAME, "pop.contoso.test", 2),
        (("*.contoso.test",), NAME, None, 0),
        (("*.contoso.test",), "", None, 2),
        (("*.contoso.test",), "a.b.contoso.test", None, 2),
    ],
)
def test_a_name_that_it_does_not_cover(names: Any, stored: str, wanted: str | None, sentences: int) -> None:
    own = protocol(settings={"x509_certificate_name": stored})
    plan = renewal_plan(look(pop3=own, imap4=own), certificate(*names), x509_certificate_name=wanted)
    assert len(plan["refused"]) == sentences
    assert all(text.endswith("to the name that clients connect to.") for text in plan["refused"])


def test_no_connector_can_name_what_has_no_subject() -> None:
    plan = renewal_plan(look(), certificate(NAME, services=["SMTP"], subject=""), connector="Clients")
    assert (plan["connector"], [one["protocol"] for one in plan["probes"]].count("smtp")) == (False, 0)
    assert f"skipped: {NEW} has no subject, so no receive connector can use it." in plan["left_out"][0]


def test_what_has_the_name_goes_before_a_wildcard_and_is_said_once() -> None:
    old = certificate(NAME, mark="B" * 40, ends=20)
    served = [seen("B" * 40), seen("B" * 40, encryption="starttls")]
    new, found = certificate("*.contoso.test", wildcard=True), look(certificates=[old])
    *_each, last = renewal_plan(found, new, served=served)["unserved"]
    assert last.startswith(
        f"{'B' * 40} has the exact name, which takes precedence over a wildcard while it is on the server; remove"
    )
    assert len(_each) == len(served)
    assert len(renewal_plan(found, certificate(NAME), served=served)["unserved"]) == len(served)


def test_a_wildcard_is_not_assigned() -> None:
    assert renewal_plan(look(), certificate("*.contoso.test", wildcard=True))["services"] == []


@pytest.mark.parametrize(
    ("more", "restart"),
    [
        ({}, []),
        ({"changed": ["imap4"]}, ["imap4"]),
        ({"seen": [seen(NEW), seen(NEW, port="imap4")]}, []),
        ({"seen": [seen("B" * 40), seen(NEW, port="imap4")]}, ["pop3"]),
        ({"seen": [seen(NEW), seen("B" * 40, encryption="starttls")]}, ["pop3"]),
        # A service without a certificate refuses TLS.
        ({"seen": [seen(None)]}, ["pop3"]),
        # What the controller cannot reach proves nothing.
        ({"seen": [seen(None, reachable=False)]}, []),
    ],
)
def test_what_is_restarted(more: dict[str, Any], restart: list[str]) -> None:
    assert renewal_plan(look(), certificate(NAME), **more)["restart"] == restart


def test_what_was_owed_before_is_restarted_too_and_its_certificate_proves_nothing() -> None:
    plan = renewal_plan(
        look(pop3=protocol(restart_owed="yes")), certificate(NAME), seen=[seen(NEW), seen(NEW, port="imap4")]
    )
    assert plan["restart"] == ["pop3"]
    assert plan["shown"] == {"imap4": NEW}


def test_a_protocol_that_does_not_run_is_left_as_it_is() -> None:
    stopped = protocol(services=[service("stopped"), service("stopped", "automatic")])
    plan = renewal_plan(look(pop3=stopped), certificate(NAME), changed=["pop3"])
    assert plan["restart"] == []
    assert {one["protocol"] for one in plan["probes"]} == {"imap4"}
    assert "POP3 is not running, so it is neither restarted nor probed." in plan["left_out"]
    assert plan["services"] == ["POP", "IMAP"]


@pytest.mark.parametrize(
    "services",
    [[service("running"), service("stopped")], [service("stopped", "automatic"), service("stopped", "automatic")]],
    ids=["one of them", "both"],
)
def test_a_restart_that_was_cut_off_is_done(services: list[dict[str, str]]) -> None:
    plan = renewal_plan(look(pop3=protocol(services=services)), certificate(NAME))
    assert plan["restart"] == ["pop3"]
    assert {one["protocol"] for one in plan["probes"]} == {"pop3", "imap4"}


def test_ports_that_are_not_bound_or_are_others_from_outside() -> None:
    own = protocol(settings={"unencrypted_or_tls_bindings": []})
    plan = renewal_plan(
        look(pop3=own), certificate(NAME), protocols=["pop3"], ports={"pop3": {"implicit_tls": 1995, "starttls": 1110}}
    )
    assert [one["port"] for one in plan["probes"]] == [1995]
    assert any("does not listen for starttls (unencrypted_or_tls_bindings" in text for text in plan["left_out"])


def test_what_is_not_served() -> None:
    served = [
        seen(NEW),
        seen("B" * 40, encryption="starttls"),
        seen(None, port="imap4", msg="Nobody answers."),
        seen(NEW, port="imap4", encryption="starttls", msg="The certificate is not trusted."),
    ]
    assert renewal_plan(look(), certificate(NAME), served=served)["unserved"] == [
        f"port 995 of EX01 (pop3, starttls) does not serve {NEW}: clients are shown {'B' * 40}.",
        f"port 995 of EX01 (imap4, implicit_tls) does not serve {NEW}: Nobody answers.",
        "The certificate is not trusted.",
    ]


@pytest.mark.parametrize(
    ("old", "goes"),
    [
        (certificate(NAME, mark="B" * 40, ends=20), True),
        (certificate(NAME, mark="B" * 40, ends=-20), True),
        (certificate(NAME, mark="B" * 40, ends=200), False),
        (certificate(NAME, mark="B" * 40, ends=90), False),
        (certificate(NAME, ends=20), False),
        (certificate(NAME, "mail.fabrikam.test", mark="B" * 40, ends=20), False),
        (certificate(NAME, mark="B" * 40, ends=20, self_signed=True), False),
        (certificate(mark="B" * 40, ends=20), False),
        (certificate(mark="B" * 40, ends=20, subject=f"CN={NAME}"), True),
        (certificate(NAME, mark="B" * 40, ends=20, services=None), True),
        (certificate(NAME, mark="B" * 40, ends=20, services=["IMAP"]), True),
        (certificate(NAME, mark="B" * 40, ends=20, services=["IIS", "SMTP"]), False),
        (certificate("*.contoso.test", mark="B" * 40, ends=20, services=[]), True),
    ],
    ids=[
        "older",
        "expired",
        "later",
        "equal",
        "itself",
        "more names",
        "setup's",
        "nameless",
        "same subject",
        "services not ",
        "of one protocol",
        "of others",
        "wildcard",
    ],
)
def test_what_it_takes_the_place_of(old: dict[str, Any], goes: bool) -> None:
    new = certificate(NAME, "*.contoso.test")
    found = look(certificates=[old, new])
    plan = renewal_plan(found, new, served=[seen(NEW)])
    assert plan["superseded"] == (["B" * 40] if goes else [])
    for unseen in ([], [seen(NEW), seen("B" * 40, port="imap4")], [seen(NEW, msg="The certificate is not trusted.")]):
        assert renewal_plan(found, new, served=unseen)["superseded"] == []


def test_what_nobody_can_see_is_said() -> None:
    unseen = [seen(None, reachable=False), seen(NEW, port="imap4")]
    (*sending, told) = renewal_plan(look(), certificate(NAME), seen=unseen)["left_out"]
    assert told.startswith("The controller cannot reach any port of POP3, so it is not known which certificate")
    restarted = renewal_plan(look(), certificate(NAME), seen=unseen, changed=["pop3"])
    assert restarted["left_out"] == sending


def test_what_is_no_result_is_said() -> None:
    with pytest.raises(AnsibleFilterError, match="use results of the collection's modules"):
        renewal_plan({}, {})
