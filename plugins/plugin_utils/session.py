# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The wire side of the line: one PowerShell session per endpoint of a host, over pypsrp.

A request is one pipeline of cmdlets with typed parameters, a reply is data: what came out, the errors, and how sure
it is that the pipeline ran. Nothing of Ansible is imported here, so that a test can drive a session directly.
"""

from __future__ import annotations

import hashlib
import json
import time
import typing as t
from dataclasses import asdict, dataclass, field

import requests
from pypsrp.complex_objects import PSCredential, PSInvocationState, RunspacePoolState
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import Fragmenter, PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from ansible_collections.mailops.exchange.plugins.plugin_utils.clixml import LineSerializer, error_to_plain, to_plain

SHELL_NOT_FOUND = 2150858843
SHELL_LIMIT_REACHED = 2150859173
CONFIGURATION_NOT_FOUND = 2150858811

# Seconds that a Receive waits on the server for output, and how much longer the client waits for that answer: a quiet
# cmdlet must not look like a dead server.
LONG_POLL = 20
GRACE = 10

TransportError = (requests.RequestException, WinRMError, OSError)


@dataclass(frozen=True)
class Endpoint:
    """Where one of the two PowerShell endpoints of a host is, and the configuration that it serves."""

    configuration: str
    scheme: str
    port: int
    path: str
    encryption: str
    # IIS registers its service principal as HTTP; WinRM answers to both, and WSMAN is what its own clients ask for.
    service: str


@dataclass(frozen=True)
class Settings:
    """All that decides how a session is opened; two equal settings may share a session."""

    host: str
    inventory_hostname: str
    user: str | None
    password: str | None = field(repr=False)
    auth: str
    windows: Endpoint
    exchange: Endpoint
    cert_validation: bool = True
    ca_cert: str | None = None
    certificate_pem: str | None = None
    certificate_key_pem: str | None = None
    proxy: str | None = field(default=None, repr=False)
    ignore_proxy: bool = False
    connection_timeout: int = 30
    command_timeout: int = 300

    @property
    def fingerprint(self) -> str:
        """Tells whether two settings are the same without showing either."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class Refused(Exception):
    """The session cannot be used, said in one sentence; nothing was sent, or the server did not take it."""


class Interrupted(Exception):
    """The server had been sent the pipeline when the line broke; it may have run."""


class Overdue(Interrupted):
    """Too long without an answer; asking again would take as long again."""


class Session:
    """The PowerShell sessions of one host: opened at the first call, kept, reopened when they are gone."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._long_poll = min(LONG_POLL, settings.command_timeout)
        self._pools: dict[str, RunspacePool] = {}
        self._memory: dict[str, t.Any] = {"host": settings.host, "inventory_hostname": settings.inventory_hostname}

    def invoke(self, text: str) -> str:
        """Run the pipeline that the JSON request describes and answer with a JSON reply; never raises for the wire."""
        request = json.loads(text)
        self._memory.update(request.get("remember") or {})
        reply: dict[str, t.Any] = {"state": "completed", "output": [], "errors": [], "warnings": [], "reason": None}
        if request["pipeline"]:
            reply.update(self._answer(request))
        reply["memory"] = self._memory
        return json.dumps(reply)

    def close(self) -> None:
        """Close every shell; a shell that is left open counts against the user's limit until it expires."""
        for name in list(self._pools):
            self._discard(name)

    def _answer(self, request: dict[str, t.Any]) -> dict[str, t.Any]:
        name, write = request["endpoint"], bool(request.get("write"))
        seconds = min(float(request.get("deadline") or self.settings.command_timeout), self.settings.command_timeout)
        reopened = False
        while True:
            was_open = name in self._pools
            try:
                return self._run(name, request, seconds)
            except Refused as refused:
                # A kept session may have been lost while it lay idle (IIS restarted, shell expired): one fresh one.
                if was_open and not reopened:
                    reopened = True
                    continue
                return {"state": "unreachable", "reason": str(refused)}
            except Interrupted as interrupted:
                if write:
                    return {"state": "unknown", "reason": str(interrupted)}
                if not reopened and not isinstance(interrupted, Overdue):
                    reopened = True
                    continue
                return {"state": "unreachable", "reason": str(interrupted)}
            except BaseException:
                # The command timeout of ansible-core's helper is an alarm raised anywhere in here: a session of which
                # nobody knows how far it got is of no more use.
                self._discard(name)
                raise

    def _run(self, name: str, request: dict[str, t.Any], seconds: float) -> dict[str, t.Any]:
        pool = self._pool(name)
        powershell = PowerShell(pool)
        cmdlet = request["pipeline"][-1]["cmdlet"]
        output: list[t.Any] = []
        try:
            for step in request["pipeline"]:
                powershell.add_cmdlet(step["cmdlet"])
                for parameter, value in step["parameters"].items():
                    powershell.add_parameter(parameter, _typed(pool, value))
            powershell.begin_invoke(request.get("input") or None)
        except TransportError as error:
            self._discard(name)
            if _is_refusal(error):
                raise Refused(self._sentence(name, error)) from error
            raise Interrupted(f"{cmdlet}: {self._sentence(name, error)}") from error
        try:
            # pypsrp waits for the pipeline's state alone, which a lost shell never sends: hence the deadline. Output
            # moves it on, for tens of thousands of mailboxes take their time.
            deadline = time.monotonic() + seconds
            while powershell.state == PSInvocationState.RUNNING:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Overdue(f"{cmdlet} gave no answer on {self.settings.host} within {seconds:g} seconds.")
                powershell.poll_invoke(timeout=max(1, min(self._long_poll, int(left))))
                # pypsrp's objects are many times the size of what is asked of them, and may come in tens of thousands.
                if powershell.output:
                    output += [to_plain(item, request.get("members")) for item in powershell.output]
                    powershell.output.clear()
                    deadline = time.monotonic() + seconds
        except Interrupted:
            self._discard(name)
            raise
        except TransportError as broken:
            self._discard(name)
            raise Interrupted(f"{cmdlet}: {self._sentence(name, broken)}") from broken
        failed = powershell.state != PSInvocationState.COMPLETED
        reply = {
            "state": "failed" if failed else "completed",
            "output": output,
            "errors": [error_to_plain(record, cmdlet) for record in powershell.streams.error],
            "warnings": [str(record.message) for record in powershell.streams.warning],
        }
        try:
            powershell.close()
        except TransportError:
            # The answer is complete; only the session that gave it is gone.
            self._discard(name)
        return reply

    def _pool(self, name: str) -> RunspacePool:
        pool = self._pools.get(name)
        if pool is not None:
            return pool
        endpoint: Endpoint = getattr(self.settings, name)
        settings = self.settings
        try:
            wsman = WSMan(
                settings.host,
                port=endpoint.port,
                username=settings.user,
                password=settings.password,
                ssl=endpoint.scheme == "https",
                path=endpoint.path,
                auth=settings.auth,
                # requests takes the path of a file of authorities in the place of True.
                cert_validation=t.cast(bool, settings.cert_validation and (settings.ca_cert or True)),
                connection_timeout=settings.connection_timeout,
                read_timeout=self._long_poll + GRACE,
                operation_timeout=self._long_poll,
                encryption=endpoint.encryption,
                proxy=settings.proxy,
                no_proxy=settings.ignore_proxy,
                certificate_pem=settings.certificate_pem,
                certificate_key_pem=settings.certificate_key_pem,
                negotiate_service=endpoint.service,
            )
            pool = RunspacePool(wsman, configuration_name=endpoint.configuration)
            pool._serializer = LineSerializer()
            pool._fragmenter = Fragmenter(wsman.max_payload_size, pool._serializer)
            pool.open()
        except (*TransportError, ValueError, ImportError) as error:
            if pool is not None:
                self._close(pool)
            raise Refused(self._sentence(name, error)) from error
        self._pools[name] = pool
        return pool

    def _discard(self, name: str) -> None:
        pool = self._pools.pop(name, None)
        if pool is not None:
            self._close(pool)

    @staticmethod
    def _close(pool: RunspacePool) -> None:
        transport = pool.connection.transport
        transport.connection_timeout = transport.read_timeout = GRACE
        for _attempt in range(2):
            try:
                if pool.state not in (RunspacePoolState.BEFORE_OPEN, RunspacePoolState.BROKEN):
                    pool.close()
                break
            except WSManFaultError:
                # A shell that is already gone answers so; there is nothing left to do about it.
                break
            except TransportError:
                # Windows drops an idle connection after two minutes, and with it the key that NTLM and Kerberos encrypt
                # messages with, while the shell lives on: log on anew to delete it.
                transport.close()
                transport.session = transport.encryption = None
        transport.close()

    def _sentence(self, name: str, error: Exception) -> str:
        """Say in one sentence what happened on the way to an endpoint, and what to look at."""
        endpoint: Endpoint = getattr(self.settings, name)
        url = f"{endpoint.scheme}://{self.settings.host}:{endpoint.port}/{endpoint.path.lstrip('/')}"
        user, auth = self.settings.user, self.settings.auth
        if isinstance(error, AuthenticationError):
            return (
                f"{url} refused user {user!r} with {auth} authentication: check user and password, and that this "
                "authentication is switched on there."
            )
        if isinstance(error, WSManFaultError):
            if error.code == SHELL_LIMIT_REACHED:
                return (
                    f"User {user!r} already has as many shells open on {self.settings.host} as the server allows "
                    f"(fault {error.code} at {url}): close sessions that are no longer used, or raise the limit "
                    "PowerShellMaxConcurrency of the user's throttling policy."
                )
            if error.code == CONFIGURATION_NOT_FOUND:
                return (
                    f"{url} does not serve the configuration {endpoint.configuration}: the Exchange endpoint lives in "
                    "IIS (ports 80 and 443, path /PowerShell/), the Windows endpoint in WinRM (5985 and 5986, /wsman)."
                )
            if error.code == SHELL_NOT_FOUND:
                return f"{url} no longer knows the session (fault {error.code}): it expired or the service restarted."
            return f"{url} refused the request with WSMan fault {error.code}: {_first_line(error.reason)}"
        if isinstance(error, WinRMTransportError):
            if error.code == 404:
                return (
                    f"There is no PowerShell endpoint at {url} (HTTP 404): check host, port and path of the "
                    f"{name} endpoint."
                )
            return f"{url} answered HTTP {error.code} instead of WSMan: check that the service behind it is running."
        if isinstance(error, requests.exceptions.SSLError):
            return (
                f"The certificate of {url} is not trusted ({_innermost(error)}): give the authority that issued it "
                "with ansible_exchange_ca_cert, or set ansible_exchange_cert_validation to ignore."
            )
        if isinstance(error, requests.Timeout):
            return f"{url} did not answer in time: check that the host is up and no firewall drops the connection."
        if isinstance(error, requests.ConnectionError):
            return f"Cannot connect to {url} ({_innermost(error)}): check that the host is up and the port is open."
        return f"The session with {url} cannot be used: {type(error).__name__}: {_first_line(error)}"


def _is_refusal(error: Exception) -> bool:
    """Whether the server certainly did not take the request."""
    if isinstance(error, WinRMTransportError):
        # 400 is what a message gets whose key went with a dropped connection; 503 comes from IIS itself.
        return error.code in (*range(400, 500), 503)
    return isinstance(error, (WSManFaultError, AuthenticationError, requests.ConnectTimeout))


def _typed(pool: RunspacePool, value: t.Any) -> t.Any:
    """A parameter's value as pypsrp sends it; a password leaves only encrypted with a key that the pool agreed on."""
    if isinstance(value, dict) and value.keys() == {"$credential"}:
        pool.exchange_keys()
        credential: t.Any = PSCredential
        return credential(username=value["$credential"]["user"], password=value["$credential"]["password"])
    return value


def _innermost(error: BaseException) -> str:
    """The reason at the bottom of requests' and urllib3's nested exceptions."""
    while True:
        inner = (
            getattr(error, "reason", None)
            or error.__cause__
            or next((item for item in reversed(error.args) if isinstance(item, BaseException)), None)
        )
        if not isinstance(inner, BaseException):
            return _first_line(error)
        error = inner


def _first_line(value: object) -> str:
    lines = str(value or "").strip().splitlines()
    return lines[0] if lines else "no reason given"
