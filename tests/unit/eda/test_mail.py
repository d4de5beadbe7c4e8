"""Mails of every making: what an event tells of them, and how much of them is kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from application_mailbox import reply
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import forget_peak, peak

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox import mail as mails
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.headers import Headers
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.mail import Mail, read


def mixed(*parts: str, boundary: str = "b") -> str:
    return "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"


def of(body: str | bytes, **fields: str) -> Mail:
    whole = reply(1, "", **fields) + (body if isinstance(body, bytes) else body.encode().replace(b"\n", b"\r\n"))
    return read(whole.splitlines(keepends=True))


ATTACHED = 'Content-Disposition: attachment; filename="a.pdf"\nContent-Type: application/pdf\n'


@pytest.mark.parametrize(
    ("charset", "encoding", "body"),
    [
        ("utf-8", "8bit", "Gr\u00fc\u00dfe".encode()),
        ("iso-8859-1", "quoted-printable", b"Gr=FC=DFe"),
        ("windows-1252", "base64", base64.b64encode("Gr\u00fc\u00dfe".encode("cp1252"))),
        ("us-ascii", "8bit", "Gr\u00fc\u00dfe".encode()),
        ("iso-2022-jp", "7bit", "\u65e5\u672c".encode("iso-2022-jp")),
        ("gb18030", "8bit", "\u4f60\u597d".encode("gb18030")),
    ],
)
def test_any_charset(charset: str, encoding: str, body: bytes) -> None:
    found = of(body + b"\r\n", Content_Type=f"text/plain; charset={charset}", Content_Transfer_Encoding=encoding)
    assert found.text in ("Gr\u00fc\u00dfe", "\u65e5\u672c", "\u4f60\u597d")
    assert found.notes == []


@pytest.mark.parametrize("charset", ["klingon", "zip", "hex", "punycode", "unicode_escape", "idna", "../x", "x" * 5000])
def test_an_unknown_charset_is_said(charset: str) -> None:
    found = of("Hello\n", Content_Type=f"text/plain; charset={charset}")
    assert found.text == "Hello"
    assert "is unknown, so the text was read as UTF-8" in found.notes[0]


def test_text_html_and_attachments() -> None:
    inner = mixed("Content-Type: text/plain\n\nHello\n-- \nAnna", "Content-Type: text/html\n\n<p>no</p>", boundary="i")
    body = mixed(
        f"Content-Type: multipart/alternative; boundary=i\n\n{inner}",
        f"{ATTACHED}Content-Transfer-Encoding: base64\n\n{base64.b64encode(bytes(1000)).decode()}",
        "Content-Type: message/rfc822\n\nSubject: inner\n\ntext",
        "Content-Type: text/plain; name=../../etc/passwd\n\nx",
        "Content-Type: text/plain; name*=utf-8''%e2%82%ac.txt\n\nx",
    )
    found = of(body, Content_Type='multipart/mixed; boundary="b"')
    assert (found.text, found.notes) == ("Hello", [])
    assert found.attachments == [
        {"name": "a.pdf", "type": "application/pdf", "size": 1000},
        {"name": "unnamed", "type": "message/rfc822", "size": 24},
        {"name": "passwd", "type": "text/plain", "size": 3},
        {"name": "\u20ac.txt", "type": "text/plain", "size": 3},
    ]


def test_html_alone_or_beside_an_empty_text() -> None:
    assert of("<p>Yes</p>\n", Content_Type="text/html").text == "Yes"
    body = mixed("Content-Type: text/plain\n\n", "Content-Type: text/html\n\n<p>Yes</p>")
    assert of(body, Content_Type="multipart/alternative; boundary=b").text == "Yes"


def test_no_text() -> None:
    found = of(mixed(f"{ATTACHED}\nx"), Content_Type="multipart/mixed; boundary=b")
    assert (found.text, found.notes) == ("", ["It has no text."])


BROKEN = {
    "no end": "--b\nContent-Type: text/plain\n\nHello\n",
    "no boundary line": "Hello\n",
    "no header in a part": "--b\n\nHello\n--b--\n",
    "a header without an end": "--b\nContent-Type: text/plain\n--b--\n",
    "bad base64": "--b\nContent-Transfer-Encoding: base64\n\n%%%SGVsbG8=%%\n--b--\n",
    "more behind the end": "--b\n\nHello\n--b--\n--b\n\nmore\n",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=list(BROKEN))
def test_broken_mime(body: str) -> None:
    found = of(body, Content_Type="multipart/mixed; boundary=b")
    assert found.text in ("Hello", "")
    assert found.headers.sender() == "anna@contoso.test"


def test_nothing_at_all() -> None:
    assert read([]).text == ""
    assert read([b"\x00\xff\r\n"]).headers.sender() is None


def test_deep_nesting_ends_with_a_sentence() -> None:
    lines = [b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n"]
    part = b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n"
    lines += [part % (depth, depth + 1) for depth in range(10_000)]
    found = read(b"".join(lines).splitlines(keepends=True))
    assert f"Parts are nested deeper than {mails.MOST_DEPTH}; what is in them was not read." in found.notes


def endless(part: bytes) -> Iterator[bytes]:
    yield b"Content-Type: multipart/mixed; boundary=b\r\n"
    yield b"\r\n"
    while True:
        yield from part.splitlines(keepends=True)


def test_a_billion_parts_end_with_a_sentence() -> None:
    found = read(endless(b"--b\r\nContent-Type: image/png\r\n\r\nx\r\n"))
    assert f"It has more than {mails.MOST_PARTS} parts; the rest was not read." in found.notes
    assert len(found.attachments) == mails.MOST_ATTACHMENTS
    assert f"{mails.MOST_PARTS - 1 - mails.MOST_ATTACHMENTS} more attachments are not named." in found.notes


def test_a_huge_header_is_cut() -> None:
    lines = [b"X-A: " + b"y" * 70 + b"\r\n"] * 5000
    found = read([b"From: anna@contoso.test\r\n", *lines, b"\r\n", b"Hello\r\n"])
    assert (found.text, found.headers.cut) == ("Hello", True)
    assert "A header is longer than 64 KiB; the rest of it was not read." in found.notes


def test_a_long_text_is_cut() -> None:
    found = of("word " * 100_000)
    assert len(found.text) == mails.MOST_COMMENT
    assert len(found.notes) == 2


def test_an_attachment_is_counted_and_not_kept() -> None:
    def lines() -> Iterator[bytes]:
        yield from (
            reply(1, Content_Type="multipart/mixed; boundary=b").partition(b"Approved")[0].splitlines(keepends=True)
        )
        yield from b"--b\r\n\r\nHello\r\n--b\r\nContent-Type: application/zip; name=x.zip\r\n".splitlines(keepends=True)
        yield b"Content-Transfer-Encoding: base64\r\n"
        yield b"\r\n"
        for _number in range(8 * (1 << 20) // 57):
            yield b"A" * 76 + b"\r\n"
        yield b"--b--\r\n"

    before = forget_peak()
    found = read(lines())
    assert found.text == "Hello"
    assert found.attachments == [{"name": "x.zip", "type": "application/zip", "size": 8 * (1 << 20) // 57 * 57}]
    assert peak() - before < 4 << 20


HOSTILE = (
    "{{ lookup('pipe', 'touch /tmp/owned') }} {% raw %} {# x #} $ANSIBLE_VAULT;1.1;AES256 \x1b[31m\u2028\ud83d\ude00"
)


def test_nothing_of_it_is_a_template_or_a_header() -> None:
    found = of(HOSTILE.encode("utf-8", "surrogatepass"), Subject="=?utf-8?q?a=0D=0ABcc:_x=7B=7B7=7D=7D?=")
    told = json.dumps([found.text, found.headers.readable("subject"), found.notes])
    for mark in ("{{", "{%", "{#", "$ANSIBLE_VAULT", "\\u001b", "\\r", "\\u2028"):
        assert mark not in told
    assert "{ { lookup('pipe', 'touch /tmp/owned') }}" in found.text
    assert found.headers.readable("subject") == "a Bcc: x{ {7}}"
    assert "A space was added where Ansible could take the text for a template or an encrypted value." in found.notes


FIELDS = [
    "From",
    "Date",
    "Subject",
    "Content-Type",
    "Content-Disposition",
    "Content-Transfer-Encoding",
    "Message-ID",
    "To",
]
PIECES = [
    "=?utf-8?b?",
    "?=",
    '"',
    "\\",
    ";",
    "boundary=b",
    "filename*0*=",
    "charset*=a'b'%",
    "name=",
    "\r\n ",
    "<",
    ">",
    "@",
    ",",
]
hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(FIELDS), hostile), max_size=6),
    st.lists(st.sampled_from(["--b", "--b--", "", "x"]) | hostile),
)
def test_whatever_comes_is_read(fields: list[tuple[str, str]], body: list[str]) -> None:
    header = "".join(f"{name}: {value}\r\n" for name, value in fields)
    whole = f"{header}\r\n" + "\r\n".join(body)
    found = read(whole.encode("utf-8", "surrogatepass").splitlines(keepends=True))
    json.dumps([found.text, found.attachments, found.notes]).encode()
    headers: Headers = found.headers
    json.dumps([headers.sender(), headers.date(), headers.readable("subject"), headers.addresses(["to"])]).encode()
    headers.identity("app")
