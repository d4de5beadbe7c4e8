# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person wrote: the text above the signature and above what is quoted.

mail-parser-reply 1.36 and email-reply-parser 0.5.12 were tried on the cases of tests/unit/eda/test_comment.py. The
first leaves signatures and quotes without an attribution in, the second drops text that begins with `From:`, and each
needs minutes for some texts of 200 KB. So the marks are looked for here, each line once.
"""

from __future__ import annotations

import re

_DELIMITER = "-- "
_QUOTED = re.compile(r" {0,3}>")
_ORIGINAL = re.compile(r"\s{0,3}(?:-{3,}|_{5,}) ?[\w ]{0,60}? ?(?:-{3,}|_{5,})\s*|_{20,}\s*")
# A block as Outlook puts above a quotation, in any language: From, Sent, To and Subject, each with its value.
_FIELD = re.compile(r"[*>\s]{0,3}([^\W\d_][\w'. -]{0,24})\*? ?:\*?(?:\s+(\S.*))?")
_ADDRESS = re.compile(r"\S@\S")


def comment(text: str, *, from_html: bool = False) -> tuple[str, str | None]:
    """The comment in a text, and what there is to be said about it. HTML loses the blank at the end of a delimiter."""
    delimiters = (_DELIMITER, "--") if from_html else (_DELIMITER,)
    lines = text.split("\n")
    signature = next((number for number, line in enumerate(lines) if line in delimiters), len(lines))
    quotation = next((number for number in range(signature) if _begins_quotation(lines, number, signature)), signature)
    if above := _trimmed(lines[:quotation]):
        return above, None
    # Who answers below has nothing above. What a block of Outlook's quotes has no marks, and cannot be told from it.
    marked = quotation < signature and any(map(_QUOTED.match, lines[quotation : min(quotation + 8, signature)]))
    below = [line for line in lines[quotation:signature] if not _QUOTED.match(line)] if marked else []
    if below and (rest := _trimmed(below[1:] if _is_attribution(below[0]) else below)):
        return rest, "There is no text above the quoted text, so this is the text below and inside it."
    return "", "It has no text of its own." if any(map(str.strip, lines)) else None


def _trimmed(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip("\n").strip()


def _begins_quotation(lines: list[str], number: int, end: int) -> bool:
    line = lines[number]
    if not line.strip():
        return False
    if _QUOTED.match(line):
        return _is_quotation(line)
    return _is_original(lines, number, end) or _is_block(lines, number, end) or _attributes(lines, number, end)


def _is_quotation(line: str) -> bool:
    """`>= 5` is no quotation."""
    return not line.lstrip().startswith(">=")


def _is_original(lines: list[str], number: int, end: int) -> bool:
    """`-----Original Message-----`, or a rule, with a block below it."""
    if len(lines[number]) > 100 or not _ORIGINAL.fullmatch(lines[number]):
        return False
    following = (at for at in range(number + 1, min(number + 4, end)) if lines[at].strip())
    return (first := next(following, None)) is not None and _is_block(lines, first, end)


def _is_block(lines: list[str], number: int, end: int) -> bool:
    """Three fields or more, with an address or a sender first, each in a line of its own and of another name."""
    names = []
    for line in lines[number : min(number + 8, end)]:
        found = _FIELD.fullmatch(line[:300].rstrip())
        if not found:
            break
        names.append(found[1].casefold())
    # From, Sent, To, Subject: four of them, or three where one names an address.
    if len(names) != len(set(names)):
        return False
    has_address = any(_ADDRESS.search(line[:300]) for line in lines[number : number + len(names)])
    return len(names) >= 4 or (len(names) == 3 and has_address)


def _attributes(lines: list[str], number: int, end: int) -> bool:
    """`On Monday Anna wrote:`, in any language, in a line or two, with quoted text below it."""
    if len(lines[number]) > 300:
        return False
    for last in range(number, min(number + 3, end)):
        if not lines[last].strip() or _QUOTED.match(lines[last]):
            return False
        if _is_attribution(lines[last]):
            following = (at for at in range(last + 1, min(last + 4, end)) if lines[at].strip())
            first = next(following, None)
            return first is not None and bool(_QUOTED.match(lines[first])) and _is_quotation(lines[first])
    return False


def _is_attribution(line: str) -> bool:
    return line.rstrip()[-1:] in (":", "\uff1a")
