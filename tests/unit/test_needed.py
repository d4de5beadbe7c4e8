"""A clone alone passes; what it lacks is required only where it can be had, and by no variable that a forge sets."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from needed import POWERSHELL, ROOTS, RULEBOOK, SHARED, do_without

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("variable", [POWERSHELL, ROOTS, RULEBOOK, SHARED])
def test_what_is_not_here_is_left_out_unless_it_has_to_be_here(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(pytest.skip.Exception, match="not here"):
        do_without(variable, "not here")
    monkeypatch.setenv(variable, "1")
    with pytest.raises(pytest.fail.Exception, match="not here"):
        do_without(variable, "not here")


def test_the_tests_that_read_captures_or_drive_powershell_pass_without_them_on_a_forge(tmp_path: Path) -> None:
    """With one reason for each, and in no time."""
    environment = {name: value for name, value in os.environ.items() if name not in (SHARED, POWERSHELL, "PWSH")}
    places = dict.fromkeys(("EXCHANGE_CAPTURES", "POWERSHELL_ARCHIVES"), str(tmp_path / "nowhere"))
    other = tmp_path / "pwsh"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    environment |= places | {"PATH": f"{tmp_path}:{environment['PATH']}", "CI": "true"}
    readers = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__)
        and re.search(r"\b(captures|captured|CAPTURES|powershell_engine)\b", path.read_text(encoding="utf-8"))
    ]
    assert readers
    own = [f"--basetemp={tmp_path / 'base'}", "-o", f"cache_dir={tmp_path / 'cache'}"]
    command = [sys.executable, "-m", "pytest", "-n", "0", *own, *readers]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    reasons = {line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("SKIPPED")}
    assert len(reasons) == 2, reasons


def test_no_test_asks_whether_this_is_a_forge() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        assert not re.search(r"""(getenv\(|environ(\.get\(|\[))["']CI["']""", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("beside", ["nothing", "facts", "archive", "PWSH"])
def test_the_gate_requires_what_lies_beside_the_project_and_what_is_named(tmp_path: Path, beside: str) -> None:
    gate = tmp_path / "project" / ".ci" / "run"
    gate.parent.mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", gate)
    shared = tmp_path / "shared"
    if beside in ("facts", "archive"):
        (shared / "engine").mkdir(parents=True)
    if beside == "archive":
        (shared / "engine" / "pwsh-7.6.9-linux-x64.tar.xz").touch()
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text("#!/bin/sh\nexec env\n")
    make.chmod(0o755)
    environment = {"PATH": f"{make.parent}:{os.environ['PATH']}"} | ({"PWSH": "pwsh"} if beside == "PWSH" else {})
    done = subprocess.run([gate], env=environment, capture_output=True, text=True, check=True)
    told = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert told["CI"] == "true"
    assert told.get(SHARED) == ("1" if shared.exists() else None)
    runs_here = (platform.system(), platform.machine()) == ("Linux", "x86_64")
    assert told.get(POWERSHELL) == ("1" if beside == "PWSH" or (beside == "archive" and runs_here) else None)
    root = os.geteuid() == 0 and shutil.which("apt-get")
    assert told.get(ROOTS) == ("1" if root else None)
    assert told.get(RULEBOOK) == ("1" if root or shutil.which("java") else None)
