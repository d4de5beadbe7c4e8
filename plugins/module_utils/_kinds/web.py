# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Web addresses, which Exchange holds as .NET's Uri, and the names that web clients give themselves."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Hashable
from typing import Any
from urllib.parse import quote

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, string_text
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import stray
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.listings import Listing
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import HOST, Text

_PARTS = re.compile(r"([A-Za-z]+)://([^/?#\\]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
# A host and no more; a password before an @ may have any character, and is not to be repeated in a refusal.
_BEGINNING = re.compile(r"[A-Za-z]+://(?:\[[^\]@]*\]|[^/?#\\@:\s]+)(?::[0-9]+)?[/?#]")
_PORTS = {"http": 80, "https": 443}
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ESCAPES_OR_ONE = re.compile(r"(?:%[0-9A-Fa-f]{2})+|.", re.DOTALL)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DELIMITERS = frozenset("!$&'()*+,;=:@/")


class WebAddress(Text):
    """An absolute web address; a trailing slash of its path does not count.

    What comes back is the ToString of a Uri: the host in small letters, no default port, `/a/../owa` as `/owa`, `%7E`
    as `~`, `%20` as a blank, `%C3%BC` as ü. What was written and what came are brought to one form here, which is sent
    too: each version of .NET leaves it as it is. What they are not known to treat alike is refused.
    """

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        return _canonical(text) if text else ""

    def read(self, value: Any) -> str:
        text = super().read(value)
        try:
            # In a text that came a blank is an escape that was undone.
            return _canonical(text.replace(" ", "%20")) if text else ""
        except ValueError:
            # Whoever stored it wanted something that no task can want.
            return text

    def key(self, value: Any) -> Hashable:
        return re.sub(r"/+(?=[?#]|\Z)", "", str(value), count=1)


def _canonical(text: str) -> str:
    """The address as every version of .NET keeps it, or ValueError with the clause of a sentence."""
    if "@" in text and not _BEGINNING.match(text):
        raise ValueError("it contains a user name, which everybody would see; use an address without one")
    for character, name, right in (("\\", "a backslash", "/"), (" ", "a blank", "%20")):
        if character in text:
            raise ValueError(f"{quoted(text)} contains {name}; write {quoted(text.replace(character, right))}")
    found = _PARTS.fullmatch(text)
    scheme = found[1].lower() if found else ""
    if not found or scheme not in _PORTS:
        raise ValueError(_not_absolute(text))
    host, path = _host(text, found[2], _PORTS[scheme]), _path(text, _spelt(text, found[3], ""))
    rest = ""
    for mark, part in (("?", found[4]), ("#", found[5])):
        if part == "":
            raise ValueError(f"{quoted(text)} has nothing after its {mark}; leave that out")
        rest += mark + _spelt(text, part, "?") if part else ""
    return f"{scheme}://{host}{path}{rest}"


def _not_absolute(text: str) -> str:
    return f"{quoted(text)} is not an absolute web address; use one such as https://mail.contoso.com/owa"


def _host(text: str, authority: str, usual: int) -> str:
    """The host and its port, if that is another one than usual."""
    name = "use the name that clients connect to, as in https://mail.contoso.com/owa"
    if authority.startswith("["):
        raise ValueError(f"the host of {quoted(text)} is an IPv6 address, which has several spellings; {name}")
    host, _colon, port = authority.lower().partition(":")
    if not host.isascii():
        try:
            ascii_name = host.encode("idna").decode()
        except UnicodeError:
            raise ValueError(_not_absolute(text)) from None
        raise ValueError(f"the host of {quoted(text)} has non-ASCII letters; write it as {quoted(ascii_name)}")
    if not HOST.fullmatch(host) or not re.fullmatch(r"\d{0,9}", port, re.ASCII):
        raise ValueError(_not_absolute(text))
    if all(_NUMBER.fullmatch(label) for label in host.split(".")):
        # .NET reads 10.1 and 010.0.0.1 as other addresses than they seem to be.
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError(f"the host of {quoted(text)} is a number and not an address; {name}") from None
    number = int(port) if port else usual
    if not 0 < number < 65536:
        raise ValueError(_not_absolute(text))
    return host if number == usual else f"{host}:{number}"


def _spelt(text: str, part: str, more: str) -> str:
    """A part with as few escapes as can be, and these in capital letters."""
    spelt, read = [], []
    for piece in _ESCAPES_OR_ONE.findall(part):
        escaped = len(piece) > 1
        try:
            characters = bytes.fromhex(piece.replace("%", "")).decode() if escaped else piece
        except UnicodeDecodeError:
            raise ValueError(_not_kept(text, piece)) from None
        for character in characters:
            if character in _UNRESERVED or (not escaped and character in _DELIMITERS | set(more)):
                spelt.append(character)
            elif (escaped and character == " ") or _is_letter(character):
                spelt.append(quote(character))
            else:
                raise ValueError(_not_kept(text, quote(character, safe="") if escaped else character))
        read.append(characters)
    if not unicodedata.is_normalized("NFC", "".join(read)):
        composed = quote(unicodedata.normalize("NFC", "".join(read)), safe="/")
        raise ValueError(f"{quoted(text)} has accents as separate characters; write {quoted(composed)}")
    return "".join(spelt)


def _is_letter(character: str) -> bool:
    """Whether it is one, or a digit, of those that all versions of .NET escape and show alike."""
    return "\x7f" < character <= "\uffff" and unicodedata.category(character)[0] in "LMN"


def _not_kept(text: str, what: str) -> str:
    return f"{quoted(text)} contains {quoted(what)}, which Exchange does not store unchanged; use an address without it"


def _path(text: str, path: str) -> str:
    """The path without `.` and `..`."""
    names: list[str] = []
    segments = path[1:].split("/")
    if "" in segments[:-1]:
        raise ValueError(f"{quoted(text)} contains '//' in its path; write '/'")
    for segment in segments:
        if segment == "..":
            names = names[:-1]
        elif segment.endswith(".") and segment != ".":
            # .NET 2, on which Exchange 2010 runs, cuts the dot off.
            raise ValueError(
                f"{quoted(text)} contains {quoted(segment)}, which not every server keeps; leave out the dot at its end"
            )
        elif segment not in ("", "."):
            names.append(segment)
    end = "/" if names and segments[-1] in ("", ".", "..") else ""
    return f"/{'/'.join(names)}{end}"


class UserAgents(Listing):
    """The user agents of programs, each with or without an asterisk at its end."""

    def parse_entry(self, text: str) -> str:
        if not text:
            raise ValueError("an entry is empty; use the user agent of a program, such as OWA/*")
        if what := stray(text):
            raise ValueError(f"{quoted(text)} contains {what}; write the user agent of a program on one line")
        if string_text(text) is None or text.startswith("{") or text == "...":
            raise ValueError(
                f"{quoted(text)} is how PowerShell shows what is not text; use the user agent of a program"
            )
        return text

    def _entries(self, value: Any) -> tuple[str, ...]:
        # Browsers have commas in their names, so a text is one entry.
        return super()._entries([value] if isinstance(value, str) and value.strip() else value)

    def read(self, value: Any) -> tuple[str, ...]:
        # The list of the policy that a mailbox does not have is shown as nothing.
        if value is None:
            return ()
        # Nearly every text is a user agent, also one that others have made of the whole list.
        if not isinstance(value, list | tuple) or any(string_text(item) is None for item in value):
            raise Unreadable(value)
        return super().read(value)
