# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The WinRM shell through pywinrm: one powershell.exe that is told pipelines as text and answers in CLIXML."""

from __future__ import annotations

import base64
import contextlib
import re
import time
import typing as t
from collections.abc import Iterator
from xml.etree import ElementTree

from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from winrm import exceptions as pywinrm
from winrm.protocol import Protocol

from ansible_collections.mailops.exchange.plugins.plugin_utils import powershell
from ansible_collections.mailops.exchange.plugins.plugin_utils.clixml import (
    LineSerializer,
    error_to_plain,
    refuse_dtd,
    to_plain,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import (
    GRACE,
    LARGEST_OBJECT,
    Interrupted,
    Meter,
    Overdue,
    Settings,
    TransportError,
    first_line,
    is_refusal,
    refused,
    sentence,
)

# Bytes of standard input in one request: with base64 and the envelope far below the 150 KB that any server takes.
PIECE = 64 << 10
UTF8 = 65001


class _Protocol(Protocol):
    """pywinrm's protocol, which does not look whether an answer belongs to its question."""

    def send_message(self, message: str) -> bytes:
        reply = super().send_message(message)
        refuse_dtd(reply)
        asked = re.search("<a:MessageID>([^<]*)<", message)
        answered = re.search(b"RelatesTo[^>]*>([^<]*)<", reply)
        if not asked or not answered or asked[1] != answered[1].decode():
            raise WinRMError("the answer belongs to another request")
        return reply


class WinrsShell:
    """A WinRM shell on the windows endpoint of a host, with one PowerShell process in it."""

    def __init__(self, settings: Settings) -> None:
        """Open it; Refused with a sentence if that cannot be done."""
        self._settings = settings
        self._meter = Meter()
        self._shell: str | None = None
        self._unread = b""
        self.usable = True
        try:
            with _errors_as_pypsrps():
                self._protocol = self._log_on()
                self._shell = self._protocol.open_shell(codepage=UTF8)
                program, arguments = powershell.command_line()
                self._process = self._protocol.run_command(self._shell, program, arguments)
        except (*TransportError, ImportError) as error:
            self.close()
            raise refused(settings, "windows", error) from error

    def _log_on(self) -> _Protocol:
        settings = self._settings
        protocol = _Protocol(
            endpoint=settings.url("windows"),
            # pywinrm has no Negotiate; without Kerberos it comes to NTLM.
            transport=t.cast(t.Any, "ntlm" if settings.auth == "negotiate" else settings.auth),
            username=settings.user,
            password=settings.password,
            service=settings.windows.service,
            ca_trust_path=settings.ca_cert or "legacy_requests",
            cert_pem=settings.certificate_pem,
            cert_key_pem=settings.certificate_key_pem,
            server_cert_validation="validate" if settings.cert_validation else "ignore",
            kerberos_delegation=settings.delegate,
            kerberos_hostname_override=settings.hostname_override,
            message_encryption=t.cast(t.Any, settings.windows.encryption),
            proxy=None if settings.ignore_proxy else settings.proxy or "legacy_requests",
            operation_timeout_sec=settings.long_poll,
            read_timeout_sec=settings.long_poll + GRACE,
        )
        transport: t.Any = protocol.transport
        # requests takes the two apart: how long to wait for a connection, and for an answer.
        transport.read_timeout_sec = (settings.connection_timeout, settings.long_poll + GRACE)
        self._meter.watch(transport.build_session())
        return protocol

    def run(self, request: dict[str, t.Any], seconds: float) -> dict[str, t.Any]:
        """Run a request's pipeline; Refused, Interrupted or Overdue if its answer did not come whole."""
        cmdlet = request["pipeline"][-1]["cmdlet"]
        try:
            text = powershell.render(request["pipeline"], request.get("input"))
        except ValueError as error:
            return {"state": "failed", "output": [], "errors": [], "warnings": [], "reason": str(error)}
        reply: dict[str, t.Any] = {"state": None, "output": [], "errors": [], "warnings": []}
        sent = False
        try:
            with _errors_as_pypsrps():
                line = base64.b64encode(text.encode()) + b"\n"
                for start in range(0, len(line), PIECE):
                    self._protocol.send_command_input(self._shell or "", self._process, line[start : start + PIECE])
                sent = True
                for kind, value in self._receive(cmdlet, seconds):
                    if kind == "end":
                        reply["state"] = value
                    elif kind == "output":
                        reply["output"].append(to_plain(_object(value), request.get("members")))
                    elif kind == "error":
                        error_record = error_to_plain(_object(value), cmdlet)
                        # What ends a pipeline is caught, and is also in the variable that collects errors.
                        reply["errors"] += [error_record] if error_record not in reply["errors"] else []
                    else:
                        reply["warnings"].append(str(_object(value)))
        except TransportError as error:
            if not sent and is_refusal(error):
                raise refused(self._settings, "windows", error) from error
            raise Interrupted(f"{cmdlet}: {sentence(self._settings, 'windows', error)}") from error
        return reply

    def _receive(self, cmdlet: str, seconds: float) -> Iterator[tuple[str, str]]:
        """The lines of an answer, as their first word and the rest."""
        deadline = time.monotonic() + seconds
        self._meter.received = 0
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Overdue(f"{cmdlet} gave no answer on {self._settings.host} within {seconds:g} seconds.")
            self._protocol.operation_timeout_sec = max(1, min(self._settings.long_poll, int(left)))
            try:
                output, errors, _code, ended = self._protocol.get_command_output_raw(self._shell or "", self._process)
            except pywinrm.WinRMOperationTimeoutError:
                continue
            *lines, self._unread = (self._unread + output).split(b"\n")
            for line in lines:
                kind, _, value = line.strip().decode("ascii").partition(" ")
                yield kind, value
                if kind == "end":
                    return
                deadline = time.monotonic() + seconds
                self._meter.received = 0
            if ended:
                said = first_line(errors.decode("utf-8", "replace"))
                raise Interrupted(f"{cmdlet}: PowerShell ended on {self._settings.host} before its answer: {said}.")
            if self._meter.received > LARGEST_OBJECT:
                raise ValueError(f"more than {LARGEST_OBJECT >> 20} MB came without one object")

    def close(self) -> None:
        """Close the shell, over a new connection if the old one is gone; the process ends with it."""
        if self._shell is None:
            return
        transport: t.Any = self._protocol.transport
        transport.read_timeout_sec = GRACE
        for _attempt in range(2):
            try:
                with _errors_as_pypsrps():
                    self._protocol.close_shell(self._shell)
                return
            except WSManFaultError:
                # A shell that is already gone answers so; there is nothing left to do about it.
                return
            except TransportError:
                # The key that messages are encrypted with went with the connection: log on anew.
                transport.close_session()
                transport.encryption = None


@contextlib.contextmanager
def _errors_as_pypsrps() -> Iterator[None]:
    """Both libraries know the same errors; whoever handles them need know one set of names only."""
    try:
        yield
    except pywinrm.InvalidCredentialsError as error:
        raise AuthenticationError(str(error)) from error
    except pywinrm.WSManFaultError as error:
        raise WSManFaultError(error.wsman_fault_code, None, error.reason, None, None, None) from error
    except pywinrm.WinRMTransportError as error:
        raise WinRMTransportError("http", error.code, error.response_text) from error
    except pywinrm.WinRMError as error:
        raise WinRMError(str(error)) from error


def _object(encoded: str) -> t.Any:
    """The object in a CLIXML document."""
    text = base64.b64decode(encoded, validate=True)
    refuse_dtd(text)
    bare = re.sub(rb'\sxmlns="[^"]*"', b"", text, count=1)
    root = ElementTree.fromstring(bare)  # noqa: S314 - it declares no entities
    return LineSerializer().deserialize(root[0])
