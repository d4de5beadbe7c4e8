"""Inventories that know nothing of this collection, as they stand in other people's automation."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from needed import ROOTS, do_without
from runner import PASSWORD, Controller
from simulator_process import SimulatorProcess

PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"include_role": {"name": "mailops.exchange.pop3"}, "vars": {"pop3_banner": "POP3 at Contoso is ready."}}
        ],
    }
]


def low_ports_are_allowed() -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 443))
        except PermissionError:
            return False
        except OSError:
            return True
    return True


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Two servers on the real ports: an inventory without a word of ours can find Exchange nowhere else."""
    if not low_ports_are_allowed():
        do_without(ROOTS, "ports below 1024 are needed: run as root, or lower net.ipv4.ip_unprivileged_port_start")
    with SimulatorProcess(
        servers={"EX01": "SE", "EX02": "2016"},
        password=PASSWORD,
        directory=tmp_path_factory.mktemp("organisation"),
        port_offset=0,
    ) as process:
        yield process


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param(
            {
                "ansible_connection": "winrm",
                "ansible_winrm_transport": "ntlm",
                "ansible_winrm_server_cert_validation": "ignore",
            },
            id="winrm",
        ),
        pytest.param(
            {"ansible_connection": "psrp", "ansible_psrp_auth": "ntlm", "ansible_psrp_cert_validation": "ignore"},
            id="psrp",
        ),
        pytest.param(
            {
                "ansible_connection": "winrm",
                "ansible_winrm_transport": ["ntlm"],
                "ansible_port": 5985,
                "ansible_winrm_server_cert_validation": "ignore",
            },
            id="winrm over HTTP with message encryption",
        ),
    ],
)
def test_role(controller: Controller, organisation: SimulatorProcess, variables: dict[str, Any]) -> None:
    organisation.reset()
    hosts = {
        "all": {
            "hosts": {
                name.lower(): {"ansible_host": server["address"]}
                for name, server in organisation.description["servers"].items()
            },
            "vars": {
                "ansible_user": f"CONTOSO\\{organisation.description['user']}",
                "ansible_password": "{{ lookup('env', 'EXCHANGE_TEST_PASSWORD') }}",
                **variables,
            },
        }
    }
    done = controller.run(PLAY, hosts)
    assert done.returncode == 0, done.output
    for server in organisation.state()["servers"].values():
        assert server["effective"]["pop3"]["Banner"] == "POP3 at Contoso is ready."
        assert server["shells_opened"] == {"exchange": 1, "windows": 1}
        assert server["shells_open"] == {"exchange": 0, "windows": 0}
    again = controller.run(PLAY, hosts)
    assert [item["changed"] for item in again.stats.values()] == [0, 0], again.output
