# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a mail program meets at a service, as mail_probe is asked to find out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.mail import (
    ControllerFile,
    LogonPassword,
    LogonUser,
    MailAddress,
    MailHost,
    NoSecret,
    Within,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Choice
from ansible_collections.mailops.exchange.plugins.module_utils._mail.probe import probe
from ansible_collections.mailops.exchange.plugins.module_utils._mail.service import Report
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Group, Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import Work

_PORT = Within(1, 65535, "a port, which is from 1 to 65535")
_ENCRYPTION = Choice(("implicit_tls", "starttls", "none"))

_ROUND_TRIP = Group(
    (
        Option("host", MailHost()),
        Option("connect_to", MailHost()),
        Option("port", _PORT),
        Option("encryption", _ENCRYPTION, default="starttls"),
        Option("sender", MailAddress()),
        Option("recipient", MailAddress(), required=True),
        Option("remove", Bool(), default=False),
    )
)


class MailProbe(Work):
    """One visit, or the round trip of a message. No cmdlet is called, so the host of the task is not asked."""

    calls_cmdlets = False
    options = (
        Option("protocol", Choice(("pop3", "imap4", "smtp")), required=True),
        Option("host", MailHost(), required=True),
        Option("connect_to", MailHost()),
        Option("port", _PORT),
        Option("encryption", _ENCRYPTION),
        Option("validate_certs", Bool(), default=True),
        Option("ca_cert", ControllerFile()),
        Option("user", LogonUser()),
        Option("password", LogonPassword()),
        Option("expect_logon", Choice(("ok", "refused")), default="ok"),
        Option("allow_plain_text_password", NoSecret(), default=False),
        Option("timeout", Within(1, 3600, "from 1 to 3600 seconds"), default=30),
        Option("round_trip", _ROUND_TRIP),
    )

    @classmethod
    def nothing(cls) -> dict[str, Any]:
        return Report().shown()

    def contradictions(self) -> Iterator[str]:
        if ("user" in self.given) != ("password" in self.given):
            yield "user, password: one was given without the other; signing in needs both."
        if self.given["expect_logon"] == "refused" and "user" not in self.given:
            yield "expect_logon: without user and password, there is no sign-in that could be refused."
        if "round_trip" not in self.given:
            return
        if self.given["protocol"] != "pop3":
            yield f"round_trip: the message is fetched by POP3, but protocol is {self.given['protocol']}."
        if "user" not in self.given:
            yield "round_trip: sending and fetching need user and password."
        if self.given["expect_logon"] == "refused":
            yield "round_trip: it needs a successful sign-in, but expect_logon is refused."

    def result(self) -> dict[str, Any]:
        report = Report()
        try:
            probe(self.given, report, send=not self.host.check_mode)
        except Failure as failure:
            failure.result |= report.shown()
            raise
        would_send = self.host.check_mode and "round_trip" in self.given
        return report.shown() | ({"changed": True} if would_send else {})
