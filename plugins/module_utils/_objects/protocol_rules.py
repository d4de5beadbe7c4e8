# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong with the settings of POP3 and IMAP4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import first_of
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import ConnectionSetting, binding_port
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import (
    ERROR,
    NOTICE,
    WARNING,
    Fact,
    Rule,
    by_settings,
    contradiction,
)

BINDINGS = SSL, OTHERS = "ssl_bindings", "unencrypted_or_tls_bindings"
CONNECTION_SETTINGS = EXTERNAL, INTERNAL = "external_connection_settings", "internal_connection_settings"

PLAIN_TEXT_LOGIN = Rule(
    "plain-text-login",
    (WARNING,),
    "login_type is PlainTextLogin.",
    "Clients may send passwords over unencrypted connections, where anybody on the network path can read them.",
    "Set login_type to SecureLogin{by}.",
    ("login_type",),
)

LOOPBACK_NOT_BOUND = Rule(
    "loopback-not-bound",
    (ERROR,),
    "{option} is {bindings}, without 127.0.0.1.",
    "Exchange's own health probe connects to 127.0.0.1. If it fails, Exchange takes {protocol_title} down.",
    "Set {option} to add: [127.0.0.1:{port}]{by}.",
    BINDINGS,
)

PORT_BOUND_TWICE = Rule(
    "port-bound-twice",
    (ERROR,),
    "ssl_bindings and unencrypted_or_tls_bindings: the port {port} is in both.",
    "A port either begins with encryption or does not; the service cannot serve both there.",
    "Assign each port to one of them, usually 995 and 110 for POP3, or 993 and 143 for IMAP4{by}.",
    BINDINGS,
)

CONNECTION_SETTING_NOT_BOUND = Rule(
    "connection-setting-not-bound",
    (ERROR,),
    "{option}: {setting!r} needs its port {port} in {bindings_option}, which are {bindings}.",
    "Nothing answers there in the way that clients expect.",
    "Add a binding for it there, such as 0.0.0.0:{port}, or change the setting{by}.",
    (*CONNECTION_SETTINGS, *BINDINGS),
)

NO_EXTERNAL_SETTINGS = Rule(
    "no-external-settings",
    (NOTICE,),
    "external_connection_settings is empty.",
    "Users cannot look up server, port, and encryption in Outlook on the web.",
    "List what external clients connect to in external_connection_settings{by}.",
    (EXTERNAL,),
)


def judged(values: Mapping[str, Any], server: Server, protocol: Protocol) -> Iterator[Fact]:
    """What is wrong with stored settings; what was not read is not judged."""
    yield from plain_text_login(values, protocol)
    yield from loopback_not_bound(values, server, protocol)
    yield from (fact for fact in contradictions(values, protocol) if fact.severity)
    if values.get(EXTERNAL) == ():
        yield NO_EXTERNAL_SETTINGS.fact(protocol=protocol, by=by_settings(protocol, EXTERNAL))


def contradictions(values: Mapping[str, Any], protocol: Protocol | None = None) -> Iterator[Fact]:
    """Values that contradict each other: those wanted, or those stored by a protocol."""
    yield from port_in_both_bindings(values, protocol)
    yield from setting_without_binding(values, protocol)
    if values.get("calendar_item_retrieval_option") == "Custom" and values.get("owa_server_url") == "":
        yield contradiction(
            ("calendar_item_retrieval_option", "owa_server_url"),
            "calendar_item_retrieval_option: 'Custom' needs owa_server_url, which is empty.",
            "Set it too.",
        )


def plain_text_login(values: Mapping[str, Any], protocol: Protocol | None = None) -> Iterator[Fact]:
    if values.get("login_type") == "PlainTextLogin":
        yield PLAIN_TEXT_LOGIN.fact(options=["login_type"], protocol=protocol, by=by_settings(protocol, "login_type"))


def loopback_not_bound(values: Mapping[str, Any], server: Server, protocol: Protocol) -> Iterator[Fact]:
    # Managed Availability, which probes the server from itself, came with Exchange 2013.
    if server.version < EXCHANGE_2013:
        return
    for option in BINDINGS:
        if (bindings := values.get(option)) and not any(map(_has_loopback, bindings)):
            yield LOOPBACK_NOT_BOUND.fact(
                protocol=protocol,
                option=option,
                bindings=first_of(bindings),
                port=binding_port(bindings[0]) or "port",
                by=by_settings(protocol, option),
            )


def _has_loopback(binding: str) -> bool:
    # 0.0.0.0 includes it. [::] does not: Exchange binds IPv4 and IPv6 apart.
    return binding.rpartition(":")[0] in ("0.0.0.0", "127.0.0.1")  # noqa: S104 - compared, not bound


def port_in_both_bindings(values: Mapping[str, Any], protocol: Protocol | None = None) -> Iterator[Fact]:
    ports = _ports(values)
    both = set.intersection(*ports.values()) if len(ports) == len(BINDINGS) else set()
    for port in sorted(both - {None}, key=str):
        yield PORT_BOUND_TWICE.fact(options=BINDINGS, protocol=protocol, port=port, by=by_settings(protocol, *BINDINGS))


def setting_without_binding(values: Mapping[str, Any], protocol: Protocol | None = None) -> Iterator[Fact]:
    ports = _ports(values)
    for option in CONNECTION_SETTINGS:
        for entry in values.get(option, ()):
            if (setting := ConnectionSetting.of(entry)) is None:
                continue
            needed = SSL if setting.method == "SSL" else OTHERS
            if needed in ports and setting.port not in ports[needed]:
                yield CONNECTION_SETTING_NOT_BOUND.fact(
                    options=(option, needed),
                    protocol=protocol,
                    option=option,
                    setting=entry,
                    port=setting.port,
                    bindings_option=needed,
                    bindings=first_of(values[needed]) or "none",
                    by=by_settings(protocol, needed, option),
                )


def _ports(values: Mapping[str, Any]) -> dict[str, set[int | None]]:
    return {option: {binding_port(one) for one in values[option]} for option in BINDINGS if option in values}
