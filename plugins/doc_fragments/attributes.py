# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module of the collection can do, in Ansible's own words."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and tell what would change, without sending any writing cmdlet.
    support: full
  diff_mode:
    description: Returns details of what has changed, or in check mode of what would change.
    support: full
  idempotent:
    description: When run again with the same options, nothing is changed.
    support: full
  platform:
    description: The target's operating system. The module's Python runs on the controller.
    platforms: windows
    support: full
  action_group:
    description: Can be given options for the whole group by C(module_defaults) with C(group/mailops.exchange.exchange).
      These are O(server) and O(domain_controller), which all modules of the group have.
    membership:
      - mailops.exchange.exchange
    support: full
"""

    READS_ONLY = r"""
attributes:
  diff_mode:
    description: Nothing is changed, so there is no difference to show.
    support: N/A
"""
