# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate that is to go, unless something on the server still needs it, or may need it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Failure,
    quoted,
    shortened,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unreadable,
    needed,
    read_binary,
    wire_name,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2013
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import (
    CertificateIdentifier,
    Thumbprint,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Fqdn
from ansible_collections.mailops.exchange.plugins.module_utils._objects import certificate_rules
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import (
    MEMBERS,
    Certificate,
    found_by,
    in_order,
    listed,
    read_certificate,
    utc_now,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_settings import read_settings
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import Single
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import Settled
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import thumbprint_of

_AUTH_THUMBPRINTS = ("CurrentCertificateThumbprint", "PreviousCertificateThumbprint", "NextCertificateThumbprint")
_GONE = "absent"


@dataclass(frozen=True)
class Held:
    """What a server has of certificates."""

    meant: Certificate | None
    """The one that is to go; None if it is not there."""
    others: tuple[Certificate, ...]


class CertificateRemoval(Single[Held]):
    """One certificate of a server that is not to be there."""

    @property
    def thumbprint(self) -> str:
        return str(self.given["thumbprint"])

    def contradictions(self) -> Iterator[str]:
        known = ("thumbprint", "server", "state")
        given = sorted(one for one, value in self.given.items() if one not in known and value is not False)
        if given:
            told = f"{', '.join(given)} {'are' if len(given) > 1 else 'is'}"
            yield f"state: with absent, only thumbprint has an effect, but {told} given too; leave that out."
        if "thumbprint" not in self.given:
            yield "thumbprint: it is missing; state: absent removes only the certificate that it names."

    def read(self) -> Held:
        """A Failure where it cannot be told whether the certificate is there."""
        found: Certificate | None = None
        others = []
        for wire in self.host.read("Get-ExchangeCertificate", members=MEMBERS, Server=self.server.name):
            der = read_binary(wire.get("RawData"))
            is_meant = bool(der) and thumbprint_of(der) == self.thumbprint
            try:
                certificate = read_certificate(wire, self.host.form)
            except ValueError as error:
                # What comes without its content may be any.
                if is_meant or not der:
                    raise Failure(
                        f"A certificate on {self.server.name} cannot be read ({error}), so it is not known whether "
                        f"{self.thumbprint} exists and what needs it; nothing is removed."
                    ) from None
                self.host.warnings.append(f"A certificate on {self.server.name} is left out: {error}.")
                continue
            if is_meant:
                found = certificate
            else:
                others.append(certificate)
        return Held(found, tuple(others))

    def plan(self, before: Held) -> Plan:
        if before.meant is None:
            return Plan()
        return Plan({"certificate": _GONE}, {"certificate": "present"}, {"certificate": _GONE})

    def refusals(self, before: Held, plan: Plan) -> Iterator[str]:
        meant = before.meant
        if meant and (reason := next(self._needs(meant, before.others), None)):
            told = f"The certificate {listed([meant])} on {self.server.name} is not removed: {reason}"
            raise Failure(told, **self.answer(before, Plan()) | {"needed": True})
        return iter(())

    def _needs(self, meant: Certificate, others: Sequence[Certificate]) -> Iterator[str]:
        """Why it has to stay, each in words that end a sentence."""
        signing = self._auth_thumbprints
        if meant.subject == certificate_rules.AUTH_CERTIFICATE or meant.thumbprint in signing:
            yield (
                "it is an Auth Certificate, with which the servers of the organization sign messages to each other; "
                "publish another one and clear the previous one with Set-AuthConfig first."
            )
        if meant.services is None:
            why, fix = certificate_rules.why_unknown(meant, self.host.form)
            yield f"it is not known what it is assigned to, because {why}; {fix}."
            return
        now = utc_now()
        # The one that servers sign with has SMTP too, and serves no client.
        usable = [
            one
            for one in others
            if one.subject != certificate_rules.AUTH_CERTIFICATE
            and one.thumbprint not in signing
            and one.services is not None
            and not any(one.faults(now))
        ]
        # Each web site has one certificate alone.
        if "IIS" in meant.services:
            yield "a web site of IIS uses it; assign another certificate to IIS first."
        for protocol in PROTOCOLS.values():
            yield from self._found_by(protocol, meant, usable)
        for service in in_order(meant.services - {"IIS"}):
            if not any(service in (one.services or ()) for one in usable):
                yield f"no other usable certificate is assigned to {service}; assign one first."
        yield from self._used_by_connectors(meant, usable)

    def _found_by(self, protocol: Protocol, meant: Certificate, usable: Sequence[Certificate]) -> Iterator[str]:
        """Whether a protocol may find it by its name, and finds no other."""
        stored = read_settings(self.host, protocol, self.server)
        if came := stored.unreadable.get("x509_certificate_name"):
            yield f"the x509_certificate_name of {protocol.title} was returned as {came}, which cannot be read."
        name = stored.values.get("x509_certificate_name", "")
        if found_by([meant], protocol.service, name) and not found_by(usable, protocol.service, name):
            yield (
                f"{protocol.title} finds no other usable certificate for its x509_certificate_name {quoted(name)}; "
                f"assign one to {protocol.service} first."
            )

    def _used_by_connectors(self, meant: Certificate, usable: Sequence[Certificate]) -> Iterator[str]:
        """Whether a receive connector needs it, which names one by issuer and subject, or finds one for its FQDN."""
        if self.server.version < EXCHANGE_2013:
            return
        kind, members = CertificateIdentifier(), ("Name", "TlsCertificateName", "Fqdn")
        for wire in self.host.read("Get-ReceiveConnector", members=members, Server=self.server.name):
            name = shortened(
                needed(wire_name, wire.get("Name"), cmdlet="Get-ReceiveConnector", member="Name", of="one")
            )
            try:
                wanted = kind.read(wire.get("TlsCertificateName"))
            except Unreadable as came:
                yield (
                    f"TlsCertificateName of the receive connector {name} was returned as {came}, which cannot be read."
                )
                continue
            if not wanted:
                yield from self._found_for_fqdn(name, wire.get("Fqdn"), meant, usable)
                continue
            alike = [one for one in (meant, *usable) if kind.key(one.identifier) == kind.key(wanted)]
            if meant in alike and not any("SMTP" in (one.services or ()) for one in alike if one is not meant):
                yield (
                    f"the receive connector {name} names its issuer and subject, and no other usable certificate with "
                    "SMTP has the same ones; set another tls_certificate_name for the connector first."
                )

    def _found_for_fqdn(
        self, connector: str, came: Any, meant: Certificate, usable: Sequence[Certificate]
    ) -> Iterator[str]:
        """Whether a connector that names none may show its clients this one, and would have none for its FQDN then."""
        if "SMTP" not in (meant.services or ()):
            return
        try:
            fqdn = Fqdn().read(came) or self.server.fqdn
        except Unreadable as unreadable:
            yield f"Fqdn of the receive connector {connector} was returned as {unreadable}, which cannot be read."
            return
        others = [one for one in usable if "SMTP" in (one.services or ())]
        if meant.covers(fqdn) and not any(one.covers(fqdn) for one in others):
            yield (
                f"the receive connector {connector} finds no other usable certificate with SMTP for its FQDN "
                f"{quoted(fqdn)}; assign one to SMTP first."
            )

    @cached_property
    def _auth_thumbprints(self) -> frozenset[str]:
        """Those of the organization's Auth Certificates, whatever these are called."""
        if self.server.version < EXCHANGE_2013:
            return frozenset()
        kind = Thumbprint()
        found = (
            needed(kind.read, wire.get(member), cmdlet="Get-AuthConfig", member=member, of="the organization")
            for wire in self.host.read("Get-AuthConfig", members=_AUTH_THUMBPRINTS)
            for member in _AUTH_THUMBPRINTS
        )
        return frozenset(found) - {""}

    def bring(self, before: Held, plan: Plan) -> Held:
        try:
            return super().bring(before, plan)
        except Failure as failure:
            if _is_kept(failure.__cause__):
                failure.result["needed"] = True
            raise

    def send(self, outstanding: Plan) -> None:
        # It asks for a confirmation, and nobody is there to give it.
        parameters: dict[str, Any] = {"Thumbprint": self.thumbprint, "Confirm": False}
        self.host.write("Remove-ExchangeCertificate", Server=self.server.name, **parameters)

    def look(self, before: Held, plan: Plan) -> tuple[Held, Plan]:
        now = self.read()
        return now, self.plan(now)

    def expected(self, before: Held, plan: Plan) -> Held:
        return Held(None, before.others)

    def moved(self, before: Held, plan: Plan, settled: Settled[Held, Plan]) -> Plan:
        return Plan() if settled.outstanding else plan

    def told(self, before: Held, plan: Plan, settled: Settled[Held, Plan], moved: Plan) -> str:
        if _is_kept(settled.problem):
            return (
                f"{settled.problem} Exchange keeps certificates that its transport uses, and those that a Send "
                "connector names by issuer and subject, even if a renewed certificate has the same ones. Assign "
                f"another certificate there first, and then remove {self.thumbprint}; until then, it does no harm."
            )
        return self.why(settled, moved) or (
            f"The certificate {self.thumbprint} was removed, but {self.server.name} still shows it."
        )

    @property
    def title(self) -> str:
        return f"certificate {self.thumbprint} on {self.server.name}"

    def shown(self, now: Held, moved: Plan) -> dict[str, Any]:
        return {
            "server": self.server.name,
            "certificate": now.meant.shown(utc_now()) if now.meant else None,
            "imported": False,
            "assigned": False,
            "assigned_reason": None,
            "restart_required": False,
            "needed": False,
        }


def _is_kept(problem: BaseException | None) -> bool:
    """Whether Exchange itself has refused; what is behind it, such as its transport, is told in its message alone."""
    return isinstance(problem, CmdletFailure) and any(error.of_rpc for error in problem.errors)
