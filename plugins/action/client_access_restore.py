# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import typing as t

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.follow_up import FollowUp
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restoring import (
    AdoptedMailboxes,
    AdoptedServer,
    Foreign,
    Part,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.plugin_utils.adopted_file import AdoptedFile
from ansible_collections.mailops.exchange.plugins.plugin_utils.controller_file import Refused
from ansible_collections.mailops.exchange.plugins.plugin_utils.role import Failed, RoleAction


class ActionModule(RoleAction):
    """Brings a server, or mailboxes, back to what a file of the playbook adopt has."""

    arguments: t.ClassVar = {
        "path": {"type": "path", "required": True},
        "protocols": {"type": "list", "elements": "str", "choices": list(PROTOCOLS)},
        "only_verify": {"type": "bool", "default": False},
        "ignore_unknown_component": {"type": "bool", "default": False},
        "server": {"type": "str"},
        "domain_controller": {"type": "str"},
    }

    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        self._task_vars = task_vars
        self._shared = {name: options[name] for name in ("server", "domain_controller") if options[name] is not None}
        self._chosen = options["protocols"]
        self._failures: list[str] = []
        self.kept = {"changed": False, "parts": [], "left": [], "diff": []}
        try:
            file = AdoptedFile.read(options["path"])
            try:
                if "adopted_mailboxes" in file.variables:
                    self._of_mailboxes(file, only_verify=options["only_verify"])
                else:
                    self._of_server(file, options)
            except Foreign as foreign:
                raise Failed(f"path: {file.path} {foreign}.") from None
        except Refused as refused:
            raise Failed(str(refused)) from None
        if self._failures:
            raise Failed(" ".join(self._failures))
        return self.kept

    def _of_server(self, file: AdoptedFile, options: dict[str, t.Any]) -> None:
        adopted = AdoptedServer(file.variables, file.evaluated)
        chosen = self._chosen or [protocol.key for protocol in adopted.protocols]
        asked = [protocol.key for protocol in adopted.protocols if protocol.key in chosen]
        if not asked:
            raise Foreign(f"has nothing of {' and '.join(PROTOCOLS[key].title for key in chosen)}")
        look = self.ask(
            "client_access_info", {**self._shared, "protocols": asked, "gather": ["certificates"]}, self._task_vars
        )
        self.kept["server"] = look["server"]
        adopted.insist_on(look)
        for key in asked:
            state, reason = look[key]["component_state"], look[key]["component_reason"]
            if state == "inactive":
                self.kept["left"] = [f"{look['server']} is in maintenance and is skipped: {reason}"]
                return
            if state == "unknown" and not options["ignore_unknown_component"]:
                raise Failed(
                    f"{look['server']} may be in maintenance and is skipped: {reason} To continue anyway, set "
                    "ignore_unknown_component to true."
                )
        if options["only_verify"]:
            return
        self.kept["left"] = [*(f"{note}." for note in file.notes), *adopted.remarks(look, chosen)]
        results: dict[str, dict[str, dict[str, t.Any]]] = {key: {} for key in asked}
        for part in adopted.parts(look, chosen):
            results[part.protocol][part.name] = self._bring(part)
        for key in asked:
            switches, failure = {"restart": adopted.ran(key)}, " ".join(self._failures)
            if "restart" in FollowUp(look, key, results[key], failure, switches=switches).steps():
                self._bring(Part("restart", key, "protocol_service", {"protocol": key, "state": "restarted"}))

    def _of_mailboxes(self, file: AdoptedFile, *, only_verify: bool) -> None:
        adopted = AdoptedMailboxes(file.variables, file.evaluated)
        if not adopted.identities:
            return
        asked = {"identities": adopted.identities, "other_clients": adopted.of_other_clients}
        info = self.ask("cas_mailbox_info", {**self._shared, **asked}, self._task_vars)
        self.kept["server"] = info["server"]
        adopted.insist_on(info)
        if only_verify:
            return
        self.kept["left"] = [*(f"{note}." for note in file.notes), *adopted.remarks(info)]
        for part in adopted.parts(info, self._chosen or [*PROTOCOLS]):
            self._bring(part)

    def _bring(self, part: Part) -> dict[str, t.Any]:
        """Do one part. If it fails the others are done all the same: each is one thing less that is not as it was."""
        try:
            result = self.ask(part.module, {**self._shared, **part.options}, self._task_vars)
        except Failed as failed:
            result = dict(failed.result)
            self._failures.append(str(failed))
        changed = bool(result.get("changed"))
        self.kept["changed"] |= changed
        self.kept["parts"].append({"name": part.name, "protocol": part.protocol or None, "changed": changed})
        if changed and result.get("diff"):
            self.kept["diff"].append(result["diff"])
        return result
