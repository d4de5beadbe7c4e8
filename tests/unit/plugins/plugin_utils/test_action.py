"""What an action does to the process it runs in."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import Any, cast

import pytest

from ansible_collections.mailops.exchange.plugins.plugin_utils import action


def test_loading_it_leaves_the_playbooks_process_as_it_was() -> None:
    """It is loaded before ansible-core forks, for the tasks of all other modules too."""
    code = f"import gc, sys; sys.path[:] = {sys.path!r}; import {action.__name__}; print(gc.get_freeze_count())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "0\n"


def test_a_worker_leaves_alone_what_it_inherits(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reached(Exception):
        pass

    def stop(*_: Any) -> None:
        raise Reached

    monkeypatch.setattr(action.ActionBase, "run", stop)
    before = gc.get_freeze_count()
    try:
        with pytest.raises(Reached):
            action.ExchangeAction.run(cast(Any, action.ExchangeAction.__new__(action.ExchangeAction)))
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
