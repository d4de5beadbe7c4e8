"""What a document shows to be copied: a README in Markdown, or a guide in reStructuredText."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READMES = [ROOT / "README.md", *sorted((ROOT / "roles").glob("*/README.md"))]
GUIDES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
_FENCED = r"^```{language}\n(.*?)^```$"
_DIRECTIVE = r"^\.\. code-block:: {language}\n((?:\n|   .*\n)+)"


def code_blocks(document: Path, language: str) -> list[str]:
    """The blocks of a language, in their order."""
    text = document.read_text(encoding="utf-8")
    if document.suffix == ".rst":
        found = re.findall(_DIRECTIVE.format(language=language), text, re.MULTILINE)
        return [textwrap.dedent(block).strip() + "\n" for block in found]
    return re.findall(_FENCED.format(language=language), text, re.MULTILINE | re.DOTALL)
