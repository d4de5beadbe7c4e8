#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: iis
short_description: Restart IIS on an Exchange server and wait until Exchange answers again
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Outlook on the web shows users the connection settings of POP3 and IMAP4. Exchange 2013 shows changed ones only
    after a restart of IIS; later versions need it only if the page still shows the old values after the restart of
    the protocol's services.
  - Does what C(net stop was /y) and C(net start w3svc) do, and starts the services again that depend on WAS and ran, or
    that are stopped although Windows starts them automatically, as a restart that went wrong leaves them. If one does
    not start, the others are started all the same, and the task fails and names it. Then it waits until Exchange's
    remote PowerShell, which lives in IIS, answers a cmdlet again.
  - All users of Outlook, Outlook on the web and ActiveSync on this server, and all administrators connected to it, are
    interrupted for some seconds.
extends_documentation_fragment:
  - mailops.exchange.attributes
attributes:
  idempotent:
    description: When run again with the same options, nothing is changed.
    details: IIS is restarted each time.
    support: none
options:
  state:
    description:
      - V(restarted) is the only state.
    type: str
    choices: [restarted]
    required: true
  timeout:
    description:
      - How long IIS may take to stop and to start, and then the Exchange endpoint to answer, in seconds, from 1 to
        3600.
    type: int
    default: 300
requirements:
  - pypsrp on the controller
seealso:
  - module: mailops.exchange.protocol_service
  - name: Enable and configure POP3 on an Exchange server
    description: When IIS has to be restarted.
    link: https://learn.microsoft.com/exchange/clients/pop3-and-imap4/configure-pop3
"""

EXAMPLES = r"""
- name: Show users the new settings in Outlook on the web
  mailops.exchange.iis:
    state: restarted
"""

RETURN = r"""
services:
  description: The services that were restarted or started; in check mode those that would be.
  returned: success, and after a failed restart
  type: list
  elements: str
  sample: [W3SVC]
cmdlets:
  description: The writing cmdlets that were sent, with their parameters; in check mode those that would have been sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Stop-Service
      parameters: {Name: WAS, Force: true}
    - cmdlet: Start-Service
      parameters: {Name: W3SVC}
diff:
  description: By service, what has changed.
  returned: success, and after a failed write, where it tells what has changed all the same
  type: dict
  sample:
    before:
      W3SVC: {status: running, restarted: false}
    after:
      W3SVC: {status: running, restarted: true}
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure, OutcomeUnknown
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable, wire_texts
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Int
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import (
    MISSING,
    RUNNING,
    Service,
    moved_by,
    outstanding_changes,
    plan_services,
    read_services,
    refuse_disabled,
    refuse_unknown,
    standing,
    steady_services,
    write_service,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run
from ansible_collections.mailops.exchange.plugins.module_utils._work.settle import settle

ACTIVATION = "WAS"
WEB = "W3SVC"
OPTIONS = (Setting("timeout", "", Int(1, 3600, "seconds")),)


def dependents(host: Host) -> list[str]:
    """The services that stop with WAS, without W3SVC; a Failure if the host does not tell all of them."""
    known = host.read("Get-Service", endpoint="windows", members=("DependentServices",), Name=ACTIVATION)
    told = known[0].get("DependentServices") if known else None
    try:
        names = list(dict.fromkeys(wire_texts(told)))
        if WEB.casefold() not in map(str.casefold, names):
            raise Unreadable(told, f" without {WEB}")
    except Unreadable as came:
        raise Failure(
            f"Get-Service shows DependentServices of {ACTIVATION} as {came}, which cannot be read, so nothing was "
            "stopped; please report that."
        ) from None
    return [name for name in names if name.casefold() != WEB.casefold()]


def restart(host: Host, options: dict[str, Any]) -> dict[str, Any]:
    """Stop WAS and with it all that depends on it, start what ran and W3SVC, and wait for Exchange."""
    others = dependents(host)
    found = read_services(host, (WEB, *others))
    if found[WEB].status == MISSING:
        raise Failure("The service W3SVC does not exist on this host; IIS is not installed there.")
    if unknown := [name for name in others if found[name].status == MISSING]:
        raise Failure(
            f"Get-Service shows DependentServices of {ACTIVATION} that are not there ({', '.join(unknown)}), so "
            "nothing was stopped; please report that."
        )
    # Only another process proves a restart.
    refuse_unknown(found.values(), "status", "start_mode", "process_id")
    # One that starts by itself and is stopped all the same was left so by a restart that went wrong.
    services = {
        name: service
        for name, service in found.items()
        if name == WEB or service.status == RUNNING or service.start_mode == "automatic"
    }
    refuse_disabled(services.values(), "restarted", None)
    names, timeout = list(services), options["timeout"]
    plan = plan_services(services.values(), "restarted", None)

    def send(outstanding: Mapping[str, Mapping[str, Any]]) -> None:
        # What runs with its old process was never stopped. The second time that may be none.
        stops = outstanding is plan.changes or any("status" not in left for left in outstanding.values())
        failures: list[Failure] = []
        # What is stopped by now is started again before a failure is told.
        for cmdlet, name, parameters in (
            *([("Stop-Service", ACTIVATION, {"Force": True})] if stops else []),
            *(("Start-Service", name, {}) for name in (names if stops else outstanding)),
        ):
            try:
                write_service(host, cmdlet, name, timeout, **parameters)
            except Failure as failure:
                failures.append(failure)
        if failures:
            lost = any(isinstance(failure, OutcomeUnknown) for failure in failures)
            raise (OutcomeUnknown if lost else Failure)(" ".join(dict.fromkeys(map(str, failures))))

    def look() -> tuple[dict[str, Service], dict[str, dict[str, Any]]]:
        now = steady_services(host, names, timeout, staying=True)
        # What is stopped is started again before that is told.
        if all(service.status == RUNNING for service in now.values()):
            refuse_unknown(now.values(), "process_id")
        return now, outstanding_changes(plan, services, now)

    now, outstanding, problem = settle(host, plan.changes, send, look)
    if now is not None and (outstanding or problem):
        moved = moved_by(plan, services, now)
        stopped = [service for service in now.values() if service.status != RUNNING]
        told = [str(problem)] if problem else []
        if stopped:
            told.append(
                f"Now {standing(stopped)}; the next run starts what is automatic, the event log has the reason."
            )
        elif not problem:
            told.append(f"IIS was not restarted: {', '.join(outstanding)} still has the process it had before.")
        raise Failure(" ".join(told), changed=moved.changed, diff=moved.diff("IIS"), services=list(moved.changes))
    if now is not None:
        host.wait_for_exchange(services[WEB].computer or host.computer_name(), timeout)
    return {"changed": True, "diff": plan.diff("IIS"), "services": names}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["restarted"], "required": True},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    run(module, restart, OPTIONS)


if __name__ == "__main__":
    main()
