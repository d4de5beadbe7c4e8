# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rulebook is given: plain data under `mailbox`, of one of a few types."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from .mail import Mail
from .options import Account
from .ours import Verdict

_NAMESPACE = uuid.UUID("5f7f3c1e-6d7b-5c55-9f53-0a5a9b1f2c7d")
_REPORTS_UNRELATED = (
    "This mailbox has {count} or more messages that are not replies. Nothing was processed. Check the credentials of "
    "the account, and that nothing and nobody else uses the mailbox. It is checked again in {minutes} minutes; remove "
    "the other messages before then."
)


@dataclass(frozen=True)
class Event:
    """Something to tell."""

    type: str
    data: dict[str, Any]
    id: str | None = None
    """The same whenever it is told once more."""

    def as_data(self) -> dict[str, Any]:
        """As ansible-rulebook takes it; by `meta.uuid` its engine knows what it has seen already."""
        told: dict[str, Any] = {"mailbox": {"type": self.type, "id": self.id, **self.data}}
        if self.id:
            told["meta"] = {"uuid": str(uuid.uuid5(_NAMESPACE, self.id))}
        return told


def of_mail(account: Account, id_: str, verdict: Verdict, size: int, mail: Mail) -> Event:
    """A mail: ours with its text, any other without."""
    headers = mail.headers
    notes = list(mail.notes)
    if headers.cut:
        notes.append("The header is longer than what was read of it.")
    return Event(
        "reply" if verdict.ours else "other_mail",
        {
            "account": account.name,
            "ours": verdict.ours,
            "why": verdict.why,
            "tag": verdict.tag,
            "message_id": next(iter(headers.ids("message-id")), None),
            "in_reply_to": headers.ids("in-reply-to")[:10],
            "references": headers.ids("references")[:50],
            "sender": headers.sender(),
            "recipients": headers.addresses(("to", "cc")),
            "subject": headers.readable("subject"),
            "date": headers.date(),
            "size": size,
            "text": mail.text,
            "attachments": mail.attachments,
            "notes": notes,
        },
        id_,
    )


def unrelated_mail(account: Account) -> Event:
    """Too much that is none of ours."""
    advice = _REPORTS_UNRELATED.format(count=account.max_unrelated, minutes=round(account.unrelated_pause / 60))
    return Event("unrelated_mail", {"account": account.name, "count": account.max_unrelated, "advice": advice})


def account_disabled(account: Account, failures: int, reason: str) -> Event:
    """It is not looked at any more."""
    advice = (
        f"The account is no longer used after {failures} failures in a row. Check the reason, test the account with "
        "test: true, and change the option enable to any other value to use it again."
    )
    return Event(
        "account_disabled", {"account": account.name, "failures": failures, "reason": reason, "advice": advice}
    )


def problem(account: Account, reason: str) -> Event:
    """Something that somebody should know, and that ends nothing."""
    return Event("problem", {"account": account.name, "reason": reason})


def tested(account: Account, reason: str | None, mails: int | None) -> Event:
    """What `test: true` has found."""
    sentence = reason or (
        f"{account.user} can sign in at {account.host}:{account.port} by {account.protocol}; "
        f"the mailbox has {mails} mails."
    )
    return Event("test", {"account": account.name, "ok": reason is None, "sentence": sentence, "mails": mails})
