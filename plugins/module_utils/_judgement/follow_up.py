# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a role does once its parts have been done: so that they take effect, and to say what has become of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# What Outlook on the web tells users about POP3, IMAP4 and SMTP comes from these settings.
_LOOKED_UP = {"advertise_client_settings", "external_connection_settings", "fqdn", "internal_connection_settings"}

Result = Mapping[str, Any]


def changed(results: Mapping[str, Result]) -> dict[str, Result]:
    """The parts that changed something, or in check mode would."""
    return {part: result for part, result in results.items() if result.get("changed")}


@dataclass(frozen=True)
class FollowUp:
    """The end of a run, judged by the look at its beginning and by what its parts returned."""

    look: Mapping[str, Any]
    """A result of client_access_info."""
    protocol: str
    results: Mapping[str, Result]
    failure: str = ""
    """Why a part failed; the ones after it have not been done."""
    restart_for_mailboxes: bool = False
    restart_iis: str = "never"
    switches: Mapping[str, bool] = field(default_factory=dict)

    def steps(self) -> Iterator[str]:
        """What is to be done, in its order."""
        own = self.look[self.protocol]
        if own["component_state"] == "inactive":
            return
        restart = self._is_on("restart") and self._needs_restart()
        if restart:
            yield "restart"
        elif self._is_on("restart") and own["restart_owed"] in ("possible", "unknown"):
            yield "restart_doubt"
        if self._needs_iis():
            yield "iis"
        if restart or changed(self.results):
            yield "report"
            if self._is_on("changes"):
                yield "changes"
        elif self._result("certificate").get("assigned_reason"):
            yield "report"
        if self.failure:
            yield "failure"
        elif self._is_on("verification"):
            yield "verification"

    def _is_on(self, part: str) -> bool:
        return bool(self.switches.get(part))

    def _result(self, part: str) -> Result:
        return self.results.get(part) or {}

    def _changed(self, part: str) -> bool:
        return bool(self._result(part).get("changed"))

    def _needs_restart(self) -> bool:
        own = self.look[self.protocol]
        # Services that this run started have the settings as they are.
        if all(service["status"] != "running" for service in own["services"]):
            return False
        certificate = self._result("certificate")
        return (
            self._changed("settings")
            or bool(certificate.get("restart_required", certificate.get("changed")))
            or (self.restart_for_mailboxes and self._changed("mailboxes"))
            # After a failure only for what this run has changed itself.
            or (own["restart_owed"] == "yes" and not self.failure)
        )

    def _needs_iis(self) -> bool:
        # Exchange 2013 shows changed look-up settings only after it; newer versions show them after the restart of the
        # services, and Exchange 2010 shows none.
        parts = [part for part in ("settings", "connector") if self._changed(part)]
        if self.restart_iis == "always":
            return bool(parts)
        touched = {setting for part in parts for setting in self._result(part)["diff"]["after"]}
        return (
            self.restart_iis == "when_needed"
            and self.look["product"] == "Exchange Server 2013"
            and not touched.isdisjoint(_LOOKED_UP)
        )
