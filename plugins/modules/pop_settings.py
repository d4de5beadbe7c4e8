#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: pop_settings
short_description: Configure the POP3 settings of an Exchange server
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Changes the POP3 settings of one Exchange server. Every parameter of C(Set-PopSettings) is an option, which covers
    ports, encryption, authentication, limits, message format, banner, and protocol log.
  - Only the given settings are compared and, where they differ, changed. Only differences are sent, in one call, and
    read back afterwards.
  - A changed setting takes effect when the POP3 services are restarted; see M(mailops.exchange.protocol_service). This
    module does not restart them.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
  - mailops.exchange.protocol_settings.pop3
notes:
  - The role P(mailops.exchange.pop3#role) uses this module.
seealso:
  - module: mailops.exchange.protocol_service
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.exchange_certificate
  - module: mailops.exchange.cas_mailbox
  - module: mailops.exchange.mail_probe
  - module: mailops.exchange.protocol_log_info
  - module: mailops.exchange.receive_connector
  - module: mailops.exchange.throttling_policy
  - name: Set-PopSettings
    description: The cmdlet that this module uses.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-popsettings
"""

EXAMPLES = r"""
- name: Show external clients where to connect, and choose the certificate by that name
  mailops.exchange.pop_settings:
    external_connection_settings:
      - "mail.contoso.com:995:SSL"
      - "mail.contoso.com:110:TLS"
    x509_certificate_name: mail.contoso.com
    login_type: SecureLogin

- name: Close idle connections earlier, and log the protocol
  mailops.exchange.pop_settings:
    authenticated_connection_timeout: "00:20:00"
    pre_authenticated_connection_timeout: 45
    protocol_log_enabled: true
    log_file_location: 'D:\Logs\Pop3'
    log_per_file_size_quota: 10MB

- name: Listen on one more port, without changing the other bindings
  mailops.exchange.pop_settings:
    ssl_bindings:
      add:
        - "0.0.0.0:9995"
        - "[::]:9995"
  register: settings

- name: Restart the services if anything was changed
  mailops.exchange.protocol_service:
    protocol: pop3
    state: restarted
  when: settings.restart_required
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: success
  type: str
  sample: EX01
settings:
  description:
    - The stored POP3 settings after the task, by option name. In check mode, the settings as they would be.
    - Time spans are shown as C([d.]hh:mm:ss), sizes with their unit or as V(Unlimited), and lists in alphabetical
      order.
  returned: success
  type: dict
  sample:
    login_type: SecureLogin
    max_connections_per_user: 16
    pre_authenticated_connection_timeout: "00:01:00"
    ssl_bindings: ["0.0.0.0:995", "[::]:995"]
unreadable:
  description:
    - The settings whose stored value cannot be read, and the form in which each was received. They are missing from
      RV(settings), and a task that needs to compare one of them fails.
  returned: success
  type: dict
  sample:
    ssl_bindings: "null"
restart_required:
  description: Whether this task changed a stored setting. It takes effect when the services are restarted.
  returned: success, and failure after something was changed
  type: bool
cmdlets:
  description: The cmdlets sent to change something, with their parameters. In check mode, those that would be sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Set-PopSettings
      parameters:
        Server: EX01
        LoginType: SecureLogin
diff:
  description: The changed settings before and after, by option name.
  returned: success, and failure after something was changed
  type: dict
  sample:
    before:
      login_type: PlainTextLogin
    after:
      login_type: SecureLogin
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_settings import PopSettings
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(PopSettings)


if __name__ == "__main__":
    main()
