# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the endpoints of a host are, and all else that decides how a session is opened.

Every task's worker needs it, so it imports nothing that takes its time.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from ansible_collections.mailops.exchange.plugins.module_utils._host.addresses import bracketed

# What the Exchange Management Shell asks for, without which Exchange makes text of most values.
FULL = "serializationLevel=Full"

# Seconds that a Receive waits on the server for output.
LONG_POLL = 20


@dataclass(frozen=True)
class Endpoint:
    """Where one of the two PowerShell endpoints of a host is, and the configuration that it serves."""

    configuration: str
    scheme: str
    port: int
    path: str
    encryption: str
    # IIS registers its service principal as HTTP; WinRM answers to both, and WSMAN is what its own clients ask for.
    service: str


@dataclass(frozen=True)
class Settings:
    """All that decides how a session is opened; two equal settings may share a session."""

    host: str
    inventory_hostname: str
    user: str | None
    password: str | None = field(repr=False)
    auth: str
    windows: Endpoint
    exchange: Endpoint
    access: str = "remote"
    transport: str = "psrp"
    delegate: bool = False
    hostname_override: str | None = None
    cert_validation: bool = True
    ca_cert: str | None = None
    certificate_pem: str | None = None
    certificate_key_pem: str | None = None
    proxy: str | None = field(default=None, repr=False)
    ignore_proxy: bool = False
    connection_timeout: int = 30
    command_timeout: int = 300
    shell_wait: int = 60

    @property
    def fingerprint(self) -> str:
        """Tells whether two settings are the same without showing either."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def long_poll(self) -> int:
        """Seconds that one Receive may wait on the server."""
        return min(LONG_POLL, self.command_timeout)

    @property
    def form(self) -> str:
        """In which form Exchange's objects come: ``full``, ``plain``, or ``live``, serialized by PowerShell alone."""
        if self.access == "local":
            return "live"
        parameters = self.exchange.path.casefold().partition("?")[2].replace(";", "&").split("&")
        return "full" if FULL.casefold() in parameters else "plain"

    @property
    def reaches_directory(self) -> bool:
        """Whether the log-on can be passed on from the host to a domain controller."""
        return self.auth in ("basic", "credssp") or (self.auth in ("kerberos", "negotiate") and self.delegate)

    def url(self, name: str) -> str:
        endpoint: Endpoint = getattr(self, name)
        return f"{endpoint.scheme}://{bracketed(self.host)}:{endpoint.port}/{endpoint.path.lstrip('/')}"
