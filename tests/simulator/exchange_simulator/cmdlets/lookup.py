"""Finding the server and the domain controller that a cmdlet names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import errors
from ..engine import Call

if TYPE_CHECKING:
    from ..server import Server


def controller(call: Call) -> str:
    """The domain controller to ask for what the whole forest has: the one named, else the server's own choice."""
    return _reachable(call, call.organisation.controller_of)


def controller_of_recipients(call: Call) -> str:
    """The domain controller to ask for mailboxes and their users; only those of its domain come into question.

    Where none is named it is one of the server's domain, the default recipient scope (github.com/MicrosoftDocs/
    OfficeDocs-Exchange/pull/254 and many others). Inferred: where one is named its domain takes the place of that, and
    a mailbox outside is answered for as one that does not exist.
    """
    return _reachable(call, call.organisation.controller_of_recipients)


def _reachable(call: Call, choose: Callable[[str], str]) -> str:
    organisation, name = call.organisation, call.server.name
    wanted = call.arguments.get("DomainController") or choose(name)
    found = organisation.find_controller(wanted)
    loss = organisation.loss_of(name, found) if found and call.session.logged else None
    if found is None or loss is not None:
        raise call.unsuitable(wanted, loss)
    return found


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


def not_found(call: Call, wanted: str, asked: str | None = None) -> errors.Failure:
    """The error for what is not there, with the domain controller that was asked."""
    where = asked or controller(call)
    return call.exchange_failure(
        errors.NOT_FOUND,
        f"The operation couldn't be performed because object '{wanted}' couldn't be found on '{where}'.",
    )
