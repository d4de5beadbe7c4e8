# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From which day on logs are read, and of whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Given

_MOST_DAYS = 366


class Since(Given):
    """A day in UTC, or so many days up to today; canonical as the day."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if re.fullmatch(r"[0-9]{1,4}", text):
            if not 1 <= int(text) <= _MOST_DAYS:
                raise ValueError(f"{quoted(text)} days are out of range; use 1 to {_MOST_DAYS}, or a day")
            return (datetime.now(UTC).date() - timedelta(days=int(text) - 1)).isoformat()
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"{quoted(text)} is neither a day nor a number of days; write a day such as 2026-11-20, or 7 for the "
                "last seven days"
            ) from None
        # East of Greenwich a day begins before it does in UTC.
        if day > datetime.now(UTC).date() + timedelta(days=1):
            raise ValueError(f"{quoted(text)} is in the future; use the first day to read")
        return day.isoformat()


class UserNames(Given):
    """Users as they log on."""

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "list", "elements": "str"}

    def parse(self, value: Any) -> tuple[str, ...]:
        names = [str(item).strip() for item in value]
        if any(not name for name in names):
            raise ValueError("an entry is empty; name a user")
        if pattern := next((name for name in names if set(name) & set("*?")), None):
            raise ValueError(f"{quoted(pattern)} is a pattern; name single users, or set all_users")
        return tuple({name.casefold(): name for name in names}.values())
