# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way from a task to its host, laid by whoever runs the module."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.progress import ticking


@dataclass(frozen=True)
class Way:
    """The way to the host and back, with the clock by which it is waited for."""

    invoke: Callable[[str], str]
    """Carries a request there, and its reply back."""
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = lambda _: None
    """Lets the user read something at once."""
    ticking: Callable[[Callable[[], None]], AbstractContextManager[None]] = ticking
    """Calls something now and then while a block waits."""
    note: Callable[[str], None] = lambda _: None
    """Lets the user read something who wants to know all."""
    warn: Callable[[str], None] | None = None
    """Takes the warnings in the place of Ansible, which may show them at once."""


_way: ContextVar[Way] = ContextVar("mailops_exchange_way")


@contextmanager
def laid(way: Way) -> Iterator[None]:
    """Let the modules that run inside this block reach their host."""
    token = _way.set(way)
    try:
        yield
    finally:
        _way.reset(token)


def current_way() -> Way:
    """The way of the current task."""
    way = _way.get(None)
    if way is None:
        raise Failure(
            "This module runs through the collection's action plugin only; name it mailops.exchange.<module>."
        )
    return way
