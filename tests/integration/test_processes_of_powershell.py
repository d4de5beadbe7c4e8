"""The processes of a real PowerShell: what is piped into one, and that none is left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from module_runner import run_module
from runner import PASSWORD, wait_until
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

pytestmark = pytest.mark.usefixtures("on_powershell")
WAYS: dict[str, dict[str, Any]] = {"psrp": {}, "winrm": {"access": "local", "transport": "winrm"}}
MANY = 500


class TestManyMailboxes:
    """Of many objects in one pipeline each comes to the cmdlet once."""

    @pytest.fixture(scope="class")
    @classmethod
    def _many(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
        folder = tmp_path_factory.mktemp("organisation")
        with SimulatorProcess({"EX01": "SE"}, password=PASSWORD, directory=folder, mailboxes=MANY, **BASIC) as process:
            yield process

    @pytest.fixture
    def organisation(self, _many: SimulatorProcess) -> SimulatorProcess:
        _many.reset()
        return _many

    @pytest.mark.parametrize("way", WAYS)
    def test_piped(self, organisation: SimulatorProcess, open_session: Callable[..., Session], way: str) -> None:
        session = open_session(**WAYS[way])
        options = {"filter": "Name -like 'User *'", "pop_enabled": False, "batch_size": MANY}
        result = run_module("cas_mailbox", options, session.invoke)
        assert (result.get("failed"), result["changed"], len(result["mailboxes"])) == (None, True, MANY), result.get(
            "msg"
        )
        written = [entry["parameters"] for entry in organisation.log() if entry["cmdlet"] == "Set-CASMailbox"]
        assert (len(written), len({one["Identity"] for one in written})) == (MANY, MANY)
        assert run_module("cas_mailbox", options, session.invoke)["changed"] is False


def running(identities: set[int]) -> set[int]:
    """Those of some processes that have not ended; of one that nobody has waited for there is no command line."""
    commands = {one: Path("/proc", str(one), "cmdline") for one in identities}
    return {one for one, command in commands.items() if command.exists() and command.read_bytes()}


class TestTheEnd:
    """A simulator takes its processes with it, however it ends."""

    @pytest.fixture
    def organisation(self, tmp_path: Path) -> Iterator[SimulatorProcess]:
        with SimulatorProcess({"EX01": "SE"}, password=PASSWORD, directory=tmp_path, **BASIC) as process:
            yield process

    @pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGKILL])
    def test_no_process_is_left(
        self, organisation: SimulatorProcess, open_session: Callable[..., Session], ends: signal.Signals
    ) -> None:
        for way in WAYS.values():
            assert "failed" not in run_module("pop_settings", {"banner": "Mail."}, open_session(**way).invoke)
        simulator = organisation.description["pid"]
        threads = Path("/proc", str(simulator), "task").glob("*/children")
        engines = {int(one) for thread in threads for one in thread.read_text().split()}
        assert len(running(engines)) == 2
        os.kill(simulator, ends)
        wait_until(lambda: not running(engines))
