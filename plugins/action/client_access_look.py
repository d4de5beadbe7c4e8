# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import contextlib
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.loader import connection_loader

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import misspelled
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.hindrances import Concern, told
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.plugin_utils.action import CONNECTION
from ansible_collections.mailops.exchange.plugins.plugin_utils.role import Failed, RoleAction, task_file

_ASKED = ("server", "domain_controller", "restart_tolerance", "gather", "tls_ports")


class ActionModule(RoleAction):
    """Looks at a server before a role changes it, and refuses what the role would not do."""

    arguments: t.ClassVar = {
        "protocol": {"type": "str", "required": True, "choices": list(PROTOCOLS)},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "start_mode": {"type": "str", "default": "automatic", "choices": ["automatic", "manual", "disabled"]},
        "server": {"type": "str"},
        "domain_controller": {"type": "str"},
        "restart_tolerance": {"type": "int"},
        "gather": {"type": "list", "elements": "str"},
        "tls_ports": {"type": "dict"},
        "managed": {"type": "list", "elements": "str", "default": []},
        "parts": {"type": "list", "elements": "str", "default": []},
        "ignore_findings": {"type": "raw", "default": []},
        "ignore_unknown_component": {"type": "bool", "default": False},
        "misspelled_variables": {"type": "str", "default": "fail", "choices": list(misspelled.CHOICES)},
        "before_restart": {"type": "str"},
        "after_restart": {"type": "str"},
        "report": {"type": "dict", "default": {}},
    }

    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        protocol = options["protocol"]
        # The variable with this result is that of the roles before too.
        self.kept = {key: value for key, value in options["report"].items() if key in PROTOCOLS}
        self._insist_on_names(options, task_vars)
        try:
            concern = Concern.of(options)
        except ValueError as error:
            raise Failed(f"{error}.") from None
        if options["state"] == "present" and options["start_mode"] == "disabled":
            raise Failed(
                f"{protocol}_start_mode: a disabled service cannot be started, so disabled cannot be combined with "
                f"{protocol}_state present; use automatic or manual."
            )
        around = {
            name: task_file(f"{protocol}_{name}", options[name], task_vars["playbook_dir"])
            for name in ("before_restart", "after_restart")
            if options[name]
        }
        asked = {"protocols": [protocol]} | {name: options[name] for name in _ASKED if options[name] is not None}
        look = self.ask("client_access_info", asked, task_vars)
        server, own = look["server"], look[protocol]
        if own["component_state"] == "unknown" and not options["ignore_unknown_component"]:
            raise Failed(
                f"{server} may be in maintenance and is skipped: {own['component_reason']} "
                f"To continue anyway, set {protocol}_ignore_unknown_component to true."
            )
        restart = {
            "owed": own["restart_owed"],
            "reason": own["restart_reason"],
            "possible_until": own["restart_possible_until"],
        }
        report = {
            "server": server,
            "maintenance": own["component_state"] == "inactive",
            "restart": restart if "restart" in options["managed"] else {},
            "differences": {},
            "unknown": {},
        }
        found = {
            **self.kept,
            protocol: report,
            "look": look,
            "asked": asked,
            "around": around,
            # ansible_check_mode is what the command line says, whatever a play or a role says.
            "check_mode": self._task.check_mode,
            "in_the_way": [told(finding) for finding in concern.incurable(look["findings"])],
        }
        stops = report["maintenance"] or ("preflight" in options["managed"] and found["in_the_way"])
        # What module_defaults add to the options of a task, only ansible-core knows.
        compares = not stops and not any(self._task.module_defaults or ())
        return found | {"in_sync": self._in_sync(options["parts"], found, task_vars) if compares else {}}

    def _in_sync(
        self, parts: list[str], found: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, dict[str, t.Any]]:
        """What the tasks of these parts return, if none of them has anything to change; otherwise nothing.

        Then all are left to their tasks, which read for themselves: nothing is written for what was read here. All of
        them, because servers with different parts to do would do them one after the other.
        """
        task_vars, told_before = {**task_vars, "client_access_report": found}, len(self._warnings)
        results: dict[str, dict[str, t.Any]] = {}
        # Why a part cannot be compared is told by its task.
        with contextlib.suppress(Failed, AnsibleError):
            for part in parts:
                module, options = self.task_of(part, task_vars)
                results[part] = self.ask(module, options, task_vars, check_mode=True)
                if results[part]["changed"]:
                    break
            else:
                return results
        del self._warnings[told_before:]
        return {}

    def _insist_on_names(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> None:
        protocol = options["protocol"]
        loaded = connection_loader.get(CONNECTION, class_only=True)._load_name
        connection = misspelled.of_connection(C.config.get_plugin_vars("connection", loaded))
        found = [
            sentence for space in (misspelled.of_role(protocol), connection) for sentence in space.misspelled(task_vars)
        ]
        if options["misspelled_variables"] == "warn":
            self._warnings += found
        elif found:
            raise Failed(misspelled.told(found, f"{protocol}_{misspelled.SWITCH}"))
