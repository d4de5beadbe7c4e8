# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words that go to and fro: a server's as harmless text, and the forms in which a password is on the line."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import harmless

MOST_CHARACTERS = 500


def clean(said: bytes | str, secrets: Sequence[str] = ()) -> str:
    """A server's words as harmless text: one line of limited length, nothing that acts on a terminal, no secrets."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    for secret in secrets:
        text = text.replace(secret, "********")
    text = " ".join(harmless(text).split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def forms_of_password(user: str | None, password: str | None) -> tuple[str, ...]:
    """Every form in which a password goes over the line, so that a server which repeats it gains nothing."""
    if not password:
        return ()
    forms = (f"\0{user}\0{password}".encode(), password.encode())
    return (*(base64.b64encode(form).decode() for form in forms), imap_quoted(password), password)


def imap_quoted(text: str) -> str:
    """A quoted string of IMAP4."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
