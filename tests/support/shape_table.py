"""Answers in odd shapes: what may come in the place of what is believed to come, and what a task then has to do.

A row puts one shape between the wire and the reader. What says the same must lead to the same, and what cannot be read
to one sentence before anything is written. For objects that are tables of settings the rows follow from the plugin's
own rows; the others are written down here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from in_process import ABSENT, InProcessHost, Put, element
from odd_shapes import TEXTLESS, TYPE_NAME, Make, alike, collection, primitive, text_object, unreadable
from psrpcore.types import PSInt64
from samples import samples

from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Enum
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import (
    EWS_LISTS,
    EWS_POLICY,
    MAILBOX_SETTINGS,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import POP3, PROTOCOLS, Protocol
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._tables.throttling import THROTTLING_SETTINGS
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import to_plain

RIGHT, SENTENCE = "right", "sentence"
CAPTURE, PAGE, PUBLISHED, GUESS = "capture", "page", "published output", "guess"
Output = list[Element]


@dataclass(frozen=True)
class Task:
    """A module that reads the object, with options by which it needs the member."""

    module: str
    options: Mapping[str, Any]
    prepare: Callable[[InProcessHost], object] | None = None
    release: str = "SE"
    forms: tuple[str, ...] = ("full", "plain")
    """In which the task has something to read."""

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for tasks that do the same."""
        return self.module, repr(self.options), self.prepare, self.release

    def __str__(self) -> str:
        return f"{self.module}({', '.join(self.options)}){'' if self.release == 'SE' else f' on {self.release}'}"


@dataclass(frozen=True)
class Row:
    """One shape of one member."""

    cmdlet: str
    member: str
    """Empty for the whole object."""
    shape: str
    put: Callable[[Output], Output] = field(compare=False)
    expected: str
    task: Task = field(compare=False)
    evidence: str = GUESS
    """What stands behind the shape that is believed to come."""
    named: str = ""
    """How the sentence names it, if not as the member or the cmdlet."""
    warns: bool = False
    """Whether what is right is done with a warning beside it."""

    def __str__(self) -> str:
        return f"{self.cmdlet}.{self.member or '(object)'}: {self.shape} -> {self.task}"


def in_place(member: str, make: Callable[[Any], Any], of: str | None = None) -> Callable[[Output], Output]:
    """A shaper that makes another value of a member's own, in all objects or those of one name."""

    def shape(output: Output) -> Output:
        for shown in output:
            names = to_plain(shown, ["Name", member])
            if (of is None or names.get("Name") == of) and member in names:
                Put({member: make(names[member])})([shown])
        return output

    return shape


def recased(member: str, make: Callable[[str], str]) -> Callable[[Output], Output]:
    """A shaper that spells the name of a member in another case, or of all members."""

    def shape(output: Output) -> Output:
        for shown in output:
            for one in shown.iterfind("*/*[@N]"):
                if member in ("", one.get("N")):
                    one.set("N", make(one.get("N", "")))
        return output

    return shape


def _text(_output: Output) -> Output:
    return [element("text")]


OBJECTS: dict[str, Callable[[Output], Output]] = {
    "text": _text,
    "type name": lambda _: [element(TYPE_NAME)],
    "null": lambda _: [element(None)],
    "empty object": lambda _: [element({"$text": None, "$type": TYPE_NAME})],
    "object of its text": lambda _: [element(text_object("EX01"))],
    "list": lambda output: [element([*output, *output])],
}
NUMBERS: dict[str, Callable[[Output], Output]] = {
    "two": lambda output: [*output, *output],
    "none": lambda _: [],
    "text beside it": lambda output: [*output, element("WARNING")],
    "null beside it": lambda output: [*output, element(None)],
    "text before it": lambda output: [element("WARNING"), *output],
}


def _of_settings(
    cmdlet: str,
    settings: Iterable[Setting],
    tasks: Mapping[str, Task],
    evidence: str,
    of: str | None = None,
) -> Iterator[Row]:
    """Every member that a module reads, in every generic shape of its kind."""
    for setting in settings:
        task, kind, member = tasks[setting.option], setting.kind, setting.parameter

        def made(make: Make, read: Callable[[Any], Any] = kind.read) -> Callable[[Any], Any]:
            return lambda value: make(read(value))

        for expected, shapes in ((RIGHT, alike(kind)), (SENTENCE, unreadable(kind))):
            for shape, make in shapes.items():
                yield Row(cmdlet, member, shape, in_place(member, made(make), of), expected, task, evidence)
        for shape, case in (("name in lower case", str.lower), ("name in upper case", str.upper)):
            yield Row(cmdlet, member, shape, recased(member, case), RIGHT, task, evidence)
        yield Row(cmdlet, member, "absent", Put({member: ABSENT}, of), SENTENCE, task, evidence)


def _of_objects(
    cmdlet: str, task: Task, numbers: Mapping[str, str], evidence: str, named: Mapping[str, str] | None = None
) -> Iterator[Row]:
    names = named or {}
    for shape, put in OBJECTS.items():
        yield Row(cmdlet, "", shape, put, SENTENCE, task, evidence, names.get("", ""))
    for shape, expected in numbers.items():
        yield Row(cmdlet, "", shape, NUMBERS[shape], expected, task, evidence, names.get(shape, names.get("", "")))
    for shape, case in (("names in lower case", str.lower), ("names in upper case", str.upper)):
        yield Row(cmdlet, "", shape, recased("", case), RIGHT, task, evidence)


# --- settings of the protocols ---

_SETTINGS = {setting.option: setting for one in PROTOCOLS.values() for setting in one.settings}
WANTED: dict[str, Any] = {option: sample.wanted for option, sample in samples(_SETTINGS.values()).items()} | {
    "log_file_location": "D:\\Logs",
    # The largest for POP3 is the smallest for IMAP4.
    "max_command_size": 1024,
    "owa_server_url": "https://mail.contoso.test/owa",
    "ssl_bindings": {"add": ["10.0.0.1:995"]},
    "unencrypted_or_tls_bindings": {"add": ["10.0.0.1:110"]},
    "x509_certificate_name": "mail.contoso.test",
}
_PORTS = {"pop3": (995, 110), "imap4": (993, 143)}


def _fill(host: InProcessHost) -> None:
    """Values where setup leaves none, so that shapes have something to say."""
    for protocol in PROTOCOLS.values():
        secure, clear = _PORTS[protocol.key]
        told = [f"mail.contoso.test:{secure}:SSL", f"mail.contoso.test:{clear}", f"old.contoso.test:{secure}:SSL"]
        lists = {"ExternalConnectionSettings": told, "InternalConnectionSettings": told}
        values = {"LogPerFileSizeQuota": "5MB", "OwaServerUrl": "https://old.contoso.test/owa"}
        host.administer(f"Set-{protocol.noun}", **lists, **values)


def _wanted(protocol: Protocol, option: str) -> Any:
    if option.endswith("connection_settings"):
        return {"remove": [f"old.contoso.test:{_PORTS[protocol.key][0]}:SSL"]}
    return WANTED[option]


def _protocol_rows() -> Iterator[Row]:
    everything = {"two": SENTENCE, "none": SENTENCE, "text beside it": SENTENCE, "null beside it": SENTENCE}
    for protocol in PROTOCOLS.values():
        cmdlet = f"Get-{protocol.noun}"
        tasks = {
            setting.option: Task(protocol.module, {setting.option: _wanted(protocol, setting.option)}, _fill)
            for setting in protocol.settings
        }
        # Most of IMAP4's are POP3's, and the same code reads them: there a few shapes of each are enough.
        for row in _of_settings(cmdlet, protocol.settings, tasks, GUESS):
            is_own = _SETTINGS[next(iter(row.task.options))] not in POP3.settings
            if protocol is POP3 or is_own or row.shape in ("text", "texts", "object without text", "absent"):
                yield row
        yield from _of_objects(cmdlet, tasks["banner"], everything, PAGE)


# --- receive connectors ---

FRONTEND = "Client Frontend EX01"
CONNECTOR_WANTED: dict[str, Any] = {
    "advertise_client_settings": True,
    "auth_mechanism": {"remove": ["Integrated"]},
    "bindings": {"add": ["10.0.0.1:2587"]},
    "connection_inactivity_timeout": 60,
    "connection_timeout": "00:20:00",
    "enable_auth_gssapi": False,
    "enabled": False,
    "fqdn": "mail.contoso.test",
    "max_inbound_connection": "unlimited",
    "max_inbound_connection_per_source": 50,
    "max_message_size": "50MB",
    "message_rate_limit": "unlimited",
    "permission_groups": {"add": ["AnonymousUsers"]},
    "protocol_logging_level": "Verbose",
    "remote_ip_ranges": {"add": ["192.168.0.1"]},
    "require_tls": True,
    "tls_certificate_name": "<I>CN=CA, O=Contoso<S>CN=mail.contoso.test",
}


def _restrict(host: InProcessHost) -> None:
    """Networks among the ranges, beside which one is added."""
    ranges = ["10.0.0.0/8", "172.16.0.0-172.16.0.255", "::1"]
    host.administer("Set-ReceiveConnector", Identity=rf"EX01\{FRONTEND}", RemoteIPRanges=ranges)


def _add_relay(host: InProcessHost) -> None:
    """A second connector of clients on the same port, which takes few of them."""
    values = {"AuthMechanism": "Tls, BasicAuth", "PermissionGroups": "ExchangeUsers", "Server": "EX01"}
    values |= {"TransportRole": "FrontendTransport"}
    lists = {"RemoteIPRanges": ["10.10.50.0/24"], "Bindings": ["0.0.0.0:587"]}
    host.administer("New-ReceiveConnector", Name="Relay", **values, **lists)


def members(
    cmdlet: str,
    member: str,
    task: Task,
    *,
    right: Mapping[str, Any] | None = None,
    sentence: Mapping[str, Any] | None = None,
    of: str | None = None,
    evidence: str = GUESS,
    named: str = "",
    warns: bool = False,
) -> Iterator[Row]:
    """Rows of one member: shapes are values, or made of the member's own."""
    for expected, shapes in ((RIGHT, right or {}), (SENTENCE, sentence or {})):
        for shape, value in shapes.items():
            put = in_place(member, value, of) if callable(value) else Put({member: value}, of)
            yield Row(cmdlet, member, shape, put, expected, task, evidence, named, warns)
    for shape, case in (("name in lower case", str.lower), ("name in upper case", str.upper)):
        yield Row(cmdlet, member, shape, recased(member, case), RIGHT, task, evidence)


# What no text can be made of.
NO_TEXT: dict[str, Any] = {
    "absent": ABSENT,
    "null": None,
    "empty text": "",
    "object without text": TEXTLESS,
    "type name": TYPE_NAME,
    "object of a type name": text_object(TYPE_NAME),
    "list": ["x"],
    "binary data": b"\x00",
    "boolean": True,
}
TEXTS: dict[str, Any] = {
    "object": lambda value: text_object(_name(value)),
    "address": lambda value: primitive("URI", _name(value)),
}
CASES: dict[str, Any] = {
    "in lower case": lambda value: _name(value).lower(),
    "in upper case": lambda value: _name(value).upper(),
}


def _connector_rows() -> Iterator[Row]:
    cmdlet = "Get-ReceiveConnector"
    tasks = {
        option: Task(
            "receive_connector", {"name": FRONTEND, option: value}, _restrict if option == "remote_ip_ranges" else None
        )
        for option, value in CONNECTOR_WANTED.items()
    }
    yield from _of_settings(cmdlet, CONNECTOR_SETTINGS, tasks, CAPTURE, FRONTEND)
    # Without a name it has to be told which one is for users.
    task = Task("receive_connector", {"require_tls": True}, _add_relay)
    yield from _of_objects(
        cmdlet,
        task,
        {"none": SENTENCE, "text beside it": SENTENCE, "null beside it": SENTENCE},
        CAPTURE,
        {"none": "no receive connectors"},
    )
    yield from members(
        cmdlet,
        "Identity",
        task,
        of=FRONTEND,
        evidence=CAPTURE,
        right=TEXTS | CASES | {"with the full name": f"EX01.contoso.test\\{FRONTEND}"},
        sentence=NO_TEXT
        | {
            "distinguished name": f"CN={FRONTEND},CN=SMTP Receive Connectors,CN=Protocols,CN=EX01,CN=Servers",
            "name alone": FRONTEND,
            "canonical name": f"contoso.test/Configuration/EX01/{FRONTEND}",
            "of another name": "EX01\\Relay",
        },
    )
    yield from members(cmdlet, "Name", task, of=FRONTEND, evidence=CAPTURE, right=TEXTS, sentence=NO_TEXT)
    role = {"FrontendTransport": 16384, "HubTransport": 32}
    yield from members(
        cmdlet,
        "TransportRole",
        task,
        of=FRONTEND,
        evidence=CAPTURE,
        right={
            "in lower case": lambda value: _name(value).lower(),
            "translated with its number": lambda value: {"$text": "Übersetzt", "$value": role[_name(value)]},
            "number": lambda value: role[_name(value)],
            "number as text": lambda value: str(role[_name(value)]),
        },
        sentence={name: NO_TEXT[name] for name in ("absent", "null", "object without text", "type name", "list")}
        | {"translated": "Übersetzt", "number of nothing": 99},
    )
    for member in ("Bindings", "RemoteIPRanges", "PermissionGroups", "Enabled"):
        sentence = {"object without text": TEXTLESS} if member == "Bindings" else {}
        yield from members(cmdlet, member, task, of=FRONTEND, evidence=CAPTURE, sentence=sentence, named="bindings")


def _name(value: Any) -> str:
    return str(value["$text"] if isinstance(value, Mapping) else value)


# --- throttling policies ---

POLICY = "Mail programs"
_BUDGET = {"MaxConcurrency": 40, "MaxBurst": 60000, "RechargeRate": 70000, "CutoffBalance": 80000}
_SHARES = {"MaxConcurrency": 40, "PercentTimeInAD": 10, "PercentTimeInCAS": 90, "PercentTimeInMailboxRPC": 60}


def _add_policy(host: InProcessHost) -> None:
    host.administer("New-ThrottlingPolicy", Name=POLICY, **{f"Pop{name}": value for name, value in _BUDGET.items()})


def _add_old_policy(host: InProcessHost) -> None:
    host.administer("New-ThrottlingPolicy", Name=POLICY, **{f"POP{name}": value for name, value in _SHARES.items()})


def _policy_rows() -> Iterator[Row]:
    cmdlet = "Get-ThrottlingPolicy"
    for release, prepare in (("SE", _add_policy), ("2010", _add_old_policy)):
        settings = [row for row in THROTTLING_SETTINGS if (row.parameter[:3].isupper()) is (release == "2010")]
        settings = [row for row in settings if row.option.startswith("pop_")]
        tasks = {
            row.option: Task("throttling_policy", {"name": POLICY, row.option: 55}, prepare, release)
            for row in settings
        }
        yield from _of_settings(cmdlet, settings, tasks, PUBLISHED if release == "SE" else GUESS, POLICY)
    task = tasks = Task("throttling_policy", {"name": POLICY, "pop_max_concurrency": 55}, _add_policy)
    numbers = {"two": SENTENCE, "none": SENTENCE, "text beside it": SENTENCE, "null beside it": SENTENCE}
    yield from _of_objects(cmdlet, task, numbers, PUBLISHED, {"none": "name", "two": "name"})
    yield from members(cmdlet, "Name", task, right=TEXTS | CASES, sentence=NO_TEXT)
    yield from members(cmdlet, "Name", task, sentence={"of another": "Others"}, named="name")
    scope = {"Regular": 0, "Organization": 1, "Global": 2}
    yield from members(
        cmdlet,
        "ThrottlingPolicyScope",
        task,
        right={
            "in lower case": lambda value: _name(value).lower(),
            "translated with its number": lambda value: {"$text": "Übersetzt", "$value": scope[_name(value)]},
            "number": lambda value: scope[_name(value)],
        },
        sentence={"object without text": TEXTLESS, "translated": "Übersetzt", "number of nothing": 9, "null": None},
    )


# --- mailboxes ---

_MAILBOX = {setting.option: setting for setting in MAILBOX_SETTINGS}
READER, ADMINISTRATOR = "reader@contoso.test", "administrator@contoso.test"


def _own_values(host: InProcessHost) -> None:
    """Mailboxes that do not use the protocols' defaults, so that all of their own counts."""
    for name in ("reader", "administrator"):
        own = {"PopUseProtocolDefaults": False, "ImapUseProtocolDefaults": False, "EwsAllowList": ["OWA/*", "Other/*"]}
        host.administer("Set-CASMailbox", Identity=name, **own)


def _closed(host: InProcessHost) -> None:
    host.organisation.mailboxes.add("Anna", "anna")
    for name in ("reader", "administrator", "anna"):
        host.administer("Set-CASMailbox", Identity=name, PopEnabled=False)


def _closed_without_users(host: InProcessHost) -> None:
    _closed(host)
    host.fault("rbac_without", cmdlet="Get-User")


def _open(host: InProcessHost) -> None:
    host.organisation.mailboxes.add("Anna", "anna")
    host.administer("Set-CASMailbox", Identity="reader", PopEnabled=False)


def _mailbox_rows() -> Iterator[Row]:
    cmdlet = "Get-CASMailbox"
    tasks = {}
    for option, setting in _MAILBOX.items():
        wanted: Any = not option.endswith(("_enabled", "outlook", "entourage"))
        with_it: dict[str, Any] = {}
        if isinstance(setting.kind, Enum):
            wanted = "TextOnly"
        elif option == EWS_POLICY:
            wanted = "EnforceBlockList"
        elif option in EWS_LISTS:
            wanted, with_it = {"add": ["Tickets/*"]}, {EWS_POLICY: EWS_LISTS[option]}
        options = {"identities": [ADMINISTRATOR, READER], option: wanted, **with_it}
        tasks[option] = Task("cas_mailbox", options, _own_values)
    yield from _of_settings(cmdlet, MAILBOX_SETTINGS, tasks, GUESS, "Reader")
    for protocol in ("Pop", "Imap"):
        # It is read for what depends on it as well.
        custom = Task(
            "cas_mailbox",
            {"identities": [ADMINISTRATOR, READER], f"{protocol.lower()}_suppress_read_receipt": True},
            _own_values,
        )
        switch = _MAILBOX[f"{protocol.lower()}_use_protocol_defaults"]
        yield from _of_settings(cmdlet, [switch], {switch.option: custom}, GUESS, "Reader")

    by_name = Task("cas_mailbox", {"identities": [ADMINISTRATOR, READER], "pop_enabled": False})
    one = Task("cas_mailbox", {"identities": [READER], "pop_enabled": False})
    by_filter = Task("cas_mailbox", {"filter": "Name -like '*'", "pop_enabled": True}, _closed)
    unproven = Task("cas_mailbox", {"filter": "Name -like '*'", "pop_enabled": True}, _closed_without_users)
    alone = Task("cas_mailbox", {"identities": [READER], "exclusive": True, "pop_enabled": True}, _open)
    several = {"none": SENTENCE, "two": SENTENCE, "text beside it": SENTENCE, "null beside it": SENTENCE}
    for task in (by_name, one):
        yield from _of_objects(cmdlet, task, several, GUESS, {"none": "identities", "two": "identities"})
    beside = {"text beside it": SENTENCE, "null beside it": SENTENCE, "text before it": SENTENCE}
    yield from _of_objects(cmdlet, by_filter, beside, GUESS)
    yield from _of_objects(cmdlet, alone, beside, GUESS)

    zero = "00000000-0000-0000-0000-000000000000"
    no_guid = NO_TEXT | {"of nobody": zero, "no GUID": "4711"}
    same = "5f1a3d60-7c2e-4b8a-9d41-0000000000ff"
    for task in (by_name, by_filter, alone):
        yield from members(
            cmdlet,
            "Guid",
            task,
            right=no_guid | {"text": str, "object": text_object, "in upper case": str.upper},
            sentence={"equal": same},
            named="GUID",
        )
        neither = Put({"Guid": ABSENT, "DistinguishedName": ABSENT})
        yield Row(cmdlet, "Guid", "neither it nor a distinguished name", neither, SENTENCE, task, named="GUID")
    for task, warns in ((by_name, False), (alone, True)):
        yield from members(
            cmdlet, "DistinguishedName", task, right=NO_TEXT | {"object": text_object, "in lower case": str.lower},
            warns=warns,
        )  # fmt: skip
    for task in (by_name, by_filter, alone):
        yield from members(cmdlet, "PrimarySmtpAddress", task, right=NO_TEXT | TEXTS)
        yield from members(
            cmdlet,
            "SamAccountName",
            task,
            right=NO_TEXT | {"with its domain": lambda value: f"CONTOSO\\{value}", "object": text_object},
        )
    yield from members(
        cmdlet,
        "SamAccountName",
        unproven,
        right=TEXTS | CASES | {"with its domain": lambda value: f"CONTOSO\\{value}"},
        sentence=NO_TEXT | {"something else": "CN=Administrator,CN=Users", "an address": ADMINISTRATOR},
    )
    yield from members(
        "Get-User",
        "Sid",
        by_filter,
        right={"object": text_object, "text": _name} | NO_TEXT | {"of a group": "S-1-5-32-544"},
        warns=True,
    )
    for member in ("Guid", "DistinguishedName"):
        yield from members("Get-User", member, by_filter, right=NO_TEXT | {"object": text_object}, warns=True)
    for shape, put in (OBJECTS | NUMBERS).items():
        yield Row("Get-User", "", shape, put, RIGHT, by_filter, warns=True)


# --- the server ---

_ADD = {"banner": "New."}


def _server_rows() -> Iterator[Row]:
    cmdlet = "Get-ExchangeServer"
    connected = Task("pop_settings", _ADD)
    named = Task("pop_settings", _ADD | {"server": "EX01"})
    for task in (connected, named):
        numbers = {"two": SENTENCE, "none": SENTENCE, "text beside it": SENTENCE, "null beside it": SENTENCE}
        yield from _of_objects(cmdlet, task, numbers, CAPTURE, {"none": "server", "two": "server"})
        yield from members(
            cmdlet, "Name", task, right={"object": text_object}, sentence=NO_TEXT, evidence=CAPTURE
        )  # fmt: skip
        # Its name is proof enough where it is the one that was asked for.
        for member in ("Guid", "DistinguishedName", "ExchangeLegacyDN"):
            yield from members(cmdlet, member, task, right=NO_TEXT, evidence=CAPTURE)
        yield from members(
            cmdlet,
            "AdminDisplayVersion",
            task,
            evidence=CAPTURE,
            right={
                "text": "Version 15.2 (Build 2562.17)",
                "version": primitive("Version", "15.2.2562.17"),
                "object without members": text_object("Version 15.2 (Build 2562.17)"),
                "members in lower case": {"$text": "?", "major": 15, "minor": 2, "build": 2562, "revision": 17},
                "members as text": {"$text": "?", "Major": "15", "Minor": "2", "Build": "2562", "Revision": "17"},
                "translated": "Version 15.2 (Сборка 2562.17)",
            },
            sentence=NO_TEXT | {"without a number": "Exchange", "number": 15, "a product": "Exchange Server 2019"},
        )
        yield from members(
            cmdlet,
            "OriginatingServer",
            task,
            evidence=CAPTURE,
            right=NO_TEXT | {"object": text_object, "in upper case": str.upper},
        )
    yield from members(
        cmdlet,
        "Fqdn",
        Task("receive_connector", {"fqdn": "mail.contoso.test"}),
        evidence=CAPTURE,
        right=TEXTS | CASES,
        sentence=NO_TEXT,
    )
    for member in ("IsClientAccessServer", "IsMailboxServer"):
        yield from members(cmdlet, member, connected, right=NO_TEXT, evidence=CAPTURE)
        yield from members(
            cmdlet,
            member,
            Task("protocol_service", {"protocol": "pop3", "state": "started"}, release="2013"),
            evidence=CAPTURE,
            right={"text": str, "in lower case": lambda value: str(value).lower()},
            sentence={name: value for name, value in NO_TEXT.items() if name != "boolean"}
            | {"number": 1, "translated": "Wahr"},
        )


# --- what services and components say ---

SERVICE_TYPE = "System.ServiceProcess.ServiceController"
_STATE = {"Stopped": 1, "Running": 4}
_MODE = {"Auto": 2, "Manual": 3, "Disabled": 4}
_BY_STATE = Task("protocol_service", {"protocol": "pop3", "state": "started"})
_BY_MODE = Task("protocol_service", {"protocol": "pop3", "start_mode": "automatic"})


def _start(host: InProcessHost) -> None:
    for name in ("MSExchangePop3", "MSExchangePOP3BE"):
        host.administer("Start-Service", endpoint="windows", Name=name)


_RESTART = Task("protocol_service", {"protocol": "pop3", "state": "restarted"}, _start)
_IIS = Task("iis", {"state": "restarted"})
_REPORT = Task("client_access_info", {"protocols": ["pop3"]}, _start)


def _service_rows() -> Iterator[Row]:
    cmdlet = "Get-CimInstance"
    unknown = {name: value for name, value in NO_TEXT.items() if name != "absent"}
    for task in (_BY_STATE, _RESTART, _IIS):
        yield from members(
            cmdlet,
            "State",
            task,
            evidence=PAGE,
            right={
                "number": lambda value: _STATE[value],
                "number as text": lambda value: str(_STATE[value]),
                "translated with its number": lambda value: {"$text": "Übersetzt", "$value": _STATE[value]},
                **TEXTS,
                **CASES,
            },
            sentence=NO_TEXT | {"translated": "Läuft", "number of nothing": 99},
        )
    yield from members(
        cmdlet,
        "StartMode",
        _BY_MODE,
        evidence=PAGE,
        right={"number": lambda value: _MODE[value], "as Set-Service says": _long_mode, **TEXTS, **CASES},
        sentence=NO_TEXT | {"translated": "Automatisch", "number of nothing": 99},
    )
    for task in (_RESTART, _IIS):
        yield from members(
            cmdlet,
            "ProcessId",
            task,
            evidence=PAGE,
            right={"text": str, "64 bits": PSInt64, "object": lambda value: text_object(str(value))},
            sentence=NO_TEXT | {"with a separator": "5,000"},
        )
    everything = {"none": SENTENCE, "text beside it": SENTENCE, "null beside it": SENTENCE}
    for task, none in ((_BY_STATE, "Win32_ComputerSystem"), (_IIS, "W3SVC")):
        yield from members(cmdlet, "Name", task, evidence=PAGE, right=TEXTS | CASES, sentence=unknown)
        yield from _of_objects(cmdlet, task, everything, PAGE, {"": "Win32_Service", "none": none})
    yield from members(
        cmdlet,
        "SystemName",
        _BY_STATE,
        evidence=PAGE,
        # The host can still be asked for its own name.
        right=TEXTS | CASES | NO_TEXT,
        sentence={"of another computer": "EX02"},
        named="EX02",
    )
    yield from members(
        "Get-Service",
        "DependentServices",
        _IIS,
        evidence=CAPTURE,
        right={
            "objects of their names": lambda value: [text_object(one) for one in value],
            "enumerable": lambda value: collection("IE", value),
        },
        sentence=NO_TEXT
        | {
            "twice": lambda value: [*value, *value],
            "type names": lambda value: [SERVICE_TYPE for _ in value],
            "objects of type names": lambda value: (
                [text_object("System.ServiceProcess.ServiceController")] * len(value)
            ),
            "objects": lambda value: [TEXTLESS for _ in value],
            "joined": ", ".join,
            "as it is printed": lambda value: f"{{{', '.join(value)}}}",
            "joined in an item": lambda value: [",".join(value)],
            "cut short": lambda value: [*value[:2], "..."],
            "one item null": lambda value: [*value, None],
            "none": [],
            "of nobody": ["NoSuchService"],
            "without W3SVC": lambda value: [one for one in value if one != "W3SVC"],
        },
    )
    several = {"none": SENTENCE, "two": SENTENCE, "text beside it": SENTENCE, "null beside it": SENTENCE}
    yield from _of_objects("Get-Service", _IIS, several, CAPTURE)


def _long_mode(value: str) -> str:
    return {"Auto": "Automatic"}.get(value, value)


def _report_rows() -> Iterator[Row]:
    """A report is not ended by what it cannot read: it says so, and judges nothing by it."""
    for protocol in PROTOCOLS.values():
        task = Task("client_access_info", {"protocols": [protocol.key]}, _fill)
        for setting in protocol.settings:
            for shape in ("object without text", "binary data", "boolean"):
                value = {**unreadable(setting.kind), "binary data": lambda _: b"x"}.get(shape)
                if value is not None:
                    put = in_place(setting.parameter, value)
                    named = setting.option
                    yield Row(f"Get-{protocol.noun}", setting.parameter, shape, put, SENTENCE, task, named=named)
    task = Task("client_access_info", {"protocols": ["pop3"], "gather": ["connectors"]})
    for setting in CONNECTOR_SETTINGS:
        put = Put({setting.parameter: TEXTLESS}, FRONTEND)
        yield Row(
            "Get-ReceiveConnector", setting.parameter, "object without text", put, SENTENCE, task, CAPTURE,
            named=setting.option,
        )  # fmt: skip
    unknown = {"no zone": "2026-11-26T10:00:00", "text": "26.11.2026 10:00:00", "type name": TYPE_NAME}
    unknown |= {name: NO_TEXT[name] for name in ("absent", "null", "object without text", "list")}
    for cmdlet in ("Get-PopSettings", "Get-Process"):
        member = "WhenChangedUTC" if cmdlet == "Get-PopSettings" else "StartTime"
        named = "settings_changed" if member == "WhenChangedUTC" else member
        evidence = CAPTURE if member == "WhenChangedUTC" else GUESS
        yield from members(cmdlet, member, _REPORT, sentence=unknown, evidence=evidence, named=named)
    yield from members("Get-Process", "Id", _REPORT, right={"text": str, "64 bits": PSInt64}, sentence=unknown)
    state = {"Active": 1, "Inactive": 0, "Draining": 2}
    yield from members(
        "Get-ServerComponentState",
        "State",
        _REPORT,
        evidence=CAPTURE,
        right={"in lower case": lambda v: _name(v).lower(), "in upper case": lambda v: _name(v).upper()}
        | {"text": _name, "object": lambda value: text_object(_name(value))},
        sentence=NO_TEXT | {"translated": "Aktiv", "number of nothing": 99},
    )
    yield from members(
        "Get-ServerComponentState",
        "State",
        _REPORT,
        evidence=CAPTURE,
        right={"translated with its number": lambda value: {"$text": "Aktiv", "$value": state[_name(value)]}},
    )
    yield from members(
        "Get-ServerComponentState", "Component", _REPORT, evidence=CAPTURE, right=TEXTS | CASES, sentence=NO_TEXT
    )
    several = {"none": SENTENCE, "two": SENTENCE}
    yield from _of_objects("Get-ServerComponentState", _REPORT, several, CAPTURE)


# --- tests of connectivity ---


def _with_a_reader(host: InProcessHost) -> None:
    _start(host)
    host.organisation.accounts["reader"] = "Correct-Horse-1"


_TEST = Task(
    "connectivity_test",
    {"protocol": "pop3", "user": "reader", "password": "Correct-Horse-1", "connection_type": "Ssl", "port": 995}
    | {"trust_any_certificate": True},
    _with_a_reader,
)


def _connectivity_rows() -> Iterator[Row]:
    cmdlet = "Test-PopConnectivity"
    results = {"Success": 1, "Failure": 2, "Skipped": 3}

    def result(text: str | None, value: Any) -> dict[str, Any]:
        return {"$text": text, "$type": "Microsoft.Exchange.Monitoring.CasTransactionResult", "Value": value}

    yield from members(
        cmdlet,
        "Result",
        _TEST,
        right={
            "text": _name,
            "translated with its value": lambda v: result("Erfolgreich", {"$text": _name(v), "$value": 1}),
            "value in lower case": lambda v: result("?", {"$text": _name(v).lower()}),
            "value as a number": lambda v: result("?", results[_name(v)]),
            "member in lower case": lambda v: {"$text": "?", "value": {"$text": _name(v), "$value": 1}},
            "value translated with its number": lambda v: result("?", {"$text": "Übersetzt", "$value": 1}),
        }
        # The type of the event tells it too.
        | NO_TEXT
        | {"number of nothing": result("?", 99)},
    )
    for shape, value in (NO_TEXT | {"number of nothing": result("?", 99), "translated": "Erfolgreich"}).items():
        for member, other in (("Result", value), ("EventType", value)):
            put = Put({"Result": "Übersetzt", "EventType": "Übersetzt", member: other})
            yield Row(cmdlet, member, f"{shape} and neither tells it", put, SENTENCE, _TEST, named="Result")
    several = {"none": SENTENCE, "text beside it": SENTENCE, "null beside it": SENTENCE}
    yield from _of_objects(cmdlet, _TEST, several, GUESS)
    for member in ("ClientAccessServer", "Scenario", "Error", "Latency"):
        yield from members(cmdlet, member, _TEST)


# --- certificates ---

MAIL = "mail.contoso.test"


def _with_a_certificate(host: InProcessHost) -> None:
    for protocol in ("Pop", "Imap"):
        host.administer(f"Set-{protocol}Settings", X509CertificateName=MAIL)
    host.server.certificates.enable(host.server.certificates.all[-1], ["SMTP"])


_CERTIFICATE = Task("exchange_certificate", {"name": MAIL, "services": ["POP"]}, _with_a_certificate, forms=("full",))


def _certificate_rows() -> Iterator[Row]:
    cmdlet = "Get-ExchangeCertificate"
    shapes = NO_TEXT | {"of nothing": b"\x30"}
    # What is no certificate is none of those to choose from, and a warning says why.
    left_out = "is left out"
    yield from members(cmdlet, "RawData", _CERTIFICATE, evidence=CAPTURE, sentence=shapes, named=left_out)
    yield from _of_objects(cmdlet, _CERTIFICATE, {"none": SENTENCE}, CAPTURE, {"": left_out, "none": "it has none"})


# --- what writing cmdlets put out ---


def _writing_rows() -> Iterator[Row]:
    """What they put out is not looked at: a look at the object itself tells what has come about."""
    for cmdlet, task in (
        ("Set-PopSettings", Task("pop_settings", _ADD)),
        ("Set-ImapSettings", Task("imap_settings", _ADD)),
        ("Set-ReceiveConnector", Task("receive_connector", {"require_tls": True})),
        ("Set-CASMailbox", Task("cas_mailbox", {"identities": [READER], "pop_enabled": False})),
        ("Set-ThrottlingPolicy", Task("throttling_policy", {"name": POLICY, "pop_max_concurrency": 55}, _add_policy)),
        ("Start-Service", _BY_STATE),
        ("Set-Service", _BY_MODE),
        ("Restart-Service", _RESTART),
        ("Stop-Service", _IIS),
    ):
        for shape, put in OBJECTS.items():
            yield Row(cmdlet, "", shape, put, RIGHT, task, PAGE)


TASKS: tuple[Task, ...] = (
    Task(
        "pop_settings",
        {option: WANTED[option] for option in ("banner", "login_type", "log_file_location", "max_connections")}
        | {option: WANTED[option] for option in ("ssl_bindings", "log_per_file_size_quota", "protocol_log_enabled")}
        | {"external_connection_settings": {"add": ["new.contoso.test:995:SSL"]}},
        _fill,
    ),
    Task("imap_settings", {option: WANTED[option] for option in ("ssl_bindings", "max_command_size")}, _fill),
    Task(
        "receive_connector",
        {"name": FRONTEND}
        | {option: CONNECTOR_WANTED[option] for option in ("auth_mechanism", "bindings", "connection_timeout")}
        | {option: CONNECTOR_WANTED[option] for option in ("max_message_size", "remote_ip_ranges", "require_tls")},
        _restrict,
    ),
    Task("throttling_policy", {"name": POLICY, "pop_max_concurrency": 55, "pop_max_burst": 55}, _add_policy),
    Task("cas_mailbox", {"identities": [ADMINISTRATOR, READER], "pop_enabled": False}),
    Task("cas_mailbox", {"filter": "Name -like '*'", "pop_enabled": True}, _closed),
    Task("cas_mailbox", {"identities": [READER], "exclusive": True, "pop_enabled": True}, _open),
    _BY_STATE,
    _RESTART,
    _IIS,
    _REPORT,
    _TEST,
    _CERTIFICATE,
)
"""A task or more of each module, with options that are of many kinds."""

ROWS: tuple[Row, ...] = (
    *_protocol_rows(),
    *_connector_rows(),
    *_policy_rows(),
    *_mailbox_rows(),
    *_server_rows(),
    *_service_rows(),
    *_report_rows(),
    *_connectivity_rows(),
    *_certificate_rows(),
    *_writing_rows(),
)
