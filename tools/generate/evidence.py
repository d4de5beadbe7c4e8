"""The page of what the collection's beliefs about Exchange stand on, from the simulator's evidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from exchange_simulator.catalogue.differences import FIGURES, KNOWN, LEFT_OUT
from exchange_simulator.catalogue.evidence import EVIDENCE, Fact, StandsOn
from generate import rst

_HEAD = """\
This collection was written without an Exchange server. It is tested against a simulated one, which is only as
accurate as what is known about real servers. This page lists, for each answer of Exchange that the collection reads
and for everything the simulator does, where the knowledge comes from. If your server answers differently, start here,
and please report what you find. If the collection receives an answer that it cannot read, it changes nothing because
of it, and ends with one sentence that says what was received.

About a third of all this is a guess. The most important guesses for an administrator are those about the names of
members, their values, and the form of errors: if one of them is wrong, a task can end with an error on a healthy
server. Guesses about the order of members, the wording of texts, and the numbers of enumerations that are sent with
their names hardly matter.
"""
_KINDS: dict[StandsOn, str] = {
    "capture": "recorded from a real server (`CSS-Exchange <https://github.com/microsoft/CSS-Exchange>`__, MIT)",
    "page": "documented by Microsoft, or in the public source of PowerShell",
    "published output": "found in an output, a log, or a dialog that somebody published",
    "guess": "not found anywhere; instead of a source, there is the reason for the guess, if there is one",
}
_LINE = """\
A fact is one statement about one member of the output of one cmdlet. In the tables below, one row states the same
about all the members that it names, and counts once for each of them and for each of the section's cmdlets. A row
without a member is about the object as a whole, or about what the cmdlet or the service does. A published output
without an address cannot be looked up from here.
"""
_COMPARED = """\
Half of these assumptions are about PowerShell itself: how parameters bind, what error records look like, and how
objects are sent. The simulator can run its cmdlets in a real PowerShell (7.6), and tests ask both the same questions:
what each cmdlet answers, on several releases and in each form of a session, and what happens to values of all types
for parameters of all types. The answers are compared message by message: types, order, members with their types and
texts, and for errors the ID, the category, the classes, and the parameter. The contents of Exchange objects come
from the simulator in both cases, so this compares how they are sent, not what they contain.

"""
_LEFT_OUT = "Not compared, because it differs in each run or each place in the code:\n"
_PAGE = "https://learn.microsoft.com/en-us/previous-versions/exchange-server/exchange-150"


def _source(text: str) -> str:
    """A source, with links where it is to be read."""
    linked = re.sub(r"\b((?:ff|aa|dn)\d{6})\b", rf"`\1 <{_PAGE}/\1(v=exchg.150)>`__", rst.escaped(text))
    linked = re.sub(r"(?<!<)https://github.com/\S*/([\w-]+)\.md", r"`\1 <\g<0>>`__", linked)
    return re.sub(r"\b[\w.-]+\.xml\b", lambda found: f"``{found[0]}``", linked)


def _table(facts: Sequence[Fact]) -> Iterator[str]:
    """A cmdlet's facts; members of which the same is said share a line."""
    told: dict[tuple[str, str, str], list[str]] = {}
    for fact in facts:
        told.setdefault((fact.stands_on, fact.source, fact.says), []).append(fact.member)
    yield from rst.table(
        ("Members", "Stands on", "Source, or reason for a guess", "Statement"),
        (
            (rst.code(filter(None, members)), stands_on, _source(source), rst.escaped(says))
            for (stands_on, source, says), members in told.items()
        ),
    )


def _sections() -> dict[tuple[str, ...], list[Fact]]:
    """The facts of each cmdlet, or of those that share all of them."""
    alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for cmdlet in dict.fromkeys(fact.cmdlet for fact in EVIDENCE):
        own = tuple((one.member, one.stands_on, one.source, one.says) for one in EVIDENCE if one.cmdlet == cmdlet)
        alike.setdefault(own, []).append(cmdlet)
    return {tuple(names): [one for one in EVIDENCE if one.cmdlet == names[0]] for names in alike.values()}


def page() -> Iterator[str]:
    """The page about the evidence."""
    count = Counter(fact.stands_on for fact in EVIDENCE)
    yield from rst.page_head(
        "evidence",
        "What our knowledge of Exchange stands on",
        "tests/simulator/exchange_simulator/catalogue/evidence.py",
    )
    yield _HEAD
    kinds = ((kind, str(count[kind]), meaning) for kind, meaning in _KINDS.items())
    yield from rst.table(("Stands on", "Facts", "Which means"), kinds)
    yield _LINE
    yield f".. _{rst.LABEL}evidence.compared:\n"
    yield from rst.heading("Compared with a real PowerShell")
    yield _COMPARED
    figures = (
        ("asked in total", str(FIGURES.rows)),
        ("answered in the same way", str(FIGURES.equal)),
        ("answered with an accepted difference, for a reason below", str(FIGURES.left)),
    )
    yield from rst.table(("", "Questions"), figures)
    yield _LEFT_OUT
    yield from (f"- {reason}" for reason in LEFT_OUT.values())
    yield ""
    differences = ((known.says, known.reason) for known in KNOWN)
    yield from rst.table(("What a real PowerShell does differently", "Why this is accepted"), differences)
    for cmdlets, facts in _sections().items():
        yield from rst.heading(", ".join(cmdlets))
        yield from _table(facts)
