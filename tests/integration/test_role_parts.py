"""The parts of the roles that run only when they are asked for, and what keeps a role from beginning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from evidence import IMAP, POP, RELAY, add_relay, connectors, is_a_sentence, services, stored, writes
from jobs import READER, whole_job
from runner import PASSWORD, Controller, inventory
from simulator_process import BASIC, SimulatorProcess

ENABLE = "mailops.exchange.enable_pop3"
DISABLE = "mailops.exchange.disable_pop3"
ONE = ("-e", "exchange_hosts=ex01")


def has_access(organisation: SimulatorProcess) -> Any:
    answer = organisation.run("EX01", "Get-CASMailbox", {"Identity": READER})
    assert answer["errors"] == []
    return answer["output"][0]["PopEnabled"]


def test_the_whole_job_and_back(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, **whole_job(organisation))
    predicted = controller.run(ENABLE, hosts, *ONE, "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert writes(organisation) == []

    done = controller.run(ENABLE, hosts, *ONE, "--diff")
    assert done.returncode == 0, done.output
    assert done.diffs("ex01") == predicted.diffs("ex01")
    order = [name for name in writes(organisation) if name not in ("Set-Service", "Test-Path")]
    assert order[:4] == ["Set-ReceiveConnector", "Set-CASMailbox", "Enable-ExchangeCertificate", "Set-PopSettings"]
    assert has_access(organisation) is False
    seen = done.task("Verify POP3", "ex01")["result"]
    assert seen["probe"]["certificate"]["name_matches"] is True
    assert "connector-not-advertised" not in done.output
    for outcome, title in ((predicted, "What would change"), (done, "What has changed")):
        assert outcome.task("Show the POP3 changes", "ex01")["result"]["msg"] == [
            f"{title} for POP3 on EX01",
            "",
            "PART         SETTING                          BEFORE   AFTER",
            "connector    advertise_client_settings        false    true",
            "connector    max_message_size                 36MB     40MB",
            "mailboxes    reader@contoso.test pop_enabled  true     false",
            "certificate  services                         -        POP",
            "settings     external_connection_settings     -        mail.contoso.test:995:SSL",
            "settings     x509_certificate_name            EX01     mail.contoso.test",
            "services     MSExchangePop3 start_mode        manual   automatic",
            "services     MSExchangePop3 status            stopped  running",
            "services     MSExchangePOP3BE start_mode      manual   automatic",
            "services     MSExchangePOP3BE status          stopped  running",
        ]

    organisation.clear_log()
    again = controller.run([{"hosts": "ex01", "gather_facts": False, "roles": ["mailops.exchange.pop3"]}], hosts)
    assert again.returncode == 0, again.output
    assert again.stats["ex01"]["changed"] == 0, again.changed("ex01")
    assert writes(organisation) == []
    # With every part of it on.
    assert len(again.headings) <= 10, again.headings
    # Nothing follows from parts that changed nothing.
    assert again.output.count("skipping") == 1

    given = hosts["exchange"]["vars"]
    given["pop3_mailboxes"] = {"identities": [READER]}
    assert controller.run(ENABLE, hosts, *ONE, "--tags", "pop3_mailboxes").returncode == 0
    assert has_access(organisation) is True
    assert controller.run(DISABLE, hosts, *ONE).returncode == 0
    assert has_access(organisation) is True, "access is taken only if asked for"
    undone = controller.run(DISABLE, hosts, *ONE, "-e", "pop3_remove_mailbox_access=true")
    assert undone.returncode == 0, undone.output
    assert has_access(organisation) is False
    assert services(organisation) == [("Stopped", "Manual")] * 2


@pytest.mark.parametrize(
    "values", [{}, {"AuthMechanism": "None", "RequireTLS": False}], ids=["as published", "without TLS"]
)
def test_a_relay_connector_on_the_port_of_clients_is_no_hindrance(
    controller: Controller, organisation: SimulatorProcess, values: dict[str, Any]
) -> None:
    add_relay(organisation, **values)
    relay = connectors(organisation)[RELAY]
    hosts = inventory(organisation.description, **whole_job(organisation))
    predicted = controller.run(ENABLE, hosts, *ONE, "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert writes(organisation) == []

    done = controller.run(ENABLE, hosts, *ONE, "--diff")
    assert done.returncode == 0, done.output
    assert done.diffs("ex01") == predicted.diffs("ex01")
    assert connectors(organisation)["Client Frontend EX01"]["AdvertiseClientSettings"] is True
    assert connectors(organisation)[RELAY] == relay

    organisation.clear_log()
    again = controller.run(ENABLE, hosts, *ONE)
    assert again.returncode == 0, again.output
    assert again.stats["ex01"]["changed"] == 0, again.changed("ex01")
    assert writes(organisation) == []
    told = again.task("Read the server", "ex01")["result"]["look"]["client_settings"]
    for side in ("external", "internal"):
        assert told[side]["smtp"] == [{"server": "EX01.contoso.test", "port": 587, "encryption": "starttls"}]


def test_a_server_in_maintenance_is_left_alone(controller: Controller, organisation: SimulatorProcess) -> None:
    state = {"Identity": "EX01", "Component": "PopProxy", "State": "Inactive", "Requester": "Maintenance"}
    assert organisation.run("EX01", "Set-ServerComponentState", state)["errors"] == []
    hosts = inventory(organisation.description, pop3_banner="Not now.")
    for playbook in (ENABLE, DISABLE):
        outcome = controller.run(playbook, hosts, *ONE)
        assert outcome.returncode == 0, outcome.output
        assert outcome.task("is in maintenance and", "ex01")["result"]["msg"] == (
            "EX01 is in maintenance and is skipped: The server component PopProxy is Inactive, as requested by "
            "Maintenance."
        )
        assert outcome.stats["ex01"]["changed"] == 0
    assert writes(organisation) == []


@pytest.mark.parametrize(
    ("protocol", "names", "component"), [("pop3", POP, "PopProxy"), ("imap4", IMAP, "ImapProxy")], ids=["pop3", "imap4"]
)
def test_a_server_that_may_be_in_maintenance_is_left_alone_unless_told_otherwise(
    controller: Controller, organisation: SimulatorProcess, protocol: str, names: tuple[str, ...], component: str
) -> None:
    state = {"Identity": "EX01", "Component": "ServerWideOffline", "State": "Inactive", "Requester": "Maintenance"}
    assert organisation.run("EX01", "Set-ServerComponentState", state)["errors"] == []
    organisation.fault("EX01", "rbac_without", cmdlet="Get-ServerComponentState")
    option = f"{protocol}_ignore_unknown_component"
    hosts = inventory(organisation.description, **{f"{protocol}_banner": "Not now."})
    # The roles are one text: each of their playbooks runs for real for one protocol, and in check mode for the other.
    for playbook, checked in (("enable", "imap4"), ("disable", "pop3")):
        arguments = ("--check",) if protocol == checked else ()
        outcome = controller.run(f"mailops.exchange.{playbook}_{protocol}", hosts, *ONE, *arguments)
        assert outcome.returncode != 0
        told = outcome.task("Read the server", "ex01")["result"]["msg"]
        assert told.startswith("EX01 may be in maintenance and is skipped: Get-ServerComponentState is not ")
        assert told.endswith(f"To continue anyway, set {option} to true.")
    drift = ("-e", "drift_fail=true", "-e", f"drift_protocols=['{protocol}']")
    compared = controller.run("mailops.exchange.drift", hosts, *ONE, *drift)
    assert compared.returncode != 0
    assert "could not be compared: EX01 may be in maintenance" in compared.output
    assert writes(organisation) == []

    # The server is not in maintenance, and whoever runs the role knows that.
    organisation.run("EX01", "Set-ServerComponentState", {**state, "State": "Active"})
    outcome = controller.run(f"mailops.exchange.enable_{protocol}", hosts, *ONE, "-e", f"{option}=true")
    assert outcome.returncode == 0, outcome.output
    assert services(organisation, *names) == [("Running", "Automatic")] * 2
    assert stored(organisation, protocol)["Banner"] == "Not now."
    organisation.fault("EX01", "none")
    again = controller.run(f"mailops.exchange.enable_{protocol}", hosts, *ONE)
    assert (again.returncode, again.stats["ex01"]["changed"]) == (0, 0), again.output


def test_disabled_services_are_hardened_ones_and_stay_disabled(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    disable = "mailops.exchange.disable_imap4"
    hosts = inventory(organisation.description)

    def behind(cmdlet: str, name: str, **parameters: str) -> None:
        parameters = {"Name": name, **parameters}
        assert organisation.run("EX01", cmdlet, parameters, endpoint="windows")["errors"] == []

    for name in IMAP:
        behind("Set-Service", name, StartupType="Disabled")
    off = inventory(organisation.description, imap4_state="absent")
    drift = ("-e", "drift_fail=true", "-e", "drift_protocols=['imap4']")
    assert controller.run("mailops.exchange.drift", off, *ONE, *drift).returncode == 0
    outcome = controller.run(disable, hosts, *ONE)
    assert (outcome.returncode, outcome.stats["ex01"]["changed"]) == (0, 0), outcome.output
    assert (writes(organisation), services(organisation, *IMAP)) == ([], [("Stopped", "Disabled")] * 2)

    # Each service for itself, and whatever is given for the other state.
    behind("Set-Service", IMAP[1], StartupType="Automatic")
    behind("Start-Service", IMAP[1])
    given = inventory(organisation.description, imap4_start_mode="manual")
    assert controller.run(disable, given, *ONE, "--check").stats["ex01"]["changed"] == 1
    assert writes(organisation) == []
    outcome = controller.run(disable, given, *ONE)
    assert outcome.returncode == 0, outcome.output
    assert services(organisation, *IMAP) == [("Stopped", "Disabled"), ("Stopped", "Manual")]
    behind("Set-Service", IMAP[1], StartupType="Automatic")
    organisation.clear_log()

    hardened = inventory(organisation.description, imap4_start_mode="disabled")
    assert controller.run(disable, hardened, *ONE).returncode == 0
    assert services(organisation, *IMAP) == [("Stopped", "Disabled")] * 2
    organisation.clear_log()
    assert controller.run(disable, hardened, *ONE).stats["ex01"]["changed"] == 0
    assert writes(organisation) == []
    organisation.clear_log()
    refused = controller.run("mailops.exchange.enable_imap4", hardened, *ONE)
    assert refused.returncode != 0
    assert refused.task("Read the server", "ex01")["result"]["msg"] == (
        "imap4_start_mode: a disabled service cannot be started, so disabled cannot be combined with "
        "imap4_state present; use automatic or manual."
    )
    assert organisation.log() == []


def test_what_a_run_would_not_put_right_stops_it_before_it_begins(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    for server in ("EX01", "EX02"):
        organisation.run(server, "Set-PopSettings", {"Server": server, "SSLBindings": ["10.0.0.1:995"]})
    known = {"id": "loopback-not-bound", "reason": "The balancer looks elsewhere.", "until": "2026-01-31"}
    expired = inventory(organisation.description, pop3_banner="Not now.", pop3_ignore_findings=[known])
    stopped = controller.run(ENABLE, expired)
    assert stopped.returncode != 0
    said = stopped.task("Stop on POP3 findings", "ex01")["result"]["msg"]
    assert "loopback-not-bound" in said
    assert said.endswith("It was accepted until 2026-01-31 (The balancer looks elsewhere).")
    assert stopped.of("ex02") == [], "the next server is not touched"
    assert writes(organisation) == []

    accepted = inventory(organisation.description, pop3_ignore_findings=[known | {"until": "2999-12-31"}])
    outcome = controller.run(ENABLE, accepted, *ONE)
    assert outcome.returncode == 0, outcome.output

    bindings = ["0.0.0.0:995", "[::]:995"]
    fixed = inventory(organisation.description, pop3_ssl_bindings=bindings)
    outcome = controller.run(ENABLE, fixed, "-e", "exchange_hosts=ex02")
    assert outcome.returncode == 0, outcome.output
    assert sorted(stored(organisation, server="EX02")["SSLBindings"]) == bindings


def test_a_part_that_is_switched_off_is_left_alone(controller: Controller, organisation: SimulatorProcess) -> None:
    given = whole_job(organisation)
    del given["pop3_probe"]
    parts = ("certificate", "settings", "services", "connector", "mailboxes", "restart", "verification", "preflight")
    hosts = inventory(organisation.description, **given, **{f"pop3_manage_{part}": False for part in parts})
    play = [{"hosts": "ex01", "gather_facts": False, "roles": ["mailops.exchange.pop3"]}]
    outcome = controller.run(play, hosts)
    assert outcome.returncode == 0, outcome.output
    assert writes(organisation) == []
    assert services(organisation, *POP) == [("Stopped", "Manual")] * 2
    validated, *others = outcome.headings
    assert validated.startswith("Validating arguments")
    assert others == [
        "Read the server",
        "Run the enabled parts",
        "Run the steps that follow",
        "Verify POP3",
    ]


def test_servers_of_a_play_with_different_parts_keep_the_order_of_theirs(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    """Where two hosts include the same file, ansible-core has both do it at the same place."""
    job = whole_job(organisation)
    own = {name: job.pop(name) for name in ("pop3_certificate", "pop3_connector", "pop3_mailboxes", "pop3_probe")}
    hosts = inventory(organisation.description, **job)
    hosts["exchange"]["hosts"]["ex02"].update(own, pop3_manage_verification=False)
    play = [{"hosts": "exchange", "gather_facts": False, "roles": ["mailops.exchange.pop3"]}]
    started = controller.run(play, hosts, "-e", "pop3_manage_settings=false", "--tags", "pop3_services")
    assert started.returncode == 0, started.output
    organisation.clock(86400)
    organisation.clear_log()
    # The first host has nothing left but to report its restart; the second one restarts.
    hosts["exchange"]["hosts"]["ex01"]["pop3_manage_restart"] = False
    done = controller.run(play, hosts)
    assert done.returncode == 0, done.output
    order = [entry["cmdlet"] for entry in organisation.log() if entry["server"] == "EX02"]
    assert [name for name in order if not name.startswith(("Get-", "Test-"))] == [
        "Set-ReceiveConnector",
        "Set-CASMailbox",
        "Enable-ExchangeCertificate",
        "Set-PopSettings",
        "Restart-Service",
        "Restart-Service",
    ]
    told = done.task("Show the POP3 changes", "ex02")["result"]["msg"]
    assert told[-1].split() == ["restart", "MSExchangePOP3BE", "restarted", "false", "true"]


def test_tags_that_a_play_puts_on_a_role_reach_its_tasks(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(organisation.description, pop3_banner="Tagged.", imap4_banner="Tagged.")
    included = {"name": "mailops.exchange.imap4", "apply": {"tags": ["mail"]}}
    play = {
        "hosts": "ex01",
        "gather_facts": False,
        "roles": [{"role": "mailops.exchange.pop3", "tags": ["mail"]}],
        "tasks": [{"name": "Include", "ansible.builtin.include_role": included, "tags": ["mail"]}],
    }
    other = controller.run([play], hosts, "--tags", "other")
    assert (other.returncode, organisation.log()) == (0, []), other.output
    done = controller.run([play], hosts, "--tags", "mail")
    assert done.returncode == 0, done.output
    for protocol, names in (("pop3", POP), ("imap4", IMAP)):
        assert stored(organisation, protocol)["Banner"] == "Tagged."
        assert services(organisation, *names) == [("Running", "Automatic")] * 2
        done.task(f"Verify {protocol.upper()}", "ex01")


def test_a_part_is_skipped_by_its_tag(controller: Controller, organisation: SimulatorProcess) -> None:
    """A task goes by the first of its tags that is to be skipped, and the look has those of all parts."""
    hosts = inventory(organisation.description, pop3_banner="Skipped.")
    done = controller.run(ENABLE, hosts, *ONE, "--skip-tags", "pop3_settings")
    assert done.returncode == 0, done.output
    assert set(writes(organisation)) == {"Set-Service", "Start-Service"}
    done.task("Verify POP3", "ex01")


def test_a_host_can_do_without_the_probe_of_its_group(controller: Controller, organisation: SimulatorProcess) -> None:
    hosts = inventory(organisation.description, pop3_probe={"host": "nobody.contoso.test"})
    hosts["exchange"]["hosts"]["ex01"]["pop3_probe"] = None
    done = controller.run(ENABLE, hosts, *ONE)
    assert done.returncode == 0, done.output
    assert done.task("Verify POP3", "ex01")["result"]["probe"] is None


def test_the_verification_names_everything_in_one_sentence(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    organisation.run("EX01", "Set-PopSettings", {"Server": "EX01", "SSLBindings": ["10.0.0.1:995"]})
    for name in POP:
        organisation.run("EX01", "Set-Service", {"Name": name, "StartupType": "Automatic"}, endpoint="windows")
    given = {"pop3_manage_services": False, "pop3_manage_preflight": False, "pop3_banner": "Nobody reads it."}
    failed = controller.run(ENABLE, inventory(organisation.description, **given), *ONE)
    assert failed.returncode != 0
    told = failed.task("Verify POP3", "ex01")["result"]["msg"]
    assert is_a_sentence(told)
    assert told.startswith("EX01 is not in the desired state: ")
    for kind in ("loopback-not-bound", "service-not-running"):
        assert f"{kind}: " in told
    # It tells what it has changed all the same.
    assert "settings  banner " in failed.task("Show the POP3 changes", "ex01")["result"]["msg"][-1]


def test_iis_is_restarted_when_needed(controller: Controller, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Exchange 2013 needs it for what users look up, and for nothing else; newer versions do not need it."""
    with SimulatorProcess(
        servers={"EX01": "2013", "EX02": "SE"},
        password=PASSWORD,
        directory=tmp_path_factory.mktemp("organisation"),
        **BASIC,
    ) as organisation:

        def restarted() -> list[str]:
            log = organisation.log()
            organisation.clear_log()
            return [entry["server"] for entry in log if entry["cmdlet"] == "Stop-Service"]

        given: dict[str, Any] = {"pop3_restart_iis": "when_needed", "pop3_banner": "Nobody looks this up."}
        assert controller.run(ENABLE, inventory(organisation.description, **given)).returncode == 0
        assert restarted() == []
        given["pop3_external_connection_settings"] = ["mail.contoso.test:995:SSL"]
        outcome = controller.run(ENABLE, inventory(organisation.description, **given))
        assert outcome.returncode == 0, outcome.output
        assert restarted() == ["EX01"]


def test_a_misspelled_variable_ends_the_run_before_anything_is_sent(
    controller: Controller, organisation: SimulatorProcess
) -> None:
    hosts = inventory(
        organisation.description, pop3_baner="Hello.", pop3_vip="10.0.0.1", ansible_exchange_acces="local"
    )
    failed = controller.run(ENABLE, hosts, *ONE)
    assert failed.returncode != 0
    assert failed.task("Read the server", "ex01")["result"]["msg"] == (
        "pop3_baner is not a variable of the role pop3; did you mean pop3_banner? "
        "ansible_exchange_acces is not a variable of the connection; did you mean ansible_exchange_access? "
        "If it is your own variable, set pop3_misspelled_variables to warn."
    )
    assert organisation.log() == []
    hosts["exchange"]["vars"]["pop3_misspelled_variables"] = "warn"
    warned = controller.run(ENABLE, hosts, *ONE, "--check")
    assert warned.returncode == 0, warned.output
    assert "did you mean pop3_banner?" in str(warned.task("Read the server", "ex01")["result"]["warnings"])


@pytest.mark.parametrize(
    ("playbook", "given", "meant"),
    [
        ("preflight", "preflight_fial=true", "preflight_fail"),
        ("drift", "drift_fial=true", "drift_fail"),
        ("adopt", "ansible_exchange_acces=local", "ansible_exchange_access"),
        ("disable_imap4", "exchange_host=ex01", "exchange_hosts"),
    ],
)
def test_a_misspelled_variable_of_a_playbook_ends_it(
    controller: Controller, playbook: str, given: str, meant: str
) -> None:
    hosts = {"exchange": {"hosts": {"ex01": {}, "ex02": {}}}}
    failed = controller.run(f"mailops.exchange.{playbook}", hosts, "-e", given)
    assert failed.returncode != 0
    assert f"did you mean {meant}?" in " ".join(failed.output.split())
    assert not [item for item in failed.results if item["status"] == "unreachable"]


def test_tasks_around_a_restart(controller: Controller, organisation: SimulatorProcess) -> None:
    """A server that was not drained is not restarted, one that was is finished, and no further one is touched."""
    for server in ("EX01", "EX02"):
        for name in POP:
            organisation.run(server, "Start-Service", {"Name": name}, endpoint="windows")
    organisation.clock(86400)
    organisation.clear_log()
    hosts = inventory(organisation.description, pop3_banner="Rolling.")
    hosts["exchange"]["hosts"]["later"] = {"ansible_host": "127.0.0.1", "ansible_exchange_port": 1, "ansible_port": 1}
    hosts["exchange"]["vars"] |= {"pop3_before_restart": "around/drain.yml", "pop3_after_restart": "around/back.yml"}
    hosts["exchange"]["vars"]["pop3_restart_iis"] = "always"
    failing = {"name": "Drain", "ansible.builtin.fail": {"msg": "It has no other server."}}
    folder = controller.folder / "plays" / "around"
    folder.mkdir(parents=True)
    (folder / "drain.yml").write_text(json.dumps([failing | {"when": "inventory_hostname == 'ex01'"}]))
    (folder / "back.yml").write_text(json.dumps([{"ansible.builtin.include_tasks": "more.yml"}]))
    (folder / "more.yml").write_text(json.dumps([{"name": "Back", "ansible.builtin.debug": {"msg": "Back."}}]))
    play = {"hosts": "exchange", "gather_facts": False, "serial": 2, "any_errors_fatal": True}
    site = controller.write("plays/site.yml", [play | {"roles": ["mailops.exchange.pop3"]}])
    first = controller.run(str(site), hosts)
    assert first.returncode != 0
    assert first.task("Verify POP3", "ex01")["result"]["msg"] == (
        'pop3_before_restart: the POP3 services have not been restarted, because the task "Drain" failed: It has no '
        "other server."
    )
    restarted = [entry["server"] for entry in organisation.log() if entry["cmdlet"] == "Restart-Service"]
    assert restarted == ["EX02", "EX02"]
    # Nor is its IIS, and what has changed is told once.
    assert {entry["server"] for entry in organisation.log() if entry["cmdlet"] == "Stop-Service"} == {"EX02"}
    told = [one["status"] for one in first.of("ex01") if "Show the POP3 changes" in one["task"]]
    assert sorted(told) == ["ok", "skipped"]
    assert first.task("Back", "ex02")["result"]["msg"] == "Back."
    assert first.of("later") == []

    # Relative to where it is started, because nobody's files are beside a playbook of the collection.
    organisation.clear_log()
    (controller.folder / "around").mkdir()
    (controller.folder / "around" / "drain.yml").write_text(
        json.dumps([{"ansible.builtin.debug": {"msg": "Drained."}}])
    )
    (controller.folder / "around" / "back.yml").write_text(json.dumps([failing | {"name": "Back"}]))
    hosts["exchange"]["hosts"].pop("ex02")
    second = controller.run(ENABLE, hosts)
    assert second.returncode != 0
    assert second.task("Verify POP3", "ex01")["result"]["msg"] == (
        'pop3_after_restart: the POP3 services have been restarted, but then the task "Back" failed: It has no other '
        "server."
    )
    assert writes(organisation).count("Restart-Service") == 2
    assert second.of("later") == []
