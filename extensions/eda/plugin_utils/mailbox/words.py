# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text from strangers: what of it may stand in an event, in a sentence or in a log."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
# What Jinja takes for the beginning of a template: Ansible renders what comes by extra variables, as all does that a
# rulebook hands to a playbook. The other is what both take for a secret to be decrypted.
_TEMPLATE = re.compile(r"\{(?=[{%#])")
_VAULT = "$ANSIBLE_VAULT"


def clean(text: str) -> str:
    """Lines of text without characters that nobody sees; nothing in it can be a template or an encrypted value."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _TEMPLATE.sub("{ ", _UNSEEN.sub("", text)).replace(_VAULT, "$ANSIBLE VAULT")


def is_template(text: str) -> bool:
    """Whether `clean` has to change the text for more than characters that nobody sees."""
    return _VAULT in text or bool(_TEMPLATE.search(text))


def one_line(text: str, most: int = 1000) -> str:
    """The same in one line, and not endless."""
    return clean(_SPACES.sub(" ", _UNSEEN.sub(" ", text[: most * 4]))).strip()[:most]


def file_name(text: str) -> str:
    """The name of an attachment, in which nothing leads to another folder."""
    name = one_line(text.replace("\\", "/").rpartition("/")[2], 200).lstrip(".").strip()
    return name or "unnamed"


def without(text: str, secrets: Iterable[str]) -> str:
    """A server's answer without the secrets, should it repeat them in one of the forms in which they were sent."""
    for secret in secrets:
        encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
        for form in (secret, secret.replace("\\", "\\\\").replace('"', '\\"'), encoded):
            if form:
                text = text.replace(form, "********")
    return text
