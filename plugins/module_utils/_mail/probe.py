# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What mail_probe does: its options checked, one visit to a service, and the round trip of a message."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, cast

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import stray
from ansible_collections.mailops.exchange.plugins.module_utils._mail.dialogues import (
    PROTOCOLS,
    Imap4,
    Pop3,
    Rejected,
    Smtp,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.line import (
    HAS_CRYPTOGRAPHY,
    Deadline,
    Overdue,
    Target,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.service import Account, Report, Service

HEADER = "X-Mailops-Probe"


FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0


ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


NAME = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?"
)


@dataclass(frozen=True)
class Mail:
    """The message of a round trip."""

    sender: str
    recipient: str
    remove: bool = False


class RoundTrip:
    """One message, handed in by SMTP and fetched by POP3; nothing else in the mailbox is read, and nothing touched."""

    def __init__(
        self, mailbox: Service[Pop3], submission: Service[Smtp], mail: Mail, deadline: Deadline, report: Report
    ) -> None:
        self._mailbox = mailbox
        self._submission = submission
        self._mail = mail
        self._deadline = deadline
        self._report = report
        self._marker = uuid.uuid4().hex
        self._result: dict[str, Any] = {
            "sent": False,
            "answer": None,
            "marker": None,
            "received": False,
            "removed": False,
            "seconds": {},
        }
        report.round_trip = self._result

    def run(self, *, send: bool) -> None:
        """Without ``send`` everything up to the message itself."""
        with self._mailbox.visit(self._report) as mailbox:
            # The one visit that the caller asked for: its report is returned.
            known = self._uids(mailbox, self._report)
        seen = Report()
        with self._submission.visit(seen) as submission:
            if send:
                self._send(submission, seen)
        if send:
            self._fetch(known)

    def _uids(self, mailbox: Pop3, report: Report) -> dict[bytes, int]:
        with self._mailbox.part("list", "the list of the messages", report):
            return mailbox.uids()

    def _send(self, submission: Smtp, report: Report) -> None:
        mail, result = self._mail, self._result
        # None until the answer is there: a message that was handed over may arrive without it.
        result |= {"marker": self._marker, "sent": None}
        try:
            with self._submission.part("send", "the message", report):
                said = submission.send(mail.sender, mail.recipient, self._message())
        except Rejected as rejected:
            result |= {"sent": False, "answer": self._submission.clean(rejected.args[0])}
            raise Failure(
                f"{self._submission.target} did not take a message from {mail.sender} to {mail.recipient}: "
                f"{result['answer']!r}; look at the addresses, and whether this user may send as the sender."
            ) from None
        result |= {"sent": True, "answer": self._submission.clean(said)}
        result["seconds"]["submission"] = report.seconds["send"]

    def _message(self) -> str:
        message = EmailMessage()
        message["From"] = self._mail.sender
        message["To"] = self._mail.recipient
        message["Date"] = formatdate()
        message["Subject"] = "Test message of mailops.exchange.mail_probe"
        message["Message-ID"] = f"<{self._marker}@{self._mail.sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message[HEADER] = self._marker
        message.set_content("This message shows that mail sent by SMTP can be fetched by POP3. It may be deleted.\n")
        return str(message.as_string())

    def _fetch(self, known: Mapping[bytes, int]) -> None:
        begun, pause, seen = time.monotonic(), FIRST_PAUSE, set(known)
        while not self._look(seen):
            try:
                late = self._deadline.left <= pause
            except Overdue:
                late = True
            if late:
                raise Failure(
                    f"{self._submission.target} took the message, and {self._mailbox.target} did not have it for "
                    f"{self._mail.recipient} within the {self._deadline.seconds:g} seconds of timeout: look at the "
                    "queues and at message tracking, and whether it is this user's mailbox."
                )
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        self._result["seconds"]["delivery"] = round(time.monotonic() - begun, 3)

    def _look(self, seen: set[bytes]) -> bool:
        """Whether the message is among those that came in since the last look."""
        report = Report()
        with self._mailbox.visit(report) as mailbox:
            for uid, number in self._uids(mailbox, report).items():
                if uid in seen:
                    continue
                seen.add(uid)
                with self._mailbox.part("fetch", "the header of a new message", report):
                    ours = self._is_ours(mailbox.header(number))
                if not ours:
                    continue
                with self._mailbox.part("fetch", "the message", report):
                    self._result["received"] = self._is_ours(mailbox.message(number))
                if self._mail.remove and self._result["received"]:
                    with self._mailbox.part("remove", "the removal of the message", report):
                        mailbox.delete(number)
                        # A POP3 server deletes at the end of the conversation only.
                        mailbox.end()
                    self._result["removed"] = True
                return True
        return False

    def _is_ours(self, lines: Iterable[bytes]) -> bool:
        wanted = f"{HEADER}: {self._marker}".casefold().encode()
        return any(line.strip().lower() == wanted for line in lines)


def probe(options: Mapping[str, Any], report: Report, *, send: bool) -> None:
    """Do what the options of the module say, and write down what is seen."""
    begun = time.monotonic()
    _refuse(options)
    deadline = Deadline(options["timeout"])
    kind = PROTOCOLS[options["protocol"]]
    account = None
    if options["user"] is not None:
        account = Account(
            options["user"],
            options["password"],
            in_clear=options["allow_plain_text_password"],
            succeeds=options["expect_logon"] == "ok",
        )
    common: dict[str, Any] = {"account": account, "validate": options["validate_certs"]}
    service = Service(kind, _target(kind, options, options["ca_cert"]), deadline, **common)
    try:
        if options["round_trip"] is None:
            with service.visit(report):
                pass
            return
        trip = dict(options["round_trip"])
        if trip["host"] is None:
            trip |= {"host": options["host"], "connect_to": trip["connect_to"] or options["connect_to"]}
        submission = Service(Smtp, _target(Smtp, trip, options["ca_cert"]), deadline, **common)
        mail = Mail(trip["sender"] or trip["recipient"], trip["recipient"], trip["remove"])
        mailbox = cast(Service[Pop3], service)
        RoundTrip(mailbox, submission, mail, deadline, report).run(send=send)
    finally:
        report.seconds["total"] = round(time.monotonic() - begun, 3)


def _target(kind: type[Pop3 | Imap4 | Smtp], options: Mapping[str, Any], ca_cert: str | None) -> Target:
    encryption = options["encryption"] or ("starttls" if kind is Smtp else "implicit_tls")
    if encryption != "none" and not HAS_CRYPTOGRAPHY:
        raise Failure(
            "The Python library cryptography is missing on the controller: install the collection's requirements (pip "
            "install cryptography) into the Python that runs Ansible."
        )
    port = kind.ports[encryption] if options["port"] is None else options["port"]
    # OpenSSL would look for the dot of a name written to the end in the certificate too.
    return Target(options["host"].rstrip("."), port, encryption, options["connect_to"], ca_cert)


def _refuse(options: Mapping[str, Any]) -> None:
    """Tell all that is wrong with the options, before anything is connected to."""
    if problems := list(_problems(options)):
        raise Failure(" ".join(problems))


def _problems(options: Mapping[str, Any]) -> Iterator[str]:
    trip = options["round_trip"]
    for prefix, where in (("", options), ("round_trip.", trip or {})):
        for option in ("host", "connect_to"):
            if where.get(option) is not None and not _is_name(where[option]):
                yield (
                    f"{prefix}{option}: {where[option]!r} is neither a host name nor an address; give it without port, "
                    "brackets and https://."
                )
        if where.get("port") is not None and not 1 <= where["port"] <= 65535:
            yield f"{prefix}port: {where['port']} is not a port, which is from 1 to 65535."
    if not 1 <= options["timeout"] <= 3600:
        yield f"timeout: {options['timeout']} is not from 1 to 3600 seconds."
    user, password = options["user"], options["password"]
    if (user is None) != (password is None):
        yield "user, password: one was given without the other; a log-on needs both."
    for option in ("user", "password"):
        if options[option] == "":
            yield f"{option}: it is empty; leave both out to probe without a log-on."
        elif options[option] and stray(options[option]):
            yield f"{option}: it has a line break or another control character in it."
    if options["ca_cert"] and stray(options["ca_cert"]):
        yield "ca_cert: it has a line break or another control character in it."
    if options["expect_logon"] == "refused" and user is None:
        yield "expect_logon: without user and password no log-on is tried that could be refused."
    if trip is None:
        return
    if options["protocol"] != "pop3":
        yield f"round_trip: the message is fetched by POP3, and protocol is {options['protocol']}."
    if user is None:
        yield "round_trip: sending and fetching need user and password."
    if options["expect_logon"] == "refused":
        yield "round_trip: it needs a log-on that succeeds, and expect_logon is refused."
    for option in ("sender", "recipient"):
        if trip[option] is not None and not ADDRESS.fullmatch(trip[option]):
            yield f"round_trip.{option}: {trip[option]!r} is not a mail address such as anna@contoso.com, in ASCII."


def _is_name(text: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(text)
        return True
    try:
        name = text.encode("idna").decode()
    except UnicodeError:
        return False
    return bool(NAME.fullmatch(name)) and len(name) <= 253
