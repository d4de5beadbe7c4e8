"""exchange_certificate that brings a certificate: what it reads, what it sends, what it refuses, and what it shows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID
from in_process import ABSENT, InProcessHost, Put
from renewal import PASSWORD as PFX_PASSWORD
from renewal import authority, issue, pem_of, self_signed

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    HIDDEN,
    read_binary,
    read_secret,
)

MAIL = "mail.contoso.test"
MODULE = "exchange_certificate"
IMPORT, ENABLE = "Import-ExchangeCertificate", "Enable-ExchangeCertificate"
PASSWORD = "Another-P4ssword-of-a-key"

pytestmark = pytest.mark.forms("full")
BOTH_FORMS = pytest.mark.forms("full", "plain")


def host_of(release="SE"):
    host = InProcessHost(release)
    for certificate in host.server.certificates.all[1:]:
        if certificate.friendly_name != "Microsoft Exchange Server Auth Certificate":
            host.server.certificates.remove(certificate.thumbprint)
    for protocol in ("Pop", "Imap"):
        host.administer(f"Set-{protocol}Settings", X509CertificateName=MAIL)
    return host


@pytest.fixture
def host():
    return host_of()


@pytest.fixture
def brought(tmp_path):
    """A certificate for both names, and the options that bring it."""
    issued = issue(MAIL, "autodiscover.contoso.test")
    return issued, {"pfx": str(issued.written(tmp_path)), "pfx_password": PFX_PASSWORD}


def stored(host, mark):
    return host.server.certificates.find(mark)


def from_pem(folder, issued, *, chain="after", password=None, key=None):
    """The options that bring it in PEM form, with its chain after it, in a file of its own, or nowhere."""
    certificate, private = folder / "certificate.pem", folder / "private.key"
    certificate.write_bytes(issued.pem(chain=chain == "after"))
    private.write_bytes((key or issued).key_pem(password))
    options = {"certificate": str(certificate), "private_key": str(private)}
    if password:
        options["private_key_password"] = password
    if chain == "apart":
        (folder / "chain.pem").write_bytes(b"".join(map(pem_of, issued.above)))
        options["chain"] = str(folder / "chain.pem")
    return options


@BOTH_FORMS
@pytest.mark.parametrize("release", ["SE", "2019", "2016", "2013", "2010"])
def test_check_then_import_then_again(release, brought, warned):
    host, (issued, options) = host_of(release), brought
    wanted = {**options, "services": ["POP", "IMAP"], "name": MAIL, "friendly_name": "Mail of 2026"}

    predicted = host.run(MODULE, wanted, check=True)
    assert host.writes == []
    assert predicted["certificate"]["thumbprint"] == issued.thumbprint
    assert stored(host, issued.thumbprint) is None

    done = host.run(MODULE, wanted)
    assert host.writes == [IMPORT, ENABLE]
    for key in ("changed", "diff", "certificate", "cmdlets", "imported", "restart_required"):
        assert predicted[key] == done[key], key
    assert done["changed"] is done["imported"] is done["restart_required"] is True
    assert done["diff"]["before"] == {"certificate": "absent", "services": []}
    assert done["diff"]["after"] == {"certificate": "present", "services": ["IMAP", "POP"]}
    here = stored(host, issued.thumbprint)
    assert here.services == "IMAP, POP"
    assert (here.friendly_name, here.exportable, here.has_private_key) == ("Mail of 2026", False, True)
    unseen = [] if host.form == "full" else [f"Whether {issued.thumbprint} is now assigned cannot be verified on EX01"]
    assert [text.partition(":")[0] for text in warned] == unseen
    warned.clear()

    again = host.run(MODULE, {**wanted, "assign_when_services_unknown": False})
    assert again["changed"] is again["imported"] is False
    assert host.writes == [IMPORT, ENABLE]


def test_what_is_sent_is_typed_and_encrypted_with_a_password_of_its_own(host, brought):
    issued, options = brought
    done = host.run(MODULE, {**options, "private_key_exportable": True})
    (sent,) = host.asked(IMPORT)
    assert {name: value for name, value in sent.items() if name not in ("FileData", "Password")} == {
        "Server": "EX01",
        "PrivateKeyExportable": True,
        "DomainController": "DC1.contoso.test",
    }
    password, data = read_secret(sent["Password"]), read_binary(sent["FileData"])
    assert password != PFX_PASSWORD
    assert len(password) > 30
    inside = load_pkcs12(data, password.encode())
    assert inside.cert.certificate == issued.certificate
    assert inside.cert.friendly_name == b"mail"
    # The root is for an administrator to trust.
    assert [one.certificate for one in inside.additional_certs] == [issued.above[0]]
    with pytest.raises(ValueError, match="password"):
        load_pkcs12(data, None)
    assert done["cmdlets"] == [
        {
            "cmdlet": IMPORT,
            "parameters": {
                "Server": "EX01",
                "FileData": HIDDEN,
                "Password": HIDDEN,
                "PrivateKeyExportable": True,
            },
        }
    ]
    assert stored(host, issued.thumbprint).exportable is True
    assert host.writes == [IMPORT]


def test_each_import_has_another_password(brought):
    passwords = set()
    for _time in range(2):
        host = host_of()
        host.run(MODULE, brought[1])
        passwords.add(read_secret(host.asked(IMPORT)[0]["Password"]))
    assert len(passwords) == 2


@pytest.mark.parametrize(("release", "algorithm"), [("2016", b"TripleDES"), ("2019", b"AES")])
def test_the_windows_of_the_release_can_read_it(release, algorithm, brought):
    host = host_of(release)
    host.run(MODULE, brought[1])
    data = read_binary(host.asked(IMPORT)[0]["FileData"])
    # 1.2.840.113549.1.12.1.3 is pbeWithSHAAnd3-KeyTripleDES-CBC, 2.16.840.1.101.3.4.1.42 is aes256-CBC.
    names = {b"TripleDES": bytes.fromhex("060a2a864886f70d010c0103"), b"AES": bytes.fromhex("060960864801650304012a")}
    assert {name: oid in data for name, oid in names.items()} == {name: name == algorithm for name in names}


@pytest.mark.parametrize("chain", ["after", "apart"])
@pytest.mark.parametrize("password", [None, PASSWORD], ids=["open", "encrypted"])
def test_a_pair_in_pem_form_makes_the_same(host, tmp_path, chain, password, warned):
    issued = issue(MAIL)
    host.run(MODULE, from_pem(tmp_path, issued, chain=chain, password=password))
    sent = host.asked(IMPORT)[0]
    inside = load_pkcs12(read_binary(sent["FileData"]), read_secret(sent["Password"]).encode())
    assert inside.cert.certificate == issued.certificate
    assert [one.certificate for one in inside.additional_certs] == [issued.above[0]]
    assert warned == []


def test_a_certificate_without_its_chain_is_warned_of(host, tmp_path, warned):
    issued = issue(MAIL)
    host.run(MODULE, from_pem(tmp_path, issued, chain=None))
    assert [text.partition(":")[0] for text in warned] == [
        f"The certificate {issued.thumbprint} comes without its chain"
    ]


def test_key_and_certificate_may_stand_in_one_file(host, tmp_path):
    issued, file = issue(MAIL), tmp_path / "both.pem"
    file.write_bytes(issued.key_pem() + issued.pem(chain=True))
    assert host.run(MODULE, {"certificate": str(file), "private_key": str(file)})["imported"] is True


def test_a_key_that_the_server_lacks_is_brought(tmp_path):
    """A session on the server tells of it."""
    host, issued = host_of(), issue(MAIL)
    host.snapins = {"Microsoft.Exchange.Management.PowerShell.SnapIn"}
    host.administer(IMPORT, FileData=issued.pfx(None), Server="EX01")
    stored(host, issued.thumbprint).has_private_key = False
    done = host.run(MODULE, {"pfx": str(issued.written(tmp_path)), "pfx_password": PFX_PASSWORD, "services": ["POP"]})
    assert done["diff"]["before"] == {"certificate": "present without its private key", "services": []}
    assert (done["imported"], stored(host, issued.thumbprint).has_private_key) == (True, True)


@BOTH_FORMS
def test_a_wildcard_is_imported_and_not_assigned(host, tmp_path):
    issued = issue("*.contoso.test")
    options = {"pfx": str(issued.written(tmp_path)), "pfx_password": PFX_PASSWORD}
    refused = host.run(MODULE, {**options, "services": ["POP"]})
    assert refused["msg"].startswith("services: POP3 cannot be assigned the certificate")
    assert host.writes == []
    done = host.run(MODULE, options)
    assert (done["imported"], done["certificate"]["wildcard"], done["restart_required"]) == (True, True, False)


def of_ed25519(folder):
    return from_pem(folder, issue(MAIL, kind="ed25519"))


def damaged(folder):
    options = from_pem(folder, issue(MAIL))
    (folder / "certificate.pem").write_bytes(issue(MAIL).pem()[:200])
    return options


def locked(folder, **given):
    options = from_pem(folder, issue(MAIL), password=PASSWORD)
    return {name: value for name, value in options.items() if name != "private_key_password"} | given


WRONG = [
    ("locked key", locked, "private key that cannot be read without a password"),
    (
        "password of the key",
        lambda folder: locked(folder, private_key_password="another one"),
        "private key that cannot be read with the password given",
    ),
    (
        "fits",
        lambda folder: from_pem(folder, issue(MAIL), key=issue(MAIL, number=1)),
        "certificate.pem contains no certificate that matches the private key; use the two",
    ),
    ("curve", lambda folder: from_pem(folder, issue(MAIL, kind="k256")), "a key of the kind EC secp256k1"),
    ("ed25519", of_ed25519, "a key of the kind Ed25519"),
    (
        "purpose",
        lambda folder: from_pem(folder, issue(MAIL, purposes=[ExtendedKeyUsageOID.CLIENT_AUTH])),
        "certificate.pem contains a certificate that is not for TLS servers (its extended key usage lacks serverAuth)",
    ),
    ("damaged", damaged, "certificate.pem contains no readable certificate, or a damaged one among others; use"),
    ("expired", lambda folder: from_pem(folder, issue(MAIL, begins=-30, days=-1)), "expired on"),
    ("early", lambda folder: from_pem(folder, issue(MAIL, begins=1)), "is not valid before"),
    (
        "foreign chain",
        lambda folder: from_pem(folder, replace(issue(MAIL), above=authority(7)[1:])),
        "that issued the one of the private key",
    ),
    (
        "expired chain",
        lambda folder: from_pem(folder, issue(MAIL, issuer=3, issuer_days=-1)),
        "contains a chain whose certificate",
    ),
]


@pytest.mark.parametrize("wrong", [entry[1:] for entry in WRONG], ids=[entry[0] for entry in WRONG])
def test_what_is_wrong_is_refused_before_anything_is_sent(host, tmp_path, wrong):
    make, clause = wrong
    options = make(tmp_path)
    for check in (True, False):
        result = host.run(MODULE, {**options, "services": ["POP"]}, check=check)
        assert result["failed"], result
        assert clause in result["msg"]
        assert result["msg"].endswith(".")
        assert host.calls == []


@pytest.mark.parametrize(
    ("content", "clause"),
    [
        (b"", "is not a PKCS#12 file"),
        (b"\x30\x82\x01", "cannot be opened"),
        (b"-----BEGIN CERTIFICATE-----\n", "is in PEM form; use the options certificate and private_key"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n00", "is encrypted with Ansible Vault"),
        (b"\x30" * (2 << 20), "is larger than any certificate"),
        (issue(MAIL).pfx("another one"), "cannot be opened with the password given"),
    ],
    ids=["empty", "cut", "pem", "vault", "large", "password"],
)
def test_files_that_are_no_pfx(host, tmp_path, content, clause):
    file = tmp_path / "mail.pfx"
    file.write_bytes(content)
    result = host.run(MODULE, {"pfx": str(file), "pfx_password": PASSWORD})
    assert result["msg"].startswith(f"pfx: {file} {clause}")
    assert PASSWORD not in json.dumps(result)
    assert host.calls == []


def test_a_file_that_is_not_there(host, tmp_path):
    result = host.run(MODULE, {"pfx": str(tmp_path / "none.pfx")})
    assert result["msg"].endswith("none.pfx cannot be read on the controller: No such file or directory.")
    assert host.calls == []


@pytest.mark.parametrize("password", [None, ""])
def test_a_pfx_without_a_password(host, tmp_path, password):
    issued = issue(MAIL)
    options = {"pfx": str(issued.written(tmp_path, None)), **({} if password is None else {"pfx_password": password})}
    assert host.run(MODULE, options)["imported"] is True
    assert read_secret(host.asked(IMPORT)[0]["Password"])


@pytest.mark.parametrize("password", [PFX_PASSWORD, None], ids=["with a password", "without one"])
def test_over_the_winrm_shell_nothing_is_sent(host, tmp_path, password):
    host.transport = "winrm"
    issued = issue(MAIL)
    options = {"pfx": str(issued.written(tmp_path, password))} | ({"pfx_password": password} if password else {})
    result = host.run(MODULE, {**options, "services": ["POP"]})
    assert result["msg"] == (
        "pfx: the WinRM shell runs text that Windows may log, and the private key would be in it; use "
        "ansible_exchange_transport: psrp, or import the certificate in another way, and use thumbprint or name."
    )
    assert host.calls == []
    host.administer(IMPORT, FileData=issued.pfx(None), Server="EX01")
    assert host.run(
        MODULE, {"thumbprint": issued.thumbprint, "services": ["POP"], "assign_when_services_unknown": True}
    )["changed"]


@pytest.mark.parametrize(("release", "msg"), [("2010", "cannot use"), ("2013", "cannot use"), ("2016", None)])
def test_an_elliptic_curve_is_for_those_that_know_it(release, msg, tmp_path, warned):
    host, issued = host_of(release), issue(MAIL, kind="p256")
    result = host.run(MODULE, {"pfx": str(issued.written(tmp_path)), "pfx_password": PFX_PASSWORD})
    if msg:
        assert msg in result["msg"]
        assert host.writes == []
    else:
        assert result["imported"] is True
        assert "EnableEccCertificateSupport" in warned[0]


@pytest.mark.parametrize(
    ("options", "msg"),
    [
        ({"pfx": "a.pfx", "certificate": "a.pem"}, "pfx: it contains certificate and key in one file, but certificate"),
        ({"certificate": "a.pem"}, "private_key: it is missing, but certificate is given; set both."),
        ({"private_key": "a.key"}, "certificate: it is missing, but private_key is given; set both."),
        ({"pfx_password": "b" * 12, "services": ["POP"]}, "pfx_password: it is given without pfx;"),
        ({"friendly_name": "x", "services": ["POP"]}, "friendly_name: nothing is imported;"),
        ({"friendly_name": "x" * 64, "pfx": "a.pfx"}, "friendly_name: it has 64 characters as Windows counts"),
        ({"friendly_name": "\U0001f600" * 32, "pfx": "a.pfx"}, "friendly_name: it has 64 characters as Windows counts"),
        ({"pfx": ""}, "pfx: it is empty; use the path of a file on the controller, or leave it out."),
        ({"certificate": "a.pem", "private_key": ""}, "private_key: it is empty; use the path of a file"),
        ({}, "services: it has no value; use a list of those to assign, such as POP."),
        ({"pfx": "a.pfx", "services": ["SMTP"]}, "services: for SMTP, Exchange asks whether"),
    ],
)
def test_options_that_contradict_each_other(host, options, msg):
    result = host.run(MODULE, options)
    assert result["msg"].startswith(msg)
    assert host.calls == []


def test_imported_and_not_assigned_all_the_same(host, brought):
    issued, options = brought
    host.fault("write_does_not_stick", cmdlet=ENABLE)
    result = host.run(MODULE, {**options, "services": ["POP"]})
    assert result["msg"] == (
        f"services: POP was assigned to {issued.thumbprint}, but EX01 shows only none for it; a wildcard or a missing "
        "private key can be the reason."
    )
    assert (result["imported"], result["changed"], result["restart_required"]) == (True, True, False)
    assert result["diff"]["after"] == {"certificate": "present"}


def test_a_thumbprint_pins_the_file(host, brought):
    issued, options = brought
    other = "A" * 40
    result = host.run(MODULE, {**options, "thumbprint": other})
    assert result["msg"] == (
        f"thumbprint: it is {other}, and {options['pfx']} contains {issued.thumbprint}; use the file that belongs to "
        "it, or leave thumbprint out."
    )
    assert host.run(MODULE, {**options, "thumbprint": issued.thumbprint})["imported"] is True


def test_a_name_that_it_is_not_for(host, brought):
    result = host.run(MODULE, {**brought[1], "name": "pop.contoso.test"})
    assert "does not cover 'pop.contoso.test'" in result["msg"]
    assert host.writes == []


@BOTH_FORMS
@pytest.mark.parametrize("after_effect", [True, False])
@pytest.mark.parametrize("cmdlet", [IMPORT, ENABLE])
def test_an_answer_that_is_lost(host, brought, cmdlet, after_effect):
    issued, options = brought
    host.lost = [(cmdlet, after_effect)]
    done = host.run(MODULE, {**options, "services": ["POP"]})
    assert done["changed"] is done["imported"] is True
    assert stored(host, issued.thumbprint).services == "POP"
    # Once more only what did not arrive; in the plain form nobody can see whether it is assigned.
    assert host.writes.count(IMPORT) == (2 if (cmdlet, after_effect) == (IMPORT, False) else 1)


def test_an_import_that_does_not_stick_is_told(host, brought):
    issued, options = brought
    host.fault("write_does_not_stick", cmdlet=IMPORT)
    result = host.run(MODULE, options)
    assert result["failed"]
    assert result["msg"] == f"The certificate {issued.thumbprint} was imported, but EX01 shows it as absent."
    assert result["changed"] is result["imported"] is False


@pytest.mark.parametrize("services", [[], ["POP"]], ids=["alone", "to be assigned"])
def test_an_import_that_fails_after_its_effect(host, brought, services):
    issued, options = brought
    wanted = {**options, **({"services": services} if services else {})}
    host.fault("fails_after_effect", cmdlet=IMPORT)
    result = host.run(MODULE, wanted)
    assert result["msg"].startswith("Import-ExchangeCertificate failed: ")
    assert result["msg"].endswith("" if services else f"EX01 shows the certificate {issued.thumbprint} anyway.")
    assert (result["changed"], result["imported"]) == (True, True)
    assert result["diff"]["after"] == {"certificate": "present"}
    healed = host.run(MODULE, wanted)
    assert (healed["imported"], healed["changed"]) == (False, bool(services))


def test_an_import_that_is_refused(host, brought):
    host.fault("rbac_without", cmdlet=IMPORT)
    result = host.run(MODULE, {**brought[1], "services": ["POP"]})
    assert result["msg"].startswith("Import-ExchangeCertificate is not granted to this user by RBAC")
    assert result["changed"] is False
    assert result["diff"]["after"] == {}
    assert host.writes == [IMPORT]


@BOTH_FORMS
def test_what_was_imported_is_told_if_the_assignment_fails(host, brought):
    issued, options = brought
    host.fault("rbac_without", cmdlet=ENABLE)
    result = host.run(MODULE, {**options, "services": ["POP"]})
    assert result["msg"].startswith("Enable-ExchangeCertificate is not granted to this user by RBAC")
    assert (result["changed"], result["imported"], result["restart_required"]) == (True, True, False)
    assert result["diff"]["after"] == {"certificate": "present"}
    host.fault("none")
    healed = host.run(MODULE, {**options, "services": ["POP"], "assign_when_services_unknown": True})
    assert (healed["imported"], healed["changed"]) == (False, True)
    assert stored(host, issued.thumbprint).services == "POP"


def test_a_self_signed_one(host, tmp_path, warned):
    issued = self_signed(MAIL)
    host.run(MODULE, {"pfx": str(issued.written(tmp_path)), "pfx_password": PFX_PASSWORD})
    sent = host.asked(IMPORT)[0]
    assert load_pkcs12(read_binary(sent["FileData"]), read_secret(sent["Password"]).encode()).cert
    assert warned == []


def test_what_cannot_be_read_beside_it_does_not_matter(host, brought):
    host.shapes["Get-ExchangeCertificate"] = Put({"SerializationData": ABSENT})
    assert host.run(MODULE, brought[1])["imported"] is True
