# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a long task has come: a line every few seconds, and none of a task that does not take so long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 5.0
"""So many seconds at least lie between two lines."""


class Progress:
    """Counts what is done of something, and tells of it now and then."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._tell = tell
        self._clock = clock
        self._began = self._told = clock()
        self._has_told = False

    def counted(self, done: int, total: int, what: str, more: str = "") -> None:
        """So many of all are done by now."""
        ends = done >= total and self._has_told
        if done and (ends or self._is_due()):
            rate = done / max(self._clock() - self._began, 0.001)
            told = [f"{done:,} of {total:,} {what} ({100 * done // total} %)", _rate(rate)]
            told += [f"about {_span((total - done) / rate)} left"] if done < total else []
            self._say(", ".join([*told, *([more] if more else [])]))

    def waited(self, what: str) -> None:
        """Nothing is known but that it still goes on."""
        if self._is_due():
            self._say(f"{what} for {_span(self._clock() - self._began)} now")

    def _is_due(self) -> bool:
        return self._clock() - self._told >= EVERY

    def _say(self, text: str) -> None:
        self._told, self._has_told = self._clock(), True
        self._tell(text)


@contextmanager
def ticking(tick: Callable[[], None]) -> Iterator[None]:
    """Call it each second while the block waits for something, in a thread that ends with the block."""
    done = threading.Event()

    def go_on() -> None:
        while not done.wait(1.0):
            tick()

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _rate(rate: float) -> str:
    for unit, seconds in (("second", 1), ("minute", 60)):
        if rate * seconds >= 1:
            return f"{rate * seconds:,.0f} a {unit}"
    return f"{rate * 3600:,.1f} an hour"


def _span(seconds: float) -> str:
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}s"
    count = max(1, round(seconds))
    return f"{count} second{'s' if count > 1 else ''}"
