"""The files that programs take: each is read again by a reader of its format, and says what the servers said."""

from __future__ import annotations

import plistlib
import re
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)
from handouts import CLEAR, HOSTILE, STARTTLS, TLS, running, server, troubled
from hypothesis import given
from hypothesis import strategies as st
from needed import SHARED, do_without

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.autoconfig import document
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.dns_records import zone
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import (
    NOT_TRIED,
    SIDES,
    TRIED,
    UNREACHABLE,
    Handout,
    Setting,
    Trial,
    handout,
    told_by,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_files import NAMES, PAGES, contents
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.mobileconfig import Signer, profile, signed
from exchange_simulator.pki import Authority

SCHEMAS = Path(__file__).resolve().parents[5] / "shared" / "schemas"
IMAPS = Setting("imap4", "mail.contoso.com", 993, TLS)
POPS = Setting("pop3", "mail.contoso.com", 995, TLS)
SUBMISSION = Setting("smtp", "mail.contoso.com", 587, STARTTLS)

HOSTS = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z]\.contoso\.com", fullmatch=True),
    st.text(max_size=30),
    st.sampled_from([HOSTILE, "mail.contoso.com\n@ IN A 10.0.0.1", "mail.contoso.com ; x", "]]>", "&#x0;", "10.0.0.1"]),
)
ENTRIES = st.lists(st.tuples(HOSTS, st.integers(0, 70000), st.sampled_from([TLS, STARTTLS, CLEAR])), max_size=3)


def handed(
    *servers: dict[str, Any], lost: tuple[str, ...] = (), domains: tuple[str, ...] = ("contoso.com",), **of: Trial
) -> Handout:
    """A hand-out of which all was tried with success, or with another end by protocol."""
    told = told_by(servers or [server()], lost)
    trials = {setting: of.get(setting.protocol, Trial(TRIED)) for setting in told.to_try}
    return handout(told, trials, domains, "%EMAILADDRESS%")


def schema(name: str) -> Path:
    if not SCHEMAS.is_dir():
        do_without(SHARED, f"there are no schemas at {SCHEMAS}")
    return SCHEMAS / name


def servers_of(xml: bytes) -> list[tuple[str | None, str | None, int, str | None]]:
    root = ET.fromstring(xml)
    return [
        (one.get("type"), one.findtext("hostname"), int(one.findtext("port") or 0), one.findtext("socketType"))
        for kind in ("incomingServer", "outgoingServer")
        for one in root.iter(kind)
    ]


def test_autoconfig_says_what_the_servers_say() -> None:
    assert servers_of(document(handed(), "external") or b"") == [
        ("imap", "mail.contoso.com", 993, "SSL"),
        ("pop3", "mail.contoso.com", 995, "SSL"),
        ("smtp", "mail.contoso.com", 587, "STARTTLS"),
    ]
    assert servers_of(document(handed(), "internal") or b"") == [
        ("imap", "ex01.contoso.com", 993, "SSL"),
        ("imap", "ex01.contoso.com", 143, "STARTTLS"),
        ("pop3", "ex01.contoso.com", 995, "SSL"),
        ("pop3", "ex01.contoso.com", 110, "STARTTLS"),
        ("smtp", "mail.contoso.com", 587, "STARTTLS"),
    ]


def test_autoconfig_for_several_domains() -> None:
    root = ET.fromstring(document(handed(domains=("contoso.com", "contoso.de")), "external") or b"")
    (provider,) = root
    assert (provider.get("id"), [one.text for one in provider.iter("domain")]) == (
        "contoso.com",
        ["contoso.com", "contoso.de"],
    )
    assert {one.text for one in root.iter("username")} == {"%EMAILADDRESS%"}
    assert {one.text for one in root.iter("authentication")} == {"password-cleartext"}
    # Nobody's mail disappears from the server because a program was not told.
    (pop3,) = (one for one in root.iter("incomingServer") if one.get("type") == "pop3")
    assert pop3.findtext("pop3/leaveMessagesOnServer") == "true"


def test_what_has_no_connection_is_in_no_file() -> None:
    refused = handed(imap4=Trial(UNREACHABLE, "It refused the connection."))
    assert [kind for kind, *_rest in servers_of(document(refused, "external") or b"")] == ["pop3", "smtp"]
    assert profile(refused, "external", "imap4") is None
    assert " 993 " not in zone(refused, "external").decode()
    # Not even by saying that there is none.
    assert "\n_imaps" not in zone(refused, "external").decode()
    # Programs need both.
    for one in (handed(smtp=Trial(UNREACHABLE)), handed(imap4=Trial(UNREACHABLE), pop3=Trial(UNREACHABLE))):
        assert document(one, "external") is profile(one, "external", "pop3") is None


def test_what_was_not_tried_is_handed_out() -> None:
    programs = [name for name in NAMES if "/" in name]
    not_tried, tried = contents(handed(imap4=Trial(NOT_TRIED))), contents(handed())
    assert [not_tried[name] for name in programs] == [tried[name] for name in programs]


@given(pop3=ENTRIES, imap4=ENTRIES, smtp=ENTRIES)
def test_whatever_servers_say_each_file_is_read_back(pop3: Any, imap4: Any, smtp: Any) -> None:
    said = handed(server(external={"pop3": pop3, "imap4": imap4}, smtp=smtp))
    offered = [one.setting for one in said.for_programs("external")]
    if xml := document(said, "external"):
        assert [(host, port) for _kind, host, port, _socket in servers_of(xml)] == [
            (one.host, one.port) for one in offered
        ]
    for protocol in ("pop3", "imap4"):
        if written := profile(said, "external", protocol):
            (account,) = plistlib.loads(written)["PayloadContent"]
            of_protocol = [one for one in offered if one.protocol == protocol]
            assert account["IncomingMailServerHostName"] == of_protocol[0].host
            assert account["IncomingMailServerPortNumber"] == of_protocol[0].port
    lines = [line for line in zone(said, "external").decode("ascii").split("\n") if line and not line.startswith(";")]
    targets = [line.split()[-2:] for line in lines]
    assert all(len(line.split()) == 7 and ";" not in line for line in lines)
    assert [target for target in targets if target[1] != "."] == [
        [str(one.port), f"{one.host}."]
        for protocol in ("imap4", "pop3", "smtp")
        for encryption in (TLS, STARTTLS)
        for one in offered
        if (one.protocol, one.encryption) == (protocol, encryption) and not one.is_address
    ]


def test_a_profile_is_stable_and_has_no_password() -> None:
    first = plistlib.loads(profile(handed(), "external", "imap4") or b"")
    other = server(external={"imap4": [("imap.contoso.com", 1993, TLS)]})
    second = plistlib.loads(profile(handed(other), "external", "imap4") or b"")
    assert first != second
    for key in ("PayloadIdentifier", "PayloadUUID"):
        assert first[key] == second[key]
        assert first["PayloadContent"][0][key] == second["PayloadContent"][0][key]
    assert (first["PayloadIdentifier"], first["PayloadContent"][0]["PayloadIdentifier"]) == (
        "com.contoso.mail.imap4",
        "com.contoso.mail.imap4.account",
    )
    # Another one would make a second account of what is the same.
    assert first["PayloadUUID"] == "E4E2A924-9BEF-5529-80D2-3D96892F1B2F"
    assert first["PayloadUUID"] == str(uuid.UUID(first["PayloadUUID"])).upper()
    identifiers = {
        plistlib.loads(profile(handed(domains=(domain,)), "external", protocol) or b"")["PayloadUUID"]
        for domain in ("contoso.com", "contoso.de")
        for protocol in ("pop3", "imap4")
    }
    assert len(identifiers) == 4
    assert not [key for key in first["PayloadContent"][0] if "Password" in key and "Same" not in key]


@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
@pytest.mark.parametrize("side", SIDES)
def test_keys_and_types_are_apples(side: str, protocol: str) -> None:
    described = yaml.safe_load(schema("com.apple.mail.managed.yaml").read_text(encoding="utf-8"))
    keys = {one["key"]: one for one in described["payloadkeys"]}
    types = {"<string>": str, "<integer>": int, "<boolean>": bool}
    (account,) = plistlib.loads(profile(handed(), side, protocol) or b"")["PayloadContent"]
    assert account["PayloadType"] == described["payload"]["payloadtype"]
    assert {name for name, one in keys.items() if one["presence"] == "required"} <= account.keys()
    for name, value in account.items():
        if name.startswith("Payload"):
            continue
        assert type(value) is types[keys[name]["type"]], name
        assert value in keys[name].get("rangelist", [value]), name


def test_a_profile_is_not_made_of_one_of_several_servers() -> None:
    differ = handed(*troubled())
    assert profile(differ, "external", "pop3") is None
    readme = contents(differ)["handout.readme.txt"].decode()
    assert "pop3.mobileconfig is not included: a profile has one server for each" in readme
    # They differ in what concerns this side only.
    inside = handed(server(), server("EX02"))
    assert profile(inside, "external", "pop3")
    assert profile(inside, "internal", "pop3") is None


PASSWORD = "Tr0ub4dor&3"


def certificates(pem: bytes) -> list[bytes]:
    return re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", pem, re.DOTALL)


@pytest.mark.parametrize("rsa_bits", [2048, None])
def test_a_signed_profile(tmp_path: Path, rsa_bits: int | None) -> None:
    pem = Authority(tmp_path).issue(["profiles.contoso.test"], rsa_bits=rsa_bits).read_bytes()
    signer = Signer(pem, pem, None)
    content = profile(handed(), "external", "imap4") or b""
    written = signer.sign(content)
    assert content in written
    shown = pkcs7.load_der_pkcs7_certificates(written)
    assert {one.public_bytes(Encoding.PEM) for one in shown} == set(certificates(pem))
    # The time of signing is in it, and is no reason to write the file again.
    assert signed(content, signer, written) is written
    assert signed(content, signer, content) != content
    assert signed(content + b"\n", signer, written) != written
    other = Authority(tmp_path).issue(["profiles.contoso.test"]).read_bytes()
    assert signed(content, Signer(other, other, None), written) != written


@pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl here to verify a signature with")
def test_a_signature_is_one(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pem = authority.issue(["profiles.contoso.test"]).read_bytes()
    content = profile(handed(), "external", "imap4") or b""
    (tmp_path / "ca.pem").write_bytes(certificates(pem)[-1])
    command = ["openssl", "smime", "-verify", "-inform", "DER", "-CAfile", tmp_path / "ca.pem", "-purpose", "any"]
    done = subprocess.run(command, input=Signer(pem, pem, None).sign(content), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, content), done.stderr


def private(key: Any, password: str | None = None) -> bytes:
    kept = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    written: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kept)
    return written


def test_what_cannot_be_signed_with(tmp_path: Path) -> None:
    pem = Authority(tmp_path).issue(["profiles.contoso.test"]).read_bytes()
    edwards = Authority(tmp_path).issue(["profiles.contoso.test"], key_type="Ed25519").read_bytes()
    stranger = private(ec.generate_private_key(ec.SECP256R1()))
    locked = private(rsa.generate_private_key(65537, 2048), PASSWORD)
    for certificate, key, password, told in (
        (b"x", pem, None, "the certificate cannot be read as PEM"),
        (pem, b"x", None, "the key cannot be read as PEM"),
        (pem, locked, None, "the key cannot be read as PEM"),
        (pem, locked, "wrong", "the key cannot be read as PEM"),
        (pem, pem, PASSWORD, "the key cannot be read as PEM"),
        (edwards, edwards, None, "the key is neither an RSA nor an EC key"),
        (pem, stranger, None, "the key does not belong to the first certificate"),
        (pem, locked, PASSWORD, "the key does not belong to the first certificate"),
    ):
        with pytest.raises(ValueError, match=told) as refused:
            Signer(certificate, key, password)
        assert PASSWORD not in str(refused.value)


def records(text: bytes) -> list[str]:
    return [line for line in text.decode().splitlines() if line and not line.startswith(";")]


def test_records_prefer_what_is_encrypted_from_the_start() -> None:
    assert records(zone(handed(), "external")) == [
        "_imaps._tcp.contoso.com. IN SRV 0 1 993 mail.contoso.com.",
        "_imap._tcp.contoso.com. IN SRV 0 0 0 .",
        "_pop3s._tcp.contoso.com. IN SRV 0 1 995 mail.contoso.com.",
        "_pop3._tcp.contoso.com. IN SRV 0 0 0 .",
        "_submissions._tcp.contoso.com. IN SRV 0 0 0 .",
        "_submission._tcp.contoso.com. IN SRV 10 1 587 mail.contoso.com.",
    ]
    assert records(zone(handed(), "internal"))[:2] == [
        "_imaps._tcp.contoso.com. IN SRV 0 1 993 ex01.contoso.com.",
        "_imap._tcp.contoso.com. IN SRV 10 1 143 ex01.contoso.com.",
    ]
    submissions = handed(server(smtp=[("mail.contoso.com", 465, TLS), ("mail.contoso.com", 587, STARTTLS)]))
    assert records(zone(submissions, "external"))[-2:] == [
        "_submissions._tcp.contoso.com. IN SRV 0 1 465 mail.contoso.com.",
        "_submission._tcp.contoso.com. IN SRV 10 1 587 mail.contoso.com.",
    ]


def test_records_say_that_something_is_off_only_where_that_is_known() -> None:
    def of_pop3(said: Handout) -> list[str]:
        return [line for line in zone(said, "external").decode().splitlines() if "_pop3s._tcp" in line]

    off = server(pop3=running("stopped"))
    assert of_pop3(handed(off)) == ["_pop3s._tcp.contoso.com. IN SRV 0 0 0 ."]
    unknown = ["; _pop3s._tcp.contoso.com. is left out: it is not known whether the service is available."]
    for said in (
        handed(off, lost=("ex02",)),
        handed(server(pop3=running(""))),
        handed(server(external={"pop3": None})),
        handed(server(external={"pop3": []})),
        handed(server(external={"pop3": [(HOSTILE, 995, TLS)]})),
        handed(server(pop3=None)),
    ):
        assert of_pop3(said) == unknown
    # No connector takes users.
    assert "\n_submission._tcp.contoso.com. IN SRV 0 0 0 .\n" in zone(handed(server(smtp=[])), "external").decode()
    # A record leads to a name.
    numbered = handed(server(external={"pop3": [("10.0.0.1", 995, TLS)]}))
    assert of_pop3(numbered) == [
        "; _pop3s._tcp.contoso.com. is left out: no host name that accepts connections is set for it."
    ]


def test_there_is_no_file_that_is_not_known() -> None:
    """What is not made any more is removed by its name."""
    assert set(contents(handed())) | set(PAGES.values()) == set(NAMES)


def test_the_readme_says_where_files_go() -> None:
    readme = contents(handed(domains=("contoso.com", "contoso.de")))["handout.readme.txt"].decode()
    for domain in ("contoso.com", "contoso.de"):
        assert f"\n  https://autoconfig.{domain}/.well-known/mail-v1.xml\n" in readme
        assert f"\n  https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml\n" in readme
        assert f"\n  http://autoconfig.{domain}/mail/config-v1.1.xml, and with https\n" in readme
    assert "NEEDS ATTENTION" not in readme
    assert (
        "Receiving (POP3) is off on EX01."
        in contents(handed(server(pop3=running("stopped"))))["handout.readme.txt"].decode()
    )
