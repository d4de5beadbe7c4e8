# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of named bits."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unreadable,
    number_text,
    wire_text,
    wire_texts,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Values
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Edit, Listing


@dataclass(frozen=True)
class Flags(Listing):
    """A set of named bits, canonical as Exchange's spellings in the order of their numbers."""

    numbers: Mapping[str, int]
    refused: Mapping[str, str] = field(default_factory=dict)
    """Names that Exchange shows and that nobody can set, each with the reason."""

    NONE: ClassVar[str] = "None"

    @property
    def settable(self) -> list[str]:
        """The names that a user may give, besides None."""
        return [name for name in self.numbers if name not in self.refused]

    @property
    def spec(self) -> Mapping[str, Any]:
        return {**super().spec, "choices": Values([*self.settable, self.NONE])}

    def parse(self, value: Any) -> tuple[str, ...] | Edit:
        parsed = super().parse(value)
        if isinstance(parsed, Edit):
            if self.NONE in (*parsed.add, *parsed.remove):
                raise ValueError("'None' cannot be added or removed; use a list with None alone to clear it")
            return parsed
        if self.NONE in parsed and len(parsed) > 1:
            raise ValueError(f"'None' cannot be combined with {', '.join(parsed[1:])}; use it alone")
        return parsed or (self.NONE,)

    def parse_entry(self, text: str) -> str:
        name = next((name for name in self.numbers if name.casefold() == text.casefold()), None)
        if name is None and text.casefold() != self.NONE.casefold():
            raise ValueError(f"{quoted(text)} is not valid; use one or more of {', '.join(self.settable)}")
        if name is not None and name in self.refused:
            raise ValueError(f"{quoted(name)} {self.refused[name]}")
        return name or self.NONE

    def _in_order(self, entries: Iterable[str]) -> tuple[str, ...]:
        numbers = {self.NONE: 0, **self.numbers}
        last = max(self.numbers.values()) + 1
        return tuple(sorted(dict.fromkeys(entries), key=lambda name: (numbers.get(name, last), name)))

    def read(self, value: Any) -> tuple[str, ...]:
        bits = 0
        listed = isinstance(value, list | tuple)
        for name in wire_texts(value) if listed else (number_text(value) or wire_text(value)).split(","):
            bit = self._bits(name.strip().casefold())
            if bit is None:
                raise Unreadable(value)
            bits |= bit
        names = [name for name, bit in self.numbers.items() if bits & bit]
        # Bits that a later version of Exchange might know stay visible by their number.
        if unknown := bits & ~sum(self.numbers.values()):
            names.append(str(unknown))
        return tuple(names) or (self.NONE,)

    def _bits(self, name: str) -> int | None:
        if re.fullmatch(r"\d{1,10}", name):
            return int(name)
        return {spelling.casefold(): bit for spelling, bit in {self.NONE: 0, **self.numbers}.items()}.get(name)

    def merge(self, wanted: Any, actual: Any) -> tuple[str, ...]:
        if not isinstance(wanted, Edit):
            return super().merge(wanted, actual)
        # A remark of Exchange's, such as Custom, is no value that could be written back.
        kept = [name for name in actual if name != self.NONE and name not in self.refused]
        return super().merge(wanted, kept) or (self.NONE,)

    def key(self, value: Any) -> Hashable:
        return frozenset(value) - {*self.refused, self.NONE}

    def send(self, value: Any) -> str:
        return ", ".join(value)


class AssignedServices(Flags):
    """The services a certificate is to be assigned to; what it is assigned to already stays."""

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "list", "elements": "str", "choices": Values(self.settable)}

    def parse(self, value: Any) -> tuple[str, ...] | Edit:
        parsed = super().parse(value)
        if parsed == (self.NONE,):
            raise ValueError(
                "'None' would remove assignments, which Exchange cannot do; use a list of services to assign, such as "
                "POP"
            )
        return parsed
