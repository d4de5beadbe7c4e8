# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write, look, and write once more what a lost answer did not bring: then say what is so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    OutcomeUnknown,
    Unreachable,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host

Seen = TypeVar("Seen")


Left = TypeVar("Left")


def settle(
    host: Host, outstanding: Left, send: Callable[[Left], None], look: Callable[[], tuple[Seen, Left]]
) -> tuple[Seen | None, Left, Failure | None]:
    """What is there after a write, what of it is still outstanding (falsy: nothing), and what went wrong.

    An error does not say that nothing happened, and a lost answer says nothing at all: only a look does. In check mode
    nothing is looked at, for nothing was sent.
    """
    for _round in range(2):
        problem: Failure | None = None
        try:
            send(outstanding)
        except Failure as failure:
            problem = failure
        if host.check_mode:
            return None, outstanding, problem
        try:
            seen, outstanding = look()
        except (Failure, Unreachable) as blind:
            if problem is None:
                # It was answered without an error.
                if isinstance(blind, Failure):
                    blind.result.setdefault("changed", True)
                raise
            sentence = f"{problem} And it cannot be read back: {blind}"
            if isinstance(blind, Unreachable):
                raise Unreachable(sentence) from blind
            # Where nobody can tell, whoever restarts what has changed had better do so.
            raise Failure(sentence, **blind.result | {"changed": isinstance(problem, OutcomeUnknown)}) from blind
        if not isinstance(problem, OutcomeUnknown):
            return seen, outstanding, problem
        if not outstanding:
            return seen, outstanding, None
    return seen, outstanding, problem
