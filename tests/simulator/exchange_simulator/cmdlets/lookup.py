"""Finding the server and the domain controller that a cmdlet names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psrpcore.types import ErrorCategory

from .. import errors
from ..engine import Call

if TYPE_CHECKING:
    from ..server import Server


def controller(call: Call) -> str:
    """The domain controller to ask: the one named, else the server's own choice."""
    wanted = call.arguments.get("DomainController")
    if wanted is None:
        return call.organisation.controller_of(call.server.name)
    if found := call.organisation.find_controller(wanted):
        return found
    # Text and class as seen in the field for a controller that cannot be reached; inferred for this cmdlet.
    raise call.exchange_failure(
        errors.SUITABILITY,
        f"An Active Directory error 0x51 occurred when trying to check the suitability of server '{wanted}'. "
        "Error: 'Active directory response: The LDAP server is unavailable.'",
        category=ErrorCategory.ResourceUnavailable,
    )


def server(call: Call, parameter: str) -> Server:
    """The server an argument names; without one the server that hosts the session."""
    wanted = call.arguments.get(parameter)
    if wanted is None:
        return call.server
    if found := call.organisation.find_server(wanted):
        return found
    raise not_found(call, wanted)


def ambiguous(call: Call, wanted: str) -> errors.Failure:
    return call.exchange_failure(
        "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException",
        f"The operation couldn't be performed because '{wanted}' matches multiple entries.",
    )


def not_found(call: Call, wanted: str) -> errors.Failure:
    return call.exchange_failure(
        errors.NOT_FOUND,
        f"The operation couldn't be performed because object '{wanted}' couldn't be found on '{controller(call)}'.",
    )
