# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong, told once: a case of it is said as a refusal before writing, as a warning or as a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import MOST_WORDS, shortened
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import Protocol

SEVERITIES = ERROR, WARNING, NOTICE = "error", "warning", "notice"


@dataclass(frozen=True)
class Rule:
    """What can be wrong, in sentences with places for what is met."""

    id: str
    severities: tuple[str, ...]
    """The usual one first."""
    found: str
    """Begins with its options and a colon where it is a refusal as well."""
    why: str
    fix: str
    """`{by}` is where a finding tells with which module, and under which name in the role."""
    fixed_by: tuple[str, ...] = ()
    """The parts of the roles, or the settings, that put it right."""

    def fact(
        self,
        severity: str | None = None,
        *,
        options: Iterable[str] = (),
        protocol: Protocol | str | None = None,
        **met: object,
    ) -> Fact:
        """A case of it."""
        if isinstance(protocol, Protocol):
            met["protocol_key"], met["protocol_title"] = protocol.key, protocol.title
            met["protocol_service"] = protocol.service
            protocol = protocol.key
        told = {name: shortened(value, MOST_WORDS) if isinstance(value, str) else value for name, value in met.items()}
        found, why, fix = (text.format_map({"by": "", **told}) for text in (self.found, self.why, self.fix))
        return Fact(self, severity or self.severities[0], found, why, fix, frozenset(options), protocol)

    def documented(self) -> dict[str, Any]:
        """The rule itself, with the `<names>` of what is met in its place."""
        found, why, fix = (text.format_map(_BLANKS) for text in (self.found, self.why, self.fix))
        return {
            "id": self.id,
            "severities": list(self.severities),
            "found": found,
            "why": why,
            "fix": fix,
            "fixed_by": list(self.fixed_by),
        }


class _Blanks(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"<{name.replace('_', ' ')}>"


_BLANKS = _Blanks(
    by="", protocol_key="<pop3 or imap4>", protocol_service="<POP or IMAP>", protocol_title="<POP3 or IMAP4>"
)


@dataclass(frozen=True)
class Fact:
    """One thing that an administrator should know."""

    rule: Rule
    severity: str | None
    """None for a contradiction."""
    found: str
    why: str
    fix: str
    options: frozenset[str] = frozenset()
    """A task that gives one of them has made it so."""
    protocol: str | None = None
    """`pop3`, `imap4` or `smtp`; None for what concerns all."""

    @property
    def id(self) -> str:
        return self.rule.id

    def refusal(self) -> str:
        return f"{self.found.removesuffix('.')}; {self.fix[0].lower()}{self.fix[1:]}" if self.fix else self.found

    def warning(self) -> str:
        return f"{self.found} {self.why}"

    def shown(self) -> dict[str, Any]:
        """As a finding."""
        return {
            "id": self.id,
            "severity": self.severity,
            "found": self.found,
            "why": self.why,
            "fix": self.fix,
            "fixed_by": list(self.rule.fixed_by),
            "protocol": self.protocol,
        }


# What a finding can never be, because Exchange stores nothing of the kind.
_REFUSED = Rule("refused", (), "{found}", "", "{fix}")


def contradiction(options: Iterable[str], found: str, fix: str = "") -> Fact:
    """What Exchange would refuse, and is refused before."""
    return Fact(_REFUSED, None, found, "", fix, frozenset(options))


def refusals(facts: Iterable[Fact], own: AbstractSet[str]) -> Iterator[str]:
    """Of facts those that are a task's own doing, as sentences."""
    return (fact.refusal() for fact in facts if fact.options & own)


def warnings(facts: Iterable[Fact]) -> Iterator[str]:
    return (fact.warning() for fact in facts)


def findings(*modules: ModuleType) -> dict[str, Rule]:
    """By id, the rules that are declared in modules."""
    declared = (rule for module in modules for rule in vars(module).values() if isinstance(rule, Rule))
    return {rule.id: rule for rule in declared}


def by_settings(protocol: Protocol | None, *options: str) -> str:
    """How settings are set, as the rest of a sentence; nothing for a task that is about to set them."""
    if not protocol:
        return ""
    module, names = f"mailops.exchange.{protocol.module}", [f"{protocol.key}_{option}" for option in options]
    if len(names) == 1:
        return f" with {module}; in the role it is {names[0]}"
    return f". {' and '.join(options)} are options of {module}; in the role they are {' and '.join(names)}"
