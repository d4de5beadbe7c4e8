"""The pages that the collection writes, as examples to open in a browser, and pictures of them.

Run as a program it leaves both in a folder, and the pictures of the documentation in docs: ``pages.py FOLDER``.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))

import handouts  # noqa: E402
from browser import HEIGHT, Browser  # noqa: E402
from fleet_reports import fleet  # noqa: E402

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet_page import view  # noqa: E402
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_files import PAGES  # noqa: E402
from ansible_collections.mailops.exchange.plugins.plugin_utils.pages import rendered  # noqa: E402

REPORTS = {
    "report-2": {"servers": 2},
    "report-12": {"servers": 12},
    "report-60": {"servers": 60, "usage": True},
    "report-hostile": {"servers": 12, "hostile": True, "usage": True},
    "report-healthy": {"servers": 3, "healthy": True, "previous": False},
}
# Of an organisation in order, and of one where servers differ and strings are hostile.
HANDOUTS = {
    f"handout-{kind}-{language}": (kind, page) for kind in ("plain", "troubled") for language, page in PAGES.items()
}
NAMES = (*REPORTS, *HANDOUTS)

# A telephone, half a screen, a screen.
WIDTHS = (390, 1024, 1600)

PICTURES = ROOT / "docs" / "docsite" / "rst" / "images"
# What the documentation shows: of which page, in which width and height.
DOCUMENTED = {"report.png": ("report-12", 1000, 1000), "handout.png": ("handout-plain-en", 800, 1000)}


def write(folder: Path) -> dict[str, Path]:
    """All examples as files, by name."""
    files = {}
    for name, options in REPORTS.items():
        files[name] = folder / f"{name}.html"
        files[name].write_text(rendered("fleet_report.html.j2", **view(fleet(**options))), encoding="utf-8")
    handouts.write(folder)
    return files | {name: folder / kind / page for name, (kind, page) in HANDOUTS.items()}


def main() -> int:
    """Leave everything in a folder, and say where."""
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    browser = Browser()
    browser.start()
    try:
        files = write(folder)
        for name, file in files.items():
            with browser.open(file) as opened:
                for width in WIDTHS:
                    opened.page.set_viewport_size({"width": width, "height": HEIGHT})
                    opened.photograph(folder / f"{name}-{width}.png")
                opened.print(folder / f"{name}.pdf")
                opened.page.emulate_media(color_scheme="dark")
                opened.photograph(folder / f"{name}-dark.png")
        PICTURES.mkdir(exist_ok=True)
        for name, (page, width, height) in DOCUMENTED.items():
            with browser.open(files[page], width=width) as opened:
                opened.photograph(PICTURES / name, height)
    finally:
        browser.stop()
    print(f"The pages and their pictures are in {folder}, those of the documentation in {PICTURES}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
