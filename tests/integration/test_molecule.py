"""The molecule scenario, whose platforms are the versions of Exchange."""

from __future__ import annotations

import subprocess
from pathlib import Path

from runner import PATIENCE, Controller

EXTENSIONS = Path(__file__).resolve().parents[2] / "extensions"


def test_every_version_goes_through_the_whole_sequence(controller: Controller) -> None:
    """Check, converge, idempotence, check again, verify, with the collection as it is installed."""
    done = subprocess.run(
        ["molecule", "test", "--scenario-name", "versions"],
        cwd=EXTENSIONS,
        env=controller.environment(MOLECULE_EPHEMERAL_DIRECTORY=str(controller.folder / "molecule")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
