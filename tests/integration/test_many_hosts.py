"""Fifty hosts at once, some down, slow, or losing connections: nobody waits for them, and each is reported rightly."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from evidence import is_a_sentence
from runner import PASSWORD, Controller, inventory, wait_until
from simulator_process import BASIC, SimulatorProcess

BANNER = "POP3 at Contoso is ready."
NOTHING_OPEN = {"exchange": 0, "windows": 0}
NAMES = [f"EX{number:02}" for number in range(1, 51)]
UP, DOWN = NAMES[:45], NAMES[45:]
USUAL, SLOW = UP[:35], UP[35:40]
# What happens to which cmdlet of which server, and how often; 0 is every time.
DROPPING = {
    "EX41": ("drop_before_command", "Get-PopSettings", 2),
    "EX42": ("drop_while_receiving", "Get-PopSettings", 2),
    "EX43": ("drop_before_command", "Set-PopSettings", 1),
    "EX44": ("drop_after_command", "Set-PopSettings", 1),
    "EX45": ("drop_before_command", "Get-PopSettings", 0),
}
INFO: dict[str, Any] = {"protocols": ["pop3"], "gather": []}
PLAY = [
    {
        "hosts": "exchange",
        "gather_facts": False,
        "strategy": "free",
        "tasks": [
            {"name": "banner", "mailops.exchange.pop_settings": {"banner": BANNER}},
            {"name": "info", "mailops.exchange.client_access_info": INFO},
            {
                "name": "last",
                "mailops.exchange.client_access_info": INFO,
                # The slow ones are at work for as long as there is any other.
                "until": "inventory_hostname not in slow or others_done is exists",
                "retries": 1000,
                "delay": 0,
            },
        ],
    }
]


@pytest.fixture
def fifty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    servers = {name: ("SE", "2019", "2016")[number % 3] for number, name in enumerate(UP)}
    folder = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess(servers, password=PASSWORD, directory=folder, **BASIC) as process:
        for name in SLOW:
            process.fault(name, "slow", cmdlet="Get-PopSettings", seconds=2)
        for name, (kind, cmdlet, times) in DROPPING.items():
            process.fault(name, kind, cmdlet=cmdlet, times=times)
        yield process


def test_fifty_hosts(controller: Controller, fifty: SimulatorProcess) -> None:
    done_file, recorded = controller.folder / "others_done", controller.folder / "results.jsonl"
    hosts = inventory(fifty.description, slow=[name.lower() for name in SLOW], others_done=str(done_file))
    block = fifty.description["servers"]["EX01"]["address"].rpartition(".")[0]
    for number, name in enumerate(DOWN):
        hosts["exchange"]["hosts"][name.lower()] = {"ansible_host": f"{block}.{200 + number}"}

    def ended() -> set[str]:
        # The last line may still be written.
        *lines, _ = recorded.read_text().split("\n") if recorded.exists() else [""]
        entries = [json.loads(line) for line in lines]
        return {one["host"] for one in entries if one.get("task") == "last" or one.get("status") == "unreachable"}

    process = subprocess.Popen(
        controller.command(PLAY, hosts, "-f", "25"),
        env=controller.environment(),
        cwd=controller.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until(lambda: len(ended()) == 45 or process.poll() is not None, 300)
        before_the_slow = ended()
        done_file.touch()
        output, _nothing = process.communicate(timeout=300)
    finally:
        process.kill()
        process.communicate()
    done = controller.outcome(process.returncode, output)
    assert before_the_slow == {name.lower() for name in NAMES} - {name.lower() for name in SLOW}, output

    assert done.returncode == 4
    for name in NAMES:
        ok = name not in (*DOWN, "EX45")
        stats = done.stats[name.lower()]
        assert (stats["ok"], stats["changed"], stats["unreachable"], stats["failures"]) == (
            (3, 1, 0, 0) if ok else (0, 0, 1, 0)
        ), (name, output)
        if not ok:
            (result,) = done.of(name.lower())
            told = result["result"]["msg"]
            assert is_a_sentence(told)
            reason = "Connection refused" if name in DOWN else "Remote end closed connection without response"
            assert "Cannot connect to https://" in told
            assert reason in told

    sent = [entry["server"] for entry in fifty.log() if entry["cmdlet"] == "Set-PopSettings"]
    assert sorted(sent) == [name for name in UP if name != "EX45"]
    for name, server in fifty.state()["servers"].items():
        assert (server["stored"]["pop3"]["Banner"] == BANNER) is (name != "EX45"), name
        assert server["shells_open"] == NOTHING_OPEN, name
        if name in (*USUAL, *SLOW):
            assert server["shells_opened"] == {"exchange": 1, "windows": 1}, name
    controller.wait_for_the_end()
