# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The round trip of a message: handed in by SMTP, waited for, fetched by POP3, and removed if that is wished."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    quoted,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.dialogues import Pop3, Rejected, Smtp
from ansible_collections.mailops.exchange.plugins.module_utils._mail.service import MailService, Report
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import Deadline, OutOfTime

HEADER = "X-Mailops-Probe"
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0


@dataclass(frozen=True)
class Mail:
    """The message of a round trip."""

    sender: str
    recipient: str
    remove: bool = False


class RoundTrip:
    """One message, handed in by SMTP and fetched by POP3; nothing else in the mailbox is read, and nothing touched."""

    def __init__(
        self,
        mailbox: MailService[Pop3],
        submission: MailService[Smtp],
        mail: Mail,
        deadline: Deadline,
        report: Report,
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
                f"{self._submission.target} did not accept a message from {mail.sender} to {mail.recipient}: "
                f"{quoted(result['answer'])}; check the addresses, and whether this user may send as the sender."
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
            except OutOfTime:
                late = True
            if late:
                raise Failure(
                    f"{self._submission.target} accepted the message, but {self._mailbox.target} did not have it for "
                    f"{self._mail.recipient} within the timeout of {self._deadline.seconds:g} seconds: check the "
                    "queues and message tracking, and whether it is this user's mailbox."
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
