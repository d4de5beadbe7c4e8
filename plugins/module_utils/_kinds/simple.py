# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Truth values, whole numbers and named values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unreadable,
    number_text,
    wire_text,
    wire_truth,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Given, Kind, Values, in_words

# As many digits as an Int64 has. Python refuses to make a number of thousands of them.
_WHOLE_NUMBER = r"-?\d{1,19}"


class Bool(Kind):
    """True or false."""

    option_type = "bool"
    WORDS: ClassVar[dict[str, bool]] = {"true": True, "false": False, "yes": True, "no": False}

    def parse(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        try:
            return self.WORDS[str(value).casefold()]
        except KeyError:
            raise ValueError(f"{quoted(value)} is neither true nor false") from None

    def read(self, value: Any) -> bool:
        return wire_truth(value)


@dataclass(frozen=True)
class Int(Kind):
    """A whole number within the cmdlet's range."""

    lowest: int
    highest: int
    unit: str = ""

    option_type: ClassVar[str] = "int"

    def parse(self, value: Any) -> int:
        if isinstance(value, bool) or not re.fullmatch(_WHOLE_NUMBER, str(value).strip()):
            raise ValueError(f"{quoted(value)} is not a whole number; use {self._range}")
        number = int(value)
        if not self.lowest <= number <= self.highest:
            raise ValueError(f"{number} is out of range; use {self._range}")
        return number

    @property
    def _range(self) -> str:
        return f"{self.lowest} to {self.highest}{self.unit and ' '}{self.unit}"

    def read(self, value: Any) -> int:
        text = wire_text(value)
        if not re.fullmatch(_WHOLE_NUMBER, text):
            raise Unreadable(value)
        return int(text)


@dataclass(frozen=True)
class Enum(Kind):
    """One of a cmdlet's named values; a name in any case or its number, canonical in Exchange's spelling."""

    numbers: Mapping[str, int]
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other spellings of the same value, lower-case."""

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "str", "choices": Values(self.numbers)}

    def _known(self, text: str) -> str | None:
        wanted = self.aliases.get(text.casefold(), text).casefold()
        return next((n for n, number in self.numbers.items() if wanted in (n.casefold(), str(number))), None)

    def parse(self, value: Any) -> str:
        name = self._known(str(value).strip())
        if name is None:
            choices = [f"{name} ({number})" for name, number in self.numbers.items()]
            raise ValueError(f"{quoted(value)} is not valid; use {in_words(choices)}")
        return name

    def read(self, value: Any) -> str:
        # The names are documented, some of the numbers are inferred: a number counts only under an unknown name, which
        # may be a translated one.
        name = self._known(wire_text(value)) or self._known(number_text(value))
        if name is None:
            raise Unreadable(value)
        return name


@dataclass(frozen=True)
class Choice(Given):
    """One of a few words, as they are written."""

    words: tuple[str, ...]

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "str", "choices": list(self.words)}

    def parse(self, value: Any) -> str:
        if value not in self.words:
            raise ValueError(f"{quoted(value)} is not valid; use {in_words(list(self.words))}")
        return str(value)


@dataclass(frozen=True)
class Choices(Given):
    """Some of a few words."""

    words: tuple[str, ...]

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "list", "elements": "str", "choices": list(self.words)}

    def parse(self, value: Any) -> tuple[str, ...]:
        return tuple(map(Choice(self.words).parse, value))
