# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import typing as t

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.exchange.plugins.plugin_utils.controller import ControllerAction
from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import Destination, Refused


class ActionModule(ControllerAction):
    """Writes a file."""

    arguments: t.ClassVar = {
        "path": {"type": "path", "required": True},
        "content": {"type": "raw"},
        "existing": {"type": "str", "choices": ["refuse", "backup", "replace"], "default": "refuse"},
    }

    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        destination = Destination.of(options["path"])
        result: dict[str, t.Any] = {"changed": False, "path": str(destination.path), "backup_file": None}
        content, held = options["content"], destination.held
        if content is None:
            return {**result, "found": "absent" if held is None else "present"}
        if not isinstance(content, str):
            # Up to ansible-core 2.18 a text that looks like a dictionary has become one.
            content = json.dumps(content, indent=4, sort_keys=True) + "\n"
        encoded = to_bytes(content, errors="surrogate_then_replace")
        result["found"] = "absent" if held is None else "same" if held == encoded else "different"
        if result["found"] == "same":
            return result
        if result["found"] == "different" and options["existing"] == "refuse":
            raise Refused(
                f"path: {destination.path} exists and has other content; use another path, or existing: backup to keep "
                "a copy of it."
            )
        result["changed"] = True
        if self._task.diff:
            before = (held or b"").decode(errors="replace")
            header = str(destination.path)
            result["diff"] = {"before_header": header, "after_header": header, "before": before, "after": content}
        if not self._task.check_mode:
            kept = destination.write(encoded, backup=options["existing"] == "backup")
            result["backup_file"] = str(kept) if kept else None
        return result
