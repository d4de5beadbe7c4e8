# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How an account fares: when it is looked at next, and when it is left alone. Nothing here waits or asks the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .options import Account


@dataclass(frozen=True)
class Health:
    """What has to be known of an account after a restart, too."""

    failures: int = 0
    """Consecutive ones."""
    reason: str = ""
    """Of the last of them."""
    disabled: bool = False
    token: str | None = None
    """What `enable` was when the account was disabled."""
    not_before: float = 0.0

    def is_left_alone(self, account: Account) -> bool:
        """Whether it stays disabled: it does until `enable` is changed."""
        return self.disabled and self.token == account.enable

    def failed(self, account: Account, reason: str, interval: float, now: float) -> Health:
        """After one more failure."""
        failures = self.failures + 1
        # A server that is down is asked less and less often, and a wrong password does not lock the user out at once.
        pause = min(failures * interval, max(account.longest_pause, interval))
        return Health(failures, reason, failures > account.max_failures, account.enable, now + pause)

    def succeeded(
        self, interval: float, jitter: float, begun: float, now: float, uniform: Callable[[float, float], float]
    ) -> Health:
        """After a look that ended well; there is a pause also after one that took longer than the interval."""
        # Only ever later: the interval is the least that there is between two looks.
        spread = interval * jitter
        return Health(not_before=max(begun + interval + uniform(0.0, spread), now + min(60.0, interval)))

    def stopped(self, account: Account, now: float) -> Health:
        """After a look that found too much that is none of ours. The server was reached, so it is no failure."""
        return Health(not_before=now + account.unrelated_pause)

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: Any) -> Health:
        """What `as_data` gave, or a ValueError."""
        failures, reason, disabled = data["failures"], data["reason"], data["disabled"]
        token, not_before = data["token"], data["not_before"]
        fits = isinstance(failures, int) and isinstance(reason, str) and isinstance(disabled, bool)
        if not fits or not (token is None or isinstance(token, str)) or not isinstance(not_before, int | float):
            raise ValueError("not the health of an account")
        return cls(failures, reason, disabled, token, float(not_before))
