# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong, or going to be, with the way clients reach an Exchange server: pure judgement on what was read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restarts import Judgement
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import ConnectionSetting, binding_port
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import CertificateIdentifier
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import (
    Certificate,
    found_by,
    in_order,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import INACTIVE, UNKNOWN, Component
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectors import (
    Connector,
    client_connectors,
    default_name,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import MISSING, RUNNING, Service
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CLIENT_SUBMISSION_PORT
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS

SEVERITIES = ERROR, WARNING, NOTICE = "error", "warning", "notice"


# The last days of Microsoft's support, by product; Exchange 2007 has no remote PowerShell and is never met here.
END_OF_SUPPORT = {
    "Exchange Server 2010": datetime(2020, 10, 13, tzinfo=UTC),
    "Exchange Server 2013": datetime(2023, 4, 11, tzinfo=UTC),
    "Exchange Server 2016": datetime(2025, 10, 14, tzinfo=UTC),
    "Exchange Server 2019": datetime(2025, 10, 14, tzinfo=UTC),
}


AUTH_CERTIFICATE = "CN=Microsoft Exchange Server Auth Certificate"


ENCRYPTIONS = {"SSL": "implicit_tls", "TLS": "starttls", "": "none"}


BINDINGS = ("ssl_bindings", "unencrypted_or_tls_bindings")


_CONNECTOR_MODULE = "mailops.exchange.receive_connector"


_CERTIFICATE_MODULE = "mailops.exchange.exchange_certificate"


@dataclass(frozen=True)
class Finding:
    """One thing that an administrator should know."""

    id: str
    severity: str
    seen: str
    why: str
    cure: str
    protocol: str | None = None
    """`pop3`, `imap4` or `smtp`; None for what concerns all."""

    def shown(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ProtocolFacts:
    """One protocol as it was read."""

    key: str
    services: Sequence[Service]
    values: Mapping[str, Any]
    component: Component
    restart: Judgement

    @property
    def title(self) -> str:
        return PROTOCOLS[self.key].title

    @property
    def external(self) -> list[ConnectionSetting]:
        return _told(self.values, "external_connection_settings")


@dataclass(frozen=True)
class Facts:
    """Everything that was read of one server; None stands for what was not asked for or could not be read."""

    server: Server
    protocols: Sequence[ProtocolFacts]
    now: datetime
    certificates: Sequence[Certificate] | None = None
    connectors: Sequence[Connector] | None = None
    """All of the server."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """By cmdlet, why its part could not be read."""
    expires_within_days: int = 30

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


def find(facts: Facts) -> list[Finding]:
    """All findings, the gravest first."""
    found = [*_server(facts), *_validity(facts), *_unknown_services(facts), *_connectors(facts)]
    for protocol in facts.protocols:
        found += [*_services(protocol), *_settings(facts, protocol), *_certificate(facts, protocol)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _server(facts: Facts) -> Iterator[Finding]:
    end = END_OF_SUPPORT.get(facts.server.version.product)
    if end and facts.now.date() > end.date():
        yield Finding(
            "exchange-unsupported",
            WARNING,
            f"{facts.server.title}.",
            f"Microsoft has supported {facts.server.version.product} until {end:%Y-%m-%d}; security holes found since "
            "then stay open.",
            "Move to Exchange Server SE.",
        )
    for cmdlet, reason in facts.unread.items():
        yield Finding(
            "part-unreadable",
            WARNING,
            reason,
            f"What {cmdlet} would show is not judged, and traps in it stay unseen.",
            f"Grant the user a management role with {cmdlet} (View-Only Organization Management has it), or leave the "
            "part out of gather.",
        )


def _services(protocol: ProtocolFacts) -> Iterator[Finding]:
    # Exchange is installed with both protocols off, and off they may stay: only what is half on is wrong.
    wanted = any((s.status and s.has_process) or s.start_mode == "automatic" for s in protocol.services)
    key, title = protocol.key, protocol.title
    module = "mailops.exchange.protocol_service"
    for service in protocol.services:
        if service.status == MISSING:
            yield Finding(
                "service-missing",
                ERROR,
                f"The host has no service {service.name}.",
                f"{title} cannot work without it.",
                "Repair the installation of Exchange.",
                key,
            )
            continue
        if service.status not in (RUNNING, ""):
            yield Finding(
                "service-not-running",
                ERROR if wanted else NOTICE,
                f"The service {service.name} is {service.status}.",
                f"{title} needs all of its services: clients talk to the front end, which hands them on.",
                f"Set state to started with {module}, for {title}.",
                key,
            )
        if service.start_mode == "disabled":
            yield Finding(
                "service-disabled",
                ERROR if wanted else NOTICE,
                f"The service {service.name} is disabled.",
                "It cannot be started, not even by hand.",
                f"Set start_mode to automatic with {module}, for {title}; in the role it is {key}_start_mode.",
                key,
            )
        elif service.start_mode not in ("automatic", None):
            yield Finding(
                "service-not-automatic",
                WARNING if wanted else NOTICE,
                f"The start mode of the service {service.name} is {service.start_mode}.",
                f"After the next restart of Windows {title} is off.",
                f"Set start_mode to automatic with {module}, for {title}; in the role it is {key}_start_mode.",
                key,
            )
    if protocol.restart.answer != "no":
        yield Finding(
            "restart-owed",
            WARNING if protocol.restart.answer == "yes" else NOTICE,
            protocol.restart.reason,
            "Services read their settings when they start; until then clients meet the old ones.",
            f"Set state to restarted with {module}, for {title}.",
            key,
        )
    component = protocol.component
    if component.state == INACTIVE:
        yield Finding(
            "component-inactive",
            ERROR,
            str(component.reason),
            f"Exchange turns clients away and stops the front-end service of {title}; the server may be in "
            "maintenance.",
            "When that is over, make it Active with Set-ServerComponentState, as the requester that took it down, and "
            "start the service.",
            key,
        )
    if component.state == UNKNOWN:
        yield Finding(
            "component-unknown",
            WARNING,
            f"It is not known whether the server component {component.name} is Active. {component.reason}",
            "While it is not, as in maintenance, Exchange turns clients away and stops the front-end service of "
            f"{title}. The role does not begin without knowing.",
            "See to it that Get-ServerComponentState answers this user; View-Only Organization Management grants it. "
            f"With {key}_ignore_unknown_component the role goes on all the same.",
            key,
        )


def _settings(facts: Facts, protocol: ProtocolFacts) -> Iterator[Finding]:
    key, title, values = protocol.key, protocol.title, protocol.values
    if values.get("login_type") == "PlainTextLogin":
        yield Finding(
            "plain-text-login",
            WARNING,
            "login_type is PlainTextLogin.",
            "Clients may send passwords over unencrypted lines, where anybody on the way can read them.",
            _set(key, "login_type", "SecureLogin"),
            key,
        )
    bindings = {option: values[option] for option in BINDINGS if option in values}
    for option, listed in bindings.items():
        # Managed Availability, which probes the server from itself, came with Exchange 2013.
        if facts.server.version >= EXCHANGE_2013 and listed and not any(map(_has_loopback, listed)):
            yield Finding(
                "loopback-not-bound",
                ERROR,
                f"{option} is {', '.join(listed)}, without 127.0.0.1.",
                f"Exchange's own health probe connects to 127.0.0.1. If it fails, Exchange takes {title} down.",
                _set(key, option, f"add: [127.0.0.1:{binding_port(listed[0]) or 'port'}]"),
                key,
            )
    ports = {option: {binding_port(binding) for binding in listed} for option, listed in bindings.items()}
    if len(ports) == len(BINDINGS):
        for port in sorted(set.intersection(*ports.values()) - {None}, key=str):
            yield Finding(
                "port-bound-twice",
                ERROR,
                f"The port {port} is in ssl_bindings and in unencrypted_or_tls_bindings.",
                "A port either begins with encryption or does not; the service cannot serve both there.",
                _set(key, "ssl_bindings", f"the ports that begin with encryption, without {port}") + " Or the other.",
                key,
            )
    for option in ("external_connection_settings", "internal_connection_settings"):
        for setting in _told(values, option):
            needed = BINDINGS[0] if setting.method == "SSL" else BINDINGS[1]
            if needed in ports and setting.port not in ports[needed]:
                yield Finding(
                    "connection-setting-not-bound",
                    ERROR,
                    f"{option} tells clients to use {setting.host}:{setting.port}, encryption "
                    f"{ENCRYPTIONS[setting.method]}, and {needed} has no port {setting.port}.",
                    "Nothing answers there in the way that clients are told.",
                    _set(key, needed, f"add: ['0.0.0.0:{setting.port}']") + f" Or correct {option}.",
                    key,
                )
    if values.get("external_connection_settings") == ():
        yield Finding(
            "no-external-settings",
            NOTICE,
            "external_connection_settings is empty.",
            "Users cannot look up server, port and encryption in Outlook on the web.",
            _set(key, "external_connection_settings", "what clients from outside connect to"),
            key,
        )


def _has_loopback(binding: str) -> bool:
    # 0.0.0.0 includes it. [::] does not: Exchange binds IPv4 and IPv6 apart.
    return binding.rpartition(":")[0] in ("0.0.0.0", "127.0.0.1")  # noqa: S104 - compared, not bound


def _told(values: Mapping[str, Any], option: str) -> list[ConnectionSetting]:
    return [setting for entry in values.get(option, ()) if (setting := ConnectionSetting.of(entry))]


def _set(key: str, option: str, value: str) -> str:
    return f"Set {option} to {value} with mailops.exchange.{PROTOCOLS[key].module}; in the role it is {key}_{option}."


def _certificate(facts: Facts, protocol: ProtocolFacts) -> Iterator[Finding]:
    if facts.certificates is None:
        return
    key, title, service = protocol.key, protocol.title, PROTOCOLS[protocol.key].service
    for certificate in facts.certificates:
        if certificate.is_wildcard and service in (certificate.services or ()):
            yield Finding(
                "wildcard-assigned",
                WARNING,
                f"The wildcard certificate {_named(certificate)} is assigned to {service}.",
                f"{title} takes no assignment of a wildcard; it finds one by x509_certificate_name alone.",
                f"{_set(key, 'x509_certificate_name', 'the host name clients connect to')} The assignment goes away "
                f"only with the certificate; assigning another one to {service} takes its place.",
                key,
            )
    name = protocol.values.get("x509_certificate_name")
    if name is None:
        return
    covering = [certificate for certificate in facts.usable if certificate.covers(name)]
    taken = found_by(covering, service, name)
    if not covering:
        yield Finding(
            "x509-name-not-covered",
            ERROR,
            f"x509_certificate_name is {name!r}, and no valid certificate on the server covers it.",
            "The service finds no certificate by it: encryption fails, or clients see another one and complain.",
            f"Import a certificate for {name!r}. Or: {_set(key, 'x509_certificate_name', 'a name that one covers')}"
            if name
            else _set(key, "x509_certificate_name", "the host name clients connect to"),
            key,
        )
    elif not taken:
        yield Finding(
            "certificate-not-assigned",
            ERROR,
            f"{_listed(covering)} covers {name!r} and is not assigned to {service}.",
            f"{title} finds a certificate that is not a wildcard only if it is assigned to {service}.",
            f"Set services to [{service}] with {_CERTIFICATE_MODULE}.",
            key,
        )
    else:
        for host in sorted({setting.host for setting in protocol.external if setting.method}):
            if not any(certificate.covers(host) for certificate in taken):
                yield Finding(
                    "connection-host-not-covered",
                    WARNING,
                    f"external_connection_settings tells clients to connect to {host}, and {_listed(taken)}, found by "
                    f"x509_certificate_name {name!r}, does not cover that.",
                    "Clients that check the name refuse the connection or ask the user.",
                    f"{_set(key, 'x509_certificate_name', host)} It needs a certificate that covers {host}.",
                    key,
                )


def _named(certificate: Certificate) -> str:
    return f"{certificate.thumbprint} ({', '.join(certificate.names) or certificate.subject})"


def _listed(certificates: Iterable[Certificate]) -> str:
    return ", ".join(map(_named, certificates))


def _validity(facts: Facts) -> Iterator[Finding]:
    """Dates and keys, of those certificates that clients meet."""
    wanted = {"SMTP", *(PROTOCOLS[protocol.key].service for protocol in facts.protocols)}
    names = [protocol.values.get("x509_certificate_name", "") for protocol in facts.protocols]
    named = {_identifier(connector) for connector in facts.serving} - {None}
    for one in facts.certificates or ():
        serves = (one.services or frozenset()) & wanted
        if not serves and not any(map(one.covers, names)) and CertificateIdentifier().key(one.identifier) not in named:
            continue
        replaced = any(_replaces(other, one, serves) for other in facts.usable)
        what = f"The certificate {_named(one)}, assigned to {_services_of(one)},"
        gone = f"Renew it. The new one is taken into use with {_CERTIFICATE_MODULE}."
        why = "Clients refuse the connection or ask the user."
        if one.subject == AUTH_CERTIFICATE:
            gone = "Renew it and publish the new one with Set-AuthConfig; all servers of the organization share it."
            why = "Servers sign their answers with it; without it the services of certificates become unreadable."
        if replaced:
            gone, why = "Remove it from the server.", "Another certificate has taken its place; this one is not needed."
        if facts.now > one.not_after:
            ended = f"{what} has expired on {one.not_after:%Y-%m-%d}."
            yield Finding("certificate-expired", NOTICE if replaced else ERROR, ended, why, gone)
            continue
        for fault in one.faults(facts.now):
            yield Finding("certificate-unusable", NOTICE if replaced else ERROR, f"{what} {fault}.", why, gone)
        if one.days_left(facts.now) < facts.expires_within_days and not replaced:
            ends = f"{what} expires in {one.days_left(facts.now)} days, on {one.not_after:%Y-%m-%d}."
            yield Finding("certificate-expires-soon", WARNING, ends, why, gone)
        if one.weakness:
            weak = "Modern clients refuse weak keys and signatures."
            yield Finding("certificate-weak", WARNING, f"{what} is weak: {one.weakness}.", weak, gone)


def _replaces(other: Certificate, one: Certificate, serves: Collection[str]) -> bool:
    same = other.subject == one.subject or bool(one.names and all(map(other.covers, one.names)))
    return same and other.not_after > one.not_after and (other.services is None or set(serves) <= other.services)


def _services_of(certificate: Certificate) -> str:
    if certificate.services is None:
        return "unknown services"
    return ", ".join(in_order(certificate.services)) or "no service"


def _unknown_services(facts: Facts) -> Iterator[Finding]:
    certificates = facts.certificates or ()
    unknown = [certificate for certificate in certificates if certificate.services is None]
    if not unknown:
        return
    auth = [one for one in certificates if one.subject == AUTH_CERTIFICATE]
    ended = auth and not any(facts.now <= one.not_after for one in auth)
    yield Finding(
        "certificate-services-unreadable",
        WARNING,
        f"The services of {len(unknown)} of {len(certificates)} certificates came without or with damaged "
        f"serialization data{', and the Auth Certificate has expired' if ended else ''}.",
        "Exchange signs these data with its Auth Certificate and leaves them out when that is missing or expired. "
        "Remote tools then cannot tell which services a certificate is assigned to.",
        "Renew the Auth Certificate (Set-AuthConfig). Until then, assign_when_services_unknown of "
        f"{_CERTIFICATE_MODULE} assigns without knowing.",
    )


def _connectors(facts: Facts) -> Iterator[Finding]:
    if facts.connectors is None:
        return
    if not facts.serving:
        yield Finding(
            "connector-missing",
            ERROR,
            f"{facts.server.name} has no receive connector for users on port {CLIENT_SUBMISSION_PORT}, and none is "
            f"called {default_name(facts.server)!r}.",
            "POP3 and IMAP4 only fetch mail; users cannot send through this server.",
            f"Create a receive connector with the usage Client on port {CLIENT_SUBMISSION_PORT}.",
            "smtp",
        )
    enabled = [connector for connector in facts.serving if connector.is_enabled]
    for connector in facts.serving:
        if connector not in enabled:
            yield Finding(
                "connector-disabled",
                NOTICE if enabled else ERROR,
                f"The receive connector {connector.name!r} is disabled.",
                "POP3 and IMAP4 only fetch mail; users cannot send through this connector.",
                _set_connector("enabled", "true", connector),
                "smtp",
            )
            continue
        yield from _connector(connector)
        yield from _connector_certificate(facts, connector)
    for connector in facts.others:
        if connector.is_enabled:
            yield Finding(
                "connector-not-judged",
                NOTICE,
                f"The receive connector {connector.name!r} is on port {CLIENT_SUBMISSION_PORT} too, for "
                f"{_clients(connector)}.",
                "Exchange chooses the connector by the client's address. Clients that get this one do not meet what is "
                "judged here and told to users.",
                "Nothing has to be done if it is for appliances and the like. If users send from there, leave them to "
                f"their own connector: take them out of remote_ip_ranges with {_CONNECTOR_MODULE}, for "
                f"{connector.name!r}.",
                "smtp",
            )


def _clients(connector: Connector) -> str:
    if connector.reach is None:
        return "addresses that cannot be read"
    return f"the addresses {', '.join(connector.values['remote_ip_ranges'])} only"


def _connector(connector: Connector) -> Iterator[Finding]:
    values, name = connector.values, connector.name
    auth = values.get("auth_mechanism", ("Tls",))
    if "bindings" in values and not connector.is_bound_for_clients:
        yield Finding(
            "submission-port-not-bound",
            ERROR,
            f"The receive connector {name!r} is bound to {', '.join(values.get('bindings', ())) or 'nothing'}.",
            f"Mail programs send by port {CLIENT_SUBMISSION_PORT}.",
            _set_connector("bindings", f"add: ['0.0.0.0:{CLIENT_SUBMISSION_PORT}']", connector),
            "smtp",
        )
    if connector.is_restricted:
        yield Finding(
            "connector-restricted",
            NOTICE,
            f"The receive connector {name!r} is for {_clients(connector)}.",
            "Users who connect from elsewhere cannot send by it.",
            _set_connector("remote_ip_ranges", "add: [the other addresses that users have]", connector),
            "smtp",
        )
    if "Tls" not in auth:
        yield Finding(
            "connector-without-tls",
            ERROR,
            f"auth_mechanism of the receive connector {name!r} is {', '.join(auth)}, without Tls.",
            "It offers no encryption, and mail programs that insist on it cannot send.",
            _set_connector("auth_mechanism", "add: [Tls]", connector),
            "smtp",
        )
    if "BasicAuth" in auth and "BasicAuthRequireTLS" not in auth and values.get("require_tls") is False:
        yield Finding(
            "basic-without-tls",
            WARNING,
            f"auth_mechanism of the receive connector {name!r} has BasicAuth without BasicAuthRequireTLS.",
            "Clients may send passwords over unencrypted lines, where anybody on the way can read them.",
            _set_connector("auth_mechanism", "add: [Tls, BasicAuthRequireTLS]", connector),
            "smtp",
        )
    if not connector.takes_users:
        yield Finding(
            "connector-refuses-users",
            ERROR,
            f"permission_groups of the receive connector {name!r} is {', '.join(values['permission_groups'])}.",
            "Users may not send by it, even after they have logged on.",
            _set_connector("permission_groups", "add: [ExchangeUsers]", connector),
            "smtp",
        )
    if values.get("advertise_client_settings") is False:
        yield Finding(
            "connector-not-advertised",
            NOTICE,
            f"advertise_client_settings of the receive connector {name!r} is false.",
            "Users cannot look up server, port and encryption for sending in Outlook on the web.",
            _set_connector("advertise_client_settings", "true", connector),
            "smtp",
        )


def _connector_certificate(facts: Facts, connector: Connector) -> Iterator[Finding]:
    if facts.certificates is None or connector.unreadable.keys() & {"fqdn", "tls_certificate_name"}:
        return
    fqdn = str(connector.values.get("fqdn") or facts.server.fqdn)
    identifier = _identifier(connector)
    found = facts.usable
    if identifier:
        found = [one for one in found if CertificateIdentifier().key(one.identifier) == identifier]
        if not any(one.services is None or "SMTP" in one.services for one in found):
            stored = connector.values["tls_certificate_name"]
            yield Finding(
                "connector-certificate-missing",
                ERROR,
                f"tls_certificate_name of the receive connector {connector.name!r} is {stored!r}, and the server has "
                f"no valid certificate of that issuer and subject {'assigned to SMTP' if found else 'at all'}.",
                "The connector does not use it: encryption fails, or clients see another certificate.",
                _set_connector("tls_certificate_name", f"a certificate that covers {fqdn}", connector),
                "smtp",
            )
            return
    # Without a name of its own the connector takes a certificate for its FQDN among those of SMTP.
    served = [one for one in found if one.services is None or "SMTP" in one.services]
    if not any(one.covers(fqdn) for one in served):
        seen = f"The FQDN of the receive connector {connector.name!r} is {fqdn}, which "
        yield Finding(
            "connector-fqdn-not-covered",
            WARNING,
            seen
            + (
                f"its certificate {_listed(served)} does not cover."
                if identifier
                else "no valid certificate assigned to SMTP covers."
            ),
            "Clients that check the name refuse the connection or ask the user.",
            _set_connector("tls_certificate_name", f"a certificate that covers {fqdn}", connector)
            + " Or set fqdn to a name that it covers.",
            "smtp",
        )


def _identifier(connector: Connector) -> Any:
    """By which certificate the connector is told to go, as it is compared; None without one."""
    stored = connector.values.get("tls_certificate_name")
    return CertificateIdentifier().key(stored) if stored else None


def _set_connector(option: str, value: str, connector: Connector) -> str:
    return f"Set {option} to {value} with {_CONNECTOR_MODULE}, for {connector.name!r}."


def client_settings(facts: Facts) -> dict[str, dict[str, list[dict[str, Any]] | None]]:
    """What a user needs to set up a mail program, inside and outside; None where it is not known."""
    read = {protocol.key: protocol.values for protocol in facts.protocols}
    smtp = None if facts.connectors is None else _submission(facts.server, facts.serving)
    told: dict[str, dict[str, list[dict[str, Any]] | None]] = {}
    for side in ("external", "internal"):
        option = f"{side}_connection_settings"
        told[side] = {
            key: _in_order([(s.host, s.port, ENCRYPTIONS[s.method]) for s in _told(read[key], option)])
            if option in read.get(key, ())
            else None
            for key in PROTOCOLS
        }
        # Exchange keeps one name for sending, whether from inside or from outside.
        told[side]["smtp"] = smtp
    return told


def _submission(server: Server, connectors: Iterable[Connector]) -> list[dict[str, Any]] | None:
    entries = []
    for connector in connectors:
        if connector.unreadable.keys() & {"enabled", "bindings", "auth_mechanism", "fqdn", "permission_groups"}:
            return None
        if not connector.is_enabled or not connector.takes_users:
            continue
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
