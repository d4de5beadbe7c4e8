"""A host for unit tests: it has a state, answers cmdlets from it, and forgets nothing of what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from module_runner import run_module

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import to_plain

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


@pytest.fixture
def host() -> FakeHost:
    """An Exchange Server SE as it is after installation."""
    return FakeHost()


@pytest.fixture
def host_of() -> type[FakeHost]:
    """Hosts of other versions."""
    return FakeHost


@pytest.fixture
def captured(captures: Path) -> Callable[..., list[Any]]:
    """Reads the objects of a capture, all their members or some."""

    def read(name: str, members: list[str] | None = None) -> list[Any]:
        root = ElementTree.parse(captures / f"{name}.xml").getroot()
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        # Reference numbers run on over a whole file, while on the wire each object starts anew.
        return [to_plain(element, members, document=root) for element in root]

    return read
