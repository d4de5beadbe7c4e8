"""The folder of the sessions' sockets is full, closed, or none: one sentence, UNREACHABLE, and nothing is sent."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from evidence import is_a_sentence
from runner import Controller, inventory, wait_until
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.action import Helper

PLAY = [
    {
        "hosts": "ex01",
        "gather_facts": False,
        "tasks": [{"mailops.exchange.pop_settings": {"banner": "x"}, "name": "banner"}],
    }
]


def a_file(folder: Path) -> Path:
    path = folder / "file"
    path.write_text("")
    return path


def below_a_file(folder: Path) -> Path:
    return a_file(folder) / "pc"


def nothing_can_be_made(_folder: Path) -> Path:
    return Path("/proc/1/pc")


def see(controller: Controller, organisation: SimulatorProcess, folder: Path) -> str:
    hosts: dict[str, Any] = inventory(organisation.description)
    done = controller.run(PLAY, hosts, ANSIBLE_PERSISTENT_CONTROL_PATH_DIR=str(folder))
    result = done.task("banner", "ex01")
    message: str = result["result"]["msg"]
    assert result["status"] == "unreachable", done.output
    assert is_a_sentence(message), message
    assert str(folder) in message
    assert organisation.log() == []
    assert organisation.state()["servers"]["EX01"]["shells_opened"] == {"exchange": 0, "windows": 0}
    wait_until(lambda: not controller.sessions)
    return message


@pytest.mark.parametrize("make", [a_file, below_a_file, nothing_can_be_made], ids=lambda make: make.__name__)
def test_no_folder(controller: Controller, organisation: SimulatorProcess, make: Callable[[Path], Path]) -> None:
    see(controller, organisation, make(controller.folder))


# Of a file system's inodes its own folder takes one; the folder of the sockets, a lock in it, and the socket are next.
@pytest.fixture(params=[1, 2, 3], ids=["no folder", "no lock", "no socket"])
def full(request: pytest.FixtureRequest, controller: Controller) -> Iterator[Path]:
    """A file system on which only so much can be made."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    place = controller.folder / "full"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size=64k,nr_inodes={request.param}", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(controller: Controller, organisation: SimulatorProcess, full: Path) -> None:
    assert "No space left on device" in see(controller, organisation, full / "pc")


def test_a_socket_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    line = object.__new__(Helper)
    line._socket = tmp_path / "socket"
    line._socket.touch()
    os.chown(line._socket, 65534, -1)
    with pytest.raises(AnsibleConnectionFailure, match=r"belongs to another user \(uid 65534\): remove it, and set"):
        line._is_alive()
