# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Findings that somebody knows and accepts, and until when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEYS = ("id", "reason", "until")
_RIGHT = "use the id of a finding, or a dictionary with id and, optionally, reason and until (such as 2026-12-31)"


@dataclass(frozen=True)
class Acceptance:
    """A kind of finding that is accepted."""

    id: str
    reason: str | None = None
    until: date | None = None
    """The last day on which it is; None for good."""

    def has_expired(self, today: date) -> bool:
        return self.until is not None and self.until < today

    def shown(self) -> dict[str, str | None]:
        return {"reason": self.reason, "until": self.until.isoformat() if self.until else None}


def acceptances(given: Any, option: str) -> list[Acceptance]:
    """What is accepted by the value of an option; ValueError in a sentence for what is none."""
    if isinstance(given, str):
        # By -e name=value a list comes as its text.
        given = given.strip().removeprefix("[").removesuffix("]").replace("'", " ").replace('"', " ")
        given = [one for one in re.split(r"[,\s]+", given) if one]
    if not isinstance(given, Sequence):
        raise ValueError(f"{option}: {quoted(given)} is not a list; for each item, {_RIGHT}")
    return [_acceptance(one, option) for one in given]


def _acceptance(given: Any, option: str) -> Acceptance:
    item = given if isinstance(given, Mapping) else {"id": given}
    if unknown := [key for key in item if key not in _KEYS]:
        raise ValueError(f"{option}: {quoted(unknown[0])} is not a key of an accepted finding; {_RIGHT}")
    name, reason = item.get("id"), item.get("reason")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise ValueError(f"{option}: {quoted(name)} is not the id of a finding; {_RIGHT}")
    if reason is not None and not isinstance(reason, str):
        raise ValueError(f"{option}: {quoted(reason)} is not a valid reason for {name}; use text")
    return Acceptance(str(name), None if reason is None else str(reason), _day(item.get("until"), name, option))


def _day(given: Any, name: str, option: str) -> date | None:
    """A day as YAML reads it, or as JSON and the command line give it."""
    if isinstance(given, datetime):
        return given.date()
    if given is None or isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise ValueError(
            f"{option}: {quoted(given)} is not a valid last day for accepting {name}; use a date such as 2026-12-31"
        ) from None


def today() -> date:
    """The day of the controller, in UTC."""
    return datetime.now(UTC).date()


def judged(
    findings: Iterable[Mapping[str, Any]], accepted: Sequence[Acceptance], day: date
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The findings that are open, and those that are accepted.

    An open one whose acceptance has expired has it as ``expired``, an accepted one as ``accepted``.
    """
    still_open, known = [], []
    for finding in findings:
        own = sorted((one for one in accepted if one.id == finding["id"]), key=lambda one: one.has_expired(day))
        if not own:
            still_open.append(dict(finding))
        elif own[0].has_expired(day):
            still_open.append({**finding, "expired": max(own, key=lambda one: one.until or date.max).shown()})
        else:
            known.append({**finding, "accepted": own[0].shown()})
    return still_open, known


def expiry(finding: Mapping[str, Any]) -> Iterator[str]:
    """That a finding was accepted once, as a sentence."""
    if expired := finding.get("expired"):
        yield f"It was accepted until {expired['until']}{_because(expired['reason'])}."


def _because(reason: str | None) -> str:
    return f" ({reason.rstrip('.')})" if reason else ""
