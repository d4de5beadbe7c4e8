"""iis: restarted with all that ran, and Exchange answering again."""

from __future__ import annotations

import pytest
from in_process import ABSENT, Put

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
    assert result["msg"] == f"Stop-Service failed for WAS: {CANNOT_STOP}"
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
        "Now NetTcpActivator is stopped; the next run starts those that start automatically. The event log has the "
        "reason."
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
    assert result["msg"] == f"IIS was not restarted; its processes are still the same: {', '.join(RUNNING)}."
    assert (result["failed"], result["changed"]) == (True, False)


CONTROLLER = "System.ServiceProcess.ServiceController"
DEPENDENT = ["W3SVC", "NetTcpActivator", "NetPipeActivator", "NetMsmqActivator"]


@pytest.mark.parametrize(
    ("told", "came"),
    [
        (None, "null"),
        (ABSENT, "null"),
        ([], "a list of 0 without W3SVC"),
        (["NetTcpActivator"], "a list of 1 without W3SVC"),
        ("W3SVC", "text"),
        ("W3SVC NetTcpActivator", "text"),
        (["W3SVC,NetTcpActivator"], "a list of 1 without W3SVC"),
        (["W3SVC", "W3SVC"], "a list of 2 in which one is twice"),
        (["W3SVC", "NetTcpActivator", "nettcpactivator"], "a list of 3 in which one is twice"),
        (["W3SVC", {"$text": None}], "an object without text, in a list of 2"),
        (["W3SVC", None], "null, in a list of 2"),
        (
            {"$type": CONTROLLER, "Name": "W3SVC"},
            f"an object of the type {CONTROLLER} without text with the members Name",
        ),
        ([{"$type": CONTROLLER}], f"an object of the type {CONTROLLER} without text, in a list of 1"),
        ([CONTROLLER], "a list of 1 without W3SVC"),
    ],
)
def test_nothing_is_stopped_without_knowing_what_to_start_again(host, told, came):
    host.shapes["Get-Service"] = Put({"DependentServices": told})
    result = host.run("iis", {"state": "restarted"})
    assert result["msg"].startswith(f"Get-Service shows DependentServices of WAS as {came}")
    assert result["msg"].endswith(", which cannot be read, so nothing was stopped; please report that.")
    assert result["unreadable"] == {"DependentServices": came}
    assert host.writes == []


@pytest.mark.parametrize("name", ["Nobody", "O'Brien", "C:\\\\W3SVC", CONTROLLER])
def test_nothing_is_stopped_if_a_service_that_depends_is_not_there(host, name):
    host.shapes["Get-Service"] = Put({"DependentServices": ["W3SVC", name]})
    assert host.run("iis", {"state": "restarted"})["msg"] == (
        f"Get-Service shows DependentServices of WAS that do not exist ({name}), so nothing was stopped; please "
        "report that."
    )
    assert host.writes == []


@pytest.mark.parametrize("many", [0, 2])
def test_nothing_is_stopped_unless_one_service_is_told_of(host, many):
    host.shapes["Get-Service"] = lambda output: output * many
    assert host.run("iis", {"state": "restarted"})["msg"] == (
        f"Get-Service answered with {many} objects for WAS instead of one, so nothing was stopped; please report that."
    )
    assert host.writes == []


@pytest.mark.parametrize(
    "shape",
    [
        str.lower,
        lambda name: {"$text": name},
        lambda name: {"$text": name, "Name": name},
        lambda name: {"$text": CONTROLLER, "Name": name},
        lambda name: {"$type": CONTROLLER, "ServiceName": name},
        lambda name: {"$text": CONTROLLER, "name": name},
        lambda name: {"$text": CONTROLLER, "SERVICENAME": name},
    ],
)
def test_services_that_depend_are_known_by_their_text_or_their_name(host, shape):
    host.shapes["Get-Service"] = Put({"DependentServices": list(map(shape, DEPENDENT))})
    result = host.run("iis", {"state": "restarted"})
    assert [name.casefold() for name in result["services"]] == [name.casefold() for name in RUNNING]
    assert [status(host, name) for name in RUNNING] == ["Running"] * 3


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("State", "Wird ausgeführt"),
        ("State", 9),
        ("StartMode", "Automatisch"),
        ("StartMode", None),
        ("ProcessId", ABSENT),
    ],
)
def test_nothing_is_stopped_if_a_service_cannot_be_read(host, member, value):
    host.shapes["Get-CimInstance"] = Put({member: value}, of="NetMsmqActivator")
    result = host.run("iis", {"state": "restarted"})
    assert f"Win32_Service shows {member} in the service NetMsmqActivator as " in result["msg"]
    assert result["msg"].endswith("please report that.")
    assert host.writes == []


@pytest.mark.parametrize("value", [ABSENT, None, 3, "IISADMIN", {"$type": "X"}])
def test_a_service_without_its_name_is_not_taken_for_a_missing_one(host, value):
    host.shapes["Get-CimInstance"] = Put({"Name": value}, of="W3SVC")
    result = host.run("iis", {"state": "restarted"})
    assert result["msg"].startswith("Win32_Service shows Name of a service as ")
    assert result["msg"].endswith(", which cannot be read; please report that.")
    assert host.writes == []


def test_exchange_is_waited_for_also_if_no_service_says_on_which_computer_it_is(host):
    host.shapes["Get-CimInstance"] = Put({"SystemName": ABSENT})
    assert host.run("iis", {"state": "restarted"})["changed"] is True
    assert host.asked("Get-ExchangeServer") == [{"Identity": "EX01"}]


def test_nothing_is_stopped_if_nobody_says_which_computer_it_is(host):
    nameless = Put({"Name": None}, of="EX01")
    host.shapes["Get-CimInstance"] = lambda output: nameless(Put({"SystemName": None})(output))
    assert host.run("iis", {"state": "restarted"})["msg"] == (
        "Win32_ComputerSystem shows Name of this host as null, which cannot be read; please report that."
    )
    assert host.writes == []


def test_a_state_that_cannot_be_read_afterwards_is_told_with_what_came(host):
    spoil = Put({"State": "Wird ausgeführt"}, of="NetMsmqActivator")
    host.shapes["Get-CimInstance"] = lambda output: spoil(output) if host.writes else output
    assert host.run("iis", {"state": "restarted"})["msg"] == (
        "Now NetMsmqActivator is in a state that cannot be read (Win32_Service shows State as text, 'Wird "
        "ausgeführt'); the next run starts those that start automatically. The event log has the reason."
    )


def test_without_iis(host):
    host.fault("service_missing", service="W3SVC")
    # WAS has dependents of its own.
    host.shapes["Get-Service"] = Put({"DependentServices": ["W3SVC", "NetTcpActivator"]})
    assert "IIS is not installed" in host.run("iis", {"state": "restarted"})["msg"]
    assert host.writes == []
