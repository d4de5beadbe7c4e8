"""What the modules need to be allowed: the cmdlets and parameters they send, and the commands that grant no more.

`make generate` writes it into the guide to security. Run with names of features it prints the commands for these alone
(PYTHONPATH=.cache/collections python tests/support/least_privilege.py pop3 findings).

The settings come from the modules' own tables. That a list is complete and no longer than it has to be is shown by
tests/integration/test_least_privilege.py, which runs every option of the modules with exactly these rights.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import (
    Version,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import MAILBOX_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._tables.throttling import THROTTLING_SETTINGS

GROUP = "mailops"
WIDTH = 116

Entries = Mapping[str, tuple[str, ...]]

# By the role of the collection, Exchange's own role that it is a copy of. Descriptions of all of these are published,
# their lists of cmdlets are not: Get-ManagementRole -Cmdlet tells on the spot whether the copy can hold them.
PARENTS = {
    "view": "View-Only Configuration",
    "protocols": "POP3 And IMAP4 Protocols",
    "certificates": "Exchange Server Certificates",
    "connectors": "Receive Connectors",
    "mailboxes": "Mail Recipients",
    "policies": "Recipient Policies",
    "tests": "Monitoring",
}
# By the noun of a cmdlet that writes.
_WRITING = {
    "PopSettings": "protocols",
    "ImapSettings": "protocols",
    "ExchangeCertificate": "certificates",
    "ReceiveConnector": "connectors",
    "ThrottlingPolicy": "policies",
}


def role_of(cmdlet: str) -> str:
    """The role of the collection that holds a cmdlet."""
    verb, _dash, noun = cmdlet.partition("-")
    if noun in ("CASMailbox", "User"):
        return "mailboxes"
    if verb == "Test":
        return "tests"
    if verb == "Get":
        return "view"
    return _WRITING[noun]


@dataclass(frozen=True)
class Feature:
    """Something an administrator may want to do by the collection, and what that sends to the two endpoints."""

    title: str
    modules: tuple[str, ...]
    exchange: Entries
    windows: Entries = field(default_factory=dict)


def _parameters(settings: Iterable[Setting]) -> tuple[str, ...]:
    # Exchange 2010 spells some otherwise than later versions; a role takes a parameter in any case.
    newest_last = sorted(settings, key=lambda setting: setting.since)
    named = {setting.parameter.casefold(): setting.parameter for setting in newest_last}
    return tuple(sorted(named.values()))


SERVER = {"Get-ExchangeServer": ("Identity",)}
# Get-WmiObject is for PowerShell 2 alone.
COMPUTER = {"Get-CimInstance": ("ClassName",), "Get-WmiObject": ("Class",)}
STATES = {"Get-CimInstance": ("ClassName", "Filter"), "Get-WmiObject": ("Class", "Filter")}
COMPONENT = {"Get-ServerComponentState": ("Component", "Identity")}
READ_SETTINGS = {"Get-PopSettings": ("Server",), "Get-ImapSettings": ("Server",)}
READ_CERTIFICATES = {"Get-ExchangeCertificate": ("Server",)}
READ_CONNECTORS = {"Get-ReceiveConnector": ("Server",)}
_TEST = (
    "ClientAccessServer", "ConnectionType", "LightMode", "MailboxCredential", "MailboxServer", "PerConnectionTimeout",
    "PortClientAccessServer", "Timeout", "TrustAnySSLCertificate",
)  # fmt: skip

FEATURES: dict[str, Feature] = {
    "findings": Feature(
        "Looking: findings, drift, what users need to know",
        ("client_access_info",),
        {**SERVER, **READ_SETTINGS, **COMPONENT, **READ_CERTIFICATES, **READ_CONNECTORS},
        {**STATES, "Get-Process": ("Id",)},
    ),
    "pop3": Feature(
        "Settings of POP3",
        ("pop_settings",),
        {**SERVER, "Get-PopSettings": ("Server",), "Set-PopSettings": ("Server", *_parameters(POP3.settings))},
        COMPUTER,
    ),
    "imap4": Feature(
        "Settings of IMAP4",
        ("imap_settings",),
        {**SERVER, "Get-ImapSettings": ("Server",), "Set-ImapSettings": ("Server", *_parameters(IMAP4.settings))},
        COMPUTER,
    ),
    "services": Feature(
        "Services of POP3 and IMAP4",
        ("protocol_service",),
        {**SERVER, **COMPONENT},
        {
            **STATES,
            "Set-Service": ("Name", "StartupType"),
            "Start-Service": ("Name",),
            "Stop-Service": ("Name",),
            "Restart-Service": ("Name",),
        },
    ),
    "iis": Feature(
        "Restarting IIS",
        ("iis",),
        SERVER,
        {**STATES, "Get-Service": ("Name",), "Stop-Service": ("Force", "Name"), "Start-Service": ("Name",)},
    ),
    "certificates": Feature(
        "Assigning certificates",
        ("exchange_certificate",),
        {
            **SERVER,
            **READ_CERTIFICATES,
            **READ_SETTINGS,
            "Enable-ExchangeCertificate": ("Force", "Server", "Services", "Thumbprint"),
        },
        COMPUTER,
    ),
    "renewal": Feature(
        "Importing and removing certificates",
        ("exchange_certificate",),
        {
            **SERVER,
            **READ_CERTIFICATES,
            **READ_SETTINGS,
            **READ_CONNECTORS,
            "Get-AuthConfig": (),
            "Import-ExchangeCertificate": ("FileData", "FriendlyName", "Password", "PrivateKeyExportable", "Server"),
            "Remove-ExchangeCertificate": ("Confirm", "Server", "Thumbprint"),
        },
        COMPUTER,
    ),
    "connectors": Feature(
        "Connectors for sending",
        ("receive_connector",),
        {
            **SERVER,
            **READ_CONNECTORS,
            **READ_CERTIFICATES,
            "Set-ReceiveConnector": ("Identity", *_parameters(CONNECTOR_SETTINGS)),
        },
        COMPUTER,
    ),
    "throttling": Feature(
        "Limits of users",
        ("throttling_policy",),
        {
            **SERVER,
            "Get-ThrottlingPolicy": ("Identity",),
            "Set-ThrottlingPolicy": ("Identity", *_parameters(THROTTLING_SETTINGS)),
        },
        COMPUTER,
    ),
    "mailboxes": Feature(
        "Access of mailboxes",
        ("cas_mailbox", "cas_mailbox_info"),
        {
            **SERVER,
            "Get-CASMailbox": ("Filter", "Identity", "ResultSize"),
            "Get-User": ("Filter", "Identity"),
            "Set-CASMailbox": ("Identity", *_parameters(MAILBOX_SETTINGS)),
        },
        COMPUTER,
    ),
    "logs": Feature(
        "Who uses POP3 and IMAP4",
        ("protocol_log_info",),
        {**SERVER, **READ_SETTINGS},
        {
            **COMPUTER,
            "Get-ChildItem": ("Filter", "LiteralPath"),
            "Get-Content": ("LiteralPath", "Tail"),
            "Select-String": ("InputObject", "List", "LiteralPath", "Pattern"),
            "Select-Object": ("ExpandProperty", "InputObject", "Property"),
            "ConvertFrom-Csv": ("Header", "InputObject"),
            "Group-Object": ("InputObject", "NoElement", "Property"),
        },
    ),
    "connectivity": Feature(
        "Exchange's own test of signing in",
        ("connectivity_test",),
        {**SERVER, "Test-PopConnectivity": _TEST, "Test-ImapConnectivity": _TEST},
        COMPUTER,
    ),
}
# All cmdlets of Exchange have it, and all of them are given it: a play stays with one domain controller.
CONTROLLER = "DomainController"


def entries(*features: str) -> dict[str, list[str]]:
    """Exchange's cmdlets with their parameters that some features need together, as role entries have them."""
    found: dict[str, set[str]] = {}
    for key in features or FEATURES:
        for cmdlet, parameters in FEATURES[key].exchange.items():
            found.setdefault(cmdlet, {CONTROLLER}).update(parameters)
    return {cmdlet: sorted(parameters) for cmdlet, parameters in sorted(found.items())}


_SERVICES = tuple(name for one in (POP3, IMAP4) for name in (one.front_end, one.back_end))
# The folders of the logs, wherever Exchange is installed, and the files in them. What begins with ^ is a pattern.
_LOG_FOLDER = r"^[A-Za-z]:\\(.*\\)?Logging\\(Pop3|Imap4)"
_LOG_FILES = (rf"{_LOG_FOLDER}\\(POP3|IMAP4)[0-9A-Za-z-]*\.LOG$",)
# Select-String opens a file that comes through a pipeline. A line of a log, and what is left of it from the server's
# port on, are called as no file can be.
_LOG_LINE = (r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:|[0-9]{1,5},[^,]*:[0-9]{1,5},).*$",)
# The only values that some parameters on the windows endpoint have. IIS has services that depend on WAS and are nowhere
# told of before: with a list of those that may be started it would not come back as it was.
VALUES: dict[str, dict[str, tuple[str, ...]]] = {
    "Get-CimInstance": {"ClassName": ("Win32_ComputerSystem", "Win32_Service")},
    "Get-ChildItem": {"Filter": ("POP3*.LOG", "IMAP4*.LOG"), "LiteralPath": (rf"{_LOG_FOLDER}\\?$",)},
    "Get-Content": {"LiteralPath": _LOG_FILES},
    "Select-String": {"InputObject": _LOG_LINE, "LiteralPath": _LOG_FILES},
    "Get-Service": {"Name": ("WAS",)},
    "Set-Service": {"Name": _SERVICES, "StartupType": ("Automatic", "Manual", "Disabled")},
    "Stop-Service": {"Name": (*_SERVICES, "WAS")},
    "Restart-Service": {"Name": _SERVICES},
}
# Of a cmdlet that is cut down to some parameters PowerShell keeps the parameter sets. Id is in two of Get-Process, none
# of them the default, and what would tell them apart is gone: so a real PowerShell was seen to refuse it.
WHOLE = ("Get-Process",)
# Such a session has a function of this name, which takes a few members only.
MODULES = {"Select-Object": "Microsoft.PowerShell.Utility"}


def sent_as(cmdlet: str) -> str:
    """What a cmdlet is called where it is sent, and where a session configuration shows it."""
    return f"{MODULES[cmdlet]}\\{cmdlet}" if cmdlet in MODULES else cmdlet


def visible(*features: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """The cmdlets that a session configuration of its own lets some features use on the windows endpoint.

    By parameter the values that are taken, none where all are; without parameters the cmdlet has all of them. Such a
    configuration needs PowerShell 5, and Get-WmiObject is for PowerShell 2.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for key in features or FEATURES:
        for cmdlet, parameters in FEATURES[key].windows.items():
            if cmdlet != "Get-WmiObject":
                known = VALUES.get(cmdlet, {})
                given = () if cmdlet in WHOLE else parameters
                found.setdefault(sent_as(cmdlet), {}).update({name: known.get(name, ()) for name in given})
    return {cmdlet: dict(sorted(parameters.items())) for cmdlet, parameters in sorted(found.items())}


TABLES: dict[str, Sequence[Setting]] = {
    "Set-PopSettings": POP3.settings,
    "Set-ImapSettings": IMAP4.settings,
    "Set-ReceiveConnector": CONNECTOR_SETTINGS,
    "Set-ThrottlingPolicy": THROTTLING_SETTINGS,
    "Set-CASMailbox": MAILBOX_SETTINGS,
}


def lacking(version: Version) -> dict[str, list[str]]:
    """Parameters that a version of Exchange does not have, by cmdlet."""
    found = {}
    for cmdlet, table in TABLES.items():
        here = {setting.parameter.casefold() for setting in table if setting.is_on(version)}
        found[cmdlet] = [name for name in _parameters(table) if name.casefold() not in here]
    return {cmdlet: names for cmdlet, names in found.items() if names}


def _listed(head: str, names: Sequence[str]) -> list[str]:
    """A command that ends with a list, broken after a comma, where PowerShell expects it to go on."""
    lines = [head]
    for number, name in enumerate(names):
        word = f'"{name}"{"," if number < len(names) - 1 else ""}'
        if len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append("   ")
        lines[-1] += f" {word}"
    return lines


def commands(*features: str) -> str:
    """What to type into the Exchange Management Shell."""
    granted = entries(*features)
    roles = {role: [name for name in granted if role_of(name) == role] for role in PARENTS}
    lines = []
    for role, names in roles.items():
        if not names:
            continue
        title = f"{GROUP} {role}"
        lines.append(f'New-ManagementRole -Name "{title}" -Parent "{PARENTS[role]}"')
        lines += _listed("$keep =", names)
        lines.append(f'Get-ManagementRoleEntry "{title}\\*" | Where-Object {{ $keep -notcontains $_.Name }} |')
        lines.append("    Remove-ManagementRoleEntry -Confirm:$false")
        for name in names:
            lines += _listed(f'Set-ManagementRoleEntry "{title}\\{name}" -Parameters', granted[name])
        lines.append("")
    used = [f"{GROUP} {role}" for role, names in roles.items() if names]
    lines += _listed(f'New-RoleGroup -Name "{GROUP}" -Members "svc-ansible" -Roles', used)
    return "\n".join(lines)


def questions() -> str:
    """What to type to have Exchange say whether a role holds all of it."""
    lines = []
    for name, parameters in entries().items():
        lines += _listed(f"Get-ManagementRole -Cmdlet {name} -CmdletParameters", parameters)
    return "\n".join(lines)


def main() -> None:
    features = sys.argv[1:]
    if unknown := set(features) - FEATURES.keys():
        sys.exit(f"{', '.join(sorted(unknown))} is no feature; there are {', '.join(FEATURES)}.")
    print(commands(*features))


if __name__ == "__main__":
    main()
