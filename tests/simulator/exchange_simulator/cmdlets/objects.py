"""Cmdlets of PowerShell that take objects and put out others: Select-Object, ConvertFrom-Csv, Group-Object."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from psrpcore.types import ErrorCategory, PSCustomObject, PSNoteProperty, PSObject

from .. import shapes
from ..engine import Call, behaviour
from ..prepared import built

_ARGUMENT = ("System.Management.Automation.PSArgumentException", "System.ArgumentException")
_GROUP = (
    "Microsoft.PowerShell.Commands.GroupInfoNoElement",
    "Microsoft.PowerShell.Commands.GroupInfo",
    "System.Object",
)
_LIST = ("System.Collections.ArrayList", "System.Object")
_MISSING = object()


def piped(call: Call) -> list[Any]:
    """What a cmdlet is fed with."""
    return [built(item) for item in call.piped or ()]


def member(value: Any, name: str) -> Any:
    """A member by its name in any case; `_MISSING` if there is none."""
    if not isinstance(value, PSObject):
        return _MISSING
    properties = (*value.PSObject.extended_properties, *value.PSObject.adapted_properties)
    found = (one.get_value(value) for one in properties if one.name.casefold() == name.casefold())
    return next(found, _MISSING)


def text_of(value: Any) -> str:
    """A value as PowerShell makes text of it."""
    if isinstance(value, PSObject) and not isinstance(value, str):
        return str(value.PSObject.to_string or "")
    return "" if value is None else str(value)


@behaviour("Select-Object")
def select_object(call: Call) -> None:
    names, expanded = call.arguments.get("Property"), call.arguments.get("ExpandProperty")
    for item in piped(call):
        notes = [(name, _or_null(member(item, name))) for name in names or ()]
        if expanded is None:
            call.output.append(_selected(item, notes) if names else item)
            continue
        value = member(item, expanded)
        if value is _MISSING:
            text = f'Property "{expanded}" cannot be found.'
            call.errors.append(
                call.windows_failure("ExpandPropertyNotFound", text, ErrorCategory.InvalidArgument, _ARGUMENT, item)
            )
            continue
        call.output += [_noted(one, notes) for one in (value if isinstance(value, list) else [value])]


def _or_null(value: Any) -> Any:
    return None if value is _MISSING else value


def _selected(item: Any, notes: list[tuple[str, Any]]) -> PSObject:
    copy = PSCustomObject()
    copy.PSObject.extended_properties += [PSNoteProperty(name, value) for name, value in notes]
    copy.PSObject.type_names = [f"Selected.{item.PSTypeNames[0]}", *copy.PSObject.type_names]
    return copy


def _noted(value: Any, notes: list[tuple[str, Any]]) -> Any:
    if not notes:
        return value
    known = [(one.name, one.get_value(value)) for one in value.PSObject.adapted_properties]
    return shapes.wire_object(value.PSTypeNames, value.PSObject.to_string, known, notes)


@behaviour("ConvertFrom-Csv")
def convert_from_csv(call: Call) -> None:
    """Each line for itself, so a quote that is not closed ends with it; blanks before a value are left out."""
    header = call.arguments["Header"]
    for line in map(text_of, piped(call)):
        values = next(csv.reader([line], skipinitialspace=True), [])
        row = PSCustomObject()
        row.PSObject.extended_properties += [
            PSNoteProperty(name, values[number] if number < len(values) else None) for number, name in enumerate(header)
        ]
        call.output.append(row)


@behaviour("Group-Object")
def group_object(call: Call) -> None:
    """In the order in which the groups come up, as Windows PowerShell does; letters count in any case."""
    groups: dict[tuple[str, ...], tuple[list[Any], list[Any]]] = {}
    names = call.arguments.get("Property")
    for item in piped(call):
        values = [_or_null(member(item, name)) for name in names] if names else [item]
        key = tuple("\0" if value is None else text_of(value).casefold() for value in values)
        groups.setdefault(key, (values, []))[1].append(item)
    call.output += _groups(groups.values(), with_items=not call.arguments.get("NoElement"))


def _groups(groups: Any, *, with_items: bool) -> Iterator[PSObject]:
    for values, items in groups:
        members = [
            ("Values", shapes.wire_list(_LIST, values)),
            ("Count", len(items)),
            ("Group", shapes.wire_list(_LIST, items if with_items else [])),
            ("Name", ", ".join(map(text_of, values))),
        ]
        yield shapes.wire_object(_GROUP if with_items is False else _GROUP[1:], _GROUP[0], members)
