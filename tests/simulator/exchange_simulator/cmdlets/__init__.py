"""What each cmdlet does; importing this package registers all of them with the engine."""

from . import component_state, exchange_server, inventory, protocol_settings, services

__all__ = ["component_state", "exchange_server", "inventory", "protocol_settings", "services"]
