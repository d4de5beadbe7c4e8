#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: protocol_service
short_description: Start, stop or restart what serves POP3 or IMAP4 clients
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Handles all Windows services of a protocol on an Exchange server as one, which are two since Exchange 2013
    (C(MSExchangePop3) and C(MSExchangePOP3BE), C(MSExchangeImap4) and C(MSExchangeIMAP4BE)) and one before. A changed
    setting takes effect only when both have been restarted.
  - A service that is disabled gets its start mode before it is started.
  - After a change the module waits until each service has its status, and looks once more whether it stays up. If
    not, and the server component C(PopProxy) or C(ImapProxy) is inactive, that is named as the reason; if it cannot be
    read, that is said.
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
      - Whose services.
    type: str
    choices: [pop3, imap4]
    required: true
  state:
    description:
      - V(started) and V(stopped) change only what is not so already. V(restarted) restarts the services, and starts
        those that are stopped.
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
      - Whether a service that is disabled stays so, and O(start_mode) is for the others. Hardening guides want services
        that nobody needs to be disabled.
      - Does not go with a O(state) in which services run.
    type: bool
    default: false
  timeout:
    description:
      - How long a service may take to start or to stop, in seconds, from 1 to 3600. It counts where it is longer than
        C(ansible_exchange_command_timeout) too. More than C(ansible_exchange_call_timeout), which is 900 if not set,
        needs that to be longer as well.
    type: int
    default: 120
notes:
  - The services are those of the host the task runs for. If O(server) names another one, the task fails.
seealso:
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.client_access_info
  - name: Enable and configure POP3 on an Exchange server
    description: Which services there are, and when they need a restart.
    link: https://learn.microsoft.com/exchange/clients/pop3-and-imap4/configure-pop3
  - name: Set-Service
    description: The cmdlet that sets the start mode.
    link: https://learn.microsoft.com/powershell/module/microsoft.powershell.management/set-service
"""

EXAMPLES = r"""
- name: Serve POP3 clients now and after each start of Windows
  mailops.exchange.protocol_service:
    protocol: pop3
    state: started
    start_mode: automatic

- name: Let changed settings take effect
  mailops.exchange.protocol_service:
    protocol: pop3
    state: restarted

- name: Serve no IMAP4 clients any more
  mailops.exchange.protocol_service:
    protocol: imap4
    state: stopped
    start_mode: disabled

- name: Serve no POP3 clients any more, and leave services disabled that are
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
  description: The services after the task; in check mode as they would be.
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
        - V(running), V(stopped), or another of Windows' words in lower case.
        - V(restarting) if Windows calls it running, but it had ended since it was started, so that Windows started it
          again. The task fails then.
      type: str
      sample: running
    start_mode:
      description: V(automatic), V(manual) or V(disabled); null if it cannot be read.
      type: str
      sample: automatic
unreadable:
  description:
    - What of the services cannot be read, and the form in which each came; in RV(services) a status is empty then. A
      task that needs it fails before it changes anything.
  returned: success
  type: dict
  sample: {}
cmdlets:
  description: The writing cmdlets that were sent, with their parameters; in check mode those that would have been sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Start-Service
      parameters:
        Name: MSExchangePop3
diff:
  description: By service, what has changed.
  returned: success, and after a failed write, where it tells what has changed all the same
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
