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
  - Does what C(net stop was /y) and C(net start w3svc) do, and starts the services again that ran and depend on WAS.
    Then it waits until Exchange's remote PowerShell, which lives in IIS, answers a cmdlet again.
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
  description: The services that were restarted; in check mode those that would be.
  returned: success
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
  returned: success
  type: dict
  sample:
    before:
      W3SVC: {status: running, restarted: false}
    after:
      W3SVC: {status: running, restarted: true}
"""

from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.mailops.exchange.plugins.module_utils.host import Failure, Host
from ansible_collections.mailops.exchange.plugins.module_utils.kinds import Int, Unreadable, wire_texts
from ansible_collections.mailops.exchange.plugins.module_utils.plan import Setting
from ansible_collections.mailops.exchange.plugins.module_utils.resource import run
from ansible_collections.mailops.exchange.plugins.module_utils.services import (
    MISSING,
    RUNNING,
    ServiceControl,
    has_started,
    has_stopped,
    plan_services,
    read_services,
    refuse_disabled,
    refuse_unknown,
)

ACTIVATION = "WAS"
WEB = "W3SVC"
OPTIONS = (Setting("timeout", "", Int(1, 3600, "seconds")),)


def restart(host: Host, options: dict[str, Any]) -> dict[str, Any]:
    """Stop WAS and with it all that depends on it, start what ran and W3SVC, and wait for Exchange."""
    known = host.read("Get-Service", endpoint="windows", members=("DependentServices",), Name=ACTIVATION)
    try:
        dependents = wire_texts((known or [{}])[0].get("DependentServices"))
    except Unreadable as came:
        raise Failure(
            f"Get-Service shows DependentServices of {ACTIVATION} as {came}, which cannot be read, so nothing was "
            "stopped; please report that."
        ) from None
    others = [name for name in dict.fromkeys(dependents) if name.casefold() != WEB.casefold()]
    services = read_services(host, (WEB, *others))
    if services[WEB].status == MISSING:
        raise Failure("The service W3SVC does not exist on this host; IIS is not installed there.")
    if unknown := [name for name in others if services[name].status == MISSING]:
        raise Failure(
            f"Get-Service shows DependentServices of {ACTIVATION} that are not there ({', '.join(unknown)}), so "
            "nothing was stopped; please report that."
        )
    refuse_unknown(services.values(), "status")
    again = [services[WEB], *(services[name] for name in others if services[name].status == RUNNING)]
    refuse_disabled(again, "restarted", None)
    names = [service.name for service in again]
    plan = plan_services(again, "restarted", None)
    result = {"changed": True, "diff": plan.diff("IIS"), "services": names}

    control = ServiceControl(host, options["timeout"])
    stop = partial(control.write, "Stop-Service", ACTIVATION, has_stopped, Force=True)
    failures = []
    for step in (stop, *(partial(control.write, "Start-Service", name, has_started) for name in names)):
        try:
            step()
        except Failure as failure:
            # What is stopped by now is started again before the failure is told.
            failures.append(str(failure))
    if failures:
        raise Failure(" ".join(failures), **result)
    if host.check_mode:
        return result
    if wrong := control.settle(names, RUNNING):
        told = ", ".join(f"{service.name} is {service.status}" for service in wrong)
        raise Failure(f"IIS was restarted, but {told}; the event log of the host has the reason.", **result)
    host.wait_for_exchange(services[WEB].computer or host.computer_name(), options["timeout"])
    return result


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
