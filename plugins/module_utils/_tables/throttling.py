# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The POP3 and IMAP4 settings of throttling policies."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2010, EXCHANGE_2013
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import BlankIsUnlimited, UnlimitedInt
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting

# The cmdlet's page has a range for connections only; of the others the type is all that is known.
_CONNECTIONS, _MOST = 2147483647, 4294967295


def _settings(prefix: str) -> Iterator[Setting]:
    new, old = prefix.capitalize(), prefix.upper()
    concurrency = f"{prefix}_max_concurrency"
    yield Setting(concurrency, f"{new}MaxConcurrency", UnlimitedInt(0, _CONNECTIONS), EXCHANGE_2013)
    for option, name in (
        ("max_burst", "MaxBurst"),
        ("recharge_rate", "RechargeRate"),
        ("cutoff_balance", "CutoffBalance"),
    ):
        yield Setting(f"{prefix}_{option}", new + name, UnlimitedInt(0, _MOST), EXCHANGE_2013)
    # Exchange 2010 spells its own ones so, and has no word for unlimited.
    yield Setting(concurrency, f"{old}MaxConcurrency", BlankIsUnlimited(0, _CONNECTIONS), EXCHANGE_2010, EXCHANGE_2013)
    for option, name in (("ad", "AD"), ("cas", "CAS"), ("mailbox_rpc", "MailboxRPC")):
        kind = BlankIsUnlimited(0, _MOST)
        yield Setting(
            f"{prefix}_percent_time_in_{option}", f"{old}PercentTimeIn{name}", kind, EXCHANGE_2010, EXCHANGE_2013
        )


THROTTLING_SETTINGS = tuple(row for protocol in PROTOCOLS.values() for row in _settings(protocol.mailbox_prefix))
