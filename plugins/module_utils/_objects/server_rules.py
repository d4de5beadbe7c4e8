# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong with a server as a whole, and with what its administrator may see of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
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
    "{server_with_its_version}.",
    "Microsoft has supported {product} until {end}; security holes found since then stay open.",
    "Move to Exchange Server SE.",
)

PART_UNREADABLE = Rule(
    "part-unreadable",
    (WARNING,),
    "{why_it_cannot_be_read}",
    "What {cmdlet} would show is not judged, and traps in it stay unseen.",
    "Grant the user a management role with {cmdlet} (View-Only Organization Management has it), or leave the part out "
    "of gather.",
)


def support(server: Server, now: datetime) -> Iterator[Fact]:
    product = server.version.product
    end = END_OF_SUPPORT.get(product)
    if end and now.date() > end.date():
        yield EXCHANGE_UNSUPPORTED.fact(server_with_its_version=server.title, product=product, end=f"{end:%Y-%m-%d}")


def unreadable_parts(unread: Mapping[str, str]) -> Iterator[Fact]:
    for cmdlet, reason in unread.items():
        yield PART_UNREADABLE.fact(why_it_cannot_be_read=reason, cmdlet=cmdlet)
