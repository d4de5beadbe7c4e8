# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sizes in bytes, and numbers that may have no limit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unreadable,
    member_of,
    wire_text,
    wire_truth,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind, in_words
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Int

_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


def _is_unlimited(value: Any) -> bool:
    """Whether an object that has a limit or none has none."""
    told = member_of(value, "IsUnlimited")
    return told is not None and wire_truth(told)


class ByteSize(Kind):
    """A size in bytes or no limit, canonical as the number of bytes or `Unlimited`."""

    UNLIMITED = "Unlimited"

    def parse(self, value: Any) -> int | str:
        text = str(value).strip()
        if text.casefold() == self.UNLIMITED.casefold():
            return self.UNLIMITED
        if text.startswith("-"):
            raise ValueError(f"{quoted(value)} is negative; use a size such as 10MB, 0, or unlimited")
        match = re.fullmatch(r"(\d{1,40})\s*([a-zA-Z]*)(?:\s*\([^)]*\))?", text)
        if match is None:
            raise ValueError(
                f"{quoted(value)} is not a size; use a whole number with its unit, such as 10MB, or unlimited"
            )
        if (match[2] or "B").upper() not in _UNITS:
            raise ValueError(f"{quoted(value)} has an unknown unit; use {in_words(list(_UNITS))}, such as 10MB")
        return int(match[1]) * _UNITS[(match[2] or "B").upper()]

    def read(self, value: Any) -> int | str:
        if _is_unlimited(value):
            return self.UNLIMITED
        if (inner := member_of(value, "Value")) is not None:
            return self.read(inner)
        text = wire_text(value)
        # "10 MB (10,485,760 bytes)": separators and words are those of the server's culture.
        in_bytes = re.search(r"\((\d[^)]*)\)", text)
        try:
            return ByteSize.parse(self, re.sub(r"\D", "", in_bytes[1]) if in_bytes else text)
        except ValueError:
            raise Unreadable(value) from None

    def equal(self, wanted: Any, actual: Any) -> bool:
        # Exchange may round a small size up to a whole KB; asking for it again would change nothing, for ever.
        return bool(wanted == actual or (isinstance(wanted, int) and actual == -(-wanted // 1024) * 1024))

    def render(self, value: Any) -> str:
        if not isinstance(value, int):
            return str(value)
        unit = next(unit for unit in reversed(_UNITS) if value % _UNITS[unit] == 0 and (value or unit == "B"))
        return f"{value // _UNITS[unit]}{unit}"


@dataclass(frozen=True)
class UnlimitedInt(Kind):
    """A whole number within the cmdlet's range, or no limit, canonical as `Unlimited`."""

    lowest: int
    highest: int

    UNLIMITED: ClassVar[str] = "Unlimited"

    def parse(self, value: Any) -> int | str:
        text = str(value).strip()
        if text.casefold() == self.UNLIMITED.casefold():
            return self.UNLIMITED
        try:
            return Int(self.lowest, self.highest).parse(value)
        except ValueError as error:
            raise ValueError(f"{error}, or unlimited") from None

    def read(self, value: Any) -> int | str:
        if _is_unlimited(value):
            return self.UNLIMITED
        if (inner := member_of(value, "Value")) is not None:
            value = inner
        if wire_text(value).casefold() == self.UNLIMITED.casefold():
            return self.UNLIMITED
        return Int(self.lowest, self.highest).read(value)


class BlankIsUnlimited(UnlimitedInt):
    """The same where Exchange has no word for unlimited, and shows nothing instead."""

    def read(self, value: Any) -> int | str:
        return self.UNLIMITED if value is None else super().read(value)

    def send(self, value: Any) -> Any:
        return None if value == self.UNLIMITED else value


@dataclass(frozen=True)
class LimitedSize(ByteSize):
    """A size within the cmdlet's range; there is no unlimited one."""

    lowest: int
    highest: int

    def parse(self, value: Any) -> int | str:
        size = super().parse(value)
        if not isinstance(size, int) or not self.lowest <= size <= self.highest:
            limits = f"{self.render(self.lowest)} to {self.render(self.highest)}"
            raise ValueError(f"{quoted(value)} is out of range; use {limits}")
        return size
