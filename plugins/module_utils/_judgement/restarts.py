# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether running services still work with older settings than the stored ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Judgement:
    """Whether running services still work with older settings than the stored ones, and why that is thought."""

    answer: str
    reason: str
    started: str | None = None
    """The earliest start among the running services."""
    possible_until: str | None = None
    """The end of the tolerance; only a change that is noted after it would be certain not to be covered."""


def restart_owed(changed: str, services: Sequence[tuple[bool, str | None]], tolerance: float) -> Judgement:
    """Judge by the settings' WhenChangedUTC and, for each service, whether it has a process and when that started.

    `WhenChangedUTC` is not replicated: each domain controller writes its own when the change reaches it. Hence
    `possible` for a change shortly after the start, which the start may have covered.
    """
    started = [_moment(start) for has_process, start in services if has_process]
    if not started:
        return Judgement("no", "No service of the protocol runs; the next start takes the stored settings.")
    known = [moment for moment in started if moment]
    changed_at = _moment(changed)
    earliest = min(known, default=None)
    shown = earliest.isoformat() if earliest else None
    if changed_at is None or earliest is None:
        what = "the settings were changed" if changed_at is None else "the services started"
        return Judgement("unknown", f"It cannot be read when {what}.", shown)
    later = changed_at - earliest
    if later >= timedelta(seconds=tolerance) and later > timedelta():
        answer, reason = "yes", "The settings were changed after a service started."
    elif len(known) < len(started):
        answer, reason = "unknown", "It cannot be read when one of the services started."
    elif later > timedelta():
        answer = "possible"
        reason = (
            f"The settings show a change {later.total_seconds():.0f} seconds after a service started, less than the "
            f"tolerance of {tolerance:g}: it may be the same change reaching another domain controller late."
        )
        return Judgement(answer, reason, shown, (earliest + timedelta(seconds=tolerance)).isoformat("T", "seconds"))
    else:
        answer, reason = "no", "Every running service started after the last change of the settings."
    return Judgement(answer, reason, shown)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    # Without an offset the time is the server's local one, of which nothing is known here.
    return moment if moment.tzinfo else None
