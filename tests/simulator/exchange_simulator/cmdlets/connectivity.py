"""Test-PopConnectivity and Test-ImapConnectivity: what a client of the server would meet, as a result and not an error.

A server whose language is German says so in the text of the result: the fault `translated_results`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psrpcore.types import PSDuration

from .. import shapes
from ..catalogue.certificates import PROTOCOL_SERVICE
from ..catalogue.cmdlets import CONNECTION_TYPE
from ..engine import Call, behaviour
from ..mail import DIALOGUES
from ..server import Server
from ..values import Credential
from .checks import check_range
from .lookup import controller, server

_MONITORING = "Microsoft.Exchange.Monitoring."
_TYPES = (
    _MONITORING + "CasTransactionOutcome",
    _MONITORING + "TransactionOutcomeBase",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
)
_PORTS = {"pop3": 110, "imap4": 143}
_SUBMISSION_PORT = 587
# The scenario and the counter of IMAP4 are published, and so are the word in front of an error and the tag in it.
_SHORT = {"pop3": "Pop", "imap4": "Imap"}
_SCENARIO = (
    "Connect to server using {} protocol, search for the test message, and delete it along with any messages that are "
    "older than 24 hours."
)
_ERROR = {"pop3": "POP3 Error: ", "imap4": "IMAP Error: "}
_REFUSED = {"pop3": "-ERR Logon failure: unknown user name or bad password.", "imap4": "aYKG NO LOGIN failed."}
_NO_TEST_USER = (
    "Test user couldn't be found. Run New-TestCasConnectivityUser.ps1, or give a mailbox's credential with the "
    "MailboxCredential parameter."
)


@dataclass(frozen=True)
class _Kind:
    """A result: its number, the word of the event for it, its text in German, and how long such a test took."""

    number: int
    event: str
    german: str
    latency: PSDuration


_RESULTS = {
    "Success": _Kind(1, "Success", "Erfolgreich", PSDuration(milliseconds=50)),
    "Failure": _Kind(2, "Error", "Fehler", PSDuration(microseconds=36844)),
    "Skipped": _Kind(3, "Warning", "Übersprungen", PSDuration()),
}
# The names are documented in this order.
_EVENTS = ("Success", "Error", "Warning", "Information")


@dataclass(frozen=True)
class _Outcome:
    result: str
    error: str = ""


@behaviour("Test-PopConnectivity", "Test-ImapConnectivity")
def test_connectivity(call: Call) -> None:
    for parameter in call.cmdlet.parameters:
        if parameter.name in call.arguments:
            check_range(call, parameter, call.arguments[parameter.name])
    owner = server(call, "ClientAccessServer")
    server(call, "MailboxServer")
    controller(call)
    if call.arguments.get("WhatIf"):
        return
    protocol = "pop3" if "Pop" in call.cmdlet.name else "imap4"
    port = call.arguments.get("PortClientAccessServer", _PORTS[protocol])
    effective = owner.effective(protocol)
    encrypted = effective is not None and port in {one.port for one in effective["SSLBindings"]}
    method = call.arguments.get("ConnectionType", "Ssl" if encrypted else "Tls")
    outcome = _try(call, owner, protocol, port, method)
    call.output.append(_outcome_object(call, owner, protocol, port, method, outcome))


def _try(call: Call, owner: Server, protocol: str, port: int, method: str) -> _Outcome:
    credential: Credential | None = call.arguments.get("MailboxCredential")
    if credential is None:
        return _Outcome("Skipped", _NO_TEST_USER)
    effective = owner.effective(protocol)
    bindings = effective["SSLBindings" if method == "Ssl" else "UnencryptedOrTLSBindings"] if effective else ()
    if effective is None or port not in {one.port for one in bindings}:
        return _failure(protocol, f"No connection could be made to {owner.fqdn}:{port} with {method}.")
    shown = owner.certificates.for_protocol(PROTOCOL_SERVICE[protocol], effective["X509CertificateName"])
    trusted = shown.is_usable and not shown.is_self_signed
    if method != "Plaintext" and not trusted and not call.arguments.get("TrustAnySSLCertificate"):
        return _failure(protocol, "The remote certificate is invalid according to the validation procedure.")
    dialogue = DIALOGUES[protocol](effective, call.organisation, owner.release, encrypted=method != "Plaintext")
    if not dialogue.log_on_allowed:
        return _failure(protocol, "Command is not valid in this state.")
    if not dialogue.log_on(credential.user, credential.password):
        return _failure(protocol, _REFUSED[protocol])
    if not call.arguments.get("LightMode") and not _takes_mail(call, owner):
        return _failure(protocol, f"No message could be sent through {owner.fqdn}:{_SUBMISSION_PORT}.")
    return _Outcome("Success")


def _failure(protocol: str, text: str) -> _Outcome:
    return _Outcome("Failure", _ERROR[protocol] + text)


def _takes_mail(call: Call, owner: Server) -> bool:
    stored = [connector.settings.read(controller(call), call.now).values for connector in owner.connectors]
    return any(
        values["Enabled"]
        and "BasicAuth" in values["AuthMechanism"].split(", ")
        and _SUBMISSION_PORT in {binding.port for binding in values["Bindings"]}
        for values in stored
    )


def _outcome_object(call: Call, owner: Server, protocol: str, port: int, method: str, outcome: _Outcome) -> Any:
    label = protocol.upper()
    site = "Default-First-Site-Name"
    credential: Credential | None = call.arguments.get("MailboxCredential")
    kind = _RESULTS[outcome.result]
    translated = call.organisation.faults.first(owner.name, "translated_results") is not None
    value = shapes.wire_enum(_MONITORING + "CasTransactionResultEnum", outcome.result, kind.number)
    members: list[tuple[str, Any]] = [
        ("LocalSite", site),
        # Seen to be so over TLS.
        ("SecureAccess", False),
        ("VirtualDirectoryName", ""),
        ("Url", ""),
        ("UrlType", shapes.wire_enum(_MONITORING + "VirtualDirectoryUriScope", "Unknown", 0)),
        ("Port", port),
        ("ConnectionType", shapes.wire_enum(CONNECTION_TYPE.type_name, method, CONNECTION_TYPE.number(method))),
        ("ClientAccessServerShortName", owner.name),
        ("LocalSiteShortName", site),
        ("ClientAccessServer", owner.fqdn),
        ("Scenario", f"Test {label} Connectivity"),
        ("ScenarioDescription", _SCENARIO.format(label)),
        ("PerformanceCounterName", f"{_SHORT[protocol]}Connectivity-Latency"),
        (
            "Result",
            shapes.wire_object(
                (_MONITORING + "CasTransactionResult", "System.Object"),
                kind.german if translated else outcome.result,
                [("Value", value)],
            ),
        ),
        ("Error", outcome.error),
        ("UserName", credential.user if credential else ""),
        ("StartTime", shapes.date_time(call.now.astimezone(call.organisation.zone))),
        ("Latency", kind.latency),
        ("EventType", shapes.wire_enum(_MONITORING + "EventTypeEnumeration", kind.event, _EVENTS.index(kind.event))),
        ("LatencyInMillisecondsString", "50.00" if outcome.result == "Success" else ""),
        ("Identity", ""),
        ("IsValid", True),
        ("ObjectState", shapes.object_state("New")),
    ]
    return shapes.wire_object(_TYPES, _TYPES[0], members)
