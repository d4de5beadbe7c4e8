# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A mail, read line by line as it comes: the text that an event carries; of all else the name, type and size.

What is kept does not grow with the mail. `email`'s parser keeps all of it, and descends into whatever is nested.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from .comment import comment
from .headers import MOST_BYTES, Headers, decoded, in_charset
from .markup import as_text
from .words import clean, file_name, is_template, one_line

MOST_TEXT = 256 << 10
"""Bytes that are kept of a part with text; a person writes less."""
MOST_COMMENT = 64 << 10
"""Characters of the comment that an event carries."""
MOST_PARTS = 200
MOST_DEPTH = 20
MOST_ATTACHMENTS = 50

_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass
class _Part:
    """A part that is no multipart, and as much of it as is kept."""

    type: str
    charset: str
    encoding: str
    name: str | None
    kept: bytearray | None
    """None for an attachment."""
    seen: int = 0
    """Bytes so far; of base64, characters that count."""

    def add(self, line: bytes) -> None:
        self.seen += len(_BASE64.sub(b"", line)) if self.encoding == "base64" else len(line)
        if self.kept is not None and len(self.kept) < MOST_TEXT:
            self.kept += line[: MOST_TEXT - len(self.kept)]

    @property
    def size(self) -> int:
        return self.seen * 3 // 4 if self.encoding == "base64" else self.seen

    def text(self) -> tuple[str, bool]:
        """The text, and whether its charset is known."""
        return in_charset(_decoded(bytes(self.kept or b""), self.encoding), self.charset)


@dataclass
class Mail:
    """What an event tells of a mail."""

    headers: Headers
    text: str = ""
    attachments: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """A sentence for each thing that is not as it should be."""


def read(lines: Iterable[bytes]) -> Mail:
    """Read a mail to its end, or to where nothing more is kept of it."""
    reader = _Reader()
    for line in lines:
        reader.take(line)
        if reader.done:
            break
    return reader.mail()


class _Reader:
    """Knows at each line which part it belongs to."""

    def __init__(self) -> None:
        self.done = False
        self._header = bytearray()
        self._first: bytes | None = None
        self._in_header = True
        self._boundaries: list[bytes] = []
        self._part: _Part | None = None
        self._parts = 0
        self._plain: _Part | None = None
        self._html: _Part | None = None
        self._attachments: list[_Part] = []
        self._more_attachments = 0
        self._notes: dict[str, None] = {}
        self._at_line_start = True

    def take(self, line: bytes) -> None:
        """A line, or a piece of an endless one."""
        begins, self._at_line_start = self._at_line_start, line.endswith(b"\n")
        if begins and line.startswith(b"--") and self._is_boundary(line):
            return
        if not self._in_header:
            if self._part:
                self._part.add(line)
        elif begins and not line.strip(b"\r\n"):
            self._end_of_header()
        elif len(self._header) < MOST_BYTES:
            self._header += line[: MOST_BYTES - len(self._header)]
        else:
            self._note(f"A header is longer than {MOST_BYTES >> 10} KiB; the rest of it was not read.")

    def mail(self) -> Mail:
        """What was found."""
        if self._in_header:
            self._end_of_header()
        mail = Mail(Headers(self._first or b""))
        for part in self._attachments:
            name = file_name(part.name) if part.name else "unnamed"
            mail.attachments.append({"name": name, "type": part.type, "size": part.size})
        if self._more_attachments:
            self._note(f"{self._more_attachments} more attachments are not named.")
        text = self._text()
        if len(text) > MOST_COMMENT:
            self._note(f"The text is longer than {MOST_COMMENT} characters, and was cut off.")
        if is_template(text):
            self._note("A space was added where Ansible could take the text for a template or an encrypted value.")
        mail.text, mail.notes = clean(text[:MOST_COMMENT]), list(self._notes)
        return mail

    def _note(self, sentence: str) -> None:
        self._notes[sentence] = None

    def _text(self) -> str:
        for part, from_html in ((self._plain, False), (self._html, True)):
            if part is None:
                continue
            text, known = part.text()
            if not known:
                self._note(f"The charset {one_line(part.charset, 40)!r} is unknown, so the text was read as UTF-8.")
            if part.seen > MOST_TEXT:
                self._note(f"Of a text of {part.size} bytes, {MOST_TEXT >> 10} KiB were read.")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            found, remark = comment(as_text(text) if from_html else text, from_html=from_html)
            # Some programs send an empty plain part beside the HTML.
            if found or from_html or self._html is None:
                if remark:
                    self._note(remark)
                return found
        if self._parts or self._part:
            self._note("It has no text.")
        return ""

    def _is_boundary(self, line: bytes) -> bool:
        told = line.rstrip()
        for depth, boundary in enumerate(self._boundaries):
            if told.startswith(boundary) and told[len(boundary) :] in (b"", b"--"):
                if self._in_header:
                    self._end_of_header()
                self._part = None
                ended = told != boundary
                del self._boundaries[depth + (not ended) :]
                self._in_header = not ended
                return True
        return False

    def _end_of_header(self) -> None:
        raw, self._header, self._in_header = bytes(self._header), bytearray(), False
        if self._first is None:
            self._first = raw
        self._parts += 1
        if self._parts > MOST_PARTS:
            self._note(f"It has more than {MOST_PARTS} parts; the rest was not read.")
            self.done = True
            return
        told = _mime(Headers(raw))
        if told.type.startswith("multipart/") and told.boundary:
            if len(self._boundaries) < MOST_DEPTH:
                self._boundaries.append(b"--" + told.boundary)
                return
            self._note(f"Parts are nested deeper than {MOST_DEPTH}; what is in them was not read.")
        self._begin(told)

    def _begin(self, told: _Mime) -> None:
        is_text = told.type in ("text/plain", "text/html") and not told.attached and told.name is None
        if is_text and told.type == "text/plain" and self._plain is None:
            self._part = self._plain = told.part(kept=True)
        elif is_text and told.type == "text/html" and self._html is None:
            self._part = self._html = told.part(kept=True)
        elif len(self._attachments) < MOST_ATTACHMENTS:
            self._part = told.part(kept=False)
            self._attachments.append(self._part)
        else:
            self._more_attachments += 1


@dataclass(frozen=True)
class _Mime:
    """What the header of a part says of it."""

    type: str
    charset: str
    encoding: str
    boundary: bytes
    attached: bool
    name: str | None

    def part(self, *, kept: bool) -> _Part:
        return _Part(self.type, self.charset, self.encoding, self.name, bytearray() if kept else None)


def _mime(headers: Headers) -> _Mime:
    message = Message()
    for name in ("content-type", "content-disposition"):
        if value := headers.first(name):
            message[name] = value[:2000]
    return _Mime(
        type=one_line(_told(message.get_content_type) or "text/plain", 100),
        charset=str(_told(message.get_param, "charset") or ""),
        encoding=headers.first("content-transfer-encoding").strip().lower(),
        boundary=str(_told(message.get_boundary) or "").encode("utf-8", "replace")[:200],
        attached=(_told(message.get_content_disposition) or "") == "attachment",
        name=decoded(str(name)) if (name := _told(message.get_filename)) is not None else None,
    )


def _told(ask: Any, *arguments: Any) -> Any:
    """What `email` makes of a parameter; of what it cannot read it raises whatever comes to hand."""
    try:
        found = ask(*arguments)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    # RFC 2231: charset, language, value.
    return found[2] if isinstance(found, tuple) else found


def _decoded(raw: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        raw = _BASE64.sub(b"", raw)
        try:
            return base64.b64decode(raw[: len(raw) - len(raw) % 4] + _rest(raw))
        except binascii.Error:
            return b""
    return quopri.decodestring(raw) if encoding == "quoted-printable" else raw


def _rest(raw: bytes) -> bytes:
    """The last group of four, made whole. One character alone tells nothing."""
    rest = raw[len(raw) - len(raw) % 4 :]
    return rest.ljust(4, b"=") if len(rest) > 1 else b""
