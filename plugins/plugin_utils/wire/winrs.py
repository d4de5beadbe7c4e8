# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WinRM shell through pywinrm: one powershell.exe that is told pipelines as text and answers in CLIXML."""

from __future__ import annotations

import base64
import contextlib
import re
import time
import typing as t
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.negotiate import HTTPNegotiateAuth
from winrm import exceptions as pywinrm
from winrm.protocol import Protocol

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import NOBODY_ASKED, CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import powershell
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.boundary import (
    TransportError,
    Unintelligible,
    asking,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import (
    read_xml,
    refuse_unsafe,
    to_plain,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.proxies import proxy_of
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import (
    GRACE,
    LARGEST_OBJECT,
    OPERATION_TIMED_OUT,
    Interrupted,
    Meter,
    Overdue,
    check,
    first_line,
    is_refusal,
    is_unopened,
    look_beforehand,
    refused,
    sentence,
)

# Bytes of standard input in one request: with base64 and the envelope far below the 150 KB that any server takes.
PIECE = 64 << 10
UTF8 = 65001

# Characters that are kept of a line which is no answer: it may say anything, and be as long as it likes.
LONGEST_LINE = 300

# Bytes of one element on standard error: those of an error are a line of it.
LONGEST_ELEMENT = 1 << 20


class _Protocol(Protocol):
    """pywinrm's protocol, which does not look whether an answer belongs to its question."""

    def open_shell_as(self, shell: str) -> None:
        """Open a shell under an id of our own: so it can be closed even if the answer is lost."""
        self._opening = shell
        self.open_shell(codepage=UTF8)

    def send_message(self, message: str) -> bytes:
        message = message.replace("<rsp:Shell>", f'<rsp:Shell ShellId="{self._opening}">')
        reply = check(super().send_message(message))
        asked = re.search("<a:MessageID>([^<]*)<", message)
        answered = re.search(b"RelatesTo[^>]*>([^<]*)<", reply)
        if not asked or not answered or asked[1] != answered[1].decode("utf-8", "replace"):
            raise Unintelligible("the answer belongs to another request")
        return reply


class _Negotiate(HTTPNegotiateAuth):
    """pypsrp's log-on under pywinrm, whose own knows neither Negotiate nor Kerberos with a password."""

    def wrap_winrm(self, host: str, message: bytes) -> tuple[bytes, bytes]:
        sealed = self._context(host).wrap_winrm(message)
        return sealed.data, sealed.header

    def unwrap_winrm(self, host: str, message: bytes, header: bytes) -> bytes:
        opened: bytes = self._context(host).unwrap_winrm(header, message)
        return opened

    def _context(self, host: str) -> t.Any:
        if host not in self.contexts:
            raise Unintelligible("nobody asked for the authentication that encrypts messages")
        return self.contexts[host]


class WinrsShell:
    """A WinRM shell on the windows endpoint of a host, with one PowerShell process in it."""

    def __init__(self, settings: Settings, said: deque[str]) -> None:
        """Refused with a sentence if the settings cannot be used.

        ``said`` takes what is said besides the answers.
        """
        self._settings = settings
        self._said = said
        self._meter = Meter()
        self._shell = str(uuid.uuid4()).upper()
        self._unread = self._unsaid = b""
        self.usable = True
        self._may_be_open = False
        look_beforehand(settings, "windows")
        try:
            with _asking():
                self._protocol = self._log_on()
        except TransportError as error:
            raise refused(settings, "windows", error) from error

    def open(self) -> None:
        """Open it and start the process; Refused with a sentence if that cannot be done."""
        self._may_be_open = True
        opened = False
        try:
            with _asking():
                self._protocol.open_shell_as(self._shell)
            opened = True
            program, arguments = powershell.command_line()
            with _asking():
                self._process = self._protocol.run_command(self._shell, program, arguments)
        except TransportError as error:
            # If only the answer is lost, the shell may be open all the same.
            self._may_be_open = opened or not is_unopened(error.cause)
            raise refused(self._settings, "windows", error) from error

    def _log_on(self) -> _Protocol:
        settings, endpoint = self._settings, self._settings.windows
        negotiates = settings.auth in ("kerberos", "negotiate", "ntlm")
        proxy = proxy_of(settings, "windows")
        protocol = _Protocol(
            endpoint=settings.url("windows"),
            transport=t.cast(t.Any, "plaintext" if negotiates else settings.auth),
            # With a ticket there is neither, and pywinrm asks for both before the log-on is replaced.
            username=settings.user or "nobody",
            password=settings.password or "",
            ca_trust_path=settings.ca_cert or "legacy_requests",
            cert_pem=settings.certificate_pem,
            cert_key_pem=settings.certificate_key_pem,
            server_cert_validation="validate" if settings.cert_validation else "ignore",
            message_encryption="auto" if negotiates else t.cast(t.Any, endpoint.encryption),
            proxy=proxy.url if proxy else None,
            operation_timeout_sec=settings.long_poll,
            read_timeout_sec=settings.long_poll + GRACE,
        )
        transport: t.Any = protocol.transport
        # requests takes the two apart: how long to wait for a connection, and for an answer.
        transport.read_timeout_sec = (settings.connection_timeout, settings.long_poll + GRACE)
        build = transport.build_session

        def build_session() -> t.Any:
            if transport.session:
                return transport.session
            session = build()
            self._meter.watch(session)
            if negotiates:
                sealed = endpoint.encryption == "always" or (
                    endpoint.encryption == "auto" and endpoint.scheme == "http"
                )
                session.auth = _Negotiate(
                    settings.user,
                    settings.password,
                    auth_provider=settings.auth,
                    service=endpoint.service,
                    delegate=settings.delegate,
                    hostname_override=settings.hostname_override,
                    wrap_required=sealed,
                )
                if sealed:
                    # The way pywinrm seals for Kerberos is that for every log-on by these two functions.
                    transport.auth_method = "kerberos"
                    transport.setup_encryption(session)
            return session

        transport.build_session = build_session
        return protocol

    def run(self, request: Request, seconds: float) -> Reply:
        """Run a request's pipeline; Refused, Interrupted or Overdue if its answer did not come whole."""
        cmdlet = request.cmdlet
        try:
            text = powershell.render(request.stages, request.piped)
        except ValueError as error:
            return Reply("failed", reason=str(error))
        reply = Reply()
        state = lost = ""
        texts: list[str] = []
        identity = uuid.uuid4().hex
        sent = False
        # The last Receive of the request before may have been given no more than a second.
        self._protocol.operation_timeout_sec = self._settings.long_poll
        try:
            line = powershell.question(identity, text)
            for start in range(0, len(line), PIECE):
                with _asking(opened=True):
                    self._protocol.send_command_input(self._shell, self._process, line[start : start + PIECE])
            sent = True
            for kind, value in self._receive(identity, cmdlet, seconds):
                if kind == "end":
                    state = value
                elif kind == "output":
                    reply.output.append(to_plain(_object(value), request.members))
                elif kind == "error":
                    reply.errors.append(_error(to_plain(_object(value)), cmdlet))
                elif kind == "warning":
                    reply.warnings.append(str(to_plain(_object(value))))
                elif kind == "text":
                    texts.append(_text(value))
                else:
                    lost = _text(value)
        except TransportError as broken:
            if not sent and is_refusal(broken.cause):
                raise refused(self._settings, "windows", broken) from broken
            raise Interrupted(f"{cmdlet}: {sentence(self._settings, 'windows', broken)}") from broken
        host = self._settings.host
        if texts:
            reply.warnings.append(
                f"{cmdlet} returned something that PowerShell on {host} cannot write as CLIXML (U+FFFE or U+FFFF is in "
                f"it); of {', '.join(dict.fromkeys(texts))} only the text could be read."
            )
        if state == "unread":
            self._hear(lost.encode())
            reason = (
                f"PowerShell on {host} could not read what was sent, because this requires version 3 or newer; use "
                "ansible_exchange_transport: psrp"
            )
            return Reply("failed", reason=reason)
        if state == "left":
            # So it is over psrp, where a cmdlet cannot end the process that it shares.
            self.usable = False
            self._said.append(f"{cmdlet} ended the script that it ran in.")
            state = "completed"
        if lost:
            reason = f"{cmdlet} ran on {host}, but PowerShell could not return its output: {lost.rstrip('.')}."
            # An error is an answer, too.
            unknown = request.write and not reply.errors
            return replace(reply, state="unknown" if unknown else "failed", reason=reason)
        return replace(reply, state=state)

    def _receive(self, identity: str, cmdlet: str, seconds: float) -> Iterator[tuple[str, str]]:
        """The lines of the answer to a request, as what they are and their value."""
        ours = powershell.answers(identity)
        deadline = time.monotonic() + seconds
        self._meter.received = 0
        complaints: list[str] = []
        answered = False
        while not answered:
            left = deadline - time.monotonic()
            if left <= 0:
                # What a process asks has no end of line.
                self._hear(self._unread)
                self._listen(ended=True)
                raise Overdue(f"{cmdlet} did not answer on {self._settings.host} within {seconds:g} seconds.")
            self._protocol.operation_timeout_sec = max(1, min(self._settings.long_poll, int(left)))
            try:
                with _asking(opened=True):
                    output, errors, _code, ended = self._protocol.get_command_output_raw(self._shell, self._process)
            except TransportError as broken:
                if isinstance(broken.cause, WSManFaultError) and broken.cause.code == OPERATION_TIMED_OUT:
                    continue
                raise
            complaints += self._listen(errors, ended=ended)
            *lines, self._unread = (self._unread + output).split(b"\n")
            for line in lines:
                answer = ours.search(line)
                self._hear(line[: answer.start()] if answer else line)
                if not answer:
                    continue
                if not answer[2]:
                    raise Unintelligible("something else was written into a line of the answer")
                yield answer[1].decode(), answer[2].decode()
                answered |= answer[1] == b"end"
                deadline = time.monotonic() + seconds
                self._meter.received = 0
            if ended and not answered:
                self._hear(self._unread)
                said = first_line(powershell.told(complaints or [*self._said][-1:])).rstrip(".")
                raise Interrupted(f"{cmdlet}: PowerShell ended on {self._settings.host} before its answer: {said}.")
            if self._meter.received > LARGEST_OBJECT:
                raise Unintelligible(f"more than {LARGEST_OBJECT >> 20} MB came without one object")
        # What was said without an end of line is not for the next request.
        self._listen(ended=True)

    def _listen(self, errors: bytes = b"", *, ended: bool = False) -> list[str]:
        """Hear what has come on standard error, as far as it is whole."""
        spoken, unsaid = powershell.spoken(self._unsaid + errors, ended=ended)
        self._unsaid = unsaid[:LONGEST_ELEMENT]
        return [*filter(None, map(self._hear, spoken))]

    def _hear(self, line: bytes) -> str:
        """Keep a line that is no answer, as far as it may be shown."""
        text = line[: 4 * LONGEST_LINE].decode("utf-8", "replace")[:LONGEST_LINE]
        if text := "".join(sign if sign.isprintable() else " " for sign in text).strip():
            self._said.append(text)
        return text

    def close(self) -> None:
        """Close the shell, over a new connection if the old one is gone; the process ends with it."""
        if not self._may_be_open:
            return
        transport: t.Any = self._protocol.transport
        transport.read_timeout_sec = GRACE
        for _attempt in range(2):
            try:
                with _asking():
                    self._protocol.close_shell(self._shell)
                self._may_be_open = False
                return
            except TransportError as error:
                # A shell that is already gone answers so; there is nothing left to do about it.
                if isinstance(error.cause, WSManFaultError):
                    return
                # The key that messages are encrypted with went with the connection: log on anew.
                transport.close_session()
                transport.encryption = None


@contextlib.contextmanager
def _asking(*, opened: bool = False) -> Iterator[None]:
    """Around calls of pywinrm. It knows the same errors as pypsrp: whoever handles them need know one set of names."""
    with asking(opened=opened), _errors_as_pypsrps():
        yield


@contextlib.contextmanager
def _errors_as_pypsrps() -> Iterator[None]:
    try:
        yield
    except pywinrm.InvalidCredentialsError as error:
        raise AuthenticationError(str(error)) from error
    except pywinrm.WSManFaultError as error:
        raise WSManFaultError(error.wsman_fault_code, None, error.reason, None, None, None) from error
    except pywinrm.WinRMOperationTimeoutError as error:
        raise WSManFaultError(OPERATION_TIMED_OUT, None, "the operation timed out", None, None, None) from error
    except pywinrm.WinRMTransportError as error:
        raise WinRMTransportError("http", error.code, error.response_text) from error
    except pywinrm.WinRMError as error:
        raise WinRMError(str(error)) from error


def _error(told: t.Any, cmdlet: str) -> CmdletError:
    """An error as it is over psrp."""
    if not isinstance(told, list) or len(told) != len(powershell.ERROR):
        raise Unintelligible("an error was returned that is not valid")
    error = {name: str(value or "") for name, value in zip(powershell.ERROR, told, strict=True)}
    return CmdletError(
        id=error["id"],
        category=error["category"],
        exception=NOBODY_ASKED if error["source"] == powershell.CONSOLE else error["exception"],
        message=error["message"].strip(),
        target=error["target"] or None,
        cmdlet=error["cmdlet"] or cmdlet,
        # That of a mandatory parameter begins with a blank.
        parameter=error["parameter"].strip() or None,
    )


def _text(encoded: str) -> str:
    return _bytes(encoded).decode("utf-8", "replace")


def _bytes(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise Unintelligible(str(error)) from error


def _object(encoded: str) -> ElementTree.Element:
    """The object in a CLIXML document."""
    text = _bytes(encoded)
    refuse_unsafe(text)
    root = read_xml(re.sub(rb'\sxmlns="[^"]*"', b"", text, count=1))
    if not len(root):
        raise Unintelligible("there is no object in it")
    return root[0]
