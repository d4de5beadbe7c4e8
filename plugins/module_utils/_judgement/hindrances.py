# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which findings concern a role: what keeps clients from being served, and whether the role would fix it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.accepted import (
    Acceptance,
    acceptances,
    expiry,
    judged,
    today,
)

Found = Mapping[str, Any]


@dataclass(frozen=True)
class Concern:
    """What a run of a role is about."""

    managed: Collection[str]
    """Its parts by name, and the settings that it is given."""
    accepted: Sequence[Acceptance] = ()
    day: date = field(default_factory=today)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Concern:
        """That of a role's task; ValueError with a sentence about the role's variable."""
        option = f"{options['protocol']}_ignore_findings"
        return cls(options["managed"], acceptances(options["ignore_findings"], option))

    def open(self, findings: Iterable[Found]) -> list[dict[str, Any]]:
        """What is not accepted."""
        return judged(findings, self.accepted, self.day)[0]

    def hindering(self, findings: Iterable[Found]) -> list[Found]:
        """What keeps clients from being served.

        Who does not give the certificate or the connector to the role has them done elsewhere.
        """
        return [
            finding
            for finding in self.open(findings)
            if finding["severity"] == "error"
            and (finding["protocol"] != "smtp" or "connector" in self.managed)
            and ("certificate" not in finding["fixed_by"] or "certificate" in self.managed)
        ]

    def incurable(self, findings: Iterable[Found]) -> list[Found]:
        """What keeps clients from being served and would still do so after the run."""
        return [
            finding for finding in self.hindering(findings) if not set(self.managed).intersection(finding["fixed_by"])
        ]

    def beside(self, findings: Collection[Found]) -> list[Found]:
        """What else an administrator should be told."""
        hindering = self.hindering(findings)
        return [
            finding for finding in self.open(findings) if finding["severity"] != "notice" and finding not in hindering
        ]


def told(finding: Found) -> str:
    """A finding in a line."""
    return " ".join([f"{finding['id']}:", finding["found"], finding["why"], finding["fix"], *expiry(finding)])
