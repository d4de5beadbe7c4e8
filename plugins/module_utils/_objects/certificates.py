# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates on an Exchange server: what they say, which services use them, and which one a name leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    first_of,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import read_binary, wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_payload import read_payload
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import ALLOWED_SERVICES
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import read_members
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import X509, read_x509

LIVE = (Setting("services", "Services", ALLOWED_SERVICES), Setting("has_private_key", "HasPrivateKey", Bool()))

# A remote reader gets the first two in the full form, and the first alone in the plain one; the others exist where
# access is local.
MEMBERS = ("RawData", "SerializationData", "Status", *(setting.parameter for setting in LIVE))

# What Exchange will not use; Untrusted and RevocationCheckFailure may be a matter of the server's network alone.
UNUSABLE = frozenset({"invalid", "pendingrequest", "revoked"})


@dataclass(frozen=True)
class Certificate(X509):
    """One certificate as the server has it."""

    services: frozenset[str] | None = None
    """The services it is assigned to, in Exchange's spelling; None if that is not known."""
    unreadable: str | None = None
    """What came in the place of its services, where that cannot be read."""
    has_private_key: bool | None = None
    status: str | None = None
    is_there: bool = True
    """Whether the server has it; not before it is imported."""

    @property
    def is_self_signed(self) -> bool:
        return self.subject == self.issuer

    @property
    def is_wildcard(self) -> bool:
        """Whether it is one to POP3 and IMAP4, for which Exchange judges the subject, whatever else it is for.

        What has no common name counts as one if it is for whole domains only: their wildcards, and the bare domains
        that go with these.
        """
        if self.common_names:
            return any(name.startswith("*.") for name in self.common_names)
        domains = {name.removeprefix("*.") for name in self.names if name.startswith("*.")}
        return bool(domains) and all(name.removeprefix("*.") in domains for name in self.names)

    def has_plainly(self, name: str) -> bool:
        """Whether it is for the name itself, and no wildcard beside that."""
        return self.names_exactly(name) and not self.is_wildcard

    @property
    def identifier(self) -> str:
        """The form in which a connector names it, if one can."""
        return f"<I>{self.issuer}<S>{self.subject}"

    def faults(self, now: datetime) -> Iterator[str]:
        """What keeps it from being used at all, each as the rest of a sentence that begins with it."""
        if now < self.not_before:
            yield f"is not valid before {_when(self.not_before)}"
        if now > self.not_after:
            yield f"expired on {_when(self.not_after)}"
        if self.has_private_key is False:
            yield "has no private key on this server"
        if (self.status or "").casefold() in UNUSABLE:
            yield f"has the status {self.status}"

    def is_due(self, now: datetime, days: int | None) -> bool:
        """Whether less than so many days, or without a number less than a third of its lifetime, is left."""
        left, lifetime = self.not_after - now, self.not_after - self.not_before
        return left * 3 < lifetime if days is None else left.days < days

    def shown(self, now: datetime, days: int | None = None) -> dict[str, Any]:
        """The certificate as results show it; the days are those of `is_due`."""
        return {
            "thumbprint": self.thumbprint,
            "subject": self.subject,
            "issuer": self.issuer,
            "names": list(self.names),
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "days_left": self.days_left(now),
            "renewal_due": self.is_due(now, days),
            "key": self.key,
            "weakness": self.weakness,
            "self_signed": self.is_self_signed,
            "wildcard": self.is_wildcard,
            "has_private_key": self.has_private_key,
            "status": self.status,
            "services": None if self.services is None else in_order(self.services),
        }


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def utc_now() -> datetime:
    """The controller's time; a server's own does not come with its certificates."""
    return datetime.now(UTC)


def in_order(services: Iterable[str]) -> list[str]:
    """Services in the order of Exchange's numbers."""
    return list(ALLOWED_SERVICES.merge(tuple(services), ()))


def read_certificates(host: Host, server: Server) -> list[Certificate]:
    """The certificates of one server; one that cannot be read is told of in a warning."""
    certificates = []
    for wire in host.read("Get-ExchangeCertificate", members=MEMBERS, Server=server.name):
        try:
            certificates.append(read_certificate(wire, host.form))
        except ValueError as error:
            host.warnings.append(f"A certificate on {server.name} is left out: {error}.")
    return certificates


def read_certificate(wire: Mapping[str, Any], form: str = "full") -> Certificate:
    """One object of Get-ExchangeCertificate as it comes in a form; ValueError if there is no certificate in it."""
    if not (der := read_binary(wire.get("RawData"))):
        raise ValueError("it was returned without its RawData")
    payload = read_payload(read_binary(wire.get("SerializationData")), der)
    told = {"Services": payload.services, "HasPrivateKey": payload.has_private_key}
    told |= {member: wire[member] for member in told if wire.get(member) is not None}
    read = read_members(LIVE, {member: value for member, value in told.items() if value is not None})
    services = frozenset(read.values["services"]) - {ALLOWED_SERVICES.NONE} if "services" in read.values else None
    # Over remote PowerShell certificates were seen to show None whatever they were assigned to.
    if form != "live" and not services and payload.services != 0:
        services = None
    came = read.unreadable.get("services")
    return Certificate(
        **asdict(read_x509(der)),
        services=services,
        unreadable=str(came) if came else None,
        has_private_key=read.values.get("has_private_key"),
        status=wire_text(wire.get("Status")) or None,
    )


def found_by(certificates: Iterable[Certificate], service: str, name: str) -> list[Certificate]:
    """Those among which POP or IMAP finds one by its X509CertificateName; a wildcard needs no assignment."""
    covering = [one for one in certificates if one.covers(name)]
    return [one for one in covering if not one.has_plainly(name) or one.services is None or service in one.services]


def by_thumbprint(certificates: Iterable[Certificate], thumbprint: str, server: Server, option: str) -> Certificate:
    """The certificate with this thumbprint, or a Failure."""
    certificates = list(certificates)
    for certificate in certificates:
        if certificate.thumbprint == thumbprint:
            return certificate
    raise Failure(
        f"{option}: Exchange has no certificate {thumbprint} on {server.name}; import it there first; "
        f"it has {listed(certificates)}."
    )


def by_name(certificates: Iterable[Certificate], name: str, server: Server, option: str, now: datetime) -> Certificate:
    """The best certificate for a host name among those that can be used, or a Failure.

    Better is: the name itself before a wildcard, which one with a wildcard as its subject is whatever else it names,
    issued by an authority before self-signed, a private key that is known to be there, then the newest. Two that are
    equal in all this are not decided between.
    """
    certificates = list(certificates)
    fitting = [certificate for certificate in certificates if certificate.covers(name)]
    usable = [certificate for certificate in fitting if not any(certificate.faults(now))]
    if not fitting:
        raise Failure(
            f"{option}: no Exchange certificate on {server.name} covers {quoted(name)}; it has {listed(certificates)}."
        )
    if not usable:
        faults = first_of([f"{one.thumbprint} {fault}" for one in fitting for fault in one.faults(now)], "; ")
        raise Failure(f"{option}: no certificate that covers {quoted(name)} on {server.name} can be used: {faults}.")

    def rank(certificate: Certificate) -> tuple[bool, bool, bool, datetime, datetime]:
        return (
            certificate.has_plainly(name),
            not certificate.is_self_signed,
            certificate.has_private_key is True,
            certificate.not_before,
            certificate.not_after,
        )

    best = max(map(rank, usable))
    equal = [certificate for certificate in usable if rank(certificate) == best]
    if len(equal) > 1:
        raise Failure(
            f"{option}: {len(equal)} certificates on {server.name} are equally good for {quoted(name)}; use the "
            f"thumbprint of one of them: {listed(equal)}."
        )
    return equal[0]


def listed(certificates: Iterable[Certificate]) -> str:
    """Certificates as sentences name them."""
    return first_of([f"{one.thumbprint} ({_names(one)})" for one in certificates]) or "none"


def _names(certificate: Certificate) -> str:
    return first_of(certificate.names) or certificate.subject
