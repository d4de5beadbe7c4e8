"""Every module on every release, in both forms and over each way, with a real PowerShell on the servers."""

from __future__ import annotations

import pytest
from on_powershell import once_more

pytestmark = pytest.mark.usefixtures("on_powershell")
globals().update(once_more("test_both_forms"))
