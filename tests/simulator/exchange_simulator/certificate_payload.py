"""A certificate as .NET's BinaryFormatter (MS-NRBF) writes it, byte for byte as in the captures."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .catalogue.certificates import ALLOWED_SERVICES, AUTHORITY_TYPE, CERTIFICATE_STATUS, NAMESPACE

_ASSEMBLY = "Microsoft.Exchange.Management, Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35"
_SYSTEM = "System, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
_IIS_SERVICE = NAMESPACE + "IisService"
_IIS_LIST = f"System.Collections.Generic.List`1[[{_IIS_SERVICE}, {_ASSEMBLY}]]"
_URL_VALIDATION = NAMESPACE + "UrlValidation"
_FIELDS = (
    "CertData",
    "SelfSigned",
    "Status",
    "RootCAType",
    "Services",
    "IISServices",
    "PrivateKeyExportable",
    "Identity",
)
_SITE_FIELDS = ("serviceName", "internalUrl", "internalUrlValid", "externalUrl", "externalUrlValid")

# Properties in the Windows certificate store, by their numbers in wincrypt.h.
_PROVIDER, _SHA1, _MD5, _FRIENDLY_NAME, _SIGNATURE_HASH, _KEY_IDENTIFIER = 2, 3, 4, 11, 15, 20
_PUBLIC_KEY_MD5, _CONTENT, _KEY_LENGTH = 25, 32, 92


@dataclass(frozen=True)
class Description:
    """What the object says of a certificate; `sites` are the IIS sites that use it."""

    element: bytes
    identity: str
    self_signed: bool
    status: int
    root_type: int
    services: int
    exportable: bool
    sites: Sequence[str]


def stream(told: Description) -> bytes:
    """The serialized object; record numbers count up as the formatter meets the parts."""
    parts = [
        b"\x00" + struct.pack("<4i", 1, -1, 1, 0),
        _library(2, _ASSEMBLY),
        b"\x05" + _int(1) + _text(NAMESPACE + "ExchangeCertificate") + _int(len(_FIELDS)),
        *map(_text, _FIELDS),
        bytes((7, 0, 4, 4, 4, 3, 0, 1)),
        b"\x02\x01",
        *(_text(kind.type_name) + _int(2) for kind in (CERTIFICATE_STATUS, AUTHORITY_TYPE, ALLOWED_SERVICES)),
        _text(_IIS_LIST) + b"\x01" + _int(2),
        _reference(3) + bytes((told.self_signed,)),
        _enumeration(-4, CERTIFICATE_STATUS.type_name, told.status),
        _enumeration(-5, AUTHORITY_TYPE.type_name, told.root_type),
        _enumeration(-6, ALLOWED_SERVICES.type_name, told.services),
        _reference(7) + bytes((told.exportable,)),
        b"\x06" + _int(8) + _text(told.identity),
        b"\x0f" + _int(3) + _int(len(told.element)) + b"\x02" + told.element,
        *_sites(told.sites),
        b"\x0b",
    ]
    return b"".join(parts)


def signed(data: bytes) -> bytes:
    """The same under payload signing; nobody but Exchange can check the trailer."""
    return b"#sig#" + struct.pack("<I", len(data)) + data + hashlib.sha256(data).digest()


def store_element(certificate: x509.Certificate, *, friendly_name: str, has_private_key: bool) -> bytes:
    """The certificate with the properties that the Windows store keeps of it; one of them leads to the private key."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    key = certificate.public_key()
    public = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    sha1, md5 = _digest("sha1", der), _digest("md5", der)
    properties = [
        (_KEY_LENGTH, struct.pack("<I", getattr(key, "key_size", 0))),
        (_SIGNATURE_HASH, hashlib.sha256(certificate.tbs_certificate_bytes).digest()),
        (_MD5, md5),
        (_PUBLIC_KEY_MD5, _digest("md5", public)),
        (_KEY_IDENTIFIER, _digest("sha1", public)),
    ]
    if has_private_key:
        # A container of the machine's own keys, in the default provider.
        container = f"{md5.hex()}_{sha1[:2].hex()}".encode("utf-16-le") + bytes(6)
        properties.append((_PROVIDER, struct.pack("<7I", 28, 0, 12, 32, 0, 0, 1) + container))
    properties += [(_SHA1, sha1), (_FRIENDLY_NAME, f"{friendly_name}\0".encode("utf-16-le")), (_CONTENT, der)]
    return b"".join(struct.pack("<3I", number, 1, len(content)) + content for number, content in properties)


def _sites(names: Sequence[str]) -> list[bytes]:
    """The list of IIS sites, whose array has room for four as .NET's lists have."""
    count = len(names)
    room = 4 if names else 0
    parts = [
        b"\x04" + _int(7) + _text(_IIS_LIST) + _int(3),
        *map(_text, ("_items", "_size", "_version")),
        bytes((4, 0, 0)) + _text(_IIS_SERVICE + "[]") + _int(2) + b"\x08\x08",
        _reference(9) + _int(count) + _int(1),
        b"\x07" + _int(9) + b"\x00" + _int(1) + _int(room) + b"\x04" + _text(_IIS_SERVICE) + _int(2),
    ]
    if not names:
        return parts
    parts += [_reference(10 + index) for index in range(count)]
    parts.append(bytes((13, room - count)))
    library, number = 10 + count, 11 + count
    parts.append(_library(library, _SYSTEM))
    for index, name in enumerate(names):
        if index == 0:
            types = 2 * (_text("System.Uri") + _int(library) + _text(_URL_VALIDATION) + _int(2))
            parts.append(b"\x05" + _int(10) + _text(_IIS_SERVICE) + _int(len(_SITE_FIELDS)))
            parts += [*map(_text, _SITE_FIELDS), bytes((1, 4, 4, 4, 4)), types, _int(2)]
            first = -(number + 1)
            inner = _enumeration(first, _URL_VALIDATION, 0)
        else:
            parts.append(b"\x01" + _int(10 + index) + _int(10))
            inner = b"\x01" + _int(-(number + 1)) + _int(first) + _int(0)
        outer = b"\x01" + _int(-(number + 2)) + _int(first) + _int(0)
        parts.append(b"\x06" + _int(number) + _text(name) + b"\x0a" + inner + b"\x0a" + outer)
        number += 3
    return parts


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _int(number: int) -> bytes:
    return struct.pack("<i", number)


def _text(text: str) -> bytes:
    """A text behind its length, which has seven bits in each byte."""
    content = text.encode()
    length, rest = b"", len(content)
    while rest > 127:
        length += bytes((rest & 127 | 128,))
        rest >>= 7
    return length + bytes((rest,)) + content


def _library(number: int, name: str) -> bytes:
    return b"\x0c" + _int(number) + _text(name)


def _reference(number: int) -> bytes:
    return b"\x09" + _int(number)


def _enumeration(number: int, name: str, value: int) -> bytes:
    return b"\x05" + _int(number) + _text(name) + _int(1) + _text("value__") + b"\x00\x08" + _int(2) + _int(value)
