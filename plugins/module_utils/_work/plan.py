# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is stored, and what would change: the only source of `changed` and of the diff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting


@dataclass(frozen=True)
class Stored:
    """The settings of one object as they are stored; what it does not have is in neither."""

    values: dict[str, Any]
    """Canonical, by option."""
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    """By option, what came in the place of values: nothing is compared with it, judged by it or written over it."""

    @property
    def shapes(self) -> dict[str, str]:
        """What came in the place of values, as results show it."""
        return {option: came.shape for option, came in self.unreadable.items()}


def read_members(settings: Iterable[Setting], wire: Mapping[str, Any]) -> Stored:
    """The settings in an object that came over the wire."""
    stored = Stored({})
    for setting in settings:
        if setting.parameter in wire:
            try:
                stored.values[setting.option] = setting.kind.read(wire[setting.parameter])
            except Unreadable as unreadable:
                stored.unreadable[setting.option] = unreadable
    return stored


def shown(settings: Iterable[Setting], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as results show them."""
    return {s.option: s.kind.render(values[s.option]) for s in settings if s.option in values}


@dataclass(frozen=True)
class Plan:
    """The values to be written, and the same as they are shown, before and after."""

    changes: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """What is wanted and could not be compared, because its stored value is not known."""

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    def __bool__(self) -> bool:
        """Whether anything is not as wanted, or not known to be so."""
        return bool(self.changes or self.unread)

    def diff(self, title: str) -> dict[str, Any]:
        return {"before_header": title, "after_header": title, "before": self.before, "after": self.after}


def make_plan(settings: Iterable[Setting], desired: Mapping[str, Any], actual: Mapping[str, Any]) -> Plan:
    """Compare canonical values; settings that are not desired, or not known, are left alone."""
    plan = Plan()
    for setting in settings:
        if setting.option not in desired:
            continue
        option, kind = setting.option, setting.kind
        if option not in actual:
            plan.unread.append(option)
            continue
        now = actual[option]
        wanted = kind.merge(desired[option], now)
        if not kind.equal(wanted, now):
            plan.changes[option] = wanted
            plan.before[option] = kind.render(now)
            plan.after[option] = kind.render(wanted)
    return plan
