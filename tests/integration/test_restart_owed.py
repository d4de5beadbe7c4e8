"""When a restart of the services is owed: told by clocks alone, whoever changed the settings and whenever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from evidence import is_a_sentence, processes, writes
from module_runner import run_module
from runner import PASSWORD, Controller, inventory
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

DELAY = 300
HOUR = 3600
DAY = 86400
START = {"protocol": "pop3", "state": "started"}
RESTART = {"protocol": "pop3", "state": "restarted"}
FIRST, SECOND = "DC1.contoso.test", "DC2.contoso.test"
Play = Callable[..., dict[str, Any]]
Invoke = Callable[[str], str]


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Two domain controllers; what is written on one reaches the other five minutes later."""
    with SimulatorProcess(
        servers={"EX01": "SE"},
        password=PASSWORD,
        directory=tmp_path_factory.mktemp("organisation"),
        domain_controllers=2,
        replication_delay=DELAY,
        **BASIC,
    ) as process:
        yield process


@pytest.fixture
def play(open_session: Callable[..., Session]) -> Play:
    """Runs one module in a play of its own, so with a session that remembers nothing."""

    def play(module: str, options: dict[str, Any] | None = None, *, invoke: Invoke | None = None) -> dict[str, Any]:
        result = run_module(module, options or {}, invoke or open_session().invoke, pause=lambda _: None)
        assert "failed" not in result, result
        return result

    return play


def change(organisation: SimulatorProcess, banner: str, *, on: str = FIRST) -> None:
    """Another administrator writes a setting."""
    wanted = {"Server": "EX01", "Banner": banner}
    answer = organisation.run("EX01", "Set-PopSettings", wanted, domain_controller=on)
    assert not answer["errors"], answer


def turned_to(controller: str, session: Session) -> Invoke:
    """The session after Exchange has chosen another controller for all that does not ask for a certain one."""

    def invoke(text: str) -> str:
        request = Request.parse(text)
        if request.cmdlet and request.endpoint == "exchange":
            request = replace(request, parameters={"DomainController": controller, **request.parameters})
        return session.invoke(request.to_json())

    return invoke


def owed(info: dict[str, Any], protocol: str = "pop3") -> str:
    assert is_a_sentence(info[protocol]["restart_reason"])
    answer: str = info[protocol]["restart_owed"]
    return answer


def test_nothing_runs_nothing_is_owed(organisation: SimulatorProcess, play: Play) -> None:
    change(organisation, "Changed.")
    info = play("client_access_info")
    assert (owed(info), owed(info, "imap4")) == ("no", "no")
    assert info["pop3"]["running_since"] is None


def test_no_then_possible_then_yes_then_no(organisation: SimulatorProcess, play: Play) -> None:
    play("protocol_service", START)
    assert owed(play("client_access_info")) == "no"

    organisation.clock(600)
    change(organisation, "After ten minutes.")
    info = play("client_access_info")
    assert owed(info) == "possible"
    since, until = (datetime.fromisoformat(info["pop3"][key]) for key in ("running_since", "restart_possible_until"))
    assert until == since.replace(microsecond=0) + timedelta(seconds=900)
    certain = play("client_access_info", {"restart_tolerance": 300})
    assert (owed(certain), certain["pop3"]["restart_possible_until"]) == ("yes", None)
    assert owed(info, "imap4") == "no"
    # The judgement is about the two times, not about now.
    organisation.clock(DAY)
    assert owed(play("client_access_info")) == "possible"

    change(organisation, "A day later.")
    info = play("client_access_info")
    assert owed(info) == "yes"
    assert info["pop3"]["settings_changed"] > info["pop3"]["running_since"]

    play("protocol_service", RESTART)
    assert owed(play("client_access_info", {"restart_tolerance": 0})) == "no"


def test_the_service_that_started_first_decides(organisation: SimulatorProcess, play: Play) -> None:
    play("protocol_service", START)
    organisation.clock(DAY)
    change(organisation, "A day later.")
    organisation.run("EX01", "Restart-Service", {"Name": "MSExchangePop3"}, endpoint="windows")
    info = play("client_access_info")
    assert owed(info) == "yes"
    assert info["pop3"]["running_since"] == min(service["started"] for service in info["pop3"]["services"])


def test_unknown_where_the_start_cannot_be_read(organisation: SimulatorProcess, play: Play) -> None:
    play("protocol_service", START)
    organisation.clock(DAY)
    change(organisation, "A day later.")
    organisation.fault("EX01", "process_unreadable")
    info = play("client_access_info")
    assert owed(info) == "unknown"
    assert [service["started"] for service in info["pop3"]["services"]] == [None, None]
    organisation.fault("EX01", "none")
    assert owed(play("client_access_info")) == "yes"


def test_a_change_that_the_restart_covered_may_reach_another_controller_later(
    organisation: SimulatorProcess, play: Play, open_session: Callable[..., Session]
) -> None:
    play("protocol_service", START)
    organisation.clock(DAY)
    run = open_session()
    assert play("pop_settings", {"banner": "Ours."}, invoke=run.invoke)["changed"] is True
    play("protocol_service", RESTART, invoke=run.invoke)
    assert owed(play("client_access_info", invoke=run.invoke)) == "no"

    organisation.clock(DELAY)
    # The run stays with the controller that answered first, so it does not see the other one's later time.
    assert owed(play("client_access_info", invoke=turned_to(SECOND, run))) == "no"
    # A run that begins with the other one sees it, and knows that it may be the same change.
    assert owed(play("client_access_info", invoke=turned_to(SECOND, open_session()))) == "possible"
    assert owed(play("client_access_info", {"domain_controller": SECOND})) == "possible"
    assert owed(play("client_access_info", {"domain_controller": FIRST})) == "no"

    # Not before, and not after: what comes an hour later is another change, whichever controller is asked.
    organisation.clock(HOUR)
    change(organisation, "Somebody else's.", on=SECOND)
    assert owed(play("client_access_info", {"domain_controller": SECOND})) == "yes"
    assert owed(play("client_access_info", {"domain_controller": FIRST})) == "no"
    organisation.clock(DELAY)
    assert owed(play("client_access_info", {"domain_controller": FIRST})) == "yes"


def test_every_cmdlet_of_a_play_goes_to_the_controller_that_answered_first(
    organisation: SimulatorProcess, play: Play, session: Session
) -> None:
    play("pop_settings", {"banner": "Ours."}, invoke=session.invoke)
    play("client_access_info", invoke=session.invoke)
    asked = [e["parameters"].get("DomainController") for e in organisation.log() if e["endpoint"] == "exchange"]
    assert asked[0] is None
    assert set(asked[1:]) == {FIRST}


def test_the_named_controller_is_asked_and_written_to(
    organisation: SimulatorProcess, play: Play, session: Session
) -> None:
    play("pop_settings", {"banner": "Ours.", "domain_controller": SECOND}, invoke=session.invoke)
    asked = [e["parameters"].get("DomainController") for e in organisation.log() if e["endpoint"] == "exchange"]
    assert set(asked) == {SECOND}
    # It was read back from there too: the other one will not have it for another five minutes.
    seen = {dc: play("client_access_info", {"domain_controller": dc})["pop3"]["settings"] for dc in (FIRST, SECOND)}
    assert [seen[dc]["banner"] == "Ours." for dc in (FIRST, SECOND)] == [False, True]
    # Naming one binds that task only.
    organisation.clear_log()
    play("pop_settings", {"banner": "Ours."}, invoke=session.invoke)
    named = [entry["parameters"].get("DomainController") for entry in organisation.log()]
    assert SECOND not in named


NAME = "pop.contoso.test"


@pytest.fixture
def renewed(
    controller: Controller, organisation: SimulatorProcess, play: Play, protocol: str
) -> tuple[dict[str, Any], str, Callable[[], str]]:
    """What a role is told on a server whose certificate is to be renewed, the new one, and how to see the one shown."""
    port = {"pop3": 20995, "imap4": 20993}[protocol]
    ca = organisation.description["ca"]
    told: dict[str, Any] = {
        "x509_certificate_name": NAME,
        "certificate": {},
        "external_connection_settings": [f"{NAME}:{port - 20000}:SSL"],
        "probe": {"host": NAME, "port": port, "ca_cert": ca},
    }
    told = {f"{protocol}_{option}": value for option, value in told.items()}
    organisation.add_certificate("EX01", NAME, days=30)
    begun = controller.run(f"mailops.exchange.enable_{protocol}", inventory(organisation.description, **told))
    assert begun.returncode == 0, begun.output
    organisation.clock(DAY)
    new = organisation.add_certificate("EX01", NAME, begins=-0.5)
    organisation.clear_log()

    def shown() -> str:
        address = organisation.description["servers"]["EX01"]["address"]
        probe = {"protocol": protocol, "host": NAME, "connect_to": address, "port": port, "ca_cert": ca}
        thumbprint: str = play("mail_probe", probe)["certificate"]["thumbprint"]
        return thumbprint

    assert shown() != new
    return told, new, shown


# The roles are one text.
@pytest.mark.parametrize("protocol", ["imap4"])
def test_a_new_certificate_is_shown_though_a_later_part_fails(
    controller: Controller,
    organisation: SimulatorProcess,
    protocol: str,
    renewed: tuple[dict[str, Any], str, Callable[[], str]],
) -> None:
    told, new, shown = renewed
    enable = f"mailops.exchange.enable_{protocol}"
    failed = controller.run(enable, inventory(organisation.description, **told, **{f"{protocol}_max_command_size": 5}))
    assert failed.returncode != 0
    assert (failed.stats["ex01"]["failures"], failed.stats["ex01"]["changed"]) == (1, 2), failed.output
    assert failed.task("Verify POP3" if protocol == "pop3" else "Verify IMAP4", "ex01")["result"]["msg"] == (
        f"max_command_size: 5 is out of range; use {'40 to 1024' if protocol == 'pop3' else '1024 to 16384'} bytes."
    )
    assert writes(organisation) == ["Enable-ExchangeCertificate", "Restart-Service", "Restart-Service"]
    assert shown() == new

    organisation.clear_log()
    again = controller.run(enable, inventory(organisation.description, **told))
    assert (again.returncode, again.stats["ex01"]["changed"], writes(organisation)) == (0, 0, []), again.output


@pytest.mark.parametrize("protocol", ["pop3"])
def test_a_run_that_ended_after_the_assignment_is_healed_by_the_next(
    controller: Controller,
    organisation: SimulatorProcess,
    play: Play,
    protocol: str,
    renewed: tuple[dict[str, Any], str, Callable[[], str]],
) -> None:
    told, new, shown = renewed
    enable = f"mailops.exchange.enable_{protocol}"
    hosts = inventory(organisation.description, **told)
    # The tag leaves the role where a kill between Enable-ExchangeCertificate and Restart-Service would.
    assert controller.run(enable, hosts, "--tags", f"{protocol}_certificate").returncode == 0
    assert writes(organisation) == ["Enable-ExchangeCertificate"]
    assert shown() != new
    options = {
        "gather": ["certificates", "served_certificates"],
        "tls_ports": {protocol: told[f"{protocol}_probe"]["port"]},
    }
    info = play("client_access_info", options)
    assert (owed(info, protocol), info[protocol]["served_certificate"]) == ("yes", shown())
    assert new in info[protocol]["restart_reason"]

    organisation.clear_log()
    # What is not to be looked at or cannot be seen is no reason for a restart: nothing listens on the usual port here.
    for blind in ({f"{protocol}_compare_served_certificate": False}, {f"{protocol}_probe": {"host": NAME}}):
        variables = {**told, **blind, f"{protocol}_manage_verification": False}
        unseen = controller.run(enable, inventory(organisation.description, **variables))
        assert (unseen.returncode, unseen.stats["ex01"]["changed"]) == (0, 0), unseen.output
    predicted = controller.run(enable, hosts, "--check")
    assert writes(organisation) == []
    healed = controller.run(enable, hosts)
    assert healed.returncode == 0, healed.output
    assert healed.changed("ex01") == predicted.changed("ex01")
    assert (len(healed.changed("ex01")), shown()) == (1, new)
    assert writes(organisation) == ["Restart-Service", "Restart-Service"]

    organisation.clear_log()
    quiet = controller.run(enable, hosts)
    assert (quiet.returncode, quiet.stats["ex01"]["changed"], writes(organisation)) == (0, 0, []), quiet.output
    info = play("client_access_info", options)
    assert (owed(info, protocol), info[protocol]["served_certificate"]) == ("no", new)


def test_what_mailboxes_and_the_look_up_page_need_is_done_though_a_later_part_fails(
    controller: Controller, organisation: SimulatorProcess, play: Play
) -> None:
    play("protocol_service", START)
    organisation.clock(DAY)
    before = processes(organisation)
    organisation.clear_log()
    hosts = inventory(
        organisation.description,
        pop3_start_mode="manual",
        pop3_connector={"advertise_client_settings": True},
        pop3_mailboxes={"identities": ["reader@contoso.test"], "enabled": False},
        pop3_restart_for_mailboxes=True,
        pop3_restart_iis="always",
        pop3_max_command_size=5,
    )
    failed = controller.run("mailops.exchange.enable_pop3", hosts)
    assert failed.returncode != 0
    assert "max_command_size: 5" in failed.task("Configure the POP3 settings", "ex01")["result"]["msg"]
    done = writes(organisation)
    assert done[:4] == ["Set-ReceiveConnector", "Set-CASMailbox", "Restart-Service", "Restart-Service"]
    assert "Start-Service" in done[4:]
    assert all(now != then for now, then in zip(processes(organisation), before, strict=True))

    # Even where the services themselves refuse: nothing would tell the next run of it.
    organisation.reset()
    play("protocol_service", START)
    organisation.clear_log()
    organisation.fault("EX01", "service_refuses_stop", service="MSExchangePop3")
    # With this seed a set of what is left to do would begin with the failure.
    failed = controller.run("mailops.exchange.enable_pop3", hosts, PYTHONHASHSEED="4")
    assert failed.returncode != 0
    told = failed.task("Verify POP3", "ex01")["result"]["msg"]
    assert told.startswith(
        "max_command_size: 5 is out of range; use 40 to 1024 bytes. Restart-Service failed for MSExchangePop3: "
    )
    assert writes(organisation)[:4] == ["Set-ReceiveConnector", "Set-CASMailbox", "Restart-Service", "Stop-Service"]
    assert "The loop variable" not in failed.output


def test_a_run_that_fails_restarts_for_its_own_changes_only(
    controller: Controller, organisation: SimulatorProcess, play: Play
) -> None:
    play("protocol_service", START)
    organisation.clock(DAY)
    change(organisation, "Somebody else's.")
    organisation.clear_log()
    hosts = inventory(organisation.description, pop3_start_mode="manual", pop3_max_command_size=5)
    failed = controller.run("mailops.exchange.enable_pop3", hosts)
    assert failed.returncode != 0
    assert writes(organisation) == []
    mended = controller.run(
        "mailops.exchange.enable_pop3", inventory(organisation.description, pop3_start_mode="manual")
    )
    assert (mended.returncode, writes(organisation)) == (0, ["Restart-Service", "Restart-Service"]), mended.output


def test_what_an_earlier_play_changed_is_no_reason_to_restart_when_a_later_one_fails(
    controller: Controller, organisation: SimulatorProcess, play: Play
) -> None:
    play("protocol_service", START)
    organisation.clock(DAY)
    organisation.clear_log()
    role = {"role": "mailops.exchange.pop3", "pop3_start_mode": "manual"}
    plays = [
        {"hosts": "ex01", "gather_facts": False, "roles": [{**role, "pop3_banner": "Ours."}]},
        {"hosts": "ex01", "gather_facts": False, "roles": [{**role, "pop3_connector": {"name": "None such"}}]},
    ]
    failed = controller.run(plays, inventory(organisation.description))
    assert failed.returncode != 0
    assert failed.of("ex01")[-1]["result"]["msg"].startswith("name: ")
    assert writes(organisation) == ["Set-PopSettings", "Restart-Service", "Restart-Service"]


def test_a_server_ended_by_the_failure_of_another_one_is_restarted(
    controller: Controller, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With any_errors_fatal a failure ends the play for all servers, wherever they are in it."""
    folder = tmp_path_factory.mktemp("organisation")
    servers = {"EX01": "SE", "EX02": "2019"}
    with SimulatorProcess(servers, password=PASSWORD, directory=folder, **BASIC) as organisation:
        roles = ["mailops.exchange.pop3"]
        play = [{"hosts": "exchange", "gather_facts": False, "any_errors_fatal": True, "roles": roles}]
        assert controller.run(play, inventory(organisation.description)).returncode == 0
        organisation.clock(DAY)
        organisation.fault("EX01", "service_refuses_start", service="MSExchangePOP3BE")
        organisation.run("EX01", "Stop-Service", {"Name": "MSExchangePOP3BE"}, endpoint="windows")
        organisation.clear_log()
        ended = controller.run(play, inventory(organisation.description, pop3_banner="New."))
        assert ended.returncode != 0
        # Nothing is verified: the last task says why the run failed.
        last = [one for one in ended.of("ex01") if "Verify POP3" in one["task"]]
        assert [one["status"] for one in last] == ["failed"]
        assert "is not in the desired state" not in ended.output
        assert organisation.state()["servers"]["EX02"]["effective"]["pop3"]["Banner"] == "New."


def test_no_server_fails_before_another_one_is_restarted(
    controller: Controller, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With any_errors_fatal the first server, for which nothing is to be done, would end the play for the second."""
    folder = tmp_path_factory.mktemp("organisation")
    servers = {"EX01": "SE", "EX02": "2019"}
    with SimulatorProcess(servers, password=PASSWORD, directory=folder, **BASIC) as organisation:
        roles = ["mailops.exchange.pop3"]
        play = [{"hosts": "exchange", "gather_facts": False, "any_errors_fatal": True, "roles": roles}]
        hosts = inventory(organisation.description, pop3_x509_certificate_name="mail.contoso.test")
        assert controller.run(play, hosts).returncode == 0
        organisation.clock(DAY)
        organisation.fault("EX02", "fails_after_effect", cmdlet="Set-PopSettings", message="Boom.")
        hosts["exchange"]["hosts"]["ex02"]["pop3_banner"] = "New."
        ended = controller.run(play, hosts)
        assert ended.returncode != 0
        assert organisation.state()["servers"]["EX02"]["effective"]["pop3"]["Banner"] == "New."


def test_the_role_reports_what_is_only_possible_and_acts_on_what_is_certain(
    controller: Controller, organisation: SimulatorProcess, play: Play
) -> None:
    hosts = inventory(organisation.description, pop3_start_mode="manual")
    play("protocol_service", START)
    organisation.clock(600)
    change(organisation, "After ten minutes.")
    before = processes(organisation)

    reported = controller.run("mailops.exchange.enable_pop3", hosts)
    assert reported.returncode == 0, reported.output
    assert reported.stats["ex01"]["changed"] == 0
    message = reported.task("Report that a POP3 restart may be pending", "ex01")["result"]["msg"]
    assert message.startswith("EX01: The settings were changed ")
    assert "less than the tolerance of 900" in message
    assert (writes(organisation), processes(organisation)) == (["Start-Service", "Start-Service"], before)

    organisation.clear_log()
    strict = controller.run(
        "mailops.exchange.enable_pop3",
        inventory(organisation.description, pop3_start_mode="manual", pop3_restart_tolerance=60),
    )
    assert strict.changed("ex01") == ["mailops.exchange.pop3 : Restart POP3 services running with old settings"]
    assert all(now != then for now, then in zip(processes(organisation), before, strict=True))

    # Unknown is reported like that; the role's own change is restarted for all the same.
    organisation.fault("EX01", "process_unreadable")
    organisation.clear_log()
    unknown = controller.run("mailops.exchange.enable_pop3", hosts)
    assert (unknown.returncode, unknown.stats["ex01"]["changed"], writes(organisation)) == (0, 0, [])
    assert "EX01: It is not known when the services started: Get-Process shows " in unknown.output
    own = controller.run(
        "mailops.exchange.enable_pop3",
        inventory(organisation.description, pop3_start_mode="manual", pop3_banner="Ours."),
    )
    assert (own.returncode, own.stats["ex01"]["changed"]) == (0, 2), own.output
    assert organisation.state()["servers"]["EX01"]["effective"]["pop3"]["Banner"] == "Ours."
