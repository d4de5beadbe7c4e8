"""What PowerShell has to know of the catalogue, written as C#: enumerations, types of parameters, cmdlets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..catalogue.cmdlets import CMDLETS, COMMON
from ..catalogue.kinds import Cmdlet, EnumType, Kind, Parameter
from ..catalogue.releases import Release

# Of .NET's value types there is no null, and a parameter of such a type takes none.
_STRUCTURES = {
    "Microsoft.Exchange.Data.EnhancedTimeSpan",
    "Microsoft.Exchange.Data.ByteQuantifiedSize",
}
_EXCHANGE = "Microsoft.Exchange."
_SHOULD_PROCESS = {"WhatIf", "Confirm"}
# What these are of is a parameter type of its own: a single text of a list, or one that can also be unlimited.
_GENERIC = ("MultiValuedProperty", "Unlimited")
_STRUCTURE = """public struct {name} : ExchangeSimulator.IConverted {{
  public object Told {{ get; private set; }}
  public {name}(object given) {{ Told = ExchangeSimulator.Converted.Ask("{full}", given); }}
  public override string ToString() {{ return ExchangeSimulator.Converted.Text(Told); }} }}"""
_CLASS = """public class {name} : ExchangeSimulator.Value {{
  public {name}(object given) : base("{full}", given) {{ }} }}"""


def cmdlets_of(release: Release) -> list[Cmdlet]:
    """The cmdlets of a release's servers."""
    return [one for one in CMDLETS if release.name in one.releases and release.powershell >= one.powershell]


def parameters_of(cmdlet: Cmdlet, release: Release) -> list[Parameter]:
    """The parameters of a cmdlet that are its own on servers of a release."""
    return [one for one in cmdlet.parameters if release.name in one.releases]


def source(release: Release) -> str:
    """The C# of everything that servers of this release have."""
    cmdlets = cmdlets_of(release)
    parameters = [one for cmdlet in cmdlets for one in parameters_of(cmdlet, release)]
    enums = {one.enum.type_name: one.enum for one in parameters if one.enum}
    flags = {one.type_name for one in parameters if one.kind is Kind.FLAGS}
    # What is PowerShell's own is there; what .NET has on Windows alone is not.
    made = [one for one in enums.values() if not one.type_name.startswith("System.Management.")]
    parts = [_enumeration(one, one.type_name in flags) for one in made]
    parts += (_type(name) for name in _type_names(parameters))
    parts += (_cmdlet(one, release) for one in cmdlets)
    return "\n".join(parts)


def _type_names(parameters: Iterable[Parameter]) -> list[str]:
    words = (word for one in parameters for word in re.split(r"[`\[\]]+", one.kind.value))
    return sorted({word for word in words if word.startswith(_EXCHANGE) and word.rpartition(".")[2] not in _GENERIC})


def _within(full: str, text: str) -> str:
    return f"namespace {full.rpartition('.')[0]} {{\n{text}\n}}"


def _enumeration(enum: EnumType, flags: bool) -> str:
    members = ", ".join(f"{name} = {number}" for name, number in enum.members.items())
    mark = "[System.Flags] " if flags else ""
    return _within(enum.type_name, f"{mark}public enum {enum.type_name.rpartition('.')[2]} {{ {members} }}")


def _type(full: str) -> str:
    form = _STRUCTURE if full in _STRUCTURES else _CLASS
    return _within(full, form.format(name=full.rpartition(".")[2], full=full))


def _cmdlet(cmdlet: Cmdlet, release: Release) -> str:
    verb, _, noun = cmdlet.name.partition("-")
    parameters = parameters_of(cmdlet, release)
    asks = any(one.name in _SHOULD_PROCESS for one in parameters)
    traits = [f'"{verb}"', f'"{noun}"']
    if cmdlet.choice:
        traits.append(f'DefaultParameterSetName = "{cmdlet.choice[0]}"')
    if asks:
        traits.append("SupportsShouldProcess = true")
    lines = [
        f"[System.Management.Automation.Cmdlet({', '.join(traits)})]",
        f"public class {cmdlet.implementation.rpartition('.')[2]} : ExchangeSimulator.Task {{",
    ]
    if asks:
        lines.append("  protected override bool Asks { get { return true; } }")
    lines += (_property(one, cmdlet) for one in parameters if one.name not in _SHOULD_PROCESS and one not in COMMON)
    return _within(cmdlet.implementation, "\n".join([*lines, "}"]))


def _property(parameter: Parameter, cmdlet: Cmdlet) -> str:
    attributes = "".join(_attributes(parameter, cmdlet, parameter.name in cmdlet.choice))
    return f"  {attributes} public {_csharp(parameter)} {parameter.name} {{ get; set; }}"


def _attributes(parameter: Parameter, cmdlet: Cmdlet, chosen: bool) -> Iterator[str]:
    traits = []
    if parameter.position is not None:
        traits.append(f"Position = {parameter.position}")
    mandatory = parameter.mandatory or (chosen and cmdlet.must_choose)
    if mandatory:
        traits.append("Mandatory = true")
    if parameter.pipeline:
        traits.append("ValueFromPipeline = true")
        if parameter.kind not in (Kind.SERVER, Kind.MAILBOX, Kind.USER):
            traits.append("ValueFromPipelineByPropertyName = true")
    if chosen:
        traits.append(f'ParameterSetName = "{parameter.name}"')
    yield f"[System.Management.Automation.Parameter({', '.join(traits)})]"
    if parameter.aliases:
        yield f"[System.Management.Automation.Alias({', '.join(map(_quoted, parameter.aliases))})]"
    # PowerShell itself refuses what is empty for one that is mandatory.
    if parameter.filled and not mandatory:
        yield "[System.Management.Automation.ValidateNotNullOrEmpty]"


def _csharp(parameter: Parameter) -> str:
    """A type's name as C# writes it."""
    name = parameter.type_name
    arity = name.count("`1[")
    return name if not arity else name.removesuffix("]" * arity).replace("`1[", "<") + ">" * arity


def _quoted(text: str) -> str:
    return f'"{text}"'
