# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One look at a server: how POP3 and IMAP4 stand on it, and what is found wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.client_settings import client_settings
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.findings import (
    Facts,
    ProtocolFacts,
    find,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restarts import Judgement, restart_owed
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.served_certificates import (
    judge,
    served_thumbprint,
    tls_port,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Choices, Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import (
    Certificate,
    read_certificates,
    utc_now,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import INACTIVE, component_state
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectors import (
    Connector,
    client_connectors,
    read_connectors,
    refuse_unknown_bindings,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_settings import (
    ProtocolSettings,
    read_settings,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import (
    RUNNING,
    Service,
    Starts,
    insist_on_host,
    process_starts,
    read_services,
    service_names,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Group, Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS, Work
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Stored, shown
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import not_shown

PARTS = ("certificates", "connectors")
# Not looked at unless asked for: it is the only part for which the controller opens another connection.
SERVED = "served_certificates"
Part = TypeVar("Part")


class ClientAccessInfo(Work):
    """Reads everything that is asked for, and judges it."""

    options = (
        *SERVER_OPTIONS,
        Option("protocols", Choices(tuple(PROTOCOLS)), default=list(PROTOCOLS)),
        Option("gather", Choices((*PARTS, SERVED)), default=list(PARTS)),
        Option("tls_ports", Group(tuple(Option(key, Int(1, 65535)) for key in PROTOCOLS))),
        Option("expires_within_days", Int(0, 3650, "days")),
        # A year is longer than any replication takes.
        Option("restart_tolerance", Int(0, 31536000, "seconds"), default=900),
    )

    def __init__(self, host: Host, given: Mapping[str, Any]) -> None:
        super().__init__(host, given)
        self._unread: dict[str, Failure] = {}
        """By cmdlet, why its part could not be read."""

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """All services of the protocols asked for, by their names."""
        names = [name for key in self.given["protocols"] for name in service_names(PROTOCOLS[key], self.server)]
        return read_services(self.host, names) if names else {}

    @cached_property
    def starts(self) -> Starts:
        """When their processes started."""
        return process_starts(self.host, self.services.values())

    @cached_property
    def certificates(self) -> Sequence[Certificate] | None:
        return self._part("certificates", "Get-ExchangeCertificate", read_certificates)

    @cached_property
    def connectors(self) -> Sequence[Connector] | None:
        return self._part("connectors", "Get-ReceiveConnector", read_judged_connectors)

    def _part(self, part: str, cmdlet: str, reader: Callable[[Host, Server], Part]) -> Part | None:
        """A part of the server; None if it is not asked for or cannot be read."""
        if part not in self.given["gather"]:
            return None
        try:
            return reader(self.host, self.server)
        except Failure as failure:
            self._unread[cmdlet] = failure
            return None

    def result(self) -> dict[str, Any]:
        insist_on_host(self.host, self.server, self.services.values())
        described = {key: self._describe(PROTOCOLS[key]) for key in self.given["protocols"]}
        facts = Facts(
            server=self.server,
            protocols=[protocol for protocol, _result in described.values()],
            now=utc_now(),
            certificates=self.certificates,
            connectors=self.connectors,
            unread=self._unread,
            expires_within_days=self.given.get("expires_within_days"),
            form=self.host.form,
        )
        return {
            "server": self.server.name,
            "fqdn": self.server.fqdn,
            "product": self.server.version.product,
            "version": str(self.server.version),
            **{key: described[key][1] if key in described else None for key in PROTOCOLS},
            "certificates": None
            if facts.certificates is None
            else [one.shown(facts.now, facts.expires_within_days) for one in facts.certificates],
            "connectors": None if facts.connectors is None else self._connectors_shown(facts),
            "client_settings": client_settings(facts),
            "findings": [finding.shown() for finding in find(facts)],
        }

    def _connectors_shown(self, facts: Facts) -> list[dict[str, Any]] | None:
        if facts.connectors is None:
            return None
        of_users = [(one, True) for one in facts.serving]
        shown_ones = []
        for one, for_users in (*of_users, *((other, False) for other in facts.others)):
            what = f"the settings of the receive connector {quoted(one.name)} on {self.server.name}"
            self.host.warnings += not_shown(what, one.stored)
            settings = shown(CONNECTOR_SETTINGS, one.values)
            unreadable = one.stored.shapes
            shown_ones.append(
                {"name": one.name, "for_users": for_users, "settings": settings, "unreadable": unreadable}
            )
        return shown_ones

    def _describe(self, protocol: Protocol) -> tuple[ProtocolFacts, dict[str, Any]]:
        """One protocol as it is judged, and as it is returned."""
        own = [self.services[name] for name in service_names(protocol, self.server)]
        stored = read_settings(self.host, protocol, self.server)
        changed = {"settings_changed": stored.changed_came} if stored.changed_came else {}
        unshown = Stored({}, stored.unreadable | changed)
        self.host.warnings += not_shown(f"the {protocol.title} settings of {self.server.title}", unshown)
        for service in own:
            self.host.warnings += not_shown(f"the service {service.name}", Stored({}, service.unreadable))
        component = component_state(self.host, protocol, self.server)
        served = self._served(protocol, stored) if component.state != INACTIVE else None
        judgement = self._judge(protocol, own, stored, served)
        return ProtocolFacts(protocol.key, own, stored.values, component, judgement), {
            "services": [
                {
                    "name": s.name,
                    "status": s.status,
                    "start_mode": s.start_mode,
                    "started": self.starts.times.get(s.name),
                }
                for s in own
            ],
            "settings": shown(protocol.settings, stored.values),
            "unreadable": stored.shapes,
            "settings_changed": stored.changed_utc or None,
            "component": component.shown,
            "component_state": component.state,
            "component_reason": component.reason,
            "served_certificate": served,
            "restart_owed": judgement.answer,
            "restart_reason": judgement.reason,
            "restart_possible_until": judgement.possible_until,
            "running_since": judgement.started,
        }

    def _served(self, protocol: Protocol, stored: Stored) -> str | None:
        """The thumbprint of the certificate that clients are shown; None if that is not asked for, or not seen."""
        names = service_names(protocol, self.server)
        if SERVED not in self.given["gather"] or any(self.services[name].status != RUNNING for name in names):
            return None
        port = self.given.get("tls_ports", {}).get(protocol.key) or tls_port(stored.values.get("ssl_bindings", ()))
        return served_thumbprint(str(self.host.memory.get("host")), port) if port else None

    def _judge(
        self, protocol: Protocol, own: Sequence[Service], stored: ProtocolSettings, served: str | None
    ) -> Judgement:
        """Whether the services still work with older settings."""
        starts = self.starts
        times = [(service.has_process, starts.times.get(service.name)) for service in own]
        unread = [starts.unread[service.name] for service in own if service.name in starts.unread]
        judgement = restart_owed(stored.changed_utc, times, self.given["restart_tolerance"], unread)
        if name := stored.values.get("x509_certificate_name"):
            return judge(judgement, self.certificates or (), protocol.service, name, served, utc_now())
        return judgement


def read_judged_connectors(host: Host, server: Server) -> list[Connector]:
    """All connectors of the server, if it can be told which of them are for users."""
    connectors = read_connectors(host, server)
    if not client_connectors(connectors, server):
        refuse_unknown_bindings(connectors, server)
    return connectors
