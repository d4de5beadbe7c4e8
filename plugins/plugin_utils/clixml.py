# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the objects that pypsrp hands out to plain JSON values that modules read."""

from __future__ import annotations

import base64
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


def refuse_dtd(xml: str | bytes) -> None:
    """Raise ValueError for XML that declares entities: a few lines of them can grow to fill any memory."""

    def refuse(*_: t.Any) -> None:
        raise ValueError("the XML has a document type declaration, which neither SOAP nor CLIXML allows")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(xml, True)


def to_plain(value: t.Any, members: Collection[str] | None = None) -> t.Any:
    """A JSON value: primitives as they are, lists as lists, an object as its members plus its text as ``$text``."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, Queue):
        return [to_plain(item) for item in value.queue]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, GenericComplexObject):
        return _object_to_plain(value, members)
    return str(value)


def _object_to_plain(value: GenericComplexObject, members: Collection[str] | None) -> t.Any:
    properties = {**value.adapted_properties, **value.extended_properties}
    content = value.property_sets[0] if value.property_sets else None
    if isinstance(content, list):
        return [to_plain(item) for item in content]
    if isinstance(content, int) and "System.Enum" in value.types:
        return {"$text": value.to_string, "$value": content}
    if content is not None and not properties:
        return to_plain(content)
    plain = {
        name: to_plain(item)
        for name, item in properties.items()
        if (name in members if members is not None else name not in BULKY_MEMBERS)
    }
    return {"$text": value.to_string, **plain}


def error_to_plain(record: t.Any, cmdlet: str) -> dict[str, t.Any]:
    """An error record as data: what identifies the error, apart from its text, which follows the server's language."""
    exception = record.exception
    is_object = isinstance(exception, GenericComplexObject)
    properties = {**exception.adapted_properties, **exception.extended_properties} if is_object else {}
    types = exception.types if is_object else []
    message = record.details_message or properties.get("Message") or (exception.to_string if is_object else exception)
    return {
        "id": record.fq_error or "",
        "category": dict(enumerate(ERROR_CATEGORIES)).get(record.category, ""),
        "exception": (types[0].removeprefix("Deserialized.") if types else None) or record.reason or "",
        "message": str(message or "").strip(),
        "target": record.target_name or None,
        "cmdlet": record.activity or cmdlet,
        "parameter": properties.get("ParameterName") or None,
    }
