"""The part of the WMI query language that a -Filter uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Condition = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<sign><=|>=|<>|!=|=|<|>|\(|\))|(?P<word>[A-Za-z0-9_]+))"""
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    "like": lambda left, right: re.fullmatch(re.escape(right).replace("%", ".*").replace("_", "."), left) is not None,
}


class InvalidQuery(Exception):
    """The filter is not WQL."""


def parse(text: str) -> Condition:
    """A predicate over an instance's properties; names and texts are compared without case, as WMI does."""
    tokens: list[str] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidQuery
        tokens.append(match[0].strip())
        position = match.end()
    parser = _Parser(tokens)
    condition = parser.disjunction()
    if parser.tokens:
        raise InvalidQuery
    return condition


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def disjunction(self) -> Condition:
        parts = [self._conjunction()]
        while self._take("or"):
            parts.append(self._conjunction())
        return lambda instance: any(part(instance) for part in parts)

    def _conjunction(self) -> Condition:
        parts = [self._term()]
        while self._take("and"):
            parts.append(self._term())
        return lambda instance: all(part(instance) for part in parts)

    def _term(self) -> Condition:
        if self._take("not"):
            inner = self._term()
            return lambda instance: not inner(instance)
        if self._take("("):
            inner = self.disjunction()
            if not self._take(")"):
                raise InvalidQuery
            return inner
        if len(self.tokens) < 3:
            raise InvalidQuery
        name, sign, literal = (self.tokens.pop(0) for _ in range(3))
        compare = _COMPARE.get(sign.casefold())
        if compare is None:
            raise InvalidQuery
        right = _value(literal)

        def condition(instance: Mapping[str, Any]) -> bool:
            members = {key.casefold(): value for key, value in instance.items()}
            if name.casefold() not in members:
                raise InvalidQuery
            left = _value(members[name.casefold()])
            return type(left) is type(right) and compare(left, right)

        return condition

    def _take(self, word: str) -> bool:
        if self.tokens and self.tokens[0].casefold() == word:
            self.tokens.pop(0)
            return True
        return False


def _value(item: Any) -> Any:
    if isinstance(item, str) and item[:1] in ("'", '"'):
        return re.sub(r"\\(.)", r"\1", item[1:-1]).casefold()
    if isinstance(item, bool) or str(item).casefold() in ("true", "false"):
        return str(item).casefold() == "true"
    return int(item) if str(item).isdigit() else str(item).casefold()
