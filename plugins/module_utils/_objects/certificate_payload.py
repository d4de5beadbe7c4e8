# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What SerializationData tells of a certificate: a stream of .NET's BinaryFormatter (MS-NRBF) of the live object.

Only the record of the certificate itself is read, field by field and no further than its services. Nothing in the
stream is turned into an object; whatever is not as expected means that nothing is known.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SIGNED = b"#sig#"
HEADER = b"\x00" + struct.pack("<4i", 1, -1, 1, 0)
CLASS = "Microsoft.Exchange.Management.SystemConfigurationTasks.ExchangeCertificate"
SERVICES = "Microsoft.Exchange.Management.SystemConfigurationTasks.AllowedServices"

# Records, and types of fields.
_CLASS_RECORDS = _SYSTEM_CLASS, _LIBRARY_CLASS = 4, 5
_STRING, _REFERENCE, _NULL, _LIBRARY, _ARRAY_OF_PRIMITIVES = 6, 9, 10, 12, 15
_PRIMITIVE, _OF_SYSTEM_CLASS, _OF_LIBRARY_CLASS, _PRIMITIVES = 0, 3, 4, 7
_WITHOUT_MORE = (1, 2, 5, 6)
_BOOLEAN, _BYTE, _INT32 = 1, 2, 8

# Of the Windows certificate store: CERT_KEY_PROV_INFO_PROP_ID.
_KEY_PROVIDER = 2


@dataclass(frozen=True)
class Payload:
    """The two facts that a remote reader learns nowhere else."""

    services: int | None = None
    has_private_key: bool | None = None
    """True if the store says which provider holds the key; the lack of that proves nothing."""


def read_payload(data: bytes, der: bytes) -> Payload:
    """What the payload says of the certificate with this content; nothing if it is another one's or is damaged."""
    if data.startswith(SIGNED):
        # Payload signing: a mark, the length of the stream, the stream, and a signature that only Exchange can check.
        start = len(SIGNED) + 4
        end = start + int.from_bytes(data[len(SIGNED) : start], "little")
        data = data[start:end] if end <= len(data) else b""
    if not data.startswith(HEADER) or der not in data:
        return Payload()
    stream = _Stream(data, len(HEADER))
    try:
        fields = stream.certificate()
    except ValueError:
        return Payload()
    services = fields.get("Services")
    has_key = _names_provider(data, stream.position, fields.get("CertData"))
    return Payload(services if services is not None and services >= 0 else None, has_key or None)


def _names_provider(data: bytes, position: int, reference: int | None) -> bool:
    """Whether the serialized store element, an array of bytes, has the property that leads to the private key."""
    if reference is None:
        return False
    start = data.find(struct.pack("<Bi", _ARRAY_OF_PRIMITIVES, reference), position)
    if start < 0 or len(data) < start + 10 or data[start + 9] != _BYTE:
        return False
    # Each property is its number, a 1, its length and its content.
    end = start + 10 + int.from_bytes(data[start + 5 : start + 9], "little")
    start += 10
    while start + 12 <= min(end, len(data)):
        number, _one, length = struct.unpack_from("<3I", data, start)
        if number == _KEY_PROVIDER:
            return True
        start += 12 + length
    return False


class _Stream:
    """A cursor that reads one record of a class; ValueError where the stream is not as it should be."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self.position = position

    def certificate(self) -> dict[str, int]:
        """The fields up to the services: the numbers among them, and of references the number they refer to."""
        record = self._byte()
        if record == _LIBRARY:
            self._take(4)
            self._text()
            record = self._byte()
        name, fields = self._class(record)
        if name != CLASS:
            raise ValueError("another class")
        found: dict[str, int] = {}
        for field, kind, info in fields:
            value = self._services() if field == "Services" else self._value(kind, info)
            if value is not None:
                found[field] = value
            if field == "Services":
                break
        return found

    def _class(self, record: int) -> tuple[str, list[tuple[str, int, int]]]:
        """The class's name, and its fields with their types."""
        if record not in _CLASS_RECORDS:
            raise ValueError("no class record")
        self._take(4)
        name = self._text()
        # A count without end ends with the stream.
        names = [self._text() for _number in range(self._number())]
        types = [self._byte() for _name in names]
        fields = [(field, kind, self._type_info(kind)) for field, kind in zip(names, types, strict=True)]
        if record == _LIBRARY_CLASS:
            self._take(4)
        return name, fields

    def _type_info(self, kind: int) -> int:
        if kind in (_PRIMITIVE, _PRIMITIVES):
            return self._byte()
        if kind in (_OF_SYSTEM_CLASS, _OF_LIBRARY_CLASS):
            self._text()
            if kind == _OF_LIBRARY_CLASS:
                self._take(4)
        elif kind not in _WITHOUT_MORE:
            raise ValueError("unknown type")
        return 0

    def _value(self, kind: int, info: int) -> int | None:
        if kind == _PRIMITIVE:
            return self._primitive(info)
        record = self._byte()
        if record == _REFERENCE:
            return self._number()
        if record == _STRING:
            self._take(4)
            self._text()
            return None
        return None if record == _NULL else self._enumeration(record)[1]

    def _services(self) -> int:
        name, number = self._enumeration(self._byte())
        if name != SERVICES:
            raise ValueError("another enumeration")
        return number

    def _enumeration(self, record: int) -> tuple[str, int]:
        """An enumeration, which is a class with a single number."""
        name, fields = self._class(record)
        if [(field, kind) for field, kind, _info in fields] != [("value__", _PRIMITIVE)]:
            raise ValueError("no enumeration")
        return name, self._primitive(fields[0][2])

    def _primitive(self, kind: int) -> int:
        if kind == _INT32:
            return self._number()
        if kind != _BOOLEAN:
            raise ValueError("neither a Boolean nor an Int32")
        return self._byte()

    def _take(self, length: int) -> bytes:
        taken = self._data[self.position : self.position + length]
        if len(taken) != length:
            raise ValueError("the stream ends too early")
        self.position += length
        return taken

    def _byte(self) -> int:
        return self._take(1)[0]

    def _number(self) -> int:
        return int.from_bytes(self._take(4), "little", signed=True)

    def _text(self) -> str:
        """A text behind its length, which has seven bits in each byte."""
        length = 0
        for shift in range(0, 35, 7):
            byte = self._byte()
            length |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return self._take(length).decode()
        raise ValueError("a length without end")
