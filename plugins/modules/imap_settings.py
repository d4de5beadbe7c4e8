#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Written by `make generate` from plugins/modules/pop_settings.py.
from __future__ import annotations

DOCUMENTATION = r"""
---
module: imap_settings
short_description: Configure what IMAP4 clients get from an Exchange server
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - Changes the IMAP4 settings of one Exchange server. Every parameter of C(Set-ImapSettings) can be given, that is
    ports, encryption, log on, limits, message format, banner and protocol log.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
  - mailops.exchange.protocol_settings.imap4
seealso:
  - module: mailops.exchange.protocol_service
  - module: mailops.exchange.client_access_info
  - name: Set-ImapSettings
    description: The cmdlet behind this module.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-imapsettings
"""

EXAMPLES = r"""
- name: Tell clients outside where to connect to, and choose the certificate by that name
  mailops.exchange.imap_settings:
    external_connection_settings:
      - "mail.contoso.com:993:SSL"
      - "mail.contoso.com:143:TLS"
    x509_certificate_name: mail.contoso.com
    login_type: SecureLogin

- name: Close idle connections earlier and log the protocol
  mailops.exchange.imap_settings:
    authenticated_connection_timeout: "00:20:00"
    pre_authenticated_connection_timeout: 45
    protocol_log_enabled: true
    log_file_location: 'D:\Logs\Imap4'
    log_per_file_size_quota: 10MB

- name: Listen on one more port, whatever the other bindings are
  mailops.exchange.imap_settings:
    ssl_bindings:
      add:
        - "0.0.0.0:9993"
        - "[::]:9993"
  register: settings

- name: Restart the services if that changed anything
  mailops.exchange.protocol_service:
    protocol: imap4
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
    - The stored IMAP4 settings by option name, after the task; in check mode as they would be.
    - Time spans as C([d.]hh:mm:ss), sizes with their unit or V(Unlimited), lists in alphabetical order.
  returned: success
  type: dict
  sample:
    login_type: SecureLogin
    max_connections_per_user: 16
    pre_authenticated_connection_timeout: "00:01:00"
    ssl_bindings: ["0.0.0.0:993", "[::]:993"]
unreadable:
  description:
    - The settings whose stored value cannot be read, and the form in which each came. RV(settings) lacks them, and a
      task that was to compare one of them fails.
  returned: success
  type: dict
  sample:
    ssl_bindings: "null"
restart_required:
  description: Whether this task changed a stored setting, which takes effect when the services are restarted.
  returned: success, and after a failed write, where it tells what has changed all the same
  type: bool
cmdlets:
  description: The writing cmdlets that were sent, with their parameters; in check mode those that would have been sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Set-ImapSettings
      parameters:
        Server: EX01
        LoginType: SecureLogin
diff:
  description: The changed settings by option name, before and after.
  returned: success, and after a failed write, where it tells what has changed all the same
  type: dict
  sample:
    before:
      login_type: PlainTextLogin
    after:
      login_type: SecureLogin
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_settings import ImapSettings
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(ImapSettings)


if __name__ == "__main__":
    main()
