"""Whatever comes in the place of any member of any object: nothing else is written, and nothing is lost or skipped.

A shape that says in some way what the task wants may be believed; no other may lead to a task that ends well with less
done than it was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from fuzzing import fuzz
from hypothesis import strategies as st
from in_process import ABSENT, InProcessHost, Put, Shaper
from odd_shapes import TEXTLESS, TYPE_NAME
from remembering import Remembering, by_address
from shape_table import TASKS, Task

TEXTS = ("", " ", "1", "-1", "5,000", "Wahr", "{a, b}", "[::%0]:995", "Übersetzt", TYPE_NAME, "%x%y", "10.0.0.9:1")
# What XML cannot hold never comes as far as a module.
CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff")
SCALARS = st.none() | st.sampled_from((-1, 1, 99, b"\x00", *TEXTS)) | st.text(CHARACTERS, max_size=4)
OBJECTS = st.fixed_dictionaries(
    {"$text": st.none() | st.sampled_from(TEXTS)},
    optional={"$value": st.sampled_from((-1, 1, 99)), "Value": SCALARS, "ticks": SCALARS, "IsUnlimited": SCALARS},
)
ITEMS = SCALARS | OBJECTS | st.just(TEXTLESS)
SHAPES = st.just(ABSENT) | ITEMS | st.lists(ITEMS, max_size=3)
"""Anything that may come in a member's place, but another truth value, which nothing tells from the right one."""
NOTHING = (ABSENT, TEXTLESS, b"\x00")
"""Of which no kind makes a value."""

Writes = list[list[Any]]


def _texts(shape: Any) -> list[str]:
    """What a shape says to a reader of its texts."""
    if isinstance(shape, list):
        return [text for one in shape for text in _texts(one)]
    if isinstance(shape, Mapping):
        return [text for one in shape.values() for text in _texts(one)]
    return [] if shape is None or shape is ABSENT else [str(shape).strip().casefold()]


def _says(shape: Any, wanted: Any) -> bool:
    """Whether it can be taken for what is wanted; a number can be, for what has numbers."""
    texts = _texts(shape)
    return str(wanted).casefold() in texts or (isinstance(wanted, str) and any(map(str.isdecimal, texts)))


def _follows(written: Any, usual: Any, shape: Any) -> bool:
    """Whether a value that is written is the usual one, or all that the shape says with the change asked for."""
    if written == usual:
        return True
    if not isinstance(written, list):
        return isinstance(usual, str) and "," in usual and any(map(str.isdecimal, _texts(shape)))
    # A list of one may come as the one alone.
    items = [shape] if isinstance(shape, str | Mapping) else shape
    if not isinstance(items, list):
        return False
    said = {str(one.get("$text") if isinstance(one, Mapping) else one).strip().casefold() for one in items}
    return {text.replace("%0", "") for text in said} <= set(map(str.casefold, written))


def _by_target(writes: Writes) -> dict[tuple[str, str], dict[str, Any]]:
    """What is written, by the cmdlet and the object that it meets."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for cmdlet, parameters, piped in writes:
        for target in piped or (parameters.get("Name") or parameters.get("Identity") or "",):
            found.setdefault((cmdlet, target), {}).update(parameters)
    return found


def harm(shape: Any, writes: Writes, usual: Writes, *, ok: bool) -> str:
    """What is wrong with what a task has written; empty if nothing is."""
    wrote, wanted = _by_target(writes), _by_target(usual)
    for target, parameters in wrote.items():
        for name, value in parameters.items():
            if name not in wanted.get(target, {}) or not _follows(value, wanted[target][name], shape):
                return f"{target} got {name}: {value}"
    if not ok:
        return ""
    for target, parameters in wanted.items():
        for name, value in parameters.items():
            if name not in wrote.get(target, {}) and not any(_says(shape, one) for one in parameters.values()):
                return f"{target} did not get {name}: {value}"
    return ""


def _first(put: Put) -> Shaper:
    def shape(output: list[Element]) -> list[Element]:
        put(output[:1])
        return output

    return shape


@pytest.mark.parametrize("form", ["full", "plain"])
@pytest.mark.parametrize("task", TASKS, ids=str)
def test_no_shape_of_any_member_does_harm(task: Task, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InProcessHost, "form", form)
    if form not in task.forms:
        return
    usual = Remembering(task)
    assert "failed" not in usual.run(task.module, task.options)
    wanted = by_address(usual.wrote)
    compared = {(one[0].replace("Set-", "Get-"), name) for one in wanted for name in one[1]}
    asked = sorted({(call.cmdlet, member) for call in usual.calls if not call.write for member in call.members or ()})

    @fuzz(40, st.sampled_from(asked), SHAPES, st.booleans())
    def no_harm(place: tuple[str, str], shape: Any, first: bool) -> None:
        cmdlet, member = place
        host = Remembering(task)
        put = Put({member: shape})
        host.shapes[cmdlet] = _first(put) if first else put
        predicted = host.run(task.module, task.options, check=True)
        assert not host.wrote
        result = host.run(task.module, task.options)
        assert "Traceback" not in f"{predicted.get('msg')}{result.get('msg')}"
        # A certificate of which nobody can tell is said not to be known to be assigned.
        ok = "failed" not in result and result.get("assigned", True) is not None
        told = harm(shape, by_address(host.wrote), wanted, ok=ok)
        assert not told, (cmdlet, member, shape, told)
        if place in compared and not first and shape in NOTHING:
            assert result.get("failed"), (cmdlet, member, shape, host.wrote)

    no_harm()
