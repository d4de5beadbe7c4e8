"""What a real PowerShell is known to do otherwise than the simulator's own engine, and why that is left.

tests/contract/test_two_engines.py asks both, holds this table to what comes, and the figures to what it counts;
`docs/evidence.md` is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """A difference that is left: in which questions, and where in the answers, both as regular expressions."""

    asked: str
    where: str
    says: str
    reason: str


@dataclass(frozen=True)
class Figures:
    """How many questions were asked, and how many were answered alike."""

    rows: int
    equal: int


KNOWN: tuple[Known, ...] = ()
FIGURES = Figures(rows=0, equal=0)
