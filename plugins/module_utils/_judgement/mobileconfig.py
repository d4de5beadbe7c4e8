# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hand-out as configuration profiles of Apple, one for each protocol, each with one mail account."""

from __future__ import annotations

import plistlib
import uuid
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import SMTP, Handout
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import Signer

__all__ = ["Signer", "profile", "signed"]

_ACCOUNTS = {"imap4": ("IMAP", "EmailTypeIMAP"), "pop3": ("POP3", "EmailTypePOP")}


def profile(handout: Handout, side: str, protocol: str) -> bytes | None:
    """The profile for a side; None if there is not exactly what goes into one account.

    It has no password, address or user name, for which the device asks.
    """
    fetching, sending = handout.for_programs(side, protocol), handout.for_programs(side, SMTP)
    # An account has one server for each. Which of several different ones, nobody has said.
    if not fetching or not sending or not handout.alike(side, protocol, SMTP):
        return None
    (title, kind), domain = _ACCOUNTS[protocol], handout.domains[0]
    receive, send = fetching[0].setting, sending[0].setting
    # The same for both sides and whatever the settings are, so that a newer profile takes the place of the older one
    # and its account stays the same account.
    identifier = ".".join([*reversed(domain.split(".")), "mail", protocol])
    account = {
        **_identified(f"{identifier}.account", "com.apple.mail.managed", f"{domain} ({title})"),
        "EmailAccountDescription": f"{domain} ({title})",
        "EmailAccountType": kind,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": receive.host,
        "IncomingMailServerPortNumber": receive.port,
        # Also for STARTTLS, by which the device goes on where the port is not one of TLS from the start.
        "IncomingMailServerUseSSL": True,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": send.host,
        "OutgoingMailServerPortNumber": send.port,
        "OutgoingMailServerUseSSL": True,
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    return plistlib.dumps(
        {
            **_identified(identifier, "Configuration", f"{domain} ({title})"),
            "PayloadContent": [account],
        }
    )


def signed(content: bytes, signer: Signer, held: bytes | None) -> bytes:
    """A profile, signed; what is there already, if it is the same but for the time of signing."""
    return held if held is not None and signer.has_signed(content, held) else signer.sign(content)


def _identified(identifier: str, kind: str, name: str) -> dict[str, Any]:
    return {
        "PayloadDisplayName": name,
        "PayloadIdentifier": identifier,
        "PayloadType": kind,
        "PayloadUUID": str(uuid.uuid5(uuid.NAMESPACE_DNS, identifier)).upper(),
        "PayloadVersion": 1,
    }
