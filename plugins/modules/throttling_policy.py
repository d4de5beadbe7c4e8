#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: throttling_policy
short_description: Configure how much POP3 and IMAP4 users may ask of Exchange
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Changes the POP3 and IMAP4 settings of a throttling policy, such as how many connections a user may have at a time.
    Where a mail program opens more of them than the policy allows, the new ones fail, and the program seems to stall.
  - Only the settings given are compared and, where they differ, changed; all others stay as they are. Only what differs
    is sent, in one call, and read back afterwards.
  - A policy belongs to the organization and not to a server, so one task is enough for all servers of a version. It
    takes effect within minutes, without a restart.
  - The cmdlets are those of the server that the connection leads to. O(server) tells which one that is, where it is not
    found, and cannot be a server of another version.
  - Policies are neither created nor removed here, nor assigned to users.
  - On Exchange 2013 and later the values are the effective ones, as C(Get-ThrottlingPolicy) shows them. What the policy
    does not set itself it inherits from the one with the scope Organization, and then from Exchange's own. A value that
    is inherited as wanted is not written.
  - Exchange's own policy with the scope Global, C(GlobalThrottlingPolicy_<GUID>), cannot be changed. Make one with the
    scope Organization instead, which applies to all users.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.server
  - mailops.exchange.throttling_settings
options:
  name:
    description:
      - The name of the policy, the whole of it. Patterns are not taken.
    type: str
    required: true
seealso:
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - name: Set-ThrottlingPolicy
    description: The cmdlet behind this module.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-throttlingpolicy
"""

EXAMPLES = r"""
- name: Let the users of this policy have more connections at a time
  mailops.exchange.throttling_policy:
    name: Mail programs
    pop_max_concurrency: 40
    imap_max_concurrency: unlimited
  run_once: true

- name: Never block the account of a service that fetches mail all day, only slow it down
  mailops.exchange.throttling_policy:
    name: Fetching services
    imap_recharge_rate: 1800000
    imap_cutoff_balance: unlimited
  run_once: true
"""

RETURN = r"""
server:
  description: Name of the Exchange server that was asked.
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
    - The settings by option name, after the task; in check mode as they would be. On Exchange 2013 and later with those
      that are inherited.
    - Numbers of connections, milliseconds or percent, or V(Unlimited).
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
    - The settings whose stored value cannot be read, and the form in which each came. RV(settings) lacks them, and a
      task that was to compare one of them fails.
  returned: success
  type: dict
  sample:
    pop_max_concurrency: "null"
cmdlets:
  description: The writing cmdlets that were sent, with their parameters; in check mode those that would have been sent.
  returned: always
  type: list
  elements: dict
  sample:
    - cmdlet: Set-ThrottlingPolicy
      parameters:
        Identity: Mail programs
        PopMaxConcurrency: 40
diff:
  description: The changed settings by option name, before and after.
  returned: success, and after a failed write, where it tells what has changed all the same
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
