"""Makes the checkout importable as a collection, as Ansible does, and the simulator beside it."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".cache" / "collections"

_link = COLLECTIONS / "ansible_collections" / "mailops" / "exchange"
_link.parent.mkdir(parents=True, exist_ok=True)
with suppress(FileExistsError):
    _link.symlink_to("../../../..", target_is_directory=True)

for _directory in (COLLECTIONS, ROOT / "tests" / "simulator", ROOT / "tests"):
    if str(_directory) not in sys.path:
        sys.path.insert(0, str(_directory))
