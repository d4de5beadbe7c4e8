# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of receive connectors, written by `make generate` from tools/texts and the tables of settings."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  advertise_client_settings:
    description:
      - Whether Outlook on the web shows users the server, port, and encryption of this connector. On Exchange 2013, the
        page shows a change only after a restart of IIS; see M(mailops.exchange.iis).
      - Exchange's default for clients is V(false).
    type: bool
  auth_mechanism:
    description:
      - How clients may authenticate.
      - V(BasicAuthRequireTLS) needs V(BasicAuth) and V(Tls). V(ExternalAuthoritative) can be combined with V(Tls) only,
        and needs V(ExchangeServers) in O(permission_groups).
      - The module warns about V(BasicAuth) without V(BasicAuthRequireTLS).
      - A list of V(Tls), V(Integrated), V(BasicAuth), V(BasicAuthRequireTLS), V(ExchangeServer), and
        V(ExternalAuthoritative), or V(None) alone. Exchange's default for clients is V(Tls), V(Integrated),
        V(BasicAuth), and V(BasicAuthRequireTLS).
    type: raw
    choices: [Tls, Integrated, BasicAuth, BasicAuthRequireTLS, ExchangeServer, ExternalAuthoritative, None]
  bindings:
    description:
      - Addresses and ports to listen on, each entry as C(IPv4:port) or C([IPv6]:port). At least one is required.
      - The addresses must exist on the server, or the transport service may not start.
      - No two connectors on a server can have the same combination of bindings and O(remote_ip_ranges), and connectors
        of different transport roles cannot share bindings at all.
      - Exchange's default for clients is V(0.0.0.0:587) and V([::]:587).
    type: raw
  connection_inactivity_timeout:
    description:
      - How long a connection may be idle. This must be shorter than O(connection_timeout).
      - A time span from V(00:00:01) to V(1.00:00:00). Exchange's default for clients is V(00:05:00).
    type: str
  connection_timeout:
    description:
      - How long a connection may last, even if it is busy.
      - A time span from V(00:00:01) to V(1.00:00:00). Exchange's default for clients is V(00:10:00).
    type: str
  enable_auth_gssapi:
    description:
      - Whether GSSAPI is offered in addition to NTLM. This needs V(Integrated) in O(auth_mechanism).
    type: bool
  enabled:
    description:
      - Whether the connector accepts connections.
      - Exchange's default for clients is V(true).
    type: bool
  fqdn:
    description:
      - The name with which the connector identifies itself, and for which clients expect its certificate. An empty
        string clears it.
      - The name of C(Default <Server>) cannot be changed, because the servers of the organization identify each other
        by it. With V(ExchangeServer) in O(auth_mechanism), Exchange accepts only the FQDN or the name of the server, or
        an empty string.
      - Exchange's default is the FQDN of the server.
    type: str
  max_inbound_connection:
    description:
      - The maximum number of connections to the connector.
      - From 1 to 2147483647, or V(unlimited). Exchange's default for clients is V(5000).
    type: str
  max_inbound_connection_per_source:
    description:
      - The maximum number of connections from a single client address.
      - From 1 to 10000, or V(unlimited). Exchange's default for clients is V(20).
    type: str
  max_message_size:
    description:
      - The maximum size of a message.
      - A whole number, in bytes or with a unit (V(B), V(KB), V(MB), V(GB), or V(TB), to the base of 1024), from V(64KB)
        to V(2147483647B). Exchange's default for clients is V(36MB).
    type: str
  message_rate_limit:
    description:
      - The maximum number of messages that a source can send per minute. On the connector for clients, a source is a
        user.
      - From 1 to 2147483647, or V(unlimited). Exchange's default for clients is V(5).
    type: str
  permission_groups:
    description:
      - Who can send mail through the connector.
      - Exchange shows V(Custom) if permissions were edited in Active Directory. It cannot be set and is ignored when
        values are compared.
      - A list of V(AnonymousUsers), V(ExchangeUsers), V(ExchangeServers), V(ExchangeLegacyServers), and V(Partners), or
        V(None) alone. Exchange's default for clients is V(ExchangeUsers).
    type: raw
    choices: [AnonymousUsers, ExchangeUsers, ExchangeServers, ExchangeLegacyServers, Partners, None]
  protocol_logging_level:
    description:
      - Whether the protocol is logged.
      - V(None) (0) or V(Verbose) (1), by name in any case or by number. Exchange's default for clients is V(None).
    type: str
    choices: [None, Verbose]
  remote_ip_ranges:
    description:
      - The addresses that can connect, each entry as a single address, C(first-last), or a network such as
        V(10.0.0.0/8). At least one is required. Exchange's default is every address.
    type: raw
  require_tls:
    description:
      - Whether clients must encrypt the connection. This needs V(Tls) in O(auth_mechanism).
      - Exchange's default for clients is V(false).
    type: bool
  tls_certificate_name:
    description:
      - The certificate that the connector shows, as its thumbprint or as a host name that it covers. The module
        converts this to the form that Exchange stores, C(<I>issuer<S>subject), which is accepted as well. An empty
        string clears the setting.
      - For a host name, the best certificate is chosen as described for
        O(mailops.exchange.exchange_certificate#module:name). Wildcard certificates can be used here.
      - A connector cannot name a certificate without a subject, so the module refuses such a certificate. Some
        authorities issue them, for example Let's Encrypt with its profile C(tlsserver).
      - The certificate must be usable and assigned to SMTP, as far as this can be determined.
      - Since Exchange 2013.
    type: str
"""
