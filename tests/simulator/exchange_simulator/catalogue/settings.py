"""Every documented setting of Set-PopSettings and Set-ImapSettings.

The order of the rows is the order of the members on read. What each stands on is in `evidence.py`. Defaults in braces
depend on the server.
"""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import RELEASES, EnumType, Kind, Parameter

PROTOCOLS = ("pop3", "imap4")
_CONFIGURATION = "Microsoft.Exchange.Data.Directory.SystemConfiguration."

CALENDAR_ITEM_RETRIEVAL = EnumType(
    _CONFIGURATION + "CalendarItemRetrievalOptions", {"iCalendar": 0, "intranetUrl": 1, "InternetUrl": 2, "Custom": 3}
)
EXTENDED_PROTECTION = EnumType(
    _CONFIGURATION + "ExtendedProtectionTokenCheckingMode", {"None": 0, "Allow": 1, "Require": 2}
)
LOG_FILE_ROLL_OVER = EnumType(
    "Microsoft.Exchange.Diagnostics.LogFileRollOver", {"Hourly": 1, "Daily": 2, "Weekly": 3, "Monthly": 4}
)
LOGIN_TYPE = EnumType(
    _CONFIGURATION + "LoginOptions", {"PlainTextLogin": 1, "PlainTextAuthentication": 2, "SecureLogin": 3}
)
MIME_FORMAT = EnumType(
    _CONFIGURATION + "MimeTextFormat",
    {
        "TextOnly": 0,
        "HtmlOnly": 1,
        "HtmlAndTextAlternative": 2,
        "TextEnrichedOnly": 3,
        "TextEnrichedAndTextAlternative": 4,
        "BestBodyFormat": 5,
        "Tnef": 6,
    },
)
SORT_ORDER = EnumType("Microsoft.Exchange.Data.SortOrder", {"Ascending": 0, "Descending": 1})

_INT32_MAX = 2147483647
# The reference prints 1:00:00 as the upper bound, but the administration center accepts a day: taken as 1.00:00:00.
_AUTHENTICATED = ("00:00:30", "1.00:00:00")
_PRE_AUTHENTICATED = ("00:00:30", "01:00:00")


@dataclass(frozen=True)
class Setting:
    """One setting: its default for each protocol; a protocol without a default does not have it.

    `settable` are the releases whose Set- cmdlet has a parameter for it, where that are not all that show it.
    """

    name: str
    kind: Kind
    defaults: dict[str, object]
    enum: EnumType | None = None
    bounds: dict[str, tuple[object, object]] | None = None
    releases: tuple[str, ...] = RELEASES
    settable: tuple[str, ...] | None = None
    release_defaults: dict[str, object] | None = None

    def exists(self, protocol: str, release: str) -> bool:
        return protocol in self.defaults and release in self.releases

    def default(self, protocol: str, release: str) -> object:
        return (self.release_defaults or {}).get(release, self.defaults[protocol])

    def parameter(self, protocol: str) -> Parameter:
        minimum, maximum = (self.bounds or {}).get(protocol, (None, None))
        releases = self.releases if self.settable is None else self.settable
        return Parameter(self.name, self.kind, self.enum, releases=releases, minimum=minimum, maximum=maximum)


def _both(value: object) -> dict[str, object]:
    return {"pop3": value, "imap4": value}


def _bounds(low: object, high: object) -> dict[str, tuple[object, object]]:
    return {"pop3": (low, high), "imap4": (low, high)}


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "MaxCommandSize",
        Kind.INT32,
        {"pop3": 512, "imap4": 10240},
        bounds={"pop3": (40, 1024), "imap4": (1024, 16384)},
    ),
    Setting("MessageRetrievalSortOrder", Kind.ENUM, {"pop3": "Ascending"}, SORT_ORDER),
    Setting("ShowHiddenFoldersEnabled", Kind.BOOLEAN, {"imap4": False}),
    Setting(
        "UnencryptedOrTLSBindings",
        Kind.BINDINGS,
        {"pop3": ("[::]:110", "0.0.0.0:110"), "imap4": ("[::]:143", "0.0.0.0:143")},
    ),
    Setting(
        "SSLBindings",
        Kind.BINDINGS,
        {"pop3": ("[::]:995", "0.0.0.0:995"), "imap4": ("[::]:993", "0.0.0.0:993")},
    ),
    Setting(
        "InternalConnectionSettings",
        Kind.CONNECTIONS,
        {"pop3": ("{fqdn}:995:SSL", "{fqdn}:110:TLS"), "imap4": ("{fqdn}:993:SSL", "{fqdn}:143:TLS")},
    ),
    Setting("ExternalConnectionSettings", Kind.CONNECTIONS, _both(())),
    Setting("X509CertificateName", Kind.TEXT, _both("{name}")),
    Setting(
        "Banner",
        Kind.TEXT,
        {
            "pop3": "The Microsoft Exchange POP3 service is ready.",
            "imap4": "The Microsoft Exchange IMAP4 service is ready.",
        },
    ),
    Setting("LoginType", Kind.ENUM, _both("SecureLogin"), LOGIN_TYPE),
    Setting("AuthenticatedConnectionTimeout", Kind.TIME_SPAN, _both("00:30:00"), bounds=_bounds(*_AUTHENTICATED)),
    Setting(
        "PreAuthenticatedConnectionTimeout", Kind.TIME_SPAN, _both("00:01:00"), bounds=_bounds(*_PRE_AUTHENTICATED)
    ),
    Setting("MaxConnections", Kind.INT32, _both(_INT32_MAX), bounds=_bounds(1, _INT32_MAX)),
    Setting("MaxConnectionFromSingleIP", Kind.INT32, _both(_INT32_MAX), bounds=_bounds(1, _INT32_MAX)),
    Setting("MaxConnectionsPerUser", Kind.INT32, _both(16), bounds=_bounds(1, _INT32_MAX)),
    Setting("MessageRetrievalMimeFormat", Kind.ENUM, _both("BestBodyFormat"), MIME_FORMAT),
    Setting("ProxyTargetPort", Kind.INT32, {"pop3": 1995, "imap4": 1993}),
    Setting("CalendarItemRetrievalOption", Kind.ENUM, _both("iCalendar"), CALENDAR_ITEM_RETRIEVAL),
    Setting("OwaServerUrl", Kind.URI, _both(None)),
    Setting("EnableExactRFC822Size", Kind.BOOLEAN, _both(False)),
    # The help of 2010 alone has a parameter for it.
    Setting("LiveIdBasicAuthReplacement", Kind.BOOLEAN, _both(False), releases=("2010", "2013"), settable=("2010",)),
    Setting("SuppressReadReceipt", Kind.BOOLEAN, _both(False)),
    Setting("ProtocolLogEnabled", Kind.BOOLEAN, _both(False)),
    Setting("EnforceCertificateErrors", Kind.BOOLEAN, _both(False)),
    Setting("LogFileLocation", Kind.TEXT, {"pop3": r"{install}\Logging\Pop3", "imap4": r"{install}\Logging\Imap4"}),
    Setting(
        "LogFileRollOverSettings",
        Kind.ENUM,
        _both("Hourly"),
        LOG_FILE_ROLL_OVER,
        release_defaults={"2010": "Daily", "2013": "Daily"},
    ),
    Setting("LogPerFileSizeQuota", Kind.BYTE_SIZE, _both("0")),
    Setting("ExtendedProtectionPolicy", Kind.ENUM, _both("None"), EXTENDED_PROTECTION),
    Setting("EnableGSSAPIAndNTLMAuth", Kind.BOOLEAN, _both(True)),
)
