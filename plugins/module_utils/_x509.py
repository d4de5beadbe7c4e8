# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates as X.509, and their names as Windows writes them."""

from __future__ import annotations

import warnings
from typing import Any

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


def read_x509(der: bytes, thumbprint: str) -> dict[str, Any]:
    """What the certificate says of itself."""
    # Imported here, because Ansible also loads modules where nothing but their documentation is wanted.
    try:
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm
    except ImportError as missing:
        raise Failure(
            f"The Python library cryptography, by which certificates are read, is missing on the controller: {missing}."
        ) from None
    odd = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)
    with warnings.catch_warnings():
        # The library remarks on oddities that Exchange does not mind, such as a country of more than two letters.
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(der)
            subject, issuer = (_windows_name(name) for name in (certificate.subject, certificate.issuer))
            key, bits, least = _describe_key(certificate.public_key())
            signature = certificate.signature_hash_algorithm
            names = _host_names(certificate)
        except (*odd, x509.UnsupportedGeneralNameType) as error:
            raise ValueError(f"{thumbprint} cannot be read ({error})") from None
    weaknesses = [f"its key has only {bits} bits"] if bits < least else []
    # Nobody checks the signature of a root, which a self-signed certificate is.
    if signature is not None and signature.name in ("md5", "sha1") and subject != issuer:
        weaknesses.append(f"it is signed with {signature.name.upper()}")
    return {
        "subject": subject,
        "issuer": issuer,
        "names": names,
        "not_before": certificate.not_valid_before_utc,
        "not_after": certificate.not_valid_after_utc,
        "key": key,
        "weakness": " and ".join(weaknesses) or None,
    }


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


def _host_names(certificate: Any) -> tuple[str, ...]:
    from cryptography import x509

    names: list[str] = []
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = extension.value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        pass
    if not names:
        # Clients fall back to the common name only where there is no alternative one.
        common = [str(a.value) for a in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
        names = [name for name in common if " " not in name]
    return tuple(dict.fromkeys(name.casefold() for name in names))
