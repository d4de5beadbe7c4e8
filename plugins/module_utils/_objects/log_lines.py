# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lines of protocol logs that tell of log-ons: by which patterns a server finds them, and what it says of them.

The patterns are for .NET and for Python alike. Both ignore case.
"""

# A line is CSV. Published ones are, apart from their first fields, such as
#   frank,205,48,24,login,frank@contoso.test *****,"R=OK;Msg=""Proxy:EX01.contoso.test:1993:SSL;ProxySuccess""",
#   ,1,17,21,login, *****,"R=""a2 NO LOGIN failed.""",
# so that a failed LOGIN of IMAP4 has no user. Lines of PASS, STLS and STARTTLS are not published; they are taken to
# look like the others.

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, wire_text

FIELDS = (
    "dateTime", "sessionId", "seqNumber", "sIp", "cIp", "user", "duration", "rqsize", "rpsize", "command", "parameters",
    "context",
)  # fmt: skip
"""Later versions have another one after these, which is empty."""

GROUPED = ("sIp", "user", "command", "parameters", "context")
"""By these fields the server counts. The client's address is not among them, because its port is new each time."""

HEADER = r"^#Fields: "
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?=T)"

LOG_ON, FAILURE, UNCLEAR = "log_on", "failure", "unclear"
OUTCOMES = (LOG_ON, FAILURE, UNCLEAR)
STARTTLS = ("stls", "starttls")

_START = r"T[^,]*,[^,]*,[^,]*,"
_ENDPOINT = r"[^,]*:\d+"
_FIELD = r'(?:"(?:[^"]|"")*"|[^,"][^,]*|)'
_NUMBERS = r"(?:\d*,){3}"
_COMMANDS = ("auth", "authenticate", "login", "pass")
_SASL = ("auth", "authenticate")
# How what a server answered begins: OK, or the client's own words after a quote that CSV has doubled.
_ANSWERED = {
    LOG_ON: r'"?R=OK\b',
    FAILURE: r'"?R=""(?:-ERR|\S+ (?:NO|BAD)\b)',
    UNCLEAR: "",
}
# Such as HealthMailboxc3d7722: somebody's own mailbox may be called healthmailbox-team.
_MONITORING = re.compile(r"healthmailbox[0-9a-f]{4,32}(?:@|$)")
_MECHANISM = re.compile(r"[A-Za-z0-9_-]{1,20}\b")


def _any_of(texts: Iterable[str]) -> str:
    return f"(?:{'|'.join(texts)})"


def _field_of(text: str) -> str:
    """A field with this text, in quotes or without."""
    return _any_of(map(re.escape, dict.fromkeys((text, '"{}"'.format(text.replace('"', '""'))))))


def log_ons(day: str, users: Sequence[str] = ()) -> str:
    """What matches the lines of a day that tell of log-ons or of STARTTLS, up to where their outcome is told.

    What a line says behind that is different each time, so it must not be counted by. With ``users`` only theirs match.
    """
    user = _any_of(map(_field_of, users)) if users else _FIELD
    commands = _any_of(_COMMANDS if users else (*_COMMANDS, *STARTTLS))
    # Of a failure the quote is kept, behind which the client's tag stands.
    outcome = r'"?(?:R=(?:OK\b|(?=""(?:-ERR|\S+ (?:NO|BAD)\b))""|))?'
    return f"^{day}{_START}{_ENDPOINT},{_ENDPOINT},{user},{_NUMBERS}{commands},{_FIELD},{outcome}"


def addresses(user: str) -> dict[str, str]:
    """By pattern, which outcome it means: in the `REST` of a line it matches server's port and client's address.

    The client's port is left out, which is different each time. The first pattern that matches counts. Each line is
    compared with those of many users, so they begin where it begins.
    """
    tail = f"{_field_of(user)},{_NUMBERS}{_any_of(_COMMANDS)},{_FIELD},"
    return {rf"^\d+,[^,]*(?=:\d+,{tail}{_ANSWERED[outcome]})": outcome for outcome in OUTCOMES}


def starttls_from(day: str, clients: Sequence[str]) -> str:
    """What matches the lines of a day that tell of STARTTLS by one of these addresses."""
    client = _any_of(map(re.escape, clients))
    return f"^{day}{_START}{_ENDPOINT},{client}:\\d+,{_FIELD},{_NUMBERS}{_any_of(STARTTLS)},"


REST = r"(?<=:)\d+,[^,]*:\d+,.*"
"""A line of log-ons from the server's port on."""

CLIENT = r"(?<=:)\d+,[^,]*(?=:\d+,)"
"""In such a line it matches the same as `addresses`."""


def knows(header: str) -> bool:
    """Whether a log with this line has the fields that are known, in their places."""
    fields = [field.strip().casefold() for field in header.partition(":")[2].split(",")]
    return fields[: len(FIELDS)] == [field.casefold() for field in FIELDS]


@dataclass(frozen=True)
class Group:
    """Log-ons, or attempts, that are alike."""

    port: int
    """Of the server, at which the client connected."""
    user: str
    kind: str
    outcome: str
    count: int

    @property
    def starttls(self) -> bool:
        """Whether these are no log-ons, but what may come before one."""
        return self.kind in STARTTLS


def read_group(values: Any, count: Any) -> Group:
    """What the server has counted; Unreadable if it is none of that."""
    if not isinstance(values, list) or len(values) != len(GROUPED) or not isinstance(count, int):
        raise Unreadable(values)
    endpoint, user, command, parameters, context = (wire_text(value) for value in values)
    port = endpoint.rpartition(":")[2]
    if not re.fullmatch(r"[0-9]{1,5}", port):
        raise Unreadable(values)
    command = command.casefold()
    return Group(int(port), user, _kind(command, parameters), _outcome(context), count)


def _kind(command: str, parameters: str) -> str:
    if command not in _SASL:
        return command
    mechanism = _MECHANISM.match(parameters.strip())
    return mechanism[0].upper() if mechanism else command


def _outcome(context: str) -> str:
    return {"r=ok": LOG_ON, 'r="': FAILURE}.get(context.casefold(), UNCLEAR)


def read_client(text: str) -> tuple[int, str]:
    """The server's port and the client's address in what `addresses` has matched; Unreadable if there is none."""
    port, comma, client = text.partition(",")
    if not comma or not re.fullmatch(r"[0-9]{1,5}", port):
        raise Unreadable([text])
    return int(port), client


def mailbox_named(user: str) -> str:
    """The mailbox that is meant, in lower case: with `CONTOSO\\anna\\scanner` anna logs on to scanner."""
    return user.strip().casefold().rpartition("\\")[2]


def domain_named(user: str) -> str:
    """The domain in front of a name, in lower case; nothing where there is none, or another's mailbox is named."""
    domain, _backslash, name = user.strip().casefold().partition("\\")
    return domain if name and "\\" not in name and "@" not in domain else ""


def may_be(name: str, user: str) -> bool:
    """Whether two names may be of the same mailbox: `CONTOSO\\anna` and `anna@contoso.com` may be, both for `anna`."""
    one, other = domain_named(name), domain_named(user)
    # `CONTOSO` and `ad.contoso.com` may be the same domain.
    if one and other and one != other and ("." in one) == ("." in other):
        return False
    one, other = mailbox_named(name), mailbox_named(user)
    if "@" in one and "@" in other:
        return one == other
    return one.partition("@")[0] == other.partition("@")[0]


def is_monitoring(user: str) -> bool:
    """Whether Exchange itself logs on, to see that it can."""
    return bool(_MONITORING.match(mailbox_named(user)))
