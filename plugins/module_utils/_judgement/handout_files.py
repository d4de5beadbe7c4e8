# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of the hand-out beside its pages, and what an administrator does with each."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import autoconfig, dns_records, mobileconfig
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import FETCHING, SIDES, SMTP, Handout
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_words import notes, outlook_text
from ansible_collections.mailops.exchange.plugins.module_utils._tables.handout_texts import TEXTS
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import Signer

PAGES = {language: f"handout.{language}.html" for language in TEXTS}
_OUTLOOK = {language: f"outlook.{language}.txt" for language in TEXTS}
_README = "handout.readme.txt"
_AUTOCONFIG = "config-v1.1.xml"
_ZONE = "srv.zone"
_WIDTH = 78
_PROFILES = {protocol: f"{protocol}.mobileconfig" for protocol in FETCHING}

NAMES = (
    *PAGES.values(),
    *_OUTLOOK.values(),
    _README,
    *(f"{side}/{name}" for side in SIDES for name in (_AUTOCONFIG, _ZONE, *_PROFILES.values())),
)
"""All that may be there. One that is not made this time must not stay as it was: it would be handed out further."""


def contents(
    handout: Handout, signer: Signer | None = None, held: Callable[[str], bytes | None] = lambda _name: None
) -> dict[str, bytes]:
    """All files but the pages, by their names in the folder."""
    files: dict[str, bytes | None] = {}
    for side in SIDES:
        files[f"{side}/{_AUTOCONFIG}"] = autoconfig.document(handout, side)
        for protocol, name in _PROFILES.items():
            profile = mobileconfig.profile(handout, side, protocol)
            if profile is not None and signer:
                profile = mobileconfig.signed(profile, signer, held(f"{side}/{name}"))
            files[f"{side}/{name}"] = profile
        files[f"{side}/{_ZONE}"] = dns_records.zone(handout, side)
    for language, name in _OUTLOOK.items():
        files[name] = outlook_text(handout, language)
    made = {name: content for name, content in files.items() if content is not None}
    return made | {_README: _readme(handout, made.keys() | set(PAGES.values())).encode()}


def _readme(handout: Handout, made: set[str]) -> str:
    paragraphs = [*_pages(), *(part for side in SIDES for part in _of_side(handout, side, made))]
    if handout.notes:
        paragraphs += ["NEEDS ATTENTION", *notes(handout, "en")]
    lines = []
    for text in paragraphs:
        lines += [] if text.startswith(" ") else [""]
        lines += textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join([*lines[1:], ""])


def _pages() -> Iterator[str]:
    yield "WHAT IS IN THIS FOLDER"
    yield f"{', '.join(PAGES.values())}: the page for users, to print or to publish on a web server."
    yield f"{', '.join(_OUTLOOK.values())}: the values for Outlook as text, to send by email."


def _of_side(handout: Handout, side: str, made: set[str]) -> Iterator[str]:
    yield {
        "external": "THE FOLDER external: FOR THE INTERNET",
        "internal": "THE FOLDER internal: FOR YOUR OWN NETWORK, IF IT HAS ITS OWN DNS AND WEB SERVERS",
    }[side]
    if f"{side}/{_AUTOCONFIG}" in made:
        yield f"{_AUTOCONFIG}: publish it as text/xml at"
        for domain in handout.domains:
            yield f"  https://autoconfig.{domain}/.well-known/mail-v1.xml"
            yield f"  https://{domain}/.well-known/autoconfig/mail/{_AUTOCONFIG}"
            yield f"  http://autoconfig.{domain}/mail/{_AUTOCONFIG}, and with https"
        yield "Programs try these addresses in this order and use the first answer."
    else:
        yield f"{_AUTOCONFIG} is not included: {_missing(handout, side, *FETCHING)}"
    for protocol, name in _PROFILES.items():
        if f"{side}/{name}" in made:
            yield (
                f"{name}: for iPhone, iPad, and Mac; publish it as application/x-apple-aspen-config. It contains no "
                "password."
            )
        elif not handout.for_programs(side, protocol) or not handout.for_programs(side, SMTP):
            yield f"{name} is not included: {_missing(handout, side, protocol)}"
        else:
            yield f"{name} is not included: a profile has one server for each, and the Exchange servers differ."
    yield f"{_ZONE}: DNS records for the zones of the mail domains."


def _missing(handout: Handout, side: str, *protocols: str) -> str:
    lacking = "receiving" if not handout.for_programs(side, *protocols) else "sending"
    return f"there is no encrypted setting for {lacking} that accepts connections."
