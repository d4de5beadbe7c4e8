"""A session process: how it begins, whom it serves, and what ends it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Unreachable
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils import session_process
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.session_process import Line, Playbook, Terms
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings

ENDPOINT = Endpoint("Microsoft.PowerShell", "https", 5986, "wsman", "auto", "WSMAN")
SETTINGS = Settings(
    host="ex01.contoso.test",
    inventory_hostname="ex01",
    user="administrator",
    password="a password",
    auth="basic",
    windows=ENDPOINT,
    exchange=ENDPOINT,
)
TERMS = Terms(SETTINGS, idle_timeout=60, call_timeout=60)
READ, WRITE = Request(cmdlet="Get-Pid").to_json(), Request(cmdlet="Set-Pid", write=True).to_json()


@pytest.fixture
def playbook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Playbook]:
    """Ends all that came of it."""
    one = Playbook()
    monkeypatch.setattr(session_process, "playbook", one)
    one.fork_mother()
    yield one
    one.end()


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session answers with the process that it is in, or dies of it."""

    def invoke(_: Session, text: str) -> str:
        cmdlet = Request.parse(text).cmdlet
        if cmdlet == "Stop-Process":
            os.kill(os.getpid(), signal.SIGKILL)
        if cmdlet == "Wait-Process":
            signal.pause()
        return Reply(reason=str(os.getpid())).to_json()

    monkeypatch.setattr(Session, "invoke", invoke)


def pid(line: Line, request: str = READ) -> int:
    answer = Reply.parse(line.invoke(request))
    assert answer.state == "completed", answer
    return int(answer.reason or "")


def has_gone(number: int) -> bool:
    """Whether a process ends: its files are closed a little before it is gone."""
    with contextlib.suppress(ProcessLookupError), os.fdopen(os.pidfd_open(number)) as process:
        return bool(select.select([process], [], [], 10)[0])
    return True


def test_tasks_share_a_process(playbook: Playbook, tmp_path: Path) -> None:
    first, second = Line(tmp_path, ("ex01",), TERMS), Line(tmp_path, ("ex01",), TERMS)
    one = pid(first)
    assert pid(first) == one != os.getpid()
    first.close()
    assert pid(second) == one


@pytest.mark.parametrize("changed", [{"password": "another"}, {"command_timeout": 5}])
def test_other_settings_have_another_process(playbook: Playbook, tmp_path: Path, changed: dict[str, Any]) -> None:
    first = Line(tmp_path, ("ex01",), TERMS)
    one = pid(first)
    first.close()
    assert pid(Line(tmp_path, ("ex01",), replace(TERMS, settings=replace(SETTINGS, **changed)))) != one
    assert has_gone(one)


def test_it_ends_with_its_playbook(playbook: Playbook, tmp_path: Path) -> None:
    one = pid(Line(tmp_path, ("ex01",), TERMS))
    playbook.end()
    assert has_gone(one)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_started_after_the_end(playbook: Playbook, tmp_path: Path) -> None:
    playbook._own.shutdown(socket.SHUT_WR)
    with pytest.raises(Unreachable, match="The playbook's process has ended"):
        Line(tmp_path, ("ex01",), TERMS).invoke(READ)


def test_it_ends_where_a_task_has_it_ended(playbook: Playbook, tmp_path: Path) -> None:
    line = Line(tmp_path, ("ex01", "ex02"), TERMS)
    one = pid(line)
    line.end()
    assert has_gone(one)


def test_it_ends_when_its_host_is_in_no_batch(playbook: Playbook, tmp_path: Path) -> None:
    lines = [Line(tmp_path, (name,), TERMS) for name in ("ex01", "ex02")]
    old, kept = map(pid, lines)
    for line in lines:
        line.close()
    pid(Line(tmp_path, ("ex03",), TERMS, ["ex02", "ex03"]))
    pause = threading.Event()
    while not has_gone(old):
        pause.wait(0.05)
    assert pid(lines[1]) == kept


def test_one_that_dies_over_a_write_leaves_it_unknown(playbook: Playbook, tmp_path: Path) -> None:
    line = Line(tmp_path, ("ex01",), TERMS)
    one = pid(line)
    answer = Reply.parse(line.invoke(Request(cmdlet="Stop-Process", write=True).to_json()))
    assert (answer.state, answer.reason) == ("unknown", "The session process for ex01 ended in the middle of a call.")
    answer = Reply.parse(line.invoke(Request(cmdlet="Stop-Process").to_json()))
    assert answer.state == "unreachable"
    assert pid(line) != one


def test_a_call_that_takes_too_long(playbook: Playbook, tmp_path: Path) -> None:
    line = Line(tmp_path, ("ex01",), replace(TERMS, call_timeout=0.2))
    one = pid(line)
    for write, state in ((False, "unreachable"), (True, "unknown")):
        answer = Reply.parse(line.invoke(Request(cmdlet="Wait-Process", write=write).to_json()))
        assert answer.state == state
        assert "stopped after 0.2 seconds, the limit in ansible_exchange_call_timeout" in str(answer.reason)
    assert pid(line) == one


def test_without_the_process_that_forks_the_worker_does(
    playbook: Playbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SOCK_SEQPACKET is not there everywhere."""
    monkeypatch.setattr(playbook, "_orders", None)
    assert pid(Line(tmp_path, ("ex01",), TERMS)) != os.getpid()


def test_it_holds_no_file_of_the_process_that_it_came_of(playbook: Playbook, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w"):
        one = pid(Line(tmp_path / "..", ("ex01",), TERMS))
        held = [path.readlink() for path in Path(f"/proc/{one}/fd").iterdir()]
    assert tmp_path / "log" not in held
    assert Path(f"/proc/{one}/comm").read_text().strip() == session_process.PROCESS_NAME


def test_a_folder_with_a_long_path(playbook: Playbook, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    assert pid(Line(folder, ("ex01",), TERMS))


def test_somebody_elses_process_is_not_asked(
    playbook: Playbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(tmp_path, ("ex01",), TERMS)
    pid(line)
    line.close()
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with pytest.raises(PermissionError):
        session_process._greet(line._path, TERMS.greeting)


def test_somebody_else_is_not_served(playbook: Playbook, tmp_path: Path) -> None:
    line = Line(tmp_path, ("ex01",), TERMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 65534)
        with pytest.raises(Unreachable, match="ended as soon as it was started"):
            line.invoke(READ)
    with contextlib.suppress(ConnectionError):
        assert session_process._greet(line._path, TERMS.greeting) is None


def test_terms_survive_their_order() -> None:
    assert Terms.read(json.loads(json.dumps(asdict(TERMS)))) == TERMS


def test_a_worker_can_be_forked_whatever_else_is_loaded() -> None:
    """A library that is loaded later may take a lock before each fork."""
    program = """
import os
from ansible_collections.mailops.exchange.plugins.plugin_utils import action
import concurrent.futures.thread
assert action.playbook._orders
if os.fork() == 0:
    os._exit(0)
os.wait()
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env=environment)


def test_the_end_of_a_playbook_that_is_killed_is_seen() -> None:
    """However it comes: here of a process that its parent has not asked after."""
    program = """
import os, signal, sys
from pathlib import Path
from ansible_collections.mailops.exchange.plugins.plugin_utils.session_process import playbook
if os.fork() == 0:
    print("here", flush=True)
    playbook.wait_for_the_end()
    print("ended", flush=True)
    os._exit(0)
signal.pause()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "here\n"
        process.kill()
        assert process.stdout.readline() == "ended\n"
