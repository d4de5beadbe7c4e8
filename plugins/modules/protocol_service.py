#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: protocol_service
short_description: Start, stop, or restart the POP3 or IMAP4 services
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Starts, stops, or restarts the Windows services of POP3 or IMAP4 on an Exchange server, and sets their start mode.
    All services of a protocol are handled together. There are two since Exchange 2013 (C(MSExchangePop3) and
    C(MSExchangePOP3BE), C(MSExchangeImap4) and C(MSExchangeIMAP4BE)), and one before. A changed setting takes effect
    only when both have been restarted.
  - The start mode of a disabled service is set before the service is started.
  - After a change, the module waits until each service has the desired status, and checks again that it stays
    running. If it does not, and the server component C(PopProxy) or C(ImapProxy) is inactive or cannot be read, the
    message includes that.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
attributes:
  idempotent:
    details: O(state=restarted) restarts the services each time.
    support: partial
options:
  protocol:
    description:
      - The protocol whose services are managed.
    type: str
    choices: [pop3, imap4]
    required: true
  state:
    description:
      - V(started) and V(stopped) change only services that are in another state. V(restarted) restarts the services,
        and starts those that are stopped.
      - At least one of O(state) and O(start_mode) is required.
    type: str
    choices: [started, stopped, restarted]
  start_mode:
    description:
      - How Windows starts the services, in any case. A delayed automatic start counts as V(automatic).
      - After installation it is V(manual).
      - This is required if a service is disabled and O(state) needs it to run.
    type: str
    choices: [automatic, manual, disabled]
  keep_disabled:
    description:
      - Whether disabled services stay disabled, so that O(start_mode) applies to the others only. Hardening guides
        recommend disabling services that are not needed.
      - This cannot be combined with a O(state) in which the services run.
    type: bool
    default: false
    version_added: 1.0.0
  timeout:
    description:
      - How long a service can take to start or stop, in seconds, from 1 to 3600. This also applies if it is longer than
        C(ansible_exchange_command_timeout). For more than C(ansible_exchange_call_timeout), which is 900 by default,
        increase that as well.
    type: int
    default: 120
notes:
  - The services are those of the host of the task. If O(server) names another server, the task fails.
  - The roles P(mailops.exchange.pop3#role) and P(mailops.exchange.imap4#role) use this module.
seealso:
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.iis
  - name: Enable and configure POP3 on an Exchange server
    description: Lists the services and explains when they need a restart.
    link: https://learn.microsoft.com/exchange/clients/pop3-and-imap4/configure-pop3
  - name: Set-Service
    description: The cmdlet that this module uses to set the start mode.
    link: https://learn.microsoft.com/powershell/module/microsoft.powershell.management/set-service
"""

EXAMPLES = r"""
- name: Start POP3 now and after each start of Windows
  mailops.exchange.protocol_service:
    protocol: pop3
    state: started
    start_mode: automatic

- name: Restart POP3, so that changed settings take effect
  mailops.exchange.protocol_service:
    protocol: pop3
    state: restarted

- name: Turn IMAP4 off
  mailops.exchange.protocol_service:
    protocol: imap4
    state: stopped
    start_mode: disabled

- name: Turn POP3 off, and keep disabled services disabled
  mailops.exchange.protocol_service:
    protocol: pop3
    state: stopped
    start_mode: manual
    keep_disabled: true
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: success
  type: str
  sample: EX01
services:
  description: The services after the task. In check mode, as they would be.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the service.
      type: str
      sample: MSExchangePop3
    status:
      description:
        - V(running), V(stopped), or another status as Windows names it, in lower case.
        - V(restarting) if Windows calls it running, but it has ended since it was started and was started again by
          Windows. The task then fails.
      type: str
      sample: running
    start_mode:
      description: V(automatic), V(manual), or V(disabled). It is null if it cannot be read.
      type: str
      sample: automatic
unreadable:
  description:
    - The values that cannot be read, and the form in which each was received. In RV(services), such a status is empty.
      A task that needs the value fails before it changes anything.
  returned: success
  type: dict
  sample: {}
cmdlets:
  description: The cmdlets sent to change something, with their parameters. In check mode, those that would be sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Start-Service
      parameters:
        Name: MSExchangePop3
diff:
  description: The changes by service.
  returned: success, and failure after something was changed
  type: dict
  sample:
    before:
      MSExchangePop3: {status: stopped, start_mode: manual}
    after:
      MSExchangePop3: {status: running, start_mode: automatic}
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_services import ProtocolServices
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(ProtocolServices)


if __name__ == "__main__":
    main()
