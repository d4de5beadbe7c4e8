"""The time that a PowerShell takes to start: where it is waited for, and where it is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from simulator_process import SimulatorFailed, SimulatorProcess

from exchange_simulator import engines
from exchange_simulator.engine import Runspace
from exchange_simulator.engines import OwnEngine, Place
from exchange_simulator.organisation import Organisation
from exchange_simulator.winrs import Running

SECONDS = 0.3


@pytest.mark.parametrize(("endpoint", "slept"), [("windows", [SECONDS]), ("exchange", [])])
def test_a_session_of_windows_opens_once_its_process_runs(
    make: Callable[..., Organisation], monkeypatch: pytest.MonkeyPatch, endpoint: Any, slept: list[float]
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(engines, "RunspacePool", lambda *_: None)
    organisation = make()
    engine = OwnEngine(organisation, SECONDS)
    engine.runspaces(Place(organisation.servers["EX01"], endpoint, "administrator"), Runspace(), b"")
    assert waited == slept


def test_a_process_takes_what_it_is_sent_and_reads_it_once_it_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    starting: list[Callable[[], None]] = []

    class Timer(threading.Thread):
        """One whose time the test lets pass."""

        def __init__(self, seconds: float, act: Callable[[], None]) -> None:
            assert seconds == SECONDS
            starting.append(act)
            super().__init__()

    monkeypatch.setattr(threading, "Timer", Timer)
    process = Running(threading.Condition(), SECONDS)
    first = process.feed(b"1\n", ends=False)
    second = process.feed(b"2\n", ends=True)
    assert first
    assert second
    first.start(0)
    second.start(0)
    assert not first.done.wait(SECONDS)
    (started,) = starting
    started()
    assert second.done.wait(60)
    assert first.done.is_set()


def test_a_real_powershell_takes_its_own_time() -> None:
    with pytest.raises(SimulatorFailed, match="a real PowerShell takes its own time"):
        SimulatorProcess(engine="pwsh", powershell_start=1).start()
