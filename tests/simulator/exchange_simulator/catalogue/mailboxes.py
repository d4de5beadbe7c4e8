"""The POP3 and IMAP4 part of Get- and Set-CASMailbox."""

from __future__ import annotations

from .kinds import RELEASES, Kind, Parameter
from .settings import MIME_FORMAT

_PREFIXES = ("Pop", "Imap")
_DEFAULTS: dict[str, object] = {
    "Enabled": True,
    "UseProtocolDefaults": True,
    "MessagesRetrievalMimeFormat": "BestBodyFormat",
    "EnableExactRFC822Size": False,
    "SuppressReadReceipt": False,
    "ForceICalForCalendarRetrievalOption": False,
}
_SINCE_2013 = RELEASES[1:]


def _parameter(prefix: str, name: str) -> Parameter:
    if name == "MessagesRetrievalMimeFormat":
        return Parameter(prefix + name, Kind.ENUM, MIME_FORMAT)
    releases = _SINCE_2013 if name == "ForceICalForCalendarRetrievalOption" else RELEASES
    return Parameter(prefix + name, Kind.BOOLEAN, releases=releases)


SETTINGS: tuple[Parameter, ...] = tuple(_parameter(prefix, name) for prefix in _PREFIXES for name in _DEFAULTS)
DEFAULTS: dict[str, object] = {prefix + name: value for prefix in _PREFIXES for name, value in _DEFAULTS.items()}
# They count only while the protocol's defaults are not used.
CUSTOM: dict[str, str] = {
    prefix + name: prefix + "UseProtocolDefaults"
    for prefix in _PREFIXES
    for name in _DEFAULTS
    if name not in ("Enabled", "UseProtocolDefaults")
}
