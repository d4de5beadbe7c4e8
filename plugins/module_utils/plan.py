# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What would change: the only source of `changed` and of the diff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils.kinds import Kind
from ansible_collections.mailops.exchange.plugins.module_utils.vocabulary.versions import EXCHANGE_2007, Version


@dataclass(frozen=True)
class Setting:
    """A row of a table: an option of a module, the cmdlet's parameter for it, and the kind of its value."""

    option: str
    parameter: str
    """Empty where the option is the module's own."""
    kind: Kind
    since: Version = EXCHANGE_2007


@dataclass(frozen=True)
class Plan:
    """The values to be written, and the same as they are shown, before and after."""

    changes: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    def __bool__(self) -> bool:
        return self.changed

    def diff(self, title: str) -> dict[str, Any]:
        return {"before_header": title, "after_header": title, "before": self.before, "after": self.after}


def make_plan(settings: Iterable[Setting], desired: Mapping[str, Any], actual: Mapping[str, Any]) -> Plan:
    """Compare canonical values; settings that are not desired are left alone."""
    plan = Plan()
    for setting in settings:
        if setting.option not in desired:
            continue
        option, kind = setting.option, setting.kind
        now = actual.get(option, kind.read(None))
        wanted = kind.merge(desired[option], now)
        if not kind.equal(wanted, now):
            plan.changes[option] = wanted
            plan.before[option] = kind.render(now)
            plan.after[option] = kind.render(wanted)
    return plan
