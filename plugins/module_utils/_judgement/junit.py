# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report on servers as a pipeline takes it: JUnit's XML, with a suite for each server and a case for each part."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import unread
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import NOTICE

# What a role compares; there is a case for each, whether it differs or not, so that a pipeline can tell its history.
PARTS = ("services", "settings", "certificate", "connector", "mailboxes", "restart")
SUBJECTS = (*PROTOCOLS, "smtp", None)


@dataclass
class _Case:
    """A case, with sentences on why it is what it is; without a kind it has passed."""

    name: str
    kind: str = ""
    """`failure`, `error` or `skipped`."""
    about: str = ""
    told: list[str] = field(default_factory=list)


def junit(report: Mapping[str, Any]) -> bytes:
    """A report as XML."""
    root = Element("testsuites", name="mailops.exchange")
    counts = {"tests": 0, "failure": 0, "error": 0, "skipped": 0}
    for server in report["servers"].values():
        cases = list(_cases(server, report["findings"]))
        suite = SubElement(root, "testsuite", name=_seen(server["host"]))
        suite.set("timestamp", str(server["read_at"]).removesuffix("Z"))
        for case in cases:
            _add(suite, server["host"], case)
        own = {kind: sum(case.kind == kind for case in cases) for kind in counts} | {"tests": len(cases)}
        _count(suite, own)
        counts = {kind: counts[kind] + number for kind, number in own.items()}
    _count(root, counts)
    ElementTree.indent(root)
    told: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return told + b"\n"


def _count(element: Element, counts: Mapping[str, int]) -> None:
    for kind, number in counts.items():
        element.set({"failure": "failures", "error": "errors"}.get(kind, kind), str(number))
    element.set("time", "0")


def _add(suite: Element, host: str, case: _Case) -> None:
    element = SubElement(suite, "testcase", classname=_seen(host), name=_seen(case.name), time="0")
    if case.kind:
        why = SubElement(element, case.kind, message=_seen(case.told[0]))
        if case.kind != "skipped":
            why.set("type", case.about)
            why.text = _seen("\n".join(case.told))


def _cases(server: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> Iterator[_Case]:
    lost = server["state"] in ("failed", "unreachable")
    yield _Case("run", "error", server["state"], [server["failure"]]) if lost else _Case("run")
    drifts = server["drift"] or {}
    for key in PROTOCOLS:
        own = drifts.get(key)
        others = dict.fromkeys(one["part"] for one in own["differences"]) if own else ()
        for part in dict.fromkeys((*PARTS, *others)):
            yield _compared(f"{key} {part}", part, own, server, key)
    for subject in SUBJECTS:
        name = f"{subject or 'server'} findings"
        if server["findings"] is None:
            yield _Case(name, "skipped", told=["The server was not read."])
            continue
        told = [
            f"{one['id']}: {text['text']} {one['why']}"
            for one in findings
            if one["protocol"] == subject and one["severity"] != NOTICE and server["host"] in one["servers"]
            for text in one["found"]
            if server["host"] in text["servers"]
        ]
        yield _Case(name, "failure", "finding", told) if told else _Case(name)
    if usage := server.get("usage"):
        told = list(dict.fromkeys(text for key in usage["protocols"] or PROTOCOLS for text in unread(usage, key)))
        if told == [server["failure"]]:
            yield _Case("usage", "skipped", told=["Its logs were not read; see the case run."])
        else:
            yield _Case("usage", "error", "usage", told) if told else _Case("usage")


def _compared(name: str, part: str, drift: Any, server: Mapping[str, Any], key: str) -> _Case:
    if drift is None:
        if server["state"] in ("failed", "unreachable"):
            return _Case(name, "skipped", told=["It was not compared; see the case run."])
        why = "It was not compared." if key in server["desired"] else f"No desired values are set for {key}."
        return _Case(name, "skipped", told=[why])
    if drift["maintenance"]:
        return _Case(name, "skipped", told=["The server is in maintenance."])
    told = [
        f"{one['setting']}: {_value(one['actual'])}, desired {_value(one['desired'])}"
        for one in drift["differences"]
        if one["part"] == part
    ]
    told += [reason for unknown, reason in drift["unknown"].items() if unknown == part]
    restart = drift["restart"] or {}
    if part == "restart" and not told and restart.get("owed") in ("possible", "unknown"):
        told.append(restart["reason"])
    return _Case(name, "failure", "drift", told) if told else _Case(name)


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _seen(text: Any) -> str:
    """A text without what XML cannot hold or a reader cannot see: control characters, marks, halves of pairs."""
    unseen = ("Cc", "Cf", "Cn", "Cs", "Zl", "Zp")
    return "".join(
        f"[U+{ord(sign):04X}]" if unicodedata.category(sign) in unseen and sign not in "\n\t" else sign
        for sign in str(text)
    )
