"""iis: restarted with all that ran, and Exchange answering again."""

from __future__ import annotations

import pytest
from in_process import Put

RUNNING = ["W3SVC", "NetTcpActivator", "NetMsmqActivator"]
CANNOT_STOP = (
    "Service 'Windows Process Activation Service (WAS)' cannot be stopped due to the following error: Cannot stop "
    "service WAS on computer '.'."
)


@pytest.fixture
def host(host):
    """A server with a dependent of WAS that is disabled, which it may be for good reason."""
    host.administer("Set-Service", endpoint="windows", Name="NetPipeActivator", StartupType="Disabled")
    stop(host, "NetPipeActivator")
    return host


def stop(host, name):
    host.administer("Stop-Service", endpoint="windows", Name=name)


def status(host, name):
    return host.state["services"][name]["status"]


def test_what_ran_runs_again_and_exchange_answers(host):
    host.down_for = 3
    result = host.run("iis", {"state": "restarted"})
    assert result["changed"] is True
    assert result["services"] == RUNNING
    assert host.writes == ["Stop-Service", *["Start-Service"] * 3]
    assert host.asked("Stop-Service") == [{"Name": "WAS", "Force": True}]
    assert host.asked("Start-Service") == [{"Name": name} for name in RUNNING]
    assert status(host, "NetPipeActivator") == "Stopped"
    assert host.asked("Get-ExchangeServer")
    assert host.down_for == 0


def test_check_mode_predicts_and_sends_nothing(host):
    predicted = host.run("iis", {"state": "restarted"}, check=True)
    assert host.writes == []
    done = host.run("iis", {"state": "restarted"})
    for key in ("changed", "diff", "services", "cmdlets"):
        assert predicted[key] == done[key], key


def test_exchange_that_does_not_come_back_is_told_in_a_sentence(host):
    host.down_for = 1000
    result = host.run("iis", {"state": "restarted", "timeout": 20})
    assert result["msg"] == ("The Exchange endpoint did not answer again within 20 seconds: Nobody answers on port 80.")
    assert result["failed"] is True
    assert (result["changed"], result["services"]) == (True, RUNNING)


@pytest.fixture
def refusing(host):
    """A server on which the service that is to stop first refuses to."""
    host.fault("service_refuses_stop", service="NetMsmqActivator")
    return host


def test_what_was_stopped_is_started_again_when_stopping_fails(refusing):
    stop(refusing, "W3SVC")
    result = refusing.run("iis", {"state": "restarted"})
    assert result["msg"] == f"Stop-Service failed: {CANNOT_STOP}"
    assert status(refusing, "W3SVC") == "Running"
    # W3SVC was stopped before and runs now; what ran before still runs with its old process.
    assert (result["changed"], result["services"]) == (True, ["W3SVC"])


def test_a_refused_restart_has_changed_nothing(refusing):
    result = refusing.run("iis", {"state": "restarted"})
    assert (result["changed"], result["services"], result["diff"]["after"]) == (False, [], {})


def test_what_did_not_start_again_is_named_and_started_by_the_next_run(host):
    host.fault("service_dies", service="NetTcpActivator")
    broken = host.run("iis", {"state": "restarted"})
    assert broken["msg"] == (
        "Now NetTcpActivator is stopped; the next run starts what is automatic, the event log has the reason."
    )
    assert (broken["changed"], broken["services"]) == (True, RUNNING)
    host.fault("none")
    healed = host.run("iis", {"state": "restarted"})
    assert healed["diff"]["before"]["NetTcpActivator"] == {"status": "stopped", "restarted": False}
    assert status(host, "NetTcpActivator") == "Running"
    assert status(host, "NetPipeActivator") == "Stopped", "it is disabled"


@pytest.mark.parametrize(("done", "stops"), [(True, 1), (False, 2)])
def test_a_lost_answer_to_the_stop_is_looked_into(host, done, stops):
    host.lost = [("Stop-Service", done)]
    assert host.run("iis", {"state": "restarted"})["changed"] is True
    assert host.writes.count("Stop-Service") == stops
    assert status(host, "W3SVC") == status(host, "NetTcpActivator") == "Running"


def test_a_restart_that_did_nothing_has_changed_nothing(host):
    host.fault("write_does_not_stick", cmdlet="Stop-Service")
    result = host.run("iis", {"state": "restarted"})
    assert result["msg"] == f"IIS was not restarted, and the processes are those it had before: {', '.join(RUNNING)}."
    assert (result["failed"], result["changed"]) == (True, False)


TEXTLESS = {"$type": "System.ServiceProcess.ServiceController", "Name": "W3SVC"}


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        ["NetTcpActivator"],
        "W3SVC NetTcpActivator",
        ["W3SVC", {"$text": None}],
        ["W3SVC", None],
        TEXTLESS,
        [TEXTLESS],
        ["System.X"],
    ],
)
def test_nothing_is_stopped_without_knowing_what_to_start_again(host, told):
    host.shapes["Get-Service"] = Put({"DependentServices": told})
    result = host.run("iis", {"state": "restarted"})
    assert result["msg"].startswith("Get-Service shows DependentServices of WAS as ")
    assert result["msg"].endswith("nothing was stopped; please report that.")
    assert host.writes == []


def test_without_iis(host):
    host.fault("service_missing", service="W3SVC")
    # WAS has dependents of its own.
    host.shapes["Get-Service"] = Put({"DependentServices": ["W3SVC", "NetTcpActivator"]})
    assert "IIS is not installed" in host.run("iis", {"state": "restarted"})["msg"]
    assert host.writes == []
