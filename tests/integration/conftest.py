"""Fixtures of the tests over the simulated organisation: the real ansible-playbook, or single modules and a session."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kdc
import pytest
from debian import Unavailable
from evidence import is_a_sentence
from kdc import Kdc
from module_runner import run_module
from needed import ROOTS, do_without
from powershell_engine import powershell
from runner import PASSWORD, Controller
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import FULL, Endpoint, Settings

REPOSITORY = Path(__file__).resolve().parents[2]
SERVERS = {"EX01": "SE", "EX02": "2016"}
SERVICES = {"windows": "WSMAN", "exchange": "HTTP"}
EXCHANGE_PATHS = {"full": f"PowerShell/?{FULL}", "plain": "PowerShell/"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Exchange's objects come in the full form, as nobody has to ask for; the mark `forms` names those of a test.

    Where all servers of a playbook do the same, `mixed` has both forms in one run: full from EX01, plain from EX02.
    """
    mark = metafunc.definition.get_closest_marker("forms")
    if mark and "wire_form" in metafunc.fixturenames:
        metafunc.parametrize("wire_form", mark.args, indirect=True)


@pytest.fixture
def wire_form(request: pytest.FixtureRequest) -> str:
    """The form in which Exchange's objects come to the controller, and to sessions."""
    told: str = getattr(request, "param", "full")
    return told


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as a user has it: built and installed by ansible-galaxy."""
    folder = tmp_path_factory.mktemp("collections")
    galaxy = Path(sys.executable).parent / "ansible-galaxy"
    command = [str(galaxy), "collection", "install", str(REPOSITORY), "-p", str(folder), "--offline", "--force"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def controller(collections: Path, wire_form: str) -> Iterator[Controller]:
    """A controller with an empty home; its path is short because Unix sockets live in it."""
    folder = Path(tempfile.mkdtemp(prefix="mx-"))
    controller = Controller(folder, collections)
    if wire_form != "full":
        form = "{{ 'plain' if inventory_hostname == 'ex02' else 'full' }}" if wire_form == "mixed" else wire_form
        controller.write("group_vars/all.yml", {"ansible_exchange_serialization": form})
    yield controller
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def on_powershell() -> Iterator[None]:
    """What a file uses so that every simulator its tests start has a real PowerShell in it."""
    powershell()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAILOPS_SIMULATOR_ENGINE", "pwsh")
        yield


@pytest.fixture(scope="module")
def powershell_directory() -> dict[str, Any]:
    """What has been turned on at /PowerShell beside Kerberos; files whose tests need more, or less, have their own."""
    return BASIC


@pytest.fixture(scope="module")
def _organisation(
    powershell_directory: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimulatorProcess]:
    folder = tmp_path_factory.mktemp("organisation")
    process = SimulatorProcess(SERVERS, password=PASSWORD, directory=folder, **powershell_directory)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def organisation(_organisation: SimulatorProcess) -> SimulatorProcess:
    """Two servers out of the box: an SE and a 2016."""
    _organisation.reset()
    return _organisation


@pytest.fixture
def open_session(organisation: SimulatorProcess, wire_form: str) -> Iterator[Callable[..., Session]]:
    """Opens sessions with servers of the organisation, each without a memory, as at the beginning of a play."""
    opened: list[Session] = []

    def open_one(
        name: str = "EX01",
        scheme: str = "https",
        services: dict[str, str] = SERVICES,
        form: str = wire_form,
        configuration: str = "Microsoft.PowerShell",
        **settings: Any,
    ) -> Session:
        server = organisation.description["servers"][name]

        def endpoint(kind: str, configuration: str, path: str) -> Endpoint:
            return Endpoint(configuration, scheme, server[f"{kind}_{scheme}"], path, "auto", services[kind])

        usual: dict[str, Any] = {
            "host": server["address"],
            "inventory_hostname": name.lower(),
            "user": organisation.description["user"],
            "password": PASSWORD,
            "auth": "basic",
            "ca_cert": organisation.description["ca"],
        }
        windows = endpoint("windows", configuration, "wsman")
        exchange = endpoint("exchange", "Microsoft.Exchange", EXCHANGE_PATHS[form])
        opened.append(Session(Settings(**usual | settings, windows=windows, exchange=exchange)))
        return opened[-1]

    yield open_one
    for session in opened:
        session.close()


@pytest.fixture(scope="module")
def realm() -> Iterator[Kdc]:
    """The KDC; this process, and what it starts, log on there."""
    try:
        kdc.check()
    except Unavailable as reason:
        do_without(ROOTS, reason)
    realm = Kdc({"administrator": PASSWORD, "stranger": PASSWORD}, [f"{name}.contoso.test" for name in SERVERS])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in realm.environment.items():
            patch.setenv(name, value)
        try:
            realm.start()
            yield realm
        finally:
            realm.stop()


@pytest.fixture(scope="module")
def kerberized(
    realm: Kdc, powershell_directory: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimulatorProcess]:
    """The same servers, with their keys from the KDC."""
    options = {"directory": tmp_path_factory.mktemp("organisation"), "keytab": realm.keytab, **powershell_directory}
    with SimulatorProcess(SERVERS, password=PASSWORD, **options) as process:
        yield process


@pytest.fixture
def session(open_session: Callable[..., Session]) -> Session:
    """A session with EX01."""
    return open_session()


@pytest.fixture
def run(session: Session) -> Callable[..., dict[str, Any]]:
    """Runs a module on EX01, one task after the other of a play, and looks at how it speaks of a failure."""

    def run(module: str, options: dict[str, Any] | None = None, *, check: bool = False) -> dict[str, Any]:
        result = run_module(module, options or {}, session.invoke, check=check, pause=lambda _: None)
        assert "failed" not in result or is_a_sentence(result["msg"]), result
        return result

    return run
