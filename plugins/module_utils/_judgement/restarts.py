# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether running services still work with older settings than the stored ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import first_of
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import moment


@dataclass(frozen=True)
class Judgement:
    """Whether running services still work with older settings than the stored ones, and why that is thought."""

    answer: str
    reason: str
    started: str | None = None
    """The earliest start among the running services."""
    possible_until: str | None = None
    """The end of the tolerance; only a change that is noted after it would be certain not to be covered."""


def restart_owed(
    changed: str, services: Sequence[tuple[bool, str | None]], tolerance: float, unread: Sequence[str] = ()
) -> Judgement:
    """Judge by the settings' WhenChangedUTC and, for each service, whether it has a process and when that started.

    `unread` says of the starts that are not known why.

    `WhenChangedUTC` is not replicated: each domain controller writes its own when the change reaches it. Hence
    `possible` for a change shortly after the start, which the start may have covered.
    """
    started = [moment(start) for has_process, start in services if has_process]
    if not started:
        return Judgement("no", "No service of the protocol is running; the next start uses the stored settings.")
    known = [start for start in started if start]
    changed_at = moment(changed)
    why = f": {first_of(unread, '; ')}" if unread else ""
    earliest = min(known, default=None)
    shown = earliest.isoformat() if earliest else None
    if changed_at is None or earliest is None:
        what = "the settings were changed" if changed_at is None else f"the services started{why}"
        return Judgement("unknown", f"It is not known when {what}.", shown)
    later = changed_at - earliest
    if later >= timedelta(seconds=tolerance) and later > timedelta():
        answer, reason = "yes", "The settings were changed after a service started."
    elif len(known) < len(started):
        answer, reason = "unknown", f"It is not known when one of the services started{why}."
    elif later > timedelta():
        answer = "possible"
        reason = (
            f"The settings were changed {later.total_seconds():.0f} seconds after a service started, less than the "
            f"tolerance of {tolerance:g}: this may be the same change, arriving late at another domain controller."
        )
        return Judgement(answer, reason, shown, (earliest + timedelta(seconds=tolerance)).isoformat("T", "seconds"))
    else:
        answer, reason = "no", "Every running service started after the last change to the settings."
    return Judgement(answer, reason, shown)
