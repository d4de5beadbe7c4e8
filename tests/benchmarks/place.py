"""Where a benchmark happens: a controller with the collection installed, and simulated organisations."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from measuring import BenchmarkFailed, Figures, cost, cpu_seconds
from runner import PASSWORD, Controller, Outcome
from simulator_process import BASIC, SimulatorProcess

REPOSITORY = Path(__file__).resolve().parents[2]
COUNTED = ("requests", "bytes_in", "bytes_out", "connections", "log_ons", "shells_opened")


@dataclass
class Place:
    """A controller, and how thoroughly to measure."""

    controller: Controller
    quick: bool
    repetitions: int
    powershell_start: float = 0.0
    """The seconds that a PowerShell takes to start on a server, where a benchmark looks at that."""
    before: str = ""
    """The commit to compare with, where a benchmark does that."""

    @classmethod
    def make(cls, folder: Path, *, repository: Path = REPOSITORY, **options: Any) -> Place:
        """Install the collection as a user does."""
        collections = folder / "collections"
        galaxy = str(Path(sys.executable).parent / "ansible-galaxy")
        command = [galaxy, "collection", "install", str(repository), "-p", str(collections), "--offline", "--force"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        if done.returncode:
            raise BenchmarkFailed(done.stderr)
        return cls(Controller(folder, collections), **options)

    def organisation(self, servers: Mapping[str, str], **options: object) -> SimulatorProcess:
        return SimulatorProcess(servers, password=PASSWORD, **BASIC, **options)

    def watch(self, playbook: Any, inventory: Any, *arguments: str) -> Outcome:
        """Run a playbook once and record its results; not for taking its time."""
        outcome = self.controller.run(playbook, inventory, *arguments)
        if outcome.returncode:
            raise BenchmarkFailed(outcome.output)
        self.controller.wait_for_the_end()
        return outcome

    def cost(self, playbook: Any, inventory: Any, *arguments: str, memory: bool = False, **more: str) -> Figures:
        """What a playbook costs, with nothing switched on that a user would not have."""
        environment = self.controller.environment(**more)
        del environment["ANSIBLE_CALLBACKS_ENABLED"]
        command = self.controller.command(playbook, inventory, *arguments)
        return cost(command, environment=environment, folder=self.controller.folder, memory=memory)


def seen_by(
    organisation: SimulatorProcess, variants: Mapping[str, Callable[[], Figures]]
) -> dict[str, Callable[[], Figures]]:
    """The variants with what the simulator saw of them on the wire, and the CPU time that it took itself."""
    pid = organisation.description["pid"]

    def watched(run: Callable[[], Figures]) -> Figures:
        before, begun = counters(organisation), cpu_seconds(pid)
        figures = run()
        took, after = cpu_seconds(pid) - begun, counters(organisation)
        return figures | {"simulator_cpu": took} | {name: float(after[name] - before[name]) for name in COUNTED}

    return {name: partial(watched, run) for name, run in variants.items()}


def counters(organisation: SimulatorProcess) -> Counter[str]:
    total: Counter[str] = Counter()
    for server in organisation.state()["servers"].values():
        for name in COUNTED:
            total[name] += sum(server[name].values())
    return total


def pings(count: int) -> list[dict[str, Any]]:
    """A play of the cheapest tasks there are."""
    tasks = [{"ansible.builtin.ping": {}} for _ in range(count)]
    return [{"hosts": "all", "gather_facts": False, "tasks": tasks}]


def local_hosts(count: int) -> dict[str, Any]:
    # Without the search for an interpreter, which would make the baseline dearer than it has to be.
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    return {"all": {"hosts": {f"local{number:03}": {} for number in range(count)}, "vars": local}}


def executed(outcome: Outcome, host: str) -> int:
    """How many tasks of a host were not skipped."""
    return sum(result["status"] != "skipped" for result in outcome.of(host))


def distinct(reads: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The cmdlets of a log without those that were asked before with the same parameters."""
    kept: list[Mapping[str, Any]] = []
    for read in reads:
        if not any(all(read.get(key) == one.get(key) for key in ("endpoint", "cmdlet", "parameters")) for one in kept):
            kept.append(read)
    return kept
