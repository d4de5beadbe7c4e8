# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a server is as a role was to make it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import shortened
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.follow_up import Result
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.hindrances import Concern
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_rules import (
    CERTIFICATE_SERVICES_UNREADABLE,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS


@dataclass(frozen=True)
class Verification:
    """What a server has at the end of a run, beside what the run was to do."""

    seen: Mapping[str, Any]
    """A result of client_access_info."""
    protocol: str
    present: bool
    results: Mapping[str, Result]
    """What the parts returned."""
    concern: Concern
    check_mode: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether all has been done. What check mode leaves undone cannot be read back."""
        return not self.check_mode or not any(result.get("changed") for result in self.results.values())

    def wrong(self) -> list[str]:
        """All that is not as it should be, each in words that go after those before."""
        if not self.present:
            return [*self._services()]
        return [*self._certificate(), *self._settings(), *self._services(), *self._restart(), *self._findings()]

    def beside(self) -> list[Mapping[str, Any]]:
        """The other findings that an administrator should be told."""
        said = {CERTIFICATE_SERVICES_UNREADABLE.id} if any(self._certificate()) else set()
        return [finding for finding in self.concern.beside(self.seen["findings"]) if finding["id"] not in said]

    def runs(self) -> bool:
        """Whether there is anything for a mail program to see."""
        return all(service["status"] == "running" for service in self._own["services"])

    @property
    def _own(self) -> Mapping[str, Any]:
        own: Mapping[str, Any] = self.seen[self.protocol]
        return own

    @property
    def _title(self) -> str:
        return PROTOCOLS[self.protocol].title

    def _is_done(self, part: str) -> bool:
        return not (self.check_mode and self._result(part).get("changed"))

    def _result(self, part: str) -> Result:
        return self.results.get(part) or {}

    def _services(self) -> Iterator[str]:
        wanted = "running" if self.present else "stopped"
        if "services" in self.concern.managed and self._is_done("services"):
            for service in self._own["services"]:
                if service["status"] != wanted:
                    yield f"the service {service['name']} is {service['status']} instead of {wanted}"

    def _certificate(self) -> Iterator[str]:
        result = self._result("certificate")
        reason = result.get("assigned_reason")
        served = self._own["served_certificate"]
        # What clients are shown is what it was to be assigned for.
        if reason and not result["changed"] and served != result["certificate"]["thumbprint"]:
            seen = f"clients are shown {served}" if served else "what clients are shown is not known"
            yield (
                f"whether the certificate {result['certificate']['thumbprint']} is assigned to "
                f"{PROTOCOLS[self.protocol].service} is not known, and {seen} ({_clause(reason)}, or set "
                f"{self.protocol}_certificate: {{assign_when_services_unknown: true}})"
            )

    def _settings(self) -> Iterator[str]:
        if (stored := self._result("settings").get("settings")) and self._is_done("settings"):
            seen = self._own["settings"]
            # What nobody gave may be changed by others at any time.
            for option in sorted(stored.keys() & self.concern.managed):
                if seen.get(option) != stored[option]:
                    now, then = (
                        shortened(json.dumps(values.get(option), ensure_ascii=False)) for values in (seen, stored)
                    )
                    yield f"{option} is {now} instead of {then}"

    def _restart(self) -> Iterator[str]:
        if "restart" in self.concern.managed and self._is_done("restart") and self._own["restart_owed"] == "yes":
            after = ", although they have just been restarted" if self._result("restart").get("changed") else ""
            reason = _clause(self._own["restart_reason"])
            yield f"a restart of the {self._title} services is still pending{after} ({reason})"

    def _findings(self) -> Iterator[str]:
        said = {"service-not-running"} if any(self._services()) else set()
        said |= {"restart-owed"} if any(self._restart()) else set()
        for finding in self.concern.hindering(self.seen["findings"]) if self.is_settled else ():
            if finding["id"] not in said:
                yield f"{finding['id']}: {_clause(finding['found'])} ({_clause(finding['fix'])})"


def sentence(server: str, wrong: list[str]) -> str:
    """All of it in one sentence."""
    return f"{server} is not in the desired state: {'; '.join(wrong)}."


def _clause(text: str) -> str:
    return text.removesuffix(".")
