"""When a restart of the services is owed: told by clocks alone, whoever changed the settings and whenever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from evidence import is_a_sentence, processes, writes
from module_runner import run_module
from runner import PASSWORD, Controller, inventory
from simulator_process import BASIC, SimulatorProcess

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
        request = json.loads(text)
        for command in request["pipeline"]:
            if request["endpoint"] == "exchange":
                command["parameters"].setdefault("DomainController", controller)
        return session.invoke(json.dumps(request))

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
    message = reported.task("cannot be told", "ex01")["result"]["msg"]
    assert message.startswith("EX01: The settings show a change ")
    assert "less than the tolerance of 900" in message
    assert (writes(organisation), processes(organisation)) == (["Start-Service", "Start-Service"], before)

    organisation.clear_log()
    strict = controller.run(
        "mailops.exchange.enable_pop3",
        inventory(organisation.description, pop3_start_mode="manual", pop3_restart_tolerance=60),
    )
    assert strict.changed("ex01") == [
        "mailops.exchange.client_access : Restart the services that still run with what was before, of POP3"
    ]
    assert all(now != then for now, then in zip(processes(organisation), before, strict=True))

    # Unknown is reported like that; the role's own change is restarted for all the same.
    organisation.fault("EX01", "process_unreadable")
    organisation.clear_log()
    unknown = controller.run("mailops.exchange.enable_pop3", hosts)
    assert (unknown.returncode, unknown.stats["ex01"]["changed"], writes(organisation)) == (0, 0, [])
    assert "EX01: It cannot be read when the services started." in unknown.output
    own = controller.run(
        "mailops.exchange.enable_pop3",
        inventory(organisation.description, pop3_start_mode="manual", pop3_banner="Ours."),
    )
    assert (own.returncode, own.stats["ex01"]["changed"]) == (0, 2), own.output
    assert organisation.state()["servers"]["EX01"]["effective"]["pop3"]["Banner"] == "Ours."
