"""The playbooks that look and do not change: preflight, drift and adopt."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from evidence import RELAY, add_relay, writes
from runner import PASSWORD, Controller, Outcome, inventory
from simulator_process import BASIC, SimulatorProcess

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
WANTED: dict[str, Any] = {
    "pop3_banner": "POP3 at Contoso is ready.",
    "pop3_external_connection_settings": ["mail.contoso.test:995:SSL"],
    "pop3_x509_certificate_name": "mail.contoso.test",
}

ROLES = ("pop3", "imap4")


class Variables(yaml.SafeLoader):
    """Knows Ansible's mark for text that is not to be taken for a template."""


Variables.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def printed(outcome: Outcome, task: str, host: str) -> list[str]:
    lines: list[str] = outcome.task(task, host)["result"]["msg"]
    return lines


def playbook(name: str) -> str:
    return f"mailops.exchange.{name}"


@pytest.mark.parametrize("name", sorted(path.stem for path in PLAYBOOKS.glob("*.yml")))
def test_a_run_without_hosts_fails_and_names_the_pattern(controller: Controller, name: str) -> None:
    hosts = {"exchange": {"hosts": {"ex01": {}}, "vars": {"exchange_hosts": "other"}}, "other": {"hosts": {"web": {}}}}
    mistyped = controller.run(playbook(name), hosts, "-e", "exchange_hosts=exchnge")
    assert mistyped.returncode != 0
    assert "No host in the inventory matches 'exchnge'; " in mistyped.output
    limited = controller.run(playbook(name), hosts, "--limit", "web")
    assert limited.returncode != 0
    assert "--limit 'web' leaves none of the hosts that match 'exchange'; " in limited.output
    assert not mistyped.results + limited.results


def test_the_pattern_can_come_from_the_playbook_that_imports_ours(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    imported = {"ansible.builtin.import_playbook": playbook("preflight"), "vars": {"exchange_hosts": "ex02"}}
    done = controller.run([imported], inventory(organisation.description))
    assert (done.returncode, list(done.stats)) == (0, ["ex02"]), done.output


@pytest.mark.parametrize("name", ["enable_pop3", "disable_pop3", "enable_imap4", "disable_imap4"])
def test_a_server_that_is_lost_is_the_last_one_touched(
    controller: Controller, organisation: SimulatorProcess, name: str
) -> None:
    hosts = inventory(organisation.description)
    hosts["exchange"]["hosts"]["ex01"]["ansible_password"] = "wrong"
    done = controller.run(playbook(name), hosts, "--tags", "pop3_services,imap4_services")
    assert done.returncode != 0
    assert done.stats["ex01"]["unreachable"] == 1
    message = done.task("Stop if an earlier server was lost", "ex02")["result"]["msg"]
    assert message.startswith("ex02 is not changed, because the run lost ex01 earlier.")
    assert organisation.log() == []


@pytest.mark.forms("mixed")
def test_preflight_says_what_is_wrong_and_fails_when_asked_to(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description)
    organisation.run("EX02", "Set-PopSettings", {"Server": "EX02", "SSLBindings": ["10.0.0.1:995"]})
    seen = controller.run(playbook("preflight"), hosts)
    assert seen.returncode == 0, seen.output
    told = "\n".join(printed(seen, "Show the findings", "ex02"))
    assert "loopback-not-bound" in told
    assert "fix: " in told
    assert "loopback-not-bound" not in "\n".join(printed(seen, "Show the findings", "ex01"))
    compared = "\n".join(printed(seen, "differs between the servers", "ex01"))
    assert "ssl_bindings" in compared
    assert writes(organisation) == []

    failed = controller.run(
        playbook("preflight"), hosts, "-e", "preflight_fail=true", "-e", "preflight_protocols=['pop3']"
    )
    assert failed.returncode != 0
    assert failed.stats["ex02"]["failures"] == 1
    found = {item["id"] for item in seen.task("Read the server", "ex02")["result"]["findings"]}
    accepted = controller.run(
        playbook("preflight"),
        hosts,
        "-e",
        json.dumps({"preflight_fail": True, "preflight_ignore": [*sorted(found), {"id": "restart-owed"}]}),
    )
    assert accepted.returncode == 0, accepted.output


@pytest.mark.forms("mixed")
def test_drift_shows_a_table_writes_json_and_fails_when_asked_to(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, **WANTED)
    assert controller.run(playbook("enable_pop3"), hosts).returncode == 0
    file = controller.folder / "drift.json"
    arguments = ("-e", f"drift_file={file}", "-e", "drift_fail=true", "-e", "drift_protocols=[pop3]")

    organisation.clear_log()
    same = controller.run(playbook("drift"), hosts, *arguments)
    assert same.returncode == 0, same.output
    assert {server["state"] for server in json.loads(file.read_text())["servers"].values()} == {"in_sync"}

    changed = {"Server": "EX02", "LoginType": "PlainTextLogin", "Banner": "Hello."}
    assert organisation.run("EX02", "Set-PopSettings", changed)["errors"] == []
    organisation.run("EX02", "Stop-Service", {"Name": "MSExchangePOP3BE"}, endpoint="windows")
    drifted = controller.run(playbook("drift"), hosts, *arguments)
    assert drifted.returncode != 0
    assert "Out of sync, or not known to be in sync: ex02" in drifted.output
    report = json.loads(file.read_text())["servers"]
    assert report["ex01"]["state"] == "in_sync"
    assert report["ex02"]["state"] == "differs"
    differences = report["ex02"]["protocols"]["pop3"]["differences"]
    assert differences["settings"]["before"] == {"banner": "Hello."}
    assert differences["settings"]["after"] == {"banner": WANTED["pop3_banner"]}
    table = printed(drifted, "Show the table", "ex01")
    assert any(line.startswith("ex01") and "in sync" in line for line in table)
    assert any("banner" in line and '"Hello." -> ' in line for line in table)
    assert any("MSExchangePOP3BE status" in line and '"stopped" -> "running"' in line for line in table)
    assert writes(organisation) == []

    told = controller.run(playbook("drift"), hosts, "-e", f"drift_file={file}")
    assert told.returncode == 0, told.output


@pytest.mark.parametrize("given", ['["POP3"]', '["pop3", "imap"]', "[]", '"pop"', '""'])
def test_drift_ends_before_it_compares_nothing(controller: Controller, given: str) -> None:
    hosts = {"exchange": {"hosts": {"ex01": {}, "ex02": {}}}}
    refused = controller.run(playbook("drift"), hosts, "-e", f'{{"drift_protocols": {given}}}')
    assert refused.returncode != 0
    (only,) = refused.results
    assert only["result"]["msg"] == (f"drift_protocols: {given} is not a list of protocols; use pop3, imap4, or both.")


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


def test_drift_with_tags_tells_what_it_compared_and_is_not_green_without(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, pop3_banner="POP3 at Contoso is ready.")
    arguments = ("-e", "drift_file=drift.json", "-e", "drift_fail=true", "--limit", "ex01")
    some = controller.run(playbook("drift"), hosts, *arguments, "--tags", "pop3_settings")
    assert some.returncode != 0
    server = json.loads((controller.folder / "drift.json").read_text())["servers"]["ex01"]
    assert (server["state"], list(server["protocols"]["pop3"]["differences"])) == ("differs", ["settings"])

    none = controller.run(playbook("drift"), hosts, *arguments, "--tags", "pop3_setings")
    assert none.returncode != 0
    server = json.loads((controller.folder / "drift.json").read_text())["servers"]["ex01"]
    assert server["state"] == "failed"
    assert server["failure"] == "No part of pop3 was compared; the tags of the run may exclude all of them."
    assert any("could not be compared: No part of pop3" in line for line in printed(none, "Show the table", "ex01"))


def test_drift_tells_a_change_without_its_restart(
    controller: Controller, organisation: SimulatorProcess, run: Callable[..., dict[str, Any]]
) -> None:
    hosts = inventory(organisation.description, **WANTED)
    hosts["exchange"]["hosts"].pop("ex02")
    file = controller.folder / "drift.json"

    def drift(*arguments: str) -> tuple[Outcome, dict[str, Any]]:
        outcome = controller.run(playbook("drift"), hosts, "-e", f"drift_file={file}", *arguments)
        report: dict[str, Any] = json.loads(file.read_text())["servers"]["ex01"]
        return outcome, report

    def restart_of(outcome: Outcome) -> list[str]:
        (line,) = (line for line in printed(outcome, "Show the table", "ex01") if line.startswith("ex01"))
        return line.split(maxsplit=3)

    assert controller.run(playbook("enable_pop3"), hosts).returncode == 0
    assert drift("-e", "drift_fail=true")[1]["state"] == "in_sync"
    organisation.clock(600)
    hosts["exchange"]["vars"]["pop3_banner"] = "Another."
    assert controller.run(playbook("enable_pop3"), hosts, "--tags", "pop3_settings").returncode == 0

    # The two times differ by less than the tolerance.
    possible, report = drift()
    assert (possible.returncode, report["state"]) == (0, "restart_possible")
    restart = report["protocols"]["pop3"]["restart"]
    since = run("client_access_info", {"protocols": ["pop3"], "gather": []})["pop3"]["running_since"]
    until = datetime.fromisoformat(since).replace(microsecond=0) + timedelta(seconds=900)
    assert (restart["owed"], restart["possible_until"]) == ("possible", until.isoformat())
    told = f"possibly pending                   until {until.isoformat()}: {restart['reason']}"
    assert restart_of(possible) == ["ex01", "pop3", "restart", told]
    failed, _report = drift("-e", "drift_fail=true")
    assert failed.returncode != 0
    assert "Out of sync, or not known to be in sync: ex01 (restart_possible)" in failed.output

    # They differ by more.
    certain, report = drift("-e", "pop3_restart_tolerance=60", "-e", "drift_fail=true")
    assert (certain.returncode != 0, report["state"]) == (True, "differs")
    assert report["protocols"]["pop3"]["restart"]["owed"] == "yes"
    assert set(report["protocols"]["pop3"]["differences"]) == {"restart"}
    assert any("MSExchangePop3 restarted" in line for line in printed(certain, "Show the table", "ex01"))

    # One of them is not shown.
    organisation.fault("EX01", "process_unreadable")
    unknown, report = drift("-e", "drift_fail=true")
    assert (unknown.returncode != 0, report["state"]) == (True, "restart_unknown")
    assert report["protocols"]["pop3"]["restart"]["possible_until"] is None
    assert restart_of(unknown)[3].startswith("not known whether pending ")
    # Who has the restarts done elsewhere is not told of them.
    other, report = drift("-e", "drift_fail=true", "-e", "pop3_manage_restart=false")
    assert (other.returncode, report["state"], report["protocols"]["pop3"]["restart"]) == (0, "in_sync", {})


def test_drift_tells_of_what_it_compared_itself(controller: Controller, organisation: SimulatorProcess) -> None:
    """Not of what a role did, or of what failed, earlier in the same run."""
    hosts = inventory(organisation.description, **WANTED)
    hosts["exchange"]["hosts"].pop("ex02")
    file = controller.folder / "drift.json"
    wrong = {"hosts": "exchange", "gather_facts": False, "tasks": [{"set_fact": {"drift_failure": "Then."}}]}
    roles = {"hosts": "exchange", "gather_facts": False, "roles": [f"mailops.exchange.{role}" for role in ROLES]}
    drift = {"ansible.builtin.import_playbook": playbook("drift"), "vars": {"drift_file": str(file)}}
    done = controller.run([wrong, roles, drift], hosts)
    assert done.returncode == 0, done.output
    report = json.loads(file.read_text())["servers"]["ex01"]
    assert (report["state"], report["failure"], list(report["protocols"])) == ("in_sync", None, ["pop3"])


@pytest.mark.parametrize(
    ("name", "variable"), [("drift", "drift_file"), ("adopt", "adopt_folder"), ("handout", "handout_folder")]
)
def test_nothing_is_asked_when_there_is_no_place_for_the_answer(
    controller: Controller, organisation: SimulatorProcess, name: str, variable: str
) -> None:
    inside = controller.collections / "ansible_collections" / "mailops" / "exchange" / "playbooks" / "host_vars"
    outcome = controller.run(playbook(name), inventory(organisation.description), "-e", f"{variable}={inside}")
    assert outcome.returncode != 0
    assert "inside the collection in" in outcome.output
    assert all(result["task"].startswith("Make sure that ") for result in outcome.results)
    assert not inside.exists()
    assert organisation.log() == []


# What is read is the same in both forms, on every release: see test_both_forms.
@pytest.mark.parametrize(
    ("version", "wire_form"), [("SE", "full"), ("2013", "plain"), ("2010", "full")], indirect=["wire_form"]
)
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
                "roles": [f"mailops.exchange.{role}" for role in ROLES],
            }
        ]
        rerun = controller.run(play, hosts, "-e", f"@{folder / 'ex01.yml'}")
        assert rerun.returncode == 0, rerun.output
        assert rerun.stats["ex01"]["changed"] == 0, rerun.changed("ex01")
        assert writes(organisation) == []


@pytest.mark.forms("mixed")
def test_a_relay_connector_is_neither_in_the_way_nor_adopted(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description)
    add_relay(organisation, AuthMechanism="None", RequireTLS=False)
    looked = controller.run(playbook("preflight"), hosts, "-e", "preflight_fail=true")
    assert looked.returncode == 0, looked.output
    told = "\n".join(printed(looked, "Show the findings", "ex01"))
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


def test_adopt_overwrites_nothing_unasked(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description)
    folder = controller.folder / "host_vars"
    own = "rack: 7 # Grüße\r\npop3_banner: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3162\n# no end of line".encode()
    folder.mkdir()
    (folder / "ex02.yml").write_bytes(own)

    refused = controller.run(playbook("adopt"), hosts)
    assert refused.returncode != 0
    message = refused.task("no file is overwritten", "ex02")["result"]["msg"]
    assert message.startswith(f"{folder / 'ex02.yml'} exists and differs: ")
    assert "adopt_overwrite=true" in message
    assert "adopt_folder" in message
    # Not that of the other host either.
    assert [path.name for path in folder.iterdir()] == ["ex02.yml"]
    assert (folder / "ex02.yml").read_bytes() == own

    planned = controller.run(playbook("adopt"), hosts, "-e", "adopt_overwrite=true", "--check")
    assert (planned.returncode, len(planned.changed("ex02"))) == (0, 1), planned.output
    assert [path.name for path in folder.iterdir()] == ["ex02.yml"]
    replaced = controller.run(playbook("adopt"), hosts, "-e", "adopt_overwrite=true")
    assert replaced.returncode == 0, replaced.output
    backup = replaced.task("Write the variables", "ex02")["result"]["backup_file"]
    assert replaced.task("Write the variables", "ex01")["result"]["backup_file"] is None
    assert Path(backup).read_bytes() == own
    assert sorted(folder.iterdir()) == [folder / "ex01.yml", folder / "ex02.yml", Path(backup)]

    # What it would write again is there, which is no reason to refuse.
    again = controller.run(playbook("adopt"), hosts)
    assert (again.returncode, again.changed("ex01"), again.changed("ex02")) == (0, [], []), again.output
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("other", ["ex01.yaml", "ex01.json", "ex01/main.yml"])
def test_adopt_writes_nothing_beside_other_variables_of_the_host(
    controller: Controller, organisation: SimulatorProcess, other: str
) -> None:
    """Ansible reads one of them only, so that one or the other would have no effect."""
    place = controller.folder / "host_vars" / other
    place.parent.mkdir(parents=True)
    place.write_text("ansible_user: anna\n")
    outcome = controller.run(playbook("adopt"), inventory(organisation.description))
    assert outcome.returncode != 0
    message = outcome.task("no other file or folder", "ex01")["result"]["msg"]
    assert message.startswith(f"{controller.folder / 'host_vars' / other.partition('/')[0]} has variables of ex01, ")
    assert [path for path in (controller.folder / "host_vars").rglob("*") if path.is_file()] == [place]
    assert organisation.log() == []
