"""What the fuzz tests share: how long they go on, what counts as hanging, and hostile inputs made of honest ones.

`make test` runs some hundred examples of each. FUZZ_SECONDS=600 python -m pytest tests/fuzz -rP -n 0 runs each for ten
minutes and says how many there were.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from types import FrameType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from memory import forget_peak, peak

SECONDS = float(os.environ.get("FUZZ_SECONDS", 0))
# No honest example takes a second; a machine under load may make ten of one.
HANGING = 60
GROWTH = 256 << 20


class Hanging(BaseException):
    """An example took longer than any can; no handler of the code under test may take it for something else."""


@contextmanager
def watched() -> Iterator[None]:
    """Neither hanging nor growing without end."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hanging

    before = forget_peak()
    old = signal.signal(signal.SIGALRM, ring)
    signal.alarm(HANGING)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
    assert peak() - before < GROWTH


def fuzz(examples: int, *inputs: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Try a property on so many examples, or on as many as go into the time that FUZZ_SECONDS gives."""

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        tried = 0

        @settings(max_examples=examples if not SECONDS else 5000)
        @given(st.tuples(*inputs))
        def once(drawn: tuple[Any, ...]) -> None:
            nonlocal tried
            tried += 1
            with watched():
                check(*drawn)

        @wraps(check, assigned=("__module__", "__name__", "__qualname__", "__doc__"), updated=())
        def test() -> None:
            begun = time.monotonic()
            while True:
                once()
                if time.monotonic() - begun >= SECONDS:
                    break
            print(f"{check.__name__}: {tried} examples in {time.monotonic() - begun:.0f} s")

        del test.__wrapped__
        return test

    return decorate


@st.composite
def spoilt(draw: st.DrawFn, honest: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """An honest input with pieces of it cut, doubled, exchanged, and replaced by hostile ones."""
    data = draw(st.sampled_from(honest))
    for _number in range(draw(st.integers(0, 8))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.sampled_from(tokens),
                st.binary(max_size=8),
                st.integers(0, len(data)).map(partial(_from, data)),
                st.just(data[start:end] * 2),
            )
        )
        data = data[:start] + piece + data[end:]
    return data


def _from(data: bytes, start: int) -> bytes:
    return data[start : start + 200]


STRANGE = ("", "0", "-1", "9" * 5000, "٣", "²", "1:2:3:4", "[::]:995", "a:b:c", "\0", "\ud800", "P1D", "(1)", "1" * 99)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**301)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["", "0", "-1", "9" * 5000, "٣", "²", "1:2:3:4", "[::]:995", "a:b:c", "\0", "\ud800", "P1D", "(1)"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["$text", "$value", "$bytes", "Ticks", "Value", "IsUnlimited", "Major"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
"""Anything that a reader of wire values can be handed."""
