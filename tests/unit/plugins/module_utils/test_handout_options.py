"""What is wrong with what a user says of the hand-out is told in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from handouts import STARTTLS, TLS

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_options import (
    Names,
    Probing,
    domains,
    username,
)

POPS = Setting("pop3", "mail.contoso.com", 995, TLS)
IMAPS = Setting("imap4", "mail.contoso.com", 993, TLS)
SUBMISSION = Setting("smtp", "smtp.contoso.com", 587, STARTTLS)


def refusal(call: Any, *given: Any) -> str:
    with pytest.raises(ValueError, match=r"^handout_[a-z]+: .*\.$") as refused:
        call(*given)
    return str(refused.value)


def test_domains_are_in_the_form_of_dns_and_each_once() -> None:
    given = ["Contoso.com", "contoso.com", "Postf\u00e4cher.de", "a.b.example"]
    assert domains(given) == ["contoso.com", "xn--postfcher-z2a.de", "a.b.example"]


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "contoso",
        "contoso.com.",
        "@contoso.com",
        "a b.com",
        "contoso.com\n",
        "x;y.com",
        "10.0.0.1",
        "-a.com",
        "a_b.com",
        "stra\u00dfe.de",
        "STRA\u1e9eE.de",
        "\u03b2\u03cc\u03bb\u03bf\u03c2.example",
    ],
)
def test_what_is_no_domain(domain: str) -> None:
    assert repr(domain) in refusal(domains, ["contoso.com", domain])


def test_a_name_that_programs_encode_differently_is_not_turned_into_another_one() -> None:
    assert "begins with xn--" in refusal(domains, ["stra\u00dfe.de"])
    assert "one such as contoso.com" in refusal(domains, ["contoso.com."])
    assert domains(["xn--strae-oqa.de"]) == ["xn--strae-oqa.de"]
    assert "'stra\u00dfe.de'" in refusal(Names.of, "handout_unverified", ["stra\u00dfe.de"])


def test_no_domain_at_all() -> None:
    assert "the list is empty" in refusal(domains, [])


@pytest.mark.parametrize(
    "name",
    ["%EMAILADDRESS%", "%EMAILLOCALPART%", "CONTOSO\\%EMAILLOCALPART%", "%EMAILLOCALPART%@%EMAILDOMAIN%"],
)
def test_a_user_name_with_placeholders(name: str) -> None:
    assert username(name) == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("anna", "would be the same for every user"),
        ("%EMAILDOMAIN%", "would be the same for every user"),
        ("", "would be the same for every user"),
        ("%EMAILADDRES%", "no user name has"),
        ("%EMAILADDRESS%<", "no user name has"),
        ("%EMAILADDRESS%\n", "no user name has"),
        ("%%EMAILADDRESS%%", "no user name has"),
    ],
)
def test_a_user_name_that_is_none(name: str, told: str) -> None:
    assert told in refusal(username, name)


def test_settings_are_named_by_host_or_by_host_and_port() -> None:
    names = Names.of(
        "handout_unverified", ["MAIL.contoso.com:995", "smtp.contoso.com", "mial.contoso.com", "smtp.contoso.com:25"]
    )
    assert [names.covers(one) for one in (POPS, IMAPS, SUBMISSION)] == [True, False, True]
    assert names.without_effect([POPS, IMAPS, SUBMISSION]) == [
        "handout_unverified: mial.contoso.com is in none of the servers' settings for users.",
        "handout_unverified: smtp.contoso.com:25 is in none of the servers' settings for users.",
    ]


@pytest.mark.parametrize(
    "name",
    ["", ":995", "mail:", "mail:0", "mail:65536", "mail:123456", "mail:x", "mail:995:SSL", "a b", "mail:\u0661"],
)
def test_what_names_no_setting(name: str) -> None:
    assert repr(name) in refusal(Names.of, "handout_unverified", [name])


def test_the_place_of_a_setting() -> None:
    probing = Probing.of({"connect_to": {"mail.contoso.com": "10.0.0.1", "mail.contoso.com:995": "ex01:20995"}})
    assert (probing.place(POPS), probing.place(IMAPS)) == (("ex01", 20995), ("10.0.0.1", 993))
    assert probing.place(SUBMISSION) == (None, 587)
    assert (probing.timeout, probing.ca_cert) == (10, None)
    assert Probing.of({"timeout": "5"}).timeout == 5


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ca_certs": "x"}, "'ca_certs' is not valid"),
        ({"connect_to": "10.0.0.1"}, "connect_to is '10.0.0.1'"),
        ({"connect_to": {"mail": "10.0.0.1:x"}}, "'10.0.0.1:x' is neither"),
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": "soon"}, "timeout is 'soon'"),
        ({"timeout": 3601}, "timeout is 3601"),
        ({"ca_cert": "/proc/nowhere"}, "/proc/nowhere, cannot be read: No such file or directory"),
    ],
)
def test_how_nothing_can_be_tried(given: dict[str, Any], told: str) -> None:
    assert told in refusal(Probing.of, given)


def test_authorities_are_certificates(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("nothing")
    assert "contains no certificate" in refusal(Probing.of, {"ca_cert": str(path)})
