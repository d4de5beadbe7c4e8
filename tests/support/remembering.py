"""A host for many runs of the same tasks, whose answers differ in nothing but the shape of one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, ClassVar
from xml.etree import ElementTree

from in_process import InProcessHost, element
from shape_table import Task

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from exchange_simulator.engine import Result


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
            self.catch_up()
            result = super()._perform(request)
            self._answers[key] = [ElementTree.tostring(element(one), "unicode") for one in result.output], result
            self._happened += 1
        self._history += (text,)
        output, result = self._answers[key]
        return replace(result, output=[ElementTree.fromstring(one) for one in output])

    @property
    def wrote(self) -> list[tuple[str, dict[str, Any], Any]]:
        """The writing cmdlets, without the controller by which they write: that is no part of what is written."""
        return [
            (
                one.cmdlet,
                {name: value for name, value in one.parameters.items() if name != "DomainController"},
                one.piped,
            )
            for one in self.calls
            if one.write
        ]

    def catch_up(self) -> None:
        """Let happen to the organisation what was only remembered."""
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


def by_address(value: Any) -> Any:
    """Mailboxes by their addresses, whichever of their names was taken."""
    text = json.dumps(value)
    for name, address in Remembering.addresses.items():
        text = text.replace(json.dumps(name)[1:-1], address)
    return json.loads(text)
