"""Every row of the table of odd shapes ends right, or in one sentence before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest
from ansible.module_utils.basic import AnsibleModule
from in_process import Shaper
from remembering import Remembering, by_address
from shape_table import RIGHT, ROWS, SENTENCE, Row, Task

from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import MAILBOX_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS

pytestmark = pytest.mark.forms("full", "plain")

# What a report may say because something cannot be read.
NOT_KNOWN = {"part-unreadable", "restart-owed", "component-unknown"}


@dataclass
class Played:
    """What came of a task in check mode, then for real, and again."""

    results: list[dict[str, Any]]
    warned: list[str]
    wrote: list[Any]

    @property
    def told(self) -> str:
        return " ".join([*_texts(self.results), *self.warned])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def play(task: Task, cmdlet: str = "", put: Shaper | None = None) -> Played:
    host = Remembering(task)
    if put:
        host.shapes[cmdlet] = put
    warned: list[str] = []
    results = []
    with mock.patch.object(AnsibleModule, "warn", lambda _self, warning: warned.append(warning)):
        for check in (True, False, False):
            results.append(host.run(task.module, task.options, check=check))
            if len(results) == 2 and all(one.get("failed") for one in results):
                break
    for result in results:
        result.pop("invocation", None)
    return Played(*by_address([results, warned, host.wrote]))


_usual: dict[tuple[Any, ...], Played] = {}


def usual(task: Task, form: str) -> Played:
    key = form, task.key
    if key not in _usual:
        played = _usual[key] = play(task)
        assert not any(one.get("failed") for one in played.results), played.results
    return _usual[key]


def outcome(row: Row, form: str) -> str:
    """What it ends in: one of the two that may be, or what else it is."""
    shaped, before = play(row.task, row.cmdlet, row.put), usual(row.task, form)
    if row.warns:
        shaped.warned = before.warned
    if shaped == before:
        return RIGHT
    problems = [f"wrote {shaped.wrote}"] if shaped.wrote else []
    if any(one.get("changed") for one in shaped.results):
        problems.append("changed")
    if row.task.module == "client_access_info" and not any(one.get("failed") for one in shaped.results):
        ids = {finding["id"] for one in shaped.results for finding in one["findings"]}
        had = {finding["id"] for one in before.results for finding in one["findings"]}
        if more := ids - had - NOT_KNOWN:
            problems.append(f"found {more}")
    else:
        if not all(one.get("failed") for one in shaped.results):
            problems.append(f"ok, with {shaped.results} and {shaped.warned}")
        told = str(shaped.results[0].get("msg"))
        if not told.endswith(".") or "\n" in told or "Traceback" in told:
            problems.append("no sentence")
        came = shaped.results[0].get("unreadable") or {}
        if "cannot be read" in told and not any(shape in told for shape in came.values()):
            problems.append("nothing to paste")
    if (row.named or row.member or row.cmdlet) not in shaped.told:
        problems.append("not named")
    return f"{'; '.join(problems)}: {shaped.results[0].get('msg')}" if problems else SENTENCE


def test_no_setting_is_left_out():
    rows = {(row.cmdlet, row.member) for row in ROWS}
    tables = {f"Get-{protocol.noun}": protocol.settings for protocol in PROTOCOLS.values()}
    tables |= {"Get-ReceiveConnector": CONNECTOR_SETTINGS, "Get-CASMailbox": MAILBOX_SETTINGS}
    assert not {(cmdlet, one.parameter) for cmdlet, settings in tables.items() for one in settings} - rows


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_shape_is_read_right_or_told_in_one_sentence(row, wire_form):
    assert wire_form not in row.task.forms or outcome(row, wire_form) == row.expected
