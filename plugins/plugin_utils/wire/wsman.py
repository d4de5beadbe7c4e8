# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What both ways to a host share: how an answer may fail, what is too much of one, and the sentences about it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from functools import partial

import requests
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import MOST_WORDS, quoted, shortened
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import FULL, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import kerberos
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.beforehand import lacking
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.boundary import (
    TransportError,
    Unintelligible,
    Unopened,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import refuse_unsafe
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.proxies import Proxy, proxy_of
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.reasons import SHELL_NOT_FOUND, Refusal

ACCESS_DENIED = 5
OPERATION_TIMED_OUT = 2150858793

# What a proxy answers that does not let a request through, or gets no answer itself.
PROXYS_ANSWERS = (403, 407, 502, 503, 504)

# How much longer than the server waits for output the client waits for its answer: a quiet cmdlet must not look like a
# dead server.
GRACE = 10

# Bytes of one reply: a server may fill the envelope size that the client names, which is 150 KB, or 500 KB if it takes
# its own default. Anything far beyond it is no WSMan.
LARGEST_REPLY = 4 << 20

# Bytes that may come without a single object: a mailbox is some ten KB, a certificate with its data less than 100.
LARGEST_OBJECT = 64 << 20


class Refused(Exception):
    """The session cannot be used, said in one sentence; nothing was sent, or the server did not take it."""

    def __init__(
        self, sentence: str, *, shell_limit: bool = False, passing: bool = False, unanswered: bool = False
    ) -> None:
        super().__init__(sentence)
        self.shell_limit = shell_limit
        """Whether the user has too much open, which other sessions of his may close."""
        self.passing = passing
        """Whether this is what a host shows whose services are just being restarted."""
        self.unanswered = unanswered
        """Whether the server had the request, and no answer came that could be read."""


class Interrupted(Exception):
    """The server had been sent the pipeline when the line broke; it may have run."""


class Overdue(Interrupted):
    """Too long without an answer; asking again would take as long again."""


class Shell(t.Protocol):
    """A PowerShell on one endpoint of a host."""

    usable: bool
    """False once it is known that the next pipeline needs another one."""

    def open(self) -> None:
        """Open it; Refused with a sentence if that cannot be done. Whoever calls it closes it, however it ends."""

    def run(self, request: Request, seconds: float) -> Reply:
        """Run a request's cmdlet; Refused, Interrupted or Overdue if its answer did not come whole."""

    def close(self) -> None:
        """Close what is, or may be, open on the server, where it would count against the user's limit until it expires.

        It may be called again where it was interrupted.
        """


class Meter:
    """Counts what a server sends, and stops it where no honest answer would be as long."""

    def __init__(self) -> None:
        self.received = 0

    def watch(self, session: requests.Session) -> None:
        """Read every answer of this session piece by piece, however it is packed."""
        for adapter in session.adapters.values():
            adapter.send = partial(self._send, adapter.send)  # type: ignore[method-assign]

    def _send(self, send: t.Any, request: requests.PreparedRequest, **options: t.Any) -> requests.Response:
        response: requests.Response = send(request, **options)
        stream = response.raw.stream

        def counted(*args: t.Any, **kwargs: t.Any) -> Iterator[bytes]:
            length = 0
            for piece in stream(*args, **kwargs):
                length += len(piece)
                if length > LARGEST_REPLY:
                    response.close()
                    raise Unintelligible(f"the reply is longer than {LARGEST_REPLY >> 20} MB")
                yield piece
            self.received += length

        # Not read here: the channel binding of a log-on is taken from the socket of an answer that is still unread.
        vars(response.raw)["stream"] = counted
        return response


def check(reply: bytes) -> bytes:
    """A reply as it came; Unintelligible for XML that no server would send."""
    refuse_unsafe(reply)
    return reply


def look_beforehand(settings: Settings, name: str) -> None:
    """Refused, before anything is sent, if the controller lacks what an endpoint cannot be used without."""
    if problem := lacking(settings, name):
        raise Refused(problem)


def refused(settings: Settings, name: str, broken: TransportError) -> Refused:
    """The refusal of an endpoint, as an exception that says it in one sentence."""
    error = broken.cause
    code = error.code if isinstance(error, (WSManFaultError, WinRMTransportError)) else None
    reason = _refusal(error).reason
    unreachable = isinstance(error, (requests.ConnectionError, requests.Timeout))
    return Refused(
        sentence(settings, name, broken),
        shell_limit=reason is not None and reason.limit,
        passing=code in (SHELL_NOT_FOUND, 500, 503)
        or (unreachable and not isinstance(error, requests.exceptions.SSLError)),
        unanswered=not (reason or is_unopened(error) or isinstance(error, requests.Timeout)),
    )


def is_refusal(error: BaseException) -> bool:
    """Whether the server certainly did not take the request."""
    if isinstance(error, WinRMTransportError):
        # 400 is what a message gets whose key went with a dropped connection; 503 comes from IIS itself.
        return error.code in (*range(400, 500), 503)
    if isinstance(error, requests.ConnectionError) and error.args:
        reason = getattr(error.args[0], "reason", None)
        if isinstance(error, requests.exceptions.ProxyError):
            # What goes over TLS begins behind the proxy's own answer; the rest, the proxy may have passed on.
            tunnelled = error.request is not None and str(error.request.url).startswith("https:")
            return tunnelled or isinstance(getattr(reason, "original_error", None), ConnectTimeoutError)
        never = requests.exceptions.SSLError, requests.ConnectTimeout
        return isinstance(error, never) or isinstance(reason, NewConnectionError)
    if isinstance(error, WSManFaultError):
        # It may be at it still.
        return bool(error.code != OPERATION_TIMED_OUT)
    return isinstance(error, AuthenticationError)


def is_unopened(error: BaseException) -> bool:
    """Whether certainly no shell was opened: refused, or given up before anything was sent."""
    # Of an open session the same errors may come from an answer, and the pipeline may have run.
    return isinstance(error, (*kerberos.Errors, ImportError, ValueError, Unopened)) or is_refusal(error)


def sentence(settings: Settings, name: str, broken: TransportError) -> str:
    """Say in one sentence what happened on the way to an endpoint, and what to look at."""
    error, url = broken.cause, settings.url(name)
    if said := kerberos.sentence(error, host=settings.hostname_override or settings.host, user=settings.user):
        return said
    # IIS never offers CredSSP, whose library has an error of its own for that.
    unoffered = name == "exchange" and settings.auth == "credssp" and isinstance(error, kerberos.Errors)
    if isinstance(error, AuthenticationError) or unoffered:
        return _of_log_on(settings, name)
    refusal = _refusal(error)
    if reason := refusal.reason:
        told = reason.sentence.format(
            url=url,
            host=settings.host,
            user=_user(settings),
            fault=refusal.fault,
            configuration=getattr(settings, name).configuration,
        )
        if reason.sentence.startswith("{user}"):
            told = f"{told[0].upper()}{told[1:]}"
        return f"{told} ({refusal})." if reason.names else f"{told}."
    if isinstance(error, WSManFaultError):
        return _of_fault(settings, name, refusal)
    if isinstance(error, Unopened):
        return f"{url} could not open a PowerShell session: {refusal}."
    if isinstance(error, WinRMTransportError):
        return _of_page(settings, name, error.code, refusal)
    return _of_connection(url, error, proxy_of(settings, name))


def _refusal(error: BaseException) -> Refusal:
    """What a server said when it refused; nothing where it is no refusal."""
    if isinstance(error, WSManFaultError):
        # The reason of a plug-in, such as PowerShell's, stands beside the one of WSMan.
        words = [str(text) for text in (error.reason, error.provider_fault) if text]
        return Refusal(
            words=next((text for text in words if "[FailureCategory=" in text), first_line(error.reason)),
            fault=error.code,
        )
    if isinstance(error, WinRMTransportError):
        return Refusal(str(error.response_text or ""))
    if isinstance(error, Unopened):
        return Refusal(error.error.message, error.error.exception, error.error.id)
    return Refusal()


def _of_page(settings: Settings, name: str, status: int, refusal: Refusal) -> str:
    url, query = settings.url(name), _of_query(settings, name)
    if status == 404:
        return (
            f"There is no PowerShell endpoint at {url} (HTTP 404): check host, port, and path of the {name} "
            f"endpoint{query}."
        )
    if refusal.is_exchanges:
        return f"{url} refused the request with HTTP {status}: {refusal}."
    proxy = proxy_of(settings, name)
    # What goes over TLS no proxy can answer.
    if proxy and getattr(settings, name).scheme == "http" and status in PROXYS_ANSWERS:
        return (
            f"HTTP {status} was returned instead of WSMan by {url}, or by {proxy} on the way there: check that the "
            f"service is running and that the proxy lets the controller through to it; or {proxy.way_around}."
        )
    if status == 403 and name == "exchange" and getattr(settings, name).scheme == "http":
        return (
            f"{url} answered HTTP 403 instead of WSMan, as IIS does where the directory PowerShell requires TLS: set "
            f"ansible_exchange_scheme to https, or remove that requirement{query}."
        )
    if status == 503:
        query = ""
    return f"{url} answered HTTP {status} instead of WSMan: check that the service behind it is running{query}."


def _user(settings: Settings) -> str:
    return f"user {quoted(settings.user)}" if settings.user else "the user that signed in"


def _of_query(settings: Settings, name: str) -> str:
    """What else to look at where an endpoint refuses a URL with a query."""
    _path, asked, query = getattr(settings, name).path.partition("?")
    option = "ansible_exchange_serialization: plain" if query == FULL else "ansible_exchange_path"
    return f"; if it does not accept the query, leave it out with {option}" if asked else ""


def _of_log_on(settings: Settings, name: str) -> str:
    auth = settings.auth
    told = f"{settings.url(name)} refused {_user(settings)} with {auth} authentication: check user and password"
    if name != "exchange" or auth == "kerberos":
        return f"{told}, and that this authentication is enabled there."
    return (
        f"{told}; /PowerShell accepts only Kerberos unless an administrator enabled more, so set ansible_exchange_auth "
        "to kerberos, or to basic after Set-PowerShellVirtualDirectory -BasicAuthentication $true on the server."
    )


def _of_fault(settings: Settings, name: str, refusal: Refusal) -> str:
    told = f"{settings.url(name)} refused the request with WSMan fault {shortened(str(refusal.fault))}: {refusal}"
    if refusal.fault != ACCESS_DENIED:
        return f"{told}{_of_query(settings, name)}."
    if name == "exchange":
        return (
            f"{told}; make sure that {_user(settings)} is a member of a role group of Exchange, has "
            "RemotePowerShellEnabled, and that nothing is denied to the server's own account in Active Directory."
        )
    return (
        f"{told}; make sure that {_user(settings)} is an administrator of the server, or has been given the right to "
        "its session configuration or, over the WinRM shell, in its RootSDDL."
    )


def _of_connection(url: str, error: BaseException, proxy: Proxy | None) -> str:
    by, around = (f" through {proxy}", f"; or {proxy.way_around}") if proxy else ("", "")
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"The certificate of {url}{by} is not trusted ({_innermost(error)}): set ansible_exchange_ca_cert to the "
            f"file of the CA that issued it, or ansible_exchange_cert_validation to ignore{around}."
        )
    if isinstance(error, requests.Timeout):
        return (
            f"{url}{by} did not answer in time: check that the host is up and that no firewall drops the "
            f"connection{around}."
        )
    if isinstance(error, requests.ConnectionError):
        up = "proxy is up and lets the controller through to the host" if proxy else "host is up and the port is open"
        return f"Cannot connect to {url}{by} ({_innermost(error)}): check that the {up}{around}."
    # pypsrp's own plain error is that the answer belongs to another request.
    if isinstance(error, (Unintelligible, requests.exceptions.ChunkedEncodingError, WinRMError)):
        return (
            f"{url}{by} answered with something that is not WSMan ({_innermost(error).rstrip('.')}): check that the "
            f"server itself answers there{around}."
        )
    return f"The session with {url} cannot be used: {type(error).__name__}: {first_line(error).rstrip('.')}."


def _innermost(error: BaseException) -> str:
    """The reason at the bottom of requests' and urllib3's nested exceptions."""
    while True:
        inner = (
            getattr(error, "reason", None)
            or error.__cause__
            or next((item for item in reversed(error.args) if isinstance(item, BaseException)), None)
        )
        if not isinstance(inner, BaseException):
            return first_line(error)
        error = inner


def first_line(value: object) -> str:
    lines = str(value or "").strip().splitlines()
    return shortened(lines[0], MOST_WORDS) if lines else "no reason was given"
