"""The page of a fleet report as a browser reads it: its structure, and that no text becomes a part of it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from fleet_reports import HOSTILE, fleet
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet_page import view
from ansible_collections.mailops.exchange.plugins.plugin_utils.pages import rendered, seen

BLOCKS = {"article", "details", "div", "dl", "h2", "h3", "p", "section", "table", "ul"}
PHRASES = {"a", "bdi", "code", "h1", "h2", "h3", "label", "p", "span", "strong", "summary"}
VOID = {"meta", "input", "use", "path"}
REPORTS: Mapping[str, Mapping[str, Any]] = {
    "nobody": {"servers": 0},
    "one": {"servers": 1, "previous": False},
    "two": {"servers": 2},
    "all kinds": {"servers": 12},
    "hostile": {"servers": 12, "hostile": True, "usage": True},
    "nothing desired": {"servers": 12, "wanted": False},
    "many": {"servers": 24, "usage": True},
    "many, all well": {"servers": 24, "healthy": True},
}
HOSTILE_TEXTS = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=30), st.text("<>&\"'/=-!{}%# \u202e\n", max_size=20)
)


class Page(HTMLParser):
    """Elements as they are nested, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.feed(text)
        self.close()
        assert not self.stack, f"never closed: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of <{tag}> is there twice"
        self.elements.append((tag, dict(attrs), tuple(self.stack)))
        # A browser ends a paragraph there, and what follows is no longer inside of it.
        assert not (tag in BLOCKS and PHRASES & set(self.stack)), f"<{tag}> inside of {self.stack}"
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.elements.append((tag, dict(attrs), tuple(self.stack)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> ends nothing"
        assert self.stack.pop() == tag, f"</{tag}> ends another element"

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self.stack), data))

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration in the page: {data!r}")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment in the page: {data!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction in the page: {data!r}")

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes, _inside in self.elements if tag in tags]

    def inside(self, tag: str) -> list[str]:
        return [text for stack, text in self.texts if stack and stack[-1] == tag]

    @property
    def text(self) -> str:
        return "".join(text for _stack, text in self.texts)


def drawn(report: Mapping[str, Any]) -> str:
    return rendered("fleet_report.html.j2", **view(report))


@cache
def page_of(name: str) -> Page:
    return Page(drawn(fleet(**REPORTS[name])))


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_is_whole_and_needs_nothing_else(name: str) -> None:
    page = page_of(name)
    assert page.elements[0][:2] == ("html", {"lang": "en"})
    ids = [attributes["id"] for _tag, attributes, _inside in page.elements if "id" in attributes]
    assert [one for one, times in Counter(ids).items() if times > 1] == []
    for tag, attributes, _inside in page.elements:
        assert not attributes.keys() & {"src", "srcset", "style", "action", "data", "background", "xlink:href"}
        assert [one for one in attributes if one.startswith("on")] == []
        if "href" in attributes:
            assert str(attributes["href"])[0] == "#", f"<{tag}> leads out of the page"
            assert str(attributes["href"])[1:] in ids
        for reference in ("for", "aria-labelledby"):
            assert set(str(attributes.get(reference) or "").split()) <= set(ids)
    assert not {tag for tag, _attributes, _inside in page.elements} & {"link", "img", "iframe", "object", "base"}


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_runs_and_nothing_is_loaded_but_the_page_s_own_style_and_script(name: str) -> None:
    page = page_of(name)
    (policy,) = [one for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    hashes = {}
    for tag in ("style", "script"):
        (text,) = page.inside(tag)
        hashes[tag] = f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert policy["content"] == (
        f"default-src 'none'; style-src {hashes['style']}; script-src {hashes['script']}; base-uri 'none'; "
        "form-action 'none'"
    )
    assert not re.search(r"https?:|//(?! )|url\(|@import|innerHTML", page.inside("style")[0] + page.inside("script")[0])


@pytest.mark.parametrize("name", REPORTS)
def test_who_cannot_see_finds_the_way(name: str) -> None:
    page = page_of(name)
    levels = [int(tag[1]) for tag, _attributes, _inside in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    inside = [tag for tag, _attributes, stack in page.elements if stack and stack[-1] == "table"]
    assert inside == ["caption", "thead", "tbody"] * len(page.all("table"))
    assert {one.get("scope") for one in page.all("th")} <= {"col", "row"}
    assert all("hidden" in one for one in page.all("form"))
    scrolled = [one for one in page.all("div") if "wide" in str(one.get("class"))]
    for one in scrolled:
        assert (one["role"], one["tabindex"]) == ("region", "0")
        assert one.get("aria-label") or one.get("aria-labelledby")
    labelled = [one["for"] for one in page.all("label") if "for" in one]
    for tag, attributes, stack in page.elements:
        if tag in ("input", "select"):
            assert "label" in stack or attributes["id"] in labelled
        if tag == "svg":
            assert attributes["aria-hidden"] == "true"


def test_what_servers_say_is_shown_as_what_it_is() -> None:
    page, plain = page_of("hostile"), page_of("all kinds")
    assert {tag for tag, *_rest in page.elements} <= {tag for tag, *_rest in plain.elements}
    names = [{(tag, name) for tag, attributes, _inside in one.elements for name in attributes} for one in (page, plain)]
    assert names[0] <= names[1]
    for text in HOSTILE:
        # Of a long one there is the beginning, and a carriage return is written out only inside of a value.
        assert seen(text)[:100] in page.text


# Where a text of a server, of its administrator or of the inventory stands.
PLACES = ("host", "failure", "banner", "reason", "found", "why", "id", "subject", "connector", "option", "unreadable")


@pytest.mark.parametrize("place", PLACES)
def test_an_element_in_a_text_is_text(place: str) -> None:
    page = Page(drawn(with_text(place, "<script>alert(1)</script>")))
    assert "<script>alert(1)</script>" in page.text
    assert elements(page) == harmless(place)


@settings(max_examples=30)
@given(st.sampled_from(PLACES), HOSTILE_TEXTS)
def test_no_text_becomes_markup_wherever_it_stands(place: str, text: str) -> None:
    page = Page(drawn(with_text(place, text)))
    assert seen(text)[:100].strip() in page.text
    assert elements(page) == harmless(place)


@cache
def harmless(place: str) -> Counter[str]:
    return elements(Page(drawn(with_text(place, "harmless"))))


def elements(page: Page) -> Counter[str]:
    return Counter(tag for tag, *_rest in page.elements)


@cache
def _report() -> dict[str, Any]:
    return fleet(2)


def with_text(place: str, text: str) -> dict[str, Any]:
    """A report with a text at one place."""
    report = deepcopy(_report())
    odd = report["servers"]["ex02"]
    if place == "host":
        report["servers"][f"{text} "] = report["servers"].pop("ex02")
        report["changes"]["servers"][0]["host"] = text
    elif place == "failure":
        odd |= {"state": "failed", "failure": text}
    elif place == "banner":
        odd["protocols"]["pop3"]["settings"]["banner"] = text
        odd["drift"]["pop3"]["differences"][0] |= {"actual": f"{text} ", "desired": text}
    elif place == "reason":
        report["accepted"][0]["reason"] = f"{text}."
    elif place == "found":
        report["findings"][0]["found"][0]["text"] = report["findings"][0]["fix"][0]["text"] = text
    elif place in ("why", "id"):
        report["findings"][0][place] = text
    elif place == "subject":
        odd["certificates"][0] |= {"subject": f"{text}.", "issuer": text, "names": [text, "mail"], "services": ["POP"]}
    elif place == "connector":
        odd["connectors"][0]["name"] = text
    elif place == "option":
        odd["protocols"]["imap4"]["settings"][text or "empty"] = text
    else:
        odd["protocols"]["imap4"]["unreadable"] = {"ssl_bindings": text}
    return report


def test_a_large_fleet_of_which_no_two_servers_are_alike_stays_below_two_megabytes() -> None:
    report = fleet(100, previous=False)
    for number, entry in enumerate(report["servers"].values()):
        for key, protocol in (entry["protocols"] or {}).items():
            protocol["settings"] = {
                option: f"{number} of {option} on a server of which there is no second, as {key}"
                for option in protocol["settings"]
            }
    shown = view(report)["comparison"]
    assert shown is not None
    assert len(shown.differing) * len(shown.columns) > 5000
    assert shown.is_large
    assert len(drawn(report).encode()) < 2_000_000
