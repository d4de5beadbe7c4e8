"""The guides and the README say what is true: their examples run, and what they name is there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import logs
import pytest
import yaml
from fleet_reports import NOW, VERSION, read_logs, server, user
from guides import GUIDES, READMES, code_blocks
from runner import PASSWORD, Controller, inventory
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet import report
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import of_server

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*READMES, *GUIDES]
# What a playbook has from a rulebook.
MAIL = {"ansible_eda": {"event": {"mailbox": {"tag": "17", "text": "Approved."}}}, "known_tasks": ["17"]}
NAMED = re.compile(r"(?<!ansible_collections\.)mailops\.exchange\.(\w+)")
LINK = re.compile(r"\]\(([^)#:]+)\)")
# What the examples call the organisation's, and what the simulated one has.
HERE = {"contoso.com": "contoso.test", "anna@": "reader@", "tickets@": "reader@"}
ROLES = ("application_mailbox_", "imap4_", "pop3_")
PROBE = "mailops.exchange.mail_probe"
PORTS = {"pop3": (995, 110), "imap4": (993, 143), "smtp": (587, 587)}


def blocks(guide: Path) -> list[Any]:
    found = []
    for text in code_blocks(guide, "yaml"):
        for there, here in HERE.items():
            text = text.replace(there, here)
        found.append(yaml.safe_load(text))
    return found


WITH_BLOCKS = [guide for guide in DOCUMENTS if blocks(guide)]


def plays(block: Any) -> list[dict[str, Any]] | None:
    """An example as plays: it may be plays, tasks, or variables of the roles; None for an inventory or a rulebook."""
    if isinstance(block, dict):
        if not all(name.startswith(ROLES) for name in block):
            return None
        of_block = sorted({role for role in ROLES for name in block if name.startswith(role)})
        roles = [f"mailops.exchange.{role.removesuffix('_')}" for role in of_block]
        return [{"hosts": "exchange", "gather_facts": False, "vars": block, "roles": roles}]
    if any("sources" in item for item in block):
        return None
    if all("hosts" in item for item in block):
        return list(block)
    return [{"hosts": "exchange", "gather_facts": False, "tasks": block}]


def within_reach(probe: dict[str, Any], organisation: SimulatorProcess) -> None:
    """Put in what the DNS, the real ports and a public authority would be to a real probe."""
    server = organisation.description["servers"]["EX01"]
    encrypted, plain = PORTS[probe.get("protocol", "pop3")]
    port = plain if probe.get("encryption") in ("starttls", "none") else encrypted
    place = {"connect_to": server["address"], "ca_cert": organisation.description["ca"]}
    probe |= {**place, "port": server["port_offset"] + port}
    if "round_trip" in probe:
        probe["round_trip"]["port"] = server["port_offset"] + 587


@pytest.mark.parametrize("guide", WITH_BLOCKS, ids=[str(guide.relative_to(ROOT)) for guide in WITH_BLOCKS])
def test_examples_run(
    controller: Controller, organisation: SimulatorProcess, run: Callable[..., dict[str, Any]], guide: Path
) -> None:
    certificate = {"name": "mail.contoso.test", "services": ["POP", "IMAP", "SMTP"]}
    assert "failed" not in run("exchange_certificate", {**certificate, "replace_default_smtp_certificate": True})
    for protocol, settings in (("pop3", "pop_settings"), ("imap4", "imap_settings")):
        told = [f"mail.contoso.test:{PORTS[protocol][0]}:SSL"]
        options = {"x509_certificate_name": "mail.contoso.test", "external_connection_settings": told}
        assert "failed" not in run(settings, options)
        assert "failed" not in run("protocol_service", {"protocol": protocol, "state": "started"})
    organisation.run("EX01", "New-ThrottlingPolicy", {"Name": "Mail programs"})
    organisation.run("EX01", "Set-PopSettings", {"Server": "EX01", "ProtocolLogEnabled": True})
    log = f"{logs.FOLDERS['pop3']}\\POP32026010400-1.LOG"
    organisation.write_file("EX01", log, logs.of_today("CONTOSO\\reader"), datetime.now(UTC).isoformat())
    logged = {"since": "2026-11-20", "pop3": read_logs([user("CONTOSO\\reader")]), "imap4": None}
    seen = replace(server(1), logs={"protocols": of_server(logged, NOW.date())})
    controller.write("exchange_report.json", report([seen.record(NOW)], ["pop3"], NOW, VERSION))
    hosts = inventory(organisation.description, tickets_password=PASSWORD, probe_password=PASSWORD)
    hosts["exchange"]["hosts"].pop("ex02")
    examples = [play for block in blocks(guide) for play in plays(block) or []]
    for play in examples:
        tasks = [task[PROBE] for task in play.get("tasks", []) if PROBE in task]
        roles = [role["vars"] for role in play.get("roles", []) if isinstance(role, dict) and "vars" in role]
        given = [variables["pop3_probe"] for variables in (play.get("vars", {}), *roles) if "pop3_probe" in variables]
        for probe in tasks + given:
            within_reach(probe, organisation)
    if examples:
        outcome = controller.run(examples, hosts, "--check", "--extra-vars", json.dumps(MAIL))
        assert outcome.returncode == 0, outcome.output


@pytest.mark.parametrize("guide", DOCUMENTS, ids=[str(guide.relative_to(ROOT)) for guide in DOCUMENTS])
def test_what_is_named_is_there(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    for name in NAMED.findall(text):
        places = (
            f"plugins/modules/{name}.py",
            f"playbooks/{name}.yml",
            f"roles/{name}",
            f"plugins/connection/{name}.py",
            f"plugins/lookup/{name}.py",
            f"extensions/eda/plugins/event_source/{name}.py",
            f"extensions/eda/rulebooks/{name}.yml",
        )
        assert any((ROOT / place).exists() for place in places), name


def test_the_coverage_names_tests_that_there_are() -> None:
    rows = [line.split(" | ") for line in (ROOT / "tests" / "coverage.md").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if re.match(r"\| \d+$", row[0])]
    assert len(rows) == 179
    for row in rows:
        *_, place, shown = row
        for test in re.findall(r"`([^`]+\.py)`", shown):
            assert (ROOT / "tests" / test).exists(), test
        if place == "not applicable":
            assert shown.strip(" |"), row
        if "documented" in shown:
            assert LINK.search(place), row
        for link in LINK.findall(place):
            assert (ROOT / "tests" / link).exists(), link
