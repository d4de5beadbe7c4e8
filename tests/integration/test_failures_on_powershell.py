"""What a server refuses or gets wrong, with a real PowerShell on it."""

from __future__ import annotations

import pytest
from on_powershell import once_more

pytestmark = pytest.mark.usefixtures("on_powershell")
globals().update(once_more("test_server_failures"))
