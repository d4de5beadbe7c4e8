"""The roles: what they take, how they hand it to the modules, and imap4, which is pop3 in other words."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

import yaml

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Values
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import PROTOCOL_ACCESS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3, Protocol
from generate import layout
from generate.settings import connector_options, mailbox_options, protocol_options, texts
from generate.twin import said_of

_MODULES = "ansible_collections.mailops.exchange.plugins.modules."


def _paragraphs(option: Mapping[str, Any]) -> dict[str, Any]:
    """An option whose description is a list, however it was written."""
    description = option["description"]
    return {**option, "description": [description] if isinstance(description, str) else description}


def _any_spelling(option: Mapping[str, Any]) -> dict[str, Any]:
    """An option without choices that stand for other spellings as well, which Ansible would refuse to a role."""
    return {key: value for key, value in option.items() if not (key == "choices" and isinstance(value, Values))}


# Modules whose settings are in a doc fragment.
_OF_TABLES: dict[str, Callable[[], dict[str, Any]]] = {
    "cas_mailbox": partial(mailbox_options, PROTOCOL_ACCESS),
    "receive_connector": connector_options,
}


@cache
def _module_options(module: str) -> dict[str, Any]:
    """The options of a module in the words of a role for POP3: only what concerns it, and without a prefix."""
    documented = yaml.safe_load(importlib.import_module(_MODULES + module).DOCUMENTATION)["options"]
    documented |= _OF_TABLES.get(module, dict)()
    prefix = f"{POP3.mailbox_prefix}_"
    others = f"{IMAP4.mailbox_prefix}_"
    return {name.removeprefix(prefix): option for name, option in documented.items() if not name.startswith(others)}


def _referring(text: str, known: Mapping[str, str]) -> str:
    """The text with its references to options leading to where the role has them."""

    def lead(match: re.Match[str]) -> str:
        name, value = match["name"].removeprefix(f"{POP3.mailbox_prefix}_"), match["value"] or ""
        if match["markup"] == "O" and name in known:
            return f"O({known[name]}{value})"
        return f"C({match['name']}{value})"

    return re.sub(r"\b(?P<markup>O|RV)\((?P<name>[\w.]+)(?P<value>=[^)]*)?\)", lead, text)


def _with_options(name: str, option: Mapping[str, Any]) -> dict[str, Any]:
    """An option of the role; where its own options are those of a module, with these."""
    result = _paragraphs(option)
    if (module := result.pop("options_of", None)) is None:
        return result
    documented = _module_options(module)
    chosen = result.pop("only", list(documented))
    known = {inner: f"{name}.{inner}" for inner in chosen}
    said = result.pop("options", {})
    result["options"] = {}
    for inner in chosen:
        taken = _any_spelling(_paragraphs(documented[inner]))
        taken["description"] = [_referring(text, known) for text in taken["description"]]
        result["options"][inner] = {**taken, **said.get(inner, {})}
    return result


def _role_options(protocol: Protocol) -> dict[str, Any]:
    """All that a role takes: its own decisions, and its protocol's settings."""
    own = {name: _with_options(name, option) for name, option in texts("role")["options"].items()}
    settings = protocol_options(protocol)
    known = {name: f"{protocol.key}_{name}" for name in settings}
    prefixed = {
        known[name]: {
            **_any_spelling(option),
            "description": [_referring(text, known) for text in option["description"]],
        }
        for name, option in settings.items()
    }
    return {**said_of(protocol, own), **prefixed}


def argument_specs(protocol: Protocol) -> Iterator[str]:
    """The role's meta/argument_specs.yml."""
    role = said_of(protocol, texts("role"))
    yield from (
        "---",
        "# Written by `make generate` from tools/texts, the tables of settings and the modules' documentation.",
        "argument_specs:",
        "  main:",
        f"    short_description: {role['short_description']}",
        "    description:",
    )
    yield from layout.paragraphs(role["description"], 6)
    yield "    seealso:"
    yield from (f"      - {key}: {value}" for entry in role["seealso"] for key, value in entry.items())
    yield "    author:"
    yield from layout.paragraphs(role["author"], 6)
    yield f"    version_added: {role['version_added']}"
    yield "    options:"
    yield from layout.options(_role_options(protocol), 6)


def defaults(protocol: Protocol) -> Iterator[str]:
    """The role's defaults/main.yml."""
    yield "---"
    yield "# Written by `make generate` from tools/texts/role.yml. Only what the role itself decides has a default:"
    yield f"# a setting of {protocol.title} that is not given is left as the server has it."
    for name, option in _role_options(protocol).items():
        if "default" in option:
            yield f"{name}: {layout.fact(option['default'])}"


def variables() -> Iterator[str]:
    """The table of the variables that a role has beside its protocol's settings."""
    own = sorted(name.removeprefix(f"{POP3.key}_") for name in texts("role")["options"])
    yield from (
        "# Copyright: (c) 2026, mailops contributors",
        "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
        '"""The variables of the roles beside the settings, written by `make generate` from tools/texts/role.yml."""',
        "",
        "from __future__ import annotations",
        "",
        "# Without the name of the protocol that they begin with.",
        "ROLE_VARIABLES = (",
    )
    yield from (f'    "{name}",' for name in own)
    yield ")"


_WRITTEN = "# Written by `make generate` from the tables of settings."


def _given(variable: str) -> str:
    return f'"{{{{ {variable} | default(omit) }}}}"'


def settings_tasks(protocol: Protocol) -> Iterator[str]:
    """The role's tasks/settings.yml."""
    yield from ("---", _WRITTEN, f"- name: Configure the {protocol.title} settings")
    yield f"  mailops.exchange.{protocol.module}:"
    for option in ("server", "domain_controller", *sorted(setting.option for setting in protocol.settings)):
        yield f"    {option}: {_given(f'{protocol.key}_{option}')}"
    yield f"  register: __{protocol.key}_settings"


def mailboxes_tasks(protocol: Protocol) -> Iterator[str]:
    """The role's tasks/mailboxes.yml."""
    key, prefix = protocol.key, f"{protocol.mailbox_prefix}_"
    given = f"{key}_mailboxes"
    present = f"{key}_state == 'present' and {given}"
    handed: dict[str, str] = {option: _given(f"{key}_{option}") for option in ("server", "domain_controller")}
    handed |= {option: _given(f"{given}.{option}") for option in ("identities", "filter")}
    handed["exclusive"] = f'"{{{{ {present}.exclusive | default(false) }}}}"'
    handed |= {
        option: _given(f"{given}.{option}") for option in ("max_changes", "batch_size", "refuse_built_in_accounts")
    }
    own = (setting.option for setting in PROTOCOL_ACCESS if setting.option.startswith(prefix))
    handed |= {option: _given(f"{given}.{option.removeprefix(prefix)}") for option in own}
    handed[f"{prefix}enabled"] = f'"{{{{ {present}.enabled | default(true) }}}}"'
    yield from ("---", _WRITTEN, f"- name: Set mailbox access by {protocol.title}")
    yield "  mailops.exchange.cas_mailbox:"
    for option, value in handed.items():
        yield f"    {option}: {value}"
    yield f"  register: __{key}_mailboxes"


def connector_tasks(protocol: Protocol) -> Iterator[str]:
    """The role's tasks/connector.yml."""
    key = protocol.key
    yield from ("---", _WRITTEN, "- name: Configure the receive connector for clients")
    yield "  mailops.exchange.receive_connector:"
    for option in ("server", "domain_controller"):
        yield f"    {option}: {_given(f'{key}_{option}')}"
    for option in ("name", *(setting.option for setting in CONNECTOR_SETTINGS)):
        yield f"    {option}: {_given(f'{key}_connector.{option}')}"
    yield f"  register: __{key}_connector"
