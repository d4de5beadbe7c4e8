"""The documentation of settings: what a reader is told comes from tools/texts, the facts from the tables' rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, singledispatch
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2007, NEVER, Version
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.flags import Flags
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.inherited import ORGANIZATION, OrOrganization
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import ByteSize, LimitedSize, UnlimitedInt
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import MAILBOX_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from generate.twin import said_of, twin

TEXTS = Path(__file__).resolve().parents[1] / "texts"


@cache
def texts(name: str) -> Any:
    """A file of texts."""
    return yaml.safe_load((TEXTS / f"{name}.yml").read_text(encoding="utf-8"))


def listed(words: Sequence[str], last: str = "and") -> str:
    if len(words) < 3:
        return f" {last} ".join(words)
    return f"{', '.join(words[:-1])}, {last} {words[-1]}"


@singledispatch
def values(kind: Kind) -> str:
    """A sentence on the values that a kind takes, unless the type says it all."""
    return ""


@values.register
def _(kind: Int) -> str:
    return f"From {kind.lowest} to {kind.highest}{kind.unit and ' '}{kind.unit}."


@values.register
def _(kind: Enum) -> str:
    names = [f"V({name}) ({number})" for name, number in kind.numbers.items()]
    return f"{listed(names, 'or')}, by name in any case or by number."


@values.register
def _(kind: TimeSpan) -> str:
    return f"A time span from V({kind.parse(kind.lowest)}) to V({kind.parse(kind.highest)})."


_SIZE = "A whole number, in bytes or with a unit (V(B), V(KB), V(MB), V(GB), or V(TB), to the base of 1024),"


@values.register
def _(kind: ByteSize) -> str:
    return f"{_SIZE} or V(unlimited)."


@values.register
def _(kind: LimitedSize) -> str:
    return f"{_SIZE} from V({kind.render(kind.lowest)}) to V({kind.render(kind.highest)})."


@values.register
def _(kind: UnlimitedInt) -> str:
    return f"From {kind.lowest} to {kind.highest}, or V(unlimited)."


@values.register
def _(kind: Flags) -> str:
    return f"A list of {listed([f'V({name})' for name in kind.settable])}, or V(None) alone."


@values.register
def _(kind: OrOrganization) -> str:
    # Its type says nothing of a truth value that is a word as well.
    own = values(kind.kind).removesuffix(".") or "V(true) or V(false)"
    return f"{own}, or V({ORGANIZATION}) for the setting of the organization."


def _default(value: Any) -> str:
    if value in ("", []):
        return "an empty list" if value == [] else "empty"
    words = value if isinstance(value, list) else [value]
    return listed([f"V({str(word).lower() if isinstance(word, bool) else word})" for word in words])


def _text(table: str, option: str) -> tuple[Protocol, dict[str, Any]]:
    """What is told of an option, and of which protocol it is told if the option is one protocol's."""
    told: dict[str, dict[str, Any]] = texts(table)["options"]
    for name in told:
        if option in (name, twin(name)):
            protocol = POP3 if option == name else IMAP4
            return protocol, said_of(protocol, told[name])
    raise LookupError(f"tools/texts/{table}.yml does not tell what {option} is")


def documented_default(table: str, option: str, protocol: Protocol | None = None) -> Any:
    """Exchange's default as the texts have it; None where they tell it in words, or not at all."""
    of, text = _text(table, option)
    default = text.get("default")
    return default[(protocol or of).key] if isinstance(default, dict) else default


def _facts(table: str, rows: Sequence[Setting], protocol: Protocol | None) -> Iterator[str]:
    """What the rows of an option and its default say, in sentences."""
    yield values(rows[0].kind)
    if (default := documented_default(table, rows[0].option, protocol)) is not None:
        of = texts(table).get("defaults_of")
        yield f"Exchange's default {f'for {of} ' if of else ''}is {_default(default)}."
    since, before = min(row.since for row in rows), max(row.before for row in rows)
    if since > EXCHANGE_2007:
        until = f" and before {_short(before)}" if before < NEVER else ""
        yield f"Since {_short(since)}{until}."


def _short(version: Version) -> str:
    return version.product.replace("Server ", "")


def table_options(
    table: str, settings: Iterable[Setting], protocol: Protocol | None = None
) -> dict[str, dict[str, Any]]:
    """The options of a table of settings, in alphabetical order."""
    found = {}
    for option, rows in groupby(sorted(settings, key=_by_option), key=_by_option):
        of_versions = list(rows)
        facts = " ".join(filter(None, _facts(table, of_versions, protocol)))
        text = _text(table, option)[1]
        description = [*text["description"], *filter(None, [facts])]
        found[option] = {"description": description, **of_versions[0].kind.spec}
        if "version_added" in text:
            found[option]["version_added"] = text["version_added"]
    return found


def _by_option(setting: Setting) -> str:
    return setting.option


def protocol_options(protocol: Protocol) -> dict[str, dict[str, Any]]:
    """The settings of a protocol."""
    return table_options("protocol_settings", protocol.settings, protocol)


def connector_options() -> dict[str, dict[str, Any]]:
    """The settings of a receive connector."""
    return table_options("connector_settings", CONNECTOR_SETTINGS)


def mailbox_options(settings: Iterable[Setting] = MAILBOX_SETTINGS) -> dict[str, dict[str, Any]]:
    """The settings of a mailbox, of all clients or of some."""
    return table_options("mailbox_settings", settings)
