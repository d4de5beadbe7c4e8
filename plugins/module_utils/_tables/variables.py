# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of the playbooks and of the role certificate, without the name that they begin with."""

from __future__ import annotations

PLAYBOOK_VARIABLES = {
    "adopt": ("folder", "mailboxes", "misspelt_variables", "overwrite", "protocols"),
    "drift": ("fail", "file", "misspelt_variables", "protocols"),
    "exchange": ("hosts", "misspelt_variables", "serial"),
    "preflight": ("days", "fail", "ignore", "misspelt_variables", "protocols"),
    "restore": ("folder", "ignore_unknown_component", "mailboxes", "misspelt_variables", "protocols"),
}

# Of the role that no table of settings is behind, without its name too.
CERTIFICATE_VARIABLES = (
    "after_restart",
    "assign_when_services_unknown",
    "before_restart",
    "chain",
    "connector",
    "domain_controller",
    "expires_within_days",
    "file",
    "friendly_name",
    "ignore_unknown_component",
    "manage_connector",
    "manage_probe",
    "manage_restart",
    "misspelt_variables",
    "name",
    "pfx",
    "pfx_password",
    "private_key",
    "private_key_exportable",
    "private_key_password",
    "probe",
    "protocols",
    "remove_old",
    "replace_default_smtp_certificate",
    "server",
    "services",
    "thumbprint",
    "x509_certificate_name",
)
