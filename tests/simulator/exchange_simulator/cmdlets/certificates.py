"""Get-, Enable-, Import- and Remove-ExchangeCertificate.

Remote PowerShell shows a certificate's content and its serialized form and nothing else; a session on the server that
has loaded the snap-in shows the members of the live object too.
"""

from __future__ import annotations

import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from psrpcore.types import ErrorCategory, PSByteArray

from .. import errors, shapes
from ..catalogue.certificates import ALLOWED_SERVICES, AUTHORITY_TYPE, CERTIFICATE_STATUS, NAMESPACE, PROTOCOL_SERVICE
from ..catalogue.kinds import EnumType
from ..certificate_payload import signed
from ..certificates import StoredCertificate
from ..engine import Call, behaviour
from ..server import Server
from .lookup import controller, server

_X509 = "System.Security.Cryptography.X509Certificates.X509Certificate"
_TYPES = (NAMESPACE + "ExchangeCertificate", _X509 + "2", _X509, "System.Object")
_DOMAINS = "System.Collections.Generic.List`1[[Microsoft.Exchange.Data.SmtpDomainWithSubdomains]]"
# PowerShell escapes line ends in ToString; psrpcore writes what it is given.
_LINE_END = "_x000D__x000A_"
_QUESTION = (
    "System.Management.Automation.Host.HostException",
    "System.Management.Automation.RuntimeException",
    "System.SystemException",
)


@behaviour("Get-ExchangeCertificate")
def get_exchange_certificate(call: Call) -> None:
    owner, wanted = _addressed(call)
    controller(call)
    _reach_service(call, owner)
    if wanted is not None:
        found = [_find(call, owner, wanted)]
    elif names := call.arguments.get("DomainName"):
        found = owner.certificates.ordered_for(names)
    else:
        found = owner.certificates.all
    call.output += [_certificate_object(call, owner, one) for one in found]


@behaviour("Enable-ExchangeCertificate")
def enable_exchange_certificate(call: Call) -> None:
    owner, wanted = _addressed(call)
    controller(call)
    _reach_service(call, owner)
    certificate = _find(call, owner, wanted or "")
    _require_usable(call, owner, certificate)
    services = [one for one in call.arguments["Services"].split(", ") if one != "None"]
    if certificate.is_wildcard:
        for protocol in (one for one in PROTOCOL_SERVICE.values() if one in services):
            services.remove(protocol)
            call.warnings.append(
                f"This certificate with thumbprint {certificate.thumbprint} and subject '{certificate.common_name}' "
                f"cannot used for {protocol} SSL/TLS connections because the subject is not a Fully Qualified Domain "
                f"Name (FQDN). Use command Set-{protocol}Settings to set X509CertificateName to the FQDN of the "
                "service."
            )
    current = owner.certificates.default_smtp
    if "SMTP" in services and certificate is not current and not call.arguments.get("Force"):
        raise _unanswered(call, certificate, current)
    if call.writes:
        owner.certificates.enable(certificate, services)


@behaviour("Import-ExchangeCertificate")
def import_exchange_certificate(call: Call) -> None:
    owner = server(call, "Server")
    controller(call)
    _reach_service(call, owner)
    password = call.arguments.get("Password")
    try:
        brought = load_pkcs12(call.arguments["FileData"], password.text.encode() if password else None)
    except ValueError:
        raise _refusal(call, owner, "Cannot import certificate. The data or the password is not valid.") from None
    if brought.key is None or brought.cert is None:
        raise _refusal(call, owner, "Cannot import certificate. There is no private key in the data.")
    chain = [brought.cert.certificate, *(one.certificate for one in brought.additional_certs)]
    thumbprint = chain[0].fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - so Windows names it
    found = owner.certificates.find(thumbprint)
    if found and found.has_private_key:
        raise _refusal(
            call, owner, f"Cannot import certificate. A certificate with the thumbprint {thumbprint} already exists."
        )
    if call.writes:
        name = call.arguments.get("FriendlyName") or "Microsoft Exchange"
        exportable = bool(call.arguments.get("PrivateKeyExportable"))
        new = owner.take_in(brought.key, chain, name, exportable=exportable)
        call.output.append(_certificate_object(call, owner, new))


@behaviour("Remove-ExchangeCertificate")
def remove_exchange_certificate(call: Call) -> None:
    owner, wanted = _addressed(call)
    controller(call)
    _reach_service(call, owner)
    certificate = _find(call, owner, wanted or "")
    if call.arguments.get("Confirm") is not False and not call.arguments.get("WhatIf"):
        raise _nobody_answers(
            call,
            "Are you sure you want to perform this action? Remove certificate with thumbprint "
            f"{certificate.thumbprint} from the computer's certificate store?",
        )
    if certificate is owner.certificates.default_smtp:
        raise _refusal(
            call,
            owner,
            "The internal transport certificate cannot be removed because that would cause the Microsoft Exchange "
            "Transport service to stop. To replace the internal transport certificate, create a new certificate. The "
            "new certificate will automatically become the internal transport certificate. You can then remove the "
            "existing certificate.",
            ErrorCategory.InvalidArgument,
        )
    armed = call.organisation.faults.armed(owner.name, "send_connector")
    if tagged := [one["name"] for one in armed if one["subject"].casefold() == certificate.subject.casefold()]:
        raise _refusal(
            call,
            owner,
            f"These certificates are tagged with following Send Connectors : {', '.join(tagged)}. Removing and "
            "replacing certificates from Send Connector would break the mail flow. If you still want to proceed then "
            "replace or remove these certificates from Send Connector and then try this command.",
        )
    if call.writes:
        owner.certificates.all.remove(certificate)


def _addressed(call: Call) -> tuple[Server, str | None]:
    """The server and the thumbprint, either of which -Identity may name."""
    identity = call.arguments.get("Identity")
    if identity is None:
        return server(call, "Server"), call.arguments.get("Thumbprint")
    if "Server" in call.arguments:
        raise call.binding_failure(
            "AmbiguousParameterSet", "Parameter set cannot be resolved using the specified named parameters.", None
        )
    name, backslash, thumbprint = identity.rpartition("\\")
    if backslash:
        call.arguments["Server"] = name
    return server(call, "Server"), thumbprint


def _reach_service(call: Call, owner: Server) -> None:
    """A guess: that a service which does not answer is told of as one that refuses, and the words for it."""
    if call.organisation.faults.first(owner.name, "rpc_refused") is not None:
        raise _refusal(call, owner, "Error 0x6ba (The RPC server is unavailable).")


def _find(call: Call, owner: Server, thumbprint: str) -> StoredCertificate:
    if found := owner.certificates.find(thumbprint):
        return found
    raise _refusal(call, owner, f"The certificate with thumbprint {thumbprint} was not found.")


def _require_usable(call: Call, owner: Server, certificate: StoredCertificate) -> None:
    reason = (
        "PrivateKeyMissing"
        if not certificate.has_private_key
        else "DateInvalid"
        if certificate.has_expired or not certificate.has_begun
        else None
    )
    if reason:
        raise _refusal(
            call,
            owner,
            f"The certificate with thumbprint {certificate.thumbprint} was found but is not valid for use with "
            f"Exchange Server (reason: {reason}).",
        )


def _refusal(
    call: Call, owner: Server, text: str, category: ErrorCategory = ErrorCategory.NotSpecified
) -> errors.Failure:
    """These cmdlets ask a service of the server by RPC, and whatever it refuses comes as the one exception."""
    told = f"A special Rpc error occurs on server {owner.name}: {text}"
    return call.exchange_failure("System.InvalidOperationException", told, category=category)


def _unanswered(call: Call, new: StoredCertificate, current: StoredCertificate) -> errors.Failure:
    dates = [f"{errors.us_time(_local(call, one.x509.not_valid_after_utc))}" for one in (current, new)]
    return _nobody_answers(
        call,
        f"Overwrite the existing default SMTP certificate? Current certificate: '{current.thumbprint}' (expires "
        f"{dates[0]}) Replace it with certificate: '{new.thumbprint}' (expires {dates[1]})",
    )


def _nobody_answers(call: Call, question: str) -> errors.Failure:
    return errors.Failure(
        f"HostFunctionNotImplemented,{call.cmdlet.implementation}",
        "A command that prompts the user failed because the host program or the command type does not support user "
        f"interaction. The host was attempting to request confirmation with the following message: {question}",
        ErrorCategory.NotImplemented,
        _QUESTION,
    )


def _certificate_object(call: Call, owner: Server, one: StoredCertificate) -> Any:
    x509 = one.x509
    parts = {
        "Subject": one.subject,
        "Issuer": one.issuer,
        "Serial Number": _serial_number(one),
        "Not Before": f"{_local(call, x509.not_valid_before_utc):%m/%d/%Y %H:%M:%S}",
        "Not After": f"{_local(call, x509.not_valid_after_utc):%m/%d/%Y %H:%M:%S}",
        "Thumbprint": one.thumbprint,
    }
    text = _LINE_END.join(f"[{title}]{_LINE_END}  {value}{_LINE_END}" for title, value in parts.items())
    extended = []
    # Without a valid Auth Certificate a server that signs what it serializes serializes nothing.
    if call.organisation.faults.first(owner.name, "payload_signing_broken") is None:
        payload = one.serialized(owner.name, owner.fqdn)
        extended.append(
            ("SerializationData", PSByteArray(signed(payload) if owner.release.signs_payloads else payload))
        )
    live = _live_members(call, owner, one) if call.session.is_local(call.cmdlet) else []
    return shapes.wire_object(_TYPES, text, [*live, ("RawData", PSByteArray(one.der))], extended)


def _live_members(call: Call, owner: Server, one: StoredCertificate) -> list[tuple[str, Any]]:
    """What Format-List shows in the Management Shell."""

    def enumeration(kind: EnumType, text: str) -> Any:
        return shapes.wire_enum(kind.type_name, text, kind.number(text))

    domains = shapes.wire_list((_DOMAINS, "System.Object"), sorted(one.names))
    return [
        ("AccessRules", None),
        ("CertificateDomains", domains),
        ("HasPrivateKey", one.has_private_key),
        ("Identity", rf"{owner.fqdn}\{one.thumbprint}"),
        ("IsSelfSigned", one.is_self_signed),
        ("Issuer", one.issuer),
        ("NotAfter", shapes.date_time(_local(call, one.x509.not_valid_after_utc))),
        ("NotBefore", shapes.date_time(_local(call, one.x509.not_valid_before_utc))),
        ("PrivateKeyExportable", one.exportable),
        ("PublicKeySize", getattr(one.x509.public_key(), "key_size", 0)),
        ("RootCAType", enumeration(AUTHORITY_TYPE, one.root_type)),
        ("SerialNumber", _serial_number(one)),
        ("Services", enumeration(ALLOWED_SERVICES, one.services)),
        ("Status", enumeration(CERTIFICATE_STATUS, one.status)),
        ("Subject", one.subject),
        ("Thumbprint", one.thumbprint),
        ("FriendlyName", one.friendly_name),
    ]


def _serial_number(one: StoredCertificate) -> str:
    number = one.x509.serial_number
    return number.to_bytes((number.bit_length() + 8) // 8, "big").hex().upper().removeprefix("00")


def _local(call: Call, moment: datetime.datetime) -> datetime.datetime:
    return moment.astimezone(call.organisation.zone)
