# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables that are misspelled: they look like one of ours, and nothing would come of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile

from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.variables import (
    CERTIFICATE_VARIABLES,
    PLAYBOOK_VARIABLES,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.variables_of_roles import ROLE_VARIABLES

CHOICES = ("fail", "warn")
SWITCH = "misspelled_variables"
# In a shorter word another letter makes another word.
_LONG = 6
# Of 0 to 1: "certificate" is still taken for "certificate_pem", and "windows_user" no longer for "windows_scheme".
_SIMILAR = 0.8


@dataclass(frozen=True)
class Namespace:
    """The variables of ours that begin alike."""

    prefix: str
    owner: str
    """Whose they are, in a sentence."""
    names: Collection[str]
    """Without the prefix."""
    is_shared: bool = True
    """Whether others have variables with this prefix too: then a name is misspelled only where it can be a slip."""

    def misspelled(self, variables: Iterable[str]) -> Iterator[str]:
        """A sentence for each variable that is taken for one of ours."""
        for variable in sorted(name for name in variables if name.startswith(self.prefix)):
            name = variable.removeprefix(self.prefix)
            if name not in self.names and (meant := self._meant(name)):
                yield f"{variable} is not a variable of {self.owner}; did you mean {self.prefix}{meant}?"

    def _meant(self, name: str) -> str | None:
        if self.is_shared:
            return next((ours for ours in sorted(self.names) if is_slip(name, ours)), None)
        return next(iter(get_close_matches(name.casefold(), self.names, 1, _SIMILAR)), None)


def of_role(protocol: str) -> Namespace:
    """The variables of the role of a protocol."""
    names = {*ROLE_VARIABLES, *(setting.option for setting in PROTOCOLS[protocol].settings)}
    return Namespace(f"{protocol}_", f"the role {protocol}", names)


def of_playbook(name: str) -> Namespace:
    """The variables of a playbook, with `exchange` those that all playbooks take from the command line.

    And with `certificate` those of the role of that name.
    """
    if name == "certificate":
        return Namespace("certificate_", "the role certificate", CERTIFICATE_VARIABLES)
    owner = "the playbooks" if name == "exchange" else f"the playbook {name}"
    return Namespace(f"{name}_", owner, PLAYBOOK_VARIABLES[name])


def of_connection(variables: Iterable[str]) -> Namespace:
    """Those of the connection plugin's variables that are its own."""
    prefix = "ansible_exchange_"
    names = {name.removeprefix(prefix) for name in variables if name.startswith(prefix)}
    return Namespace(prefix, "the connection", names, is_shared=False)


def told(sentences: Iterable[str], switch: str) -> str:
    """All of them, and the way out, if there are any."""
    found = list(sentences)
    return " ".join([*found, f"If it is your own variable, set {switch} to warn."]) if found else ""


def is_slip(given: str, ours: str) -> bool:
    """Whether a name is another one with a slip in it or in its words; with more or other words it is one's own."""
    given, ours = given.casefold(), ours.casefold()
    words, our_words = given.split("_"), ours.split("_")
    return _differ_by_a_slip(given.replace("_", ""), ours.replace("_", "")) or (
        len(words) == len(our_words) and all(map(_differ_by_a_slip, words, our_words))
    )


def _differ_by_a_slip(given: str, ours: str) -> bool:
    start = _alike(given, ours)
    end = _alike(given[start:][::-1], ours[start:][::-1])
    more, less = given[start : len(given) - end], ours[start : len(ours) - end]
    if more == less[::-1] and len(more) in (0, 2):
        return True
    if not more and len(less) == 1:
        # A short word without its last letter is another one, as stat is of state, unless that made it a plural.
        return len(ours) >= _LONG or end > 0 or less == "s"
    if len(more) != 1 or len(less) > 1:
        return False
    if not less and more in (given[start - 1 : start], ours[start : start + 1]):
        return True
    # Several of what ours is one of, such as a list of servers, or one of several, such as the second server.
    is_another = not less and end == 0 and (more == "s" or more.isdecimal())
    return len(ours) >= _LONG and not is_another


def _alike(one: str, other: str) -> int:
    """How many letters they begin with in common."""
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
