"""Cmdlets of PowerShell itself, as far as they are played: a real PowerShell has its own."""

from __future__ import annotations

from .kinds import RELEASES, Cmdlet, Kind, Parameter

# PowerShell 2, which only the servers of Exchange 2010 have, lacks them.
_SINCE_3 = RELEASES[1:]
_INPUT = Parameter("InputObject", Kind.TEXTS, pipeline=True)


def _cmdlet(name: str, *parameters: Parameter) -> Cmdlet:
    implementation = f"Microsoft.PowerShell.Commands.{name.replace('-', '')}Command"
    return Cmdlet(name, "windows", parameters, implementation, collects=True)


BUILT_IN: tuple[Cmdlet, ...] = (
    _cmdlet(
        "Get-ChildItem",
        Parameter("LiteralPath", Kind.TEXTS, filled=True, aliases=("PSPath",)),
        Parameter("Filter", Kind.TEXT),
    ),
    _cmdlet(
        "Get-Content",
        Parameter("LiteralPath", Kind.TEXTS, mandatory=True, aliases=("PSPath",)),
        Parameter("Tail", Kind.INT32, releases=_SINCE_3, aliases=("Last",)),
    ),
    _cmdlet(
        "Select-String",
        Parameter("LiteralPath", Kind.TEXTS, filled=True, releases=_SINCE_3, aliases=("PSPath",)),
        Parameter("Pattern", Kind.TEXTS, position=0, mandatory=True),
        Parameter("List", Kind.SWITCH),
        _INPUT,
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
