"""exchange_certificate: which certificate it takes, what it assigns, what it refuses, and what it cannot know."""

from __future__ import annotations

import copy
import hashlib

import pytest
from in_process import InProcessHost, Put

MAIL = "mail.contoso.test"
MODULE = "exchange_certificate"
ENABLE = "Enable-ExchangeCertificate"
GONE = "0" * 39 + "A"
LOCAL = {"Microsoft.Exchange.Management.PowerShell.SnapIn"}


def host_of(release="SE"):
    """A server with its own certificate only, whose POP3 and IMAP4 look for mail.contoso.test."""
    host = InProcessHost(release)
    for certificate in host.server.certificates.all[1:]:
        host.server.certificates.remove(certificate.thumbprint)
    look_for(host, MAIL)
    return host


def look_for(host, name, *protocols):
    for protocol in protocols or ("Pop", "Imap"):
        host.administer(f"Set-{protocol}Settings", X509CertificateName=name)


def services(host, mark):
    return next(one["services"] for one in host.state["certificates"] if one["thumbprint"] == mark)


@pytest.fixture
def host():
    return host_of()


@pytest.mark.parametrize(
    ("release", "snapins"),
    [("2016", set()), ("SE", set()), ("2019", LOCAL)],
    ids=["serialized", "serialized and signed", "live"],
)
def test_check_then_apply_then_again(release, snapins):
    host = host_of(release)
    host.snapins = snapins
    mark = host.import_certificate(MAIL, services=["SMTP"])
    wanted = {"name": MAIL, "services": ["pop", "Imap"]}

    predicted = host.run(MODULE, wanted, check=True)
    assert host.writes == []
    done = host.run(MODULE, wanted)
    assert host.writes == ["Enable-ExchangeCertificate"]
    for key in ("changed", "diff", "certificate", "cmdlets", "assigned", "restart_required"):
        assert predicted[key] == done[key], key
    assert done["changed"] is done["assigned"] is done["restart_required"] is True
    assert done["diff"]["before"] == {"services": ["SMTP"]}
    assert done["diff"]["after"] == {"services": ["IMAP", "POP", "SMTP"]}
    assert done["certificate"]["services"] == ["IMAP", "POP", "SMTP"]
    sent = {"Thumbprint": mark, "Services": "IMAP, POP"}
    assert done["cmdlets"] == [{"cmdlet": "Enable-ExchangeCertificate", "parameters": {"Server": "EX01", **sent}}]

    again = host.run(MODULE, wanted)
    assert again["changed"] is again["restart_required"] is False
    assert again["assigned"] is True
    assert again["diff"]["before"] == again["diff"]["after"] == {}
    assert host.writes == ["Enable-ExchangeCertificate"]


@pytest.mark.parametrize("version", ["SE", "2016", "2013", "2010"])
def test_the_name_is_the_one_the_protocols_have_stored(version, warned):
    host = host_of(version)
    look_for(host, "MAIL.contoso.test")
    host.import_certificate("other.contoso.test")
    mark = host.import_certificate(MAIL)
    result = host.run(MODULE, {"services": "POP"})
    assert result["certificate"]["thumbprint"] == mark
    assert services(host, mark) == "POP"
    assert warned == []


@pytest.mark.parametrize("spelled", ["{}", " {} ", "\u200e{}"])
def test_a_thumbprint_as_people_copy_it(host, spelled):
    mark = host.import_certificate(MAIL)
    pairs = " ".join(mark[i : i + 2] for i in range(0, 40, 2)).lower()
    assert host.run(MODULE, {"thumbprint": spelled.format(pairs), "services": ["POP"]})["changed"] is True
    assert services(host, mark) == "POP"


def test_only_what_is_missing_is_sent(host):
    host.import_certificate(MAIL, services=["POP", "IIS", "SMTP"])
    result = host.run(MODULE, {"services": ["POP", "IMAP"]})
    assert result["cmdlets"][0]["parameters"]["Services"] == "IMAP"
    assert result["certificate"]["services"] == ["IMAP", "POP", "IIS", "SMTP"]


def test_smtp_only_with_the_answer_given(host):
    host.import_certificate(MAIL)
    wanted = {"name": MAIL, "services": ["SMTP", "POP"], "replace_default_smtp_certificate": True}
    result = host.run(MODULE, wanted)
    assert result["cmdlets"][0]["parameters"]["Force"] is True
    assert result["certificate"]["services"] == ["POP", "SMTP"]
    host.import_certificate("iis.contoso.test")
    result = host.run(MODULE, {**wanted, "name": "iis.contoso.test", "services": ["IIS"]})
    assert "Force" not in result["cmdlets"][0]["parameters"]
    assert result["restart_required"] is False


def test_an_exact_name_comes_before_a_wildcard_and_a_wildcard_alone_is_refused(host):
    wildcard = host.import_certificate("*.contoso.test", "contoso.test")
    refusal = (
        f"services: IMAP4 and POP3 cannot be assigned the certificate {wildcard}, because it fits only by its wildcard "
        "(*.contoso.test, contoso.test); set x509_certificate_name to {} instead, that is all a wildcard needs."
    )
    by_name = host.run(MODULE, {"services": ["POP", "IMAP"]})
    assert by_name["msg"] == refusal.format(f"'{MAIL}'")
    by_thumbprint = host.run(MODULE, {"services": ["POP", "IMAP"], "thumbprint": wildcard})
    assert by_thumbprint["msg"] == refusal.format("the host name clients connect to")
    exact = host.import_certificate(MAIL, begins=-30)
    assert host.run(MODULE, {"services": ["POP", "IMAP"]})["certificate"]["thumbprint"] == exact
    assert host.run(MODULE, {"services": ["IIS"], "thumbprint": wildcard})["changed"] is True


@pytest.mark.parametrize(
    ("certificate", "snapins", "fault"),
    [
        ({"begins": 2, "days": 9}, set(), "is not valid before "),
        ({"begins": -9, "days": -1}, set(), "has expired, it was valid until "),
        ({"private_key": False}, LOCAL, "has no private key on this server"),
        ({"status": "Revoked"}, LOCAL, "has the status Revoked"),
        ({"status": "PendingRequest"}, LOCAL, "has the status PendingRequest"),
    ],
)
def test_what_cannot_be_used_is_refused(host, certificate, snapins, fault):
    host.snapins = snapins
    mark = host.import_certificate(MAIL, services=["POP"], **certificate)
    result = host.run(MODULE, {"services": ["POP"], "thumbprint": mark})
    assert result["msg"].startswith(f"thumbprint: the certificate {mark} on EX01 {fault}")
    assert result["msg"].endswith("; give another one.")
    result = host.run(MODULE, {"services": ["POP"]})
    expected = f"name: no certificate that covers 'mail.contoso.test' on EX01 can be used: {mark} {fault}"
    assert result["msg"].startswith(expected)
    host.import_certificate(MAIL)
    assert host.run(MODULE, {"services": ["POP"]})["changed"] is True


def test_a_certificate_that_expires_soon_or_is_weak_is_warned_of(host, warned):
    mark = host.import_certificate(MAIL, services=["POP"], days=10, rsa_bits=1024)
    host.run(MODULE, {"services": ["POP"]})
    shown = f"The certificate {mark} ({MAIL}), assigned to POP,"
    weak = f"{shown} is weak: its key has only 1024 bits. Modern clients refuse weak keys and signatures."
    assert warned[0].startswith(f"{shown} expires in 9 days, on ")
    assert warned[0].endswith(". From then on clients refuse the connection or ask the user.")
    assert warned[1:] == [weak]
    warned.clear()
    host.run(MODULE, {"services": ["POP"], "expires_within_days": 9})
    assert warned == [weak]


def test_a_name_that_the_protocol_does_not_look_for_is_warned_of(host, warned):
    mark = host.import_certificate("pop.contoso.test")
    host.run(MODULE, {"services": ["POP"], "thumbprint": mark})
    assert warned == [
        f"x509_certificate_name of POP3 is 'mail.contoso.test', and {mark} (pop.contoso.test) does not cover it. POP3 "
        "chooses its certificate by that name: encryption fails, or clients see another one and complain."
    ]
    warned.clear()
    look_for(host, "pop.contoso.test", "Pop")
    host.run(MODULE, {"services": ["POP"], "thumbprint": mark})
    assert warned == []


def test_unknown_services_are_said_to_be_unknown_and_nothing_is_changed(host, warned):
    mark = host.import_certificate(MAIL, services=["POP"])
    host.fault("payload_signing_broken")
    for check in (True, False):
        result = host.run(MODULE, {"services": ["POP"]}, check=check)
        assert result["changed"] is False
        assert result["assigned"] is result["certificate"]["services"] is None
        assert warned == [
            f"The services of {mark} are unknown, because EX01 does not tell them over remote PowerShell at present, "
            "as a rule for want of a valid Auth Certificate. Nothing was assigned; repair that, or set "
            "assign_when_services_unknown to true."
        ]
        warned.clear()
    assert host.writes == []


def test_unknown_services_are_written_only_when_told_so(host, warned):
    mark = host.import_certificate(MAIL)
    host.fault("payload_signing_broken")
    wanted = {"services": ["POP"], "assign_when_services_unknown": True}
    predicted = host.run(MODULE, wanted, check=True)
    assert host.writes == []
    assert predicted["diff"]["before"] == {"services": None}
    for count in (1, 2):
        result = host.run(MODULE, wanted)
        assert result["changed"] is True
        assert result["assigned"] is None
        assert warned == [f"Whether {mark} is now assigned cannot be verified on EX01."]
        warned.clear()
        assert len(host.writes) == count
    assert services(host, mark) == "POP"


def test_an_assignment_that_does_not_stick_is_reported(host):
    mark = host.import_certificate(MAIL, services=["SMTP"])
    host.fault("write_does_not_stick", cmdlet=ENABLE)
    result = host.run(MODULE, {"services": ["POP"]})
    assert result["failed"] is True
    assert result["changed"] is False
    assert len(host.writes) == 1
    assert result["msg"] == (
        f"services: POP was assigned to {mark}, but EX01 shows only SMTP for it; a wildcard or a missing private key "
        "can be the reason."
    )


@pytest.mark.parametrize(("arrived", "writes"), [(True, 1), (False, 2)])
def test_after_a_lost_answer_it_looks_before_it_writes_again(host, arrived, writes):
    mark = host.import_certificate(MAIL)
    host.lost = [(ENABLE, arrived)]
    assert host.run(MODULE, {"services": ["POP"]})["assigned"] is True
    assert services(host, mark) == "POP"
    assert len(host.writes) == writes


@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_answer_and_unknown_services_are_no_success(host, times):
    mark = host.import_certificate(MAIL)
    host.fault("payload_signing_broken")
    host.lost = [(ENABLE, True)] * times
    result = host.run(MODULE, {"services": ["POP"], "assign_when_services_unknown": True})
    assert len(host.writes) == 2
    assert result["changed"] is True
    assert result.get("failed", False) is (times == 2)
    if times == 2:
        assert result["msg"].startswith(
            f"services: POP was assigned to {mark}, but EX01 shows unknown services for it. Enable-ExchangeCertificate "
            "was sent and the connection broke"
        )


def test_an_answer_that_is_lost_again_is_not_taken_for_success(host):
    host.import_certificate(MAIL)
    host.lost = [(ENABLE, False)] * 2
    result = host.run(MODULE, {"services": ["POP"]})
    assert result["changed"] is False
    assert "it may or may not have taken effect" in result["msg"]


def test_what_exchange_says_is_passed_on(host):
    mark = host.import_certificate(MAIL, private_key=False)
    result = host.run(MODULE, {"services": ["POP"]})
    assert result["msg"] == (
        f"Enable-ExchangeCertificate failed: The certificate with thumbprint {mark} was found but is not valid for use "
        "with Exchange Server (reason: PrivateKeyMissing)."
    )


def test_a_certificate_that_cannot_be_read_does_not_stop_the_others(host, warned):
    junk = b"no certificate at all"
    mark = hashlib.sha1(junk, usedforsecurity=False).hexdigest().upper()
    spoilt = Put({"RawData": junk})
    host.shapes["Get-ExchangeCertificate"] = lambda output: [*spoilt([copy.deepcopy(output[0])]), *output]
    host.import_certificate(MAIL)
    result = host.run(MODULE, {"services": ["POP"]})
    assert result["changed"] is True
    assert warned[0].startswith(f"A certificate on EX01 is left out: {mark} cannot be read (")


def test_protocols_that_look_for_different_names_are_not_decided_between(host):
    look_for(host, "imap.contoso.test", "Imap")
    host.import_certificate(MAIL, "imap.contoso.test")
    assert host.run(MODULE, {"services": ["IMAP", "POP"]})["msg"] == (
        "name: x509_certificate_name on EX01 is 'imap.contoso.test' for IMAP4 and 'mail.contoso.test' for POP3; give "
        "name or thumbprint, or a task to each."
    )
    assert host.run(MODULE, {"services": ["IMAP", "POP"], "name": MAIL})["changed"] is True


POP = {"services": ["POP"]}
HEX = "give the 40 hexadecimal digits that Get-ExchangeCertificate shows."
ONE_WAY = (
    "services: Exchange assigns services and never takes one away, so there is no set, add or remove; give a list of "
    "those to assign. To take one from this certificate assign it to another, and remove this one."
)
CLIENT_NAME = "give the host name clients connect to, such as mail.contoso.com."
# The thumbprints of the server's own certificate and of the one beside it.
OWN, ONLY = "<own>", "<only>"
ALL = f"it has {OWN} (ex01, ex01.contoso.test), {ONLY} (mail.contoso.test)."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({**POP, "thumbprint": "611C687D"}, f"thumbprint: '611C687D' has 8 hexadecimal digits; {HEX}"),
        ({**POP, "thumbprint": ""}, f"thumbprint: '' has 0 hexadecimal digits; {HEX}"),
        ({**POP, "thumbprint": "611G687D"}, f"thumbprint: 'G' in '611G687D' is no hexadecimal digit; {HEX}"),
        (
            {**POP, "thumbprint": GONE},
            f"thumbprint: Exchange has no certificate {GONE} on EX01; import it there first; {ALL}",
        ),
        ({**POP, "name": ""}, "name: '' is empty; give a host name, or leave the option out."),
        (
            {**POP, "name": "*.contoso.test"},
            f"name: '*.contoso.test' is a wildcard, which POP3 and IMAP4 cannot look up; {CLIENT_NAME}",
        ),
        ({**POP, "name": "CN=mail"}, f"name: 'CN=mail' is a certificate's subject; {CLIENT_NAME}"),
        ({**POP, "name": GONE}, f"name: '{GONE}' is a thumbprint; {CLIENT_NAME}"),
        (
            {**POP, "name": "pop.contoso.test"},
            f"name: no certificate of Exchange's on EX01 covers 'pop.contoso.test'; {ALL}",
        ),
        (
            {**POP, "name": "pop.contoso.test", "thumbprint": ONLY},
            f"name: the certificate {ONLY} does not cover 'pop.contoso.test', only mail.contoso.test; "
            "give one that does.",
        ),
        ({"services": {"remove": ["POP"]}}, ONE_WAY),
        ({"services": {"set": ["POP"]}}, ONE_WAY),
        (
            {"services": []},
            "services: 'None' would take services away, which Exchange cannot; "
            "give a list of those to assign, such as POP.",
        ),
        ({"services": None}, "services: it has no value; give a list of those to assign, such as POP."),
        ({"services": ["pop3"]}, "services: 'pop3' is none of its values; give one or more of IMAP, POP, IIS, SMTP."),
        ({"services": ["UM"]}, "services: 'UM' is none of its values; give one or more of IMAP, POP, IIS, SMTP."),
        ({"services": ["POP", "none"]}, "services: 'None' cannot go together with POP; give it alone."),
        (
            {"services": ["SMTP"], "thumbprint": ONLY},
            "services: for SMTP Exchange asks whether the certificate is to replace the default one, by which its "
            "servers authenticate each other; set replace_default_smtp_certificate to true to say yes, "
            "or leave SMTP out.",
        ),
        (
            {"services": ["IIS"]},
            "name: it is not told which certificate is meant; give name or thumbprint.",
        ),
        (
            {**POP, "expires_within_days": -1},
            "expires_within_days: -1 is out of range; give 0 to 3650 days.",
        ),
    ],
)
def test_bad_input_gets_one_sentence_and_nothing_is_written(host, options, message):
    marks = {OWN: host.server.certificates.all[0].thumbprint, ONLY: host.import_certificate(MAIL)}
    given = {option: marks.get(value, value) if isinstance(value, str) else value for option, value in options.items()}
    result = host.run(MODULE, given)
    assert result["failed"] is True
    for placeholder, mark in marks.items():
        message = message.replace(placeholder, mark)
    assert result["msg"] == message
    assert host.writes == []


def test_without_a_stored_name_it_is_not_guessed(host):
    look_for(host, None)
    host.import_certificate(MAIL)
    assert host.run(MODULE, POP)["msg"] == (
        "name: it is not told which certificate is meant, and EX01 has no x509_certificate_name stored for POP3; "
        "give name or thumbprint."
    )
