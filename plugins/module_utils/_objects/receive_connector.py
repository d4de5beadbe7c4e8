# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of one receive connector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import (
    CertificateIdentifier,
    is_thumbprint,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import ConnectorName
from ansible_collections.mailops.exchange.plugins.module_utils._objects import certificate_rules, connector_rules
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import (
    Certificate,
    by_name,
    by_thumbprint,
    read_certificates,
    utc_now,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectors import (
    Connector,
    find_connector,
    lost,
    read_connectors,
    refused_changes,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS, refuse
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, Stored
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import Settings
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import Fact, warnings


class ReceiveConnector(Settings):
    """One receive connector of a server: the one named, or the one by which users send."""

    noun = "ReceiveConnector"
    settings = CONNECTOR_SETTINGS
    options = (*SERVER_OPTIONS, Option("name", ConnectorName()), *settings)

    @cached_property
    def connectors(self) -> Sequence[Connector]:
        """All of the server as they were at first."""
        return read_connectors(self.host, self.server)

    @cached_property
    def connector(self) -> Connector:
        """The one meant, as it was at first."""
        return find_connector(self.connectors, self.server, self.given.get("name"))

    @property
    def others(self) -> list[Connector]:
        return [other for other in self.connectors if other is not self.connector]

    @property
    def title(self) -> str:
        return f"receive connector {quoted(self.connector.name)} of {self.server.name}"

    @property
    def what(self) -> str:
        return f"the settings of the {self.title}"

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"Identity": f"{self.server.name}\\{self.connector.name}"}

    @cached_property
    def certificate(self) -> Certificate | None:
        """The certificate to be looked up by a thumbprint or a name."""
        reference = self.given.get("tls_certificate_name", "")
        if CertificateIdentifier.is_reference(reference):
            return look_up(self.host, self.server, reference)
        return None

    def find(self) -> Stored:
        if "connector" not in vars(self):
            return self.connector.stored
        return find_connector(read_connectors(self.host, self.server), self.server, self.connector.name).stored

    def conflicts(self, values: Mapping[str, Any]) -> Iterator[Fact]:
        return connector_rules.contradictions(values)

    def plan(self, before: Stored) -> Plan:
        if self.certificate:
            self.desired["tls_certificate_name"] = self.certificate.identifier
        return super().plan(before)

    def remarks(self, before: Stored, plan: Plan) -> Iterator[str]:
        values, name, certificate = {**before.values, **plan.changes}, self.connector.name, self.certificate
        if "auth_mechanism" in self.desired:
            yield from warnings(connector_rules.basic_without_tls(name, values))
        if "permission_groups" in self.desired and "Custom" in before.values.get("permission_groups", ()):
            yield (
                f"permission_groups: permissions of {quoted(name)} were edited in Active Directory, which Exchange "
                "shows as Custom; this module neither sets nor removes them."
            )
        if certificate and certificate.services is None:
            why, fix = certificate_rules.why_unknown(certificate, self.host.form)
            yield (
                f"tls_certificate_name: whether {certificate.thumbprint} is assigned to SMTP, without which the "
                f"connector does not use it, is not known: {why}; {fix}."
            )
        if certificate and (fqdn := str(values.get("fqdn", ""))):
            yield from warnings(connector_rules.fqdn_not_covered(name, fqdn, [certificate]))

    def refusals(self, before: Stored, plan: Plan) -> Iterable[str]:
        values = {**before.values, **plan.changes}
        yield from super().refusals(before, plan)
        yield from refused_changes(self.connector, self.others, self.server, values, plan.changes.keys())
        if "name" not in self.given:
            yield from lost(self.connector, self.others, self.server, values)

    def shown(self, now: Stored, moved: Plan) -> dict[str, Any]:
        return {"connector": self.connector.name, **super().shown(now, moved)}


def look_up(host: Host, server: Server, reference: str) -> Certificate:
    """The certificate meant by a thumbprint or a name, fit for SMTP, or a Failure."""
    option, now = "tls_certificate_name", utc_now()
    certificates = read_certificates(host, server)
    if is_thumbprint(reference):
        certificate = by_thumbprint(certificates, reference, server, option)
    else:
        certificate = by_name(certificates, reference, server, option, now)
    told = f"{option}: the certificate {certificate.thumbprint} on {server.name}"
    refuse(f"{told} {fault}; use another one." for fault in certificate.faults(now))
    if certificate.services is not None and "SMTP" not in certificate.services:
        refuse([f"{told} is not assigned to SMTP, so the connector would not use it; assign it first."])
    try:
        CertificateIdentifier().of(certificate.issuer, certificate.subject)
    except ValueError as fault:
        refuse([f"{told} {fault}, and a connector names its certificate by both; use another one."])
    return certificate
