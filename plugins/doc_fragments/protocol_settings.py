# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of POP3 and IMAP4, written by `make generate` from tools/texts and the tables of settings."""

from __future__ import annotations


class ModuleDocFragment:
    POP3 = r"""
options:
  authenticated_connection_timeout:
    description:
      - How long an authenticated connection may be idle before it is closed. Some versions of Exchange refuse more than
        one hour.
      - A time span from V(00:00:30) to V(1.00:00:00). Exchange's default is V(00:30:00).
    type: str
  banner:
    description:
      - The first line that the server sends to a client that connects. It is compared case-sensitively.
    type: str
  calendar_item_retrieval_option:
    description:
      - How calendar items are delivered to clients. V(Custom) needs O(owa_server_url), given or already stored.
      - V(iCalendar) (0), V(IntranetUrl) (1), V(InternetUrl) (2), or V(Custom) (3), by name in any case or by number.
        Exchange's default is V(iCalendar).
    type: str
    choices: [iCalendar, IntranetUrl, InternetUrl, Custom]
  enable_exact_rfc822_size:
    description:
      - Whether the exact size of messages is calculated, which some clients need and which takes time.
      - Exchange's default is V(false).
    type: bool
  enable_gssapi_and_ntlm_auth:
    description:
      - Whether integrated Windows authentication is offered on connections without TLS.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  enforce_certificate_errors:
    description:
      - Whether the certificate of another server must be valid when a connection is proxied to it.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  extended_protection_policy:
    description:
      - How Extended Protection for Authentication is used, which binds the authentication to the TLS channel.
      - V(None) (0), V(Allow) (1), or V(Require) (2), by name in any case or by number. Exchange's default is V(None).
        Since Exchange 2010.
    type: str
    choices: [None, Allow, Require]
  external_connection_settings:
    description:
      - The connection settings shown to external clients, each entry as C(Host:Port:SSL), C(Host:Port:TLS), or
        C(Host:Port) for no encryption.
      - C(SSL) encrypts from the start, and C(TLS) after STLS or STARTTLS. The port of an C(SSL) entry must be in
        O(ssl_bindings), and that of any other entry in O(unencrypted_or_tls_bindings).
      - Exchange's default is an empty list. Since Exchange 2010.
    type: raw
  internal_connection_settings:
    description:
      - The connection settings shown to internal clients, written as O(external_connection_settings). They are also
        used when connections are proxied between servers.
      - Exchange's default is the FQDN of the server on both ports.
      - Since Exchange 2010.
    type: raw
  log_file_location:
    description:
      - Folder on the server for the protocol log, as an absolute Windows path without variables. This applies only with
        O(protocol_log_enabled=true).
      - Since Exchange 2010.
    type: str
  log_file_roll_over_settings:
    description:
      - How often a new protocol log file is started. Exchange uses this only while O(log_per_file_size_quota) is 0.
      - Exchange's default is V(Hourly) since Exchange 2016, and V(Daily) before.
      - V(Hourly) (1), V(Daily) (2), V(Weekly) (3), or V(Monthly) (4), by name in any case or by number. Since Exchange
        2010.
    type: str
    choices: [Hourly, Daily, Weekly, Monthly]
  log_per_file_size_quota:
    description:
      - The size at which a new protocol log file is started. With V(0), O(log_file_roll_over_settings) decides.
      - Exchange may round a size up to a whole kilobyte. This is not a difference.
      - A whole number, in bytes or with a unit (V(B), V(KB), V(MB), V(GB), or V(TB), to the base of 1024), or
        V(unlimited). Exchange's default is V(0). Since Exchange 2010.
    type: str
  login_type:
    description:
      - How clients can authenticate.
      - With V(SecureLogin), a client must encrypt the connection before it authenticates. With V(PlainTextLogin),
        passwords may be sent unencrypted. The module warns about this.
      - V(PlainTextLogin) (1), V(PlainTextAuthentication) (2), or V(SecureLogin) (3), by name in any case or by number.
        Exchange's default is V(SecureLogin).
    type: str
    choices: [PlainTextLogin, PlainTextAuthentication, SecureLogin]
  max_command_size:
    description:
      - The maximum size of a single command from a client.
      - From 40 to 1024 bytes. Exchange's default is V(512).
    type: int
  max_connection_from_single_ip:
    description:
      - The maximum number of connections from a single client address. There is no s in C(Connection), as in
        C(MaxConnectionFromSingleIP).
      - From 1 to 2147483647. Exchange's default is V(2147483647).
    type: int
  max_connections:
    description:
      - The maximum number of connections to the server.
      - From 1 to 2147483647. Exchange's default is V(2147483647).
    type: int
  max_connections_per_user:
    description:
      - The maximum number of connections of a single user.
      - From 1 to 2147483647. Exchange's default is V(16).
    type: int
  message_retrieval_mime_format:
    description:
      - The format in which messages are delivered to clients.
      - V(TextOnly) (0), V(HtmlOnly) (1), V(HtmlAndTextAlternative) (2), V(TextEnrichedOnly) (3),
        V(TextEnrichedAndTextAlternative) (4), V(BestBodyFormat) (5), or V(Tnef) (6), by name in any case or by number.
        Exchange's default is V(BestBodyFormat).
    type: str
    choices:
      - TextOnly
      - HtmlOnly
      - HtmlAndTextAlternative
      - TextEnrichedOnly
      - TextEnrichedAndTextAlternative
      - BestBodyFormat
      - Tnef
  message_retrieval_sort_order:
    description:
      - The order in which messages are listed. V(Ascending) lists the oldest first.
      - V(Ascending) (0) or V(Descending) (1), by name in any case or by number. Exchange's default is V(Ascending).
    type: str
    choices: [Ascending, Descending]
  owa_server_url:
    description:
      - Absolute URL of Outlook on the web for the links to calendar items, with
        O(calendar_item_retrieval_option=Custom).
      - It is sent and shown with its host in lower case, without the default port, and with spaces and non-ASCII
        characters escaped. A URL that some versions of .NET would change is refused.
      - Exchange's default is empty.
    type: str
  pre_authenticated_connection_timeout:
    description:
      - How long an unauthenticated connection may be idle before it is closed.
      - A time span from V(00:00:30) to V(01:00:00). Exchange's default is V(00:01:00).
    type: str
  protocol_log_enabled:
    description:
      - Whether the protocol is logged.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  proxy_target_port:
    description:
      - The port of the back-end service to which the front-end service proxies connections. Before Exchange 2013, it is
        the port of another Client Access server.
      - From 0 to 65535. Exchange's default is V(1995).
    type: int
  ssl_bindings:
    description:
      - Addresses and ports on which connections are encrypted from the start, each entry as C(IPv4:port) or
        C([IPv6]:port). Put the entries in quotes.
      - Exchange's default is V(0.0.0.0:995) and V([::]:995).
    type: raw
  suppress_read_receipt:
    description:
      - Whether read receipts are suppressed when a message is downloaded.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  unencrypted_or_tls_bindings:
    description:
      - Addresses and ports on which connections start without encryption and STLS or STARTTLS is offered, written as
        O(ssl_bindings). No port can be in both.
      - Exchange's default is V(0.0.0.0:110) and V([::]:110).
    type: raw
  x509_certificate_name:
    description:
      - The host name that decides which certificate clients are shown, usually the one in the connection settings. A
        thumbprint, a subject, or a wildcard cannot be given.
    type: str
notes:
  - Write time spans as C([d.]hh:mm:ss). A plain number is a number of B(seconds), not of days as in .NET. Put time
    spans in quotes, because YAML turns an unquoted V(1:00) into the number 60, and V(25:00:00) into 90000. V("1:00") is
    refused as ambiguous.
  - A list option takes a list, which is the whole value, or a dictionary with C(set), or with C(add) and C(remove),
    each of them a list. The order of the entries does not matter. An empty list clears the setting.
  - An empty string clears a text setting.
"""

    IMAP4 = r"""
options:
  authenticated_connection_timeout:
    description:
      - How long an authenticated connection may be idle before it is closed. Some versions of Exchange refuse more than
        one hour.
      - A time span from V(00:00:30) to V(1.00:00:00). Exchange's default is V(00:30:00).
    type: str
  banner:
    description:
      - The first line that the server sends to a client that connects. It is compared case-sensitively.
    type: str
  calendar_item_retrieval_option:
    description:
      - How calendar items are delivered to clients. V(Custom) needs O(owa_server_url), given or already stored.
      - V(iCalendar) (0), V(IntranetUrl) (1), V(InternetUrl) (2), or V(Custom) (3), by name in any case or by number.
        Exchange's default is V(iCalendar).
    type: str
    choices: [iCalendar, IntranetUrl, InternetUrl, Custom]
  enable_exact_rfc822_size:
    description:
      - Whether the exact size of messages is calculated, which some clients need and which takes time.
      - Exchange's default is V(false).
    type: bool
  enable_gssapi_and_ntlm_auth:
    description:
      - Whether integrated Windows authentication is offered on connections without TLS.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  enforce_certificate_errors:
    description:
      - Whether the certificate of another server must be valid when a connection is proxied to it.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  extended_protection_policy:
    description:
      - How Extended Protection for Authentication is used, which binds the authentication to the TLS channel.
      - V(None) (0), V(Allow) (1), or V(Require) (2), by name in any case or by number. Exchange's default is V(None).
        Since Exchange 2010.
    type: str
    choices: [None, Allow, Require]
  external_connection_settings:
    description:
      - The connection settings shown to external clients, each entry as C(Host:Port:SSL), C(Host:Port:TLS), or
        C(Host:Port) for no encryption.
      - C(SSL) encrypts from the start, and C(TLS) after STLS or STARTTLS. The port of an C(SSL) entry must be in
        O(ssl_bindings), and that of any other entry in O(unencrypted_or_tls_bindings).
      - Exchange's default is an empty list. Since Exchange 2010.
    type: raw
  internal_connection_settings:
    description:
      - The connection settings shown to internal clients, written as O(external_connection_settings). They are also
        used when connections are proxied between servers.
      - Exchange's default is the FQDN of the server on both ports.
      - Since Exchange 2010.
    type: raw
  log_file_location:
    description:
      - Folder on the server for the protocol log, as an absolute Windows path without variables. This applies only with
        O(protocol_log_enabled=true).
      - Since Exchange 2010.
    type: str
  log_file_roll_over_settings:
    description:
      - How often a new protocol log file is started. Exchange uses this only while O(log_per_file_size_quota) is 0.
      - Exchange's default is V(Hourly) since Exchange 2016, and V(Daily) before.
      - V(Hourly) (1), V(Daily) (2), V(Weekly) (3), or V(Monthly) (4), by name in any case or by number. Since Exchange
        2010.
    type: str
    choices: [Hourly, Daily, Weekly, Monthly]
  log_per_file_size_quota:
    description:
      - The size at which a new protocol log file is started. With V(0), O(log_file_roll_over_settings) decides.
      - Exchange may round a size up to a whole kilobyte. This is not a difference.
      - A whole number, in bytes or with a unit (V(B), V(KB), V(MB), V(GB), or V(TB), to the base of 1024), or
        V(unlimited). Exchange's default is V(0). Since Exchange 2010.
    type: str
  login_type:
    description:
      - How clients can authenticate.
      - With V(SecureLogin), a client must encrypt the connection before it authenticates. With V(PlainTextLogin),
        passwords may be sent unencrypted. The module warns about this.
      - V(PlainTextLogin) (1), V(PlainTextAuthentication) (2), or V(SecureLogin) (3), by name in any case or by number.
        Exchange's default is V(SecureLogin).
    type: str
    choices: [PlainTextLogin, PlainTextAuthentication, SecureLogin]
  max_command_size:
    description:
      - The maximum size of a single command from a client.
      - From 1024 to 16384 bytes. Exchange's default is V(10240).
    type: int
  max_connection_from_single_ip:
    description:
      - The maximum number of connections from a single client address. There is no s in C(Connection), as in
        C(MaxConnectionFromSingleIP).
      - From 1 to 2147483647. Exchange's default is V(2147483647).
    type: int
  max_connections:
    description:
      - The maximum number of connections to the server.
      - From 1 to 2147483647. Exchange's default is V(2147483647).
    type: int
  max_connections_per_user:
    description:
      - The maximum number of connections of a single user.
      - From 1 to 2147483647. Exchange's default is V(16).
    type: int
  message_retrieval_mime_format:
    description:
      - The format in which messages are delivered to clients.
      - V(TextOnly) (0), V(HtmlOnly) (1), V(HtmlAndTextAlternative) (2), V(TextEnrichedOnly) (3),
        V(TextEnrichedAndTextAlternative) (4), V(BestBodyFormat) (5), or V(Tnef) (6), by name in any case or by number.
        Exchange's default is V(BestBodyFormat).
    type: str
    choices:
      - TextOnly
      - HtmlOnly
      - HtmlAndTextAlternative
      - TextEnrichedOnly
      - TextEnrichedAndTextAlternative
      - BestBodyFormat
      - Tnef
  owa_server_url:
    description:
      - Absolute URL of Outlook on the web for the links to calendar items, with
        O(calendar_item_retrieval_option=Custom).
      - It is sent and shown with its host in lower case, without the default port, and with spaces and non-ASCII
        characters escaped. A URL that some versions of .NET would change is refused.
      - Exchange's default is empty.
    type: str
  pre_authenticated_connection_timeout:
    description:
      - How long an unauthenticated connection may be idle before it is closed.
      - A time span from V(00:00:30) to V(01:00:00). Exchange's default is V(00:01:00).
    type: str
  protocol_log_enabled:
    description:
      - Whether the protocol is logged.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  proxy_target_port:
    description:
      - The port of the back-end service to which the front-end service proxies connections. Before Exchange 2013, it is
        the port of another Client Access server.
      - From 0 to 65535. Exchange's default is V(1993).
    type: int
  show_hidden_folders_enabled:
    description:
      - Whether clients see hidden folders.
      - Exchange's default is V(false).
    type: bool
  ssl_bindings:
    description:
      - Addresses and ports on which connections are encrypted from the start, each entry as C(IPv4:port) or
        C([IPv6]:port). Put the entries in quotes.
      - Exchange's default is V(0.0.0.0:993) and V([::]:993).
    type: raw
  suppress_read_receipt:
    description:
      - Whether read receipts are suppressed when a message is downloaded.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  unencrypted_or_tls_bindings:
    description:
      - Addresses and ports on which connections start without encryption and STLS or STARTTLS is offered, written as
        O(ssl_bindings). No port can be in both.
      - Exchange's default is V(0.0.0.0:143) and V([::]:143).
    type: raw
  x509_certificate_name:
    description:
      - The host name that decides which certificate clients are shown, usually the one in the connection settings. A
        thumbprint, a subject, or a wildcard cannot be given.
    type: str
notes:
  - Write time spans as C([d.]hh:mm:ss). A plain number is a number of B(seconds), not of days as in .NET. Put time
    spans in quotes, because YAML turns an unquoted V(1:00) into the number 60, and V(25:00:00) into 90000. V("1:00") is
    refused as ambiguous.
  - A list option takes a list, which is the whole value, or a dictionary with C(set), or with C(add) and C(remove),
    each of them a list. The order of the entries does not matter. An empty list clears the setting.
  - An empty string clears a text setting.
"""
