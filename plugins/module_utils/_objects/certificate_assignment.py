# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate on a server, imported where it is brought and not there, and the services that it is assigned to."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Failure,
    first_of,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import binary, secret
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import CertificateName, Thumbprint
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects import certificate_bundle, certificate_rules
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import (
    Certificate,
    by_name,
    by_thumbprint,
    in_order,
    read_certificates,
    utc_now,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_settings import read_settings
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import ASSIGNED_SERVICES
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Group, Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS, refuse
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import Single
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import warnings
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import Settled
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import Bundle

BY_SERVICE = {protocol.service: protocol for protocol in PROTOCOLS.values()}

# Of the password that a file has on its way, which is made anew for each, the bytes that are drawn for it.
_DRAWN = 32
# Of a certificate, in differences.
_PRESENT, _KEYLESS, _ABSENT = "present", "present without its private key", "absent"


class CertificateAssignment(Single[Certificate]):
    """One certificate of a server, and the services it is to be assigned to."""

    options = (
        *SERVER_OPTIONS,
        Option("thumbprint", Thumbprint()),
        Option("name", CertificateName()),
        *certificate_bundle.OPTIONS,
        Option("services", ASSIGNED_SERVICES),
        Option("expires_within_days", Int(0, 3650, "days")),
        Option("replace_default_smtp_certificate", Bool(), default=False),
        Option("assign_when_services_unknown", Bool(), default=False),
        Option("served_certificates", Group(tuple(Option(key, Thumbprint()) for key in PROTOCOLS))),
    )

    def contradictions(self) -> Iterator[str]:
        yield from certificate_bundle.contradictions(self.given)
        is_brought = certificate_bundle.is_brought(self.given)
        if not {"services", "thumbprint", "name"} & self.given.keys() and not is_brought:
            yield "services: it has no value; use a list of those to assign, such as POP."
        elif "SMTP" in self.services and not self.given["replace_default_smtp_certificate"]:
            yield (
                "services: for SMTP, Exchange asks whether the certificate should replace the default one, with which "
                "its servers authenticate each other; set replace_default_smtp_certificate to true to replace it, or "
                "leave SMTP out."
            )
        if is_brought and self.host.memory.get("transport") == "winrm":
            yield (
                f"{'pfx' if 'pfx' in self.given else 'certificate'}: the WinRM shell runs text that Windows may log, "
                "and the private key would be in it; use ansible_exchange_transport: psrp, or import the certificate "
                "in another way, and use thumbprint or name."
            )

    @property
    def services(self) -> frozenset[str]:
        return frozenset(self.given.get("services", ()))

    @cached_property
    def brought(self) -> Bundle | None:
        """What is brought from the controller, if anything is."""
        return certificate_bundle.read_bundle(self.given) if certificate_bundle.is_brought(self.given) else None

    @property
    def protocols(self) -> list[Protocol]:
        """The protocols that are to use it."""
        return [BY_SERVICE[service] for service in self.given.get("services", ()) if service in BY_SERVICE]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """By protocol, the name by which that chooses its certificate."""
        return {
            protocol.title: read_settings(self.host, protocol, self.server).values.get("x509_certificate_name", "")
            for protocol in self.protocols
        }

    @cached_property
    def before(self) -> Certificate:
        """The certificate meant as it was at first, fit for the services wanted, or a Failure."""
        brought = self._brought()
        _names, server, now = self.names, self.server, utc_now()
        certificates, name = read_certificates(self.host, server), self.given.get("name")
        if self.brought and brought:
            refuse(certificate_bundle.unserved(self.brought, server))
            certificate = next((one for one in certificates if one.thumbprint == brought.thumbprint), brought)
        elif thumbprint := self.given.get("thumbprint"):
            certificate = by_thumbprint(certificates, thumbprint, server, "thumbprint")
            refuse(
                f"thumbprint: the certificate {thumbprint} on {server.name} {fault}; use another one."
                for fault in certificate.faults(now)
            )
        else:
            name = name or self._stored_name()
            certificate = by_name(certificates, name, server, "name", now)
        refuse(self._unfit(certificate, name))
        return certificate

    def _brought(self) -> Certificate | None:
        """The certificate that is brought as it will be on the server, fit to be used; None if none is."""
        if self.brought is None:
            return None
        option = "pfx" if "pfx" in self.given else "certificate"
        # Over remote PowerShell its services and its key are told in the serialized form alone.
        certificate = Certificate(**asdict(self.brought.certificate), services=frozenset(), is_there=False)
        wanted = self.given.get("thumbprint", certificate.thumbprint)
        if wanted != certificate.thumbprint:
            raise Failure(
                f"thumbprint: it is {wanted}, and {self.given[option]} contains {certificate.thumbprint}; use the file "
                "that belongs to it, or leave thumbprint out."
            )
        refuse(
            f"{option}: the certificate {certificate.thumbprint} {fault}; use another one."
            for fault in certificate.faults(utc_now())
        )
        return certificate

    def _stored_name(self) -> str:
        """The one name that the protocols have stored, or a Failure."""
        names = {name.casefold(): name for name in self.names.values() if name}
        if len(names) == 1:
            return next(iter(names.values()))
        if len(names) > 1:
            told = " and ".join(f"{quoted(name)} for {protocol}" for protocol, name in self.names.items())
            raise Failure(
                f"name: x509_certificate_name on {self.server.name} is {told}; use name or thumbprint, or a separate "
                "task for each."
            )
        none = f"{self.server.name} has no x509_certificate_name stored for {' and '.join(self.names)}"
        which = f", and {none}" if self.names else ""
        raise Failure(f"name: it is not clear which certificate is meant{which}; use name or thumbprint.")

    def _unfit(self, certificate: Certificate, name: str | None) -> Iterator[str]:
        """A sentence if a certificate that can be used is not for the name, or not for the services."""
        if name and not certificate.covers(name):
            yield (
                f"name: the certificate {certificate.thumbprint} does not cover {quoted(name)}, only "
                f"{first_of(certificate.names) or 'no host name at all'}; use one that does."
            )
            return
        # Where it is assigned, by whatever way it came to that, nothing is left to be refused.
        titles = [one.title for one in self.protocols if one.service not in (certificate.services or ())]
        yield from (fact.refusal() for fact in certificate_rules.wildcard_wanted(certificate, titles, name))

    def read(self) -> Certificate:
        return self.before

    def plan(self, before: Certificate) -> Plan:
        if before.services is None and not self.given["assign_when_services_unknown"]:
            return self._importing(before)
        return self._to_do(before)

    def _to_do(self, now: Certificate) -> Plan:
        """What is missing on a certificate as it is now."""
        return _together(self._importing(now), _assigning(self._missing(now), now.services))

    def _importing(self, now: Certificate) -> Plan:
        """What an import changes: it brings the certificate, or the key that it lacks."""
        if self.brought is None or (now.is_there and now.has_private_key is not False):
            return Plan()
        was = _KEYLESS if now.is_there else _ABSENT
        return Plan({"certificate": now.thumbprint}, {"certificate": was}, {"certificate": _PRESENT})

    def _missing(self, certificate: Certificate) -> frozenset[str]:
        """The services wanted that it is not known to be assigned to."""
        if certificate.services is not None:
            return self.services - certificate.services
        served = self.given.get("served_certificates", {})
        # Clients are shown a certificate that has the stored name itself only where it is assigned. By a wildcard it
        # could be shown without.
        return self.services - {
            protocol.service
            for protocol in self.protocols
            if served.get(protocol.key) == certificate.thumbprint
            and certificate.names_exactly(self.names[protocol.title])
            and not any(name.startswith("*.") for name in certificate.names)
        }

    def _is_unknown(self, certificate: Certificate) -> bool:
        """Whether nothing tells if it is assigned."""
        return certificate.services is None and bool(self._missing(certificate))

    def remarks(self, before: Certificate, plan: Plan) -> Iterator[str]:
        facts = [*certificate_rules.dates_and_keys(before, utc_now(), self.given.get("expires_within_days"))]
        if self.brought and "certificate" in plan.changes:
            yield from certificate_bundle.remarks(self.brought)
        for protocol in self.protocols:
            name = self.names[protocol.title]
            facts += certificate_rules.x509_name_not_covered(name, protocol, [before], meant=before)
        yield from warnings(facts)
        if self._is_unknown(before):
            why, fix = certificate_rules.why_unknown(before, self.host.form)
            services = ", ".join(in_order(self._missing(before)))
            told = f"Whether {before.thumbprint} is assigned to {services} on {self.server.name} is not known: {why}."
            if plan.changed:
                yield (
                    f"{told} It is therefore assigned, possibly again, which cannot be verified{self._unseen()}. To "
                    f"find out, {fix}."
                )
            else:
                yield f"{told} Nothing was assigned; {fix}, or set assign_when_services_unknown to true."

    def _unseen(self) -> str:
        """What follows where nobody could look at the certificate that clients are shown."""
        served = self.given.get("served_certificates")
        if served is None or all(served.get(protocol.key) for protocol in self.protocols):
            return ""
        return "; every run does so as long as the controller does not see the certificate that clients are shown"

    def send(self, outstanding: Plan) -> None:
        if self.brought and "certificate" in outstanding.changes:
            self._import(self.brought)
        if services := outstanding.changes.get("services"):
            self._assign(services)

    def _import(self, brought: Bundle) -> None:
        # A file with a password of its own crosses the network and Exchange's logs encrypted, whatever the user's has.
        password = secrets.token_urlsafe(_DRAWN)
        parameters: dict[str, Any] = {
            "FileData": binary(brought.pkcs12(password, aes=certificate_bundle.reads_aes(self.server))),
            "Password": secret(password),
            "PrivateKeyExportable": self.given.get("private_key_exportable", False),
        }
        if "friendly_name" in self.given:
            parameters["FriendlyName"] = self.given["friendly_name"]
        self.host.write("Import-ExchangeCertificate", Server=self.server.name, **parameters)

    def _assign(self, services: Iterable[str]) -> None:
        parameters: dict[str, Any] = {"Thumbprint": self.before.thumbprint, "Services": ", ".join(services)}
        if "SMTP" in services:
            # Answers the question for the default certificate, which nobody is there to see.
            parameters["Force"] = True
        self.host.write("Enable-ExchangeCertificate", Server=self.server.name, **parameters)

    def look(self, before: Certificate, plan: Plan) -> tuple[Certificate, Plan]:
        certificates = read_certificates(self.host, self.server)
        if self.brought:
            now = next((one for one in certificates if one.thumbprint == before.thumbprint), None)
            now = now or replace(before, is_there=False, services=frozenset())
        else:
            now = by_thumbprint(certificates, before.thumbprint, self.server, "thumbprint")
        # What is not known was decided on before.
        return now, self._to_do(now) if "services" in plan.changes else self._importing(now)

    def expected(self, before: Certificate, plan: Plan) -> Certificate:
        if "certificate" in plan.changes:
            before = replace(before, is_there=True, has_private_key=True)
            if self.host.form == "plain":
                # There neither of the two is told.
                return replace(before, has_private_key=None, services=None)
        known = before.services
        return before if known is None else replace(before, services=known | self.services)

    def accepts(self, settled: Settled[Certificate, Plan]) -> bool:
        is_unknown = settled.seen is not None and settled.seen.services is None
        return super().accepts(settled) or (is_unknown and "certificate" not in settled.outstanding.changes)

    def finish(self, now: Certificate) -> None:
        if now.services is None and self.before.services is not None and self.services:
            why, fix = certificate_rules.why_unknown(now, self.host.form)
            self.host.warnings.append(
                f"Whether {now.thumbprint} is now assigned cannot be verified on {self.server.name}: {why}; {fix}."
            )

    def moved(self, before: Certificate, plan: Plan, settled: Settled[Certificate, Plan]) -> Plan:
        seen = settled.seen
        imported = self._importing(before) if seen and not self._importing(seen) else Plan()
        return _together(imported, self._assigned(before, plan, settled))

    def _assigned(self, before: Certificate, plan: Plan, settled: Settled[Certificate, Plan]) -> Plan:
        """What of the services has really changed."""
        now = settled.seen.services if settled.seen else None
        if before.services is None or now is None:
            # Where nobody can tell, whoever restarts what has changed had better do so.
            was_sent = settled.problem and settled.problem.may_have_happened and "services" in plan.changes
            return _assigning(plan.changes["services"], before.services) if was_sent else Plan()
        if before.services <= now:
            return _assigning(now - before.services, before.services)
        changed, was, has = (in_order(some) for some in (now ^ before.services, before.services, now))
        return Plan({"services": changed}, {"services": was}, {"services": has})

    def told(self, before: Certificate, plan: Plan, settled: Settled[Certificate, Plan], moved: Plan) -> str:
        problem, now, why = settled.problem, settled.seen, self.why(settled, moved)
        known = now.services if now else None
        if "certificate" in settled.outstanding.changes:
            return why or (
                f"The certificate {before.thumbprint} was imported, but {self.server.name} shows it as "
                f"{settled.outstanding.before['certificate']}."
            )
        if "services" not in plan.changes:
            return f"{why} {self.server.name} shows the certificate {before.thumbprint} anyway."
        if isinstance(problem, CmdletFailure) and (known is None or (before.services or frozenset()) <= known):
            assigned = ", ".join(moved.changes.get("services", ()))
            return f"{why} {self.server.name} shows {assigned} assigned anyway." if assigned else why
        shown = "unknown services" if known is None else f"only {', '.join(in_order(known)) or 'none'}"
        was = ""
        if known is not None and "services" in moved.changes:
            was = f" after {', '.join(moved.before['services']) or 'none'}"
        told = (
            f"services: {', '.join(plan.changes['services'])} was {'to be ' if problem else ''}assigned to "
            f"{before.thumbprint}{was}, but {self.server.name} shows {shown} for it"
        )
        reason = "" if problem else "; a wildcard or a missing private key can be the reason"
        return f"{told}{reason}.{why and ' '}{why}"

    @property
    def title(self) -> str:
        return f"certificate {self.before.thumbprint} on {self.server.name}"

    def shown(self, now: Certificate, moved: Plan) -> dict[str, Any]:
        return {
            "server": self.server.name,
            "certificate": now.shown(utc_now(), self.given.get("expires_within_days")),
            "assigned": None if self._is_unknown(now) else not self._missing(now),
            "assigned_reason": self._reason(now) if self._is_unknown(now) else None,
            "needed": False,
        }

    def _reason(self, certificate: Certificate) -> str:
        why, fix = certificate_rules.why_unknown(certificate, self.host.form)
        return f"{why}; {fix}."

    def consequences(self, moved: Plan) -> dict[str, Any]:
        return {
            "imported": "certificate" in moved.changes,
            "restart_required": not BY_SERVICE.keys().isdisjoint(moved.changes.get("services", ())),
        }


def _together(one: Plan, other: Plan) -> Plan:
    return Plan(one.changes | other.changes, one.before | other.before, one.after | other.after)


def _assigning(services: Iterable[str], known: frozenset[str] | None) -> Plan:
    """What assigning these services changes, for a certificate that is assigned to the known ones."""
    missing = in_order(services)
    if not missing:
        return Plan()
    before = "not known" if known is None else in_order(known)
    return Plan({"services": missing}, {"services": before}, {"services": in_order({*missing, *(known or ())})})
