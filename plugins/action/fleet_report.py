# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import fleet_page
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.accepted import acceptances
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet import Seen, merged, report
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.junit import junit
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import check_since
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.plugin_utils.controller import ControllerAction
from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import Refused
from ansible_collections.mailops.exchange.plugins.plugin_utils.pages import rendered
from ansible_collections.mailops.exchange.plugins.plugin_utils.reports import (
    Files,
    collection_version,
    parsed_report,
    plain,
    read_report,
)


class ActionModule(ControllerAction):
    """Writes the report on servers, or only looks whether it could be written."""

    arguments: t.ClassVar = {
        "file": {"type": "path", "required": True},
        "junit": {"type": "path"},
        "previous": {"type": "path"},
        "from": {"type": "raw"},
        "hosts": {"type": "list", "elements": "str"},
        "reached": {"type": "list", "elements": "str", "default": []},
        "protocols": {"type": "list", "elements": "str", "choices": list(PROTOCOLS)},
        "looks": {"type": "list", "elements": "str", "default": ["report_look"]},
        "failure": {"type": "str", "default": "report_failure"},
        "expires_within_days": {"type": "int"},
        "fail": {"type": "bool"},
        "ignore_findings": {"type": "raw", "default": []},
        "usage": {"type": "bool", "default": False},
        "usage_since": {"type": "str"},
        "usage_allowed": {"type": "raw"},
    }
    mutually_exclusive: t.ClassVar = [("from", "hosts")]

    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        try:
            acceptances(options["ignore_findings"], "report_ignore")
            check_since(options["usage_since"], "report_usage_since")
        except ValueError as wrong:
            raise Refused(f"{wrong}.") from None
        allowed = _allowed(options["usage_allowed"])
        files, now = Files.of(options["file"], options["junit"]), datetime.now(UTC)
        result: dict[str, t.Any] = {
            "changed": False,
            "file": str(files.page.path),
            "json": str(files.data.path),
            "junit": str(files.pipeline.path) if files.pipeline else None,
            "summary": None,
        }
        previous = _previous(options["previous"], files)
        if options["from"] is not None:
            servers, protocols = merged([read_report(path, "from") for path in _paths(options["from"])])
        elif options["hosts"] is not None:
            seen = [_seen(task_vars["hostvars"][host], host, options) for host in options["hosts"]]
            servers, protocols = [one.record(now) for one in seen], options["protocols"] or list(PROTOCOLS)
        else:
            return result
        try:
            told = report(servers, protocols, now, collection_version(), previous, allowed)
        except ValueError as wrong:
            raise Refused(f"The report cannot be created: {wrong}.") from None
        if not self._task.check_mode:
            # All are made before one of them is written.
            files.write(told, rendered("fleet_report.html.j2", **fleet_page.view(told)), junit(told))
        return {**result, "changed": True, "summary": told["summary"]}


def _previous(given: str | None, files: Files) -> dict[str, t.Any] | None:
    held = None
    if files.data.held is not None:
        # What is no report is somebody's own file, and would be lost.
        whose = f"file: {files.data.path}, which would be replaced,"
        held = parsed_report(files.data.held.decode(errors="replace"), whose)
    return read_report(given, "previous") if given else held


def _listed(given: t.Any) -> list[str] | None:
    """The texts of a list; None if it is none of that."""
    # By -e name=value a list comes as its text.
    items = given.strip().strip("[]").split(",") if isinstance(given, str) else given
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return None
    return [text for item in items if (text := item.strip().strip("'\""))]


def _paths(given: t.Any) -> list[str]:
    if (paths := _listed(given)) is None:
        raise Refused("from: this is not a list of files; use the paths of reports' JSON files.")
    if not paths:
        raise Refused("from: the list is empty; use the JSON file of at least one report.")
    return paths


def _allowed(given: t.Any) -> list[str] | None:
    if given is None:
        return None
    if (mailboxes := _listed(given)) is None:
        raise Refused("report_usage_allowed: this is not a list of mailboxes; use sign-in names or addresses.")
    return mailboxes


def _seen(variables: t.Any, host: str, options: dict[str, t.Any]) -> Seen:
    look: t.Any = next((value for name in options["looks"] if (value := variables.get(name))), {})
    reports, failure = variables.get("client_access_report") or {}, variables.get(options["failure"]) or ""
    logs = plain(variables.get("report_logs") or {}) if options["usage"] else None
    return Seen(host, host in options["reached"], plain(look), plain(reports), str(failure), logs)
