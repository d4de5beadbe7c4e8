"""The certificate store: what Get-ExchangeCertificate shows of it, what Enable- does to it, and what clients see."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from administrator import Administrator
from cryptography import x509
from psrpcore.types import PSByteArray, PSSecureString
from renewal import PASSWORD, Issued, issue

from exchange_simulator.organisation import Organisation

_MAIL = "mail.contoso.test"


def services(admin: Administrator, name: str, server: str = "EX01") -> str:
    certificates = admin.organisation.state()["servers"][server]["certificates"]
    return str(next(one["services"] for one in reversed(certificates) if one["subject"] == f"CN={name}"))


def enable(admin: Administrator, name: str, what: Any, **more: Any) -> list[str]:
    return admin.do("Enable-ExchangeCertificate", Thumbprint=admin.thumbprint(name), Services=what, **more)


def shown(admin: Administrator, **parameters: Any) -> list[str]:
    """The common names of what Get-ExchangeCertificate returns."""
    result = admin.run("Get-ExchangeCertificate", **parameters)
    assert result.errors == []
    found = [x509.load_der_x509_certificate(bytes(one["RawData"])).subject for one in result.output]
    return [str(subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value) for subject in found]


def add(admin: Administrator, *names: str, server: str = "EX01", **traits: Any) -> str:
    return admin.organisation.servers[server].import_certificate(names, **traits).thumbprint


@pytest.mark.parametrize("release", ["SE", "2016", "2010"])
def test_what_setup_leaves_behind(make: Callable[..., Organisation], release: str) -> None:
    admin = Administrator(make(release))
    auth = "Microsoft Exchange Server Auth Certificate"
    expected = {"EX01": "IMAP, POP, IIS, SMTP", auth: "SMTP", "WMSvc-SHA2-EX01": "None", _MAIL: "None"}
    if release == "2010":
        del expected[auth]
    assert shown(admin) == list(expected)
    assert {name: services(admin, name) for name in expected} == expected


def test_only_content_and_payload_are_shown(admin: Administrator) -> None:
    shown_on = {"EX01": b"#sig#", "EX02": b"\0\x01\0\0\0"}
    for name, mark in shown_on.items():
        one = admin.run("Get-ExchangeCertificate", Server=name).output[0]
        assert [member.name for member in one.PSObject.adapted_properties] == ["RawData"]
        assert [member.name for member in one.PSObject.extended_properties] == ["SerializationData"]
        assert bytes(one["SerializationData"]).startswith(mark)
    admin.organisation.faults.arm({"kind": "payload_signing_broken", "server": "EX01"})
    one = admin.run("Get-ExchangeCertificate", Server="EX01").output[0]
    assert one.PSObject.extended_properties == []
    assert admin.run("Get-ExchangeCertificate", Server="EX02").output[0].PSObject.extended_properties


def test_which_certificates_are_shown(admin: Administrator) -> None:
    thumbprint = admin.thumbprint(_MAIL, "EX02")
    add(admin, "*.contoso.test", server="EX02")
    assert shown(admin, Thumbprint=thumbprint.lower(), Server="EX02") == [_MAIL]
    assert shown(admin, Identity=rf"EX02\{thumbprint}") == [_MAIL]
    assert shown(admin, DomainName=["EX02"], Server="EX02") == ["EX02"]
    assert set(shown(admin, DomainName=[_MAIL], Server="EX02")) == {"*.contoso.test", _MAIL}
    assert "was not found" in str(admin.refused("Get-ExchangeCertificate", Thumbprint=thumbprint))
    both = admin.refused("Get-ExchangeCertificate", Identity=rf"EX02\{thumbprint}", Server="EX02")
    assert both.FullyQualifiedErrorId.startswith("AmbiguousParameterSet")
    absent = admin.refused("Get-ExchangeCertificate", on="EX03", Identity=rf"EX02\{thumbprint}")
    assert absent.FullyQualifiedErrorId.startswith("NamedParameterNotFound")


@pytest.mark.parametrize("what", ["POP, IMAP", "imap,pop", ["POP", "IMAP"], 3, "3"])
def test_services_are_added(admin: Administrator, what: Any) -> None:
    enable(admin, _MAIL, what)
    assert services(admin, _MAIL) == "IMAP, POP"
    enable(admin, _MAIL, "IIS")
    assert services(admin, _MAIL) == "IMAP, POP, IIS"
    # Nothing is ever taken off again, and other certificates keep theirs.
    enable(admin, _MAIL, "POP")
    enable(admin, _MAIL, "None")
    assert services(admin, _MAIL) == "IMAP, POP, IIS"
    assert services(admin, "EX01") == "IMAP, POP, IIS, SMTP"


def test_the_front_end_site_has_one_certificate(admin: Administrator) -> None:
    enable(admin, _MAIL, "IIS")
    add(admin, "other.contoso.test")
    enable(admin, "other.contoso.test", "IIS")
    assert services(admin, _MAIL) == "None"
    # The back end keeps the server's own; Exchange 2010 has no back end.
    assert services(admin, "EX01") == "IMAP, POP, IIS, SMTP"
    thumbprint = admin.thumbprint(_MAIL, "EX03")
    admin.do("Enable-ExchangeCertificate", on="EX03", Thumbprint=thumbprint, Services="IIS")
    assert services(admin, "EX03", "EX03") == "IMAP, POP, SMTP"


def test_the_question_for_the_default_certificate(admin: Administrator) -> None:
    thumbprint = admin.thumbprint(_MAIL)
    error = admin.refused("Enable-ExchangeCertificate", Thumbprint=thumbprint, Services="POP, SMTP", Confirm=False)
    assert "Overwrite the existing default SMTP certificate?" in str(error)
    assert services(admin, _MAIL) == "None"
    enable(admin, _MAIL, "POP, SMTP", Force=True)
    assert services(admin, _MAIL) == "POP, SMTP"
    # It is the default one now, so that there is nothing left to ask.
    enable(admin, _MAIL, "SMTP")


def test_a_wildcard_is_not_for_pop_and_imap(admin: Administrator) -> None:
    add(admin, "*.contoso.test")
    warnings = enable(admin, "*.contoso.test", "POP, IMAP, IIS")
    assert [warning.partition("cannot used for ")[2][:4] for warning in warnings] == ["POP ", "IMAP"]
    assert services(admin, "*.contoso.test") == "IIS"


@pytest.mark.parametrize(
    ("traits", "warned"),
    [
        ({"names": ("*.contoso.test", _MAIL)}, True),
        ({"names": (_MAIL,), "subject": "CN=*.contoso.test"}, True),
        ({"names": (_MAIL, "*.contoso.test")}, False),
        ({"names": ("*.contoso.test",), "subject": ""}, False),
    ],
)
def test_the_subject_alone_makes_a_wildcard(admin: Administrator, traits: dict[str, Any], warned: bool) -> None:
    thumbprint = add(admin, *traits.pop("names"), **traits)
    told = admin.do("Enable-ExchangeCertificate", Thumbprint=thumbprint, Services="POP")
    assert bool(told) is warned
    stored = admin.organisation.servers["EX01"].certificates.find(thumbprint)
    assert stored is not None
    assert stored.services == ("None" if warned else "POP")


def test_names_are_written_as_windows_does(admin: Administrator) -> None:
    thumbprint = add(
        admin, _MAIL, subject=r"CN=a.test,O=M\"x\" \+ S\, Inc.,OU=plain,L=", issuer="O=CA", key_type="P-384"
    )
    stored = admin.organisation.servers["EX01"].certificates.find(thumbprint)
    assert stored is not None
    assert (stored.subject, stored.issuer) == ('CN=a.test, O="M""x"" + S, Inc.", OU=plain, L=', "O=CA")


@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        ({"days": -0.5}, "DateInvalid"),
        ({"begins": 1}, "DateInvalid"),
        ({"private_key": False}, "PrivateKeyMissing"),
    ],
)
def test_certificates_that_cannot_be_used(admin: Administrator, traits: dict[str, Any], reason: str) -> None:
    thumbprint = add(admin, _MAIL, **traits)
    error = admin.refused("Enable-ExchangeCertificate", Thumbprint=thumbprint, Services="POP")
    assert reason in str(error)
    assert str(error).startswith("A special Rpc error occurs on server EX01: ")
    assert "[FailureCategory=Cmdlet-InvalidOperationException]" in error.FullyQualifiedErrorId
    assert services(admin, _MAIL) == "None"


@pytest.mark.parametrize("parameters", [{}, {"Services": "POP"}, {"Thumbprint": "AB"}, {"Services": "WEB"}])
def test_incomplete_commands(admin: Administrator, parameters: dict[str, Any]) -> None:
    error = admin.refused("Enable-ExchangeCertificate", **parameters)
    assert error.FullyQualifiedErrorId.partition(",")[0] in (
        "MissingMandatoryParameter",
        "ParameterArgumentTransformationError",
    )


def test_what_if_and_a_write_that_does_not_stick(admin: Administrator) -> None:
    enable(admin, _MAIL, "POP", WhatIf=True)
    admin.organisation.faults.arm({"kind": "write_does_not_stick", "cmdlet": "Enable-ExchangeCertificate"})
    enable(admin, _MAIL, "POP")
    assert services(admin, _MAIL) == "None"


def test_removing_and_reset(admin: Administrator) -> None:
    store = admin.organisation.servers["EX01"].certificates
    thumbprint = add(admin, "other.contoso.test")
    enable(admin, "other.contoso.test", "SMTP", Force=True)
    store.remove(thumbprint)
    assert store.default_smtp.common_name == "EX01"
    for gone in (thumbprint, admin.thumbprint("EX01")):
        with pytest.raises(ValueError, match="no certificate"):
            store.remove(gone)
    enable(admin, _MAIL, "POP")
    admin.organisation.reset()
    assert services(admin, _MAIL) == "None"


class TestWhatClientsSee:
    """The certificate follows X509CertificateName and the services, at the restart."""

    @pytest.fixture
    def admin(self, make: Callable[..., Organisation]) -> Administrator:
        organisation = make("SE")
        organisation.start_listeners()
        admin = Administrator(organisation)
        admin.do("Set-PopSettings", X509CertificateName=_MAIL)
        return admin

    @staticmethod
    def seen(admin: Administrator) -> str:
        admin.do("Restart-Service", Name=["MSExchangePop3", "MSExchangePOP3BE"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        # Python's own default refuses keys as weak as those that are to be seen here.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        address = (admin.organisation.servers["EX01"].address, 20995)
        with socket.create_connection(address, 10) as line, context.wrap_socket(line) as client:
            der = client.getpeercert(binary_form=True)
        assert der is not None
        found = [one for one in admin.organisation.servers["EX01"].certificates.all if one.der == der]
        return found[0].thumbprint

    def test_a_name_needs_the_service(self, admin: Administrator) -> None:
        assert self.seen(admin) == admin.thumbprint("EX01")
        enable(admin, _MAIL, "IMAP")
        assert self.seen(admin) == admin.thumbprint("EX01")
        enable(admin, _MAIL, "POP")
        assert self.seen(admin) == admin.thumbprint(_MAIL)

    def test_a_wildcard_needs_no_service(self, admin: Administrator) -> None:
        thumbprint = add(admin, "*.contoso.test")
        assert self.seen(admin) == thumbprint
        enable(admin, _MAIL, "POP")
        assert self.seen(admin) == admin.thumbprint(_MAIL)

    def test_a_wildcard_beside_the_name_needs_no_service_either(self, admin: Administrator) -> None:
        thumbprint = add(admin, _MAIL, subject="CN=*.contoso.test")
        assert self.seen(admin) == thumbprint

    def test_only_usable_ones_are_shown(self, admin: Administrator) -> None:
        for traits in ({"days": -0.5}, {"begins": 1}, {"private_key": False}):
            add(admin, "*.contoso.test", **traits)
        assert self.seen(admin) == admin.thumbprint("EX01")

    def test_a_weak_key_is_shown(self, admin: Administrator) -> None:
        thumbprint = add(admin, _MAIL, rsa_bits=1024, days=5)
        admin.do("Enable-ExchangeCertificate", Thumbprint=thumbprint, Services="POP")
        assert self.seen(admin) == thumbprint

    def test_the_newest_of_an_authority_is_shown(self, admin: Administrator) -> None:
        older, newer = add(admin, _MAIL, begins=-9), add(admin, _MAIL, begins=-2)
        for thumbprint in (older, newer, add(admin, _MAIL, self_signed=True, begins=-1)):
            admin.do("Enable-ExchangeCertificate", Thumbprint=thumbprint, Services="POP")
        assert self.seen(admin) == newer


def bring(admin: Administrator, issued: Issued, **more: Any) -> dict[str, Any]:
    return {"FileData": PSByteArray(issued.pfx()), "Password": PSSecureString(PASSWORD), **more}


@pytest.mark.parametrize("release", ["SE", "2010"])
def test_an_imported_certificate_is_served_after_the_next_restart(
    make: Callable[..., Organisation], release: str
) -> None:
    admin, issued = Administrator(make(release)), issue(_MAIL)
    admin.organisation.start_listeners()
    admin.do("Set-PopSettings", X509CertificateName=_MAIL)
    names = ["MSExchangePop3", *(["MSExchangePOP3BE"] if release == "SE" else [])]
    admin.do("Start-Service", Name=names)
    admin.do("Import-ExchangeCertificate", **bring(admin, issued, FriendlyName="Mail"))
    admin.do("Enable-ExchangeCertificate", Thumbprint=issued.thumbprint, Services="POP")
    server = admin.organisation.servers["EX01"]

    def served() -> bool:
        pem = ssl.get_server_certificate((server.address, 20995))
        return pem == issued.pem().decode()

    assert not served()
    admin.do("Restart-Service", Name=names)
    assert served()
    stored = server.certificates.find(issued.thumbprint)
    assert stored is not None
    assert (stored.friendly_name, stored.exportable, stored.services) == ("Mail", False, "POP")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Password": PSSecureString("another one")}, "The data or the password is not valid."),
        ({"FileData": PSByteArray(b"nothing")}, "The data or the password is not valid."),
    ],
)
def test_what_cannot_be_imported(admin: Administrator, change: dict[str, Any], words: str) -> None:
    error = admin.refused("Import-ExchangeCertificate", **bring(admin, issue(_MAIL), **change))
    assert str(error) == f"A special Rpc error occurs on server EX01: Cannot import certificate. {words}"


def test_what_is_there_is_not_imported_again(admin: Administrator) -> None:
    given = bring(admin, issue(_MAIL))
    admin.do("Import-ExchangeCertificate", **given)
    assert "already exists" in str(admin.refused("Import-ExchangeCertificate", **given))


def test_passwords_and_keys_are_not_in_the_log(admin: Administrator) -> None:
    admin.do("Import-ExchangeCertificate", **bring(admin, issue(_MAIL)))
    (entry,) = [one for one in admin.organisation.log if one["cmdlet"] == "Import-ExchangeCertificate"]
    assert entry["parameters"]["Password"] == "***"
    assert entry["parameters"]["FileData"].endswith(" bytes)")


def test_removing_asks_and_refuses_what_transport_uses(admin: Administrator) -> None:
    mark = add(admin, "old.contoso.test")
    unanswered = admin.refused("Remove-ExchangeCertificate", Thumbprint=mark)
    assert "Remove certificate with thumbprint" in str(unanswered)
    own = admin.organisation.servers["EX01"].certificates.default_smtp.thumbprint
    refused = admin.refused("Remove-ExchangeCertificate", Thumbprint=own, Confirm=False)
    assert "The internal transport certificate cannot be removed" in str(refused)
    admin.organisation.faults.arm({"kind": "send_connector", "name": "Relay", "subject": "CN=old.contoso.test"})
    tagged = admin.refused("Remove-ExchangeCertificate", Thumbprint=mark, Confirm=False)
    assert "tagged with following Send Connectors : Relay" in str(tagged)
    admin.organisation.faults.clear()
    admin.do("Remove-ExchangeCertificate", Thumbprint=mark, Confirm=False)
    assert admin.organisation.servers["EX01"].certificates.find(mark) is None


def test_the_auth_certificate_is_told(admin: Administrator) -> None:
    shown_mark = admin.one("Get-AuthConfig")["CurrentCertificateThumbprint"]
    assert shown_mark == admin.thumbprint("Microsoft Exchange Server Auth Certificate")
