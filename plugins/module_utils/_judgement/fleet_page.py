# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the page of a report shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def view(report: Mapping[str, Any]) -> dict[str, Any]:
    """The page's view of a report."""
    return {"report": report}
