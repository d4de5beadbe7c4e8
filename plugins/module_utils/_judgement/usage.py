# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who of those that use a protocol would be cut off by a change, as the protocol logs of several servers tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.log_days import Since
from ansible_collections.mailops.exchange.plugins.module_utils._objects.log_lines import (
    domain_named,
    mailbox_named,
    may_be,
)
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
    days = sorted({one["day"] for one in told["days"]})
    return {
        **{name: told[name] for name in ("logged", "turn_on", "login_type", "unreadable")},
        "since": since,
        "read_on": today.isoformat(),
        "first_day": days[0] if days else None,
        "last_day": days[-1] if days else None,
        "silent_days": _between(days),
        "until": told["until"],
        "unclear_users": sum(1 for user in told["users"] if user["unclear"] and not user["last_seen"]),
        "nameless_log_ons": _log_ons(told["days"]) - _log_ons(day for user in told["users"] for day in user["days"]),
        "users": [
            {name: user[name] for name in ("user", "last_seen", "without_tls")}
            for user in told["users"]
            if user["last_seen"]
        ],
    }


def _between(days: Sequence[str]) -> list[str]:
    """The days that are missing between the first and the last."""
    if not days:
        return []
    first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
    every = ((first + timedelta(days=number)).isoformat() for number in range((last - first).days))
    return [day for day in every if day not in days]


def _log_ons(days: Iterable[Mapping[str, Any]]) -> int:
    return sum(day["log_ons"] for day in days)


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
        yield f"No sign-ins are logged since {since}. If logging was turned on meanwhile, restart the services."
    else:
        if first_day > since:
            yield f"No sign-ins are logged from {since} until {first_day}."
        # A report of version 1.0 may be without these.
        if silent := part.get("silent_days"):
            more = "" if len(silent) == 1 else f" and {len(silent) - 1} more days until {last_day}"
            yield f"The log of {silent[0]}{more} has no sign-ins."
        # A day without even the log-ons by which Exchange monitors itself is more likely one that was not logged.
        if date.fromisoformat(part["read_on"]) - date.fromisoformat(last_day) > timedelta(days=1):
            yield f"No sign-ins are logged after {last_day}."
    if part.get("unclear_users"):
        yield "For some users, the logs do not show whether they were authenticated."
    if part.get("nameless_log_ons"):
        yield "Some sign-ins have no user in the logs."


def cut_off(parts: Iterable[Mapping[str, Any]], allowed: Iterable[str] | None = None) -> dict[str, Any]:
    """By change, who would no longer get in.

    `parts` are what the logs of servers tell of a protocol, and `allowed` the mailboxes that keep it. Users count once,
    whether or not their domain stands before their names, unless a name is of several domains.
    """
    seen = [(part["login_type"], user["user"], user["without_tls"]) for part in parts for user in part["users"]]
    domains: dict[str, set[str]] = {}
    for _login, user, _answer in seen:
        domains.setdefault(mailbox_named(user), set()).update(filter(None, [domain_named(user)]))
    used: dict[str, str] = {}
    answers: dict[str, set[str]] = {}
    for login, user, without_tls in seen:
        key = mailbox_named(user)
        if len(domains[key]) > 1:
            key = user.strip().casefold()
        used.setdefault(key, user)
        answer = NO if login == _SECURE else without_tls
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
        if not any(may_be(mailbox, used[key]) for mailbox in by_name.get(mailbox_named(key).partition("@")[0], ()))
    ]
