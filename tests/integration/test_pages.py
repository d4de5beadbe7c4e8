"""The pages in a real browser, as people open them who got them by mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pages
import pytest
from browser import Browser, Opened, check
from debian import Unavailable
from needed import BROWSER, do_without

FAULTY = """<!doctype html>
<html lang="en"><head><title>Faults</title><style>.wide {width: 3000px} button:focus {outline: none}</style></head>
<body><main><h1>Faults</h1><img src="https://pictures.contoso.test/logo.png" alt=""><p style="color: #bbb">Pale</p>
<input><button class="wide">Look</button><a href="#end" onfocus="this.blur()">End</a></main>
<script>console.error("a complaint"); undefined_name();</script></body></html>"""
LOOKS = ((390, False), (1024, True), (1600, False))
# Whatever of a page can make a browser do something.
ACTIVE = "img, iframe, object, embed, link, base, [onerror], [onload], [onmouseover], a[href^='javascript:']"


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


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return pages.write(tmp_path_factory.mktemp("pages"))


@pytest.fixture
def shown(browser: Browser, files: dict[str, Path]) -> Iterator[Opened]:
    """The report on sixty servers."""
    with browser.open(files["report-60"]) as opened:
        yield opened


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


@pytest.mark.parametrize("name", pages.NAMES)
def test_looks(browser: Browser, files: dict[str, Path], tmp_path: Path, name: str) -> None:
    """On a telephone, on half a screen and on a whole one, in light and in dark: nothing to complain of."""
    for width, dark in LOOKS:
        with browser.open(files[name], width=width, dark=dark) as opened:
            opened.photograph(tmp_path / f"{width}.png")
            assert opened.overhang() <= 0, width
            assert not opened.violations(), (width, dark)
            assert not opened.requests
            assert not opened.complaints


@pytest.mark.parametrize("name", pages.NAMES)
def test_print(browser: Browser, files: dict[str, Path], tmp_path: Path, name: str) -> None:
    with browser.open(files[name], dark=True) as opened:
        opened.print(tmp_path / "page.pdf")
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")
        opened.page.emulate_media(media="print")
        # What is folded cannot be unfolded on paper, and paper is white.
        hidden = opened.page.locator("main").evaluate(
            "main => [...main.querySelectorAll('details > :not(summary)')]"
            ".filter(element => !element.checkVisibility()).map(element => element.outerHTML.slice(0, 200))"
        )
        assert not hidden
        assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not opened.complaints


@pytest.mark.parametrize("name", pages.NAMES)
def test_keyboard(browser: Browser, files: dict[str, Path], name: str) -> None:
    """The Tab key leads everywhere where something can be done, and one sees where it is."""
    with browser.open(files[name]) as opened:
        tabbed = opened.tabbed()
        assert not tabbed.missed
        assert not tabbed.unmarked
        for element in opened.page.locator("summary").all()[:3]:
            element.focus()
            opened.page.keyboard.press("Enter")
            assert element.evaluate("element => element.parentElement.open") is True


@pytest.mark.parametrize("name", list(pages.REPORTS))
def test_without_scripts(browser: Browser, files: dict[str, Path], name: str) -> None:
    """All of it can be read, and nothing is offered that would not work."""
    with browser.open(files[name], scripts=False) as opened:
        assert not opened.page.locator("form").is_visible()
        assert opened.page.locator("main section:visible").count() == opened.page.locator("main section").count()
        for fold in opened.page.locator("details.fold").all():
            assert not fold.locator("table").first.is_visible()
            fold.locator("summary").first.click()
            assert fold.locator("table").first.is_visible()
        assert not opened.requests
        assert not opened.complaints


@pytest.mark.parametrize("name", [name for name in pages.NAMES if "hostile" in name or "troubled" in name])
def test_hostile_strings(browser: Browser, files: dict[str, Path], name: str) -> None:
    """They stand there as what they are, and none of them does anything."""
    with browser.open(files[name]) as opened:
        dialogs: list[str] = []
        opened.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        opened.page.reload()
        text = opened.page.locator("body").text_content()
        assert "<script>alert(1)</script>" in text
        assert "[U+202E]" in text
        assert opened.page.locator(ACTIVE).count() == 0
        assert opened.page.locator("script").count() == ("report" in name)
        assert opened.page.locator("style").count() == 1
        assert not dialogs
        assert not opened.requests
        assert not opened.complaints


def test_filter_by_server(shown: Opened) -> None:
    everything = _visible(shown, "main")
    shown.page.get_by_label("Server", exact=True).fill("EX07")
    assert "ex07" in _visible(shown, "main")
    assert "ex08" not in _visible(shown, "#findings, #findings ~ *")
    assert "in maintenance" in _visible(shown, "main")
    assert "Could not be reached" not in _visible(shown, "main")
    shown.page.get_by_role("button", name="Show all").click()
    assert _visible(shown, "main") == everything


def _visible(opened: Opened, selector: str) -> str:
    return "\n".join(opened.page.locator(selector).all_inner_texts())
