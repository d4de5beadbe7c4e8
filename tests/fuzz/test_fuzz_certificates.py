"""Certificates and the serialized data beside them: read, or left out with a clause, whatever is in them."""

from __future__ import annotations

import base64
import json
import struct
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fuzzing import JSON, fuzz, spoilt
from hypothesis import strategies as st
from renewal import PASSWORD, issue

from ansible_collections.mailops.exchange.plugins.module_utils._mail.shown_certificate import describe_certificate
from ansible_collections.mailops.exchange.plugins.module_utils._mail.target import Trust
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_payload import read_payload
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_rules import dates_and_keys
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import read_certificate, utc_now
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import (
    bundle_of,
    read_certificates,
    read_pkcs12,
    read_private_key,
)
from exchange_simulator.certificate_payload import Description, signed, store_element, stream

# Record numbers, lengths without end, and numbers at their limits.
PIECES = [bytes([one]) for one in (0, 4, 5, 6, 7, 9, 10, 12, 15, 0x7F, 0x80, 0xFF)] + [
    b"\xff\xff\xff\xff\x07", b"\x80" * 6, struct.pack("<i", -1), struct.pack("<i", 2**31 - 1), b"value__", b"#sig#",
    struct.pack("<i", 2) * 3, b"Services",
]  # fmt: skip
DER = [
    b"\x30\x84\xff\xff\xff\xff", b"\x30\x80", b"\x02\x01\x00", b"\x06\x03\x55\x04\x03",
    b"\x0c\x04\xff\xfe\xfd\xfc", b"\x05\x00",
]  # fmt: skip


@cache
def certificates() -> list[bytes]:
    """Certificates with much in them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, 'Conto"so, Ltd.'),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.contoso.test"),
        ]
    )
    alternatives: list[x509.GeneralName] = [x509.DNSName("mail.contoso.test"), x509.DNSName("*.contoso.test")]
    alternatives += [x509.RFC822Name("anna@contoso.test"), x509.UniformResourceIdentifier("https://contoso.test")]
    now = datetime.now(UTC)
    made = []
    for extensions in ([], [x509.SubjectAlternativeName(alternatives), x509.BasicConstraints(True, 0)]):
        builder = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=30))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        made.append(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
    return made


@cache
def payloads() -> list[bytes]:
    found = []
    for der in certificates():
        element = store_element(x509.load_der_x509_certificate(der), friendly_name="fuzz", has_private_key=True)
        for sites in ([], ["Default Web Site", "Exchange Back End"]):
            told = Description(element, "EX01.contoso.test\\AB", False, 1, 3, 27, True, sites)
            found += [stream(told), signed(stream(told))]
    return found


@fuzz(500, st.deferred(lambda: spoilt(payloads(), PIECES)), st.deferred(lambda: st.sampled_from(certificates())))
def test_serialized_data(data: bytes, der: bytes) -> None:
    payload = read_payload(data, der)
    assert payload.services is None or 0 <= payload.services < 2**31
    assert payload.has_private_key in (None, True)


def test_the_data_that_is_spoilt_can_be_read() -> None:
    """Or nothing would be tried above."""
    known = {read_payload(data, der).services for data in payloads() for der in certificates() if der in data}
    assert known == {27}


def is_clause(text: str) -> bool:
    return bool(text) and not text.endswith(".") and "Traceback" not in text


@fuzz(500, st.deferred(lambda: spoilt(certificates(), DER)), JSON, JSON, JSON)
def test_objects_of_get_exchangecertificate(der: bytes, services: Any, status: Any, key: Any) -> None:
    wire = {"RawData": {"$bytes": base64.b64encode(der).decode()}}
    wire |= {"Services": services, "Status": status, "HasPrivateKey": key}
    try:
        certificate = read_certificate(wire)
    except ValueError as unread:
        told = [str(unread)]
    else:
        now = utc_now()
        json.dumps(certificate.shown(now))
        told = [*certificate.faults(now)]
        assert all(fact.warning().endswith(".") for fact in dates_and_keys(certificate, now, 30))
        assert all(map(certificate.covers, filter(str.isascii, certificate.names)))
    assert all(map(is_clause, told)), told


@fuzz(300, st.fixed_dictionaries({"RawData": JSON, "SerializationData": JSON, "Services": JSON}))
def test_anything_in_the_place_of_a_certificate(wire: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        read_certificate(wire)
    assert is_clause(str(refused.value))


def test_the_certificates_that_are_spoilt_can_be_read() -> None:
    """Or nothing would be tried of them."""
    read = [read_certificate({"RawData": {"$bytes": base64.b64encode(der).decode()}}) for der in certificates()]
    assert [one.names for one in read] == [("mail.contoso.test",), ("mail.contoso.test", "*.contoso.test")]


@fuzz(300, st.deferred(lambda: spoilt(certificates(), DER)), st.sampled_from(Trust))
def test_certificates_of_mail_services(der: bytes, trust: Trust) -> None:
    describe_certificate(der, "mail.contoso.test", trust, None)


@cache
def files() -> list[bytes]:
    """Without passwords: a number in an encrypted one tells how long to work for its key, and may be any."""
    issued = [issue("mail.contoso.test", kind=kind) for kind in ("rsa", "p256")]
    return [*(one.pfx(None) for one in issued), *(one.key_pem() + one.pem(chain=True) for one in issued)]


READERS = (
    lambda data: read_pkcs12(data, PASSWORD),
    lambda data: read_pkcs12(data, None),
    lambda data: bundle_of(read_private_key(data, PASSWORD), read_certificates(data)),
)


@fuzz(200, st.deferred(lambda: spoilt(files(), [*DER, b"-----END", b"\n"])), st.sampled_from(READERS))
def test_files_that_bring_a_certificate(data: bytes, read: Any) -> None:
    """They are read, or refused in a clause that repeats neither a password nor anything of a key."""
    told = ""
    try:
        assert "rivate" not in repr(read(data))
    except ValueError as unread:
        told = str(unread)
    assert not told or is_clause(told)
    assert PASSWORD not in told


def test_the_files_that_are_spoilt_can_be_read() -> None:
    """Or nothing would be tried of them. What is made of one is the same again."""
    read = [reader(data) for reader, data in zip((READERS[1],) * 2 + (READERS[2],) * 2, files(), strict=True)]
    assert [one.is_rsa for one in read] == [True, False] * 2
    # The root is in the PFX files alone.
    assert [len(one.issuers) for one in read] == [2, 2, 1, 1]
    for one in read:
        for aes in (True, False):
            assert read_pkcs12(one.pkcs12(PASSWORD, aes=aes), PASSWORD).certificate == one.certificate
