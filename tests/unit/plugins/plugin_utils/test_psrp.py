"""How long a pipeline is waited for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from pypsrp.complex_objects import PSInvocationState
from test_options import DEFAULTS

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.options import to_settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import psrp
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Overdue


class Pipeline:
    """A pipeline that is polled once in ten seconds, and puts out what is given, one a poll."""

    def __init__(self, *output: str | None, ends: bool = True) -> None:
        self.state = PSInvocationState.RUNNING
        self.output: list[str] = []
        self.now = 0.0
        self._left, self._ends = [*output], ends

    def poll_invoke(self, timeout: int) -> None:
        self.now += 10
        if self._left and (one := self._left.pop(0)) is not None:
            self.output.append(one)
        if not self._left and self._ends:
            self.state = PSInvocationState.COMPLETED


def received(monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline) -> list[Any]:
    shell = psrp.PsrpShell(to_settings(DEFAULTS), "windows")
    monkeypatch.setattr(psrp, "time", SimpleNamespace(monotonic=lambda: pipeline.now))
    return shell._receive(cast(Any, pipeline), Request("windows", "Get-X"), 25)


def test_what_puts_something_out_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tens of thousands of mailboxes take longer than one cmdlet may be silent."""
    pipeline = Pipeline("<S>a</S>", None, "<S>b</S>", None, "<S>c</S>", None)
    assert received(monkeypatch, pipeline) == ["a", "b", "c"]
    assert pipeline.now == 60


def test_what_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline("<S>a</S>", None, None, None, "<S>b</S>")
    with pytest.raises(Overdue, match=r"Get-X did not answer on .* within 25 seconds"):
        received(monkeypatch, pipeline)
    assert pipeline.now == 40


def test_what_never_puts_anything_out_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Overdue):
        received(monkeypatch, Pipeline(ends=False))
