"""What the documentation points to is there: files, headings and pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "roles").rglob("*.md"))]
PICTURES = ROOT / "docs" / "pictures"
# The collection's artifact is downloaded by everybody, whoever looks at pictures.
MOST_BYTES = 150_000

_LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def links(document: Path) -> list[str]:
    """Where a document points to within the repository; code only shows links."""
    found = _LINK.findall(_CODE.sub("", document.read_text()))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(document: Path) -> set[str]:
    """By what its headings can be pointed to, as forges make it of their text."""
    headings = _HEADING.findall(_FENCE.sub("", document.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_links_of(document: Path) -> None:
    broken = []
    for link in links(document):
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_pictures() -> None:
    shown = {(path.parent / link).resolve() for path in DOCUMENTS for link in links(path) if link.endswith(".png")}
    assert shown == set(PICTURES.iterdir()), "a picture that nobody shows, or the other way round"
    for picture in shown:
        assert picture.read_bytes().startswith(b"\x89PNG\r\n"), picture
        assert picture.stat().st_size <= MOST_BYTES, picture
