# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What users need to set up their mail programs, as far as a server tells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.findings import (
    Facts,
    connection_settings,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import binding_port
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectors import Connector
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CLIENT_SUBMISSION_PORT
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS

ENCRYPTIONS = {"SSL": "implicit_tls", "TLS": "starttls", "": "none"}
_TOLD_BY = {"enabled", "bindings", "auth_mechanism", "fqdn", "permission_groups"}


def client_settings(facts: Facts) -> dict[str, dict[str, list[dict[str, Any]] | None]]:
    """What a user needs to set up a mail program, inside and outside; None where it is not known."""
    read = {protocol.key: protocol.values for protocol in facts.protocols}
    smtp = None if facts.connectors is None else _submission(facts.server, facts.serving)
    told: dict[str, dict[str, list[dict[str, Any]] | None]] = {}
    for side in ("external", "internal"):
        option = f"{side}_connection_settings"
        told[side] = {
            key: _in_order([(s.host, s.port, ENCRYPTIONS[s.method]) for s in connection_settings(read[key], option)])
            if option in read.get(key, ())
            else None
            for key in PROTOCOLS
        }
        # Exchange keeps one name for sending, whether from inside or from outside.
        told[side]["smtp"] = smtp
    return told


def _submission(server: Server, connectors: Iterable[Connector]) -> list[dict[str, Any]] | None:
    entries = []
    serving = list(connectors)
    if any(one.unreadable.keys() & _TOLD_BY for one in serving):
        return None
    serving = [one for one in serving if one.is_enabled and one.takes_users]
    if len(serving) > 1:
        if any("advertise_client_settings" in one.unreadable for one in serving):
            return None
        # By it an administrator says which of them users are shown.
        serving = [one for one in serving if one.values.get("advertise_client_settings")] or serving
    for connector in serving:
        ports = {binding_port(binding) for binding in connector.values.get("bindings", ())} - {None}
        encryption = ENCRYPTIONS["TLS" if "Tls" in connector.values.get("auth_mechanism", ()) else ""]
        host = str(connector.values.get("fqdn") or server.fqdn)
        wanted = {CLIENT_SUBMISSION_PORT} & ports or ports
        entries += [(host, port, encryption) for port in wanted if port is not None]
    return _in_order(entries)


def _in_order(entries: Iterable[tuple[str, int, str]]) -> list[dict[str, Any]]:
    """The best first, which is what Outlook on the web shows: encrypted from the start, then by STARTTLS."""
    best = list(ENCRYPTIONS.values())
    ordered = sorted(set(entries), key=lambda entry: (best.index(entry[2]), entry))
    return [{"server": host, "port": port, "encryption": encryption} for host, port, encryption in ordered]
