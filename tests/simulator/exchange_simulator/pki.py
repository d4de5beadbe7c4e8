"""The organisation's own certification authority."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_ONE_DAY = datetime.timedelta(days=1)
_USER_PRINCIPAL_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING = 0x0C
_Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class Authority:
    """Issues the certificates of the simulated servers; trust `ca_file` to verify them."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Simulated Exchange organisation CA")
        self._certificate = _builder(self._name, self._name, self._key.public_key(), 3650)
        self._certificate = self._certificate.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        self._certificate = self._certificate.add_extension(usage, critical=True)
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        signed = self._certificate.add_extension(self._identifier, critical=False).sign(self._key, hashes.SHA256())
        self._pem = signed.public_bytes(serialization.Encoding.PEM)
        self.ca_file = directory / "ca.pem"
        self.ca_file.write_bytes(self._pem)

    def issue(
        self,
        names: Sequence[str],
        *,
        common_name: str | None = None,
        days: float = 365,
        begins: float = -1,
        rsa_bits: int | None = None,
        key_type: str | None = None,
        subject: str | None = None,
        issuer: str | None = None,
    ) -> Path:
        """A certificate of this authority for host names and addresses: one PEM file with key, certificate and CA.

        It is valid from `begins` to `days` days from now. Its whole subject and another issuer may be given in the form
        of RFC 4514; nobody trusts it then.
        """
        key = _new_key(rsa_bits, key_type)
        called = _name(common_name or names[0]) if subject is None else x509.Name.from_rfc4514_string(subject)
        by = self._name if issuer is None else x509.Name.from_rfc4514_string(issuer)
        builder = _leaf(_builder(called, by, key.public_key(), days, begins), names)
        authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier)
        signed = builder.add_extension(authority, critical=False).sign(self._key, hashes.SHA256())
        return self._write(f"{common_name or names[0]}-{signed.serial_number:x}", key, signed, self._pem)

    def issue_to_user(self, name: str) -> Path:
        """A user's certificate with his user principal name, for log-on by TLS: one PEM file as above."""
        key = _new_key(None)
        builder = _builder(_name(name.partition("@")[0]), self._name, key.public_key(), 365)
        principal = x509.OtherName(_USER_PRINCIPAL_NAME, bytes((_UTF8_STRING, len(name))) + name.encode("ascii"))
        builder = builder.add_extension(x509.SubjectAlternativeName([principal]), critical=False)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        signed = builder.add_extension(usage, critical=False).sign(self._key, hashes.SHA256())
        return self._write(f"{name}-{signed.serial_number:x}", key, signed, self._pem)

    def self_signed(
        self,
        names: Sequence[str],
        *,
        common_name: str | None = None,
        days: float = 365,
        begins: float = -1,
        rsa_bits: int | None = None,
    ) -> Path:
        """A certificate nobody vouches for, as Exchange's setup makes one for each server."""
        key = _new_key(rsa_bits)
        subject = _name(common_name or names[0])
        signed = _leaf(_builder(subject, subject, key.public_key(), days, begins), names).sign(key, hashes.SHA256())
        return self._write(f"{common_name or names[0]}-{signed.serial_number:x}", key, signed, b"")

    def keep(self, key: _Key, chain: Sequence[x509.Certificate]) -> Path:
        """A certificate that came with its key and those behind it, as a file like the others."""
        own, *others = chain
        behind = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in others)
        return self._write(f"imported-{own.serial_number:x}", key, own, behind)

    def _write(self, stem: str, key: _Key, certificate: x509.Certificate, chain: bytes) -> Path:
        path = self._directory / f"{stem.replace('*', '_').replace(' ', '_')}.pem"
        path.touch(mode=0o600)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM) + chain)
        return path


def user_principal_name(certificate: bytes) -> str | None:
    """The name in a user's certificate (DER)."""
    parsed = x509.load_der_x509_certificate(certificate)
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    others = names.get_values_for_type(x509.OtherName)
    # The value is a DER string of under 128 characters, so its head is two bytes.
    found = (name.value[2:].decode() for name in others if name.type_id == _USER_PRINCIPAL_NAME)
    return next(found, None)


def _new_key(rsa_bits: int | None, key_type: str | None = None) -> _Key:
    if key_type is not None:
        return (
            ed25519.Ed25519PrivateKey.generate() if key_type == "Ed25519" else ec.generate_private_key(ec.SECP384R1())
        )
    if rsa_bits is None:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey,
    days: float,
    begins: float = -1,
) -> x509.CertificateBuilder:
    # TLS clients judge validity by the machine's clock, so certificates do not follow the simulated one.
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins * _ONE_DAY)
        .not_valid_after(now + days * _ONE_DAY)
    )


def _leaf(builder: x509.CertificateBuilder, names: Sequence[str]) -> x509.CertificateBuilder:
    if names:
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True).add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
