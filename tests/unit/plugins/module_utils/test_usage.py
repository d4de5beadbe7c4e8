"""Who would be cut off, by what the logs of several servers tell, and where they do not tell it."""

from __future__ import annotations

from typing import Any

import pytest
from fleet_reports import NOW, read_logs, user

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import cut_off, gaps, of_server


def part(*users: dict[str, Any], login_type: str = "PlainTextLogin") -> dict[str, Any]:
    return {"users": [*users], "login_type": login_type}


def test_who_logged_on_would_be_cut_off_by_disabling() -> None:
    told = cut_off([part(user("bob")), part(user("CONTOSO\\Bob"), user("anna"))])
    assert told["disabling"] == ["anna", "bob"]
    assert told["allow_list"] is None


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
            [
                "Nothing of log-ons is logged since 2026-11-20. If the log was turned on meanwhile, restart the "
                "services."
            ],
        ),
        (
            {"days": [{"day": "2026-11-25"}, {"day": "2026-11-24"}]},
            [
                "Nothing of log-ons is logged from 2026-11-20 until 2026-11-24.",
                "Nothing of log-ons is logged after 2026-11-25.",
            ],
        ),
        (
            {"unreadable": {"log files": "Access is denied", "login_type": "null"}},
            ["POP3 log files cannot be read: Access is denied.", "POP3 login_type cannot be read: null."],
        ),
    ],
)
def test_where_logs_do_not_tell_of_everybody_it_is_told_why(more: dict[str, Any], told: list[str]) -> None:
    logs = {"since": "2026-11-20", "pop3": read_logs([], **more), "imap4": None}
    usage = {"failure": None, "protocols": of_server(logs, NOW.date())}
    assert list(gaps(usage, "pop3")) == told
    # Nothing was asked of this one.
    assert list(gaps(usage, "imap4")) == ["Its logs were not read."]


def test_logs_that_were_not_read_tell_of_nobody() -> None:
    assert list(gaps({"failure": "Access is denied.", "protocols": None}, "pop3")) == ["Access is denied."]
    assert list(gaps(None, "pop3")) == ["Its logs were not read."]
