# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the objects that pypsrp hands out to plain JSON values that modules read."""

from __future__ import annotations

import base64
import re
import typing as t
import uuid
from collections.abc import Collection, Mapping
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import escape

from pypsrp.complex_objects import ErrorRecord, GenericComplexObject, ObjectMeta
from pypsrp.serializer import Serializer

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    NUMBER,
    TEXT,
    binary,
    wire_enum,
    wire_object,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.boundary import Unintelligible

# A .NET BinaryFormatter stream of the live object, often longer than all the other members together. Whoever needs
# it names it.
BULKY_MEMBERS = frozenset({"SerializationData"})

# What Exchange sends has up to nine elements inside each other. pypsrp keeps the text of each while it reads it.
DEEPEST = 32
TOO_DEEP = f"the XML has more than {DEEPEST} elements inside each other"

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

_LISTS = frozenset({"LST", "IE", "QUE", "STK"})

# As CLIXML writes what XML cannot hold; a character beyond the first 65,536 has two halves.
_HALVES = re.compile(r"(?P<whole>_x005F_|_xD[89AB]..__xD[CDEF].._)|_xD[89A-F].._", re.IGNORECASE)
# References to U+FFFE and U+FFFF, which PowerShell writes and XML does not allow.
_NO_CHARACTER = re.compile("&#(?:x[Ff]{3}[EeFf]|6553[45]);")
_PYPSRP = Serializer()


class LineSerializer(Serializer):
    """pypsrp's serializer, which leaves what a pipeline puts out as the text it came as.

    pypsrp knows the .NET collections by name and leaves the content of any other, such as Exchange's
    MultiValuedProperty, as unparsed XML text; and it makes every element text again on the way, which tens of thousands
    of objects make minutes of.
    """

    def __init__(self) -> None:
        super().__init__()
        # pypsrp's own leave U+FFFE and U+FFFF as they are: PowerShell, which cannot read such XML, never answers it.
        self._serial_str = re.compile("[\0-\x1f\x7f-\x9f\ufffe\uffff\U00010000-\U0010ffff]")

    def serialize(
        self,
        value: t.Any,
        metadata: ObjectMeta | None = None,
        parent: ElementTree.Element | None = None,
        clear: bool = True,
    ) -> t.Any:
        if isinstance(value, str) and metadata is None and parent is None:
            # A text that is piped in, such as one of tens of thousands of identities. pypsrp takes bytes as they are.
            text = escape(self._serialize_string(value) or "")
            return f"<S>{text}</S>".encode(errors="xmlcharrefreplace")
        return super().serialize(value, metadata, parent, clear)

    def deserialize(
        self, element: ElementTree.Element | str, metadata: ObjectMeta | None = None, clear: bool = True
    ) -> t.Any:
        if isinstance(element, str):
            element = _NO_CHARACTER.sub("\ufffd", element)
            # Of all that a server sends only output comes without a description of what it is.
            if metadata is None:
                return element
            refuse_unsafe(element)
        return super().deserialize(element, metadata, clear)

    def _deserialize_string(self, value: str | None) -> str:
        return _string(value or "")


def _string(text: str) -> str:
    if "_x" not in text and "_X" not in text:
        return text
    try:
        return _PYPSRP._deserialize_string(text)
    except UnicodeDecodeError:
        # A name that Exchange has cut to a length may end with half a character.
        return _PYPSRP._deserialize_string(_HALVES.sub(lambda found: found["whole"] or "\ufffd", text))


def refuse_unsafe(xml: str | bytes) -> None:
    """Raise Unintelligible for what is no XML, or declares entities or nests without end, which can fill any memory."""
    depth = 0

    def refuse(*_: t.Any) -> None:
        raise Unintelligible("the XML has a document type declaration, which neither SOAP nor CLIXML allows")

    def descend(*_: t.Any) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise Unintelligible(TOO_DEEP)

    def ascend(*_: t.Any) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = descend, ascend
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unintelligible(str(error)) from error


def read_xml(xml: bytes | str) -> ElementTree.Element:
    """The root of a document that declares no entities; Unintelligible if it is none."""
    try:
        return ElementTree.fromstring(xml)  # noqa: S314 - its callers refuse a document type first
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Unintelligible(str(error)) from error


def to_plain(
    item: str | ElementTree.Element,
    members: Collection[str] | None = None,
    *,
    document: ElementTree.Element | None = None,
) -> t.Any:
    """An object in CLIXML as JSON values: primitives as they are, lists as lists, others as members and their text.

    Unintelligible if it is none. Members are called what they were asked for, in whatever case they come. An object
    without text has its type, and so has one that is a member. References lead to objects of the same ``document``, on
    the wire the object itself.
    """
    if item == "":
        # So a pipeline puts out null.
        return None
    if isinstance(item, str):
        if "<!DOCTYPE" in item:
            refuse_unsafe(item)
        item = read_xml(item)
    wanted = None if members is None else {name.casefold(): name for name in members}
    return _Reader(item if document is None else document).value(item, wanted)


def _character(text: str) -> str:
    return chr(int(text)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_PRIMITIVES: Mapping[str, t.Callable[[str], t.Any]] = {
    **dict.fromkeys(("S", "ToString", "URI", "XD", "SBK"), _string),
    **dict.fromkeys(("DT", "TS", "D", "Version"), str),
    **dict.fromkeys(("By", "SB", "U16", "I16", "U32", "I32", "U64", "I64"), int),
    **dict.fromkeys(("Sg", "Db"), float),
    "B": lambda text: text.lower() == "true",
    "Nil": lambda _text: None,
    "G": lambda text: str(uuid.UUID(text)),
    "C": _character,
    "BA": lambda text: binary(base64.b64decode(text)),
    # Encrypted, and none of what is asked for.
    "SS": lambda _text: wire_object(None, {}, "System.Security.SecureString"),
}


def _pair(entry: ElementTree.Element) -> tuple[ElementTree.Element, ElementTree.Element]:
    if len(entry) != 2:
        raise Unintelligible("an entry of a dictionary is not a key and a value")
    return entry[0], entry[1]


class _Reader:
    """Reads one document; Unintelligible if it is none, or comes to more than any honest one."""

    def __init__(self, root: ElementTree.Element) -> None:
        self._root = root
        self._names: dict[tuple[str, str | None], ElementTree.Element] | None = None
        self._left = LARGEST_COPY
        self._depth = 0

    def value(self, element: ElementTree.Element, members: Mapping[str, str] | None = None) -> t.Any:
        tag, text = element.tag, element.text or ""
        self._left -= len(text) + 64
        if self._left < 0:
            raise Unintelligible(f"an object comes to more than {LARGEST_COPY >> 20} MB")
        if tag in _PRIMITIVES:
            try:
                return _PRIMITIVES[tag](text)
            except (ValueError, OverflowError) as error:
                raise Unintelligible(str(error)) from error
        self._depth += 1
        # An object that refers to itself has no end either.
        if self._depth > DEEPEST:
            raise Unintelligible(TOO_DEEP)
        value = self._composed(element, members)
        self._depth -= 1
        return value

    def _composed(self, element: ElementTree.Element, members: Mapping[str, str] | None) -> t.Any:
        if element.tag == "Obj":
            return self._object(element, members)
        if element.tag == "Ref":
            return self._object(self._named("Obj", element), members)
        if element.tag in _LISTS:
            return [self.value(child) for child in element]
        if element.tag == "DCT":
            return {str(self.value(key)): self.value(value) for key, value in map(_pair, element)}
        raise Unintelligible(f"there is no {element.tag} in CLIXML")

    def _object(self, element: ElementTree.Element, members: Mapping[str, str] | None) -> t.Any:
        text = None
        types: list[str | None] = []
        properties: dict[str, t.Any] = {}
        content: list[t.Any] = []
        for child in element:
            if child.tag in ("Props", "MS"):
                for member in child:
                    name = _string(member.get("N") or "")
                    if members is not None:
                        name = members.get(name.casefold(), "")
                    if name and (members is not None or name not in BULKY_MEMBERS):
                        properties[name] = self.value(member)
            elif child.tag == "ToString":
                text = self.value(child)
            elif child.tag in ("TN", "TNRef"):
                types = [one.text for one in (child if child.tag == "TN" else self._named("TN", child))]
            else:
                content.append(self.value(child, members))
        if content and isinstance(content[0], int) and "System.Enum" in types:
            return wire_enum(text, content[0])
        inner = content[0] if content else {TEXT: None}
        if not isinstance(inner, dict) or TEXT not in inner or NUMBER in inner:
            # Whatever notes stick to a value, it is the value that was put out.
            return inner
        # An object in another is the one that was put out, and around it stands what was added on the way.
        text = inner[TEXT] if text is None else text
        # There may be tens of thousands of objects, and their own types are nothing that is asked for.
        named = types[0] if types and (text is None or members is None) else None
        return {**inner, **wire_object(text, properties, named)}

    def _named(self, tag: str, reference: ElementTree.Element) -> ElementTree.Element:
        if self._names is None:
            self._names = {(one.tag, one.get("RefId")): one for one in self._root.iter() if one.tag in ("Obj", "TN")}
        wanted = tag, reference.get("RefId")
        if wanted not in self._names:
            raise Unintelligible(f"there is no {tag} {wanted[1]}")
        return self._names[wanted]


def read_error(record: t.Any, cmdlet: str) -> CmdletError:
    """An error record as what identifies the error, apart from its text, which follows the server's language."""
    if not isinstance(record, ErrorRecord):
        raise Unintelligible("an error was returned that is not an error record")
    exception: t.Any = record.exception
    is_object = isinstance(exception, GenericComplexObject)
    properties = {**exception.adapted_properties, **exception.extended_properties} if is_object else {}
    types = exception.types if is_object else []
    category = record.category if isinstance(record.category, int) else -1
    message = record.details_message or properties.get("Message") or (exception.to_string if is_object else exception)
    return CmdletError(
        id=_told(record.fq_error),
        category=ERROR_CATEGORIES[category] if category in range(len(ERROR_CATEGORIES)) else "",
        exception=(_told(types[0]).removeprefix("Deserialized.") if types else None) or _told(record.reason),
        message=_told(message).strip(),
        target=_told(record.target_name) or None,
        cmdlet=_told(record.activity) or cmdlet,
        # That of a mandatory parameter begins with a blank.
        parameter=_told(properties.get("ParameterName")).strip() or None,
    )


def _told(value: t.Any) -> str:
    return str(value or "")
