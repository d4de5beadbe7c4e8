"""The report on all servers: what it tells of each, across them, and since the last time."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import fleet_reports
import jsonschema
import pytest
from fleet_reports import HOSTILE, NOW, PROTOCOLS, VERSION, closed_schema, fleet, looked, made, server
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet import (
    Seen,
    desired,
    merged,
    report,
)

VALIDATOR = jsonschema.Draft202012Validator(closed_schema())


def of(*seen: Seen, previous: Any = None) -> dict[str, Any]:
    """The report on servers, which is as the schema says."""
    told = report([one.record(NOW) for one in seen], PROTOCOLS, NOW, VERSION, previous)
    VALIDATOR.validate(told)
    return told


def pair(**changed: Any) -> tuple[Seen, Seen]:
    """Two servers that are alike, but for what of the second one is another one."""
    first, second = server(1, wanted=False), server(2, healthy=True, wanted=False)
    for path, value in changed.items():
        *steps, last = path.split("__")
        place = second.look["look"]
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    return first, second


def kinds(findings: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(one["id"], one["servers"]) for one in findings]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"servers": 0},
        {"servers": 1},
        {"servers": 30},
        {"hostile": True},
        {"wanted": False},
        {"healthy": True},
        {"usage": True},
    ],
    ids=str,
)
def test_a_report_is_as_its_schema_says(given: dict[str, Any]) -> None:
    told = fleet(**given)
    VALIDATOR.validate(told)
    assert json.loads(json.dumps(told)) == told
    assert fleet(**given) == told


def test_the_schema_is_one_and_describes_what_is_to_be_known() -> None:
    schema = json.loads(fleet_reports.SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"]
    told = fleet()
    del told["summary"]["need_action"]
    assert not VALIDATOR.is_valid(told)
    assert not VALIDATOR.is_valid({**fleet(), "more": 1})


def test_each_kind_of_server_has_its_state() -> None:
    assert {host: one["state"] for host, one in fleet()["servers"].items()} == {
        "ex01": "in_sync",
        "ex02": "differs",
        "ex03": "restart_possible",
        "ex04": "in_sync",
        "ex05": "unreachable",
        "ex06": "in_sync",
        "ex07": "maintenance",
        "ex08": "in_sync",
        "ex09": "failed",
        "ex10": "certificate_unknown",
        "ex11": "restart_unknown",
        "ex12": "differs",
    }


@pytest.mark.parametrize(
    ("numbers", "state", "sentence"),
    [
        ((), "in_sync", "0 servers, no finding needs action"),
        ((1,), "in_sync", "1 of 1 server in sync, no finding needs action"),
        ((1, 7), "in_sync", "1 of 2 servers in sync, 1 in maintenance, no finding needs action"),
        ((2,), "differs", "1 of 1 server differs, 1 finding needs action"),
        ((1, 4), "differs", "2 of 2 servers in sync, 1 finding needs action"),
        ((1, 3), "differs", "1 of 2 servers in sync, 1 not known to be in sync, no finding needs action"),
        ((2, 9, 12), "failed", "2 of 3 servers differ, 1 failed, 2 findings need action"),
        ((2, 9, 5), "unreachable", "1 of 3 servers differs, 1 failed, 1 unreachable, 1 finding needs action"),
    ],
)
def test_the_summary_says_in_a_line_what_is_wrong(numbers: tuple[int, ...], state: str, sentence: str) -> None:
    summary = of(*map(server, numbers))["summary"]
    assert (summary["state"], summary["sentence"], summary["servers"]) == (state, sentence, len(numbers))


def test_what_is_not_compared_is_in_sync_in_no_sentence() -> None:
    told = of(*pair())
    assert {one["state"] for one in told["servers"].values()} == {"not_compared"}
    assert told["summary"]["sentence"] == "2 servers, 2 not compared with desired values, no finding needs action"
    assert (told["summary"]["in_sync"], told["summary"]["not_compared"]) == (0, 2)
    assert told["servers"]["ex01"]["drift"] is None


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], {}),
        (["pop3_banner", "imap4_server", "imap4_manage_services", "imap4_ignore_findings"], {"pop3": ["banner"]}),
        (["imap4_state"], {"imap4": []}),
        (["pop3_certificate", "imap4_login_type"], {"pop3": [], "imap4": ["login_type"]}),
        (["banner", "pop3_", "pop_banner"], {}),
    ],
)
def test_only_what_somebody_desires_is_compared(names: list[str], told: dict[str, Any]) -> None:
    assert desired(names, PROTOCOLS) == told


def test_a_role_that_was_to_compare_and_did_not_is_a_failure() -> None:
    told = of(replace(server(1), reports={}))["servers"]["ex01"]
    assert (told["state"], told["drift"]) == ("failed", None)
    assert told["failure"] == "No part of pop3 and imap4 was compared; the tags of the run may exclude all of them."


def test_where_a_role_ended_early_nothing_looks_as_if_it_were_in_sync() -> None:
    one = server(1)
    told = of(replace(one, failure="It broke."))["servers"]["ex01"]
    assert (told["state"], told["failure"], told["drift"]) == ("failed", "It broke.", None)
    assert told["protocols"]


@pytest.mark.parametrize(
    ("seen", "state", "failure"),
    [
        (Seen("a", True), "failed", "It was not read; the tags of the run may exclude that."),
        (Seen("a", False), "unreachable", "It could not be reached."),
        (Seen("a", True, {"unreachable": True, "msg": "Gone."}), "unreachable", "Gone."),
        (Seen("a", False, {"failed": True, "msg": "Bad."}), "failed", "Bad."),
        (Seen("a", True, {}, {"unreachable": True, "msg": "Lost."}), "unreachable", "Lost."),
        (Seen("a", True, {}, {}, "Broken."), "failed", "Broken."),
    ],
)
def test_a_server_that_was_not_read(seen: Seen, state: str, failure: str) -> None:
    told = of(seen)["servers"]["a"]
    assert (told["state"], told["failure"]) == (state, failure)
    assert {told[part] for part in ("server", "drift", "protocols", "certificates", "findings", "supported")} == {None}


def test_support_is_told_by_the_product() -> None:
    told = [of(Seen("a", True, {"look": looked("A", NOW, product, "1")}))["servers"]["a"] for product in PRODUCTS]
    assert [(one["supported"], one["supported_until"]) for one in told] == [*PRODUCTS.values()]


PRODUCTS = {
    "Exchange Server SE": (True, None),
    "Exchange Server 2019": (False, "2025-10-14"),
    "Exchange 16.0": (None, None),
}


@pytest.mark.parametrize(
    ("changed", "protocol", "part", "setting", "values"),
    [
        ({"pop3__settings__login_type": "PlainTextLogin"}, "pop3", "settings", "login_type", "SecureLogin"),
        ({"imap4__services__1__status": "stopped"}, "imap4", "services", "MSExchangeIMAP4BE status", "running"),
        ({"connectors__0__settings__max_message_size": "10MB"}, "smtp", "connector", "max_message_size", "36MB"),
        ({"version": "15.2.2562.20"}, None, "server", "version", "15.2.2562.17"),
    ],
)
def test_who_differs_from_the_others_is_told_without_any_desired_values(
    changed: Any, protocol: str | None, part: str, setting: str, values: str
) -> None:
    other = next(iter(changed.values()))
    first, second = pair(**changed)
    third = server(13, wanted=False)
    told = of(first, second, third)
    assert told["differences"] == [
        {
            "protocol": protocol,
            "part": part,
            "setting": setting,
            "desired": False,
            "values": [{"value": values, "servers": ["ex01", "ex13"]}, {"value": other, "servers": ["ex02"]}],
        }
    ]
    rule = "server-builds-differ" if part == "server" else "servers-differ"
    assert (rule, ["ex02"]) in kinds(told["findings"])
    # Of two, none is most.
    assert (rule, ["ex01", "ex02"]) in kinds(of(first, second)["findings"])


def test_a_servers_own_name_is_no_difference_and_shown_as_such() -> None:
    assert of(*pair())["differences"] == []
    odd = ["EX02.contoso.com:995:SSL"]
    (difference,) = of(*pair(pop3__settings__internal_connection_settings=odd))["differences"]
    assert difference["values"][1]["value"] == ["<server>:995:SSL"]


def test_what_was_not_read_is_not_compared() -> None:
    assert of(*pair(pop3=None, connectors=None, certificates=None))["differences"] == []
    first, second = pair(pop3__services__0__status="")
    del second.look["look"]["pop3"]["settings"]["banner"]
    assert of(first, second)["differences"] == []


def test_what_is_desired_of_all_is_drift_and_no_finding() -> None:
    told = of(server(1), server(2))
    assert [(one["setting"], one["desired"]) for one in told["differences"]] == [("banner", True), ("login_type", True)]
    assert "servers-differ" not in {one["id"] for one in told["findings"]}
    # Nobody has said what this one is to be.
    first, second = server(1), server(13)
    second.look["look"]["pop3"]["settings"]["max_connections"] = 5
    assert ("servers-differ", ["ex01", "ex13"]) in kinds(of(first, second)["findings"])


def test_services_in_maintenance_are_stopped_on_purpose() -> None:
    assert of(server(1, wanted=False), server(7, wanted=False))["differences"] == []


def test_findings_are_grouped_across_servers_the_gravest_first() -> None:
    found = fleet()["findings"]
    severities = [("error", "warning", "notice").index(one["severity"]) for one in found]
    assert severities == sorted(severities)
    (advertised,) = (one for one in found if one["id"] == "connector-not-advertised")
    assert len(advertised["servers"]) == 11
    # They differ in their names only.
    assert [one["text"] for one in advertised["found"]] == ["Of 'Client Frontend <server>' it is false."]
    (expiring,) = (one for one in found if one["id"] == "certificate-renewal-due")
    assert expiring["found"][0]["text"].endswith("on EX04.")


def test_what_differs_in_a_finding_is_told_of_each_server() -> None:
    first, second = server(4), server(16)
    second.look["look"]["findings"][0]["found"] = "Another certificate expires on EX16."
    (expiring,) = (one for one in of(first, second)["findings"] if one["id"] == "certificate-renewal-due")
    assert [one["servers"] for one in expiring["found"]] == [["ex04"], ["ex16"]]


def accepting(seen: Seen, *accepted: dict[str, Any]) -> Seen:
    return replace(
        seen,
        look={**seen.look, "accepted": [{"reason": None, "until": None, "protocol": None, **one} for one in accepted]},
    )


def test_an_accepted_finding_is_in_a_list_of_its_own_until_its_day() -> None:
    name = "plain-text-login"
    today, yesterday = (f"{NOW - timedelta(days=days):%Y-%m-%d}" for days in (0, 1))
    known = of(accepting(server(2), {"id": name, "reason": "Old printers.", "until": today}))
    (one,) = known["accepted"]
    assert (one["id"], one["reason"], one["until"], one["servers"]) == (name, "Old printers.", today, ["ex02"])
    assert name not in [one["id"] for one in known["findings"]]
    assert (known["summary"]["need_action"], known["summary"]["accepted"]) == (0, 1)

    expired = of(accepting(server(2), {"id": name, "reason": "Old printers.", "until": yesterday}))
    (one,) = (one for one in expired["findings"] if one["id"] == name)
    assert one["expired"] == {"reason": "Old printers.", "until": yesterday}
    assert (expired["accepted"], expired["summary"]["expired"], expired["summary"]["need_action"]) == ([], 1, 1)


def test_what_one_role_accepts_is_not_accepted_for_the_other() -> None:
    seen = server(1)
    findings = seen.look["look"]["findings"]
    name = "loopback-not-bound"
    findings.append({**findings[0], "protocol": "imap4"})
    told = of(accepting(seen, {"id": name, "protocol": "pop3"}))
    assert [one["protocol"] for one in told["accepted"]] == ["pop3"]
    assert [one["protocol"] for one in told["findings"] if one["id"] == name] == ["imap4"]


def test_a_difference_between_servers_is_accepted_where_all_that_differ_accept_it() -> None:
    first, second = pair(pop3__settings__login_type="PlainTextLogin")
    accepted, kind = {"id": "servers-differ", "reason": "For a week."}, ("servers-differ", ["ex01", "ex02"])
    assert kind in kinds(of(accepting(first, accepted), second)["findings"])
    told = of(accepting(first, accepted), accepting(second, accepted))
    assert (kind in kinds(told["accepted"]), kind in kinds(told["findings"])) == (True, False)
    expired = of(accepting(first, accepted), accepting(second, {**accepted, "until": "2026-11-01"}))
    (one,) = (one for one in expired["findings"] if one["id"] == "servers-differ")
    assert one["expired"] == {"reason": "For a week.", "until": "2026-11-01"}
    # Where most are alike it is up to the others.
    third = server(13, wanted=False)
    assert ("servers-differ", ["ex02"]) in kinds(of(first, accepting(second, accepted), third)["accepted"])


def test_of_a_server_in_several_reports_the_newer_look_counts() -> None:
    old, new = made(3, NOW), made(2, NOW + timedelta(hours=1), healthy=True)
    for order in ((old, new), (new, old)):
        servers, protocols = merged(order)
        told = report(servers, protocols, NOW + timedelta(hours=2), VERSION)
        VALIDATOR.validate(told)
        assert {host: one["state"] for host, one in told["servers"].items()} == {
            "ex01": "in_sync",
            "ex02": "in_sync",
            "ex03": "restart_possible",
        }
        # All that was told across servers is told anew.
        assert "plain-text-login" not in {one["id"] for one in told["findings"]}
        assert told["protocols"] == ["pop3", "imap4"]


def test_a_report_of_reports_is_what_it_would_have_been_at_once() -> None:
    whole = made(12, NOW)
    slices = []
    for half in (slice(None, 6), slice(6, None)):
        part = report(list(whole["servers"].values())[half], PROTOCOLS, NOW, VERSION)
        slices.append(json.loads(json.dumps(part)))
    assert report(*merged(slices), NOW, VERSION) == whole


def test_a_user_of_several_servers_is_one_and_what_is_not_known_is_told() -> None:
    assert made(12, NOW)["usage"] is None
    told = made(12, NOW, usage=True)["usage"]
    # The one with twelve users has all that the others have.
    assert told["pop3"]["disabling"] == sorted(f"user{number}" for number in range(12))
    assert told["pop3"]["secure_login"]["certain"] == ["user1", "user10", "user4", "user7"]
    assert told["pop3"]["secure_login"]["possible"] == ["user11", "user2", "user5", "user8"]
    assert "user0" not in told["pop3"]["allow_list"]
    assert [(one["text"].partition(" ")[0], one["servers"]) for one in told["pop3"]["unknown"]] == [
        ("Protocol", ["ex02"]),
        ("No", ["ex03"]),
        ("POP3", ["ex04"]),
        ("POP3", ["ex04"]),
        ("EX05", ["ex05"]),
        ("Select-String", ["ex11"]),
    ]
    assert [one["servers"] for one in told["imap4"]["unknown"]] == [["ex05"], ["ex11"]]


@pytest.mark.parametrize(
    ("logs", "host", "told"),
    [
        ({"failed": True, "msg": "Access is denied."}, 1, "Access is denied."),
        ({"unreachable": True, "msg": "It went away."}, 1, "It went away."),
        ({"skipped": True}, 5, "EX05 does not answer at port 5986."),
        ({}, 1, "Its logs were not read."),
    ],
)
def test_why_logs_were_not_read_is_told(logs: dict[str, Any], host: int, told: str) -> None:
    usage = of(replace(server(host), logs=logs))["servers"][f"ex{host:02}"]["usage"]
    assert usage == {"failure": told, "protocols": None}


def test_usage_of_slices_is_put_together_anew() -> None:
    whole = made(12, NOW, usage=True)
    slices = []
    for half in (slice(None, 6), slice(6, None)):
        part = report(list(whole["servers"].values())[half], PROTOCOLS, NOW, VERSION)
        slices.append(json.loads(json.dumps(part)))
    allowed = ["user0@contoso.com", "user1"]
    assert report(*merged(slices), NOW, VERSION, allowed=allowed) == whole
    # One of them is of a version that did not know of it.
    del slices[1]["usage"]
    for one in slices[1]["servers"].values():
        del one["usage"]
    told = report(*merged(slices), NOW, VERSION)
    VALIDATOR.validate(told)
    assert told["usage"]["pop3"]["unknown"][-1] == {
        "text": "Its logs were not read.",
        "servers": list(slices[1]["servers"]),
    }


def test_what_has_changed_since_is_told() -> None:
    before = made(12, NOW - timedelta(days=1), healthy=True)
    before["servers"]["left"] = deepcopy(before["servers"].pop("ex01"))
    changes = of(*map(server, range(1, 13)), previous=before)["changes"]
    assert changes["since"] == before["generated_at"]
    assert (changes["appeared"], changes["gone"]) == (["ex01"], ["left"])
    assert {"host": "ex02", "before": "in_sync", "after": "differs"} in changes["servers"]
    assert "ex04" not in {one["host"] for one in changes["servers"]}
    assert {"id": "plain-text-login", "protocol": "pop3", "servers": ["ex02"]} in changes["findings_new"]
    assert changes["findings_gone"] == []
    told = {(one["host"], one["setting"]): (one["before"], one["after"]) for one in changes["settings"]}
    assert told["ex02", "login_type"] == ("SecureLogin", "PlainTextLogin")
    assert told["ex12", "MSExchangeIMAP4BE status"] == ("running", "stopped")
    # What could not be read is not known to have changed.
    assert ("ex12", "ssl_bindings") not in told
    assert not [host for host, _setting in told if host in ("ex01", "ex05")]

    back = of(*(server(number, healthy=True) for number in range(1, 13)), previous=made(12, NOW - timedelta(days=1)))
    gone = {one["id"]: one["servers"] for one in back["changes"]["findings_gone"]}
    assert gone["plain-text-login"] == ["ex02"]
    assert back["changes"]["findings_new"] == []


def test_the_same_again_is_no_change() -> None:
    changes = of(*map(server, range(1, 13)), previous=made(12, NOW - timedelta(hours=1)))["changes"]
    assert {name: told for name, told in changes.items() if told and name != "since"} == {}


def test_another_spelling_is_no_change() -> None:
    before = made(1, NOW)
    before["servers"]["ex01"]["protocols"]["pop3"]["settings"]["ssl_bindings"].reverse()
    assert of(server(1), previous=before)["changes"]["settings"] == []


TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20))


@settings(max_examples=50)
@given(st.lists(TEXTS, min_size=7, max_size=7))
@example(["0"] * 7)
def test_whatever_a_server_writes_is_told_and_counted_once(texts: list[str]) -> None:
    seen = [server(number) for number in (1, 2, 4)]
    seen[1].look["look"] |= dict(zip(("server", "fqdn", "product", "version"), texts, strict=False))
    for finding in seen[1].look["look"]["findings"]:
        finding |= dict(zip(("found", "why", "fix"), texts[4:], strict=True))
    told = of(*seen)
    counted = sum(len(one["findings"]) for one in told["servers"].values())
    grouped = [one for one in told["findings"] + told["accepted"] if not one["id"].startswith("server")]
    assert sum(len(one["servers"]) for one in grouped) == counted
    for one in grouped:
        for name in ("found", "fix"):
            assert {host for text in one[name] for host in text["servers"]} == set(one["servers"])
