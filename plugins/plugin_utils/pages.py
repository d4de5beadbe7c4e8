# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pages for people, from templates that hold markup only."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

# Control characters, marks that turn the direction of text, halves of surrogate pairs, ends of lines and paragraphs:
# what a reader cannot see, and what makes a name look like another one.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def rendered(template: str, **view: Any) -> str:
    """A template filled with what a page shows; every text is escaped, and nothing in it is a template."""
    return _environment().get_template(template).render(view)


def seen(value: Any) -> Any:
    """A text with its unseen characters written out, as in ``[U+202E]``; other values as they are."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return "" if value is None else value
    if value.isprintable():
        return value
    return "".join(
        f"[U+{ord(sign):04X}]" if unicodedata.category(sign) in _UNSEEN and sign not in "\n\t" else sign
        for sign in value
    )


def hashed(text: str) -> str:
    """An inline style or script as a Content-Security-Policy names it, which allows this one and nothing injected."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment() -> Environment:
    # ansible-core's own templates escape nothing, and would take what came from a server for a template.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=seen,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["hashed"] = hashed
    return environment
