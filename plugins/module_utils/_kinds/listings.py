# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists of which a user gives the whole, or what to add and to remove."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, wire_text, wire_texts
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind, in_words


@dataclass(frozen=True)
class Edit:
    """A change to a list of which only some entries are named."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class Listing(Kind):
    """An unordered list of entries; the user gives all of them, or those to add and to remove."""

    option_type = "raw"

    UNPARSED: ClassVar[str] = ""
    """How an entry looks that others may have stored although no option takes it: it goes back as it came."""
    EMPTY: ClassVar[str] = ""
    """Where one entry must be left, the clause of a sentence that says so."""

    @abstractmethod
    def parse_entry(self, text: str) -> str:
        """The canonical form of one entry; ValueError with the clause of a sentence."""

    def entry_key(self, entry: str) -> Hashable:
        return entry

    def parse(self, value: Any) -> tuple[str, ...] | Edit:
        if isinstance(value, Edit):
            return value
        if not isinstance(value, Mapping):
            return self._whole(value)
        if unknown := [str(key) for key in value if key not in ("set", "add", "remove")]:
            raise ValueError(f"{quoted(in_words(unknown))} is not a valid key; use set, or add and remove")
        if "set" in value and len(value) > 1:
            raise ValueError("set cannot be combined with add or remove, because set is the whole list")
        if not value:
            raise ValueError("it is an empty dictionary; use set, or add and remove, or an empty list to clear it")
        if empty := [key for key in value if value[key] is None]:
            raise ValueError(f"{empty[0]} has no value; use a list")
        if "set" in value:
            return self._whole(value["set"])
        edit = Edit(self._entries(value.get("add", ())), self._entries(value.get("remove", ())))
        both = {self.entry_key(entry) for entry in edit.remove}
        if twice := [entry for entry in edit.add if self.entry_key(entry) in both]:
            raise ValueError(f"{quoted(twice[0])} is in both add and remove; choose one")
        return edit

    def _whole(self, value: Any) -> tuple[str, ...]:
        entries = self._entries(value)
        if self.EMPTY and not entries:
            raise ValueError(self.EMPTY)
        return entries

    def _entries(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = value.split(",") if value.strip() else ()
        if not isinstance(value, list | tuple):
            raise ValueError(
                f"{quoted(value)} is not a list; use a list, or a dictionary with set, or with add and remove"
            )
        for entry in value:
            if not isinstance(entry, str):
                raise ValueError(f"{quoted(entry)} is not text; put each entry in quotes")
        return self._in_order(self.parse_entry(entry.strip()) for entry in value)

    def _in_order(self, entries: Iterable[str]) -> tuple[str, ...]:
        unique = {self.entry_key(entry): entry for entry in entries}
        return tuple(sorted(unique.values(), key=str.casefold))

    def read(self, value: Any) -> tuple[str, ...]:
        # All entries or none: one that is left out here would be gone when the list is written back.
        if isinstance(value, list | tuple):
            if self.EMPTY and not value:
                raise Unreadable(value)
            return self._in_order(wire_texts(value, self._read_entry))
        try:
            return (self.parse_entry(wire_text(value)),)
        except ValueError:
            raise Unreadable(value) from None

    def _read_entry(self, text: str) -> str:
        try:
            return self.parse_entry(text)
        except ValueError:
            if re.fullmatch(self.UNPARSED, text, re.IGNORECASE):
                return text
            raise

    def merge(self, wanted: Any, actual: Any) -> tuple[str, ...]:
        if not isinstance(wanted, Edit):
            return self._in_order(wanted)
        gone = {self.entry_key(entry) for entry in wanted.remove}
        # An entry that is there already keeps its stored spelling.
        return self._in_order((*wanted.add, *(entry for entry in actual if self.entry_key(entry) not in gone)))

    def key(self, value: Any) -> Hashable:
        return frozenset(map(self.entry_key, value))

    def render(self, value: Any) -> list[str]:
        return list(value)

    def send(self, value: Any) -> Any:
        # The whole list replaces the stored one; @{Add=…} would need a hashtable. $null clears.
        return list(value) or None
