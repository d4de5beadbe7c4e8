"""The playbook report: the page of all servers, its JSON and that for pipelines, through the real ansible-playbook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import fleet_reports
import jsonschema
import pytest
from evidence import writes
from fleet_reports import closed_schema
from runner import Controller, Outcome, inventory
from simulator_process import SimulatorProcess

REPORT = "mailops.exchange.report"


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
    assert (difference["setting"], difference["desired"]) == ("banner", banner["Banner"])
    assert (report["summary"]["state"], report["changes"]) == ("unreachable", None)
    assert report["summary"]["sentence"] in first.output
    page = (controller.folder / "exchange_report.html").read_text()
    assert "EX02" in page
    suites = ElementTree.parse(controller.folder / "junit.xml").getroot()
    kinds = {
        suite.get("name"): [case[0].tag for case in suite if case.get("name") in ("run", "pop3 settings") and len(case)]
        for suite in suites
    }
    assert kinds == {"ex01": [], "ex02": ["failure"], "bad": ["error", "skipped"], "gone": ["error", "skipped"]}

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
