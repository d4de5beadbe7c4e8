"""The second engine: what a real PowerShell makes of the catalogue, who may ask, and when its processes end."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from powershell_engine import powershell
from psrpcore import (
    ClientPowerShell,
    ClientRunspacePool,
    ErrorRecordEvent,
    PipelineOutputEvent,
    PipelineStateEvent,
    PSRPPayload,
    RunspacePoolStateEvent,
    StreamType,
)
from psrpcore.types import PSInvocationState

from exchange_simulator import engine as own
from exchange_simulator.catalogue.kinds import Cmdlet, EnumType, Kind, Parameter
from exchange_simulator.catalogue.releases import RELEASE
from exchange_simulator.engine import Call, Command, Runspace
from exchange_simulator.engines import Place
from exchange_simulator.organisation import Organisation
from exchange_simulator.psrp import NotFound
from exchange_simulator.real import generated
from exchange_simulator.real.build import EngineFailure, Program
from exchange_simulator.real.engine import PowerShellEngine

COLOUR = EnumType("Microsoft.Exchange.Data.Colour", {"Red": 0, "Green": 1, "Blue": 2})
PARAMETERS = (
    Parameter("Identity", Kind.THROTTLING_POLICY, position=0, pipeline=True, mandatory=True),
    Parameter("Banner", Kind.TEXT, aliases=("Greeting",)),
    Parameter("Names", Kind.TEXTS),
    Parameter("Colour", Kind.ENUM, COLOUR),
    Parameter("Timeout", Kind.TIME_SPAN),
    Parameter("Size", Kind.BYTE_SIZE),
    Parameter("Bindings", Kind.BINDINGS),
    Parameter("Number", Kind.INT32),
    Parameter("Force", Kind.SWITCH),
    Parameter("WhatIf", Kind.SWITCH, aliases=("wi",)),
    Parameter("Confirm", Kind.SWITCH, aliases=("cf",)),
)
PROBE = Cmdlet("Set-Probe", "exchange", PARAMETERS, "Microsoft.Exchange.Management.SetProbe")
OTHER = Cmdlet("Get-Probe", "exchange", PARAMETERS[1:2], "Microsoft.Exchange.Management.GetProbe")


@dataclass
class Answer:
    output: list[Any] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)
    state: PSInvocationState = PSInvocationState.Running

    @property
    def ids(self) -> list[str]:
        return [error.FullyQualifiedErrorId for error in self.errors]


class Client:
    """A runspace pool of the engine, without a network between."""

    def __init__(self, engine: PowerShellEngine, organisation: Organisation) -> None:
        self.client = ClientRunspacePool()
        self.client.open()
        place = Place(organisation.servers["EX01"], "exchange", "administrator")
        self.pool = engine.runspaces(place, Runspace(), self._payloads()[0])
        opened = False
        while not opened:
            opened = any(isinstance(one, RunspacePoolStateEvent) for one in self._events(None))

    @property
    def process(self) -> int:
        return self.pool._process.pid

    def run(self, name: str, *positional: Any, piped: list[Any] | None = None, **parameters: Any) -> Answer:
        shell = ClientPowerShell(self.client, no_input=piped is None)
        shell.add_command(name)
        for value in positional:
            shell.add_argument(value)
        for parameter, value in parameters.items():
            shell.add_parameter(parameter, value)
        shell.start()
        sent = self._payloads()
        # Each message by itself, as WSMan carries them.
        for item in piped or ():
            shell.send(item)
            sent += self._payloads()
        if piped is not None:
            shell.send_eof()
            sent += self._payloads()
        for number, data in enumerate(sent):
            piece = self.pool.send(shell.pipeline_id, data) if number else self.pool.command(shell.pipeline_id, data)
            if piece:
                piece.start(0)
        answer = Answer()
        while answer.state == PSInvocationState.Running:
            for event in self._events(shell.pipeline_id):
                if isinstance(event, PipelineOutputEvent):
                    answer.output.append(event.data)
                elif isinstance(event, ErrorRecordEvent):
                    answer.errors.append(event.record)
                elif isinstance(event, PipelineStateEvent):
                    answer.state = event.state
                    answer.errors += [event.reason] if event.reason else []
        self.pool.terminate(shell.pipeline_id)
        return answer

    def _payloads(self) -> list[bytes]:
        payloads = []
        while payload := self.client.data_to_send():
            payloads.append(payload.data)
        return payloads

    def _events(self, target: Any) -> list[Any]:
        received = self.pool.receive(target, timeout=60, room=1 << 20, is_connected=lambda: True)
        assert received, "The process says nothing."
        events = []
        for chunk in received.chunks:
            self.client.receive_data(PSRPPayload(chunk, StreamType.default, target))
            while event := self.client.next_event():
                events.append(event)
        return events


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    folder = tmp_path_factory.mktemp("organisation")
    return Organisation(
        servers=[("EX01", "SE")], domain="contoso.test", directory=folder, first_address="127.0.0.1", port_offset=20000
    )


@pytest.fixture(scope="module")
def got() -> list[dict[str, Any]]:
    """What the cmdlets were given."""
    return []


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, got: list[dict[str, Any]]) -> Iterator[Program]:
    """A PowerShell for a catalogue of two cmdlets, which both engines know."""

    def note(call: Call) -> None:
        got.append(dict(call.arguments))
        call.output.append("done")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generated, "CMDLETS", (PROBE, OTHER))
        for one in (PROBE, OTHER):
            patch.setitem(own.BY_NAME, one.name.casefold(), one)
            patch.setitem(own._HANDLERS, one.name, note)
        yield Program(powershell(), tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def engine(program: Program, organisation: Organisation) -> PowerShellEngine:
    return PowerShellEngine(organisation, program)


@pytest.fixture
def open_client(engine: PowerShellEngine, organisation: Organisation) -> Iterator[Callable[[], Client]]:
    opened: list[Client] = []

    def open_one() -> Client:
        opened.append(Client(engine, organisation))
        return opened[-1]

    yield open_one
    organisation.faults.arm({"kind": "none"})
    for one in opened:
        one.pool.close()


@pytest.fixture(scope="module")
def _kept(engine: PowerShellEngine, organisation: Organisation) -> Iterator[Client]:
    client = Client(engine, organisation)
    yield client
    client.pool.close()


@pytest.fixture
def client(_kept: Client, got: list[dict[str, Any]]) -> Client:
    got.clear()
    return _kept


def told(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: [*map(str, one)] if isinstance(one, tuple) else str(one) for name, one in arguments.items()}


@pytest.mark.parametrize(
    ("given", "arrives"),
    [
        ({"Banner": "it's"}, {"Banner": "it's"}),
        ({"Greeting": "hello"}, {"Banner": "hello"}),
        ({"Ban": "hello"}, {"Banner": "hello"}),
        ({"Names": ["a", "b"]}, {"Names": "['a', 'b']"}),
        ({"Names": "a"}, {"Names": "['a']"}),
        ({"Colour": "green"}, {"Colour": "Green"}),
        ({"Colour": 2}, {"Colour": "Blue"}),
        ({"Timeout": "1.00:00:00"}, {"Timeout": "1.00:00:00"}),
        ({"Size": "2MB"}, {"Size": "2 MB (2,097,152 bytes)"}),
        ({"Size": "unlimited"}, {"Size": "Unlimited"}),
        ({"Bindings": ["0.0.0.0:995", "[::]:995"]}, {"Bindings": ["0.0.0.0:995", "[::]:995"]}),
        ({"Number": "5"}, {"Number": "5"}),
        ({"Force": True}, {"Force": "True"}),
    ],
    ids=str,
)
def test_both_engines_take_a_value_for_the_same(
    client: Client, organisation: Organisation, got: list[dict[str, Any]], given: dict[str, Any], arrives: Any
) -> None:
    parameters = {"Identity": "One", **given}
    assert client.run("Set-Probe", **parameters).output == ["done"]
    done = organisation.run("EX01", "exchange", "tester", [[Command("Set-Probe", tuple(parameters.items()))]])
    assert (done.output, done.terminating) == (["done"], None)
    real, ours = got
    real, ours = told(real), told(ours)
    real.pop("Identity"), ours.pop("Identity")
    assert (real, ours) == (arrives, arrives)


def test_a_hashtable_says_what_is_added_and_removed(client: Client, got: list[dict[str, Any]]) -> None:
    edit = {"Add": ["0.0.0.0:1"], "Remove": "0.0.0.0:995"}
    assert client.run("Set-Probe", Identity="One", Bindings=edit).output == ["done"]
    bindings = got[0]["Bindings"]
    assert ([*map(str, bindings.add)], [*map(str, bindings.remove)]) == (["0.0.0.0:1"], ["0.0.0.0:995"])


REFUSED = "ParameterArgumentTransformationError,Set-Probe"
NOT_BOUND = "CannotConvertArgumentNoMessage,Set-Probe"


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"Colour": "Pink"}, [REFUSED, NOT_BOUND]),
        ({"Number": "x"}, [REFUSED, NOT_BOUND]),
        ({"Timeout": "soon"}, [REFUSED, NOT_BOUND]),
        ({"Size": "much"}, [REFUSED, NOT_BOUND]),
        ({"Bindings": ["nowhere"]}, [REFUSED, NOT_BOUND]),
        ({"Nothing": 1}, ["NamedParameterNotFound,Set-Probe"]),
    ],
    ids=str,
)
def test_powershell_itself_refuses(client: Client, got: list[Any], given: dict[str, Any], errors: list[str]) -> None:
    answer = client.run("Set-Probe", Identity="One", **given)
    (found,) = answer.ids
    assert (found in errors, got) == (True, []), found


def test_what_is_mandatory_is_asked_for(client: Client, got: list[Any]) -> None:
    answer = client.run("Set-Probe", Banner="x")
    assert (answer.state, got) == (PSInvocationState.Failed, [])


def test_positions_and_what_is_piped(client: Client, got: list[dict[str, Any]]) -> None:
    client.run("Set-Probe", "One", Banner="x")
    client.run("Set-Probe", piped=["Two", "Three"], Banner="y")
    assert [(str(one["Identity"]), one["Banner"]) for one in got] == [("One", "x"), ("Two", "y"), ("Three", "y")]


def test_what_if_tells_the_organisation_and_no_confirmation_is_no_parameter(
    client: Client, got: list[dict[str, Any]]
) -> None:
    client.run("Set-Probe", Identity="One", WhatIf=True)
    client.run("Set-Probe", Identity="One", Confirm=False)
    assert [one.get("WhatIf") for one in got] == [True, None]


def test_what_rbac_withholds_is_not_there(
    open_client: Callable[[], Client], organisation: Organisation, client: Client
) -> None:
    organisation.faults.arm({"kind": "rbac_without", "server": "EX01", "cmdlet": "Set-Probe", "parameter": "Banner"})
    organisation.faults.arm({"kind": "rbac_without", "server": "EX01", "cmdlet": "Get-Probe"})
    restricted = open_client()
    assert restricted.run("Set-Probe", Identity="One", Number=1).output == ["done"]
    assert restricted.run("Set-Probe", Identity="One", Banner="x").ids == ["NamedParameterNotFound,Set-Probe"]
    answer = restricted.run("Get-Probe")
    assert answer.ids == ["CommandNotFoundException"], answer
    # A session has what was granted when it was opened.
    assert client.run("Get-Probe").output == ["done"]


def test_a_session_has_no_language(client: Client) -> None:
    for name in ("Get-Process", "Invoke-Expression", "ForEach-Object"):
        assert client.run(name).ids == ["CommandNotFoundException"]


def test_who_does_not_know_the_secret_has_no_answer(engine: PowerShellEngine, client: Client) -> None:
    for secret in (b"", b"0" * 64, b"x" * 300):
        with socket.create_connection(engine._link._server.server_address[:2], timeout=20) as line:
            line.sendall(secret + b"\n" + json.dumps({"run": "Get-Probe", "parameters": {}}).encode() + b"\n")
            try:
                assert line.recv(100) == b""
            except ConnectionResetError:
                continue


def test_secrets_are_in_no_command_line(engine: PowerShellEngine, client: Client) -> None:
    secrets = [secret.encode() for secret in engine._link._askers]
    command = Path("/proc", str(client.process), "cmdline").read_bytes()
    assert b"-ConfigurationFile" in command
    assert not [secret for secret in secrets if secret in command]


def test_a_process_ends_with_its_session(open_client: Callable[[], Client]) -> None:
    opened = open_client()
    process = opened.process
    opened.pool.close()
    assert not Path("/proc", str(process)).exists()


def test_a_process_that_dies_ends_what_it_ran(open_client: Callable[[], Client]) -> None:
    opened = open_client()
    os.kill(opened.process, signal.SIGKILL)
    with pytest.raises(NotFound):
        opened.run("Get-Probe")


def test_what_does_not_compile_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, program: Program, tmp_path: Path
) -> None:
    broken = replace(PROBE, parameters=(Parameter("Not a name", Kind.TEXT),))
    monkeypatch.setattr(generated, "CMDLETS", (broken,))
    with pytest.raises(EngineFailure) as told:
        Program(program.path, tmp_path).modules(RELEASE["SE"])
    assert str(told.value).startswith("PowerShell could not compile the cmdlets: ")
    assert "\n" not in str(told.value)
    assert not [*tmp_path.glob("SE-*")]


def test_two_build_at_once_and_one_is_kept(program: Program, tmp_path: Path) -> None:
    built: list[Path] = []
    # Each its own, as in two processes.
    programs = [Program(program.path, tmp_path / "." / name) for name in ("cache", "./cache")]
    threads = [threading.Thread(target=lambda one=one: built.append(one.modules(RELEASE["SE"]))) for one in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 2
    assert built[0] == built[1]
    assert (built[0] / "Cmdlets.dll").exists()
    assert [one.name for one in (tmp_path / "cache").iterdir()] == [built[0].name]
