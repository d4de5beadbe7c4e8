"""Certificates in the plain form of Exchange's objects, which leaves out what they are assigned to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from evidence import writes
from runner import Controller, Outcome, inventory
from simulator_process import SimulatorProcess

NAME = "mail.contoso.test"
PORT = 20995
ONE = ("--limit", "ex01")
DAY = 86400
WHY = (
    "Exchange does not send which services a certificate is assigned to in the plain form of its objects, which "
    "this session asks for"
)
CURE = (
    "set ansible_exchange_serialization to full, or add serializationLevel=Full to the query of your own "
    "ansible_exchange_path"
)
ENABLE, DRIFT, ADOPT = (f"mailops.exchange.{name}" for name in ("enable_pop3", "drift", "adopt"))
Run = Callable[..., Outcome]


@pytest.fixture
def new(organisation: SimulatorProcess) -> str:
    """The thumbprint of a certificate for the name, imported and not assigned."""
    return organisation.add_certificate("EX01", NAME)


@pytest.fixture
def run(controller: Controller, organisation: SimulatorProcess) -> Run:
    """Runs a playbook in the plain form on a server that is told to have the certificate."""

    def run(playbook: str, *arguments: str, certificate: Any = (), **more: Any) -> Outcome:
        told = {
            "ansible_exchange_serialization": "plain",
            "pop3_x509_certificate_name": NAME,
            "pop3_external_connection_settings": [f"{NAME}:995:SSL"],
            "pop3_certificate": dict(certificate),
            "pop3_probe": {"host": NAME, "port": PORT, "ca_cert": organisation.description["ca"]},
        }
        return controller.run(playbook, inventory(organisation.description, **told | more), *ONE, *arguments)

    return run


def assigned(organisation: SimulatorProcess) -> str:
    services: str = organisation.certificate("EX01", NAME)["services"]
    return services


def warned(outcome: Outcome, text: str) -> int:
    """How often the output warns in these words, whose lines are broken at any blank."""
    return " ".join(outcome.output.split()).count(f"[WARNING]: {text}")


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["run", "check"])
def test_the_role_assigns_nothing_and_fails_with_the_ways_out(
    organisation: SimulatorProcess, run: Run, new: str, check: tuple[str, ...]
) -> None:
    organisation.clear_log()
    done = run(ENABLE, *check)
    assert done.returncode != 0
    assert "Enable-ExchangeCertificate" not in writes(organisation)
    assert assigned(organisation) == "None"
    assert done.task("Assign the certificate", "ex01")["result"]["changed"] is False
    sentence = (
        f"Whether {new} is assigned to POP on EX01 is not known: {WHY}. Nothing was assigned; {CURE}, or set "
        "assign_when_services_unknown to true."
    )
    assert warned(done, sentence) == 1
    verified = done.task("Verify POP3", "ex01")["result"]
    # What is wrong beside it, in a run that has done the rest, is that no certificate is found.
    seen = "what clients are shown is not known" if check else "clients are shown "
    assert verified["msg"].startswith(
        f"EX01 is not in the desired state: whether the certificate {new} is assigned to POP is not known, and {seen}"
    )
    assert f"({WHY}; {CURE}, or set pop3_certificate: {{assign_when_services_unknown: true}})" in verified["msg"]
    assert "certificate-services-unreadable" not in done.output
    assert "Auth Certificate" not in done.output


def test_the_role_is_content_where_clients_are_shown_the_certificate(
    organisation: SimulatorProcess, run: Run, new: str
) -> None:
    organisation.enable_certificate("EX01", NAME, "POP")
    first = run(ENABLE)
    assert first.returncode == 0, first.output
    organisation.clear_log()
    again = run(ENABLE)
    assert (again.returncode, again.stats["ex01"]["changed"], writes(organisation)) == (0, 0, []), again.output
    result = again.task("Read the server", "ex01")["result"]["in_sync"]["certificate"]
    assert (result["assigned"], result["certificate"]["thumbprint"]) == (True, new)
    assert warned(again, "Whether") == 0
    # That nothing else is known of certificates is said once, with what helps.
    sentence = (
        f"EX01: certificate-services-unreadable: It is not known what 5 of 5 certificates are assigned to: {WHY}."
    )
    assert warned(again, sentence) == again.output.count("certificate-services-unreadable") == 1
    assert "Auth Certificate" not in again.output


def test_told_to_it_assigns_and_is_unchanged_once_clients_are_shown_it(
    organisation: SimulatorProcess, run: Run, new: str
) -> None:
    organisation.clear_log()
    told = {"assign_when_services_unknown": True}
    predicted = run(ENABLE, "--check", certificate=told)
    assert (predicted.returncode, writes(organisation)) == (0, []), predicted.output
    first = run(ENABLE, certificate=told)
    assert first.returncode == 0, first.output
    assert first.changed("ex01") == predicted.changed("ex01")
    assert assigned(organisation) == "POP"
    sentence = (
        f"Whether {new} is assigned to POP on EX01 is not known: {WHY}. It is therefore assigned, possibly again, "
        f"which cannot be verified; every run does so as long as the controller does not see the certificate "
        f"that clients are shown. To find out, {CURE}."
    )
    for one in (predicted, first):
        assert warned(one, sentence) == 1, one.output
        row = next(
            line
            for line in one.task("Show the POP3 changes", "ex01")["result"]["msg"]
            if line.startswith("certificate")
        )
        assert row.split() == ["certificate", "services", "not", "known", "POP"]

    organisation.clear_log()
    again = run(ENABLE, certificate=told)
    assert (again.returncode, again.stats["ex01"]["changed"], writes(organisation)) == (0, 0, []), again.output

    # What cannot be seen proves nothing, and what is newer than what clients are shown is assigned too.
    blind = run(ENABLE, certificate=told, pop3_compare_served_certificate=False)
    assert (blind.returncode, writes(organisation)[:1]) == (0, ["Enable-ExchangeCertificate"]), blind.output
    organisation.clock(DAY)
    newer = organisation.add_certificate("EX01", NAME, begins=-0.5)
    organisation.clear_log()
    renewed = run(ENABLE, certificate=told)
    assert renewed.returncode == 0, renewed.output
    assert renewed.task("Assign the certificate", "ex01")["result"]["certificate"]["thumbprint"] == newer
    assert writes(organisation) == ["Enable-ExchangeCertificate", "Restart-Service", "Restart-Service"]
    organisation.clear_log()
    settled = run(ENABLE, certificate=told)
    assert (settled.returncode, settled.stats["ex01"]["changed"], writes(organisation)) == (0, 0, []), settled.output


@pytest.mark.parametrize("told", [{}, {"assign_when_services_unknown": True}], ids=["", "told to assign"])
def test_drift_says_that_it_is_not_known_until_clients_are_shown_it(
    controller: Controller, organisation: SimulatorProcess, run: Run, new: str, told: dict[str, Any]
) -> None:
    file = controller.folder / "drift.json"

    def drift() -> tuple[Outcome, dict[str, Any]]:
        done = run(DRIFT, "-e", f"drift_file={file}", "-e", "drift_fail=true", certificate=told)
        server: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["servers"]["ex01"]
        return done, server

    organisation.enable_certificate("EX01", NAME, "POP")
    assert run(ENABLE).returncode == 0
    done, server = drift()
    assert (done.returncode, server["state"]) == (0, "in_sync"), done.output

    organisation.clock(DAY)
    organisation.add_certificate("EX01", NAME, begins=-0.5)
    organisation.clear_log()
    done, server = drift()
    assert done.returncode != 0
    assert "Out of sync, or not known to be in sync: ex01 (certificate_unknown)" in done.output
    assert (server["state"], server["failure"]) == ("certificate_unknown", None)
    assert server["protocols"]["pop3"]["differences"] == {}
    assert server["protocols"]["pop3"]["unknown"] == {"certificate": f"{WHY}; {CURE}."}
    rows = done.task("Show the table", "ex01")["result"]["msg"][1:]
    assert [" ".join(row.split()) for row in rows] == [f"ex01 pop3 certificate not known {WHY}; {CURE}."]
    assert done.stats["ex01"]["changed"] == 1, done.changed("ex01")  # the file
    assert writes(organisation) == []


def test_adopt_says_that_the_certificate_is_left_out(
    controller: Controller, organisation: SimulatorProcess, run: Run, new: str
) -> None:
    organisation.enable_certificate("EX01", NAME, "POP")
    assert run(ENABLE).returncode == 0
    organisation.clear_log()
    done = run(ADOPT, "-e", "adopt_folder=plain", "-e", '{"adopt_protocols": ["pop3"]}')
    assert done.returncode == 0, done.output
    said = (
        f"Not in this file because it is not known which certificate is assigned: pop3_certificate. It is not known "
        f"what 5 of 5 certificates are assigned to: {WHY}. {CURE[0].upper()}{CURE[1:]}."
    )
    assert done.task("Show what is not in the file", "ex01")["result"]["msg"] == [said]
    written = (controller.folder / "plain" / "ex01.yml").read_text(encoding="utf-8")
    assert f"# {said}" in written.splitlines()
    assert "pop3_certificate" not in yaml.safe_load(written)

    full = run(ADOPT, "-e", "adopt_folder=full", ansible_exchange_serialization="full")
    assert full.returncode == 0, full.output
    written = (controller.folder / "full" / "ex01.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(written)["pop3_certificate"] == {"thumbprint": new}
    assert "Not in this file" not in full.output
    assert writes(organisation) == []


def test_preflight_judges_no_assignment(organisation: SimulatorProcess, run: Run, new: str) -> None:
    organisation.run("EX01", "Set-PopSettings", {"Server": "EX01", "X509CertificateName": NAME})
    told = ("-e", '{"preflight_protocols": ["pop3"]}')
    plain = run("mailops.exchange.preflight", *told)
    found = "\n".join(plain.task("Show the findings", "ex01")["result"]["msg"])
    assert plain.returncode == 0, plain.output
    assert "certificate-not-assigned" not in found
    assert found.count(WHY) == found.count(f"{CURE[0].upper()}{CURE[1:]}.") == 1
    assert "Auth Certificate" not in found
    full = run("mailops.exchange.preflight", *told, ansible_exchange_serialization="full")
    assert "certificate-not-assigned" in full.output
