# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much POP3 and IMAP4 users may ask of Exchange."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Failure,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unread, Unreadable, wire_name
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Enum
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Identity
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option
from ansible_collections.mailops.exchange.plugins.module_utils._tables.throttling import THROTTLING_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Plan, Stored, read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import Settings

# The numbers are inferred.
_SCOPE = Enum({"Regular": 0, "Organization": 1, "Global": 2})


class ThrottlingPolicy(Settings):
    """One throttling policy of the organization, with what it inherits."""

    noun = "ThrottlingPolicy"
    settings = THROTTLING_SETTINGS
    options = (*SERVER_OPTIONS, Option("name", Identity("throttling policy"), required=True), *settings)
    scope = ""

    @property
    def title(self) -> str:
        return f"throttling policy {self.given['name']}"

    @property
    def what(self) -> str:
        return f"the settings of the {self.title}"

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"Identity": self.given["name"]}

    def find(self) -> Stored:
        name = self.given["name"]
        members = ["Name", "ThrottlingPolicyScope", *(row.parameter for row in self.rows)]
        try:
            found = self.host.read("Get-ThrottlingPolicy", members=members, **self.identity)
        except CmdletFailure as failure:
            if not failure.errors or not all(error.missing_object for error in failure.errors):
                raise
            found = []
        try:
            names = [wire_name(one.get("Name")).casefold() for one in found]
        except Unreadable as came:
            raise Unread("Get-ThrottlingPolicy", "Name", "a throttling policy", came) from None
        # The cmdlet's page warns that a name that does not exist may return all of them.
        if names != [name.casefold()]:
            raise Failure(
                f"name: {quoted(name)} does not name exactly one throttling policy; use the name that "
                "Get-ThrottlingPolicy shows."
            )
        self._insist_on_version(found[0])
        self.scope = self._scope(found[0])
        return read_members(self.rows, found[0])

    def _scope(self, found: Mapping[str, Any]) -> str:
        # Exchange 2010 has none.
        if "ThrottlingPolicyScope" not in found:
            return ""
        try:
            return _SCOPE.read(found["ThrottlingPolicyScope"])
        except Unreadable as came:
            so = "so it is not known whether Exchange allows changes to it"
            raise Unread("Get-ThrottlingPolicy", "ThrottlingPolicyScope", f"the {self.title}", came, so) from None

    def _insist_on_version(self, found: Mapping[str, Any]) -> None:
        # The cmdlets are those of the server that answers, whichever is named, and the same null is no limit to those
        # of 2010 and takes a policy's own value away to later ones.
        elsewhere = {row.option for row in self.settings if row not in self.rows}
        own = [row.parameter for row in self.rows if row.option not in elsewhere]
        if not any(parameter in found for parameter in own):
            raise Failure(
                f"server: {self.server.title} is meant, but another version of Exchange answers here, whose throttling "
                f"policies have no {own[0]}; connect to {self.server.name} itself, or name a server of the version "
                "that answers."
            )

    def refusals(self, before: Stored, plan: Plan) -> Iterator[str]:
        if plan.changed and self.scope == "Global":
            yield (
                f"name: Exchange does not allow changes to {self.given['name']}, its own policy for everybody; use a "
                "policy with the scope Organization, which also applies to everybody."
            )

    def shown(self, now: Stored, moved: Plan) -> dict[str, Any]:
        return {"policy": self.given["name"], **super().shown(now, moved)}
