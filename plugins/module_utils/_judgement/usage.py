# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who of those that use a protocol would be cut off by a change, as the protocol logs of several servers tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._objects.log_lines import mailbox_named, may_be

_SECURE = "SecureLogin"


def cut_off(usage: Mapping[str, Mapping[str, Any] | None], allowed: Iterable[str] | None = None) -> dict[str, Any]:
    """By change, who would no longer get in.

    `usage` is, by host, what protocol_log_info with `all_users` tells of the protocol; None where it was not read.
    `allowed` are the mailboxes that keep the protocol. Users count once, whatever domain stands before their names.
    """
    silent = [host for host, part in usage.items() if not part or not part["days"]]
    used: dict[str, str] = {}
    answers: dict[str, set[str]] = {}
    for part in filter(None, usage.values()):
        for user in part["users"] or ():
            if user["last_seen"] is None:
                continue
            key = mailbox_named(user["user"])
            used.setdefault(key, user["user"])
            answer = "no" if part["login_type"] == _SECURE else user["without_tls"]
            answers.setdefault(key, set()).update(filter(None, [answer]))
    certain = {key for key, told in answers.items() if "yes" in told}
    # Nobody of whom a front end tells nothing is known to use TLS.
    possible = {key for key, told in answers.items() if "unknown" in told or not told} - certain
    names = sorted(used)
    return {
        "disabling": [used[key] for key in names],
        "secure_login": {
            "certain": [used[key] for key in names if key in certain],
            "possible": [used[key] for key in names if key in possible],
        },
        "allow_list": None if allowed is None else _outside(used, names, list(allowed)),
        "silent": silent,
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
