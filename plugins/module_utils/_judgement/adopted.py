# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables with which the roles would change nothing: the state of a server, or of mailboxes, as a file of them.

What the roles do not take, and `restoring.py` needs to go back, is in variables of its own: `adopted_server` and
`adopted_mailboxes`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure, first_of
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_rules import (
    CERTIFICATE_SERVICES_UNREADABLE,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import parse

FORMAT = 1
"""Of the variables by which a file is taken back. A file of another one is not."""


def variables(info: Any) -> str:
    """The text of the file for what client_access_info or cas_mailbox_info returned; ValueError if it is neither."""
    if not isinstance(info, Mapping) or not isinstance(info.get("server"), str):
        raise ValueError("use a result of client_access_info or cas_mailbox_info")
    return "".join(f"{line}\n" for line in (_mailboxes(info) if "alike" in info else _lines(info)))


def _lines(info: Mapping[str, Any]) -> Iterator[str]:
    yield "---"
    server = f"{info['fqdn']}, {info['product']} ({info['version']})"
    yield _comment(f"{server}, as read. With this file, the roles change nothing.")
    yield "adopted_server:"
    yield f"  format: {FORMAT}"
    yield f"  fqdn: {_plain(info['fqdn'])}"
    yield f"  version: {_plain(info['version'])}"
    for key, protocol in PROTOCOLS.items():
        if read := info.get(key):
            services = [{part: one[part] for part in ("name", "status", "start_mode")} for one in read["services"]]
            yield f"  {key}: {_plain({'services': services, 'assigned': assigned(protocol, info)})}"
    for key, protocol in PROTOCOLS.items():
        if read := info.get(key):
            yield ""
            yield from _services(key, read["services"])
            refused = list(_refused(protocol.settings, read["settings"]))
            yield from _settings(f"{key}_", {**read["settings"], **dict.fromkeys(refused)})
            if refused:
                yield _comment(f"Not in this file because no task accepts the stored value: {', '.join(refused)}")
            if read.get("unreadable"):
                yield _left_out("Not in this file", read["unreadable"])
            yield from _certificate(protocol, read["settings"], info)
            yield from _connector(key, info.get("connectors"))


def assigned(protocol: Protocol, info: Mapping[str, Any]) -> list[str] | None:
    """The thumbprints of the certificates that are assigned to a protocol; None if that is not known of all."""
    certificates = info.get("certificates")
    if certificates is None or any(one["services"] is None for one in certificates):
        return None
    return sorted(one["thumbprint"] for one in certificates if protocol.service in one["services"])


def _services(key: str, services: list[Mapping[str, Any]]) -> Iterator[str]:
    modes = {service["start_mode"] for service in services}
    if {service["status"] for service in services} == {"running"} and modes in ({"automatic"}, {"manual"}):
        yield f"{key}_start_mode: {modes.pop()}"
        return
    told = (f"{service['name']} {service['status']}, start mode {service['start_mode']}" for service in services)
    yield _comment(f"Services: {'; '.join(told)}")
    yield f"{key}_manage_services: false"


def _settings(prefix: str, settings: Mapping[str, Any]) -> Iterator[str]:
    for option, value in sorted(settings.items()):
        if value is not None:
            yield f"{prefix}{option}: {_plain(value)}"


def _refused(rows: Iterable[Setting], settings: Mapping[str, Any]) -> Iterator[str]:
    """The options with values that Exchange may have stored, and tasks refuse."""
    for row in rows:
        if settings.get(row.option) is not None:
            try:
                parse([row], settings)
            except Failure:
                yield row.option


def _certificate(protocol: Protocol, settings: Mapping[str, Any], info: Mapping[str, Any]) -> Iterator[str]:
    variable, name = f"{protocol.key}_certificate", (settings.get("x509_certificate_name") or "").lower()
    if info.get("certificates") is None:
        yield _comment(f"Not in this file because the certificates were not read: {variable}")
        return
    usable = [one for one in info["certificates"] if one["days_left"] >= 0 and name in one["names"]]
    for certificate in usable:
        if protocol.service in (certificate["services"] or ()):
            yield f"{variable}: {_plain({'thumbprint': certificate['thumbprint']})}"
            return
    if any(certificate["services"] is None for certificate in usable):
        found = [one for one in info["findings"] if one["id"] == CERTIFICATE_SERVICES_UNREADABLE.id]
        why = " ".join(f"{one['found']} {one['fix']}" for one in found)
        yield _comment(f"Not in this file because it is not known which certificate is assigned: {variable}. {why}")


def _connector(key: str, connectors: Any) -> Iterator[str]:
    if connectors is None:
        yield _comment(f"Not in this file because the connectors were not read: {key}_connector")
        return
    of_users = [connector for connector in connectors if connector["for_users"]]
    if len(of_users) > 1:
        names = first_of([connector["name"] for connector in of_users])
        yield _comment(f"Not in this file because users send through several: {key}_connector ({names})")
    if len(of_users) != 1:
        return
    (connector,) = of_users
    settings = dict(connector["settings"])
    custom = "Custom" in (settings.get("permission_groups") or ())
    if custom:
        # It appears where permissions were edited, and cannot be set.
        settings["permission_groups"] = [group for group in settings["permission_groups"] if group != "Custom"]
    refused = list(_refused(CONNECTOR_SETTINGS, settings))
    yield f"{key}_connector:"
    yield f"  name: {_plain(connector['name'])}"
    yield from _settings("  ", {**settings, **dict.fromkeys(refused)})
    what = "Connector settings not in this file"
    if custom:
        yield _comment(f"{what} because it cannot be set: Custom in permission_groups")
    if refused:
        yield _comment(f"{what} because no task accepts the stored value: {', '.join(refused)}")
    if connector.get("unreadable"):
        yield _left_out(what, connector["unreadable"])


def _mailboxes(info: Mapping[str, Any]) -> Iterator[str]:
    alike = info["alike"]
    number = sum(len(group["mailboxes"]) for group in alike)
    yield "---"
    yield _comment(f"Client access to {number:,} mailboxes, as read from {info['server']}.")
    whole = info["all"] and not info["unreadable"]
    if whole:
        yield _comment(
            "With this file, the roles change nothing now, and later remove access from mailboxes that are not in it."
        )
    for label in info["unreadable"]:
        yield _comment(f"Not in this file because it could not be read: {label}")
    yield "adopted_mailboxes:"
    yield f"  format: {FORMAT}"
    yield "  alike:" if alike else "  alike: []"
    for group in alike:
        yield f"    - settings: {_plain(group['settings'])}"
        yield "      mailboxes:"
        for key, label in sorted(group["mailboxes"].items(), key=lambda item: (item[1], item[0])):
            yield f"        {_plain(key)}: {_plain(label)}"
    for protocol in PROTOCOLS.values():
        yield from _allow_list(protocol, alike, whole=whole)


def _allow_list(protocol: Protocol, alike: Iterable[Mapping[str, Any]], *, whole: bool) -> Iterator[str]:
    """In the role's terms who has access, and that nobody else has it if that is known."""
    option = f"{protocol.mailbox_prefix}_enabled"
    if any(group["settings"][option] for group in alike):
        of_all = "map(attribute='mailboxes') | map('list') | flatten"
        chosen = f"adopted_mailboxes.alike | selectattr('settings.{option}') | {of_all}"
        yield f"{protocol.key}_mailboxes:"
        if whole:
            yield "  exclusive: true"
        yield f'  identities: "{{{{ {chosen} }}}}"'
    elif whole:
        yield f"{protocol.key}_mailboxes:"
        yield "  enabled: false"
        yield f'  filter: "{protocol.mailbox_prefix.capitalize()}Enabled -eq $true"'


def _plain(value: Any) -> str:
    """A server's words are neither templates, which variables of a file are otherwise, nor lines of YAML."""
    # YAML does not put together the two halves by which JSON escapes what is beyond U+FFFF.
    text = re.sub(r"[^ -~]", lambda found: _escaped(ord(found[0])), json.dumps(value, ensure_ascii=False))
    return f"!unsafe {text}" if re.search(r"\{[{%#]", text) else text


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _left_out(what: str, options: Any) -> str:
    return _comment(f"{what} because it could not be read: {', '.join(options)}")


def _comment(text: str) -> str:
    return f"# {re.sub(r'[^ -~]', '?', text)}"
