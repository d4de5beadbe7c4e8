"""What the documentation points to is there: files, headings and pictures. References between guides Sphinx checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "roles").rglob("*.md"))]
GUIDES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
PICTURES = ROOT / "docs" / "docsite" / "rst" / "images"
# The collection's artifact is downloaded by everybody, whoever looks at pictures.
MOST_BYTES = 150_000

_LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"^(\S.*)\n[=~-]{3,}$", re.MULTILINE)
_PICTURE = re.compile(r"^\.\. image:: (\S+)$", re.MULTILINE)


def links(document: Path) -> list[str]:
    """Where a document points to within the repository; code only shows links."""
    found = _LINK.findall(_CODE.sub("", document.read_text()))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(document: Path) -> set[str]:
    """By what its headings can be pointed to, as forges make it of their text."""
    text = document.read_text()
    headings = _TITLE.findall(text) if document.suffix == ".rst" else _HEADING.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_links_of(document: Path) -> None:
    broken = []
    for link in links(document):
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (anchor and target.suffix in (".md", ".rst") and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_pictures() -> None:
    shown = {path.parent / link for path in GUIDES for link in _PICTURE.findall(path.read_text())}
    assert shown == set(PICTURES.iterdir()), "a picture that nobody shows, or the other way round"
    for picture in shown:
        assert picture.read_bytes().startswith(b"\x89PNG\r\n"), picture
        assert picture.stat().st_size <= MOST_BYTES, picture
