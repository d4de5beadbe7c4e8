# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The life of a module, told once: its options are parsed and refused, its work is done, its answer is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure, harmless
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host, connect
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.way import current_way
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import stray
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Edit
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Identity
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Group, Option, Row, argument_spec

SERVER_OPTIONS = (Option("server", Identity()), Option("domain_controller", Identity()))


def parse(rows: Iterable[Row], params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The canonical values of all options given, or a Failure with a sentence for each that is wrong.

    The sentences call them by their names with the prefix.
    """
    problems: list[str] = []
    given = _parse(rows, params, prefix, problems)
    refuse(problems)
    return given


def _parse(rows: Iterable[Row], params: Mapping[str, Any], prefix: str, problems: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    # An option that versions of Exchange take in different ways has a row for each.
    for row in {row.option: row for row in rows}.values():
        value, option = params.get(row.option), prefix + row.option
        if value is None:
            continue
        if isinstance(row.kind, Group):
            given[row.option] = _parse(row.kind.rows, value, f"{option}.", problems)
            continue
        try:
            value = given[row.option] = row.kind.parse(value)
        except ValueError as error:
            problems.append(f"{option}: {error}.")
            continue
        entries = (*value.add, *value.remove) if isinstance(value, Edit) else value
        texts = entries if isinstance(entries, tuple) else (entries,)
        if what := next(filter(None, (stray(text) for text in texts if isinstance(text, str))), None):
            problems.append(f"{option}: it contains {what}; use text on a single line.")
    return given


def refuse(problems: Iterable[str]) -> None:
    """End the task if there is any problem."""
    if sentences := " ".join(problems):
        raise Failure(sentences)


class Work(ABC):
    """What one module does on a host."""

    options: ClassVar[Sequence[Row]]
    required_one_of: ClassVar[Sequence[Sequence[str]]] = ()
    calls_cmdlets: ClassVar[bool] = True

    def __init__(self, host: Host, given: Mapping[str, Any]) -> None:
        self.host = host
        self.given = given
        """The canonical values of the options given, and of those with a default."""

    @cached_property
    def server(self) -> Server:
        """The Exchange server meant."""
        return self.host.server(self.given.get("server"))

    @classmethod
    def nothing(cls) -> dict[str, Any]:
        """The result of a task that ended before anything was done."""
        return {}

    def contradictions(self) -> Iterable[str]:
        """Sentences on options that do not go together; nothing has been sent yet."""
        return ()

    @abstractmethod
    def result(self) -> dict[str, Any]:
        """Do it, and tell what came of it."""


def run(work: type[Work]) -> None:
    """The life of every module."""
    module = AnsibleModule(
        argument_spec=argument_spec(work.options),
        required_one_of=work.required_one_of,
        supports_check_mode=True,
    )
    host: Host | None = None
    try:
        given = parse(work.options, module.params)
        host = connect(check_mode=module.check_mode, domain_controller=given.pop("domain_controller", None))
        task = work(host, given)
        refuse(task.contradictions())
        answer = partial(module.exit_json, **{"changed": False, **task.result()})
    except Failure as failure:
        answer = partial(module.fail_json, msg=harmless(str(failure)), **{**work.nothing(), **failure.result})
    for warning in host.warnings if host else ():
        (current_way().warn or module.warn)(harmless(warning))
    answer(**({"cmdlets": host.sent if host else []} if work.calls_cmdlets else {}))
