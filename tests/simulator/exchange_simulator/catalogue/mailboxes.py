"""What Get- and Set-CASMailbox tell of the access of clients: POP3, IMAP4, and those that open a mailbox otherwise."""

from __future__ import annotations

from .kinds import RELEASES, EnumType, Kind, Parameter
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


# The numbers are guessed.
EWS_POLICY = EnumType(
    "Microsoft.Exchange.Data.Directory.EwsApplicationAccessPolicy", {"EnforceAllowList": 0, "EnforceBlockList": 1}
)
# In the order of the published output of the EWS members; null leaves it to the organisation, as a page says of one.
_OTHERS: tuple[tuple[Parameter, object], ...] = (
    (Parameter("ActiveSyncEnabled", Kind.BOOLEAN), True),
    (Parameter("OWAEnabled", Kind.BOOLEAN), True),
    (Parameter("OWAforDevicesEnabled", Kind.BOOLEAN, releases=_SINCE_2013), True),
    (Parameter("ECPEnabled", Kind.BOOLEAN), True),
    (Parameter("MAPIEnabled", Kind.BOOLEAN), True),
    (Parameter("MapiHttpEnabled", Kind.OPTIONAL_BOOLEAN, releases=_SINCE_2013), None),
    (Parameter("MAPIBlockOutlookNonCachedMode", Kind.BOOLEAN), False),
    (Parameter("MAPIBlockOutlookRpcHttp", Kind.BOOLEAN), False),
    (Parameter("MAPIBlockOutlookExternalConnectivity", Kind.BOOLEAN, releases=_SINCE_2013), False),
    (Parameter("EwsEnabled", Kind.OPTIONAL_BOOLEAN), None),
    (Parameter("EwsAllowOutlook", Kind.OPTIONAL_BOOLEAN), None),
    (Parameter("EwsAllowMacOutlook", Kind.OPTIONAL_BOOLEAN), None),
    (Parameter("EwsAllowEntourage", Kind.OPTIONAL_BOOLEAN), None),
    (Parameter("EwsApplicationAccessPolicy", Kind.OPTIONAL_ENUM, EWS_POLICY), None),
    (Parameter("EwsAllowList", Kind.STRINGS), ()),
    (Parameter("EwsBlockList", Kind.STRINGS), ()),
)
EWS_LISTS = {"EwsAllowList": "EnforceAllowList", "EwsBlockList": "EnforceBlockList"}
"""By list its policy: only the list of the policy that a mailbox has is shown."""

PROTOCOLS: tuple[Parameter, ...] = tuple(_parameter(prefix, name) for prefix in _PREFIXES for name in _DEFAULTS)
SETTINGS = (*PROTOCOLS, *(parameter for parameter, _ in _OTHERS))
DEFAULTS: dict[str, object] = {prefix + name: value for prefix in _PREFIXES for name, value in _DEFAULTS.items()}
DEFAULTS |= {parameter.name: value for parameter, value in _OTHERS}
# They count only while the protocol's defaults are not used.
CUSTOM: dict[str, str] = {
    prefix + name: prefix + "UseProtocolDefaults"
    for prefix in _PREFIXES
    for name in _DEFAULTS
    if name not in ("Enabled", "UseProtocolDefaults")
}
