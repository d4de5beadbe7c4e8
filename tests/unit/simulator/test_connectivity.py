"""Test-PopConnectivity and Test-ImapConnectivity, whose failures are results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from administrator import Administrator
from psrpcore.types import PSCredential, PSSecureString

from exchange_simulator.forms import formed
from exchange_simulator.organisation import Organisation

_SECRET = "Correct-Horse-1"
_CMDLET = {"pop3": "Test-PopConnectivity", "imap4": "Test-ImapConnectivity"}
_SETTINGS = {"pop3": "Set-PopSettings", "imap4": "Set-ImapSettings"}
_SERVICES = {"pop3": ["MSExchangePop3", "MSExchangePOP3BE"], "imap4": ["MSExchangeImap4", "MSExchangeIMAP4BE"]}
_PROTOCOLS = ("pop3", "imap4")


@pytest.fixture
def admin(make: Callable[..., Organisation]) -> Administrator:
    organisation = make("SE")
    organisation.accounts["reader"] = organisation.accounts["administrator"] = _SECRET
    admin = Administrator(organisation)
    for protocol in _PROTOCOLS:
        change(admin, protocol, X509CertificateName="mail.contoso.test")
    mail = admin.thumbprint("mail.contoso.test")
    admin.do("Enable-ExchangeCertificate", Thumbprint=mail, Services="POP, IMAP")
    return admin


def change(admin: Administrator, protocol: str, **settings: Any) -> None:
    admin.do(_SETTINGS[protocol], **settings)
    admin.do("Restart-Service", Name=_SERVICES[protocol])


def credential(user: str = "reader", password: str = _SECRET) -> PSCredential:
    return PSCredential(UserName=user, Password=PSSecureString(password))


def outcome(admin: Administrator, protocol: str, **parameters: Any) -> tuple[str, str]:
    if "MailboxCredential" not in parameters:
        parameters["MailboxCredential"] = credential()
    found = admin.one(_CMDLET[protocol], ClientAccessServer="EX01", **parameters)
    assert found["ClientAccessServer"] == "EX01.contoso.test"
    assert found["Result"]["Value"].name == found["Result"].PSObject.to_string
    return found["Result"].PSObject.to_string, found["Error"]


@pytest.mark.parametrize("protocol", _PROTOCOLS)
@pytest.mark.parametrize("light", [True, False])
def test_success(admin: Administrator, protocol: str, light: bool) -> None:
    assert outcome(admin, protocol, LightMode=light) == ("Success", "")
    port = {"pop3": 995, "imap4": 993}[protocol]
    found = admin.one(_CMDLET[protocol], MailboxCredential=credential(), PortClientAccessServer=port)
    told = {name: found[name] for name in ("Port", "SecureAccess", "Scenario", "UserName")}
    scenario = f"Test {protocol.upper()} Connectivity"
    assert told == {"Port": port, "SecureAccess": False, "Scenario": scenario, "UserName": "reader"}
    assert found["ConnectionType"].name == "Ssl"
    assert (found["EventType"].name, found["LatencyInMillisecondsString"]) == ("Success", "50.00")


def test_what_was_published(admin: Administrator) -> None:
    """A failed log-on at Exchange 2013: clintboessen.blogspot.com/2018/03; without what the receiving shell adds."""
    answer = admin.one(
        "Test-ImapConnectivity",
        ClientAccessServer="EX01",
        MailboxCredential=credential(password="wrong"),
        PortClientAccessServer=993,
    )
    found = formed(answer, "plain")
    assert {one.name: str(found[one.name]) for one in found.PSObject.adapted_properties} == {
        "LocalSite": "Default-First-Site-Name",
        "SecureAccess": "False",
        "VirtualDirectoryName": "",
        "Url": "",
        "UrlType": "Unknown",
        "Port": "993",
        "ConnectionType": "Ssl",
        "ClientAccessServerShortName": "EX01",
        "LocalSiteShortName": "Default-First-Site-Name",
        "ClientAccessServer": "EX01.contoso.test",
        "Scenario": "Test IMAP4 Connectivity",
        "ScenarioDescription": "Connect to server using IMAP4 protocol, search for the test message, and delete it "
        "along with any messages that are older than 24 hours.",
        "PerformanceCounterName": "ImapConnectivity-Latency",
        "Result": "Failure",
        "Error": "IMAP Error: aYKG NO LOGIN failed.",
        "UserName": "reader",
        # In no output, but on the page of the class.
        "StartTime": str(found["StartTime"]),
        "Latency": "0:00:00.036844",
        "EventType": "Error",
        "LatencyInMillisecondsString": "",
        "Identity": "",
        "IsValid": "True",
        "ObjectState": "New",
    }


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_a_server_in_german(admin: Administrator, protocol: str) -> None:
    """The text of a result is translated, its name and that of the event are not."""
    admin.organisation.faults.arm({"kind": "translated_results"})
    for password, told in ((_SECRET, ("Erfolgreich", "Success", "Success")), ("wrong", ("Fehler", "Failure", "Error"))):
        found = admin.one(_CMDLET[protocol], MailboxCredential=credential(password=password))
        texts = (found["Result"].PSObject.to_string, found["Result"]["Value"].name, found["EventType"].name)
        assert texts == told
        plain = formed(found, "plain")
        assert (plain["Result"], plain["EventType"]) == (told[0], told[2])


@pytest.mark.parametrize("protocol", _PROTOCOLS)
@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"MailboxCredential": credential(password="wrong")}, "failed|Logon failure"),
        ({"MailboxCredential": credential("nobody")}, "failed|Logon failure"),
        ({"MailboxCredential": credential("administrator")}, "failed|Logon failure"),
        ({"PortClientAccessServer": 1110}, "No connection"),
        ({"PortClientAccessServer": 995, "ConnectionType": "Tls"}, "No connection"),
        ({"ConnectionType": "Ssl"}, "No connection"),
        ({"ConnectionType": "Plaintext"}, "not valid in this state"),
    ],
)
def test_failure(admin: Administrator, protocol: str, parameters: dict[str, Any], told: str) -> None:
    result, error = outcome(admin, protocol, LightMode=True, **parameters)
    assert result == "Failure"
    assert any(part in error for part in told.split("|"))


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_what_the_server_has_to_do_with_it(admin: Administrator, protocol: str) -> None:
    change(admin, protocol, LoginType="PlainTextLogin")
    assert outcome(admin, protocol, ConnectionType="Plaintext")[0] == "Success"
    access = {"pop3": "PopEnabled", "imap4": "ImapEnabled"}[protocol]
    admin.do("Set-CASMailbox", Identity="reader", **{access: False})
    assert outcome(admin, protocol)[0] == "Failure"
    admin.do("Set-CASMailbox", Identity="reader", **{access: True})
    change(admin, protocol, X509CertificateName="EX01")
    assert "certificate is invalid" in outcome(admin, protocol)[1]
    assert outcome(admin, protocol, TrustAnySSLCertificate=True)[0] == "Success"
    admin.do("Stop-Service", Name=_SERVICES[protocol][1])
    assert "No connection" in outcome(admin, protocol, TrustAnySSLCertificate=True)[1]


def test_more_than_light_mode_needs_the_connector(admin: Administrator) -> None:
    admin.do("Set-ReceiveConnector", Identity="Client Frontend EX01", Enabled=False)
    assert outcome(admin, "pop3", LightMode=True)[0] == "Success"
    result, error = outcome(admin, "pop3")
    assert result == "Failure"
    assert "587" in error


def test_without_a_credential_it_is_skipped(admin: Administrator) -> None:
    found = admin.one("Test-PopConnectivity")
    assert found["Result"].PSObject.to_string == "Skipped"
    assert "New-TestCasConnectivityUser.ps1" in found["Error"]
    assert admin.run("Test-PopConnectivity", WhatIf=True).output == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"MailboxCredential": "reader"},
        {"ConnectionType": "Starttls"},
        {"PortClientAccessServer": 65536},
        {"PerConnectionTimeout": 121},
        {"Timeout": -1},
        {"ClientAccessServer": "EX09"},
        {"MailboxServer": "EX09"},
    ],
)
def test_refused(admin: Administrator, parameters: dict[str, Any]) -> None:
    assert _SECRET not in str(admin.refused("Test-PopConnectivity", **parameters))


def test_the_password_is_not_logged(admin: Administrator) -> None:
    outcome(admin, "pop3")
    assert _SECRET not in str(admin.organisation.log)
    assert "Test-PopConnectivity" in str(admin.organisation.log)
