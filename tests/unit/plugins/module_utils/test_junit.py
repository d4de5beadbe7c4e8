"""The report for pipelines."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from fleet_reports import HOSTILE, fleet

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.junit import junit

KINDS = ("failure", "error", "skipped")


def cases(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By host and name, what is said of a case; None for one that has passed."""
    root = ElementTree.fromstring(junit(report))
    return {
        suite.get("name", ""): {case.get("name", ""): case[0] if len(case) else None for case in suite}
        for suite in root
    }


@pytest.mark.parametrize("given", [{}, {"hostile": True}, {"servers": 0}, {"wanted": False}], ids=str)
def test_it_has_the_form_that_pipelines_read(given: dict[str, Any]) -> None:
    report = fleet(**given)
    root = ElementTree.fromstring(junit(report))
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == list(report["servers"])
    for counted in (root, *root):
        every = list(counted.iter("testcase"))
        assert counted.get("tests") == str(len(every))
        for kind, plural in zip(KINDS, ("failures", "errors", "skipped"), strict=True):
            assert counted.get(plural) == str(sum(case.find(kind) is not None for case in every))
    for suite in root:
        names = [case.get("name") for case in suite]
        assert len(names) == len(set(names))
        for case in suite:
            assert (case.tag, case.get("classname")) == ("testcase", suite.get("name"))
            assert float(case.get("time", "")) == 0
            assert [one.tag for one in case] in ([], *([kind] for kind in KINDS))
            assert all(one.get("message") for one in case)


def test_each_server_has_the_same_cases_every_time() -> None:
    names = {tuple(one) for one in cases(fleet()).values()}
    (only,) = names
    assert {"run", "pop3 services", "imap4 settings", "pop3 restart", "imap4 certificate", "smtp findings"} <= set(only)


def test_what_failed_in_the_run_is_told_apart_from_what_differs() -> None:
    told = cases(fleet())
    assert {name for name, one in told["ex01"].items() if one is not None} == set()
    differs = told["ex02"]["pop3 settings"]
    assert (differs.tag, differs.get("type")) == ("failure", "drift")
    assert 'login_type: "PlainTextLogin", desired "SecureLogin"' in differs.text
    found = told["ex02"]["pop3 findings"]
    assert (found.tag, found.get("type")) == ("failure", "finding")
    assert told["ex03"]["pop3 restart"].tag == told["ex10"]["pop3 certificate"].tag == "failure"
    assert told["ex12"]["imap4 services"].tag == "failure"
    for host, state in (("ex05", "unreachable"), ("ex09", "failed")):
        assert (told[host]["run"].tag, told[host]["run"].get("type")) == ("error", state)
        assert told[host]["pop3 settings"].tag == "skipped"
    assert told["ex05"]["server findings"].tag == "skipped"
    assert told["ex07"]["pop3 settings"].get("message") == "The server is in maintenance."
    assert told["ex08"]["imap4 settings"].get("message") == "No desired values are set for imap4."


def test_only_logs_that_could_not_be_read_are_an_error() -> None:
    assert not any("usage" in one for one in cases(fleet()).values())
    report = fleet(usage=True)
    told = {host: one["usage"] for host, one in cases(report).items()}
    assert {host: one.tag for host, one in told.items() if one is not None} == {
        "ex04": "error",
        "ex05": "skipped",
        "ex11": "error",
    }
    assert told["ex04"].text == (
        "POP3 front_end log cannot be read: #Fields: dateTime,user.\nPOP3 protocol_log_enabled cannot be read: null."
    )
    assert (told["ex11"].get("type"), told["ex11"].text) == ("usage", "Select-String is not allowed on EX11.")
    assert report["servers"]["ex02"]["usage"]["protocols"]["pop3"]["turn_on"]


def test_an_accepted_finding_and_a_notice_fail_nothing() -> None:
    report = fleet()
    told = cases(report)
    assert {one["id"] for one in report["accepted"]} == {"loopback-not-bound"}
    assert told["ex01"]["pop3 findings"] is None
    assert told["ex01"]["imap4 findings"] is None


def test_what_xml_cannot_hold_is_written_out() -> None:
    report = fleet(1, previous=False)
    report["servers"]["ex01"] |= {"state": "failed", "failure": "".join(HOSTILE)}
    error = cases(report)["ex01"]["run"]
    for odd in ("\0", "\x1b", "\u202e", "\u2028", "\ud800", "\uffff"):
        assert odd not in error.text
        assert f"[U+{ord(odd):04X}]" in error.text
    assert "<script>alert(1)</script>" in error.text
    assert "]]>&amp;&#10;</testcase><!--" in error.text
