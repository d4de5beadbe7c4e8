"""protocol_log_info: which files it has the server read, what it tells, and what it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import logs
import pytest
from in_process import ABSENT, InProcessHost, Put

from ansible_collections.mailops.exchange.plugins.module_utils._objects import protocol_logs

DAY, NEXT = logs.DAY, logs.NEXT_DAY
NOON = datetime(2026, 1, 4, 12, tzinfo=UTC)
LATE = datetime(2026, 1, 5, 0, 0, 1, tzinfo=UTC)
POP = logs.FOLDERS["pop3"]
PLAIN = "10.0.0.1:110"


def line(user: str = "anna", *, time: str = f"{DAY}T10:00:00.000Z", here: str = PLAIN, client: str = "10.1.1.1:50001",
         command: str = "pass", parameters: str = "*****", context: str = "R=OK") -> str:  # fmt: skip
    return f"{time},01,1,{here},{client},{user},1,2,3,{command},{parameters},{context},"


def starttls(client: str = "10.1.1.1:50000", here: str = PLAIN) -> str:
    return line("", here=here, client=client, command="stls", parameters="")


@pytest.fixture
def host() -> InProcessHost:
    host = InProcessHost(mailboxes=3)
    host.administer("Set-PopSettings", Server="EX01", ProtocolLogEnabled=True)
    return host


def put(host: InProcessHost, name: str, *lines: str, written: datetime = LATE, **content: str) -> None:
    host.server.write_file(f"{POP}\\{name}", logs.file_of(lines, **content), written)


def ask(host: InProcessHost, **options: Any) -> dict[str, Any]:
    result = host.run("protocol_log_info", {"protocols": ["pop3"], "since": DAY, **options})
    assert "failed" not in result, result
    assert (result["changed"], result["cmdlets"]) == (False, [])
    told: dict[str, Any] = result["pop3"]
    return told


def days_of(told: dict[str, Any]) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {(d["day"], d["log"]): (d["log_ons"], d["failures"], d["unclear"]) for d in told["days"]}


def test_counts_name_nobody(host: InProcessHost) -> None:
    put(host, "POP32026010400-1.LOG", *logs.PUBLISHED, *logs.INFERRED)
    result = host.run("protocol_log_info", {"since": DAY})
    told = result["pop3"]
    assert told["users"] is None
    assert days_of(told)[DAY, "front_end"] == (8, 4, 1)
    assert told["days"][0]["monitoring"] == 1
    assert told["days"][0]["without_name"] == 1
    shown = json.dumps(result).casefold()
    assert not any(name in shown for name in ("anna", "frank", "testuser", "10.1.1.", "192.168.9"))


def test_no_script_text_is_sent_and_nothing_is_grouped_by_the_clients_port(host: InProcessHost) -> None:
    put(host, "POP32026010400-1.LOG", line(), starttls(), written=LATE)
    ask(host, users=["anna"])
    sent = [request for request in host.calls if request.endpoint == "windows"]
    grouped = [parameters["Property"] for one in sent for name, parameters in one.stages if name == "Group-Object"]
    assert ["Pattern", "Value"] in grouped
    assert not any("cIp" in names for names in grouped)
    stages = [name.rpartition("\\")[2] for one in sent for name, _parameters in one.stages]
    assert set(stages) <= {
        "Get-CimInstance", "Get-ChildItem", "Get-Content", "Select-String", "Select-Object", "ConvertFrom-Csv",
        "Group-Object",
    }  # fmt: skip


def test_a_day_is_one_pipeline_for_each_log(host: InProcessHost) -> None:
    put(host, "POP32026010400-1.LOG", line(), written=NOON)
    put(host, "POP32026010500-1.LOG", line(time=f"{NEXT}T00:00:00.000Z"))
    put(host, "POP3BE2026010400-1.LOG", line(here="10.0.0.1:1995"))
    told = ask(host)
    assert days_of(told) == {
        (DAY, "front_end"): (1, 0, 0),
        (NEXT, "front_end"): (1, 0, 0),
        (DAY, "back_end"): (1, 0, 0),
    }
    assert len([r for r in host.calls if any(name == "ConvertFrom-Csv" for name, _ in r.stages)]) == 3


def paths_read(host: InProcessHost) -> list[list[str]]:
    """Which files each pipeline that counts was given."""
    counting = [r for r in host.calls if any(name == "ConvertFrom-Csv" for name, _ in r.stages)]
    return [[path.rpartition("\\")[2] for path in request.parameters["LiteralPath"]] for request in counting]


def test_only_files_that_may_have_lines_of_the_day_are_read(host: InProcessHost) -> None:
    for hour in (9, 10, 11):
        put(host, f"POP320260102{hour:02}-1.LOG", written=datetime(2026, 1, 2, hour, 59, tzinfo=UTC))
    # By the month, as these may be written too.
    put(host, "POP320260103-1.LOG", written=datetime(2026, 1, 4, 8, tzinfo=UTC))
    put(host, "POP320260104-2.LOG", line(), written=datetime(2026, 1, 4, 9, tzinfo=UTC))
    put(host, "POP320260105-1.LOG", written=datetime(2026, 1, 5, 2, tzinfo=UTC))
    put(host, "POP320260105-2.LOG", line(time=f"{NEXT}T02:30:00.000Z"), written=datetime(2026, 1, 5, 3, tzinfo=UTC))
    ask(host)
    assert paths_read(host) == [
        ["POP320260103-1.LOG", "POP320260104-2.LOG", "POP320260105-1.LOG"],
        ["POP320260105-1.LOG", "POP320260105-2.LOG"],
    ]


def test_many_large_files_are_read_in_parts(host: InProcessHost, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in range(1, 6):
        written = datetime(2026, 1, 4, hour, tzinfo=UTC)
        put(host, f"POP3202601040{hour}-1.LOG", line(), *[line()] * (hour == 2), written=written)
    small = len(logs.file_of([line()]))
    monkeypatch.setattr(protocol_logs, "_PART", 2 * small)
    told = ask(host, users=["anna"])
    assert days_of(told) == {(DAY, "front_end"): (6, 0, 0)}
    assert [row["log_ons"] for row in told["users"][0]["addresses"]] == [6]
    assert [[name[13] for name in names] for names in paths_read(host)] == [["1"], ["2"], ["3", "4"], ["5"]]


def test_windows_may_tell_late_that_the_newest_file_was_written(host: InProcessHost) -> None:
    put(
        host, "POP320260101-1.LOG", line(), line(time=f"{NEXT}T08:00:00.000Z"), written=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert days_of(ask(host)) == {(DAY, "front_end"): (1, 0, 0), (NEXT, "front_end"): (1, 0, 0)}


@pytest.mark.parametrize("content", ["", logs.HEADER, logs.HEADER + "\r\n"])
def test_a_file_that_was_begun_just_now_does_not_hide_the_others(host: InProcessHost, content: str) -> None:
    put(host, "POP32026010400-1.LOG", line(), written=NOON)
    host.server.write_file(f"{POP}\\POP32026010500-1.LOG", content, LATE)
    told = ask(host)
    assert days_of(told) == {(DAY, "front_end"): (1, 0, 0)}
    assert told["until"] == "2026-01-04T10:00:00+00:00"


def test_the_file_before_may_be_closed_after_the_newest_was_begun(host: InProcessHost) -> None:
    put(host, "POP320260102-1.LOG", line(time="2026-01-02T10:00:00.000Z"), written=datetime(2026, 1, 2, 12, tzinfo=UTC))
    put(host, "POP320260103-1.LOG", line(), line(time="2026-01-03T10:00:00.000Z"), written=LATE)
    put(host, "POP320260105-1.LOG", line(time=f"{NEXT}T09:00:00.000Z"), written=LATE.replace(second=0))
    told = ask(host, since="2026-01-03")
    assert days_of(told) == {(day, "front_end"): (1, 0, 0) for day in ("2026-01-03", DAY, NEXT)}
    assert told["until"] == f"{NEXT}T09:00:00+00:00"


def test_days_before_the_oldest_line_are_not_asked_for(host: InProcessHost) -> None:
    put(host, "POP32026010400-1.LOG", line(), written=NOON)
    put(host, "POP32026010412-1.LOG", line())
    told = ask(host, since="2016-01-05")
    assert days_of(told) == {(DAY, "front_end"): (2, 0, 0)}
    assert len(paths_read(host)) == 1


def test_a_clock_that_was_wrong_is_no_reason_to_ask_for_each_day_of_a_century(host: InProcessHost) -> None:
    put(host, "POP32026010400-1.LOG", line(), line(time="2099-01-05T00:00:00.000Z"))
    since = datetime.now(UTC).date().isoformat()
    told = ask(host, since=since)
    assert (told["until"], told["days"]) == ("2099-01-05T00:00:00+00:00", [])
    assert len(paths_read(host)) == 2


def test_a_mailbox_of_somebody_may_be_called_nearly_as_those_of_monitoring(host: InProcessHost) -> None:
    put(host, "POP32026010400-1.LOG", line("healthmailbox-team@contoso.com"), line("CONTOSO\\HealthMailboxc3d7722"))
    told = ask(host, all_users=True)
    assert [user["user"] for user in told["users"]] == ["healthmailbox-team@contoso.com"]
    assert told["days"][0]["monitoring"] == 1


def test_a_copy_beside_a_log_does_not_count(host: InProcessHost) -> None:
    for name in ("POP32026010400-1.LOG", "POP32026010400-1 - Copy.LOG", "POP32026010400-1.old.LOG"):
        put(host, name, line())
    told = ask(host)
    assert (told["files"], days_of(told)) == (1, {(DAY, "front_end"): (1, 0, 0)})


def test_a_last_line_that_is_still_being_written_does_not_count(host: InProcessHost) -> None:
    for half in ("", f"{DAY}T1", line()[:40], line()[:-8], f"{NEXT}T00:0"):
        put(host, "POP32026010400-1.LOG", line(), half=half)
        told = ask(host)
        assert days_of(told)[DAY, "front_end"][:2] == (1, 0), half
        assert told["until"] == "2026-01-04T10:00:00+00:00"


def test_a_file_that_is_removed_during_the_read_is_told(host: InProcessHost, warned: list[str]) -> None:
    put(host, "POP32026010400-1.LOG", line(), written=NOON)
    put(host, "POP32026010412-1.LOG", line())
    gone = host.server.disk(f"{POP}\\POP32026010400-1.LOG")
    assert gone
    host.afterwards["Get-Content"] = gone.unlink
    told = ask(host)
    assert days_of(told) == {(DAY, "front_end"): (1, 0, 0)}
    (warning,) = warned
    assert warning.startswith("Not every log file of POP3 of EX01 could be read, so the counts are too low: ")
    assert "POP32026010400-1.LOG" in warning
    assert warning.endswith(f"{told['unreadable']['log files']}.")


def test_the_file_that_is_begun_meanwhile_is_for_the_next_run(host: InProcessHost, warned: list[str]) -> None:
    put(host, "POP32026010400-1.LOG", line())
    host.afterwards["Get-ChildItem"] = lambda: put(host, "POP32026010500-1.LOG", line())
    assert days_of(ask(host)) == {(DAY, "front_end"): (1, 0, 0)}
    assert warned == []


def test_a_log_that_is_off_says_what_turns_it_on_and_what_it_costs() -> None:
    host = InProcessHost()
    told = ask(host)
    assert told["logged"] is False
    assert "protocol_log_enabled to true with mailops.exchange.pop_settings" in told["turn_on"]
    assert "MB a day" in told["turn_on"]
    assert (told["files"], told["bytes"], told["until"], told["days"]) == (0, 0, None, [])
    # What it wrote when it was on is still there.
    put(host, "POP32026010400-1.LOG", line())
    told = ask(host)
    assert days_of(told) == {(DAY, "front_end"): (1, 0, 0)}
    assert told["bytes"] > 0


def test_a_log_that_is_on(host: InProcessHost) -> None:
    told = ask(host)
    assert (told["logged"], told["turn_on"], told["location"]) == (True, None, POP)


def test_users_by_name_have_their_addresses(host: InProcessHost) -> None:
    put(
        host,
        "POP32026010400-1.LOG",
        line("anna", client="10.1.1.1:50001"),
        line("Anna", client="10.1.1.1:50002"),
        line("CONTOSO\\anna", client="[fe80::2%4]:50003", here="10.0.0.1:995"),
        line("anna@fabrikam.com", client="10.1.1.9:50004"),
        line("bob", client="10.1.1.9:50005"),
        line("anna", client="10.1.1.2:50006", context='"R=""-ERR no"""'),
    )
    put(host, "POP3BE2026010400-1.LOG", line("anna", here="10.0.0.1:1995", client="10.9.9.9:20001", command="auth"))
    users = ask(host, users=["anna@contoso.com", "nobody"])["users"]
    assert [user["user"] for user in users] == ["anna", "CONTOSO\\anna", "nobody"]
    rows = [(a["log"], a["address"], a["of_proxy"], a["log_ons"], a["failures"]) for u in users for a in u["addresses"]]
    assert rows == [
        ("front_end", "10.1.1.1", False, 2, 0),
        ("front_end", "10.1.1.2", False, 0, 1),
        ("back_end", "10.9.9.9", True, 1, 0),
        ("front_end", "fe80::2%4", False, 1, 0),
    ]
    # The back end has seen the same log-on once more.
    assert (users[0]["log_ons"], users[0]["failures"], users[0]["last_seen"]) == (2, 1, DAY)
    assert (users[2]["log_ons"], users[2]["last_seen"], users[2]["addresses"]) == (0, None, [])


@pytest.mark.parametrize("name", ["stra\u00dfe", "\u0130stanbul", "\u1e9e"])
def test_letters_whose_other_case_is_longer_have_addresses_too(host: InProcessHost, name: str) -> None:
    put(host, "POP32026010400-1.LOG", line(name))
    (user,) = ask(host, users=[name])["users"]
    assert [(row["address"], row["log_ons"]) for row in user["addresses"]] == [("10.1.1.1", 1)]


def test_who_is_in_the_back_ends_log_alone_counts_by_it(host: InProcessHost) -> None:
    put(host, "POP3BE2026010400-1.LOG", line("anna", here="10.0.0.1:1995", client="10.9.9.9:20001"))
    (user,) = ask(host, all_users=True)["users"]
    assert (user["log_ons"], user["without_tls"], user["days"][0]["tls"]) == (1, None, None)


def test_those_who_use_pop3_may_be_all_that_keep_it(host: InProcessHost) -> None:
    for number, name in enumerate(("CONTOSO\\reader", "user000001@contoso.test"), 50001):
        put(host, f"POP3202601040{number % 10}-1.LOG", line(name, client=f"10.1.1.1:{number}"))
    users = [user["user"] for user in ask(host, all_users=True)["users"] if user["last_seen"]]
    result = host.run("cas_mailbox", {"identities": users, "pop_enabled": True, "exclusive": True})
    assert "failed" not in result, result
    result = host.run("cas_mailbox_info")
    keep = [
        name for group in result["alike"] if group["settings"]["pop_enabled"] for name in group["mailboxes"].values()
    ]
    assert sorted(keep) == ["reader@contoso.test", "user000001@contoso.test"]


def test_the_busiest(host: InProcessHost) -> None:
    put(host, "POP32026010400-1.LOG", *[line("one")], *[line("two")] * 2, *[line("three", context="x")] * 3)
    told = ask(host, top=2)["users"]
    assert [(user["user"], len(user["addresses"])) for user in told] == [("two", 1), ("three", 1)]
    everybody = ask(host, all_users=True, top=1)["users"]
    assert {user["user"]: user["addresses"] is None for user in everybody} == {"two": True, "one": True, "three": False}


@pytest.mark.parametrize(
    ("lines", "without_tls", "tls"),
    [
        ([line(here="10.0.0.1:995")], "no", {"yes": 1, "no": 0, "unknown": 0}),
        # Nobody knows whether STARTTLS is in these logs at all.
        ([line()], "unknown", {"yes": 0, "no": 0, "unknown": 1}),
        ([line(), starttls("10.1.1.1:1")], "unknown", {"yes": 0, "no": 0, "unknown": 1}),
        ([line(), starttls("10.1.1.11:1")], "yes", {"yes": 0, "no": 0, "unknown": 1}),
        ([line(), starttls(here="10.0.0.1:2110")], "yes", {"yes": 0, "no": 1, "unknown": 0}),
        ([line(here="10.0.0.1:995"), line(), starttls("10.1.1.1:1")], "unknown", {"yes": 1, "no": 0, "unknown": 1}),
    ],
)
def test_tls_where_it_can_be_told(host: InProcessHost, lines: list[str], without_tls: str, tls: dict[str, int]) -> None:
    put(host, "POP32026010400-1.LOG", *lines)
    told = ask(host, users=["anna"])
    assert told["users"][0]["without_tls"] == without_tls
    assert told["days"][0]["tls"] == tls


def test_fields_that_are_not_known_are_not_read(host: InProcessHost) -> None:
    fields = "#Fields: dateTime,sessionId,user\r\n"
    put(host, "POP32026010400-1.LOG", line(), written=NOON)
    put(host, "POP32026010412-1.LOG", line(), header=fields)
    put(host, "POP3BE2026010400-1.LOG", line(here="10.0.0.1:1995"))
    told = ask(host)
    assert told["unreadable"] == {"front_end log": fields.strip()}
    assert days_of(told) == {(DAY, "back_end"): (1, 0, 0)}


@pytest.mark.parametrize("came", [ABSENT, {"$text": "System.Object"}, "%ExchangeInstallPath%Logging"])
def test_a_location_that_cannot_be_read_is_not_looked_at(host: InProcessHost, came: Any) -> None:
    host.shapes["Get-PopSettings"] = Put({"LogFileLocation": came})
    told = ask(host)
    assert (told["location"], told["days"]) == (None, [])
    assert ("log_file_location" in told["unreadable"]) is (came is not ABSENT)
    assert host.asked("Get-ChildItem") == []


def test_bindings_that_cannot_be_read_leave_tls_open(host: InProcessHost) -> None:
    host.shapes["Get-PopSettings"] = Put({"SSLBindings": {"$text": "System.Object"}})
    put(host, "POP32026010400-1.LOG", line(here="10.0.0.1:995"), starttls(here="10.0.0.1:2110"))
    told = ask(host, all_users=True)
    assert told["users"][0]["without_tls"] == "unknown"
    assert "ssl_bindings" in told["unreadable"]


def test_a_powershell_that_is_too_old_is_told() -> None:
    host = InProcessHost("2010")
    put_at = r"C:\Program Files\Microsoft\Exchange Server\V14\Logging\Pop3\POP320260104-1.LOG"
    host.server.write_file(put_at, logs.file_of([line()]), LATE)
    result = host.run("protocol_log_info", {"since": DAY, "protocols": ["pop3"]})
    assert result["failed"]
    assert "it must be version 3 or newer" in result["msg"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"since": "yesterday"},
            "since: 'yesterday' is neither a day nor a number of days; write a day such as 2026-11-20",
        ),
        ({"since": "0"}, "since: '0' days are out of range; use 1 to 366, or a day"),
        ({"since": "2026-13-01"}, "since: '2026-13-01' is neither a day nor a number of days"),
        ({"since": "2999-01-01"}, "since: '2999-01-01' is in the future; use the first day to read"),
        ({"users": ["a*"]}, "users: 'a*' is a pattern; name single users, or set all_users"),
        ({"users": [" "]}, "users: an entry is empty; name a user"),
        ({"top": 1001}, "top: 1001 is out of range; use 0 to 1000"),
    ],
)
def test_options_are_refused(host: InProcessHost, options: dict[str, Any], problem: str) -> None:
    result = host.run("protocol_log_info", options)
    assert problem in result["msg"]
    assert host.calls == []


def test_the_day_may_have_begun_already_where_the_controller_is(host: InProcessHost) -> None:
    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    assert host.run("protocol_log_info", {"since": tomorrow})["pop3"]["days"] == []


def test_days_are_counted_back_from_today(host: InProcessHost) -> None:
    result = host.run("protocol_log_info", {"since": "1"})
    assert result["since"] == datetime.now(UTC).date().isoformat()
