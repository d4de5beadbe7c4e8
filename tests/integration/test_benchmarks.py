"""The benchmark of one script in one task: that it runs, and that it counts what the protocols ask for. And the others:
that they can be loaded, and say what they lack."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1] / "benchmarks" / "bench.py"
# The requests that open and close a shell of PowerShell remoting, and those of each pipeline in it.
SHELL = ("Create", "Receive", "Delete")
PIPELINE = ("Command", "Receive")


def test_a_script_beside_the_collection(tmp_path: Path) -> None:
    report = tmp_path / "bench.json"
    command = [sys.executable, str(BENCH), "script", "--quick", "--powershell-start", "0.1", "--output", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "0.1 s for a PowerShell" in done.stdout

    measured = json.loads(report.read_text())["parts"]["script"]["1"]
    starts, counted = measured["starts"], measured["costs"]
    script_reads = {"get-popsettings", "get-service", "get-exchangecertificate", "get-receiveconnector"}
    assert set(measured["script_reads"]) == script_reads | {"get-casmailbox"}
    in_its_place = {"get-ciminstance": "get-service"}
    assert {in_its_place.get(name, name) for name in map(str.casefold, measured["reads"])} >= script_reads

    for connection in ("winrm", "psrp"):
        script = counted[f"one script, {connection}"]
        # A shell or a pool, one command with its input, its output, and its end.
        assert script["requests"] == 6
        assert script["log_ons"] == script["connections"] == script["shells_opened"] == 1
        assert starts[f"one script, {connection}"] == 1
        # The wrapper of ansible-core, as base64 in base64, against the answer.
        assert script["bytes_in"] > 10 * script["bytes_out"] > 0
        role = counted[f"role, {connection}"]
        assert role["log_ons"] == role["connections"] == role["shells_opened"] == (1 if connection == "winrm" else 2)
        assert starts[f"role, {connection}"] == 1
    assert counted["role, psrp"]["requests"] == 2 * len(SHELL) + len(measured["reads"]) * len(PIPELINE)
    # Exchange's own sessions start no PowerShell.
    alone = counted["pop_settings alone, psrp"]
    assert (alone["requests"], alone["log_ons"]) == (len(SHELL) + 2 * len(PIPELINE), 1)
    assert starts["pop_settings alone, psrp"] == 0


def test_a_comparison_needs_a_commit() -> None:
    done = subprocess.run([sys.executable, str(BENCH), "before"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "before needs --commit, the commit to compare with")
