"""Get- and Set-ServerComponentState.

Four of the components of a real server are played. Inferred: the rule by which several requesters' wishes become one
state, and that -LocalOnly and -RemoteOnly make no difference.
"""

from __future__ import annotations

from typing import Any

from psrpcore.types import ErrorCategory

from .. import shapes
from ..catalogue.cmdlets import SERVICE_STATE
from ..engine import Call, behaviour
from ..errors import us_time
from ..server import Server
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
    if call.writes:
        owner.request_component_state(component, call.arguments["Requester"], call.arguments["State"])


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
    details = _requesters(owner, component)
    state = owner.component_state(component)
    members: list[tuple[str, Any]] = [
        ("ServerFqdn", owner.fqdn),
        ("Component", component),
        ("State", shapes.wire_enum(SERVICE_STATE.type_name, state, SERVICE_STATE.number(state))),
        ("ServerWideOfflineIsOffline", owner.component_state("ServerWideOffline") == "Inactive"),
        ("RemoteStates", shapes.wire_list(_LIST, details)),
        ("LocalStates", shapes.wire_list(_LIST, _requesters(owner, component))),
        ("Identity", shapes.ad_object_id(owner.distinguished_name, call.organisation.domain, owner.name)),
        ("IsValid", True),
        ("ObjectState", shapes.object_state("New")),
    ]
    types = (_TYPE, "Microsoft.Exchange.Data.ConfigurableObject", "System.Object")
    return shapes.exchange_object(types, _TYPE, members)


def _requesters(owner: Server, component: str) -> list[Any]:
    result = []
    for requester, (state, since) in owner.components[component].items():
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
