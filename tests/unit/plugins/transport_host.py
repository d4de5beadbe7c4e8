"""Certificates made for tests, as Get-ExchangeCertificate shows them, and a host with certificates and connectors."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from module_runner import run_module

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request

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


def transport_host(_: type) -> type:
    """The class of hosts that also have certificates and connectors."""

    class TransportHost(FakeHost):
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


VERSIONS = {"SE": (15, 2, 2562, 17), "2016": (15, 1, 2507, 6), "2013": (15, 0, 1497, 2), "2010": (14, 3, 123, 4)}
LOGIN = {"PlainTextLogin": 1, "PlainTextAuthentication": 2, "SecureLogin": 3}
CALENDAR = {"iCalendar": 0, "IntranetUrl": 1, "InternetUrl": 2, "Custom": 3}


def span(text: str) -> dict[str, Any]:
    """An EnhancedTimeSpan as it comes over the wire."""
    hours, minutes, seconds = map(int, text.split(":"))
    return {"$text": text, "Ticks": ((hours * 60 + minutes) * 60 + seconds) * 10_000_000}


def size(text: str) -> dict[str, Any]:
    """A byte size over the wire, for whole megabytes as they are sent."""
    if text.casefold() == "unlimited":
        return {"$text": "Unlimited", "IsUnlimited": True}
    number = int(text.removesuffix("MB"))
    return {"$text": f"{number} MB ({number << 20:,} bytes)", "IsUnlimited": False}


STORE: dict[str, Callable[[Any], Any]] = {
    "AuthenticatedConnectionTimeout": span,
    "PreAuthenticatedConnectionTimeout": span,
    "LogPerFileSizeQuota": size,
    "LoginType": lambda name: {"$text": name, "$value": LOGIN[name]},
    "CalendarItemRetrievalOption": lambda name: {"$text": name, "$value": CALENDAR[name]},
    "SSLBindings": lambda value: [{"$text": text} for text in value or []],
    "UnencryptedOrTLSBindings": lambda value: [{"$text": text} for text in value or []],
    "ExternalConnectionSettings": lambda value: [{"$text": text} for text in value or []],
    "InternalConnectionSettings": lambda value: [{"$text": text} for text in value or []],
}

OUT_OF_THE_BOX = {
    "AuthenticatedConnectionTimeout": "00:30:00",
    "PreAuthenticatedConnectionTimeout": "00:01:00",
    "Banner": "The Microsoft Exchange POP3 service is ready.",
    "CalendarItemRetrievalOption": "iCalendar",
    "OwaServerUrl": None,
    "EnableExactRFC822Size": False,
    "ExternalConnectionSettings": [],
    "InternalConnectionSettings": ["EX01.contoso.test:995:SSL", "EX01.contoso.test:110:TLS"],
    "LogFileLocation": "C:\\Exchange\\Logging\\Pop3",
    "LogPerFileSizeQuota": "0MB",
    "LoginType": "SecureLogin",
    "MaxCommandSize": 512,
    "MaxConnections": 2147483647,
    "SSLBindings": ["[::]:995", "0.0.0.0:995"],
    "UnencryptedOrTLSBindings": ["[::]:110", "0.0.0.0:110"],
    "X509CertificateName": "EX01",
}


def error(name: str, cmdlet: str, message: str = "It went wrong.", **more: Any) -> dict[str, Any]:
    return {"id": f"{name},{cmdlet}", "category": "NotSpecified", "message": message, "cmdlet": cmdlet, **more}


NOT_FOUND = "[Server=EX01,RequestId=0] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 8288830C"


class Refusal(Exception):
    """The cmdlet ends with this error."""


class FakeHost:
    """One Exchange server and what can be wrong with it."""

    def __init__(self, version: str = "SE") -> None:
        self.name, self.fqdn = "EX01", "EX01.contoso.test"
        self.version = VERSIONS[version]
        self.memory: dict[str, Any] = {"host": "ex01.contoso.test", "inventory_hostname": "ex01"}
        names = ["MSExchangePop3", "MSExchangePOP3BE", "MSExchangeImap4", "MSExchangeIMAP4BE"]
        self.services = {name: {"State": "Stopped", "StartMode": "Manual", "ProcessId": 0} for name in names}
        for name in ("WAS", "W3SVC", "NetTcpActivator"):
            self.services[name] = {"State": "Running", "StartMode": "Auto", "ProcessId": len(self.services) + 4}
        self.services["NetPipeActivator"] = {"State": "Stopped", "StartMode": "Disabled", "ProcessId": 0}
        self.process = 100
        self.process_started = "2026-03-02T08:00:00Z"
        self.stored: dict[str, Any] = {name: self._wire(name, value) for name, value in OUT_OF_THE_BOX.items()}
        self.changed = "2026-03-01T08:00:00Z"
        self.component = "Active"
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.withheld: set[str] = set()
        """Cmdlets RBAC does not grant, and parameters as `Cmdlet -Parameter`."""
        self.without: set[str] = set()
        """Cmdlets this PowerShell does not have."""
        self.sticky = True
        self.breaks: list[tuple[str, bool]] = []
        """Once each: the answer of this cmdlet is lost, after it was done or before."""
        self.dying: set[str] = set()
        """Services that stop as soon as they have started."""
        self.down_for = 0
        """So many calls of the exchange endpoint find nobody."""
        self.asleep = 0.0
        self.warns: dict[str, list[str]] = {}
        self.refuses: dict[str, dict[str, Any]] = {}
        """Cmdlets that end with this error."""
        self.errs_after: dict[str, dict[str, Any]] = {}
        """Cmdlets that do their work and then report this error."""

    @staticmethod
    def _wire(name: str, value: Any) -> Any:
        return STORE.get(name, lambda same: same)(value)

    def clock(self) -> float:
        return self.asleep

    def pause(self, seconds: float) -> None:
        self.asleep += seconds

    def run(self, module: str, options: dict[str, Any] | None = None, *, check: bool = False) -> dict[str, Any]:
        """The result of a module on this host."""
        return run_module(module, options or {}, self.invoke, check=check, clock=self.clock, pause=self.pause)

    @property
    def writes(self) -> list[str]:
        return [cmdlet for cmdlet, _ in self.calls if not cmdlet.startswith("Get-")]

    def asked(self, cmdlet: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.calls if name == cmdlet]

    def invoke(self, text: str) -> str:
        request = Request.parse(text)
        self.memory.update(request.remember)
        reply: dict[str, Any] = {"state": "completed", "output": [], "warnings": [], "errors": [], "reason": None}
        if request.cmdlet:
            reply |= self._command(request, request.cmdlet, request.parameters)
        return json.dumps({**reply, "memory": self.memory})

    def _command(self, request: Request, cmdlet: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if request.endpoint == "exchange" and self.down_for:
            self.down_for -= 1
            return {"state": "unreachable", "reason": "Nobody answers on port 80."}
        assert request.write is not cmdlet.startswith("Get-"), cmdlet
        self.calls.append((cmdlet, dict(parameters)))
        lost = next((fault for fault in self.breaks if fault[0] == cmdlet), None)
        if lost:
            self.breaks.remove(lost)
        if lost and not lost[1]:
            return {"state": "unknown", "reason": "The connection broke."}
        try:
            if cmdlet in self.withheld | self.without:
                raise Refusal({"id": "CommandNotFoundException", "message": "Not recognized."})
            for parameter in parameters:
                if f"{cmdlet} -{parameter}" in self.withheld:
                    raise Refusal(error("NamedParameterNotFound", cmdlet, "No such parameter.", parameter=parameter))
            if cmdlet in self.refuses:
                raise Refusal(self.refuses[cmdlet])
            output = getattr(self, "_" + cmdlet.replace("-", "_").lower())(**parameters)
        except Refusal as refusal:
            return {"state": "failed", "errors": [refusal.args[0]]}
        if lost:
            return {"state": "unknown", "reason": "The connection broke."}
        members = request.members
        shown = [{k: v for k, v in item.items() if members is None or k in members} for item in output or []]
        late = [self.errs_after[cmdlet]] if cmdlet in self.errs_after else []
        return {"output": shown, "warnings": self.warns.get(cmdlet, []), "errors": late}

    def _get_exchangeserver(self, Identity: str, DomainController: str | None = None) -> list[dict[str, Any]]:
        if Identity.casefold() not in (self.name.casefold(), self.fqdn.casefold()):
            raise Refusal(error(NOT_FOUND, "Get-ExchangeServer", f"The object '{Identity}' was not found."))
        numbers = dict(zip(("Major", "Minor", "Build", "Revision"), self.version, strict=True))
        return [
            {
                "Name": self.name,
                "Fqdn": self.fqdn,
                "AdminDisplayVersion": {"$text": "Version", **numbers},
                "OriginatingServer": "DC1.contoso.test",
            }
        ]

    def _get_popsettings(self, Server: str, DomainController: str | None = None) -> list[dict[str, Any]]:
        assert Server == self.name
        return [{**self.stored, "WhenChangedUTC": self.changed}]

    _get_imapsettings = _get_popsettings

    def _set_popsettings(self, Server: str, DomainController: str | None = None, **given: Any) -> None:
        assert Server == self.name
        if self.sticky:
            self.stored.update({name: self._wire(name, value) for name, value in given.items()})

    _set_imapsettings = _set_popsettings

    def _get_servercomponentstate(
        self, Identity: str, Component: str, DomainController: str | None = None
    ) -> list[dict[str, Any]]:
        return [{"Component": Component, "State": {"$text": self.component, "$value": 0}}]

    def _get_ciminstance(self, ClassName: str, Filter: str = "") -> list[dict[str, Any]]:
        if ClassName == "Win32_ComputerSystem":
            return [{"Name": self.name}]
        wanted = {part.removeprefix("Name=").strip("'").casefold() for part in Filter.split(" OR ")}
        return [
            {"Name": name.upper(), "SystemName": self.name, **service}
            for name, service in self.services.items()
            if name.casefold() in wanted
        ]

    def _get_wmiobject(self, Class: str, Filter: str = "") -> list[dict[str, Any]]:
        return self._get_ciminstance(Class, Filter)

    def _get_process(self, Id: list[str]) -> list[dict[str, Any]]:
        return [{"Id": int(process), "StartTime": self.process_started} for process in Id]

    def _get_service(self, Name: str) -> list[dict[str, Any]]:
        return [{"Name": Name, "DependentServices": ["W3SVC", "NetTcpActivator", "NetPipeActivator"]}]

    def _set_service(self, Name: str, StartupType: str) -> None:
        self.services[Name]["StartMode"] = {"Automatic": "Auto"}.get(StartupType, StartupType)

    def _start_service(self, Name: str) -> None:
        service = self.services[Name]
        if service["StartMode"] == "Disabled":
            raise Refusal(error("CouldNotStartService", "Start-Service", f"Service '{Name}' cannot be started."))
        if service["State"] == "Running":
            return
        self.process += 1
        service.update(State="Running", ProcessId=self.process)
        if Name in self.dying:
            service.update(State="Stopped", ProcessId=0)

    def _stop_service(self, Name: str, Force: bool = False) -> None:
        for name in [Name, *(["W3SVC", "NetTcpActivator"] if Name == "WAS" and Force else [])]:
            self.services[name].update(State="Stopped", ProcessId=0)

    def _restart_service(self, Name: str) -> None:
        self._stop_service(Name)
        self._start_service(Name)
