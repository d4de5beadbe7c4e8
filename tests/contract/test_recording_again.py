"""The PowerShell that is here answers the recorded questions as the recorded one did."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from needed import SHARED, do_without
from powershell_engine import powershell
from psrpcore._payload import create_fragment, create_message
from psrpcore.types import PSRPMessageType
from two_engines import Message, answer_of, compared, element

from exchange_simulator.real.runspaces import Runspaces

POOL = uuid.UUID(int=1)
CONFIGURATION = {
    "full": "SessionType = 'Default'; ModulesToImport = @('{module}')",
    "no": (
        "SessionType = 'Empty'; LanguageMode = 'NoLanguage'; "
        "ModulesToImport = @('Microsoft.PowerShell.Utility', '{module}'); VisibleFunctions = '*'"
    ),
}
TYPES = {one.name.casefold(): one for one in PSRPMessageType}
# What is of one run alone: passwords are encrypted for a session, records of information tell time and process, and
# the number of one scenario carried the note of another, as notes do.
ONE_RUN = re.compile(
    r"secure: |InformationRecord/MS/(TimeGenerated|Computer|User|ProcessId|\w*ThreadId)$|^holder int: "
)


class Replay:
    """A session of the recorded module, asked with the recorded messages."""

    def __init__(
        self, program: Path, folder: Path, language: str, module: Path, pool: Iterable[Mapping[str, Any]]
    ) -> None:
        file = folder / f"{language}.pssc"
        content = CONFIGURATION[language].format(module=module)
        file.write_text(f"@{{ SchemaVersion = '2.0.0.0'; GUID = '{uuid.uuid4()}'; {content} }}")
        command = [str(program), "-NoLogo", "-NoProfile", "-ConfigurationFile", str(file), "-s"]
        self._numbers = iter(range(1, 1 << 20))
        environment = {**os.environ, "POWERSHELL_TELEMETRY_OPTOUT": "1", "TZ": "UTC"}
        opening = b"".join(self._fragments(one, None) for one in pool if one["from"] == "client")
        self._runspaces = Runspaces(command, environment, opening)
        answer_of(self._runspaces, None)

    def ask(self, asked: Iterable[Mapping[str, Any]]) -> list[Message]:
        identity = uuid.uuid4()
        create, *others = asked
        runnable = self._runspaces.command(identity, self._fragments(create, identity))
        for one in others:
            runnable = self._runspaces.send(identity, self._fragments(one, identity)) or runnable
        assert runnable is not None
        runnable.run()
        said = answer_of(self._runspaces, identity)
        self._runspaces.terminate(identity)
        return said

    def close(self) -> None:
        self._runspaces.close()

    def _fragments(self, one: Mapping[str, Any], pipeline: uuid.UUID | None) -> bytes:
        kind = TYPES[one["type"].replace("_", "").casefold()]
        message = create_message(True, kind, one["clixml"].encode(), POOL, pipeline)
        return bytes(create_fragment(next(self._numbers), 0, message, True))


def recorded(said: Iterable[Mapping[str, Any]]) -> list[Message]:
    return [
        Message(TYPES[one["type"].replace("_", "").casefold()].name, element(one["clixml"].encode()))
        for one in said
        if one["from"] == "server"
    ]


@pytest.fixture(scope="module", params=["full", "no"])
def again(
    request: pytest.FixtureRequest, captures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Replay, list[Mapping[str, Any]]]]:
    program, folder = powershell(), captures / "powershell"
    if not folder.is_dir():
        do_without(SHARED, f"there are no answers of a PowerShell at {folder}")
    content = json.loads((folder / f"{request.param}-language.json").read_text(encoding="utf-8"))
    module = folder / "Things.psd1"
    replay = Replay(program, tmp_path_factory.mktemp("replay"), request.param, module, content["pool"])
    yield replay, content["scenarios"]
    replay.close()


def test_the_recorded_questions_are_answered_as_they_were(again: tuple[Replay, list[Mapping[str, Any]]]) -> None:
    replay, scenarios = again
    different = []
    for scenario in scenarios:
        # Its password was encrypted for the recorded session.
        if "Credential" not in scenario["name"]:
            said = replay.ask([one for one in scenario["messages"] if one["from"] == "client"])
            found = compared(recorded(scenario["messages"]), said)
            told = [(f"{scenario['name']}: {one.path}", one) for one in found]
            different += [(where, one.own, one.real) for where, one in told if not ONE_RUN.search(where)]
    assert different == []
