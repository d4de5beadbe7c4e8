"""The words of Exchange's certificates."""

from __future__ import annotations

from .kinds import EnumType

NAMESPACE = "Microsoft.Exchange.Management.SystemConfigurationTasks."

# 32 and 64 are inferred.
ALLOWED_SERVICES = EnumType(
    NAMESPACE + "AllowedServices",
    {"None": 0, "IMAP": 1, "POP": 2, "UM": 4, "IIS": 8, "SMTP": 16, "Federation": 32, "UMCallRouter": 64},
)
# Captured is 1. The names are those of Microsoft's page of Get-ExchangeCertificate, the other numbers are inferred.
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
# Captured are both: the second where the root is in the store of trusted ones.
AUTHORITY_TYPE = EnumType(NAMESPACE + "CertificateAuthorityType", {"None": 0, "Registry": 3})
PROTOCOL_SERVICE = {"pop3": "POP", "imap4": "IMAP"}
