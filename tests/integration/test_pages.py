"""The pages in a real browser, as people open them who got them by mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, check
from debian import Unavailable
from needed import BROWSER, do_without

FAULTY = """<!doctype html>
<html lang="en"><head><title>Faults</title><style>.wide {width: 3000px} button:focus {outline: none}</style></head>
<body><main><h1>Faults</h1><img src="https://pictures.contoso.test/logo.png" alt=""><p style="color: #bbb">Pale</p>
<input><button class="wide">Look</button><a href="#end" onfocus="this.blur()">End</a></main>
<script>console.error("a complaint"); undefined_name();</script></body></html>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        check()
    except Unavailable as reason:
        do_without(BROWSER, reason)
    browser = Browser()
    browser.start()
    try:
        yield browser
    finally:
        browser.stop()


def test_faults_of_a_page_are_noticed(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "faulty.html"
    file.write_text(FAULTY)
    with browser.open(file) as opened:
        assert opened.requests == ["https://pictures.contoso.test/logo.png"]
        assert any("a complaint" in said for said in opened.complaints)
        assert any("undefined_name" in said for said in opened.complaints)
        assert {line.partition(":")[0] for line in opened.violations()} >= {"color-contrast", "label"}
        assert opened.overhang() > 1000
        tabbed = opened.tabbed()
        assert [name.partition(" ")[0] for name in tabbed.missed] == ["2"]
        assert [name.partition(" ")[0] for name in tabbed.unmarked] == ["1"]
