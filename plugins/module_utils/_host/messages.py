# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes to a host and what comes back: a request, its reply, and the shapes of values in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError


class Unreadable(ValueError):
    """A value is there and cannot be read: what came, as a part of a sentence."""

    def __init__(self, value: Any, where: str = "") -> None:
        self.shape = f"{_shape(value)[:150]}{where}"
        """The same without what it says, for everybody to see."""
        text = own_text(value)
        super().__init__(f"{self.shape}, {text[:80]!r}" if text else self.shape)


def _shape(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return "text" if value else "empty text"
    if not isinstance(value, Mapping):
        return {bool: "a boolean", int: "an integer"}.get(type(value), "a number")
    if "$bytes" in value:
        return "binary data"
    told = f"an object of the type {value['$type']}" if value.get("$type") else "an object"
    members = ", ".join(sorted(name for name in value if not name.startswith("$")))
    return f"{told}{'' if own_text(value) else ' without text'}{members and f' with the members {members}'}"


def own_text(value: Any) -> str | None:
    """The text of a wire value, which may be the text itself or an object with its ToString; None if it has none."""
    if isinstance(value, Mapping):
        value = value.get("$text")
    return str(value) if isinstance(value, str | int | float) else None


def wire_text(value: Any) -> str:
    """The text of a wire value; empty if it has none."""
    return own_text(value) or ""


def wire_texts(value: Any, read: Callable[[str], str] = str) -> list[str]:
    """The texts of a list's items; Unreadable if it is no list, or an item has none or none that `read` takes."""
    if not isinstance(value, list | tuple):
        raise Unreadable(value)
    texts = []
    for item in value:
        try:
            text = read(wire_text(item).strip())
        except ValueError:
            text = ""
        if not text:
            raise Unreadable(item, f", in a list of {len(value)}")
        texts.append(text)
    return texts


@dataclass(frozen=True)
class Reply:
    """A cmdlet's answer: what it put out, and the errors and warnings beside it."""

    state: str
    output: list[Mapping[str, Any]]
    warnings: list[str]
    errors: list[CmdletError]
    reason: str | None
    memory: dict[str, Any]
    said: list[str] = field(default_factory=list)
    """What the process said besides its answer, over a transport that has the two in one stream."""

    @classmethod
    def parse(cls, text: str) -> Reply:
        reply = json.loads(text)
        return cls(
            state=reply["state"],
            # What came as its text alone has no members to be asked for.
            output=[one if isinstance(one, Mapping) else {"$text": one} for one in reply.get("output") or []],
            warnings=reply.get("warnings") or [],
            errors=[CmdletError.read(error) for error in reply.get("errors") or []],
            reason=reply.get("reason"),
            memory=reply.get("memory") or {},
            said=reply.get("said") or [],
        )
