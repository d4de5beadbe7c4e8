"""A stock pywinrm client of the simulator's WinRM shell, and the text that it sends."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from simulator_process import SimulatorProcess
from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol

SWITCHES = ("-NoLogo", "-NoProfile", "-NonInteractive")
BOOTSTRAP = (
    "process { foreach ($line in $input) { . ([ScriptBlock]::Create("
    "[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($line)))) } }"
)
_QUOTES = "'\u2018\u2019\u201a\u201b"
_SERIALIZED = (
    "[Console]::Out.WriteLine('{kind} ' + [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes("
    "[Management.Automation.PSSerializer]::Serialize({what}))))"
)
_COLLECT = (
    " -ErrorAction:'SilentlyContinue' -ErrorVariable:'failures' -WarningAction:'SilentlyContinue' "
    "-WarningVariable:'warnings'"
)


def quote(text: str) -> str:
    """A text as PowerShell's literal."""
    return "'" + "".join(sign * 2 if sign in _QUOTES else sign for sign in text) + "'"


def script(*commands: str, piped: Sequence[str] = ()) -> str:
    """A pipeline whose output, errors and warnings are written out line by line."""
    parts = [", ".join(piped)] if piped else []
    parts += [command + _COLLECT for command in commands]
    output, error, failure = (
        _SERIALIZED.format(kind=kind, what=what)
        for kind, what in (("output", "$_"), ("error", "$_"), ("error", "$failure"))
    )
    warning = _SERIALIZED.format(kind="warning", what="$warning.Message")
    return f"""$failures = @()
$warnings = @()
try {{
    {" | ".join(parts)} | ForEach-Object {{ {output} }}
    $state = 'completed'
}} catch {{
    {error}
    $state = 'failed'
}}
foreach ($failure in $failures) {{ {failure} }}
foreach ($warning in $warnings) {{ {warning} }}
[Console]::Out.WriteLine('end ' + $state)
"""


@dataclass
class Answer:
    """What one script made the process say."""

    state: str | None = None
    output: list[str] = field(default_factory=list)
    error: list[str] = field(default_factory=list)
    warning: list[str] = field(default_factory=list)
    stderr: str = ""
    exit_code: int | None = None


class PowerShell:
    """One running powershell.exe in a WinRM shell."""

    def __init__(self, protocol: Protocol, shell: str, identity: str) -> None:
        self.protocol, self.shell, self.identity = protocol, shell, identity

    def send(self, text: str, *, end: bool = False) -> None:
        line = base64.b64encode(text.encode()) + b"\n"
        pieces = [line[start : start + 65536] for start in range(0, len(line), 65536)]
        for piece in pieces:
            self.protocol.send_command_input(self.shell, self.identity, piece, end=end and piece is pieces[-1])

    def run(self, *commands: str, piped: Sequence[str] = ()) -> Answer:
        self.send(script(*commands, piped=piped))
        return self.read()

    def read(self) -> Answer:
        """Everything up to the line that tells the state, or up to the process's end."""
        answer = Answer()
        unread = b""
        while answer.state is None and answer.exit_code is None:
            try:
                stdout, stderr, code, done = self.protocol.get_command_output_raw(self.shell, self.identity)
            except WinRMOperationTimeoutError:
                continue
            answer.stderr += stderr.decode()
            answer.exit_code = code if done else None
            *lines, unread = (unread + stdout).split(b"\r\n")
            for line in lines:
                kind, _, rest = line.decode("ascii").partition(" ")
                if kind == "end":
                    answer.state = rest
                else:
                    getattr(answer, kind).append(base64.b64decode(rest, validate=True).decode())
        return answer


def protocol(simulator: SimulatorProcess, server: str = "EX01", **options: Any) -> Protocol:
    told = simulator.description["servers"][server]
    settings: dict[str, Any] = {
        "endpoint": f"https://{told['address']}:{told['windows_https']}/wsman",
        "transport": "basic",
        "username": "administrator",
        "password": simulator.password,
        "ca_trust_path": simulator.description["ca"],
        "operation_timeout_sec": 20,
        "read_timeout_sec": 60,
        "proxy": None,
    }
    return Protocol(**(settings | options))


@contextmanager
def powershell(simulator: SimulatorProcess, server: str = "EX01", **options: Any) -> Iterator[PowerShell]:
    client = protocol(simulator, server, **options)
    shell = client.open_shell(codepage=65001)
    try:
        yield start(client, shell)
    finally:
        client.close_shell(shell)


def start(client: Protocol, shell: str, text: str = BOOTSTRAP) -> PowerShell:
    encoded = base64.b64encode(text.encode("utf-16-le")).decode()
    return PowerShell(
        client, shell, client.run_command(shell, "powershell.exe", [*SWITCHES, "-EncodedCommand", encoded])
    )
