"""How far a long task has come."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._host.progress import Progress, ticking


class Watched:
    def __init__(self) -> None:
        self.now = 100.0
        self.told: list[str] = []
        self.progress = Progress(self.told.append, lambda: self.now)

    def counted(self, at: float, done: int, total: int = 60, more: str = "") -> None:
        self.now = 100.0 + at
        self.progress.counted(done, total, "mailboxes written", more)


def test_a_line_every_five_seconds_and_one_at_the_end() -> None:
    watched = Watched()
    for second in range(1, 13):
        watched.counted(second, 5 * second, more="1 failed" if second > 9 else "")
    assert watched.told == [
        "25 of 60 mailboxes written (41 %), 5 a second, about 7 seconds left",
        "50 of 60 mailboxes written (83 %), 5 a second, about 2 seconds left, 1 failed",
        "60 of 60 mailboxes written (100 %), 5 a second, 1 failed",
    ]


def test_what_is_over_soon_is_not_told_of() -> None:
    watched = Watched()
    watched.counted(4.9, 59)
    watched.counted(4.99, 60)
    watched.counted(80, 0, 0)
    assert watched.told == []


@pytest.mark.parametrize(
    ("seconds", "done", "total", "told"),
    [
        (5, 20000, 100000, "4,000 a second, about 20 seconds left"),
        (100, 50, 1000, "30 a minute, about 32 minutes left"),
        (7200, 1, 9, "0.5 an hour, about 16 hours left"),
        (119, 1, 2, "30.3 an hour, about 119 seconds left"),
        (10, 99, 100, "10 a second, about 1 second left"),
    ],
)
def test_rate_and_time_left(seconds: float, done: int, total: int, told: str) -> None:
    watched = Watched()
    watched.counted(seconds, done, total)
    assert watched.told[0].partition(" %), ")[2] == told


def test_waiting_is_told_as_seldom() -> None:
    watched = Watched()
    for second in range(1, 131):
        watched.now = 100.0 + second
        watched.progress.waited("reading")
    assert len(watched.told) == 26
    assert watched.told[0] == "reading for 5 seconds now"
    assert watched.told[-1] == "reading for 2 minutes now"


def test_a_ticking_block_leaves_no_thread_even_after_an_error() -> None:
    before, ticked = threading.enumerate(), threading.Event()

    def wait_and_fail() -> None:
        with ticking(ticked.set):
            assert ticked.wait(60)
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        wait_and_fail()
    assert threading.enumerate() == before
