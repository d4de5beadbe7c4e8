# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How mailboxes are named and filtered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Given


class MailboxIdentities(Given):
    """A list of mailboxes by any of the forms Exchange knows."""

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "list", "elements": "str"}

    def parse(self, value: Any) -> tuple[str, ...]:
        names = [str(item).strip() for item in value]
        if not names:
            raise ValueError("the list is empty; name at least one mailbox, or use filter")
        for name in names:
            if not name:
                raise ValueError("an entry is empty, which to Exchange means every mailbox; name a mailbox")
            if set(name) & set("*?"):
                raise ValueError(f"{quoted(name)} is a pattern; name single mailboxes, or use filter")
            if re.search(r"[\x00-\x1f\x7f]", name):
                raise ValueError(f"{quoted(name)} contains a control character; use one mailbox in each entry")
            if re.fullmatch(r"(?:CN|OU|DC)=[^,]*", name, re.IGNORECASE):
                raise ValueError(
                    f"{quoted(name)} is a part of a distinguished name, which was split at its commas; put the whole "
                    "name into an entry of a list"
                )
        return tuple({name.casefold(): name for name in names}.values())


class Filter(Given):
    """A condition in Exchange's filter language OPATH; Exchange judges what it says."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        example = "write one such as PopEnabled -eq $true"
        if not text or not text.strip("*"):
            raise ValueError(
                f"{quoted(text)} would mean every mailbox; {example}, or Name -like '*' if you mean all of them"
            )
        if text.startswith("{"):
            raise ValueError(f"{quoted(text)} is in braces, which only PowerShell uses; leave them out")
        bare = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "''", text)
        if "'" in bare.replace("''", "") or '"' in bare:
            raise ValueError(
                f"{quoted(text)} has an unmatched quotation mark; double those inside text, as in 'O''Brien'"
            )
        if re.search(r"[\x00-\x1f\x7f]", text):
            raise ValueError(f"{quoted(text)} contains a line break or another control character; write it on one line")
        if unknown := re.search(r"\$(?!(?:true|false|null)\b)\w*", bare, re.IGNORECASE):
            raise ValueError(f"{quoted(unknown[0])} is a variable, which Exchange does not know here; use its value")
        if not re.search(r"\s-[a-z]+(?:\s|$)", bare, re.IGNORECASE):
            raise ValueError(f"{quoted(text)} contains no comparison; {example}")
        return text
