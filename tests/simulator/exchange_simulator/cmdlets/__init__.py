"""What each cmdlet does; importing this package registers all of them with the engine."""

from . import (
    auth_config,
    certificates,
    component_state,
    connectivity,
    connectors,
    exchange_server,
    files,
    inventory,
    mailboxes,
    objects,
    protocol_settings,
    services,
    snapins,
    throttling,
)

__all__ = [
    "auth_config",
    "certificates",
    "component_state",
    "connectivity",
    "connectors",
    "exchange_server",
    "files",
    "inventory",
    "mailboxes",
    "objects",
    "protocol_settings",
    "services",
    "snapins",
    "throttling",
]
