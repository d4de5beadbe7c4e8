"""Get-Process, Get-CimInstance and Get-WmiObject."""

from __future__ import annotations

import datetime
from typing import Any

from psrpcore.types import ErrorCategory, PSInt64, PSUInt, PSUInt64

from .. import errors, shapes, wql
from ..catalogue.services import KERNEL_DRIVER
from ..engine import Call, behaviour, has_wildcard, matches
from ..services import Service

_COMPONENT = ("System.ComponentModel.Component", "System.MarshalByRefObject", "System.Object")
# Any process has some of these; PowerShell adds the short names.
_HANDLES = 450
_MEMORY = {
    "NonpagedSystemMemorySize64": 40_960,
    "PagedMemorySize64": 52_428_800,
    "VirtualMemorySize64": 2_203_318_222_848,
    "WorkingSet64": 62_914_560,
}
_SHORT_NAMES = {
    "VM": "VirtualMemorySize64",
    "WS": "WorkingSet64",
    "PM": "PagedMemorySize64",
    "NPM": "NonpagedSystemMemorySize64",
}
# What PowerShell works out of the program's file and of its times, which no process here has.
_BY_SCRIPT = ("Path", "Company", "CPU", "FileVersion", "ProductVersion", "Description", "Product")
_START_MODE = {"Automatic": "Auto", "Manual": "Manual", "Disabled": "Disabled"}
_PARENTS = {
    "Win32_Service": ("Win32_BaseService", "CIM_Service", "CIM_LogicalElement", "CIM_ManagedSystemElement"),
    "Win32_Process": ("CIM_Process", "CIM_LogicalElement", "CIM_ManagedSystemElement"),
    "Win32_ComputerSystem": ("CIM_UnitaryComputerSystem", "CIM_ComputerSystem", "CIM_ManagedSystemElement"),
}
_KEY = {"Win32_Service": "Name", "Win32_Process": "Handle", "Win32_ComputerSystem": "Name"}


@behaviour("Get-Process")
def get_process(call: Call) -> None:
    running = [one for one in call.server.services if one.running and one.row.service_type != KERNEL_DRIVER]
    chosen = [] if {"Name", "Id"} & call.arguments.keys() else running
    for number in call.arguments.get("Id", ()):
        hits = [one for one in running if one.pid == number]
        if not hits:
            _missing(call, "Id", f"Cannot find a process with the process identifier {number}.", number)
        chosen += hits
    for pattern in call.arguments.get("Name", ()):
        hits = [one for one in running if matches(pattern, one.row.process)]
        if not hits and not has_wildcard(pattern):
            text = (
                f'Cannot find a process with the name "{pattern}". Verify the process name and call the cmdlet again.'
            )
            _missing(call, "Name", text, pattern)
        chosen += hits
    call.output += [_process_object(call, one) for one in sorted(chosen, key=lambda one: (one.row.process, one.pid))]


def _missing(call: Call, kind: str, text: str, target: str | int) -> None:
    error_id = f"NoProcessFoundForGiven{kind}"
    call.errors.append(call.windows_failure(error_id, text, ErrorCategory.ObjectNotFound, errors.PROCESS, target))


def _process_object(call: Call, service: Service) -> Any:
    assert service.started is not None
    members: list[tuple[str, Any]] = [
        ("BasePriority", 8),
        ("HandleCount", _HANDLES),
        ("HasExited", False),
        ("Id", service.pid),
        ("MachineName", "."),
        *((name, PSInt64(size)) for name, size in _MEMORY.items()),
        ("ProcessName", service.row.process),
        ("SessionId", 0),
    ]
    # A property that cannot be read is left out by PowerShell's serializer.
    if call.organisation.faults.first(call.server.name, "process_unreadable") is None:
        members.append(("StartTime", shapes.date_time(service.started.astimezone(call.organisation.zone))))
    types = ("System.Diagnostics.Process", *_COMPONENT)
    text = f"System.Diagnostics.Process ({service.row.process})"
    added = [
        ("Name", service.row.process),
        ("SI", 0),
        ("Handles", _HANDLES),
        *((short, PSInt64(_MEMORY[name])) for short, name in _SHORT_NAMES.items()),
        *((name, None) for name in _BY_SCRIPT),
        ("__NounName", "Process"),
    ]
    return shapes.wire_object(types, text, members, added)


@behaviour("Get-CimInstance", "Get-WmiObject")
def get_instances(call: Call) -> None:
    wmi = call.cmdlet.name == "Get-WmiObject"
    wanted = call.arguments["Class" if wmi else "ClassName"]
    name = next((one for one in _PARENTS if one.casefold() == wanted.casefold()), None)
    if name is None:
        raise _query_failure(call, wmi, "HRESULT 0x80041010", "Invalid class", ErrorCategory.MetadataError, wanted)
    try:
        given = call.arguments.get("Filter")
        keep = wql.parse(given) if given else None
        instances = [one for one in _instances(call, name, wmi) if keep is None or keep(one)]
    except wql.InvalidQuery:
        raise _query_failure(
            call, wmi, "HRESULT 0x80041017", "Invalid query", ErrorCategory.InvalidArgument, wanted
        ) from None
    only = {one.casefold() for one in call.arguments.get("Property", ())}
    for instance in instances:
        members = {key: None if only and key.casefold() not in only else value for key, value in instance.items()}
        if wmi:
            members = _system_properties(call, name, instance) | members
        call.output.append(_instance_object(name, wmi, members, instance[_KEY[name]]))


def _query_failure(
    call: Call, wmi: bool, error_id: str, text: str, category: ErrorCategory, target: str
) -> errors.Failure:
    if wmi:
        types = ("System.Management.ManagementException", "System.SystemException")
        return call.windows_failure("GetWMIManagementException", f'{text} "{target}"', category, types, target)
    return call.windows_failure(error_id, f"{text} ", category, errors.CIM, target)


def _instances(call: Call, name: str, wmi: bool) -> list[dict[str, Any]]:
    if name == "Win32_ComputerSystem":
        return [
            {
                "Name": call.server.name,
                "DNSHostName": call.server.name,
                "Domain": call.organisation.domain,
                "PartOfDomain": True,
            }
        ]
    services = [one for one in call.server.services if one.row.service_type != KERNEL_DRIVER]
    if name == "Win32_Service":
        return [_service_instance(call, one) for one in services]
    return [_process_instance(call, one, wmi) for one in services if one.running]


def _service_instance(call: Call, service: Service) -> dict[str, Any]:
    row = service.row
    return {
        "Name": row.name,
        "Status": "OK",
        "ExitCode": PSUInt(0),
        "ServiceType": "Own Process" if row.service_type[1] == 16 else "Share Process",
        "StartMode": _START_MODE[service.start_type],
        "Caption": row.display_name,
        "Started": service.running,
        "SystemName": call.server.name,
        "AcceptPause": service.running and "pause" in row.accepts,
        "AcceptStop": service.running and "stop" in row.accepts,
        "DisplayName": row.display_name,
        "StartName": row.account,
        "State": service.status,
        "DelayedAutoStart": False,
        "ProcessId": PSUInt(service.pid),
    }


def _process_instance(call: Call, service: Service, wmi: bool) -> dict[str, Any]:
    created: Any = None
    if service.started and call.organisation.faults.first(call.server.name, "process_unreadable") is None:
        created = shapes.date_time(service.started.astimezone(call.organisation.zone))
    return {
        "Name": f"{service.row.process}.exe",
        "Caption": f"{service.row.process}.exe",
        "CreationDate": _management_time(created) if wmi and created else created,
        "Handle": str(service.pid),
        "ProcessId": PSUInt(service.pid),
        "CSName": call.server.name,
        "HandleCount": PSUInt(_HANDLES),
        "VirtualSize": PSUInt64(_MEMORY["VirtualMemorySize64"]),
        "WorkingSetSize": PSUInt64(_MEMORY["WorkingSet64"]),
    }


def _system_properties(call: Call, name: str, instance: dict[str, Any]) -> dict[str, Any]:
    """What WMI itself tells of every object; .NET shows it before the members of the class."""
    path = f'{name}.{_KEY[name]}="{instance[_KEY[name]]}"'
    server = call.server.name
    return {
        "__GENUS": 2,
        "__CLASS": name,
        "__SUPERCLASS": _PARENTS[name][0],
        "__DYNASTY": "CIM_ManagedSystemElement",
        "__RELPATH": path,
        "__PROPERTY_COUNT": len(instance),
        "__DERIVATION": shapes.wire_list(("System.String[]", "System.Array", "System.Object"), _PARENTS[name]),
        "__SERVER": server,
        "__NAMESPACE": r"root\cimv2",
        "__PATH": rf"\\{server}\root\cimv2:{path}",
    }


def _management_time(moment: datetime.datetime) -> str:
    """WMI's own form of a time: twenty-five characters with the offset in minutes."""
    offset = int((moment.utcoffset() or datetime.timedelta()).total_seconds() // 60)
    return f"{moment:%Y%m%d%H%M%S}.{moment.microsecond:06}{offset:+04}"


def _instance_object(name: str, wmi: bool, members: dict[str, Any], key: Any) -> Any:
    added = _added(name, wmi, members)
    if wmi:
        kind = "System.Management.ManagementObject"
        types = [f"{kind}#root\\cimv2\\{name}", kind, "System.Management.ManagementBaseObject", *_COMPONENT]
        return shapes.wire_object(types, f'\\\\.\\root\\cimv2:{name}.{_KEY[name]}="{key}"', members.items(), added)
    base = "Microsoft.Management.Infrastructure.CimInstance"
    classes = (name, *_PARENTS[name])
    types = [f"{base}#root/cimv2/{one}" for one in classes] + [f"{base}#{one}" for one in classes]
    text = f'{name} ({_KEY[name]} = "{key}")'
    return shapes.wire_object([*types, base, "System.Object"], text, members.items(), added)


def _added(name: str, wmi: bool, members: dict[str, Any]) -> list[tuple[str, Any]]:
    """What PowerShell's own type data adds."""
    added = [("PSComputerName", members["__SERVER"])] if wmi else []
    if name == "Win32_Process":
        pairs = {"ProcessName": "Name", "Handles": "HandleCount", "VM": "VirtualSize", "WS": "WorkingSetSize"}
        added += [(short, members[known]) for short, known in pairs.items()]
        added.append(("Path", None))
    return added
