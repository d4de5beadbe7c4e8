"""What a simulated organisation shows of what was done to it."""

from __future__ import annotations

from typing import Any

from simulator_process import SimulatorProcess

POP = ("MSExchangePop3", "MSExchangePOP3BE")
IMAP = ("MSExchangeImap4", "MSExchangeIMAP4BE")
# By these a server reads and counts what is in its logs.
_COUNT = ("Select-String", "Select-Object", "ConvertFrom-Csv", "Group-Object")


def writes(organisation: SimulatorProcess) -> list[str]:
    """The names of the cmdlets that were sent and are none that only read."""
    names = [entry["cmdlet"] for entry in organisation.log()]
    return [name for name in names if not name.startswith("Get-") and name.rpartition("\\")[2] not in _COUNT]


def stored(organisation: SimulatorProcess, protocol: str = "pop3", server: str = "EX01") -> dict[str, Any]:
    settings: dict[str, Any] = organisation.state()["servers"][server]["stored"][protocol]
    return settings


def services(organisation: SimulatorProcess, *names: str, server: str = "EX01") -> list[tuple[str, str]]:
    """Status and start mode of services, in Windows' words."""
    found = organisation.state()["servers"][server]["services"]
    return [(found[name]["status"], found[name]["start_type"]) for name in names or POP]


def processes(organisation: SimulatorProcess, *names: str, server: str = "EX01") -> list[int]:
    """The process ids of services: another one after a restart, 0 while stopped."""
    found = organisation.state()["servers"][server]["services"]
    return [found[name]["pid"] for name in names or POP]


RELAY = "Appliances"


def add_relay(organisation: SimulatorProcess, server: str = "EX01", **values: Any) -> None:
    """A connector on port 587 beside the users' one, as is published for appliances: anonymous, for few addresses."""
    given = {
        "RemoteIPRanges": ["10.10.50.0/24"],
        "AuthMechanism": "Tls",
        "PermissionGroups": "AnonymousUsers",
        "RequireTLS": True,
    }
    add_connector(organisation, RELAY, server, **given | values)


def add_connector(organisation: SimulatorProcess, name: str, server: str = "EX01", **values: Any) -> None:
    """One more connector on port 587."""
    given = {"Name": name, "Custom": True, "Bindings": "0.0.0.0:587", **values}
    if organisation.servers[server] != "2010":
        given["TransportRole"] = "FrontendTransport"
    assert organisation.run(server, "New-ReceiveConnector", given)["errors"] == []


def connectors(organisation: SimulatorProcess, server: str = "EX01") -> dict[str, dict[str, Any]]:
    """The stored values of the receive connectors by name."""
    found: dict[str, dict[str, Any]] = organisation.state()["servers"][server]["connectors"]
    return found


def is_a_sentence(message: str) -> bool:
    """One line that ends as a sentence does, and no inside of Python."""
    return message.endswith(".") and "\n" not in message and "Traceback" not in message
