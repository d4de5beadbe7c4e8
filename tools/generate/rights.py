"""What the guide to security lists of the rights that the modules need."""

from __future__ import annotations

from collections.abc import Iterator

from least_privilege import FEATURES, PARENTS, commands, entries, lacking, questions, role_of

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import (
    EXCHANGE_2010,
    EXCHANGE_2013,
    Version,
)
from generate import rst

BEGIN, END = ".. begin of what make generate writes", ".. end of what make generate writes"
# More parameters than this stand only in the commands.
SHOWN = 9


def _of_exchange() -> Iterator[tuple[str, ...]]:
    for key, feature in FEATURES.items():
        title = f"**{key}**: {feature.title} ({rst.code(feature.modules)})"
        for cmdlet, parameters in entries(key).items():
            told = f"all {len(parameters)} below" if len(parameters) > SHOWN else rst.code(parameters)
            yield title, f"``{cmdlet}``", told, PARENTS[role_of(cmdlet)]
            title = ""


def _of_windows() -> Iterator[tuple[str, ...]]:
    for key, feature in FEATURES.items():
        sent = (" ".join((name, *(f"-{one}" for one in given))) for name, given in feature.windows.items())
        yield f"**{key}**", rst.code(sent)


def lacks(version: Version) -> str:
    """The parameters that a version of Exchange does not have."""
    return "; ".join(f"``{cmdlet}``: {rst.code(names)}" for cmdlet, names in lacking(version).items())


def section() -> str:
    """The part of the guide that is made here."""
    lines = [
        BEGIN,
        "",
        *rst.table(("Feature", "Cmdlet", "Parameters", "Copy of"), _of_exchange()),
        *rst.table(("Feature", "On the *windows* endpoint"), _of_windows()),
        "First, check whether Exchange's own roles contain all of it in your version. What a version does not have is",
        "listed at the end of this section. Each command must return the role in the last column above:",
        "",
        *rst.block("powershell", questions()),
        "Then create the roles and the group in the Exchange Management Shell:",
        "",
        *rst.block("powershell", commands()),
        "On Exchange 2010, leave out what it does not have: ``Get-ServerComponentState``; ``Get-AuthConfig``; "
        f"{lacks(EXCHANGE_2010)}.",
        "",
        f"On later versions, leave out what only Exchange 2010 has: {lacks(EXCHANGE_2013)}.",
        "",
        END,
    ]
    return "\n".join(lines)


def rewritten(guide: str) -> str:
    """The guide with this part as it has to be."""
    before, _begin, rest = guide.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return before + section() + after
