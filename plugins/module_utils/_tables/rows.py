# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows of tables: all that is said of an option or a setting is said in its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2007, NEVER, Version
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Given, Kind


@dataclass(frozen=True)
class Option:
    """An option of a module that is the module's own: what it is called, and the kind of its value."""

    option: str
    kind: Given
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Setting:
    """An option of a module that is a cmdlet's parameter. It has no default: not given means untouched."""

    option: str
    parameter: str
    kind: Kind
    since: Version = EXCHANGE_2007
    """The first version of Exchange that has it."""
    before: Version = NEVER
    """The first one that no longer has it."""

    default: ClassVar[None] = None
    required: ClassVar[bool] = False

    def is_on(self, version: Version) -> bool:
        """Whether this version of Exchange has it."""
        return self.since <= version < self.before


Row: TypeAlias = "Option | Setting"


@dataclass(frozen=True)
class Group(Given):
    """Options inside of an option; `parse` of the life of a module looks into each of them."""

    rows: tuple[Row, ...]

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "dict", "options": argument_spec(self.rows)}

    def parse(self, value: Any) -> Any:
        return value


def argument_spec(rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """The options of these rows in Ansible's terms."""
    spec: dict[str, dict[str, Any]] = {}
    for row in rows:
        spec[row.option] = dict(row.kind.spec)
        if row.default is not None:
            spec[row.option]["default"] = row.default
        if row.required:
            spec[row.option]["required"] = True
    return spec
