"""Strings that would do harm wherever somebody takes them for more than text."""

from __future__ import annotations

# Each of these is a single quote to PowerShell.
QUOTES = "'\u2018\u2019\u201a\u201b"
HOSTILE = (
    "",
    " ",
    *QUOTES,
    *(quote * 2 for quote in QUOTES),
    f"a{QUOTES}b",
    "'; Stop-Service W3SVC; '",
    "\u2019; Stop-Service W3SVC; \u2018",
    "$(Stop-Service W3SVC)",
    "$env:PATH",
    "`n`0`'",
    "a\nb\r\nc\td",
    "@'\nhere\n'@",
    '@"\nhere\n"@',
    '"\u201c\u201d\u201e',
    "<# comment #> # another",
    "--% -Verbatim",
    "-Confirm:$false",
    "\u2013Confirm",
    "}}} catch {{{",
    "{{ lookup('pipe', 'id') }}",
    "]]>&amp;&#10;</S><!--",
    "_x000A__X000a__x005F_",
    "\\\\'\\\"\\",
    "\u202egnp.exe",
    "😀👩\u200d👩",
    "\u00a0e\u0301\u3000",
    "x\r\nQUIT",
    "\x01\x1b[31m\x7f\x85\u2028\u2029",
    "\ufeff\ufffe",
    "x" * 65536,
    "'" * 65536,
)
# These are not even text. Half of a surrogate pair is none either, but that ansible-core does not hand to a module.
NO_TEXT = ("\0", "a\0b")
