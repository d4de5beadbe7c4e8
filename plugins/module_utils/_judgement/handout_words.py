# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hand-out in words: what the page of a language shows, and Outlook's values as text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import first_of, harmless, shortened
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import (
    FETCHING,
    IN_CLEAR,
    NOT_TRIED,
    SIDES,
    SMTP,
    Handout,
    Note,
    Offer,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.handout_texts import TEXTS

PROGRAMS = ("thunderbird", "outlook", "apple", "phone")
_WIDTH = 78
_MANY = 6
"""More servers than these stand one after the other on the page, and not one below the other."""
_IMPLICIT_SUBMISSION_PORT = 465


def view(handout: Handout, language: str) -> dict[str, Any]:
    """All that the template of the page shows, in a language; what cannot be seen in it is written out there."""
    texts = TEXTS[language]
    return {
        "language": language,
        "texts": texts,
        "title": texts["title"].format(domains=", ".join(handout.domains)),
        "account": _account(handout, texts),
        "sides": [_side(handout, side, texts) for side in SIDES],
        "choose": [texts[key] for key in _choices(handout)],
        "programs": [{"name": texts[name], "steps": _steps(handout, name, texts)} for name in PROGRAMS],
        "warnings": [texts[key] for key in _warnings(handout)],
        # A reason is told as mail_probe has it, which is in English.
        "notes": [{"text": _sentence(note, texts), "reason": note.reason} for note in handout.notes],
    }


def outlook_text(handout: Handout, language: str) -> bytes:
    """What Outlook is told by hand, as text that goes into an e-mail."""
    texts = TEXTS[language]
    title = texts["outlook_title"].format(domains=", ".join(handout.domains))
    lines = [title, "=" * len(title), "", *_wrapped(texts["outlook_autodiscover"])]
    for side in SIDES:
        lines += ["", texts[side], "-" * len(texts[side])]
        rows = _side(handout, side, texts)["rows"]
        lines += [line for row in rows for line in ("", *_lines(row, texts))] or ["", texts["nothing"]]
    lines += ["", texts["account"], "-" * len(texts["account"]), ""]
    lines += [f"{label}: {value}" for label, value in _account(handout, texts)]
    lines += ["", texts["outlook_steps"], "-" * len(texts["outlook_steps"])]
    for text in (*_steps(handout, "outlook", texts), *(texts[key] for key in _warnings(handout))):
        lines += ["", *_wrapped(text)]
    return "\n".join([*lines, ""]).encode()


def notes(handout: Handout, language: str) -> list[str]:
    """What an administrator has to know, in one sentence or more for each."""
    return [harmless(f"{_sentence(note, TEXTS[language])} {note.reason}").strip() for note in handout.notes]


def _sentence(note: Note, texts: Mapping[str, str]) -> str:
    """A note in words."""
    what = texts[note.protocol] if note.protocol else ""
    if note.side:
        what = f"{what} ({texts[f'{note.side}_short']})"
    return texts[f"note_{note.kind}"].format(what=what, servers=first_of(note.servers), text=shortened(note.text))


def _account(handout: Handout, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    username = handout.username
    whole = re.fullmatch(r"%(\w+)%", username)
    named = texts[whole[1]] if whole else re.sub(r"%(\w+)%", lambda found: f"[{texts[found[1]]}]", username)
    return [
        (texts["address"], texts["address_value"]),
        (texts["username"], named),
        (texts["password"], texts["password_value"]),
    ]


def _side(handout: Handout, side: str, texts: Mapping[str, str]) -> dict[str, Any]:
    rows = [_row(handout, offers, texts) for offers in _alike(handout, side)]
    return {"name": side, "heading": texts[side], "rows": rows, "remarks": any(row["remarks"] for row in rows)}


def _alike(handout: Handout, side: str) -> list[list[Offer]]:
    """The offers that differ in the name of the server only, as those for inside do where nobody has changed it."""
    rows: dict[tuple[str, int, str, str], list[Offer]] = {}
    for offer in handout.of(side):
        one = offer.setting
        rows.setdefault((one.protocol, one.port, one.encryption, offer.trial.outcome), []).append(offer)
    return list(rows.values())


def _row(handout: Handout, offers: Sequence[Offer], texts: Mapping[str, str]) -> dict[str, Any]:
    first, setting = offers[0], offers[0].setting
    differ = not handout.alike(first.side, setting.protocol)
    return {
        "purpose": texts[setting.protocol],
        "servers": [
            {
                # Where a long name may be broken.
                "labels": offer.setting.host.split("."),
                "only_on": texts["only_on"].format(servers=first_of(offer.servers)) if differ else "",
            }
            for offer in offers
        ],
        "many": len(offers) > _MANY,
        "port": setting.port,
        "encryption": texts[setting.encryption],
        "usable": first.reachable,
        "remarks": [texts[key] for key in _remarks(first)],
    }


def _remarks(offer: Offer) -> Iterator[str]:
    if not offer.reachable:
        yield "unreachable"
    if offer.setting.encryption == IN_CLEAR:
        yield "in_clear"
    if offer.trial.outcome == NOT_TRIED:
        yield "not_tried"


def _lines(row: Mapping[str, Any], texts: Mapping[str, str]) -> Iterator[str]:
    yield row["purpose"]
    names = [".".join(one["labels"]) + (f" ({one['only_on']})" if one["only_on"] else "") for one in row["servers"]]
    values = {"server": ", ".join(names), "port": row["port"], "encryption": row["encryption"]}
    if row["remarks"]:
        values["remark"] = "; ".join(row["remarks"])
    for key, value in values.items():
        yield from _wrapped(harmless(f"  {texts[key]}: {value}"), "    ")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _has(handout: Handout, protocol: str) -> bool:
    return any(offer.reachable and offer.setting.protocol == protocol for offer in handout.offers)


def _choices(handout: Handout) -> Iterator[str]:
    yield from (f"choose_{protocol}" for protocol in FETCHING if _has(handout, protocol))
    usable = [offers for side in SIDES for offers in _alike(handout, side) if offers[0].reachable]
    purposes = [(offers[0].side, offers[0].setting.protocol) for offers in usable]
    if len(set(purposes)) < len(purposes):
        yield "choose_first"
    if any(len(offers) > 1 for offers in usable):
        yield "choose_server"


def _steps(handout: Handout, program: str, texts: Mapping[str, str]) -> list[str]:
    kinds = r"\d|pop3" if _has(handout, "pop3") else r"\d"
    return [texts[key] for key in texts if re.fullmatch(rf"{program}_(?:{kinds})", key)]


def _warnings(handout: Handout) -> Iterator[str]:
    if _has(handout, "pop3"):
        yield "leave_copy"
    sending = {offer.setting.port for offer in handout.offers if offer.setting.protocol == SMTP}
    if _IMPLICIT_SUBMISSION_PORT not in sending:
        yield "no_465"
    yield from ("no_administrator", "no_calendar", "certificate")
