# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong with a server as a whole, and with what its administrator may see of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletFailure, Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import PRODUCTS
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import WARNING, Fact, Rule

# The last days of Microsoft's support, by product; Exchange 2007 has no remote PowerShell and is never met here.
END_OF_SUPPORT = {
    "Exchange Server 2010": datetime(2020, 10, 13, tzinfo=UTC),
    "Exchange Server 2013": datetime(2023, 4, 11, tzinfo=UTC),
    "Exchange Server 2016": datetime(2025, 10, 14, tzinfo=UTC),
    "Exchange Server 2019": datetime(2025, 10, 14, tzinfo=UTC),
}

EXCHANGE_UNSUPPORTED = Rule(
    "exchange-unsupported",
    (WARNING,),
    "The server is {server_with_its_version}.",
    "Microsoft's support for {product} ended on {end}; vulnerabilities found since then are not fixed.",
    "Move to Exchange Server SE.",
)

_NOT_JUDGED = "What {cmdlet} would show is not checked, so problems there go unnoticed."
_LEAVE_OUT = "Or leave the part out of gather."

PART_NOT_GRANTED = Rule(
    "part-not-granted",
    (WARNING,),
    "{why_it_cannot_be_read}",
    _NOT_JUDGED,
    f"Grant the user a management role with {{cmdlet}} (View-Only Organization Management has it). {_LEAVE_OUT}",
)

PART_WITHOUT_DIRECTORY = Rule(
    "part-without-directory",
    (WARNING,),
    "{why_it_cannot_be_read}",
    _NOT_JUDGED,
    "Make sure that {server} can use its domain controllers, which Get-ExchangeServer -Status shows, or set "
    f"domain_controller to another one. {_LEAVE_OUT}",
)

PART_WITHOUT_RPC = Rule(
    "part-without-rpc",
    (WARNING,),
    "{why_it_cannot_be_read}",
    _NOT_JUDGED,
    "Make sure that the service MSExchangeServiceHost, which returns certificates by RPC, is running on {server}, and "
    f"check the event log there. {_LEAVE_OUT}",
)

PART_UNREADABLE = Rule(
    "part-unreadable",
    (WARNING,),
    "{why_it_cannot_be_read}",
    _NOT_JUDGED,
    f"If the reason does not show what to fix, check the event log of {{server}}. {_LEAVE_OUT}",
)


def supported_until(product: str | None) -> date | None:
    """The last day of Microsoft's support; None if none is known."""
    end = END_OF_SUPPORT.get(product or "")
    return end.date() if end else None


def is_supported(product: str | None, day: date) -> bool | None:
    """Whether Microsoft supports it on a day; None if that is not known."""
    if end := supported_until(product):
        return day <= end
    return True if product == PRODUCTS[-1][1] else None


def support(server: Server, now: datetime) -> Iterator[Fact]:
    product = server.version.product
    end = END_OF_SUPPORT.get(product)
    if end and now.date() > end.date():
        yield EXCHANGE_UNSUPPORTED.fact(server_with_its_version=server.title, product=product, end=f"{end:%Y-%m-%d}")


def unreadable_parts(server: str, unread: Mapping[str, Failure]) -> Iterator[Fact]:
    """By cmdlet, why a part could not be read, each with the fix of its cause."""
    for cmdlet, failure in unread.items():
        yield _cause(failure).fact(why_it_cannot_be_read=str(failure), cmdlet=cmdlet, server=server)


def _cause(failure: Failure) -> Rule:
    errors = failure.errors if isinstance(failure, CmdletFailure) else ()
    # Active Directory says of some of its faults that permission was denied, and none of Exchange's roles would help.
    if any(error.of_the_directory for error in errors):
        return PART_WITHOUT_DIRECTORY
    if any(error.of_rights for error in errors):
        return PART_NOT_GRANTED
    if any(error.of_rpc for error in errors):
        return PART_WITHOUT_RPC
    return PART_UNREADABLE
