# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of receive connectors, written by `make generate` from tools/texts and the tables of settings."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  advertise_client_settings:
    description:
      - Whether users see the server, port and encryption of this connector in Outlook on the web. On Exchange 2013 the
        page shows a change after a restart of IIS, see M(mailops.exchange.iis).
      - Exchange's default for clients is V(false).
    type: bool
  auth_mechanism:
    description:
      - How clients may authenticate.
      - V(BasicAuthRequireTLS) needs V(BasicAuth) and V(Tls). V(ExternalAuthoritative) goes with V(Tls) only, and needs
        V(ExchangeServers) in O(permission_groups). The module warns of V(BasicAuth) without V(BasicAuthRequireTLS).
      - A list of V(Tls), V(Integrated), V(BasicAuth), V(BasicAuthRequireTLS), V(ExchangeServer), and
        V(ExternalAuthoritative), or V(None) alone. Exchange's default for clients is V(Tls), V(Integrated),
        V(BasicAuth), and V(BasicAuthRequireTLS).
    type: raw
    choices: [Tls, Integrated, BasicAuth, BasicAuthRequireTLS, ExchangeServer, ExternalAuthoritative, None]
  bindings:
    description:
      - Addresses and ports to listen on, each entry as C(IPv4:port) or C([IPv6]:port), at least one. An address has to
        exist on the server, or the transport service may not start. Bindings and O(remote_ip_ranges) together have to
        be different for each connector of a server, and bindings alone for connectors of different transport roles.
      - Exchange's default for clients is V(0.0.0.0:587) and V([::]:587).
    type: raw
  connection_inactivity_timeout:
    description:
      - How long a connection may be idle; shorter than O(connection_timeout).
      - A time span from V(00:00:01) to V(1.00:00:00). Exchange's default for clients is V(00:05:00).
    type: str
  connection_timeout:
    description:
      - How long a connection may last even if it is busy.
      - A time span from V(00:00:01) to V(1.00:00:00). Exchange's default for clients is V(00:10:00).
    type: str
  enable_auth_gssapi:
    description:
      - Whether GSSAPI is offered beside NTLM where V(Integrated) is in O(auth_mechanism), which it needs.
    type: bool
  enabled:
    description:
      - Whether the connector takes connections.
      - Exchange's default for clients is V(true).
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
      - How many connections the connector accepts in all.
      - From 1 to 2147483647, or V(unlimited). Exchange's default for clients is V(5000).
    type: str
  max_inbound_connection_per_source:
    description:
      - How many connections one client address may have.
      - From 1 to 10000, or V(unlimited). Exchange's default for clients is V(20).
    type: str
  max_message_size:
    description:
      - The largest message.
      - A whole number with its unit (V(B), V(KB), V(MB), V(GB), V(TB), to the base of 1024) or without for bytes, from
        V(64KB) to V(2147483647B). Exchange's default for clients is V(36MB).
    type: str
  message_rate_limit:
    description:
      - How many messages a source may send in a minute, which is a user on the connector for clients.
      - From 1 to 2147483647, or V(unlimited). Exchange's default for clients is V(5).
    type: str
  permission_groups:
    description:
      - Who may send.
      - Exchange shows V(Custom) where permissions were edited in Active Directory. It cannot be set, and it is no
        difference.
      - A list of V(AnonymousUsers), V(ExchangeUsers), V(ExchangeServers), V(ExchangeLegacyServers), and V(Partners), or
        V(None) alone. Exchange's default for clients is V(ExchangeUsers).
    type: raw
    choices: [AnonymousUsers, ExchangeUsers, ExchangeServers, ExchangeLegacyServers, Partners, None]
  protocol_logging_level:
    description:
      - Whether the protocol is logged. Put V(None) in quotes where YAML might take it for something else.
      - V(None) (0) or V(Verbose) (1), by name in any case or by number. Exchange's default for clients is V(None).
    type: str
    choices: [None, Verbose]
  remote_ip_ranges:
    description:
      - The addresses that may connect, at least one entry, each as a single address, C(first-last), or a network such
        as V(10.0.0.0/8). Exchange's default is every address.
    type: raw
  require_tls:
    description:
      - Whether clients have to encrypt. Needs V(Tls) in O(auth_mechanism).
      - Exchange's default for clients is V(false).
    type: bool
  tls_certificate_name:
    description:
      - The certificate the connector shows. It is given by its thumbprint or by a host name that it covers, and the
        module works out the form that Exchange stores. Given in that form, C(<I>issuer<S>subject), it is taken as it
        is. An empty string clears it.
      - For a name, the best certificate is taken as described for M(mailops.exchange.exchange_certificate). Wildcards
        are welcome here.
      - A certificate without a subject cannot be named by a connector, and the module refuses it. Some authorities
        issue such ones, Let's Encrypt by its profile C(tlsserver).
      - The certificate has to be usable and assigned to SMTP, as far as that can be known.
      - Since Exchange 2013.
    type: str
"""
