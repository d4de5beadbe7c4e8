"""Mail services that stand still, and time that passes: told instead of waited for, so that no machine is too slow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._mail import round_trip, sockets
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import (
    LimitedSocket,
    LimitedTlsSocket,
    OutOfTime,
    Traffic,
)

_TICK = 0.05


def until_told(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let no wait for a mail service end for want of time before the event is set, and then each at once."""
    still = threading.Event()

    @contextmanager
    def waiting(_traffic: Traffic, line: LimitedSocket) -> Iterator[None]:
        line.settimeout(_TICK)
        try:
            yield
        except TimeoutError:
            raise OutOfTime from None

    def patient(wait: Callable[..., Any]) -> Callable[..., Any]:
        def again(*arguments: Any, **options: Any) -> Any:
            while True:
                # What came before the service stood still is there to be read by now.
                last = still.is_set()
                try:
                    return wait(*arguments, **options)
                except OutOfTime:
                    if last:
                        raise

        return again

    monkeypatch.setattr(Traffic, "waiting", waiting)
    monkeypatch.setattr(LimitedSocket, "recv_into", patient(LimitedSocket.recv_into))
    monkeypatch.setattr(LimitedTlsSocket, "do_handshake", patient(LimitedTlsSocket.do_handshake))
    return still


class Clock:
    """Takes the place of `time` where a probe looks how late it is: so many seconds go by with each look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, each_look: float = 0) -> None:
        self._now, self._each_look = 0.0, each_look
        for module in (sockets, round_trip):
            monkeypatch.setattr(module, "time", self)

    def monotonic(self) -> float:
        self._now += self._each_look
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds
