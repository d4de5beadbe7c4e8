"""Objects as they appear on the wire, built for psrpcore's serializer.

Shapes are those of the captures where one exists; what each stands on is in `catalogue/evidence.py`.
"""

from __future__ import annotations

import datetime
import functools
import struct
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from psrpcore.types import (
    PSByte,
    PSByteArray,
    PSDateTime,
    PSDouble,
    PSEnumBase,
    PSGuid,
    PSInt64,
    PSList,
    PSNoteProperty,
    PSObject,
    PSType,
    PSUInt,
)

from .values import (
    Binding,
    ByteSize,
    CertificateName,
    ConnectionSetting,
    DomainCapability,
    IpRange,
    Limit,
    TimeSpan,
)

Members = Iterable[tuple[str, Any]]

_OBJECT = "System.Object"
_ASSEMBLY = "Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35"
_MSCORLIB = "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
_NAMESPACE = uuid.UUID("59ce2f71-eaa2-4ddf-a4fa-f25069d0b324")
AD_OBJECT_ID = ("Microsoft.Exchange.Data.Directory.ADObjectId", "Microsoft.Exchange.Data.ObjectId", _OBJECT)
DIRECTORY_OBJECT = (
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    _OBJECT,
)
CONFIGURATION_OBJECT = (
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.ADConfigurationObject",
    *DIRECTORY_OBJECT,
)


class WireList(PSList):
    """A list that psrpcore refers back to when it appears twice in one object, as PowerShell does."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


def wire_object(types: Sequence[str], text: str | None, members: Members, extended: Members = ()) -> PSObject:
    """A complex object: its type names, its ToString, its members and what the type system added to them."""
    result = PSObject()
    result.PSObject.type_names = list(types)
    if text is not None:
        result.PSObject.to_string = text
    result.PSObject.adapted_properties = [PSNoteProperty(name, value=value) for name, value in members]
    result.PSObject.extended_properties = [PSNoteProperty(name, value=value) for name, value in extended]
    return result


def wire_list(types: Sequence[str], items: Iterable[Any]) -> WireList:
    result = WireList(items)
    result.PSObject.type_names = list(types)
    return result


@functools.cache
def wire_enum(type_name: str, text: str, number: int) -> Any:
    """A .NET enumeration value, which travels with its name and its number."""
    make: Any = PSEnumBase
    kind = make(type_name.rpartition(".")[2], {text: number})
    return PSType([type_name], rehydrate=False)(kind)(number)


def serialization_data(type_name: str, text: str) -> tuple[tuple[str, PSByteArray]]:
    """The extra member of Exchange's objects: a BinaryFormatter stream, here one that holds the text only."""
    words = f"{type_name}: {text}".encode()
    length, rest = b"", len(words)
    while rest > 127:
        length += bytes([rest & 127 | 128])
        rest >>= 7
    length += bytes([rest])
    header = struct.pack("<Biiii", 0, 1, -1, 1, 0)
    return (("SerializationData", PSByteArray(header + struct.pack("<Bi", 6, 1) + length + words + b"\x0b")),)


def exchange_object(types: Sequence[str], text: str, members: Members) -> PSObject:
    return wire_object(types, text, members, serialization_data(types[0], text))


def multi_valued(item_type: str, items: Iterable[Any]) -> WireList:
    assembly = _MSCORLIB if item_type.startswith("System.") else f"Microsoft.Exchange.Data, {_ASSEMBLY}"
    base = "Microsoft.Exchange.Data.MultiValuedProperty"
    return wire_list((f"{base}`1[[{item_type}, {assembly}]]", f"{base}Base", _OBJECT), items)


def strings(items: Iterable[str]) -> WireList:
    return multi_valued("System.String", items)


def time_span(value: TimeSpan) -> PSObject:
    ticks = abs(value.ticks)
    sign = (value.ticks > 0) - (value.ticks < 0)
    units = {"Days": 864_000_000_000, "Hours": 36_000_000_000, "Minutes": 600_000_000, "Seconds": 10_000_000}
    units["Milliseconds"] = 10_000
    spans = {"Hours": 24, "Minutes": 60, "Seconds": 60, "Milliseconds": 1000}
    parts = {name: sign * (ticks // size % spans.get(name, 1 << 63)) for name, size in units.items()}
    order = ("Days", "Hours", "Milliseconds", "Minutes", "Seconds")
    members: list[tuple[str, Any]] = [(name, parts[name]) for name in order]
    members.append(("Ticks", PSInt64(value.ticks)))
    members += [(f"Total{name}", PSDouble(value.ticks / units[name])) for name in order]
    members.append(("Sign", sign))
    return exchange_object(
        ("Microsoft.Exchange.Data.EnhancedTimeSpan", "System.ValueType", _OBJECT), str(value), members
    )


_QUANTIFIED = "Microsoft.Exchange.Data.ByteQuantifiedSize"


def size(value: ByteSize) -> PSObject:
    return exchange_object((_QUANTIFIED, "System.ValueType", _OBJECT), str(value), ())


def byte_size(value: ByteSize) -> PSObject:
    return _unlimited(f"{_QUANTIFIED}, Microsoft.Exchange.Data, {_ASSEMBLY}", value, size(value))


def limit(value: Limit) -> PSObject:
    return _unlimited(f"System.Int32, {_MSCORLIB}", value, value.count)


def unsigned_limit(value: Limit) -> PSObject:
    return _unlimited(f"System.UInt32, {_MSCORLIB}", value, None if value.count is None else PSUInt(value.count))


def _unlimited(inner_type: str, value: ByteSize | Limit, inner: Any) -> PSObject:
    """Unlimited has no Value member at all."""
    types = (f"Microsoft.Exchange.Data.Unlimited`1[[{inner_type}]]", "System.ValueType", _OBJECT)
    members: list[tuple[str, Any]] = [("IsUnlimited", value.count is None)]
    if value.count is not None:
        members.append(("Value", inner))
    return exchange_object(types, str(value), members)


def binding(value: Binding) -> PSObject:
    family = "InterNetworkV6" if value.address.version == 6 else "InterNetwork"
    members: list[tuple[str, Any]] = [("AddressFamily", family)]
    if value.address.version == 6:
        members.append(("ScopeId", PSInt64(0)))
    else:
        members.insert(0, ("Address", PSInt64(int.from_bytes(value.address.packed, "little"))))
    members += [
        ("IsIPv6Multicast", value.address.version == 6 and value.address.is_multicast),
        ("IsIPv6LinkLocal", value.address.version == 6 and value.address.is_link_local),
        ("IsIPv6SiteLocal", value.address.version == 6 and value.address.is_site_local),
        ("IsIPv6Teredo", value.address.version == 6 and value.address.teredo is not None),
        ("IsIPv4MappedToIPv6", value.address.version == 6 and value.address.ipv4_mapped is not None),
    ]
    address = wire_object(
        ("System.Net.IPAddress", _OBJECT), str(value.address), members, [("IPAddressToString", str(value.address))]
    )
    types = ("Microsoft.Exchange.Data.IPBinding", "System.Net.IPEndPoint", "System.Net.EndPoint", _OBJECT)
    return exchange_object(types, str(value), [("Port", value.port), ("AddressFamily", family), ("Address", address)])


def connection(value: ConnectionSetting) -> PSObject:
    host = exchange_object(("Microsoft.Exchange.Data.Hostname", _OBJECT), value.host, ())
    numbers = {"SSL": 1, "TLS": 2}
    method = value.method and wire_enum("Microsoft.Exchange.Data.EncryptionType", value.method, numbers[value.method])
    members = [("Hostname", host), ("Port", value.port), ("EncryptionType", method)]
    return exchange_object(("Microsoft.Exchange.Data.ProtocolConnectionSettings", _OBJECT), str(value), members)


def fqdn(value: str | None) -> PSObject | None:
    types = ("Microsoft.Exchange.Data.Fqdn", "Microsoft.Exchange.Data.SmtpDomain", _OBJECT)
    return None if value is None else exchange_object(types, value, [("Domain", value)])


def ip_range(value: IpRange) -> PSObject:
    members = [
        ("LowerBound", str(value.lower)),
        ("UpperBound", str(value.upper)),
        ("RangeFormat", value.form),
        ("Size", str(value.size)),
        ("Expression", value.text),
    ]
    return exchange_object(("Microsoft.Exchange.Data.IPRange", _OBJECT), value.text, members)


def domain_capability(value: DomainCapability) -> PSObject:
    members = [("Domain", value.domain), ("Capabilities", value.capabilities), ("SmtpX509Identifier", None)]
    return exchange_object(("Microsoft.Exchange.Data.SmtpReceiveDomainCapabilities", _OBJECT), str(value), members)


def certificate_name(value: CertificateName | None) -> PSObject | None:
    if value is None:
        return None
    common = next((part[3:] for part in value.subject.split(", ") if part.upper().startswith("CN=")), None)
    members = [
        ("CertificateSubject", value.subject),
        ("CertificateIssuer", value.issuer),
        ("SubjectCommonName", common),
    ]
    return exchange_object(("Microsoft.Exchange.Data.SmtpX509Identifier", _OBJECT), str(value), members)


def guid(*words: str) -> PSGuid:
    """The same GUID for the same object on every run."""
    return PSGuid(str(uuid.uuid5(_NAMESPACE, "\n".join(words).casefold())))


def ad_object_id(distinguished_name: str, domain: str, text: str) -> PSObject:
    names = distinguished_name.split(",")
    root = next(index for index, name in enumerate(names) if name.startswith("DC="))
    name = names[0].partition("=")[2]
    parent = "/".join((domain, *(part.partition("=")[2] for part in reversed(names[1:root]))))
    members = [
        ("OrgHierarchyToIgnore", None),
        ("IsDeleted", False),
        ("Rdn", names[0]),
        ("Parent", parent if "/" in text else names[1].partition("=")[2]),
        ("Depth", len(names) - 1),
        ("DistinguishedName", distinguished_name),
        ("IsRelativeDn", False),
        ("DomainId", domain),
        ("PartitionGuid", guid("partition", domain)),
        ("PartitionFQDN", domain),
        ("ObjectGuid", guid("object", distinguished_name)),
        ("Name", name),
    ]
    return exchange_object(AD_OBJECT_ID, text, members)


def object_version(minor: int, build: str) -> PSObject:
    """ExchangeVersion: the version of the object's schema, not of the product."""
    members = [
        ("NextMajorVersion", "1.0 (0.0.0.0)"),
        ("NextMinorVersion", f"0.{minor + 1} (0.0.0.0)"),
        ("Major", PSByte(0)),
        ("Minor", PSByte(minor)),
        ("ExchangeBuild", build),
    ]
    types = ("Microsoft.Exchange.Data.ExchangeObjectVersion", _OBJECT)
    return exchange_object(types, f"0.{minor} ({build})", members)


def organization_id() -> PSObject:
    members = [
        ("OrganizationalUnit", None),
        ("ConfigurationUnit", None),
        ("IsConsumerOrganization", False),
        ("IdForEventLog", ""),
    ]
    return exchange_object(("Microsoft.Exchange.Data.Directory.OrganizationId", _OBJECT), "", members)


def object_state(text: str) -> Any:
    return wire_enum("Microsoft.Exchange.Data.ObjectState", text, {"New": 0, "Unchanged": 1, "Changed": 2}[text])


def schema_id(class_name: str, domain: str, root: str) -> PSObject:
    return ad_object_id(
        f"CN={class_name},CN=Schema,CN=Configuration,{root}", domain, f"{domain}/Configuration/Schema/{class_name}"
    )


def times(changed: datetime.datetime, created: datetime.datetime, zone: datetime.timezone) -> Members:
    """The four time members; Active Directory keeps whole seconds."""
    return [
        ("WhenChanged", date_time(changed.replace(microsecond=0).astimezone(zone))),
        ("WhenCreated", date_time(created.replace(microsecond=0).astimezone(zone))),
        ("WhenChangedUTC", date_time(changed.replace(microsecond=0).astimezone(datetime.UTC))),
        ("WhenCreatedUTC", date_time(created.replace(microsecond=0).astimezone(datetime.UTC))),
    ]


def date_time(value: datetime.datetime) -> PSDateTime:
    return PSDateTime(
        value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, value.tzinfo
    )
