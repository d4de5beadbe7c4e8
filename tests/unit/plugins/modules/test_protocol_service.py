"""protocol_service: both services as one, and the truth about whether they stay up."""

from __future__ import annotations

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013, EXCHANGE_2016
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import service_names
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import POP3

POP = ("MSExchangePop3", "MSExchangePOP3BE")


def states(host) -> list[tuple[str, str]]:
    return [(host.services[name]["State"], host.services[name]["StartMode"]) for name in POP]


def test_started_sets_the_start_mode_and_starts_both_once(host):
    options = {"protocol": "pop3", "state": "started", "start_mode": "Automatic"}
    predicted = host.run("protocol_service", options, check=True)
    assert host.writes == []
    done = host.run("protocol_service", options)
    assert states(host) == [("Running", "Auto"), ("Running", "Auto")]
    assert host.writes == ["Set-Service", "Set-Service", "Start-Service", "Start-Service"]
    assert [call["Name"] for call in host.asked("Start-Service")] == list(POP)
    for key in ("changed", "diff", "services", "cmdlets"):
        assert predicted[key] == done[key], key
    assert done["diff"]["before"]["MSExchangePop3"] == {"start_mode": "manual", "status": "stopped"}
    assert done["diff"]["after"]["MSExchangePop3"] == {"start_mode": "automatic", "status": "running"}
    assert done["services"][1] == {"name": "MSExchangePOP3BE", "status": "running", "start_mode": "automatic"}

    again = host.run("protocol_service", options)
    assert again["changed"] is False
    assert len(host.writes) == 4


def test_only_the_service_that_is_down_is_started(host):
    host.services["MSExchangePop3"]["State"] = "Running"
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started"})["changed"] is True
    assert host.asked("Start-Service") == [{"Name": "MSExchangePOP3BE"}]


def test_restarted_restarts_both_each_time(host):
    for _ in range(2):
        before = [host.services[name]["ProcessId"] for name in POP]
        assert host.run("protocol_service", {"protocol": "pop3", "state": "restarted"})["changed"] is True
        assert all(host.services[name]["ProcessId"] > pid for name, pid in zip(POP, before, strict=True))
    assert host.run("protocol_service", {"protocol": "pop3", "state": "restarted"}, check=True)["changed"] is True
    assert host.writes == ["Restart-Service"] * 4


def test_what_is_disabled_stays_so_if_asked_for(host):
    host.services["MSExchangePop3"]["StartMode"] = "Disabled"
    host.services["MSExchangePOP3BE"].update(State="Running", StartMode="Auto")
    options = {"protocol": "pop3", "state": "stopped", "start_mode": "manual", "keep_disabled": True}
    predicted = host.run("protocol_service", options, check=True)
    assert host.writes == []
    done = host.run("protocol_service", options)
    assert done["diff"] == predicted["diff"]
    assert states(host) == [("Stopped", "Disabled"), ("Stopped", "Manual")]
    assert host.run("protocol_service", options)["changed"] is False
    assert host.run("protocol_service", options | {"start_mode": "disabled"})["changed"] is True
    assert states(host) == [("Stopped", "Disabled"), ("Stopped", "Disabled")]


def test_stopped_and_disabled(host):
    host.run("protocol_service", {"protocol": "imap4", "state": "started"})
    result = host.run("protocol_service", {"protocol": "imap4", "state": "stopped", "start_mode": "disabled"})
    assert result["changed"] is True
    assert host.services["MSExchangeIMAP4BE"] == {"State": "Stopped", "StartMode": "Disabled", "ProcessId": 0}


def test_a_disabled_service_needs_a_start_mode_to_be_started(host):
    host.services["MSExchangePop3"]["StartMode"] = "Disabled"
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert result["msg"] == (
        "The service MSExchangePop3 is disabled and cannot be started; give start_mode as well, automatic for example."
    )
    assert host.writes == []
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started", "start_mode": "manual"})["changed"]
    assert states(host) == [("Running", "Manual"), ("Running", "Manual")]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"state": "started", "start_mode": "Disabled"},
            "start_mode: 'disabled' does not go with the state started; give automatic or manual.",
        ),
        (
            {"start_mode": "sometimes"},
            "start_mode: 'sometimes' is none of its values; give Automatic (2), Manual (3) or Disabled (4).",
        ),
        (
            {"state": "restarted", "start_mode": "manual", "keep_disabled": True},
            "keep_disabled: a disabled service cannot be restarted; leave it out, or give the state stopped.",
        ),
        ({"state": "started", "timeout": 0}, "timeout: 0 is out of range; give 1 to 3600 seconds."),
        ({}, "one of the following is required: state, start_mode"),
    ],
)
def test_bad_input(host, options, sentence):
    assert host.run("protocol_service", {"protocol": "pop3", **options})["msg"] == sentence
    assert host.calls == []


def test_before_2013_there_is_one_service(host_of):
    host = host_of("2010")
    del host.services["MSExchangePOP3BE"]
    host.without = {"Get-CimInstance"}
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert [service["name"] for service in result["services"]] == ["MSExchangePop3"]
    assert host.asked("Get-WmiObject")


def test_a_missing_service_is_named(host):
    del host.services["MSExchangePOP3BE"]
    message = host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"]
    assert message.startswith("The service MSExchangePOP3BE does not exist on EX01 (Exchange Server SE, 15.2.2562.17)")
    assert host.writes == []


def test_an_inactive_component_is_the_reason(host):
    host.dying, host.component = {"MSExchangePop3"}, "Inactive"
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert result["failed"] is True
    assert result["msg"] == (
        "MSExchangePop3 is stopped on EX01 and not running as it was told to be. Exchange stops MSExchangePop3 while "
        "its server component is not active. The server component PopProxy is Inactive. Make it Active with "
        "Set-ServerComponentState."
    )
    assert result["changed"] is True


def test_an_inactive_component_is_the_reason_also_if_the_start_fails(host):
    host.refuses["Start-Service"] = {"id": "StartServiceFailed,x", "category": "OpenError", "message": "Cannot start."}
    host.component = "Inactive"
    message = host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"]
    assert "The server component PopProxy is Inactive." in message
    assert message.endswith("Start-Service failed: Cannot start.")


def test_that_the_component_may_be_the_reason_is_said(host):
    host.dying, host.withheld = {"MSExchangePop3"}, {"Get-ServerComponentState"}
    message = host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"]
    assert message.startswith("MSExchangePop3 is stopped on EX01 and not running as it was told to be. The event log")
    assert "Exchange stops MSExchangePop3 while the server component PopProxy is not active" in message
    assert "is not known: Get-ServerComponentState is not granted to this user by RBAC" in message


def test_a_service_that_does_not_stay_up_for_another_reason(host):
    host.dying = {"MSExchangePOP3BE"}
    message = host.run("protocol_service", {"protocol": "pop3", "state": "restarted"})["msg"]
    assert message.startswith("MSExchangePOP3BE is stopped on EX01 and not running as it was told to be")


def test_waits_for_a_service_on_its_way_and_gives_up_in_time(host):
    pause = host.pause
    host._start_service = lambda Name: host.services[Name].update(State="Start Pending", ProcessId=7)

    def arrive(seconds):
        pause(seconds)
        if host.asleep >= 5:
            host.services["MSExchangePop3"]["State"] = host.services["MSExchangePOP3BE"]["State"] = "Running"

    host.pause = arrive
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started", "timeout": 10})["changed"] is True
    host.pause = pause
    host.services["MSExchangePop3"]["State"] = "Stopped"
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started", "timeout": 10})
    assert "MSExchangePop3 is start_pending" in result["msg"]


@pytest.mark.parametrize(("done", "writes"), [(True, 2), (False, 3)])
@pytest.mark.parametrize(("state", "cmdlet"), [("started", "Start-Service"), ("restarted", "Restart-Service")])
def test_a_lost_answer_is_looked_into(host, state, cmdlet, done, writes):
    if state == "restarted":
        for name in POP:
            host.services[name].update(State="Running", ProcessId=50)
    host.breaks = [(cmdlet, done)]
    assert host.run("protocol_service", {"protocol": "pop3", "state": state})["changed"] is True
    assert host.writes == [cmdlet] * writes
    assert [state for state, _ in states(host)] == ["Running", "Running"]
    assert all(host.services[name]["ProcessId"] > 100 for name in POP)


def test_2013_may_have_its_two_roles_on_different_hosts():
    client_access = Server("EX01", "EX01.contoso.test", EXCHANGE_2013, mailbox=False)
    mailbox = Server("EX02", "EX02.contoso.test", EXCHANGE_2013, client_access=False)
    assert service_names(POP3, client_access) == ("MSExchangePop3",)
    assert service_names(POP3, mailbox) == ("MSExchangePOP3BE",)
    assert service_names(POP3, Server("EX03", "EX03.contoso.test", EXCHANGE_2013)) == POP
    assert service_names(POP3, Server("EX04", "EX04.contoso.test", EXCHANGE_2016, client_access=False)) == POP


def test_another_computer_is_refused(host):
    host.memory["host"] = "ex01.contoso.test"
    read = host._get_ciminstance
    host._get_ciminstance = lambda **query: [{**item, "SystemName": "EX02"} for item in read(**query)]
    message = host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"]
    assert "leads to the computer EX02, but the Exchange server meant is EX01" in message
    assert host.writes == []


def test_a_refused_start_has_changed_nothing(host):
    host.refuses["Start-Service"] = {"id": "StartServiceFailed,x", "category": "OpenError", "message": "Cannot start."}
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert (result["failed"], result["changed"], result["diff"]["after"]) == (True, False, {})


def test_what_was_done_before_the_refusal_is_told(host):
    start = host._start_service

    def start_the_first(Name):
        start(Name)
        host.refuses["Start-Service"] = {"id": "CouldNotStartService,x", "message": "Cannot start."}

    host._start_service = start_the_first
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert result["msg"] == (
        "Start-Service failed: Cannot start. Now MSExchangePop3 is running, MSExchangePOP3BE is stopped."
    )
    assert (result["changed"], result["diff"]["after"]) == (True, {"MSExchangePop3": {"status": "running"}})


def test_a_start_mode_that_does_not_stick_has_changed_nothing(host):
    host._set_service = lambda Name, StartupType: None
    result = host.run("protocol_service", {"protocol": "pop3", "start_mode": "automatic"})
    assert result["msg"] == "MSExchangePop3 was set to start_mode automatic, but EX01 has manual."
    assert (result["changed"], result["diff"]["after"]) == (False, {})


def test_an_error_after_the_start_is_told_with_what_runs(host):
    host.errs_after["Start-Service"] = {"id": "CouldNotStartService,x", "message": "It takes too long."}
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert result["msg"] == (
        "Start-Service failed: It takes too long. Now MSExchangePop3 is running, MSExchangePOP3BE is stopped."
    )
    assert (result["changed"], host.writes) == (True, ["Start-Service"])
