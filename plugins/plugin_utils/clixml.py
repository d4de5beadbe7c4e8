# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the objects that pypsrp hands out to plain JSON values that modules read."""

from __future__ import annotations

import base64
import re
import typing as t
import uuid
from collections.abc import Collection
from queue import Queue
from xml.etree import ElementTree
from xml.parsers import expat

from pypsrp.complex_objects import GenericComplexObject, ObjectMeta
from pypsrp.serializer import Serializer

# A .NET BinaryFormatter stream of the live object, often longer than all the other members together. Whoever needs
# it names it.
BULKY_MEMBERS = frozenset({"SerializationData"})

# What Exchange sends has up to nine elements in each other. pypsrp keeps the text of each of them while it reads it.
DEEPEST = 32
# Characters that one object may come to, a value counted as 64 more. References to one another make a short document
# say the same without end.
LARGEST_COPY = 16 << 20

# System.Management.Automation.ErrorCategory, in the order of its numbers.
ERROR_CATEGORIES = (
    "NotSpecified", "OpenError", "CloseError", "DeviceError", "DeadlockDetected", "InvalidArgument", "InvalidData",
    "InvalidOperation", "InvalidResult", "InvalidType", "MetadataError", "NotImplemented", "NotInstalled",
    "ObjectNotFound", "OperationStopped", "OperationTimeout", "SyntaxError", "ParserError", "PermissionDenied",
    "ResourceBusy", "ResourceExists", "ResourceUnavailable", "ReadError", "WriteError", "FromStdErr", "SecurityError",
    "ProtocolError", "ConnectionError", "AuthenticationError", "LimitsExceeded", "QuotaExceeded", "NotEnabled",
)  # fmt: skip

_PRIMITIVES: dict[str, t.Callable[[str], t.Any]] = {
    "B": lambda text: text.lower() == "true",
    "DT": str,
    "G": uuid.UUID,
    "I32": int,
    "Nil": lambda _: None,
}

# As CLIXML writes what XML cannot hold; a character beyond the first 65,536 has two halves.
_HALVES = re.compile(r"(?P<whole>_x005F_|_xD[89AB]..__xD[CDEF].._)|_xD[89A-F].._", re.IGNORECASE)


class LineSerializer(Serializer):
    """pypsrp's serializer, able to read the list types of Exchange.

    pypsrp knows the .NET collections by name and leaves the content of any other, such as Exchange's
    MultiValuedProperty, as unparsed XML text.
    """

    def deserialize(
        self, element: ElementTree.Element | str, metadata: ObjectMeta | None = None, clear: bool = True
    ) -> t.Any:
        if isinstance(element, str):
            refuse_dtd(element)
        elif metadata is None or metadata.tag == "*":
            # pypsrp turns every element back into text first, which tens of thousands of objects make minutes of.
            if element.tag in ("S", "ToString"):
                return self._deserialize_string(element.text)
            if element.tag in _PRIMITIVES:
                return _PRIMITIVES[element.tag](element.text or "")
            if element.tag in ("LST", "IE", "QUE", "STK"):
                return [self.deserialize(child, clear=False) for child in element]
            if element.tag == "DCT":
                return {
                    str(self.deserialize(entry[0], clear=False)): self.deserialize(entry[1], clear=False)
                    for entry in element
                }
        return super().deserialize(element, metadata, clear)

    def _deserialize_string(self, value: str | None) -> str:
        try:
            return super()._deserialize_string(value)
        except UnicodeDecodeError:
            # A name that Exchange has cut to a length may end with half a character.
            return super()._deserialize_string(_HALVES.sub(lambda found: found["whole"] or "\ufffd", value or ""))


def refuse_dtd(xml: str | bytes) -> None:
    """Raise ValueError for XML that declares entities or nests without end: a few lines of it can fill any memory."""
    depth = 0

    def refuse(*_: t.Any) -> None:
        raise ValueError("the XML has a document type declaration, which neither SOAP nor CLIXML allows")

    def descend(*_: t.Any) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"the XML has more than {DEEPEST} elements in each other")

    def ascend(*_: t.Any) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = descend, ascend
    parser.Parse(xml, True)


def to_plain(value: t.Any, members: Collection[str] | None = None) -> t.Any:
    """A JSON value: primitives as they are, lists as lists, an object as its members plus its text as ``$text``."""
    return _Copy().of(value, members)


class _Copy:
    """One object as JSON values; ValueError if it comes to more than any honest one."""

    def __init__(self) -> None:
        self._left = LARGEST_COPY

    def of(self, value: t.Any, members: Collection[str] | None = None) -> t.Any:
        self._count(64)
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, uuid.UUID):
            return str(value)
        if isinstance(value, bytes):
            return {"$bytes": self._text(base64.b64encode(value).decode())}
        if isinstance(value, (list, tuple)):
            return [self.of(item) for item in value]
        if isinstance(value, Queue):
            return [self.of(item) for item in value.queue]
        if isinstance(value, dict):
            return {self._text(str(key)): self.of(item) for key, item in value.items()}
        if isinstance(value, GenericComplexObject):
            return self._object(value, members)
        return self._text(str(value))

    def _object(self, value: GenericComplexObject, members: Collection[str] | None) -> t.Any:
        properties = {**value.adapted_properties, **value.extended_properties}
        content = value.property_sets[0] if value.property_sets else None
        if isinstance(content, list):
            return [self.of(item) for item in content]
        if isinstance(content, int) and "System.Enum" in value.types:
            return {"$text": self.of(value.to_string), "$value": content}
        if content is not None and not properties:
            return self.of(content)
        plain = {
            self._text(name): self.of(item)
            for name, item in properties.items()
            if (name in members if members is not None else name not in BULKY_MEMBERS)
        }
        return {"$text": self.of(value.to_string), **plain}

    def _text(self, text: str) -> str:
        self._count(len(text))
        return text

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ValueError(f"an object comes to more than {LARGEST_COPY >> 20} MB")


def error_to_plain(record: t.Any, cmdlet: str) -> dict[str, t.Any]:
    """An error record as data: what identifies the error, apart from its text, which follows the server's language."""
    exception = record.exception
    is_object = isinstance(exception, GenericComplexObject)
    properties = {**exception.adapted_properties, **exception.extended_properties} if is_object else {}
    types = exception.types if is_object else []
    category = record.category if isinstance(record.category, int) else -1
    message = record.details_message or properties.get("Message") or (exception.to_string if is_object else exception)
    return {
        "id": _told(record.fq_error),
        "category": ERROR_CATEGORIES[category] if category in range(len(ERROR_CATEGORIES)) else "",
        "exception": (types[0].removeprefix("Deserialized.") if types else None) or _told(record.reason),
        "message": _told(message).strip(),
        "target": _told(record.target_name) or None,
        "cmdlet": _told(record.activity) or cmdlet,
        "parameter": _told(properties.get("ParameterName")) or None,
    }


def _told(value: t.Any) -> str:
    return str(value or "")
