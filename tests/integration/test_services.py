"""protocol_service and iis on simulated servers: what they predict, what they do, and that they do it once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from evidence import IMAP, POP, processes, services, stored, writes
from runner import PASSWORD
from simulator_process import BASIC, SimulatorProcess

Run = Callable[..., dict[str, Any]]
RUNNING, STOPPED = ("Running", "Manual"), ("Stopped", "Manual")
WEB = ("WAS", "W3SVC", "NetTcpActivator", "NetPipeActivator", "NetMsmqActivator")


@pytest.fixture(scope="module", params=["SE", "2010"])
def _organisation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(
        servers={"EX01": request.param}, password=PASSWORD, directory=tmp_path_factory.mktemp("organisation"), **BASIC
    ) as process:
        yield process


@pytest.fixture
def names(organisation: SimulatorProcess) -> dict[str, tuple[str, ...]]:
    """The services of each protocol: one before Exchange 2013, two since."""
    count = 1 if organisation.servers["EX01"] == "2010" else 2
    return {"pop3": POP[:count], "imap4": IMAP[:count]}


def administer(organisation: SimulatorProcess, cmdlet: str, **parameters: str) -> None:
    answer = organisation.run("EX01", cmdlet, parameters, endpoint="windows")
    assert not answer["errors"], answer


@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
@pytest.mark.parametrize(
    ("before", "options", "after", "sent"),
    [
        (STOPPED, {"state": "started"}, RUNNING, ["Start-Service"]),
        (
            STOPPED,
            {"state": "started", "start_mode": "automatic"},
            ("Running", "Automatic"),
            ["Set-Service", "Start-Service"],
        ),
        (STOPPED, {"start_mode": "AUTOMATIC"}, ("Stopped", "Automatic"), ["Set-Service"]),
        (RUNNING, {"start_mode": "2"}, ("Running", "Automatic"), ["Set-Service"]),
        (RUNNING, {"start_mode": "disabled"}, ("Running", "Disabled"), ["Set-Service"]),
        (RUNNING, {"state": "stopped"}, STOPPED, ["Stop-Service"]),
        (
            RUNNING,
            {"state": "stopped", "start_mode": "disabled"},
            ("Stopped", "Disabled"),
            ["Set-Service", "Stop-Service"],
        ),
        (
            ("Stopped", "Disabled"),
            {"state": "started", "start_mode": "manual"},
            RUNNING,
            ["Set-Service", "Start-Service"],
        ),
        (("Stopped", "Disabled"), {"start_mode": "manual"}, STOPPED, ["Set-Service"]),
    ],
)
def test_predicted_then_done_then_left_alone(
    organisation: SimulatorProcess,
    run: Run,
    names: dict[str, tuple[str, ...]],
    protocol: str,
    before: tuple[str, str],
    options: dict[str, Any],
    after: tuple[str, str],
    sent: list[str],
) -> None:
    own = names[protocol]
    others = names["imap4" if protocol == "pop3" else "pop3"]
    for name in own:
        administer(organisation, "Set-Service", Name=name, StartupType=before[1])
        if before[0] == "Running":
            administer(organisation, "Start-Service", Name=name)
    task = {"protocol": protocol, **options}

    predicted = run("protocol_service", task, check=True)
    assert writes(organisation) == []
    assert services(organisation, *own) == [before] * len(own)

    done = run("protocol_service", task)
    assert done["changed"] is True
    assert services(organisation, *own) == [after] * len(own)
    assert services(organisation, *others) == [STOPPED] * len(others)
    assert writes(organisation) == [cmdlet for cmdlet in sent for _ in own]
    for key in ("changed", "diff", "services", "cmdlets"):
        assert predicted[key] == done[key], key
    assert set(done["diff"]["before"]) == set(done["diff"]["after"]) == set(own)
    shown = {"status": after[0].casefold(), "start_mode": after[1].casefold()}
    assert done["services"] == [{"name": name, **shown} for name in own]

    organisation.clear_log()
    again = run("protocol_service", task)
    assert (again["changed"], again["diff"]["after"], again["services"]) == (False, {}, done["services"])
    assert writes(organisation) == []


@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
def test_restarted_starts_what_is_stopped_and_restarts_each_time(
    organisation: SimulatorProcess, run: Run, names: dict[str, tuple[str, ...]], protocol: str
) -> None:
    own = names[protocol]
    task = {"protocol": protocol, "state": "restarted"}
    seen = [processes(organisation, *own)]
    for _ in range(2):
        predicted = run("protocol_service", task, check=True)
        assert processes(organisation, *own) == seen[-1]
        done = run("protocol_service", task)
        assert (predicted["changed"], predicted["diff"]) == (done["changed"], done["diff"])
        assert done["changed"] is True
        seen.append(processes(organisation, *own))
        assert services(organisation, *own) == [RUNNING] * len(own)
    assert all(
        first != then for earlier, later in itertools.pairwise(seen) for first, then in zip(earlier, later, strict=True)
    )
    assert writes(organisation) == ["Restart-Service"] * 2 * len(own)


@pytest.mark.parametrize("state", ["started", "restarted"])
@pytest.mark.parametrize(("second", "times", "told"), [(1, {}, "stopped"), (0, {"recovers_after": 1}, "restarting")])
def test_a_service_that_dies_while_it_is_looked_at(
    organisation: SimulatorProcess,
    run: Run,
    names: dict[str, tuple[str, ...]],
    state: str,
    second: int,
    times: dict[str, int],
    told: str,
) -> None:
    """Each start takes a second of the simulated clock, and so does each look."""
    dying, options = names["pop3"][0], {"protocol": "pop3", "state": state}
    organisation.fault("EX01", "service_dies", service=dying, after=len(names["pop3"]) + second, **times)
    result = run("protocol_service", options)
    # One that is down as it was has not changed; the other one runs.
    changed = told == "restarting" or len(names["pop3"]) == 2
    assert (result["failed"], result["changed"], result["msg"]) == (
        True,
        changed,
        f"{dying} is {told} on EX01 and not running; the event log of the host has the reason.",
    )
    organisation.fault("EX01", "none")
    assert "failed" not in run("protocol_service", options)
    assert services(organisation, *names["pop3"]) == [RUNNING] * len(names["pop3"])


def test_changed_settings_are_served_after_both_were_restarted(organisation: SimulatorProcess, run: Run) -> None:
    run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert run("pop_settings", {"banner": "New."})["restart_required"] is True
    effective = organisation.state()["servers"]["EX01"]["effective"]["pop3"]
    assert effective["Banner"] != "New."
    run("protocol_service", {"protocol": "pop3", "state": "restarted"})
    assert organisation.state()["servers"]["EX01"]["effective"]["pop3"] == stored(organisation)


@pytest.mark.parametrize("_organisation", ["SE"], indirect=True)
@pytest.mark.parametrize("running", POP)
def test_of_two_services_only_the_one_that_differs_is_touched(
    organisation: SimulatorProcess, run: Run, running: str
) -> None:
    stopped = next(name for name in POP if name != running)
    administer(organisation, "Start-Service", Name=running)
    pid = processes(organisation, running)

    predicted = run("protocol_service", {"protocol": "pop3", "state": "started"}, check=True)
    started = run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert predicted["diff"] == started["diff"]
    assert started["diff"]["after"] == {stopped: {"status": "running"}}
    assert started["cmdlets"] == [{"cmdlet": "Start-Service", "parameters": {"Name": stopped}}]
    assert processes(organisation, running) == pid
    assert services(organisation) == [RUNNING, RUNNING]

    administer(organisation, "Stop-Service", Name=stopped)
    administer(organisation, "Set-Service", Name=stopped, StartupType="Automatic")
    wanted = {"protocol": "pop3", "state": "stopped", "start_mode": "manual"}
    assert run("protocol_service", wanted)["diff"]["after"] == {
        running: {"status": "stopped"}, stopped: {"start_mode": "manual"},
    }  # fmt: skip
    assert services(organisation) == [STOPPED, STOPPED]


@pytest.mark.parametrize("_organisation", ["SE"], indirect=True)
@pytest.mark.parametrize("disabled", POP)
def test_one_disabled_service_holds_up_both(organisation: SimulatorProcess, run: Run, disabled: str) -> None:
    administer(organisation, "Set-Service", Name=disabled, StartupType="Disabled")
    result = run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert result["msg"].startswith(f"The service {disabled} is disabled and cannot be started; set start_mode")
    assert writes(organisation) == []
    # What is disabled and runs is as it was told to be.
    other = next(name for name in POP if name != disabled)
    administer(organisation, "Set-Service", Name=disabled, StartupType="Manual")
    administer(organisation, "Start-Service", Name=disabled)
    administer(organisation, "Set-Service", Name=disabled, StartupType="Disabled")
    assert run("protocol_service", {"protocol": "pop3", "state": "started"})["diff"]["after"] == {
        other: {"status": "running"}
    }


def test_iis_is_restarted_with_what_ran_and_the_play_goes_on(organisation: SimulatorProcess, run: Run) -> None:
    assert run("pop_settings", {"banner": "Before."})["changed"] is True
    web = [name for name in WEB if name in organisation.state()["servers"]["EX01"]["services"]]
    states = services(organisation, *web)
    before = processes(organisation, *web)
    organisation.clear_log()

    predicted = run("iis", {"state": "restarted"}, check=True)
    assert writes(organisation) == []
    assert processes(organisation, *web) == before
    done = run("iis", {"state": "restarted"})
    for key in ("changed", "diff", "services", "cmdlets"):
        assert predicted[key] == done[key], key
    assert done["changed"] is True
    assert done["services"] == [
        "W3SVC",
        *(n for n, (status, _) in zip(web[2:], states[2:], strict=True) if status == "Running"),
    ]
    assert services(organisation, *web) == states
    assert all(now != then or not then for now, then in zip(processes(organisation, *web), before, strict=True))
    assert writes(organisation)[0] == "Stop-Service"

    # Its shells went with IIS; the session opens another one.
    assert organisation.state()["servers"]["EX01"]["shells_open"]["exchange"] == 1
    assert run("pop_settings", {"banner": "After."})["changed"] is True
    assert stored(organisation)["Banner"] == "After."


def test_iis_starts_what_was_stopped_but_not_what_was_not_running(organisation: SimulatorProcess, run: Run) -> None:
    administer(organisation, "Stop-Service", Name="NetTcpActivator")
    administer(organisation, "Set-Service", Name="NetTcpActivator", StartupType="Manual")
    administer(organisation, "Stop-Service", Name="W3SVC")
    done = run("iis", {"state": "restarted"})
    assert done["diff"]["before"]["W3SVC"] == {"status": "stopped", "restarted": False}
    assert [status for status, _ in services(organisation, "WAS", "W3SVC", "NetTcpActivator")] == [
        "Running", "Running", "Stopped",
    ]  # fmt: skip


def test_iis_that_does_not_stop_or_does_not_start(organisation: SimulatorProcess, run: Run) -> None:
    organisation.fault("EX01", "service_refuses_stop", service="W3SVC")
    refused = run("iis", {"state": "restarted"})
    assert refused["failed"] is True
    assert refused["msg"].startswith("Stop-Service failed for WAS: Service '")
    # The dependents in front of it were stopped and started again.
    assert "W3SVC" not in refused["diff"]["after"]
    web = ("W3SVC", "NetTcpActivator")
    assert [status for status, _ in services(organisation, *web)] == ["Running", "Running"]

    organisation.fault("EX01", "none")
    organisation.fault("EX01", "service_refuses_start", service="W3SVC")
    broken = run("iis", {"state": "restarted"})
    assert (broken["failed"], broken["changed"]) == (True, True)
    assert broken["msg"].startswith("Start-Service failed for W3SVC: Service '")
    assert "Now W3SVC is stopped; the next run starts those that start automatically" in broken["msg"]
    # One that does not start keeps nobody else down.
    assert [status for status, _ in services(organisation, *web)] == ["Stopped", "Running"]

    organisation.fault("EX01", "none")
    assert run("iis", {"state": "restarted"})["changed"] is True
    assert [status for status, _ in services(organisation, *web)] == ["Running", "Running"]
    assert run("pop_settings", {"banner": "After."})["changed"] is True


def test_iis_starts_what_an_earlier_restart_left_stopped(organisation: SimulatorProcess, run: Run) -> None:
    organisation.fault("EX01", "service_refuses_start", service="NetTcpActivator")
    broken = run("iis", {"state": "restarted"})
    assert broken["failed"] is True
    assert "Now NetTcpActivator is stopped" in broken["msg"]
    organisation.fault("EX01", "none")
    predicted = run("iis", {"state": "restarted"}, check=True)
    assert services(organisation, "NetTcpActivator") == [("Stopped", "Automatic")]
    healed = run("iis", {"state": "restarted"})
    assert healed["diff"] == predicted["diff"]
    assert healed["diff"]["before"]["NetTcpActivator"] == {"status": "stopped", "restarted": False}
    assert services(organisation, "W3SVC", "NetTcpActivator") == [("Running", "Automatic")] * 2
