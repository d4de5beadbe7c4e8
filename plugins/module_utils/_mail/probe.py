# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One visit to a mail service, or the round trip of a message."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._mail.dialogues import DIALOGUES, Dialogue, Pop3, Smtp
from ansible_collections.mailops.exchange.plugins.module_utils._mail.round_trip import Mail, RoundTrip
from ansible_collections.mailops.exchange.plugins.module_utils._mail.service import Account, MailService, Report
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import Deadline
from ansible_collections.mailops.exchange.plugins.module_utils._mail.target import MailTarget
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import can_read_x509


def probe(given: Mapping[str, Any], report: Report, *, send: bool) -> None:
    """Do what the options given say, and write down what is seen; without ``send`` up to the message itself."""
    begun = time.monotonic()
    deadline = Deadline(given["timeout"])
    kind, ca_cert = DIALOGUES[given["protocol"]], given.get("ca_cert")
    account = None
    if "user" in given:
        account = Account(
            given["user"],
            given["password"],
            in_clear=given["allow_plain_text_password"],
            succeeds=given["expect_logon"] == "ok",
        )
    common: dict[str, Any] = {"account": account, "validate": given["validate_certs"]}
    service = MailService(kind, _target(kind, given, ca_cert), deadline, **common)
    try:
        if (trip := given.get("round_trip")) is None:
            with service.visit(report):
                pass
            return
        if "host" not in trip:
            trip = {"connect_to": given.get("connect_to"), **trip, "host": given["host"]}
        submission = MailService(Smtp, _target(Smtp, trip, ca_cert), deadline, **common)
        mail = Mail(trip.get("sender", trip["recipient"]), trip["recipient"], trip["remove"])
        mailbox = cast(MailService[Pop3], service)
        RoundTrip(mailbox, submission, mail, deadline, report).run(send=send)
    finally:
        report.seconds["total"] = round(time.monotonic() - begun, 3)


def _target(kind: type[Dialogue], given: Mapping[str, Any], ca_cert: str | None) -> MailTarget:
    encryption = given.get("encryption", "starttls" if kind is Smtp else "implicit_tls")
    if encryption != "none" and not can_read_x509():
        raise Failure(
            "The Python library cryptography is missing on the controller: install the collection's requirements (pip "
            "install cryptography) into the Python that runs Ansible."
        )
    port = given.get("port", kind.ports[encryption])
    # OpenSSL would look for the dot of a name written to the end in the certificate too.
    return MailTarget(given["host"].rstrip("."), port, encryption, given.get("connect_to"), ca_cert)
