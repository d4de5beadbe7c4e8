"""The part of Exchange's filter language OPATH that -Filter of Get-CASMailbox and Get-User uses.

Inferred: which properties can be filtered by, beside Sid, and the words of the refusals.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection
from typing import Any

Property = Callable[[str], Any]
Condition = Callable[[Property], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<sign>[()])|(?P<operator>-[A-Za-z]+)"""
    r"""|(?P<word>\$?[A-Za-z0-9_.]+))"""
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "-eq": lambda left, right: bool(left == right),
    "-ne": lambda left, right: bool(left != right),
    "-like": lambda left, right: re.fullmatch(_pattern(right), left) is not None,
    "-notlike": lambda left, right: re.fullmatch(_pattern(right), left) is None,
}
_CONSTANTS = {"$true": True, "$false": False, "true": True, "false": False, "$null": ""}


class InvalidFilter(Exception):
    """The text is not OPATH; the exception says where."""


def parse(text: str, properties: Collection[str]) -> Condition:
    """A predicate over the named properties; names and texts are compared without case."""
    tokens: list[str] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidFilter(
                f"Invalid filter syntax. For a description of the filter parameter syntax see the "
                f'command help. "{text}" at position {position + 1}.'
            )
        tokens.append(match[0].strip())
        position = match.end()
    parser = _Parser(tokens, {name.casefold(): name for name in properties}, text)
    condition = parser.disjunction()
    if parser.tokens:
        raise parser.failure()
    return condition


class _Parser:
    def __init__(self, tokens: list[str], properties: dict[str, str], text: str) -> None:
        self.tokens = tokens
        self._properties = properties
        self._text = text

    def failure(self) -> InvalidFilter:
        near = f" near '{self.tokens[0]}'" if self.tokens else " at its end"
        return InvalidFilter(
            f"Invalid filter syntax. For a description of the filter parameter syntax see the command help. "
            f'"{self._text}"{near}.'
        )

    def disjunction(self) -> Condition:
        parts = [self._conjunction()]
        while self._take("-or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)

    def _conjunction(self) -> Condition:
        parts = [self._term()]
        while self._take("-and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)

    def _term(self) -> Condition:
        if self._take("-not"):
            inner = self._term()
            return lambda item: not inner(item)
        if self._take("("):
            inner = self.disjunction()
            if not self._take(")"):
                raise self.failure()
            return inner
        if len(self.tokens) < 3 or self.tokens[1].casefold() not in _COMPARE:
            raise self.failure()
        name = self._properties.get(self.tokens[0].casefold())
        if name is None:
            raise InvalidFilter(f'"{self.tokens[0]}" is not a recognized filterable property.')
        compare = _COMPARE[self.tokens[1].casefold()]
        right = _value(self.tokens[2])
        del self.tokens[:3]
        return lambda item: compare(_plain(item(name), right), right)

    def _take(self, word: str) -> bool:
        if self.tokens and self.tokens[0].casefold() == word:
            del self.tokens[0]
            return True
        return False


def _value(token: str) -> Any:
    quote = token[:1]
    if quote in ("'", '"'):
        return token[1:-1].replace(quote * 2, quote).casefold()
    return _CONSTANTS.get(token.casefold(), token.casefold())


def _plain(value: Any, like: Any) -> Any:
    """A property's value in the form of what it is compared with: 'true' in quotes is a Boolean too."""
    if isinstance(value, bool) and isinstance(like, bool):
        return value
    return str(value).casefold()


def _pattern(text: str) -> str:
    return fnmatch.translate(str(text).replace("[", "[[]"))
