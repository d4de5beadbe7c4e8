"""A library that is missing on the controller is named before anything is tried."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.mailops.exchange.plugins.connection.exchange import Connection


@pytest.mark.parametrize(
    ("transport", "missing", "package"),
    [("psrp", "pypsrp", "pypsrp"), ("psrp", "spnego", "pyspnego"), ("winrm", "winrm", "pywinrm")],
)
def test_sentence(monkeypatch: pytest.MonkeyPatch, transport: str, missing: str, package: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else find(name))
    connection = cast(Any, SimpleNamespace(get_option=lambda _name: transport))
    with pytest.raises(AnsibleConnectionFailure) as told:
        Connection.settings(connection)
    assert str(told.value) == (
        f"The Python library {package} is missing on the controller: install the collection's requirements (pip "
        f"install {package}) into the Python that runs Ansible."
    )


@pytest.mark.parametrize("missing", ["requests", "pypsrp", "spnego"])
def test_tasks_come_as_far_as_that_sentence(missing: str) -> None:
    """What ansible-core loads before the connection is asked for its settings needs none of them."""
    program = (
        f"import sys; sys.modules[{missing!r}] = None; "
        "import ansible_collections.mailops.exchange.plugins.plugin_utils.action"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
