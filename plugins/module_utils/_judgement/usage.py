# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who of those that use a protocol would be cut off by a change, as the protocol logs of several servers tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.log_days import Since
from ansible_collections.mailops.exchange.plugins.module_utils._objects.log_lines import mailbox_named, may_be
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_log_info import NO, UNKNOWN, YES
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS

_SECURE = "SecureLogin"
NOT_READ = "Its logs were not read."


def check_since(given: str | None, name: str) -> None:
    """ValueError, with the name of the variable, for what protocol_log_info does not take as `since`."""
    try:
        if given is not None:
            Since().parse(given)
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None


def of_server(logs: Mapping[str, Any], today: date) -> dict[str, Any]:
    """By protocol, what a report has of what protocol_log_info with `all_users` returned today, in UTC.

    It has those who logged on; whoever only tried to uses nothing.
    """
    return {key: _part(logs[key], logs["since"], today) for key in PROTOCOLS if logs[key]}


def _part(told: Mapping[str, Any], since: str, today: date) -> dict[str, Any]:
    days = [one["day"] for one in told["days"]]
    return {
        **{name: told[name] for name in ("logged", "turn_on", "login_type", "unreadable")},
        "since": since,
        "read_on": today.isoformat(),
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
        "until": told["until"],
        "users": [
            {name: user[name] for name in ("user", "last_seen", "without_tls")}
            for user in told["users"]
            if user["last_seen"]
        ],
    }


def part_of(usage: Mapping[str, Any] | None, protocol: str) -> Mapping[str, Any] | None:
    """What a report has of one protocol of a server; None if its logs were not read."""
    parts: Mapping[str, Mapping[str, Any]] = (usage or {}).get("protocols") or {}
    return parts.get(protocol)


def unread(usage: Mapping[str, Any] | None, protocol: str) -> list[str]:
    """What of the logs of a server could not be read, in sentences."""
    part = part_of(usage, protocol)
    if part is None:
        return [(usage or {}).get("failure") or NOT_READ]
    return [f"{PROTOCOLS[protocol].title} {what} cannot be read: {came}." for what, came in part["unreadable"].items()]


def gaps(usage: Mapping[str, Any] | None, protocol: str) -> Iterator[str]:
    """Why the logs of a server may not tell of everybody, in sentences."""
    yield from unread(usage, protocol)
    part = part_of(usage, protocol)
    if part is None:
        return
    since, first_day, last_day = (part[name] for name in ("since", "first_day", "last_day"))
    if part["turn_on"]:
        yield part["turn_on"]
    elif first_day is None:
        yield f"Nothing of log-ons is logged since {since}. If the log was turned on meanwhile, restart the services."
    else:
        if first_day > since:
            yield f"Nothing of log-ons is logged from {since} until {first_day}."
        # A day without even the log-ons by which Exchange monitors itself is more likely one that was not logged.
        if date.fromisoformat(part["read_on"]) - date.fromisoformat(last_day) > timedelta(days=1):
            yield f"Nothing of log-ons is logged after {last_day}."


def cut_off(parts: Iterable[Mapping[str, Any]], allowed: Iterable[str] | None = None) -> dict[str, Any]:
    """By change, who would no longer get in.

    `parts` are what the logs of servers tell of a protocol, and `allowed` the mailboxes that keep it. Users count once,
    whatever domain stands before their names.
    """
    used: dict[str, str] = {}
    answers: dict[str, set[str]] = {}
    for part in parts:
        for user in part["users"]:
            key = mailbox_named(user["user"])
            used.setdefault(key, user["user"])
            answer = NO if part["login_type"] == _SECURE else user["without_tls"]
            answers.setdefault(key, set()).update(filter(None, [answer]))
    certain = {key for key, told in answers.items() if YES in told}
    # Nobody of whom a front end tells nothing is known to use TLS.
    possible = {key for key, told in answers.items() if UNKNOWN in told or not told} - certain
    names = sorted(used)
    return {
        "disabling": [used[key] for key in names],
        "secure_login": {
            "certain": [used[key] for key in names if key in certain],
            "possible": [used[key] for key in names if key in possible],
        },
        "allow_list": None if allowed is None else _outside(used, names, list(allowed)),
    }


def _outside(used: Mapping[str, str], names: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """The users that none of these mailboxes may be of."""
    by_name: dict[str, list[str]] = {}
    for mailbox in allowed:
        by_name.setdefault(mailbox_named(mailbox).partition("@")[0], []).append(mailbox)
    return [
        used[key]
        for key in names
        if not any(may_be(mailbox, key) for mailbox in by_name.get(key.partition("@")[0], ()))
    ]
