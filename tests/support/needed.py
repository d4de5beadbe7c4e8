"""What a clone alone may not have: a test that needs it is left out, unless a variable says that it has to be there.

``.ci/run`` sets the variables. None of them is ``CI``, which every forge sets, whatever its machines have.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

# Objects of real servers lie beside the project, and only there: they are not ours to hand on.
CAPTURES = Path(os.environ.get("EXCHANGE_CAPTURES", Path(__file__).resolve().parents[3] / "shared" / "captures"))

SHARED = "MAILOPS_REQUIRE_SHARED"
"""The facts beside the project."""
POWERSHELL = "MAILOPS_REQUIRE_POWERSHELL"
"""A real PowerShell: one that PWSH names, or an archive of one beside the project that runs on this machine."""
ROOTS = "MAILOPS_REQUIRE_ROOT"
"""What root can have on Debian: its packages, and ports below 1024."""
RULEBOOK = "MAILOPS_REQUIRE_RULEBOOK"
"""Java for ansible-rulebook: on the machine, or one that root can have on Debian."""
BROWSER = "MAILOPS_REQUIRE_BROWSER"
"""Debian's Chromium with what drives it, and Debian's Thunderbird."""


def do_without(variable: str, reason: object) -> NoReturn:
    """End the test: it has failed where ``variable`` is set, and is left out everywhere else."""
    pytest.fail(str(reason)) if os.environ.get(variable) else pytest.skip(str(reason))
