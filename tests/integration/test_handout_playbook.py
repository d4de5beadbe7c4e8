"""The hand-out for users, by the playbook, of a simulated organisation whose services are connected to."""

from __future__ import annotations

import json
import plistlib
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from runner import Controller, Outcome, inventory
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.modules import handout
from exchange_simulator.pki import Authority

PLAYBOOK = "mailops.exchange.handout"
MAIL = "mail.contoso.test"
PORTS = {"imap": 993, "pop3": 995, "smtp": 587}


@pytest.fixture
def hosts(organisation: SimulatorProcess) -> dict[str, Any]:
    """Two servers that tell users the same, one name for inside and outside."""
    for server in ("EX01", "EX02"):
        for cmdlet, parameters in {
            "Set-PopSettings": {"Server": server, **told(995)},
            "Set-ImapSettings": {"Server": server, **told(993)},
            "Set-ReceiveConnector": {"Identity": f"{server}\\Client Frontend {server}", "Fqdn": MAIL},
            "Enable-ExchangeCertificate": {
                "Server": server,
                "Thumbprint": organisation.certificate(server, MAIL)["thumbprint"],
                "Services": "POP, IMAP, SMTP",
                "Force": True,
            },
        }.items():
            assert organisation.run(server, cmdlet, parameters)["errors"] == []
        names = ["MSExchangePop3", "MSExchangePOP3BE", "MSExchangeImap4", "MSExchangeIMAP4BE"]
        assert organisation.run(server, "Start-Service", {"Name": names}, endpoint="windows")["errors"] == []
    return inventory(organisation.description)


def told(port: int) -> dict[str, Any]:
    entry = f"{MAIL}:{port}:SSL"
    return {"ExternalConnectionSettings": [entry], "InternalConnectionSettings": [entry], "X509CertificateName": MAIL}


def within_reach(organisation: SimulatorProcess, **ports: int) -> dict[str, Any]:
    """What the DNS, the real ports and a public authority would be."""
    server = organisation.description["servers"]["EX01"]
    ways = {port: port + server["port_offset"] for port in PORTS.values()} | {PORTS[key]: ports[key] for key in ports}
    connect_to = {f"{MAIL}:{port}": f"{server['address']}:{there}" for port, there in ways.items()}
    return {"connect_to": connect_to, "ca_cert": organisation.description["ca"]}


def run(controller: Controller, hosts: dict[str, Any], *arguments: str, **variables: Any) -> Outcome:
    given = {"handout_folder": "handout", **variables}
    return controller.run(PLAYBOOK, hosts, "-e", json.dumps(given), *arguments)


def files(controller: Controller) -> dict[str, bytes]:
    folder = controller.folder / "handout"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def servers_of(controller: Controller, side: str) -> dict[str | None, tuple[str | None, int]]:
    root = ET.fromstring((controller.folder / "handout" / side / "config-v1.1.xml").read_bytes())
    found = [*root.iter("incomingServer"), *root.iter("outgoingServer")]
    return {one.get("type"): (one.findtext("hostname"), int(one.findtext("port") or 0)) for one in found}


def test_settings_are_tried_and_handed_out(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any]
) -> None:
    done = run(controller, hosts, handout_probe=within_reach(organisation))
    assert done.returncode == 0, done.output
    written = done.task("Write the handout", "ex01")["result"]
    assert (written["domains"], written["notes"], written["no_connection"]) == (["contoso.test"], [], [])
    first = files(controller)
    assert sorted(first) == sorted(written["files"])
    assert {"handout.de.html", "handout.en.html", "external/imap4.mobileconfig", "internal/srv.zone"} <= first.keys()
    everything = {kind: (MAIL, port) for kind, port in PORTS.items()}
    assert servers_of(controller, "external") == servers_of(controller, "internal") == everything
    assert [one for one in organisation.log() if one["cmdlet"].startswith(("Set-", "Start-"))] == []

    # Nobody listens there.
    refused = run(controller, hosts, handout_probe=within_reach(organisation, imap=1))
    assert refused.returncode == 2, refused.output
    message = refused.task("Fail if a setting", "ex01")["result"]["msg"]
    assert message.startswith("No connection, and therefore left out of the handout: mail.contoso.test:993 (imap4): ")
    assert "refused the connection" in message
    everything.pop("imap")
    assert servers_of(controller, "external") == everything
    left = files(controller)
    assert first.keys() - left.keys() == {"external/imap4.mobileconfig", "internal/imap4.mobileconfig"}
    assert "No connection: do not use this setting." in left["handout.en.html"].decode()
    assert b"_imaps._tcp.contoso.test. IN" not in left["external/srv.zone"]


def test_servers_that_differ_are_named(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any]
) -> None:
    hosts["exchange"]["hosts"]["gone"] = {"ansible_host": "127.0.0.1", "ansible_exchange_port": 1, "ansible_port": 1}
    other = {"Server": "EX02", "ExternalConnectionSettings": ["pop.contoso.test:995:SSL"]}
    assert organisation.run("EX02", "Set-PopSettings", other)["errors"] == []
    assert organisation.run("EX02", "Stop-Service", {"Name": "MSExchangeIMAP4BE"}, endpoint="windows")["errors"] == []
    done = run(controller, hosts, handout_verify=False, handout_domains=["contoso.test", "contoso.example"])
    # For the one that cannot be reached.
    assert done.returncode == 4, done.output
    notes = done.task("Show the notes", "ex01")["result"]["msg"]
    assert notes == [
        "Could not be read: gone. Nothing on this page is from there.",
        "Receiving (IMAP) is off on EX02.",
        "Receiving (POP3) (outside): the servers differ. Behind each name it says on which of them it is set.",
    ]
    written = files(controller)
    assert "external/pop3.mobileconfig" not in written
    assert "(EX02 only)" in written["handout.en.html"].decode()
    assert "von hier aus nicht geprüft" in written["handout.de.html"].decode()
    assert b"_pop3s._tcp.contoso.example. IN SRV 0 1 995 pop.contoso.test." in written["external/srv.zone"]


def test_what_is_wrong_is_told_before_a_server_is_asked(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description)
    refused = run(controller, hosts, handout_username="anna", handout_key_password="Tr0ub4dor&3")
    assert refused.returncode == 2, refused.output
    message = refused.task("Make sure that the handout can be written", "ex01")["result"]["msg"]
    assert message.startswith("handout_username: 'anna' would be the same for every user; give one with ")
    assert "Tr0ub4dor" not in refused.output + json.dumps(refused.results)
    assert organisation.log() == []


def test_the_module_returns_what_is_documented(
    controller: Controller, organisation: SimulatorProcess, hosts: dict[str, Any]
) -> None:
    """By its examples, with settings that are reachable from outside only."""
    tasks = yaml.safe_load(handout.EXAMPLES)
    pem = Authority(controller.folder / "authority").issue(["profiles.contoso.test"])
    task = tasks[1]
    task["mailops.exchange.handout"] |= {
        "domains": ["contoso.test"],
        "unverified": [MAIL, "mial.contoso.test"],
        "certificate": str(pem),
        "key": str(pem),
    }
    planned = {**task, "name": "Plan", "check_mode": True, "diff": True}
    nothing = {"name": "Look", "ansible.builtin.assert": {"that": "'handout' is not exists"}}
    tasks[1:1] = [planned, nothing]
    play = [{"hosts": "ex01", "gather_facts": False, "tasks": [*tasks, {**task, "name": "Again"}]}]
    done = controller.run(play, hosts)
    assert done.returncode == 0, done.output
    result = done.task(task["name"], "ex01")["result"]
    returned = {name for name in result if not name.startswith("_ansible")} - {"invocation", "warnings", "deprecations"}
    assert returned - {"changed"} == set(yaml.safe_load(handout.RETURN))
    assert result["warnings"] == [
        "handout_unverified: mial.contoso.test is in none of the settings that the servers have for users."
    ]
    assert "not tested from here" in files(controller)["handout.en.html"].decode()
    signed = files(controller)["external/imap4.mobileconfig"]
    assert plistlib.loads(signed[signed.index(b"<?xml") : signed.index(b"</plist>") + len(b"</plist>")])
    # The time of signing is no change.
    assert done.changed("ex01") == ["Plan", task["name"]]
    before = done.task("Plan", "ex01")["result"]
    assert (before["files"], before["removed"]) == (result["files"], [])
    assert {one["before"] for one in before["diff"]} == {""}
