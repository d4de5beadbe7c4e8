"""Get- and Set-CASMailbox, the access of clients, and Get-User, who is behind a mailbox.

A Get- with a name that several mailboxes have answers with all of them: published for Get-Mailbox, in
github.com/KelvinTegelaar/CIPP-API/pull/88. The error of a Set- then is quoted in
github.com/MicrosoftDocs/office-docs-powershell/issues/7166. Whether every Exchange answers so is not known: with the
fault ambiguous_name_refused a Get- answers with the error as well, and, as a guess, with one of them beside it. That a
mailbox can be found but not read is a guess too.

Get-User's parameters, and that Sid can be filtered by, are Microsoft's (learn.microsoft.com/powershell/exchange/
filter-properties); that it shows Sid is published in many places. Inferred: its other members, the form of Sid, which
is that of .NET's SecurityIdentifier.

That Exchange keeps one list of programs that use EWS, that of the policy, that a policy empties it unless its list is
given too, and that a list given alone brings its policy with it: a guess, from how the published output shows both
lists blank where there is no policy, and from what is told of the parameters.

Which mailboxes come into question, of a forest with more than one domain, is told at lookup.controller_of_recipients.
-IgnoreDefaultScope makes it all of the forest's (its page). Mailboxes of a domain that has no controllers here show
without more ado, which no real forest has.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from psrpcore.types import ErrorCategory, PSGuid, PSObject

from .. import errors, opath, shapes
from ..catalogue.kinds import Parameter
from ..catalogue.mailboxes import CUSTOM, EWS_LISTS, PROTOCOLS, SETTINGS
from ..engine import Call, behaviour, has_wildcard, matches
from ..mailboxes import Mailbox, domain_sid
from ..prepared import Prepared, Template
from ..server import Server
from ..submission import PORT as SUBMISSION_PORT
from ..values import ListEdit
from .lookup import controller_of_recipients, not_found

_MANAGEMENT = "Microsoft.Exchange.Data.Directory.Management."
_TYPES = (_MANAGEMENT + "CASMailbox", _MANAGEMENT + "ADPresentationObject", *shapes.DIRECTORY_OBJECT)
_USER_TYPES = (_MANAGEMENT + "User", _MANAGEMENT + "OrgPersonPresentationObject", *_TYPES[1:])
_SID_TYPES = (
    "System.Security.Principal.SecurityIdentifier",
    "System.Security.Principal.IdentityReference",
    "System.Object",
)
_AMBIGUOUS = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException"
_AD_OPERATION = "Microsoft.Exchange.Data.Directory.ADOperationException"
_BY_DEFAULT = 1000
_EWS_POLICY = "EwsApplicationAccessPolicy"
_DEFAULT_WARNING = (
    "By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the number of items "
    'returned. To return all items, specify "-ResultSize Unlimited". Be aware that, depending on the actual number of '
    "items, returning all items can take a long time and consume a large amount of memory. Also, we don't recommend "
    "storing the results in a variable. Instead, pipe the results to another task or script to perform batch changes."
)
_MORE_WARNING = (
    "There are more results available than are currently displayed. To view them, increase the value for the "
    "ResultSize parameter."
)
# In the order of the page of -ProtocolSettings.
_SHOWN = [f"{scope}{protocol}Settings" for protocol in ("Imap", "Pop", "Smtp") for scope in ("External", "Internal")]
_FILTERABLE: dict[str, Callable[[Mailbox], str]] = {
    "Name": lambda mailbox: mailbox.name,
    "DisplayName": lambda mailbox: mailbox.name,
    "Alias": lambda mailbox: mailbox.alias,
    "SamAccountName": lambda mailbox: mailbox.account,
    "PrimarySmtpAddress": lambda mailbox: mailbox.address,
    "EmailAddresses": lambda mailbox: f"SMTP:{mailbox.address}",
    "UserPrincipalName": lambda mailbox: mailbox.principal_name,
    "DistinguishedName": lambda mailbox: mailbox.distinguished_name,
    "Guid": lambda mailbox: str(mailbox.guid),
}
_FILTERABLE_OF_USERS: dict[str, Callable[[Mailbox], str]] = {
    **{
        name: value
        for name, value in _FILTERABLE.items()
        if name not in ("Alias", "PrimarySmtpAddress", "EmailAddresses")
    },
    "Sid": lambda mailbox: mailbox.sid,
}


@behaviour("Get-CASMailbox")
def get_mailbox(call: Call) -> None:
    server, chosen = call.server, controller_of_recipients(call)
    unreadable = {fault["mailbox"]: fault for fault in _armed(call, "mailbox_unreadable")}
    with_settings = bool(call.arguments.get("ProtocolSettings"))
    for mailbox in _found(call, chosen):
        if fault := unreadable.get(mailbox.alias):
            failure = _failure_of(call, mailbox, chosen, fault)
            if failure.terminating:
                raise failure
            call.errors.append(failure)
        else:
            call.output.append(_mailbox_object(call, mailbox, server, chosen, with_settings))


@behaviour("Get-User")
def get_user(call: Call) -> None:
    chosen = controller_of_recipients(call)
    call.output += [_user_object(call, mailbox, chosen) for mailbox in _found(call, chosen)]


def _found(call: Call, chosen: str) -> list[Mailbox]:
    limit = _limit(call)
    found = list(islice(_chosen(call, chosen), limit and limit + 1))
    if limit and len(found) > limit:
        del found[limit:]
        call.warnings.append(_MORE_WARNING if "ResultSize" in call.arguments else _DEFAULT_WARNING)
    return found


def _limit(call: Call) -> int | None:
    given = call.arguments.get("ResultSize", str(_BY_DEFAULT)).strip()
    if given.casefold() == "unlimited":
        return None
    if given.isdecimal() and int(given) > 0:
        return int(given)
    raise call.binding_failure(
        "ParameterArgumentTransformationError",
        f"Cannot process argument transformation on parameter 'ResultSize'. Cannot convert value \"{given}\" to type "
        '"Microsoft.Exchange.Data.Unlimited`1[System.UInt32]".',
        "ResultSize",
        types=errors.TRANSFORMATION,
        category=ErrorCategory.InvalidData,
    )


def _chosen(call: Call, chosen: str) -> Iterator[Mailbox]:
    monitoring = bool(call.arguments.get("Monitoring"))
    beyond = call.organisation.beyond(chosen)
    candidates: Iterator[Mailbox] = (one for one in call.organisation.mailboxes if one.domain not in beyond)
    keep = _filter(call, chosen)
    identity, anr = call.arguments.get("Identity"), call.arguments.get("Anr")
    if identity is not None:
        named = [one for one in _named(call, identity) if one.is_monitoring == monitoring and one.domain not in beyond]
        if not named and not has_wildcard(identity):
            raise not_found(call, identity, chosen)
        if len(named) > 1 and not has_wildcard(identity) and (refused := _armed(call, "ambiguous_name_refused")):
            call.errors.append(_ambiguous(call, identity))
            del named[1 if refused[0].get("shows_one") else 0 :]
        candidates = iter(named)
    elif anr is not None:
        wanted = anr.casefold()
        candidates = (
            one
            for one in candidates
            if any(text.casefold().startswith(wanted) for text in (one.name, one.alias, one.account, one.address))
        )
    return (one for one in candidates if one.is_monitoring == monitoring and keep(one))


def _named(call: Call, identity: str) -> list[Mailbox]:
    if has_wildcard(identity):
        return [one for one in call.organisation.mailboxes if matches(identity, one.name)]
    return call.organisation.mailboxes.find(identity)


def _filter(call: Call, chosen: str) -> Callable[[Mailbox], bool]:
    if not (text := call.arguments.get("Filter")):
        return lambda _: True
    of_users = call.cmdlet.name == "Get-User"
    settings = set() if of_users else {setting.name for setting in PROTOCOLS}
    texts = _FILTERABLE_OF_USERS if of_users else _FILTERABLE
    try:
        condition = opath.parse(text, settings | texts.keys())
    except opath.InvalidFilter as reason:
        raise call.binding_failure(
            "ParameterArgumentTransformationError",
            f'Cannot bind parameter \'Filter\' to the target. Exception setting "Filter": "{reason}"',
            "Filter",
        ) from None

    def keep(mailbox: Mailbox) -> bool:
        values = mailbox.read(chosen, call.now).values
        return condition(lambda name: values[name] if name in settings else texts[name](mailbox))

    return keep


@behaviour("Set-CASMailbox")
def set_mailbox(call: Call) -> None:
    identity, chosen = call.arguments["Identity"], controller_of_recipients(call)
    beyond = frozenset() if _ignores_scope(call) else call.organisation.beyond(chosen)
    found = [one for one in call.organisation.mailboxes.find(identity) if one.domain not in beyond]
    if not found:
        raise not_found(call, identity, chosen)
    if len(found) > 1:
        raise _ambiguous(call, identity)
    mailbox = found[0]
    if mailbox.domain in call.organisation.beyond(chosen):
        chosen = next(one for one in call.organisation.controllers if one.endswith(f".{mailbox.domain}"))
    stored = mailbox.read(chosen, call.now).values
    given = {one.name: call.arguments[one.name] for one in SETTINGS if one.name in call.arguments}
    _keep_one_list(call, given, stored)
    changes = {name: value for name, value in given.items() if value != stored[name]}
    for name, switch in CUSTOM.items():
        if name in given and given.get(switch, stored[switch]):
            raise call.exchange_failure(
                errors.DATA_VALIDATION,
                f"{name} can be changed only while {switch} is set to $false.",
                category=ErrorCategory.InvalidData,
            )
    if any(fault["mailbox"] == mailbox.alias for fault in _armed(call, "mailbox_protected")):
        # What Active Directory says of accounts in its protected groups, seen in the field for many cmdlets.
        raise call.exchange_failure(
            _AD_OPERATION,
            f"Active Directory operation failed on {chosen}. This error is not retriable. Additional information: "
            "Insufficient access rights to perform the operation. Active directory response: 00002098: SecErr: "
            "DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
            category=ErrorCategory.InvalidOperation,
        )
    failing = next((fault for fault in _armed(call, "mailbox_fails") if fault["mailbox"] == mailbox.alias), None)
    if failing:
        # Beside the one that is raised. Nobody has published such a pipeline: a guess, as each check of an object and
        # its saving may write an error of its own.
        text = f"The object '{mailbox.distinguished_name}' could not be checked."
        call.errors += [call.exchange_failure(errors.DATA_VALIDATION, text)] * (failing.get("errors", 1) - 1)
    if failing and failing["when"] == "before":
        raise _failure_of(call, mailbox, chosen, failing)
    if not changes:
        call.warnings.append(
            f"The command completed successfully but no settings of '{mailbox.canonical_name}' have been modified."
        )
    # A write without an error that is not there afterwards is a guess.
    elif call.writes and mailbox.alias not in {fault["mailbox"] for fault in _armed(call, "mailbox_keeps_what_it_has")}:
        mailbox.write(changes, chosen, call.now)
    if failing:
        raise _failure_of(call, mailbox, chosen, failing)


def _keep_one_list(call: Call, given: dict[str, Any], stored: dict[str, Any]) -> None:
    """Make of what is given what is stored: one list of programs, that of the policy."""
    lists = [name for name in EWS_LISTS if name in given]
    policy = given.get(_EWS_POLICY, EWS_LISTS[lists[0]] if lists else stored[_EWS_POLICY])
    if len(lists) > 1 or any(policy not in (None, EWS_LISTS[name]) for name in lists):
        raise call.exchange_failure(
            "System.ArgumentException",
            "EwsAllowList and EwsBlockList can't be used together, nor with the EwsApplicationAccessPolicy of the "
            "other.",
            category=ErrorCategory.InvalidArgument,
        )
    for name in lists:
        items = given[name]
        given[name] = items.apply(stored[name]) if isinstance(items, ListEdit) else items or ()
    if lists or _EWS_POLICY in given:
        given[_EWS_POLICY] = policy
        for name in EWS_LISTS:
            given[name] = given.get(name, ()) if policy == EWS_LISTS[name] else ()


def _armed(call: Call, kind: str) -> list[dict[str, Any]]:
    return call.organisation.faults.armed(call.server.name, kind) if call.session.logged else []


def _ambiguous(call: Call, identity: str) -> errors.Failure:
    return call.exchange_failure(
        _AMBIGUOUS, f"The operation couldn't be performed because '{identity}' matches multiple entries."
    )


def _failure_of(call: Call, mailbox: Mailbox, chosen: str, fault: dict[str, Any]) -> errors.Failure:
    """An error that names its mailbox; as a terminating one it ends the pipeline for those behind it as well."""
    failure = call.exchange_failure(
        _AD_OPERATION,
        f"Active Directory operation failed on {chosen}. The object '{mailbox.distinguished_name}' is busy.",
        category=ErrorCategory.InvalidOperation,
    )
    failure.terminating = fault.get("ends_pipeline", False)
    return failure


def _ignores_scope(call: Call) -> bool:
    if not call.arguments.get("IgnoreDefaultScope"):
        return False
    identity = str(call.arguments["Identity"])
    if "DomainController" in call.arguments or not identity.casefold().startswith("cn="):
        raise call.exchange_failure(
            "System.ArgumentException",
            "IgnoreDefaultScope can't be used with DomainController, and it needs a distinguished name as Identity.",
            category=ErrorCategory.InvalidArgument,
        )
    return True


def _mailbox_object(call: Call, mailbox: Mailbox, server: Server, chosen: str, with_settings: bool) -> Prepared:
    view = mailbox.read(chosen, call.now)
    values = tuple(view.values[one.name] for one in _settings(server.version))
    shown = _connections(call, server, chosen) if with_settings else None
    changed = view.changed.astimezone(call.organisation.zone)
    template = _template(mailbox.domain, server, chosen, values, changed, shown)
    return Prepared(template, functools.partial(_words, mailbox))


@functools.cache
def _settings(version: str) -> list[Parameter]:
    return [one for one in SETTINGS if version in one.releases]


def _words(mailbox: Mailbox) -> tuple[str, ...]:
    canonical_name = mailbox.canonical_name
    return (
        mailbox.name,
        mailbox.account,
        mailbox.address,
        mailbox.legacy_name,
        mailbox.distinguished_name,
        canonical_name,
        canonical_name.removesuffix(f"/{mailbox.name}"),
        str(mailbox.guid),
    )


def _connections(call: Call, server: Server, chosen: str) -> tuple[str, ...]:
    """What users of the server look up, in the order of the members: texts, for all their being lists elsewhere."""
    result: list[str] = []
    for protocol in ("imap4", "pop3"):
        stored = server.settings[protocol].read(chosen, call.now).values
        names = ("ExternalConnectionSettings", "InternalConnectionSettings")
        result += [", ".join(map(str, stored[name])) for name in names]
    offers = (connector.settings.read(chosen, call.now).values for connector in server.connectors)
    smtp = ", ".join(f"{offer['Fqdn']}:{SUBMISSION_PORT}:TLS" for offer in offers if offer["AdvertiseClientSettings"])
    return (*result, smtp, smtp)


@functools.lru_cache(maxsize=512)
def _template(
    domain: str,
    server: Server,
    chosen: str,
    values: tuple[Any, ...],
    changed: Any,
    shown: tuple[str, ...] | None,
) -> Template:
    """The wire form of all mailboxes that differ in nothing but who they are."""
    settings = _settings(server.version)
    stored = dict(zip((one.name for one in settings), values, strict=True))
    wire = {one.name: _wire(one, stored[one.name]) for one in settings}
    wire |= {name: None for name, policy in EWS_LISTS.items() if stored[_EWS_POLICY] != policy}

    def build(words: tuple[str, ...]) -> PSObject:
        name, account, address, legacy_name, distinguished_name, canonical_name, parent, guid = words
        identity = _identity(domain, name, distinguished_name, canonical_name, parent, guid)
        members: list[tuple[str, Any]] = [
            ("EmailAddresses", shapes.multi_valued("Microsoft.Exchange.Data.ProxyAddress", [f"SMTP:{address}"])),
            ("LegacyExchangeDN", legacy_name),
            ("LinkedMasterAccount", ""),
            ("PrimarySmtpAddress", address),
            ("SamAccountName", account),
            ("ServerLegacyDN", server.legacy_name),
            ("ServerName", server.name),
            ("DisplayName", name),
            ("ActiveSyncAllowedDeviceIDs", shapes.strings(())),
            ("ActiveSyncBlockedDeviceIDs", shapes.strings(())),
            ("ActiveSyncMailboxPolicy", _device_policy(server)),
            ("ActiveSyncMailboxPolicyIsDefaulted", True),
            ("ActiveSyncDebugLogging", False),
            ("ActiveSyncEnabled", wire["ActiveSyncEnabled"]),
            ("HasActiveSyncDevicePartnership", False),
            ("ActiveSyncSuppressReadReceipt", False),
            # Blank without -ProtocolSettings.
            *zip(_SHOWN, shown or [""] * len(_SHOWN), strict=True),
        ]
        # The published output has the one of ActiveSync further up.
        members += [(name, value) for name, value in wire.items() if name != "ActiveSyncEnabled"]
        times = shapes.times(changed, changed, changed.tzinfo)
        members += _tail(server, identity, (name, distinguished_name, guid), times, chosen)
        return shapes.wire_object(_TYPES, name, members)

    return Template(build, words=7, guids=1)


def _wire(setting: Parameter, value: Any) -> Any:
    if isinstance(value, tuple):
        return shapes.strings(value)
    enum = setting.enum
    return value if enum is None or value is None else shapes.wire_enum(enum.type_name, value, enum.number(value))


def _user_object(call: Call, mailbox: Mailbox, chosen: str) -> PSObject:
    canonical_name = mailbox.canonical_name
    parent = canonical_name.removesuffix(f"/{mailbox.name}")
    identity = _identity(
        mailbox.domain, mailbox.name, mailbox.distinguished_name, canonical_name, parent, str(mailbox.guid)
    )
    created = call.organisation.mailboxes.created
    times = shapes.times(created, created, call.organisation.zone)
    named = (mailbox.name, mailbox.distinguished_name, str(mailbox.guid))
    sid = [("BinaryLength", 28), ("AccountDomainSid", domain_sid(mailbox.domain)), ("Value", mailbox.sid)]
    members: list[tuple[str, Any]] = [
        ("IsSecurityPrincipal", True),
        ("SamAccountName", mailbox.account),
        ("Sid", shapes.wire_object(_SID_TYPES, mailbox.sid, sid)),
        ("SidHistory", shapes.multi_valued(_SID_TYPES[0], ())),
        ("UserPrincipalName", mailbox.principal_name),
        ("DisplayName", mailbox.name),
        ("WindowsEmailAddress", mailbox.address),
        *_tail(call.server, identity, named, times, chosen),
    ]
    return shapes.wire_object(_USER_TYPES, mailbox.name, members)


def _tail(
    server: Server, identity: PSObject, named: tuple[str, str, str], times: shapes.Members, chosen: str
) -> shapes.Members:
    """What recipients end with, as a mailbox was published; `named` are name, distinguished name and GUID."""
    name, distinguished_name, guid = named
    schema = (20, "15.0.0.0") if server.release.split_services else (10, "14.0.100.0")
    return [
        ("Identity", identity),
        ("IsValid", True),
        ("ExchangeVersion", shapes.object_version(*schema)),
        ("Name", name),
        ("DistinguishedName", distinguished_name),
        ("Guid", PSGuid(guid)),
        ("ObjectCategory", shapes.schema_id("Person", server.domain, server.root)),
        ("ObjectClass", shapes.strings(("top", "person", "organizationalPerson", "user"))),
        *times,
        ("OrganizationId", shapes.organization_id()),
        ("Id", identity),
        ("OriginatingServer", chosen),
        ("ObjectState", shapes.object_state("Unchanged")),
    ]


def _device_policy(server: Server) -> PSObject:
    place = "CN=Mobile Mailbox Policies,CN=First Organization,CN=Microsoft Exchange,CN=Services,CN=Configuration"
    return shapes.ad_object_id(f"CN=Default,{place},{server.root}", server.domain, "Default")


def _identity(domain: str, name: str, distinguished_name: str, canonical_name: str, parent: str, guid: str) -> PSObject:
    members: list[tuple[str, Any]] = [
        ("Parent", parent),
        ("DistinguishedName", distinguished_name),
        ("DomainId", domain),
        ("ObjectGuid", PSGuid(guid)),
        ("Name", name),
    ]
    return shapes.wire_object(shapes.AD_OBJECT_ID, canonical_name, members)
