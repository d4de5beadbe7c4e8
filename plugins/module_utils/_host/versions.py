# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The versions of Exchange and the names they are sold under."""

from __future__ import annotations

from typing import NamedTuple


class Version(NamedTuple):
    """A product version as Exchange numbers it, 15.2.2562.17 for example."""

    major: int
    minor: int = 0
    build: int = 0
    revision: int = 0

    @property
    def product(self) -> str:
        """The product's name; a version older or newer than all known ones is shown by its number alone."""
        names = [name for first, name in PRODUCTS if self >= first]
        return names[-1] if names else f"Exchange {self.major}.{self.minor}"

    def __str__(self) -> str:
        return ".".join(map(str, self))


EXCHANGE_2007 = Version(8)
EXCHANGE_2010 = Version(14)
EXCHANGE_2013 = Version(15)
EXCHANGE_2016 = Version(15, 1)
EXCHANGE_2019 = Version(15, 2)
NEVER = Version(99)

# Exchange Server SE kept 2019's 15.2; only the build tells them apart.
PRODUCTS = (
    (EXCHANGE_2007, "Exchange Server 2007"),
    (EXCHANGE_2010, "Exchange Server 2010"),
    (EXCHANGE_2013, "Exchange Server 2013"),
    (EXCHANGE_2016, "Exchange Server 2016"),
    (EXCHANGE_2019, "Exchange Server 2019"),
    (Version(15, 2, 2562), "Exchange Server SE"),
)
