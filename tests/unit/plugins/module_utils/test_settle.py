"""What is told of a write of which nobody can tell what came."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletError,
    CmdletFailure,
    Failure,
    OutcomeUnknown,
)
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import settle

LOST, REFUSED, BLIND = OutcomeUnknown("The answer was lost."), Failure("It was refused."), Failure("Nobody answers.")
GONE = CmdletFailure("Set-X", [CmdletError(exception="Microsoft.Exchange.Data.Directory.ADX", message="Gone.")])


@pytest.mark.parametrize(
    ("sends", "looks", "changed", "told"),
    [
        ([None], [BLIND], True, "Nobody answers."),
        ([REFUSED], [BLIND], False, "It was refused. It cannot be read back either: Nobody answers."),
        ([LOST], [BLIND], True, "The answer was lost. It cannot be read back either: Nobody answers."),
        # A domain controller may go away between the effect and the answer.
        ([GONE], [BLIND], True, "Set-X failed: Gone. It cannot be read back either: Nobody answers."),
        # A part of it may have moved the first time.
        ([LOST, REFUSED], ["a part", BLIND], True, "It was refused. It cannot be read back either: Nobody answers."),
    ],
)
def test_changed_where_nothing_can_be_read_back(sends: list[Any], looks: list[Any], changed: bool, told: str) -> None:
    sent, seen = iter(sends), iter(looks)

    def send(_outstanding: str) -> None:
        if problem := next(sent):
            raise problem

    def look() -> tuple[str, str]:
        found = next(seen)
        if isinstance(found, Failure):
            raise Failure(str(found))
        return found, "the rest"

    with pytest.raises(Failure) as failure:
        settle(cast(Any, SimpleNamespace(check_mode=False, left_controller="")), "all", send, look)
    assert (str(failure.value), failure.value.result) == (told, {"changed": changed})


@pytest.mark.parametrize("leaves", ["send", "look", "neither"])
@pytest.mark.parametrize("first", [GONE, REFUSED, None])
def test_what_may_be_stored_on_a_controller_that_was_left(first: Failure | None, leaves: str) -> None:
    host, sent = SimpleNamespace(check_mode=False, left_controller=""), iter([first, REFUSED])

    def leave(by: str) -> None:
        host.left_controller = "DC1" if by == leaves else host.left_controller

    def send(_outstanding: str) -> None:
        leave("send")
        if problem := next(sent):
            raise problem

    def look() -> tuple[str, str]:
        leave("look")
        return "as before", "all"

    settled = settle(cast(Any, host), "all", send, look)
    assert settled.elsewhere is (leaves != "neither" and first is not REFUSED)
