# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.accepted import acceptances
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet import desired, instant
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.misspelled import of_role
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.plugin_utils.role import Failed, RoleAction

_ASKED = ("protocols", "gather", "server", "domain_controller", "restart_tolerance", "expires_within_days")


class ActionModule(RoleAction):
    """Looks at a server for the report on all of them, and at what is desired of it."""

    arguments: t.ClassVar = {
        "protocols": {"type": "list", "elements": "str", "choices": list(PROTOCOLS), "default": list(PROTOCOLS)},
        "gather": {"type": "list", "elements": "str", "default": ["certificates", "connectors"]},
        "server": {"type": "str"},
        "domain_controller": {"type": "str"},
        "restart_tolerance": {"type": "int"},
        "expires_within_days": {"type": "int"},
        "probes": {"type": "dict", "default": {}},
        "ignore_findings": {"type": "dict", "default": {}},
        "compare": {"type": "bool", "default": True},
        "look": {"type": "dict"},
    }

    def work(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        protocols = options["protocols"] if options["compare"] else []
        given = desired(task_vars, protocols)
        # What is misspelled was meant to be desired; the role says so.
        given |= {key: [] for key in protocols if key not in given and any(of_role(key).misspelled(task_vars))}
        # What is wrong with the server is told even where it cannot be looked at.
        self.kept = {"given": given, "accepted": _accepted(options["ignore_findings"])}
        look = options["look"]
        if look is None:
            asked = {name: options[name] for name in _ASKED if options[name] is not None}
            look = self.ask("client_access_info", asked | {"tls_ports": _ports(options["probes"])}, task_vars)
        return {**self.kept, "look": look, "read_at": instant(datetime.now(UTC))}


def _accepted(given: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """What is accepted by the values of variables, each with the protocol that the variable is for."""
    try:
        return [
            {"id": one.id, **one.shown(), "protocol": next((key for key in PROTOCOLS if name.startswith(key)), None)}
            for name, value in given.items()
            for one in acceptances(value, name)
        ]
    except ValueError as wrong:
        raise Failed(f"{wrong}.") from None


def _ports(probes: dict[str, t.Any]) -> dict[str, t.Any]:
    """The ports at which the hosts themselves begin in TLS, as the roles' probes have them."""
    return {
        key: probe["port"]
        for key, probe in probes.items()
        if probe.get("port")
        and not probe.get("connect_to")
        and probe.get("encryption", "implicit_tls") == "implicit_tls"
    }
