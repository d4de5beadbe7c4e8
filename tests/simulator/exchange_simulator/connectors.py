"""The receive connectors of one simulated server, as the directory holds them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .catalogue.connectors import CONNECTOR_SETTINGS, CONNECTORS
from .directory import DirectoryObject
from .values import convert

if TYPE_CHECKING:
    from .server import Server


class ReceiveConnector:
    """One connector: its settings with its name among them, and where it is in the directory."""

    def __init__(
        self,
        name: str,
        given: Mapping[str, object],
        server: Server,
        created: datetime.datetime,
        replication_delay: datetime.timedelta,
    ) -> None:
        self.server = server
        self._born_as = name
        values: dict[str, Any] = {"Name": self._born_as}
        for setting in CONNECTOR_SETTINGS:
            if server.version in setting.releases:
                value = given.get(setting.name, setting.default)
                value = list(value) if isinstance(value, tuple) else server.fqdn if value == "{fqdn}" else value
                values[setting.name] = convert(setting.parameter, value)
        self.settings = DirectoryObject(values, created, replication_delay)

    @property
    def unchanging_name(self) -> str:
        """The distinguished name it was created with, from which its GUID comes: a GUID survives renaming."""
        return self.distinguished_name(self._born_as)

    def distinguished_name(self, name: str) -> str:
        return place_of(self.server, name)


def place_of(server: Server, name: str) -> str:
    """The distinguished name of a connector."""
    return f"CN={name},CN=SMTP Receive Connectors,CN=Protocols,{server.distinguished_name}"


def setup(
    server: Server, created: datetime.datetime, replication_delay: datetime.timedelta
) -> tuple[ReceiveConnector, ...]:
    """The connectors a server of its release is born with."""
    return tuple(
        ReceiveConnector(
            f"{row.prefix} {server.name}", row.values | {"Bindings": row.bindings}, server, created, replication_delay
        )
        for row in CONNECTORS
        if server.version in row.releases
    )
