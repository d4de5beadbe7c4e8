"""How far a task has come is told beside the results, not among them."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from runner import PATIENCE, Controller, inventory
from simulator_process import BASIC, SimulatorProcess


@pytest.fixture(scope="module")
def powershell_directory() -> dict[str, Any]:
    return {"mailboxes": 4, **BASIC}


def test_results_as_json_stay_json(controller: Controller, organisation: SimulatorProcess) -> None:
    options = {"identities": ["user000001@contoso.test", "user000002"], "pop_enabled": False, "batch_size": 1}
    play = [{"hosts": "ex01", "gather_facts": False, "tasks": [{"mailops.exchange.cas_mailbox": options}]}]
    done = subprocess.run(
        controller.command(play, inventory(organisation.description)),
        env=controller.environment(ANSIBLE_STDOUT_CALLBACK="as_json"),
        cwd=controller.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert json.loads(done.stdout) == {"results": [{"host": "ex01", "changed": True}]}
    told = [line.partition(" %)")[0] for line in done.stderr.splitlines() if line.startswith("ex01: ")]
    assert told == [
        "ex01: 1 of 2 mailboxes read (50",
        "ex01: 2 of 2 mailboxes read (100",
        "ex01: 1 of 2 mailboxes written (50",
        "ex01: 2 of 2 mailboxes written (100",
    ]
