"""Fixtures of the recorded conversations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from needed import SHARED, do_without
from playback import Reading, Stage, recorded


@pytest.fixture(scope="session")
def recordings(captures: Path) -> Path:
    """The folder of conversations with Windows hosts."""
    folder = captures / "pypsrp"
    if not folder.is_dir():
        do_without(SHARED, f"there are no recorded conversations at {folder}")
    return folder


@pytest.fixture
def read(recordings: Path) -> Reading:
    """Reads a recording by its name."""
    return lambda name: [*recorded(recordings / f"test_{name}.yml")]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Where conversations are played to our shells."""
    stage = Stage()
    yield stage
    stage.close()
