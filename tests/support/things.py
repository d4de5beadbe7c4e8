"""What the functions of `Things.psm1` put out, the module beside the recordings of a real PowerShell: each scenario."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request


def custom(type_name: str = "System.Management.Automation.PSCustomObject", **members: Any) -> dict[str, Any]:
    return {"$text": None, "$type": type_name, **members}


def binding(host: str, port: int) -> dict[str, Any]:
    return {"$text": f"{host}:{port}", "$type": "Binding", "Host_": host, "Port": port}


def switch(*, on: bool) -> dict[str, Any]:
    return {"$text": str(on), "$type": "System.Management.Automation.SwitchParameter", "IsPresent": on}


SECURE_LOGIN = {"$text": "SecureLogin", "$value": 3}
ADDRESS = {
    "$text": "192.168.1.1",
    "$type": "System.Net.IPAddress",
    "AddressFamily": "InterNetwork",
    "Address": 16885952,
    "IPAddressToString": "192.168.1.1",
    "IsIPv4MappedToIPv6": False,
    **{f"IsIPv6{kind}": False for kind in ("Multicast", "LinkLocal", "SiteLocal", "Teredo", "UniqueLocal")},
}
OFFSET = {
    "$text": "01/02/2026 03:04:05 +02:00",
    "$type": "System.DateTimeOffset",
    "DateTime": "2026-01-02T03:04:05",
    "UtcDateTime": "2026-01-02T01:04:05Z",
    "LocalDateTime": "2026-01-02T01:04:05+00:00",
    "Date": "2026-01-02T00:00:00",
    "Year": 2026,
    "Month": 1,
    "Day": 2,
    "DayOfWeek": "Friday",
    "DayOfYear": 2,
    "Hour": 3,
    "Minute": 4,
    "Second": 5,
    **dict.fromkeys(["Millisecond", "Microsecond", "Nanosecond"], 0),
    "Offset": "PT2H",
    "TotalOffsetMinutes": 120,
    "TimeOfDay": "PT3H4M5S",
    "Ticks": 639029198450000000,
    "UtcTicks": 639029126450000000,
}
SCALARS = {
    "string": "it's <b>&amp; \u201cq\u201d \u00fc \u6f22 \U0001f600 _x000A_ \n \t end",
    "empty": "",
    "null": None,
    "bool": True,
    "int": 5,
    "long": 5,
    "byte": 5,
    "uint": 5,
    "ulong": 18446744073709551615,
    "double": 1.5,
    "nan": float("nan"),
    "decimal": "1.50",
    "char": "x",
    "nul": "a\0b",
    "del": "a\x7fb",
    "c1": "a\x85\x9fb",
    # No XML can hold these two.
    "fffe": "a\ufffdb",
    "ffff": "a\ufffdb",
    "plane1": "a\U0001fffeb",
    "escape": "a\x1b[31mb",
    "bidi": "a\u202eb",
    "underscore": "a_x0041_b",
    "cr": "a\r\nb\rc",
    # Half of a character.
    "surrogate": "\ufffd",
    "guid": "11111111-2222-3333-4444-555555555555",
    "uri": "https://mail.example.com/owa",
    "version": "15.2.1544.4",
    "timespan": "P14D",
    "maxtimespan": "P10675199DT2H48M5.4775807S",
    "datetime": "2026-01-02T03:04:05+00:00",
    "local": "2026-01-02T03:04:05+00:00",
    "unspecified": "2026-01-02T03:04:05",
    "offset": OFFSET,
    "bytes": {"$bytes": "AQID"},
    "xml": '<a b="1" />',
    "scriptblock": " Get-Date ",
    "enum": SECURE_LOGIN,
    "flags": {"$text": "IMAP, POP", "$value": 3},
    "noname": {"$text": "7", "$value": 7},
    "secure": custom("System.Security.SecureString"),
    "switch": switch(on=True),
    "dbnull": {"$text": "", "$type": "System.DBNull"},
    "ip": ADDRESS,
    "biginteger": {
        "$text": "1208925819614629174706176",
        "$type": "System.Numerics.BigInteger",
        "IsPowerOfTwo": True,
        "IsZero": False,
        "IsOne": False,
        "IsEven": True,
        "Sign": 1,
    },
    # What carries a note is what it was without.
    "noted": "text",
    "notedint": 5,
    "noteddate": "2026-01-02T00:00:00",
    "notedenum": SECURE_LOGIN,
}
LISTS = {
    "strings": ["a", "b"],
    "one": ["a"],
    "none": [],
    "objects": ["a", 1, None, True],
    "list": ["a", "b"],
    "arraylist": ["a", 1],
    "bindings": [
        binding("*", 110),
        binding("[::]", 995),
    ],
    "hash": {"Add": ["x", "y"], "Remove": "z"},
    "ordered": {"b": 1, "a": 2},
    "nested": [["a", "b"], ["c"]],
    # Below the depth that is sent there is text alone.
    "inner": {"$text": "Inner", "$type": "Inner", "Name": "inner", "Deep": "@{A=1; B=}"},
    "queue": ["a", "b"],
    "stack": ["b", "a"],
    "set": ["a", "b"],
    "dict": {"a": 1},
    "readonly": ["a", "b"],
    "enumerable": [1, 2, 3],
    "big": [*range(1, 2001)],
    "collection": ["a", SECURE_LOGIN],
    "enums": [SECURE_LOGIN, {"$text": "PlainTextLogin", "$value": 1}],
    "timespans": ["PT1M", "P1D"],
    "noted": ["a", "b"],
}


def out(*output: Any) -> Reply:
    return Reply(output=[*output])


def failed(error: str, category: str, exception: str, message: str, **others: Any) -> Reply:
    return Reply("failed", errors=[recorded_error(error, category, exception, message, **others)])


def recorded_error(error: str, category: str, exception: str, message: str, **others: Any) -> CmdletError:
    """The message is the beginning of what there is."""
    return CmdletError(error, category, f"System.{exception}", message, **{"cmdlet": "Set-Thing"} | others)


def write_error(message: str, error: str = "", **others: Any) -> CmdletError:
    """What Write-Error writes."""
    exception = "Microsoft.PowerShell.Commands.WriteErrorException"
    usual = {"category": "NotSpecified", "exception": exception, "cmdlet": "Write-Error"}
    return CmdletError(f"{error or exception},Set-Thing", message=message, **usual | others)


def about(name: str) -> CmdletError:
    return write_error(f"error about {name}", "ThingFailed", category="ObjectNotFound", target=name)


def thrown(name: str) -> Reply:
    text = f"thrown about {name}"
    return failed(text, "OperationStopped", "Management.Automation.RuntimeException", text, target=text)


def terminated(name: str) -> Reply:
    return failed("Terminated,Set-Thing", "InvalidOperation", "InvalidOperationException", "terminated", target=name)


def unanswered(method: str) -> Reply:
    """A cmdlet asked somebody, and there is nobody."""
    message = f'Exception calling "{method}" with '
    exception = "Management.Automation.MethodInvocationException"
    return failed("HostException,Set-Thing", "NotSpecified", exception, message)


def refused(parameter: str, what: str) -> Reply:
    """A parameter's value was not taken."""
    verb = {"Transformation": "process argument transformation", "Validation": "validate argument"}[what]
    return failed(
        f"ParameterArgument{what}Error,Set-Thing",
        "InvalidData",
        f"Management.Automation.ParameterBinding{'Argument' * (what == 'Transformation')}{what}Exception",
        f"Cannot {verb} on parameter '{parameter}'.",
        parameter=parameter,
    )


def thing(**changed: Any) -> Reply:
    """What Set-Thing puts out."""
    usual: dict[str, Any] = {
        "Identity": "me",
        "Port": 0,
        "LoginType": None,
        "Bindings": None,
        "Any": None,
        "AnyType": custom(),
        "Flag": False,
        "Timeout": None,
        "Choice": "",
        "Force": switch(on=False),
        "User": None,
        "Secret": custom(),
    }
    return out(custom(**usual | changed))


FORMAT = "Microsoft.PowerShell.Commands.Internal.Format"


def formatted(text: str) -> dict[str, Any]:
    """A line of a table, as an object."""
    entry = {
        **dict.fromkeys(["$text", "$type"], f"{FORMAT}.RawTextFormatEntry"),
        "ClassId2e4f51ef21dd47e99d3c952918aff9cd": "29ED81BA914544d4BC430F027EE053E9",
        "text": text,
    }
    return {
        **dict.fromkeys(["$text", "$type"], f"{FORMAT}.FormatEntryData"),
        "ClassId2e4f51ef21dd47e99d3c952918aff9cd": "27c87ef9bbda4f709f6b4002fa4af63c",
        "formatEntryInfo": entry,
        "outOfBand": True,
        "writeStream": "None",
    }


HOWS = {
    "warning": Reply(warnings=["warning about me \u00fc"]),
    "error": Reply(errors=[about("me")]),
    "throw": thrown("me"),
    "terminate": terminated("me"),
    "details": Reply(
        errors=[
            recorded_error(
                "[Server=EX01,RequestId=11111111-2222-3333-4444-555555555555,TimeStamp=1/2/2026 3:04:05 AM] "
                "[FailureCategory=Cmdlet-ManagementObjectNotFoundException] 1A2B3C4D,Set-Thing",
                "NotSpecified",
                "Exception",
                "message of the details",
                target="me",
            )
        ]
    ),
    "after": replace(out("me written"), errors=[write_error("after the write")]),
    "two": Reply(errors=[write_error("one"), write_error("two")], warnings=["w"]),
    # Neither of these is any of ours.
    "host": out("out"),
    "hostend": out("out"),
    "hostoutput": out("out"),
    "information": Reply(),
    "progress": out("out"),
    "verbose": Reply(),
    "debug": Reply(),
    "confirm": unanswered("ShouldContinue"),
    "prompt": unanswered("Prompt"),
    "readhost": failed(
        "HostFunctionNotImplemented,Microsoft.PowerShell.Commands.ReadHostCommand",
        "NotImplemented",
        "Management.Automation.Host.HostException",
        "A command that prompts the user failed",
        cmdlet="Read-Host",
    ),
    "sleep": out("slept"),
    "console": out("out"),
    "stderr": out("out"),
    # The host is asked to end, which it does not.
    "exit": Reply(),
    "formatted": out(*map(formatted, "123")),
    "unicode": Reply(
        errors=[recorded_error("Id,Set-Thing", "NotSpecified", "Exception", "\u00fc \u6f22 \U0001f600 \n second line")]
    ),
}
PASSWORD = 'args {"Credential": {"$credential": {"user": "SIM\\\\u", "password": "geheim \u00fc\u2019"}}}'
ARGUMENTS = {
    'args {"Port": 70000}': refused("Port", "Validation"),
    'args {"Port": "x"}': refused("Port", "Transformation"),
    'args {"LoginType": "SecureLogin"}': thing(LoginType=SECURE_LOGIN),
    'args {"LoginType": 3}': thing(LoginType=SECURE_LOGIN),
    'args {"LoginType": "Nope"}': refused("LoginType", "Transformation"),
    'args {"Bindings": ["*:110", "[x]:1"]}': thing(Bindings=[binding("*", 110), binding("[x]", 1)]),
    'args {"Bindings": ["nocolon"]}': refused("Bindings", "Transformation"),
    'args {"Any": {"add": ["x"], "remove": "z"}}': thing(
        Any={"add": ["x"], "remove": "z"}, AnyType="System.Collections.Hashtable"
    ),
    'args {"Any": ["a", "b"]}': thing(Any=["a", "b"], AnyType="System.Collections.ArrayList"),
    'args {"Any": []}': thing(Any=[], AnyType="System.Collections.ArrayList"),
    'args {"Any": null}': thing(),
    'args {"Flag": true}': thing(Flag=True),
    'args {"Flag": "x"}': refused("Flag", "Transformation"),
    'args {"Timeout": "14.00:00:00"}': thing(Timeout="P14D"),
    'args {"Timeout": "PT1H"}': refused("Timeout", "Transformation"),
    'args {"Timeout": "abc"}': refused("Timeout", "Transformation"),
    'args {"Choice": "c"}': refused("Choice", "Validation"),
    'args {"Force": true}': thing(Force=switch(on=True)),
    'args {"Confirm": false}': thing(),
    'args {"WhatIf": true}': Reply(),
    PASSWORD: thing(User="SIM\\u", Secret="geheim \u00fc\u2019"),
    # A part of a parameter's name is enough.
    'args {"Conf": true}': unanswered("ShouldProcess"),
    'args {"B": ["*:1"]}': thing(Bindings=[binding("*", 1)]),
}
SCENARIOS = {
    **{f"scalar {name}": out(value) for name, value in SCALARS.items()},
    **{f"holder {name}": out(custom(Value=value, After="after")) for name, value in SCALARS.items()},
    **{f"list {name}": out(custom(Value=value, After="after")) for name, value in LISTS.items()},
    # What cannot be read of an object is left out of it.
    "throwing": out(custom("Some.Type", Good=1, Fine="computed", Other=1)),
    **{f"how {name}": reply for name, reply in HOWS.items()},
    **ARGUMENTS,
    "no identity": failed(
        "MissingMandatoryParameter,Set-Thing",
        "InvalidArgument",
        "Management.Automation.ParameterBindingException",
        "Cannot process command because of one or more missing mandatory parameters: Identity.",
        parameter="Identity",
    ),
    "piped": Reply(errors=[about(name) for name in "abc"]),
    "piped ok": Reply(output=[thing(Identity=name).output[0] for name in "abc"]),
    "piped throw": thrown("a"),
    "piped terminate": terminated("a"),
}

# A session with nothing in it but the module has less.
NO_SECURE_STRINGS = failed(
    "CommandNotFoundException,Get-Scalar",
    "ObjectNotFound",
    "Management.Automation.CommandNotFoundException",
    "The term 'ConvertTo-SecureString' is not recognized as a name of a cmdlet",
    target="ConvertTo-SecureString",
    cmdlet="Get-Scalar",
)
BARE_ADDRESS = {name: value for name, value in ADDRESS.items() if name != "IPAddressToString"}
WITHOUT_LANGUAGE = {
    "scalar secure": NO_SECURE_STRINGS,
    "holder secure": NO_SECURE_STRINGS,
    "scalar ip": out(BARE_ADDRESS),
    "holder ip": out(custom(Value=BARE_ADDRESS, After="after")),
    "how formatted": out(*(formatted(text) | {"formatEntryInfo": f"{FORMAT}.RawTextFormatEntry"} for text in "123")),
    PASSWORD: refused("Credential", "Transformation"),
}


def request_of(scenario: str) -> Request:
    """What was asked in a scenario."""
    kind, _, rest = scenario.partition(" ")
    if kind in ("scalar", "holder", "list", "throwing"):
        return Request("windows", f"Get-{kind.capitalize()}", {"Kind": rest} if rest else {})
    if scenario == "no identity":
        return Request("windows", "Set-Thing")
    if kind == "piped":
        how = {"": "error", "ok": None}.get(rest, rest)
        return Request("windows", "Set-Thing", {"How": how} if how else {}, piped=["a", "b", "c"])
    others = json.loads(rest) if kind == "args" else {"How": rest}
    return Request("windows", "Set-Thing", {"Identity": "me", **others})


def comparable(reply: Reply, expected: Reply) -> tuple[str, str, list[str], list[CmdletError]]:
    """A reply with no more of each message than is expected of it."""
    lengths = [len(one.message) for one in expected.errors]
    errors = [replace(one, message=one.message[:length]) for one, length in zip(reply.errors, lengths, strict=True)]
    # Truth values are no numbers, and NaN is not equal to itself.
    return reply.state, json.dumps(reply.output, sort_keys=True), reply.warnings, errors
