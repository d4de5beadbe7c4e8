"""Certificates as real servers send them, as hostile ones might, and what is chosen from several."""

from __future__ import annotations

import hashlib
import sys
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import binary
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import (
    CertificateIdentifier,
    Thumbprint,
    name_parts,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_payload import Payload, read_payload
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_rules import dates_and_keys
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import (
    MEMBERS,
    by_name,
    found_by,
    in_order,
    read_certificate,
)
from exchange_simulator.certificate_payload import Description, signed, store_element, stream

EX01 = Server("EX01", "EX01.contoso.test", Version(15, 2, 2562, 17))
NUMBERS = {"IMAP": 1, "POP": 2, "IIS": 8, "SMTP": 16}
NOW = datetime.now(UTC)
MAIL = "mail.contoso.test"


@cache
def private_key(bits):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def called(**attributes):
    """A distinguished name of attributes in their order on the wire, the most general first."""
    return x509.Name([x509.NameAttribute(getattr(x509.NameOID, kind), value) for kind, value in attributes.items()])


def make_der(
    *names,
    common_name=None,
    issuer="Contoso Issuing CA",
    begins=-30,
    ends=300,
    bits=2048,
    serial=None,
    subject=None,
    key=None,
):
    """A certificate; begin and end in days from now, issuer None for a self-signed one."""
    if subject is None:
        subject = called(COMMON_NAME=common_name or names[0])
    by = subject if issuer is None else issuer if isinstance(issuer, x509.Name) else called(COMMON_NAME=issuer)
    builder = x509.CertificateBuilder(
        issuer_name=by,
        subject_name=subject,
        public_key=(key or private_key(bits)).public_key(),
        serial_number=serial or x509.random_serial_number(),
        not_valid_before=NOW + timedelta(days=begins),
        not_valid_after=NOW + timedelta(days=ends),
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
    signed = builder.sign(key or private_key(bits), None if "Ed25519" in type(key).__name__ else hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def make_payload(der, services, *, sign=False, key=True):
    """SerializationData as the simulator makes it, which is held against the captures."""
    certificate = x509.load_der_x509_certificate(der)
    told = Description(
        element=store_element(certificate, friendly_name="Mail", has_private_key=key),
        identity=f"EX01.contoso.test\\{thumbprint(der)}",
        self_signed=False,
        status=1,
        root_type=3,
        services=services,
        exportable=False,
        sites=["IIS://EX01/W3SVC/1"],
    )
    return signed(stream(told)) if sign else stream(told)


def thumbprint(der):
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


@pytest.fixture
def capture(captured):
    return lambda name: captured(f"Get-ExchangeCertificate.{name}", MEMBERS)


@pytest.mark.parametrize(
    ("name", "services"),
    [
        ("exchange2019", [16, 27, 0]),
        ("exchange2016", [16, 27, 0]),
        ("pop-imap-iis", [0, 11, 0, 0]),
        ("several-services", [16, 16, 16, 16, 16, 25, 8, 0]),
        ("signed-serialization", [16, 16, 16, 25, 8, 0]),
        ("deserialized-rawdata-only", [None] * 5),
    ],
)
def test_every_capture_gives_the_numbers_of_its_readme(capture, name, services):
    certificates = [read_certificate(wire) for wire in capture(name)]
    known = [None if c.services is None else sum(NUMBERS[service] for service in c.services) for c in certificates]
    assert known == services
    assert [c.has_private_key for c in certificates] == [None if n is None else True for n in services]


@pytest.mark.parametrize(
    "name",
    [
        "exchange2019",
        "exchange2016",
        "pop-imap-iis",
        "several-services",
        "signed-serialization",
        "deserialized-rawdata-only",
    ],
)
def test_subject_issuer_and_thumbprint_are_what_the_server_wrote(capture, name):
    for wire in capture(name):
        lines = [line.strip() for line in wire["$text"].splitlines()]
        certificate = read_certificate(wire)
        assert certificate.subject == lines[lines.index("[Subject]") + 1]
        assert certificate.issuer == lines[lines.index("[Issuer]") + 1]
        assert certificate.thumbprint == lines[lines.index("[Thumbprint]") + 1]
        # The text has local times; no time zone is more than 14 hours away.
        written = datetime.strptime(lines[lines.index("[Not After]") + 1], "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)
        assert abs(written - certificate.not_after) <= timedelta(hours=14)


def test_names_dates_and_key_of_a_real_certificate(capture):
    certificate = read_certificate(capture("pop-imap-iis")[1])
    assert certificate.names == ("win-ctd3l0rgen4", "win-ctd3l0rgen4.exlab.dom")
    assert certificate.key == "RSA 2048"
    assert certificate.identifier == "<I>CN=WIN-CTD3L0RGEN4<S>CN=WIN-CTD3L0RGEN4"
    assert in_order(certificate.services) == ["IMAP", "POP", "IIS"]
    assert certificate.is_self_signed


@pytest.mark.parametrize("sign", [False, True])
@pytest.mark.parametrize("number", [0, 2, 27, 31, 128 + 2])
def test_services_of_a_payload(number, sign):
    der = make_der("mail.contoso.test")
    payload = make_payload(der, number, sign=sign)
    assert read_payload(payload, der) == Payload(services=number, has_private_key=True)


def test_what_is_not_the_number_of_the_services_is_not_taken_for_it():
    der = make_der("mail.contoso.test")
    assert read_payload(make_payload(der, -1), der).services is None
    # The field of the services and its record, with the type of another enumeration.
    renamed = make_payload(der, 27).replace(b"AllowedServices", b"BlockedServices")
    assert read_payload(renamed, der).services is None


def test_a_bit_that_is_not_known_does_not_hide_the_others():
    der = make_der("mail.contoso.test")
    wire = {"RawData": binary(der), "SerializationData": binary(make_payload(der, 128 + 2))}
    assert read_certificate(wire).services == {"POP", "128"}


def test_the_payload_of_another_certificate_tells_nothing():
    one, other = make_der("mail.contoso.test"), make_der("mail.contoso.test")
    assert read_payload(make_payload(other, 27), one) == Payload()


def test_a_store_without_a_key_provider_proves_nothing():
    der = make_der("mail.contoso.test")
    assert read_payload(make_payload(der, 2, key=False), der) == Payload(services=2, has_private_key=None)


@pytest.mark.parametrize(
    ("live", "services"),
    [
        ("IMAP, POP, IIS, SMTP", {"IMAP", "POP", "IIS", "SMTP"}),
        ("None", set()),
        ({"$text": "POP", "$value": 2}, {"POP"}),
    ],
)
def test_live_members_come_first(live, services):
    der = make_der("mail.contoso.test")
    wire = {"RawData": binary(der), "SerializationData": binary(make_payload(der, 0)), "Services": live}
    certificate = read_certificate({**wire, "HasPrivateKey": False, "Status": {"$text": "DateInvalid", "$value": 3}})
    assert certificate.services == services
    assert certificate.has_private_key is False
    assert certificate.status == "DateInvalid"


@pytest.mark.parametrize("form", ["full", "plain"])
def test_none_over_remote_powershell_is_not_taken_for_none(form):
    der = make_der("mail.contoso.test")
    assigned = {"RawData": binary(der), "SerializationData": binary(make_payload(der, 2)), "Services": "None"}
    assert read_certificate(assigned, form).services is None
    assert read_certificate({"RawData": binary(der), "Services": "None"}, form).services is None
    assert read_certificate({"RawData": binary(der), "Services": "None"}, "live").services == set()


@pytest.mark.parametrize("raw", [None, "", "text", {"$bytes": "!"}, {"$bytes": ""}, {"$bytes": 1}, {"$text": "x"}])
def test_without_raw_data_there_is_no_certificate(raw):
    with pytest.raises(ValueError, match="it was returned without its RawData"):
        read_certificate({"RawData": raw})


@given(data=st.binary(max_size=200))
def test_raw_data_that_is_no_certificate_is_named_by_its_thumbprint(data):
    with pytest.raises(ValueError, match=f"{thumbprint(data)} cannot be read|without its RawData"):
        read_certificate({"RawData": binary(data)})


DER = make_der("mail.contoso.test")
GOOD = make_payload(DER, 27)


@settings(max_examples=400)
@given(data=st.data())
def test_a_damaged_payload_is_read_or_unknown_and_never_an_error(data):
    payload = bytearray(make_payload(DER, 27, sign=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, min(len(payload), 1200) - 1))
        what = data.draw(st.sampled_from(["byte", "cut", "insert", "huge"]))
        if what == "byte":
            payload[position] = data.draw(st.integers(0, 255))
        elif what == "cut":
            del payload[position : position + data.draw(st.integers(1, 50))]
        elif what == "insert":
            payload[position:position] = data.draw(st.binary(max_size=20))
        else:
            payload[position : position + 4] = b"\xff\xff\xff\x7f"
    found = read_payload(bytes(payload), DER)
    assert found.services is None or 0 <= found.services < 1 << 31
    assert found.has_private_key in (True, None)


@settings(max_examples=200)
@given(head=st.binary(max_size=300), tail=st.binary(max_size=300))
def test_noise_tells_nothing(head, tail):
    assert read_payload(head + DER + tail, DER).services is None
    assert read_payload(GOOD[:17] + head + DER + tail, DER).services is None


def test_a_stream_that_claims_to_be_endless_costs_nothing():
    claims = GOOD.replace(b"\x08\x00\x00\x00\x08CertData", b"\xff\xff\xff\x7f\x08CertData")
    assert claims != GOOD
    tracemalloc.start()
    assert read_payload(claims, DER) == Payload()
    assert read_payload(b"#sig#\xff\xff\xff\xff" + GOOD, DER) == Payload()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(
    ("names", "host", "exactly", "covers"),
    [
        (["mail.contoso.test"], "MAIL.contoso.TEST", True, True),
        (["mail.contoso.test"], "pop.contoso.test", False, False),
        (["*.contoso.test"], "mail.contoso.test", False, True),
        (["*.contoso.test"], "a.mail.contoso.test", False, False),
        (["*.contoso.test"], "contoso.test", False, False),
        (["*.contoso.test", "contoso.test"], "contoso.test", True, True),
        (["ex01"], "ex01", True, True),
    ],
)
def test_which_names_are_covered(names, host, exactly, covers):
    certificate = read_certificate({"RawData": binary(make_der(*names))})
    assert certificate.names_exactly(host) is exactly
    assert certificate.covers(host) is covers


@pytest.mark.parametrize(
    ("common_name", "names", "wildcard"),
    [
        ("*.contoso.test", ["*.contoso.test"], True),
        ("*.contoso.test", ["*.contoso.test", "contoso.test"], True),
        ("*.contoso.test", ["*.contoso.test", MAIL], True),
        ("*.contoso.test", [MAIL], True),
        (MAIL, [MAIL], False),
        (MAIL, ["*.contoso.test", MAIL], False),
        ("contoso.test", ["*.contoso.test"], False),
        # Without a common name the others have to tell.
        (None, ["*.contoso.test", "contoso.test"], True),
        (None, ["*.contoso.test", "mail.fabrikam.test"], False),
        (None, [MAIL], False),
    ],
)
def test_what_counts_as_a_wildcard_goes_by_the_subject(common_name, names, wildcard):
    subject = called(COMMON_NAME=common_name) if common_name else called(ORGANIZATION_NAME="Contoso")
    der = make_der(*names, subject=subject)
    assert read_certificate({"RawData": binary(der)}).is_wildcard is wildcard


@pytest.mark.parametrize(
    ("common_name", "assigned", "found"),
    [("*.contoso.test", [], True), (MAIL, [], False), (MAIL, ["POP"], True), (MAIL, ["IMAP"], False)],
)
def test_only_what_can_be_assigned_has_to_be(common_name, assigned, found):
    der = make_der(MAIL, "*.contoso.test", common_name=common_name)
    certificate = replace(read_certificate({"RawData": binary(der)}), services=frozenset(assigned))
    assert found_by([certificate], "POP", MAIL) == ([certificate] if found else [])


def test_a_name_beside_a_wildcard_is_no_better_than_a_wildcard():
    """Neither of the two can be assigned; the plain one, older, self-signed and all, can."""
    beside = make_der("*.contoso.test", MAIL, begins=-3)
    alone = make_der("*.contoso.test", begins=-2)
    plain = make_der(MAIL, issuer=None, begins=-60)
    for field in ([beside, alone], [alone, beside]):
        assert chosen(*field) == thumbprint(alone)
    for field in ([plain, beside, alone], [beside, alone, plain]):
        assert chosen(*field) == thumbprint(plain)


MUELLER = 'M\u00fcller "und" S\u00f6hne, Gmb\u041d'
QUOTED = 'O="M\u00fcller ""und"" S\u00f6hne, Gmb\u041d"'


@pytest.mark.parametrize(
    ("issuer", "subject", "identifier"),
    [
        (called(COMMON_NAME="CA"), called(COMMON_NAME=MAIL), f"<I>CN=CA<S>CN={MAIL}"),
        (
            called(COUNTRY_NAME="DE", ORGANIZATION_NAME=MUELLER),
            called(ORGANIZATION_NAME=MUELLER, COMMON_NAME=MAIL),
            f"<I>{QUOTED}, C=DE<S>CN={MAIL}, {QUOTED}",
        ),
        (called(COMMON_NAME="CA"), called(ORGANIZATION_NAME="Contoso"), "<I>CN=CA<S>O=Contoso"),
        (called(COMMON_NAME="a=b; <c>#"), called(COMMON_NAME=" x "), '<I>CN="a=b; <c>#"<S>CN=" x "'),
    ],
    ids=["plain", "issuer without a common name", "subject without a common name", "special characters"],
)
def test_what_names_a_certificate_is_what_a_user_may_type(issuer, subject, identifier):
    certificate = read_certificate({"RawData": binary(make_der(MAIL, issuer=issuer, subject=subject))})
    kind = CertificateIdentifier()
    assert kind.of(certificate.issuer, certificate.subject) == certificate.identifier == identifier
    assert kind.parse(identifier) == identifier
    assert kind.key(identifier) == (name_parts(certificate.issuer), name_parts(certificate.subject))


def test_the_marks_of_an_identifier_may_be_small_and_its_names_of_several_lines():
    kind = CertificateIdentifier()
    assert kind.parse(" <i>CN=CA<s>CN=a\n ") == kind.parse("<I>CN=CA<S>CN=a")


@pytest.mark.parametrize(
    ("issuer", "subject", "fault"),
    [
        (called(COMMON_NAME="CA"), called(), "has no subject"),
        (called(), called(COMMON_NAME=MAIL), "has no issuer"),
        (called(COMMON_NAME="A<s>B"), called(COMMON_NAME=MAIL), "has <I> or <S> within a name"),
        (called(COMMON_NAME="CA"), called(COMMON_NAME="A<I>B"), "has <I> or <S> within a name"),
    ],
)
def test_what_nothing_names_is_told_by_its_fault(issuer, subject, fault):
    certificate = read_certificate({"RawData": binary(make_der(MAIL, issuer=issuer, subject=subject))})
    with pytest.raises(ValueError, match=f"^{fault}$"):
        CertificateIdentifier().of(certificate.issuer, certificate.subject)
    with pytest.raises(ValueError, match=r"lacks one of its parts|more than once"):
        CertificateIdentifier().parse(certificate.identifier)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "EC secp384r1"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
        (dsa.generate_private_key(2048), "DSA 2048"),
    ],
    ids=["P-384", "Ed25519", "DSA"],
)
def test_keys_of_other_sorts_are_read_and_not_called_weak(key, told):
    certificate = read_certificate({"RawData": binary(make_der(MAIL, key=key))})
    assert (certificate.key, certificate.weakness, certificate.names) == (told, None, (MAIL,))
    assert certificate.identifier == f"<I>CN=Contoso Issuing CA<S>CN={MAIL}"


@pytest.mark.parametrize(
    ("key", "weakness"),
    [
        (ec.generate_private_key(ec.SECP256R1()), None),
        (ec.generate_private_key(ec.SECP224R1()), "its key has only 224 bits"),
        (dsa.generate_private_key(1024), "its key has only 1024 bits"),  # noqa: S505
    ],
    ids=["P-256", "P-224", "DSA"],
)
def test_keys_of_other_sorts_are_weak_below_their_own_size(key, weakness):
    assert read_certificate({"RawData": binary(make_der(MAIL, key=key))}).weakness == weakness


@pytest.mark.parametrize(("issuer", "by_itself"), [(None, True), ("Contoso Issuing CA", False)])
def test_what_is_shown_of_a_certificate(issuer, by_itself):
    shown = read_certificate({"RawData": binary(make_der(MAIL, issuer=issuer))}).shown(NOW - timedelta(hours=1))
    assert shown["self_signed"] is by_itself
    assert {name: shown[name] for name in ("names", "wildcard", "key", "weakness", "days_left")} == {
        "names": [MAIL],
        "wildcard": False,
        "key": "RSA 2048",
        "weakness": None,
        "days_left": 300,
    }


def test_certificates_without_a_subject_are_not_alike_for_that():
    """Those of the ACME profile tlsserver all have none, and one may take the place of another only by its names."""
    old, other, renewed = (
        replace(read_certificate({"RawData": binary(der)}), services=frozenset({"POP"}))
        for der in (
            make_der(MAIL, subject=called(), ends=-1),
            make_der("web.contoso.test", subject=called()),
            make_der(MAIL, subject=called()),
        )
    )
    (lasting,) = dates_and_keys(old, NOW, 30, {"POP"}, [other])
    assert (lasting.severity, lasting.fix.startswith("Renew it.")) == ("error", True)
    (replaced,) = dates_and_keys(old, NOW, 30, {"POP"}, [other, renewed])
    assert replaced.fix == "Remove it from the server."


def test_the_common_name_counts_only_without_alternative_names():
    assert read_certificate({"RawData": binary(make_der(common_name="ex01"))}).names == ("ex01",)
    assert read_certificate({"RawData": binary(make_der(common_name="Two words"))}).names == ()
    both = read_certificate({"RawData": binary(make_der("mail.contoso.test", common_name="ex01"))})
    assert both.names == ("mail.contoso.test",)


def test_names_are_written_and_quoted_as_windows_does():
    certificate = read_certificate({"RawData": binary(make_der("a.test", issuer='Contoso, "Inc"; #1'))})
    assert certificate.issuer == 'CN="Contoso, ""Inc""; #1"'


def test_weak_keys_are_found():
    weak = read_certificate({"RawData": binary(make_der("a.test", bits=1024))})
    (fact,) = dates_and_keys(weak, NOW, 0)
    assert fact.found.endswith(" is weak: its key has only 1024 bits.")
    assert list(dates_and_keys(read_certificate({"RawData": binary(make_der("a.test"))}), NOW, 30)) == []


@pytest.mark.parametrize(("issuer", "weakness"), [("Contoso Issuing CA", "it is signed with SHA1"), (None, None)])
def test_a_weak_signature_is_found_where_it_is_checked(issuer, weakness):
    # The library signs with SHA-1 no more; the identifiers sha256WithRSAEncryption and sha1WithRSAEncryption differ in
    # their last byte.
    identifier = bytes.fromhex("06092a864886f70d0101")
    der = make_der("a.test", issuer=issuer).replace(identifier + b"\x0b", identifier + b"\x05")
    assert read_certificate({"RawData": binary(der)}).weakness == weakness


def test_the_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(Failure, match="The Python library cryptography, which reads certificates, is missing"):
        read_certificate({"RawData": binary(DER)})


def chosen(*ders, host="mail.contoso.test"):
    return by_name([read_certificate({"RawData": binary(der)}) for der in ders], host, EX01, "name", NOW).thumbprint


def test_the_better_certificate_wins_whatever_the_order():
    worst_first = [
        make_der("*.contoso.test", begins=-1),
        make_der("mail.contoso.test", issuer=None, begins=-2),
        make_der("mail.contoso.test", begins=-60),
        make_der("mail.contoso.test", begins=-40),
        make_der("mail.contoso.test", begins=-40, ends=400),
    ]
    useless = [make_der("mail.contoso.test", ends=-1), make_der("mail.contoso.test", begins=1)]
    for count in range(1, len(worst_first) + 1):
        field = worst_first[:count] + useless
        assert chosen(*field) == chosen(*reversed(field)) == thumbprint(field[count - 1])


def test_a_private_key_known_to_be_there_comes_before_a_newer_certificate():
    older, newer = make_der("mail.contoso.test", begins=-60), make_der("mail.contoso.test")
    wires = [
        {"RawData": binary(older), "SerializationData": binary(make_payload(older, 0))},
        {"RawData": binary(newer)},
    ]
    certificates = [read_certificate(wire) for wire in wires]
    assert by_name(certificates, "mail.contoso.test", EX01, "name", NOW).thumbprint == thumbprint(older)


def test_two_of_equal_worth_are_not_decided_between():
    one, other = make_der("mail.contoso.test", serial=1), make_der("mail.contoso.test", serial=2)
    with pytest.raises(Failure, match=r"^name: 2 certificates on EX01 are equally good for") as failure:
        chosen(one, other)
    assert thumbprint(one) in str(failure.value)
    assert thumbprint(other) in str(failure.value)


RIGHT = "611C687DFC4343A5A03E0005A1EC6E9B6AFF586D"


@given(
    upper=st.lists(st.booleans(), min_size=40, max_size=40),
    marks=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(" \t:\u200e\u200f\u202a\ufeff")), max_size=30),
)
def test_a_thumbprint_in_any_spelling(upper, marks):
    text = "".join(c if up else c.lower() for c, up in zip(RIGHT, upper, strict=True))
    for position, mark in marks:
        text = text[:position] + mark + text[position:]
    assert Thumbprint().parse(text) == RIGHT


@pytest.mark.parametrize("length", [0, 1, 39, 41, 64])
def test_a_thumbprint_of_another_length(length):
    with pytest.raises(ValueError, match=f"has {length} hexadecimal digits; use the 40"):
        Thumbprint().parse("a" * length)
