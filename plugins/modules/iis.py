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
  - Restarts IIS on an Exchange server, so that Outlook on the web shows users changed connection settings of POP3 and
    IMAP4. Exchange 2013 shows them only after a restart of IIS. Later versions need one only if the page still shows
    old values after a restart of the POP3 or IMAP4 services.
  - Does the same as C(net stop was /y) and C(net start w3svc). Then it starts the services that depend on WAS and were
    running before. It also starts those that are stopped although their start mode is automatic, as a failed restart
    leaves them. If a service does not start, the others are still started, and the task fails and names it. Finally, it
    waits until Exchange's remote PowerShell, which runs in IIS, answers a cmdlet again.
  - If the services that depend on WAS, or the state of one of them, cannot be read, nothing is stopped.
  - All users of Outlook, Outlook on the web, and ActiveSync on this server, and all administrators connected to it, are
    interrupted for some seconds.
extends_documentation_fragment:
  - mailops.exchange.attributes
attributes:
  idempotent:
    description: Running the module again with the same options changes nothing.
    details: IIS is restarted each time.
    support: none
  action_group:
    description: The module has none of the options of the group.
    details: It restarts IIS on the host of the task, whichever server the other modules use.
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
      - How long IIS can take to stop and start, and the Exchange endpoint to answer, in seconds, from 1 to 3600.
    type: int
    default: 300
requirements:
  - pypsrp on the controller
seealso:
  - module: mailops.exchange.protocol_service
  - module: mailops.exchange.receive_connector
  - name: Enable and configure POP3 on an Exchange server
    description: Explains when IIS must be restarted.
    link: https://learn.microsoft.com/exchange/clients/pop3-and-imap4/configure-pop3
"""

EXAMPLES = r"""
- name: Show users the new settings in Outlook on the web
  mailops.exchange.iis:
    state: restarted
"""

RETURN = r"""
services:
  description: The services that were restarted or started. In check mode, those that would be.
  returned: success, and failure after something was changed
  type: list
  elements: str
  sample: [W3SVC]
cmdlets:
  description: The cmdlets sent to change something, with their parameters. In check mode, those that would be sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Stop-Service
      parameters: {Name: WAS, Force: true}
    - cmdlet: Start-Service
      parameters: {Name: W3SVC}
diff:
  description: The changes by service.
  returned: success, and failure after something was changed
  type: dict
  sample:
    before:
      W3SVC: {status: running, restarted: false}
    after:
      W3SVC: {status: running, restarted: true}
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.iis import Iis
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(Iis)


if __name__ == "__main__":
    main()
