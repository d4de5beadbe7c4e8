"""The pages in a real browser, as people open them who got them by mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pages
import pytest
from browser import HEIGHT, Browser, Opened, check
from debian import Unavailable
from needed import BROWSER, do_without

if TYPE_CHECKING:
    from playwright.sync_api import Locator

FAULTY = """<!doctype html>
<html lang="en"><head><title>Faults</title><style>.wide {width: 3000px} button:focus {outline: none}</style></head>
<body><main><h1>Faults</h1><img src="https://pictures.contoso.test/logo.png" alt=""><p style="color: #bbb">Pale</p>
<input><button class="wide">Look</button><a href="#end" onfocus="this.blur()">End</a></main>
<script>console.error("a complaint"); undefined_name();</script></body></html>"""
OPENED = [name for name in pages.NAMES if name not in ("report-12", "report-healthy")]
HOSTILE = [name for name in OPENED if "hostile" in name or "troubled" in name]
# Those with harmful strings have nothing in them that the others have not.
USUAL = [name for name in OPENED if name not in HOSTILE]
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
        assert "label" in {line.partition(":")[0] for line in opened.violations()}
        assert any("Pale" in line for line in opened.pale())
        assert opened.overhang() > 1000
        tabbed = opened.tabbed()
        assert [name.partition(" ")[0] for name in tabbed.missed] == ["2"]
        assert [name.partition(" ")[0] for name in tabbed.unmarked] == ["1"]


@pytest.mark.parametrize("name", OPENED)
def test_looks(browser: Browser, files: dict[str, Path], name: str) -> None:
    """On a telephone, on half a screen and on a whole one, in light and in dark: nothing to complain of."""
    with browser.open(files[name]) as opened:
        for width in pages.WIDTHS:
            opened.page.set_viewport_size({"width": width, "height": HEIGHT})
            assert opened.overhang() <= 0, width
        assert not opened.violations()
        # This one has the same colours as the others, and letters by the thousand.
        for colours in ("light", "dark") if name != "report-hostile" else ():
            opened.page.emulate_media(color_scheme=colours)
            assert not opened.pale(), colours
        assert not opened.requests
        assert not opened.complaints


@pytest.mark.parametrize("name", USUAL)
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


@pytest.mark.parametrize("name", USUAL)
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


@pytest.mark.parametrize("name", [name for name in USUAL if name in pages.REPORTS])
def test_without_scripts(browser: Browser, files: dict[str, Path], name: str) -> None:
    """All of it can be read, and nothing is offered that would not work."""
    with browser.open(files[name], scripts=False) as opened:
        assert not opened.page.locator("form").is_visible()
        assert opened.page.locator("main section:visible").count() == opened.page.locator("main section").count()
        for fold in opened.page.locator("details.fold").all():
            content = fold.locator("> :nth-child(2)")
            assert not content.is_visible()
            fold.locator("> summary").click()
            assert content.is_visible()
        assert not opened.requests
        assert not opened.complaints


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_strings(browser: Browser, files: dict[str, Path], name: str) -> None:
    """They stand there as what they are, and none of them does anything."""
    with browser.open(files[name]) as opened:
        dialogs: list[str] = []
        opened.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        opened.page.reload()
        text = opened.page.locator("body").text_content()
        assert "<script>alert(1)</script>" in text
        assert "\u202e" not in text
        assert opened.page.locator(ACTIVE).count() == 0
        assert opened.page.locator("script").count() == ("report" in name)
        assert opened.page.locator("style").count() == 1
        assert not dialogs
        assert not opened.requests
        assert not opened.complaints


def test_filter_by_server(shown: Opened) -> None:
    everything = _text(shown)
    _field(shown, "Server").fill(" EX07 ")
    left = _text(shown)
    assert "In maintenance" in left
    assert "Could not be reached" not in left
    assert "plain-text-login" not in left, "a finding of other servers"
    assert _columns(shown) == 1
    shown.page.get_by_role("button", name="Show all").click()
    # A browser empties the fields after the event, and the page filters after that.
    shown.page.locator("[data-part][hidden]").first.wait_for(state="detached")
    assert _text(shown) == everything


def test_filter_by_part_and_text(shown: Opened) -> None:
    part, text = _field(shown, "Part"), _field(shown, "Text")
    part.select_option("IMAP4")
    assert "service-not-running" in _text(shown)
    assert "plain-text-login" not in _text(shown)
    part.select_option("all")
    text.fill("PlainTextLogin")
    assert "plain-text-login" in _text(shown)
    assert "service-not-running" not in _text(shown)
    assert (
        shown.page.get_by_role("status").inner_text() == f"{_entries(shown)} of {_entries(shown, all)} entries match."
    )
    text.fill("no such thing")
    assert _entries(shown) == 0
    assert shown.page.get_by_role("status").inner_text().startswith("0 of ")


def test_filter_unfolds_what_it_finds(shown: Opened) -> None:
    row = shown.page.get_by_role("row", name="message_retrieval_mime_format").first
    assert not row.is_visible(), "it is the same everywhere"
    _field(shown, "Text").fill("message_retrieval_mime_format")
    assert row.is_visible()
    shown.page.get_by_label("only differences").check()
    assert not row.is_visible()


def test_folded_rows_are_the_same_everywhere(shown: Opened) -> None:
    """What differs is not folded: nobody would look for it."""
    told = shown.page.locator("[data-same]").all_inner_texts()
    assert told
    assert not [text for text in told if "out of sync" in text or "differs from most" in text]
    assert shown.page.get_by_role("row", name="login_type").first.is_visible()


@pytest.mark.parametrize("name", list(pages.DOCUMENTED))
def test_pictures_of_the_documentation(browser: Browser, files: dict[str, Path], tmp_path: Path, name: str) -> None:
    """Those that lie there are as large as `make pages` would make them now; what is on them is not compared."""
    page, width, height = pages.DOCUMENTED[name]
    with browser.open(files[page], width=width) as opened:
        opened.photograph(tmp_path / name, height)
    made, held = ((folder / name).read_bytes() for folder in (tmp_path, pages.PICTURES))
    assert made[:24] == held[:24], "run `make pages`"


def _field(opened: Opened, label: str) -> Locator:
    # Findings are labelled too, and theirs may have the word in them.
    return opened.page.get_by_label(label, exact=True)


def _text(opened: Opened) -> str:
    return "\n".join(opened.page.locator("main section").all_inner_texts())


def _entries(opened: Opened, wanted: object = None) -> int:
    return opened.page.locator("[data-part]" if wanted else "[data-part]:not([hidden])").count()


def _columns(opened: Opened) -> int:
    """How many columns of servers stand side by side."""
    return opened.page.locator("table[data-matrix] thead th:visible").count() - 1
