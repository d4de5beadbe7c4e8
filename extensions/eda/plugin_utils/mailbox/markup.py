# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTML as the text that a person sees, without what is quoted.

inscriptis 2.7.6 over lxml reads in linear time what html2text 2025.4.15 needs minutes for (`<!--` repeated, lists in
lists), and gives the text as it is, where html2text writes Markdown: `\\--` for a signature's delimiter.
"""

from __future__ import annotations

from inscriptis import Inscriptis
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import etree
from lxml import html as lxml_html

# What mail programs put around or above the text that they quote.
_QUOTED = (
    "//blockquote"
    " | //*[contains(concat(' ', normalize-space(@class), ' '), ' gmail_quote ')]"
    " | //*[contains(concat(' ', normalize-space(@class), ' '), ' moz-cite-prefix ')]"
)
_BEGINS_QUOTED = "(//*[@id='divRplyFwdMsg' or @id='appendonsend' or @id='mail-editor-reference-message-container'])[1]"
_NOT_SHOWN = "//script | //style | //template | //head | //comment() | //processing-instruction()"


def as_text(html: str) -> str:
    """What is shown of it, above what it quotes."""
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, recover=True)
    try:
        tree = lxml_html.document_fromstring(html.encode("utf-8", "replace"), parser=parser, ensure_head_body=True)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return ""
    for begins in tree.xpath(_BEGINS_QUOTED):
        # Everything behind it goes, and the text behind the elements that it is in.
        for element in [begins, *begins.iterancestors(), *begins.xpath("following::*")]:
            element.tail = None
        for element in [begins, *begins.xpath("following::*")]:
            _drop(element)
    for element in tree.xpath(f"{_QUOTED} | {_NOT_SHOWN}"):
        _drop(element)
    return str(Inscriptis(tree, ParserConfig(css=CSS_PROFILES["strict"])).get_text())


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
