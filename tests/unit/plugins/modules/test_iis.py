"""iis: restarted with all that ran, and Exchange answering again."""

from __future__ import annotations

import pytest


def test_what_ran_runs_again_and_exchange_answers(host):
    host.down_for = 3
    result = host.run("iis", {"state": "restarted"})
    assert result["changed"] is True
    assert result["services"] == ["W3SVC", "NetTcpActivator"]
    assert [(cmdlet, call["Name"]) for cmdlet, call in host.calls if not cmdlet.startswith("Get-")] == [
        ("Stop-Service", "WAS"),
        ("Start-Service", "W3SVC"),
        ("Start-Service", "NetTcpActivator"),
    ]
    assert host.asked("Stop-Service")[0]["Force"] is True
    assert host.services["NetPipeActivator"]["State"] == "Stopped"
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
    assert (result["changed"], result["services"]) == (True, ["W3SVC", "NetTcpActivator"])


def test_what_was_stopped_is_started_again_when_stopping_fails(host):
    host.refuses["Stop-Service"] = {"id": "CouldNotStopService,x", "message": "Cannot stop WAS."}
    host.services["W3SVC"]["State"] = "Stopped"
    result = host.run("iis", {"state": "restarted"})
    assert result["msg"] == "Stop-Service failed: Cannot stop WAS."
    assert host.services["W3SVC"]["State"] == "Running"
    # W3SVC was stopped before and runs now; what ran before still runs with its old process.
    assert (result["changed"], result["services"]) == (True, ["W3SVC"])


def test_a_refused_restart_has_changed_nothing(host):
    host.refuses["Stop-Service"] = {"id": "CouldNotStopService,x", "message": "Cannot stop WAS."}
    result = host.run("iis", {"state": "restarted"})
    assert (result["changed"], result["services"], result["diff"]["after"]) == (False, [], {})


def test_what_did_not_start_again_is_named_and_started_by_the_next_run(host):
    start = host._start_service
    host._start_service = lambda Name: None if Name == "NetTcpActivator" else start(Name)
    broken = host.run("iis", {"state": "restarted"})
    assert broken["msg"] == (
        "Now NetTcpActivator is stopped; the next run starts what is automatic, the event log has the reason."
    )
    assert (broken["changed"], broken["services"]) == (True, ["W3SVC", "NetTcpActivator"])
    host._start_service = start
    healed = host.run("iis", {"state": "restarted"})
    assert healed["diff"]["before"]["NetTcpActivator"] == {"status": "stopped", "restarted": False}
    assert host.services["NetTcpActivator"]["State"] == "Running"
    assert host.services["NetPipeActivator"]["State"] == "Stopped", "it is disabled"


@pytest.mark.parametrize(("done", "stops"), [(True, 1), (False, 2)])
def test_a_lost_answer_to_the_stop_is_looked_into(host, done, stops):
    host.breaks = [("Stop-Service", done)]
    assert host.run("iis", {"state": "restarted"})["changed"] is True
    assert host.writes.count("Stop-Service") == stops
    assert host.services["W3SVC"]["State"] == host.services["NetTcpActivator"]["State"] == "Running"


def test_a_restart_that_did_nothing_has_changed_nothing(host):
    host._stop_service = lambda Name, Force: None
    result = host.run("iis", {"state": "restarted"})
    assert result["msg"] == "IIS was not restarted: W3SVC, NetTcpActivator still has the process it had before."
    assert (result["failed"], result["changed"]) == (True, False)


@pytest.mark.parametrize("told", [None, [], ["NetTcpActivator"], ["W3SVC", {"$text": None}]])
def test_dependent_services_that_are_not_told_stop_it_before_anything_is_stopped(host, told):
    host._get_service = lambda Name: [{"DependentServices": told}]
    result = host.run("iis", {"state": "restarted"})
    assert result["msg"].startswith("Get-Service shows DependentServices of WAS as ")
    assert host.writes == []


def test_without_iis(host):
    del host.services["W3SVC"]
    assert "IIS is not installed" in host.run("iis", {"state": "restarted"})["msg"]
    assert host.writes == []
