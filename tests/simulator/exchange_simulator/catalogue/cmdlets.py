"""The cmdlets of both endpoints with their parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .certificates import ALLOWED_SERVICES
from .connectors import CONNECTOR_SETTINGS
from .kinds import RELEASES, Cmdlet, EnumType, Kind, Parameter
from .mailboxes import SETTINGS as MAILBOX_SETTINGS
from .powershell import BUILT_IN
from .settings import SETTINGS
from .throttling import GET_PARAMETERS, NEW_PARAMETERS, SET_PARAMETERS

_TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks."
_RECIPIENT_TASKS = "Microsoft.Exchange.Management.RecipientTasks."
_COMMANDS = "Microsoft.PowerShell.Commands."
_CIM = "Microsoft.Management.Infrastructure.CimCmdlets."
_SINCE_2013 = RELEASES[1:]

SERVICE_STATE = EnumType("Microsoft.Exchange.Data.ServiceState", {"Inactive": 0, "Active": 1, "Draining": 2})
REQUESTER = EnumType(
    "Microsoft.Exchange.Data.Directory.Management.ServerComponentRequest",
    {"HealthAPI": 0, "Maintenance": 1, "Sidelined": 2, "Functional": 3, "Deployment": 4},
)
START_MODE = EnumType(
    "System.ServiceProcess.ServiceStartMode", {"Boot": 0, "System": 1, "Automatic": 2, "Manual": 3, "Disabled": 4}
)
SERVICE_STATUS = EnumType(
    "System.ServiceProcess.ServiceControllerStatus",
    {
        "Stopped": 1,
        "StartPending": 2,
        "StopPending": 3,
        "Running": 4,
        "ContinuePending": 5,
        "PausePending": 6,
        "Paused": 7,
    },
)
ACTION_PREFERENCE = EnumType(
    "System.Management.Automation.ActionPreference",
    {"SilentlyContinue": 0, "Stop": 1, "Continue": 2, "Inquire": 3, "Ignore": 4, "Suspend": 5},
)

CONNECTION_TYPE = EnumType("Microsoft.Exchange.Monitoring.ProtocolConnectionType", {"Plaintext": 0, "Tls": 1, "Ssl": 2})

COMMON: tuple[Parameter, ...] = (
    Parameter("Verbose", Kind.SWITCH, aliases=("vb",)),
    Parameter("Debug", Kind.SWITCH, aliases=("db",)),
    Parameter("ErrorAction", Kind.ENUM, ACTION_PREFERENCE, aliases=("ea",)),
    Parameter("WarningAction", Kind.ENUM, ACTION_PREFERENCE, aliases=("wa",)),
    Parameter("ErrorVariable", Kind.TEXT, aliases=("ev",)),
    Parameter("WarningVariable", Kind.TEXT, aliases=("wv",)),
    Parameter("OutVariable", Kind.TEXT, aliases=("ov",)),
    Parameter("OutBuffer", Kind.INT32, aliases=("ob",)),
)
_WHAT_IF = (Parameter("WhatIf", Kind.SWITCH, aliases=("wi",)), Parameter("Confirm", Kind.SWITCH, aliases=("cf",)))
_CONTROLLER = Parameter("DomainController", Kind.HOST)
_SERVER = Parameter("Server", Kind.SERVER, pipeline=True)
_THUMBPRINT = Parameter("Thumbprint", Kind.TEXT, position=0)
_CERTIFICATE = Parameter("Identity", Kind.TEXT, releases=_SINCE_2013)
_SERVICE = (
    Parameter("Name", Kind.TEXTS, position=0, filled=True, pipeline=True, aliases=("ServiceName",)),
    Parameter("DisplayName", Kind.TEXTS, filled=True),
    Parameter("InputObject", Kind.TEXTS, filled=True),
    Parameter("Include", Kind.TEXTS),
    Parameter("Exclude", Kind.TEXTS),
)
_PASS_THRU = Parameter("PassThru", Kind.SWITCH)
_FORCE = Parameter("Force", Kind.SWITCH)
_QUERY = (
    Parameter("Filter", Kind.TEXT),
    Parameter("Namespace", Kind.TEXT),
    Parameter("Property", Kind.TEXTS),
)


def _settings(protocol: str) -> tuple[Parameter, ...]:
    return tuple(setting.parameter(protocol) for setting in SETTINGS if protocol in setting.defaults)


def _exchange(name: str, *parameters: Parameter, **traits: Any) -> Cmdlet:
    # The reference shows such class names for other cmdlets; for these they are inferred.
    return Cmdlet(name, "exchange", parameters, _TASKS + name.replace("-", ""), **traits)


def _recipient(name: str, *parameters: Parameter, **traits: Any) -> Cmdlet:
    return Cmdlet(name, "exchange", parameters, _RECIPIENT_TASKS + name.replace("-", ""), **traits)


def _windows(name: str, *parameters: Parameter, namespace: str = _COMMANDS, **traits: Any) -> Cmdlet:
    return Cmdlet(name, "windows", parameters, f"{namespace}{name.replace('-', '')}Command", **traits)


def _acts_on_services(verb: str, *parameters: Parameter) -> Cmdlet:
    choice = ("InputObject", "Name", "DisplayName")
    return _windows(f"{verb}-Service", *_SERVICE, _PASS_THRU, *parameters, *_WHAT_IF, choice=choice, must_choose=True)


def _connectivity(protocol: str) -> Cmdlet:
    return _exchange(
        f"Test-{protocol}Connectivity",
        Parameter("ClientAccessServer", Kind.SERVER, position=0, pipeline=True),
        Parameter("MailboxCredential", Kind.CREDENTIAL),
        Parameter("MailboxServer", Kind.SERVER),
        Parameter("ConnectionType", Kind.ENUM, CONNECTION_TYPE),
        Parameter("PortClientAccessServer", Kind.INT32, minimum=0, maximum=65535),
        Parameter("PerConnectionTimeout", Kind.INT32, minimum=0, maximum=120),
        Parameter("Timeout", Kind.INT32, minimum=0, maximum=3600),
        Parameter("LightMode", Kind.SWITCH),
        Parameter("TrustAnySSLCertificate", Kind.SWITCH),
        Parameter("MonitoringContext", Kind.SWITCH),
        Parameter("ResetTestAccountCredentials", Kind.SWITCH),
        _CONTROLLER,
        *_WHAT_IF,
    )


CMDLETS: tuple[Cmdlet, ...] = (
    _exchange("Get-PopSettings", _SERVER, _CONTROLLER),
    _exchange("Get-ImapSettings", _SERVER, _CONTROLLER),
    _exchange("Set-PopSettings", _SERVER, _CONTROLLER, *_WHAT_IF, *_settings("pop3")),
    _exchange("Set-ImapSettings", _SERVER, _CONTROLLER, *_WHAT_IF, *_settings("imap4")),
    _exchange(
        "Get-ExchangeServer",
        Parameter("Identity", Kind.SERVER, position=0, pipeline=True),
        Parameter("Domain", Kind.HOST),
        Parameter("Status", Kind.SWITCH),
        _CONTROLLER,
        choice=("Identity", "Domain"),
    ),
    _exchange(
        "Get-ServerComponentState",
        Parameter("Identity", Kind.SERVER, position=0, pipeline=True, mandatory=True),
        Parameter("Component", Kind.TEXT),
        _CONTROLLER,
        releases=_SINCE_2013,
    ),
    _exchange(
        "Set-ServerComponentState",
        Parameter("Identity", Kind.SERVER, position=0, pipeline=True, mandatory=True),
        Parameter("Component", Kind.TEXT, mandatory=True),
        Parameter("State", Kind.ENUM, SERVICE_STATE, mandatory=True),
        Parameter("Requester", Kind.ENUM, REQUESTER, mandatory=True),
        Parameter("LocalOnly", Kind.SWITCH),
        Parameter("RemoteOnly", Kind.SWITCH),
        Parameter("TimeoutInSeconds", Kind.INT32),
        _CONTROLLER,
        *_WHAT_IF,
        releases=_SINCE_2013,
    ),
    _exchange(
        "Get-ExchangeCertificate",
        _THUMBPRINT,
        _SERVER,
        _CERTIFICATE,
        Parameter("DomainName", Kind.TEXTS),
        _CONTROLLER,
        choice=("Thumbprint", "Identity", "DomainName"),
    ),
    _exchange(
        "Enable-ExchangeCertificate",
        _THUMBPRINT,
        Parameter("Services", Kind.FLAGS, ALLOWED_SERVICES, mandatory=True),
        _SERVER,
        _CERTIFICATE,
        _FORCE,
        Parameter("DoNotRequireSsl", Kind.SWITCH),
        Parameter("NetworkServiceAllowed", Kind.SWITCH),
        _CONTROLLER,
        *_WHAT_IF,
        choice=("Thumbprint", "Identity"),
        must_choose=True,
    ),
    _exchange("Get-AuthConfig", _CONTROLLER, releases=_SINCE_2013),
    _exchange(
        "Import-ExchangeCertificate",
        Parameter("FileData", Kind.BYTES, mandatory=True),
        Parameter("Password", Kind.SECURE_STRING),
        Parameter("FriendlyName", Kind.TEXT),
        Parameter("PrivateKeyExportable", Kind.BOOLEAN),
        Parameter("Server", Kind.SERVER),
        _CONTROLLER,
        *_WHAT_IF,
    ),
    _exchange(
        "Remove-ExchangeCertificate",
        Parameter("Thumbprint", Kind.TEXT, position=0, pipeline=True),
        Parameter("Server", Kind.SERVER),
        _CERTIFICATE,
        _CONTROLLER,
        *_WHAT_IF,
        choice=("Thumbprint", "Identity"),
        must_choose=True,
    ),
    _exchange(
        "Get-ReceiveConnector",
        Parameter("Identity", Kind.CONNECTOR, position=0, pipeline=True),
        Parameter("Server", Kind.SERVER),
        _CONTROLLER,
        choice=("Identity", "Server"),
    ),
    _exchange(
        "Set-ReceiveConnector",
        Parameter("Identity", Kind.CONNECTOR, position=0, pipeline=True, mandatory=True),
        Parameter("Name", Kind.TEXT),
        *(setting.parameter for setting in CONNECTOR_SETTINGS if setting.settable),
        _CONTROLLER,
        *_WHAT_IF,
    ),
    _exchange(
        "New-ReceiveConnector",
        Parameter("Name", Kind.TEXT, position=0, mandatory=True),
        Parameter("Server", Kind.SERVER, pipeline=True),
        Parameter("Custom", Kind.SWITCH),
        *(
            replace(setting.parameter, mandatory=setting.name in ("Bindings", "RemoteIPRanges"))
            for setting in CONNECTOR_SETTINGS
            if setting.settable
        ),
        _CONTROLLER,
        *_WHAT_IF,
    ),
    _exchange("Get-ThrottlingPolicy", *GET_PARAMETERS, _CONTROLLER),
    _exchange("Set-ThrottlingPolicy", *SET_PARAMETERS, _CONTROLLER, *_WHAT_IF),
    _exchange("New-ThrottlingPolicy", *NEW_PARAMETERS, _CONTROLLER, *_WHAT_IF),
    *(_connectivity(protocol) for protocol in ("Pop", "Imap")),
    _recipient(
        "Get-CASMailbox",
        Parameter("Identity", Kind.MAILBOX, position=0, pipeline=True),
        Parameter("Anr", Kind.TEXT),
        Parameter("Filter", Kind.TEXT),
        Parameter("ResultSize", Kind.TEXT),
        Parameter("Monitoring", Kind.SWITCH, releases=_SINCE_2013),
        Parameter("ProtocolSettings", Kind.SWITCH),
        _CONTROLLER,
        choice=("Identity", "Anr"),
    ),
    _recipient(
        "Set-CASMailbox",
        Parameter("Identity", Kind.MAILBOX, position=0, pipeline=True, mandatory=True),
        *MAILBOX_SETTINGS,
        Parameter("IgnoreDefaultScope", Kind.SWITCH),
        _CONTROLLER,
        *_WHAT_IF,
    ),
    _recipient(
        "Get-User",
        Parameter("Identity", Kind.USER, position=0, pipeline=True),
        Parameter("Anr", Kind.TEXT),
        Parameter("Filter", Kind.TEXT),
        Parameter("ResultSize", Kind.TEXT),
        _CONTROLLER,
        choice=("Identity", "Anr"),
    ),
    _windows(
        "Get-Service",
        *_SERVICE,
        Parameter("DependentServices", Kind.SWITCH, aliases=("DS",)),
        Parameter("RequiredServices", Kind.SWITCH, aliases=("SDO", "ServicesDependedOn")),
        choice=("Name", "DisplayName", "InputObject"),
    ),
    _acts_on_services("Start"),
    _acts_on_services("Stop", _FORCE, Parameter("NoWait", Kind.SWITCH)),
    _acts_on_services("Restart", _FORCE),
    _windows(
        "Set-Service",
        # One name and no pattern, unlike the other service cmdlets.
        Parameter("Name", Kind.TEXT, position=0, filled=True, pipeline=True, aliases=("ServiceName", "SN")),
        Parameter("InputObject", Kind.TEXT, filled=True),
        Parameter("DisplayName", Kind.TEXT, aliases=("DN",)),
        Parameter("Description", Kind.TEXT),
        Parameter("StartupType", Kind.ENUM, START_MODE, aliases=("StartMode", "SM", "ST")),
        Parameter("Status", Kind.TEXT),
        _PASS_THRU,
        *_WHAT_IF,
        choice=("Name", "InputObject"),
        must_choose=True,
    ),
    _windows("Get-PSSnapin", Parameter("Name", Kind.TEXTS, position=0), Parameter("Registered", Kind.SWITCH)),
    _windows("Add-PSSnapin", Parameter("Name", Kind.TEXTS, position=0, mandatory=True), _PASS_THRU),
    _windows(
        "Get-Process",
        Parameter("Name", Kind.TEXTS, position=0, filled=True, aliases=("ProcessName",)),
        Parameter("Id", Kind.INTEGERS, filled=True, pipeline=True, aliases=("PID",)),
        choice=("Name", "Id"),
    ),
    _windows(
        "Get-CimInstance",
        Parameter("ClassName", Kind.TEXT, position=0, mandatory=True),
        *_QUERY,
        namespace=_CIM,
        powershell=3,
    ),
    _windows(
        "Get-WmiObject", Parameter("Class", Kind.TEXT, position=0, mandatory=True, aliases=("ClassName",)), *_QUERY
    ),
)
BY_NAME: dict[str, Cmdlet] = {cmdlet.name.casefold(): cmdlet for cmdlet in (*CMDLETS, *BUILT_IN)}
