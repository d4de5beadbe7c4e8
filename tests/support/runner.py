"""Runs the real ansible-playbook against a simulated organisation, and tells what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PASSWORD = "Tr0ub4dor&3-for-tests"

# Every command here ends by itself; this only keeps a hanging one from holding up the whole test run.
PATIENCE = 300


@dataclass
class Outcome:
    """What one ansible-playbook run left behind."""

    returncode: int
    output: str
    results: list[dict[str, Any]] = field(default_factory=list)
    stats: dict[str, dict[str, int]] = field(default_factory=dict)

    def task(self, name: str, host: str) -> dict[str, Any]:
        """The one result of the task whose name contains ``name``."""
        found = [item for item in self.results if name in item["task"] and item["host"] == host]
        assert len(found) == 1, (name, host, [item["task"] for item in found], self.output)
        return found[0]

    @property
    def headings(self) -> list[str]:
        """The headings of tasks that were printed, without the name of the role."""
        return re.findall(r"^(?:TASK|RUNNING HANDLER) \[(?:[\w.]+ : )?(.*)\] \*+$", self.output, re.MULTILINE)

    def of(self, host: str) -> list[dict[str, Any]]:
        return [item for item in self.results if item["host"] == host]

    def diffs(self, host: str) -> list[Any]:
        """The differences that tasks reported, in their order."""
        diffs = [item["result"].get("diff") or {} for item in self.of(host)]
        return [diff for diff in diffs if diff.get("before") != diff.get("after")]

    def changed(self, host: str) -> list[str]:
        """The names of the tasks that reported a change."""
        return [item["task"] for item in self.of(host) if item["result"].get("changed")]


@dataclass
class Controller:
    """A controller with a home of its own and the collection installed."""

    folder: Path
    collections: Path

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.folder),
            "ANSIBLE_HOME": str(self.folder / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "RECORDER_FILE": str(self.folder / "results.jsonl"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "EXCHANGE_TEST_PASSWORD": PASSWORD,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **more,
        }

    def write(self, name: str, content: Any) -> Path:
        """Write a playbook, an inventory or its variables; JSON is YAML too."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
        return path

    def command(self, playbook: Any, inventory: Any, *arguments: str) -> list[str]:
        """The command line; ``playbook`` is a list of plays, or the name of a playbook of the collection."""
        play = playbook if isinstance(playbook, str) else str(self.write("playbook.yml", playbook))
        return ["ansible-playbook", "-i", str(self.write("hosts.yml", inventory)), play, *arguments]

    def run(self, playbook: Any, inventory: Any, *arguments: str, **environment: str) -> Outcome:
        """Run a playbook to its end."""
        recorded = self.folder / "results.jsonl"
        recorded.unlink(missing_ok=True)
        done = subprocess.run(
            self.command(playbook, inventory, *arguments),
            env=self.environment(**environment),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return self.outcome(done.returncode, done.stdout)

    def outcome(self, returncode: int, output: str) -> Outcome:
        """Read what the recorder wrote."""
        outcome = Outcome(returncode, output)
        recorded = self.folder / "results.jsonl"
        for line in recorded.read_text(encoding="utf-8").splitlines() if recorded.exists() else []:
            entry = json.loads(line)
            if "stats" in entry:
                outcome.stats = entry["stats"]
            else:
                outcome.results.append(entry)
        return outcome

    @property
    def sessions(self) -> list[int]:
        """The session processes that this controller started, and the one that forks them."""
        return session_processes(self.folder, "mailops-")

    @property
    def processes(self) -> list[int]:
        """All processes that this controller started."""
        return session_processes(self.folder, "")

    def wait_for_the_end(self) -> None:
        """Wait until no session process and no socket is left; they end a moment after the playbook."""
        wait_until(lambda: not self.sessions and not self.sockets)

    @property
    def sockets(self) -> list[str]:
        """The sockets of sessions in ansible-core's folder for what is temporary."""
        return sorted(path.name for path in (self.folder / ".ansible" / "tmp").glob("*/exchange-*"))


def session_processes(home: Path, named: str = "mailops-session") -> list[int]:
    """The session processes whose environment names this home, or those with another name."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                name, environment = ((entry / name).read_bytes() for name in ("comm", "environ"))
                if name.decode().startswith(named) and str(home).encode() in environment:
                    found.append(int(entry.name))
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that another process will do; the limit only ends a test that has already failed."""
    pause = threading.Event()
    for _ in range(int(seconds * 10)):
        if condition():
            return
        pause.wait(0.1)
    raise AssertionError("it did not happen")


def inventory(description: dict[str, Any], **variables: Any) -> dict[str, Any]:
    """An inventory of the organisation's servers, named in lower case as administrators do."""
    common = {
        "ansible_user": description["user"],
        "ansible_password": "{{ lookup('env', 'EXCHANGE_TEST_PASSWORD') }}",
        "ansible_exchange_auth": "basic",
        "ansible_exchange_ca_cert": description["ca"],
    }
    hosts = {
        name.lower(): {
            "ansible_host": server["address"],
            "ansible_port": server["windows_https"],
            "ansible_exchange_port": server["exchange_https"],
        }
        for name, server in description["servers"].items()
    }
    return {"exchange": {"hosts": hosts, "vars": common | variables}}
