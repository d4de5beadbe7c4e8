"""A real browser for tests: Debian's Chromium, driven by Playwright, which brings none of its own here.

Run as a program it installs what that needs, so that no two workers of pytest do it at once.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import debian

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROGRAM = "/usr/bin/chromium"
# Without a font of its own a bare machine draws boxes, and measures them.
PACKAGES = ("chromium", "fonts-dejavu-core")
LIBRARIES = ("playwright", "axe_playwright_python")
HEIGHT = 900
# Of one step in the browser: a page of 100 servers takes a second, a busy machine many times that.
_PATIENCE_MS = 120_000
_CONTRAST = "color-contrast"


def install() -> None:
    """Make sure that Chromium is there."""
    debian.install("Chromium is", (PROGRAM,), PACKAGES)


def check() -> None:
    """Unavailable, if something is not there that `make test` would have installed."""
    absent = [*debian.missing((PROGRAM,)), *(name for name in LIBRARIES if importlib.util.find_spec(name) is None)]
    if absent:
        raise debian.Unavailable(f"For a browser there is no {', no '.join(absent)}.")


@dataclass
class Opened:
    """A page in the browser, and what it did that nobody sees."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """Addresses it asked for beside its own."""
    complaints: list[str] = field(default_factory=list)
    """What stands in the console as a warning or an error, and errors of scripts."""

    def violations(self) -> list[str]:
        """What axe-core has against it beside its contrast, a line for each element."""
        return self._axe(None, {"rules": {_CONTRAST: {"enabled": False}}})

    def pale(self) -> list[str]:
        """What axe-core finds too weak in contrast, in the colours that it has now.

        That is most of the work, and of a long table the first rows have all the colours there are.
        """
        return self._axe({"exclude": [["tbody > tr:nth-child(n + 16)"]]}, {"runOnly": [_CONTRAST]})

    def _axe(self, context: dict[str, Any] | None, options: dict[str, Any]) -> list[str]:
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page, context, {"resultTypes": ["violations"]} | options).response["violations"]
        return [f"{rule['id']}: {node['html']}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]

    def photograph(self, target: Path, most: int = 3000) -> None:
        """Take a picture of the whole page, or of so many pixels from its top."""
        height = self.page.evaluate("document.documentElement.scrollHeight")
        area = {"x": 0, "y": 0, "width": self.page.viewport_size["width"], "height": min(height, most)}
        self.page.screenshot(path=target, full_page=True, clip=area, animations="disabled")

    def print(self, target: Path) -> None:
        """Print it to a PDF, as its own style says for paper of this size."""
        self.page.pdf(path=target, format="A4", margin=dict.fromkeys(("top", "right", "bottom", "left"), "12mm"))

    def overhang(self) -> int:
        """By how many pixels the page is wider than its window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width

    def tabbed(self) -> Tabbed:
        """Go through the whole page by the Tab key."""
        focusable: list[str] = self.page.evaluate(_FOCUSABLE)
        reached: list[str] = []
        unmarked: list[str] = []
        # One more than there are is enough to come round, and a scrolling region may be one more each.
        for _ in range(2 * len(focusable) + 10):
            self.page.keyboard.press("Tab")
            name, marked = self.page.evaluate(_FOCUSED)
            if name is None or name in reached:
                break
            reached.append(name)
            if not marked:
                unmarked.append(name)
        return Tabbed(reached, [name for name in focusable if name not in reached], unmarked)


@dataclass(frozen=True)
class Tabbed:
    """Elements by a number and the beginning of their markup."""

    reached: list[str]
    """Those that the Tab key leads to, in this order."""
    missed: list[str]
    """Those that can be clicked, and that it does not lead to."""
    unmarked: list[str]
    """Those that look the same with the focus on them as without."""


class Browser:
    """One Chromium. While it runs, no other loop of asyncio can run in this thread: it is for one module of tests."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._chromium: Any = None

    def start(self) -> None:
        """Start it, in a home of its own."""
        from playwright.sync_api import sync_playwright

        with contextlib.ExitStack() as stack:
            home = Path(tempfile.mkdtemp(prefix="browser-"))
            stack.callback(shutil.rmtree, home, ignore_errors=True)
            playwright = stack.enter_context(sync_playwright())
            self._chromium = playwright.chromium.launch(
                executable_path=PROGRAM,
                # Root has no sandbox, nor has a container; all it opens are our own files.
                chromium_sandbox=False,
                env={**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)},
                args=["--disable-crash-reporter", "--font-render-hinting=none"],
                timeout=_PATIENCE_MS,
            )
            stack.callback(self._chromium.close)
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """End it, and leave nothing behind."""
        self._stack.close()

    @contextlib.contextmanager
    def open(
        self, file: Path, *, width: int = 1280, dark: bool = False, scripts: bool = True, **more: Any
    ) -> Iterator[Opened]:
        """Open a file as somebody would who got it by mail: the network is not there."""
        context = self._chromium.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            offline=True,
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(_PATIENCE_MS)
        try:
            opened = Opened(context.new_page())
            address = file.resolve().as_uri()

            def asked(request: Any) -> None:
                # The part behind # is the page itself, as what stands in the page as data: is.
                if request.url.partition("#")[0] != address and not request.url.startswith("data:"):
                    opened.requests.append(request.url)

            def said(message: Any) -> None:
                if message.type in ("error", "warning"):
                    opened.complaints.append(message.text)

            opened.page.on("request", asked)
            opened.page.on("console", said)
            opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
            opened.page.goto(address)
            yield opened
        finally:
            context.close()


# One of a group of radio buttons is enough for the Tab key, the arrows lead to the others.
_FOCUSABLE = """() => {
    const groups = new Set();
    const own = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    return [...document.querySelectorAll(own)].filter(element => {
        if (element.disabled || !element.checkVisibility({visibilityProperty: true})) return false;
        if (element.type !== 'radio') return true;
        const first = !groups.has(element.name);
        groups.add(element.name);
        return first;
    }).map((element, number) => element.dataset.tabbed = `${number} ${element.outerHTML.slice(0, 80)}`);
}"""
_FOCUSED = """() => {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement) return [null, true];
    const look = getComputedStyle(element);
    const outlined = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) > 0;
    return [element.dataset.tabbed ?? element.outerHTML.slice(0, 80), outlined || look.boxShadow !== 'none'];
}"""


def main() -> int:
    """Install, or say in one line why not; the tests decide what that means."""
    try:
        install()
    except debian.Unavailable as reason:
        print(f"Without a browser: {' '.join(str(reason).split())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
