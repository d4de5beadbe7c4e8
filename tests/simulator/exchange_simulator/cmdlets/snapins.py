"""Get- and Add-PSSnapin: how Exchange's cmdlets come into an ordinary session on the server itself."""

from __future__ import annotations

from typing import Any

from psrpcore.types import ErrorCategory, PSVersion

from .. import shapes
from ..engine import Call, behaviour, has_wildcard, matches

_ARGUMENT = (
    "System.Management.Automation.PSArgumentException",
    "System.ArgumentException",
    "System.SystemException",
)


@behaviour("Get-PSSnapin")
def get_snapin(call: Call) -> None:
    registered = call.server.release.snapins
    present = registered if call.arguments.get("Registered") else sorted(call.session.runspace.snapins)
    for pattern in call.arguments.get("Name") or ["*"]:
        found = [one for one in present if matches(pattern, one)]
        if not found and "Name" in call.arguments:
            text = f"No Windows PowerShell snap-ins matching the pattern '{pattern}' were found. Check the pattern and "
            _refuse(call, "NoPSSnapInsFound", f"{text}then try the command again.", pattern)
        call.output += [_snapin_object(call, one) for one in found]


@behaviour("Add-PSSnapin")
def add_snapin(call: Call) -> None:
    for pattern in call.arguments["Name"]:
        found = [one for one in call.server.release.snapins if matches(pattern, one)]
        if not found and not has_wildcard(pattern):
            text = f"The Windows PowerShell snap-in '{pattern}' is not installed on this computer."
            _refuse(call, "AddPSSnapInRead", text, pattern)
        call.session.runspace.snapins.update(found)
        if call.arguments.get("PassThru"):
            call.output += [_snapin_object(call, one) for one in found]


def _refuse(call: Call, error_id: str, text: str, name: str) -> None:
    call.errors.append(call.windows_failure(error_id, text, ErrorCategory.InvalidArgument, _ARGUMENT, name))


def _snapin_object(call: Call, name: str) -> Any:
    members: list[tuple[str, Any]] = [
        ("Name", name),
        ("IsDefault", False),
        ("ApplicationBase", rf"C:\Program Files\Microsoft\Exchange Server\{call.server.release.folder}\bin"),
        ("PSVersion", PSVersion("1.0")),
        ("Description", "Admin Tasks for the Exchange Server"),
        ("Vendor", "Microsoft Corporation"),
    ]
    return shapes.wire_object(("System.Management.Automation.PSSnapInInfo", "System.Object"), name, members)
