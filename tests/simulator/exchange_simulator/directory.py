"""A settings object in Active Directory, as each domain controller sees it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .values import ByteSize, Limit


@dataclass(frozen=True)
class View:
    """What one domain controller holds at one time."""

    values: dict[str, Any]
    changed: datetime.datetime


@dataclass(frozen=True)
class _Write:
    changes: dict[str, Any]
    controller: str
    written: datetime.datetime


class DirectoryObject:
    """Attributes written on one controller and replicated to the others after a delay.

    whenChanged is not replicated: each controller notes the time at which the change reached it.
    """

    def __init__(
        self, values: Mapping[str, Any], created: datetime.datetime, replication_delay: datetime.timedelta
    ) -> None:
        self._initial = dict(values)
        self._delay = replication_delay
        self._writes: list[_Write] = []
        self.created = created

    def write(self, changes: dict[str, Any], controller: str, now: datetime.datetime) -> None:
        self._writes.append(_Write(changes, controller, now))

    def read(self, controller: str, now: datetime.datetime) -> View:
        """Attributes replicate one by one, so a controller merges all changes that have reached it."""
        values, changed = dict(self._initial), self.created
        for write in self._writes:
            arrived = write.written if write.controller == controller else write.written + self._delay
            if arrived <= now:
                values.update(write.changes)
                changed = max(changed, arrived)
        return View(values, changed)

    def latest(self) -> dict[str, Any]:
        """The values every controller will hold once replication has come to rest."""
        return self._initial | {name: value for write in self._writes for name, value in write.changes.items()}


def plain_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON: canonical texts, sizes in bytes, lists sorted."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return sorted(str(item) for item in value)
    if isinstance(value, (ByteSize, Limit)):
        return "Unlimited" if value.count is None else value.count
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
