"""The simulated organisation: servers, directory with its controllers, clock, faults, and the log of cmdlets."""

from __future__ import annotations

import datetime
import ipaddress
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from . import cmdlets  # noqa: F401  registers the behaviour of every cmdlet
from .catalogue.cmdlets import BY_NAME, CMDLETS, COMMON
from .catalogue.services import SERVICES
from .catalogue.settings import PROTOCOLS
from .certificates import StoredCertificate
from .directory import plain_settings
from .engine import Call, Command, Result, Runspace, Session, run_bound, run_statements
from .errors import Failure
from .faults import DeepNesting, Faults
from .listeners import Listeners
from .mailboxes import MONITORING, Mailboxes
from .pki import Authority
from .server import Server
from .shapes import guid
from .throttling import ThrottlingPolicies

__all__ = ["Organisation", "Server"]

_START = datetime.datetime(2026, 1, 5, 16, 0, 0, tzinfo=datetime.UTC)
_SERVICE_NAMES = {row.name.casefold(): row.name for row in SERVICES}


class Organisation:
    """All servers of one Exchange organisation and the directory they share.

    Every cmdlet takes one second of the simulated clock, so that what happens later also carries a later time.
    Log-ons to mailboxes need an entry in `accounts` (user name: password); they survive a reset.

    The forest may have a second domain, with as many controllers as the first and mailboxes of its own. All servers are
    in the first. Every controller of the forest has the configuration, with servers and their settings; of mailboxes
    each has those of its own domain.
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
        administrator: tuple[str, str] | None = None,
        mailbox_user: str = "reader",
        mailboxes: int = 0,
        child_domain: str = "",
        child_mailboxes: int = 0,
    ) -> None:
        self.lock = threading.RLock()
        self.domain = domain
        self.user = user
        self.port_offset = port_offset
        self.zone = datetime.timezone(datetime.timedelta(hours=-7))
        self.domains = (domain, *([child_domain] if child_domain else []))
        self.controllers = tuple(
            f"DC{number}.{name}" for name in self.domains for number in range(1, domain_controllers + 1)
        )
        self.replication_delay = datetime.timedelta(seconds=replication_delay)
        self.now = _START
        self.log: list[dict[str, Any]] = []
        self.on_iis_stopped: list[Callable[[str], None]] = []
        self.accounts: dict[str, str] = {}
        authority = Authority(directory)
        self.ca_file = authority.ca_file
        self.user_certificate = authority.issue_to_user(f"{user}@{domain}")
        # One for all servers of an organisation.
        auth_certificate = authority.self_signed((), common_name="Microsoft Exchange Server Auth Certificate")
        self.directory = directory
        self._auth_thumbprint = StoredCertificate(auth_certificate).thumbprint
        self._publish_auth_certificate()
        first = ipaddress.ip_address(first_address)
        self.servers: dict[str, Server] = {
            name: Server(self, name, release, str(first + index), authority, auth_certificate)
            for index, (name, release) in enumerate(servers)
        }
        self.mailboxes = Mailboxes(self)
        self.throttling = ThrottlingPolicies(self)
        self._add_mailboxes(administrator, mailbox_user, mailboxes)
        if child_domain:
            self._add_mailboxes_of_child(child_domain, child_mailboxes)
        self.mailboxes.keep()
        self._listeners = Listeners(self)
        self.faults = Faults(
            tuple(self.servers),
            {
                "cmdlet": lambda name: BY_NAME[name.casefold()].name,
                "cmdlets": _role_entries,
                "visible": _visible,
                "service": lambda name: _SERVICE_NAMES[name.casefold()],
                "mailbox": lambda name: self.mailboxes.find(name)[0].alias,
                "controller": {name: name for name in self.controllers}.__getitem__,
                "run": _command,
            },
        )

    def _add_mailboxes(self, administrator: tuple[str, str] | None, mailbox_user: str, count: int) -> None:
        """The user is the built-in administrator, unless that is somebody else: a name and an alias."""
        self.mailboxes.add(self.user.capitalize(), self.user, is_administrator=administrator is None)
        if administrator:
            name, alias = administrator
            self.mailboxes.add(name, alias, account=name, is_administrator=True)
        self.mailboxes.add(mailbox_user.capitalize(), mailbox_user)
        self.mailboxes.generate(count)
        for server in self.servers.values():
            # Managed Availability came with 2013, and one such mailbox for each server is enough of it.
            if server.release.split_services:
                name = f"HealthMailbox{guid('health mailbox', server.fqdn).hex}"
                self.mailboxes.add(name, name, unit=MONITORING)

    def _add_mailboxes_of_child(self, domain: str, count: int) -> None:
        """Its built-in administrator and so many users: boss.emea, emea000001 and so on."""
        label = domain.partition(".")[0]
        self.mailboxes.add(f"Boss of {label}", f"boss.{label}", domain=domain, is_administrator=True)
        for number in range(1, count + 1):
            self.mailboxes.add(f"{label.capitalize()} {number:06}", f"{label}{number:06}", domain=domain)

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
        It may be one of another domain, for it is the configuration that is read there.
        """
        fault = self.faults.first(server, "other_controller")
        preferred = (str(fault["controller"]), *self.controllers) if fault else self.controllers
        return next((one for one in preferred if not self.is_gone(server, one)), preferred[0])

    def controller_of_recipients(self, server: str) -> str:
        """The domain controller a server chooses for mailboxes: one of its own domain, the default recipient scope."""
        mine = [one for one in (self.controller_of(server), *self.controllers) if domain_of(one) == self.domain]
        return next((one for one in mine if not self.is_gone(server, one)), mine[0])

    def beyond(self, controller: str) -> frozenset[str]:
        """The domains whose mailboxes a controller does not have."""
        return frozenset(self.domains) - {domain_of(controller)}

    def is_gone(self, server: str, controller: str) -> bool:
        """Whether a domain controller is out of a server's reach."""
        return self.loss_of(server, controller) is not None

    def loss_of(self, server: str, controller: str) -> dict[str, Any] | None:
        """The armed fault by which a controller is gone; one that waits for a cmdlet has not come about yet."""
        armed = self.faults.armed(server, "controller_gone")
        found = (one for one in armed if one["controller"] == controller)
        return next((one for one in found if one.get("has_come", "cmdlet" not in one)), None)

    def run(
        self,
        server: str,
        endpoint: Literal["exchange", "windows"],
        user: str,
        statements: Sequence[Sequence[Command]],
        pipeline_input: Sequence[Any] = (),
        *,
        logged: bool = True,
        runspace: Runspace | None = None,
    ) -> Result:
        """Run statements of piped commands in a session with one server; `logged` is false behind the clients' back."""
        with self.lock:
            session = Session(self, self.servers[server], endpoint, user, logged, runspace or Runspace())
            result = run_statements(session, statements, pipeline_input)
            if logged:
                names = [command.name for statement in statements for command in statement]
                if self.faults.take(server, "deep_nesting", names):
                    result.output = [DeepNesting()]
                self._change_after_read(server, names)
            self._listeners.follow()
            return result

    def run_bound(
        self,
        server: str,
        endpoint: Literal["exchange", "windows"],
        user: str,
        name: str,
        values: Mapping[str, Any],
        runspace: Runspace,
    ) -> tuple[Call, Failure | None]:
        """Run a cmdlet whose parameters a real PowerShell has bound."""
        with self.lock:
            session = Session(self, self.servers[server], endpoint, user, logged=True, runspace=runspace)
            done = run_bound(session, name, values)
            self._change_after_read(server, [name])
            self._listeners.follow()
            return done

    def withheld(self, server: str) -> list[str]:
        """What RBAC keeps from a session that is opened now: `Cmdlet:Parameter`, or `Cmdlet:*` for all of it."""
        hidden = [f"{one['cmdlet']}:{one.get('parameter') or '*'}" for one in self.faults.armed(server, "rbac_without")]
        if only := self.faults.first(server, "rbac_only"):
            for cmdlet in CMDLETS:
                granted = only["cmdlets"].get(cmdlet.name, ())
                kept = [one.name for one in (*cmdlet.parameters, *COMMON) if one.name.casefold() not in granted]
                hidden += [f"{cmdlet.name}:{name}" for name in (kept if cmdlet.name in only["cmdlets"] else ["*"])]
        return hidden

    def _change_after_read(self, server: str, names: Sequence[str]) -> None:
        """A change after a pipeline has run, before its client can act on it."""
        if change := self.faults.take(server, "change_after_read", names):
            endpoint, command = change["run"]
            self.run(server, endpoint, "another administrator", [[command]], logged=False)

    def advance_clock(self, seconds: float) -> None:
        """Move the simulated time forward."""
        if seconds < 0:
            raise ValueError("The clock only moves forward.")
        with self.lock:
            self.now += datetime.timedelta(seconds=seconds)
            self._listeners.follow()

    def reset(self) -> None:
        """Back to how it was at the start."""
        with self.lock:
            self.now = _START
            self.log.clear()
            self.faults.clear()
            self.mailboxes.reset()
            self.throttling.reset()
            self._publish_auth_certificate()
            for server in self.servers.values():
                server.reset()
            self._listeners.follow()

    def _publish_auth_certificate(self) -> None:
        self.auth_certificates = {
            "CurrentCertificateThumbprint": self._auth_thumbprint,
            "PreviousCertificateThumbprint": "",
            "NextCertificateThumbprint": "",
        }

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
                "throttling_policies": {
                    values["Name"]: plain_settings(values)
                    for values in (policy.settings.latest() for policy in self.throttling.all)
                },
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


def domain_of(controller: str) -> str:
    return controller.partition(".")[2]


def _role_entries(granted: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    """By cmdlet, the parameters that a role grants, each of which has to exist, in lower case."""
    entries = {}
    for name, parameters in granted.items():
        cmdlet = BY_NAME[name.casefold()]
        if unknown := set(parameters) - {parameter.name for parameter in cmdlet.parameters}:
            raise ValueError(f"{name} has no {', '.join(sorted(unknown))}")
        entries[cmdlet.name] = frozenset(name.casefold() for name in parameters)
    return entries


def _visible(shown: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, frozenset[str]]]:
    """By cmdlet and parameter, in lower case, the values that a session configuration takes; none where all are.

    What begins with ^ is a pattern for them.
    """
    found = {}
    for name, parameters in shown.items():
        cmdlet = BY_NAME[name.rpartition("\\")[2].casefold()]
        _role_entries({cmdlet.name: [*parameters]})
        whole: dict[str, list[str]] = {parameter.name: [] for parameter in cmdlet.parameters}
        found[cmdlet.name] = {
            parameter.casefold(): frozenset(one if one.startswith("^") else one.casefold() for one in values)
            for parameter, values in (parameters or whole).items()
        }
    return found


def _command(described: dict[str, Any]) -> tuple[str, Command]:
    """A cmdlet to run, and the endpoint that has it."""
    if described.keys() - {"cmdlet", "parameters"}:
        raise ValueError("a command has a cmdlet and parameters")
    cmdlet = BY_NAME[described["cmdlet"].casefold()]
    return cmdlet.endpoint, Command(cmdlet.name, tuple(described.get("parameters", {}).items()))
