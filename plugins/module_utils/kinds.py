# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds of values: how each is written by a user, read from Exchange, compared, shown and sent.

The contract of every kind. `parse` turns what a user wrote into the canonical form, or raises ValueError with the
clause that follows the option's name in a sentence: what is wrong and what would be right. `read` turns what Exchange
sent into the canonical form, or raises Unreadable with what came: a value made up in its place would be compared and
written over. Both leave a canonical value as it is. `key` is the part that counts when two canonical values are
compared.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

# As many digits as an Int64 has. Python refuses to make a number of thousands of them.
_WHOLE_NUMBER = r"-?\d{1,19}"


# Control characters and line ends act where nobody wants it; the rest are no characters, and XML cannot hold them.
_STRAY = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def stray(text: str) -> str | None:
    """What a text has in it that no option takes, or None: sent, it would be damaged or do harm."""
    found = _STRAY.search(text)
    if found is None:
        return None
    if found[0] in "\n\r\x0b\x0c\x85\u2028\u2029":
        return "a line break"
    return "a control character" if unicodedata.category(found[0]) == "Cc" else "what is no character"


class Unreadable(ValueError):
    """A value is there and cannot be read: what came, as a part of a sentence."""

    def __init__(self, value: Any, where: str = "") -> None:
        self.shape = f"{_shape(value)[:150]}{where}"
        """The same without what it says, for everybody to see."""
        text = _text(value)
        super().__init__(f"{self.shape}, {text[:80]!r}" if text else self.shape)


def _shape(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return "text" if value else "empty text"
    if not isinstance(value, Mapping):
        return {bool: "a boolean", int: "an integer"}.get(type(value), "a number")
    if "$bytes" in value:
        return "binary data"
    told = f"an object of the type {value['$type']}" if value.get("$type") else "an object"
    members = ", ".join(sorted(name for name in value if not name.startswith("$")))
    return f"{told}{'' if _text(value) else ' without text'}{members and f' with the members {members}'}"


def _text(value: Any) -> str | None:
    """The text of a wire value, which may be the text itself or an object with its ToString; None if it has none."""
    if isinstance(value, Mapping):
        value = value.get("$text")
    return str(value) if isinstance(value, str | int | float) else None


def wire_text(value: Any) -> str:
    """The text of a wire value; empty if it has none."""
    return _text(value) or ""


def wire_texts(value: Any, read: Callable[[str], str] = str) -> list[str]:
    """The texts of a list's items; Unreadable if it is no list, or an item has none or none that `read` takes."""
    if not isinstance(value, list | tuple):
        raise Unreadable(value)
    texts = []
    for item in value:
        try:
            text = read(wire_text(item).strip())
        except ValueError:
            text = ""
        if not text:
            raise Unreadable(item, f", in a list of {len(value)}")
        texts.append(text)
    return texts


def _join(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


class Kind(ABC):
    """What all kinds of values can do."""

    option_type: ClassVar[str] = "str"
    """How Ansible is to hand over the option."""

    @abstractmethod
    def parse(self, value: Any) -> Any:
        """The canonical form of what a user wrote; ValueError with the clause of a sentence if it is wrong."""

    @abstractmethod
    def read(self, value: Any) -> Any:
        """The canonical form of what Exchange sent; Unreadable if it is none that this kind knows."""

    def merge(self, wanted: Any, actual: Any) -> Any:
        """The whole value to be reached, given the stored one."""
        return wanted

    def key(self, value: Any) -> Hashable:
        result: Hashable = value
        return result

    def equal(self, wanted: Any, actual: Any) -> bool:
        """Whether the stored value is as good as the wanted one."""
        return self.key(wanted) == self.key(actual)

    def render(self, value: Any) -> Any:
        """The value as results and diffs show it."""
        return value

    def send(self, value: Any) -> Any:
        """The value as the cmdlet gets it."""
        return self.render(value)


class Bool(Kind):
    """True or false."""

    option_type = "bool"
    WORDS: ClassVar[dict[str, bool]] = {"true": True, "false": False, "yes": True, "no": False}

    def parse(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        try:
            return self.WORDS[str(value).casefold()]
        except KeyError:
            raise ValueError(f"{value!r} is neither true nor false") from None

    def read(self, value: Any) -> bool:
        # Over the wire numbers are not truth values.
        known = value if isinstance(value, bool) else self.WORDS.get(wire_text(value).casefold())
        if known is None:
            raise Unreadable(value)
        return known


@dataclass(frozen=True)
class Int(Kind):
    """A whole number within the cmdlet's range."""

    lowest: int
    highest: int
    unit: str = ""

    option_type: ClassVar[str] = "int"

    def parse(self, value: Any) -> int:
        if isinstance(value, bool) or not re.fullmatch(_WHOLE_NUMBER, str(value).strip()):
            raise ValueError(f"{value!r} is not a whole number; give {self._range}")
        number = int(value)
        if not self.lowest <= number <= self.highest:
            raise ValueError(f"{number} is out of range; give {self._range}")
        return number

    @property
    def _range(self) -> str:
        return f"{self.lowest} to {self.highest}{self.unit and ' '}{self.unit}"

    def read(self, value: Any) -> int:
        text = wire_text(value)
        if not re.fullmatch(_WHOLE_NUMBER, text):
            raise Unreadable(value)
        return int(text)


@dataclass(frozen=True)
class Enum(Kind):
    """One of a cmdlet's named values; a name in any case or its number, canonical in Exchange's spelling."""

    numbers: Mapping[str, int]
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other spellings of the same value, lower-case."""

    def _known(self, text: str) -> str | None:
        wanted = self.aliases.get(text.casefold(), text).casefold()
        return next((n for n, number in self.numbers.items() if wanted in (n.casefold(), str(number))), None)

    def parse(self, value: Any) -> str:
        name = self._known(str(value).strip())
        if name is None:
            choices = [f"{name} ({number})" for name, number in self.numbers.items()]
            raise ValueError(f"{value!r} is none of its values; give {_join(choices)}")
        return name

    def read(self, value: Any) -> str:
        number = wire_text(value.get("$value")) if isinstance(value, Mapping) else ""
        # The names are documented, some of the numbers are inferred: a number counts only under an unknown name, which
        # may be a translated one.
        name = self._known(wire_text(value)) or self._known(number)
        if name is None:
            raise Unreadable(value)
        return name


_SECOND = 10_000_000
_CLOCK = re.compile(r"(?:(?P<d>\d{1,9})\.)?(?P<h>\d{1,9}):(?P<m>\d\d?)(?::(?P<s>\d\d?)(?:\.(?P<f>\d{1,7}))?)?")
_ISO = re.compile(
    r"P(?=.*\d)(?:(?P<d>\d{1,9})D)?(?:T(?:(?P<h>\d{1,9})H)?(?:(?P<m>\d{1,9})M)?(?:(?P<s>\d{1,9})(?:\.(?P<f>\d{1,7}))?S)?)?"
)


def _ticks(match: re.Match[str]) -> int:
    days, hours, minutes, seconds = (int(match[part] or 0) for part in "dhms")
    fraction = int((match["f"] or "").ljust(7, "0"))
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * _SECOND + fraction


def _span(ticks: int) -> str:
    """Ticks as .NET writes a time span."""
    seconds, fraction = divmod(ticks, _SECOND)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{f'{days}.' if days else ''}{hour:02}:{minute:02}:{second:02}{f'.{fraction:07}' if fraction else ''}"


def span_ticks(span: str) -> int | None:
    """The length of a canonical time span; None where there is none."""
    match = _CLOCK.fullmatch(span)
    return _ticks(match) if match else None


def _in_words(seconds: int) -> str:
    parts = zip((seconds // 3600, seconds // 60 % 60, seconds % 60), ("hour", "minute", "second"), strict=True)
    return " ".join(f"{n} {unit}{'s' * (n != 1)}" for n, unit in parts if n) or "0 seconds"


@dataclass(frozen=True)
class TimeSpan(Kind):
    """A span of time, canonical as .NET writes it: `[d.]hh:mm:ss`. A bare number is seconds."""

    lowest: int
    highest: int
    """Both in seconds."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        match = _CLOCK.fullmatch(text)
        limits = f"{_span(self.lowest * _SECOND)} to {_span(self.highest * _SECOND)}"
        if re.fullmatch(r"\d{1,9}", text):
            ticks = int(text) * _SECOND
        elif match is None or int(match["m"]) > 59 or int(match["s"] or 0) > 59:
            raise ValueError(f"{value!r} is not a time span; write [d.]hh:mm:ss, or a whole number of seconds")
        elif match["s"] is None:
            raise ValueError(self._ambiguous(text, match))
        elif int(match["h"]) > 23:
            raise ValueError(f"{value!r} has more than 23 hours; give {limits}, with days in front of the hours")
        else:
            ticks = _ticks(match)
        if not self.lowest * _SECOND <= ticks <= self.highest * _SECOND:
            raise ValueError(f"{value!r} is taken for {_span(ticks)}, which is out of range; give {limits}")
        return _span(ticks)

    @staticmethod
    def _ambiguous(text: str, match: re.Match[str]) -> str:
        if match["d"]:
            return f"{text!r} lacks the seconds; write [d.]hh:mm:ss"
        first, second = int(match["h"]), int(match["m"])
        as_hours, as_minutes = first * 3600 + second * 60, first * 60 + second
        return (
            f"{text!r} is ambiguous; write {_span(as_hours * _SECOND)} for {_in_words(as_hours)} "
            f"or {_span(as_minutes * _SECOND)} for {_in_words(as_minutes)}"
        )

    def read(self, value: Any) -> str:
        ticks = value.get("Ticks") if isinstance(value, Mapping) else None
        if not isinstance(ticks, int):
            match = _CLOCK.fullmatch(wire_text(value)) or _ISO.fullmatch(wire_text(value))
            ticks = _ticks(match) if match else -1
        if not 0 <= ticks < 1 << 63:
            raise Unreadable(value)
        return _span(ticks)


_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


class ByteSize(Kind):
    """A size in bytes or no limit, canonical as the number of bytes or `Unlimited`."""

    UNLIMITED = "Unlimited"

    def parse(self, value: Any) -> int | str:
        text = str(value).strip()
        if text.casefold() == self.UNLIMITED.casefold():
            return self.UNLIMITED
        if text.startswith("-"):
            raise ValueError(f"{value!r} is negative; give a size such as 10MB, 0 or unlimited")
        match = re.fullmatch(r"(\d{1,40})\s*([a-zA-Z]*)(?:\s*\([^)]*\))?", text)
        if match is None:
            raise ValueError(f"{value!r} is not a size; give a whole number with its unit, such as 10MB, or unlimited")
        if (match[2] or "B").upper() not in _UNITS:
            raise ValueError(f"{value!r} has an unknown unit; give {_join(list(_UNITS))}, such as 10MB")
        return int(match[1]) * _UNITS[(match[2] or "B").upper()]

    def read(self, value: Any) -> int | str:
        if isinstance(value, Mapping):
            if value.get("IsUnlimited") is True:
                return self.UNLIMITED
            if value.get("Value") is not None:
                return self.read(value["Value"])
        text = wire_text(value)
        # "10 MB (10,485,760 bytes)": separators and words are those of the server's culture.
        in_bytes = re.search(r"\((\d[^)]*)\)", text)
        try:
            return ByteSize.parse(self, re.sub(r"\D", "", in_bytes[1]) if in_bytes else text)
        except ValueError:
            raise Unreadable(value) from None

    def equal(self, wanted: Any, actual: Any) -> bool:
        # Exchange may round a small size up to a whole KB; asking for it again would change nothing, for ever.
        return bool(wanted == actual or (isinstance(wanted, int) and actual == -(-wanted // 1024) * 1024))

    def render(self, value: Any) -> str:
        if not isinstance(value, int):
            return str(value)
        unit = next(unit for unit in reversed(_UNITS) if value % _UNITS[unit] == 0 and (value or unit == "B"))
        return f"{value // _UNITS[unit]}{unit}"


class Text(Kind):
    """Text compared letter by letter; empty, absent and null are the same."""

    def parse(self, value: Any) -> str:
        return str(value)

    def read(self, value: Any) -> str:
        if value is not None and _text(value) is None:
            raise Unreadable(value)
        return wire_text(value)

    def send(self, value: Any) -> Any:
        # Exchange clears a value with $null; an empty string is another thing to it.
        return value or None


class SingleLine(Text):
    """Text of one line."""

    def parse(self, value: Any) -> str:
        text = str(value)
        if what := stray(text):
            raise ValueError(f"{text!r} contains {what}; give text of a single line")
        return text


class WindowsPath(Text):
    """An absolute path on the server, compared without case and without a trailing backslash."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if "%" in text:
            raise ValueError(f"{text!r} holds a variable, which Exchange shows expanded; write the path in full")
        if text and not re.fullmatch(r"(?:[A-Za-z]:\\|\\\\[^\\]+\\[^\\]+)[^\x00-\x1f<>:\"/|?*]*", text):
            raise ValueError(f"{text!r} is not an absolute Windows path; write one such as D:\\Logs\\Pop3")
        return text

    def key(self, value: Any) -> Hashable:
        return str(value).casefold().removesuffix("\\")


_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")


class HostName(Text):
    """The host name by which a certificate is found; neither a thumbprint nor a subject."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        example = "give the host name clients connect to, such as mail.contoso.com"
        if re.fullmatch(r"(?:[0-9A-Fa-f]{2}\s?){20}", text.lstrip("\u200e")):
            raise ValueError(f"{text!r} is a thumbprint; {example}")
        if "=" in text:
            raise ValueError(f"{text!r} is a certificate's subject; {example}")
        if text.startswith("*."):
            raise ValueError(f"{text!r} is a wildcard, which POP3 and IMAP4 cannot look up; {example}")
        if text and not _HOST.fullmatch(text):
            raise ValueError(f"{text!r} is not a host name; {example}")
        return text

    def key(self, value: Any) -> Hashable:
        return str(value).casefold()


class Identity(Text):
    """A name that must point at exactly one object, so neither blank nor a pattern."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if not text:
            raise ValueError(f"{value!r} is empty; give a name, or leave the option out")
        if set(text) & set("*?"):
            raise ValueError(f"{text!r} is a pattern; give the name of a single server")
        return text


class WebAddress(Text):
    """An absolute web address; the case of its host, a default port and a trailing slash do not count."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        try:
            parts = urlsplit(text)
            right = not text or (parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or "")))
            right = right and not re.search(r"\s", text) and parts.port != 0
        except ValueError:
            right = False
        if not right:
            raise ValueError(f"{text!r} is not an absolute web address; give one such as https://mail.contoso.com/owa")
        return text

    def key(self, value: Any) -> Hashable:
        try:
            parts = urlsplit(str(value))
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError:
            return str(value)
        return parts.scheme, parts.hostname, port, parts.path.rstrip("/"), parts.query, parts.fragment


@dataclass(frozen=True)
class Edit:
    """A change to a list of which only some entries are named."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class Listing(Kind):
    """An unordered list of entries; the user gives all of them, or those to add and to remove."""

    option_type = "raw"

    UNPARSED: ClassVar[str] = ""
    """How an entry looks that others may have stored although no option takes it: it goes back as it came."""
    EMPTY: ClassVar[str] = ""
    """Where one entry must be left, the clause of a sentence that says so."""

    @abstractmethod
    def parse_entry(self, text: str) -> str:
        """The canonical form of one entry; ValueError with the clause of a sentence."""

    def entry_key(self, entry: str) -> Hashable:
        return entry

    def parse(self, value: Any) -> tuple[str, ...] | Edit:
        if isinstance(value, Edit):
            return value
        if not isinstance(value, Mapping):
            return self._whole(value)
        if unknown := [str(key) for key in value if key not in ("set", "add", "remove")]:
            raise ValueError(f"{_join(unknown)!r} is not known in it; give set, or add and remove")
        if "set" in value and len(value) > 1:
            raise ValueError("set cannot go together with add or remove; set is the whole list by itself")
        if not value:
            raise ValueError("it is an empty dictionary; give set, or add and remove, or an empty list to clear it")
        if empty := [key for key in value if value[key] is None]:
            raise ValueError(f"{empty[0]} has no value; give a list")
        if "set" in value:
            return self._whole(value["set"])
        edit = Edit(self._entries(value.get("add", ())), self._entries(value.get("remove", ())))
        both = {self.entry_key(entry) for entry in edit.remove}
        if twice := [entry for entry in edit.add if self.entry_key(entry) in both]:
            raise ValueError(f"{twice[0]!r} is in both add and remove; decide for one")
        return edit

    def _whole(self, value: Any) -> tuple[str, ...]:
        entries = self._entries(value)
        if self.EMPTY and not entries:
            raise ValueError(self.EMPTY)
        return entries

    def _entries(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = value.split(",") if value.strip() else ()
        if not isinstance(value, list | tuple):
            raise ValueError(f"{value!r} is not a list; give a list, or a dictionary with set, or with add and remove")
        for entry in value:
            if not isinstance(entry, str):
                raise ValueError(f"{entry!r} is not text; put each entry in quotes")
        return self._in_order(self.parse_entry(entry.strip()) for entry in value)

    def _in_order(self, entries: Iterable[str]) -> tuple[str, ...]:
        unique = {self.entry_key(entry): entry for entry in entries}
        return tuple(sorted(unique.values(), key=str.casefold))

    def read(self, value: Any) -> tuple[str, ...]:
        # All entries or none: one that is left out here would be gone when the list is written back.
        if isinstance(value, list | tuple):
            if self.EMPTY and not value:
                raise Unreadable(value)
            return self._in_order(wire_texts(value, self._read_entry))
        try:
            return (self.parse_entry(wire_text(value)),)
        except ValueError:
            raise Unreadable(value) from None

    def _read_entry(self, text: str) -> str:
        try:
            return self.parse_entry(text)
        except ValueError:
            if re.fullmatch(self.UNPARSED, text, re.IGNORECASE):
                return text
            raise

    def merge(self, wanted: Any, actual: Any) -> tuple[str, ...]:
        if not isinstance(wanted, Edit):
            return self._in_order(wanted)
        gone = {self.entry_key(entry) for entry in wanted.remove}
        # An entry that is there already keeps its stored spelling.
        return self._in_order((*wanted.add, *(entry for entry in actual if self.entry_key(entry) not in gone)))

    def key(self, value: Any) -> Hashable:
        return frozenset(map(self.entry_key, value))

    def render(self, value: Any) -> list[str]:
        return list(value)

    def send(self, value: Any) -> Any:
        # The whole list replaces the stored one; @{Add=…} would need a hashtable. $null clears.
        return list(value) or None


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ValueError(f"the port {text!r} is not a number")
    if not 1 <= int(text) <= 65535:
        raise ValueError(f"the port {text} is out of range 1 to 65535")
    return int(text)


class Bindings(Listing):
    """Addresses and ports to listen on: `0.0.0.0:995`, `[::]:995`."""

    UNPARSED = r"(?:\[[\w.:%]+\]|[\w.*%]+):\d{1,5}"

    def parse_entry(self, text: str) -> str:
        wrong = "write IPv4:port or [IPv6]:port, such as 0.0.0.0:995 or [::]:995"
        host, colon, port = text.rpartition(":")
        if not colon or text.endswith("]"):
            raise ValueError(f"{text!r} has no port; {wrong}")
        try:
            number = _port(port)
        except ValueError as error:
            raise ValueError(f"in {text!r} {error}; {wrong}") from None
        bracketed = host.startswith("[") and host.endswith("]")
        try:
            address = ipaddress.ip_address(host[1:-1] if bracketed else host)
        except ValueError:
            raise ValueError(f"in {text!r} {host!r} is not an IP address; {wrong}") from None
        if isinstance(address, ipaddress.IPv4Address):
            if bracketed:
                raise ValueError(f"in {text!r} an IPv4 address is in brackets; {wrong}")
            return f"{address}:{number}"
        # Python versions differ in how they write an IPv4 address mapped into IPv6; .NET writes it dotted.
        return f"[{f'::ffff:{address.ipv4_mapped}' if address.ipv4_mapped else address}]:{number}"


def binding_port(binding: str) -> int | None:
    """The port of a canonical binding."""
    port = binding.rpartition(":")[2]
    return int(port) if port.isdecimal() and len(port) <= 5 else None


class ConnectionSettings(Listing):
    """What clients are told to connect to: `Host:Port`, with `:SSL` or `:TLS` for the encryption."""

    METHODS = ("SSL", "TLS")
    UNPARSED = r"[^\s:,;(){}]+:\d{1,5}(?::(?:SSL|TLS)?)?"

    def parse_entry(self, text: str) -> str:
        right = "write Host:Port:SSL, Host:Port:TLS, or Host:Port for no encryption, such as mail.contoso.com:995:SSL"
        host, *rest = (part.strip() for part in text.split(":"))
        if not _HOST.fullmatch(host):
            raise ValueError(f"in {text!r} {host!r} is not a host name; {right}")
        if not rest or not rest[0]:
            raise ValueError(f"{text!r} has no port; {right}")
        if len(rest) > 2:
            raise ValueError(f"{text!r} has more than three parts; {right}")
        try:
            port = _port(rest[0])
        except ValueError as error:
            raise ValueError(f"in {text!r} {error}; {right}") from None
        method = rest[1].upper() if len(rest) > 1 else ""
        if method and method not in self.METHODS:
            raise ValueError(f"in {text!r} {rest[1]!r} is not an encryption method; {right}")
        return f"{host}:{port}{method and ':'}{method}"

    def entry_key(self, entry: str) -> Hashable:
        return entry.casefold()


@dataclass(frozen=True)
class ConnectionSetting:
    """One entry of the connection settings, taken apart."""

    host: str
    port: int
    method: str

    @classmethod
    def of(cls, entry: str) -> ConnectionSetting | None:
        """The parts of a canonical entry; None where Exchange stores one that is not understood."""
        host, port, method = (*entry.split(":", 2), "", "")[:3]
        known = port.isdecimal() and len(port) <= 5 and method in ("", *ConnectionSettings.METHODS)
        return cls(host, int(port), method) if known else None
