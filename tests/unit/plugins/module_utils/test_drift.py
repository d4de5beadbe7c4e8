"""The report on drift, and its table."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.drift import report, table

NO = {"owed": "no", "reason": "Every running service started after the last change.", "possible_until": None}
POSSIBLE = {"owed": "possible", "reason": "It may be.", "possible_until": "2026-03-02T08:15:00+00:00"}
UNKNOWN = {"owed": "unknown", "reason": "It cannot be read.", "possible_until": None}
CHANGED = {"settings": {"before": {"banner": "Hello."}, "after": {"banner": None}}}


LEFT_OUT = {"certificate": "It is left out; ask for it."}


def told(restart: Any = NO, differences: Any = (), maintenance: bool = False, unknown: Any = ()) -> dict[str, Any]:
    found = {"differences": dict(differences), "unknown": dict(unknown)}
    return {"server": "EX01", "maintenance": maintenance, "restart": restart, **found}


def of_one(facts: dict[str, Any], protocols: tuple[str, ...] = ("pop3",), reached: bool = True) -> dict[str, Any]:
    made = report({"ex01": facts}, ["ex01"], ["ex01"] if reached else [], protocols)
    server: dict[str, Any] = made["servers"]["ex01"]
    assert server["host"] == "ex01"
    return server


@pytest.mark.parametrize(
    ("pop3", "imap4", "state"),
    [
        (told(), told(), "in_sync"),
        (told(), told(differences=CHANGED), "differs"),
        (told(POSSIBLE), told(differences=CHANGED), "differs"),
        (told(UNKNOWN), told(POSSIBLE), "restart_possible"),
        (told(UNKNOWN), told(), "restart_unknown"),
        (told({}), told(maintenance=True), "maintenance"),
        (told(), told(POSSIBLE, maintenance=True), "maintenance"),
        (told(), told(UNKNOWN, maintenance=False), "restart_unknown"),
        (told(), told(unknown=LEFT_OUT), "certificate_unknown"),
        (told(unknown=LEFT_OUT), told(UNKNOWN), "restart_unknown"),
        (told(unknown=LEFT_OUT), told(differences=CHANGED), "differs"),
        (told(), told(unknown=LEFT_OUT, maintenance=True), "maintenance"),
    ],
)
def test_the_state_is_that_of_the_worse_protocol(pop3: Any, imap4: Any, state: str) -> None:
    # What the first task of a role registers has more in it.
    facts = {"client_access_report": {"changed": False, "look": {}, "pop3": pop3, "imap4": imap4}}
    server = of_one(facts, ("pop3", "imap4"))
    assert (server["state"], server["failure"], server["protocols"]) == (state, None, {"pop3": pop3, "imap4": imap4})


def test_a_failure_counts_more_and_a_lost_host_most() -> None:
    facts = {"client_access_report": {"pop3": told(differences=CHANGED)}, "drift_failure": "It broke."}
    assert (of_one(facts)["state"], of_one(facts)["failure"]) == ("failed", "It broke.")
    assert (of_one(facts, reached=False)["state"], of_one(facts, reached=False)["failure"]) == ("unreachable", None)
    assert of_one({}, reached=False)["state"] == "unreachable"


def test_what_was_not_compared_is_not_the_same() -> None:
    facts = {"client_access_report": {"pop3": told()}}
    assert of_one(facts, ("pop3", "imap4"))["failure"] == (
        "No part of imap4 was compared; the tags of the run may exclude all of them."
    )
    assert of_one({}, ("pop3", "imap4"))["failure"] == (
        "No part of pop3 and imap4 was compared; the tags of the run may exclude all of them."
    )


def test_the_table_has_a_row_for_each_difference() -> None:
    facts = {
        "in_sync": {"client_access_report": {"pop3": told()}},
        "gone": {},
        "broken": {"drift_failure": "It broke."},
        "resting": {"client_access_report": {"pop3": told(POSSIBLE, maintenance=True)}},
        "doubtful": {"client_access_report": {"pop3": told(POSSIBLE)}},
        "unread": {"client_access_report": {"pop3": told(UNKNOWN)}},
        "other": {"client_access_report": {"pop3": told(POSSIBLE, {**CHANGED, "restart": {}})}},
        "unsaid": {"client_access_report": {"pop3": told(unknown=LEFT_OUT)}},
    }
    lines = table(report(facts, list(facts), [host for host in facts if host != "gone"], ["pop3"]))
    assert [" ".join(line.split()) for line in lines] == [
        "SERVER PROTOCOL PART WHAT ACTUAL -> DESIRED",
        "in_sync in sync",
        "gone could not be reached",
        "broken could not be compared: It broke.",
        "resting pop3 is in maintenance, not compared",
        "doubtful pop3 restart possibly pending until 2026-03-02T08:15:00+00:00: It may be.",
        "unread pop3 restart not known whether pending It cannot be read.",
        'other pop3 settings banner "Hello." -> null',
        "unsaid pop3 certificate not known It is left out; ask for it.",
    ]
    assert {line.find("restart") for line in lines if "restart" in line} == {34}


@pytest.mark.parametrize("odd", [None, "text", [], 3])
def test_what_is_no_report_is_refused(odd: object) -> None:
    with pytest.raises(ValueError, match="hostvars"):
        report(odd, [], [], [])
    with pytest.raises(ValueError, match="report"):
        table(odd)
