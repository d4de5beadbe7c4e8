"""The files of a report: read with care, and written all or none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import fleet_reports
import jsonschema
import pytest
from fleet_reports import fleet
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import Refused
from ansible_collections.mailops.exchange.plugins.plugin_utils.reports import (
    Files,
    collection_version,
    parsed_report,
    plain,
    read_report,
)

LENIENT = jsonschema.Draft202012Validator(json.loads(fleet_reports.SCHEMA.read_text(encoding="utf-8")))
REPORT = fleet(2)
SOME = settings(max_examples=60)


def is_taken(report: Any) -> bool:
    try:
        parsed_report(json.dumps(report), "it")
    except Refused:
        return False
    return True


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document: what it is in, and where."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from places(item)


@SOME
@given(st.integers(0, 10**6), st.sampled_from([None, "", "2026", -1, 0, True, 1.5, [], {}, [None], {"id": 1}]))
def test_what_is_taken_for_a_report_is_what_json_schema_takes(number: int, other: Any) -> None:
    report = deepcopy(REPORT)
    every = list(places(report))
    container, key = every[number % len(every)]
    container[key] = other
    assert is_taken(report) is LENIENT.is_valid(report)


@SOME
@given(st.integers(0, 10**6))
def test_what_lacks_something_is_taken_where_json_schema_takes_it(number: int) -> None:
    report = deepcopy(REPORT)
    every = [(container, key) for container, key in places(report) if isinstance(container, dict)]
    container, key = every[number % len(every)]
    del container[key]
    assert is_taken(report) is LENIENT.is_valid(report)


def test_what_later_versions_add_is_passed_over() -> None:
    assert is_taken({**REPORT, "schema_version": "1.7", "more": {"of": "it"}})
    assert not is_taken({**REPORT, "schema_version": "2.0"})


def test_what_a_newer_version_has_written_is_told_so() -> None:
    with pytest.raises(Refused, match=r"a\.json is a report of version 2\.3, .* newer version .*; install that one"):
        parsed_report(json.dumps({"schema_version": "2.3", "servers": []}), "from: a.json")
    for odd in ("0.9", "2", 2, None, "2.0\n", "\u0662.0"):
        with pytest.raises(Refused, match="is not a report of this version"):
            parsed_report(json.dumps({"schema_version": odd}), "from: a.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        (b"", "is not JSON"),
        (b"\xff\xfe", "cannot be read: it is not text"),
        (b"[" * 100000, "is not JSON"),
        (b"[]", "is not a report of this version: it is not object"),
        (b"{}", "is not a report of this version: it has no schema_version"),
    ],
    ids=["none", "empty", "binary", "deep", "list", "object"],
)
def test_what_is_no_report_is_refused_in_a_sentence(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "old.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        read_report(str(path), "previous")
    assert str(refused.value).startswith(f"previous: {path} {said}")
    assert "the JSON that was written beside a page." in str(refused.value) or "cannot be read" in said


@pytest.mark.parametrize(
    ("page", "pipeline", "said"),
    [
        ("report", None, "use one that ends in .html."),
        ("report.json", None, "use one that ends in .html."),
        ("report.html", "report.json", "is where the page or its JSON is written; use another path."),
        ("report.html", "report.html", "is where the page or its JSON is written; use another path."),
        ("report.html", "full/junit.xml", "cannot be written"),
        ("full/report.html", None, "cannot be written"),
    ],
)
def test_files_that_cannot_be_are_refused(tmp_path: Path, page: str, pipeline: str | None, said: str) -> None:
    (tmp_path / "full").write_text("")
    with pytest.raises(Refused, match=said):
        Files.of(str(tmp_path / page), str(tmp_path / pipeline) if pipeline else None)


def test_no_file_is_written_if_one_of_them_cannot_be(tmp_path: Path) -> None:
    files = Files.of(str(tmp_path / "a.html"), str(tmp_path / "pipeline" / "a.xml"))
    (tmp_path / "pipeline").write_text("in the way")
    with pytest.raises(Refused):
        files.write(REPORT, "page", b"pipeline")
    assert [path.name for path in tmp_path.iterdir()] == ["pipeline"]


@pytest.mark.parametrize("hostile", [False, True])
def test_what_is_written_can_be_read_again(tmp_path: Path, hostile: bool) -> None:
    report = fleet(hostile=hostile)
    files = Files.of(str(tmp_path / "a.html"), str(tmp_path / "a.xml"))
    files.write(report, "Grüße \ud800", b"<testsuites/>")
    assert read_report(str(tmp_path / "a.json"), "previous") == report
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == "Grüße ?"
    assert (tmp_path / "a.xml").read_bytes() == b"<testsuites/>"


def test_what_ansible_hands_over_is_plain(tmp_path: Path) -> None:
    class Own(dict[str, Any]):
        pass

    class Text(str):
        __slots__ = ()

    told = plain(Own(a=[Text("b"), (1, None, True)], until=date(2026, 12, 31)))
    assert told == {"a": ["b", [1, None, True]], "until": "2026-12-31"}
    assert (type(told), type(told["a"][0])) == (dict, str)


def test_the_version_is_that_of_the_collection() -> None:
    assert collection_version() == fleet_reports.VERSION
