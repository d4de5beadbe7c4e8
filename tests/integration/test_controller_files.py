"""What the collection writes on the controller: where the user said, whatever the inventory says of its hosts."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from evidence import is_a_sentence
from guides import code_blocks
from runner import PATIENCE, Controller, Outcome, inventory
from simulator_process import SimulatorProcess

REPOSITORY = Path(__file__).resolve().parents[2]
VERSION = yaml.safe_load((REPOSITORY / "galaxy.yml").read_text(encoding="utf-8"))["version"]
# What a shop with Windows hosts has in group_vars/all.
SHOP: dict[str, Any] = {
    "ansible_connection": "winrm",
    "ansible_shell_type": "powershell",
    "ansible_become": True,
    "ansible_become_method": "ansible.builtin.runas",
    "ansible_become_user": "SYSTEM",
    "ansible_python_interpreter": "/nowhere/python",
}
HOSTS = {"all": {"hosts": {"ex01": {"ansible_host": "127.0.0.1", "ansible_port": 1}}, "vars": SHOP}}
OLD, NEW = "old: Grüße\n", "new: 1\n"


def write(controller: Controller, *arguments: str, **options: Any) -> Outcome:
    task = {"name": "Write", "mailops.exchange.controller_file": options}
    play = {"hosts": "all", "gather_facts": False, "tasks": [task]}
    # The variable is a shell's, and nobody has to keep to it.
    return controller.run([play], HOSTS, *arguments, PWD="/nowhere")


def test_the_hosts_variables_have_no_part_in_it(controller: Controller) -> None:
    file = controller.folder / "out" / "ex01.yml"
    options = {"path": "out/{{ inventory_hostname }}.yml", "content": {"ünï": [1, None, "two"]}}

    planned = write(controller, "--check", **options).task("Write", "ex01")["result"]
    assert (planned["changed"], planned["found"], file.parent.exists()) == (True, "absent", False)
    first = write(controller, **options)
    assert first.returncode == 0, first.output
    result = first.task("Write", "ex01")["result"]
    assert (result["changed"], result["path"], result["backup_file"]) == (True, str(file), None)
    assert json.loads(file.read_text(encoding="utf-8")) == options["content"]
    again = write(controller, **options).task("Write", "ex01")["result"]
    assert (again["changed"], again["found"]) == (False, "same")


@pytest.mark.parametrize("check", [True, False])
def test_another_file_is_left_alone_unless_told_otherwise(controller: Controller, check: bool) -> None:
    mode = ["--diff", *(["--check"] if check else [])]
    file = controller.folder / "ex01.yml"
    file.write_text(OLD, encoding="utf-8")

    refused = write(controller, *mode, path="ex01.yml", content=NEW)
    assert refused.returncode != 0
    message = refused.task("Write", "ex01")["result"]["msg"]
    assert message.startswith(f"path: {file} exists and has other content; ")
    assert is_a_sentence(message)
    assert (list(controller.folder.glob("ex01.yml*")), file.read_text(encoding="utf-8")) == ([file], OLD)

    told = write(controller, *mode, path="ex01.yml", content=NEW, existing="backup")
    assert told.returncode == 0, told.output
    result = told.task("Write", "ex01")["result"]
    assert (result["changed"], result["found"]) == (True, "different")
    assert (result["diff"]["before"], result["diff"]["after"]) == (OLD, NEW)
    if check:
        assert (list(controller.folder.glob("ex01.yml*")), file.read_text(encoding="utf-8")) == ([file], OLD)
    else:
        assert Path(result["backup_file"]).read_text(encoding="utf-8") == OLD
        assert file.read_text(encoding="utf-8") == NEW


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def closed(controller: Controller, tmp_path: Path) -> Iterator[Controller]:
    """A controller on which the collection was installed from its artefact, and can be written to by nobody."""
    galaxy = [str(Path(sys.executable).parent / "ansible-galaxy"), "collection"]
    folder = tmp_path / "collections"
    for command in (
        [*galaxy, "build", str(REPOSITORY), "--output-path", str(tmp_path)],
        [
            *galaxy,
            "install",
            str(tmp_path / f"mailops-exchange-{VERSION}.tar.gz"),
            "-p",
            str(folder),
            "--offline",
            "--force",
        ],
        ["chmod", "-R", "a-w", str(folder)],
    ):
        subprocess.run(command, check=True, capture_output=True, env=controller.environment(), cwd=controller.folder)
    yield dataclasses.replace(controller, collections=folder)
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)


def follow(controller: Controller, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the user's folder; modes hold for root too."""
    bound = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*bound, *shlex.split(command)],
        env=controller.environment(),
        cwd=controller.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_guide_can_be_followed_where_nobody_can_write_to_the_collection(
    closed: Controller, organisation: SimulatorProcess
) -> None:
    guide = code_blocks(REPOSITORY / "docs" / "docsite" / "rst" / "guide_drift.rst", "shell")
    commands = {line.split()[1].rpartition(".")[2]: line for line in "".join(guide).splitlines()}
    closed.write("inventory.yml", inventory(organisation.description, **SHOP))
    own = closed.folder / "host_vars"
    installed = content(closed.collections)
    assert follow(closed, f"touch {closed.collections}/file").returncode != 0

    def drift() -> tuple[int, dict[str, str]]:
        report = closed.folder / "drift.json"
        report.unlink(missing_ok=True)
        done = follow(closed, commands["drift"])
        assert report.exists(), done.stdout
        return done.returncode, {host: one["state"] for host, one in json.loads(report.read_text())["servers"].items()}

    adopted = follow(closed, commands["adopt"])
    assert adopted.returncode == 0, adopted.stdout
    assert sorted(path.name for path in own.iterdir()) == ["ex01.yml", "ex02.yml"]
    assert drift() == (0, {"ex01": "in_sync", "ex02": "in_sync"})

    # The user's own folder is what counts, in the next run as well.
    first = content(own)
    assert organisation.run("EX02", "Set-PopSettings", {"Server": "EX02", "Banner": "Hello."})["errors"] == []
    status, states = drift()
    assert status != 0
    assert states == {"ex01": "in_sync", "ex02": "differs"}
    refused = follow(closed, commands["adopt"])
    assert refused.returncode != 0
    assert f"{own / 'ex02.yml'} exists and differs: " in refused.stdout
    assert content(own) == first
    replaced = follow(closed, f"{commands['adopt']} -e adopt_overwrite=true")
    assert replaced.returncode == 0, replaced.stdout
    (backup,) = content(own).keys() - first.keys()
    assert content(own)[backup] == first["ex02.yml"]
    assert drift() == (0, {"ex01": "in_sync", "ex02": "in_sync"})
    assert content(closed.collections) == installed
