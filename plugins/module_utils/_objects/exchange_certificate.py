# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate that is to be on a server and assigned there, or not to be there any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Choice
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_assignment import (
    CertificateAssignment,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_removal import CertificateRemoval
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Option
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import Work


class ExchangeCertificate(Work):
    """One of the two, as the state wants it."""

    options = (Option("state", Choice(("present", "absent")), default="present"), *CertificateAssignment.options)

    def __init__(self, host: Host, given: Mapping[str, Any]) -> None:
        super().__init__(host, given)
        work = CertificateRemoval if given["state"] == "absent" else CertificateAssignment
        self._work: Work = work(host, given)

    def contradictions(self) -> Iterable[str]:
        return self._work.contradictions()

    def result(self) -> dict[str, Any]:
        return self._work.result()
