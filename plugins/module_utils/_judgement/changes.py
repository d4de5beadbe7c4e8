# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run of a role has changed, or would change: by part and setting, with the values before and after."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

# A longer value goes on in the next line.
_WIDEST = 48
_HEADINGS = ("PART", "SETTING", "BEFORE", "AFTER")


@dataclass(frozen=True)
class Change:
    """One value; None for what is not there."""

    part: str
    setting: str
    before: Any
    after: Any


def changes(differences: Any) -> Iterator[Change]:
    """The changes in the differences that a role reports; ValueError if it is none of these."""
    if not isinstance(differences, Mapping):
        raise ValueError("use the differences of a role's report")
    for part, difference in differences.items():
        if not isinstance(difference, Mapping):
            raise ValueError(f"the difference of {part} must have before and after")
        yield from _changes(part, difference.get("before") or {}, difference.get("after") or {})


def _changes(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for setting, value in after.items():
        was = before.get(setting)
        if not isinstance(value, Mapping):
            yield Change(part, setting, was, value)
            continue
        known = was if isinstance(was, Mapping) else {}
        for name, inner in value.items():
            if known.get(name) != inner:
                yield Change(part, f"{setting} {name}", known.get(name), inner)


def table(differences: Any) -> list[str]:
    """The changes as lines of an aligned table."""
    rows: list[tuple[list[str], ...]] = [tuple([heading] for heading in _HEADINGS)]
    rows += (
        ([change.part], [change.setting], _cell(change.before), _cell(change.after)) for change in changes(differences)
    )
    lines = [line for row in rows for line in zip_longest(*row, fillvalue="")]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def _cell(value: Any) -> list[str]:
    items: Sequence[Any] = value if isinstance(value, list) else [value]
    return [line for item in items for line in textwrap.wrap(_word(item), _WIDEST)] or ["-"]


def _word(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
