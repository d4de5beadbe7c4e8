"""Certificates and the client submission connector, over real sessions with every version of Exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from evidence import RELAY, add_relay, connectors, is_a_sentence, writes
from module_runner import run_module
from runner import PASSWORD
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

SERVERS = {"SE01": "SE", "E19": "2019", "E16": "2016", "E15": "2013", "E14": "2010"}
NAME = "mail.contoso.test"
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    folder = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess(servers=SERVERS, password=PASSWORD, directory=folder, **BASIC) as process:
        yield process


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def run(server: str, open_session: Callable[..., Session]) -> Run:
    session = open_session(server)

    def run(module: str, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        result = run_module(module, options, session.invoke, check=check)
        assert "failed" not in result or is_a_sentence(result["msg"]), result
        return result

    return run


def cycle(run: Run, organisation: SimulatorProcess, module: str, options: dict[str, Any]) -> dict[str, Any]:
    """Check, nothing moved; apply, as predicted; apply again, nothing to do."""
    organisation.clear_log()
    predicted = run(module, options, check=True)
    assert predicted["changed"] is True, predicted
    assert writes(organisation) == []
    done = run(module, options)
    assert (done["changed"], done["diff"], done["cmdlets"]) == (True, predicted["diff"], predicted["cmdlets"]), done
    assert len(writes(organisation)) == 1
    again = run(module, options)
    assert again["changed"] is False, again
    assert len(writes(organisation)) == 1
    return done


def services(organisation: SimulatorProcess, server: str) -> set[str]:
    return set(organisation.certificate(server, NAME)["services"].split(", ")) - {"None"}


def test_certificate_by_name(run: Run, organisation: SimulatorProcess, server: str) -> None:
    assert services(organisation, server) == set()
    done = cycle(run, organisation, "exchange_certificate", {"name": NAME, "services": ["pop"]})
    assert (done["assigned"], done["restart_required"]) == (True, True)
    assert services(organisation, server) == {"POP"}


def test_certificate_by_thumbprint_as_the_windows_dialog_copies_it(
    run: Run, organisation: SimulatorProcess, server: str
) -> None:
    thumbprint = organisation.certificate(server, NAME)["thumbprint"]
    copied = "\u200e" + " ".join(thumbprint[place : place + 2].lower() for place in range(0, 40, 2))
    cycle(run, organisation, "exchange_certificate", {"thumbprint": copied, "services": ["pop", "imap"]})
    assert services(organisation, server) == {"IMAP", "POP"}


def test_unreadable_services_are_unknown_and_never_changed(
    run: Run, organisation: SimulatorProcess, server: str
) -> None:
    organisation.fault(server, "payload_signing_broken")
    organisation.clear_log()
    result = run("exchange_certificate", {"name": NAME, "services": ["pop"]})
    assert (result["changed"], result["assigned"]) == (False, None), result
    assert writes(organisation) == []


@pytest.mark.parametrize(
    ("names", "traits", "clause"),
    [
        (["*.contoso.test"], {}, "wildcard"),
        (["other.contoso.test"], {"days": -30, "begins": -60}, "expired"),
        (["other.contoso.test"], {"begins": 30}, "is not valid before"),
    ],
)
def test_a_certificate_that_does_not_do_is_refused(
    run: Run, organisation: SimulatorProcess, server: str, names: list[str], traits: dict[str, Any], clause: str
) -> None:
    thumbprint = organisation.add_certificate(server, *names, **traits)
    organisation.clear_log()
    result = run("exchange_certificate", {"thumbprint": thumbprint, "services": ["pop"]})
    assert result.get("failed"), result
    assert clause in result["msg"]
    assert writes(organisation) == []
    organisation.remove_certificate(server, thumbprint)


@pytest.mark.forms("full", "plain")
def test_connector(run: Run, organisation: SimulatorProcess, server: str) -> None:
    wanted: dict[str, Any] = {
        "fqdn": NAME,
        "advertise_client_settings": True,
        "max_message_size": "50MB",
        "connection_timeout": "00:20:00",
        "permission_groups": {"add": ["ExchangeUsers"]},
    }
    done = cycle(run, organisation, "receive_connector", wanted)
    name = f"Client {server}" if server == "E14" else f"Client Frontend {server}"
    assert done["connector"] == name
    stored = organisation.state()["servers"][server]["connectors"]
    assert stored[name]["Fqdn"] == NAME
    others = {connector for connector, values in stored.items() if values["Fqdn"] == NAME}
    assert others == {name}


@pytest.mark.forms("full", "plain")
def test_a_relay_on_its_port_is_not_taken_for_it(run: Run, organisation: SimulatorProcess, server: str) -> None:
    """Whatever the names: the one of users is renamed."""
    name = f"Client {server}" if server == "E14" else f"Client Frontend {server}"
    renamed = organisation.run(server, "Set-ReceiveConnector", {"Identity": name, "Name": "Einlieferung"})
    assert renamed["errors"] == []
    add_relay(organisation, server)
    relay = connectors(organisation, server)[RELAY]
    assert cycle(run, organisation, "receive_connector", {"max_message_size": "50MB"})["connector"] == "Einlieferung"
    assert connectors(organisation, server)[RELAY] == relay
    organisation.clear_log()
    refused = run("receive_connector", {"remote_ip_ranges": ["10.1.2.3"], "permission_groups": ["AnonymousUsers"]})
    assert refused.get("failed"), refused
    assert "'Einlieferung' is no longer the receive connector through which users send" in refused["msg"]
    assert writes(organisation) == []


def test_the_connector_shows_the_certificate(run: Run, organisation: SimulatorProcess, server: str) -> None:
    thumbprint = organisation.certificate(server, NAME)["thumbprint"]
    enabled = {"thumbprint": thumbprint, "services": ["smtp"], "replace_default_smtp_certificate": True}
    assert run("exchange_certificate", enabled).get("failed") is None
    if server == "E14":
        refused = run("receive_connector", {"tls_certificate_name": thumbprint})
        assert refused.get("failed"), refused
        assert "2013" in refused["msg"]
        return
    done = cycle(run, organisation, "receive_connector", {"tls_certificate_name": thumbprint})
    assert done["settings"]["tls_certificate_name"].endswith(f"<S>CN={NAME}")


def test_smtp_is_never_assigned_by_accident(run: Run, organisation: SimulatorProcess, server: str) -> None:
    organisation.clear_log()
    refused = run("exchange_certificate", {"name": NAME, "services": ["pop", "smtp"]})
    assert refused.get("failed"), refused
    assert "replace_default_smtp_certificate" in refused["msg"]
    assert organisation.log() == []
