"""What both engines are asked: the cmdlets of the catalogue, and parameters of every kind in every form of a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psrpcore.types import PSByteArray, PSCredential, PSObject, PSSecureString
from renewal import PASSWORD, pfx
from two_engines import Pipeline

from exchange_simulator.catalogue.cmdlets import BY_NAME, CMDLETS, COMMON
from exchange_simulator.catalogue.kinds import Cmdlet, Kind, Parameter
from exchange_simulator.catalogue.releases import RELEASE
from exchange_simulator.organisation import Organisation

SERVER = "EX01"


@dataclass(frozen=True)
class Question:
    """One conversation in a session: pipelines one after the other, from the state after setup."""

    name: str
    asked: Pipeline
    writes: bool = False
    """Whether the organisation has to be put back afterwards."""
    reading: Pipeline | None = None
    """What shows the effect, where it had one."""


def named(question: Question) -> Cmdlet:
    """The cmdlet that is asked."""
    return BY_NAME[question.asked.stages[0][0].casefold()]


def _pipeline(
    cmdlet: str, parameters: Mapping[str, Any] | Sequence[tuple[str | None, Any]] = (), **more: Any
) -> Pipeline:
    given = tuple(parameters.items()) if isinstance(parameters, Mapping) else tuple(parameters)
    return Pipeline(((cmdlet, given),), **more)


def _question(cmdlet: str, parameters: Any = (), note: str = "", **more: Any) -> Question:
    given = parameters.items() if isinstance(parameters, Mapping) else parameters
    told = " ".join(f"-{name} {_shown(value)}" if name else _shown(value) for name, value in given)
    piped = f"{' | '.join(['', *map(_shown, more['piped'])])[3:]} | " if more.get("piped") is not None else ""
    writes = not cmdlet.startswith(("Get-", "Test-"))
    name = " ".join(f"{piped}{cmdlet} {told}{note}".split())
    return Question(name, _pipeline(cmdlet, parameters, **more), writes, _reading(cmdlet) if writes else None)


def _shown(value: Any) -> str:
    if isinstance(value, PSObject) and not isinstance(value, (str, int)):
        return f"[{value.PSTypeNames[0].rpartition('.')[2]}]"
    return repr(value)


def _reading(cmdlet: str) -> Pipeline | None:
    """What shows the effect of a cmdlet that writes."""
    read = BY_NAME.get("get-" + cmdlet.partition("-")[2].casefold())
    if read is None or read.name == "Get-ServerComponentState":
        return None
    if read.name == "Get-Service":
        return _pipeline("Get-Service", {"Name": "MSExchangePop3"})
    return _pipeline(read.name)


def credential() -> PSCredential:
    return PSCredential(UserName="CONTOSO\\reader", Password=PSSecureString("Geheim-\u00fc1"))


def of_cmdlets(organisation: Organisation) -> Iterator[Question]:
    """What each cmdlet answers where it is asked what is usual, what is not there, and what fails."""
    server = organisation.servers[SERVER]
    thumbprint = server.certificates.all[-1].thumbprint
    imported = f"mail.{organisation.domain}"
    none = "0" * 40
    password = PSSecureString(PASSWORD)
    brought: dict[str, Any] = {"FileData": PSByteArray(pfx(imported, password=PASSWORD)), "Password": password}
    connector = {"Name": "Appliances", "Custom": True, "Bindings": "0.0.0.0:2587", "RemoteIPRanges": "10.0.0.1"}
    asked: dict[str, list[Any]] = {
        "Get-PopSettings": [{}, {"Server": SERVER}, {"Server": "nowhere"}, {"DomainController": "gone.contoso.test"}],
        "Set-PopSettings": [
            {"LoginType": "PlainTextLogin"},
            {"X509CertificateName": imported, "MaxConnections": 2000},
            {},
            {"Server": "nowhere", "Banner": "x"},
            {"MaxConnections": 0},
            {"Banner": "x", "WhatIf": True},
            {"SSLBindings": {"Add": ["10.0.0.1:1995"], "Remove": ["0.0.0.0:995"]}},
        ],
        "Get-ExchangeServer": [
            {},
            {"Identity": SERVER},
            {"Identity": "nowhere"},
            {"Status": True},
            {"Domain": "contoso.test"},
        ],
        "Get-ServerComponentState": [
            {"Identity": SERVER},
            {"Identity": SERVER, "Component": "PopProxy"},
            {"Identity": "nowhere"},
            {"Identity": SERVER, "Component": "Nothing"},
        ],
        "Set-ServerComponentState": [
            {"Identity": SERVER, "Component": "PopProxy", "State": "Inactive", "Requester": "Maintenance"},
            {"Identity": "nowhere", "Component": "PopProxy", "State": "Active", "Requester": "HealthAPI"},
            {"Identity": SERVER, "Component": "Nothing", "State": "Active", "Requester": "HealthAPI"},
            {"Identity": SERVER, "Component": "PopProxy", "State": "Active", "Requester": "HealthAPI", "WhatIf": True},
        ],
        "Get-ExchangeCertificate": [
            {},
            {"Thumbprint": thumbprint},
            {"Thumbprint": none},
            {"Server": "nowhere"},
            {"DomainName": imported},
        ],
        "Enable-ExchangeCertificate": [
            {"Thumbprint": thumbprint, "Services": "POP,IMAP"},
            {"Thumbprint": thumbprint, "Services": "SMTP", "Force": True},
            {"Thumbprint": none, "Services": "POP"},
            {"Thumbprint": thumbprint, "Services": "POP", "WhatIf": True},
        ],
        "Import-ExchangeCertificate": [
            brought,
            {**brought, "FriendlyName": "Mail", "PrivateKeyExportable": True},
            {"FileData": brought["FileData"]},
            {**brought, "Server": "nowhere"},
            {**brought, "WhatIf": True},
        ],
        "Remove-ExchangeCertificate": [
            {"Thumbprint": thumbprint, "Confirm": False},
            {"Thumbprint": server.certificates.all[0].thumbprint, "Confirm": False},
            {"Thumbprint": none, "Confirm": False},
            {"Thumbprint": thumbprint, "WhatIf": True},
        ],
        "Get-AuthConfig": [{}],
        "Get-ReceiveConnector": [{}, {"Server": SERVER}, {"Identity": "nothing"}, {"Server": "nowhere"}],
        "Set-ReceiveConnector": [
            {"Identity": rf"{SERVER}\Default {SERVER}", "Banner": "220 hello"},
            {"Identity": rf"{SERVER}\Default {SERVER}"},
            {"Identity": "nothing", "Comment": "x"},
        ],
        "New-ReceiveConnector": [connector, connector | {"Name": f"Default {SERVER}"}, connector | {"WhatIf": True}],
        "Get-ThrottlingPolicy": [{}, {"Identity": "nothing"}],
        "New-ThrottlingPolicy": [{"Name": "Mine", "PopMaxConcurrency": "5"}, {"Name": "Mine", "WhatIf": True}],
        "Set-ThrottlingPolicy": [{"Identity": "nothing", "PopMaxConcurrency": "5"}],
        "Test-PopConnectivity": [
            {"ClientAccessServer": SERVER, "MailboxCredential": credential()},
            {"ClientAccessServer": "nowhere"},
            {},
        ],
        "Get-CASMailbox": [
            {},
            {"Identity": "reader"},
            {"Identity": "nobody"},
            {"ResultSize": "1"},
            {"Filter": "x"},
            {"ProtocolSettings": True},
        ],
        "Set-CASMailbox": [
            {"Identity": "reader", "PopEnabled": False},
            {"Identity": "reader"},
            {"Identity": "nobody", "PopEnabled": False},
        ],
        "Get-User": [{}, {"Identity": "reader"}, {"Identity": "nobody"}],
        "Get-Service": [
            {},
            {"Name": "MSExchangePop3"},
            {"Name": ["MSExchangePop3", "nothing"]},
            {"Name": "MSExchangeI*"},
            {"Name": "nothing*"},
            {"DisplayName": "Microsoft Exchange POP3"},
            {"DisplayName": "nothing"},
            {"Name": "MSExchangeADTopology", "DependentServices": True},
            {"Name": "MSExchangePop3", "RequiredServices": True},
        ],
        "Start-Service": [
            {"Name": "MSExchangePop3"},
            {"Name": "MSExchangePop3", "PassThru": True},
            {"Name": "nothing"},
        ],
        "Stop-Service": [
            {"Name": "MSExchangeTransport"},
            {"Name": "MSExchangeADTopology"},
            {"Name": "MSExchangePop3", "PassThru": True},
            {"Name": "nothing"},
            {"Name": "MSExchangeTransport", "WhatIf": True},
        ],
        "Restart-Service": [
            {"Name": "MSExchangeTransport", "PassThru": True},
            {"Name": "MSExchangePop3"},
            {"Name": "nothing"},
        ],
        "Set-Service": [
            {"Name": "MSExchangePop3", "StartupType": "Automatic", "PassThru": True},
            {"Name": "nothing", "StartupType": "Manual"},
            {"Name": "MSExchangePop3", "StartupType": "Automatic", "WhatIf": True},
        ],
        "Get-PSSnapin": [{"Registered": True}, {}],
        "Add-PSSnapin": [{"Name": "nothing"}],
        "Get-Process": [{"Name": "svchost"}, {"Name": "nothing"}, {"Name": "lsass*"}, {"Id": 4294967}],
        "Get-CimInstance": [
            *(
                {"ClassName": name}
                for name in ("Win32_Service", "Win32_Process", "Win32_ComputerSystem", "Win32_Nothing")
            ),
            {"ClassName": "Win32_Service", "Filter": "Name='MSExchangePop3'"},
            {"ClassName": "Win32_Service", "Filter": "Nothing at all"},
        ],
        "Get-WmiObject": [
            *({"Class": name} for name in ("Win32_Service", "Win32_Process", "Win32_ComputerSystem", "Win32_Nothing")),
            {"Class": "Win32_Service", "Filter": "Name='MSExchangePop3'"},
        ],
    }
    asked |= {name.replace("Pop", "Imap"): calls for name, calls in asked.items() if name in _TWINS}
    assert asked.keys() == {one.name for one in CMDLETS}
    for cmdlet in known_to(server.version):
        for parameters in asked[cmdlet.name]:
            yield _question(cmdlet.name, parameters)


_TWINS = ("Get-PopSettings", "Set-PopSettings", "Test-PopConnectivity")


def known_to(version: str) -> list[Cmdlet]:
    """The cmdlets of a server of a release."""
    return [one for one in CMDLETS if version in one.releases and RELEASE[version].powershell >= one.powershell]


# In a process of a WinRM shell: a command, and what is piped into it.
IN_A_PROCESS: tuple[tuple[str, tuple[str, ...]], ...] = (
    *(
        (command, ())
        for command in (
            "Get-PopSettings",
            "Add-PSSnapin -Name:'Microsoft.Exchange.Management.PowerShell.SnapIn'",
            "Get-PopSettings -Server:'EX01'",
            "Get-PopSettings -Server:'nowhere'",
            "Set-PopSettings -Banner:'hello'",
            "Set-PopSettings",
            "Set-PopSettings -MaxConnections:0",
            "Set-PopSettings -MaxConnections:'many'",
            "Set-PopSettings -Nope:1",
            "Set-ServerComponentState -Identity:'EX01'",
            "Get-CASMailbox -Identity:'reader'",
            "Get-ExchangeServer -Identity:'EX01'",
            "Get-Nothing",
            "Get-Service -Name:'MSExchangePop3'",
            "Get-Service -Name:@('MSExchangePop3', 'nothing')",
            "Start-Service -Name:'nothing'",
            "Get-CimInstance -ClassName:'Win32_ComputerSystem'",
        )
    ),
    ("Set-CASMailbox -PopEnabled:$false", ("'reader'", "'nobody'", "'administrator'")),
    ("Start-Service", ("'MSExchangePop3'", "'nothing'")),
)

# A value of each form that a client can send.
VALUES: dict[str, Any] = {
    "null": None,
    "empty text": "",
    "text": "some text",
    "number": 5,
    "number in text": "7",
    "negative": -1,
    "large": 1 << 40,
    "truth": True,
    "truth in text": "True",
    "empty list": [],
    "list": ["a", "b"],
    "list of one number": [5],
    "table": {"Add": ["a"], "Remove": ["b"]},
    "empty table": {},
    "unknown table": {"Plus": ["a"]},
    "fraction": 1.5,
}
# What is right, or nearly, for a kind.
OWN_VALUES: dict[Kind, list[Any]] = {
    Kind.SWITCH: [False],
    Kind.BOOLEAN: [False, 0],
    Kind.INT32: ["2147483648", " 9 ", "0x10"],
    Kind.ENUM: ["SecureLogin", "securelogin", "Secure", "3", "PlainText", "SecureLogin, PlainTextLogin"],
    Kind.FLAGS: ["POP,IMAP", ["POP", "IMAP"], 3, "Nothing", "pop"],
    Kind.TIME_SPAN: ["00:20:00", "1", "1.00:00:00", "25:00:00", "00:00:01"],
    Kind.BYTE_SIZE: ["10MB", "Unlimited", "10 MB", "10 XB", "1,024"],
    Kind.SIZE: ["10MB", "Unlimited", "40 KB"],
    Kind.URI: ["https://mail.contoso.test/owa", "https://mail.contoso.test/o%20wa", "owa", "https://"],
    Kind.BINDINGS: [
        "10.0.0.1:995",
        ["10.0.0.1:995", "[::]:995"],
        ["10.0.0.1:995", "10.0.0.1:995"],
        "10.0.0.1",
        "*:995",
        {"Add": "10.0.0.1:1995"},
        {"Remove": ["0.0.0.0:995"]},
    ],
    Kind.CONNECTIONS: ["mail.contoso.test:995:SSL", "mail.contoso.test:995", "mail.contoso.test:995:XYZ"],
    Kind.LIMIT: ["Unlimited", "10"],
    Kind.UNSIGNED: ["10", "4294967296"],
    Kind.UNSIGNED_LIMIT: ["Unlimited", "10"],
    Kind.RANGES: ["10.0.0.0/8", "10.0.0.1-10.0.0.9", ["10.0.0.1", "10.0.0.2"], "10.0.0.9-10.0.0.1"],
    Kind.CAPABILITIES: ["contoso.test:AcceptOorgHeader"],
    Kind.CERTIFICATE: ["<I>CN=CA<S>CN=mail.contoso.test"],
    Kind.SERVER: [SERVER, "EX01.contoso.test"],
    Kind.CONNECTOR: [rf"{SERVER}\Default {SERVER}"],
    Kind.THROTTLING_POLICY: ["GlobalThrottlingPolicy"],
    Kind.MAILBOX: ["reader"],
    Kind.USER: ["reader"],
    Kind.HOST: ["DC1.contoso.test", "DC1"],
    Kind.CREDENTIAL: [credential()],
    Kind.BYTES: [PSByteArray(b"nothing"), [1, 300]],
    Kind.SECURE_STRING: [PSSecureString("a password")],
}


def _bearer(kind: Kind, version: str) -> tuple[Cmdlet, Parameter] | None:
    """A cmdlet with a parameter of a kind; one that a write can be seen of, if there is one."""
    found = [(cmdlet, one) for cmdlet in known_to(version) for one in cmdlet.parameters if one.kind is kind]
    found = [(cmdlet, one) for cmdlet, one in found if version in one.releases]
    found.sort(key=lambda pair: (not pair[0].name.startswith("Set-"), pair[1].name in ("WhatIf", "Confirm")))
    return found[0] if found else None


def of_values(version: str, endpoint: str) -> Iterator[Question]:
    """A parameter of each kind with values of every form."""
    for kind in Kind:
        bearer = _bearer(kind, version)
        if bearer is None or bearer[0].endpoint != endpoint:
            continue
        cmdlet, parameter = bearer
        others = _needed(cmdlet, parameter)
        for note, value in [*VALUES.items(), *(("", one) for one in OWN_VALUES.get(kind, []))]:
            question = _question(cmdlet.name, {**others, parameter.name: value})
            yield replace(question, name=f"{cmdlet.name} -{parameter.name} {note or _shown(value)}")


def _needed(cmdlet: Cmdlet, parameter: Parameter) -> dict[str, Any]:
    """What has to be there beside a parameter."""
    known = {
        "Identity": rf"{SERVER}\Default {SERVER}"
        if "Connector" in cmdlet.name
        else "reader"
        if "Mailbox" in cmdlet.name
        else SERVER,
        "Name": "MSExchangePop3" if "Service" in cmdlet.name else "Mine",
        "Component": "PopProxy",
        "State": "Active",
        "Requester": "HealthAPI",
        "Services": "POP",
        "Thumbprint": "0" * 40,
        "FileData": PSByteArray(b"nothing"),
        "ClassName": "Win32_Service",
        "Class": "Win32_Service",
    }
    needed = {one.name: known[one.name] for one in cmdlet.parameters if one.mandatory and one is not parameter}
    if cmdlet.must_choose and parameter.name not in cmdlet.choice:
        chosen = next(name for name in cmdlet.choice if name in known)
        needed[chosen] = known[chosen]
    return needed


def of_names(endpoint: str) -> Iterator[Question]:
    """Names of parameters and commands, places, sets of parameters, what is missing, and what is piped."""
    if endpoint == "exchange":
        get, some, reading = "Get-PopSettings", SERVER, "Get-ExchangeServer"
        yield _question("Set-PopSettings", [("AuthenticatedConnectionTim", "00:20:00")])
        yield _question("Set-PopSettings", [("Max", 5)])
        yield _question("Set-PopSettings", [("wi", True), ("Banner", "x")])
        yield _question("Set-PopSettings", [("Banner", "x"), ("banner", "y")])
        yield _question("Set-PopSettings", [("Banner", "x"), ("Bann", "y")])
        yield _question("Set-ServerComponentState", {"Identity": SERVER})
        yield _question("Set-ServerComponentState", {})
        yield _question("Get-ExchangeCertificate", {"Thumbprint": "0" * 40, "DomainName": "x"})
        yield _question("Enable-ExchangeCertificate", {"Services": "POP"})
        yield _question(reading, [(None, SERVER)])
        yield _question(reading, [(None, SERVER), (None, "more")])
        yield _question(reading, {"Identity": SERVER, "Domain": "contoso.test"})
        for action in ("Stop", "SilentlyContinue", "Ignore", "Continue", "Nothing"):
            yield _question(get, {"Server": "nowhere", "ErrorAction": action})
            yield _question("Set-PopSettings", {"ErrorAction": action}, " with nothing changed")
            yield _question("Set-PopSettings", {"WarningAction": action})
        yield _question("Get-CASMailbox", {}, piped=["reader", "nobody", "administrator"])
        yield _question("Get-CASMailbox", {"ErrorAction": "Stop"}, piped=["reader", "nobody", "administrator"])
        yield _question("Set-CASMailbox", {"PopEnabled": False}, piped=["reader", "nobody", "administrator"])
        yield _question("Set-CASMailbox", {"PopEnabled": "x"}, piped=["reader", "administrator"])
        yield _question("Get-ThrottlingPolicy", {"DomainController": "DC1"}, piped=["x"])
    else:
        get, some = "Get-Service", "MSExchangePop3"
        yield _question("Start-Service", [("Pass", True), ("Name", some)])
        yield _question("Set-Service", [("SM", "Automatic"), ("Name", some)])
        yield _question("Set-Service", [("S", "Automatic"), ("Name", some)])
        yield _question("Start-Service", {"Name": some, "DisplayName": "x"})
        yield _question("Start-Service", {})
        yield _question("Get-CimInstance", {})
        yield _question("Start-Service", {"Name": ""})
        yield _question("Start-Service", {"Name": []})
        yield _question("Start-Service", {"Name": None})
        yield _question("Start-Service", {}, piped=[some, "nothing", "MSExchangeImap4"])
        yield _question("Start-Service", {"ErrorAction": "Stop"}, piped=["nothing", "MSExchangeImap4"])
        yield _question("Get-Service", {}, piped=[some, "nothing"])
        yield _question("Get-Service", [(None, some), (None, "more")])
        for action in ("Stop", "SilentlyContinue", "Ignore"):
            yield _question(get, {"Name": "nothing", "ErrorAction": action})
    yield _question(get, {"Nope": some})
    yield _question(get, {"D": some})
    yield _question("Get-Nothing", {"Name": "x"})
    yield _question(get.upper(), {})
    for common in COMMON:
        value: Any = {Kind.SWITCH: True, Kind.INT32: 1, Kind.TEXT: "found"}.get(common.kind, "Continue")
        if common.name != "Debug":
            yield _question(get, {common.name: value})


# What RBAC keeps from a session.
RIGHTS: tuple[dict[str, Any], ...] = (
    {"server": SERVER, "kind": "rbac_without", "cmdlet": "Set-ImapSettings"},
    {"server": SERVER, "kind": "rbac_without", "cmdlet": "Set-PopSettings", "parameter": "Banner"},
    {"server": SERVER, "kind": "rbac_without", "cmdlet": "Get-CASMailbox", "parameter": "Identity"},
)


def of_rights() -> Iterator[Question]:
    """What is answered where a right is missing."""
    yield _question("Set-ImapSettings", {"Banner": "x"})
    yield _question("Get-ImapSettings")
    yield _question("Set-PopSettings", {"Banner": "x"})
    yield _question("Set-PopSettings", [("Bann", "x")])
    yield _question("Set-PopSettings", {"LoginType": "SecureLogin"})
    yield _question("Get-CASMailbox", {"Identity": "reader"})
    yield _question("Get-CASMailbox", [(None, "reader")])
    yield _question("Get-CASMailbox", {}, piped=["reader"])
