# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of the roles beside the settings, written by `make generate` from tools/texts/role.yml."""

from __future__ import annotations

# Without the name of the protocol that they begin with.
ROLE_VARIABLES = (
    "after_restart",
    "before_restart",
    "certificate",
    "compare_served_certificate",
    "connector",
    "domain_controller",
    "ignore_findings",
    "ignore_unknown_component",
    "mailboxes",
    "manage_certificate",
    "manage_connector",
    "manage_mailboxes",
    "manage_preflight",
    "manage_restart",
    "manage_services",
    "manage_settings",
    "manage_verification",
    "misspelled_variables",
    "probe",
    "remove_mailbox_access",
    "restart_for_mailboxes",
    "restart_iis",
    "restart_tolerance",
    "server",
    "start_mode",
    "state",
)
