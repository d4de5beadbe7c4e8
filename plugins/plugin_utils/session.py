# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The far end of the way to a host: the PowerShell sessions of one host, kept for a whole play.

A request is a cmdlet with typed parameters, or a pipeline of some; a reply is data: what came out, the errors, and how
sure it is that the cmdlet ran. Nothing of Ansible is imported here, so that a test can drive a session directly.
"""

from __future__ import annotations

import time
import traceback
import typing as t
from collections import deque
from dataclasses import replace

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    quoted,
    words_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Reply,
    Request,
    Unreadable,
    as_object,
    string_text,
)
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.boundary import place_of
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Interrupted, Overdue, Refused, Shell

# The management snap-in of Exchange 2013 and newer, of 2010, and of 2007.
SNAPINS = tuple(f"Microsoft.Exchange.Management.PowerShell.{name}" for name in ("SnapIn", "E2010", "Admin"))

# How Exchange's own classes end that say "no domain controller answered me", which is how a log-on that cannot be
# passed on to one shows itself.
DIRECTORY_ERRORS = (
    "ADInvalidCredentialException",
    "ADOperationException",
    "ADTransientException",
    "SuitabilityDirectoryException",
)

# Lines that are kept of what a process says besides the answer to one request.
MOST_LINES = 20

# How often a pipeline that only reads, or that the server did not take, is sent again over a new session.
REOPENINGS = 3


class Session:
    """The PowerShell sessions of one host: opened at the first call, kept, reopened when they are gone."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: t.Callable[[], float] = time.monotonic,
        pause: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._pause = pause
        self._shells: dict[str, Shell] = {}
        self._unclosed: list[Shell] = []
        self._answered: set[str] = set()
        self._snapin: Shell | None = None
        self._said: deque[str] = deque(maxlen=MOST_LINES)
        self._memory: dict[str, t.Any] = {
            "host": settings.host,
            "inventory_hostname": settings.inventory_hostname,
            "form": settings.form,
            "transport": settings.transport,
        }

    def invoke(self, text: str) -> str:
        """Run the cmdlet that the JSON request names and answer with a JSON reply, whatever happens on the way."""
        try:
            request = Request.parse(text)
            self._memory.update(request.remember)
            reply = Reply()
            if request.cmdlet:
                self._said.clear()
                reply = replace(self._answer(request), said=list(self._said))
            return replace(reply, memory=self._memory).to_json()
        except Exception as error:
            told = "".join(traceback.format_tb(error.__traceback__))
            return Reply("defect", reason=place_of(error), traceback=told).to_json()

    def close(self) -> None:
        """Close every shell."""
        for place in list(self._shells):
            self._discard(place)
        while self._unclosed:
            self._unclosed[-1].close()
            self._unclosed.pop()

    def _answer(self, request: Request) -> Reply:
        name = request.endpoint
        place = "windows" if self.settings.access == "local" else name
        seconds = self._seconds(request)
        begun, reopened = self._clock(), 0
        while True:
            was_open = place in self._shells
            try:
                shell = self._shell(place)
                if name != place:
                    self._load_snapin(shell, seconds)
                reply = shell.run(request, seconds)
            except Refused as refused:
                self._discard(place)
                # A kept session may have been lost while it lay idle (IIS restarted, shell expired): a fresh one.
                if (was_open or refused.unanswered) and reopened < REOPENINGS:
                    reopened += 1
                    continue
                patience = self._patience(place, refused, seconds)
                if self._clock() - begun < patience:
                    self._pause(1)
                    continue
                told = f" (asked again for {patience:g} seconds)" if patience else ""
                return Reply("unreachable", reason=f"{str(refused).rstrip('.')}{told}.")
            except Interrupted as interrupted:
                self._discard(place)
                if request.write:
                    return Reply("unknown", reason=str(interrupted))
                if reopened < REOPENINGS and not isinstance(interrupted, Overdue):
                    reopened += 1
                    continue
                return Reply("unreachable", reason=str(interrupted))
            except BaseException:
                # What interrupts a call is raised anywhere in here, and nobody knows how far the session got.
                self._discard(place)
                raise
            self._answered.add(place)
            if not shell.usable:
                self._discard(place)
            return self._explained(name, place, reply)

    def _seconds(self, request: Request) -> float:
        """How long to wait for the answer."""
        longest = self.settings.command_timeout
        if request.deadline is None:
            return longest
        # A write that names its own time is known to take it, as a service does that stops.
        return request.deadline if request.write else min(request.deadline, longest)

    def _patience(self, place: str, refused: Refused, seconds: float) -> float:
        """How long it is worth to ask again: others may close their shells, and restarted services come back."""
        if refused.shell_limit:
            return min(self.settings.shell_wait, seconds)
        if refused.passing and place in self._answered:
            return min(self.settings.connection_timeout, seconds)
        return 0

    def _shell(self, place: str) -> Shell:
        shell = self._shells.get(place)
        if shell is None:
            # Known before it is opened: so it is closed whatever keeps it from being opened.
            shell = self._shells[place] = self._make_shell(place)
            shell.open()
        return shell

    def _make_shell(self, place: str) -> Shell:
        # Each library is needed for its own transport only, and takes its time to import.
        if self.settings.transport == "winrm":
            from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.winrs import WinrsShell

            return WinrsShell(self.settings, self._said)
        from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.psrp import PsrpShell

        return PsrpShell(self.settings, place)

    def _load_snapin(self, shell: Shell, seconds: float) -> None:
        """Make Exchange's cmdlets known to a shell of the windows endpoint."""
        if self._snapin is shell:
            return
        pattern = "Microsoft.Exchange.Management.PowerShell.*"
        asked = Request("windows", "Get-PSSnapin", {"Name": pattern, "Registered": True}, members=("Name",))
        found = shell.run(asked, seconds)
        if found.reason:
            raise Refused(f"{found.reason}.")
        registered: set[str] = set()
        unread: Unreadable | None = None
        for one in map(as_object, found.output):
            shown = one.get("Name") or one
            if text := string_text(shown, called_as_types=True):
                registered.add(text.casefold())
            else:
                unread = Unreadable(shown)
        name = next((name for name in SNAPINS if name.casefold() in registered), None)
        if name is None and unread:
            raise Refused(
                f"Get-PSSnapin shows Name of a snap-in of {self.settings.host} as {unread}, which cannot be read, so "
                "it is not known whether Exchange's is there; please report that."
            )
        if name is None:
            raise Refused(
                f"{self.settings.host} has no Exchange management snap-in, which ansible_exchange_access: local "
                "requires: install Exchange's management tools there, or use ansible_exchange_access: remote."
            )
        added = shell.run(Request("windows", "Add-PSSnapin", {"Name": name}), seconds)
        if added.errors:
            said = words_of(added.errors[0].message)
            raise Refused(f"Add-PSSnapin could not load {name} on {self.settings.host}: {said}.")
        self._snapin = shell

    def _explained(self, name: str, place: str, reply: Reply) -> Reply:
        """Say what is behind it if local cmdlets find no domain controller."""
        if name == place or self.settings.reaches_directory:
            return reply
        for error in reply.errors:
            if error.exception.endswith(DIRECTORY_ERRORS):
                said = words_of(error.message)
                return Reply(
                    "unreachable",
                    reason=f"{self.settings.host} could not reach Active Directory as {quoted(self.settings.user)}: a "
                    f"{self.settings.auth} authentication is not passed on to a domain controller; with "
                    "ansible_exchange_access: local, use CredSSP, Kerberos with ansible_exchange_delegate: true, or "
                    f"Basic over TLS ({said}).",
                )
        return reply

    def _discard(self, place: str) -> None:
        if place not in self._shells:
            return
        shell = self._shells[place]
        # An alarm, or the end of the playbook, may interrupt the closing: then it is done when the process ends.
        self._unclosed.append(shell)
        del self._shells[place]
        shell.close()
        self._unclosed.remove(shell)
