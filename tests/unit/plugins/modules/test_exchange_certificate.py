"""exchange_certificate: which certificate it takes, what it assigns, what it refuses, and what it cannot know."""

from __future__ import annotations

import copy
import hashlib

import pytest
from in_process import ABSENT, InProcessHost, Put

MAIL = "mail.contoso.test"
MODULE = "exchange_certificate"
ENABLE = "Enable-ExchangeCertificate"
GONE = "0" * 39 + "A"
LOCAL = {"Microsoft.Exchange.Management.PowerShell.SnapIn"}
FULL_FORM = (
    "set ansible_exchange_serialization to full, or add serializationLevel=Full to the query of your own "
    "ansible_exchange_path"
)
# By form, why services are not known and what helps; in the full form because of the fault payload_signing_broken.
UNKNOWN = {
    "full": (
        "Exchange does not show the services of certificates over remote PowerShell at the moment, usually because "
        "there is no valid Auth Certificate, or else because something on the way drops serializationLevel=Full",
        "make sure that the server has the Auth Certificate that Get-AuthConfig names, and renew that only if it is "
        "missing or has expired",
    ),
    "plain": (
        "Exchange does not send which services a certificate is assigned to in the plain form of its objects, which "
        "this session asks for",
        FULL_FORM,
    ),
}


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


def assigning(host, **wanted):
    """Options with which a certificate is assigned in any form."""
    return {**wanted, "assign_when_services_unknown": host.form == "plain"}


def assigned_again(host, mark, services="POP"):
    """What is warned of where that is done without knowing whether it is assigned already."""
    why, fix = UNKNOWN[host.form]
    return (
        f"Whether {mark} is assigned to {services} on EX01 is not known: {why}. It is therefore assigned, possibly "
        f"again, "
        f"which cannot be verified. To find out, {fix}."
    )


@pytest.fixture
def host():
    return host_of()


@pytest.mark.forms("full")
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
    result = host.run(MODULE, assigning(host, services="POP"))
    assert result["certificate"]["thumbprint"] == mark
    assert services(host, mark) == "POP"
    assert warned == ([] if host.form == "full" else [assigned_again(host, mark)])


@pytest.mark.parametrize("spelled", ["{}", " {} ", "\u200e{}"])
def test_a_thumbprint_as_people_copy_it(host, spelled):
    mark = host.import_certificate(MAIL)
    pairs = " ".join(mark[i : i + 2] for i in range(0, 40, 2)).lower()
    wanted = assigning(host, thumbprint=spelled.format(pairs), services=["POP"])
    assert host.run(MODULE, wanted)["changed"] is True
    assert services(host, mark) == "POP"


@pytest.mark.forms("full")
def test_only_what_is_missing_is_sent(host):
    host.import_certificate(MAIL, services=["POP", "IIS", "SMTP"])
    result = host.run(MODULE, {"services": ["POP", "IMAP"]})
    assert result["cmdlets"][0]["parameters"]["Services"] == "IMAP"
    assert result["certificate"]["services"] == ["IMAP", "POP", "IIS", "SMTP"]


def test_smtp_only_with_the_answer_given(host):
    mark = host.import_certificate(MAIL)
    wanted = assigning(host, name=MAIL, services=["SMTP", "POP"], replace_default_smtp_certificate=True)
    result = host.run(MODULE, wanted)
    assert result["cmdlets"][0]["parameters"]["Force"] is True
    assert services(host, mark) == "POP, SMTP"
    assert result["certificate"]["services"] == (["POP", "SMTP"] if host.form == "full" else None)
    host.import_certificate("iis.contoso.test")
    result = host.run(MODULE, {**wanted, "name": "iis.contoso.test", "services": ["IIS"]})
    assert "Force" not in result["cmdlets"][0]["parameters"]
    assert result["restart_required"] is False


def test_an_exact_name_comes_before_a_wildcard_and_a_wildcard_alone_is_refused(host):
    wildcard = host.import_certificate("*.contoso.test", "contoso.test")
    refusal = (
        f"services: IMAP4 and POP3 cannot be assigned the certificate {wildcard}, because its subject is a wildcard "
        "(CN=*.contoso.test), whatever other names it has; set x509_certificate_name to {} instead; a wildcard needs "
        "nothing else."
    )
    by_name = host.run(MODULE, {"services": ["POP", "IMAP"]})
    assert by_name["msg"] == refusal.format(f"'{MAIL}'")
    by_thumbprint = host.run(MODULE, {"services": ["POP", "IMAP"], "thumbprint": wildcard})
    assert by_thumbprint["msg"] == refusal.format("the host name that clients connect to")
    exact = host.import_certificate(MAIL, begins=-30)
    assert host.run(MODULE, {"services": ["POP", "IMAP"]})["certificate"]["thumbprint"] == exact
    assert host.run(MODULE, assigning(host, services=["IIS"], thumbprint=wildcard))["changed"] is True


def test_a_subject_that_is_a_wildcard_is_refused_whatever_it_names_beside_it(host):
    """Exchange would take POP and IMAP off the list, warn, and leave the rest."""
    beside = host.import_certificate("*.contoso.test", MAIL, "contoso.test")
    for chosen in ({}, {"thumbprint": beside}, {"name": MAIL}):
        for check in (True, False):
            message = host.run(MODULE, assigning(host, services=["POP"], **chosen), check=check)["msg"]
            assert "because its subject is a wildcard (CN=*.contoso.test)" in message
            assert "set x509_certificate_name to" in message
    assert host.writes == []
    # A wildcard among the other names is none to Exchange.
    plain = host.import_certificate("mail.contoso.test", "*.contoso.test", begins=-30)
    assert host.run(MODULE, assigning(host, services=["POP"]))["certificate"]["thumbprint"] == plain
    assert services(host, plain) == "POP"


@pytest.mark.forms("full")
def test_a_wildcard_that_is_assigned_is_not_refused(host):
    wildcard = host.import_certificate("*.contoso.test", MAIL, services=["POP"])
    result = host.run(MODULE, {"services": ["POP"], "thumbprint": wildcard})
    assert (result.get("failed", False), result["changed"]) == (False, False)
    result = host.run(MODULE, {"services": ["POP", "IMAP"], "thumbprint": wildcard})
    assert result["msg"].startswith(f"services: IMAP4 cannot be assigned the certificate {wildcard}, ")


def test_without_a_common_name_wildcards_alone_are_refused_and_names_are_assigned(host):
    wildcard = host.import_certificate("*.contoso.test", "contoso.test", subject="O=Contoso")
    assert host.run(MODULE, {"services": ["POP"]})["msg"] == (
        f"services: POP3 cannot be assigned the certificate {wildcard}, because it is for wildcards alone "
        f"(*.contoso.test, contoso.test); set x509_certificate_name to '{MAIL}' instead; a wildcard needs nothing else."
    )
    acme = host.import_certificate(MAIL, subject="")
    assert host.run(MODULE, assigning(host, services=["POP"]))["certificate"]["thumbprint"] == acme
    assert services(host, acme) == "POP"


@pytest.mark.parametrize(
    ("certificate", "snapins", "fault"),
    [
        ({"begins": 2, "days": 9}, set(), "is not valid before "),
        ({"begins": -9, "days": -1}, set(), "expired on "),
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
    assert result["msg"].endswith("; use another one.")
    result = host.run(MODULE, {"services": ["POP"]})
    expected = f"name: no certificate that covers 'mail.contoso.test' on EX01 can be used: {mark} {fault}"
    assert result["msg"].startswith(expected)
    host.import_certificate(MAIL)
    assert host.run(MODULE, assigning(host, services=["POP"]))["changed"] is True


def test_a_certificate_that_is_to_be_renewed_or_is_weak_is_warned_of(host, warned):
    mark = host.import_certificate(MAIL, services=["POP"], begins=-80, days=10, rsa_bits=1024)
    host.run(MODULE, assigning(host, services=["POP"]))
    shown = f"The certificate {mark} ({MAIL}), assigned to {'POP' if host.form == 'full' else 'unknown services'},"
    unknown = [] if host.form == "full" else [assigned_again(host, mark)]
    weak = f"{shown} is weak: its key has only 1024 bits. Modern clients refuse weak keys and signatures."
    assert warned[0].startswith(f"{shown} has 9 of 90 days left, until ")
    assert warned[0].endswith(". From then on, clients refuse the connection or warn the user.")
    assert warned[1:] == [weak, *unknown]
    warned.clear()
    host.run(MODULE, assigning(host, services=["POP"], expires_within_days=9))
    assert warned == [weak, *unknown]


def test_a_name_that_the_protocol_does_not_look_for_is_warned_of(host, warned):
    mark = host.import_certificate("pop.contoso.test")
    wanted = assigning(host, services=["POP"], thumbprint=mark)
    unknown = [] if host.form == "full" else [assigned_again(host, mark)]
    host.run(MODULE, wanted)
    assert warned == [
        f"x509_certificate_name of POP3 is 'mail.contoso.test', and {mark} (pop.contoso.test) does not cover it. POP3 "
        "chooses its certificate by that name: encryption fails, or clients warn about another one.",
        *unknown,
    ]
    warned.clear()
    look_for(host, "pop.contoso.test", "Pop")
    host.run(MODULE, wanted)
    assert warned == unknown


@pytest.mark.parametrize("assigned", [["POP"], []])
def test_unknown_services_are_said_to_be_unknown_and_nothing_is_changed(host, warned, assigned):
    mark = host.import_certificate(MAIL, services=assigned)
    host.fault("payload_signing_broken")
    why, fix = UNKNOWN[host.form]
    for check in (True, False):
        result = host.run(MODULE, {"services": ["POP"]}, check=check)
        assert result["changed"] is result["restart_required"] is False
        assert result["assigned"] is result["certificate"]["services"] is None
        assert result["assigned_reason"] == f"{why}; {fix}."
        assert warned == [
            f"Whether {mark} is assigned to POP on EX01 is not known: {why}. Nothing was assigned; {fix}, or set "
            "assign_when_services_unknown to true."
        ]
        warned.clear()
    assert host.writes == []


def test_unknown_services_are_written_only_when_told_so(host, warned):
    mark = host.import_certificate(MAIL)
    host.fault("payload_signing_broken")
    wanted = {"services": ["POP"], "assign_when_services_unknown": True}
    for check, count in ((True, 0), (False, 1), (False, 2)):
        result = host.run(MODULE, wanted, check=check)
        assert result["changed"] is result["restart_required"] is True
        assert result["assigned"] is None
        assert result["diff"]["before"] == {"services": "not known"}
        assert result["diff"]["after"] == {"services": ["POP"]}
        assert warned == [assigned_again(host, mark)]
        warned.clear()
        assert len(host.writes) == count
    assert services(host, mark) == "POP"


@pytest.mark.parametrize("told_to", [True, False])
def test_what_clients_are_shown_proves_an_assignment(host, warned, told_to):
    mark = host.import_certificate(MAIL, services=["POP"])
    host.fault("payload_signing_broken")
    wanted = {"services": ["POP"], "assign_when_services_unknown": told_to, "served_certificates": {"pop3": mark}}
    for check in (True, False):
        result = host.run(MODULE, wanted, check=check)
        assert (result["changed"], result["assigned"], result["assigned_reason"]) == (False, True, None)
        assert result["certificate"]["services"] is None
    assert (host.writes, warned) == ([], [])


def test_only_what_is_not_proven_is_assigned_again(host, warned):
    mark = host.import_certificate(MAIL, services=["POP"])
    host.fault("payload_signing_broken")
    wanted = {"services": ["POP", "IMAP"], "assign_when_services_unknown": True}
    wanted["served_certificates"] = {"pop3": mark.lower(), "imap4": GONE}
    result = host.run(MODULE, wanted)
    assert result["cmdlets"][0]["parameters"]["Services"] == "IMAP"
    assert result["assigned"] is None
    assert warned == [assigned_again(host, mark, "IMAP")]


def test_where_nobody_could_look_at_what_clients_are_shown_it_says_what_follows(host, warned):
    mark = host.import_certificate(MAIL)
    host.fault("payload_signing_broken")
    wanted = {"services": ["POP"], "assign_when_services_unknown": True, "served_certificates": {"pop3": None}}
    assert host.run(MODULE, wanted)["changed"] is True
    verified = "cannot be verified"
    told = (
        f"{verified}; every run does so as long as the controller does not see the certificate that clients are shown"
    )
    assert warned == [assigned_again(host, mark).replace(verified, told)]


@pytest.mark.parametrize(
    ("names", "served"),
    [
        # By a wildcard a protocol finds it without an assignment.
        (("contoso.test", "*.contoso.test", "mail.fabrikam.test"), "pop3"),
        ((MAIL, "*.contoso.test"), "pop3"),
        # A protocol that finds nothing by its name shows something else.
        (("pop.contoso.test",), "pop3"),
        ((MAIL,), "imap4"),
    ],
)
def test_what_clients_are_shown_proves_nothing_else(host, names, served):
    mark = host.import_certificate(*names)
    host.fault("payload_signing_broken")
    wanted = {"services": ["POP"], "thumbprint": mark, "served_certificates": {served: mark}}
    assert host.run(MODULE, wanted)["assigned"] is None
    assert host.writes == []


@pytest.mark.forms("full")
def test_what_is_known_needs_no_proof(host):
    mark = host.import_certificate(MAIL)
    result = host.run(MODULE, {"services": ["POP"], "served_certificates": {"pop3": mark}})
    assert (result["changed"], services(host, mark)) == (True, "POP")


@pytest.mark.forms("plain")
@pytest.mark.parametrize("shown", ["None", {"$text": "None", "$value": 0}, "none", None, ABSENT])
def test_none_in_the_plain_form_is_not_known(host, shown):
    host.import_certificate(MAIL, services=["POP"])
    host.shapes["Get-ExchangeCertificate"] = Put({"Services": shown})
    result = host.run(MODULE, {"services": ["POP"]})
    assert (result["changed"], result["assigned"], result["certificate"]["services"]) == (False, None, None)
    assert host.writes == []


@pytest.mark.parametrize("shown", ["IMAP, POP", {"$text": "IMAP, POP", "$value": 3}])
def test_services_that_are_shown_are_believed(host, shown, warned):
    host.import_certificate(MAIL)
    host.shapes["Get-ExchangeCertificate"] = Put({"Services": shown})
    result = host.run(MODULE, {"services": ["POP"]})
    assert (result["changed"], result["assigned"]) == (False, True)
    assert result["certificate"]["services"] == ["IMAP", "POP"]
    assert host.run(MODULE, {"services": ["POP", "IIS"]}, check=True)["diff"]["after"] == {
        "services": ["IMAP", "POP", "IIS"]
    }
    assert (host.writes, warned) == ([], [])


@pytest.mark.forms("full")
def test_none_of_the_live_object_is_none(host):
    host.snapins = LOCAL
    mark = host.import_certificate(MAIL)
    assert host.run(MODULE, {"services": ["POP"]}, check=True)["diff"]["before"] == {"services": []}
    host.shapes["Get-ExchangeCertificate"] = Put({"Services": ABSENT})
    result = host.run(MODULE, {"services": ["POP"]})
    assert result["assigned_reason"] == "Get-ExchangeCertificate does not show its services; please report that."
    assert services(host, mark) == "None"


def test_services_that_cannot_be_read_are_told_as_they_came(host, warned):
    mark = host.import_certificate(MAIL)
    host.shapes["Get-ExchangeCertificate"] = Put({"Services": "Wombats"})
    assert host.run(MODULE, {"services": ["POP"]})["assigned"] is None
    assert warned == [
        f"Whether {mark} is assigned to POP on EX01 is not known: Get-ExchangeCertificate shows its services as text, "
        "'Wombats', which cannot be read. Nothing was assigned; please report that, or set "
        "assign_when_services_unknown to true."
    ]
    assert host.writes == []


@pytest.mark.forms("full")
def test_services_that_can_no_longer_be_read_back_are_told(host, warned):
    mark = host.import_certificate(MAIL)
    host.afterwards[ENABLE] = lambda: host.fault("payload_signing_broken")
    result = host.run(MODULE, {"services": ["POP"]})
    assert (result["changed"], result["assigned"]) == (True, None)
    assert warned == ["Whether {} is now assigned cannot be verified on EX01: {}; {}.".format(mark, *UNKNOWN["full"])]


@pytest.mark.forms("full")
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


@pytest.mark.forms("full")
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
            f"services: POP was to be assigned to {mark}, but EX01 shows unknown services for it. "
            "Enable-ExchangeCertificate was sent and its answer was lost, so it may or may not"
        )


@pytest.mark.forms("full")
def test_an_answer_that_is_lost_again_is_not_taken_for_success(host):
    host.import_certificate(MAIL)
    host.lost = [(ENABLE, False)] * 2
    result = host.run(MODULE, {"services": ["POP"]})
    assert result["changed"] is False
    assert "; it had no effect: The connection broke." in result["msg"]


def test_what_exchange_says_is_passed_on(host):
    mark = host.import_certificate(MAIL, private_key=False)
    result = host.run(MODULE, assigning(host, services=["POP"]))
    assert result["msg"] == (
        "Enable-ExchangeCertificate failed: A special Rpc error occurs on server EX01: The certificate with thumbprint "
        f"{mark} was found but is not valid for use with Exchange Server (reason: PrivateKeyMissing)."
    )


def test_a_certificate_that_cannot_be_read_does_not_stop_the_others(host, warned):
    junk = b"no certificate at all"
    mark = hashlib.sha1(junk, usedforsecurity=False).hexdigest().upper()
    spoilt = Put({"RawData": junk})
    host.shapes["Get-ExchangeCertificate"] = lambda output: [*spoilt([copy.deepcopy(output[0])]), *output]
    host.import_certificate(MAIL)
    result = host.run(MODULE, assigning(host, services=["POP"]))
    assert result["changed"] is True
    assert warned[0].startswith(f"A certificate on EX01 is left out: {mark} cannot be read (")


def test_protocols_that_look_for_different_names_are_not_decided_between(host):
    look_for(host, "imap.contoso.test", "Imap")
    host.import_certificate(MAIL, "imap.contoso.test")
    assert host.run(MODULE, {"services": ["IMAP", "POP"]})["msg"] == (
        "name: x509_certificate_name on EX01 is 'imap.contoso.test' for IMAP4 and 'mail.contoso.test' for POP3; use "
        "name or thumbprint, or a separate task for each."
    )
    assert host.run(MODULE, assigning(host, services=["IMAP", "POP"], name=MAIL))["changed"] is True


POP = {"services": ["POP"]}
HEX = "use the 40 hexadecimal digits that Get-ExchangeCertificate shows."
CLIENT_NAME = "use the host name that clients connect to, such as mail.contoso.com."
# The thumbprints of the server's own certificate and of the one beside it.
OWN, ONLY = "<own>", "<only>"
ALL = f"it has {OWN} (ex01, ex01.contoso.test), {ONLY} (mail.contoso.test)."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({**POP, "thumbprint": "611C687D"}, f"thumbprint: '611C687D' has 8 hexadecimal digits; {HEX}"),
        ({**POP, "thumbprint": ""}, f"thumbprint: '' has 0 hexadecimal digits; {HEX}"),
        ({**POP, "thumbprint": "611G687D"}, f"thumbprint: 'G' in '611G687D' is not a hexadecimal digit; {HEX}"),
        (
            {**POP, "thumbprint": GONE},
            f"thumbprint: Exchange has no certificate {GONE} on EX01; import it there first; {ALL}",
        ),
        ({**POP, "name": ""}, "name: '' is empty; use a host name, or leave the option out."),
        (
            {**POP, "name": "*.contoso.test"},
            f"name: '*.contoso.test' is a wildcard, which POP3 and IMAP4 cannot look up; {CLIENT_NAME}",
        ),
        ({**POP, "name": "CN=mail"}, f"name: 'CN=mail' is a certificate's subject; {CLIENT_NAME}"),
        ({**POP, "name": GONE}, f"name: '{GONE}' is a thumbprint; {CLIENT_NAME}"),
        (
            {**POP, "name": "pop.contoso.test"},
            f"name: no Exchange certificate on EX01 covers 'pop.contoso.test'; {ALL}",
        ),
        (
            {**POP, "name": "pop.contoso.test", "thumbprint": ONLY},
            f"name: the certificate {ONLY} does not cover 'pop.contoso.test', only mail.contoso.test; "
            "use one that does.",
        ),
        (
            {"services": []},
            "services: 'None' would remove assignments, which Exchange cannot do; use a list of services to assign, "
            "such as POP.",
        ),
        ({"services": None}, "services: it has no value; use a list of those to assign, such as POP."),
        ({"services": ["pop3"]}, "services: 'pop3' is not valid; use one or more of IMAP, POP, IIS, SMTP."),
        ({"services": ["UM"]}, "services: 'UM' is not valid; use one or more of IMAP, POP, IIS, SMTP."),
        ({"services": ["POP", "none"]}, "services: 'None' cannot be combined with POP; use it alone."),
        (
            {"services": ["SMTP"], "thumbprint": ONLY},
            "services: for SMTP, Exchange asks whether the certificate should replace the default one, with which its "
            "servers authenticate each other; set replace_default_smtp_certificate to true to replace it, or leave "
            "SMTP out.",
        ),
        (
            {"services": ["IIS"]},
            "name: it is not clear which certificate is meant; use name or thumbprint.",
        ),
        (
            {**POP, "expires_within_days": -1},
            "expires_within_days: -1 is out of range; use 0 to 3650 days.",
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
        "name: it is not clear which certificate is meant, and EX01 has no x509_certificate_name stored for POP3; "
        "use name or thumbprint."
    )


def test_services_are_a_plain_list(host):
    told = host.run(MODULE, {"services": {"remove": ["POP"]}})["msg"]
    assert told.startswith("argument 'services' is of type ")
    assert told.endswith("cannot be converted to a list")
