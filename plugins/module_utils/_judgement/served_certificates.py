# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificate that a service shows clients, against the one it would find if it were started now.

A service reads its certificate when it starts, and nothing of Exchange's tells when one was assigned: what clients are
shown is the only proof of a forgotten restart.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restarts import Judgement
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import binding_port
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import (
    Deadline,
    Flooded,
    OutOfTime,
    Traffic,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.target import MailTarget, Trust
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import Certificate, found_by
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import thumbprint_of

# Long enough for a TLS handshake; a firewall that drops what comes from the controller costs this much.
SECONDS = 5.0


def served_thumbprint(address: str, port: int) -> str | None:
    """The thumbprint of what is shown at a port that starts with TLS; None where that cannot be seen from here."""
    traffic = Traffic(Deadline(SECONDS))
    target = MailTarget(address.strip("[]"), port, "implicit_tls")
    try:
        line = target.connect(traffic)
        with target.context(Trust.NOTHING, traffic).wrap_socket(line, server_hostname=target.host) as encrypted:
            der = encrypted.getpeercert(binary_form=True)
    except (Failure, OutOfTime, Flooded, OSError, ValueError):
        return None
    return thumbprint_of(der) if der else None


def tls_port(bindings: Collection[str]) -> int | None:
    """The port at which clients from outside are served, among a protocol's ssl_bindings."""
    outside = [binding for binding in bindings if not binding.startswith(("127.", "[::1]"))]
    return next((port for port in map(binding_port, outside) if port and port < 65536), None)


def judge(
    judgement: Judgement,
    certificates: Sequence[Certificate],
    service: str,
    name: str,
    served: str | None,
    now: datetime,
) -> Judgement:
    """The judgement by the settings' time, with what the certificates prove beside it."""

    def rank(one: Certificate) -> tuple[bool, bool, bool, datetime]:
        return one.has_plainly(name), one.names_exactly(name), not one.is_self_signed, one.not_before

    found = found_by([one for one in certificates if not any(one.faults(now))], service, name)
    shown = next((one for one in certificates if one.thumbprint == served), None)
    # What is none of this server's is shown by something else, and unknown services may be any.
    if judgement.answer == "yes" or shown is None or not found or any(one.services is None for one in found):
        return judgement
    best = max(found, key=rank)
    if shown == best or sum(rank(one) == rank(best) for one in found) > 1:
        return judgement
    # No page tells which of several sorts Exchange prefers, nor quite what it takes for a wildcard. So against one that
    # has the name only a newer one of the same sort is proof.
    has_the_name = shown.covers(name) and not any(shown.faults(now))
    if has_the_name and (rank(shown)[:-1] != rank(best)[:-1] or rank(shown) > rank(best)):
        return judgement
    reason = f"Clients are shown the certificate {shown.thumbprint}; a service that starts now uses {best.thumbprint}."
    return replace(judgement, answer="yes", reason=reason)
