"""What .NET makes of a web address: the text of a System.Uri, which is what PowerShell sends of one.

As .NET 10 does it, of which `tests/support/uris.json` holds answers. That Exchange keeps what it takes as a Uri, and
that older versions of .NET do the same with addresses of letters, digits and usual signs, is a guess.
"""

from __future__ import annotations

import ipaddress
import re
import socket

_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/\\?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_PORTS = {"http": "80", "https": "443"}
# What stays escaped in the text: it would mean something else.
_KEPT = frozenset("!#$&'()*+,/:;=?@[\\]%")


class NoUri(ValueError):
    """What .NET says of a text that is no absolute address."""


def uri_text(text: str) -> str:
    """ToString of the Uri that is made of a text."""
    found = _ABSOLUTE.fullmatch(text.strip())
    if not found:
        raise NoUri("Invalid URI: The format of the URI could not be determined.")
    scheme, (authority, path, query, fragment) = found[1].lower(), (part or "" for part in found.groups()[1:])
    user, at, place = authority.rpartition("@")
    host, port = _host(place, scheme)
    path = _without_dots(path.replace("\\", "/"))
    return f"{scheme}://{user}{at}{host}{port}{''.join(map(_unescaped, (path or '/', query, fragment)))}"


def _host(place: str, scheme: str) -> tuple[str, str]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", place, re.ASCII)
    if not found or not found[1]:
        raise NoUri("Invalid URI: The hostname could not be parsed.")
    host, port = found[1].lower(), str(int(found[2])) if found[2] else ""
    if len(port) > 5 or int(port or 0) > 65535:
        raise NoUri("Invalid URI: Invalid port specified.")
    try:
        if host.startswith("["):
            host = f"[{_ipv6(host[1:-1])}]"
        elif re.fullmatch(r"[0-9a-fx.]+", host):
            host = socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        if host.startswith("["):
            raise NoUri("Invalid URI: The hostname could not be parsed.") from None
    if not re.fullmatch(r"\[.*\]|[\w.-]+", host):
        raise NoUri("Invalid URI: The hostname could not be parsed.")
    return host, f":{port}" if found[2] and port != _PORTS.get(scheme) else ""


def _ipv6(text: str) -> str:
    address = ipaddress.IPv6Address(text)
    return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)


def _without_dots(path: str) -> str:
    path = re.sub("%2e", ".", path, flags=re.IGNORECASE)
    kept: list[str] = []
    names = path.split("/")[1:]
    for number, name in enumerate(names, 1):
        if name == "..":
            kept = kept[:-1]
        elif name != ".":
            kept.append(name)
        if name in (".", "..") and number == len(names):
            kept.append("")
    return "".join(f"/{name}" for name in kept)


def _unescaped(part: str) -> str:
    return re.sub(r"(?:%[0-9A-Fa-f]{2})+|%", lambda found: _characters(found[0]), part)


def _characters(escapes: str) -> str:
    if escapes == "%":
        return "%25"
    codes, text, at = bytes.fromhex(escapes.replace("%", "")), "", 0
    while at < len(codes):
        size = next((size for size in (1, 2, 3, 4) if _decodes(codes[at : at + size])), 0)
        character = codes[at : at + size].decode() if size else ""
        shown = bool(character) and (character > "\x9f" or (" " <= character < "\x7f" and character not in _KEPT))
        size = size or 1
        text += character if shown else escapes[3 * at : 3 * (at + size)]
        at += size
    return text


def _decodes(code: bytes) -> bool:
    try:
        return len(code.decode()) == 1
    except UnicodeDecodeError:
        return False
