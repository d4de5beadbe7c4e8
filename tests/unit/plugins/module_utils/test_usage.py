"""Who would be cut off, by what the logs of several servers tell, and where they do not tell it."""

from __future__ import annotations

from typing import Any

import pytest
from fleet_reports import NOW, logged, read_logs, user

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import cut_off, gaps, of_server


def part(*users: dict[str, Any], login_type: str = "PlainTextLogin") -> dict[str, Any]:
    return {"users": [*users], "login_type": login_type}


def test_who_logged_on_would_be_cut_off_by_disabling() -> None:
    told = cut_off([part(user("bob")), part(user("CONTOSO\\Bob"), user("anna"))])
    assert told["disabling"] == ["anna", "bob"]
    assert told["allow_list"] is None


def test_a_name_of_several_domains_is_several_users() -> None:
    usage = [
        part(user("CONTOSO\\anna"), user("anna"), user("bob")),
        part(user("FABRIKAM\\Anna", "yes"), user("CONTOSO\\bob")),
    ]
    told = cut_off(usage, ["CONTOSO\\anna", "bob@contoso.com"])
    assert told["disabling"] == ["anna", "bob", "CONTOSO\\anna", "FABRIKAM\\Anna"]
    assert told["secure_login"]["certain"] == ["FABRIKAM\\Anna"]
    assert told["allow_list"] == ["FABRIKAM\\Anna"]


def test_a_report_from_before_tells_what_it_can() -> None:
    told = of_server({"since": "2026-11-20", "pop3": read_logs([]), "imap4": None}, NOW.date())
    for name in ("silent_days", "unclear_users", "nameless_log_ons"):
        del told["pop3"][name]
    assert list(gaps({"failure": None, "protocols": told}, "pop3")) == []


def test_by_secure_login_are_cut_off_who_log_on_without_tls() -> None:
    usage = [
        part(user("always"), user("never", "yes"), user("perhaps", "unknown"), user("elsewhere", None)),
        part(user("always", "unknown"), user("elsewhere"), user("never"), login_type="SecureLogin"),
        part(user("behind", None)),
    ]
    assert cut_off(usage)["secure_login"] == {"certain": ["never"], "possible": ["behind", "perhaps"]}


def test_an_allow_list_leaves_out_who_is_not_in_it() -> None:
    usage = [part(user("CONTOSO\\anna"), user("bob@fabrikam.com"), user("carol"), user("dave@contoso.com"))]
    told = cut_off(usage, ["anna@contoso.com", "bob@contoso.com", "dave"])
    assert told["allow_list"] == ["bob@fabrikam.com", "carol"]
    everybody = ["CONTOSO\\anna", "bob@fabrikam.com", "carol", "dave@contoso.com"]
    assert cut_off(usage, [])["allow_list"] == everybody


def test_who_only_tried_to_log_on_is_not_in_a_report() -> None:
    logs = {"since": "2026-11-20", "pop3": read_logs([user("anna"), user("<b>guess</b>", None, None)]), "imap4": None}
    told = of_server(logs, NOW.date())
    assert list(told) == ["pop3"]
    assert [one["user"] for one in told["pop3"]["users"]] == ["anna"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, []),
        ({"turn_on": "It is off.", "days": []}, ["It is off."]),
        # What it wrote before it was turned off is no answer for the days since.
        ({"turn_on": "It is off."}, ["It is off."]),
        (
            {"days": []},
            ["No sign-ins are logged since 2026-11-20. If logging was turned on meanwhile, restart the services."],
        ),
        (
            {"days": [logged("2026-11-25"), logged("2026-11-24")]},
            [
                "No sign-ins are logged from 2026-11-20 until 2026-11-24.",
                "No sign-ins are logged after 2026-11-25.",
            ],
        ),
        (
            {"days": [logged(f"2026-11-{day}") for day in (20, 21, 23, 24, 25, 26)]},
            ["The log of 2026-11-22 has no sign-ins."],
        ),
        # Of both logs.
        (
            {"days": [logged(f"2026-11-{day}") for day in (20, 26, 20, 23, 26)]},
            ["The log of 2026-11-21 and 3 more days until 2026-11-26 has no sign-ins."],
        ),
        (
            {"users": [user("anna", unclear=1), user("bob", None, None)]},
            [],
        ),
        (
            {"users": [user("anna", unclear=1), user("bob", None, None, unclear=2)]},
            ["For some users, the logs do not show whether they were authenticated."],
        ),
        (
            {
                "days": [logged(f"2026-11-{day}", 3) for day in range(20, 27)],
                "users": [user("anna", days=[logged(f"2026-11-{day}", 3) for day in range(20, 26)])],
            },
            ["Some sign-ins have no user in the logs."],
        ),
        (
            {"unreadable": {"log files": "Access is denied", "login_type": "null"}},
            ["POP3 log files cannot be read: Access is denied.", "POP3 login_type cannot be read: null."],
        ),
    ],
)
def test_where_logs_do_not_tell_of_everybody_it_is_told_why(more: dict[str, Any], told: list[str]) -> None:
    logs = {"since": "2026-11-20", "pop3": read_logs(**{"users": [], **more}), "imap4": None}
    usage = {"failure": None, "protocols": of_server(logs, NOW.date())}
    assert list(gaps(usage, "pop3")) == told
    # Nothing was asked of this one.
    assert list(gaps(usage, "imap4")) == ["Its logs were not read."]


def test_logs_that_were_not_read_tell_of_nobody() -> None:
    assert list(gaps({"failure": "Access is denied.", "protocols": None}, "pop3")) == ["Access is denied."]
    assert list(gaps(None, "pop3")) == ["Its logs were not read."]
