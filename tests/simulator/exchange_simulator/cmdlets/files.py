"""Cmdlets of PowerShell that read files: Get-ChildItem, Get-Content, Select-String."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

from psrpcore.types import ErrorCategory, PSDateTime, PSInt64, PSNoteProperty, PSObject, PSString

from .. import shapes
from ..engine import Call, behaviour, matches
from .objects import piped, text_of

_FILE = ("System.IO.FileInfo", "System.IO.FileSystemInfo", "System.MarshalByRefObject", "System.Object")
_NOT_FOUND = (
    "System.Management.Automation.ItemNotFoundException",
    "System.Management.Automation.SessionStateException",
    "System.Management.Automation.RuntimeException",
    "System.SystemException",
)
_ARGUMENT = ("System.ArgumentException", "System.SystemException")
_MATCH = (
    "System.Text.RegularExpressions.Match",
    "System.Text.RegularExpressions.Group",
    "System.Text.RegularExpressions.Capture",
    "System.Object",
)
_MATCH_INFO = ("Microsoft.PowerShell.Commands.MatchInfo", "System.Object")
_MATCHES = ("System.Text.RegularExpressions.Match[]", "System.Array", "System.Object")
_END = re.compile(r"\r\n|\n|\r")


@behaviour("Get-ChildItem")
def get_child_item(call: Call) -> None:
    for path in call.arguments["LiteralPath"]:
        folder = call.server.disk(path)
        if folder is None or not folder.exists():
            _missing(call, path)
            continue
        pattern = call.arguments.get("Filter", "*")
        for file in sorted(folder.iterdir()):
            if matches(pattern, file.name):
                call.output.append(_file(path, file))


def _file(folder: str, file: Path) -> PSObject:
    status = file.stat()
    written = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
    members = [
        ("Name", file.name),
        ("Length", PSInt64(status.st_size)),
        ("DirectoryName", folder),
        ("FullName", f"{folder}\\{file.name}"),
        ("LastWriteTimeUtc", PSDateTime.fromtimestamp(written.timestamp(), datetime.UTC)),
    ]
    return shapes.wire_object(_FILE, f"{folder}\\{file.name}", members)


@behaviour("Get-Content")
def get_content(call: Call) -> None:
    for path in call.arguments["LiteralPath"]:
        file = call.server.disk(path)
        if file is None or not file.is_file():
            _missing(call, path)
            continue
        lines = list(enumerate(_lines(file), 1))
        tail = call.arguments.get("Tail", len(lines))
        for number, line in lines[len(lines) - min(tail, len(lines)) :]:
            shown = PSString(line)
            notes = (("PSPath", f"Microsoft.PowerShell.Core\\FileSystem::{path}"), ("ReadCount", number))
            shown.PSObject.extended_properties += [PSNoteProperty(name, value) for name, value in notes]
            call.output.append(shown)


@behaviour("Select-String")
def select_string(call: Call) -> None:
    patterns = [(text, re.compile(text, re.IGNORECASE)) for text in call.arguments["Pattern"]]
    paths = call.arguments.get("LiteralPath")
    if paths is None:
        for number, line in enumerate(map(text_of, piped(call)), 1):
            call.output += _matched(patterns, line, number, "InputStream")
        return
    for path in paths:
        file = call.server.disk(path)
        if file is None or not file.is_file():
            text = f"The file {path} cannot be read: Could not find file '{path}'."
            call.errors.append(call.windows_failure("ProcessingFile", text, ErrorCategory.InvalidArgument, _ARGUMENT))
            continue
        for number, line in enumerate(_lines(file), 1):
            found = _matched(patterns, line, number, path)
            call.output += found
            if found and call.arguments.get("List"):
                break


def _matched(patterns: list[tuple[str, re.Pattern[str]]], line: str, number: int, path: str) -> list[PSObject]:
    """The first pattern that is in a line makes it one match."""
    for text, pattern in patterns:
        if found := pattern.search(line):
            members: list[tuple[str, Any]] = [
                ("Value", found[0]),
                ("Index", found.start()),
                ("Length", len(found[0])),
                ("Success", True),
            ]
            one = shapes.wire_object(_MATCH, found[0], members)
            shown = line if path == "InputStream" else f"{path}:{number}:{line}"
            told = [
                ("IgnoreCase", True),
                ("LineNumber", number),
                ("Line", line),
                ("Filename", path.rpartition("\\")[2]),
                ("Path", path),
                ("Pattern", text),
                ("Matches", shapes.wire_list(_MATCHES, [one])),
            ]
            return [shapes.wire_object(_MATCH_INFO, shown, told)]
    return []


def _lines(file: Path) -> list[str]:
    lines = _END.split(file.read_bytes().decode("utf-8-sig", "replace"))
    return lines if lines[-1] else lines[:-1]


def _missing(call: Call, path: str) -> None:
    text = f"Cannot find path '{path}' because it does not exist."
    call.errors.append(call.windows_failure("PathNotFound", text, ErrorCategory.ObjectNotFound, _NOT_FOUND, path))
