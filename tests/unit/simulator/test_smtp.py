"""Submission of mail on port 587, by Python's own client."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from administrator import Administrator

from exchange_simulator.organisation import Organisation

_SECRET = "Correct-Horse-1"
_READER = "reader@contoso.test"
_CONNECTOR = "EX01\\Client Frontend EX01"


@pytest.fixture
def admin(make: Callable[..., Organisation]) -> Administrator:
    organisation = make("SE", mailboxes=1)
    organisation.accounts |= {"reader": _SECRET, "user000001": _SECRET}
    organisation.start_listeners()
    return Administrator(organisation)


def listening(admin: Administrator) -> list[str]:
    found: list[str] = admin.organisation.state()["servers"]["EX01"]["listening"]["smtp"]
    return found


def careless() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.fixture
def client(admin: Administrator) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(admin.organisation.servers["EX01"].address, 20587, timeout=10) as client:
        yield client


def inbox(admin: Administrator, user: str = "reader") -> list[Any]:
    return admin.organisation.mailboxes.find(user)[0].inbox.messages


def test_a_message_arrives(admin: Administrator, client: smtplib.SMTP) -> None:
    assert client.ehlo()[0] == 250
    assert not client.has_extn("auth")
    client.starttls(context=careless())
    client.ehlo()
    assert client.esmtp_features["auth"].split() == ["LOGIN"]
    client.login("contoso\\user000001", _SECRET)
    client.sendmail("user000001@contoso.test", [_READER], "Subject: Hello\n\nText.\n.dot\n")
    (message,) = inbox(admin)
    assert b"Subject: Hello\r\n\r\nText.\r\n.dot\r\n" in message.content
    assert inbox(admin, "user000001") == []


def test_without_tls_no_password_is_taken(client: smtplib.SMTP) -> None:
    client.ehlo()
    assert client.docmd("AUTH LOGIN")[0] == 538
    with pytest.raises(smtplib.SMTPSenderRefused, match=r"5\.7\.57"):
        client.sendmail(_READER, [_READER], "Subject: x\n\n")


def test_refusals(admin: Administrator, client: smtplib.SMTP) -> None:
    client.starttls(context=careless())
    with pytest.raises(smtplib.SMTPAuthenticationError, match=r"5\.7\.3"):
        client.login("reader", "wrong")
    client.login("reader", _SECRET)
    with pytest.raises(smtplib.SMTPRecipientsRefused, match=r"5\.1\.10"):
        client.sendmail(_READER, ["nobody@contoso.test"], "Subject: x\n\n")
    with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.60"):
        client.sendmail("user000001@contoso.test", [_READER], "Subject: x\n\n")
    assert inbox(admin) == []


def test_the_port_follows_the_connector_the_service_and_the_component(admin: Administrator) -> None:
    address = f"{admin.organisation.servers['EX01'].address}:20587"
    assert listening(admin) == [address]
    admin.do("Set-ReceiveConnector", Identity=_CONNECTOR, Enabled=False)
    assert listening(admin) == []
    admin.do("Set-ReceiveConnector", Identity=_CONNECTOR, Enabled=True)
    assert listening(admin) == [address]
    admin.do("Stop-Service", Name="MSExchangeFrontEndTransport")
    assert listening(admin) == []
    with pytest.raises(OSError, match="refused"):
        smtplib.SMTP(admin.organisation.servers["EX01"].address, 20587, timeout=10)
    admin.do("Start-Service", Name="MSExchangeFrontEndTransport")
    admin.do(
        "Set-ServerComponentState",
        Identity="EX01",
        Component="FrontendTransport",
        State="Inactive",
        Requester="HealthAPI",
    )
    assert listening(admin) == []


def test_what_the_connector_offers(admin: Administrator) -> None:
    admin.do("Set-ReceiveConnector", Identity=_CONNECTOR, AuthMechanism="None", EnableAuthGSSAPI=False)
    with smtplib.SMTP(admin.organisation.servers["EX01"].address, 20587, timeout=10) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        assert not client.has_extn("auth")
    admin.do("Set-ReceiveConnector", Identity=_CONNECTOR, AuthMechanism="Tls,BasicAuth", Fqdn="mail.contoso.test")
    with smtplib.SMTP(admin.organisation.servers["EX01"].address, 20587, timeout=10) as client:
        assert b"mail.contoso.test" in client.ehlo()[1]
        assert client.has_extn("auth")


def test_the_certificate_is_the_one_for_the_connector(admin: Administrator) -> None:
    server = admin.organisation.servers["EX01"]
    trusting = ssl.create_default_context(cafile=str(server.certificate_file.parent / "ca.pem"))
    with smtplib.SMTP(server.address, 20587, timeout=10) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=trusting)
    mail = next(one for one in server.certificates.all if one.covers("mail.contoso.test"))
    with admin.organisation.lock:
        server.certificates.enable(mail, ["SMTP"])
    admin.do("Set-ReceiveConnector", Identity=_CONNECTOR, Fqdn="mail.contoso.test")
    with smtplib.SMTP(server.address, 20587, timeout=10) as client:
        assert client.starttls(context=trusting)[0] == 220


def test_the_connector_is_chosen_by_the_clients_address(admin: Administrator) -> None:
    def features() -> set[str]:
        with smtplib.SMTP(admin.organisation.servers["EX01"].address, 20587, timeout=10) as client:
            client.ehlo()
            return {"starttls", "auth"} & client.esmtp_features.keys()

    relay = {"TransportRole": "FrontendTransport", "Bindings": "0.0.0.0:587", "AuthMechanism": "None"}
    admin.run("New-ReceiveConnector", Name="Relay", RemoteIPRanges="10.10.50.0/24", **relay)
    assert features() == {"starttls"}
    admin.do("Set-ReceiveConnector", Identity="Relay", RemoteIPRanges=["10.10.50.0/24", "127.0.0.1"])
    assert features() == set()
    admin.do("Set-ReceiveConnector", Identity="Relay", Enabled=False)
    admin.do("Set-ReceiveConnector", Identity=_CONNECTOR, RemoteIPRanges="10.0.0.0/8")
    with pytest.raises(OSError, match="closed"):
        features()
