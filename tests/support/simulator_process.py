"""A simulated Exchange organisation in a process of its own, for tests and the demo."""

from __future__ import annotations

import atexit
import json
import os
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from powershell_engine import engine_options

SIMULATOR = Path(__file__).resolve().parents[1] / "simulator"
START_DEADLINE = 60.0
STOP_DEADLINE = 15.0
PASSWORD = "Simulated-Passw0rd!"
SERVERS = {"EX01": "SE", "EX02": "2016"}

# What an administrator turns on at /PowerShell, which takes Kerberos alone as it is installed.
BASIC: dict[str, Any] = {"exchange_basic_authentication": True}
NTLM: dict[str, Any] = {"exchange_windows_authentication": True}


class SimulatorFailed(Exception):
    """The simulator did not start, or refused a request."""


class SimulatorProcess:
    """Start it, talk to its control channel, stop it.

    The simulator ends when its standard input closes, so it cannot outlive the process that started it, however that
    one ends. Each simulator gets a block of loopback addresses of its own, so runs beside each other never collide.
    """

    program: ClassVar[tuple[str, ...]] = ("-m", "exchange_simulator")

    def __init__(
        self,
        servers: Mapping[str, str] = SERVERS,
        *,
        password: str = PASSWORD,
        directory: Path | None = None,
        **options: object,
    ) -> None:
        """``servers`` are versions by name, ``options`` the simulator's own with underscores: ``shell_limit=2``.

        What can be given more than once takes a list.
        """
        self.servers = dict(servers)
        self.password = password
        # Any test can be tried on a real PowerShell.
        self.options = (engine_options() if os.environ.get("MAILOPS_SIMULATOR_ENGINE") == "pwsh" else {}) | options
        self.description: dict[str, Any] = {}
        self._own_directory = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="exchange-simulator-"))
        self._process: subprocess.Popen[str] | None = None
        self._claim: socket.socket | None = None

    def __enter__(self) -> SimulatorProcess:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> SimulatorProcess:
        """Start and wait until everything listens."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._claim, address = claim_block()
        options = {"address": address, "directory": self.directory, **self.options}
        arguments: list[str] = []
        for name, value in options.items():
            for one in value if isinstance(value, list) else [value]:
                arguments += [f"--{name.replace('_', '-')}", *([] if one is True else [str(one)])]
        for name, version in self.servers.items():
            arguments += ["--server", f"{name}:{version}"]
        atexit.register(self.stop)
        with (self.directory / "simulator.err").open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, *self.program, "--exit-with-parent", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=_environment(self.password),
                # Ctrl-C in the terminal is the test's or the demo's to handle; it stops the simulator last.
                start_new_session=True,
            )
        output = self._process.stdout
        line = output.readline() if output and select.select([output], [], [], START_DEADLINE)[0] else ""
        if not line:
            said = self.errors()
            self.stop()
            raise SimulatorFailed(f"The simulator did not start: {said or 'it said nothing'}")
        self.description = json.loads(line)
        return self

    def stop(self) -> int | None:
        """End the process and return its exit status."""
        atexit.unregister(self.stop)
        status = None
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            try:
                status = self._process.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                status = self._process.wait()
            self._process = None
        if self._claim is not None:
            self._claim.close()
            self._claim = None
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)
        return status

    def write_file(self, server: str, path: str, content: str, written: str) -> None:
        """Put a file on a server's drive C:, as if written at this time."""
        self._ask("POST", "/file", {"server": server, "path": path, "content": content, "written": written})

    def errors(self) -> str:
        """What the process wrote to standard error."""
        file = self.directory / "simulator.err"
        return file.read_text().strip() if file.exists() else ""

    def state(self) -> dict[str, Any]:
        """Everything the organisation knows: services, stored and effective settings, shells, requests."""
        answer: dict[str, Any] = self._ask("GET", "/state")
        return answer

    def log(self) -> list[dict[str, Any]]:
        """The cmdlets that arrived over the wire, in order."""
        answer: list[dict[str, Any]] = self._ask("GET", "/log")
        return answer

    def injected(self) -> list[dict[str, Any]]:
        """The requests that met a fault, in order, and which."""
        answer: list[dict[str, Any]] = self._ask("GET", "/injected")
        return answer

    def clear_log(self) -> None:
        """Forget the log only."""
        self._ask("POST", "/log/clear", {})

    def run(
        self,
        server: str,
        cmdlet: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        endpoint: str = "exchange",
        domain_controller: str | None = None,
    ) -> dict[str, Any]:
        """Run a cmdlet as another administrator, unseen by the log: output, errors, warnings."""
        question = {
            "server": server,
            "endpoint": endpoint,
            "cmdlet": cmdlet,
            "parameters": dict(parameters or {}),
            "domain_controller": domain_controller,
        }
        answer: dict[str, Any] = self._ask("POST", "/run", question)
        return answer

    def certificate(self, server: str, name: str) -> dict[str, Any]:
        """The newest certificate on a server that is issued to a name: its thumbprint, subject and services."""
        told = self.state()["servers"][server]["certificates"]
        found: list[dict[str, Any]] = [one for one in told if one["subject"] == f"CN={name}"]
        return found[-1]

    def add_certificate(self, server: str, *names: str, **traits: Any) -> str:
        """Import a certificate for these names and return its thumbprint; the control channel knows the traits."""
        question = {"server": server, "names": names, **traits}
        return str(self._ask("POST", "/certificate", question)["thumbprint"])

    def remove_certificate(self, server: str, thumbprint: str) -> None:
        """Take a certificate away."""
        self._ask("POST", "/certificate/remove", {"server": server, "thumbprint": thumbprint})

    def enable_certificate(self, server: str, name: str, services: str) -> None:
        """Assign the newest certificate issued to a name, as another administrator."""
        parameters = {"Server": server, "Thumbprint": self.certificate(server, name)["thumbprint"]}
        answer = self.run(server, "Enable-ExchangeCertificate", {**parameters, "Services": services})
        if answer["errors"]:
            raise SimulatorFailed(str(answer["errors"]))

    def clock(self, seconds: float) -> None:
        """Move the simulated clock forward."""
        self._ask("POST", "/clock", {"advance": seconds})

    def fault(self, server: str, kind: str, **details: Any) -> None:
        """Inject a fault into a server; ``none`` clears them."""
        self._ask("POST", "/fault", {"server": server, "kind": kind, **details})

    def reset(self) -> None:
        """Back to the state at start."""
        self._ask("POST", "/reset", {})

    def _ask(self, method: str, path: str, question: object = None) -> Any:
        data = None if question is None else json.dumps(question).encode()
        url = self.description["control"] + path
        request = urllib.request.Request(url, data=data, method=method)  # noqa: S310 - the control channel is HTTP
        # Without the environment's proxy: the channel is on the loopback address.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise SimulatorFailed(json.load(error)["error"]) from None


def _environment(password: str) -> dict[str, str]:
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(SIMULATOR), *([inherited] if inherited else [])])
    return {**os.environ, "PYTHONPATH": path, "EXCHANGE_SIMULATOR_PASSWORD": password}


def claim_block() -> tuple[socket.socket, str]:
    """Take a free block 127.x.y.0/24 for as long as the returned socket stays open, and name its first address."""
    for _ in range(1000):
        block = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}"  # noqa: S311 - spreads, protects nothing
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((f"{block}.254", 19999))
        except OSError:
            claim.close()
        else:
            return claim, f"{block}.1"
    raise SimulatorFailed("There is no free block of loopback addresses.")
