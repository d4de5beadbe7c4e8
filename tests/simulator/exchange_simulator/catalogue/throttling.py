"""The POP3 and IMAP4 members of throttling policies; those of the other protocols are left out.

2010 has members of its own, kept in other attributes of the same object. Where defaults are published is in
`evidence.py`; those of 2010 are guessed, except POP3's 20.
"""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import RELEASES, EnumType, Kind, Parameter

_SINCE_2013 = RELEASES[1:]

SCOPE = EnumType(
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.ThrottlingPolicyScopeType",
    {"Regular": 0, "Organization": 1, "Global": 2},
)
# The cmdlet's page has this bound, and none for the others.
_CONCURRENCY = (0, 2147483647)


@dataclass(frozen=True)
class ThrottlingSetting:
    """One member and the parameter for it: its value in the policy that setup creates, which others inherit."""

    name: str
    default: object
    bounds: tuple[object, object] = (None, None)
    releases: tuple[str, ...] = _SINCE_2013

    @property
    def parameter(self) -> Parameter:
        kind = Kind.UNSIGNED_LIMIT if self.releases == _SINCE_2013 else Kind.UNSIGNED
        minimum, maximum = self.bounds
        return Parameter(self.name, kind, releases=self.releases, minimum=minimum, maximum=maximum)


def _budget(protocol: str, concurrency: object) -> tuple[ThrottlingSetting, ...]:
    return (
        ThrottlingSetting(f"{protocol}MaxConcurrency", concurrency, _CONCURRENCY),
        ThrottlingSetting(f"{protocol}MaxBurst", 3600000),
        ThrottlingSetting(f"{protocol}RechargeRate", 600000),
        ThrottlingSetting(f"{protocol}CutoffBalance", "Unlimited"),
    )


def _shares(protocol: str, concurrency: object) -> tuple[ThrottlingSetting, ...]:
    shares = (f"{protocol}PercentTimeIn{place}" for place in ("AD", "CAS", "MailboxRPC"))
    return (
        ThrottlingSetting(f"{protocol}MaxConcurrency", concurrency, _CONCURRENCY, ("2010",)),
        *(ThrottlingSetting(name, None, releases=("2010",)) for name in shares),
    )


THROTTLING_SETTINGS = (*_shares("IMAP", None), *_shares("POP", 20), *_budget("Imap", "Unlimited"), *_budget("Pop", 20))

_POLICY = (
    Parameter("IsServiceAccount", Kind.SWITCH, releases=_SINCE_2013),
    Parameter("ThrottlingPolicyScope", Kind.ENUM, SCOPE, releases=_SINCE_2013),
    *(setting.parameter for setting in THROTTLING_SETTINGS),
)

GET_PARAMETERS = (
    Parameter("Identity", Kind.THROTTLING_POLICY, position=0, pipeline=True),
    Parameter("ThrottlingPolicyScope", Kind.ENUM, SCOPE, releases=_SINCE_2013),
    Parameter("Diagnostics", Kind.SWITCH, releases=_SINCE_2013),
    Parameter("Explicit", Kind.SWITCH, releases=_SINCE_2013),
)
SET_PARAMETERS = (
    Parameter("Identity", Kind.THROTTLING_POLICY, position=0, pipeline=True, mandatory=True),
    Parameter("Name", Kind.TEXT),
    Parameter("Force", Kind.SWITCH, releases=_SINCE_2013),
    # A guess: it is not on the cmdlet's page.
    Parameter("ForceSettingGlobal", Kind.SWITCH, releases=_SINCE_2013),
    *_POLICY,
)
NEW_PARAMETERS = (Parameter("Name", Kind.TEXT, position=0, mandatory=True), *_POLICY)
