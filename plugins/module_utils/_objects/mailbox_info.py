# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What clients may do with mailboxes, of all of them or of some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.mailboxes import Filter, MailboxIdentities
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_names import (
    NAMES,
    distinct,
    is_health,
    label_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.mailbox_search import Search
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import (
    OTHER_ACCESS,
    PROTOCOL_ACCESS,
    needed_by,
    switch_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS, Work
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import read_members, shown


class MailboxAccessInfo(Work):
    """Reads mailboxes, and puts together those that are alike: there may be tens of thousands."""

    options = (
        *SERVER_OPTIONS,
        Option("identities", MailboxIdentities()),
        Option("filter", Filter()),
        Option("other_clients", Bool(), default=False),
    )

    def contradictions(self) -> Iterator[str]:
        if "identities" in self.given and "filter" in self.given:
            yield "identities and filter: both are given; use one of them, or neither for all mailboxes."

    def result(self) -> dict[str, Any]:
        version = self.server.version
        needed = [row for row in PROTOCOL_ACCESS if row.is_on(version)]
        # Of tens of thousands of mailboxes each further member costs megabytes.
        others = [row for row in OTHER_ACCESS if row.is_on(version)] if self.given["other_clients"] else []
        rows = [*needed, *others]
        not_found: dict[str, str] = {}

        def note(problems: Mapping[str, Sequence[str]]) -> None:
            not_found.update({name: why for why, names in problems.items() for name in names})

        members = [*NAMES, *(row.parameter for row in rows)]
        identities = self.given.get("identities", ())
        search = Search(self.host, members, identities, self.given.get("filter", ""), note)
        alike: dict[str, dict[str, Any]] = {}
        unreadable: list[str] = []
        for key, found in distinct(search.chosen() if self.given.keys() & {"identities", "filter"} else search.all()):
            stored = read_members(rows, found)
            if is_health(found):
                continue
            # Updates of a version have brought members for other clients, so one may be absent.
            if stored.unreadable or any(row.option not in stored.values for row in needed):
                unreadable.append(label_of(found))
                continue
            settings = _counting(shown(rows, stored.values))
            group = alike.setdefault(repr(settings), {"settings": settings, "mailboxes": {}})
            group["mailboxes"][key] = label_of(found)
        return {
            "server": self.server.name,
            "all": not identities and "filter" not in self.given,
            "alike": list(alike.values()),
            "not_found": not_found,
            "unreadable": unreadable,
        }


def _counting(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Without what counts for nothing as things stand, such as what is stored beside the protocol's defaults."""
    return {
        option: value
        for option, value in settings.items()
        if not (switch := switch_of(option)) or settings.get(switch) == needed_by(option)
    }
