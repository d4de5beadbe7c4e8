# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import typing as t

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.follow_up import changed
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.hindrances import Concern, told
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.verification import Verification, sentence
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.plugin_utils.role import Failed, RoleAction


class ActionModule(RoleAction):
    """Reads back what a role has made of a server, and says in one sentence all that is not as it should be."""

    arguments: t.ClassVar = {
        "protocol": {"type": "str", "required": True, "choices": list(PROTOCOLS)},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "before": {"type": "dict", "required": True},
        "results": {"type": "dict", "required": True},
        "failure": {"type": "str", "default": ""},
        "managed": {"type": "list", "elements": "str", "default": []},
        "ignore_findings": {"type": "raw", "default": []},
        "probe": {"type": "dict"},
    }

    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        before, results = options["before"], options["results"]
        if options["failure"]:
            raise Failed(options["failure"])
        # Where nothing was changed the look from the beginning shows how the server is.
        seen = self.ask("client_access_info", before["asked"], task_vars) if changed(results) else before["look"]
        verification = Verification(
            seen,
            options["protocol"],
            options["state"] == "present",
            results,
            Concern.of(options),
            check_mode=self._task.check_mode,
        )
        wrong, probe = verification.wrong(), None
        if verification.present and verification.is_settled:
            self._warnings += [f"{seen['server']}: {told(finding)}" for finding in verification.beside()]
            if options["probe"] and verification.runs():
                try:
                    probe = self.ask("mail_probe", {"protocol": options["protocol"], **options["probe"]}, task_vars)
                except Failed as failed:
                    wrong.append(str(failed).removesuffix("."))
        if wrong:
            raise Failed(sentence(seen["server"], wrong))
        return {"server": seen["server"], "probe": probe}
