"""Exactly the rights of each feature, with a real PowerShell that hides all others when a session opens."""

from __future__ import annotations

import pytest
from on_powershell import once_more

pytestmark = pytest.mark.usefixtures("on_powershell")
globals().update(once_more("test_least_privilege"))
