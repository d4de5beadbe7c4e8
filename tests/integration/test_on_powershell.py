"""Roles and playbooks with a real PowerShell on the servers."""

from __future__ import annotations

import pytest
import test_playbooks
import test_role_parts
from on_powershell import once_more
from runner import Controller
from simulator_process import SimulatorProcess

pytestmark = pytest.mark.usefixtures("on_powershell")
globals().update(once_more("test_role"))


def test_the_whole_job(controller: Controller, organisation: SimulatorProcess) -> None:
    test_role_parts.test_the_whole_job_and_back(controller, organisation)


def test_adopt(controller: Controller, tmp_path_factory: pytest.TempPathFactory) -> None:
    test_playbooks.test_adopt_writes_what_changes_nothing(controller, "SE", tmp_path_factory)
