# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write, look, and write once more what did not arrive for no fault of its own: then say what is so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    OutcomeUnknown,
    Unreachable,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host

Seen = TypeVar("Seen")
Left = TypeVar("Left")


@dataclass(frozen=True)
class Settled(Generic[Seen, Left]):
    """What is so after a write."""

    seen: Seen | None
    """None in check mode, where nothing is looked at, for nothing was sent."""
    outstanding: Left
    """What did not come about; falsy if all did."""
    problem: Failure | None
    """What went wrong on the way."""
    elsewhere: bool = False
    """Whether it may be stored on a domain controller that was left before anybody had looked there."""


def settle(
    host: Host, outstanding: Left, send: Callable[[Left], None], look: Callable[[], tuple[Seen, Left]]
) -> Settled[Seen, Left]:
    """Send, and find out what came of it.

    An error does not say that nothing happened, and a lost answer says nothing at all: only a look does. What is
    outstanding is sent again if the answer was lost, or if the domain controller failed that nobody asked for.
    """
    problem: Failure | None = None
    seen: Seen | None = None
    unsure = elsewhere = False
    for _round in range(2):
        problem, left = None, host.left_controller
        try:
            send(outstanding)
        except Failure as failure:
            problem = failure
        unsure |= problem is None or problem.may_have_happened
        if host.check_mode:
            break
        try:
            seen, outstanding = look()
        except (Failure, Unreachable) as blind:
            raise _unseen(problem, blind, unsure=unsure) from blind
        was_left = host.left_controller != left
        elsewhere |= unsure and was_left
        if problem is None or not (isinstance(problem, OutcomeUnknown) or was_left):
            break
        if not outstanding:
            problem = None
            break
    return Settled(seen, outstanding, problem, elsewhere)


def _unseen(problem: Failure | None, blind: Failure | Unreachable, *, unsure: bool) -> Failure | Unreachable:
    """What is told where nobody can tell what is so."""
    sentence = f"{problem} It cannot be read back either: {blind}" if problem else str(blind)
    if isinstance(blind, Unreachable):
        return Unreachable(sentence if problem else f"What was sent cannot be read back: {blind}")
    # Whoever restarts what has changed had better do so, unless all that came was that the server refused.
    return Failure(sentence, **{"changed": unsure, **blind.result})
