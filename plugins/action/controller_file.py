# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.text.converters import to_bytes
from ansible.plugins.action import ActionBase

from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import Destination, Refused


class ActionModule(ActionBase):  # type: ignore[misc] # ansible-core publishes no types
    """Writes a file where ansible-playbook runs; the task's host, its connection and its become have no part in it."""

    TRANSFERS_FILES = False
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Write the file, or only look whether it could be written."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _valid, options = self.validate_argument_spec(
            argument_spec={
                "path": {"type": "path", "required": True},
                "content": {"type": "raw"},
                "existing": {"type": "str", "choices": ["refuse", "backup", "replace"], "default": "refuse"},
            }
        )
        try:
            return result | self._write(options)
        except Refused as refused:
            raise AnsibleActionFail(str(refused)) from None

    def _write(self, options: dict[str, t.Any]) -> dict[str, t.Any]:
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
                f"path: {destination.path} is there and holds something else; give another path, or existing: backup "
                "to keep it beside the new one."
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
