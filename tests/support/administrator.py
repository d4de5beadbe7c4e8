"""An administrator of the simulated organisation who needs no wire."""

from __future__ import annotations

from typing import Any

from exchange_simulator.engine import Command, Result
from exchange_simulator.organisation import Organisation
from exchange_simulator.prepared import built

_WINDOWS_NOUNS = {"Service", "Process", "CimInstance", "WmiObject"}


class Administrator:
    """Runs cmdlets in the organisation and unpacks the answers."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation

    def run(self, cmdlet: str, *, on: str = "EX01", logged: bool = True, **parameters: Any) -> Result:
        endpoint: Any = "windows" if cmdlet.split("-")[1] in _WINDOWS_NOUNS else "exchange"
        command = Command(cmdlet, tuple(parameters.items()))
        return self.organisation.run(on, endpoint, "tester", [[command]], logged=logged)

    def one(self, cmdlet: str, **parameters: Any) -> Any:
        result = self.run(cmdlet, **parameters)
        assert result.terminating is None
        assert result.errors == []
        assert len(result.output) == 1
        return built(result.output[0])

    def do(self, cmdlet: str, **parameters: Any) -> list[str]:
        """Run it without an error and return its warnings."""
        result = self.run(cmdlet, **parameters)
        assert result.terminating is None, str(result.terminating)
        assert result.errors == [], [str(error) for error in result.errors]
        return result.warnings

    def refused(self, cmdlet: str, **parameters: Any) -> Any:
        """The one error of a cmdlet that does nothing."""
        result = self.run(cmdlet, **parameters)
        errors = [*result.errors, *([result.terminating] if result.terminating else [])]
        assert len(errors) == 1
        assert result.output == []
        return errors[0]

    def thumbprint(self, name: str, server: str = "EX01") -> str:
        """The newest certificate on a server that is issued to a name."""
        certificates = self.organisation.servers[server].certificates.all
        return [one.thumbprint for one in certificates if one.common_name == name][-1]

    def stored(self, server: str = "EX01", protocol: str = "pop3") -> dict[str, Any]:
        return dict(self.organisation.state()["servers"][server]["stored"][protocol])

    def effective(self, server: str = "EX01", protocol: str = "pop3") -> Any:
        return self.organisation.state()["servers"][server]["effective"][protocol]

    def services(self, server: str = "EX01") -> dict[str, dict[str, Any]]:
        return dict(self.organisation.state()["servers"][server]["services"])
