# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exchange's own test of a protocol: Test-PopConnectivity and Test-ImapConnectivity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletFailure,
    Failure,
    words_of,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unread,
    Unreadable,
    credential,
    number_text,
    wire_text,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Choice, Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan, span_ticks
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import (
    Identity,
    Secret,
    SingleLine,
    Text,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option, Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import SERVER_OPTIONS, Work
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Stored, read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.resource import as_parameters, not_shown

# The worst first.
RESULTS = ("Failure", "Skipped", "Success")
# CasTransactionResultEnum. The names are documented, the numbers inferred.
_NUMBERS = {"Undefined": "0", "Success": "1", "Failure": "2", "Skipped": "3"}
# EventTypeEnumeration has other words. What it does not call a success is none.
_EVENTS = {"success": "Success", "error": "Failure", "warning": "Failure", "information": "Failure"}

_SHOWN = (
    Setting("server", "ClientAccessServer", Text()),
    Setting("scenario", "Scenario", Text()),
    Setting("error", "Error", Text()),
)
_LATENCY = (Setting("latency", "Latency", TimeSpan(0, 0)),)
MEMBERS = ("Result", "EventType", *(setting.parameter for setting in (*_SHOWN, *_LATENCY)))

SETTINGS = (
    # The names are documented, the numbers inferred; names are sent.
    Setting("connection_type", "ConnectionType", Enum({"Plaintext": 0, "Tls": 1, "Ssl": 2})),
    Setting("port", "PortClientAccessServer", Int(1, 65535)),
    Setting("mailbox_server", "MailboxServer", Identity()),
    Setting("trust_any_certificate", "TrustAnySSLCertificate", Bool()),
    Setting("per_connection_timeout", "PerConnectionTimeout", Int(1, 120, "seconds")),
    Setting("timeout", "Timeout", Int(1, 3600, "seconds")),
)


class ConnectivityTest(Work):
    """One run of the test, which says nothing of its own about the server's settings."""

    options = (
        *SERVER_OPTIONS,
        Option("protocol", Choice(tuple(PROTOCOLS)), required=True),
        Option("user", SingleLine()),
        Option("password", Secret()),
        Option("light_mode", Bool(), default=True),
        *SETTINGS,
    )

    def contradictions(self) -> Iterator[str]:
        given = self.given
        for option, other in (("user", "password"), ("password", "user")):
            if option in given and not given.get(other, ""):
                yield f"{other}: it is missing or empty, but {option} is given; use both, or neither."
        if not given.get("user", "x").strip():
            yield "user: it is blank; use user@domain or DOMAIN\\user, or leave it out for Exchange's test user."
        if given.get("per_connection_timeout", 0) > given.get("timeout", 3600):
            yield "per_connection_timeout: it is longer than timeout, the time for the whole test; use a shorter one."

    def remarks(self) -> Iterator[str]:
        """What an administrator should know of what was chosen."""
        if self.given.get("connection_type") == "Plaintext" and "user" in self.given:
            yield "connection_type: with Plaintext, the password is sent unencrypted."
        if self.host.check_mode and not self.given["light_mode"]:
            yield "light_mode: in check mode, the test only signs in, because a full test sends a message."

    def result(self) -> dict[str, Any]:
        self.host.warnings += self.remarks()
        cmdlet = PROTOCOLS[self.given["protocol"]].test_cmdlet
        light = self.given["light_mode"] or self.host.check_mode
        # Without light mode a message is sent, which must not happen twice because an answer got lost.
        reply = self.host.call(
            cmdlet,
            endpoint="exchange",
            write=not light,
            members=MEMBERS,
            ClientAccessServer=self.server.name,
            **self._parameters(light=light),
        )
        if reply.errors or reply.state != "completed":
            raise CmdletFailure(cmdlet, reply.errors, reply.reason)
        outcomes = [read_outcome(cmdlet, found) for found in reply.output]
        if not outcomes:
            said = words_of(" ".join(reply.warnings), otherwise="")
            raise Failure(f"{cmdlet} gave no result for {self.server.title}{said and ': '}{said}.")
        unreadable: dict[str, str] = {}
        for _test, stored in outcomes:
            self.host.warnings += not_shown("the results of the test", stored)
            unreadable |= stored.shapes
        tests = [test for test, _stored in outcomes]
        worst = min(tests, key=lambda test: RESULTS.index(test["result"]))
        return {
            "server": self.server.name,
            "result": worst["result"],
            "error": worst["error"],
            "tests": tests,
            "unreadable": unreadable,
        }

    def _parameters(self, *, light: bool) -> dict[str, Any]:
        given = self.given
        # Switches are given or left out.
        parameters = {name: value for name, value in as_parameters(SETTINGS, given).items() if value is not False}
        if light:
            parameters["LightMode"] = True
        if "user" in given:
            parameters["MailboxCredential"] = credential(given["user"], given["password"])
        return parameters


def read_outcome(cmdlet: str, found: Mapping[str, Any]) -> tuple[dict[str, Any], Stored]:
    """A test as it is shown, and what of it could not be read."""
    try:
        result = read_result(found.get("Result"), found.get("EventType"))
    except Unreadable as came:
        unread = Unread(cmdlet, "Result", "the test", came, "so it is not known how it ended")
        unread.result["unreadable"]["EventType"] = Unreadable(found.get("EventType")).shape
        raise unread from None
    stored = read_members(_SHOWN, {setting.parameter: found.get(setting.parameter) for setting in _SHOWN})
    error = stored.values.get("error")
    ticks = span_ticks(read_members(_LATENCY, found).values.get("latency", ""))
    return {
        "server": stored.values.get("server"),
        "scenario": stored.values.get("scenario"),
        "result": result,
        "error": None if error is None else " ".join(error.split()),
        "latency_ms": None if ticks is None else ticks // 10_000,
    }, stored


def read_result(shown: Any, event: Any) -> str:
    """How a test ended, one of the `RESULTS`; Unreadable if that is not told.

    The text of a result may be in the server's language. Neither the enumeration inside of it is, which only the full
    form has, nor the type of the event.
    """
    values = [shown.get("Value") if isinstance(shown, Mapping) else None, shown]
    texts = [wire_text(value).strip().casefold() for value in values]
    named = {name for name in _NUMBERS if name.casefold() in texts}
    numbers = [number_text(value) or wire_text(value) for value in values]
    answer = _EVENTS.get(wire_text(event).strip().casefold())
    told = set(named or (name for name, number in _NUMBERS.items() if number in numbers))
    if not named and answer is None:
        # The number may have been inferred wrongly: alone it makes no success.
        told.discard("Success")
    # What is skipped is an event of its own: a warning as a rule.
    if answer and "Skipped" not in named:
        told.add(answer)
    if "Undefined" in told:
        told.discard("Success")
    # Of answers that contradict each other the worse one counts.
    for result in RESULTS:
        if result in told:
            return result
    raise Unreadable(shown)
