"""The playbook report: the page of all servers, its JSON and that for pipelines, through the real ansible-playbook."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import jsonschema
import logs
from evidence import add_connector, writes
from fleet_reports import NOW, closed_schema, made
from runner import Controller, inventory
from simulator_process import SimulatorProcess

REPORT = "mailops.exchange.report"
RIGHT_TO_LEFT = "exe\u202elanretxe"


def written(controller: Controller, name: str = "exchange_report.json") -> dict[str, Any]:
    """A report that was written, which is as the schema says."""
    report: dict[str, Any] = json.loads((controller.folder / name).read_text())
    jsonschema.Draft202012Validator(closed_schema()).validate(report)
    return report


def states(report: dict[str, Any]) -> dict[str, str]:
    return {host: server["state"] for host, server in report["servers"].items()}


def unreachable() -> dict[str, Any]:
    return {"ansible_host": "127.0.0.1", "ansible_exchange_port": 1, "ansible_port": 1}


def test_a_report_tells_all_that_is_to_be_known_and_what_has_changed_since(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, pop3_banner="POP3 at Contoso is ready.", pop3_manage_services=False)
    hosts["exchange"]["hosts"]["bad"] = {**hosts["exchange"]["hosts"]["ex01"], "pop3_max_command_size": 5}
    hosts["exchange"]["hosts"]["gone"] = unreachable()
    banner = {"Server": "EX01", "Banner": "POP3 at Contoso is ready."}
    assert organisation.run("EX01", "Set-PopSettings", banner)["errors"] == []
    hostile = {"Server": "EX02", "Banner": "<script>alert(1)</script>"}
    assert organisation.run("EX02", "Set-PopSettings", hostile)["errors"] == []
    add_connector(organisation, RIGHT_TO_LEFT, "EX02", RemoteIPRanges=["10.10.50.0/24"])
    organisation.clear_log()

    first = controller.run(REPORT, hosts, "-e", "report_junit=junit.xml")
    assert first.returncode == 0, first.output
    assert writes(organisation) == []
    report = written(controller)
    assert states(report) == {"ex01": "in_sync", "ex02": "differs", "bad": "failed", "gone": "unreachable"}
    assert "max_command_size" in report["servers"]["bad"]["failure"]
    assert report["servers"]["bad"]["protocols"]["pop3"]["settings"]["banner"] == banner["Banner"]
    ex02 = report["servers"]["ex02"]
    assert list(ex02["drift"]) == ["pop3"]
    (difference,) = ex02["drift"]["pop3"]["differences"]
    assert difference == {
        "part": "settings",
        "setting": "banner",
        "actual": hostile["Banner"],
        "desired": banner["Banner"],
    }
    assert RIGHT_TO_LEFT in [connector["name"] for connector in ex02["connectors"]]
    assert (report["summary"]["state"], report["changes"]) == ("unreachable", None)
    assert report["summary"]["sentence"] in first.output
    page = (controller.folder / "exchange_report.html").read_text()
    assert "ex02" in page
    assert hostile["Banner"] not in page
    assert "\u202e" not in page
    suites = ElementTree.parse(controller.folder / "junit.xml").getroot()
    kinds = {
        suite.get("name"): [case[0].tag for case in suite if case.get("name") in ("run", "pop3 settings") and len(case)]
        for suite in suites
    }
    assert kinds == {"ex01": [], "ex02": ["failure"], "bad": ["error", "skipped"], "gone": ["error", "skipped"]}
    assert "\u202e" not in (controller.folder / "junit.xml").read_text()

    changed = {"Server": "EX01", "LoginType": "PlainTextLogin"}
    assert organisation.run("EX01", "Set-PopSettings", changed)["errors"] == []
    organisation.clear_log()
    del hosts["exchange"]["hosts"]["gone"], hosts["exchange"]["hosts"]["bad"]
    second = controller.run(REPORT, hosts, "-e", "report_fail=true")
    assert second.returncode == 2
    assert writes(organisation) == []
    last = written(controller)
    assert second.task("Fail if something needs action", "ex01")["result"]["msg"] == last["summary"]["sentence"]
    changes = last["changes"]
    assert changes["since"] == report["generated_at"]
    assert changes["gone"] == ["bad", "gone"]
    assert changes["settings"] == [
        {
            "host": "ex01",
            "protocol": "pop3",
            "part": "settings",
            "setting": "login_type",
            "before": "SecureLogin",
            "after": "PlainTextLogin",
        }
    ]
    assert {"id": "plain-text-login", "protocol": "pop3", "servers": ["ex01"]} in changes["findings_new"]


def test_where_no_server_can_be_reached_there_is_a_report_all_the_same(controller: Controller) -> None:
    hosts = {"exchange": {"hosts": {"ex01": unreachable(), "ex02": unreachable()}, "vars": {"ansible_user": "u"}}}
    hosts["exchange"]["vars"] |= {"ansible_password": "none", "ansible_exchange_auth": "basic", "pop3_banner": "Hello."}
    checked = controller.run(REPORT, hosts, "--check")
    assert checked.returncode == 0, checked.output
    assert not [path for path in controller.folder.iterdir() if path.suffix in (".html", ".json")]
    assert checked.task("Show where the report is", "ex01")["result"]["msg"] == [
        "2 servers, 2 unreachable, no finding needs action"
    ]
    # With the strategy `free` of a configuration there would be one for each host, by what was known when it was done.
    arguments = ("-e", "report_fail=true", "-e", "report_file=reports/all.html")
    done = controller.run(REPORT, hosts, *arguments, ANSIBLE_STRATEGY="free")
    assert done.returncode == 2
    assert [one["host"] for one in done.results if one["task"] == "Write the report"] == ["ex01"]
    report = written(controller, "reports/all.json")
    assert states(report) == {"ex01": "unreachable", "ex02": "unreachable"}
    assert all(server["failure"] for server in report["servers"].values())
    assert report["summary"]["state"] == "unreachable"


def test_slices_make_one_report_without_any_server(controller: Controller) -> None:
    first, second = made(2, NOW), made(3, NOW + timedelta(hours=1))
    del second["servers"]["ex01"]
    second["servers"]["ex02"]["state"] = "maintenance"
    controller.write("first.json", first)
    controller.write("second slice.json", second)
    arguments = ("-e", json.dumps({"report_from": ["first.json", "second slice.json"]}), "-e", "report_file=all.html")
    done = controller.run(REPORT, {}, *arguments)
    assert done.returncode == 0, done.output
    report = written(controller, "all.json")
    assert states(report) == {"ex01": "in_sync", "ex02": "maintenance", "ex03": "restart_possible"}
    assert (controller.folder / "all.html").exists()

    # The text of a list, and what is no report: nothing new is written.
    controller.write("second slice.json", {**second, "servers": {"ex02": {}}})
    before = (controller.folder / "all.json").read_bytes()
    refused = controller.run(REPORT, {}, "-e", "report_from='[first.json, second slice.json]'", *arguments[2:])
    assert refused.returncode == 2
    assert refused.task("Write the report", "localhost")["result"]["msg"] == (
        f"from: {controller.folder / 'second slice.json'} is not a report of this version: ex02 of servers of it has "
        "no host. Give the JSON that was written beside a page."
    )
    assert (controller.folder / "all.json").read_bytes() == before

    # A gate that a slip opens would be none.
    slip = controller.run(REPORT, {}, "-e", json.dumps({"report_fail": "maybe", "report_from": ["first.json"]}))
    assert slip.returncode == 2
    said = slip.task("Make sure that the report can be written", "localhost")["result"]["msg"]
    assert "maybe" in said
    assert "fail" in said
    slip = controller.run(REPORT, {}, "-e", json.dumps({"report_usage": "names", "report_from": ["first.json"]}))
    assert "names" in slip.task("Make sure that the report can be written", "localhost")["result"]["msg"]


def test_who_uses_a_protocol_is_told_if_asked(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, report_protocols=["pop3"], report_usage=True, report_usage_since="1")
    hosts["exchange"]["hosts"] |= {
        # Of another server a host has no logs.
        "other": {**hosts["exchange"]["hosts"]["ex01"], "pop3_server": "EX02"},
        "gone": unreachable(),
    }
    on = {"Server": "EX01", "ProtocolLogEnabled": True, "LoginType": "PlainTextLogin"}
    assert organisation.run("EX01", "Set-PopSettings", on)["errors"] == []
    name = "<b>anna"
    log = f"{logs.FOLDERS['pop3']}\\POP32026010400-1.LOG"
    organisation.write_file("EX01", log, logs.of_today(name), datetime.now(UTC).isoformat())
    organisation.clear_log()

    done = controller.run(REPORT, hosts, "-vv", "-e", "report_usage_allowed=bob")
    assert done.returncode == 0, done.output
    assert writes(organisation) == []
    assert name not in done.output
    assert name not in json.dumps(done.results)
    report = written(controller)
    parts = {host: server["usage"]["protocols"] for host, server in report["servers"].items()}
    assert [user["user"] for user in parts["ex01"]["pop3"]["users"]] == [name]
    assert (parts["ex01"]["pop3"]["logged"], parts["ex02"]["pop3"]["logged"]) == (True, False)
    assert parts["other"] is parts["gone"] is None
    pop3 = report["usage"]["pop3"]
    unknown = {text["servers"][0]: text["text"] for text in pop3.pop("unknown")}
    assert pop3 == {"disabling": [name], "secure_login": {"certain": [], "possible": [name]}, "allow_list": [name]}
    assert "EX02" in unknown.pop("other")
    assert unknown == {
        "ex02": parts["ex02"]["pop3"]["turn_on"],
        "gone": report["servers"]["gone"]["failure"],
    }
    page = (controller.folder / "exchange_report.html").read_text()
    assert "&lt;b&gt;anna" in page
    assert name not in page
    assert "set protocol_log_enabled to true" in page


def test_drift_and_preflight_write_the_report_too(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, pop3_banner="POP3 at Contoso is ready.", pop3_manage_services=False)
    hosts["exchange"]["hosts"]["gone"] = unreachable()
    drifted = controller.run("mailops.exchange.drift", hosts, "-e", "report_file=drift.html")
    assert "Write the report" in drifted.headings
    report = written(controller, "drift.json")
    assert states(report) == {"ex01": "differs", "ex02": "differs", "gone": "unreachable"}
    assert report["protocols"] == ["pop3"]
    assert report["servers"]["ex01"]["certificates"]

    ignored = {"id": "no-external-settings", "reason": "Inside only.", "until": "2999-12-31"}
    given = json.dumps({"preflight_ignore": [ignored], "report_file": "preflight.html"})
    controller.run("mailops.exchange.preflight", hosts, "-e", given)
    report = written(controller, "preflight.json")
    assert states(report) == {"ex01": "not_compared", "ex02": "not_compared", "gone": "unreachable"}
    assert {(one["id"], one["reason"], one["until"]) for one in report["accepted"]} == {tuple(ignored.values())}
    assert writes(organisation) == []
