"""Certificates with their keys as an authority's client leaves them on the controller: PEM files, and PFX files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSWORD = "Renewed-P4ssword-of-a-file"
_DAY = datetime.timedelta(days=1)
_KINDS: dict[str, Any] = {
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "rsa-1024": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "k256": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@cache
def key_of(kind: str, number: int = 0) -> Any:
    """One key of a kind for all tests of a process: some take their time."""
    return _KINDS[kind]()


def encryption(password: str | None) -> KeySerializationEncryption:
    return BestAvailableEncryption(password.encode()) if password else NoEncryption()


@dataclass(frozen=True)
class Issued:
    """A certificate with its key and those above it, the one that issued it first and the root last."""

    key: Any
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...]

    @property
    def thumbprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - so Windows names it

    def pfx(self, password: str | None = PASSWORD, *, chain: Sequence[x509.Certificate] | None = None) -> bytes:
        above = self.above if chain is None else chain
        return pkcs12.serialize_key_and_certificates(b"mail", self.key, self.certificate, above, encryption(password))

    def pem(self, *, chain: bool = False) -> bytes:
        return b"".join(pem_of(one) for one in (self.certificate, *(self.above[:-1] if chain else ())))

    def key_pem(self, password: str | None = None) -> bytes:
        return bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption(password)))

    def written(self, folder: Path, password: str | None = PASSWORD) -> Path:
        """Its PFX as a file."""
        file = folder / f"{self.thumbprint}.pfx"
        file.write_bytes(self.pfx(password))
        return file


def pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])


def _signed(
    subject: x509.Name, key: Any, issuer: x509.Name, by: Any, begins: float, days: float, *extensions: Any
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now + begins * _DAY).not_valid_after(now + days * _DAY)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(by, None if isinstance(by, ed25519.Ed25519PrivateKey) else hashes.SHA256())


@cache
def authority(number: int = 0, days: float = 3650) -> tuple[Any, x509.Certificate, x509.Certificate]:
    """An intermediate's key and certificate, and the root above it."""
    root_key, middle_key = key_of("p256", 100 + number), key_of("p256", 200 + number)
    root, middle = _name(f"Renewal root {number}"), _name(f"Renewal issuing CA {number}")
    is_authority = x509.BasicConstraints(ca=True, path_length=None)
    above = _signed(root, root_key, root, root_key, -3, 3650, is_authority)
    between = _signed(middle, middle_key, root, root_key, -3, days, is_authority)
    return middle_key, between, above


def issue(
    *names: str,
    kind: str = "rsa",
    number: int = 0,
    common_name: str | None = None,
    begins: float = -1,
    days: float = 90,
    purposes: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.SERVER_AUTH,),
    issuer: int = 0,
    issuer_days: float = 3650,
) -> Issued:
    """A certificate for names, by the intermediate of an authority."""
    key, (by, middle, root) = key_of(kind, number), authority(issuer, issuer_days)
    extensions: list[Any] = [x509.BasicConstraints(ca=False, path_length=None)]
    if names:
        extensions.append(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]))
    if purposes:
        extensions.append(x509.ExtendedKeyUsage(purposes))
    subject = _name((names or ("",))[0] if common_name is None else common_name)
    certificate = _signed(subject, key, middle.subject, by, begins, days, *extensions)
    return Issued(key, certificate, (middle, root))


def self_signed(*names: str, days: float = 90) -> Issued:
    key, subject = key_of("rsa"), _name(names[0])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    return Issued(key, _signed(subject, key, subject, key, -1, days, alternatives), ())


def pfx(*names: str, password: str | None = None) -> bytes:
    return issue(*names).pfx(password)
