# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Exchange server and the domain controller to use."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server:
    description:
      - Name, FQDN, GUID, or distinguished name of the Exchange server, as C(Get-ExchangeServer) shows it.
      - By default, the server is looked up by the address of the host (C(ansible_host)) if that is a name, then by its
        inventory name, and then by the computer name. The result is kept for the rest of the play.
    type: str
  domain_controller:
    description:
      - FQDN of the domain controller to read from and write to. No other one is used. If it fails, the task fails.
      - By default, the tasks of a play keep using the domain controller that answered the first of them, because
        another one may not have received a change yet. If that one fails, the play continues with the one that Exchange
        chooses, with a warning. What was being written is looked up there before it is sent again.
    type: str
notes:
  - The host needs no preparation and no Python. The cmdlets of Exchange and Windows are called over PowerShell
    remoting, with the connection variables that the inventory has for C(winrm) or C(psrp).
  - Names and enumerated values are compared case-insensitively.
requirements:
  - pypsrp on the controller
"""
