# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds of values: how each is written by a user, read from Exchange, compared, shown and sent.

The contract of every kind. `parse` turns what a user wrote into the canonical form, or raises ValueError with the
clause that follows the option's name in a sentence: what is wrong and what would be right. `read` turns what Exchange
sent into the canonical form, or raises Unreadable with what came: a value made up in its place would be compared and
written over. Both leave a canonical value as it is. `key` is the part that counts when two canonical values are
compared.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

# Control characters and line ends act where nobody wants it; the rest are no characters, and XML cannot hold them.
_STRAY = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def stray(text: str) -> str | None:
    """What a text has in it that no option takes, or None: sent, it would be damaged or do harm."""
    found = _STRAY.search(text)
    if found is None:
        return None
    if found[0] in "\n\r\x0b\x0c\x85\u2028\u2029":
        return "a line break"
    return "a control character" if unicodedata.category(found[0]) == "Cc" else "what is not a character"


def in_words(words: list[str]) -> str:
    return " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])}, or {words[-1]}"


class Values(list[Any]):
    """The values of a closed set, as the choices of an option.

    Ansible itself refuses none of the others: the kind takes more spellings than the one shown, and says in a sentence
    of its own what is wrong.
    """

    def __contains__(self, value: object) -> bool:
        return True


class Given(ABC):
    """What an option takes."""

    option_type: ClassVar[str] = "str"
    """How Ansible is to hand over the option."""

    @property
    def spec(self) -> Mapping[str, Any]:
        """The option in the terms of Ansible's argument specification."""
        return {"type": self.option_type}

    @abstractmethod
    def parse(self, value: Any) -> Any:
        """The canonical form of what a user wrote; ValueError with the clause of a sentence if it is wrong."""


class Kind(Given):
    """What an option takes and Exchange stores."""

    @abstractmethod
    def read(self, value: Any) -> Any:
        """The canonical form of what Exchange sent; Unreadable if it is none that this kind knows."""

    def merge(self, wanted: Any, actual: Any) -> Any:
        """The whole value to be reached, given the stored one."""
        return wanted

    def key(self, value: Any) -> Hashable:
        result: Hashable = value
        return result

    def equal(self, wanted: Any, actual: Any) -> bool:
        """Whether the stored value is as good as the wanted one."""
        return self.key(wanted) == self.key(actual)

    def render(self, value: Any) -> Any:
        """The value as results and diffs show it."""
        return value

    def send(self, value: Any) -> Any:
        """The value as the cmdlet gets it."""
        return self.render(value)
