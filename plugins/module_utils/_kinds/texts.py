# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts: names, paths and addresses."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import (
    Unreadable,
    string_text,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Given, Kind, stray


class Text(Kind):
    """Text compared letter by letter; empty, absent and null are the same."""

    def parse(self, value: Any) -> str:
        text = str(value)
        if string_text(text) is None:
            raise ValueError(
                f"{quoted(text)} is the name of a .NET type, which stands for a value without text when it is read "
                "back; use another one"
            )
        return text

    def read(self, value: Any) -> str:
        text = "" if value is None else string_text(value)
        if text is None:
            raise Unreadable(value)
        return text

    def send(self, value: Any) -> Any:
        # Exchange clears a value with $null; an empty string is another thing to it.
        return value or None


class SingleLine(Text):
    """Text of one line."""

    def parse(self, value: Any) -> str:
        text = super().parse(value)
        if what := stray(text):
            raise ValueError(f"{quoted(text)} contains {what}; use text on a single line")
        return text


class Secret(Given):
    """A password, which no sentence may repeat."""

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "str", "no_log": True}

    def parse(self, value: Any) -> str:
        if stray(str(value)):
            raise ValueError("it contains a line break or another control character; use a single line")
        return str(value)


class FriendlyName(SingleLine):
    """What Windows calls a certificate; Exchange takes fewer than 64 characters."""

    def parse(self, value: Any) -> str:
        text = super().parse(value)
        # .NET counts units of UTF-16, of which an emoji has two.
        length = len(text.encode("utf-16-le", "surrogatepass")) // 2
        if not 0 < length < 64:
            raise ValueError(f"it has {length} characters as Windows counts them; use 1 to 63")
        return text


class WindowsPath(Text):
    """An absolute path on the server, compared without case and without a trailing backslash."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if "%" in text:
            raise ValueError(f"{quoted(text)} contains a variable, which Exchange shows expanded; write the full path")
        if text and not re.fullmatch(r"(?:[A-Za-z]:\\|\\\\[^\\]+\\[^\\]+)[^\x00-\x1f<>:\"/|?*]*", text):
            raise ValueError(f"{quoted(text)} is not an absolute Windows path; write one such as D:\\Logs\\Pop3")
        return text

    def read(self, value: Any) -> str:
        text = super().read(value)
        try:
            # One with a variable is known to be neither equal to a path nor different from it.
            return self.parse(text)
        except ValueError:
            raise Unreadable(value) from None

    def key(self, value: Any) -> Hashable:
        return str(value).casefold().removesuffix("\\")


_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")


class HostName(Text):
    """The host name by which a certificate is found; neither a thumbprint nor a subject."""

    def parse(self, value: Any) -> str:
        text = super().parse(str(value).strip())
        example = "use the host name that clients connect to, such as mail.contoso.com"
        if re.fullmatch(r"(?:[0-9A-Fa-f]{2}\s?){20}", text.lstrip("\u200e")):
            raise ValueError(f"{quoted(text)} is a thumbprint; {example}")
        if "=" in text:
            raise ValueError(f"{quoted(text)} is a certificate's subject; {example}")
        if text.startswith("*."):
            raise ValueError(f"{quoted(text)} is a wildcard, which POP3 and IMAP4 cannot look up; {example}")
        if text and not HOST.fullmatch(text):
            raise ValueError(f"{quoted(text)} is not a host name; {example}")
        return text

    def key(self, value: Any) -> Hashable:
        return str(value).casefold()


@dataclass(frozen=True)
class Identity(Text):
    """A name that must point at exactly one object, so neither blank nor a pattern."""

    what: str = "server"

    def parse(self, value: Any) -> str:
        text = super().parse(str(value).strip())
        if not text:
            raise ValueError(f"{quoted(value)} is empty; use a name, or leave the option out")
        if set(text) & set("*?"):
            raise ValueError(f"{quoted(text)} is a pattern; use the name of a single {self.what}")
        return text


class Fqdn(HostName):
    """The name a connector gives itself."""

    def parse(self, value: Any) -> str:
        text = Text.parse(self, str(value).strip())
        try:
            return super().parse(text)
        except ValueError:
            raise ValueError(
                f"{quoted(text)} is not a host name; use the name with which the connector identifies itself, such as "
                "mail.contoso.com"
            ) from None


class ConnectorName(Identity):
    """A connector's name, with or without its server's in front."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if set(text) & set("*?"):
            raise ValueError(
                f"{quoted(text)} is a pattern, which could match connectors of other servers too; use the name of one "
                "connector"
            )
        return super().parse(text)
