# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a module sees of a host: cmdlets with typed parameters, their answers, and which Exchange server is meant."""

from __future__ import annotations

import ipaddress
import json
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils.kinds import wire_text
from ansible_collections.mailops.exchange.plugins.module_utils.vocabulary.versions import Version


def harmless(text: str) -> str:
    """Text without characters that act on a terminal, or by which it could run backwards or hide."""
    acting = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join(" " if unicodedata.category(character) in acting else character for character in text)


class Failure(Exception):
    """One sentence for the user about why the task ends here, with what belongs into the failed result beside it."""

    def __init__(self, sentence: str, **result: Any) -> None:
        super().__init__(sentence)
        self.result = result


class OutcomeUnknown(Failure):
    """A writing cmdlet was sent and the connection broke before its answer came: it may have happened."""


class Unreachable(Exception):
    """The host cannot be reached; no module catches this, the task becomes UNREACHABLE."""


@dataclass(frozen=True)
class CmdletError:
    """An error as PowerShell recorded it. Known ones are told apart by id and type: the message is localised."""

    id: str = ""
    category: str = ""
    exception: str = ""
    message: str = ""
    target: str | None = None
    cmdlet: str | None = None
    parameter: str | None = None

    @classmethod
    def read(cls, error: Mapping[str, Any]) -> CmdletError:
        told = {field.name: error.get(field.name) for field in fields(cls)}
        return cls(**{name: str(value) for name, value in told.items() if value is not None})

    @property
    def name(self) -> str:
        """The id without the part after the comma, which names the cmdlet or its class."""
        return self.id.partition(",")[0]

    @property
    def unknown_cmdlet(self) -> bool:
        return self.name == "CommandNotFoundException"

    @property
    def unknown_parameter(self) -> bool:
        return self.name == "NamedParameterNotFound"

    @property
    def bad_value(self) -> bool:
        return self.name.startswith(("ParameterArgumentTransformationError", "CannotConvertArgument"))

    @property
    def missing_service(self) -> bool:
        return self.name == "NoServiceFoundForGivenName"

    @property
    def missing_object(self) -> bool:
        return self._is("ManagementObjectNotFoundException")

    @property
    def ambiguous_object(self) -> bool:
        return self._is("ManagementObjectAmbiguousException")

    def _is(self, exception: str) -> bool:
        # Exchange files these under the category NotSpecified; Exchange 2010 has no FailureCategory in the id.
        return f"[FailureCategory=Cmdlet-{exception}]" in self.id or self.exception.rpartition(".")[2] == exception

    def sentence(self, cmdlet: str) -> str:
        """What happened, in one sentence that ends with the server's own words where these add something."""
        said = " ".join(self.message.split()).rstrip(".") or self.id or "no reason was given"
        parameter = f"the parameter {self.parameter}" if self.parameter else "one of the parameters sent"
        if self.unknown_cmdlet:
            return f"{cmdlet} is not granted to this user by RBAC, or this host does not have it: {said}."
        if self.unknown_parameter:
            return (
                f"{cmdlet} does not know {parameter}: RBAC does not grant it to this user, "
                f"or this version of Exchange lacks it: {said}."
            )
        if self.bad_value:
            return f"{cmdlet} does not accept the value of {parameter}: {said}."
        if self.missing_service:
            return f"{cmdlet} found no service {self.target or 'of that name'} on this host: {said}."
        if self.missing_object:
            return f"{cmdlet} did not find the object: {said}."
        if self.category == "PermissionDenied":
            return f"{cmdlet} was refused, this user lacks the permission: {said}."
        return f"{cmdlet} failed: {said}."


class CmdletFailure(Failure):
    """A cmdlet answered with errors."""

    def __init__(self, cmdlet: str, errors: Sequence[CmdletError], reason: str | None = None) -> None:
        sentences = dict.fromkeys(error.sentence(cmdlet) for error in errors)
        super().__init__(" ".join(sentences) or f"{cmdlet} failed: {(reason or 'no reason was given').rstrip('.')}.")
        self.errors = tuple(errors)


@dataclass(frozen=True)
class Reply:
    """A cmdlet's answer: what it put out, and the errors and warnings beside it."""

    state: str
    output: list[Mapping[str, Any]]
    warnings: list[str]
    errors: list[CmdletError]
    reason: str | None
    memory: dict[str, Any]
    said: list[str] = field(default_factory=list)
    """What the process said besides its answer, over a transport that has the two in one stream."""

    @classmethod
    def parse(cls, text: str) -> Reply:
        reply = json.loads(text)
        return cls(
            state=reply["state"],
            # What came as its text alone has no members to be asked for.
            output=[one if isinstance(one, Mapping) else {"$text": one} for one in reply.get("output") or []],
            warnings=reply.get("warnings") or [],
            errors=[CmdletError.read(error) for error in reply.get("errors") or []],
            reason=reply.get("reason"),
            memory=reply.get("memory") or {},
            said=reply.get("said") or [],
        )


@dataclass(frozen=True)
class Server:
    """An Exchange server as Get-ExchangeServer identified it."""

    name: str
    fqdn: str
    version: Version
    client_access: bool = True
    mailbox: bool = True

    @property
    def title(self) -> str:
        return f"{self.name} ({self.version.product}, {self.version})"

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Server:
        return cls(
            name=harmless(wire_text(found.get("Name"))),
            fqdn=harmless(wire_text(found.get("Fqdn"))),
            version=_read_version(found.get("AdminDisplayVersion")),
            client_access=found.get("IsClientAccessServer") is not False,
            mailbox=found.get("IsMailboxServer") is not False,
        )


def _read_version(value: Any) -> Version:
    parts = ("Major", "Minor", "Build", "Revision")
    if isinstance(value, Mapping) and all(isinstance(value.get(part), int) for part in parts):
        return Version(*(value[part] for part in parts))
    numbers = [int(number) for number in re.findall(r"\d+", wire_text(value))[:4] if len(number) < 10]
    if not numbers:
        raise Failure(f"Get-ExchangeServer shows no version that can be read: {wire_text(value)!r}.")
    return Version(*numbers)


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
        self._memory: dict[str, Any] | None = None
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
        if reply.errors or reply.state != "completed":
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
        if reply.errors or reply.state != "completed":
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
                return Reply("completed", [], [], [], None, dict(self.memory))
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
        request = {"pipeline": [{"cmdlet": cmdlet, "parameters": parameters}], "write": write}
        request |= {"members": members and list(members), "deadline": deadline}
        if piped is not None:
            request["input"] = list(piped)
        reply = self._request(endpoint, request)
        if pinned and any(e.unknown_parameter and e.parameter in (None, "DomainController") for e in reply.errors):
            # RBAC can withhold single parameters; staying with one controller is our wish, not the user's.
            # An empty name is remembered, so that it is not tried again. Nothing ran: binding failed.
            self.remember(domain_controller="")
            del parameters["DomainController"]
            reply = self._request(endpoint, request)
        return reply

    @property
    def memory(self) -> Mapping[str, Any]:
        """What the session knows from earlier tasks of the play, and what it was told of the connection."""
        if self._memory is None:
            self.remember()
        return self._memory or {}

    def remember(self, **facts: Any) -> None:
        """Keep facts for the later tasks of this play on this host."""
        self._request("exchange", {"pipeline": [], "remember": facts})

    def _request(self, endpoint: str, request: Mapping[str, Any]) -> Reply:
        reply = Reply.parse(self._line.invoke(json.dumps({"endpoint": endpoint, **request})))
        cmdlet = request["pipeline"][0]["cmdlet"] if request["pipeline"] else "the session"
        for text in reply.said:
            self._line.note(f"PowerShell said while it ran {cmdlet}: {text}")
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
        if reply.errors or reply.state != "completed":
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
