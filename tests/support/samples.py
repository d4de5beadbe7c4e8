"""Values for settings whose kind says which ones there are, so that no test has to name such a setting."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Any, NamedTuple

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.inherited import OrOrganization
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import ByteSize
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import SingleLine
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import UserAgents
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting


class Sample(NamedTuple):
    """What a task may want, what somebody else may have made of it, and how what is wanted may be written, too."""

    wanted: Any
    drifted: Any
    spellings: list[Any]


@singledispatch
def sample(kind: Kind) -> Sample | None:
    """Two values of a kind; None for a kind of which a test has to say what is to be shown with it."""
    return None


@sample.register
def _(kind: Bool) -> Sample:
    return Sample(True, False, ["yes", "on", "True", "true"])


@sample.register
def _(kind: Int) -> Sample:
    wanted = kind.lowest + (kind.highest - kind.lowest) // 3
    return Sample(wanted, wanted + 1, [str(wanted)])


@sample.register
def _(kind: Enum) -> Sample:
    names = list(kind.numbers)
    wanted, drifted = names[1], names[2 % len(names)]
    number = kind.numbers[wanted]
    return Sample(wanted, drifted, [wanted.casefold(), wanted.upper(), number, str(number)])


@sample.register
def _(kind: OrOrganization) -> Sample | None:
    own = sample(kind.kind)
    return own and own._replace(drifted=None)


@sample.register
def _(kind: UserAgents) -> Sample:
    wanted = ["Mozilla/5.0 (X11, Linux)", "Tickets/*"]
    return Sample(wanted, ["OWA/*"], [wanted[::-1], {"set": wanted}])


@sample.register
def _(kind: TimeSpan) -> Sample:
    wanted, drifted = (kind.parse(kind.lowest + more) for more in (10, 20))
    return Sample(wanted, drifted, [kind.lowest + 10, str(kind.lowest + 10), f"{wanted}.0000000"])


@sample.register
def _(kind: ByteSize) -> Sample:
    return Sample("2MB", "3MB", ["2097152", "2 mb", 2097152, "2048KB"])


@sample.register
def _(kind: SingleLine) -> Sample:
    return Sample("Mail at Contoso.", "mail at contoso.", [])


def samples(settings: Iterable[Setting]) -> dict[str, Sample]:
    """By option, for all settings of which the kind says enough."""
    found = {setting.option: sample(setting.kind) for setting in settings}
    return {option: one for option, one in found.items() if one is not None}
