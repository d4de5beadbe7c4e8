"""A helper ends by itself when its playbook has told it to, and is only ended if it was not told."""

from __future__ import annotations

import os
import signal

import pytest

from ansible_collections.mailops.exchange.plugins.connection import exchange

PLAYBOOK = 4194305


def test_a_helper_has_time_to_end_before_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[object] = []

    class Pause:
        def wait(self, seconds: float) -> None:
            happened.append(seconds)

    def kill(pid: int, what: int) -> None:
        if pid == PLAYBOOK and happened:
            raise ProcessLookupError
        if pid == os.getpid():
            happened.append(signal.Signals(what))

    monkeypatch.setattr(exchange.threading, "Event", Pause)
    monkeypatch.setattr(exchange.os, "kill", kill)
    exchange._terminate_after(PLAYBOOK)
    assert happened == [1, 2, signal.SIGTERM]
