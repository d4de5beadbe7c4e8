"""Examples of the hand-out for users: what servers say, and its files in a folder (python handouts.py FOLDER)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "<script>alert(1)</script>\u202e; {{ 7 * 7 }}\nIN SRV 0 0 25 evil.example."
TLS, STARTTLS, CLEAR = "implicit_tls", "starttls", "none"
Entries = Sequence[tuple[str, int, str]]


def running(status: str = "running", component: str = "active") -> dict[str, Any]:
    """A protocol, as far as the hand-out asks for it."""
    return {"services": [{"status": "running"}, {"status": status}], "component_state": component}


def server(
    name: str = "EX01",
    external: Mapping[str, Entries | None] | None = None,
    internal: Mapping[str, Entries | None] | None = None,
    smtp: Entries | None = (("mail.contoso.com", 587, STARTTLS),),
    **protocols: Any,
) -> dict[str, Any]:
    """What client_access_info returns, as far as the hand-out asks for it."""
    own = f"{name}.contoso.com"
    usual: Any = {
        "external": {"pop3": [("mail.contoso.com", 995, TLS)], "imap4": [("mail.contoso.com", 993, TLS)]},
        "internal": {
            "pop3": [(own, 995, TLS), (own, 110, STARTTLS)],
            "imap4": [(own, 993, TLS), (own, 143, STARTTLS)],
        },
    }
    told = {side: usual[side] | dict(given or {}) for side, given in (("external", external), ("internal", internal))}
    return {
        "server": name,
        "pop3": protocols.get("pop3", running()),
        "imap4": protocols.get("imap4", running()),
        "client_settings": {
            side: {protocol: _entries(entries) for protocol, entries in (of_side | {"smtp": smtp}).items()}
            for side, of_side in told.items()
        },
    }


def _entries(entries: Iterable[tuple[str, int, str]] | None) -> list[dict[str, Any]] | None:
    if entries is None:
        return None
    return [{"server": host, "port": port, "encryption": encryption} for host, port, encryption in entries]


def troubled() -> list[dict[str, Any]]:
    """Two servers that differ, with what cannot be handed out."""
    return [
        server(smtp=[("mail.contoso.com", 587, STARTTLS), (HOSTILE, 587, STARTTLS)]),
        server(
            "EX02",
            external={"pop3": [("mail2.contoso.com", 995, TLS), ("mail2.contoso.com", 110, CLEAR)], "imap4": None},
            smtp=[("mail.contoso.com", 587, STARTTLS)],
        ),
        server("EX03", pop3=running("stopped"), imap4=running(component="unknown")),
    ]


def write(folder: Path) -> None:
    """An organisation without a problem, and one with many, each in a folder of its own."""
    from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import (
        TRIED,
        UNREACHABLE,
        Setting,
        Trial,
        handout,
        told_by,
    )
    from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_files import PAGES, contents
    from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_words import view
    from ansible_collections.mailops.exchange.plugins.plugin_utils.pages import rendered

    refused = Trial(UNREACHABLE, f"mail.contoso.com:993 says {HOSTILE!r}.")
    for name, servers, lost in (("plain", [server()], []), ("troubled", troubled(), ["ex04"])):
        told = told_by(servers, lost)
        trials = dict.fromkeys(told.to_try, Trial(TRIED))
        if name == "troubled":
            trials[Setting("imap4", "mail.contoso.com", 993, TLS)] = refused
            del trials[Setting("pop3", "mail2.contoso.com", 995, TLS)]
        made = handout(told, trials, ["contoso.com", "contoso.example"], "%EMAILADDRESS%")
        files = contents(made)
        files |= {
            page: rendered("handout.html.j2", **view(made, language)).encode() for language, page in PAGES.items()
        }
        for file, content in files.items():
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))
    write(Path(sys.argv[1]))
