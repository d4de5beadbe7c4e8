"""What a real PowerShell answered, played to our shell: each scenario of its recording in both of the language modes.

Of each the question is held to what was asked, and the reply to what the recorded functions (`Things.psm1`, beside the
recording) put out. The messages travel in the answers of a Windows host, in pieces, with "no output yet" in the middle.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from needed import SHARED, do_without
from playback import Playback, Reading, Stage, Step, kind, messages
from psrpcore._payload import unpack_fragment, unpack_message
from things import SCENARIOS, WITHOUT_LANGUAGE, comparable, request_of

from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Refused

LANGUAGES = ("full", "no")


@pytest.fixture
def engine(captures: Path) -> Path:
    """The folder of what an engine answered."""
    folder = captures / "powershell"
    if not folder.is_dir():
        do_without(SHARED, f"there are no answers of a PowerShell at {folder}")
    return folder


@cache
def answers(file: Path) -> tuple[list[Mapping[str, Any]], dict[str, list[Mapping[str, Any]]]]:
    """The messages of the opening, and those of each scenario by its name."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return content["pool"], {one["name"]: one["messages"] for one in content["scenarios"]}


def of(side: str, told: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in told if one["from"] == side]


def conversation(read: Reading, pool: list[Mapping[str, Any]], scenario: list[Mapping[str, Any]]) -> list[Step]:
    """The answers of a Windows host, with the messages of an engine in them."""
    create, capability, opened, delete = read("psrp_open_runspace")
    command, no_output_yet, *_, done = [
        one for one in read("psrp_long_running_cmdlet") if one.asked in ("Command", "Receive")
    ]
    running = next(one for one in read("psrp_disconnected_commands") if one.asked == "Receive")
    *first, last = of("server", pool)
    *before, state = of("server", scenario)
    key = [one for one in read("psrp_multiple_commands") if one.asked.endswith("of the shell")][-2:]
    if not any("PSCredential" in one["clixml"] for one in of("client", scenario)):
        key = []
    return [
        create,
        capability.carrying(messages(first, None)),
        opened.carrying(messages([last], None)),
        *key,
        command,
        *(one.for_ever() for one in read("psrp_with_input") if one.asked == "Send"),
        *([running.carrying(messages(before))] if before else []),
        no_output_yet,
        done.carrying(messages([state])),
        delete,
    ]


def questions(playback: Playback) -> Iterator[tuple[str, str]]:
    """The messages about a pipeline that came, each as its type and its text."""
    whole: dict[int, bytes] = {}
    for message in playback.requests:
        request = ElementTree.fromstring(message)
        if kind(request) not in ("Command", "Send"):
            continue
        data = bytearray(
            b"".join(
                base64.b64decode(one.text or "")
                for one in request.iter()
                if one.tag.rpartition("}")[2] in ("Arguments", "Stream")
            )
        )
        while data:
            fragment = unpack_fragment(data)
            data = data[21 + len(fragment.data) :]
            whole[fragment.object_id] = whole.get(fragment.object_id, b"") + bytes(fragment.data)
            if fragment.end:
                asked = unpack_message(bytearray(whole.pop(fragment.object_id)))
                yield asked.message_type.name.casefold(), bytes(asked.data).decode()


def canonical(text: str) -> str:
    """The same for every order of attributes, and every password."""
    if not text:
        return text
    root = ElementTree.fromstring(text)
    for secret in root.iter("SS"):
        secret.text = ""
    return ElementTree.canonicalize(ElementTree.tostring(root))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(stage: Stage, read: Reading, engine: Path, scenario: str, language: str) -> None:
    pool, scenarios = answers(engine / f"{language}-language.json")
    expected = SCENARIOS[scenario]
    if language == "no":
        expected = WITHOUT_LANGUAGE.get(scenario, expected)
    request = request_of(scenario)
    shell = stage.psrp(conversation(read, pool, scenarios[scenario]))
    assert comparable(shell.run(request, 60), expected) == comparable(expected, expected)
    shell.close()
    (playback,) = stage.playing
    assert (playback.left, playback.beyond) == ([], [])
    asked = [(name, canonical(text)) for name, text in questions(playback)]
    wanted = [(one["type"].replace("_", "").casefold(), one["clixml"]) for one in of("client", scenarios[scenario])]
    assert asked == [(name, canonical(text)) for name, text in wanted]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_scenario_is_played(engine: Path, language: str) -> None:
    _, scenarios = answers(engine / f"{language}-language.json")
    assert set(scenarios) == set(SCENARIOS)
    assert set(WITHOUT_LANGUAGE) <= set(SCENARIOS)


def test_a_pool_that_cannot_open_tells_why(stage: Stage, read: Reading, engine: Path) -> None:
    """It ends with an error record, as a pipeline does."""
    pool, scenarios = answers(engine / "full-language.json")
    (ended,) = of("server", scenarios["how throw"])
    broken = {
        "type": "RUNSPACEPOOL_STATE",
        "clixml": ended["clixml"].replace('N="PipelineState"', 'N="RunspaceState"'),
    }
    create, capability, opened, *_ = conversation(read, pool, scenarios["how throw"])
    steps = [create, capability, opened.carrying(messages([broken], None)), read("psrp_open_runspace")[-1]]
    sentence = r"^http://127\.0\.0\.1:\d+/wsman could not open a PowerShell session: thrown about me\.$"
    with pytest.raises(Refused, match=sentence) as end:
        stage.psrp(steps)
    # It would tell the same again.
    assert (end.value.unanswered, end.value.passing) == (False, False)
    stage.opened[0].close()
    assert (stage.playing[0].left, stage.playing[0].beyond) == ([], [])
