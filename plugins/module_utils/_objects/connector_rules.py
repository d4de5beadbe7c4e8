# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong with receive connectors, those by which users send above all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import first_of, quoted
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import CertificateIdentifier
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import span_ticks
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import Certificate, listed
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectors import (
    Connector,
    shared_across_roles,
)
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import (
    ERROR,
    NOTICE,
    WARNING,
    Fact,
    Rule,
    contradiction,
)

CONNECTOR = ("connector",)

CONNECTOR_MISSING = Rule(
    "connector-missing",
    (ERROR,),
    "{server} has no receive connector for users on port 587, and none is named {usual_name!r}.",
    "POP3 and IMAP4 only fetch mail; users cannot send through this server.",
    "Create a receive connector with the usage Client on port 587.",
)

CONNECTOR_DISABLED = Rule(
    "connector-disabled",
    (ERROR, NOTICE),
    "The receive connector {connector!r} is disabled.",
    "POP3 and IMAP4 only fetch mail; users cannot send through this connector.",
    "Set enabled to true{by}.",
    CONNECTOR,
)

CONNECTOR_NOT_JUDGED = Rule(
    "connector-not-judged",
    (NOTICE,),
    "The receive connector {connector!r} is on port 587 too, for {clients}.",
    "Exchange chooses the connector by the client's address. Clients that get this one do not use the connector that "
    "is checked here and shown to users.",
    "No action is needed if it is for appliances or similar devices. If users send from there, remove their addresses "
    "from remote_ip_ranges{by}.",
)

SUBMISSION_PORT_NOT_BOUND = Rule(
    "submission-port-not-bound",
    (ERROR,),
    "The receive connector {connector!r} is bound to {bindings}.",
    "Mail programs send through port 587.",
    "Set bindings to add: ['0.0.0.0:587']{by}.",
    CONNECTOR,
)

CONNECTOR_RESTRICTED = Rule(
    "connector-restricted",
    (NOTICE,),
    "The receive connector {connector!r} is for {clients}.",
    "Users who connect from elsewhere cannot send through it.",
    "Set remote_ip_ranges to add: [the other addresses that users have]{by}.",
    CONNECTOR,
)

CONNECTOR_ROLE_CONFLICT = Rule(
    "connector-role-conflict",
    (ERROR, WARNING),
    "The receive connectors {connector!r} ({role}) and {other_connector!r} ({other_role}) are both bound to "
    "{bindings}.",
    "Only one of the two transport services can use it, whatever the remote addresses are. Exchange accepts no change "
    "to these connectors, and the setup of a cumulative update fails because of them.",
    "Set bindings of one of the two to another address or port{by}. If one has the wrong role, set TransportRole "
    "with Set-ReceiveConnector.",
    CONNECTOR,
)

CONNECTOR_WITHOUT_TLS = Rule(
    "connector-without-tls",
    (ERROR,),
    "auth_mechanism of the receive connector {connector!r} is {auth_mechanism}, without Tls.",
    "It offers no encryption, and mail programs that insist on it cannot send.",
    "Set auth_mechanism to add: [Tls]{by}.",
    CONNECTOR,
)

BASIC_WITHOUT_TLS = Rule(
    "basic-without-tls",
    (WARNING,),
    "auth_mechanism of the receive connector {connector!r} has BasicAuth without BasicAuthRequireTLS.",
    "Clients may send passwords over unencrypted connections, where anybody on the network path can read them.",
    "Set auth_mechanism to add: [Tls, BasicAuthRequireTLS]{by}.",
    CONNECTOR,
)

CONNECTOR_REFUSES_USERS = Rule(
    "connector-refuses-users",
    (ERROR,),
    "permission_groups of the receive connector {connector!r} is {permission_groups}.",
    "Users may not send through it, even after they have signed in.",
    "Set permission_groups to add: [ExchangeUsers]{by}.",
    CONNECTOR,
)

CONNECTOR_NOT_ADVERTISED = Rule(
    "connector-not-advertised",
    (NOTICE,),
    "advertise_client_settings of the receive connector {connector!r} is false.",
    "Users cannot look up server, port, and encryption for sending in Outlook on the web.",
    "Set advertise_client_settings to true{by}.",
    CONNECTOR,
)

CONNECTOR_CERTIFICATE_MISSING = Rule(
    "connector-certificate-missing",
    (ERROR,),
    "tls_certificate_name of the receive connector {connector!r} is {identifier!r}, and the server has no valid "
    "certificate of that issuer and subject {where}.",
    "The connector does not use it: encryption fails, or clients are shown another certificate.",
    "Set tls_certificate_name to a certificate that covers {fqdn}{by}.",
    CONNECTOR,
)

CONNECTOR_FQDN_NOT_COVERED = Rule(
    "connector-fqdn-not-covered",
    (WARNING,),
    "The FQDN of the receive connector {connector!r} is {fqdn}, which {no_certificate_covers}.",
    "Clients that check the name refuse the connection or warn the user.",
    "Set tls_certificate_name to a certificate that covers {fqdn}{by}. Or set fqdn to a name that it covers.",
    CONNECTOR,
)


def contradictions(values: Mapping[str, Any]) -> Iterator[Fact]:
    """Values that Exchange does not let a connector have together."""
    auth = set(values.get("auth_mechanism", ()))
    own = ["auth_mechanism"]
    if "BasicAuthRequireTLS" in auth and (lacking := sorted({"BasicAuth", "Tls"} - auth)):
        found = f"auth_mechanism: BasicAuthRequireTLS also needs {' and '.join(lacking)}."
        yield contradiction(own, found, "Add it.")
    if "ExternalAuthoritative" in auth:
        if beside := sorted(auth - {"ExternalAuthoritative", "Tls"}):
            found = f"auth_mechanism: ExternalAuthoritative goes together only with Tls, not with {', '.join(beside)}."
            yield contradiction(own, found, "Leave one or the other out.")
        if "ExchangeServers" not in values.get("permission_groups", ("ExchangeServers",)):
            found = "auth_mechanism: ExternalAuthoritative needs ExchangeServers in permission_groups."
            yield contradiction([*own, "permission_groups"], found, "Add it there.")
    # GSSAPI that is left switched on has no effect without Integrated; to ask for it then is a mistake.
    for option, mechanism, own in (
        ("require_tls", "Tls", ["require_tls", "auth_mechanism"]),
        ("enable_auth_gssapi", "Integrated", ["enable_auth_gssapi"]),
    ):
        if values.get(option) is True and auth and mechanism not in auth:
            found = f"{option}: it needs {mechanism} in auth_mechanism, which is {', '.join(values['auth_mechanism'])}."
            yield contradiction(own, found, "Add it there, or use false.")
    yield from timeouts(values)


def timeouts(values: Mapping[str, Any]) -> Iterator[Fact]:
    options = ("connection_timeout", "connection_inactivity_timeout")
    whole, idle = (span_ticks(values.get(option, "")) for option in options)
    if whole is not None and idle is not None and whole <= idle:
        yield contradiction(
            options,
            f"connection_timeout: {values['connection_timeout']} must be longer than connection_inactivity_timeout, "
            f"which is {values['connection_inactivity_timeout']}.",
        )


def basic_without_tls(name: str, values: Mapping[str, Any]) -> Iterator[Fact]:
    auth = values.get("auth_mechanism", ())
    if "BasicAuth" in auth and "BasicAuthRequireTLS" not in auth and values.get("require_tls") is False:
        yield _fact(BASIC_WITHOUT_TLS, name, options=["auth_mechanism"])


def fqdn_not_covered(
    name: str, fqdn: str, certificates: Sequence[Certificate], *, are_its_own: bool = True
) -> Iterator[Fact]:
    """The certificates by which a connector can go: those that it names itself, or all that are assigned to SMTP."""
    if not any(one.covers(fqdn) for one in certificates):
        own = f"its certificate {listed(certificates)} does not cover"
        none = own if are_its_own else "no valid certificate assigned to SMTP covers"
        yield _fact(
            CONNECTOR_FQDN_NOT_COVERED,
            name,
            options=["fqdn", "tls_certificate_name"],
            fqdn=fqdn,
            no_certificate_covers=none,
        )


def missing(server: str, usual_name: str) -> Fact:
    return CONNECTOR_MISSING.fact(protocol="smtp", server=server, usual_name=usual_name)


def disabled(connector: Connector, severity: str) -> Fact:
    return _fact(CONNECTOR_DISABLED, connector.name, severity)


def not_judged(connector: Connector) -> Fact:
    return _fact(CONNECTOR_NOT_JUDGED, connector.name, clients=_clients(connector))


def role_conflicts(connectors: Sequence[Connector], serving: Sequence[Connector]) -> Iterator[Fact]:
    """Connectors of different transport roles at one place, the graver if users send by one of them."""
    for one, other in combinations(connectors, 2):
        if shared := shared_across_roles(one, other):
            yield CONNECTOR_ROLE_CONFLICT.fact(
                ERROR if one in serving or other in serving else WARNING,
                protocol="smtp",
                connector=one.name,
                role=one.role,
                other_connector=other.name,
                other_role=other.role,
                bindings=first_of(shared),
                by=" with mailops.exchange.receive_connector",
            )


def reachability(connector: Connector) -> Iterator[Fact]:
    """Who gets through to a connector of users, and who is told of it."""
    values, name = connector.values, connector.name
    if "bindings" in values and not connector.is_bound_for_clients:
        yield _fact(SUBMISSION_PORT_NOT_BOUND, name, bindings=first_of(values["bindings"]) or "nothing")
    if connector.is_restricted:
        yield _fact(CONNECTOR_RESTRICTED, name, clients=_clients(connector))
    if values.get("advertise_client_settings") is False:
        yield _fact(CONNECTOR_NOT_ADVERTISED, name)


def log_on(connector: Connector) -> Iterator[Fact]:
    """Whether users can log on at a connector, and safely."""
    values, name = connector.values, connector.name
    auth = values.get("auth_mechanism", ("Tls",))
    if "Tls" not in auth:
        yield _fact(CONNECTOR_WITHOUT_TLS, name, auth_mechanism=", ".join(auth))
    yield from basic_without_tls(name, values)
    if not connector.takes_users:
        yield _fact(CONNECTOR_REFUSES_USERS, name, permission_groups=", ".join(values["permission_groups"]))


def certificate(connector: Connector, server_fqdn: str, usable: Sequence[Certificate]) -> Iterator[Fact]:
    """Which certificate clients of a connector meet."""
    if connector.unreadable.keys() & {"fqdn", "tls_certificate_name"}:
        return
    fqdn = str(connector.values.get("fqdn") or server_fqdn)
    stored = identifier(connector)
    # Without a name of its own the connector takes a certificate for its FQDN among those of SMTP.
    found = [one for one in usable if not stored or CertificateIdentifier().key(one.identifier) == stored]
    served = [one for one in found if one.services is None or "SMTP" in one.services]
    if stored and not served:
        yield _fact(
            CONNECTOR_CERTIFICATE_MISSING,
            connector.name,
            identifier=connector.values["tls_certificate_name"],
            where="assigned to SMTP" if found else "at all",
            fqdn=fqdn,
        )
        return
    yield from fqdn_not_covered(connector.name, fqdn, served, are_its_own=bool(stored))


def identifier(connector: Connector) -> Any:
    """By which certificate the connector is told to go, as it is compared; None without one."""
    stored = connector.values.get("tls_certificate_name")
    return CertificateIdentifier().key(stored) if stored else None


def _clients(connector: Connector) -> str:
    if connector.reach is None:
        return "addresses that cannot be read"
    return f"the addresses {first_of(connector.values['remote_ip_ranges'])} only"


def _fact(rule: Rule, connector: str, severity: str | None = None, **met: Any) -> Fact:
    by = f" with mailops.exchange.receive_connector, for {quoted(connector)}"
    return rule.fact(severity, protocol="smtp", connector=connector, by=by, **met)
