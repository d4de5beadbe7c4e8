"""exchange_certificate with state absent: what goes, and what stays because something needs it or may need it."""

from __future__ import annotations

import pytest
from in_process import ABSENT, InProcessHost, Put

MAIL = "mail.contoso.test"
MODULE = "exchange_certificate"
REMOVE = "Remove-ExchangeCertificate"
LOCAL = {"Microsoft.Exchange.Management.PowerShell.SnapIn"}
ALL = ("IMAP", "POP", "SMTP")

pytestmark = pytest.mark.forms("full")


def host_of(release="SE"):
    host = InProcessHost(release)
    for protocol in ("Pop", "Imap"):
        host.administer(f"Set-{protocol}Settings", X509CertificateName=MAIL)
    return host


@pytest.fixture
def host():
    return host_of()


def absent(mark, **more):
    return {"thumbprint": mark, "state": "absent", **more}


def here(host, mark):
    return host.server.certificates.find(mark) is not None


def of_setup(host, friendly_name="Microsoft Exchange"):
    return next(one for one in host.server.certificates.all if one.friendly_name == friendly_name).thumbprint


@pytest.mark.parametrize("release", ["SE", "2019", "2016", "2013", "2010"])
@pytest.mark.parametrize("snapins", [set(), LOCAL], ids=["remote", "local"])
def test_check_then_remove_then_again(release, snapins):
    host = host_of(release)
    host.snapins = snapins
    if snapins:
        host.snapins = set(host.server.release.snapins)
    old = host.import_certificate(MAIL, services=ALL)
    new = host.import_certificate(MAIL, services=ALL)
    predicted = host.run(MODULE, absent(old), check=True)
    assert host.writes == []
    done = host.run(MODULE, absent(old))
    for key in ("changed", "diff", "certificate", "cmdlets"):
        assert predicted[key] == done[key], key
    assert done["changed"] is True
    assert (done["diff"]["before"], done["diff"]["after"]) == ({"certificate": "present"}, {"certificate": "absent"})
    sent = {"Server": "EX01", "Thumbprint": old, "Confirm": False}
    assert done["cmdlets"] == [{"cmdlet": REMOVE, "parameters": sent}]
    assert (here(host, old), here(host, new)) == (False, True)
    again = host.run(MODULE, absent(old))
    assert (again["changed"], again["certificate"], host.writes) == (False, None, [REMOVE])


def test_what_nothing_uses_goes(host):
    mark = host.import_certificate("other.contoso.test")
    assert host.run(MODULE, absent(mark))["changed"] is True
    assert not here(host, mark)


def name_by_connector(host, mark):
    one = host.server.certificates.find(mark)
    name = f"<I>{one.issuer}<S>{one.subject}"
    host.administer("Set-ReceiveConnector", Identity="Client Frontend EX01", TlsCertificateName=name)


def unassigned_name(host):
    """A certificate that only a connector needs."""
    mark = host.import_certificate("smtp.contoso.test", services=["SMTP"])
    host.import_certificate("other.contoso.test", services=["SMTP"])
    name_by_connector(host, mark)
    return mark


def found_by_fqdn(host):
    """A certificate of the name that a connector gives itself, which names none."""
    host.administer("Set-ReceiveConnector", Identity="Client Frontend EX01", Fqdn="smtp.contoso.test")
    host.import_certificate("other.contoso.test", services=["SMTP"])
    return host.import_certificate("smtp.contoso.test", services=["SMTP"])


def by_wildcard(host):
    """One that both find without an assignment."""
    return host.import_certificate("*.contoso.test")


def last_of_smtp(host):
    for one in host.server.certificates.all:
        one.assigned.discard("SMTP")
    mark = host.import_certificate("other.contoso.test", services=["SMTP"])
    # The Auth Certificate has SMTP as Exchange has made it, and serves no client by it.
    host.server.certificates.find(of_setup(host, "Microsoft Exchange Server Auth Certificate")).assigned.add("SMTP")
    return mark


def custom_auth(host, member="CurrentCertificateThumbprint"):
    mark = host.import_certificate("auth.contoso.test")
    host.organisation.auth_certificates[member] = mark.lower()
    return mark


NEEDED = [
    ("POP", lambda host: host.import_certificate(MAIL, services=["POP"]), "POP3 finds no other usable certificate for"),
    ("IMAP", lambda host: host.import_certificate(MAIL, services=["IMAP"]), "IMAP4 finds no other usable certificate"),
    (
        "wildcard",
        by_wildcard,
        "POP3 finds no other usable certificate for its x509_certificate_name 'mail.contoso.test'",
    ),
    ("IIS", lambda host: host.import_certificate("web.contoso.test", services=["IIS"]), "a web site of IIS uses it;"),
    ("SMTP", last_of_smtp, "no other usable certificate is assigned to SMTP; assign one first."),
    ("connector", unassigned_name, "the receive connector Client Frontend EX01 names its issuer and subject, and no"),
    (
        "fqdn",
        found_by_fqdn,
        "the receive connector Client Frontend EX01 finds no other usable certificate with SMTP for its FQDN "
        "'smtp.contoso.test'; assign one to SMTP first.",
    ),
    (
        "auth",
        lambda host: of_setup(host, "Microsoft Exchange Server Auth Certificate"),
        "it is an Auth Certificate, with",
    ),
    ("current", custom_auth, "it is an Auth Certificate, with"),
    ("next", lambda host: custom_auth(host, "NextCertificateThumbprint"), "it is an Auth Certificate, with"),
    ("previous", lambda host: custom_auth(host, "PreviousCertificateThumbprint"), "it is an Auth Certificate, with"),
]


@pytest.mark.parametrize("case", [entry[1:] for entry in NEEDED], ids=[entry[0] for entry in NEEDED])
def test_what_is_needed_stays(host, case):
    make, reason = case
    mark = make(host)
    for check in (True, False):
        result = host.run(MODULE, absent(mark), check=check)
        assert result["failed"]
        assert f" on EX01 is not removed: {reason}" in result["msg"]
        assert (result["needed"], result.get("changed", False)) == (True, False)
    assert host.writes == []
    assert here(host, mark)


# What takes the place of another, so that this may go; or does not.
@pytest.mark.parametrize(
    ("other", "goes"),
    [
        ({"services": ["POP"]}, True),
        ({"services": ["IMAP"]}, False),
        ({"services": ["POP"], "days": -1, "begins": -9}, False),
        ({"services": ["POP"], "begins": 1}, False),
        ({"services": ["POP"], "private_key": False}, False),
    ],
    ids=["assigned", "of another service", "expired", "not valid yet", "without its key"],
)
def test_what_can_take_its_place(host, other, goes):
    if "private_key" in other:
        host.snapins = LOCAL
    mark = host.import_certificate(MAIL, services=["POP"])
    host.import_certificate(MAIL, **other)
    assert host.run(MODULE, absent(mark)).get("needed", False) is not goes
    assert here(host, mark) is not goes


def test_a_wildcard_takes_the_place_of_one_with_the_name(host):
    mark = host.import_certificate(MAIL, services=["POP"])
    host.import_certificate("*.contoso.test")
    assert host.run(MODULE, absent(mark))["changed"] is True


def test_a_connector_finds_the_renewed_one(host):
    old = host.import_certificate("smtp.contoso.test", services=["SMTP"])
    name_by_connector(host, old)
    new = host.import_certificate("smtp.contoso.test")
    assert host.run(MODULE, absent(old))["needed"] is True
    host.server.certificates.enable(host.server.certificates.find(new), ["SMTP"])
    assert host.run(MODULE, absent(old))["changed"] is True


def test_a_connector_finds_another_one_for_its_fqdn(host):
    old = found_by_fqdn(host)
    host.import_certificate("*.contoso.test", services=["SMTP"])
    assert host.run(MODULE, absent(old))["changed"] is True


def test_an_fqdn_that_cannot_be_read_may_be_one_of_its_names(host):
    mark = host.import_certificate("other.contoso.test", services=["SMTP"])
    host.shapes["Get-ReceiveConnector"] = Put({"Fqdn": [1]})
    result = host.run(MODULE, absent(mark))
    assert " is not removed: Fqdn of the receive connector" in result["msg"]
    assert (result["needed"], host.writes) == (True, [])


@pytest.mark.forms("plain")
def test_what_is_not_known_to_be_free_stays_in_the_plain_form():
    host = host_of()
    mark = host.import_certificate("other.contoso.test")
    result = host.run(MODULE, absent(mark))
    assert "is not removed: it is not known what it is assigned to, because Exchange does not send" in result["msg"]
    assert (result["needed"], host.writes) == (True, [])


def test_others_whose_services_are_not_known_do_not_count(host):
    """They may be assigned, or not."""
    mark = host.import_certificate(MAIL, services=["POP"])
    host.import_certificate(MAIL, services=["POP"])
    host.fault("payload_signing_broken")
    assert host.run(MODULE, absent(mark))["needed"] is True
    assert host.writes == []


def put_first(members):
    """What becomes of the members of the first certificate that comes."""
    return lambda output: [*Put(members)(output[:1]), *output[1:]]


def test_one_that_cannot_be_read_may_be_the_one_meant(host):
    host.shapes["Get-ExchangeCertificate"] = put_first({"RawData": ABSENT})
    result = host.run(MODULE, absent("A" * 40))
    assert result["msg"].startswith(
        "A certificate on EX01 cannot be read (it was returned without its RawData), so it is not"
    )
    assert host.writes == []


@pytest.mark.parametrize(
    ("cmdlet", "members", "reason"),
    [
        ("Get-PopSettings", {"X509CertificateName": 5}, "the x509_certificate_name of POP3 was returned as"),
        ("Get-ReceiveConnector", {"TlsCertificateName": [1]}, "TlsCertificateName of the receive connector"),
        ("Get-AuthConfig", {"CurrentCertificateThumbprint": 5}, "Get-AuthConfig shows CurrentCertificateThumbprint"),
    ],
)
def test_what_cannot_be_read_may_need_it(host, cmdlet, members, reason):
    mark = host.import_certificate("other.contoso.test")
    host.shapes[cmdlet] = Put(members)
    result = host.run(MODULE, absent(mark))
    assert result["failed"]
    assert reason in result["msg"]
    assert host.writes == []


@pytest.mark.parametrize("cmdlet", ["Get-AuthConfig", "Get-ReceiveConnector", "Get-PopSettings"])
def test_what_may_not_be_asked_may_need_it(host, cmdlet):
    mark = host.import_certificate("other.contoso.test")
    host.fault("rbac_without", cmdlet=cmdlet)
    result = host.run(MODULE, absent(mark))
    assert result["msg"].startswith(f"{cmdlet} is not granted to this user by RBAC")
    assert "needed" not in result
    assert host.writes == []


def test_exchange_keeps_what_a_send_connector_names(host):
    old, new = (host.import_certificate(MAIL, services=ALL) for _time in range(2))
    host.fault("send_connector", name="Outbound to the relay", subject=f"CN={MAIL}")
    for _time in range(2):
        result = host.run(MODULE, absent(old))
        assert result["msg"].startswith(
            "Remove-ExchangeCertificate failed: A special Rpc error occurs on server EX01: "
        )
        assert "tagged with following Send Connectors : Outbound to the relay" in result["msg"]
        assert "even if a renewed certificate has the same ones" in result["msg"]
        assert (result["needed"], result["changed"], result["diff"]["after"]) == (True, False, {})
    assert here(host, old)
    assert here(host, new)


def test_exchange_keeps_the_internal_transport_certificate(host):
    old = host.import_certificate("smtp.contoso.test", services=["SMTP"])
    host.server.certificates.default_smtp = host.server.certificates.find(old)
    result = host.run(MODULE, absent(old))
    assert "The internal transport certificate cannot be removed" in result["msg"]
    assert result["needed"] is True


@pytest.mark.parametrize("after_effect", [True, False])
def test_an_answer_that_is_lost(host, after_effect):
    mark = host.import_certificate("other.contoso.test")
    host.lost = [(REMOVE, after_effect)]
    assert host.run(MODULE, absent(mark))["changed"] is True
    assert host.writes == [REMOVE] * (1 if after_effect else 2)
    assert not here(host, mark)


def test_a_removal_that_does_not_stick_is_told(host):
    mark = host.import_certificate("other.contoso.test")
    host.fault("write_does_not_stick", cmdlet=REMOVE)
    result = host.run(MODULE, absent(mark))
    assert result["msg"] == f"The certificate {mark} was removed, but EX01 still shows it."
    assert (result["changed"], result["needed"]) == (False, False)


@pytest.mark.parametrize(
    ("options", "msg"),
    [
        ({"state": "absent"}, "thumbprint: it is missing; state: absent removes only the certificate that it names."),
        (
            absent("A" * 40, services=["POP"]),
            "state: with absent, only thumbprint has an effect, but services is given too; leave that out.",
        ),
        (
            absent("A" * 40, name=MAIL, pfx="a.pfx"),
            "state: with absent, only thumbprint has an effect, but name, pfx are given too; leave that out.",
        ),
    ],
)
def test_options_that_contradict_each_other(host, options, msg):
    assert host.run(MODULE, options)["msg"] == msg
    assert host.calls == []
