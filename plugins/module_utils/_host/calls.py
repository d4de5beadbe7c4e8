# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cmdlets with typed parameters, and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Defect,
    OutcomeUnknown,
    Unreachable,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.module_utils._host.way import Way


class Calls:
    """What one task calls on its host: reads, writes, and what is remembered from earlier tasks of the play."""

    def __init__(self, way: Way, *, check_mode: bool = False, domain_controller: str | None = None) -> None:
        self._way = way
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
        reply = self._write(cmdlet, parameters, endpoint=endpoint, deadline=deadline)
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
            return self._write(cmdlet, parameters, endpoint="exchange", piped=items)
        return self.call(cmdlet, endpoint="exchange", members=members, piped=items, **parameters)

    def _write(
        self,
        cmdlet: str,
        parameters: Mapping[str, Any],
        *,
        endpoint: str,
        deadline: float | None = None,
        piped: Sequence[str] | None = None,
    ) -> Reply:
        """Note a writing cmdlet down, and send it unless this is check mode."""
        self.sent.append({"cmdlet": cmdlet, "parameters": parameters, **({"piped": len(piped)} if piped else {})})
        if self.check_mode:
            return Reply(memory=self.memory)
        return self.call(cmdlet, endpoint=endpoint, write=True, deadline=deadline, piped=piped, **parameters)

    def tell(self, text: str) -> None:
        """Let the user see how far a long task has come."""
        self._way.tell(text)

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
        """Run one cmdlet. Its errors are part of the answer; only a way that breaks raises."""
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
        reply = Reply.parse(self._way.invoke(request.to_json()))
        cmdlet = request.cmdlet or "the session"
        for text in reply.said:
            self._way.note(f"PowerShell said while it ran {cmdlet}: {text}")
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
