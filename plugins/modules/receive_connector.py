#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: receive_connector
short_description: Configure how POP3 and IMAP4 users send mail through an Exchange server
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Changes a receive connector of one Exchange server, by default the one by which clients submit mail on port 587.
  - Only the settings given are compared and, where they differ, changed; all others stay as they are. Only what differs
    is sent, in one call, and read back afterwards.
  - Connectors of other servers are never touched, and none is created or removed.
  - Lists take a plain list, which is then the whole value, or a dictionary with C(set), or with C(add) and C(remove).
    The order of the entries does not matter.
  - Time spans are written C([d.]hh:mm:ss) and in quotes. A bare number is taken for seconds.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
  - mailops.exchange.connector_settings
options:
  name:
    description:
      - The name of the connector, such as V(Client Frontend EX01), or the same with its server and a backslash in
        front.
      - Without it the connector is the one of this server by which users send. It is bound to port 587, and on Exchange
        2013 and later belongs to the front-end transport service. Of several it is the one whose O(remote_ip_ranges)
        are the most addresses, and not one beside it for a few, such as a relay for appliances.
      - If that is not exactly one, it is the one that is called C(Client Frontend <Server>), or C(Client <Server>) on
        Exchange 2010.
      - Settings with which the connector would no longer be found in this way need its name.
    type: str
requirements:
  - cryptography on the controller, for O(tls_certificate_name)
seealso:
  - module: mailops.exchange.exchange_certificate
  - module: mailops.exchange.pop_settings
  - name: Set-ReceiveConnector
    description: The cmdlet behind this module.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-receiveconnector
"""

EXAMPLES = r"""
- name: Tell users where to send mail, with the certificate for that name
  mailops.exchange.receive_connector:
    fqdn: mail.contoso.com
    tls_certificate_name: mail.contoso.com
    advertise_client_settings: true

- name: Take passwords over TLS only, whatever else is allowed
  mailops.exchange.receive_connector:
    auth_mechanism:
      add: [Tls, BasicAuth, BasicAuthRequireTLS]
    require_tls: true

- name: Let a branch office send large mail by a connector of its own
  mailops.exchange.receive_connector:
    name: Branch office
    remote_ip_ranges: [10.20.0.0/16]
    max_message_size: 100MB
    message_rate_limit: unlimited
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: success
  type: str
  sample: EX01
connector:
  description: Name of the receive connector.
  returned: success
  type: str
  sample: Client Frontend EX01
settings:
  description:
    - The stored settings by option name, after the task; in check mode as they would be.
    - Time spans as C([d.]hh:mm:ss), sizes with their unit, bindings and ranges in alphabetical order.
  returned: success
  type: dict
  sample:
    auth_mechanism: [Tls, Integrated, BasicAuth, BasicAuthRequireTLS]
    bindings: ["0.0.0.0:587", "[::]:587"]
    enabled: true
    fqdn: mail.contoso.com
    max_message_size: 36MB
    tls_certificate_name: "<I>CN=Contoso Issuing CA<S>CN=mail.contoso.com"
unreadable:
  description:
    - The settings whose stored value cannot be read, and the form in which each came. RV(settings) lacks them, and a
      task that was to compare one of them fails.
  returned: success
  type: dict
  sample:
    bindings: "null"
cmdlets:
  description: The writing cmdlets that were sent, with their parameters; in check mode those that would have been sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Set-ReceiveConnector
      parameters:
        Identity: EX01\Client Frontend EX01
        Fqdn: mail.contoso.com
diff:
  description: The changed settings by option name, before and after.
  returned: success, and after a failed write, where it tells what has changed all the same
  type: dict
  sample:
    before:
      fqdn: EX01.contoso.com
    after:
      fqdn: mail.contoso.com
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.receive_connector import ReceiveConnector
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(ReceiveConnector)


if __name__ == "__main__":
    main()
