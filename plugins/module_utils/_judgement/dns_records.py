# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hand-out as SRV records of RFC 6186 and RFC 8314, in zone-file form."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import SMTP, Handout

# RFC 8314 wants the names of TLS from the start preferred, which is the lower value.
_SERVICES = {
    ("imap4", "implicit_tls"): ("_imaps", 0),
    ("imap4", "starttls"): ("_imap", 10),
    ("pop3", "implicit_tls"): ("_pop3s", 0),
    ("pop3", "starttls"): ("_pop3", 10),
    ("smtp", "implicit_tls"): ("_submissions", 0),
    ("smtp", "starttls"): ("_submission", 10),
}


def zone(handout: Handout, side: str) -> bytes:
    """The lines for a side. Only names that have been looked at are in them, for a line break would begin a record."""
    lines = [
        "; SRV records for mail programs (RFC 6186, RFC 8314), for the zones of the mail domains.",
        "; The lower first number is preferred. A dot as the target means that the service is not available.",
    ]
    for domain in handout.domains:
        lines += ["", *_of_domain(handout, side, domain)]
    return "\n".join([*lines, ""]).encode("ascii")


def _of_domain(handout: Handout, side: str, domain: str) -> Iterator[str]:
    for (protocol, encryption), (service, priority) in _SERVICES.items():
        name = f"{service}._tcp.{domain}."
        offers = [offer for offer in handout.of(side, protocol) if offer.setting.encryption == encryption]
        leads_to = [offer.setting for offer in offers if offer.for_programs and not offer.setting.is_address]
        for setting in leads_to:
            yield f"{name} IN SRV {priority} 1 {setting.port} {setting.host}."
        if leads_to:
            continue
        if offers:
            yield f"; {name} is left out: no host name that accepts connections is set for it."
        elif _is_known(handout, side, protocol):
            yield f"{name} IN SRV 0 0 0 ."
        else:
            yield f"; {name} is left out: it is not known whether the service is available."


def _is_known(handout: Handout, side: str, protocol: str) -> bool:
    """Whether all is known that is set for a protocol, so that what is not set is not there."""
    if protocol in handout.off:
        return True
    gaps = [
        note
        for note in handout.notes
        if note.kind in ("unread", "unknown", "unreadable", "unusable")
        and note.protocol in ("", protocol)
        and note.side in ("", side)
    ]
    # A protocol may be on without being told to anybody. By which connectors users send is known from these.
    return not gaps and (protocol == SMTP or bool(handout.of(side, protocol)))
