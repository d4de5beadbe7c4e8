# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates as X.509: the one place where their bytes are read, and where it is told which hosts they are for.

So are files that bring one with its private key. No sentence repeats a password, or anything of a key.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure

# As CertNameToStr of Windows writes them, which is what Exchange compares; others are written OID.1.2.3.
_ATTRIBUTES = {
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.13": "Description",
    "2.5.4.17": "PostalCode",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
}


@dataclass(frozen=True)
class X509:
    """What a certificate says of itself."""

    thumbprint: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    """The host names it is for, `*.` for a wildcard."""
    not_before: datetime
    not_after: datetime
    common_names: tuple[str, ...] = ()
    """Those of the subject, be they host names or not; mail programs do not ask for them."""
    key: str = ""
    """Its algorithm and size, such as `RSA 2048`; mail programs do not ask for it."""
    weakness: str | None = None
    """What is weak in it, as the clause of a sentence."""

    def names_exactly(self, host: str) -> bool:
        return _compared(host) in map(_compared, self.names)

    def covers(self, host: str) -> bool:
        """Whether a client that connects to the host accepts the name; a wildcard stands for exactly one label."""
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(host)) in self.names
        _label, _dot, domain = _compared(host).partition(".")
        return self.names_exactly(host) or (bool(domain) and self.names_exactly(f"*.{domain}"))

    def days_left(self, now: datetime) -> int:
        return (self.not_after - now).days


def _compared(name: str) -> str:
    """A host name in the form in which certificates have it: neither case nor the dot of the root count."""
    name = name.rstrip(".")
    if not name.isascii():
        with contextlib.suppress(UnicodeError):
            name = name.encode("idna").decode()
    return name.casefold()


def thumbprint_of(der: bytes) -> str:
    """By what Windows and Exchange name a certificate."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def can_read_x509() -> bool:
    """Whether the library is there."""
    with contextlib.suppress(ImportError):
        from cryptography import x509

        return bool(x509)
    return False


def read_x509(der: bytes) -> X509:
    """A certificate as Windows and Exchange see it; ValueError with a clause if it cannot be read."""
    with _library(thumbprint_of(der)) as x509:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer = _windows_name(certificate.subject), _windows_name(certificate.issuer)
        public, signature = certificate.public_key(), certificate.signature_hash_algorithm
        # Clients fall back to the common name only where there is no alternative one.
        common = _common_names(certificate.subject)
        names = _alternative_names(certificate, x509.DNSName) or [name for name in common if " " not in name]
    key, bits, least = _describe_key(public)
    weaknesses = [f"its key has only {bits} bits"] if bits < least else []
    # Nobody checks the signature of a root, which a self-signed certificate is.
    if signature is not None and signature.name in ("md5", "sha1") and subject != issuer:
        weaknesses.append(f"it is signed with {signature.name.upper()}")
    return X509(
        thumbprint=thumbprint_of(der),
        subject=subject,
        issuer=issuer,
        names=tuple(dict.fromkeys(name.casefold() for name in names)),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        common_names=tuple(common),
        key=key,
        weakness=" and ".join(weaknesses) or None,
    )


def read_shown_x509(der: bytes) -> X509:
    """A certificate as mail programs see it, who know addresses and no common name; ValueError as above."""
    with _library(thumbprint_of(der)) as x509:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    names: list[str] = []
    # The library is stricter than OpenSSL, and a server sends what it likes: the rest is worth showing without names.
    with contextlib.suppress(ValueError), _library(thumbprint_of(der)):
        names = _alternative_names(certificate, x509.DNSName, x509.IPAddress)
    return X509(
        thumbprint=thumbprint_of(der),
        subject=subject,
        issuer=issuer,
        names=tuple(names),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


class Signer:
    """A certificate with its key, by which a file is signed."""

    def __init__(self, certificates: bytes, key: bytes, password: str | None) -> None:
        """From PEM, the signer's own certificate first; ValueError with a clause if that cannot be signed with."""
        if not can_read_x509():
            raise ValueError(
                "the Python library cryptography, which creates the signature, is missing on the controller"
            )
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            self._certificates = x509.load_pem_x509_certificates(certificates)
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("the certificate cannot be read as PEM") from None
        try:
            self._key = load_pem_private_key(key, password.encode() if password else None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("the key cannot be read as PEM with the password given or without one") from None
        if not isinstance(self._key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("the key is neither an RSA nor an EC key")
        if self._key.public_key() != self._certificates[0].public_key():
            raise ValueError("the key does not belong to the first certificate")

    def sign(self, content: bytes) -> bytes:
        """The content in a signature, with all certificates, in the binary form of CMS."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

        builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
        builder = builder.add_signer(self._certificates[0], cast(Any, self._key), SHA256())
        for certificate in self._certificates[1:]:
            builder = builder.add_certificate(certificate)
        return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])

    def has_signed(self, content: bytes, signed: bytes) -> bool:
        """Whether a signed file has this content and these certificates; the time of signing alone makes it another."""
        from cryptography.hazmat.primitives.serialization import Encoding

        parts = [content, *(certificate.public_bytes(Encoding.DER) for certificate in self._certificates)]
        return all(part in signed for part in parts)


@contextlib.contextmanager
def _library(what: str) -> Iterator[Any]:
    """The library at work, and nothing of ours beside it: what it cannot read is a ValueError with a clause."""
    # Imported here, because Ansible also loads modules where nothing but their documentation is wanted.
    try:
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm
    except ImportError as missing:
        raise Failure(
            f"The Python library cryptography, which reads certificates, is missing on the controller: {missing}."
        ) from None
    with warnings.catch_warnings():
        # The library remarks on oddities that Exchange does not mind, such as a country of more than two letters.
        warnings.simplefilter("ignore")
        try:
            yield x509
        except (
            ValueError,
            TypeError,
            UnsupportedAlgorithm,
            x509.DuplicateExtension,
            x509.InvalidVersion,
            x509.UnsupportedGeneralNameType,
        ) as error:
            raise ValueError(f"{what} cannot be read ({error})") from None


def _alternative_names(certificate: Any, *kinds: Any) -> list[str]:
    from cryptography import x509

    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name) for kind in kinds for name in alternative.get_values_for_type(kind)]


def _common_names(subject: Any) -> list[str]:
    from cryptography.x509 import NameOID

    return [str(attribute.value) for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _windows_name(name: Any) -> str:
    """A distinguished name as Windows writes it, the most special part first."""
    parts = []
    for rdn in reversed(name.rdns):
        pairs = [(_ATTRIBUTES.get(a.oid.dotted_string, f"OID.{a.oid.dotted_string}"), str(a.value)) for a in rdn]
        parts.append(" + ".join(f"{kind}={_quoted(value)}" for kind, value in pairs))
    return ", ".join(parts)


def _quoted(value: str) -> str:
    if value and value == value.strip() and not set(value) & set(',+="\r\n<>#;'):
        return value
    return '"' + value.replace('"', '""') + '"'


def _describe_key(public: Any) -> tuple[str, int, int]:
    """A key's description, its bits, and how many it should have at least."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    if isinstance(public, rsa.RSAPublicKey):
        return f"RSA {public.key_size}", public.key_size, 2048
    if isinstance(public, dsa.DSAPublicKey):
        return f"DSA {public.key_size}", public.key_size, 2048
    if isinstance(public, ec.EllipticCurvePublicKey):
        return f"EC {public.curve.name}", public.key_size, 256
    return type(public).__name__.removesuffix("PublicKey"), 0, 0


# Of the curves those that Schannel, the TLS of Windows, has for certificates.
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


@dataclass(frozen=True)
class Bundle:
    """A certificate with its private key, and those that lead from it to an authority."""

    certificate: X509
    private_key: Any = field(repr=False)
    own: Any = field(repr=False)
    issuers: tuple[Any, ...] = field(repr=False)
    """In their order, the one that issued it first."""
    friendly_name: bytes | None

    @property
    def is_rsa(self) -> bool:
        return self.certificate.key.startswith("RSA ")

    @property
    def lacks_issuers(self) -> bool:
        """Whether none of those is here that it needs."""
        return not self.issuers and self.certificate.subject != self.certificate.issuer

    def pkcs12(self, password: str, *, aes: bool) -> bytes:
        """A PKCS#12 file with all of it, encrypted with AES-256 or as older versions of Windows read it.

        What issued itself is left out: it is for an administrator to say whom a server trusts.
        """
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, PrivateFormat
        from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates

        secret = password.encode()
        older = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(50_000)
        # Windows before Server 2019 opens no other; its password is drawn anew and known to the two ends alone.
        older = older.key_cert_algorithm(PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())  # noqa: S303
        encryption = BestAvailableEncryption(secret) if aes else older.build(secret)
        sent = [one for one in self.issuers if one.subject != one.issuer]
        return serialize_key_and_certificates(self.friendly_name, self.private_key, self.own, sent, encryption)


def read_pkcs12(data: bytes, password: str | None) -> Bundle:
    """What a PKCS#12 file brings; ValueError with a clause that the name of the file goes before."""
    _refuse_other_files(data)
    if not data.startswith(b"\x30"):
        raise ValueError(
            "is not a PKCS#12 file; use one with a certificate and its private key, such as a .pfx or .p12"
        )
    # A file without a password has none or an empty one, which are two things to PKCS#12.
    for secret in (password.encode(),) if password else (None, b""):
        with contextlib.suppress(ValueError), _library("it"):
            from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

            loaded = load_pkcs12(data, secret)
            break
    else:
        given = "with the password given" if password else "without a password"
        raise ValueError(
            f"cannot be opened {given}; use the right one, or export the file again, encrypted with AES256-SHA256 or "
            "TripleDES-SHA1"
        )
    if loaded.key is None:
        raise ValueError("contains no private key; export it together with the key")
    named = [one for one in (loaded.cert, *loaded.additional_certs) if one]
    if not named:
        raise ValueError("contains no certificate; export it together with the certificate")
    name = next((one.friendly_name for one in named if _fits(loaded.key, one.certificate)), None)
    return _bundle(loaded.key, [one.certificate for one in named], name)


def read_certificates(data: bytes) -> list[Any]:
    """The certificates of a file in PEM form; ValueError with a clause as above."""
    _refuse_other_files(data, pem=True)
    with contextlib.suppress(ValueError), _library("it") as x509:
        found: list[Any] = x509.load_pem_x509_certificates(data)
        return found
    raise ValueError(
        "contains no readable certificate, or a damaged one among others; use a file with -----BEGIN CERTIFICATE----- "
        "in it"
    )


def read_private_key(data: bytes, password: str | None) -> Any:
    """The private key of a file in PEM form; ValueError with a clause as above."""
    _refuse_other_files(data, pem=True)
    if b"PRIVATE KEY-----" not in data:
        raise ValueError("contains no private key in PEM form; use the file with the key")
    for secret in (password.encode() if password else None, None):
        # What the library says of a key is not repeated.
        with contextlib.suppress(ValueError), _library("it"):
            from cryptography.hazmat.primitives.serialization import load_pem_private_key

            return load_pem_private_key(data, secret)
    given = "with the password given" if password else "without a password"
    raise ValueError(f"contains a private key that cannot be read {given}; use the right one, or create the file again")


def bundle_of(private_key: Any, certificates: list[Any]) -> Bundle:
    """A private key with its certificate and the others; ValueError with a clause as above."""
    return _bundle(private_key, certificates, None)


def _refuse_other_files(data: bytes, *, pem: bool = False) -> None:
    if data.startswith(b"$ANSIBLE_VAULT"):
        raise ValueError(
            "is encrypted with Ansible Vault; decrypt it for the run, and keep the password of the key there instead"
        )
    is_pem = b"-----BEGIN " in data
    if is_pem and not pem:
        raise ValueError("is in PEM form; use the options certificate and private_key")
    if pem and not is_pem:
        raise ValueError("is not in PEM form, which has -----BEGIN in it; use the option pfx for a PKCS#12 file")


def _bundle(private_key: Any, certificates: list[Any], name: bytes | None) -> Bundle:
    own = next((one for one in certificates if _fits(private_key, one)), None)
    if own is None:
        raise ValueError("contains no certificate that matches the private key; use the two that belong together")
    issuers = _issuers(own, [one for one in certificates if one is not own])
    if not issuers and len(certificates) > 1 and not _issued(own, own):
        raise ValueError("contains no certificate that issued the one of the private key; use its own chain")
    certificate, *above = (read_x509(_der(one)) for one in (own, *issuers))
    _refuse_unserved(own, certificate)
    for one in above:
        if one.not_after < datetime.now(UTC):
            raise ValueError(
                f"contains a chain whose certificate {one.thumbprint} ({one.subject}) has expired; use the current one"
            )
    return Bundle(certificate, private_key, own, tuple(issuers), name)


def _refuse_unserved(own: Any, certificate: X509) -> None:
    """End with a clause for what Windows does not serve TLS with."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    kind, _blank, curve = certificate.key.partition(" ")
    if kind != "RSA" and not (kind == "EC" and curve in _CURVES):
        raise ValueError(
            f"has a key of the kind {certificate.key.strip()}, which Windows does not support for TLS; order the "
            "certificate with an RSA key of at least 2048 bits"
        )
    purposes, usage = _extension(own, x509.ExtendedKeyUsage), _extension(own, x509.KeyUsage)
    serving = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    lacks = ""
    if purposes is not None and serving.isdisjoint(purposes):
        lacks = "its extended key usage lacks serverAuth"
    elif usage and not (usage.digital_signature or (kind == "RSA" and usage.key_encipherment)):
        lacks = "its key usage lacks digitalSignature"
    if lacks:
        raise ValueError(f"contains a certificate that is not for TLS servers ({lacks}); order one that is")


def _extension(certificate: Any, kind: Any) -> Any:
    """The value of an extension, None without it; ValueError with a clause if it cannot be read."""
    with _library("contains a certificate whose extensions") as x509, contextlib.suppress(x509.ExtensionNotFound):
        return certificate.extensions.get_extension_for_class(kind).value
    return None


def _der(certificate: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    der: bytes = certificate.public_bytes(Encoding.DER)
    return der


def _fits(private_key: Any, certificate: Any) -> bool:
    with contextlib.suppress(ValueError), _library("its key"):
        return bool(private_key.public_key() == certificate.public_key())
    return False


def _issued(certificate: Any, issuer: Any) -> bool:
    from cryptography.exceptions import InvalidSignature

    with contextlib.suppress(ValueError, InvalidSignature), _library("its signature"):
        certificate.verify_directly_issued_by(issuer)
        return True
    return False


def _issuers(own: Any, others: list[Any]) -> list[Any]:
    """The chain above a certificate, as far as it is there."""
    found: list[Any] = []
    last = own
    while not _issued(last, last):
        above = next((one for one in others if one not in found and one != own and _issued(last, one)), None)
        if above is None:
            break
        found.append(above)
        last = above
    return found
