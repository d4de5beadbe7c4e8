"""The folder of the sessions' sockets is full: one sentence, UNREACHABLE, and nothing is sent."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evidence import is_a_sentence
from runner import Controller, inventory, wait_until
from simulator_process import SimulatorProcess

PLAY = [
    {
        "hosts": "ex01",
        "gather_facts": False,
        "tasks": [{"mailops.exchange.pop_settings": {"banner": "x"}, "name": "banner"}],
    }
]


def see(controller: Controller, organisation: SimulatorProcess, folder: Path) -> str:
    hosts: dict[str, Any] = inventory(organisation.description)
    done = controller.run(PLAY, hosts, ANSIBLE_LOCAL_TEMP=str(folder))
    result = done.task("banner", "ex01")
    message: str = result["result"]["msg"]
    assert result["status"] == "unreachable", done.output
    assert is_a_sentence(message), message
    assert str(folder) in message
    assert organisation.log() == []
    assert organisation.state()["servers"]["EX01"]["shells_opened"] == {"exchange": 0, "windows": 0}
    wait_until(lambda: not controller.sessions)
    return message


@pytest.fixture
def full(controller: Controller) -> Iterator[Path]:
    """A file system on which two more folders can be made, and nothing else."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    place = controller.folder / "full"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=3", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(controller: Controller, organisation: SimulatorProcess, full: Path) -> None:
    assert "No space left on device" in see(controller, organisation, full / "tmp")
