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
  advertise_client_settings:
    description:
      - Whether users see the server, port and encryption of this connector in Outlook on the web. Exchange's default is
        V(false). On Exchange 2013 the page shows a change after a restart of IIS, see M(mailops.exchange.iis).
    type: bool
  auth_mechanism:
    description:
      - How clients may authenticate, a list of V(Tls), V(Integrated), V(BasicAuth), V(BasicAuthRequireTLS),
        V(ExchangeServer) and V(ExternalAuthoritative), or V(None) alone.
      - V(BasicAuthRequireTLS) needs V(BasicAuth) and V(Tls). V(ExternalAuthoritative) goes with V(Tls) only, and needs
        V(ExchangeServers) in O(permission_groups). The module warns of V(BasicAuth) without V(BasicAuthRequireTLS).
      - Exchange's default for clients is V(Tls), V(Integrated), V(BasicAuth) and V(BasicAuthRequireTLS).
    type: raw
  bindings:
    description:
      - Addresses and ports to listen on, each entry as C(IPv4:port) or C([IPv6]:port), at least one. An address has to
        exist on the server, or the transport service may not start. Bindings and O(remote_ip_ranges) together have to
        be different for each connector of a server.
      - Exchange's default for clients is V(0.0.0.0:587) and V([::]:587).
    type: raw
  connection_inactivity_timeout:
    description:
      - How long a connection may be idle, a time span from V(00:00:01) to V(1.00:00:00) and shorter than
        O(connection_timeout). Exchange's default is V(00:05:00).
    type: str
  connection_timeout:
    description:
      - How long a connection may last even if it is busy, a time span from V(00:00:01) to V(1.00:00:00). Exchange's
        default is V(00:10:00).
    type: str
  enable_auth_gssapi:
    description:
      - Whether GSSAPI is offered beside NTLM where V(Integrated) is in O(auth_mechanism), which it needs.
    type: bool
  enabled:
    description:
      - Whether the connector takes connections. Exchange's default is V(true).
    type: bool
  fqdn:
    description:
      - The name by which the connector answers, for which clients expect its certificate. An empty string clears it.
      - The one of C(Default <Server>) cannot be changed, because servers of the organization know each other by it.
        With V(ExchangeServer) in O(auth_mechanism) Exchange takes only the FQDN or the name of the server, or nothing.
      - Exchange's default is the FQDN of the server.
    type: str
  max_inbound_connection:
    description:
      - How many connections the connector accepts in all, from 1 to 2147483647, or V(unlimited). Exchange's default is
        V(5000).
    type: str
  max_inbound_connection_per_source:
    description:
      - How many connections one client address may have, from 1 to 10000, or V(unlimited). Exchange's default for
        clients is V(20).
    type: str
  max_message_size:
    description:
      - The largest message, from V(64KB) to 2147483647 bytes, a whole number with its unit (V(B), V(KB), V(MB), V(GB),
        to the base of 1024) or without for bytes. Exchange's default for clients is V(36MB).
    type: str
  message_rate_limit:
    description:
      - How many messages a source may send in a minute, from 1 to 2147483647, or V(unlimited). Exchange's default for
        clients is V(5) for each user.
    type: str
  permission_groups:
    description:
      - Who may send, a list of V(AnonymousUsers), V(ExchangeUsers), V(ExchangeServers), V(ExchangeLegacyServers) and
        V(Partners), or V(None) alone. Exchange's default for clients is V(ExchangeUsers).
      - Exchange shows V(Custom) where permissions were edited in Active Directory. It cannot be set, and it is no
        difference.
    type: raw
  protocol_logging_level:
    description:
      - V(None) (0) or V(Verbose) (1). Exchange's default is V(None). Put V(None) in quotes where YAML might take it for
        something else.
    type: str
  remote_ip_ranges:
    description:
      - The addresses that may connect, at least one entry, each as a single address, C(first-last), or a network such
        as V(10.0.0.0/8). Exchange's default is every address.
    type: raw
  require_tls:
    description:
      - Whether clients have to encrypt. Needs V(Tls) in O(auth_mechanism). Exchange's default is V(false).
    type: bool
  tls_certificate_name:
    description:
      - The certificate the connector shows, since Exchange 2013. It is given by its thumbprint or by a host name that
        it covers, and the module works out the form that Exchange stores. Given in that form, C(<I>issuer<S>subject),
        it is taken as it is. An empty string clears it.
      - For a name, the best certificate is taken as described for M(mailops.exchange.exchange_certificate).
        Wildcards are welcome here.
      - The certificate has to be usable and assigned to SMTP, as far as that can be known.
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
