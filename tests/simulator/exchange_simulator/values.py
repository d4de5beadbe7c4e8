"""Exchange's own value types and the conversion of arguments to them."""

from __future__ import annotations

import datetime
import ipaddress
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psrpcore.types import PSCredential, PSObject, PSSecureString

from .catalogue.kinds import EnumType, Kind, Parameter
from .uris import NoUri, uri_text

_TICKS = {"d": 864_000_000_000, "h": 36_000_000_000, "m": 600_000_000, "s": 10_000_000}
_CLOCK = r"(?P<h>[0-9]{1,2}):(?P<m>[0-9]{1,2})"
_SECONDS = r"(?P<s>[0-9]{1,2})(?:\.(?P<f>[0-9]{1,7}))?"
_TIME_SPAN = (
    re.compile(r"(?P<sign>-?)(?P<d>[0-9]{1,8})"),
    re.compile(rf"(?P<sign>-?)(?:(?P<d>[0-9]{{1,8}})\.)?{_CLOCK}(?::{_SECONDS})?"),
    re.compile(rf"(?P<sign>-?)(?P<d>[0-9]{{1,8}}):{_CLOCK}:{_SECONDS}"),
)
_UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_BYTE_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *(B|KB|MB|GB|TB)?", re.IGNORECASE)
_BYTES_IN_PARENTHESES = re.compile(r".*\(([0-9,]+) bytes\)", re.IGNORECASE)
_CONNECTION = re.compile(r"(?P<host>[^\s:]+):(?P<port>[0-9]{1,5})(?::(?P<method>[A-Za-z]*))?")
_INT32 = range(-(1 << 31), 1 << 31)
_UINT32 = range(1 << 32)
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ConversionFailed(Exception):
    """The argument cannot become the parameter's type; the text says why."""


@dataclass(frozen=True, order=True)
class TimeSpan:
    """An EnhancedTimeSpan."""

    ticks: int

    @classmethod
    def parse(cls, text: str) -> TimeSpan:
        """As .NET reads it: `1` is a day, `1:00` an hour, `1.00:00:00` and `1:00:00:00` a day."""
        for pattern in _TIME_SPAN:
            if match := pattern.fullmatch(text.strip()):
                break
        else:
            raise ConversionFailed("String was not recognized as a valid TimeSpan.")
        parts = {key: int(value) for key, value in match.groupdict("0").items() if key in _TICKS}
        if parts.get("h", 0) > 23 or parts.get("m", 0) > 59 or parts.get("s", 0) > 59:
            raise ConversionFailed(
                "The TimeSpan could not be parsed because at least one of the numeric components is out of range "
                "or contains too many digits."
            )
        ticks = sum(_TICKS[key] * value for key, value in parts.items())
        ticks += int((match.groupdict().get("f") or "").ljust(7, "0"))
        return cls(-ticks if match["sign"] else ticks)

    def __str__(self) -> str:
        days, rest = divmod(abs(self.ticks), _TICKS["d"])
        hours, rest = divmod(rest, _TICKS["h"])
        minutes, rest = divmod(rest, _TICKS["m"])
        seconds, fraction = divmod(rest, _TICKS["s"])
        text = f"{hours:02}:{minutes:02}:{seconds:02}"
        text = f"{days}.{text}" if days else text
        return f"{'-' if self.ticks < 0 else ''}{text}{f'.{fraction:07}' if fraction else ''}"


@dataclass(frozen=True)
class ByteSize:
    """An Unlimited ByteQuantifiedSize; `count` is None when unlimited."""

    count: int | None

    @classmethod
    def parse(cls, text: str) -> ByteSize:
        if text.strip().casefold() == "unlimited":
            return cls(None)
        if quantified := _BYTES_IN_PARENTHESES.fullmatch(text.strip()):
            return cls(int(quantified[1].replace(",", "")))
        match = _BYTE_SIZE.fullmatch(text.strip())
        if match is None or ("." in match[1] and not match[2]):
            raise ConversionFailed(f"'{text}' is not a valid ByteQuantifiedSize.")
        count = int(float(match[1]) * _UNITS[match[2].upper()]) if "." in match[1] else int(match[1])
        if "." not in match[1]:
            count *= _UNITS[(match[2] or "").upper()]
        if count >= 1 << 64:
            raise ConversionFailed(f"'{text}' is too large for a ByteQuantifiedSize.")
        # "Unqualified values are treated as bytes, but small values may be rounded up to the nearest kilobyte":
        # taken as everything below one kilobyte, a guess.
        return cls(1024 if not match[2] and 0 < count < 1024 else count)

    def __str__(self) -> str:
        if self.count is None:
            return "Unlimited"
        unit = next((unit for unit in ("TB", "GB", "MB", "KB") if self.count >= _UNITS[unit]), "B")
        return f"{self.count / _UNITS[unit]:.4g} {unit} ({self.count:,} bytes)"


@dataclass(frozen=True)
class Binding:
    """An IPBinding."""

    address: _Address
    port: int

    @classmethod
    def parse(cls, text: str) -> Binding:
        host, colon, port = text.strip().rpartition(":")
        try:
            if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
                raise ValueError
            if host.startswith("[") != host.endswith("]"):
                raise ValueError
            return cls(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")), int(port))
        except ValueError:
            raise ConversionFailed(f"'{text}' is not a valid IP binding.") from None

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"


@dataclass(frozen=True)
class ConnectionSetting:
    """A ProtocolConnectionSettings; without a method the connection is not encrypted."""

    host: str
    port: int
    method: str | None

    @classmethod
    def parse(cls, text: str) -> ConnectionSetting:
        match = _CONNECTION.fullmatch(text.strip())
        method = (match["method"] or "").upper() if match else ""
        if match is None or int(match["port"]) > 65535 or method not in ("", "SSL", "TLS"):
            raise ConversionFailed(f"'{text}' is not in the form Host:Port[:TLS or SSL].")
        return cls(match["host"], int(match["port"]), method or None)

    def __str__(self) -> str:
        return ":".join((self.host, str(self.port), *((self.method,) if self.method else ())))


@dataclass(frozen=True)
class Limit:
    """An Unlimited Int32 or UInt32; `count` is None when unlimited."""

    count: int | None

    @classmethod
    def parse(cls, text: str) -> Limit:
        if text.strip().casefold() == "unlimited":
            return cls(None)
        try:
            return cls(int(text))
        except ValueError:
            raise ConversionFailed(f"'{text}' is neither a number nor unlimited.") from None

    def __str__(self) -> str:
        return "Unlimited" if self.count is None else str(self.count)


@dataclass(frozen=True)
class IpRange:
    """An IPRange; its text is what it was given as."""

    lower: _Address
    upper: _Address
    form: str = field(compare=False)
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> IpRange:
        text = text.strip()
        try:
            if "/" in text:
                network = ipaddress.ip_network(text, strict=False)
                return cls(network.network_address, network.broadcast_address, "CIDR", text)
            first, dash, last = text.partition("-")
            lower, upper = ipaddress.ip_address(first.strip()), ipaddress.ip_address((last if dash else first).strip())
            if lower.version != upper.version or int(lower) > int(upper):
                raise ValueError
        except ValueError:
            raise ConversionFailed(f"'{text}' is not a valid IP address range.") from None
        return cls(lower, upper, "LoHi" if dash else "SingleAddress", text)

    @property
    def size(self) -> ipaddress.IPv6Address:
        """How many addresses, as an address, which is how .NET's class tells it."""
        return ipaddress.IPv6Address(min(int(self.upper) - int(self.lower) + 1, (1 << 128) - 1))

    def crosses(self, other: IpRange) -> bool:
        """Whether the two share addresses without one being a true part of the other."""
        if self.lower.version != other.lower.version:
            return False
        (low, high), (start, end) = ((int(one.lower), int(one.upper)) for one in (self, other))
        if max(low, start) > min(high, end):
            return False
        inside = low >= start and high <= end
        around = low <= start and high >= end
        return inside == around

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class DomainCapability:
    """A SmtpReceiveDomainCapabilities: what a domain may do that proves itself by its certificate."""

    domain: str
    capabilities: str

    @classmethod
    def parse(cls, text: str) -> DomainCapability:
        domain, colon, capabilities = text.strip().partition(":")
        if not domain or not colon or not capabilities:
            raise ConversionFailed(f"'{text}' is not in the form Domain:Capability1,Capability2.")
        return cls(domain, capabilities)

    def __str__(self) -> str:
        return f"{self.domain}:{self.capabilities}"


@dataclass(frozen=True)
class CertificateName:
    """A SmtpX509Identifier, which names a certificate by issuer and subject."""

    issuer: str
    subject: str

    @classmethod
    def parse(cls, text: str) -> CertificateName:
        match = re.fullmatch(r"<I>(.+)<S>(.+)", text.strip(), re.IGNORECASE)
        if match is None:
            raise ConversionFailed(f"'{text}' is not in the form <I>Issuer<S>Subject.")
        return cls(match[1].strip(), match[2].strip())

    def __str__(self) -> str:
        return f"<I>{self.issuer}<S>{self.subject}"


@dataclass(frozen=True)
class Credential:
    """A PSCredential whose password was decrypted."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Secret:
    """A SecureString that was decrypted."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class ListEdit:
    """A hashtable with Add and Remove given for a list parameter.

    Inferred: adding what is there and removing what is not are no errors.
    """

    add: tuple[Any, ...]
    remove: tuple[Any, ...]

    def apply(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        kept = tuple(item for item in items if identity(item) not in {identity(gone) for gone in self.remove})
        present = {identity(item) for item in kept}
        return kept + tuple(item for item in self.add if identity(item) not in present)


def identity(value: Any) -> Any:
    """What decides whether two values are the same: host names ignore case and list order does not count."""
    if isinstance(value, tuple):
        return frozenset(identity(item) for item in value)
    return str(value).casefold() if isinstance(value, (ConnectionSetting, CertificateName)) else value


def native(value: Any) -> Any:
    """An argument as plain Python; complex objects stay what they are."""
    if value is None or isinstance(value, (bool, datetime.timedelta)):
        return value
    if isinstance(value, dict):
        return {str(key): native(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [native(item) for item in value]
    for primitive in (str, int, float):
        if isinstance(value, primitive):
            return primitive(value)
    return value


def convert(parameter: Parameter, value: Any) -> Any:
    """The argument as the cmdlet sees it, by PowerShell's conversion rules."""
    return _CONVERTERS[parameter.kind](native(value), parameter)


def enum_name(value: Any, enum: EnumType) -> str:
    """A member's proper name from its name in any case or its beginning, its number or the number as text.

    PowerShell takes the beginning of a name as well, where only one member begins so.
    """
    wanted = "" if value is None or isinstance(value, bool) else str(value).strip().casefold()
    if re.fullmatch(r"[+-]?[0-9]+", wanted):
        found = [name for name, number in enum.members.items() if number == int(wanted)]
    elif wanted:
        found = [name for name in enum.members if name.casefold() == wanted]
        found = found or [name for name in enum.members if name.casefold().startswith(wanted)]
    else:
        found = []
    if len(found) == 1:
        return found[0]
    raise ConversionFailed(
        f"Unable to match the identifier name {value} to a valid enumerator name. "
        f"Specify one of the following enumerator names and try again: {', '.join(enum.members)}"
    )


def flag_names(value: Any, enum: EnumType) -> str:
    """Flags in .NET's own writing, from names in a list or behind commas, or from their sum."""
    given = value if isinstance(value, list) else str(value if value is not None else "").split(",")
    if isinstance(value, bool) or not given:
        given = [""]
    number = 0
    for one in given:
        text = str(one).strip()
        whole = int(text) if text.isascii() and text.isdigit() else None
        if whole is None:
            whole = enum.number(enum_name(text, enum))
        number |= whole
    names = [name for name, bit in enum.members.items() if bit and number & bit]
    if number != sum(enum.members[name] for name in names):
        enum_name(number, enum)
    return ", ".join(names) or "None"


def _switch(value: Any, _: Parameter) -> bool:
    # A switch added without a value travels as nil.
    return True if value is None else _boolean(value, _)


def _boolean(value: Any, _: Parameter) -> bool:
    if isinstance(value, (bool, int, float)):
        return bool(value)
    raise ConversionFailed(
        f'Cannot convert value "{value}" to type "System.Boolean". Boolean parameters accept only Boolean values '
        "and numbers, such as $True, $False, 1 or 0 instead."
    )


def _int32(value: Any, _: Parameter) -> int:
    try:
        number = _whole(value)
    except (ValueError, OverflowError):
        raise ConversionFailed("Input string was not in a correct format.") from None
    if number not in _INT32:
        raise ConversionFailed("Value was either too large or too small for an Int32.")
    return number


def _whole(value: Any) -> int:
    """A number as .NET makes a whole one of it: halves go to the even side, and text may be hexadecimal."""
    if isinstance(value, (bool, int, float, type(None))):
        return round(value or 0)
    text = str(value).strip()
    if re.fullmatch(r"0[xX][0-9A-Fa-f]+", text):
        return int(text, 16)
    return round(float(text)) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+|[eE][+-]?[0-9]+)", text) else int(text or "0")


def _text(value: Any, _: Parameter) -> str:
    if isinstance(value, bool):
        return str(value)
    return "" if value is None else _string(value)


def _string(value: Any) -> str:
    if isinstance(value, PSObject) and not isinstance(value, (str, int, float)):
        return value.PSObject.to_string or value.PSTypeNames[0]
    if isinstance(value, dict):
        return "System.Collections.Hashtable"
    return " ".join(map(_string, value)) if isinstance(value, list) else str(value)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _enum(value: Any, parameter: Parameter) -> str:
    assert parameter.enum is not None
    return enum_name(_of_enum(value), parameter.enum)


def _of_enum(value: Any) -> Any:
    """What .NET makes of two values: an empty table is an object of which nothing is set, a number loses its top."""
    if value == {}:
        return 0
    return (
        value if isinstance(value, bool) or not isinstance(value, int) else (value + (1 << 31)) % (1 << 32) - (1 << 31)
    )


def _flags(value: Any, parameter: Parameter) -> str:
    assert parameter.enum is not None
    return flag_names(_of_enum(value), parameter.enum)


def _time_span(value: Any, _: Parameter) -> TimeSpan:
    if isinstance(value, datetime.timedelta):
        return TimeSpan((value.days * 86_400 + value.seconds) * _TICKS["s"] + value.microseconds * 10)
    if not isinstance(value, str):
        raise ConversionFailed(f'Cannot convert value "{value}" to a time span.')
    return TimeSpan.parse(value)


def _byte_size(value: Any, _: Parameter) -> ByteSize:
    if value is None or isinstance(value, bool):
        raise ConversionFailed("A byte size is required.")
    return ByteSize.parse(_string(value))


def _size(value: Any, parameter: Parameter) -> ByteSize:
    size = _byte_size(value, parameter)
    if size.count is None:
        raise ConversionFailed(f"'{value}' is not a valid ByteQuantifiedSize.")
    return size


def _limit(value: Any, _: Parameter) -> Limit:
    if value is None or isinstance(value, bool):
        raise ConversionFailed("A number or unlimited is required.")
    return Limit.parse(_string(value))


def _unsigned(value: Any, _: Parameter) -> int | None:
    if value is None:
        return None
    try:
        number = int(_string(value))
    except ValueError:
        raise ConversionFailed("Input string was not in a correct format.") from None
    if number not in _UINT32:
        raise ConversionFailed("Value was either too large or too small for a UInt32.")
    return number


def _unsigned_limit(value: Any, parameter: Parameter) -> Limit | None:
    if value is None:
        return None
    unlimited = _string(value).strip().casefold() == "unlimited"
    return Limit(None if unlimited else _unsigned(value, parameter))


def _certificate(value: Any, _: Parameter) -> CertificateName | None:
    return None if value is None or value == "" else CertificateName.parse(_string(value))


def _credential(value: Any, _: Parameter) -> Credential | None:
    if value is None:
        return None
    if not isinstance(value, PSCredential):
        raise ConversionFailed("A PSCredential is required.")
    return Credential(str(value.UserName), str(value.Password.decrypt()))


def _secret(value: Any, _: Parameter) -> Secret | None:
    """PowerShell makes an empty one of an empty hashtable, as it makes an object of any class of one."""
    if value is None or value == {}:
        return None if value is None else Secret("")
    if not isinstance(value, PSSecureString):
        raise ConversionFailed("A SecureString is required.")
    return Secret(str(value.decrypt()))


def _bytes(value: Any, _: Parameter) -> bytes | None:
    """An array of bytes, or of what PowerShell makes bytes of: a truth value, a fraction, and 0 of empty text."""
    if value is None or isinstance(value, bytes):
        return None if value is None else bytes(value)
    try:
        return bytes(map(_whole, _items(value)))
    except (ValueError, OverflowError):
        raise ConversionFailed('Cannot convert the value to type "System.Byte".') from None


def _name_of_object(value: Any, _: Parameter) -> str | None:
    if value is None:
        return None
    if not (text := _string(value).strip()):
        raise ConversionFailed("The value can't be empty.")
    return text


def _uri(value: Any, _: Parameter) -> str | None:
    if value is None or value == "":
        return None
    try:
        return uri_text(str(value))
    except NoUri as wrong:
        raise ConversionFailed(str(wrong)) from None


def _listed(parse: Callable[[str], Any]) -> Callable[[Any, Parameter], Any]:
    def converter(value: Any, _: Parameter) -> Any:
        if not isinstance(value, dict):
            return _distinct(value)
        edits = {key.casefold(): _distinct(items) for key, items in value.items()}
        if unknown := edits.keys() - {"add", "remove"}:
            raise ConversionFailed(f"The hashtable key {sorted(unknown)[0]} is neither Add nor Remove.")
        return ListEdit(edits.get("add", ()), edits.get("remove", ()))

    def _distinct(value: Any) -> tuple[Any, ...]:
        items = tuple(parse(_string(item)) for item in _items(value))
        # That Exchange's collections hold no value twice is inferred, and so is what this says.
        if len({identity(item) for item in items}) != len(items):
            raise ConversionFailed("The collection already contains one of the values.")
        return items

    return converter


def _host(value: Any, _: Parameter) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise ConversionFailed(f"'{value}' is not a valid fully qualified domain name.")
    return value


def _server(value: Any, _: Parameter) -> str | None:
    if value is None:
        return None
    if isinstance(value, PSObject) and not isinstance(value, str):
        if value.PSTypeNames[0].startswith("Deserialized."):
            raise ConversionFailed(
                f'Cannot convert the "{_string(value)}" value of type "{value.PSTypeNames[0]}" '
                f'to type "{Kind.SERVER.value}".'
            )
        names = {entry.name: entry for entry in value.PSObject.adapted_properties}
        return _string(value["Server"] if "Server" in names else value)
    if not _string(value).strip():
        raise ConversionFailed("The value can't be empty.")
    return _string(value)


def _recipient(value: Any, parameter: Parameter) -> str | None:
    if value is None:
        return None
    if isinstance(value, PSObject) and not isinstance(value, (str, uuid.UUID)):
        # An object that came out of a session is none any more when it is sent back.
        raise ConversionFailed(
            f'Cannot convert the "{_string(value)}" value of type "{value.PSTypeNames[0]}" '
            f'to type "{parameter.kind.value}".'
        )
    if not _string(value).strip():
        raise ConversionFailed("The value can't be empty.")
    return _string(value)


_CONVERTERS: dict[Kind, Callable[[Any, Parameter], Any]] = {
    Kind.SWITCH: _switch,
    Kind.BOOLEAN: _boolean,
    Kind.OPTIONAL_BOOLEAN: lambda value, parameter: None if value is None else _boolean(value, parameter),
    Kind.INT32: _int32,
    Kind.TEXT: _text,
    Kind.TEXTS: lambda value, parameter: [_text(item, parameter) for item in _items(value)],
    Kind.INTEGERS: lambda value, parameter: [_int32(item, parameter) for item in _items(value)],
    Kind.ENUM: _enum,
    Kind.OPTIONAL_ENUM: lambda value, parameter: None if value is None else _enum(value, parameter),
    Kind.FLAGS: _flags,
    Kind.TIME_SPAN: _time_span,
    Kind.BYTE_SIZE: _byte_size,
    Kind.URI: _uri,
    Kind.STRINGS: _listed(str),
    Kind.BINDINGS: _listed(Binding.parse),
    Kind.CONNECTIONS: _listed(ConnectionSetting.parse),
    Kind.LIMIT: _limit,
    Kind.UNSIGNED: _unsigned,
    Kind.UNSIGNED_LIMIT: _unsigned_limit,
    Kind.SIZE: _size,
    Kind.RANGES: _listed(IpRange.parse),
    Kind.CAPABILITIES: _listed(DomainCapability.parse),
    Kind.CERTIFICATE: _certificate,
    Kind.CREDENTIAL: _credential,
    Kind.SECURE_STRING: _secret,
    Kind.BYTES: _bytes,
    Kind.SERVER: _server,
    Kind.CONNECTOR: _name_of_object,
    Kind.THROTTLING_POLICY: _name_of_object,
    Kind.MAILBOX: _recipient,
    Kind.USER: _recipient,
    Kind.HOST: _host,
}
