"""The session configuration of a windows endpoint that lets the modules do their work, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from least_privilege import visible

NAME = "mailops"
FOLDER = "docs/endpoint"
_HEAD = (
    "# Copyright: (c) 2026, mailops contributors",
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# Written by `make generate` from what the modules send; the guide to security tells what to do with it.",
)


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _parameter(name: str, values: Sequence[str]) -> str:
    if not values:
        return f"@{{ Name = '{name}' }}"
    kind = "ValidatePattern" if values[0].startswith("^") else "ValidateSet"
    return f"@{{ Name = '{name}'; {kind} = {_listed(values)} }}"


def _cmdlet(name: str, parameters: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if not parameters:
        yield f"        '{name}'"
        return
    lines = [_parameter(one, values) for one, values in parameters.items()]
    yield "        @{"
    yield f"            Name = '{name}'"
    yield "            Parameters = @("
    yield from (f"                {line}" for line in lines)
    yield "            )"
    yield "        }"


def capability() -> Iterator[str]:
    """The role capability file: cmdlets, their parameters, and the values of some of these."""
    yield from _HEAD
    yield "@{"
    yield "    GUID = '4c2a1c0e-6d55-4d0c-9f0b-6f1c2d0c7a51'"
    yield "    Description = 'What the Ansible collection mailops.exchange sends to the windows endpoint of a host'"
    yield "    VisibleCmdlets = @("
    for name, parameters in visible().items():
        yield from _cmdlet(name, parameters)
    yield "    )"
    yield "    # Without it no file is found, not even by these cmdlets."
    yield "    VisibleProviders = 'FileSystem'"
    yield "}"


def configuration() -> Iterator[str]:
    """The session configuration file, which gives the role capability to a group."""
    yield from _HEAD
    yield "@{"
    yield "    SchemaVersion = '2.0.0.0'"
    yield "    GUID = '8b1f5c86-8c0b-4a4e-8d43-2f0e6a5e9b17'"
    yield "    Description = 'For the Ansible collection mailops.exchange: services of an Exchange server'"
    yield "    # No script text and no cmdlets but those of the role capability, and a few that every session needs."
    yield "    SessionType = 'RestrictedRemoteServer'"
    yield "    # An administrator of this server alone, in whose place the account itself needs no right on it."
    yield "    RunAsVirtualAccount = $true"
    yield "    RoleDefinitions = @{"
    yield "        # The group, or the account, that Ansible logs on with."
    yield "        'CONTOSO\\svc-ansible' = @{ RoleCapabilities = 'mailops' }"
    yield "    }"
    yield "}"
