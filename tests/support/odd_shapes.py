"""What may come in the place of a value: by its kind, what says the same, and what cannot be read.

Made of values that kinds have read, so that a shape that says the same follows what is stored.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from functools import partial, singledispatch
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from in_process import element
from psrpcore.types import PSInt64

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import Bindings, ConnectionSettings
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.flags import Flags
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.inherited import ORGANIZATION, OrOrganization
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.ip_ranges import IpRanges
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Listing
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import (
    BlankIsUnlimited,
    ByteSize,
    UnlimitedInt,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan, span_ticks
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Text, WindowsPath
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import UserAgents

TYPE_NAME = "Microsoft.Exchange.Data.X"
TEXTLESS = {"$text": None, "$type": TYPE_NAME, "Port": 995}

Make = Callable[[Any], Any]
"""From a value as its kind has read it, what comes on the wire in its place."""


def text_object(text: str, **members: Any) -> dict[str, Any]:
    """An object with its ToString."""
    return {"$text": text, "$type": TYPE_NAME, **members}


def primitive(tag: str, text: str) -> Element:
    shown = Element(tag)
    shown.text = text
    return shown


def bare_enum(text: str, number: int) -> Element:
    """An enumeration's value that does not say of what type it is."""
    shown = Element("Obj")
    ElementTree.SubElement(shown, "ToString").text = text
    ElementTree.SubElement(shown, "I32").text = str(number)
    return shown


def deserialized_enum(text: str, number: int) -> Element:
    shown = element({"$text": text, "$value": number, "$type": "Deserialized.Microsoft.Exchange.Data.X"})
    for name in shown.iter("T"):
        name.text = f"Deserialized.{(name.text or '').removeprefix('Deserialized.')}"
    return shown


def collection(tag: str, items: list[Any], *, members: bool = False) -> Element:
    """A list that is no `<LST>`, or one that has members beside its items."""
    shown = Element("Obj")
    ElementTree.SubElement(shown, tag).extend(map(element, items))
    if members:
        count = element(len(items))
        count.set("N", "Capacity")
        ElementTree.SubElement(shown, "Props").append(count)
    return shown


@singledispatch
def alike(kind: Kind) -> dict[str, Make]:
    """Shapes that say the same."""
    raise NotImplementedError(type(kind))


@singledispatch
def unreadable(kind: Kind) -> dict[str, Make]:
    """Shapes of which no value can be made."""
    raise NotImplementedError(type(kind))


ANY: dict[str, Make] = {
    "object without text": lambda _: TEXTLESS,
    "binary data": lambda _: b"\x00\x01",
    "list in its place": lambda _: ["x", TEXTLESS],
    "list of null": lambda _: [None],
    "type name": lambda _: "Microsoft.Exchange.Data.X",
    "object of type names": lambda _: text_object("Microsoft.Exchange.Data.X"),
}
"""What no kind can read."""


@alike.register
def _(kind: Bool) -> dict[str, Make]:
    return {
        "text": str,
        "lower case": lambda value: str(value).lower(),
        "upper case": lambda value: str(value).upper(),
        "object": lambda value: text_object(str(value)),
    }


@unreadable.register
def _(kind: Bool) -> dict[str, Make]:
    words = {True: "Wahr", False: "Falsch"}
    return ANY | {
        "number": int,
        "number as text": lambda value: str(int(value)),
        "null": lambda _: None,
        "empty text": lambda _: "",
        "translated": words.get,
        "translated in Russian": lambda value: "Истина" if value else "Ложь",
    }


@alike.register
def _(kind: OrOrganization) -> dict[str, Make]:
    def own(make: Make) -> Make:
        return lambda value: None if value == ORGANIZATION else make(value)

    return {shape: own(make) for shape, make in alike(kind.kind).items()}


@unreadable.register
def _(kind: OrOrganization) -> dict[str, Make]:
    first = True if isinstance(kind.kind, Bool) else next(iter(kind.kind.numbers))

    def own(make: Make) -> Make:
        return lambda value: make(first if value == ORGANIZATION else value)

    return {shape: own(make) for shape, make in unreadable(kind.kind).items() if shape != "null"}


@alike.register
def _(kind: Int) -> dict[str, Make]:
    return {
        "text": str,
        "64 bits": PSInt64,
        "object": lambda value: text_object(str(value)),
        "limit": lambda value: text_object(str(value), IsUnlimited=False, Value=value),
    }


@unreadable.register
def _(kind: Int) -> dict[str, Make]:
    return ANY | {
        "with a separator": lambda value: f"{value:,}" if value > 999 else "5,000",
        "with a decimal": lambda value: f"{value}.0",
        "null": lambda _: None,
        "empty text": lambda _: "",
        "boolean": lambda _: True,
        "no limit": lambda _: "Unlimited",
    }


@alike.register
def _(kind: Enum) -> dict[str, Make]:
    number = kind.numbers.__getitem__
    return {
        "text": str,
        "lower case": str.lower,
        "number": number,
        "number as text": lambda value: str(number(value)),
        "object": lambda value: text_object(value),
        "enum": lambda value: {"$text": value, "$value": number(value), "$type": TYPE_NAME},
        "deserialized": lambda value: deserialized_enum(value, number(value)),
        "without a type": lambda value: bare_enum(value, number(value)),
        "translated with its number": lambda value: {"$text": "Übersetzt", "$value": number(value)},
        "translated without a type": lambda value: bare_enum("Übersetzt", number(value)),
        "number as a member": lambda value: text_object(value, value__=number(value)),
        "translated with its number as a member": lambda value: text_object("Übersetzt", value__=number(value)),
    }


@unreadable.register
def _(kind: Enum) -> dict[str, Make]:
    return ANY | {
        "translated": lambda _: "Übersetzt",
        "null": lambda _: None,
        "empty text": lambda _: "",
        "number of nothing": lambda _: 99,
        "translated with a number of nothing": lambda _: {"$text": "Übersetzt", "$value": 99},
        "boolean": lambda _: True,
    }


def _bits(kind: Flags, names: tuple[str, ...]) -> int:
    return sum(kind.numbers.get(name, 0) for name in names)


@alike.register
def _(kind: Flags) -> dict[str, Make]:
    bits = partial(_bits, kind)
    return {
        "text": ", ".join,
        "without blanks": ",".join,
        "lower case": lambda names: ", ".join(names).lower(),
        "in another order": lambda names: ", ".join(reversed(names)),
        "number": bits,
        "number as text": lambda names: str(bits(names)),
        "object": lambda names: text_object(", ".join(names)),
        "enum": lambda names: {"$text": ", ".join(names), "$value": bits(names), "$type": TYPE_NAME},
        "deserialized": lambda names: deserialized_enum(", ".join(names), bits(names)),
        "without a type": lambda names: bare_enum(", ".join(names), bits(names)),
        "translated with its number": lambda names: {"$text": "Übersetzt", "$value": bits(names)},
        "translated without a type": lambda names: bare_enum("Übersetzt", bits(names)),
        "number as a member": lambda names: text_object(", ".join(names), value__=bits(names)),
        "translated with its number as a member": lambda names: text_object("Übersetzt", value__=bits(names)),
        "list": list,
    }


@unreadable.register
def _(kind: Flags) -> dict[str, Make]:
    return ANY | {
        "translated": lambda names: ", ".join([*names, "Übersetzt"]),
        "null": lambda _: None,
        "empty text": lambda _: "",
        "negative": lambda _: -1,
        "unfinished": lambda names: ", ".join(names) + ",",
        "items without text": lambda names: [*names, TEXTLESS],
        "boolean": lambda _: True,
    }


@alike.register
def _(kind: TimeSpan) -> dict[str, Make]:
    def seconds(span: str) -> int:
        return (span_ticks(span) or 0) // 10_000_000

    return {
        "text": str,
        "span": lambda span: primitive("TS", f"PT{seconds(span)}S"),
        "with a fraction": lambda span: f"{span}.0000000",
        "without ticks": lambda span: text_object(span, TotalSeconds=seconds(span)),
        "ticks in lower case": lambda span: text_object("?", ticks=PSInt64(span_ticks(span))),
        "ticks as text": lambda span: text_object("?", Ticks=str(span_ticks(span))),
    }


@unreadable.register
def _(kind: TimeSpan) -> dict[str, Make]:
    return ANY | {
        "bare ticks": lambda span: PSInt64(span_ticks(span)),
        "bare ticks as text": lambda span: str(span_ticks(span)),
        "bare seconds": lambda span: (span_ticks(span) or 0) // 10_000_000,
        "in words": lambda _: "30 Minuten",
        "null": lambda _: None,
        "empty text": lambda _: "",
        "negative ticks": lambda _: text_object("?", Ticks=PSInt64(-1)),
        "negative": lambda span: f"-{span}",
    }


@alike.register
def _(kind: ByteSize) -> dict[str, Make]:
    def in_words(text: str, separator: str = ",") -> Make:
        def make(size: int | str) -> str:
            if not isinstance(size, int):
                return size
            return text.format(size / 1024, f"{size:,}".replace(",", separator))

        return make

    def of_object(size: int | str) -> Any:
        if isinstance(size, int):
            return text_object("?", IsUnlimited=False, Value=text_object(in_words("{} KB ({} bytes)")(size)))
        return text_object("Unbegrenzt", IsUnlimited=True)

    return {
        "text": in_words("{} KB ({} bytes)"),
        "text in German": in_words("{} KB ({} Bytes)", "."),
        "text in French": in_words("{} Ko ({} octets)", "\u202f"),
        "text in Russian": in_words("{} КБ ({} байт)", "\u00a0"),
        "number": lambda size: PSInt64(size) if isinstance(size, int) else size,
        "number as text": str,
        "limit": of_object,
        "limit in another case": lambda size: _recased(of_object(size)),
        "limit without members": lambda size: text_object(in_words("{} KB ({} bytes)")(size)),
        "truth as text": lambda size: of_object(size) | {"IsUnlimited": str(not isinstance(size, int))},
    }


@unreadable.register
def _(kind: ByteSize) -> dict[str, Make]:
    return ANY | {
        "in words": lambda _: "viel",
        "translated": lambda _: "Unbegrenzt",
        "null": lambda _: None,
        "empty text": lambda _: "",
        "boolean": lambda _: True,
        "rounded in words": lambda _: "1,5 MB",
        "negative": lambda _: "-1",
        "limit of nothing": lambda _: {"$text": None, "$type": TYPE_NAME, "IsUnlimited": False, "Value": None},
    }


def _recased(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name if name.startswith("$") else name.lower(): _recased(member) for name, member in value.items()}


def _limit(value: int | str) -> dict[str, Any]:
    if isinstance(value, int):
        return text_object("?", IsUnlimited=False, Value=value)
    return text_object("Unbegrenzt", IsUnlimited=True)


@alike.register
def _(kind: UnlimitedInt) -> dict[str, Make]:
    return {
        "text": str,
        "lower case": lambda value: str(value).lower(),
        "object": lambda value: text_object(str(value)),
        "number": lambda value: PSInt64(value) if isinstance(value, int) else value,
        "limit": _limit,
        "limit in another case": lambda value: _recased(_limit(value)),
        "limit as text": lambda value: _limit(value) | ({"Value": str(value)} if isinstance(value, int) else {}),
        "truth as text": lambda value: _limit(value) | {"IsUnlimited": str(not isinstance(value, int))},
    }


@unreadable.register
def _(kind: UnlimitedInt) -> dict[str, Make]:
    return (
        ANY
        | ({} if isinstance(kind, BlankIsUnlimited) else {"null": lambda _: None})
        | {
            "with a separator": lambda _: "5,000",
            "translated": lambda _: "Unbegrenzt",
            "empty text": lambda _: "",
            "boolean": lambda _: True,
            "limit of nothing": lambda _: {"$text": None, "$type": TYPE_NAME, "IsUnlimited": False, "Value": None},
        }
    )


@alike.register
def _(kind: Text) -> dict[str, Make]:
    return {
        "text": str,
        "object": lambda value: text_object(value),
        "object with members": lambda value: text_object(value, Domain=value),
        "address": partial(primitive, "URI"),
    }


@unreadable.register
def _(kind: Text) -> dict[str, Make]:
    made = ANY | {"boolean": lambda _: True}
    if isinstance(kind, WindowsPath):
        made |= {
            "with a variable": lambda value: "%ExchangeInstallPath%" + value.rpartition("\\")[2],
            "no path": lambda value: value.rpartition("\\")[2] or "Logs",
        }
    return made


def _texts(entries: tuple[str, ...]) -> list[Any]:
    return [text_object(entry) for entry in entries]


@alike.register
def _(kind: Listing) -> dict[str, Make]:
    made: dict[str, Make] = {
        "texts": list,
        "objects": _texts,
        "mixed": lambda entries: [*entries[:1], *_texts(entries[1:])],
        "in another order": lambda entries: [*reversed(entries)],
        "upper case": lambda entries: [entry.upper() for entry in entries],
        "with blanks": lambda entries: [f" {entry} " for entry in entries],
        "twice": lambda entries: [*entries, *entries],
        "enumerable": lambda entries: collection("IE", _texts(entries)),
        "queue": lambda entries: collection("QUE", list(entries)),
        "with members": lambda entries: collection("LST", list(entries), members=True),
        "alone, if it is": lambda entries: entries[0] if len(entries) == 1 else list(entries),
    }
    if isinstance(kind, Bindings):
        made |= {
            "as .NET 2 writes it": lambda entries: [_legacy(entry) for entry in entries],
            "with a zone": lambda entries: [entry.replace("[::]", "[::%0]") for entry in entries],
            "in full": lambda entries: [_in_full(entry) for entry in entries],
        }
    if isinstance(kind, UserAgents):
        # Of programs the case counts, and a text may be several of them, joined.
        del made["upper case"], made["alone, if it is"]
    if isinstance(kind, ConnectionSettings):
        # The case of a name goes back as it came.
        del made["upper case"]
        made |= {
            "other letters": lambda entries: [
                entry.replace(":SSL", ":Ssl").replace(":TLS", ":tls") for entry in entries
            ],
            "blanks inside": lambda entries: [entry.replace(":", " : ") for entry in entries],
            "None for no encryption": lambda entries: [e if e.count(":") > 1 else f"{e}:None" for e in entries],
            "a colon at the end": lambda entries: [e if e.count(":") > 1 else f"{e}:" for e in entries],
        }
    if isinstance(kind, IpRanges):
        made |= {"blanks inside": lambda entries: [entry.replace("-", " - ") for entry in entries]}
        made |= {"with a mask": lambda entries: [_masked(entry) for entry in entries]}
    return made


def _legacy(binding: str) -> str:
    host, _colon, port = binding.rpartition(":")
    return f"{host.strip('[]')}:{port}"


def _in_full(binding: str) -> str:
    host, _colon, port = binding.rpartition(":")
    return f"[{ipaddress.ip_address(host[1:-1]).exploded}]:{port}" if host.startswith("[") else binding


def _masked(entry: str) -> str:
    if "/" not in entry or ":" in entry:
        return entry
    network = ipaddress.ip_network(entry)
    return f"{network.network_address}({network.netmask})"


@unreadable.register
def _(kind: Listing) -> dict[str, Make]:
    made: dict[str, Make] = ANY | {
        "null": lambda _: None,
        "empty text": lambda _: "",
        "boolean": lambda _: True,
        "items without text": lambda entries: [TEXTLESS for _ in (entries or "x")],
        "one item without text": lambda entries: [*entries[1:], TEXTLESS],
        "one item null": lambda entries: [*entries[1:], None],
        "one item empty": lambda entries: [*entries[1:], ""],
        "one item a list": lambda entries: [*entries[1:], ["x"]],
        "one item a number": lambda entries: [*entries[1:], 7],
        "items of type names": lambda entries: [text_object(TYPE_NAME) for _ in (entries or "x")],
        "joined": lambda entries: ",".join(_two(kind, entries)),
        "joined by blanks": lambda entries: " ".join(_two(kind, entries)),
        "as it is printed": lambda entries: f"{{{', '.join(_two(kind, entries))}}}",
        "joined in an item": lambda entries: [",".join(_two(kind, entries))],
        "printed in an item": lambda entries: [f"{{{', '.join(_two(kind, entries))}}}"],
        "cut short": lambda entries: [*_two(kind, entries), "..."],
        "object of the list": lambda entries: {"$text": ", ".join(_two(kind, entries)), "Count": 2},
    }
    if isinstance(kind, UserAgents):
        # Null is the list of another policy, and a comma is in the names of browsers too.
        del made["null"], made["joined in an item"]
    if isinstance(kind, ConnectionSettings):
        made |= {"other separators": lambda entries: [entry.replace(":", "/") for entry in _two(kind, entries)]}
        made |= {"a method of nothing": lambda entries: [f"{entry}:Sicher" for entry in _two(kind, entries)]}
    return made


def _two(kind: Listing, entries: tuple[str, ...]) -> tuple[str, ...]:
    """At least two, so that joined ones cannot be taken for one."""
    return entries if len(entries) > 1 else (*entries, *_MORE[type(kind).__name__])[:2]


_MORE = {
    "Bindings": ("0.0.0.0:995", "[::]:995"),
    "ListenOn": ("0.0.0.0:587", "[::]:587"),
    "ConnectionSettings": ("a.contoso.test:995:SSL", "b.contoso.test:110:TLS"),
    "UserAgents": ("OWA/*", "Tickets/*"),
    "IpRanges": ("10.0.0.0/8", "::1"),
}
