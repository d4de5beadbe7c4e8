# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a module sees of a host: cmdlets with typed parameters, their answers, and which Exchange server is meant."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Defect,
    Failure,
    OutcomeUnknown,
    Unreachable,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request, wire_text
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version


@dataclass(frozen=True)
class Line:
    """The way to the host, with the clock by which it is waited for."""

    invoke: Callable[[str], str]
    clock: Callable[[], float]
    pause: Callable[[float], None]
    tell: Callable[[str], None] = lambda _: None
    note: Callable[[str], None] = lambda _: None


_line: ContextVar[Line] = ContextVar("mailops_exchange_line")


@contextmanager
def line(
    invoke: Callable[[str], str],
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
    tell: Callable[[str], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Hand the modules run inside this block the function that carries their requests to the host."""
    token = _line.set(Line(invoke, clock, pause, tell, note))
    try:
        yield
    finally:
        _line.reset(token)


def connect(*, check_mode: bool = False, domain_controller: str | None = None) -> Host:
    """The host of the current task. Nothing is sent before the first call."""
    current = _line.get(None)
    if current is None:
        raise Failure(
            "This module runs through the collection's action plugin only; name it mailops.exchange.<module>."
        )
    return Host(current, check_mode=check_mode, domain_controller=domain_controller)


class Host:
    """One host during one task: reads, writes, and what is remembered from earlier tasks of the play."""

    IDENTITY = ("Name", "Fqdn", "Guid", "DistinguishedName", "ExchangeLegacyDN")
    POLL_SECONDS = 1.0
    PROBE_SECONDS = 30.0

    def __init__(self, line: Line, *, check_mode: bool = False, domain_controller: str | None = None) -> None:
        self._line = line
        self._memory: Mapping[str, Any] | None = None
        self.check_mode = check_mode
        self.domain_controller = domain_controller
        self.sent: list[dict[str, Any]] = []
        """The writing cmdlets of this task with their parameters; in check mode those that would have been sent."""
        self.warnings: list[str] = []
        """Warnings of reading cmdlets: an object that Exchange finds damaged is told of in this way."""

    def read(
        self, cmdlet: str, *, endpoint: str = "exchange", members: Sequence[str] | None = None, **parameters: Any
    ) -> list[Mapping[str, Any]]:
        """The objects a reading cmdlet puts out."""
        reply = self.call(cmdlet, endpoint=endpoint, members=members, **parameters)
        if reply.failed:
            raise CmdletFailure(cmdlet, reply.errors, reply.reason)
        self.warnings.extend(warning for warning in reply.warnings if warning not in self.warnings)
        return reply.output

    def write(
        self, cmdlet: str, *, endpoint: str = "exchange", deadline: float | None = None, **parameters: Any
    ) -> None:
        """Send a writing cmdlet; in check mode it is only noted down."""
        # Its warnings are left out: the two documented ones say what the plan and restart_required say already
        # ("no settings modified", "restart the service"), and their text is localised.
        self.sent.append({"cmdlet": cmdlet, "parameters": parameters})
        if self.check_mode:
            return
        reply = self.call(cmdlet, endpoint=endpoint, write=True, deadline=deadline, **parameters)
        if reply.failed:
            raise CmdletFailure(cmdlet, reply.errors, reply.reason)

    def pipe(
        self,
        cmdlet: str,
        items: Sequence[str],
        *,
        write: bool = False,
        members: Sequence[str] | None = None,
        **parameters: Any,
    ) -> Reply:
        """Pipe many identities into one cmdlet. An error concerns one of them; the others go on."""
        if write:
            self.sent.append({"cmdlet": cmdlet, "parameters": parameters, "piped": len(items)})
            if self.check_mode:
                return Reply(memory=self.memory)
        return self.call(cmdlet, endpoint="exchange", write=write, members=members, piped=items, **parameters)

    def tell(self, text: str) -> None:
        """Let the user see how far a long task has come."""
        self._line.tell(text)

    def call(
        self,
        cmdlet: str,
        *,
        endpoint: str,
        write: bool = False,
        members: Sequence[str] | None = None,
        deadline: float | None = None,
        piped: Sequence[str] | None = None,
        **parameters: Any,
    ) -> Reply:
        """Run one cmdlet. Its errors are part of the answer; only a line that fails raises."""
        pinned = None
        if endpoint == "exchange":
            pinned = None if self.domain_controller else self.memory.get("domain_controller")
            if controller := self.domain_controller or pinned:
                parameters["DomainController"] = controller
        request = Request(endpoint, cmdlet, parameters, piped, members, write, deadline)
        reply = self._send(request)
        if pinned and any(e.unknown_parameter and e.parameter in (None, "DomainController") for e in reply.errors):
            # RBAC can withhold single parameters; staying with one controller is our wish, not the user's.
            # An empty name is remembered, so that it is not tried again. Nothing ran: binding failed.
            self.remember(domain_controller="")
            del parameters["DomainController"]
            reply = self._send(replace(request, parameters=parameters))
        return reply

    @property
    def memory(self) -> Mapping[str, Any]:
        """What the session knows from earlier tasks of the play, and what it was told of the connection."""
        if self._memory is None:
            self.remember()
        return self._memory or {}

    def remember(self, **facts: Any) -> None:
        """Keep facts for the later tasks of this play on this host."""
        self._send(Request(remember=facts))

    def _send(self, request: Request) -> Reply:
        reply = Reply.parse(self._line.invoke(request.to_json()))
        cmdlet = request.cmdlet or "the session"
        for text in reply.said:
            self._line.note(f"PowerShell said while it ran {cmdlet}: {text}")
        if reply.state == "defect":
            maybe = ", which may or may not have taken effect" if request.write else ""
            raise Defect(
                f"This collection has a bug: {reply.reason}, when {cmdlet} was run{maybe}. Please report it with the "
                "traceback that -vvv shows.",
                traceback=reply.traceback,
                changed=request.write or (bool(self.sent) and not self.check_mode),
            )
        if reply.state == "unreachable":
            raise Unreachable(reply.reason or "The host cannot be reached.")
        if reply.state == "unknown":
            raise OutcomeUnknown(
                f"{cmdlet} was sent and the connection broke before its answer came, so it may or may not have "
                f"taken effect: {(reply.reason or 'no reason was given').removeprefix(f'{cmdlet}: ').rstrip('.')}."
            )
        self._memory = reply.memory
        return reply

    def server(self, identity: str | None = None) -> Server:
        """The one Exchange server meant: the one named, or the one this connection leads to. Asked once in a play."""
        key = f"server {identity.casefold()}" if identity else "server"
        if known := self.memory.get(key):
            return Server(**{**known, "version": Version(*known["version"])})
        found = self._find(identity) if identity else self._find_connected()
        if found is None:
            raise Failure(
                f"server: {identity!r} does not name exactly one Exchange server; give the name or the FQDN that "
                "Get-ExchangeServer shows."
                if identity
                else "The Exchange server of this connection was not found by the host's address, its inventory name "
                "or its computer name; name it with the option server."
            )
        server = Server.read(found)
        facts: dict[str, Any] = {key: asdict(server)}
        if "domain_controller" not in self.memory and not self.domain_controller and found.get("OriginatingServer"):
            # Each controller shows its own state until replication has caught up: stay with the one that answered.
            facts["domain_controller"] = wire_text(found["OriginatingServer"])
        self.remember(**facts)
        return server

    def _find(self, identity: str) -> Mapping[str, Any] | None:
        members = (
            *self.IDENTITY,
            "AdminDisplayVersion",
            "IsClientAccessServer",
            "IsMailboxServer",
            "OriginatingServer",
        )
        reply = self.call("Get-ExchangeServer", endpoint="exchange", members=members, Identity=identity)
        # Not every name an inventory may have can be that of a server.
        if reply.errors and all(e.missing_object or (e.bad_value and e.parameter == "Identity") for e in reply.errors):
            return None
        if reply.failed:
            raise CmdletFailure("Get-ExchangeServer", reply.errors, reply.reason)
        # The cmdlet's page warns that an identity that does not exist may return all servers: verify.
        if len(reply.output) != 1:
            return None
        found = reply.output[0]
        names = {wire_text(found.get(member)).casefold() for member in self.IDENTITY}
        return found if identity.casefold() in names and found.get("Name") else None

    def _find_connected(self) -> Mapping[str, Any] | None:
        tried = set()
        for key in ("host", "inventory_hostname"):
            candidate = str(self.memory.get(key) or "").rstrip(".")
            if not candidate or candidate.casefold() in tried or "*" in candidate or _is_address(candidate):
                continue
            tried.add(candidate.casefold())
            if found := self._find(candidate):
                return found
        name = self.computer_name()
        return self._find(name) if name.casefold() not in tried else None

    def computer_name(self) -> str:
        """The name the connected computer gives itself."""
        answer = self.cim("Win32_ComputerSystem", members=("Name",))
        name = wire_text(answer[0].get("Name")) if answer else ""
        if not name:
            raise Failure("The host does not tell its computer name; name the Exchange server with the option server.")
        return name

    def cim(
        self, class_name: str, *, where: str | None = None, members: Sequence[str] | None = None
    ) -> list[Mapping[str, Any]]:
        """Instances of a management class, from Get-WmiObject where PowerShell 2 has no Get-CimInstance."""
        condition = {"Filter": where} if where else {}
        try:
            return self.read("Get-CimInstance", endpoint="windows", members=members, ClassName=class_name, **condition)
        except CmdletFailure as failure:
            if not any(error.unknown_cmdlet for error in failure.errors):
                raise
        return self.read("Get-WmiObject", endpoint="windows", members=members, Class=class_name, **condition)

    def wait(self, met: Callable[[], bool], seconds: float) -> bool:
        """Ask again and again until the condition is met; False when the time is over."""
        end = self._line.clock() + seconds
        while not met():
            remaining = end - self._line.clock()
            if remaining <= 0:
                return False
            self._line.pause(min(self.POLL_SECONDS, remaining))
        return True

    def pause(self) -> None:
        """Let one polling interval pass."""
        self._line.pause(self.POLL_SECONDS)

    def wait_for_exchange(self, name: str, seconds: float) -> None:
        """Wait until the Exchange endpoint answers a cmdlet again, with errors or without."""
        end = self._line.clock() + seconds
        reason = "no answer came in time"

        def answers() -> bool:
            nonlocal reason
            deadline = max(1.0, min(self.PROBE_SECONDS, end - self._line.clock()))
            try:
                self.call(
                    "Get-ExchangeServer", endpoint="exchange", members=("Name",), deadline=deadline, Identity=name
                )
            except Unreachable as unreachable:
                reason = str(unreachable).rstrip(".")
                return False
            return True

        if not self.wait(answers, seconds):
            raise Failure(f"The Exchange endpoint did not answer again within {seconds:g} seconds: {reason}.")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
