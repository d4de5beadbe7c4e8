"""protocol_service: both services as one, and the truth about whether they stay up."""

from __future__ import annotations

import pytest
from in_process import ABSENT, Put

from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013, EXCHANGE_2016
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import service_names
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import POP3

POP = ("MSExchangePop3", "MSExchangePOP3BE")
CANNOT_START = (
    "Service 'Microsoft Exchange {} ({})' cannot be started due to the following error: Cannot start service {} on "
    "computer '.'."
)
FRONT_CANNOT_START = CANNOT_START.format("POP3", "MSExchangePop3", "MSExchangePop3")
BACK_CANNOT_START = CANNOT_START.format("POP3 Backend", "MSExchangePOP3BE", "MSExchangePOP3BE")


def states(host) -> list[tuple[str, str]]:
    services = host.state["services"]
    return [(services[name]["status"], services[name]["start_type"]) for name in POP]


def pids(host) -> list[int]:
    return [host.state["services"][name]["pid"] for name in POP]


def set_mode(host, name, mode) -> None:
    host.administer("Set-Service", endpoint="windows", Name=name, StartupType=mode)


def start(host, *names) -> None:
    for name in names:
        host.administer("Start-Service", endpoint="windows", Name=name)


def take_down(host) -> None:
    """As an administrator does for maintenance."""
    host.administer(
        "Set-ServerComponentState", Identity="EX01", Component="PopProxy", Requester="Maintenance", State="Inactive"
    )


def test_started_sets_the_start_mode_and_starts_both_once(host):
    options = {"protocol": "pop3", "state": "started", "start_mode": "Automatic"}
    predicted = host.run("protocol_service", options, check=True)
    assert host.writes == []
    done = host.run("protocol_service", options)
    assert states(host) == [("Running", "Automatic"), ("Running", "Automatic")]
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
    start(host, "MSExchangePop3")
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started"})["changed"] is True
    assert host.asked("Start-Service") == [{"Name": "MSExchangePOP3BE"}]


def test_services_are_known_by_their_names_in_any_case(host):
    start(host, "MSExchangePop3")
    host.shapes["Get-CimInstance"] = Put({"Name": "MSEXCHANGEPOP3"}, of="MSExchangePop3")
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started"})["changed"] is True
    assert host.asked("Start-Service") == [{"Name": "MSExchangePOP3BE"}]


@pytest.mark.parametrize(
    ("state", "other", "is_now"), [("started", "Stop-Service", "stopped"), ("stopped", "Start-Service", "running")]
)
def test_a_service_that_needed_nothing_is_judged_after_the_write_too(host, state, other, is_now):
    cmdlet = {"started": "Start-Service", "stopped": "Stop-Service"}[state]
    start(host, "MSExchangePop3" if state == "started" else "MSExchangePOP3BE")
    host.afterwards[cmdlet] = lambda: host.administer(other, endpoint="windows", Name="MSExchangePop3")
    result = host.run("protocol_service", {"protocol": "pop3", "state": state})
    wanted = {"started": "running", "stopped": "stopped"}[state]
    assert result["msg"] == (
        f"MSExchangePop3 is {is_now} on EX01 and not {wanted}; the event log of the host has the reason."
    )
    assert (result["failed"], result["changed"]) == (True, True)


def test_a_status_is_judged_where_only_the_start_mode_was_written(host):
    start(host, *POP)
    host.afterwards["Set-Service"] = lambda: host.administer("Stop-Service", endpoint="windows", Name="MSExchangePop3")
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started", "start_mode": "automatic"})
    assert "MSExchangePop3 is stopped on EX01 and not running" in result["msg"]


def test_restarted_restarts_both_each_time(host):
    for _ in range(2):
        before = pids(host)
        assert host.run("protocol_service", {"protocol": "pop3", "state": "restarted"})["changed"] is True
        assert all(now > then for now, then in zip(pids(host), before, strict=True))
    assert host.run("protocol_service", {"protocol": "pop3", "state": "restarted"}, check=True)["changed"] is True
    assert host.writes == ["Restart-Service"] * 4


def test_what_is_disabled_stays_so_if_asked_for(host):
    set_mode(host, "MSExchangePop3", "Disabled")
    set_mode(host, "MSExchangePOP3BE", "Automatic")
    start(host, "MSExchangePOP3BE")
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
    backend = host.state["services"]["MSExchangeIMAP4BE"]
    assert (backend["status"], backend["start_type"], backend["pid"]) == ("Stopped", "Disabled", 0)


def test_a_disabled_service_needs_a_start_mode_to_be_started(host):
    set_mode(host, "MSExchangePop3", "Disabled")
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert result["msg"] == (
        "The service MSExchangePop3 is disabled and cannot be started; set start_mode too, for example to automatic."
    )
    assert host.writes == []
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started", "start_mode": "manual"})["changed"]
    assert states(host) == [("Running", "Manual"), ("Running", "Manual")]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"state": "started", "start_mode": "Disabled"},
            "start_mode: 'disabled' cannot be combined with the state started; use automatic or manual.",
        ),
        (
            {"start_mode": "sometimes"},
            "start_mode: 'sometimes' is not valid; use automatic (2), manual (3), or disabled (4).",
        ),
        (
            {"state": "restarted", "start_mode": "manual", "keep_disabled": True},
            "keep_disabled: a disabled service cannot be restarted; leave it out, or use the state stopped.",
        ),
        ({"state": "started", "timeout": 0}, "timeout: 0 is out of range; use 1 to 3600 seconds."),
        ({}, "one of the following is required: state, start_mode"),
    ],
)
def test_bad_input(host, options, sentence):
    assert host.run("protocol_service", {"protocol": "pop3", **options})["msg"] == sentence
    assert host.calls == []


def test_before_2013_there_is_one_service(host_of):
    host = host_of("2010")
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert [service["name"] for service in result["services"]] == ["MSExchangePop3"]
    assert host.asked("Get-WmiObject")


def test_a_missing_service_is_named(host):
    host.fault("service_missing", service="MSExchangePOP3BE")
    message = host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"]
    assert message.startswith("The service MSExchangePOP3BE does not exist on EX01 (Exchange Server SE, 15.2.2562.17)")
    assert host.writes == []


def test_an_inactive_component_is_the_reason(host):
    take_down(host)
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert result["failed"] is True
    assert result["msg"] == (
        "MSExchangePop3 is stopped on EX01 and not running. Exchange stops MSExchangePop3 while its server component "
        "is not active. The server component PopProxy is Inactive, as requested by Maintenance. Make it Active with "
        "Set-ServerComponentState, as the requester that took it down."
    )
    assert result["changed"] is True


def test_an_inactive_component_is_the_reason_also_if_the_start_fails(host):
    host.fault("service_refuses_start", service="MSExchangePop3")
    take_down(host)
    message = host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"]
    assert "The server component PopProxy is Inactive, as requested by Maintenance." in message
    assert message.endswith(f"Start-Service failed for MSExchangePop3: {FRONT_CANNOT_START}")


def test_that_the_component_may_be_the_reason_is_said(host):
    host.fault("service_dies", service="MSExchangePop3")
    host.fault("rbac_without", cmdlet="Get-ServerComponentState")
    message = host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"]
    assert message.startswith("MSExchangePop3 is stopped on EX01 and not running. The event log")
    assert "Exchange stops MSExchangePop3 while the server component PopProxy is not active" in message
    assert "is not known: Get-ServerComponentState is not granted to this user by RBAC" in message


def test_a_service_that_does_not_stay_up_for_another_reason(host):
    host.fault("service_dies", service="MSExchangePOP3BE")
    message = host.run("protocol_service", {"protocol": "pop3", "state": "restarted"})["msg"]
    assert message.startswith("MSExchangePOP3BE is stopped on EX01 and not running")


@pytest.mark.parametrize("dying", POP)
@pytest.mark.parametrize("state", ["started", "restarted"])
def test_a_service_that_runs_at_first_and_then_dies(host, dying, state):
    host.fault("service_dies", service=dying, after=3)
    result = host.run("protocol_service", {"protocol": "pop3", "state": state})
    assert (result["failed"], result["msg"]) == (
        True,
        f"{dying} is stopped on EX01 and not running; the event log of the host has the reason.",
    )
    # It was seen to run.
    assert len(host.asked("Get-CimInstance")) == 3


@pytest.mark.parametrize("after", [2, 3], ids=["down at first", "in another process"])
@pytest.mark.parametrize("state", ["started", "restarted"])
def test_a_service_that_windows_starts_again_and_again(host, state, after):
    host.fault("service_dies", service="MSExchangePop3", after=after, recovers_after=1)
    start(host, *(POP if state == "restarted" else ()))
    result = host.run("protocol_service", {"protocol": "pop3", "state": state})
    assert (result["failed"], result["changed"], result["msg"]) == (
        True,
        True,
        "MSExchangePop3 is restarting on EX01 and not running; the event log of the host has the reason.",
    )
    assert result["services"][0]["status"] == "restarting"
    assert len(host.writes) == 2


@pytest.fixture
def slow(host):
    """A server on which services are five seconds on their way."""
    pending = Put({"State": "Start Pending"})
    host.shapes["Get-CimInstance"] = lambda output: pending(output) if host.writes and host.asleep < 5 else output
    return host


def test_waits_for_a_service_on_its_way_and_gives_up_in_time(slow):
    options = {"protocol": "pop3", "state": "started"}
    assert "MSExchangePop3 is start_pending" in slow.run("protocol_service", options | {"timeout": 2})["msg"]
    slow.administer("Stop-Service", endpoint="windows", Name="MSExchangePop3")
    slow.calls.clear()
    slow.asleep = 0
    assert slow.run("protocol_service", options | {"timeout": 10})["changed"] is True
    assert 5 <= slow.asleep < 10


@pytest.mark.parametrize(("done", "writes"), [(True, 2), (False, 3)])
@pytest.mark.parametrize(("state", "cmdlet"), [("started", "Start-Service"), ("restarted", "Restart-Service")])
def test_a_lost_answer_is_looked_into(host, state, cmdlet, done, writes):
    if state == "restarted":
        start(host, *POP)
    before = pids(host)
    host.lost = [(cmdlet, done)]
    assert host.run("protocol_service", {"protocol": "pop3", "state": state})["changed"] is True
    assert host.writes == [cmdlet] * writes
    assert [state for state, _ in states(host)] == ["Running", "Running"]
    assert all(now > then for now, then in zip(pids(host), before, strict=True))


@pytest.mark.parametrize(("done", "writes"), [(True, 2), (False, 3)])
@pytest.mark.parametrize(
    ("options", "cmdlet", "ends"),
    [
        ({"state": "stopped"}, "Stop-Service", ("Stopped", "Manual")),
        ({"start_mode": "automatic"}, "Set-Service", ("Running", "Automatic")),
    ],
)
def test_a_lost_answer_to_a_stop_or_a_start_mode_is_looked_into(host, options, cmdlet, ends, done, writes):
    start(host, *POP)
    host.lost = [(cmdlet, done)]
    result = host.run("protocol_service", {"protocol": "pop3", **options})
    assert ("failed" in result, result["changed"]) == (False, True)
    assert host.writes == [cmdlet] * writes
    assert states(host) == [ends, ends]


def test_2013_may_have_its_two_roles_on_different_hosts():
    client_access = Server("EX01", "EX01.contoso.test", EXCHANGE_2013, mailbox=False)
    mailbox = Server("EX02", "EX02.contoso.test", EXCHANGE_2013, client_access=False)
    assert service_names(POP3, client_access) == ("MSExchangePop3",)
    assert service_names(POP3, mailbox) == ("MSExchangePOP3BE",)
    assert service_names(POP3, Server("EX03", "EX03.contoso.test", EXCHANGE_2013)) == POP
    assert service_names(POP3, Server("EX04", "EX04.contoso.test", EXCHANGE_2016, client_access=False)) == POP


def test_another_computer_is_refused(host):
    host.shapes["Get-CimInstance"] = Put({"SystemName": "EX02"})
    message = host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"]
    assert "leads to the computer EX02, but the Exchange server meant is EX01" in message
    assert host.writes == []


def test_each_service_is_looked_at_for_its_computer(host):
    host.shapes["Get-CimInstance"] = Put({"SystemName": "EX02"}, of="MSExchangePOP3BE")
    assert "leads to the computer EX02" in host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"]
    assert host.writes == []


ALL = {"protocol": "pop3", "state": "restarted", "start_mode": "automatic"}
ALIKE = {
    "State": [str.upper, str.lower, lambda _: "4", lambda _: 4, lambda name: {"$text": name}],
    "StartMode": [str.lower, lambda _: "Automatic", lambda _: "AutomaticDelayedStart", lambda _: 2, lambda _: "2"],
}
UNREADABLE = [
    *(
        ("State", value)
        for value in ("Wird ausgeführt", "Unknown", 9, "", None, ABSENT, True, {"$type": "X"}, ["Running"])
    ),
    *(("StartMode", value) for value in ("Automatisch", 9, "", None, ABSENT, {"$type": "X"})),
    *(("ProcessId", value) for value in ("16 20", None, ABSENT, {"$type": "X"})),
]


@pytest.mark.parametrize(("member", "shape"), [(member, shape) for member, shapes in ALIKE.items() for shape in shapes])
def test_what_says_the_same_of_a_service_changes_nothing(host, member, shape):
    start(host, *POP)
    for name in POP:
        set_mode(host, name, "Automatic")
    host.shapes["Get-CimInstance"] = Put({member: shape({"State": "Running", "StartMode": "Auto"}[member])})
    result = host.run("protocol_service", {**ALL, "state": "started"})
    assert (result["changed"], result["unreadable"], host.writes) == (False, {}, [])


@pytest.mark.parametrize(("member", "value"), UNREADABLE)
def test_what_cannot_be_read_of_a_service_is_not_written_over(host, member, value):
    start(host, *POP)
    host.shapes["Get-CimInstance"] = Put({member: value}, of="MSExchangePOP3BE")
    option = {"State": "status", "StartMode": "start_mode", "ProcessId": "process_id"}[member]
    for _ in range(2):
        result = host.run("protocol_service", ALL)
        assert result["msg"].startswith(f"{option}: Win32_Service shows {member} in the service MSExchangePOP3BE as ")
        assert result["msg"].endswith(
            "which cannot be read, so it is neither compared nor written; please report that."
        )
        assert result["unreadable"].keys() == {option}
    assert host.writes == []


def test_what_the_task_does_not_need_is_told_and_in_nobody_s_way(host, warned):
    host.shapes["Get-CimInstance"] = Put({"StartMode": "Automatisch"}, of="MSExchangePop3")
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert (result["changed"], result["unreadable"]) == (True, {"start_mode": "text"})
    assert [service["start_mode"] for service in result["services"]] == [None, "manual"]
    assert warned == [
        "Not all of the service MSExchangePop3 can be read, and this is left out: start_mode was returned as text, "
        "'Automatisch'; please report that."
    ]


@pytest.mark.parametrize("value", [ABSENT, None, "", 3, {"$type": "X"}])
@pytest.mark.parametrize("state", ["started", "stopped", "restarted"])
def test_a_service_without_its_name_is_said_to_be_so(host, value, state):
    host.shapes["Get-CimInstance"] = Put({"Name": value}, of="MSExchangePop3")
    result = host.run("protocol_service", {"protocol": "pop3", "state": state})
    assert result["msg"].startswith("Win32_Service shows Name of a service as ")
    assert result["msg"].endswith(", which cannot be read; please report that.")
    assert result["unreadable"].keys() == {"Name"}
    assert host.writes == []


@pytest.mark.parametrize("value", ["MSExchangeImap4", "MSExchangePOP3BE"])
def test_a_service_that_was_not_asked_for_is_not_handled(host, value):
    host.shapes["Get-CimInstance"] = Put({"Name": value}, of="MSExchangePop3")
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"].startswith(
        "Win32_Service shows Name of a service as text that "
    )
    assert host.writes == []


@pytest.mark.parametrize("value", [ABSENT, None, 5, {"$type": "X"}])
def test_a_service_that_does_not_say_on_which_computer_it_is(host, value):
    host.shapes["Get-CimInstance"] = Put({"SystemName": value})
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started"})["changed"] is True
    nameless = Put({"Name": value}, of="EX01")
    host.shapes["Get-CimInstance"] = lambda output: nameless(Put({"SystemName": value})(output))
    result = host.run("protocol_service", {"protocol": "pop3", "state": "restarted"})
    assert result["msg"].startswith("Win32_ComputerSystem shows Name of this host as ")
    assert "Restart-Service" not in host.writes


def test_a_server_without_a_role_has_no_services(host_of):
    host = host_of("2013")
    host.shapes["Get-ExchangeServer"] = Put({"IsClientAccessServer": False, "IsMailboxServer": "False"})
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started"})["msg"] == (
        "EX01 (Exchange Server 2013, 15.0.1497.2) has neither the Client Access nor the Mailbox role, and therefore "
        "no POP3 services."
    )


def test_a_refused_start_has_changed_nothing(host):
    host.fault("service_refuses_start", service="MSExchangePop3")
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert (result["failed"], result["changed"], result["diff"]["after"]) == (True, False, {})


def test_what_was_done_before_the_refusal_is_told(host):
    host.fault("service_refuses_start", service="MSExchangePOP3BE")
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert result["msg"] == (
        f"Start-Service failed for MSExchangePOP3BE: {BACK_CANNOT_START} "
        "Now MSExchangePop3 is running, MSExchangePOP3BE is stopped."
    )
    assert (result["changed"], result["diff"]["after"]) == (True, {"MSExchangePop3": {"status": "running"}})


def test_a_start_mode_that_does_not_stick_has_changed_nothing(host):
    host.fault("write_does_not_stick", cmdlet="Set-Service")
    result = host.run("protocol_service", {"protocol": "pop3", "start_mode": "automatic"})
    assert result["msg"] == (
        "MSExchangePop3 was set to start_mode automatic, but EX01 has manual. "
        "MSExchangePOP3BE was set to start_mode automatic, but EX01 has manual."
    )
    assert (result["changed"], result["diff"]["after"]) == (False, {})


def test_an_error_after_the_start_is_told_with_what_runs(host):
    host.fault("fails_after_effect", cmdlet="Start-Service", message="It takes too long.")
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert result["msg"] == (
        "Start-Service failed for MSExchangePop3: It takes too long. "
        "Now MSExchangePop3 is running, MSExchangePOP3BE is stopped."
    )
    assert (result["changed"], host.writes) == (True, ["Start-Service"])
