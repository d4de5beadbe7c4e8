"""The documentation of settings: what a reader is told comes from tools/texts, the facts from the tables' rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, singledispatch
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2007
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import ByteSize
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting

TEXTS = Path(__file__).resolve().parents[1] / "texts"


@cache
def texts(name: str) -> Any:
    """A file of texts."""
    return yaml.safe_load((TEXTS / f"{name}.yml").read_text(encoding="utf-8"))


def listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


@singledispatch
def values(kind: Kind) -> str:
    """A sentence on the values that a kind takes, unless the type says it all."""
    return ""


@values.register
def _(kind: Int) -> str:
    return f"From {kind.lowest} to {kind.highest}{kind.unit and ' '}{kind.unit}."


@values.register
def _(kind: Enum) -> str:
    return f"One of {listed([f'V({name}) ({number})' for name, number in kind.numbers.items()])}, by name or number."


@values.register
def _(kind: TimeSpan) -> str:
    return f"A time span from V({kind.parse(kind.lowest)}) to V({kind.parse(kind.highest)})."


@values.register
def _(kind: ByteSize) -> str:
    return (
        "A whole number with its unit (V(B), V(KB), V(MB), V(GB), V(TB), to the base of 1024) or without for bytes, or "
        "V(unlimited)."
    )


def _default(value: Any) -> str:
    if value in ("", []):
        told = "an empty list" if value == [] else "empty"
    else:
        words = [str(word).lower() if isinstance(word, bool) else word for word in _entries(value)]
        told = listed([f"V({word})" for word in words])
    return f"Exchange's default is {told}."


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _facts(setting: Setting, default: Any) -> str:
    """What the row and the default say, in sentences."""
    since = setting.since.product.replace("Server ", "")
    sentences = (
        values(setting.kind),
        "" if default is None else _default(default),
        f"Since {since}." if setting.since > EXCHANGE_2007 else "",
    )
    return " ".join(filter(None, sentences))


def documented_default(option: str, protocol: str) -> Any:
    """Exchange's default as the texts have it; None where they tell it in words, or not at all."""
    default = _text(option).get("default")
    return default[protocol] if isinstance(default, dict) else default


def _text(option: str) -> dict[str, Any]:
    told: dict[str, dict[str, Any]] = texts("protocol_settings")["options"]
    if option not in told:
        raise LookupError(f"tools/texts/protocol_settings.yml does not tell what {option} is")
    return told[option]


def settings_options(protocol: Protocol) -> dict[str, dict[str, Any]]:
    """The options of a protocol's settings, in alphabetical order."""
    found = {}
    for setting in sorted(protocol.settings, key=lambda setting: setting.option):
        facts = _facts(setting, documented_default(setting.option, protocol.key))
        description = [*_text(setting.option)["description"], *filter(None, [facts])]
        found[setting.option] = {"description": description, "type": setting.kind.option_type}
    return found
