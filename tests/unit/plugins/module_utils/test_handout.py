"""What is handed out to users, what is not, and in which words."""

from __future__ import annotations

import html
import re
import string
from html.parser import HTMLParser
from typing import Any

import pytest
from handouts import CLEAR, HOSTILE, STARTTLS, TLS, running, server, troubled

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import (
    NOT_TRIED,
    TRIED,
    UNREACHABLE,
    Handout,
    Setting,
    Told,
    Trial,
    handout,
    told_by,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_words import (
    notes,
    outlook_text,
    view,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.handout_texts import TEXTS
from ansible_collections.mailops.exchange.plugins.plugin_utils.pages import rendered

IMAPS = Setting("imap4", "mail.contoso.com", 993, TLS)
POPS = Setting("pop3", "mail.contoso.com", 995, TLS)
SUBMISSION = Setting("smtp", "mail.contoso.com", 587, STARTTLS)


def made(told: Told, trials: dict[Setting, Trial] | None = None, **more: Any) -> Handout:
    given = dict.fromkeys(told.to_try, Trial(TRIED)) if trials is None else trials
    return handout(told, given, more.get("domains", ["contoso.com"]), more.get("username", "%EMAILADDRESS%"))


def settings(handout: Handout, side: str, *protocols: str) -> list[str]:
    return [f"{one.setting} {one.setting.encryption}" for one in handout.of(side, *protocols)]


def page(handout: Handout, language: str = "en") -> str:
    return rendered("handout.html.j2", **view(handout, language))


def test_all_that_a_server_has_for_users_is_handed_out() -> None:
    told = told_by([server()])
    handed = made(told)
    assert settings(handed, "external") == [
        "mail.contoso.com:993 implicit_tls",
        "mail.contoso.com:995 implicit_tls",
        "mail.contoso.com:587 starttls",
    ]
    assert settings(handed, "internal", "pop3") == [
        "ex01.contoso.com:995 implicit_tls",
        "ex01.contoso.com:110 starttls",
    ]
    assert (told.domains, handed.notes, handed.off, handed.unreachable) == (["contoso.com"], (), frozenset(), [])
    # Each once, though sending is the same on both sides.
    assert told.to_try.count(SUBMISSION) == 1


@pytest.mark.parametrize(
    ("protocol", "kind", "off"),
    [
        (running("stopped"), "off", True),
        (running("missing"), "off", True),
        (running("starting"), "off", True),
        (running(component="inactive"), "off", True),
        (running("", "inactive"), "off", True),
        (running(""), "unknown", False),
        (running(component="unknown"), "unknown", False),
    ],
)
def test_what_is_off_or_not_known_to_be_on_is_not_handed_out(protocol: Any, kind: str, off: bool) -> None:
    handed = made(told_by([server(pop3=protocol)]))
    assert handed.of("external", "pop3") == handed.of("internal", "pop3") == []
    assert [(note.kind, note.protocol, note.servers) for note in handed.notes] == [(kind, "pop3", ("EX01",))]
    assert handed.off == (frozenset({"pop3"}) if off else frozenset())
    assert settings(handed, "external", "imap4")


def test_exchange_2010_has_no_components() -> None:
    assert made(told_by([server(pop3=running(component="none"))])).of("external", "pop3")


def test_a_protocol_is_off_only_if_it_is_so_everywhere() -> None:
    off, on = server(pop3=running("stopped")), server("EX02")
    handed = made(told_by([off, on]))
    assert handed.off == frozenset()
    assert settings(handed, "external", "pop3") == ["mail.contoso.com:995 implicit_tls"]
    assert made(told_by([off], ["ex02"])).off == frozenset()
    # Who was not asked for it has said nothing.
    assert made(told_by([server(pop3=None)])).off == frozenset()


def test_three_answers() -> None:
    handed = made(told_by([server(external={"pop3": None, "imap4": []}, smtp=None)]))
    assert settings(handed, "external") == []
    assert [(one.kind, one.protocol, one.side) for one in handed.notes] == [
        ("not_told", "imap4", "external"),
        ("unreadable", "pop3", "external"),
        ("unreadable", "smtp", ""),
    ]


@pytest.mark.parametrize(
    "host",
    [HOSTILE, "", ".", "a b", "mail.contoso.com;x", "mail.contoso.com\n", "<b>", "a" * 300, "x..y", "::1", "\u202emoc"],
)
def test_what_is_no_host_name_is_not_handed_out(host: str) -> None:
    told = told_by([server(smtp=[(host, 587, STARTTLS)])])
    assert not [one for one in told.to_try if one.protocol == "smtp"]
    (note,) = told.notes
    assert (note.kind, note.text) == ("unusable", f"{host}:587")


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_is_one(port: int) -> None:
    assert [note.kind for note in told_by([server(smtp=[("mail.contoso.com", port, STARTTLS)])]).notes] == ["unusable"]


def test_a_name_is_in_the_form_of_dns() -> None:
    told = told_by([server(external={"pop3": [("Postf\u00e4cher.Contoso.com.", 995, TLS)]})])
    assert Setting("pop3", "xn--postfcher-z2a.contoso.com", 995, TLS) in told.to_try


def test_a_name_of_which_programs_make_two_is_not_handed_out() -> None:
    told = told_by([server(external={"pop3": [("stra\u00dfe.contoso.com", 995, TLS)]})])
    assert not [one for one in told.to_try if "stra" in one.host]
    assert [note.text for note in told.notes if note.kind == "unusable"] == ["stra\u00dfe.contoso.com:995"]


def test_servers_that_differ_are_all_named() -> None:
    handed = made(told_by(troubled()))
    assert settings(handed, "external", "pop3") == [
        "mail.contoso.com:995 implicit_tls",
        "mail2.contoso.com:995 implicit_tls",
        "mail2.contoso.com:110 none",
    ]
    assert [offer.servers for offer in handed.of("external", "pop3")] == [("EX01",), ("EX02",), ("EX02",)]
    assert (handed.alike("external", "pop3"), handed.alike("external", "smtp")) == (False, True)
    rows = [row for row in view(handed, "en")["sides"][0]["rows"] if row["purpose"] == "Receiving (POP3)"]
    assert [([one["only_on"] for one in row["servers"]], row["remarks"]) for row in rows] == [
        (["EX01 only", "EX02 only"], []),
        (["EX02 only"], ["not encrypted: others can read your password"]),
    ]
    assert "  Server: mail.contoso.com (EX01 only), mail2.contoso.com (EX02 only)\n  Port: 995\n" in (
        outlook_text(handed, "en").decode()
    )
    assert '<span class="value">mail2.<wbr>contoso.<wbr>com</span> (EX02 only)</span>' in page(handed)


def test_what_most_servers_have_comes_first() -> None:
    other = {"pop3": [("a.contoso.com", 995, TLS)]}
    told = told_by([server("EX01", external=other), server("EX02"), server("EX03")])
    assert settings(made(told), "external", "pop3")[0] == "mail.contoso.com:995 implicit_tls"


def test_no_connection() -> None:
    told = told_by([server()])
    trials = dict.fromkeys(told.to_try, Trial(TRIED))
    handed = made(told, trials | {IMAPS: Trial(UNREACHABLE, "It says <no>."), SUBMISSION: Trial(NOT_TRIED)})
    assert [str(offer.setting) for offer in handed.unreachable] == ["mail.contoso.com:993"]
    assert [offer.setting for offer in handed.for_programs("external")] == [POPS, SUBMISSION]
    first, second, third = view(handed, "en")["sides"][0]["rows"]
    assert (first["usable"], first["remarks"]) == (False, ["No connection: do not use this setting."])
    assert (second["usable"], second["remarks"]) == (True, [])
    assert (third["usable"], third["remarks"]) == (True, ["not tested from here"])
    assert notes(handed, "en") == [
        "Receiving (IMAP) (outside): connecting to mail.contoso.com:993 failed. It is left out of the files "
        "for programs, the profile, and the DNS records. It says <no>."
    ]
    assert '<span class="reason" lang="en">It says &lt;no&gt;.</span>' in page(handed, "de")


def test_what_is_not_encrypted_is_on_the_page_alone() -> None:
    told = told_by([server(external={"pop3": [("mail.contoso.com", 110, CLEAR)]})])
    handed = made(told)
    assert handed.of("external", "pop3")
    assert handed.for_programs("external", "pop3") == []
    assert [note.kind for note in handed.notes] == ["in_clear"]


@pytest.mark.parametrize(
    ("external", "domains"),
    [
        ({}, ["contoso.com"]),
        ({"pop3": [("pop.contoso.co.uk", 995, TLS)]}, ["contoso.com", "contoso.co.uk"]),
        ({"pop3": [("contoso.com", 995, TLS)]}, ["contoso.com"]),
        ({"pop3": [("10.0.0.1", 995, TLS)], "imap4": [("mail", 993, TLS)]}, []),
        ({"pop3": [], "imap4": None}, []),
    ],
)
def test_the_domain_of_the_external_name(external: Any, domains: list[str]) -> None:
    found = told_by([server(external=external, smtp=[("ex01.corp.example", 587, STARTTLS)])]).domains
    assert sorted(found) == sorted(domains)


def fields(text: str) -> set[str]:
    return {name for _text, name, *_rest in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", list(TEXTS))
def test_every_language_says_the_same(language: str) -> None:
    assert list(TEXTS[language]) == list(TEXTS["en"])
    for key, text in TEXTS[language].items():
        assert fields(text) == fields(TEXTS["en"][key]), key
        assert text == text.strip() != "", key


def test_quotation_marks_are_those_of_the_language() -> None:
    assert "choose \u201cConfigure manually\u201d" in TEXTS["en"]["thunderbird_1"]
    assert "\u201eManuell einrichten\u201c" in TEXTS["de"]["thunderbird_1"]
    assert not [text for texts in TEXTS.values() for text in texts.values() if set('"\u00ab\u00bb') & set(text)]


def test_every_text_is_shown() -> None:
    """What no page and no file shows is left over."""
    told = told_by([*troubled(), server("EX05", external={"pop3": []}, internal={"pop3": [], "imap4": []})], ["ex04"])
    trials = {**dict.fromkeys(told.to_try, Trial(TRIED)), IMAPS: Trial(UNREACHABLE), SUBMISSION: Trial(NOT_TRIED)}
    shown = ""
    for handed in (
        made(told, trials),
        made(told_by([server(imap4=running("stopped"), pop3=running("stopped"), smtp=[])])),
        made(told, trials, username="%EMAILLOCALPART%"),
        made(told, trials, username="X\\%EMAILLOCALPART%%EMAILDOMAIN%"),
    ):
        shown += " ".join(f"{html.unescape(page(handed))} {outlook_text(handed, 'en').decode()} ".split())
    for key, text in TEXTS["en"].items():
        parts = re.escape(text) if not fields(text) else ".*".join(map(re.escape, re.split(r"\{\w+\}", text)))
        assert re.search(parts, shown), key


@pytest.mark.parametrize(
    ("username", "shown"),
    [
        ("%EMAILADDRESS%", "your full email address"),
        ("%EMAILLOCALPART%", "the part of your email address before the @"),
        ("CONTOSO\\%EMAILLOCALPART%", "CONTOSO\\[the part of your email address before the @]"),
    ],
)
def test_a_user_name_in_words(username: str, shown: str) -> None:
    handed = made(told_by([server()]), username=username)
    assert dict(view(handed, "en")["account"])["User name"] == shown
    assert f"User name: {shown}\n" in outlook_text(handed, "en").decode()


def test_only_what_concerns_them_is_said() -> None:
    def keys(**given: Any) -> set[str]:
        shown = view(made(told_by([server(**given)])), "en")
        texts = [*shown["warnings"], *shown["choose"], *(step for one in shown["programs"] for step in one["steps"])]
        return {key for key, text in TEXTS["en"].items() if text in texts}

    both, imap = keys(), keys(pop3=running("stopped"))
    assert both - imap == {"leave_copy", "thunderbird_pop3", "outlook_pop3", "choose_pop3"}
    assert "no_465" in both
    assert "no_465" not in keys(smtp=[("mail.contoso.com", 465, TLS)])
    assert "choose_first" not in keys(internal={"pop3": [], "imap4": []})
    assert "choose_first" in both
    assert "choose_server" not in both


class Reader(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("language", list(TEXTS))
def test_a_page_holds_no_markup_of_a_server_and_asks_for_nothing(language: str) -> None:
    told = told_by([server(HOSTILE, smtp=[(HOSTILE, 587, STARTTLS)], pop3=running("stopped")), server("EX02")])
    trials = dict.fromkeys(told.to_try, Trial(UNREACHABLE, HOSTILE))
    written = page(made(told, trials), language)
    reader = Reader()
    reader.feed(written)
    assert {tag for tag, _attributes in reader.elements}.isdisjoint({"script", "img", "link", "iframe", "a"})
    assert not [attributes for _tag, attributes in reader.elements if {"src", "href", "onclick"} & attributes.keys()]
    assert ("html", {"lang": language}) in reader.elements
    assert "url(" not in written
    assert HOSTILE.replace("\u202e", "[U+202E]") in reader.text


def test_text_has_no_character_that_acts() -> None:
    handed = made(told_by([server(HOSTILE), server("EX02", external={"pop3": [("b.contoso.com", 995, TLS)]})]))
    for written in (outlook_text(handed, "en").decode(), "\n".join(notes(handed, "en"))):
        assert "\u202e" not in written
        assert "\nIN SRV" not in written
