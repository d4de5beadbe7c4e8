"""One simulated Exchange server."""

from __future__ import annotations

import datetime
import itertools
import os
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import connectors
from .catalogue.certificates import PROTOCOL_SERVICE
from .catalogue.kinds import Parameter
from .catalogue.releases import RELEASE
from .catalogue.services import BACK_END, COMPONENTS, FRONT_END, PROXY_COMPONENT
from .catalogue.settings import PROTOCOLS, SETTINGS
from .certificates import BACK_END_SITE, FRONT_END_SITE, CertificateStore, StoredCertificate
from .directory import DirectoryObject
from .pki import Authority
from .protocol_logs import write_lines
from .services import Service, ServiceManager
from .shapes import guid
from .values import convert

if TYPE_CHECKING:
    from .organisation import Organisation

# By requester, the state that it asks for, and since when.
Requests = dict[str, tuple[str, datetime.datetime]]
# Active Directory and the server's own registry.
PLACES = ("remote", "local")
SERVER_WIDE = "ServerWideOffline"
_IIS = ("W3SVC", "WAS")
_UPTIME = datetime.timedelta(days=3)
_AGE = datetime.timedelta(days=200)


class Server:
    """Its services, its stored settings, what its processes have loaded of them, and its certificates."""

    def __init__(
        self,
        organisation: Organisation,
        name: str,
        version: str,
        address: str,
        authority: Authority,
        auth_certificate: Path,
    ) -> None:
        self._organisation = organisation
        self._authority = authority
        self.release = RELEASE[version]
        self.name = name
        self.domain = organisation.domain
        self.fqdn = f"{name}.{self.domain}"
        self.version = version
        self.address = address
        self.root = ",".join(f"DC={label}" for label in organisation.domain.split("."))
        group = "Exchange Administrative Group (FYDIBOHF23SPDLT)"
        self.distinguished_name = (
            f"CN={name},CN=Servers,CN={group},CN=Administrative Groups,CN=First Organization,CN=Microsoft Exchange,"
            f"CN=Services,CN=Configuration,{self.root}"
        )
        self.legacy_name = f"/o=First Organization/ou={group}/cn=Configuration/cn=Servers/cn={name}"
        identities = (name, self.fqdn, self.distinguished_name, self.legacy_name)
        self.identities = {text.casefold() for text in (*identities, str(guid("object", self.distinguished_name)))}
        self._names = (self.fqdn, name, address)
        self.certificate_file = authority.issue(self._names)
        self.certificates = self._first_certificates(auth_certificate)
        self.drive = organisation.directory / "drives" / name
        """What a drive C: of this server has on it."""
        self.reset()

    def _first_certificates(self, auth_certificate: Path) -> CertificateStore:
        """What setup made, which no client trusts, and one that was imported and that nothing uses yet."""
        authority, domain = self._authority, self._organisation.domain
        sites = {FRONT_END_SITE, BACK_END_SITE} if self.release.split_services else {FRONT_END_SITE}
        own = StoredCertificate(
            authority.self_signed((self.name, self.fqdn)),
            exportable=False,
            assigned={"IMAP", "POP", "SMTP"},
            sites=sites,
        )
        auth = StoredCertificate(
            auth_certificate,
            "Microsoft Exchange Server Auth Certificate",
            root_type="None",
            assigned={"SMTP"},
        )
        management = f"WMSvc-SHA2-{self.name}"
        mail = f"mail.{domain}"
        # The address stands in the certificate so that clients without name resolution can verify it.
        # What is imported later, if only by an instant, is newer.
        imported = authority.issue((mail, f"autodiscover.{domain}", self.address), common_name=mail, begins=-2)
        return CertificateStore(
            own,
            [
                *([auth] if self.release.split_services else []),
                StoredCertificate(authority.self_signed((), common_name=management), "WMSVC"),
                StoredCertificate(imported, mail),
            ],
        )

    def reset(self) -> None:
        """As it was when Exchange had been set up: POP3 and IMAP4 off."""
        now = self._organisation.now
        self.created = now - _AGE
        self.services = ServiceManager(
            self.version,
            lambda: self._organisation.now,
            self._fault_of,
            self._stays_up,
            self._started,
            self._stopped,
        )
        for service in self.services.all.values():
            service.started = service.started and service.started - _UPTIME
        self.settings = {
            protocol: DirectoryObject(self._defaults(protocol), self.created, self._organisation.replication_delay)
            for protocol in PROTOCOLS
        }
        self.connectors = connectors.setup(self, self.created, self._organisation.replication_delay)
        self.certificates.reset()
        shutil.rmtree(self.drive, ignore_errors=True)
        self.mail_sessions = itertools.count(1)
        self._loaded: dict[str, tuple[datetime.datetime, dict[str, Any]]] = {}
        names = COMPONENTS if self.release.split_services else ()
        self.components: dict[str, dict[str, Requests]] = {name: {place: {} for place in PLACES} for name in names}
        # As captured, setup has asked for one of them.
        if names:
            for place in PLACES:
                self.components[SERVER_WIDE][place]["Functional"] = ("Active", self.created)

    @property
    def now(self) -> datetime.datetime:
        return self._organisation.now

    def disk(self, path: str) -> Path | None:
        """Where the file or folder of a path is kept; None for another drive, or a path that leads elsewhere."""
        drive, _colon, rest = path.partition(":")
        parts = rest.strip("\\").split("\\")
        if drive.upper() != "C" or {"", ".", ".."} & set(parts) or "/" in rest:
            return None
        return self.drive.joinpath(*parts)

    def write_file(self, path: str, content: str, written: datetime.datetime) -> None:
        """Put a file on the drive, as if it had been written at this time."""
        file = self.disk(path)
        if file is None:
            raise ValueError(f"{path} is no path on the drive C:")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8", newline="")
        os.utime(file, (written.timestamp(), written.timestamp()))

    def append(self, path: str, head: str, line: str, moment: datetime.datetime) -> None:
        """Put a line at the end of a log file, if there is such a drive."""
        if file := self.disk(path):
            write_lines(file, head, line, moment)

    @property
    def iis_running(self) -> bool:
        return all(service.running for name in _IIS if (service := self.services.all[name.casefold()]))

    def certificate_for(self, protocol: str, name: str) -> Path:
        """The certificate a mail protocol presents for its X509CertificateName."""
        return self.certificates.for_protocol(PROTOCOL_SERVICE[protocol], name).file

    def import_certificate(
        self,
        names: Sequence[str],
        *,
        begins: float = -1,
        days: float = 365,
        rsa_bits: int | None = None,
        self_signed: bool = False,
        private_key: bool = True,
        status: str = "Valid",
        **of_authority: str,
    ) -> StoredCertificate:
        """Put a new certificate, valid from `begins` to `days` days from now, into the store.

        One of the authority may have a `subject`, an `issuer` and a `key_type` of its own.
        """
        if self_signed:
            file = self._authority.self_signed(names, begins=begins, days=days, rsa_bits=rsa_bits)
        else:
            file = self._authority.issue(names, begins=begins, days=days, rsa_bits=rsa_bits, **of_authority)
        certificate = StoredCertificate(file, names[0], has_private_key=private_key, verdict=status)
        self.certificates.add(certificate)
        return certificate

    def take_in(self, key: Any, chain: Sequence[Any], friendly_name: str, *, exportable: bool) -> StoredCertificate:
        """Import a certificate with its key; clients are shown the others with it."""
        file = self._authority.keep(key, chain)
        return self.certificates.take_in(file, friendly_name, exportable=exportable)

    def protocol_services(self, protocol: str) -> tuple[str, ...]:
        front = FRONT_END[protocol]
        return (front, BACK_END[protocol]) if self.release.split_services else (front,)

    def effective(self, protocol: str) -> dict[str, Any] | None:
        """What clients are served: what both running processes have loaded, so the older of the two readings."""
        names = self.protocol_services(protocol)
        if not all((service := self.services.get(name)) and service.running for name in names):
            return None
        if self.component_state(PROXY_COMPONENT[protocol]) != "Active":
            return None
        return min((self._loaded[name] for name in names), key=lambda reading: reading[0])[1]

    def processes(self, protocol: str) -> tuple[int, ...]:
        """The process ids behind a protocol: other numbers mean that it was restarted."""
        return tuple(self.services.all[name.casefold()].pid for name in self.protocol_services(protocol))

    def component_state(self, component: str) -> str:
        """What all requests come to, as published of Exchange's components.

        Each requester takes back only what it has asked for itself, and any of them keeps a component down; of what one
        has asked for in the two places, the younger counts; and a server that is offline overrules all components that
        are played here (vanhybrid.com 2013/07/14, zacharyloeber.com 2014/12/08, Exchange's team blog of 2013-09-26).
        """
        if not self.components:
            return "Active"
        if component != SERVER_WIDE and self.component_state(SERVER_WIDE) == "Inactive":
            return "Inactive"
        asked: Requests = {}
        for requester, request in (one for place in PLACES for one in self.components[component][place].items()):
            asked[requester] = max(request, asked.get(requester, request), key=lambda one: one[1])
        states = {state for state, _ in asked.values()}
        return next((state for state in ("Inactive", "Draining") if state in states), "Active")

    def request_component_state(
        self, component: str, requester: str, state: str, places: Sequence[str] = PLACES
    ) -> None:
        """A front-end service stops by design when its component becomes inactive (page of Set-ServerComponentState).

        Nothing starts it again when it becomes active.
        """
        for place in places:
            self.components[component][place][requester] = (state, self._organisation.now)
        for protocol in PROTOCOLS:
            front = self.services.all[FRONT_END[protocol].casefold()]
            if front.running and not self._stays_up(front):
                self.services.stop(front)

    def _defaults(self, protocol: str) -> dict[str, Any]:
        words = {
            "fqdn": self.fqdn,
            "name": self.name,
            "install": rf"C:\Program Files\Microsoft\Exchange Server\{self.release.folder}",
        }
        return {
            setting.name: convert(
                Parameter(setting.name, setting.kind, setting.enum),
                _fill(setting.default(protocol, self.version), words),
            )
            for setting in SETTINGS
            if setting.exists(protocol, self.version)
        }

    @cached_property
    def other_certificate_file(self) -> Path:
        """A certificate for the same names that nobody vouches for."""
        return self._authority.self_signed(self._names)

    def _fault_of(self, kind: str, service: str) -> dict[str, Any] | None:
        armed = self._organisation.faults.armed(self.name, kind)
        return next((fault for fault in armed if fault["service"] == service), None)

    def _stays_up(self, service: Service) -> bool:
        proxies = {FRONT_END[protocol]: PROXY_COMPONENT[protocol] for protocol in PROTOCOLS}
        component = proxies.get(service.row.name)
        return component is None or self.component_state(component) != "Inactive"

    def _started(self, service: Service) -> None:
        for protocol in PROTOCOLS:
            if service.row.name in self.protocol_services(protocol):
                now = self._organisation.now
                view = self.settings[protocol].read(self._organisation.controller_of(self.name), now)
                self._loaded[service.row.name] = (now, view.values)

    def _stopped(self, service: Service) -> None:
        if service.row.name in _IIS:
            for callback in self._organisation.on_iis_stopped:
                callback(self.name)


def _fill(value: object, words: dict[str, str]) -> object:
    if isinstance(value, tuple):
        return [_fill(item, words) for item in value]
    return value.format(**words) if isinstance(value, str) else value
