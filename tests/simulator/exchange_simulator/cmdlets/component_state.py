"""Get- and Set-ServerComponentState.

Objects are those of the capture of Exchange 2019, where a component that nobody has asked for has no requests at all.
Four of the components of a real server are played. Requests are kept in Active Directory and in the server's registry,
or with -RemoteOnly and -LocalOnly in one of the two, as the cmdlet's page says. That a proxy may be Draining, which is
published of transport only, is a guess, and so is the error of an unknown component.
"""

from __future__ import annotations

from typing import Any

from psrpcore.types import ErrorCategory

from .. import shapes
from ..catalogue.cmdlets import SERVICE_STATE
from ..engine import Call, behaviour
from ..errors import us_time
from ..server import PLACES, SERVER_WIDE, Server
from .lookup import server

_TYPE = "Microsoft.Exchange.Data.Directory.Management.ServerComponentStatePresentationObject"
_LIST = (
    f"System.Collections.Generic.List`1[[{_TYPE}+RequesterDetails, Microsoft.Exchange.Data.Directory, "
    "Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]",
    "System.Object",
)


@behaviour("Get-ServerComponentState")
def get_component_state(call: Call) -> None:
    owner = server(call, "Identity")
    wanted = [_component(call, owner)] if "Component" in call.arguments else list(owner.components)
    call.output += [_state_object(call, owner, component) for component in wanted]


@behaviour("Set-ServerComponentState")
def set_component_state(call: Call) -> None:
    owner = server(call, "Identity")
    component = _component(call, owner)
    only = [place for place in PLACES if call.arguments.get(f"{place.capitalize()}Only")]
    if call.writes:
        owner.request_component_state(component, call.arguments["Requester"], call.arguments["State"], only or PLACES)


def _component(call: Call, owner: Server) -> str:
    wanted = call.arguments["Component"]
    for component in owner.components:
        if component.casefold() == wanted.casefold():
            return component
    raise call.exchange_failure(
        "System.ArgumentException",
        f"Invalid server component '{wanted}'.",
        category=ErrorCategory.InvalidArgument,
    )


def _state_object(call: Call, owner: Server, component: str) -> Any:
    state = owner.component_state(component)
    members: list[tuple[str, Any]] = [
        ("ServerFqdn", owner.fqdn),
        ("Component", component),
        ("State", shapes.wire_enum(SERVICE_STATE.type_name, state, SERVICE_STATE.number(state))),
        ("ServerWideOfflineIsOffline", owner.component_state(SERVER_WIDE) == "Inactive"),
        ("RemoteStates", shapes.wire_list(_LIST, _requests(owner, component, "remote"))),
        ("LocalStates", shapes.wire_list(_LIST, _requests(owner, component, "local"))),
        ("Identity", shapes.ad_object_id(owner.distinguished_name, call.organisation.domain, owner.name)),
        ("IsValid", True),
        ("ObjectState", shapes.object_state("New")),
    ]
    types = (_TYPE, "Microsoft.Exchange.Data.ConfigurableObject", "System.Object")
    return shapes.exchange_object(types, _TYPE, members)


def _requests(owner: Server, component: str, place: str) -> list[Any]:
    result = []
    for requester, (state, since) in owner.components[component][place].items():
        result.append(
            shapes.wire_object(
                (f"{_TYPE}+RequesterDetails", "System.Object"),
                f"Requestor:{requester}; State:{state}; Timestamp:{us_time(since)}",
                [
                    ("Requester", requester),
                    ("State", state),
                    ("Timestamp", shapes.date_time(since)),
                    ("Component", component),
                ],
            )
        )
    return result
