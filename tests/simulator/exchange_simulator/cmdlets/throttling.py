"""Get-, Set- and New-ThrottlingPolicy."""

from __future__ import annotations

from typing import Any

from psrpcore.types import ErrorCategory, PSUInt

from .. import errors, shapes
from ..catalogue.throttling import SCOPE, THROTTLING_SETTINGS
from ..engine import Call, behaviour, has_wildcard, matches
from ..throttling import ThrottlingPolicy
from ..values import Limit
from .checks import check_range, requested_changes, unmodified
from .lookup import ambiguous, controller, not_found

_TYPES = (
    "Microsoft.Exchange.Data.Directory.SystemConfiguration.ThrottlingPolicy",
    *shapes.CONFIGURATION_OBJECT,
)
_EXCHANGE = errors.EXCHANGE[0]


@behaviour("Get-ThrottlingPolicy")
def get_throttling_policy(call: Call) -> None:
    wanted, scope = call.arguments.get("Identity"), call.arguments.get("ThrottlingPolicyScope")
    found = list(call.organisation.throttling.all) if wanted is None else _matching(call, wanted)
    if wanted is not None and not found and not has_wildcard(wanted):
        raise not_found(call, wanted)
    for policy in found:
        if scope in (None, _values(call, policy)["ThrottlingPolicyScope"]):
            call.output.append(_policy_object(call, policy))


@behaviour("Set-ThrottlingPolicy")
def set_throttling_policy(call: Call) -> None:
    wanted = call.arguments["Identity"]
    found = _matching(call, wanted)
    if not found:
        raise not_found(call, wanted)
    if len(found) > 1:
        raise ambiguous(call, wanted)
    policy, stored = found[0], _values(call, found[0])
    if call.server.release.split_services and stored["ThrottlingPolicyScope"] == "Global":
        if not call.arguments.get("ForceSettingGlobal"):
            raise call.exchange_failure(
                _EXCHANGE,
                "The global throttling policy can't be changed without the ForceSettingGlobal parameter.",
                category=ErrorCategory.InvalidOperation,
            )
        call.warnings.append(f"You are changing the global throttling policy '{stored['Name']}'.")
    _check_others(call, policy)
    changes = requested_changes(call, stored)
    if not changes:
        call.warnings.append(unmodified(stored["Name"]))
    elif call.writes:
        policy.settings.write(changes, controller(call), call.now)


@behaviour("New-ThrottlingPolicy")
def new_throttling_policy(call: Call) -> None:
    _check_others(call, None)
    for parameter in call.cmdlet.parameters:
        if parameter.name in call.arguments:
            check_range(call, parameter, call.arguments[parameter.name])
    if call.writes:
        known = {"Name", "IsServiceAccount", "ThrottlingPolicyScope", *(one.name for one in THROTTLING_SETTINGS)}
        given = {key: value for key, value in call.arguments.items() if key in known}
        call.output.append(_policy_object(call, call.organisation.throttling.add(given, call.now)))


def _values(call: Call, policy: ThrottlingPolicy) -> dict[str, Any]:
    return policy.settings.read(controller(call), call.now).values


def _distinguished_name(call: Call, name: str) -> str:
    place = "CN=Global Settings,CN=First Organization,CN=Microsoft Exchange,CN=Services,CN=Configuration"
    return f"CN={name},{place},{call.server.root}"


def _matching(call: Call, wanted: str) -> list[ThrottlingPolicy]:
    """What an identity names: a name, a pattern, a distinguished name or a GUID, which survives renaming."""
    found = []
    for policy in call.organisation.throttling.all:
        name = _values(call, policy)["Name"]
        keys = (_distinguished_name(call, name), str(_guid(call, policy)))
        if matches(wanted, name) or wanted.casefold() in (key.casefold() for key in keys):
            found.append(policy)
    return found


def _guid(call: Call, policy: ThrottlingPolicy) -> Any:
    return shapes.guid("object", _distinguished_name(call, policy.born_as))


def _check_others(call: Call, policy: ThrottlingPolicy | None) -> None:
    """Refuse the scope that is setup's own, a second policy for the whole organisation, and a name that is taken."""
    name, scope = str(call.arguments.get("Name", "")), call.arguments.get("ThrottlingPolicyScope")
    if scope == "Global":
        raise call.exchange_failure(_EXCHANGE, "The value 'Global' isn't supported. Use: Regular, Organization.")
    for other in call.organisation.throttling.all:
        theirs = _values(call, other)
        if other is policy:
            continue
        if scope == theirs["ThrottlingPolicyScope"] == "Organization":
            raise call.exchange_failure(_EXCHANGE, "There is already a throttling policy with the scope Organization.")
        if name.casefold() == theirs["Name"].casefold():
            raise call.exchange_failure(
                "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException",
                f"Active Directory operation failed. The object '{_distinguished_name(call, name)}' already exists.",
                category=ErrorCategory.ResourceExists,
            )


def _policy_object(call: Call, policy: ThrottlingPolicy) -> Any:
    domain, chosen = call.organisation.domain, controller(call)
    view = policy.settings.read(chosen, call.now)
    modern, name = call.server.release.split_services, view.values["Name"]
    values = view.values
    members: list[tuple[str, Any]] = []
    if modern:
        if not call.arguments.get("Explicit"):
            values = call.organisation.throttling.effective(view, chosen, call.now)
        scope = values["ThrottlingPolicyScope"]
        members += [
            ("ThrottlingPolicyScope", shapes.wire_enum(SCOPE.type_name, scope, SCOPE.number(scope))),
            ("IsServiceAccount", values["IsServiceAccount"]),
        ]
    is_default = policy.born_as.startswith("DefaultThrottlingPolicy_")
    members += [] if modern else [("IsDefault", is_default)]
    members += [
        (setting.name, _wire_value(values[setting.name]))
        for setting in THROTTLING_SETTINGS
        if call.server.version in setting.releases
    ]
    members += [("IsLegacyDefault", is_default), ("Diagnostics", None)] if modern else []
    distinguished_name = _distinguished_name(call, name)
    identity_object = shapes.ad_object_id(distinguished_name, domain, name)
    members += [
        ("AdminDisplayName", ""),
        ("ExchangeVersion", shapes.object_version(*((20, "15.0.0.0") if modern else (10, "14.0.100.0")))),
        ("Name", name),
        ("DistinguishedName", distinguished_name),
        ("Identity", identity_object),
        ("Guid", _guid(call, policy)),
        ("ObjectCategory", shapes.schema_id("ms-Exch-Throttling-Policy", domain, call.server.root)),
        ("ObjectClass", shapes.strings(("top", "msExchGenericPolicy", "msExchThrottlingPolicy"))),
        *shapes.times(view.changed, policy.settings.created, call.organisation.zone),
        ("OrganizationId", shapes.organization_id()),
        ("Id", identity_object),
        ("OriginatingServer", chosen),
        ("IsValid", True),
        ("ObjectState", shapes.object_state("Changed" if modern else "Unchanged")),
    ]
    return shapes.exchange_object(_TYPES, name, members)


def _wire_value(value: Any) -> Any:
    if isinstance(value, Limit):
        return shapes.unsigned_limit(value)
    return None if value is None else PSUInt(value)
