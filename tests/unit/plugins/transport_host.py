"""Certificates made for tests, as Get-ExchangeCertificate shows them, and a host with certificates and connectors."""

from __future__ import annotations

import base64
import hashlib
import struct
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

NOW = datetime.now(UTC)
AUTHORITY = "Contoso Issuing CA"
ASSEMBLY = "Microsoft.Exchange.Management, Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35"
NAMESPACE = "Microsoft.Exchange.Management.SystemConfigurationTasks."
SERVICES = {"IMAP": 1, "POP": 2, "IIS": 8, "SMTP": 16}
AUTH = {
    "Tls": 1, "Integrated": 2, "BasicAuth": 4, "BasicAuthRequireTLS": 8, "ExchangeServer": 16,
    "ExternalAuthoritative": 32,
}  # fmt: skip
GROUPS = {
    "AnonymousUsers": 1, "ExchangeUsers": 2, "ExchangeServers": 4, "ExchangeLegacyServers": 8, "Partners": 16,
    "Custom": 32,
}  # fmt: skip


@cache
def private_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def make_der(
    *names: str,
    common_name: str | None = None,
    issuer: str | None = AUTHORITY,
    begins: float = -30,
    ends: float = 300,
    bits: int = 2048,
    serial: int | None = None,
) -> bytes:
    """A certificate; begin and end in days from now, issuer None for a self-signed one."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name or names[0])])
    by = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]) if issuer else subject
    builder = x509.CertificateBuilder(
        issuer_name=by,
        subject_name=subject,
        public_key=private_key(bits).public_key(),
        serial_number=serial or x509.random_serial_number(),
        not_valid_before=NOW + timedelta(days=begins),
        not_valid_after=NOW + timedelta(days=ends),
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(private_key(bits), hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def thumbprint(der: bytes) -> str:
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def _text(text: str) -> bytes:
    length, encoded = len(text.encode()), b""
    while length > 0x7F:
        encoded += bytes([length & 0x7F | 0x80])
        length >>= 7
    return encoded + bytes([length]) + text.encode()


def _enumeration(identity: int, name: str, value: int) -> bytes:
    head = b"\x05" + struct.pack("<i", identity) + _text(NAMESPACE + name) + struct.pack("<i", 1) + _text("value__")
    return head + b"\x00\x08" + struct.pack("<ii", 2, value)


def make_payload(der: bytes, services: int, *, signed: bool = False, key: bool = True) -> bytes:
    """SerializationData as the captures have it: class record, enumerations, identity, store element."""
    fields = (
        "CertData", "SelfSigned", "Status", "RootCAType", "Services", "IISServices", "PrivateKeyExportable", "Identity"
    )  # fmt: skip
    iis = f"System.Collections.Generic.List`1[[{NAMESPACE}IisService, {ASSEMBLY}]]"
    stream = b"\x00" + struct.pack("<4i", 1, -1, 1, 0) + b"\x0c" + struct.pack("<i", 2) + _text(ASSEMBLY)
    stream += b"\x05" + struct.pack("<i", 1) + _text(NAMESPACE + "ExchangeCertificate") + struct.pack("<i", 8)
    stream += b"".join(map(_text, fields)) + bytes([7, 0, 4, 4, 4, 3, 0, 1]) + b"\x02\x01"
    for name in ("CertificateStatus", "CertificateAuthorityType", "AllowedServices"):
        stream += _text(NAMESPACE + name) + struct.pack("<i", 2)
    stream += _text(iis) + b"\x01" + struct.pack("<i", 2) + b"\x09" + struct.pack("<i", 3) + b"\x00"
    stream += _enumeration(-4, "CertificateStatus", 1) + _enumeration(-5, "CertificateAuthorityType", 3)
    stream += _enumeration(-6, "AllowedServices", services) + b"\x09" + struct.pack("<i", 7) + b"\x00"
    stream += b"\x06" + struct.pack("<i", 8) + _text(f"EX01.contoso.test\\{thumbprint(der)}")
    properties = [(4, b"md5" * 5), *([(2, b"provider")] if key else []), (32, der)]
    element = b"".join(struct.pack("<3I", number, 1, len(content)) + content for number, content in properties)
    stream += b"\x0f" + struct.pack("<ii", 3, len(element)) + b"\x02" + element + b"\x0b"
    return b"#sig#" + struct.pack("<I", len(stream)) + stream + bytes(32) if signed else stream


def as_wire(data: bytes) -> dict[str, str]:
    return {"$bytes": base64.b64encode(data).decode()}


def flags(text: str, numbers: dict[str, int]) -> dict[str, Any]:
    names = [] if text == "None" else [name.strip() for name in text.split(",")]
    ordered = sorted(names, key=numbers.__getitem__)
    return {"$text": ", ".join(ordered) or "None", "$value": sum(numbers[name] for name in names)}


def span(text: str) -> dict[str, Any]:
    hours, minutes, seconds = map(int, text.split(":"))
    return {"$text": text, "Ticks": ((hours * 60 + minutes) * 60 + seconds) * 10_000_000}


def unlimited(value: Any) -> dict[str, Any]:
    if value == "Unlimited":
        return {"$text": "Unlimited", "IsUnlimited": True}
    return {"$text": str(value), "IsUnlimited": False, "Value": value}


def size(text: str) -> dict[str, Any]:
    number = int(text.removesuffix("MB"))
    return {"$text": f"{number} MB ({number << 20:,} bytes)"}


def texts(values: list[str] | None) -> list[dict[str, Any]]:
    return [{"$text": value} for value in values or []]


STORE = {
    "AuthMechanism": lambda text: flags(text, AUTH),
    "PermissionGroups": lambda text: flags(text, GROUPS),
    "Bindings": texts,
    "RemoteIPRanges": texts,
    "ConnectionTimeout": span,
    "ConnectionInactivityTimeout": span,
    "MaxInboundConnection": unlimited,
    "MaxInboundConnectionPerSource": unlimited,
    "MessageRateLimit": unlimited,
    "MaxMessageSize": size,
    "Fqdn": lambda text: text and {"$text": text, "Domain": text},
    "TlsCertificateName": lambda text: text and {"$text": text},
    "ProtocolLoggingLevel": lambda text: {"$text": text, "$value": ["None", "Verbose"].index(text)},
}

# The values of the real Client Frontend connector.
CLIENT = {
    "AdvertiseClientSettings": False,
    "AuthMechanism": "Tls, Integrated, BasicAuth, BasicAuthRequireTLS",
    "Bindings": ["[::]:587", "0.0.0.0:587"],
    "ConnectionInactivityTimeout": "00:05:00",
    "ConnectionTimeout": "00:10:00",
    "EnableAuthGSSAPI": True,
    "Enabled": True,
    "Fqdn": "EX01.contoso.test",
    "MaxInboundConnection": 5000,
    "MaxInboundConnectionPerSource": 20,
    "MaxMessageSize": "36MB",
    "MessageRateLimit": 5,
    "PermissionGroups": "ExchangeUsers",
    "ProtocolLoggingLevel": "None",
    "RemoteIPRanges": ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0-255.255.255.255"],
    "RequireTLS": False,
    "TlsCertificateName": None,
}
HUB = {
    **CLIENT,
    "AuthMechanism": "Tls, Integrated, BasicAuth, BasicAuthRequireTLS, ExchangeServer",
    "PermissionGroups": "ExchangeUsers, ExchangeServers, ExchangeLegacyServers",
}
FRONT, BACK = {"$text": "FrontendTransport", "$value": 16384}, {"$text": "HubTransport", "$value": 32}


def transport_host(base: type) -> type:
    """The class of hosts that also have certificates and connectors."""

    class TransportHost(base):  # type: ignore[misc]
        def __init__(self, version: str = "SE") -> None:
            super().__init__(version)
            self.certificates: dict[str, dict[str, Any]] = {}
            self.connectors: dict[str, dict[str, Any]] = {}
            if version == "2010":
                self.add_connector("Client EX01", CLIENT)
                self.add_connector("Default EX01", HUB, Bindings=["[::]:25", "0.0.0.0:25"])
                for connector in self.connectors.values():
                    del connector["TlsCertificateName"]
                return
            self.add_connector("Default EX01", HUB, BACK, Bindings=["0.0.0.0:2525", "[::]:2525"])
            self.add_connector("Client Proxy EX01", HUB, BACK, Bindings=["[::]:465", "0.0.0.0:465"])
            self.add_connector("Default Frontend EX01", HUB, FRONT, Bindings=["[::]:25", "0.0.0.0:25"])
            self.add_connector("Client Frontend EX01", CLIENT, FRONT)

        def add_connector(
            self, name: str, values: dict[str, Any], role: Any = None, *, server: str = "EX01", **other: Any
        ) -> None:
            wire = {key: self._stored(key, value) for key, value in {**values, **other}.items()}
            identity = f"{server}\\{name}"
            self.connectors[identity] = {"Identity": {"$text": identity}, "Name": name, **wire}
            if role:
                self.connectors[identity]["TransportRole"] = role

        @staticmethod
        def _stored(name: str, value: Any) -> Any:
            return STORE.get(name, lambda same: same)(value)

        def add(self, der: bytes, *services: str, shape: str = "plain", **live: Any) -> str:
            """A certificate on the server; shape is plain, signed, live or broken (nothing but RawData)."""
            self.certificates[thumbprint(der)] = {"der": der, "services": set(services), "shape": shape, "live": live}
            return thumbprint(der)

        def _get_exchangecertificate(self, Server: str, DomainController: str | None = None) -> list[dict[str, Any]]:
            assert Server == self.name
            return [self._certificate(**certificate) for certificate in self.certificates.values()]

        def _certificate(self, der: bytes, services: set[str], shape: str, live: dict[str, Any]) -> dict[str, Any]:
            wire: dict[str, Any] = {"$text": "[Subject]", "RawData": as_wire(der), **live}
            if shape == "live":
                wire |= {"Services": ", ".join(sorted(services, key=SERVICES.__getitem__)) or "None"}
                wire |= {"HasPrivateKey": True, "Status": "Valid", **live}
            elif shape != "broken":
                number = sum(SERVICES[name] for name in services)
                wire["SerializationData"] = as_wire(make_payload(der, number, signed=shape == "signed"))
            return wire

        def _enable_exchangecertificate(
            self, Server: str, Thumbprint: str, Services: str, DomainController: str | None = None, Force: bool = False
        ) -> None:
            names = {name.strip() for name in Services.split(",")}
            assert Server == self.name
            assert Force is ("SMTP" in names), "a question is asked that nobody answers, or answered unasked"
            if self.sticky:
                self.certificates[Thumbprint]["services"] |= names

        def _get_receiveconnector(self, Server: str, DomainController: str | None = None) -> list[dict[str, Any]]:
            assert Server == self.name
            return list(self.connectors.values())

        def _set_receiveconnector(self, Identity: str, DomainController: str | None = None, **given: Any) -> None:
            if self.sticky:
                self.connectors[Identity].update({name: self._stored(name, value) for name, value in given.items()})

    return TransportHost
