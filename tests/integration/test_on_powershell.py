"""Roles and playbooks with a real PowerShell on the servers, and that nothing of it is left behind."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import test_playbooks
from on_powershell import once_more
from powershell_engine import engine_options
from runner import PASSWORD, Controller, wait_until
from simulator_process import BASIC, SimulatorProcess
from test_playbooks import test_drift_shows_a_table_writes_json_and_fails_when_asked_to
from test_role_parts import test_the_whole_job_and_back

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

pytestmark = pytest.mark.usefixtures("on_powershell")
globals().update(once_more("test_role"))
__all__ = ["test_drift_shows_a_table_writes_json_and_fails_when_asked_to", "test_the_whole_job_and_back"]
