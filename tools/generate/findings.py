"""The page of findings, from the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import comparison, findings
from generate import rst

_HEAD = """\
``mailops.exchange.client_access_info`` returns these as ``findings``, and the playbook ``preflight`` and the roles
act on them. An ``error`` means that clients cannot be served, a ``warning`` that they are at risk or soon cannot be
served, and a ``notice`` may be intended. If there are two severities, the usual one comes first. The role stops at an
error that it does not fix itself, unless it is accepted in ``pop3_ignore_findings`` or ``imap4_ignore_findings``. An
entry there, and in ``preflight_ignore``, is an ID or ``{id, reason, until}``; after the day in ``until``
(2026-12-31), it is a finding again. Words in *italics* are placeholders.
"""
_COMPARED = """\
The filter ``server_differences`` returns these, and the playbook ``preflight`` reports them.
"""


def _told(text: str) -> str:
    """A sentence with places, as a cell of a table."""
    # Markup has to end before a word begins.
    return re.sub(r"<([^>]+)>(?=(\w?))", lambda found: f"*{found[1]}*" + ("\\ " if found[2] else ""), rst.escaped(text))


def _table(rules: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield from rst.table(
        ("Finding", "Severity", "Meaning", "Fix", "Fixed in the roles by"),
        (
            (
                f"``{rule['id']}``",
                ", ".join(rule["severities"]),
                _told(f"{rule['found']} {rule['why']}"),
                _told(rule["fix"]),
                rst.code(rule["fixed_by"]),
            )
            for rule in rules
        ),
    )


def page() -> Iterator[str]:
    """The guide to findings."""
    yield from rst.page_head("findings", "Findings", "the rules in plugins/module_utils")
    yield _HEAD
    yield from _table(rule.documented() for rule in findings.RULES.values())
    yield from rst.heading("Between servers")
    yield _COMPARED
    yield from _table(rule.documented() for rule in comparison.RULES.values())
