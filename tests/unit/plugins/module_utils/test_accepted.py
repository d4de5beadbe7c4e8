"""What is accepted, until when, and what a mistake in it says."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.filter.open_findings import open_findings
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.accepted import (
    Acceptance,
    acceptances,
    judged,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.hindrances import Concern, told

DAY = date(2026, 11, 27)
RIGHT = "use the id of a finding, or a dictionary with id and, optionally, reason and until (such as 2026-12-31)"


def finding(name: str, **more: Any) -> dict[str, Any]:
    texts = {"found": "It is.", "why": "It matters.", "fix": "Mend it."}
    return {"id": name, "severity": "error", "protocol": "pop3", "fixed_by": [], **texts, **more}


@pytest.mark.parametrize(
    "given",
    [
        [{"id": "certificate-weak", "reason": "Old.", "until": "2026-12-31"}],
        yaml.safe_load("[{id: certificate-weak, reason: Old., until: 2026-12-31}]"),
        json.loads('[{"id": "certificate-weak", "reason": "Old.", "until": "2026-12-31"}]'),
        [{"id": "certificate-weak", "reason": "Old.", "until": datetime(2026, 12, 31, 23, 59)}],
    ],
)
def test_every_spelling_of_a_day(given: Any) -> None:
    assert acceptances(given, "x") == [Acceptance("certificate-weak", "Old.", date(2026, 12, 31))]


@pytest.mark.parametrize(
    "given", ["one-a, two-b", "['one-a','two-b']", '["one-a", "two-b"]', ["one-a", {"id": "two-b"}]]
)
def test_every_spelling_of_a_list(given: Any) -> None:
    assert acceptances(given, "x") == [Acceptance("one-a"), Acceptance("two-b")]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"id": "a"}, f"x: {{'id': 'a'}} is not a list; for each item, {RIGHT}"),
        (5, f"x: 5 is not a list; for each item, {RIGHT}"),
        (None, f"x: None is not a list; for each item, {RIGHT}"),
        ([5], f"x: 5 is not the id of a finding; {RIGHT}"),
        ([{"reason": "Old."}], f"x: None is not the id of a finding; {RIGHT}"),
        (["Some Words"], f"x: 'Some Words' is not the id of a finding; {RIGHT}"),
        ([{"id": "a", "untill": "2026-12-31"}], f"x: 'untill' is not a key of an accepted finding; {RIGHT}"),
        ([{"id": "a", "reason": 5}], "x: 5 is not a valid reason for a; use text"),
        *(
            (
                [{"id": "a", "until": day}],
                f"x: {day!r} is not a valid last day for accepting a; use a date such as 2026-12-31",
            )
            for day in ("31.12.2026", "2026-02-30", "", 20261231, True)
        ),
    ],
)
def test_a_mistake_is_named(given: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is compared below
        acceptances(given, "x")
    assert str(refused.value) == sentence


def test_an_acceptance_holds_on_its_last_day_and_not_after() -> None:
    accepted = acceptances([{"id": "a", "until": "2026-11-27", "reason": "Old."}], "x")
    assert judged([finding("a")], accepted, DAY) == (
        [],
        [finding("a", accepted={"reason": "Old.", "until": "2026-11-27"})],
    )
    expired = finding("a", expired={"reason": "Old.", "until": "2026-11-27"})
    assert judged([finding("a"), finding("b")], accepted, DAY + timedelta(1)) == ([expired, finding("b")], [])
    assert told(expired) == "a: It is. It matters. Mend it. It was accepted until 2026-11-27 (Old)."


def test_one_that_still_holds_counts_before_one_that_has_expired() -> None:
    accepted = acceptances([{"id": "a", "until": "2026-01-01"}, {"id": "a", "reason": "New."}], "x")
    assert judged([finding("a")], accepted, DAY)[1] == [finding("a", accepted={"reason": "New.", "until": None})]


def test_an_expired_acceptance_stops_the_role_again() -> None:
    for until, stops in ((DAY, False), (DAY - timedelta(1), True)):
        concern = Concern([], [Acceptance("a", None, until)], DAY)
        assert bool(concern.incurable([finding("a")])) is stops
        assert bool(concern.beside([finding("a", severity="warning")])) is stops


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")), st.integers(-2, 2))
def test_each_finding_is_either_open_or_accepted(found: list[str], known: list[str], days: int) -> None:
    accepted = [Acceptance(name, None, DAY + timedelta(days)) for name in known]
    still_open, others = judged(map(finding, found), accepted, DAY)
    assert sorted(one["id"] for one in (*still_open, *others)) == sorted(found)
    assert {one["id"] for one in others} == (set(found) & set(known) if days >= 0 else set())


def test_the_filter_tells_what_is_wrong_with_its_argument() -> None:
    assert open_findings([finding("a"), finding("b")], ["a"]) == [finding("b")]
    with pytest.raises(Exception, match=r"open_findings: accepted: 5 is not the id of a finding; .*\.$"):
        open_findings([], [5])
