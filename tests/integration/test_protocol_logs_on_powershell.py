"""The pipelines that count log-ons, run by a real PowerShell on real files."""

from __future__ import annotations

import pytest
from on_powershell import once_more

pytestmark = pytest.mark.usefixtures("on_powershell")
globals().update(once_more("test_protocol_logs"))
