"""What tests of modules share."""

from __future__ import annotations

import pytest
from ansible.module_utils.basic import AnsibleModule


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What modules warn of; Ansible itself keeps warnings for as long as the process lives."""
    told: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _self, warning: told.append(warning))
    return told
