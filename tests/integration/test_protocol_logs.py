"""protocol_log_info over real sessions, by both transports: what a server counts is what Python's csv counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import logs
import pytest
from evidence import writes
from hostile import HOSTILE
from module_runner import run_module
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

WAYS: dict[str, dict[str, Any]] = {
    "psrp": {},
    "winrm": {"access": "local", "transport": "winrm"},
}
AT = "2026-01-05T00:00:01+00:00"
LINES = sorted([*logs.PUBLISHED, *logs.INFERRED, *logs.random_lines(1500)], key=lambda line: line[:10])


def put(organisation: SimulatorProcess, name: str, content: str, written: str = AT, protocol: str = "pop3") -> None:
    organisation.write_file("EX01", f"{logs.FOLDERS[protocol]}\\{name}", content, written)


@pytest.mark.parametrize("way", WAYS)
def test_the_server_counts_what_its_logs_say(
    way: str, organisation: SimulatorProcess, open_session: Callable[..., Session]
) -> None:
    half = len(LINES) // 2
    put(organisation, "POP32026010400-1.LOG", logs.file_of(LINES[:half]), "2026-01-04T12:00:00+00:00")
    # With the mark that an editor puts in front, and a line that is still being written.
    put(organisation, "POP32026010412-1.LOG", "\ufeff" + logs.file_of(LINES[half:], half=logs.HALF))
    put(organisation, "POP3BE2026010400-1.LOG", logs.file_of(logs.BACK_END))
    session = open_session("EX01", **WAYS[way])
    given = {"protocols": ["pop3"], "since": logs.DAY, "users": ["anna", "user00007"], "all_users": True}
    result = run_module("protocol_log_info", given, session.invoke)
    assert "failed" not in result, result
    assert "warnings" not in result, result["warnings"]
    told = result["pop3"]
    assert told["unreadable"] == {}
    assert told["until"] == "2026-01-05T00:00:00+00:00"

    counted: Counter[tuple[str, ...]] = Counter()
    for user in told["users"]:
        for day in user["days"]:
            if day["log"] == "front_end":
                for outcome, name in (("log_on", "log_ons"), ("failure", "failures"), ("unclear", "unclear")):
                    counted[day["day"], user["user"].casefold(), outcome] += day[name]
    wanted = logs.reckoned(LINES, "day", "user", "outcome", "command")
    named = {key[:3]: 0 for key in wanted if key[1] and "healthmailbox" not in key[1]}
    for key, count in wanted.items():
        if key[:3] in named:
            named[key[:3]] += count
    assert +counted == named

    user = next(one for one in told["users"] if one["user"] == "user00007")
    seen = Counter({(row["address"], row["day"]): row["log_ons"] for row in user["addresses"]})
    of_user = [line for line in LINES if (one := logs.told_by(line)) and one.user == "user00007"]
    log_ons = [line for line in of_user if (one := logs.told_by(line)) and one.outcome == "log_on"]
    assert +seen == logs.reckoned(log_ons, "client", "day")
    anna = {one["user"]: one for one in told["users"] if "anna" in one["user"].casefold()}
    assert {name: (one["log_ons"], one["without_tls"]) for name, one in anna.items()} == {
        "anna": (3, "yes"),
        "CONTOSO\\anna": (1, "no"),
    }
    assert [one["day"] for one in told["days"] if one["log"] == "back_end"] == [logs.DAY]
    assert "user00007" not in json.dumps(told["days"])

    # A log with other fields is left out, and there is no folder before the first log.
    fields = "#Fields: dateTime,sessionId,cIp,user\r\n"
    name = "IMAP42026010400-1.LOG"
    put(organisation, name, logs.file_of(logs.PUBLISHED, header=fields), protocol="imap4")
    told = run_module("protocol_log_info", {"protocols": ["imap4"], "since": logs.DAY}, session.invoke)["imap4"]
    assert (told["files"], told["days"], told["unreadable"]) == (1, [], {"front_end log": fields.strip()})
    location = {"Server": "EX01", "LogFileLocation": "C:\\Logs\\Imap4"}
    assert organisation.run("EX01", "Set-ImapSettings", location)["errors"] == []
    told = run_module("protocol_log_info", {"protocols": ["imap4"], "since": logs.DAY}, session.invoke)["imap4"]
    assert (told["files"], told["until"], told["days"]) == (0, None, [])


# What can stand as a user in a line of a log.
NAMES = [one for one in HOSTILE if one.strip() == one != "" and len(one) < 100 and one.isprintable()]


@pytest.mark.parametrize("way", WAYS)
def test_names_that_whoever_tries_to_log_on_chooses_are_only_text(
    way: str, organisation: SimulatorProcess, open_session: Callable[..., Session]
) -> None:
    begin = f"{logs.DAY}T10:00:00.000Z,01,1,10.0.0.1:995"
    users = ['"{}"'.format(name.replace('"', '""')) for name in NAMES]
    lines = [f"{begin},10.1.2.{number}:50000,{user},1,2,3,pass,*****,R=OK," for number, user in enumerate(users)]
    put(organisation, "POP32026010400-1.LOG", logs.file_of(lines))
    organisation.clear_log()
    given = {"protocols": ["pop3"], "since": logs.DAY, "top": len(NAMES)}
    result = run_module("protocol_log_info", given, open_session("EX01", **WAYS[way]).invoke)
    assert "failed" not in result, result
    told = {user["user"]: [one["address"] for one in user["addresses"]] for user in result["pop3"]["users"]}
    assert told == {name: [f"10.1.2.{number}"] for number, name in enumerate(NAMES)}
    assert {*writes(organisation)} <= {"Add-PSSnapin"}
