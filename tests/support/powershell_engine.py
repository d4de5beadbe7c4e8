"""A real PowerShell for tests: that of the environment, that on the path, or one unpacked from an archive beside us."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from needed import POWERSHELL, do_without

ROOT = Path(__file__).resolve().parents[2]
ARCHIVES = Path(os.environ.get("POWERSHELL_ARCHIVES", ROOT.parent / "shared" / "engine"))
# -ConfigurationFile, which makes a session Exchange's, is not in 7.2; 7.3 was maintained for less time than 7.2.
OLDEST = (7, 4)


def powershell() -> Path:
    """The program; without one the test is left out. Where PWSH names none that will do, it has failed."""
    if named := os.environ.get("PWSH"):
        found = shutil.which(named)
        if reason := _against(found) if found else "no program":
            pytest.fail(f"PWSH is {named}, which is {reason}.")
        return Path(str(found)).absolute()
    reason = "There is no PowerShell: name one in PWSH, or have pwsh on the PATH."
    if found := shutil.which("pwsh"):
        if not (why := _against(found)):
            return Path(found).absolute()
        reason = f"{found} is {why}; name another one in PWSH."
    for archive in ARCHIVES.glob("pwsh-*-linux-x64.tar.xz"):
        machine = f"{platform.system()} {platform.machine()}"
        if machine == "Linux x86_64":
            return _unpacked(archive) / "pwsh" / "pwsh"
        reason = f"{archive.name} does not run on {machine}; name another PowerShell in PWSH."
    return do_without(POWERSHELL, reason)


def engine_options() -> dict[str, Any]:
    """What makes a simulator run its sessions in a real PowerShell."""
    return {"engine": "pwsh", "pwsh": powershell(), "engine_cache": ROOT / ".cache" / "engine"}


@cache
def _against(program: str) -> str:
    """Why it will not do; empty where it does."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = re.fullmatch(r"PowerShell ((\d+)\.(\d+)\.\S+)\s*", done.stdout)
    if not version:
        return "no PowerShell"
    if (int(version[2]), int(version[3])) < OLDEST:
        return f"PowerShell {version[1]}, and {'.'.join(map(str, OLDEST))} or newer is needed"
    return ""


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
