"""Every row of the table of odd shapes ends right, or in one sentence before anything is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from unittest import mock
from xml.etree import ElementTree

import pytest
from ansible.module_utils.basic import AnsibleModule
from in_process import InProcessHost, Shaper, element
from shape_table import RIGHT, ROWS, SENTENCE, Row, Task

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from exchange_simulator.engine import Result

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


class Remembering(InProcessHost):
    """A host of which each answer is made once: most rows ask the same of the same server."""

    _answers: ClassVar[dict[tuple[Any, ...], tuple[list[str], Result]]] = {}
    addresses: ClassVar[dict[str, str]] = {}
    """By every other name that a mailbox has."""

    def __init__(self, task: Task) -> None:
        super().__init__(task.release)
        self._task = task
        self._history: tuple[Any, ...] = ()
        self._happened = -1
        """So much of the history has happened to the organisation, less than nothing before it is prepared."""

    def pause(self, seconds: float) -> None:
        self.asleep += seconds
        self._history += (seconds,)

    def _perform(self, request: Request) -> Result:
        text = request.to_json()
        key = self.form, self._task.key, self._history, text
        if key not in self._answers:
            self._catch_up()
            result = super()._perform(request)
            self._answers[key] = [ElementTree.tostring(element(one), "unicode") for one in result.output], result
            self._happened += 1
        self._history += (text,)
        output, result = self._answers[key]
        return replace(result, output=[ElementTree.fromstring(one) for one in output])

    def _catch_up(self) -> None:
        if self._happened < 0:
            self.organisation.reset()
            if self._task.prepare:
                self._task.prepare(self)
            for mailbox in self.organisation.mailboxes:
                names = (str(mailbox.guid), mailbox.distinguished_name)
                self.addresses.update(dict.fromkeys(names, mailbox.address))
            self._happened = 0
        for one in self._history[self._happened :]:
            if isinstance(one, str):
                super()._perform(Request.parse(one))
            else:
                self.organisation.advance_clock(one)
        self._happened = len(self._history)


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
    wrote = [[request.cmdlet, dict(request.parameters), request.piped] for request in host.calls if request.write]
    for _cmdlet, parameters, _piped in wrote:
        # By which controller it is done is no part of what is done.
        parameters.pop("DomainController", None)
    return Played(*_by_address([results, warned, wrote]))


def _by_address(value: Any) -> Any:
    """Mailboxes by their addresses, whichever of their names was taken."""
    text = json.dumps(value)
    for name, address in Remembering.addresses.items():
        text = text.replace(json.dumps(name)[1:-1], address)
    return json.loads(text)


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
        told = shaped.told
    else:
        if not all(one.get("failed") for one in shaped.results):
            problems.append(f"ok, with {shaped.results} and {shaped.warned}")
        told = str(shaped.results[0].get("msg"))
        if not told.endswith(".") or "\n" in told or "Traceback" in told:
            problems.append("no sentence")
        if row.member and row.shape != "absent" and not shaped.results[0].get("unreadable"):
            problems.append("nothing to paste")
    if (row.named or row.member or row.cmdlet) not in told:
        problems.append("not named")
    return f"{'; '.join(problems)}: {told}" if problems else SENTENCE


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_shape_is_read_right_or_told_in_one_sentence(row, wire_form):
    assert outcome(row, wire_form) == row.expected
