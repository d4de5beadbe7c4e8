# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PowerShell remoting through pypsrp: pipelines of cmdlets with typed parameters, never script text."""

from __future__ import annotations

import time
import typing as t

from pypsrp.complex_objects import PSCredential, PSInvocationState, RunspacePoolState
from pypsrp.exceptions import WSManFaultError
from pypsrp.negotiate import HTTPNegotiateAuth
from pypsrp.powershell import Fragmenter, PowerShell, RunspacePool
from pypsrp.serializer import TaggedValue
from pypsrp.wsman import SelectorSet, WSMan

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    BYTES,
    Reply,
    Request,
    read_binary,
    read_credential,
    read_secret,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.boundary import (
    TransportError,
    Unintelligible,
    Unopened,
    asking,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import LineSerializer, read_error, to_plain
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.proxies import proxy_of
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import (
    GRACE,
    LARGEST_OBJECT,
    Interrupted,
    Meter,
    Overdue,
    check,
    is_refusal,
    is_unopened,
    look_beforehand,
    refused,
    sentence,
)

# So many finished pipelines may wait for the end of their shell, which closes them all in one request; a play of some
# hundred tasks must not come near the 1,000 that WinRM allows a shell. A host that allows fewer refuses the
# next one, which gets a new shell.
KEPT = 50

# What can be taken of a server's offer. pypsrp takes the first that it knows, and then stumbles over its own choice.
OFFERS = {"kerberos": ["Negotiate", "Kerberos"], "ntlm": ["Negotiate", "NTLM"]}


class PsrpShell:
    """A runspace pool on one endpoint of a host."""

    def __init__(self, settings: Settings, name: str) -> None:
        """Refused with a sentence if the settings cannot be used."""
        self._settings = settings
        self._name = name
        self._meter = Meter()
        self._serializer = LineSerializer()
        self.usable = True
        self._finished: list[PowerShell] = []
        self._may_be_open = False
        look_beforehand(settings, name)
        try:
            with asking():
                self._pool = self._make_pool()
        except TransportError as error:
            raise refused(settings, name, error) from error

    def open(self) -> None:
        """Open the pool; Refused with a sentence if that cannot be done."""
        self._may_be_open = True
        try:
            with asking():
                self._pool.open()
        except TransportError as error:
            self._may_be_open = not is_unopened(error.cause) or self._pool.shell.opened
            raise refused(self._settings, self._name, error) from error

    def _make_pool(self) -> RunspacePool:
        settings = self._settings
        endpoint: Endpoint = getattr(settings, self._name)
        proxy = proxy_of(settings, self._name)
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
            read_timeout=settings.long_poll + GRACE,
            operation_timeout=settings.long_poll,
            encryption=endpoint.encryption,
            proxy=proxy.url if proxy else None,
            no_proxy=proxy is None,
            certificate_pem=settings.certificate_pem,
            certificate_key_pem=settings.certificate_key_pem,
            negotiate_service=endpoint.service,
            negotiate_delegate=settings.delegate,
            negotiate_hostname_override=settings.hostname_override,
        )
        transport = wsman.transport
        build, send = transport._build_session, transport.send

        def build_metered() -> t.Any:
            session = build()
            if settings.auth in OFFERS:
                vars(session.auth)["_check_auth_supported"] = self._chosen
            self._meter.watch(session)
            return session

        def send_and_check(*args: t.Any, **options: t.Any) -> bytes:
            # pypsrp would ask a silent server five times more, with growing pauses; and where it is told how long the
            # server waits for output, it gives it two seconds more, in the place of the time that was set above.
            return check(send(*args, **options | {"retries_on_read_timeout": 0, "timeout": None}))

        vars(transport).update(_build_session=build_metered, send=send_and_check)
        pool = RunspacePool(wsman, configuration_name=endpoint.configuration)
        pool._serializer = self._serializer
        pool._fragmenter = Fragmenter(wsman.max_payload_size, self._serializer)
        vars(pool)["_process_runspacepool_state"] = self._pool_changed
        return pool

    def _pool_changed(self, message: t.Any) -> t.Any:
        """Take a pool's state; Unopened with the server's reason if it could not open it."""
        # pypsrp raises the same error for this as for an answer that is none, and takes a closed pool for an open one.
        self._pool.state = message.data.state
        if self._pool.state in (RunspacePoolState.BROKEN, RunspacePoolState.CLOSED):
            record = message.data.error_record
            raise Unopened(read_error(record, "") if record else CmdletError())
        return message.data

    def _chosen(self, response: t.Any, _known: list[str]) -> t.Any:
        """What to take of a server's offer; AuthenticationError if there is nothing in it."""
        negotiate: t.Any = HTTPNegotiateAuth
        return negotiate._check_auth_supported(response, OFFERS[self._settings.auth])

    def run(self, request: Request, seconds: float) -> Reply:
        """Run a request's pipeline; Refused, Interrupted or Overdue if its answer did not come whole."""
        powershell = PowerShell(self._pool)
        cmdlet = request.cmdlet
        try:
            for stage, parameters in request.stages:
                powershell.add_cmdlet(stage)
                for parameter, value in parameters.items():
                    powershell.add_parameter(parameter, self._typed(value, seconds))
        except TransportError as error:
            # Only a key was asked for.
            raise refused(self._settings, self._name, error) from error
        try:
            with asking():
                powershell.begin_invoke(t.cast(t.Any, request.piped or None))
        except TransportError as error:
            if is_refusal(error.cause):
                raise refused(self._settings, self._name, error) from error
            raise Interrupted(f"{cmdlet}: {sentence(self._settings, self._name, error)}") from error
        try:
            output = self._receive(powershell, request, seconds)
            errors = [read_error(record, cmdlet) for record in powershell.streams.error]
        except TransportError as broken:
            raise Interrupted(f"{cmdlet}: {sentence(self._settings, self._name, broken)}") from broken
        # Nobody here stops a pipeline: the server did, with the session it ran in.
        if powershell.state == PSInvocationState.STOPPED:
            raise Interrupted(f"{cmdlet} was stopped: {self._settings.url(self._name)} lost the session.")
        completed = powershell.state == PSInvocationState.COMPLETED
        reply = Reply(
            state="completed" if completed else "failed",
            output=output,
            errors=errors,
            warnings=[str(getattr(record, "message", record)) for record in powershell.streams.warning],
        )
        self._finished.append(powershell)
        if len(self._finished) > KEPT:
            self._clear()
        return reply

    def _clear(self) -> None:
        """Close the pipelines that are finished, which costs a request for each."""
        try:
            while self._finished:
                with asking(opened=True):
                    self._finished.pop().close()
        except TransportError:
            # Their answers are complete; only the session that gave them is gone.
            self.usable = False

    def _receive(self, powershell: PowerShell, request: Request, seconds: float) -> list[t.Any]:
        # pypsrp waits for the pipeline's state alone, which a lost shell never sends: hence the deadline. Output
        # moves it on, for tens of thousands of mailboxes take their time.
        output: list[t.Any] = []
        deadline = time.monotonic() + seconds
        self._meter.received = 0
        while powershell.state == PSInvocationState.RUNNING:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Overdue(f"{request.cmdlet} did not answer on {self._settings.host} within {seconds:g} seconds.")
            with asking(opened=True):
                powershell.poll_invoke(timeout=max(1, min(self._settings.long_poll, int(left))))
            if powershell.output:
                output += [to_plain(one, request.members) for one in powershell.output]
                powershell.output.clear()
                deadline = time.monotonic() + seconds
                self._meter.received = 0
            if self._meter.received > LARGEST_OBJECT:
                raise Unintelligible(f"more than {LARGEST_OBJECT >> 20} MB came without one object")
        return output

    def _typed(self, value: t.Any, seconds: float) -> t.Any:
        """A parameter's value as pypsrp sends it; a password is encrypted with a key that the pool agreed on."""
        if found := read_credential(value):
            self._agree_on_key(seconds)
            credential: t.Any = PSCredential
            return credential(username=found[0], password=found[1])
        if (password := read_secret(value)) is not None:
            self._agree_on_key(seconds)
            return TaggedValue("SS", password)
        if isinstance(value, dict) and value.keys() == {BYTES}:
            return read_binary(value)
        if isinstance(value, list):
            return [self._typed(one, seconds) for one in value]
        if isinstance(value, dict):
            return {name: self._typed(one, seconds) for name, one in value.items()}
        # pypsrp takes every whole number for an Int32, however large it is.
        if isinstance(value, int) and not -(1 << 31) <= value < 1 << 31:
            return TaggedValue("I64", value)
        return value

    def _agree_on_key(self, seconds: float) -> None:
        self._pool.session_key_timeout_ms = int(seconds * 1000)
        with asking():
            self._pool.exchange_keys()

    def close(self) -> None:
        """Close the pool, over a new connection if the old one is gone."""
        shell, transport = self._pool.shell, self._pool.connection.transport
        transport.connection_timeout = transport.read_timeout = GRACE
        if self._may_be_open and not shell.opened:
            # The answer is lost, and the shell may be open all the same. Its id is the client's choice.
            shell._selector_set = SelectorSet()
            shell._selector_set.add_option("ShellId", self._pool.id)
            shell.opened = True
        for _attempt in range(2):
            try:
                # Does nothing where none was opened.
                with asking():
                    shell.close()
                self._may_be_open = False
                break
            except TransportError as error:
                # A shell that is already gone answers so; there is nothing left to do about it.
                if isinstance(error.cause, WSManFaultError):
                    break
                # Windows drops an idle connection after two minutes, and with it the key that NTLM and Kerberos encrypt
                # messages with, while the shell lives on: log on anew to delete it.
                transport.close()
                transport.session = transport.encryption = None
        transport.close()
