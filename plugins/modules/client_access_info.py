#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: client_access_info
short_description: Tell how an Exchange server stands with POP3 and IMAP4
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Reads the version of an Exchange server and, for both protocols, services, stored settings and component state,
    and judges whether a restart of the services is owed. Nothing is changed.
  - A restart is owed if the settings were changed after one of the running services started, whoever changed them and
    whenever.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
  - mailops.exchange.server
options:
  restart_tolerance:
    description:
      - A change seen less than this many seconds after the start of a service makes a restart only V(possible).
      - The time of a change is not replicated. Each domain controller notes when the change reached it, which can be
        after a restart that took the change already. Choose it longer than replication takes between your
        controllers.
    type: int
    default: 900
notes:
  - The services are those of the host the task runs for. If O(server) names another one, the task fails.
seealso:
  - module: mailops.exchange.protocol_service
  - name: Get-PopSettings
    description: Where the POP3 settings come from.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-popsettings
  - name: Get-ImapSettings
    description: Where the IMAP4 settings come from.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-imapsettings
  - name: Get-ServerComponentState
    description: Where the component state comes from.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/get-servercomponentstate
"""

EXAMPLES = r"""
- name: Look at POP3 and IMAP4
  mailops.exchange.client_access_info:
  register: info

- name: Restart POP3 if somebody changed its settings since it started
  mailops.exchange.protocol_service:
    protocol: pop3
    state: restarted
  when: info.pop3.restart_owed == "yes"
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: success
  type: str
  sample: EX01
fqdn:
  description: Its fully qualified domain name.
  returned: success
  type: str
  sample: EX01.contoso.com
product:
  description: The product, told by version and build.
  returned: success
  type: str
  sample: Exchange Server SE
version:
  description: The version with its build.
  returned: success
  type: str
  sample: 15.2.2562.17
pop3:
  description: How POP3 stands.
  returned: success
  type: dict
  contains: &protocol
    services:
      description: The services of the protocol, the one that clients connect to first.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the service.
          type: str
          sample: MSExchangePop3
        status:
          description: V(running), V(stopped), V(missing), or another of Windows' words in lower case.
          type: str
          sample: running
        start_mode:
          description: V(automatic), V(manual) or V(disabled); null for a missing service.
          type: str
          sample: automatic
        started:
          description: When its process started, as the host tells it; null if it does not run or the time cannot be
            read.
          type: str
          sample: "2026-03-02T08:15:30.1234567+01:00"
    settings:
      description: The stored settings, by the option names of M(mailops.exchange.pop_settings) or
        M(mailops.exchange.imap_settings).
      type: dict
      sample: {login_type: SecureLogin}
    settings_changed:
      description: When the settings were last changed, as the domain controller asked has it; null if that cannot be
        read.
      type: str
      sample: "2026-03-02T07:10:00Z"
    component:
      description: State of the server component C(PopProxy) or C(ImapProxy); null before Exchange 2013 or if it is
        not shown.
      type: str
      sample: Active
    restart_owed:
      description:
        - V(yes) if the settings were changed after a running service started, V(no) if not or if no service runs.
        - V(possible) if that was less than O(restart_tolerance) seconds after the start, V(unknown) if a time cannot
          be read.
      type: str
      sample: "no"
    restart_reason:
      description: Why, in a sentence.
      type: str
    running_since:
      description: The earliest start of a running service, by which was judged; null if none is known.
      type: str
      sample: "2026-03-02T08:15:30.123456+01:00"
imap4:
  description: How IMAP4 stands, with the same keys.
  returned: success
  type: dict
  contains: *protocol
cmdlets:
  description: Always empty, nothing is written.
  returned: always
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.mailops.exchange.plugins.module_utils.host import Host, Server
from ansible_collections.mailops.exchange.plugins.module_utils.kinds import Int
from ansible_collections.mailops.exchange.plugins.module_utils.plan import Setting
from ansible_collections.mailops.exchange.plugins.module_utils.resource import argument_spec, read_settings, run
from ansible_collections.mailops.exchange.plugins.module_utils.services import (
    Service,
    component_state,
    insist_on_host,
    process_starts,
    read_services,
    restart_owed,
    service_names,
)
from ansible_collections.mailops.exchange.plugins.module_utils.vocabulary.client_access import PROTOCOLS, Protocol

# A year is longer than any replication takes.
OPTIONS = (Setting("restart_tolerance", "", Int(0, 31536000, "seconds")),)


def look(host: Host, options: dict[str, Any]) -> dict[str, Any]:
    """Read everything about both protocols."""
    server = host.server(options.get("server"))
    names = [name for protocol in PROTOCOLS.values() for name in service_names(protocol, server)]
    services = read_services(host, names)
    insist_on_host(host, server, services.values())
    starts = process_starts(host, services.values())
    return {
        "server": server.name,
        "fqdn": server.fqdn,
        "product": server.version.product,
        "version": str(server.version),
        **{
            key: _describe(host, protocol, server, services, starts, options["restart_tolerance"])
            for key, protocol in PROTOCOLS.items()
        },
    }


def _describe(
    host: Host,
    protocol: Protocol,
    server: Server,
    services: Mapping[str, Service],
    starts: Mapping[str, str],
    tolerance: int,
) -> dict[str, Any]:
    own = [services[name] for name in service_names(protocol, server)]
    stored = read_settings(host, protocol, server)
    times = [(service.has_process, starts.get(service.name)) for service in own]
    judgement = restart_owed(stored.changed_utc, times, tolerance)
    return {
        "services": [
            {"name": s.name, "status": s.status, "start_mode": s.start_mode, "started": starts.get(s.name)} for s in own
        ],
        "settings": stored.shown(protocol),
        "settings_changed": stored.changed_utc or None,
        "component": component_state(host, protocol, server),
        "restart_owed": judgement.answer,
        "restart_reason": judgement.reason,
        "running_since": judgement.started,
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={**argument_spec(), "restart_tolerance": {"type": "int", "default": 900}},
        supports_check_mode=True,
    )
    run(module, look, OPTIONS)


if __name__ == "__main__":
    main()
