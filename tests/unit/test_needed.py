"""A clone alone passes; what it lacks is required only where it can be had, and by no variable that a forge sets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from needed import ROOTS, SHARED, do_without

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("variable", [ROOTS, SHARED])
def test_what_is_not_here_is_left_out_unless_it_has_to_be_here(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(pytest.skip.Exception, match="not here"):
        do_without(variable, "not here")
    monkeypatch.setenv(variable, "1")
    with pytest.raises(pytest.fail.Exception, match="not here"):
        do_without(variable, "not here")


def test_the_tests_that_read_captures_pass_without_them_on_a_forge(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != SHARED}
    environment |= {"EXCHANGE_CAPTURES": str(tmp_path / "nowhere"), "CI": "true"}
    readers = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__) and re.search(r"\b(captures|captured|CAPTURES)\b", path.read_text(encoding="utf-8"))
    ]
    assert readers
    own = [f"--basetemp={tmp_path / 'base'}", "-o", f"cache_dir={tmp_path / 'cache'}"]
    command = [sys.executable, "-m", "pytest", "-n", "0", *own, *readers]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    reasons = {line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("SKIPPED")}
    assert len(reasons) == 1, reasons


def test_no_test_asks_whether_this_is_a_forge() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        assert not re.search(r"""(getenv\(|environ(\.get\(|\[))["']CI["']""", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("beside", [False, True])
def test_the_gate_requires_the_facts_that_lie_beside_the_project(tmp_path: Path, beside: bool) -> None:
    gate = tmp_path / "project" / ".ci" / "run"
    gate.parent.mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", gate)
    if beside:
        (tmp_path / "shared").mkdir()
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text("#!/bin/sh\nexec env\n")
    make.chmod(0o755)
    environment = {"PATH": f"{make.parent}:{os.environ['PATH']}"}
    done = subprocess.run([gate], env=environment, capture_output=True, text=True, check=True)
    told = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert told["CI"] == "true"
    assert told.get(SHARED) == ("1" if beside else None)
    assert told.get(ROOTS) == ("1" if os.geteuid() == 0 and shutil.which("apt-get") else None)
