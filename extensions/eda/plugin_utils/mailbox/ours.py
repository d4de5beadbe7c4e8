# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a mail is for us: it answers the application, comes from somebody who may, and a person wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .headers import Headers, decoded
from .options import Account
from .words import one_line

_TAG = r"([A-Za-z0-9._=-]{1,64})"


@dataclass(frozen=True)
class Verdict:
    """What a mail is, and why."""

    ours: bool
    why: str
    tag: str | None = None


class Judge:
    """Judges the mails of one account; ``given`` are the message ids that its file names just now."""

    def __init__(self, account: Account, given: Iterable[str] = ()) -> None:
        self._account = account
        told = [one.strip().strip("<>") for one in (*account.message_ids, *given)]
        self._given = {one for one in told if one and "*" not in one}
        wild = [".*".join(map(re.escape, re.split(r"\*+", one))) for one in told if "*" in one]
        self._patterns = [re.compile(pattern) for pattern in wild]
        tag = account.subject_tag
        self._subject = re.compile(rf"\[{re.escape(tag)}:{_TAG}\]", re.IGNORECASE) if tag else None
        local, domain = account.address.rpartition("@")[::2]
        plus = rf"{re.escape(local)}\+{_TAG}@{re.escape(domain)}"
        self._plus = re.compile(plus, re.IGNORECASE) if account.plus_addressing else None

    def verdict(self, headers: Headers, size: int) -> Verdict:
        """Everything has to be right; what is not is said of the first thing."""
        tag, answered = self._answered(headers)
        reason = (
            self._automatic(headers)
            or self._sender(headers)
            or self._authentication(headers)
            or ("" if answered else "It does not reply to a given message, and has no valid tag.")
            or self._size(size)
        )
        return Verdict(False, reason) if reason else Verdict(True, answered, tag)

    def _answered(self, headers: Headers) -> tuple[str | None, str]:
        if self._subject and (found := self._subject.search(decoded(headers.first("subject")))):
            return found[1], f"The subject has the tag {one_line(found[0])}."
        if self._plus:
            for address in headers.addresses(("to", "cc", "delivered-to", "x-original-to")):
                if found := self._plus.fullmatch(address):
                    return found[1], f"It was sent to {address}."
        for name, words in (("in-reply-to", "In-Reply-To"), ("references", "References")):
            for one in headers.ids(name):
                if one in self._given or any(pattern.fullmatch(one) for pattern in self._patterns):
                    return None, f"{words} names <{one_line(one)}>."
        return None, ""

    def _automatic(self, headers: Headers) -> str:
        """RFC 3834, and what was in use before it."""
        if (told := headers.first("auto-submitted").partition(";")[0].strip().lower()) not in ("", "no"):
            return f"It is an automatic reply (Auto-Submitted: {one_line(told, 40)})."
        if headers.first("return-path").replace(" ", "") == "<>":
            return "It has no sender to reply to (Return-Path: <>), like reports and automatic replies."
        if headers.first("content-type").lower().startswith("multipart/report"):
            return "It is a report of a mail server (multipart/report)."
        if (told := headers.first("precedence").strip().lower()) in ("bulk", "junk", "list", "auto_reply"):
            return f"It is not personal mail (Precedence: {told})."
        for name in ("list-id", "list-unsubscribe", "list-post"):
            if headers.all(name):
                return f"It comes from a mailing list ({name.title()})."
        for name in ("x-autoreply", "x-autorespond", "x-auto-reply"):
            if headers.all(name):
                return f"It is an automatic reply ({name.title()})."
        return ""

    def _sender(self, headers: Headers) -> str:
        sender = headers.sender()
        if not sender:
            return "From does not name exactly one address."
        if sender == self._account.address.casefold():
            return "It was sent from this mailbox itself."
        allowed = self._account.allowed_senders
        if "*" in allowed or sender in allowed or "@" + sender.rpartition("@")[2] in allowed:
            return ""
        return f"{one_line(sender, 320)} is not among allowed_senders."

    def _authentication(self, headers: Headers) -> str:
        """Only what the own server says counts, and of that the topmost: those below may have come with the mail."""
        trusted = self._account.trusted_authserv_id
        if not trusted:
            return ""
        for value in headers.all("authentication-results"):
            said = _results(value)
            if said and said[0].split(" ")[0].casefold() == trusted.casefold():
                return _authenticated(said[1:], (headers.sender() or "").rpartition("@")[2])
        return f"It has no Authentication-Results of {trusted}."

    def _size(self, size: int) -> str:
        most = self._account.max_size
        return f"It has {size} bytes, and max_size allows {most}." if size > most else ""


def _results(value: str) -> list[str]:
    """The parts of a field, without comments; a comment in a comment ends it for us, and no harm is done by that."""
    flat = re.sub(r"\([^()]*\)", " ", value[:16000])
    return [" ".join(part.split()) for part in flat.split(";")]


def _authenticated(results: Iterable[str], domain: str) -> str:
    told = []
    for result in results:
        method, rest = result.partition("=")[::2]
        outcome, *properties = rest.split(" ")
        about = dict(one.partition("=")[::2] for one in properties)
        method, outcome = method.strip().casefold(), outcome.casefold()
        of = {
            "dmarc": about.get("header.from", domain),
            "dkim": about.get("header.d", about.get("header.i", "")).rpartition("@")[2],
            "spf": about.get("smtp.mailfrom", "").rpartition("@")[2],
        }.get(method)
        if of is None:
            continue
        aligned = of.strip('"<>').casefold() == domain
        if outcome == "pass" and aligned:
            return ""
        told.append(f"{method}={one_line(outcome, 20)}" + ("" if aligned else f" for {one_line(of, 100)}"))
    results = ", ".join(told) or "neither dmarc, dkim, nor spf"
    return f"The server could not confirm that it comes from {domain} ({results})."
