"""The words of Exchange's certificates."""

from __future__ import annotations

from .kinds import EnumType

NAMESPACE = "Microsoft.Exchange.Management.SystemConfigurationTasks."

ALLOWED_SERVICES = EnumType(
    NAMESPACE + "AllowedServices",
    {"None": 0, "IMAP": 1, "POP": 2, "UM": 4, "IIS": 8, "SMTP": 16, "Federation": 32, "UMCallRouter": 64},
)
CERTIFICATE_STATUS = EnumType(
    NAMESPACE + "CertificateStatus",
    {
        "Unknown": 0,
        "Valid": 1,
        "Revoked": 2,
        "DateInvalid": 3,
        "Untrusted": 4,
        "Invalid": 5,
        "RevocationCheckFailure": 6,
        "PendingRequest": 7,
    },
)
AUTHORITY_TYPE = EnumType(
    NAMESPACE + "CertificateAuthorityType", {"None": 0, "ThirdParty": 1, "Enterprise": 2, "Registry": 3}
)
PROTOCOL_SERVICE = {"pop3": "POP", "imap4": "IMAP"}
