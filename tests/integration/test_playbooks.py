"""The playbooks that look and do not change: preflight, drift and adopt."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from evidence import RELAY, add_relay, writes
from runner import PASSWORD, Controller, Outcome, inventory
from simulator_process import BASIC, SimulatorProcess

HOSTS = ("ex01", "ex02")
WANTED: dict[str, Any] = {
    "pop3_banner": "POP3 at Contoso is ready.",
    "pop3_external_connection_settings": ["mail.contoso.test:995:SSL"],
    "pop3_x509_certificate_name": "mail.contoso.test",
}


class Variables(yaml.SafeLoader):
    """Knows Ansible's mark for text that is not to be taken for a template."""


Variables.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def printed(outcome: Outcome, task: str, host: str) -> list[str]:
    lines: list[str] = outcome.task(task, host)["result"]["msg"]
    return lines


def playbook(name: str) -> str:
    return f"mailops.exchange.{name}"


def test_preflight_says_what_is_wrong_and_fails_when_asked_to(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description)
    organisation.run("EX02", "Set-PopSettings", {"Server": "EX02", "SSLBindings": ["10.0.0.1:995"]})
    seen = controller.run(playbook("preflight"), hosts)
    assert seen.returncode == 0, seen.output
    told = "\n".join(printed(seen, "Say what is found", "ex02"))
    assert "loopback-not-bound" in told
    assert "cure: " in told
    assert "loopback-not-bound" not in "\n".join(printed(seen, "Say what is found", "ex01"))
    compared = "\n".join(printed(seen, "differs between the servers", "ex01"))
    assert "ssl_bindings" in compared
    assert writes(organisation) == []

    failed = controller.run(
        playbook("preflight"), hosts, "-e", "preflight_fail=true", "-e", "preflight_protocols=['pop3']"
    )
    assert failed.returncode != 0
    assert failed.stats["ex02"]["failures"] == 1
    found = {item["id"] for item in seen.task("Look at the server", "ex02")["result"]["findings"]}
    accepted = controller.run(
        playbook("preflight"), hosts, "-e", json.dumps({"preflight_fail": True, "preflight_ignore": sorted(found)})
    )
    assert accepted.returncode == 0, accepted.output


def test_drift_shows_a_table_writes_json_and_fails_when_asked_to(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, **WANTED)
    assert controller.run(playbook("enable_pop3"), hosts).returncode == 0
    file = controller.folder / "drift.json"
    arguments = ("-e", f"drift_file={file}", "-e", "drift_fail=true")

    organisation.clear_log()
    same = controller.run(playbook("drift"), hosts, *arguments)
    assert same.returncode == 0, same.output
    assert {server["state"] for server in json.loads(file.read_text())["servers"].values()} == {"same"}

    changed = {"Server": "EX02", "LoginType": "PlainTextLogin", "Banner": "Hello."}
    assert organisation.run("EX02", "Set-PopSettings", changed)["errors"] == []
    organisation.run("EX02", "Stop-Service", {"Name": "MSExchangePOP3BE"}, endpoint="windows")
    drifted = controller.run(playbook("drift"), hosts, *arguments)
    assert drifted.returncode != 0
    assert "Not as told: ex02" in drifted.output
    report = json.loads(file.read_text())["servers"]
    assert report["ex01"]["state"] == "same"
    assert report["ex02"]["state"] == "differs"
    differences = report["ex02"]["protocols"]["pop3"]["differences"]
    assert differences["settings"]["before"] == {"banner": "Hello."}
    assert differences["settings"]["after"] == {"banner": WANTED["pop3_banner"]}
    table = printed(drifted, "Show the table", "ex01")
    assert any(line.startswith("ex01") and "as told" in line for line in table)
    assert any("banner" in line and '"Hello." -> ' in line for line in table)
    assert any("MSExchangePOP3BE status" in line and '"stopped" -> "running"' in line for line in table)
    assert writes(organisation) == []

    told = controller.run(playbook("drift"), hosts, "-e", f"drift_file={file}")
    assert told.returncode == 0, told.output


def test_drift_tells_servers_that_cannot_be_compared(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, **WANTED)
    hosts["exchange"]["hosts"]["ex01"]["pop3_max_command_size"] = 5
    hosts["exchange"]["hosts"]["gone"] = {"ansible_host": "127.0.0.1", "ansible_exchange_port": 1, "ansible_port": 1}
    organisation.run(
        "EX02",
        "Set-ServerComponentState",
        {"Identity": "EX02", "Component": "ServerWideOffline", "State": "Inactive", "Requester": "Maintenance"},
    )
    file = controller.folder / "drift.json"
    outcome = controller.run(playbook("drift"), hosts, "-e", f"drift_file={file}", "-e", "drift_fail=true")
    assert outcome.returncode != 0
    servers = json.loads(file.read_text())["servers"]
    assert {host: server["state"] for host, server in servers.items()} == {
        "ex01": "failed",
        "ex02": "maintenance",
        "gone": "unreachable",
    }
    assert "max_command_size" in servers["ex01"]["failure"]
    assert writes(organisation) == []


@pytest.mark.parametrize("version", ["SE", "2013", "2010"])
def test_adopt_writes_what_changes_nothing(
    controller: Controller, version: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with SimulatorProcess(
        servers={"EX01": version}, password=PASSWORD, directory=tmp_path_factory.mktemp("organisation"), **BASIC
    ) as organisation:
        hosts = inventory(organisation.description)
        changes = {"Server": "EX01", "Banner": "Set: by 'hand' # and {{ odd }}", "MaxConnectionsPerUser": 7}
        assert organisation.run("EX01", "Set-PopSettings", changes)["errors"] == []
        enabled = controller.run(
            [{"hosts": "exchange", "gather_facts": False, "roles": ["mailops.exchange.pop3"]}], hosts
        )
        assert enabled.returncode == 0, enabled.output

        folder = controller.folder / "host_vars"
        adopted = controller.run(playbook("adopt"), hosts, "-e", f"adopt_folder={folder}")
        assert adopted.returncode == 0, adopted.output
        variables = yaml.load((folder / "ex01.yml").read_text(), Loader=Variables)  # noqa: S506 - ours, and safe
        assert variables["pop3_banner"] == changes["Banner"]
        assert variables["pop3_max_connections_per_user"] == 7
        assert variables["pop3_start_mode"] == "automatic"
        assert variables["imap4_manage_services"] is False

        organisation.clear_log()
        play = [
            {
                "hosts": "exchange",
                "gather_facts": False,
                "roles": ["mailops.exchange.pop3", "mailops.exchange.imap4"],
            }
        ]
        rerun = controller.run(play, hosts, "-e", f"@{folder / 'ex01.yml'}")
        assert rerun.returncode == 0, rerun.output
        assert rerun.stats["ex01"]["changed"] == 0, rerun.changed("ex01")
        assert writes(organisation) == []


def test_a_relay_connector_is_neither_in_the_way_nor_adopted(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description)
    add_relay(organisation, AuthMechanism="None", RequireTLS=False)
    looked = controller.run(playbook("preflight"), hosts, "-e", "preflight_fail=true")
    assert looked.returncode == 0, looked.output
    told = "\n".join(printed(looked, "Say what is found", "ex01"))
    assert f"The receive connector '{RELAY}' is on port 587 too, for the addresses 10.10.50.0/24 only." in told
    assert "connector-refuses-users" not in looked.output

    changed = {"Identity": "Client Frontend EX02", "MaxMessageSize": "9MB"}
    assert organisation.run("EX02", "Set-ReceiveConnector", changed)["errors"] == []
    compared = "\n".join(printed(controller.run(playbook("preflight"), hosts), "differs between the servers", "ex01"))
    assert "max_message_size is '36MB' on EX01; '9MB' on EX02." in compared

    folder = controller.folder / "host_vars"
    adopted = controller.run(playbook("adopt"), hosts, "-e", f"adopt_folder={folder}")
    assert adopted.returncode == 0, adopted.output
    variables = yaml.load((folder / "ex01.yml").read_text(), Loader=Variables)  # noqa: S506 - ours, and safe
    for key in ("pop3", "imap4"):
        assert variables[f"{key}_connector"]["name"] == "Client Frontend EX01"
        assert variables[f"{key}_connector"]["permission_groups"] == ["ExchangeUsers"]
    assert RELAY not in (folder / "ex01.yml").read_text()

    organisation.clear_log()
    play = [{"hosts": "ex01", "gather_facts": False, "roles": ["mailops.exchange.pop3", "mailops.exchange.imap4"]}]
    rerun = controller.run(play, hosts, "-e", f"@{folder / 'ex01.yml'}")
    assert rerun.returncode == 0, rerun.output
    assert rerun.stats["ex01"]["changed"] == 0, rerun.changed("ex01")
    assert writes(organisation) == []
