"""Roles and playbooks with a real PowerShell on the servers, and that nothing of it is left behind."""

from __future__ import annotations

import pytest
from on_powershell import once_more
from test_playbooks import test_drift_shows_a_table_writes_json_and_fails_when_asked_to
from test_role_parts import test_the_whole_job_and_back

pytestmark = pytest.mark.usefixtures("on_powershell")
globals().update(once_more("test_role"))
__all__ = ["test_drift_shows_a_table_writes_json_and_fails_when_asked_to", "test_the_whole_job_and_back"]
