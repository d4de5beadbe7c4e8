# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hand-out as ``config-v1.1.xml``, which Thunderbird and others fetch: draft-ietf-mailmaint-autoconfig-06."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import (
    FETCHING,
    SMTP,
    Handout,
    Setting,
)

_TYPES = {"imap4": "imap", "pop3": "pop3", "smtp": "smtp"}
_SOCKETS = {"implicit_tls": "SSL", "starttls": "STARTTLS"}


def document(handout: Handout, side: str) -> bytes | None:
    """The file for a side; None without a setting for fetching and one for sending, of which programs need both."""
    fetching, sending = handout.for_programs(side, *FETCHING), handout.for_programs(side, SMTP)
    if not fetching or not sending:
        return None
    root = ET.Element("clientConfig", version="1.2")
    provider = ET.SubElement(root, "emailProvider", id=handout.domains[0])
    for domain in handout.domains:
        ET.SubElement(provider, "domain").text = domain
    for name in ("displayName", "displayShortName"):
        ET.SubElement(provider, name).text = handout.domains[0]
    for offer in fetching:
        _server(provider, "incomingServer", offer.setting, handout.username)
    for offer in sending:
        _server(provider, "outgoingServer", offer.setting, handout.username)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _server(provider: ET.Element, kind: str, setting: Setting, username: str) -> None:
    server = ET.SubElement(provider, kind, type=_TYPES[setting.protocol])
    for name, value in (
        ("hostname", setting.host),
        ("port", str(setting.port)),
        ("socketType", _SOCKETS[setting.encryption]),
        # What Exchange calls Basic authentication, within TLS.
        ("authentication", "password-cleartext"),
        ("username", username),
    ):
        ET.SubElement(server, name).text = value
    if setting.protocol == "pop3":
        # Not in the draft, which allows for more elements. Thunderbird knows it, and takes no word for how long.
        ET.SubElement(ET.SubElement(server, "pop3"), "leaveMessagesOnServer").text = "true"
