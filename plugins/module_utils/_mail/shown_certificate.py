# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificate that a mail service shows: what is told of it, and why a mail program would refuse it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._mail.target import MailTarget, Trust
from ansible_collections.mailops.exchange.plugins.module_utils._mail.words import clean
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import X509, read_shown_x509, thumbprint_of


def describe_certificate(
    der: bytes, host: str, trust: Trust, problem: ssl.SSLCertVerificationError | None
) -> dict[str, Any]:
    """A server's certificate as the module returns it; ``problem`` is why it was let through with no more trust."""
    try:
        certificate = read_shown_x509(der)
    except ValueError:
        certificate = None
    matches = trust is Trust.NAME_AND_CHAIN or bool(trust is Trust.NOTHING and certificate and certificate.covers(host))
    reason = None
    if trust is Trust.NOTHING and problem:
        reason = problem.verify_message
    elif not matches:
        reason = "the name is not among those of the certificate"
    return {
        **_facts(certificate),
        "thumbprint": thumbprint_of(der),
        "trusted": trust is not Trust.NOTHING,
        "name_matches": matches,
        "reason": reason,
    }


def _facts(certificate: X509 | None) -> dict[str, Any]:
    if certificate is None:
        return {**dict.fromkeys(("subject", "issuer", "not_before", "not_after", "days_left")), "names": []}
    return {
        "subject": clean(certificate.subject),
        "issuer": clean(certificate.issuer),
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "days_left": certificate.days_left(datetime.now(UTC)),
        "names": [clean(name) for name in certificate.names],
    }


def why_refused(target: MailTarget, certificate: dict[str, Any], problem: ssl.SSLCertVerificationError) -> str:
    """The sentence on a certificate, described as above, that a mail program would not accept."""
    if certificate["trusted"]:
        names = ", ".join(certificate["names"][:10]) or "no name at all"
        return (
            f"The certificate of {target} is for {names}, not for {target.host}: check the name that clients use and "
            "the certificate that is assigned to the service."
        )
    # OpenSSL's X509_V_ERR_ numbers.
    match problem.verify_code:
        case 10:
            return f"The certificate of {target} expired at {certificate['not_after']}: renew and assign it."
        case 9:
            return f"The certificate of {target} is not valid before {certificate['not_before']}: check the clocks."
        case 18:
            return (
                f"The certificate of {target} is self-signed, so no client trusts it: assign one from a CA, or set "
                "ca_cert to this one."
            )
    return (
        f"The certificate of {target} is not trusted ({problem.verify_message}): check its chain, and set ca_cert to "
        "the CA if it is your own."
    )
