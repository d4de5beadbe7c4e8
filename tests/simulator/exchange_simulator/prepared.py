"""Output objects in great numbers, or often asked for: those that differ in a few texts only share a serialized form.

psrpcore takes milliseconds to build and serialize one object of Exchange; tens of thousands of them would take minutes
and hold gigabytes.
"""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from psrpcore.types import PSObject, serialize

_WORD = "@@{}@@"


class Template:
    """The CLIXML of an object with gaps for its own texts, of which the last ones are GUIDs."""

    def __init__(self, build: Callable[[tuple[str, ...]], PSObject], *, words: int, guids: int) -> None:
        self.build = build
        self._words, self._guids = words, guids
        gaps = [_WORD.format(number) for number in range(words)]
        gaps += [str(uuid.UUID(int=number + 1)) for number in range(guids)]
        # No value that could be a password is in such objects, hence no cipher.
        text = ElementTree.tostring(serialize(build(tuple(gaps)), None), encoding="unicode")  # type: ignore[arg-type]
        numbers = {gap: number for number, gap in enumerate(gaps)}
        pieces = re.split("(" + "|".join(map(re.escape, gaps)) + ")", text) if gaps else [text]
        self._fixed = pieces[::2]
        self._order = [numbers[gap] for gap in pieces[1::2]]

    @functools.cache  # noqa: B019 - as many as there are kinds of objects, for as long as the process lives
    def changed(self, change: Callable[[PSObject], PSObject]) -> Template:
        """The same with something done to each object."""
        return Template(lambda words: change(self.build(words)), words=self._words, guids=self._guids)

    def fill(self, words: tuple[str, ...]) -> bytes:
        # What looks like an escape of CLIXML in a text is escaped itself.
        texts = [escape(word.replace("_x", "_x005F_x")) for word in words]
        parts = [self._fixed[0]]
        for number, fixed in zip(self._order, self._fixed[1:], strict=True):
            parts += (texts[number], fixed)
        return "".join(parts).encode()


class Prepared:
    """One such object, whose own texts are worked out when it is sent or looked at."""

    __slots__ = ("_template", "_words")

    def __init__(self, template: Template, words: Callable[[], tuple[str, ...]]) -> None:
        self._template = template
        self._words = words

    def changed(self, change: Callable[[PSObject], PSObject]) -> Prepared:
        return Prepared(self._template.changed(change), self._words)

    def clixml(self) -> bytes:
        return self._template.fill(self._words())

    def build(self) -> PSObject:
        return self._template.build(self._words())


def built(value: Any) -> Any:
    """An output object as itself."""
    return value.build() if isinstance(value, Prepared) else value
