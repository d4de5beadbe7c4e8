"""What a session makes of its shells: how long it waits, what it sends again, and that it leaves none open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from test_options import DEFAULTS

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.options import to_settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import REOPENINGS, Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.session_process import CallTimedOut
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Interrupted, Overdue, Refused

READ = Request("windows", "Get-X")
WRITE = Request("windows", "Set-X", write=True)
PASSING = Refused("gone for a moment", passing=True)


class Shell:
    """A shell to which things happen: what the parts of it that are named in ``happens`` raise, time after time."""

    usable = True

    def __init__(self, told: list[str], happens: dict[str, list[Exception]], leaves: bool) -> None:
        self._told, self._happens, self._leaves = told, happens, leaves
        self.seconds: list[float] = []

    def _do(self, what: str) -> None:
        self._told.append(what)
        if waiting := self._happens.get(what):
            raise waiting.pop(0)

    def open(self) -> None:
        self._do("open")

    def run(self, request: Request, seconds: float) -> Reply:
        self.seconds.append(seconds)
        self._do("run")
        self.usable = not self._leaves
        return Reply(output=[{"Name": "x"}])

    def close(self) -> None:
        self._do("close")


class Line(Session):
    """A session with such shells, and a clock that only moves while it waits."""

    def __init__(self, *, leaves: bool = False, **happens: list[Exception]) -> None:
        self.told: list[str] = []
        self.made: list[Shell] = []
        self.waited = 0.0
        self._happens, self._leaves = happens, leaves
        super().__init__(to_settings(DEFAULTS), clock=lambda: self.waited, pause=self._wait)

    def _wait(self, seconds: float) -> None:
        self.waited += seconds

    def _make_shell(self, place: str) -> Any:
        self.made.append(Shell(self.told, self._happens, self._leaves))
        return self.made[-1]

    def ask(self, request: Request = READ) -> Reply:
        return Reply.parse(self.invoke(request.to_json()))


@pytest.mark.parametrize(
    ("request_", "seconds"),
    [
        (READ, 300),
        (WRITE, 300),
        (Request("windows", "Get-X", deadline=5), 5),
        (Request("windows", "Get-X", deadline=3600), 300),
        (Request("windows", "Set-X", write=True, deadline=5), 5),
        (Request("windows", "Set-X", write=True, deadline=3600), 3600),
    ],
    ids=str,
)
def test_only_a_write_may_take_longer_than_the_connection_allows(request_: Request, seconds: float) -> None:
    line = Line()
    line.ask(request_)
    assert line.made[0].seconds == [seconds]


def test_what_is_overdue_is_not_sent_again() -> None:
    line = Line(run=[Overdue("no answer")])
    assert (line.ask().state, line.told) == ("unreachable", ["open", "run", "close"])


def test_what_only_reads_is_sent_again_if_it_was_interrupted() -> None:
    line = Line(run=[Interrupted("broken")] * REOPENINGS)
    assert (line.ask().state, line.told.count("run")) == ("completed", 1 + REOPENINGS)
    line = Line(run=[Interrupted("broken")] * (1 + REOPENINGS))
    assert (line.ask().state, line.told.count("run")) == ("unreachable", 1 + REOPENINGS)


def test_a_write_is_sent_once() -> None:
    line = Line(run=[Interrupted("broken")])
    assert (line.ask(WRITE).state, line.told) == ("unknown", ["open", "run", "close"])


def test_a_host_that_never_answered_is_not_waited_for() -> None:
    line = Line(open=[PASSING] * 100)
    assert (line.ask().state, line.waited) == ("unreachable", 0)


def test_a_host_that_has_answered_may_be_away_for_a_moment() -> None:
    line = Line()
    line.ask()
    line._happens["run"] = [PASSING]
    line._happens["open"] = [PASSING] * 10
    assert line.ask().state == "completed"
    assert 0 < line.waited < line.settings.connection_timeout
    line._happens["open"], line._happens["run"], line.waited = [PASSING] * 100, [PASSING], 0
    assert line.ask().state == "unreachable"
    assert line.waited == line.settings.connection_timeout


@pytest.mark.parametrize("what", ["open", "run"])
def test_of_an_interrupted_session_nothing_is_left(what: str) -> None:
    line = Line(**{what: [CallTimedOut]})
    with pytest.raises(CallTimedOut):
        line.ask()
    assert line.told[-2:] == [what, "close"]
    assert line.ask().state == "completed"
    assert len(line.made) == 2


def test_a_shell_that_is_of_no_more_use_is_closed() -> None:
    line = Line(leaves=True)
    line.ask()
    assert line.told == ["open", "run", "close"]
    line.ask()
    assert len(line.made) == 2


@pytest.mark.parametrize(
    "close", [Line.close, lambda line: line._discard("windows")], ids=["at the end", "in the middle"]
)
def test_an_interrupted_closing_is_done_once_more(close: Callable[[Line], None]) -> None:
    line = Line(close=[CallTimedOut])
    line.ask()
    with pytest.raises(CallTimedOut):
        close(line)
    # It is not used once it has begun to be closed.
    assert line.ask().state == "completed"
    assert len(line.made) == 2
    line.close()
    assert line.told.count("close") == 3
    line.close()
    assert line.told.count("close") == 3
