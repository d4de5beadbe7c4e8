"""Which PowerShell the tests take, and what they say where there is none that will do."""

from __future__ import annotations

import platform
import tarfile
from pathlib import Path

import powershell_engine
import pytest
from needed import POWERSHELL
from powershell_engine import powershell

NONE = "There is no PowerShell: name one in PWSH, or have pwsh on the PATH."


@pytest.fixture
def archives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without a PowerShell: nothing is named, nothing on the path, no archive beside the project."""
    for name in ("archives", "path", "root/.cache"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.delenv("PWSH", raising=False)
    monkeypatch.delenv(POWERSHELL, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setattr(powershell_engine, "ARCHIVES", tmp_path / "archives")
    monkeypatch.setattr(powershell_engine, "ROOT", tmp_path / "root")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    found = powershell_engine.shutil.which("pwsh")
    assert not found, f"{found} is installed for all."
    return tmp_path / "archives"


def program(file: Path, says: str = "PowerShell 7.4.0") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)
    return file


def archive(folder: Path) -> Path:
    with tarfile.open(folder / "pwsh-7.6.9-linux-x64.tar.xz", "w:xz") as content:
        content.add(program(folder / "made" / "pwsh"), "pwsh/pwsh")
    return powershell_engine.ROOT / ".cache" / "pwsh-7.6.9-linux-x64" / "pwsh" / "pwsh"


def skipped() -> str:
    with pytest.raises(pytest.skip.Exception) as reason:
        powershell()
    return str(reason.value)


def test_the_environment_before_the_path_before_the_archive(
    monkeypatch: pytest.MonkeyPatch, archives: Path, tmp_path: Path
) -> None:
    assert skipped() == NONE
    unpacked = archive(archives)
    assert not unpacked.exists()
    assert [powershell(), powershell()] == [unpacked] * 2
    on_path = program(tmp_path / "path" / "pwsh", "PowerShell 7.5.0-preview.1")
    assert powershell() == on_path
    named = program(tmp_path / "named")
    monkeypatch.setenv("PWSH", str(named))
    assert powershell() == named


def test_without_one_a_test_has_failed_where_there_has_to_be_one(
    monkeypatch: pytest.MonkeyPatch, archives: Path
) -> None:
    monkeypatch.setenv(POWERSHELL, "1")
    with pytest.raises(pytest.fail.Exception, match=f"^{NONE}$"):
        powershell()


def test_an_old_one_on_the_path_is_passed_over(archives: Path, tmp_path: Path) -> None:
    old = program(tmp_path / "path" / "pwsh", "PowerShell 7.2.24")
    assert skipped() == f"{old} is PowerShell 7.2.24, and 7.4 or newer is needed; name another one in PWSH."
    unpacked = archive(archives)
    assert powershell() == unpacked


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("PowerShell 7.3.12", "PowerShell 7.3.12, and 7.4 or newer is needed"),
        ("GNU bash, version 5.2", "no PowerShell"),
        (None, "no program"),
    ],
)
def test_what_is_named_has_to_do(
    monkeypatch: pytest.MonkeyPatch, archives: Path, tmp_path: Path, says: str | None, reason: str
) -> None:
    archive(archives)
    named = program(tmp_path / "named", says) if says else tmp_path / "named"
    monkeypatch.setenv("PWSH", str(named))
    with pytest.raises(pytest.fail.Exception) as told:
        powershell()
    assert str(told.value) == f"PWSH is {named}, which is {reason}."


def test_the_archive_is_for_one_machine(monkeypatch: pytest.MonkeyPatch, archives: Path) -> None:
    archive(archives)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert skipped() == "pwsh-7.6.9-linux-x64.tar.xz does not run on Linux aarch64; name another PowerShell in PWSH."
