"""A simulated organisation for the tests of the simulator itself."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from administrator import Administrator

from exchange_simulator.organisation import Organisation

# Addresses of their own keep test processes that run at the same time apart.
_NETWORK = f"127.{1 + os.getpid() % 250}.{os.getpid() // 250 % 250}"
_ADDRESSES = (f"{_NETWORK}.{last}" for last in itertools.cycle(range(1, 250, 8)))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Organisation]]:
    made: list[Organisation] = []

    def build(*releases: str, **options: Any) -> Organisation:
        servers = [(f"EX{number:02}", release) for number, release in enumerate(releases or ("SE",), 1)]
        made.append(
            Organisation(
                servers=servers,
                domain="contoso.test",
                directory=tmp_path,
                first_address=next(_ADDRESSES),
                port_offset=20000,
                **options,
            )
        )
        return made[-1]

    yield build
    for organisation in made:
        organisation.stop_listeners()


@pytest.fixture
def admin(make: Callable[..., Organisation]) -> Administrator:
    return Administrator(make("SE", "2016", "2010"))
