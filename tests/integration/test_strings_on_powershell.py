"""Hostile strings through every string option, into a real PowerShell."""

from __future__ import annotations

import pytest
from on_powershell import once_more

pytestmark = pytest.mark.usefixtures("on_powershell")
globals().update(once_more("test_hostile_strings"))
