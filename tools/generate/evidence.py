"""The page of what the collection's beliefs about Exchange stand on, from the simulator's evidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from exchange_simulator.catalogue.differences import FIGURES, KNOWN, LEFT_OUT
from exchange_simulator.catalogue.evidence import EVIDENCE, Fact, StandsOn
from generate import rst

_HEAD = """\
This collection was written without an Exchange server. It is tested against a simulated one, and that is as true as
what is known of real ones. This page says of each answer of Exchange that the collection reads, and of what the
simulator does, where it comes from. Use it to see what to look at first if your server answers differently, and please
report what you find. Where the collection meets an answer that it cannot read, it changes nothing on account of it and
ends with one sentence that says what came.

About a third of all this is a guess. The guesses that matter most to an administrator are those about the names of
members, their values, and how errors come: if one of these is wrong, a task can end with an error on a healthy server.
Those about the order of members, the wording of texts, and the numbers of enumerations that travel together with their
names hardly matter.
"""
_KINDS: dict[StandsOn, str] = {
    "capture": "recorded from a real server (`CSS-Exchange <https://github.com/microsoft/CSS-Exchange>`__, MIT)",
    "page": "written on a page of Microsoft's, or in the public source of PowerShell",
    "published output": "seen in an output, a log or a dialogue that somebody published",
    "guess": "found nowhere; in place of a source there is what speaks for it, or that nothing does",
}
_LINE = """\
A fact is one thing said of one member of what one cmdlet puts out. In the tables below one line says the same of all
the members that it names, and is counted once for each of them and each of the section's cmdlets. A line without a
member is about the object as a whole, or about what the cmdlet or the service does. A published output without an
address cannot be looked up from here.
"""
_COMPARED = """\
Half of what is believed here is PowerShell's own: how parameters bind, what error records look like, how objects are
sent. The simulator can run its cmdlets in a real PowerShell (7.6), and tests ask both the same: what each cmdlet
answers, on several releases and in each form of a session, and what becomes of values of every sort for a parameter of
every kind. The answers are compared message by message: types, order, members, their types and texts, and of errors
the id, the category, the classes and the parameter. What objects of Exchange hold comes from the simulator either way:
here it is compared how they are sent, not what is in them.
"""
_LEFT_OUT = "Not compared, because no run or no place in the code is like another:\n"
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
        ("Members", "Stands on", "Source, or what speaks for a guess", "What it says"),
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
        ("asked in all", str(FIGURES.rows)),
        ("answered alike", str(FIGURES.equal)),
        ("with a difference that is left, for a reason below", str(FIGURES.left)),
    )
    yield from rst.table(("", "Questions"), figures)
    yield _LEFT_OUT
    yield from (f"- {reason}" for reason in LEFT_OUT.values())
    yield ""
    differences = ((known.says, known.reason) for known in KNOWN)
    yield from rst.table(("What a real PowerShell does otherwise", "Why that is left"), differences)
    for cmdlets, facts in _sections().items():
        yield from rst.heading(", ".join(cmdlets))
        yield from _table(facts)
