#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: throttling_policy
short_description: Configure the POP3 and IMAP4 limits of a throttling policy
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Changes the POP3 and IMAP4 settings of a throttling policy, such as the number of concurrent connections of a user.
    If a mail program opens more connections than the policy allows, new ones fail and the program seems to hang.
  - Only the given settings are compared and, where they differ, changed. Only differences are sent, in one call, and
    read back afterwards.
  - A policy belongs to the organization and not to a server, so one task is enough for all servers of a version.
    Changes take effect within minutes, without a restart.
  - The cmdlets run on the server that the host connects to. Use O(server) to name it if it is not found. It cannot be a
    server of another version.
  - Policies are not created, removed, or assigned to users.
  - On Exchange 2013 and later, the values are the effective ones, as C(Get-ThrottlingPolicy) shows them. A policy
    inherits the settings that it does not have from the policy with the scope Organization, and then from the built-in
    one. If the inherited value is the desired one, nothing is written.
  - The built-in policy with the scope Global, C(GlobalThrottlingPolicy_<GUID>), cannot be changed. Create one with the
    scope Organization instead, which applies to all users.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
  - mailops.exchange.throttling_settings
options:
  name:
    description:
      - The full name of the policy. Patterns are not supported.
    type: str
    required: true
notes:
  - The role P(mailops.exchange.application_mailbox#role) uses this module.
seealso:
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - name: Set-ThrottlingPolicy
    description: The cmdlet that this module uses.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-throttlingpolicy
"""

EXAMPLES = r"""
- name: Allow the users of this policy more concurrent connections
  mailops.exchange.throttling_policy:
    name: Mail programs
    pop_max_concurrency: 40
    imap_max_concurrency: unlimited
  run_once: true

- name: Delay the account of a service that fetches mail all day, but never block it
  mailops.exchange.throttling_policy:
    name: Fetching services
    imap_recharge_rate: 1800000
    imap_cutoff_balance: unlimited
  run_once: true
"""

RETURN = r"""
server:
  description: Name of the Exchange server that ran the cmdlets.
  returned: success
  type: str
  sample: EX01
policy:
  description: Name of the throttling policy.
  returned: success
  type: str
  sample: Mail programs
settings:
  description:
    - The settings after the task, by option name. In check mode, the settings as they would be. On Exchange 2013 and
      later, inherited settings are included.
    - Each is a number of connections, milliseconds, or percent, or V(Unlimited).
  returned: success
  type: dict
  sample:
    pop_max_concurrency: 40
    pop_max_burst: 3600000
    pop_recharge_rate: 600000
    pop_cutoff_balance: Unlimited
    imap_max_concurrency: Unlimited
    imap_max_burst: 3600000
    imap_recharge_rate: 600000
    imap_cutoff_balance: Unlimited
unreadable:
  description:
    - The settings whose stored value cannot be read, and the form in which each was received. They are missing from
      RV(settings), and a task that needs to compare one of them fails.
  returned: success
  type: dict
  sample:
    pop_max_concurrency: "null"
cmdlets:
  description: The cmdlets sent to change something, with their parameters. In check mode, those that would be sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Set-ThrottlingPolicy
      parameters:
        Identity: Mail programs
        PopMaxConcurrency: 40
diff:
  description: The changed settings before and after, by option name.
  returned: success, and failure after something was changed
  type: dict
  sample:
    before:
      pop_max_concurrency: 20
    after:
      pop_max_concurrency: 40
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.throttling_policy import ThrottlingPolicy
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(ThrottlingPolicy)


if __name__ == "__main__":
    main()
