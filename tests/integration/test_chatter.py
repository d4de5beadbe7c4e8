"""A PowerShell in the WinRM shell that says more than it is asked for: no answer is lost, none is taken for another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from evidence import stored
from module_runner import run_module
from runner import Controller, inventory
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

GET, SET = "Get-PopSettings", "Set-PopSettings"
WORDS = {
    "a line": "What if: Performing the operation on target \u201eEX01\u201c.\r\n",
    "a line of our own words": "end completed\r\n",
    "a value of our own words": "output PFM+eDwvUz4=\r\n",
    "no end of line": "Continue? [Y] ",
    "no words": "\r\n\r\n",
}


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("words", WORDS)
def test_answers_keep_step(
    open_session: Callable[..., Session], organisation: SimulatorProcess, words: str, stream: str
) -> None:
    told: list[str] = []
    session = open_session(access="local", transport="winrm")

    def run(module: str, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        return run_module(module, options, session.invoke, check=check, note=told.append, pause=lambda _: None)

    assert run("pop_settings", {"banner": "Old."})["changed"] is True
    for cmdlet in (GET, SET):
        organisation.fault("EX01", "chatter", cmdlet=cmdlet, text=WORDS[words], stream=stream)
    organisation.clear_log()
    told.clear()
    assert run("pop_settings", {"banner": "New."}, check=True)["changed"] is True
    assert stored(organisation)["Banner"] == "Old."
    assert run("pop_settings", {"banner": "New."})["changed"] is True
    assert stored(organisation)["Banner"] == "New."
    result = run("pop_settings", {"banner": "New."})
    assert (result["changed"], result["settings"]["banner"]) == (False, "New.")
    assert [entry["cmdlet"] for entry in organisation.log()].count(SET) == 1
    assert organisation.state()["servers"]["EX01"]["shells_opened"]["windows"] == 1
    heard = [text for text in told if WORDS[words].strip() and WORDS[words].strip() in text]
    assert bool(heard) is (words != "no words"), told


@pytest.mark.parametrize(
    ("how", "no_log", "shown"), [("-vvv", False, True), ("-vv", False, False), ("-vvv", True, False)]
)
def test_whoever_wants_to_know_is_told(
    controller: Controller, organisation: SimulatorProcess, how: str, no_log: bool, shown: bool
) -> None:
    hosts = inventory(organisation.description, ansible_exchange_transport="winrm", ansible_exchange_access="local")
    organisation.fault("EX01", "chatter", cmdlet=SET, text="What if: \u001b[31m\r\n")
    task = {"mailops.exchange.pop_settings": {"banner": "New."}, "name": "banner", "no_log": no_log}
    done = controller.run([{"hosts": "ex01", "gather_facts": False, "tasks": [task]}], hosts, how)
    assert done.returncode == 0, done.output
    assert stored(organisation)["Banner"] == "New."
    assert (f"<ex01> PowerShell reported while it ran {SET}: What if:  [31m" in done.output) is shown
    assert ("What if" in done.output) is shown
