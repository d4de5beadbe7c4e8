"""The page of a report on many servers: how large it is, and how long it takes to make, to open and to filter.

It is opened in turns with a table of as many cells that has no style and no script: what any page of this size costs.
"""

from __future__ import annotations

import html
import json
import secrets
import time
from collections.abc import Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from browser import Browser, check
from debian import Unavailable
from fleet_reports import fleet
from measuring import BenchmarkFailed, Figures, interleaved, table
from place import Place

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet_page import view
from ansible_collections.mailops.exchange.plugins.plugin_utils.pages import rendered

SERVERS = (2, 12, 60, 100)
ROWS = 60
TEMPLATE = "fleet_report.html.j2"
# From the request until what was asked for has been laid out and painted.
_OPENED = """() => new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"""
_FILTERED = """field => new Promise(done => {
    const begun = performance.now();
    field.value = 'ex01';
    field.dispatchEvent(new Event('input', {bubbles: true}));
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
})"""


def run(place: Place) -> dict[str, Any]:
    try:
        check()
    except Unavailable as reason:
        raise BenchmarkFailed(str(reason)) from reason
    folder = place.controller.folder / "pages"
    folder.mkdir()
    sizes = SERVERS[:2] if place.quick else SERVERS
    reports = {f"{number} servers": _write(folder, fleet(number)) for number in sizes}
    reports[f"{max(sizes)} servers, no setting alike"] = _write(folder, _unlike(max(sizes)))
    bare = folder / "bare.html"
    bare.write_text(_bare(max(sizes)), encoding="utf-8")
    browser = Browser()
    browser.start()
    try:
        variants = {name: partial(_open, browser, figures["file"], True) for name, figures in reports.items()}
        taken = interleaved(variants | {"bare": partial(_open, browser, bare, False)}, place.repetitions)
    finally:
        browser.stop()
    floor = taken["bare"]["open"]
    rows = [
        {
            "": name,
            "page KB": figures["page"] / 1000,
            "JSON KB": figures["json"] / 1000,
            "make s": figures["make"],
            "open s": taken[name]["open"],
            "open/bare": taken[name]["open"] / floor,
            "filter s": taken[name]["filter"],
        }
        for name, figures in reports.items()
    ]
    name = f"bare table, {max(sizes)} by {ROWS}"
    rows.append({"": name, "page KB": bare.stat().st_size / 1000, "JSON KB": None, "make s": None, "open s": floor})
    rows[-1] |= {"open/bare": 1.0, "filter s": None}
    table("Pages", rows, "Medians; opened from a file until it is laid out and painted.")
    return {"rows": rows, "taken": taken}


def _unlike(servers: int) -> dict[str, Any]:
    """The worst there can be: every server has a value of its own for every setting."""
    report = fleet(servers)
    number = count()
    for server in report["servers"].values():
        for protocol in (server["protocols"] or {}).values():
            protocol["settings"] = {name: f"value {next(number)}" for name in protocol["settings"]}
    return report


def _write(folder: Path, report: Mapping[str, Any]) -> dict[str, Any]:
    begun = time.perf_counter()
    page = rendered(TEMPLATE, **view(report))
    seconds = time.perf_counter() - begun
    file = folder / f"{secrets.token_hex(4)}.html"
    file.write_text(page, encoding="utf-8")
    return {"file": file, "make": seconds, "page": file.stat().st_size, "json": len(json.dumps(report, indent=1))}


def _open(browser: Browser, file: Path, filters: bool) -> Figures:
    with browser.open(file) as opened:
        figures = {"open": opened.page.evaluate(_OPENED) / 1000}
        if filters:
            figures["filter"] = opened.page.get_by_label("Server", exact=True).evaluate(_FILTERED) / 1000
    return figures


def _bare(servers: int) -> str:
    cells = "".join(f"<td>{html.escape(f'value of server {number}')}</td>" for number in range(servers))
    rows = "".join(f"<tr><th>setting {number}</th>{cells}</tr>" for number in range(ROWS))
    return f'<!doctype html><html lang="en"><title>Bare</title><table>{rows}</table></html>'
