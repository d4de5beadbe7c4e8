# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a server opens no session: the reasons that are known, and what to do about each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import words_of

SHELL_LIMIT_REACHED = 2150859173
SHELL_NOT_FOUND = 2150858843
CONFIGURATION_NOT_FOUND = 2150858811


@dataclass(frozen=True)
class Reason:
    """One reason: by what it is recognized, and the sentence about it.

    Exchange names the class of its exception in blocks before its words, which are localized, in a fault of WSMan as in
    a page of HTTP: `[AuthZRequestId=...][FailureCategory=AuthZ-CmdletAccessDeniedException]`. The state of a broken
    pool has the exception itself. WSMan's own reasons have numbers.
    """

    sentence: str
    """With places for `url`, `host`, `user`, `fault` and `configuration`; without its full stop."""
    names: frozenset[str] = frozenset()
    """Classes of exceptions, or parts of Exchange: `Cafe` is all that the front end says."""
    faults: frozenset[int] = frozenset()
    limit: bool = False
    """Whether it passes when other sessions are closed, or with time."""


def _named(sentence: str, *names: str, limit: bool = False) -> Reason:
    return Reason(f"{{url}} did not open a session, because {sentence}", frozenset(names), limit=limit)


def _numbered(sentence: str, *faults: int, limit: bool = False) -> Reason:
    return Reason(sentence, faults=frozenset(faults), limit=limit)


REASONS: Sequence[Reason] = (
    # Published: learn.microsoft.com/answers/questions/284296, and an article of Netwrix on its auditor.
    _named(
        "Exchange has no management role for {user}: make the user a member of a role group that allows what the "
        "playbook does, with Add-RoleGroupMember",
        "CmdletAccessDeniedException",
    ),
    # The class is a guess, what to do is Microsoft's page on the control of remote PowerShell access.
    _named(
        "{user} may not use remote PowerShell: allow it with Set-User -RemotePowerShellEnabled $true",
        "RemotePowerShellNotEnabledException",
    ),
    # A guess: the class is that of the budgets of other protocols.
    _named(
        "{user} has used up what the throttling policy allows: close sessions that are no longer used, or raise "
        "the limits of the user's throttling policy whose names begin with PowerShell",
        "OverBudgetException",
        limit=True,
    ),
    # Published of Exchange Online, by ScubaGear and Microsoft365DSC: with it come too many sessions, and such as are
    # opened too quickly. Other refusals of Exchange's authorization are derived from it.
    _named(
        "Exchange did not authorize {user}: close sessions that are no longer used, because the user's throttling "
        "policy limits them, and make sure that the user is a member of a role group and has RemotePowerShellEnabled",
        "AuthorizationException",
        limit=True,
    ),
    # Published of the first one: learn.microsoft.com/answers/questions/310545 and 311044. The others are what .NET says
    # of files, classes and configuration in general.
    _named(
        "a part of Exchange cannot be loaded there: check the application log of the server, repeat the last update "
        "of Exchange, and compare the PowerShell directories of both web sites, with their web.config, with those of "
        "a server that works",
        "TypeInitializationException",
        "BadImageFormatException",
        "ConfigurationErrorsException",
        "DllNotFoundException",
        "FileLoadException",
        "FileNotFoundException",
        "MissingMethodException",
        "ReflectionTypeLoadException",
        "TypeLoadException",
    ),
    # A guess: cmdlets are known to fail by these.
    _named(
        "Exchange has no domain controller that answers: check the application log of the server for events of "
        "MSExchangeADTopology, and the domain controllers of its site",
        "ADOperationException",
        "ADServerSettingsChangedException",
        "ADTransientException",
        "NoSuitableServerFoundException",
        "SuitabilityDirectoryException",
    ),
    # A guess: what cmdlets say of an object that there is not.
    _named(
        "Exchange cannot find {user} in its organization: sign in as a user of its forest, or link a role group to a "
        "group of the other forest",
        "ManagementObjectNotFoundException",
    ),
    # Published: learn.microsoft.com/answers/questions/308306, of Cafe-SendFailure.
    _named(
        "the front end of Exchange could not pass the request on: make sure that the web site Exchange Back End and "
        "its MSExchangePowerShellAppPool are running on the server, and that a valid certificate is bound to its port "
        "444",
        "Cafe",
    ),
    # Published: Microsoft's article 3090768, and the Exchange team on how remote PowerShell is proxied (604504).
    _named(
        "the next request reached a different server than the first one: use the address of a single server, not of a "
        "load balancer, and sign in as a user whose mailbox is on a server of the same version",
        "InvalidShellID",
    ),
    _numbered(
        "{user} already has as many shells open on {host} as the server allows (fault {fault} at {url}): close "
        "sessions that are no longer used, or raise the limit PowerShellMaxConcurrency of the user's throttling policy",
        SHELL_LIMIT_REACHED,
        limit=True,
    ),
    # Of WinRM as a whole, and of the endpoint.
    _numbered(
        "{user} already has as many operations under way on {host} as the server allows (fault {fault} at {url}): stop "
        "what else runs there as this user, or raise the limit MaxConcurrentOperationsPerUser of its WinRM service",
        2150859174,
        2150859240,
        limit=True,
    ),
    # The numbers are those of Windows' wsmerror.h, in PowerShell's source; the text is published of Exchange 2010, with
    # these limits of its throttling policy.
    _numbered(
        "{user} sends requests to {host} faster than the server allows (fault {fault} at {url}): pause other programs "
        "of this user, or raise the limits PowerShellMaxCmdlets and PowerShellMaxCmdletsTimePeriod of the user's "
        "throttling policy",
        2150859175,
        limit=True,
    ),
    _numbered(
        "{host} receives more requests than its WinRM service allows (fault {fault} at {url}): try again later, or use "
        "fewer programs at a time",
        2150859176,
        limit=True,
    ),
    # Of WinRM as a whole, and of the endpoint.
    _numbered(
        "As many users already have shells open on {host} as the server allows (fault {fault} at {url}): close "
        "sessions that are no longer used, or raise the limit MaxConcurrentUsers of its WinRM service",
        2150859179,
        2150859237,
        limit=True,
    ),
    _numbered(
        "{url} does not serve the configuration {configuration}: the Exchange endpoint lives in IIS (ports 80 and 443, "
        "path /PowerShell/), the Windows endpoint in WinRM (5985 and 5986, /wsman), where another configuration than "
        "Microsoft.PowerShell has to be registered first. ansible_exchange_windows_configuration, or "
        "ansible_psrp_configuration_name, names one of the latter",
        CONFIGURATION_NOT_FOUND,
    ),
    _numbered(
        "{url} no longer knows the session (fault {fault}): it expired, or the service restarted",
        SHELL_NOT_FOUND,
    ),
)

_CATEGORY = re.compile(r"\[FailureCategory=(?P<part>\w{1,60})-(?P<name>\w{1,200})\]")
_BLOCKS = re.compile(r"(?:\s*\[\w+=[^\[\]]{0,2000}\])+")


@dataclass(frozen=True)
class Refusal:
    """What a server said when it refused."""

    words: str = ""
    exception: str = ""
    """The class of the exception and the id of the error, as far as the server told them beside its words."""
    id: str = ""
    fault: int | str | None = None

    @property
    def category(self) -> str:
        """Part and class of the exception that Exchange names."""
        found = _CATEGORY.search(self.words) or _CATEGORY.search(self.id)
        return f"{found['part']}-{found['name']}" if found else ""

    @property
    def is_exchanges(self) -> bool:
        """Whether Exchange has put its blocks before the words."""
        return bool(_BLOCKS.match(self.words))

    @property
    def reason(self) -> Reason | None:
        """The reason, if it is a known one."""
        part, name = self.category.partition("-")[::2]
        named = {part, name} if part else {self.exception.rpartition(".")[2]}
        by_name = next((one for one in REASONS if one.names & named), None)
        return by_name or next((one for one in REASONS if self.fault in one.faults), None)

    def __str__(self) -> str:
        """The words, and what Exchange calls the reason; the blocks are of use in the server's logs alone."""
        known = self.exception.rpartition(".")[2] if self.reason else ""
        words = words_of(_BLOCKS.sub("", self.words, count=1), otherwise="")
        return ": ".join(filter(None, (self.category or known, words))) or "no reason was given"
