"""How much memory this process has had at most, from a moment on: `ru_maxrss` also remembers all earlier tests."""

from __future__ import annotations

import re
from pathlib import Path

_PROCESS = Path("/proc/self")


def forget_peak() -> int:
    """Let the peak begin anew; the memory in use now, in bytes."""
    (_PROCESS / "clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The most that was in use since the peak was last forgotten, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", (_PROCESS / "status").read_text())
    assert found
    return int(found[1]) << 10
