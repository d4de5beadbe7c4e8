# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The header of a mail, as strangers write them: whatever is in it, reading it takes little time and raises nothing.

`email`'s own objects raise on some of what is sent, and its parsers of structured headers take quadratic time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from email.header import decode_header
from email.utils import parsedate_to_datetime

from .words import one_line

MOST_BYTES = 64 << 10
"""What is read of a header."""
_MOST_FIELDS = 1000
_MOST_LENGTH = 4000
_MOST_ADDRESSES = 100

_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:(.*)", re.DOTALL)
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,998})>")
_DOMAIN = r"[\w-]+(?:\.[\w-]+)*"
# One address and nothing beside it that another reader could take for one.
_BARE = re.compile(rf"[^\s<>()\[\],;:\\\"@]{{1,64}}@{_DOMAIN}")
_NAMED = re.compile(rf"(?:\"(?:[^\"\\]|\\.)*\"|[^<>\"@,;:\\]*)\s*<\s*({_BARE.pattern})\s*>")
_LISTED = re.compile(rf"(?:^|[\s<,;:])({_BARE.pattern})(?=$|[\s>,;])")


class Headers:
    """The fields of a header, in their order."""

    def __init__(self, raw: bytes) -> None:
        self.cut = len(raw) >= MOST_BYTES
        self._fields: list[tuple[str, str]] = []
        field = b""
        for line in [*raw[:MOST_BYTES].split(b"\n"), b""]:
            line = line.removesuffix(b"\r")
            if line[:1] in (b" ", b"\t"):
                if len(field) < _MOST_LENGTH * 4:
                    field += line
                continue
            if (found := _FIELD.fullmatch(field)) and len(self._fields) < _MOST_FIELDS:
                self._fields.append((found[1].decode("ascii").lower(), _text(found[2])))
            field = line

    def all(self, name: str) -> list[str]:
        """The values of a field, the topmost first."""
        return [value for field, value in self._fields if field == name]

    def first(self, name: str) -> str:
        """The topmost value, or an empty text."""
        return next(iter(self.all(name)), "")

    def readable(self, name: str, most: int = 1000) -> str:
        """The topmost value for people: decoded, and in one line."""
        return one_line(decoded(self.first(name)), most)

    def ids(self, name: str) -> list[str]:
        """The message ids in a field, without their brackets."""
        return [found for value in self.all(name) for found in _MESSAGE_ID.findall(value[: _MOST_LENGTH * 4])]

    def sender(self) -> str | None:
        """The one address of From, in small letters; None if somebody could read another one, or several."""
        values = self.all("from")
        if len(values) != 1:
            return None
        value = values[0].strip()
        if _BARE.fullmatch(value):
            return value.casefold()
        named = _NAMED.fullmatch(value[:_MOST_LENGTH])
        return named[1].casefold() if named else None

    def addresses(self, names: Iterable[str]) -> list[str]:
        """Every address in these fields once, as far as they are addresses."""
        found = [address for name in names for value in self.all(name) for address in _LISTED.findall(value[:16000])]
        return list(dict.fromkeys(one_line(address, 320) for address in found))[:_MOST_ADDRESSES]

    def date(self) -> str | None:
        """When it was written, in ISO 8601, if it says so."""
        try:
            return parsedate_to_datetime(self.first("date")[:200]).isoformat()
        except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
            return None

    def identity(self, user: str) -> str:
        """What a user's mail is known by, wherever it is moved and whatever identifier the server gives it."""
        message_id = self.first("message-id").strip()
        told = [user.casefold(), message_id, self.first("date"), self.first("from"), self.first("subject")]
        # Without a message id, what the servers on its way wrote tells it from others.
        told += [] if message_id else self.all("received")
        return hashlib.sha256("\0".join(told).encode("utf-8", "replace")).hexdigest()[:32]


def decoded(value: str) -> str:
    """A value whose encoded words are decoded, as far as they can be."""
    value = value[:_MOST_LENGTH]
    try:
        parts = decode_header(value)
    except (ValueError, LookupError, TypeError):
        # A broken encoding of one word; base64's errors are ValueErrors.
        return value
    return "".join(
        part if isinstance(part, str) else in_charset(part, charset or "utf-8")[0] for part, charset in parts
    )


# They are no charsets of texts: each decodes in another sense, and some of them slowly.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "mbcs", "oem"})


def in_charset(raw: bytes, charset: str) -> tuple[str, bool]:
    """The text, and whether the charset was one that there is. Python refuses by itself to take zip for a charset."""
    name = charset.strip().strip("'\"").lower().replace("-", "_")
    if name in ("us_ascii", "ascii", ""):
        # What calls itself ASCII and is not, is UTF-8 nearly always.
        name = "utf_8"
    try:
        if name in _NO_CHARSETS or not re.fullmatch(r"[\w.:]{1,40}", name, re.ASCII):
            raise LookupError
        return raw.decode(name, "replace"), True
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace"), False


def _text(raw: bytes) -> str:
    raw = raw.strip()[: _MOST_LENGTH * 4]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
