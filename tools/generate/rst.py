"""Pages of the documentation site, as reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

LABEL = "ansible_collections.mailops.exchange.docsite.guide_"


def page_head(name: str, title: str, source: str) -> Iterator[str]:
    """The label by which other pages refer to this one, where it comes from, and its title."""
    yield f".. Written by `make generate` from {source}."
    yield ""
    yield f".. _{LABEL}{name}:"
    yield ""
    yield from heading(title, "=")


def heading(title: str, line: str = "-") -> Iterator[str]:
    """A title of a page or of a section."""
    yield title
    yield line * len(title)
    yield ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table with a header row; each cell is one line."""
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield ""
    for row in (head, *rows):
        for number, cell in enumerate(row):
            yield f"   {'  ' if number else '* '}- {cell}".rstrip()
    yield ""


def code(texts: Iterable[str]) -> str:
    """Names, one after the other."""
    return ", ".join(f"``{text}``" for text in texts)


def block(language: str, text: str) -> Iterator[str]:
    """Lines to type."""
    yield f".. code-block:: {language}"
    yield ""
    yield from (f"   {line}" if line else "" for line in text.splitlines())
    yield ""


def escaped(text: str) -> str:
    """A text in which nothing is markup."""
    return re.sub(r"[\\*`|]|_(?!\w)", r"\\\g<0>", text)
