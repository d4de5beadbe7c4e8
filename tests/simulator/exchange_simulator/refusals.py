"""Reasons for which Exchange opens no session, and the three ways in which it says so.

What each stands on is in `catalogue/evidence.py`, under Sessions.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Literal

from psrpcore.types import ErrorCategory, ErrorRecord

from .errors import DIRECTORY, EXCHANGE, Failure, record, us_time

Way = Literal["state", "fault", "page"]
WAYS: tuple[Way, ...] = ("state", "fault", "page")

_AUTHORIZATION = "Microsoft.Exchange.Configuration.Authorization."
# WSManPluginErrorCodes.ManagedException of PowerShell's plug-in: its authorization threw an exception.
_MANAGED_EXCEPTION = 2152992672


@dataclass(frozen=True)
class Refusal:
    """One reason, with its exception as far as there is one."""

    words: str
    """With places for what is named."""
    exception: str = ""
    part: str = "AuthZ"
    """The part of Exchange that says so; empty if it does not say which."""
    name: str = ""
    """What it calls the reason where that is no exception."""
    fault: int = _MANAGED_EXCEPTION
    status: int = 500

    def text(self, server: str, fqdn: str, user: str, now: datetime.datetime) -> str:
        """What stands in a fault or in a page."""
        blocks = f"[ClientAccessServer={server},BackEndServer={fqdn},RequestId={uuid.uuid4()},TimeStamp={us_time(now)}]"
        if self.part:
            authorization = f"[AuthZRequestId={uuid.uuid4()}]" if self.part == "AuthZ" else ""
            name = self.name or self.exception.rpartition(".")[2]
            blocks = f"{blocks} {authorization}[FailureCategory={self.part}-{name}]"
        return f"{blocks} {self.words.format(user=user)}".rstrip()

    def record(self, user: str) -> ErrorRecord:
        """What the state of a broken pool carries."""
        types = (self.exception, *EXCHANGE) if self.exception.startswith("Microsoft.") else (self.exception,)
        words = self.words.format(user=user)
        return record(Failure(self.exception, words, ErrorCategory.NotSpecified, types), "")


REFUSALS = {
    "no_role": Refusal(
        'The user "{user}" isn\'t assigned to any management roles.', f"{_AUTHORIZATION}CmdletAccessDeniedException"
    ),
    "not_enabled": Refusal(
        "The user may not use remote PowerShell.", f"{_AUTHORIZATION}RemotePowerShellNotEnabledException"
    ),
    "connections": Refusal(
        "Fail to create a runspace because you have exceeded the maximum number of connections allowed : 3",
        f"{_AUTHORIZATION}AuthorizationException",
    ),
    "over_budget": Refusal("The budget of the user is used up.", f"{DIRECTORY}OverBudgetException"),
    "broken": Refusal(
        "The type initializer for 'Nested' threw an exception.", exception="System.TypeInitializationException"
    ),
    "no_controller": Refusal("No domain controller answers.", f"{DIRECTORY}SuitabilityDirectoryException"),
    "unknown_user": Refusal(
        "The user couldn't be found.", "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
    ),
    "something_else": Refusal("Something else happened.", "System.InvalidCastException"),
    "no_back_end": Refusal("", part="Cafe", name="SendFailure"),
    "other_server": Refusal(
        "The request for the Windows Remote Shell failed because the shell was not found on the server.",
        part="WSMan",
        name="InvalidShellID",
        fault=2150858843,
    ),
    "access_denied": Refusal("Access is denied.", part="", fault=5, status=403),
    "requests_too_fast": Refusal(
        "The WS-Management service cannot process the request. The user load quota of 1000 requests per 2 seconds has "
        "been exceeded.",
        part="",
        fault=2150859175,
    ),
}
