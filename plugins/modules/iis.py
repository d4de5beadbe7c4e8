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
  - If it cannot be read which services depend on WAS, or how one of them stands, nothing is stopped.
  - All users of Outlook, Outlook on the web and ActiveSync on this server, and all administrators connected to it, are
    interrupted for some seconds.
extends_documentation_fragment:
  - mailops.exchange.attributes
attributes:
  idempotent:
    description: When run again with the same options, nothing is changed.
    details: IIS is restarted each time.
    support: none
  action_group:
    description: It has none of the options of the group.
    details: The IIS of the task's host is restarted, whichever server the other modules are told to work on.
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

from ansible_collections.mailops.exchange.plugins.module_utils._objects.iis import Iis
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(Iis)


if __name__ == "__main__":
    main()
