# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""By what a user or a connector names a certificate."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import HostName, Text

# A thumbprint copied from the dialog of Windows begins with a left-to-right mark that nobody sees.
_UNSEEN = re.compile(r"[\s:\u200e\u200f\u202a-\u202e\ufeff]")


class Thumbprint(Text):
    """The SHA-1 of a certificate, canonical as forty upper-case hexadecimal digits."""

    def parse(self, value: Any) -> str:
        text = _UNSEEN.sub("", str(value)).upper()
        right = "use the 40 hexadecimal digits that Get-ExchangeCertificate shows"
        if stray := re.search(r"[^0-9A-F]", text):
            raise ValueError(f"{quoted(stray[0])} in {quoted(value)} is not a hexadecimal digit; {right}")
        if len(text) != 40:
            raise ValueError(f"{quoted(value)} has {len(text)} hexadecimal digits; {right}")
        return text

    def read(self, value: Any) -> str:
        return _UNSEEN.sub("", super().read(value)).upper()


def is_thumbprint(text: str) -> bool:
    """Whether a canonical reference to a certificate is its thumbprint."""
    return bool(re.fullmatch(r"[0-9A-F]{40}", text))


class CertificateName(HostName):
    """The host name by which a certificate is to be found."""

    def parse(self, value: Any) -> str:
        if not str(value).strip():
            raise ValueError(f"{quoted(value)} is empty; use a host name, or leave the option out")
        return super().parse(value)


_IDENTIFIER = re.compile(r"\s*<I>(?P<issuer>.*?)<S>(?P<subject>.*)", re.IGNORECASE | re.DOTALL)
_MARK = re.compile("<[IS]>", re.IGNORECASE)

# OpenSSL and .NET write these attribute types differently.
_TYPES = {"ST": "S", "EMAILADDRESS": "E", "EMAIL": "E", "GN": "G", "SURNAME": "SN"}


def name_parts(name: str) -> tuple[str, ...]:
    """The parts of a distinguished name as they are compared: neither blanks nor case count."""
    parts = [part.strip() for part in re.findall(r'(?:"(?:[^"]|"")*"|\\.|[^,"])+', name)]
    keys = []
    for part in parts:
        kind, equals, value = part.partition("=")
        kind = _TYPES.get(kind.strip().upper(), kind.strip().upper())
        keys.append(f"{kind}{equals}{value.strip()}".casefold())
    return tuple(keys)


class CertificateIdentifier(Text):
    """Exchange's `<I>issuer<S>subject`; a user may give a thumbprint or a host name instead, to be looked up."""

    def parse(self, value: Any) -> str:
        text = str(value).strip()
        if not text:
            return ""
        if text.casefold().startswith(("<i>", "<s>")):
            match = _IDENTIFIER.fullmatch(text)
            if not match or not match["issuer"].strip() or not match["subject"].strip():
                raise ValueError(f"{quoted(text)} lacks one of its parts; write <I>issuer<S>subject, the issuer first")
            if len(_MARK.findall(text)) > 2:
                raise ValueError(
                    f"{quoted(text)} has <I> or <S> more than once, so it is not clear where a name ends; write each "
                    "once, the issuer first"
                )
            return f"<I>{match['issuer'].strip()}<S>{match['subject'].strip()}"
        for kind in (Thumbprint(), HostName()):
            try:
                return kind.parse(text)
            except ValueError:
                continue
        raise ValueError(
            f"{quoted(text)} does not identify a certificate; use its thumbprint of 40 hexadecimal digits, a host name "
            "that it covers, or <I>issuer<S>subject"
        )

    def of(self, issuer: str, subject: str) -> str:
        """What names a certificate of this issuer and subject; ValueError with a clause if nothing does."""
        try:
            return self.parse(f"<I>{issuer}<S>{subject}")
        except ValueError:
            fault = "<I> or <S> within a name" if issuer and subject else f"no {'issuer' if subject else 'subject'}"
            raise ValueError(f"has {fault}") from None

    @staticmethod
    def is_reference(value: str) -> bool:
        """Whether the certificate still has to be looked up."""
        return bool(value) and not value.startswith("<I>")

    def read(self, value: Any) -> str:
        text = super().read(value)
        try:
            return self.parse(text)
        except ValueError:
            return text

    def key(self, value: Any) -> Hashable:
        match = _IDENTIFIER.fullmatch(str(value))
        return (name_parts(match["issuer"]), name_parts(match["subject"])) if match else str(value)
