"""Test-PopConnectivity and Test-ImapConnectivity: what a client of the server would meet, as a result and not an error.

No capture of the result exists. Inferred: its class and members, the texts of failures, that without a credential the
test is skipped because nobody made its test user, that without -ConnectionType the binding of the port decides, and
that more than -LightMode needs a connector for client submission.
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
_TYPES = (_MONITORING + "CasTransactionOutcome", _MONITORING + "TransactionOutcomeBase", "System.Object")
_RESULTS = {"Success": 1, "Failure": 2, "Skipped": 3}
_PORTS = {"pop3": 110, "imap4": 143}
_SUBMISSION_PORT = 587
_REFUSED = {"pop3": "-ERR Logon failure: unknown user name or bad password.", "imap4": "NO LOGIN failed."}
_NO_TEST_USER = (
    "Test user couldn't be found. Run New-TestCasConnectivityUser.ps1, or give a mailbox's credential with the "
    "MailboxCredential parameter."
)


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
        return _Outcome("Failure", f"No connection could be made to {owner.fqdn}:{port} with {method}.")
    shown = owner.certificates.for_protocol(PROTOCOL_SERVICE[protocol], effective["X509CertificateName"])
    trusted = shown.is_usable and not shown.is_self_signed
    if method != "Plaintext" and not trusted and not call.arguments.get("TrustAnySSLCertificate"):
        return _Outcome("Failure", "The remote certificate is invalid according to the validation procedure.")
    dialogue = DIALOGUES[protocol](effective, call.organisation, encrypted=method != "Plaintext")
    if not dialogue.log_on_allowed:
        return _Outcome("Failure", "Command is not valid in this state.")
    if not dialogue.log_on(credential.user, credential.password):
        return _Outcome("Failure", _REFUSED[protocol])
    if not call.arguments.get("LightMode") and not _takes_mail(call, owner):
        return _Outcome("Failure", f"No message could be sent through {owner.fqdn}:{_SUBMISSION_PORT}.")
    return _Outcome("Success")


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
    value = shapes.wire_enum(_MONITORING + "CasTransactionResultEnum", outcome.result, _RESULTS[outcome.result])
    milliseconds = 50 if outcome.result == "Success" else 0
    members: list[tuple[str, Any]] = [
        ("LocalSite", site),
        ("SecureAccess", method != "Plaintext"),
        ("VirtualDirectoryName", ""),
        ("Url", ""),
        ("UrlType", shapes.wire_enum(_MONITORING + "VirtualDirectoryUriScope", "Unknown", 0)),
        ("Port", port),
        ("ConnectionType", shapes.wire_enum(CONNECTION_TYPE.type_name, method, CONNECTION_TYPE.number(method))),
        ("ClientAccessServerShortName", owner.name.lower()),
        ("LocalSiteShortName", site),
        ("ClientAccessServer", owner.fqdn),
        ("Scenario", f"Test {label} Connectivity"),
        ("ScenarioDescription", f"Log on to the mailbox by {label}."),
        ("PerformanceCounterName", ""),
        (
            "Result",
            shapes.wire_object(
                (_MONITORING + "CasTransactionResult", "System.Object"), outcome.result, [("Value", value)]
            ),
        ),
        ("Error", outcome.error),
        ("UserName", credential.user if credential else ""),
        ("StartTime", shapes.date_time(call.now.astimezone(call.organisation.zone))),
        ("Latency", PSDuration(milliseconds=milliseconds)),
        ("EventType", shapes.wire_enum(_MONITORING + "EventTypeEnumeration", outcome.result, _RESULTS[outcome.result])),
        ("LatencyInMillisecondsString", f"{milliseconds:.2f}"),
        ("Identity", ""),
        ("IsValid", True),
        ("ObjectState", shapes.object_state("New")),
    ]
    return shapes.wire_object(_TYPES, _TYPES[0], members)
