# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cmdlets with typed parameters, and their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    MOST_NAMED,
    MOST_WORDS,
    CmdletFailure,
    Defect,
    OutcomeUnknown,
    Unreachable,
    shortened,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request, without_secrets
from ansible_collections.mailops.exchange.plugins.module_utils._host.progress import Progress
from ansible_collections.mailops.exchange.plugins.module_utils._host.way import Way

# What they find and write is in one domain of the forest; all else is in the configuration, which each controller has.
_OF_RECIPIENTS = {"Get-CASMailbox", "Set-CASMailbox", "Get-User"}


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
        self.left_controller = ""
        """The domain controller that the play has stayed with up to this task, which found that it fails."""

    def read(
        self, cmdlet: str, *, endpoint: str = "exchange", members: Sequence[str] | None = None, **parameters: Any
    ) -> list[Mapping[str, Any]]:
        """The objects a reading cmdlet puts out."""
        reply = self.call(cmdlet, endpoint=endpoint, members=members, **parameters)
        if reply.failed:
            raise CmdletFailure(cmdlet, reply.errors, reply.reason)
        warnings = {shortened(warning, MOST_WORDS): None for warning in reply.warnings}
        new = [warning for warning in warnings if warning not in self.warnings]
        more = [f"{cmdlet} gave {len(new) - MOST_NAMED:,} more warnings."] if len(new) > MOST_NAMED else []
        self.warnings += [*new[:MOST_NAMED], *more]
        return reply.output

    def write(
        self, cmdlet: str, *, endpoint: str = "exchange", deadline: float | None = None, of: str = "", **parameters: Any
    ) -> None:
        """Send a writing cmdlet; in check mode it is only noted down. `of` is what sentences say it was for."""
        # Its warnings are left out: the two documented ones say what the plan and restart_required say already
        # ("no settings modified", "restart the service"), and their text is localized.
        reply = self._write(cmdlet, parameters, endpoint=endpoint, deadline=deadline, of=of)
        if reply.failed:
            raise CmdletFailure(cmdlet, reply.errors, reply.reason, of)

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
        of: str = "",
    ) -> Reply:
        """Note a writing cmdlet down, and send it unless this is check mode."""
        shown = without_secrets(parameters)
        self.sent.append({"cmdlet": cmdlet, "parameters": shown, **({"piped": len(piped)} if piped else {})})
        if self.check_mode:
            return Reply(memory=self.memory)
        return self.call(cmdlet, endpoint=endpoint, write=True, deadline=deadline, piped=piped, of=of, **parameters)

    def progress(self) -> Progress:
        """By which the user sees how far a long task has come."""
        return Progress(self._way.tell, self._way.clock)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Let the user see that one long answer is still waited for."""
        progress = self.progress()
        with self._way.ticking(lambda: progress.waited(what)):
            yield

    def call(
        self,
        cmdlet: str,
        *,
        endpoint: str,
        write: bool = False,
        members: Sequence[str] | None = None,
        deadline: float | None = None,
        piped: Sequence[str] | None = None,
        then: Sequence[tuple[str, Mapping[str, Any]]] = (),
        of: str = "",
        **parameters: Any,
    ) -> Reply:
        """Run one cmdlet, and ``then`` those that take what it puts out.

        Errors are part of the answer; only a way that breaks raises.
        """
        pinned = self._pinned(cmdlet) if endpoint == "exchange" else ""
        named = self.domain_controller if endpoint == "exchange" else None
        if named or pinned:
            parameters["DomainController"] = named or pinned
        request = Request(endpoint, cmdlet, parameters, piped, members, write, deadline, then=then)
        reply = self._send(request, of)
        if pinned:
            return self._despite(pinned, request, reply)
        if named:
            reply = replace(
                reply, errors=[replace(e, asked_of=named) if e.of_the_directory else e for e in reply.errors]
            )
        return reply

    def _pinned(self, cmdlet: str) -> str:
        """The domain controller to stay with, which nobody asked for but us; empty if there is none."""
        if self.domain_controller or (cmdlet in _OF_RECIPIENTS and self.memory.get("recipients_elsewhere")):
            return ""
        return self.memory.get("domain_controller") or ""

    def _despite(self, pinned: str, request: Request, reply: Reply) -> Reply:
        """The answer, or the one that comes without our domain controller, where that is to blame for the errors.

        Staying with one is our wish, not the user's, so it is given up before a task fails for it. What was written is
        not sent again here: it may have happened, and whoever settles it looks first.
        """
        others = {name: value for name, value in request.parameters.items() if name != "DomainController"}
        unpinned, errors = replace(request, parameters=others), reply.errors
        if any(e.unknown_parameter and e.parameter in (None, "DomainController") for e in errors):
            # RBAC can withhold single parameters. Nothing ran: binding failed.
            self.remember(domain_controller="")
            return self._send(unpinned)
        if request.write:
            mailboxes = request.cmdlet in _OF_RECIPIENTS
            if failed := next((e for e in errors if e.of_a_write_there(mailboxes=mailboxes)), None):
                self._leave(pinned, failed.sentence(request.cmdlet))
            return reply
        if failed := next((e for e in errors if e.of_the_directory), None):
            again = self._send(unpinned)
            if again.state == "completed" and not any(e.of_the_directory for e in again.errors):
                self._leave(pinned, failed.sentence(request.cmdlet))
            return again
        if request.cmdlet in _OF_RECIPIENTS and request.piped is None and any(e.missing_object for e in errors):
            again = self._send(unpinned)
            if not again.failed:
                self.remember(recipients_elsewhere=True)
                self.warnings.append(
                    f"{shortened(pinned)} does not have every mailbox that Exchange finds, so mailboxes are read and "
                    "written on domain controllers that Exchange chooses from now on; set domain_controller to use a "
                    "single one."
                )
            return again
        return reply

    def _leave(self, pinned: str, why: str) -> None:
        """Give up for the rest of the play the domain controller that nobody asked for."""
        # An empty name is remembered, so that no other one takes its place, which may fail as well.
        self.remember(domain_controller="")
        self.left_controller = pinned
        self.warnings.append(
            f"{shortened(pinned)}: the play has used this domain controller since its first answer, but it now fails, "
            "so the play continues with the one that Exchange chooses, which may not have received every change yet; "
            f"set domain_controller to use a single one. {why}"
        )

    @property
    def memory(self) -> Mapping[str, Any]:
        """What the session knows from earlier tasks of the play, and what it was told of the connection."""
        if self._memory is None:
            self.remember()
        return self._memory or {}

    def remember(self, **facts: Any) -> None:
        """Keep facts for the later tasks of this play on this host."""
        self._send(Request(remember=facts))

    def _send(self, request: Request, of: str = "") -> Reply:
        reply = Reply.parse(self._way.invoke(request.to_json()))
        cmdlet = request.cmdlet or "the session"
        for text in reply.said:
            self._way.note(f"PowerShell reported while it ran {cmdlet}: {text}")
        if reply.state == "defect":
            maybe = ", which may or may not have taken effect" if request.write else ""
            raise Defect(
                f"This collection has a bug: {reply.reason}, when running {cmdlet}{maybe}. Please report it with the "
                "traceback that -vvv shows.",
                traceback=reply.traceback,
                changed=request.write or (bool(self.sent) and not self.check_mode),
            )
        if reply.state == "unreachable":
            raise Unreachable(reply.reason or "The host cannot be reached.")
        if reply.state == "unknown":
            lost = f"{cmdlet} was sent{of and f' for {of}'} and its answer was lost"
            why = (reply.reason or "no reason was given").removeprefix(f"{cmdlet}: ").rstrip(".")
            raise OutcomeUnknown(
                f"{lost}, so it may or may not have taken effect: {why}.", f"{lost}; it had no effect: {why}."
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
