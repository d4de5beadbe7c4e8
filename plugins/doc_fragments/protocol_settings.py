# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of POP3 and IMAP4, written by `make generate` from tools/texts and the tables of settings."""

from __future__ import annotations


class ModuleDocFragment:
    POP3 = r"""
description:
  - Only the settings given are compared and, where they differ, changed; all others stay as they are. Only what differs
    is sent, in one call, and read back afterwards.
  - A changed setting takes effect when the services of the protocol are restarted, see
    M(mailops.exchange.protocol_service). The module does not restart them.
  - Time spans are written C([d.]hh:mm:ss). A bare number is taken for B(seconds), not for days as in .NET. Put time
    spans in quotes, because YAML turns an unquoted V(1:00) into the number 60 and V(25:00:00) into 90000. V("1:00") is
    refused as ambiguous.
  - Lists take a plain list, which is then the whole value, or a dictionary with C(set), or with C(add) and C(remove).
    The order of the entries does not matter. An empty list clears the setting.
  - An empty string clears a text setting.
options:
  authenticated_connection_timeout:
    description:
      - How long an authenticated connection may be idle before it is closed. Some versions of Exchange stop at one hour
        and say so.
      - A time span from V(00:00:30) to V(1.00:00:00). Exchange's default is V(00:30:00).
    type: str
  banner:
    description:
      - What the server says first to a client that connects, a single line. Compared letter by letter.
    type: str
  calendar_item_retrieval_option:
    description:
      - How calendar items are handed to clients. V(Custom) needs O(owa_server_url), given or already stored.
      - V(iCalendar) (0), V(IntranetUrl) (1), V(InternetUrl) (2), or V(Custom) (3), by name in any case or by number.
        Exchange's default is V(iCalendar).
    type: str
    choices: [iCalendar, IntranetUrl, InternetUrl, Custom]
  enable_exact_rfc822_size:
    description:
      - Whether the exact size of a message is worked out for clients that need it, which costs time.
      - Exchange's default is V(false).
    type: bool
  enable_gssapi_and_ntlm_auth:
    description:
      - Whether integrated Windows authentication is offered on connections without TLS.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  enforce_certificate_errors:
    description:
      - Whether the certificate of another server has to be valid when a connection is handed on to it.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  extended_protection_policy:
    description:
      - How extended protection for authentication is used, by which a log-on is bound to the TLS channel.
      - V(None) (0), V(Allow) (1), or V(Require) (2), by name in any case or by number. Exchange's default is V(None).
        Since Exchange 2010.
    type: str
    choices: [None, Allow, Require]
  external_connection_settings:
    description:
      - What clients outside are told to connect to, each entry as C(Host:Port:SSL), C(Host:Port:TLS) or C(Host:Port)
        for no encryption.
      - C(SSL) is encrypted from the start, C(TLS) after STLS or STARTTLS. The port of an C(SSL) entry has to be in
        O(ssl_bindings), that of any other in O(unencrypted_or_tls_bindings).
      - Exchange's default is an empty list. Since Exchange 2010.
    type: raw
  internal_connection_settings:
    description:
      - What clients inside are told to connect to, written as O(external_connection_settings). It is also used when
        connections are handed on between servers.
      - Exchange's default is the FQDN of the server on both ports.
      - Since Exchange 2010.
    type: raw
  log_file_location:
    description:
      - Folder on the server for the protocol log, an absolute Windows path without variables. Used only with
        O(protocol_log_enabled=true).
      - Since Exchange 2010.
    type: str
  log_file_roll_over_settings:
    description:
      - How often a new protocol log file is begun. Exchange uses it only while O(log_per_file_size_quota) is 0.
      - Exchange's default is V(Hourly) since 2016 and V(Daily) before.
      - V(Hourly) (1), V(Daily) (2), V(Weekly) (3), or V(Monthly) (4), by name in any case or by number. Since Exchange
        2010.
    type: str
    choices: [Hourly, Daily, Weekly, Monthly]
  log_per_file_size_quota:
    description:
      - The size at which a new protocol log file is begun. With V(0) a new one is begun as
        O(log_file_roll_over_settings) says. Exchange may round a size up to a whole kilobyte, which is no difference.
      - A whole number with its unit (V(B), V(KB), V(MB), V(GB), V(TB), to the base of 1024) or without for bytes, or
        V(unlimited). Exchange's default is V(0). Since Exchange 2010.
    type: str
  login_type:
    description:
      - How clients may log on.
      - With V(SecureLogin) a client has to encrypt before it logs on. With V(PlainTextLogin) passwords may travel in
        clear, of which the module warns.
      - V(PlainTextLogin) (1), V(PlainTextAuthentication) (2), or V(SecureLogin) (3), by name in any case or by number.
        Exchange's default is V(SecureLogin).
    type: str
    choices: [PlainTextLogin, PlainTextAuthentication, SecureLogin]
  max_command_size:
    description:
      - The longest command the server takes from a client.
      - From 40 to 1024 bytes. Exchange's default is V(512).
    type: int
  max_connection_from_single_ip:
    description:
      - How many connections one client address may have. The parameter's name has no s in Connection.
      - From 1 to 2147483647. Exchange's default is V(2147483647).
    type: int
  max_connections:
    description:
      - How many connections the server accepts in all.
      - From 1 to 2147483647. Exchange's default is V(2147483647).
    type: int
  max_connections_per_user:
    description:
      - How many connections one user may have.
      - From 1 to 2147483647. Exchange's default is V(16).
    type: int
  message_retrieval_mime_format:
    description:
      - The format in which messages are handed to clients.
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
      - The order in which messages are listed; V(Ascending) is the oldest first.
      - V(Ascending) (0) or V(Descending) (1), by name in any case or by number. Exchange's default is V(Ascending).
    type: str
    choices: [Ascending, Descending]
  owa_server_url:
    description:
      - Absolute address of Outlook on the web for the links to calendar items, with
        O(calendar_item_retrieval_option=Custom).
      - It is sent and shown with its host in small letters, without the usual port and with escapes for a blank and for
        letters beyond ASCII. What not every version of .NET keeps as it is written is refused.
      - Exchange's default is empty.
    type: str
  pre_authenticated_connection_timeout:
    description:
      - How long a connection that has not authenticated may be idle before it is closed.
      - A time span from V(00:00:30) to V(01:00:00). Exchange's default is V(00:01:00).
    type: str
  protocol_log_enabled:
    description:
      - Whether the protocol is logged.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  proxy_target_port:
    description:
      - The port of the back-end service to which the front-end service hands connections on. Before Exchange 2013 it is
        the port of another client access server.
      - From 0 to 65535. Exchange's default is V(1995).
    type: int
  ssl_bindings:
    description:
      - Addresses and ports that are encrypted from the start, each entry as C(IPv4:port) or C([IPv6]:port). Put entries
        in quotes.
      - Exchange's default is V(0.0.0.0:995) and V([::]:995).
    type: raw
  suppress_read_receipt:
    description:
      - Whether a read receipt is held back when a message is downloaded.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  unencrypted_or_tls_bindings:
    description:
      - Addresses and ports that begin without encryption and offer STLS or STARTTLS, written as O(ssl_bindings). No
        port can be in both.
      - Exchange's default is V(0.0.0.0:110) and V([::]:110).
    type: raw
  x509_certificate_name:
    description:
      - The host name by which the certificate shown to clients is chosen, as a rule the one of the connection settings.
        Neither a thumbprint nor a subject, and no wildcard.
    type: str
"""

    IMAP4 = r"""
description:
  - Only the settings given are compared and, where they differ, changed; all others stay as they are. Only what differs
    is sent, in one call, and read back afterwards.
  - A changed setting takes effect when the services of the protocol are restarted, see
    M(mailops.exchange.protocol_service). The module does not restart them.
  - Time spans are written C([d.]hh:mm:ss). A bare number is taken for B(seconds), not for days as in .NET. Put time
    spans in quotes, because YAML turns an unquoted V(1:00) into the number 60 and V(25:00:00) into 90000. V("1:00") is
    refused as ambiguous.
  - Lists take a plain list, which is then the whole value, or a dictionary with C(set), or with C(add) and C(remove).
    The order of the entries does not matter. An empty list clears the setting.
  - An empty string clears a text setting.
options:
  authenticated_connection_timeout:
    description:
      - How long an authenticated connection may be idle before it is closed. Some versions of Exchange stop at one hour
        and say so.
      - A time span from V(00:00:30) to V(1.00:00:00). Exchange's default is V(00:30:00).
    type: str
  banner:
    description:
      - What the server says first to a client that connects, a single line. Compared letter by letter.
    type: str
  calendar_item_retrieval_option:
    description:
      - How calendar items are handed to clients. V(Custom) needs O(owa_server_url), given or already stored.
      - V(iCalendar) (0), V(IntranetUrl) (1), V(InternetUrl) (2), or V(Custom) (3), by name in any case or by number.
        Exchange's default is V(iCalendar).
    type: str
    choices: [iCalendar, IntranetUrl, InternetUrl, Custom]
  enable_exact_rfc822_size:
    description:
      - Whether the exact size of a message is worked out for clients that need it, which costs time.
      - Exchange's default is V(false).
    type: bool
  enable_gssapi_and_ntlm_auth:
    description:
      - Whether integrated Windows authentication is offered on connections without TLS.
      - Exchange's default is V(true). Since Exchange 2010.
    type: bool
  enforce_certificate_errors:
    description:
      - Whether the certificate of another server has to be valid when a connection is handed on to it.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  extended_protection_policy:
    description:
      - How extended protection for authentication is used, by which a log-on is bound to the TLS channel.
      - V(None) (0), V(Allow) (1), or V(Require) (2), by name in any case or by number. Exchange's default is V(None).
        Since Exchange 2010.
    type: str
    choices: [None, Allow, Require]
  external_connection_settings:
    description:
      - What clients outside are told to connect to, each entry as C(Host:Port:SSL), C(Host:Port:TLS) or C(Host:Port)
        for no encryption.
      - C(SSL) is encrypted from the start, C(TLS) after STLS or STARTTLS. The port of an C(SSL) entry has to be in
        O(ssl_bindings), that of any other in O(unencrypted_or_tls_bindings).
      - Exchange's default is an empty list. Since Exchange 2010.
    type: raw
  internal_connection_settings:
    description:
      - What clients inside are told to connect to, written as O(external_connection_settings). It is also used when
        connections are handed on between servers.
      - Exchange's default is the FQDN of the server on both ports.
      - Since Exchange 2010.
    type: raw
  log_file_location:
    description:
      - Folder on the server for the protocol log, an absolute Windows path without variables. Used only with
        O(protocol_log_enabled=true).
      - Since Exchange 2010.
    type: str
  log_file_roll_over_settings:
    description:
      - How often a new protocol log file is begun. Exchange uses it only while O(log_per_file_size_quota) is 0.
      - Exchange's default is V(Hourly) since 2016 and V(Daily) before.
      - V(Hourly) (1), V(Daily) (2), V(Weekly) (3), or V(Monthly) (4), by name in any case or by number. Since Exchange
        2010.
    type: str
    choices: [Hourly, Daily, Weekly, Monthly]
  log_per_file_size_quota:
    description:
      - The size at which a new protocol log file is begun. With V(0) a new one is begun as
        O(log_file_roll_over_settings) says. Exchange may round a size up to a whole kilobyte, which is no difference.
      - A whole number with its unit (V(B), V(KB), V(MB), V(GB), V(TB), to the base of 1024) or without for bytes, or
        V(unlimited). Exchange's default is V(0). Since Exchange 2010.
    type: str
  login_type:
    description:
      - How clients may log on.
      - With V(SecureLogin) a client has to encrypt before it logs on. With V(PlainTextLogin) passwords may travel in
        clear, of which the module warns.
      - V(PlainTextLogin) (1), V(PlainTextAuthentication) (2), or V(SecureLogin) (3), by name in any case or by number.
        Exchange's default is V(SecureLogin).
    type: str
    choices: [PlainTextLogin, PlainTextAuthentication, SecureLogin]
  max_command_size:
    description:
      - The longest command the server takes from a client.
      - From 1024 to 16384 bytes. Exchange's default is V(10240).
    type: int
  max_connection_from_single_ip:
    description:
      - How many connections one client address may have. The parameter's name has no s in Connection.
      - From 1 to 2147483647. Exchange's default is V(2147483647).
    type: int
  max_connections:
    description:
      - How many connections the server accepts in all.
      - From 1 to 2147483647. Exchange's default is V(2147483647).
    type: int
  max_connections_per_user:
    description:
      - How many connections one user may have.
      - From 1 to 2147483647. Exchange's default is V(16).
    type: int
  message_retrieval_mime_format:
    description:
      - The format in which messages are handed to clients.
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
      - Absolute address of Outlook on the web for the links to calendar items, with
        O(calendar_item_retrieval_option=Custom).
      - It is sent and shown with its host in small letters, without the usual port and with escapes for a blank and for
        letters beyond ASCII. What not every version of .NET keeps as it is written is refused.
      - Exchange's default is empty.
    type: str
  pre_authenticated_connection_timeout:
    description:
      - How long a connection that has not authenticated may be idle before it is closed.
      - A time span from V(00:00:30) to V(01:00:00). Exchange's default is V(00:01:00).
    type: str
  protocol_log_enabled:
    description:
      - Whether the protocol is logged.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  proxy_target_port:
    description:
      - The port of the back-end service to which the front-end service hands connections on. Before Exchange 2013 it is
        the port of another client access server.
      - From 0 to 65535. Exchange's default is V(1993).
    type: int
  show_hidden_folders_enabled:
    description:
      - Whether clients see hidden folders.
      - Exchange's default is V(false).
    type: bool
  ssl_bindings:
    description:
      - Addresses and ports that are encrypted from the start, each entry as C(IPv4:port) or C([IPv6]:port). Put entries
        in quotes.
      - Exchange's default is V(0.0.0.0:993) and V([::]:993).
    type: raw
  suppress_read_receipt:
    description:
      - Whether a read receipt is held back when a message is downloaded.
      - Exchange's default is V(false). Since Exchange 2010.
    type: bool
  unencrypted_or_tls_bindings:
    description:
      - Addresses and ports that begin without encryption and offer STLS or STARTTLS, written as O(ssl_bindings). No
        port can be in both.
      - Exchange's default is V(0.0.0.0:143) and V([::]:143).
    type: raw
  x509_certificate_name:
    description:
      - The host name by which the certificate shown to clients is chosen, as a rule the one of the connection settings.
        Neither a thumbprint nor a subject, and no wildcard.
    type: str
"""
