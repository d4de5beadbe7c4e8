"""Exchange's cmdlets in an ordinary session on the server: the snap-in, live objects, and the second hop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psrpcore.types import deserialize_clixml
from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from simulator_process import BASIC, SimulatorProcess
from winrs_client import powershell

from exchange_simulator.engine import Command, Result, Runspace
from exchange_simulator.organisation import Organisation

SNAPIN = "Microsoft.Exchange.Management.PowerShell.SnapIn"
E2010 = "Microsoft.Exchange.Management.PowerShell.E2010"
CREDENTIAL = "Microsoft.Exchange.Data.Directory.ADInvalidCredentialException"


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess({"EX01": "SE", "EX02": "2010"}, **BASIC) as process:
        yield process


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    process.reset()
    return process


@contextmanager
def session(
    simulator: SimulatorProcess, server: str = "EX01", auth: str = "basic", endpoint: str = "windows"
) -> Iterator[RunspacePool]:
    told = simulator.description["servers"][server]
    configuration = {"windows": "Microsoft.PowerShell", "exchange": "Microsoft.Exchange"}[endpoint]
    wsman = WSMan(
        told["address"],
        port=told[f"{endpoint}_https"],
        path={"windows": "wsman", "exchange": "PowerShell/"}[endpoint],
        auth=auth,
        username="administrator",
        password=simulator.password,
        cert_validation=simulator.description["ca"],
        no_proxy=True,
    )
    with wsman, RunspacePool(wsman, configuration_name=configuration) as pool:
        yield pool


def run(pool: RunspacePool, name: str, **parameters: Any) -> PowerShell:
    shell = PowerShell(pool)
    shell.add_cmdlet(name)
    shell.add_parameters(parameters)
    shell.invoke()
    return shell


def ids(shell: PowerShell) -> list[str]:
    return [error.fq_error for error in shell.streams.error]


@pytest.mark.parametrize(("server", "name"), [("EX01", SNAPIN), ("EX01", E2010), ("EX02", E2010)])
def test_the_snapin_brings_the_cmdlets_into_this_runspace_only(
    simulator: SimulatorProcess, server: str, name: str
) -> None:
    with session(simulator, server) as pool, session(simulator, server) as other:
        assert ids(run(pool, "Get-PopSettings")) == ["CommandNotFoundException"]
        found = run(pool, "Get-PSSnapin", Name="Microsoft.Exchange.Management.PowerShell.*", Registered=True).output
        assert name in [one.adapted_properties["Name"] for one in found]
        assert ids(run(pool, "Add-PSSnapin", Name=name)) == []
        assert len(run(pool, "Get-PopSettings").output) == 1
        assert len(run(pool, "Get-Service", Name="W3SVC").output) == 1
        assert ids(run(other, "Get-PopSettings")) == ["CommandNotFoundException"]
    assert {one["endpoint"] for one in simulator.log()} == {"windows"}


def test_a_snapin_of_setup_brings_no_cmdlet_of_administrators(simulator: SimulatorProcess) -> None:
    with session(simulator) as pool:
        run(pool, "Add-PSSnapin", Name="Microsoft.Exchange.Management.PowerShell.Setup")
        assert ids(run(pool, "Get-PopSettings")) == ["CommandNotFoundException"]


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "error_id"),
    [
        ("Add-PSSnapin", {"Name": "Nowhere"}, "AddPSSnapInRead,Microsoft.PowerShell.Commands.AddPSSnapinCommand"),
        ("Get-PSSnapin", {"Name": "No*"}, "NoPSSnapInsFound,Microsoft.PowerShell.Commands.GetPSSnapinCommand"),
    ],
)
def test_an_unregistered_snapin(
    simulator: SimulatorProcess, cmdlet: str, parameters: dict[str, Any], error_id: str
) -> None:
    with session(simulator) as pool:
        shell = run(pool, cmdlet, **parameters)
        assert shell.state == PSInvocationState.COMPLETED
        (error,) = shell.streams.error
        assert (error.fq_error, error.category) == (error_id, 5)
        assert error.target_object == parameters["Name"]


def test_the_snapin_of_later_releases_is_unknown_to_2010(simulator: SimulatorProcess) -> None:
    with session(simulator, "EX02") as pool:
        (error_id,) = ids(run(pool, "Add-PSSnapin", Name=SNAPIN))
        assert error_id.startswith("AddPSSnapInRead,")


def test_rbac_has_no_say(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "rbac_without", cmdlet="Get-PopSettings")
    simulator.fault("EX01", "rbac_without", cmdlet="Set-PopSettings", parameter="Banner")
    with session(simulator) as pool, session(simulator, endpoint="exchange") as remote:
        run(pool, "Add-PSSnapin", Name=SNAPIN)
        assert len(run(pool, "Get-PopSettings").output) == 1
        assert ids(run(pool, "Set-PopSettings", Banner="new")) == []
        assert ids(run(remote, "Get-PopSettings")) == ["CommandNotFoundException"]


def test_error_ids_carry_the_class(simulator: SimulatorProcess) -> None:
    with session(simulator) as pool:
        run(pool, "Add-PSSnapin", Name=SNAPIN)
        assert ids(run(pool, "Get-PopSettings", Nope="x")) == [
            "NamedParameterNotFound,Microsoft.Exchange.Management.SystemConfigurationTasks.GetPopSettings"
        ]


def test_certificates_show_what_they_are(simulator: SimulatorProcess) -> None:
    simulator.enable_certificate("EX01", "EX01", "POP, IMAP")
    with session(simulator) as pool, session(simulator, endpoint="exchange") as remote:
        run(pool, "Add-PSSnapin", Name=SNAPIN)
        thumbprint = simulator.certificate("EX01", "EX01")["thumbprint"]
        (live,) = run(pool, "Get-ExchangeCertificate", Thumbprint=thumbprint).output
        (dead,) = run(remote, "Get-ExchangeCertificate", Thumbprint=thumbprint).output
        members = live.adapted_properties
        assert members["Thumbprint"] == thumbprint
        assert str(members["Services"]) == simulator.certificate("EX01", "EX01")["services"]
        assert (members["Subject"], members["IsSelfSigned"], members["HasPrivateKey"]) == ("CN=EX01", True, True)
        assert members["RawData"] == dead.adapted_properties["RawData"]
        assert set(dead.adapted_properties) == {"RawData"}
    with powershell(simulator) as shell:
        shell.run(f"Add-PSSnapin -Name:'{SNAPIN}'")
        (text,) = shell.run(f"Get-ExchangeCertificate -Thumbprint:'{thumbprint}'").output
        assert deserialize_clixml(text, None)[0].Thumbprint == thumbprint


def test_over_the_winrm_shell(simulator: SimulatorProcess) -> None:
    with powershell(simulator) as shell:
        assert shell.run("Get-PopSettings").state == "failed"
        found = shell.run("Get-PSSnapin -Name:'Microsoft.Exchange.Management.PowerShell.*' -Registered:$true").output
        assert SNAPIN in [deserialize_clixml(text, None)[0].Name for text in found]
        assert shell.run(f"Add-PSSnapin -Name:'{SNAPIN}'").state == "completed"
        answer = shell.run("Set-PopSettings -Banner:'neu \u2019\u2019 \U0001f600'")
        assert (answer.state, answer.output, answer.error, len(answer.warning)) == ("completed", [], [], 1)
        assert "only take effect after" in answer.warning[0]
        (text,) = shell.run("Get-PopSettings").output
        assert deserialize_clixml(text, None)[0].Banner == "neu \u2019 \U0001f600"
        answer = shell.run("Set-CASMailbox -PopEnabled:$false", piped=["'nobody'", "'administrator'", "'no one'"])
        assert (answer.state, len(answer.error)) == ("completed", 2)
        answer = shell.run("Set-PopSettings -Nope:'x'")
        assert (answer.state, len(answer.error)) == ("failed", 1)
    assert [one["cmdlet"] for one in simulator.log()][-1] == "Set-PopSettings"
    assert {one["endpoint"] for one in simulator.log()} == {"windows"}


def test_a_winrm_shell_of_2010_has_no_serializer(simulator: SimulatorProcess) -> None:
    with powershell(simulator, "EX02") as shell:
        answer = shell.run("Get-Service -Name:'WAS'")
        assert (answer.state, answer.output) == ("failed", [])
        assert "Unable to find type" in answer.stderr


@pytest.mark.parametrize("auth", ["ntlm", "negotiate", "credssp"])
def test_a_second_hop_takes_a_log_on_that_delegates(simulator: SimulatorProcess, auth: str) -> None:
    with session(simulator, auth=auth) as pool:
        run(pool, "Add-PSSnapin", Name=SNAPIN)
        shell = run(pool, "Get-PopSettings")
        errors = [error.exception.types[0] for error in shell.streams.error]
        assert (len(shell.output), errors) == ((1, []) if auth == "credssp" else (0, [CREDENTIAL]))
        assert len(run(pool, "Get-Service", Name="W3SVC").output) == 1


def test_a_second_hop_that_is_refused_all_the_same(simulator: SimulatorProcess) -> None:
    simulator.fault("EX01", "second_hop_refused")
    with session(simulator) as pool, session(simulator, endpoint="exchange") as remote:
        run(pool, "Add-PSSnapin", Name=SNAPIN)
        (error,) = run(pool, "Set-PopSettings", Banner="new").streams.error
        assert error.exception.types[0] == CREDENTIAL
        assert "[FailureCategory=Cmdlet-ADInvalidCredentialException]" in error.fq_error
        assert len(run(remote, "Get-PopSettings").output) == 1
    with powershell(simulator, transport="ntlm") as shell:
        shell.run(f"Add-PSSnapin -Name:'{SNAPIN}'")
        answer = shell.run("Get-PopSettings")
        assert (answer.state, answer.output, len(answer.error)) == ("completed", [], 1)


def test_errors_are_collected_as_powershell_does(make: Callable[..., Organisation]) -> None:
    organisation, runspace = make("SE"), Runspace()

    def get(name: str, *parameters: tuple[str, str]) -> Result:
        command = Command("Get-Service", (("Name", name), *parameters))
        return organisation.run("EX01", "windows", "tester", [[command]], runspace=runspace)

    silent = ("ErrorAction", "SilentlyContinue")
    assert get("no1", silent, ("ErrorVariable", "Failures")).errors == []
    assert len(get("no2", ("ErrorVariable", "+failures")).errors) == 1
    assert [error.TargetObject for error in runspace.variables["failures"]] == ["no1", "no2"]
    get("no3", ("ErrorAction", "Ignore"), ("ErrorVariable", "failures"), ("OutVariable", "out"))
    assert runspace.variables == {"failures": [], "out": []}
    assert get("no4", ("ErrorAction", "Stop"), ("ErrorVariable", "failures")).terminating is not None
    assert runspace.variables["failures"] == []
