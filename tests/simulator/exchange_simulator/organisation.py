"""The simulated organisation: servers, directory with its controllers, clock, faults, and the log of cmdlets."""

from __future__ import annotations

import datetime
import ipaddress
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from . import cmdlets  # noqa: F401  registers the behaviour of every cmdlet
from .catalogue.cmdlets import BY_NAME
from .catalogue.services import SERVICES
from .catalogue.settings import PROTOCOLS
from .directory import plain_settings
from .engine import Command, Result, Session, run_statements
from .listeners import Listeners
from .mailboxes import MONITORING, Mailboxes
from .pki import Authority
from .server import Server
from .shapes import guid

__all__ = ["Organisation", "Server"]

_START = datetime.datetime(2026, 1, 5, 16, 0, 0, tzinfo=datetime.UTC)
_FAULT_FIELDS: dict[str, tuple[str, ...]] = {
    "write_does_not_stick": ("cmdlet",),
    "rbac_without": ("cmdlet",),
    "service_missing": ("service",),
    "service_refuses_start": ("service",),
    "service_dies": ("service",),
    "service_refuses_stop": ("service",),
    "process_unreadable": (),
    "other_controller": ("controller",),
    "shell_limit": ("limit",),
    "drop_after_command": ("cmdlet",),
    "slow": ("cmdlet", "seconds"),
    "payload_signing_broken": (),
    "mailbox_protected": ("mailbox",),
}
_SERVICE_NAMES = {row.name.casefold(): row.name for row in SERVICES}


class Organisation:
    """All servers of one Exchange organisation and the directory they share.

    Every cmdlet takes one second of the simulated clock, so that what happens later also carries a later time.
    Log-ons to mailboxes need an entry in `accounts` (user name: password); they survive a reset.
    """

    def __init__(
        self,
        *,
        servers: Sequence[tuple[str, str]],
        domain: str,
        directory: Path,
        first_address: str,
        port_offset: int,
        domain_controllers: int = 1,
        replication_delay: float = 0.0,
        user: str = "administrator",
        mailbox_user: str = "reader",
        mailboxes: int = 0,
    ) -> None:
        self.lock = threading.RLock()
        self.domain = domain
        self.user = user
        self.port_offset = port_offset
        self.zone = datetime.timezone(datetime.timedelta(hours=-7))
        self.controllers = tuple(f"DC{number}.{domain}" for number in range(1, domain_controllers + 1))
        self.replication_delay = datetime.timedelta(seconds=replication_delay)
        self.now = _START
        self.log: list[dict[str, Any]] = []
        self.on_iis_stopped: list[Callable[[str], None]] = []
        self.accounts: dict[str, str] = {}
        self._faults: list[dict[str, Any]] = []
        authority = Authority(directory)
        # One for all servers of an organisation.
        auth_certificate = authority.self_signed((), common_name="Microsoft Exchange Server Auth Certificate")
        first = ipaddress.ip_address(first_address)
        self.servers: dict[str, Server] = {
            name: Server(self, name, release, str(first + index), authority, auth_certificate)
            for index, (name, release) in enumerate(servers)
        }
        self.mailboxes = Mailboxes(self)
        self._add_mailboxes(mailbox_user, mailboxes)
        self._listeners = Listeners(self)

    def _add_mailboxes(self, mailbox_user: str, count: int) -> None:
        self.mailboxes.add(self.user.capitalize(), self.user)
        self.mailboxes.add(mailbox_user.capitalize(), mailbox_user)
        self.mailboxes.generate(count)
        for server in self.servers.values():
            # Managed Availability came with 2013, and one such mailbox for each server is enough of it.
            if server.release.split_services:
                name = f"HealthMailbox{guid('health mailbox', server.fqdn).hex}"
                self.mailboxes.add(name, name, unit=MONITORING)

    def find_server(self, name: str) -> Server | None:
        """A server by name, FQDN, distinguished name, legacy distinguished name or GUID."""
        return next((server for server in self.servers.values() if name.casefold() in server.identities), None)

    def find_controller(self, name: str) -> str | None:
        """A domain controller's FQDN by its FQDN or its short name."""
        wanted = name.casefold()
        return next(
            (fqdn for fqdn in self.controllers if wanted in (fqdn.casefold(), fqdn.partition(".")[0].casefold())), None
        )

    def controller_of(self, server: str) -> str:
        """The domain controller a server chooses itself: the first, or another while that fault is armed.

        Which one Exchange chooses is its own affair and changes; that all servers agree on the first is a convenience.
        """
        fault = self.fault(server, "other_controller")
        return str(fault["controller"]) if fault else self.controllers[0]

    def run(
        self,
        server: str,
        endpoint: Literal["exchange", "windows"],
        user: str,
        statements: Sequence[Sequence[Command]],
        pipeline_input: Sequence[Any] = (),
        *,
        logged: bool = True,
    ) -> Result:
        """Run statements of piped commands in a session with one server; `logged` is false behind the clients' back."""
        with self.lock:
            session = Session(self, self.servers[server], endpoint, user, logged)
            result = run_statements(session, statements, pipeline_input)
            self._listeners.follow()
            return result

    def advance_clock(self, seconds: float) -> None:
        """Move the simulated time forward."""
        if seconds < 0:
            raise ValueError("The clock only moves forward.")
        with self.lock:
            self.now += datetime.timedelta(seconds=seconds)

    def set_fault(self, fault: dict[str, Any]) -> None:
        """Arm a fault; without a server it concerns all of them; kind `none` takes back what was armed."""
        kind, server = fault.get("kind"), fault.get("server")
        if server is not None and server not in self.servers:
            raise ValueError(f"There is no server {server}.")
        with self.lock:
            if kind == "none":
                self._faults = [one for one in self._faults if server is not None and one.get("server") != server]
                return
            if kind not in _FAULT_FIELDS:
                raise ValueError(f"There is no fault of kind {kind}.")
            # A misspelt name would be a fault that never happens.
            readers: dict[str, Callable[[Any], Any]] = {
                "cmdlet": lambda name: BY_NAME[name.casefold()].name,
                "service": lambda name: _SERVICE_NAMES[name.casefold()],
                "mailbox": lambda name: self.mailboxes.find(name)[0].alias,
                "controller": {name: name for name in self.controllers}.__getitem__,
                "limit": int,
                "seconds": float,
            }
            armed = dict(fault)
            for field in _FAULT_FIELDS[kind]:
                try:
                    armed[field] = readers[field](fault.get(field))
                except (AttributeError, LookupError, TypeError, ValueError):
                    raise ValueError(f"The fault {kind} needs a {field}; {fault.get(field)} is none.") from None
            self._faults.append(armed)

    def faults(self, server: str, kind: str) -> list[dict[str, Any]]:
        """The armed faults of one kind on a server, oldest first."""
        with self.lock:
            return [one for one in self._faults if one["kind"] == kind and one.get("server", server) == server]

    def fault(self, server: str, kind: str) -> dict[str, Any] | None:
        """The oldest armed fault of a kind on a server."""
        return next(iter(self.faults(server, kind)), None)

    def take_fault(self, server: str, kind: str) -> dict[str, Any] | None:
        """The oldest armed fault of a kind on a server, which is thereby used up."""
        with self.lock:
            if (found := self.fault(server, kind)) is not None:
                self._faults = [one for one in self._faults if one is not found]
            return found

    def reset(self) -> None:
        """Back to how it was at the start."""
        with self.lock:
            self.now = _START
            self.log.clear()
            self._faults.clear()
            self.mailboxes.reset()
            for server in self.servers.values():
                server.reset()
            self._listeners.follow()

    def start_listeners(self) -> None:
        """Serve POP3 and IMAP4 from now on wherever services run."""
        with self.lock:
            self._listeners.open = True
            self._listeners.follow()

    def stop_listeners(self) -> None:
        """Close every POP3 and IMAP4 port."""
        with self.lock:
            self._listeners.open = False
            self._listeners.follow()

    def state(self) -> dict[str, Any]:
        """Everything a test may want to know, as JSON values."""
        with self.lock:
            return {
                "clock": self.now.isoformat(),
                "servers": {name: self._server_state(server) for name, server in self.servers.items()},
            }

    def _server_state(self, server: Server) -> dict[str, Any]:
        effective = {protocol: server.effective(protocol) for protocol in PROTOCOLS}
        return {
            "fqdn": server.fqdn,
            "version": server.version,
            "services": {
                service.row.name: {
                    "status": service.status,
                    "start_type": service.start_type,
                    "pid": service.pid,
                    "started": service.started.isoformat() if service.started else None,
                }
                for service in server.services
            },
            "stored": {protocol: plain_settings(server.settings[protocol].latest()) for protocol in PROTOCOLS},
            "effective": {
                protocol: None if values is None else plain_settings(values) for protocol, values in effective.items()
            },
            "certificates": [
                {"thumbprint": one.thumbprint, "subject": one.subject, "services": one.services}
                for one in server.certificates.all
            ],
            "connectors": {
                values["Name"]: plain_settings(values)
                for values in (connector.settings.latest() for connector in server.connectors)
            },
            "components": {name: server.component_state(name) for name in server.components},
            "listening": {
                protocol: self._listeners.addresses(server.name, protocol) for protocol in (*PROTOCOLS, "smtp")
            },
        }
