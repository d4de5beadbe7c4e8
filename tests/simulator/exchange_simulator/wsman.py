"""WS-Management: the two endpoints of a simulated server, their shells, and the faults they answer with.

Envelopes follow the recorded conversations with Windows in pypsrp's tests.
"""

from __future__ import annotations

import base64
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from psrpcore.types import ErrorRecord

from .auth import Accounts, Decision
from .engine import Result, Runspace
from .engines import Engine, Place
from .faults import Injected, with_entity_bomb
from .forms import Form, asked_form
from .organisation import Organisation
from .psrp import Malformed, NotFound, Pool, Runnable, RunspacePool, cmdlets_in
from .refusals import REFUSALS
from .server import Server
from .winrs import RESOURCE_URI as COMMAND_SHELL
from .winrs import CommandShell, Line

EndpointName = Literal["exchange", "windows"]
# Bytes are those of HTTP, inside TLS; a connection has logged on when its first request is let in.
COUNTERS = ("shells_opened", "requests", "bytes_in", "bytes_out", "connections", "log_ons")

_NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "pwsh": "http://schemas.microsoft.com/powershell",
}
_PREFIXES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NS.items() if prefix != "pwsh")
_ANONYMOUS = f"{_NS['a']}/role/anonymous"
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")


@dataclass(frozen=True)
class Profile:
    """What tells the two endpoints of a server apart."""

    path: str
    resource_uri: str
    http_port: int
    https_port: int
    schemes: tuple[str, ...]
    # What is offered in their place over plain HTTP by a server that is in a Kerberos realm.
    kerberos_schemes: tuple[str, ...]
    # Over TLS only.
    basic: bool
    services: tuple[str, ...]
    realm: str
    boundary_gap: str
    idle_timeout: float
    quota: str


PROFILES: dict[EndpointName, Profile] = {
    "exchange": Profile(
        path="/powershell",
        resource_uri=f"{_NS['pwsh']}/Microsoft.Exchange",
        http_port=80,
        https_port=443,
        # IIS shows each authentication of it as disabled, and Kerberos is taken all the same (TechNet wiki 31066).
        # [I]: pypsrp issue 66 replicates a server that offers Kerberos alone; no recording shows what Exchange offers.
        schemes=("Kerberos",),
        kerberos_schemes=("Kerberos",),
        basic=False,
        services=("HTTP",),
        realm="{fqdn}",
        # Exchange writes the MIME boundary with a space after the dashes.
        boundary_gap=" ",
        idle_timeout=900,
        quota="This user is allowed a maximum of {limit} concurrent shells, which has been exceeded.",
    ),
    "windows": Profile(
        path="/wsman",
        resource_uri=f"{_NS['pwsh']}/Microsoft.PowerShell",
        http_port=5985,
        https_port=5986,
        schemes=("Negotiate", "CredSSP"),
        kerberos_schemes=("Negotiate", "Kerberos", "CredSSP"),
        basic=True,
        services=("HTTP", "WSMAN"),
        realm="WSMAN",
        boundary_gap="",
        idle_timeout=7200,
        quota="This user is allowed a maximum number of {limit} concurrent shells, which has been exceeded.",
    ),
}


def profiles(*, basic: bool, windows: bool) -> dict[EndpointName, Profile]:
    """Both endpoints, with what an administrator has turned on by Set-PowerShellVirtualDirectory."""
    as_installed = PROFILES["exchange"]
    # [I]: what IIS offers wherever its Windows authentication is on.
    schemes = (*as_installed.schemes, *(("Negotiate", "NTLM") if windows else ()))
    return {**PROFILES, "exchange": replace(as_installed, schemes=schemes, kerberos_schemes=schemes, basic=basic)}


class Fault(Exception):
    """A SOAP fault with its WS-Management code, as far as it has one."""

    def __init__(
        self,
        code: int | None,
        subcode: str,
        reason: str,
        *,
        message: str | None = None,
        detail: str | None = None,
        role: str = "s:Sender",
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason
        self.message = message or reason
        self.detail = detail
        self.role = role


class Dropped(Exception):
    """The connection is to be closed without an answer."""


class Silent(Exception):
    """No answer is to be given for as long as the client waits for one."""


class Unavailable(Exception):
    """A page of HTTP is to be answered in the place of WSMan."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.text = text
        """What is answered in the place of a page of Windows'."""


@dataclass
class Request:
    """A parsed envelope."""

    action: str
    message_id: str
    resource_uri: str
    shell_id: str
    timeout: float
    room: int
    body: ElementTree.Element
    options: dict[str, str] = field(default_factory=dict)
    query: str = ""
    injected: Injected | None = None

    @property
    def form(self) -> Form:
        """The form of Exchange's objects that the URL asks for."""
        return asked_form(self.query)

    @property
    def fault(self) -> str | None:
        """The kind of the fault that it meets."""
        return self.injected.kind if self.injected else None

    @property
    def command_id(self) -> str | None:
        return next((one.attrib["CommandId"] for one in self.body.iter() if "CommandId" in one.attrib), None)

    @classmethod
    def parse(cls, text: bytes) -> Request:
        envelope = ElementTree.fromstring(text)
        body = envelope.find("s:Body", _NS)
        if body is None:
            raise ElementTree.ParseError("no body")

        def header(path: str) -> str:
            return (envelope.findtext(f"s:Header/{path}", "", _NS)).strip()

        return cls(
            action=header("a:Action").rpartition("/")[2],
            message_id=header("a:MessageID"),
            resource_uri=header("w:ResourceURI"),
            shell_id=header("w:SelectorSet/w:Selector[@Name='ShellId']").upper(),
            timeout=_seconds(header("w:OperationTimeout"), 60.0),
            room=int(header("w:MaxEnvelopeSize") or 153600) - 4096,
            body=body,
            options={
                one.get("Name", "").upper(): (one.text or "").strip().upper()
                for one in envelope.iterfind("s:Header/w:OptionSet/w:Option", _NS)
            },
        )

    def element(self, path: str) -> ElementTree.Element:
        found = self.body.find(path, _NS)
        if found is None:
            raise _malformed()
        return found


@dataclass
class Shell:
    """An open shell and what is inside it: a runspace pool, or processes."""

    shell_id: str
    resource_uri: str
    user: str
    pool: Pool[Any] | CommandShell
    idle_timeout: float
    client: str
    opened: float = field(default_factory=time.monotonic)
    used: float = field(default_factory=time.monotonic)
    busy: int = 0

    @property
    def is_stale(self) -> bool:
        # Measured by the machine's clock: moving the simulated one must not pull the session from under its user.
        return not self.busy and time.monotonic() - self.used > self.idle_timeout


class Endpoint:
    """One of the two endpoints of one server: its shells and counters."""

    def __init__(
        self,
        name: EndpointName,
        profile: Profile,
        server: Server,
        organisation: Organisation,
        accounts: Accounts,
        engine: Engine,
        limit: int,
    ) -> None:
        self.name = name
        self.profile = profile
        self.server = server
        self.accounts = accounts
        self._organisation = organisation
        self._engine = engine
        self._limit = limit
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}
        self._counted: Counter[str] = Counter()

    @property
    def is_serving(self) -> bool:
        return self.name == "windows" or self.server.iis_running

    @property
    def certificate_file(self) -> Path:
        """What HTTPS presents to whoever connects now."""
        other = self._organisation.faults.first(self.server.name, "other_certificate")
        return self.server.other_certificate_file if other else self.server.certificate_file

    @property
    def authorities(self) -> Path:
        """Whose certificates users may log on with."""
        return self._organisation.ca_file

    def count(self, counter: str, amount: int = 1) -> None:
        with self._lock:
            self._counted[counter] += amount

    def counters(self) -> dict[str, int]:
        self._remove_stale()
        with self._lock:
            return {"shells_open": len(self._shells), **{counter: self._counted[counter] for counter in COUNTERS}}

    def reset(self) -> None:
        """Back to the start: no shell, all counters zero."""
        self.drop_shells()
        with self._lock:
            self._counted.clear()

    def drop_shells(self) -> None:
        """All shells vanish; their clients are not told."""
        with self._lock:
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.pool.close()

    def answer(
        self, request: Request, log_on: Decision, client: str, is_connected: Callable[[], bool]
    ) -> tuple[int, bytes]:
        """Carry out a request and return the HTTP status and the envelope of its answer."""
        faults = self._organisation.faults
        request.injected = faults.meet(self.server.name, self.name, request.action, self._cmdlets(request))
        match request.fault:
            case "drop_before_command":
                raise Dropped
            case "silence":
                raise Silent
            case "http_status":
                raise Unavailable(request.injected.told["status"] if request.injected else 500)
            case "lose_shells":
                self.drop_shells()
            case "drop_while_receiving":
                # What was to be received is then kept for whoever asks next.
                is_connected = bool
        refusal = faults.first(self.server.name, "query_refused") if request.query else None
        if refusal and "status" in refusal:
            raise Unavailable(refusal["status"])
        relates_to = f"uuid:{_upper(uuid.uuid4())}" if request.fault == "wrong_message_id" else request.message_id
        try:
            if refusal:
                raise _query_refused(refusal.get("code"))
            body = self._handle(request, log_on, client, is_connected)
            action = f"{_action_namespace(request.action)}/{request.action}Response"
            status, envelope = 200, _envelope(action, relates_to, body)
        except Fault as fault:
            body = _fault_body(fault, self.server.fqdn)
            action = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
            status, envelope = 500, _envelope(action, relates_to, body)
        if request.injected and faults.is_lost(request.injected, answered=status == 200):
            raise Dropped
        return status, with_entity_bomb(envelope) if request.fault == "entity_bomb" else envelope

    def _cmdlets(self, request: Request) -> list[str]:
        """The cmdlets of the pipeline that a request starts, feeds or waits for."""
        with self._lock:
            shell = self._shells.get(request.shell_id)
        if shell is None:
            return []
        with suppress(Fault):
            if request.action == "Command":
                return cmdlets_in(_decode(request.body.findtext("rsp:CommandLine/rsp:Arguments", "", _NS)))
            if request.command_id and request.action == "Send" and isinstance(shell.pool, CommandShell):
                arriving = _decode(request.body.findtext("rsp:Send/rsp:Stream", "", _NS))
                return shell.pool.arriving_cmdlets(_identity(request.command_id), arriving)
            if request.command_id:
                return shell.pool.cmdlets(_identity(request.command_id))
        return []

    def _handle(self, request: Request, log_on: Decision, client: str, is_connected: Callable[[], bool]) -> str:
        if request.action == "Create":
            return self._create(request, log_on, client)
        with self._lock:
            shell = self._shells.get(request.shell_id)
            if shell is None or shell.is_stale:
                raise _unknown("The request contained invalid selectors for the resource.")
            shell.busy += 1
        try:
            return self._operate(shell, request, is_connected)
        except Malformed:
            raise _malformed() from None
        except NotFound:
            raise _unknown(
                "The Windows Remote Shell received a request to perform an operation on a command identifier that does "
                "not exist. Either the command has completed execution or the client specified an invalid command "
                "identifier."
            ) from None
        finally:
            with self._lock:
                shell.busy -= 1
                shell.used = time.monotonic()

    def _operate(self, shell: Shell, request: Request, is_connected: Callable[[], bool]) -> str:
        match request.action:
            case "Command":
                self._require_room_for_a_command(shell)
                line = request.element("rsp:CommandLine")
                if isinstance(shell.pool, CommandShell):
                    words = [line.findtext(f"rsp:{part}", "", _NS).strip() for part in ("Command", "Arguments")]
                    through_cmd = request.options.get("WINRS_SKIP_CMD_SHELL") != "TRUE"
                    command_id = shell.pool.command(" ".join(filter(None, words)), through_cmd=through_cmd)
                else:
                    command_id = _identity(line.get("CommandId"))
                    data = _decode(request.element("rsp:CommandLine/rsp:Arguments").text)
                    self._run(shell.pool.command(command_id, data), request)
                return f"<rsp:CommandResponse><rsp:CommandId>{_upper(command_id)}</rsp:CommandId></rsp:CommandResponse>"
            case "Send":
                stream = request.element("rsp:Send/rsp:Stream")
                target = _identity(stream.get("CommandId")) if stream.get("CommandId") else None
                ends = stream.get("End", "").casefold() == "true"
                self._run(shell.pool.send(target, _decode(stream.text), ends=ends), request)
                return "<rsp:SendResponse></rsp:SendResponse>"
            case "Receive":
                return self._receive(shell, request, is_connected)
            case "Signal":
                command_id = _identity(request.element("rsp:Signal").get("CommandId"))
                code = (request.element("rsp:Signal/rsp:Code").text or "").casefold()
                if code.endswith("/terminate"):
                    shell.pool.terminate(command_id)
                else:
                    shell.pool.stop(command_id)
                return "<rsp:SignalResponse/>"
            case "Get":
                return self._describe(shell)
            case "Delete":
                with self._lock:
                    self._shells.pop(shell.shell_id, None)
                shell.pool.close()
                return ""
        reason = "The action is not supported by the service."
        raise Fault(2150858753, "a:ActionNotSupported", reason)

    def _create(self, request: Request, log_on: Decision, client: str) -> str:
        user = log_on.user or ""
        is_command_shell = self.name == "windows" and request.resource_uri == COMMAND_SHELL
        restricted = self._restricted()
        # A user who may use a configuration of its own may use no other. [I]
        if restricted and (is_command_shell or request.resource_uri == self.profile.resource_uri):
            raise Fault(5, "w:AccessDenied", "Access is denied.")
        is_restricted = restricted and request.resource_uri == f"{_NS['pwsh']}/{restricted['name']}"
        visible = restricted["visible"] if restricted else None
        if not is_restricted and request.resource_uri != self.profile.resource_uri and not is_command_shell:
            # The text is the one in pypsrp's issue 41; subcode and detail are those of the WS-Management standard.
            raise Fault(
                2150858811,
                "a:DestinationUnreachable",
                "The resource URI is missing or it has an incorrect format. Check the documentation or use the "
                'following command for information on how to construct a resource URI: "winrm help uris".',
                message="The WS-Management service cannot process the request. The resource URI "
                f"({request.resource_uri}) was not found in the WS-Management catalog. The catalog contains the "
                "metadata that describes resources, or logical endpoints.",
                detail="InvalidResourceURI",
            )
        limit = self._limit_now()
        broken = self._refuse_to_open("Create", user)
        given = request.element("rsp:Shell")
        place = Place(self.server, self.name, user)
        pool: Pool[Any] | CommandShell
        if is_command_shell:
            pool = self._engine.processes(place, delegates=log_on.delegates)
        else:
            opening = _decode(request.element("rsp:Shell/pwsh:creationXml").text)
            try:
                if broken is not None:
                    # No engine is asked: nothing will run in it.
                    pool = RunspacePool(opening, lambda *_: Result(), broken=broken)
                else:
                    pool = self._engine.runspaces(place, Runspace(log_on.delegates, request.form, visible), opening)
            except Malformed:
                raise _malformed() from None
        shell = Shell(
            shell_id=(given.get("ShellId") or str(uuid.uuid4())).upper(),
            resource_uri=request.resource_uri,
            user=user,
            pool=pool,
            idle_timeout=_seconds(given.findtext("rsp:IdleTimeOut", "", _NS), self.profile.idle_timeout),
            client=client,
        )
        self._remove_stale()
        with self._lock:
            if sum(other.user == user for other in self._shells.values()) >= limit:
                raise Fault(
                    2150859173,
                    "w:QuotaLimit",
                    "The WS-Management service cannot process the request. The maximum number of concurrent shells for "
                    "this user has been exceeded. Close existing shells or raise the quota for this user.",
                    message="The WS-Management service cannot process the request. "
                    f"{self.profile.quota.format(limit=limit)} Close existing shells or raise the quota for this user.",
                )
            self._shells[shell.shell_id] = shell
            self._counted["shells_opened"] += 1
        return (
            f"<x:ResourceCreated><a:Address>http://{self.server.fqdn}{self.profile.path}</a:Address>"
            f"<a:ReferenceParameters><w:ResourceURI>{shell.resource_uri}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{escape(shell.shell_id)}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
            f"</x:ResourceCreated>{self._describe(shell)}"
        )

    def _describe(self, shell: Shell) -> str:
        now = time.monotonic()
        fields = {
            "ShellId": shell.shell_id,
            "ResourceUri": shell.resource_uri,
            "Owner": f"{self.accounts.netbios}\\{shell.user}",
            "ClientIP": shell.client,
            "IdleTimeOut": f"PT{shell.idle_timeout:.3f}S",
            "InputStreams": shell.pool.input_streams,
            "OutputStreams": shell.pool.output_streams,
            "MaxIdleTimeOut": "PT2147483.647S",
            "Locale": "en-US",
            "DataLocale": "en-US",
            "CompressionMode": "NoCompression",
            "ProfileLoaded": "Yes",
            "Encoding": "UTF8",
            "BufferMode": "Block",
            "State": "Connected",
            "ShellRunTime": f"P0DT0H0M{now - shell.opened:.0f}S",
            "ShellInactivity": f"P0DT0H0M{now - shell.used:.0f}S",
        }
        inside = "".join(f"<rsp:{name}>{escape(value)}</rsp:{name}>" for name, value in fields.items())
        return f"<rsp:Shell>{inside}</rsp:Shell>"

    def _receive(self, shell: Shell, request: Request, is_connected: Callable[[], bool]) -> str:
        wanted = request.element("rsp:Receive/rsp:DesiredStream").get("CommandId")
        command_id = _identity(wanted) if wanted else None
        if command_id is None:
            self._refuse_to_open("Receive", shell.user)
        if request.fault == "lose_shells_while_receiving":
            shell.pool.stop_unanswered(command_id, request.timeout)
            self.drop_shells()
        received = shell.pool.receive(command_id, timeout=request.timeout, room=request.room, is_connected=is_connected)
        if received is None:
            reason = (
                "The WS-Management service cannot complete the operation within the time specified in OperationTimeout."
            )
            raise Fault(2150858793, "w:TimedOut", reason, role="s:Receiver")
        mark = f' CommandId="{_upper(command_id)}"' if command_id else ""
        parts = [
            f'<rsp:Stream Name="stdout"{mark}>{base64.b64encode(chunk).decode()}</rsp:Stream>'
            for chunk in received.chunks
        ]
        parts += [
            f'<rsp:Stream Name="stderr"{mark}>{base64.b64encode(chunk).decode()}</rsp:Stream>'
            for chunk in received.errors
        ]
        if command_id:
            state = "Done" if received.done else "Running"
            exit_code = f"<rsp:ExitCode>{received.exit_code}</rsp:ExitCode>" if received.done else ""
            parts.append(
                f'<rsp:CommandState{mark} State="{_NS["rsp"]}/CommandState/{state}">{exit_code}</rsp:CommandState>'
            )
        return f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"

    def _run(self, pipeline: Runnable | Line | None, request: Request) -> None:
        if pipeline is None:
            return
        if request.fault == "drop_after_command":
            pipeline.run()
            raise Dropped
        slow, chatter = (
            [one for one in self._organisation.faults.armed(self.server.name, kind) if pipeline.names(one["cmdlet"])]
            for kind in ("slow", "chatter")
        )
        if isinstance(pipeline, Line):
            pipeline.chatter = [(fault.get("stream", "stdout"), fault["text"]) for fault in chatter]
        pipeline.start(max((fault["seconds"] for fault in slow), default=0.0))

    def _require_room_for_a_command(self, shell: Shell) -> None:
        """Refuse a command beyond a quota: one of all shells of a user, or one of each shell.

        What has ended counts until its client has it closed. The first text and code are published, for instance in the
        issues 124 of pywinrm and 656 of test-kitchen, which met the limit of 15 of Windows Server 2008 R2; later ones
        have 1,500. The second text is that of pypsrp's issue 148, of 1,000 commands in a shell, where pypsrp showed the
        subcode: there was no code.
        """
        quota = self._organisation.faults.first(self.server.name, "operation_limit")
        if quota is None:
            return
        limit, start = quota["limit"], "The WS-Management service cannot process the request."
        if quota.get("counted") == "user":
            with self._lock:
                mine = [one for one in self._shells.values() if one.user == shell.user]
            if sum(one.pool.commands for one in mine) >= limit:
                told = (
                    f"{start} This user is allowed a maximum number of {limit} concurrent operations, which has been "
                    "exceeded. Close existing operations for this user, or raise the quota for this user."
                )
                raise Fault(2150859174, "w:QuotaLimit", told)
        elif shell.pool.commands >= limit:
            told = (
                f"{start} The maximum number of concurrent commands per shell has been exceeded. Retry the request "
                "later or raise the Maximum Commands per Shell quota."
            )
            raise Fault(None, "w:InternalError", told, role="s:Receiver")

    def _refuse_to_open(self, action: str, user: str) -> ErrorRecord | None:
        """Refuse a session by a page at once, by a fault when its first answer is fetched, or by its state."""
        armed = self._organisation.faults.first(self.server.name, "opens_no_session")
        if armed is None or self.name != "exchange":
            return None
        refusal, way = REFUSALS[armed["reason"]], armed.get("way", "fault")
        named = f"{self._organisation.domain}/Users/{user.capitalize()}"
        text = refusal.text(self.server.name, self.server.fqdn, named, self._organisation.now)
        if way == "page":
            raise Unavailable(refusal.status, text)
        if way == "fault" and action == "Receive":
            raise Fault(refusal.fault, "w:InternalError", text, role="s:Receiver")
        return refusal.record(named) if way == "state" and action == "Create" else None

    def _restricted(self) -> dict[str, Any] | None:
        """The only session configuration that is open to users, where there is one."""
        armed = self._organisation.faults.first(self.server.name, "session_configuration")
        return armed if self.name == "windows" else None

    def _limit_now(self) -> int:
        fault = self._organisation.faults.first(self.server.name, "shell_limit")
        return fault["limit"] if fault else self._limit

    def _remove_stale(self) -> None:
        with self._lock:
            stale = [shell for shell in self._shells.values() if shell.is_stale]
            for shell in stale:
                del self._shells[shell.shell_id]
        for shell in stale:
            shell.pool.close()


def _seconds(duration: str, default: float) -> float:
    found = _DURATION.match(duration.strip())
    if not found:
        return default
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _identity(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise _malformed() from None


def _decode(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except ValueError:
        raise _malformed() from None


def _upper(identity: uuid.UUID | None) -> str:
    return str(identity).upper()


def _malformed() -> Fault:
    reason = "The SOAP XML in the message does not match the corresponding XML schema definition."
    return Fault(2150858817, "w:SchemaValidationError", reason)


def _query_refused(code: int | None) -> Fault:
    """A guess, as are the pages of HTTP in its place: nobody has published a server that does not take the query."""
    reason = "The WS-Management service cannot process the request because the URL has a query."
    return Fault(code or 2150858752, "w:InvalidParameter", reason)


def _unknown(message: str) -> Fault:
    reason = (
        "The WS-Management service cannot process the request because the request contained invalid selectors for the "
        "resource."
    )
    return Fault(2150858843, "w:InvalidSelectors", reason, message=message, detail="UnexpectedSelectors")


def _action_namespace(action: str) -> str:
    return _NS["x"] if action in ("Create", "Delete", "Get") else _NS["rsp"]


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US" {_PREFIXES}><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{_upper(uuid.uuid4())}</a:MessageID><a:To>{_ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def _fault_body(fault: Fault, machine: str) -> str:
    detail = ""
    if fault.detail:
        uri = f"http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/{fault.detail}"
        detail += f"<w:FaultDetail>{uri}</w:FaultDetail>"
    if fault.code is not None:
        detail += (
            f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{fault.code}" '
            f'Machine="{machine}"><f:Message>{escape(fault.message)} </f:Message></f:WSManFault>'
        )
    return (
        f"<s:Fault><s:Code><s:Value>{fault.role}</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(fault.reason)} </s:Text></s:Reason>'
        f"<s:Detail>{detail}</s:Detail></s:Fault>"
    )
