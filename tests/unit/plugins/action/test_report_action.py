"""What the task of the report writes, and what it leaves alone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from fleet_reports import fleet, logs, server

from ansible_collections.mailops.exchange.plugins.action import fleet_report

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the task in a folder, with what the play has got to know of hosts."""
    monkeypatch.chdir(tmp_path)

    def run(hosts: Any = (), check: bool = False, **options: Any) -> dict[str, Any]:
        action = object.__new__(fleet_report.ActionModule)
        action._task = SimpleNamespace(check_mode=check)
        given = {"junit": None, "previous": None, "from": None, "reached": [*hosts], "protocols": None}
        defaults: dict[str, Any] = {
            "looks": ["report_look"],
            "failure": "report_failure",
            "hosts": [*hosts] if hosts else None,
        }
        defaults |= {"ignore_findings": [], "usage": False, "usage_since": None, "usage_allowed": None}
        try:
            told: dict[str, Any] = action.work({**given, **defaults, **options}, {"hostvars": hosts})
        except fleet_report.Refused as refused:
            raise AnsibleActionFail(str(refused)) from None
        return told

    return run


def variables(number: int) -> dict[str, Any]:
    seen = server(number)
    return {"report_look": seen.look, "client_access_report": seen.reports, "report_failure": seen.failure}


def test_the_page_its_json_and_that_for_pipelines_are_written(run: Run, tmp_path: Path) -> None:
    told = run({"ex01": variables(1), "ex02": variables(2)}, file="of/today.html", junit="junit.xml")
    assert (told["changed"], told["summary"]["state"]) == (True, "differs")
    report = json.loads((tmp_path / "of" / "today.json").read_text())
    assert [one["state"] for one in report["servers"].values()] == ["in_sync", "differs"]
    assert "ex02" in (tmp_path / "of" / "today.html").read_text()
    assert (tmp_path / "junit.xml").read_text().startswith("<?xml")
    # And the next one is compared with it.
    run({"ex01": variables(1), "ex02": variables(14)}, file="of/today.html")
    changes = json.loads((tmp_path / "of" / "today.json").read_text())["changes"]
    assert changes["since"] == report["generated_at"]
    # Or with another one that is named.
    (tmp_path / "old.json").write_text(json.dumps(fleet(1)))
    run({"ex01": variables(1)}, file="of/today.html", previous="old.json")
    assert json.loads((tmp_path / "of" / "today.json").read_text())["changes"]["since"] == fleet(1)["generated_at"]


@pytest.mark.parametrize("hosts", [(), {"ex01": variables(1)}], ids=["looking", "check mode"])
def test_nothing_is_written_where_nothing_is_to_be(run: Run, tmp_path: Path, hosts: Any) -> None:
    told = run(hosts, check=True, file="report.html", junit="junit.xml")
    assert told["changed"] is bool(hosts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["junit", "rendered"])
def test_no_file_is_written_unless_all_can_be_made(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_arguments: Any, **_view: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(fleet_report, broken, fail)
    with pytest.raises(ZeroDivisionError):
        run({"ex01": variables(1)}, file="report.html", junit="junit.xml")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_report_is_not_replaced(run: Run, tmp_path: Path) -> None:
    own = '{"mine": 1}'
    (tmp_path / "report.json").write_text(own)
    with pytest.raises(AnsibleActionFail, match="which would be replaced, is not a report of this version"):
        run(file="report.html")
    assert (tmp_path / "report.json").read_text() == own
    # Nor is it by one who names another to compare with.
    (tmp_path / "old.json").write_text(json.dumps(fleet(1)))
    with pytest.raises(AnsibleActionFail, match="which would be replaced"):
        run({"ex01": variables(1)}, file="report.html", previous="old.json")


def test_a_value_that_is_none_in_a_slice_is_refused(run: Run, tmp_path: Path) -> None:
    odd = fleet(1)
    odd["servers"]["ex01"]["protocols"]["pop3"]["settings"]["login_type"] = {"a": 1}
    (tmp_path / "odd.json").write_text(json.dumps(odd))
    with pytest.raises(
        AnsibleActionFail, match=r"The report cannot be created: login_type of EX01 is .*, which is not a valid value"
    ):
        run(**{"from": "odd.json", "file": "report.html"})


@pytest.mark.parametrize("given", ["", "[]", [], [1], {"a": 1}, 3])
def test_what_is_no_list_of_files_is_refused(run: Run, given: Any) -> None:
    with pytest.raises(AnsibleActionFail, match=r"from: .* use "):
        run(**{"from": given, "file": "report.html"})


def test_what_cannot_be_accepted_is_refused_before_a_server_is_asked(run: Run) -> None:
    with pytest.raises(AnsibleActionFail, match=r"report_ignore: '31\.12\.2026' is not a valid last day for accepting"):
        run(file="report.html", ignore_findings=[{"id": "a", "until": "31.12.2026"}])


@pytest.mark.parametrize(
    ("option", "given", "said"),
    [
        ("usage_since", "yesterday", "report_usage_since: 'yesterday' is neither a day nor a number of days"),
        ("usage_since", "0", "report_usage_since: '0' days are out of range"),
        ("usage_allowed", {"a": 1}, "report_usage_allowed: this is not a list of mailboxes"),
        ("usage_allowed", [12], "report_usage_allowed: this is not a list of mailboxes"),
    ],
)
def test_what_cannot_be_asked_of_logs_is_refused_before_a_server_is_asked(
    run: Run, option: str, given: Any, said: str
) -> None:
    with pytest.raises(AnsibleActionFail, match=re.escape(said)):
        run(file="report.html", **{option: given})


def test_who_uses_the_protocols_is_in_a_report_only_if_that_was_asked(run: Run, tmp_path: Path) -> None:
    hosts = {"ex01": {**variables(1), "report_logs": logs(1)}, "ex13": {**variables(13), "report_logs": logs(13)}}
    run(hosts, file="report.html")
    for name in ("report.html", "report.json"):
        assert "user1" not in (tmp_path / name).read_text()
    # By -e name=value a list comes as its text.
    run(hosts, file="report.html", usage=True, usage_allowed="['user1@contoso.com', user2]")
    pop3 = json.loads((tmp_path / "report.json").read_text())["usage"]["pop3"]
    assert len(pop3["disabling"]) == 13
    assert [name for name in pop3["disabling"] if name not in pop3["allow_list"]] == ["user1", "user2"]
    assert "user12" in (tmp_path / "report.html").read_text()


def test_a_host_that_failed_in_the_playbook_preflight_is_told_so(run: Run, tmp_path: Path) -> None:
    lost = {"ex01": {"preflight_info": {"failed": True, "msg": "Bad."}}, "ex02": {"preflight_info": {"findings": []}}}
    run(lost, file="report.html", reached=[], looks=["report_look", "preflight_info"])
    servers = json.loads((tmp_path / "report.json").read_text())["servers"]
    assert {host: (one["state"], one["failure"]) for host, one in servers.items()} == {
        "ex01": ("failed", "Bad."),
        "ex02": ("unreachable", "It could not be reached."),
    }


def test_a_hundred_servers_take_seconds(run: Run) -> None:
    hosts = {f"ex{number:03}": variables(number) for number in range(1, 101)}
    before = time.process_time()
    run(hosts, file="report.html", junit="junit.xml")
    run(hosts, file="report.html", junit="junit.xml")
    # Of the processor; it is a few, and what grows with the square of the servers would be minutes.
    assert time.process_time() - before < 60
