"""iis: restarted with all that ran, and Exchange answering again."""

from __future__ import annotations


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


def test_what_was_stopped_is_started_again_when_stopping_fails(host):
    host.refuses["Stop-Service"] = {"id": "CouldNotStopService,x", "message": "Cannot stop WAS."}
    host.services["W3SVC"]["State"] = "Stopped"
    result = host.run("iis", {"state": "restarted"})
    assert result["msg"] == "Stop-Service failed: Cannot stop WAS."
    assert host.services["W3SVC"]["State"] == "Running"


def test_without_iis(host):
    del host.services["W3SVC"]
    assert "IIS is not installed" in host.run("iis", {"state": "restarted"})["msg"]
    assert host.writes == []
