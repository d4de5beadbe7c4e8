# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables with which the roles would change nothing on a server: its state, as a file of variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import WebAddress
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_rules import (
    CERTIFICATE_SERVICES_UNREADABLE,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol


def variables(info: Any) -> str:
    """The text of the file for what client_access_info returned; ValueError if it is no such result."""
    if not isinstance(info, Mapping) or not isinstance(info.get("server"), str):
        raise ValueError("give a result of client_access_info")
    return "".join(f"{line}\n" for line in _lines(info))


def _lines(info: Mapping[str, Any]) -> Iterator[str]:
    yield "---"
    server = f"{info['fqdn']}, {info['product']} ({info['version']})"
    yield _comment(f"{server}, as it was read. The roles change nothing with it.")
    for key, protocol in PROTOCOLS.items():
        if read := info.get(key):
            yield ""
            yield from _services(key, read["services"])
            refused = list(_refused(protocol, read["settings"]))
            yield from _settings(f"{key}_", {**read["settings"], **dict.fromkeys(refused)})
            if refused:
                yield _comment(f"Not in this file, because no task takes it as it is stored: {', '.join(refused)}")
            if read.get("unreadable"):
                yield _left_out("Not in this file", read["unreadable"])
            yield from _certificate(protocol, read["settings"], info)
            yield from _connector(key, info.get("connectors") or ())


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


def _refused(protocol: Protocol, settings: Mapping[str, Any]) -> Iterator[str]:
    """The options with addresses that Exchange may have stored, and tasks refuse."""
    for setting in protocol.settings:
        if isinstance(setting.kind, WebAddress):
            try:
                setting.kind.parse(settings.get(setting.option) or "")
            except ValueError:
                yield setting.option


def _certificate(protocol: Protocol, settings: Mapping[str, Any], info: Mapping[str, Any]) -> Iterator[str]:
    variable, name = f"{protocol.key}_certificate", (settings.get("x509_certificate_name") or "").lower()
    if info.get("certificates") is None:
        yield _comment(f"Not in this file, because the certificates were not read: {variable}")
        return
    usable = [one for one in info["certificates"] if one["days_left"] >= 0 and name in one["names"]]
    for certificate in usable:
        if protocol.service in (certificate["services"] or ()):
            yield f"{variable}: {_plain({'thumbprint': certificate['thumbprint']})}"
            return
    if any(certificate["services"] is None for certificate in usable):
        found = [one for one in info["findings"] if one["id"] == CERTIFICATE_SERVICES_UNREADABLE.id]
        why = " ".join(f"{one['seen']} {one['cure']}" for one in found)
        yield _comment(f"Not in this file, because it is not known which one is assigned: {variable}. {why}")


def _connector(key: str, connectors: Any) -> Iterator[str]:
    of_users = [connector for connector in connectors if connector["for_users"]]
    if len(of_users) != 1:
        return
    (connector,) = of_users
    settings = dict(connector["settings"])
    if settings.get("permission_groups") is not None:
        # Custom appears where permissions were edited, and cannot be set.
        settings["permission_groups"] = [group for group in settings["permission_groups"] if group != "Custom"]
    yield f"{key}_connector:"
    yield f"  name: {_plain(connector['name'])}"
    yield from _settings("  ", settings)
    if connector.get("unreadable"):
        yield _left_out("Of the connector not in this file", connector["unreadable"])


def _plain(value: Any) -> str:
    """A server's words are neither templates, which variables of a file are otherwise, nor lines of YAML."""
    text = json.dumps(value)
    return f"!unsafe {text}" if re.search(r"\{[{%#]", text) else text


def _left_out(what: str, options: Any) -> str:
    return _comment(f"{what}, because it could not be read: {', '.join(options)}")


def _comment(text: str) -> str:
    return f"# {re.sub(r'[^ -~]', '?', text)}"
