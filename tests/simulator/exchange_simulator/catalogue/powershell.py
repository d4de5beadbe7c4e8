"""Cmdlets of PowerShell itself, as far as they are played: a real PowerShell has its own."""

from __future__ import annotations

from .kinds import Cmdlet, Kind, Parameter

_INPUT = Parameter("InputObject", Kind.TEXTS, pipeline=True)


def _cmdlet(name: str, *parameters: Parameter, powershell: int = 2) -> Cmdlet:
    implementation = f"Microsoft.PowerShell.Commands.{name.replace('-', '')}Command"
    return Cmdlet(name, "windows", parameters, implementation, powershell=powershell, collects=True)


BUILT_IN: tuple[Cmdlet, ...] = (
    _cmdlet(
        "Get-ChildItem",
        Parameter("LiteralPath", Kind.TEXTS, filled=True, aliases=("PSPath",)),
        Parameter("Filter", Kind.TEXT),
    ),
    # -Tail came with PowerShell 3, and so did the LiteralPath of Select-String.
    _cmdlet(
        "Get-Content",
        Parameter("LiteralPath", Kind.TEXTS, mandatory=True, aliases=("PSPath",)),
        Parameter("Tail", Kind.INT32, aliases=("Last",)),
        powershell=3,
    ),
    _cmdlet(
        "Select-String",
        Parameter("LiteralPath", Kind.TEXTS, filled=True, aliases=("PSPath",)),
        Parameter("Pattern", Kind.TEXTS, position=0, mandatory=True),
        Parameter("List", Kind.SWITCH),
        _INPUT,
        powershell=3,
    ),
    _cmdlet(
        "Select-Object",
        Parameter("Property", Kind.TEXTS, position=0),
        Parameter("ExpandProperty", Kind.TEXT),
        _INPUT,
    ),
    _cmdlet(
        "ConvertFrom-Csv",
        Parameter("Header", Kind.TEXTS, filled=True),
        _INPUT,
    ),
    _cmdlet(
        "Group-Object",
        Parameter("Property", Kind.TEXTS, position=0),
        Parameter("NoElement", Kind.SWITCH),
        _INPUT,
    ),
)
