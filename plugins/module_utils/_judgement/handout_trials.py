# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings tried as mail_probe does it, without a log-on: connected to, encrypted, and the certificate checked."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import (
    TRIED,
    UNREACHABLE,
    Setting,
    Trial,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout_options import Probing
from ansible_collections.mailops.exchange.plugins.module_utils._mail.probe import probe
from ansible_collections.mailops.exchange.plugins.module_utils._mail.service import Report
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import can_read_x509

# A firewall that drops what comes makes each of them wait for its whole time.
_AT_ONCE = 8


def can_try() -> None:
    """ValueError with a sentence if nothing could be tried, for which no server can be blamed."""
    if not can_read_x509():
        raise ValueError(
            "handout_verify: the Python library cryptography is missing on the controller: install the collection's "
            "requirements (pip install cryptography) into the Python that runs Ansible, or set handout_verify=false."
        )


def tried(settings: Sequence[Setting], probing: Probing) -> dict[Setting, Trial]:
    """What came of each."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        trials = pool.map(lambda setting: _try(setting, probing), settings)
        return dict(zip(settings, trials, strict=True))


def _try(setting: Setting, probing: Probing) -> Trial:
    host, port = probing.place(setting)
    given = {
        "protocol": setting.protocol,
        "host": setting.host,
        "port": port,
        "encryption": setting.encryption,
        "connect_to": host,
        "ca_cert": probing.ca_cert,
        "validate_certs": True,
        "timeout": probing.timeout,
    }
    try:
        probe(given, Report(), send=False)
    except Failure as failure:
        return Trial(UNREACHABLE, str(failure))
    return Trial(TRIED)
