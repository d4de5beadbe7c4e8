# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import of_server
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.plugin_utils.role import RoleAction


class ActionModule(RoleAction):
    """Reads who uses the protocols, and returns only what a report has of it.

    ansible-core keeps what a task returns, of each host, until the play ends: with each day of each user that would be
    hundreds of megabytes.
    """

    arguments: t.ClassVar = {
        "protocols": {"type": "list", "elements": "str", "choices": list(PROTOCOLS), "default": list(PROTOCOLS)},
        "since": {"type": "str"},
        "server": {"type": "str"},
        "domain_controller": {"type": "str"},
    }

    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        asked = {name: value for name, value in options.items() if value is not None}
        logs = self.ask("protocol_log_info", asked | {"all_users": True}, task_vars)
        return {"protocols": of_server(logs, datetime.now(UTC).date())}
