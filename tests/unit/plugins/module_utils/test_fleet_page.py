"""What the page of a fleet report shows: what differs before what is the same, and nothing for more than it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from fleet_reports import NOW, fleet, read_logs, server, user
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet import report as fleet_report
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet_page import (
    CellView,
    Comparison,
    Mark,
    Names,
    RowView,
    view,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet_rows import days_left, in_utc
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import of_server

# What a setting can be on a server: a value, in a form that nobody reads, or of a version that lacks it.
WAYS = ("one", "another", "unreadable", "absent")
PLAIN = Mark("notice", "not readable")


@cache
def _fleet(servers: int, wanted: bool, healthy: bool) -> dict[str, Any]:
    return fleet(servers, wanted=wanted, previous=False, healthy=healthy)


def alike(servers: int = 3, *, wanted: bool = False) -> dict[str, Any]:
    """A report on servers that do not differ."""
    return deepcopy(_fleet(servers, wanted, True))


def compared(report: Mapping[str, Any]) -> Comparison:
    found = view(report)["comparison"]
    assert isinstance(found, Comparison)
    return found


def row(rows: Any, heading: str, name: str) -> RowView | None:
    found = [one for one in rows if (one.heading, one.name) == (heading, name)]
    assert len(found) <= 1
    return found[0] if found else None


def differing(report: Mapping[str, Any], heading: str, name: str) -> RowView:
    found = row(compared(report).differing, heading, name)
    assert found, f"{heading} {name} is not told among what differs"
    return found


def told(cell: CellView) -> str:
    """A cell in a line."""
    words = [" ".join(cell.shown.lines)] if cell.shown else []
    words += [f"[{cell.mark.word}]"] if cell.mark else []
    words += [f"desired {' '.join(cell.desired.lines)}"] if cell.desired else []
    return " ".join([*words, *([cell.note] if cell.note else [])])


def protocols(report: Mapping[str, Any], key: str) -> Iterator[dict[str, Any]]:
    for entry in report["servers"].values():
        yield entry["protocols"][key]


@given(st.lists(st.sampled_from(WAYS), min_size=3, max_size=3))
def test_a_row_is_folded_only_if_it_was_read_and_is_the_same_everywhere(ways: list[str]) -> None:
    report = alike()
    for protocol, way in zip(protocols(report, "pop3"), ways, strict=True):
        del protocol["settings"]["banner"]
        if way == "unreadable":
            protocol["unreadable"]["banner"] = "null"
        elif way != "absent":
            protocol["settings"]["banner"] = way
    comparison = compared(report)
    folded = row(comparison.alike, "POP3 settings", "banner")
    shown = row(comparison.differing, "POP3 settings", "banner")
    if set(ways) <= {"absent"}:
        assert not shown
    elif len(set(ways)) == 1 and ways[0] != "unreadable":
        assert not shown
        assert folded
        assert [told(cell) for cell in folded.cells] == [ways[0]]
    else:
        assert not folded
        assert shown
        texts = {"unreadable": "[not readable] returned as null", "absent": "not on this server"}
        assert [told(cell).removesuffix(" [differs from most]") for cell in shown.cells] == [
            texts.get(way, way) for way in ways
        ]


def test_what_nobody_can_read_is_not_equal_either() -> None:
    report = alike()
    for protocol in protocols(report, "imap4"):
        protocol["unreadable"]["ssl_bindings"] = protocol["settings"].pop("ssl_bindings") and "int"
    found = differing(report, "IMAP4 settings", "ssl_bindings")
    assert [(cell.shown, cell.mark) for cell in found.cells] == [(None, PLAIN)] * 3


def test_a_part_that_was_not_read_is_neither_absent_nor_equal() -> None:
    report = alike()
    report["servers"]["ex02"]["protocols"].pop("imap4")
    report["servers"]["ex03"] |= {"connectors": None, "certificates": None}
    assert [told(c) for c in differing(report, "IMAP4 settings", "login_type").cells] == [
        "SecureLogin",
        "not read",
        "SecureLogin",
    ]
    connector = "Mail submission connector Client Frontend <server>"
    assert [told(cell) for cell in differing(report, connector, "enabled").cells] == ["true", "true", "not read"]
    assert told(differing(report, "POP3 certificate", "assigned").cells[2]) == "not read"
    page = view(report)
    assert page["certificates"].unread.first == ["ex03"]


def test_who_was_not_read_has_no_column_and_is_named() -> None:
    page = view(fleet(12))
    comparison = page["comparison"]
    assert comparison.unread.first == ["ex05"]
    assert "ex05" not in [host for column in comparison.columns for host in column.servers.first]
    assert view(fleet(0))["comparison"] is None


def test_the_own_name_of_a_server_makes_no_difference() -> None:
    comparison = compared(alike())
    assert row(comparison.alike, "POP3 settings", "internal_connection_settings")
    assert comparison.names_itself


def test_what_exchange_takes_for_equal_is_equal() -> None:
    report = alike()
    first = next(protocols(report, "pop3"))["settings"]
    first["ssl_bindings"] = list(reversed(first["ssl_bindings"]))
    first["max_connections"] = str(first["max_connections"])
    assert compared(report).differing == []
    first["ssl_bindings"] = ["0.0.0.0:995"]
    assert [one.name for one in compared(report).differing] == ["ssl_bindings"]


def test_without_any_desired_values_those_who_differ_from_most_are_marked() -> None:
    report = alike(5)
    banners = [protocol["settings"] for protocol in protocols(report, "pop3")]
    banners[1]["banner"] = "Hello."
    found = differing(report, "POP3 settings", "banner")
    assert [told(cell) for cell in found.cells] == [
        "POP3 at Contoso is ready.",
        "Hello. [differs from most]",
        *["POP3 at Contoso is ready."] * 3,
    ]
    banners[0]["banner"] = banners[1]["banner"] = "Hello."
    banners[2]["banner"] = "Welcome."
    # Two and two, and one: nobody knows who is right.
    assert [cell.mark for cell in differing(report, "POP3 settings", "banner").cells] == [None] * 5


def test_a_difference_from_what_is_desired_is_told_with_both_values_even_if_all_have_it() -> None:
    report = alike(2, wanted=True)
    for entry in report["servers"].values():
        entry["protocols"]["pop3"]["settings"]["login_type"] = "PlainTextLogin"
        entry["drift"]["pop3"]["differences"] = [
            {"part": "settings", "setting": "login_type", "actual": "PlainTextLogin", "desired": "SecureLogin"}
        ]
    found = differing(report, "POP3 settings", "login_type")
    assert [told(cell) for cell in found.cells] == ["PlainTextLogin [out of sync] desired SecureLogin"] * 2
    folded = row(compared(report).alike, "POP3 settings", "banner")
    assert folded
    assert folded.cells[0].mark == Mark("fine", "in sync")


def test_a_difference_that_is_meant_is_as_desired() -> None:
    report = alike(3, wanted=True)
    report["servers"]["ex02"]["protocols"]["pop3"]["settings"]["banner"] = "Hello."
    found = differing(report, "POP3 settings", "banner")
    assert [cell.mark for cell in found.cells] == [Mark("fine", "in sync")] * 3


def test_parts_beside_the_settings_are_compared_with_what_is_desired() -> None:
    report = alike(3, wanted=True)
    odd = report["servers"]["ex02"]
    odd["drift"]["pop3"]["differences"] = [
        {"part": "connector", "setting": "require_tls", "actual": False, "desired": True},
        {"part": "mailboxes", "setting": "reader@contoso.com pop_enabled", "actual": True, "desired": False},
        {"part": "services", "setting": "MSExchangePop3 start_mode", "actual": "manual", "desired": "automatic"},
    ]
    odd["drift"]["imap4"]["unknown"] = {"certificate": "EX02 does not tell."}
    report["servers"]["ex03"]["drift"] = None
    for heading, name, cells in (
        (
            "Mail submission connector Client Frontend <server>",
            "require_tls",
            ("false", "false [out of sync] desired true", "false"),
        ),
        (
            "POP3 mailboxes",
            "reader@contoso.com pop_enabled",
            ("in sync", "true [out of sync] desired false", "not read"),
        ),
        (
            "POP3 services",
            "MSExchangePop3 start_mode",
            ("automatic", "manual [out of sync] desired automatic", "automatic"),
        ),
        ("IMAP4 certificate", "comparison", ("in sync", "[not known] <server> does not tell.", "not read")),
    ):
        assert tuple(told(cell) for cell in differing(report, heading, name).cells) == cells


@pytest.mark.parametrize(
    ("owed", "until", "shown"),
    [
        ("yes", None, "yes [restart pending] Why not."),
        (
            "possible",
            "2026-11-27T03:35:00+01:00",
            "possible [restart may be pending] until 2026-11-27 02:35 UTC: Why not.",
        ),
        ("unknown", None, "[not known] Why not."),
    ],
)
def test_a_restart_is_told_even_if_it_is_the_same_everywhere(owed: str, until: str | None, shown: str) -> None:
    report = alike(2)
    for protocol in protocols(report, "pop3"):
        protocol |= {"restart_owed": owed, "restart_reason": "Why not.", "restart_possible_until": until}
    found = differing(report, "POP3 services", "restart pending")
    assert [told(cell) for cell in found.cells] == [shown] * 2


def test_components_services_versions_and_certificates_are_rows() -> None:
    report = alike(2)
    first, second = report["servers"].values()
    first |= {"supported": False, "supported_until": "2025-10-14"}
    second |= {"supported": True, "supported_until": "2031-01-01"}
    away = {"component": "Draining", "component_state": "inactive", "component_reason": "EX01 rests."}
    first["protocols"]["pop3"] |= away
    second["protocols"]["pop3"] |= {"component": None, "component_state": "none"}
    first["protocols"]["pop3"]["services"][0] |= {"status": "missing", "start_mode": None}
    second["protocols"]["pop3"]["services"][0] |= {"status": "", "start_mode": None}
    first["certificates"][0] |= {"days_left": 60, "renewal_due": True, "not_after": "2027-01-26T08:00:00+00:00"}
    second["certificates"][0]["services"] = None
    for heading, name, cells in (
        ("Server", "support", ["ended on 2025-10-14 [no longer supported]", "until 2031-01-01"]),
        ("POP3 services", "component state", ["Draining [not serving clients] <server> rests.", "not on this server"]),
        ("POP3 services", "MSExchangePop3 status", ["missing", "[not readable]"]),
        ("POP3 services", "MSExchangePop3 start_mode", ["not on this server", "[not readable]"]),
        ("POP3 certificate", "assigned", ["CN=mail.contoso.com, 60 days left [renewal due]", "[not known]"]),
    ):
        assert [told(cell) for cell in differing(report, heading, name).cells] == cells


def test_a_certificate_that_clients_are_shown_is_known_by_any_server_that_tells_of_it() -> None:
    report = alike(2)
    report["servers"]["ex02"]["certificates"] = None
    folded = row(compared(report).alike, "POP3 certificate", "shown to clients")
    assert folded
    assert told(folded.cells[0]).startswith("CN=mail.contoso.com, ")
    for entry in report["servers"].values():
        entry["protocols"]["pop3"]["served_certificate"] = None
    comparison = compared(report)
    assert not row([*comparison.differing, *comparison.alike], "POP3 certificate", "shown to clients")


def test_of_many_servers_those_that_are_alike_share_a_column() -> None:
    report = alike(60)
    for number in (7, 40):
        report["servers"][f"ex{number:02}"]["protocols"]["pop3"]["settings"]["banner"] = "Hello."
    comparison = compared(report)
    assert [column.servers.count for column in comparison.columns] == [58, 2]
    assert comparison.are_grouped
    assert not comparison.by_value
    for number in range(1, 11):
        report["servers"][f"ex{number:02}"]["protocols"]["pop3"]["settings"]["banner"] = f"Hello {number}."
    comparison = compared(report)
    assert comparison.by_value
    (found,) = comparison.differing
    assert [(told(one.cell), one.servers.label or one.servers.first) for one in found.values][:2] == [
        ("POP3 at Contoso is ready.", "the other 49 servers"),
        ("Hello 1. [differs from most]", ["ex01"]),
    ]
    assert sum(one.servers.count for one in found.values) == 60


def test_of_very_many_values_the_rest_is_folded() -> None:
    report = alike(17)
    for number, protocol in enumerate(protocols(report, "pop3")):
        protocol["settings"]["banner"] = f"Hello {number}."
    found = differing(report, "POP3 settings", "banner")
    assert [told(one.cell) for one in (*found.values, *found.more_values)] == [f"Hello {n}." for n in range(17)]
    assert len(found.values) == 8


def test_servers_in_another_state_share_no_column() -> None:
    report = alike(9)
    report["servers"]["ex03"]["state"] = "failed"
    assert [column.servers.count for column in compared(report).columns] == [8, 1]


def test_the_more_values_there_are_the_shorter_is_each() -> None:
    report = alike(2)
    next(protocols(report, "pop3"))["settings"]["banner"] = "x" * 5000
    cell = differing(report, "POP3 settings", "banner").cells[0]
    assert told(cell) == f"{'x' * 1000}… (5,000 characters)"


@pytest.mark.parametrize(
    ("value", "lines", "form"),
    [
        (None, ["none"], "word"),
        ([], ["none"], "word"),
        ("", ["empty"], "word"),
        (" ", ['" "'], "value"),
        (True, ["true"], "value"),
        (0, ["0"], "value"),
        ("none", ["none"], "value"),
        (["a:1", "b:2"], ["a:1", "b:2"], "value"),
    ],
)
def test_a_value_that_has_no_text_is_told_by_a_word(value: object, lines: list[str], form: str) -> None:
    report = alike(2)
    next(protocols(report, "pop3"))["settings"]["banner"] = value
    shown = differing(report, "POP3 settings", "banner").cells[0].shown
    assert shown
    assert (list(shown.lines), shown.form) == (lines, form)


def test_servers_stand_by_state_and_by_what_is_wrong_the_worst_first() -> None:
    groups = [(one.mark.word, one.servers.first, list(one.details)) for one in view(fleet(12))["groups"]]
    assert groups[:4] == [
        ("Could not be reached", ["ex05"], ["EX05 does not answer at port 5986."]),
        ("Could not be read or compared", ["ex09"], ["pop3_max_command_size: 5 is not valid on EX09; use 40 to 1024."]),
        ("Out of sync", ["ex02"], ["POP3: login_type, banner"]),
        ("Out of sync", ["ex12"], ["IMAP4: MSExchangeIMAP4BE status"]),
    ]
    assert groups[-1] == ("In sync", ["ex01", "ex04", "ex06", "ex08"], [])
    assert ("Could not be reached", 2, ["<server> does not answer at port 5986."]) in [
        (one.mark.word, one.servers.count, list(one.details)) for one in view(fleet(24))["groups"]
    ]


def test_findings_are_told_with_their_servers_and_accepted_ones_with_their_reason() -> None:
    page = view(fleet(12))
    assert [one.mark.word for one in page["urgent"]][:2] == ["Error", "Warning"]
    assert all(one.mark.word == "Notice" for one in page["minor"])
    (accepted,) = page["accepted"]
    assert (accepted.id, accepted.acceptance) == ("loopback-not-bound", "Until 2026-12-31: The probe is off.")


def test_an_acceptance_that_is_over_is_among_the_findings_and_says_so() -> None:
    page = view(fleet(12))
    over = [one for one in page["urgent"] if one.acceptance]
    assert [(one.id, one.acceptance, one.is_minor) for one in over] == [
        ("no-external-settings", "Expired on 2026-11-01: Only inside.", False)
    ]
    assert "no-external-settings" not in [one.id for one in [*page["minor"], *page["accepted"]]]


def test_acceptances_may_have_neither_reason_nor_end() -> None:
    report = fleet(2)
    report["accepted"][0] |= {"reason": None, "until": None}
    assert view(report)["accepted"][0].acceptance == "No end date: no reason was given."


def test_changes_are_told_by_what_they_are_with_their_servers() -> None:
    assert view(fleet(2, previous=False))["changes"] is None
    changes = view(fleet(24))["changes"]
    assert changes.since == "2026-11-26 02:20 UTC"
    lines = [
        (one.what, one.name, " ".join(one.before.lines), " ".join(one.after.lines), list(one.servers.first))
        for one in changes.changes
    ]
    assert lines[:3] == [
        ("Servers", "new in the report", "", "", ["ex01"]),
        ("Servers", "no longer in the report", "", "", ["gone"]),
        ("Servers", "state", "In sync", "Out of sync", ["ex02", "ex12", "ex14", "ex24"]),
    ]
    assert ("POP3 findings", "plain-text-login", "not found", "found", ["ex02", "ex14"]) in lines
    assert ("POP3 settings", "banner", "POP3 at Contoso is ready.", "Hello from <server>.", ["ex02", "ex14"]) in lines


def test_what_is_accepted_now_is_not_told_as_no_longer_found() -> None:
    report = fleet(24)
    kind = {"id": "plain-text-login", "protocol": "pop3"}
    accepted = {**report["findings"][0], **kind, "servers": ["ex03"]}
    report["accepted"] = [{key: value for key, value in accepted.items() if key != "expired"}]
    report["accepted"][0] |= {"reason": None, "until": None}
    report["changes"]["findings_gone"] = [{**kind, "servers": ["ex03", "ex04"]}]
    report["changes"]["findings_new"] = [{**kind, "servers": ["ex02"]}]
    for one in report["findings"]:
        if one["id"] == "plain-text-login":
            one["expired"] = {"reason": None, "until": "2026-11-25"}
    told = {
        tuple(one.servers.first): (" ".join(one.before.lines), " ".join(one.after.lines))
        for one in view(report)["changes"].changes
        if one.name == "plain-text-login"
    }
    assert told == {
        ("ex02",): ("not found, or accepted", "found"),
        ("ex03",): ("found", "accepted"),
        ("ex04",): ("found", "not found"),
    }


def test_certificates_stand_by_days_left_with_what_they_are_for() -> None:
    found = view(fleet(12))["certificates"]
    assert [(one.mark, one.expires, list(one.purpose.lines), one.servers.count) for one in found.of_mail] == [
        (Mark("warning", "12 days left"), "2026-12-09", ["IMAP", "POP"], 1),
        (Mark("fine", "94 days left"), "2027-03-01", ["IMAP", "POP"], 9),
    ]
    assert found.others[0].purpose.form == "word"
    older = fleet(4)
    del older["servers"]["ex04"]["certificates"][0]["renewal_due"]
    assert [one.mark.shape for one in view(older)["certificates"].of_mail] == ["fine", "fine"]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-2, "expired 2 days ago"),
        (-1, "expired 1 day ago"),
        (0, "less than a day left"),
        (1, "1 day left"),
        (90, "90 days left"),
    ],
)
def test_days_left_are_words(days: int, words: str) -> None:
    assert days_left(days) == words


def test_times_are_in_utc_and_what_is_none_is_shown_as_it_came() -> None:
    assert in_utc("2026-11-27T03:20:00+01:00") == "2026-11-27 02:20 UTC"
    assert (in_utc("soon"), in_utc(None)) == ("soon", "")


def test_all_servers_have_one_name_together_and_many_are_shortened() -> None:
    page = view(alike(9))
    assert page["hosts"] == Names(9, ["ex01", "ex02", "ex03"], [f"ex{number:02}" for number in range(4, 10)], "")
    assert [one.servers.label for one in page["groups"]] == ["all 9 servers"]


def test_every_count_of_the_summary_leads_to_a_section() -> None:
    counts = [(one.number, one.word, one.target) for one in view(fleet(12))["counts"]]
    assert (2, "out of sync", "servers") in counts
    assert (1, "accepted", "accepted") in counts
    assert (1, "error", "findings") in counts


def test_a_view_depends_on_the_report_alone() -> None:
    report = fleet(12, hostile=True)
    before = json.dumps(report)
    assert view(report) == view(json.loads(before))
    assert json.dumps(report) == before


def usage(*logs: Mapping[str, Any], allowed: list[str] | None = None) -> Any:
    """What the page shows of who uses POP3."""
    seen = [replace(server(12 * place + 1, wanted=False), logs=one) for place, one in enumerate(logs)]
    told = fleet_report([one.record(NOW) for one in seen], ["pop3"], NOW, "1", allowed=allowed)
    (shown,) = view(told)["usage"]
    return shown


def asked(*users: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "protocols": of_server({"since": "2026-11-20", "pop3": read_logs([*users], **more), "imap4": None}, NOW.date())
    }


def test_a_page_has_no_users_if_nobody_asked() -> None:
    assert view(alike())["usage"] == []


def test_who_would_be_cut_off_is_shown_by_change() -> None:
    shown = usage(asked(user("anna", "yes"), user("bob")), asked(user("bob"), user("carol", None)), allowed=["bob"])
    assert [(one.change, list(one.users.first)) for one in shown.changes] == [
        ("Disable POP3", ["anna", "bob", "carol"]),
        ("Set login_type to SecureLogin: certain", ["anna"]),
        ("Set login_type to SecureLogin: possible", ["carol"]),
        ("Restrict POP3 to the allowed mailboxes", ["anna", "carol"]),
    ]
    assert (shown.since, shown.gaps) == ("2026-11-20", [])
    assert [(one.host, one.first_day, one.until, one.users) for one in shown.covered] == [
        ("ex01", "2026-11-20", "2026-11-27 02:19 UTC", 2),
        ("ex13", "2026-11-20", "2026-11-27 02:19 UTC", 2),
    ]


@pytest.mark.parametrize(
    ("logs", "told"),
    [
        ((asked(), asked()), "nobody"),
        ((asked(), asked(turn_on="It is off.", days=[])), "nobody according to the logs"),
        ((asked(turn_on="It is off.", days=[]), asked(days=[])), "not known"),
        (({"skipped": True}, {}), "not known"),
    ],
)
def test_nobody_is_only_said_where_all_logs_tell(logs: Any, told: str) -> None:
    shown = usage(*logs)
    assert {one.nobody for one in shown.changes} == {told}
    # There is no list of allowed mailboxes.
    assert [one.users.count for one in shown.changes] == [0, 0, 0]
    assert bool(shown.gaps) == (told != "nobody")


def test_of_many_users_the_first_ones_are_shown_and_none_is_endless() -> None:
    shown = usage(asked(*(user(f"user{number:04}") for number in range(5000)), user("x" * 3000)))
    names = shown.changes[0].users
    assert (names.count, list(names.first), len(names.rest)) == (5001, ["user0000", "user0001", "user0002"], 4998)
    assert max(map(len, names.rest)) < 200
