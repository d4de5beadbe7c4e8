"""A bug of the collection is told as one, never as a server that answers nonsense, and the session outlives it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from evidence import is_a_sentence, stored
from module_runner import run_module
from runner import PASSWORD, Controller, inventory
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Defect
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import clixml, wsman

WAYS = {"psrp": {}, "winrm": {"access": "local", "transport": "winrm"}}
BANNER = {"banner": "New."}


def broken(*_: Any, **__: Any) -> NoReturn:
    raise TypeError(PASSWORD)


# Our reader, and two functions of ours that the libraries call back.
BUGS = {
    "clixml": (clixml._Reader, "_object", broken),
    "wsman check": (wsman, "refuse_unsafe", None),
    "wsman meter": (wsman, "LARGEST_REPLY", "4 MB"),
}


@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize("way", WAYS)
def test_a_bug_is_not_told_as_nonsense_of_the_server(
    open_session: Callable[..., Session],
    organisation: SimulatorProcess,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    bug: str,
    write: bool,
) -> None:
    session = open_session(**WAYS[way])
    assert run_module("pop_settings", {"banner": "Old."}, session.invoke)["changed"] is True

    def invoke(text: str) -> str:
        if Request.parse(text).write is write:
            monkeypatch.setattr(*BUGS[bug])
        return session.invoke(text)

    with pytest.raises(Defect) as caught:
        run_module("pop_settings", BANNER, invoke)
    monkeypatch.undo()
    defect = caught.value
    module = bug.partition(" ")[0]
    told = f"This collection has a bug: TypeError in plugins/plugin_utils/wire/{module}.py, line "
    assert str(defect).startswith(told)
    # What the server puts out is all that the reader sees, and a write puts out nothing.
    assert ("when running Set-PopSettings, which may or may not" in str(defect)) is (write and bug != "clixml")
    assert defect.changed is write
    assert is_a_sentence(str(defect))
    assert f"{module}.py" in defect.traceback
    assert PASSWORD not in str(defect) + defect.traceback
    assert "failed" not in run_module("pop_settings", BANNER, session.invoke)
    assert stored(organisation)["Banner"] == "New."


def test_a_task_fails_over_a_bug(
    controller: Controller, collections: Path, organisation: SimulatorProcess, tmp_path: Path
) -> None:
    shutil.copytree(collections, tmp_path, dirs_exist_ok=True)
    reader = next(tmp_path.rglob("clixml.py"))
    text, line = reader.read_text(), "            return self._object(element, members)\n"
    assert line in text
    reader.write_text(text.replace(line, '            return secret["key of nothing"]\n', 1))
    controller.collections = tmp_path
    task = {"mailops.exchange.pop_settings": BANNER, "ignore_errors": True}
    play = {
        "hosts": "ex01",
        "gather_facts": False,
        "tasks": [{"name": f"banner {number}", **task} for number in (1, 2)],
    }
    done = controller.run([play], inventory(organisation.description), "-vvv")
    for number in (1, 2):
        result = done.task(f"banner {number}", "ex01")
        assert result["status"] == "failed", done.output
        assert result["result"]["msg"].startswith("This collection has a bug: NameError in plugins/plugin_utils/wire/")
    assert done.output.count('return secret["key of nothing"]') == 2, "the traceback"
    assert PASSWORD not in done.output
    assert organisation.state()["servers"]["EX01"]["shells_open"] == {"exchange": 0, "windows": 0}
