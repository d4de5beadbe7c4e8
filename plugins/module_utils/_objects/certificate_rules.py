# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong with certificates, and with the way POP3 and IMAP4 find one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    first_of,
    quoted,
    shortened,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import ConnectionSetting
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import (
    Certificate,
    found_by,
    in_order,
    listed,
)
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

AUTH_CERTIFICATE = "CN=Microsoft Exchange Server Auth Certificate"
HOST_NAME = "the host name that clients connect to"
_REFUSED = "Clients refuse the connection or warn the user."
_RENEW = "Renew it. Import and assign the new one with mailops.exchange.exchange_certificate."
_GET_FULL_FORM = (
    "set ansible_exchange_serialization to full, or add serializationLevel=Full to the query of your own "
    "ansible_exchange_path"
)
_SEE_TO_AUTH = (
    "make sure that the server has the Auth Certificate that Get-AuthConfig names, and renew that only if it is "
    "missing or has expired"
)

# By the form in which a session gets Exchange's objects, why the services of certificates can be missing in it, and
# what helps.
_MISSING_IN = {
    "full": (
        "Exchange does not show the services of certificates over remote PowerShell at the moment, usually because "
        "there is no valid Auth Certificate, or else because something on the way drops serializationLevel=Full",
        _SEE_TO_AUTH,
    ),
    "plain": (
        "Exchange does not send which services a certificate is assigned to in the plain form of its objects, which "
        "this session asks for",
        _GET_FULL_FORM,
    ),
    "live": ("Get-ExchangeCertificate does not show its services", "please report that"),
}

CERTIFICATE_EXPIRED = Rule(
    "certificate-expired",
    (ERROR, NOTICE),
    "The certificate {certificate}, assigned to {services}, has expired on {day}.",
    _REFUSED,
    _RENEW,
)

CERTIFICATE_UNUSABLE = Rule(
    "certificate-unusable",
    (ERROR, NOTICE),
    "The certificate {certificate}, assigned to {services}, {fault}.",
    _REFUSED,
    _RENEW,
)

CERTIFICATE_RENEWAL_DUE = Rule(
    "certificate-renewal-due",
    (WARNING, NOTICE),
    "The certificate {certificate}, assigned to {services}, has {days} of {lifetime} days left, until {day}.",
    "From then on, clients refuse the connection or warn the user.",
    _RENEW,
)

CERTIFICATE_WEAK = Rule(
    "certificate-weak",
    (WARNING,),
    "The certificate {certificate}, assigned to {services}, is weak: {weakness}.",
    "Modern clients refuse weak keys and signatures.",
    _RENEW,
)

CERTIFICATE_SERVICES_UNREADABLE = Rule(
    "certificate-services-unreadable",
    (WARNING,),
    "It is not known what {unknown} of {all} certificates are assigned to: {reason}.",
    "Assignments are then neither checked nor compared, and mailops.exchange.exchange_certificate makes none unless "
    "assign_when_services_unknown is true.",
    f"If the reason is the plain form of objects, {_GET_FULL_FORM}. In the full form, {_SEE_TO_AUTH}.",
)

WILDCARD_ASSIGNED = Rule(
    "wildcard-assigned",
    (WARNING,),
    "The wildcard certificate {certificate} is assigned to {protocol_service}.",
    "{protocol_title} cannot be assigned a certificate whose subject is a wildcard, whatever other names it has; it "
    "finds one by x509_certificate_name alone.",
    f"Set x509_certificate_name to {HOST_NAME}{{by}}. The assignment ends only when the certificate is removed, or "
    "when another one is assigned to {protocol_service}.",
)

X509_NAME_NOT_COVERED = Rule(
    "x509-name-not-covered",
    (ERROR,),
    "x509_certificate_name of {protocol_title} is {name!r}, and {no_certificate_covers} it.",
    "{protocol_title} chooses its certificate by that name: encryption fails, or clients warn about another one.",
    "Import a certificate for {name!r}. Or: Set x509_certificate_name to a name that one covers{by}.",
    ("x509_certificate_name",),
)

CERTIFICATE_NOT_ASSIGNED = Rule(
    "certificate-not-assigned",
    (ERROR,),
    "{certificates} covers {name!r} and is not assigned to {protocol_service}.",
    "{protocol_title} finds a certificate that has no wildcard as its subject only if it is assigned to "
    "{protocol_service}.",
    "Set services to [{protocol_service}] with mailops.exchange.exchange_certificate.",
    ("certificate",),
)

CONNECTION_HOST_NOT_COVERED = Rule(
    "connection-host-not-covered",
    (WARNING,),
    "external_connection_settings tells clients to connect to {host}, and {certificates}, found by "
    "x509_certificate_name {name!r}, does not cover that.",
    "Clients that check the name refuse the connection or warn the user.",
    "Set x509_certificate_name to {host}{by}. It needs a certificate that covers {host}.",
    ("external_connection_settings", "internal_connection_settings", "x509_certificate_name"),
)


def dates_and_keys(
    one: Certificate, now: datetime, days: int | None, serves: Collection[str] = (), usable: Iterable[Certificate] = ()
) -> Iterator[Fact]:
    """What is wrong with one that clients of some services meet, beside those that might have taken its place."""
    is_replaced = _is_replaced(one, serves, usable)
    for fact in (*_unusable(one, now), *_ending(one, now, days), *_weak(one, now)):
        if is_replaced and fact.rule == CERTIFICATE_RENEWAL_DUE:
            continue
        why, fix = fact.why, fact.fix
        if is_replaced:
            why, fix = "Another certificate has taken its place; this one is not needed.", "Remove it from the server."
        elif is_replaced is None:
            why = "It is not known whether another certificate with its names has taken its place."
            fix = "Remove it from the server if another one is assigned, and renew it if not."
        elif one.subject == AUTH_CERTIFICATE:
            why = "Servers sign their answers with it; without it, the services of certificates cannot be read."
            fix = "Renew it and publish the new one with Set-AuthConfig; all servers of the organization share it."
        is_lasting = fact.rule == CERTIFICATE_WEAK
        severity = fact.severity if is_replaced is False or is_lasting else NOTICE
        yield replace(fact, severity=severity, why=fact.why if is_lasting else why, fix=fix)


def _unusable(one: Certificate, now: datetime) -> Iterator[Fact]:
    if now > one.not_after:
        yield _fact(CERTIFICATE_EXPIRED, one, day=f"{one.not_after:%Y-%m-%d}")
    else:
        for fault in one.faults(now):
            yield _fact(CERTIFICATE_UNUSABLE, one, fault=fault)


def _ending(one: Certificate, now: datetime, days: int | None) -> Iterator[Fact]:
    if now <= one.not_after and one.is_due(now, days):
        lifetime, day = (one.not_after - one.not_before).days, f"{one.not_after:%Y-%m-%d}"
        yield _fact(CERTIFICATE_RENEWAL_DUE, one, days=one.days_left(now), lifetime=lifetime, day=day)


def _weak(one: Certificate, now: datetime) -> Iterator[Fact]:
    if now <= one.not_after and one.weakness:
        yield _fact(CERTIFICATE_WEAK, one, weakness=one.weakness)


def _is_replaced(one: Certificate, serves: Collection[str], usable: Iterable[Certificate]) -> bool | None:
    """Whether another one has taken its place; None if that is not known, because their services are not."""
    others = [other for other in usable if other.not_after > one.not_after and _is_alike(other, one)]
    if one.services is not None and any(not serves or set(serves) <= (other.services or set()) for other in others):
        return True
    return None if any(None in (one.services, other.services) for other in others) else False


def _is_alike(other: Certificate, one: Certificate) -> bool:
    # Those of some authorities all have the same subject, which is empty.
    has_its_subject = bool(one.subject) and other.subject == one.subject
    return has_its_subject or bool(one.names and all(map(other.covers, one.names)))


def _fact(rule: Rule, one: Certificate, **met: Any) -> Fact:
    services = "unknown services" if one.services is None else ", ".join(in_order(one.services)) or "no service"
    return rule.fact(certificate=listed([one]), services=services, **met)


def why_unknown(certificate: Certificate, form: str) -> tuple[str, str]:
    """Why it is not known what a certificate is assigned to, in a session with this form, and what helps."""
    if certificate.unreadable:
        came = f"Get-ExchangeCertificate shows its services as {certificate.unreadable}, which cannot be read"
        return came, "please report that"
    return _MISSING_IN[form]


def services_unreadable(certificates: Sequence[Certificate], now: datetime, form: str) -> Iterator[Fact]:
    unknown = [certificate for certificate in certificates if certificate.services is None]
    if unknown:
        reason, fix = why_unknown(unknown[0], form)
        auth = [one for one in certificates if one.subject == AUTH_CERTIFICATE]
        if fix == _SEE_TO_AUTH and auth and not any(now <= one.not_after for one in auth):
            reason = (
                "Exchange does not show the services of certificates over remote PowerShell, because the Auth "
                "Certificate has expired"
            )
            fix = "renew the Auth Certificate and publish the new one with Set-AuthConfig"
        fact = CERTIFICATE_SERVICES_UNREADABLE.fact(unknown=len(unknown), all=len(certificates), reason=reason)
        yield replace(fact, fix=f"{fix[0].upper()}{fix[1:]}.")


def wildcard_wanted(certificate: Certificate, titles: Collection[str], name: str | None) -> Iterator[Fact]:
    """A certificate that a task would assign to protocols for a host, and that Exchange takes for a wildcard."""
    if titles and certificate.is_wildcard:
        if certificate.common_names:
            why = f"its subject is a wildcard ({shortened(certificate.subject)}), whatever other names it has"
        else:
            why = f"it is for wildcards alone ({first_of(certificate.names)})"
        yield contradiction(
            ["services"],
            f"services: {' and '.join(titles)} cannot be assigned the certificate {certificate.thumbprint}, because "
            f"{why}.",
            f"Set x509_certificate_name to {quoted(name) if name else HOST_NAME} instead; a wildcard needs nothing "
            "else.",
        )


def wildcard_assigned(certificates: Iterable[Certificate], protocol: Protocol) -> Iterator[Fact]:
    for certificate in certificates:
        if certificate.is_wildcard and protocol.service in (certificate.services or ()):
            yield WILDCARD_ASSIGNED.fact(
                protocol=protocol,
                certificate=listed([certificate]),
                by=by_settings(protocol, "x509_certificate_name"),
            )


def x509_name_not_covered(
    name: str, protocol: Protocol, usable: Iterable[Certificate], meant: Certificate | None = None
) -> Iterator[Fact]:
    """The name by which a protocol chooses, among those on a server or before the one that it is meant to choose."""
    if any(one.covers(name) for one in usable):
        return
    none = f"{listed([meant])} does not cover" if meant else "no valid certificate on the server covers"
    by = by_settings(protocol, "x509_certificate_name")
    fact = X509_NAME_NOT_COVERED.fact(protocol=protocol, name=name, no_certificate_covers=none, by=by)
    yield fact if name else replace(fact, fix=f"Set x509_certificate_name to {HOST_NAME}{by}.")


def found_by_name(
    name: str, protocol: Protocol, usable: Iterable[Certificate], told: Iterable[ConnectionSetting]
) -> Iterator[Fact]:
    """What a protocol finds by its name, and whether that is what clients are told to connect to."""
    covering = [certificate for certificate in usable if certificate.covers(name)]
    if not covering:
        yield from x509_name_not_covered(name, protocol, covering)
        return
    taken = found_by(covering, protocol.service, name)
    if not taken:
        yield CERTIFICATE_NOT_ASSIGNED.fact(
            protocol=protocol,
            certificates=listed(covering),
            name=name,
        )
        return
    for host in sorted({setting.host for setting in told if setting.method}):
        if not any(certificate.covers(host) for certificate in taken):
            yield CONNECTION_HOST_NOT_COVERED.fact(
                protocol=protocol,
                host=host,
                certificates=listed(taken),
                name=name,
                by=by_settings(protocol, "x509_certificate_name"),
            )
