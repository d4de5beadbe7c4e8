#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: receive_connector
short_description: Configure a receive connector, with which POP3 and IMAP4 users send mail
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Changes a receive connector of one Exchange server, by default the one with which clients submit mail on port 587.
  - Only the given settings are compared and, where they differ, changed. Only differences are sent, in one call, and
    read back afterwards.
  - Connectors of other servers are never changed, and no connector is created or removed.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
  - mailops.exchange.connector_settings
options:
  name:
    description:
      - The name of the connector, such as V(Client Frontend EX01), with or without its server and a backslash before
        it.
      - By default, it is the connector of this server with which users send. This one is bound to port 587, and on
        Exchange 2013 and later belongs to the Front End Transport service. If there are several, it is the one whose
        O(remote_ip_ranges) cover the most addresses, as opposed to a connector for a few addresses, such as a relay for
        appliances.
      - If this does not select exactly one connector, it is the one named C(Client Frontend <Server>), or
        C(Client <Server>) on Exchange 2010.
      - The name is required for settings with which the connector would no longer be found in this way.
    type: str
notes:
  - A list option takes a list, which is the whole value, or a dictionary with C(set), or with C(add) and C(remove),
    each of them a list. The order of the entries does not matter.
  - Write time spans as C([d.]hh:mm:ss), in quotes. A plain number is a number of seconds.
  - The roles P(mailops.exchange.pop3#role), P(mailops.exchange.imap4#role), and P(mailops.exchange.certificate#role)
    use this module.
requirements:
  - cryptography on the controller, for O(tls_certificate_name)
seealso:
  - module: mailops.exchange.exchange_certificate
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.iis
  - name: Set-ReceiveConnector
    description: The cmdlet that this module uses.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-receiveconnector
"""

EXAMPLES = r"""
- name: Show users where to send mail, with the certificate for that name
  mailops.exchange.receive_connector:
    fqdn: mail.contoso.com
    tls_certificate_name: mail.contoso.com
    advertise_client_settings: true

- name: Accept passwords over TLS only, without changing other authentication methods
  mailops.exchange.receive_connector:
    auth_mechanism:
      add: [Tls, BasicAuth, BasicAuthRequireTLS]
    require_tls: true

- name: Let a branch office send large messages with a connector of its own
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
    - The stored settings after the task, by option name. In check mode, the settings as they would be.
    - Time spans are shown as C([d.]hh:mm:ss), sizes with their unit, and bindings and ranges in alphabetical order.
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
    - The settings whose stored value cannot be read, and the form in which each was received. They are missing from
      RV(settings), and a task that needs to compare one of them fails.
  returned: success
  type: dict
  sample:
    bindings: "null"
cmdlets:
  description: The cmdlets sent to change something, with their parameters. In check mode, those that would be sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Set-ReceiveConnector
      parameters:
        Identity: EX01\Client Frontend EX01
        Fqdn: mail.contoso.com
diff:
  description: The changed settings before and after, by option name.
  returned: success, and failure after something was changed
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
