"""What comes from a server is shown as what it is, and never becomes markup or a template."""

from __future__ import annotations

import html

from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader
from markupsafe import Markup

from ansible_collections.mailops.exchange.plugins.plugin_utils import pages


def shown(text: object) -> str:
    environment = pages._environment().overlay(loader=DictLoader({"one": '<p title="{{ text }}">{{ text }}</p>'}))
    return environment.get_template("one").render(text=text)


def test_a_banner_is_no_markup_and_no_template() -> None:
    assert shown("<script>{{ 7 * 7 }}'\"&") == (
        '<p title="&lt;script&gt;{{ 7 * 7 }}&#39;&#34;&amp;">&lt;script&gt;{{ 7 * 7 }}&#39;&#34;&amp;</p>'
    )


def test_what_cannot_be_seen_is_written_out() -> None:
    assert pages.seen("Client\u202eX3\u200b1\x07\ud800") == "Client[U+202E]X3[U+200B]1[U+0007][U+D800]"
    assert pages.seen("one\n\ttwo äöü 日本") == "one\n\ttwo äöü 日本"
    assert (pages.seen(None), pages.seen(5), pages.seen(Markup("<b>"))) == ("", 5, Markup("<b>"))


@given(st.text(max_size=40))
def test_any_text_comes_back_as_it_is_seen(text: str) -> None:
    page = shown(text)
    inside = page[page.index(">") + 1 : -len("</p>")]
    assert html.unescape(inside) == pages.seen(text)
    assert not set("<>\"'") & set(inside)
