"""A real PowerShell for tests: that of the environment, that on the path, or one unpacked from an archive beside us."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARCHIVES = ROOT.parent / "shared" / "engine"
REASON = "There is no PowerShell: name one in PWSH, or have pwsh on the PATH."


def powershell() -> Path:
    """The program; the test is skipped where there is none, and fails where PWSH names none."""
    if named := os.environ.get("PWSH"):
        assert shutil.which(named), f"PWSH is {named}, which is no program."
    if found := shutil.which(named or "pwsh"):
        return Path(found)
    for archive in ARCHIVES.glob("pwsh-*-linux-x64.tar.xz"):
        return _unpacked(archive) / "pwsh" / "pwsh"
    pytest.skip(REASON)


def engine_options() -> dict[str, Any]:
    """What makes a simulator run its sessions in a real PowerShell."""
    return {"engine": "pwsh", "pwsh": powershell(), "engine_cache": ROOT / ".cache" / "engine"}


def _unpacked(archive: Path) -> Path:
    folder = ROOT / ".cache" / archive.name.removesuffix(".tar.xz")
    if not folder.exists():
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))
        with tarfile.open(archive) as content:
            content.extractall(fresh, filter="data")
        # Another process may have been quicker.
        with suppress(OSError):
            fresh.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
    return folder
