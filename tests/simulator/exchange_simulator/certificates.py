"""The certificates of one simulated server: which services use them, and which one clients are shown.

Certificates are real, and TLS clients judge them by the machine's clock, so nothing here follows the simulated one.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from .catalogue.certificates import ALLOWED_SERVICES, AUTHORITY_TYPE, CERTIFICATE_STATUS
from .certificate_payload import Description, store_element, stream
from .values import CertificateName, flag_names

FRONT_END_SITE, BACK_END_SITE = 1, 2


@dataclass
class StoredCertificate:
    """One certificate in the store of a server's computer, and what Exchange uses it for."""

    file: Path
    friendly_name: str = "Microsoft Exchange"
    has_private_key: bool = True
    exportable: bool = True
    root_type: str = "Registry"
    verdict: str = "Valid"
    """What Windows says of it within its time."""
    assigned: set[str] = field(default_factory=set)
    """The services apart from IIS, whose sites each have one certificate."""
    sites: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.x509 = x509.load_pem_x509_certificate(self.file.read_bytes())
        self.der = self.x509.public_bytes(serialization.Encoding.DER)
        self.thumbprint = hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()
        self.subject, self.issuer = (_windows_name(name) for name in (self.x509.subject, self.x509.issuer))
        common_names = self.x509.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        self.common_name = str(common_names[0].value) if common_names else ""
        self.names = _host_names(self.x509) or {self.common_name.casefold()}

    @property
    def is_self_signed(self) -> bool:
        return self.subject == self.issuer

    @property
    def is_wildcard(self) -> bool:
        """As Enable-ExchangeCertificate has it, whose warning names the subject."""
        return self.common_name.startswith("*.")

    @property
    def has_begun(self) -> bool:
        return self.x509.not_valid_before_utc <= datetime.datetime.now(datetime.UTC)

    @property
    def has_expired(self) -> bool:
        return self.x509.not_valid_after_utc < datetime.datetime.now(datetime.UTC)

    @property
    def is_usable(self) -> bool:
        return self.has_private_key and self.has_begun and not self.has_expired

    @property
    def services(self) -> str:
        return flag_names([*self.assigned, *(["IIS"] if self.sites else [])] or "None", ALLOWED_SERVICES)

    def covers(self, name: str) -> bool:
        return name.casefold() in self.names or self.covers_by_wildcard(name)

    def covers_by_wildcard(self, name: str) -> bool:
        _, dot, domain = name.casefold().partition(".")
        return bool(dot) and f"*.{domain}" in self.names

    def needs_no_service(self, name: str) -> bool:
        return self.is_wildcard or self.covers_by_wildcard(name)

    @property
    def status(self) -> str:
        return self.verdict if self.has_begun and not self.has_expired else "DateInvalid"

    def serialized(self, server: str, fqdn: str) -> bytes:
        """The live object as BinaryFormatter writes it."""
        return stream(
            Description(
                element=store_element(
                    self.x509, friendly_name=self.friendly_name, has_private_key=self.has_private_key
                ),
                identity=rf"{fqdn}\{self.thumbprint}",
                self_signed=self.is_self_signed,
                status=CERTIFICATE_STATUS.number(self.status),
                root_type=AUTHORITY_TYPE.number(self.root_type),
                services=ALLOWED_SERVICES.number(self.services),
                exportable=self.exportable,
                sites=[f"IIS://{server}/W3SVC/{site}" for site in sorted(self.sites)],
            )
        )


class CertificateStore:
    """All certificates of one server; the first is the one that setup made for it."""

    def __init__(self, own: StoredCertificate, others: Iterable[StoredCertificate]) -> None:
        self._initial = (own, *others)
        self.reset()

    def reset(self) -> None:
        """Back to what was there at the start."""
        self.all = [dataclasses.replace(one, assigned=set(one.assigned), sites=set(one.sites)) for one in self._initial]
        self._own = self.all[0]
        self.default_smtp = self._own

    def find(self, thumbprint: str) -> StoredCertificate | None:
        """By thumbprint, in which blanks and case do not count (inferred)."""
        wanted = thumbprint.replace(" ", "").upper()
        return next((one for one in self.all if one.thumbprint == wanted), None)

    def add(self, certificate: StoredCertificate) -> None:
        self.all.append(certificate)

    def take_in(self, file: Path, friendly_name: str, *, exportable: bool) -> StoredCertificate:
        """Import one with its key, which one that is there without its key gets by it (a guess)."""
        new = StoredCertificate(file, friendly_name, exportable=exportable, root_type="Registry")
        if old := self.find(new.thumbprint):
            old.file, old.has_private_key, old.exportable = file, True, exportable
            return old
        self.add(new)
        return new

    def remove(self, thumbprint: str) -> None:
        """Take one away; the server's own stays, because setup and the back end need it."""
        found = self.find(thumbprint)
        if found is None or found is self._own:
            raise ValueError(f"There is no certificate {thumbprint} that could be removed.")
        self.all.remove(found)
        if found is self.default_smtp:
            self.default_smtp = self._own

    def enable(self, certificate: StoredCertificate, services: Iterable[str]) -> None:
        """Assign services: IIS moves, the others are added, and SMTP makes it the default certificate."""
        for service in services:
            if service == "IIS":
                for one in self.all:
                    one.sites.discard(FRONT_END_SITE)
                certificate.sites.add(FRONT_END_SITE)
            else:
                certificate.assigned.add(service)
        if "SMTP" in services:
            self.default_smtp = certificate

    def for_protocol(self, service: str, name: str) -> StoredCertificate:
        """What POP or IMAP shows clients for its X509CertificateName.

        A certificate with the name itself has to be enabled for the service, a wildcard need not be. Inferred: that one
        whose subject is a wildcard need not be either if the name stands beside that, since it cannot be; which of
        several is taken; and that the server's own certificate is shown where none fits.
        """
        exact = [one for one in self._usable() if name.casefold() in one.names and service in one.assigned]
        wildcards = (one for one in self._usable() if one.covers(name) and one.needs_no_service(name))
        return next(iter([*exact, *wildcards]), self._own)

    def for_smtp(self, wanted: CertificateName | None, fqdn: str) -> StoredCertificate:
        """What a connector shows clients: the certificate it names, else one for its FQDN, else the default.

        Each has to be enabled for SMTP. Inferred: which of several is taken.
        """
        usable = [one for one in self._usable() if "SMTP" in one.assigned]
        named = [one for one in usable if wanted and _same(one, wanted)]
        return next(iter([*named, *(one for one in usable if one.covers(fqdn))]), self.default_smtp)

    def ordered_for(self, names: Iterable[str]) -> list[StoredCertificate]:
        """Those that cover one of the names, the one transport would choose first (inferred: as for TLS)."""
        return [one for one in self._best_first(self.all) if any(one.covers(name) for name in names)]

    def _usable(self) -> list[StoredCertificate]:
        return self._best_first(one for one in self.all if one.is_usable)

    @staticmethod
    def _best_first(certificates: Iterable[StoredCertificate]) -> list[StoredCertificate]:
        """An authority's before a self-signed one, then the newest."""
        return sorted(
            certificates, key=lambda one: (not one.is_self_signed, one.x509.not_valid_before_utc), reverse=True
        )


def _same(certificate: StoredCertificate, wanted: CertificateName) -> bool:
    pairs = ((certificate.issuer, wanted.issuer), (certificate.subject, wanted.subject))
    return all(mine.replace(", ", ",").casefold() == theirs.replace(", ", ",").casefold() for mine, theirs in pairs)


def _windows_name(name: x509.Name) -> str:
    """A distinguished name as Windows writes it, the most special part first, by the page of CertNameToStr."""
    parts = (" + ".join(f"{one.rfc4514_attribute_name}={_quoted(one)}" for one in rdn) for rdn in reversed(name.rdns))
    return ", ".join(parts)


def _quoted(attribute: x509.NameAttribute[str | bytes]) -> str:
    """In quotes where it has one of the characters that the page names, or blanks at an end."""
    value = str(attribute.value)
    if value == value.strip() and not any(character in value for character in ',+="\n<>#;'):
        return value
    return '"{}"'.format(value.replace('"', '""'))


def _host_names(certificate: x509.Certificate) -> set[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return {name.casefold() for name in extension.value.get_values_for_type(x509.DNSName)}
