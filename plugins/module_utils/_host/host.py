# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a module sees of a host: what it can call there, which Exchange server is meant, and how it is waited for."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.calls import Calls
from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Failure,
    Unreachable,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    needed,
    string_text,
    wire_name,
    wire_text,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server, read_names
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._host.way import current_way


def connect(*, check_mode: bool = False, domain_controller: str | None = None) -> Host:
    """The host of the current task. Nothing is sent before the first call."""
    return Host(current_way(), check_mode=check_mode, domain_controller=domain_controller)


class Host(Calls):
    """One host during one task."""

    IDENTITY = ("Name", "Fqdn", "Guid", "DistinguishedName", "ExchangeLegacyDN")
    POLL_SECONDS = 1.0
    PROBE_SECONDS = 30.0

    @property
    def form(self) -> str:
        """In which form Exchange's objects come: ``full``, ``plain``, or ``live`` from the server's own snap-in."""
        return str(self.memory.get("form", "full"))

    def server(self, identity: str | None = None) -> Server:
        """The one Exchange server meant: the one named, or the one this connection leads to. Asked once in a play."""
        key = f"server {identity.casefold()}" if identity else "server"
        chosen = self.domain_controller or "domain_controller" in self.memory
        # A task with a controller of its own may have found the server; which one to stay with is then still open.
        if (known := self.memory.get(key)) and chosen:
            return Server(**{**known, "version": Version(*known["version"])})
        found = self._find(identity) if identity else self._find_connected()
        if found is None:
            raise Failure(
                f"server: {quoted(identity)} does not name exactly one Exchange server; use the name or the FQDN that "
                "Get-ExchangeServer shows."
                if identity
                else "The Exchange server of this connection was not found by the host's address, its inventory "
                "name, or its computer name; set the option server."
            )
        server = Server.read(found)
        facts: dict[str, Any] = {key: asdict(server)}
        if not chosen:
            # Each controller shows its own state until replication has caught up: stay with the one that answered.
            controller = facts["domain_controller"] = string_text(found.get("OriginatingServer")) or ""
            # Any controller of the forest may have answered, and mailboxes are looked for in the server's domain.
            facts["recipients_elsewhere"] = _domain(controller) != _domain(server.fqdn)
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
        if reply.failed:
            raise CmdletFailure("Get-ExchangeServer", reply.errors, reply.reason)
        for found in reply.output:
            read_names(found)
        # The cmdlet's page warns that an identity that does not exist may return all servers: verify.
        if len(reply.output) != 1:
            return None
        found = reply.output[0]
        names = {wire_text(found.get(member)).casefold() for member in self.IDENTITY}
        return found if identity.casefold() in names else None

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
        found = self.cim("Win32_ComputerSystem", members=("Name",))
        name = found[0].get("Name") if found else None
        return needed(wire_name, name, cmdlet="Win32_ComputerSystem", member="Name", of="this host")

    def wait(self, met: Callable[[], bool], seconds: float) -> bool:
        """Ask again and again until the condition is met; False when the time is over."""
        end = self._way.clock() + seconds
        while not met():
            remaining = end - self._way.clock()
            if remaining <= 0:
                return False
            self._way.pause(min(self.POLL_SECONDS, remaining))
        return True

    def pause(self) -> None:
        """Let one polling interval pass."""
        self._way.pause(self.POLL_SECONDS)

    def wait_for_exchange(self, name: str, seconds: float) -> None:
        """Wait until the Exchange endpoint answers a cmdlet again, with errors or without."""
        end = self._way.clock() + seconds
        while True:
            deadline = max(1.0, min(self.PROBE_SECONDS, end - self._way.clock()))
            try:
                self.call(
                    "Get-ExchangeServer", endpoint="exchange", members=("Name",), deadline=deadline, Identity=name
                )
            except Unreachable as unreachable:
                remaining = end - self._way.clock()
                if remaining <= 0:
                    reason = str(unreachable).rstrip(".")
                    told = f"The Exchange endpoint did not answer again within {seconds:g} seconds: {reason}."
                    raise Failure(told) from unreachable
                self._way.pause(min(self.POLL_SECONDS, remaining))
            else:
                return


def _domain(fqdn: str) -> str:
    return fqdn.partition(".")[2].casefold()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
