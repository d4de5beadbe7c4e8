"""Whatever comes in the place of any member of any object: nothing else is written, nothing is lost, nothing is skipped.

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
SCALARS = st.none() | st.sampled_from((-1, 1, 99, b"\x00", *TEXTS)) | st.text(max_size=4)
OBJECTS = st.fixed_dictionaries(
    {"$text": st.none() | st.sampled_from(TEXTS)},
    optional={"$value": st.sampled_from((-1, 1, 99)), "Value": SCALARS, "ticks": SCALARS, "IsUnlimited": SCALARS},
)
ITEMS = SCALARS | OBJECTS | st.just(TEXTLESS)
SHAPES = st.just(ABSENT) | ITEMS | st.lists(ITEMS, max_size=3)
"""Anything that may come in a member's place, but another truth value, which nothing tells from the right one."""

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
    """Whether a value that is written is the usual one, or all that the shape says and the change that was asked for."""
    if written == usual:
        return True
    if not isinstance(written, list):
        return isinstance(usual, str) and "," in usual and any(map(str.isdecimal, _texts(shape)))
    items = [shape] if isinstance(shape, str) else shape
    if not isinstance(items, list):
        return False
    said = [str(one.get("$text") if isinstance(one, Mapping) else one).strip().casefold() for one in items]
    return set(said) <= {item.replace("[::]", "[::%0]").casefold() for item in written} | set(
        map(str.casefold, written)
    )


def harm(shape: Any, wrote: Writes, wanted: Writes, result: Mapping[str, Any]) -> str:
    """What is wrong with how a task ended; empty if nothing is."""
    parameters: dict[tuple[str, str], Any] = {(one[0], name): value for one in wanted for name, value in one[1].items()}
    targets = {(one[0], target) for one in wanted for target in one[2] or ()}
    for cmdlet, values, piped in wrote:
        for target in piped or ():
            if (cmdlet, target) not in targets:
                return f"{cmdlet} met {target}"
        for name, value in values.items():
            if (cmdlet, name) not in parameters or not _follows(value, parameters[cmdlet, name], shape):
                return f"{cmdlet} wrote {name}: {value}"
    if result.get("failed"):
        return ""
    done = {(one[0], name) for one in wrote for name in one[1]}
    met = {(one[0], target) for one in wrote for target in one[2] or ()}
    for (cmdlet, name), value in parameters.items():
        if (cmdlet, name) not in done and not _says(shape, value):
            return f"ok without {name} of {cmdlet}"
    for cmdlet, target in targets - met:
        if not any(_says(shape, one[1].get(name)) for one in wanted for name in one[1]):
            return f"ok without {cmdlet} of {target}"
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
    usual = Remembering(task)
    assert "failed" not in usual.run(task.module, task.options)
    wanted = by_address(usual.wrote)
    asked = sorted({(call.cmdlet, member) for call in usual.calls if not call.write for member in call.members or ()})

    @fuzz(40, st.sampled_from(asked), SHAPES, st.booleans(), st.booleans())
    def no_harm(place: tuple[str, str], shape: Any, first: bool, check: bool) -> None:
        cmdlet, member = place
        host = Remembering(task)
        put = Put({member: shape})
        host.shapes[cmdlet] = _first(put) if first else put
        result = host.run(task.module, task.options, check=check)
        assert "Traceback" not in result.get("msg", "")
        wrote = by_address(host.wrote)
        if check:
            assert not wrote
            # What would be sent is told in the same form.
            wrote = [] if result.get("failed") else wanted
        told = harm(shape, wrote, wanted, result)
        assert not told, (cmdlet, member, shape, told)

    no_harm()
