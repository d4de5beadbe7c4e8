# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of the playbooks, without the name of the playbook that they begin with."""

from __future__ import annotations

PLAYBOOK_VARIABLES = {
    "adopt": ("folder", "mailboxes", "misspelt_variables", "overwrite", "protocols"),
    "application_mailbox": (
        "address",
        "domain_controller",
        "ignore_findings",
        "interval",
        "misspelt_variables",
        "other_clients",
        "probe",
        "protocol",
        "server",
        "side",
        "state",
        "throttling_policy",
        "user",
    ),
    "drift": ("fail", "file", "misspelt_variables", "protocols"),
    "exchange": ("hosts", "misspelt_variables", "serial"),
    "handout": (
        "certificate",
        "domains",
        "folder",
        "key",
        "key_password",
        "misspelt_variables",
        "probe",
        "unverified",
        "username",
        "verify",
    ),
    "preflight": ("days", "fail", "ignore", "misspelt_variables", "protocols"),
    "report": (
        "days",
        "fail",
        "file",
        "from",
        "ignore",
        "junit",
        "misspelt_variables",
        "previous",
        "protocols",
    ),
    "restore": ("folder", "ignore_unknown_component", "mailboxes", "misspelt_variables", "protocols"),
}
