"""A WinRM shell over a process of this machine: the collection's own, with a real PowerShell and no server."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from winrm.exceptions import WinRMOperationTimeoutError

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.winrs import WinrsShell


class Protocol:
    """What pywinrm's does over the wire, with a process of this machine."""

    operation_timeout_sec = 20

    def __init__(self, program: Path) -> None:
        self.transport = SimpleNamespace()
        self._program = str(program)

    def open_shell_as(self, _shell: str) -> None:
        """The process is shell enough."""

    def run_command(self, _shell: str, program: str, arguments: list[str]) -> str:
        assert program == "powershell.exe"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._process: subprocess.Popen[bytes] = subprocess.Popen([self._program, *arguments], **pipes)  # type: ignore[call-overload]
        self._streams = selectors.DefaultSelector()
        for stream in (self._process.stdout, self._process.stderr):
            self._streams.register(stream, selectors.EVENT_READ)
        return "process"

    def send_command_input(self, _shell: str, _process: str, data: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def get_command_output_raw(self, _shell: str, _process: str) -> tuple[bytes, bytes, int, bool]:
        if not (ready := self._streams.select(self.operation_timeout_sec)):
            raise WinRMOperationTimeoutError
        said: dict[Any, bytes] = {}
        # Twice, for by then there is what was said on standard error before the output that was read.
        for _ in range(2):
            for key, _events in ready:
                piece = os.read(key.fd, 32768)
                said[key.fileobj] = said.get(key.fileobj, b"") + piece
                if not piece:
                    self._streams.unregister(key.fileobj)
            ready = self._streams.select(0)
        ended = not self._streams.get_map()
        output, errors = (said.get(stream, b"") for stream in (self._process.stdout, self._process.stderr))
        return output, errors, self._process.wait() if ended else -1, ended

    def close_shell(self, _shell: str) -> None:
        self._process.kill()
        self._process.communicate()


class Shell:
    """A WinRM shell whose PowerShell runs here."""

    def __init__(self, program: Path) -> None:
        class Local(WinrsShell):
            def _log_on(self) -> Any:
                return Protocol(program)

        endpoint = Endpoint("", "https", 5986, "wsman", "auto", "WSMAN")
        settings = Settings("ex01", "ex01", "user", "secret", "basic", windows=endpoint, exchange=endpoint)
        self.said: deque[str] = deque(maxlen=1000)
        self.shell = Local(settings, self.said)
        self.shell.open()

    def run(self, cmdlet: str, seconds: float = 60, **parameters: Any) -> Reply:
        self.said.clear()
        return self.shell.run(Request("windows", cmdlet, parameters), seconds)
