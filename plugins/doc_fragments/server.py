# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which Exchange server is meant, and which domain controller is asked."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server:
    description:
      - Name, FQDN, GUID or distinguished name of the Exchange server, as C(Get-ExchangeServer) shows it.
      - Without it the server is found by the host's address (C(ansible_host)), if that is a name, then by its inventory
        name, then by the name the computer gives itself. The answer is kept for the rest of the play.
    type: str
  domain_controller:
    description:
      - FQDN of the domain controller to read from and to write to. No other one is ever asked; if this one fails, so
        does the task.
      - Without it the tasks of a play stay with the controller that answered the first of them, because another one may
        not have received a change yet. If that one fails, the play goes on with Exchange's own choice and a warning
        says so; what was being written is looked for before it is sent again.
    type: str
notes:
  - The host needs no preparation and no Python. Exchange's cmdlets and those of Windows are called over PowerShell
    remoting, with the connection variables the inventory has for C(winrm) or C(psrp).
  - Names and enumerated values are compared without regard to case.
requirements:
  - pypsrp on the controller
"""
