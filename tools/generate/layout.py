"""Documentation as YAML, laid out as the rest of the project is."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

WIDTH = 120
# In this order, before an option's own options.
_FACTS = ("type", "elements", "choices", "required", "default", "no_log", "version_added")

Option = Mapping[str, Any]


def _scalar(text: str) -> str:
    try:
        plain = yaml.safe_load(f"- {text}") == [text]
    except yaml.YAMLError:
        plain = False
    return text if plain else "'" + text.replace("'", "''") + "'"


def paragraphs(texts: list[str], indent: int) -> Iterator[str]:
    """A list of paragraphs, each broken where the line is full."""
    pad = " " * indent
    for text in texts:
        yield from textwrap.wrap(
            _scalar(text),
            WIDTH,
            initial_indent=f"{pad}- ",
            subsequent_indent=f"{pad}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def options(found: Mapping[str, Option], indent: int, nested: str = "options") -> Iterator[str]:
    """Options with all that is known of them; `nested` is the word for an option's own options."""
    pad = " " * indent
    for name, option in found.items():
        yield f"{pad}{name}:"
        yield f"{pad}  description:"
        yield from paragraphs(option["description"], indent + 4)
        for key in _FACTS:
            if key in option:
                yield from _fact(f"{pad}  {key}:", option[key])
        if inner := option.get("options"):
            yield f"{pad}  {nested}:"
            yield from options(inner, indent + 4, nested)


def _fact(key: str, value: Any) -> Iterator[str]:
    """A value after its key, a list over several lines if one is too short."""
    if len(line := f"{key} {fact(value)}") <= WIDTH:
        yield line
    else:
        yield key
        yield from (f"{' ' * (len(key) - len(key.lstrip()))}  - {fact(entry)}" for entry in value)


def fact(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(fact, value))}]"
    return _scalar(value) if isinstance(value, str) else json.dumps(value)
