"""What is said of POP3, said of IMAP4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3, Protocol

_OWN = ("title", "key", "component", "module", "noun")
_WORDS = (
    *((f"{article} {POP3.title}", f"{article}n {IMAP4.title}") for article in ("a", "A")),
    *((getattr(POP3, fact), getattr(IMAP4, fact)) for fact in _OWN),
    (POP3.noun.casefold(), IMAP4.noun.casefold()),
    (f"{POP3.mailbox_prefix}_", f"{IMAP4.mailbox_prefix}_"),
    (f"[{POP3.service}]", f"[{IMAP4.service}]"),
    ("Pop3", "Imap4"),
    (":9995", ":9993"),
    (":995", ":993"),
    (":110", ":143"),
)


def twin(text: str) -> str:
    """What is said of POP3, said of IMAP4."""
    for pop3, imap4 in _WORDS:
        text = text.replace(pop3, imap4)
    return text


def said_of(protocol: Protocol, value: Any) -> Any:
    """What the texts say of POP3, for one of the two."""
    if protocol is POP3:
        return value
    if isinstance(value, Mapping):
        return {twin(name): said_of(protocol, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [said_of(protocol, inner) for inner in value]
    return twin(value) if isinstance(value, str) else value
