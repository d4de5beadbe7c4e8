# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tells a mailbox from others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    harmless,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    TEXT,
    Unreadable,
    string_text,
    wire_text,
)

GET, SET, GET_USER = "Get-CASMailbox", "Set-CASMailbox", "Get-User"

# Of the names a mailbox has only these are read, because of tens of thousands each further one would cost megabytes.
NAMES = ("Guid", "PrimarySmtpAddress", "SamAccountName", "DistinguishedName")
GUID = re.compile(r"(?!0{8}-)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PLACE = re.compile(r"[A-Z]+=.+,DC=.+", re.IGNORECASE)

# What an account cannot have in its name is a sign that something else came.
ACCOUNT = re.compile(r'[^"/\\\[\]:;|=,+*?<>@]+')
Found = Mapping[str, Any]


def label_of(found: Found) -> str:
    # Names can occur twice in an organization, addresses cannot.
    return harmless(string_text(found.get("PrimarySmtpAddress")) or place_of(found) or guid_of(found))


def guid_of(found: Found) -> str:
    """The GUID; nothing where what came is none."""
    text = wire_text(found.get("Guid")).casefold()
    return text if GUID.fullmatch(text) else ""


def place_of(found: Found) -> str:
    """The distinguished name; nothing where what came is none."""
    text = wire_text(found.get("DistinguishedName"))
    return text if PLACE.fullmatch(text) else ""


def account_of(found: Found) -> str:
    """The name of the account without its domain; nothing where what came is none."""
    text = (string_text(found.get("SamAccountName")) or "").rpartition("\\")[2]
    return text.casefold() if ACCOUNT.fullmatch(text) else ""


def is_health(found: Found) -> bool | None:
    """Whether Exchange monitors itself with it; None if that cannot be told."""
    place, account = place_of(found).casefold(), account_of(found)
    is_health = ",cn=monitoring mailboxes," in place or account.startswith("healthmailbox")
    return is_health if place or account else None


def key_of(found: Found) -> str:
    """What tells a mailbox from all others, by which it is written as well."""
    if key := guid_of(found) or place_of(found):
        return key
    came = {name: found[name] for name in (*NAMES, TEXT) if name in found}
    raise Failure(
        f"{GET} shows neither a GUID nor a distinguished name of a mailbox, so it cannot be distinguished from others, "
        f"and nothing was written: it was returned as {str(came)[:300]}; please report that.",
        unreadable={name: Unreadable(found.get(name)).shape for name in ("Guid", "DistinguishedName")},
    )


def distinct(mailboxes: Iterable[Found]) -> Iterator[tuple[str, Found]]:
    """Each mailbox once, with what it is known by; a Failure where that is the same for two."""
    labels: dict[str, str] = {}
    for found in mailboxes:
        key, label = key_of(found).casefold(), label_of(found)
        known = labels.setdefault(key, label)
        if known != label:
            raise Failure(
                f"{GET} shows the same {'GUID' if guid_of(found) else 'distinguished name'} {key} for {known} and "
                f"{label}, so they cannot be distinguished, and nothing was written."
            )
        if known is label:
            yield key, found
