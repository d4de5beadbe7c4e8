# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts as a user writes them, and as a URL and a sentence have them."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted, shortened

_IN_BRACKETS = re.compile(r"\[(.*:.*)\]")


def address_in(text: str) -> str | None:
    """The address that a text is, one of IPv6 without its brackets; None for a name, ValueError for a zone id."""
    bracketed = _IN_BRACKETS.fullmatch(text)
    bare = bracketed[1] if bracketed else text
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if zone := getattr(address, "scope_id", None):
        raise ValueError(
            f"{quoted(text)} has the zone id {shortened(zone)}, which names a network interface of a single machine; "
            "use an address without a zone, or a name"
        )
    return bare


def bracketed(host: str) -> str:
    """A host as it stands before a port: an address of IPv6 would not end before it otherwise."""
    return f"[{host}]" if ":" in host else host
