# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module of the collection supports, in Ansible's own words."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and report what would change, without sending any cmdlet that changes something.
    support: full
  diff_mode:
    description: Returns details of what was changed, or in check mode of what would be changed.
    support: full
  idempotent:
    description: Running the module again with the same options changes nothing.
    support: full
  platform:
    description: The operating system of the host. The module itself runs on the controller.
    platforms: windows
    support: full
  action_group:
    description: Use C(group/mailops.exchange.exchange) in C(module_defaults) to set options for all modules of the
      group. These can be O(server) and O(domain_controller), which all of them have.
    membership:
      - mailops.exchange.exchange
    support: full
"""

    READS_ONLY = r"""
attributes:
  diff_mode:
    description: The module changes nothing, so there is no difference to show.
    support: N/A
"""
