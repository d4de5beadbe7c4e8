"""Certificates, connectors and credentials as a stock pypsrp client and the control channel meet them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pypsrp.complex_objects import PSCredential
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from simulator_process import BASIC, SimulatorFailed, SimulatorProcess

_MAIL = "mail.contoso.test"
_CLIENT = r"EX01\Client Frontend EX01"


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess(**BASIC) as process:
        yield process


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    process.reset()
    return process


@pytest.fixture
def pool(simulator: SimulatorProcess) -> Iterator[RunspacePool]:
    server = simulator.description["servers"]["EX01"]
    with (
        WSMan(
            server["address"],
            port=server["exchange_https"],
            ssl=True,
            auth="basic",
            username="administrator",
            password=simulator.password,
            path="PowerShell/?serializationLevel=Full",
            cert_validation=simulator.description["ca"],
            no_proxy=True,
        ) as wsman,
        RunspacePool(wsman, configuration_name="Microsoft.Exchange") as pool,
    ):
        yield pool


def run(pool: RunspacePool, cmdlet: str, **parameters: Any) -> Any:
    shell = PowerShell(pool)
    shell.add_cmdlet(cmdlet)
    for name, value in parameters.items():
        shell.add_parameter(name, value)
    output = shell.invoke()
    assert not shell.had_errors
    assert shell.streams.error == []
    shell.close()
    return output


@pytest.mark.parametrize(("password", "expected"), [(None, "Success"), ("wrong", "Failure")])
def test_a_credential_crosses_the_wire_encrypted(
    simulator: SimulatorProcess, pool: RunspacePool, password: str | None, expected: str
) -> None:
    simulator.enable_certificate("EX01", _MAIL, "POP")
    for cmdlet, parameters in {
        "Set-PopSettings": {"X509CertificateName": _MAIL},
        "Restart-Service": {"Name": ["MSExchangePop3", "MSExchangePOP3BE"]},
    }.items():
        endpoint = "windows" if cmdlet == "Restart-Service" else "exchange"
        assert simulator.run("EX01", cmdlet, parameters, endpoint=endpoint)["errors"] == []
    pool.exchange_keys()
    credential = PSCredential(username="reader", password=password or simulator.password)
    for _ in range(2):
        (found,) = run(pool, "Test-PopConnectivity", MailboxCredential=credential, LightMode=True)
        assert found.adapted_properties["Result"].to_string == expected
    assert simulator.password not in str(simulator.log())
    assert simulator.log()[-1]["parameters"]["MailboxCredential"] == {"user": "reader", "password": "***"}


def test_flags_and_identities_cross_the_wire(simulator: SimulatorProcess, pool: RunspacePool) -> None:
    run(pool, "Set-ReceiveConnector", Identity=_CLIENT, AuthMechanism=["Tls", "BasicAuth"], PermissionGroups=6)
    (found,) = run(pool, "Get-ReceiveConnector", Identity=_CLIENT)
    assert found.adapted_properties["AuthMechanism"].to_string == "Tls, BasicAuth"
    assert found.adapted_properties["PermissionGroups"].property_sets == [6]
    stored = simulator.state()["servers"]["EX01"]["connectors"]["Client Frontend EX01"]
    assert stored["PermissionGroups"] == "ExchangeUsers, ExchangeServers"


def test_certificates_by_the_control_channel(simulator: SimulatorProcess, pool: RunspacePool) -> None:
    thumbprint = simulator.add_certificate("EX01", "*.contoso.test", days=5, rsa_bits=1024)
    assert simulator.certificate("EX01", "*.contoso.test")["thumbprint"] == thumbprint
    (found,) = run(pool, "Get-ExchangeCertificate", Thumbprint=thumbprint)
    assert list(found.adapted_properties) == ["RawData"]
    assert "\r\n  CN=*.contoso.test\r\n" in found.to_string
    simulator.remove_certificate("EX01", thumbprint)
    for question in (
        {"server": "EX01", "names": []},
        {"server": "EX01", "names": "mail"},
        {"server": "EX01", "names": ["mail"], "expired": True},
        {"server": "EX09", "names": ["mail"]},
    ):
        with pytest.raises(SimulatorFailed, match=r"names|no server"):
            simulator._ask("POST", "/certificate", question)
    with pytest.raises(SimulatorFailed, match="could be removed"):
        simulator.remove_certificate("EX01", thumbprint)
    simulator.add_certificate("EX01", "other.contoso.test", private_key=False)
    with pytest.raises(SimulatorFailed, match="PrivateKeyMissing"):
        simulator.enable_certificate("EX01", "other.contoso.test", "POP")
    simulator.fault("EX01", "payload_signing_broken")
    assert not any(one.extended_properties for one in run(pool, "Get-ExchangeCertificate"))


def test_a_reset_takes_certificates_away(simulator: SimulatorProcess) -> None:
    simulator.add_certificate("EX01", "other.contoso.test")
    simulator.enable_certificate("EX01", "other.contoso.test", "POP")
    simulator.reset()
    certificates = simulator.state()["servers"]["EX01"]["certificates"]
    services = ["IMAP, POP, IIS, SMTP", "SMTP", "None", "None"]
    assert [one["services"] for one in certificates] == services
