# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of the report on servers: the page, its JSON and that for pipelines; and those of reports before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import yaml

from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import (
    OWN_COLLECTION,
    Destination,
    Refused,
    absolute,
    write_all,
)

SCHEMA = OWN_COLLECTION / "docs" / "schemas" / "fleet_report-1.schema.json"
SCHEMA_MAJOR = 1
PAGES = (".html", ".htm")


def plain(value: Any) -> Any:
    """A value of ansible-core's own types, some of which are templates, as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


@cache
def collection_version() -> str:
    """The version of this collection, installed or from its repository."""
    manifest = OWN_COLLECTION / "MANIFEST.json"
    if manifest.is_file():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    return str(yaml.safe_load((OWN_COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))["version"])


@dataclass(frozen=True)
class Files:
    """Where a report is written: each of them can be."""

    page: Destination
    data: Destination
    pipeline: Destination | None

    @classmethod
    def of(cls, page: str, pipeline: str | None) -> Files:
        """The files that paths mean here; Refused if one of them cannot be written."""
        path = absolute(page)
        if path.suffix.lower() not in PAGES:
            raise Refused(
                f"file: {path} is the name of the page, beside which its JSON is written; use one that ends in .html."
            )
        files = cls(
            Destination.of(str(path)),
            Destination.of(str(path.with_suffix(".json"))),
            Destination.of(pipeline) if pipeline else None,
        )
        if files.pipeline and files.pipeline.real in (files.page.real, files.data.real):
            raise Refused(f"junit: {files.pipeline.path} is where the page or its JSON is written; use another path.")
        return files

    def write(self, report: Mapping[str, Any], page: str, pipeline: bytes) -> None:
        """Write all of them, or none."""
        files: list[tuple[Destination, bytes | None]] = [(self.page, page.encode("utf-8", "replace"))]
        if self.pipeline:
            files.append((self.pipeline, pipeline))
        # The last one: the next report is compared with it.
        write_all([*files, (self.data, (json.dumps(report, indent=1) + "\n").encode())])


def read_report(given: str, option: str) -> dict[str, Any]:
    """A report that was written before, or Refused if it is none."""
    path = absolute(given)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Refused(f"{option}: {path} does not exist; use the JSON that was written beside a page.") from None
    except (OSError, UnicodeDecodeError) as error:
        told = "it is not text" if isinstance(error, UnicodeDecodeError) else error.strerror or str(error)
        raise Refused(f"{option}: {path} cannot be read: {told}.") from None
    return parsed_report(text, f"{option}: {path}")


def parsed_report(text: str, whose: str) -> dict[str, Any]:
    """A report from its text; Refused, with whose text it is, if it is none."""
    try:
        report = json.loads(text)
        schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        wrong = next(_wrong(report, schema, schema, "it"), None)
    except (ValueError, RecursionError):
        raise Refused(f"{whose} is not JSON; use the JSON that was written beside a page.") from None
    if wrong and _is_newer(report):
        raise Refused(
            f"{whose} is a report of version {report['schema_version']}, which a newer version of the collection has "
            "written; install that one here too."
        )
    if wrong:
        raise Refused(
            f"{whose} is not a report of this version: {wrong}. Give the JSON that was written beside a page."
        )
    told: dict[str, Any] = report
    return told


def _is_newer(report: Any) -> bool:
    version = report.get("schema_version") if isinstance(report, dict) else None
    match = re.fullmatch(r"([1-9][0-9]{0,3})\.[0-9]{1,4}", version) if isinstance(version, str) else None
    return match is not None and int(match[1]) > SCHEMA_MAJOR


_TYPES: dict[str, type] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def _wrong(value: Any, rule: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> Iterator[str]:
    """In what a value is not as a rule of the schema says: what the schema needs of JSON Schema, and no more."""
    if reference := rule.get("$ref"):
        rule = schema["$defs"][reference.rpartition("/")[2]]
    if choices := rule.get("anyOf"):
        found = [list(_wrong(value, choice, schema, where)) for choice in choices]
        if all(found):
            yield found[0][0]
    if types := rule.get("type"):
        names = [types] if isinstance(types, str) else types
        # To Python a truth value is a number.
        if not any(
            isinstance(value, _TYPES[name]) and (name != "integer" or not isinstance(value, bool)) for name in names
        ):
            yield f"{where} is not {' or '.join(names)}"
            return
    if "enum" in rule and value not in rule["enum"]:
        yield f"{where} is not valid"
    if "pattern" in rule and isinstance(value, str) and not re.search(rule["pattern"], value):
        yield f"{where} does not have the required form"
    if "minimum" in rule and value < rule["minimum"]:
        yield f"{where} is too small"
    if isinstance(value, dict):
        yield from (f"{where} has no {name}" for name in rule.get("required", ()) if name not in value)
        known, others = rule.get("properties", {}), rule.get("additionalProperties", {})
        for name, item in value.items():
            yield from _wrong(item, known.get(name, others), schema, f"{name[:40]} of {where}")
    if isinstance(value, list):
        for item in value:
            yield from _wrong(item, rule.get("items", {}), schema, f"an item of {where}")
