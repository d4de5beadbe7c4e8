"""What roles are given, in tests and in benchmarks."""

from __future__ import annotations

from typing import Any

from simulator_process import SimulatorProcess

READER = "reader@contoso.test"


def whole_job(organisation: SimulatorProcess) -> dict[str, Any]:
    """The variables of a role `pop3` that has every part to do."""
    return {
        "pop3_x509_certificate_name": "mail.contoso.test",
        "pop3_external_connection_settings": ["mail.contoso.test:995:SSL"],
        "pop3_certificate": {},
        "pop3_connector": {"advertise_client_settings": True, "max_message_size": "40MB"},
        "pop3_mailboxes": {"identities": [READER], "enabled": False},
        "pop3_probe": {"host": "mail.contoso.test", "port": 20995, "ca_cert": organisation.description["ca"]},
    }
