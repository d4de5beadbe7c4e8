# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server's answer to a log-on means, and where each was seen.

Only what is known as a refusal is one. A server whose back end is broken answers in the same form, in words of its own,
and a refusal that was expected must not be taken for seen during an outage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class Meaning(Enum):
    """What no to a log-on comes to."""

    REFUSED = auto()
    FAULT = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Known:
    """An answer that was seen or is specified."""

    meaning: Meaning
    words: str
    seen: str
    whole: bool = True
    """Whether this is all that the server says, and not what it begins with."""

    def fits(self, said: str) -> bool:
        # Exchange's values were published with quotation marks and without.
        text, words = said.casefold().replace('"', "").rstrip("."), self.words.casefold()
        return text == words if self.whole else text.startswith(words)


@dataclass(frozen=True)
class Answers:
    """What servers of one protocol say, by the codes that its standards have, and by the words of Exchange."""

    refusing_codes: frozenset[str]
    faulty_codes: frozenset[str]
    words: tuple[Known, ...]

    def meaning(self, said: str) -> Meaning:
        """The meaning of no to a log-on."""
        if (by_code := self.meaning_of_code(said)) is not Meaning.UNKNOWN:
            return by_code
        return next((known.meaning for known in self.words if known.fits(said)), Meaning.UNKNOWN)

    def meaning_of_code(self, said: str) -> Meaning:
        """The same, without a look at the words."""
        code = found[1].upper() if (found := re.match(r"\[([\w/-]+)[\] ]", said)) else ""
        if code in self.refusing_codes:
            return Meaning.REFUSED
        return Meaning.FAULT if code in self.faulty_codes else Meaning.UNKNOWN


_REFUSED, _FAULT = Meaning.REFUSED, Meaning.FAULT
_GITHUB = "https://github.com"

# RFC 2449 and RFC 3206.
OF_POP3 = Answers(
    frozenset({"AUTH"}),
    frozenset({"SYS/TEMP", "SYS/PERM", "IN-USE", "LOGIN-DELAY"}),
    (
        Known(
            _REFUSED,
            "Logon failure: unknown user name or bad password",
            f"{_GITHUB}/mattnenterprise/rust-pop3/issues/17",
        ),
        Known(
            _REFUSED,
            "Authentication failure: unknown user name or bad password",
            f"{_GITHUB}/simonrob/email-oauth2-proxy/issues/244",
        ),
        # The answer to USER where LoginType wants encryption first.
        Known(_REFUSED, "Command is not valid in this state", f"{_GITHUB}/zammad/zammad/issues/682"),
        Known(_FAULT, "Server Unavailable. 21", "https://jaapwesselius.com/2012/03/"),
    ),
)

# RFC 5530.
OF_IMAP4 = Answers(
    frozenset({"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "NOPERM"}),
    frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CORRUPTION"}),
    (
        # Exchange says the first of these also where its back end does not let the front end in, and then nobody can
        # tell: https://clintboessen.blogspot.com/2018/03/
        Known(_REFUSED, "LOGIN failed", f"{_GITHUB}/jstedfast/MailKit/issues/483"),
        Known(_REFUSED, "AUTHENTICATE failed", f"{_GITHUB}/jstedfast/MailKit/issues/483"),
        # The answer to LOGIN where LoginType wants encryption first.
        Known(_REFUSED, "Command received in Invalid state", f"{_GITHUB}/flourishlib/flourish-classes/issues/145"),
        Known(
            _FAULT,
            "[Error=ProxyNotAuthenticated",
            "https://learn.microsoft.com/answers/questions/1156767",
            whole=False,
        ),
        Known(_FAULT, "Server Unavailable. 15", f"{_GITHUB}/lefcha/imapfilter/issues/146"),
        Known(_FAULT, "User is authenticated but not connected", f"{_GITHUB}/jstedfast/MailKit/issues/1494"),
        Known(_FAULT, "Request is throttled", f"{_GITHUB}/simonrob/email-oauth2-proxy/issues/191", whole=False),
        Known(_FAULT, "Connection closed. 14", f"{_GITHUB}/jstedfast/MailKit/issues/849"),
    ),
)


def meaning_of_smtp(code: int, said: str) -> Meaning:
    """RFC 4954 has the codes of refusals; what else has to do with security says so by its enhanced code (RFC 3463)."""
    if 400 <= code < 500:
        return Meaning.FAULT
    return Meaning.REFUSED if code in (504, 530, 534, 535, 538) or said.startswith("5.7.") else Meaning.UNKNOWN
