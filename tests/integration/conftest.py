"""Fixtures of the tests that run the real ansible-playbook."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner import PASSWORD, Controller
from simulator_process import SimulatorProcess

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as a user has it: built and installed by ansible-galaxy."""
    folder = tmp_path_factory.mktemp("collections")
    galaxy = Path(sys.executable).parent / "ansible-galaxy"
    command = [str(galaxy), "collection", "install", str(REPOSITORY), "-p", str(folder), "--offline", "--force"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def controller(collections: Path) -> Iterator[Controller]:
    """A controller with an empty home; its path is short because Unix sockets live in it."""
    folder = Path(tempfile.mkdtemp(prefix="mx-"))
    yield Controller(folder, collections)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    process = SimulatorProcess(
        servers={"EX01": "SE", "EX02": "2016"}, password=PASSWORD, directory=tmp_path_factory.mktemp("organisation")
    )
    process.start()
    yield process
    process.stop()


@pytest.fixture
def organisation(_organisation: SimulatorProcess) -> SimulatorProcess:
    """Two servers out of the box: an SE and a 2016."""
    _organisation.reset()
    return _organisation
