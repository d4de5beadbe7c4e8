# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong, or going to be, with the way clients reach an Exchange server: pure judgement on what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restarts import Judgement
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import ConnectionSetting
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import CertificateIdentifier
from ansible_collections.mailops.exchange.plugins.module_utils._objects import (
    certificate_rules,
    connector_rules,
    protocol_rules,
    server_rules,
    service_rules,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import Certificate
from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import Component
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectors import (
    Connector,
    client_connectors,
    default_name,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import Service
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import (
    ERROR,
    NOTICE,
    SEVERITIES,
    Fact,
    findings,
)

RULES = findings(server_rules, service_rules, protocol_rules, certificate_rules, connector_rules)


@dataclass(frozen=True)
class ProtocolFacts:
    """One protocol as it was read."""

    key: str
    services: Sequence[Service]
    values: Mapping[str, Any]
    component: Component
    restart: Judgement

    @property
    def protocol(self) -> Protocol:
        return PROTOCOLS[self.key]

    @property
    def external(self) -> list[ConnectionSetting]:
        return connection_settings(self.values, "external_connection_settings")


@dataclass(frozen=True)
class Facts:
    """Everything that was read of one server; None stands for what was not asked for or could not be read."""

    server: Server
    protocols: Sequence[ProtocolFacts]
    now: datetime
    certificates: Sequence[Certificate] | None = None
    connectors: Sequence[Connector] | None = None
    """All of the server."""
    unread: Mapping[str, Failure] = field(default_factory=dict)
    """By cmdlet, why its part could not be read."""
    expires_within_days: int | None = None
    """None for a third of a certificate's lifetime."""
    form: str = "full"
    """In which form the session gets Exchange's objects."""

    @property
    def usable(self) -> list[Certificate]:
        return [one for one in self.certificates or () if not any(one.faults(self.now))]

    @property
    def serving(self) -> list[Connector]:
        """The connectors by which users send."""
        return client_connectors(self.connectors or (), self.server)

    @property
    def others(self) -> list[Connector]:
        """The connectors that are on the port of users too, and for other clients."""
        return [one for one in self.connectors or () if one.is_bound_for_clients and one not in self.serving]


def find(facts: Facts) -> list[Fact]:
    """All findings, the gravest first."""
    found = [
        *server_rules.support(facts.server, facts.now),
        *server_rules.unreadable_parts(facts.server.name, facts.unread),
        *_dates_and_keys(facts),
        *certificate_rules.services_unreadable(facts.certificates or (), facts.now, facts.form),
        *_connectors(facts),
    ]
    for one in facts.protocols:
        found += service_rules.services(one.protocol, one.services)
        found += service_rules.restart(one.protocol, one.restart.answer, one.restart.reason)
        found += service_rules.component(one.protocol, one.component)
        found += protocol_rules.judged(one.values, facts.server, one.protocol)
        found += _certificates(facts, one)
    return sorted(found, key=lambda fact: SEVERITIES.index(str(fact.severity)))


def connection_settings(values: Mapping[str, Any], option: str) -> list[ConnectionSetting]:
    """Those that can be read."""
    return [setting for entry in values.get(option, ()) if (setting := ConnectionSetting.of(entry))]


def _certificates(facts: Facts, one: ProtocolFacts) -> Iterator[Fact]:
    if facts.certificates is not None:
        yield from certificate_rules.wildcard_assigned(facts.certificates, one.protocol)
        name = one.values.get("x509_certificate_name")
        if name is not None:
            yield from certificate_rules.found_by_name(name, one.protocol, facts.usable, one.external)


def _dates_and_keys(facts: Facts) -> Iterator[Fact]:
    """Of those certificates that clients meet."""
    wanted = {"SMTP", *(one.protocol.service for one in facts.protocols)}
    names = [one.values.get("x509_certificate_name", "") for one in facts.protocols]
    named = {connector_rules.identifier(connector) for connector in facts.serving} - {None}
    for one in facts.certificates or ():
        serves = (one.services or frozenset()) & wanted
        if serves or any(map(one.covers, names)) or CertificateIdentifier().key(one.identifier) in named:
            yield from certificate_rules.dates_and_keys(one, facts.now, facts.expires_within_days, serves, facts.usable)


def _connectors(facts: Facts) -> Iterator[Fact]:
    if facts.connectors is None:
        return
    if not facts.serving:
        yield connector_rules.missing(facts.server.name, default_name(facts.server))
    are_enabled = any(connector.is_enabled for connector in facts.serving)
    for connector in facts.serving:
        if not connector.is_enabled:
            yield connector_rules.disabled(connector, NOTICE if are_enabled else ERROR)
            continue
        yield from connector_rules.reachability(connector)
        yield from connector_rules.log_on(connector)
        if facts.certificates is not None:
            yield from connector_rules.certificate(connector, facts.server.fqdn, facts.usable)
    yield from (connector_rules.not_judged(connector) for connector in facts.others if connector.is_enabled)
    yield from connector_rules.role_conflicts(facts.connectors, facts.serving)
