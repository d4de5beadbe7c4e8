"""What the cmdlets that write settings have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psrpcore.types import ErrorCategory

from .. import errors
from ..catalogue.kinds import Kind, Parameter
from ..engine import Call
from ..values import ByteSize, Limit, ListEdit, TimeSpan, identity


def check_range(call: Call, parameter: Parameter, value: Any) -> None:
    """Refuse what is outside the parameter's bounds; no bound holds for unlimited."""
    low, high = parameter.minimum, parameter.maximum
    if low is None or high is None:
        return
    bounds: tuple[Any, Any] = (low, high)
    if parameter.kind is Kind.TIME_SPAN:
        bounds = (TimeSpan.parse(str(low)), TimeSpan.parse(str(high)))
    compared: Any = value.count if isinstance(value, (ByteSize, Limit)) else value
    if compared is not None and not bounds[0] <= compared <= bounds[1]:
        # Exchange's validation errors name the property and the bounds; this wording is inferred.
        raise invalid(
            call, parameter.name, f"The value must be between {low} and {high}. The value '{value}' is out of range."
        )


def requested_changes(call: Call, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The values asked for that differ from the stored ones; refuses one out of its parameter's bounds."""
    changes: dict[str, Any] = {}
    for parameter in call.cmdlet.parameters:
        if parameter.name in call.arguments and parameter.name in stored:
            value = call.arguments[parameter.name]
            check_range(call, parameter, value)
            if isinstance(value, ListEdit):
                value = value.apply(stored[parameter.name])
            if identity(value) != identity(stored[parameter.name]):
                changes[parameter.name] = value
    return changes


def invalid(call: Call, name: str, text: str) -> errors.Failure:
    return call.exchange_failure(
        errors.DATA_VALIDATION,
        f"Property validation failed. Property = {name} Error = {text}",
        category=ErrorCategory.InvalidData,
    )


def unmodified(name: str) -> str:
    """Exchange's warning where a write finds everything as it is to be."""
    return f"The command completed successfully but no settings of '{name}' have been modified."
