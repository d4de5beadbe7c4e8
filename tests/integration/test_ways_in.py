"""Every way to a host, with every log-on, to two versions: the same modules and the same role do the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from evidence import writes
from kdc import REALM, Kdc
from module_runner import run_module
from runner import PASSWORD, Controller
from simulator_process import BASIC, NTLM, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Unreachable
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

READER = "reader@contoso.test"
WAYS: dict[str, dict[str, Any]] = {
    "psrp remote": {},
    "psrp local": {"access": "local"},
    "winrm local": {"access": "local", "transport": "winrm"},
}
LOG_ONS: dict[str, dict[str, Any]] = {
    "basic over https": {"scheme": "https", "auth": "basic"},
    "ntlm over https": {"scheme": "https", "auth": "ntlm"},
    "kerberos over http": {"scheme": "http", "auth": "kerberos", "delegate": True},
    "kerberos over https": {"scheme": "https", "auth": "kerberos", "delegate": True},
}
VERSIONS = {"SE": "EX01", "2016": "EX02"}
TASKS: dict[str, dict[str, Any]] = {
    "pop_settings": {
        "banner": "'It\u2019s' $(Get-Date) `n {{ 1 }} \u00fc\U0001f4e7",
        "external_connection_settings": ["mail.contoso.test:995:SSL"],
        "x509_certificate_name": "mail.contoso.test",
        "authenticated_connection_timeout": "00:45:00",
    },
    "imap_settings": {"max_connections": 5000, "owa_server_url": "https://mail.contoso.test/owa"},
    "exchange_certificate": {"name": "mail.contoso.test", "services": ["POP"]},
    "receive_connector": {"advertise_client_settings": True, "max_message_size": "40MB"},
    "cas_mailbox": {"identities": [READER], "pop_enabled": False},
    "protocol_service": {"protocol": "pop3", "state": "started", "start_mode": "automatic"},
}


@pytest.fixture(scope="module")
def powershell_directory() -> dict[str, Any]:
    return BASIC | NTLM


@pytest.fixture
def organisation(kerberized: SimulatorProcess) -> SimulatorProcess:
    kerberized.reset()
    return kerberized


# Every way with every log-on, and both versions with every way: a version changes objects, which test_both_forms.py
# reads on every release over each way, and a log-on does not see them.
@pytest.mark.parametrize(
    ("way", "log_on", "version"),
    [
        pytest.param(way, log_on, version, id=f"{way}, {log_on}, {version}")
        for (number, way), (place, log_on) in itertools.product(enumerate(WAYS), enumerate(LOG_ONS))
        for version in [list(VERSIONS)[(number + place) % 2]]
        if way == "psrp remote" or not log_on.startswith("ntlm")
    ],
)
def test_modules(
    organisation: SimulatorProcess, open_session: Callable[..., Session], way: str, log_on: str, version: str
) -> None:
    server = VERSIONS[version]
    kerberos = "kerberos" in log_on
    session = open_session(
        server,
        **WAYS[way] | LOG_ONS[log_on],
        user=f"administrator@{REALM}" if kerberos else "CONTOSO\\administrator",
        hostname_override=f"{server.lower()}.contoso.test" if kerberos else None,
    )

    def run(module: str, *, check: bool = False) -> bool:
        organisation.clear_log()
        result = run_module(module, TASKS[module], session.invoke, check=check, pause=lambda _: None)
        assert "failed" not in result, result["msg"]
        changed: bool = result["changed"]
        return changed

    for module in TASKS:
        assert run(module, check=True) is True
        assert set(writes(organisation)) <= {"Add-PSSnapin"}
        assert run(module) is True
        assert writes(organisation), module
        assert run(module) is False
        assert writes(organisation) == []
    info = run_module("client_access_info", {}, session.invoke)
    assert info["pop3"]["settings"]["banner"] == TASKS["pop_settings"]["banner"]
    assert info["server"] == server
    local = WAYS[way].get("access") == "local"
    assert organisation.state()["servers"][server]["shells_opened"] == {"exchange": 0 if local else 1, "windows": 1}


@pytest.mark.parametrize("way", [way for way, settings in WAYS.items() if settings])
@pytest.mark.parametrize(
    "log_on",
    [
        {"scheme": "http", "auth": "ntlm"},
        {"scheme": "https", "auth": "negotiate", "user": "CONTOSO\\administrator"},
        {"scheme": "http", "auth": "kerberos", "user": f"administrator@{REALM}"},
    ],
    ids=lambda log_on: log_on["auth"],
)
def test_a_log_on_that_goes_no_further_is_explained(
    organisation: SimulatorProcess, open_session: Callable[..., Session], way: str, log_on: dict[str, Any]
) -> None:
    kerberos = log_on["auth"] == "kerberos"
    session = open_session(**WAYS[way] | log_on, hostname_override="ex01.contoso.test" if kerberos else None)
    with pytest.raises(Unreachable, match="could not reach Active Directory") as told:
        run_module("pop_settings", TASKS["pop_settings"], session.invoke)
    assert f"a {log_on['auth']} authentication is not passed on to a domain controller; with" in str(told.value)
    assert "use CredSSP, Kerberos with ansible_exchange_delegate: true, or Basic over TLS (" in str(told.value)
    assert writes(organisation) == ["Add-PSSnapin"]


@pytest.mark.parametrize(
    ("way", "variables"),
    [
        ("psrp remote", {"ansible_exchange_auth": "kerberos"}),
        ("psrp local", {"ansible_exchange_auth": "kerberos", "ansible_exchange_access": "local"}),
        ("winrm local", {"ansible_exchange_auth": "kerberos", "ansible_exchange_transport": "winrm"}),
        ("winrm local", {"ansible_exchange_auth": "basic", "ansible_exchange_transport": "winrm"}),
    ],
    ids=lambda value: value if isinstance(value, str) else value["ansible_exchange_auth"],
)
def test_role(
    realm: Kdc, controller: Controller, organisation: SimulatorProcess, way: str, variables: dict[str, Any]
) -> None:
    scheme = "http" if variables["ansible_exchange_auth"] == "kerberos" else "https"
    hosts = {
        "exchange": {
            "hosts": {
                server["fqdn"].lower(): {
                    "ansible_host": server["address"],
                    "ansible_port": server[f"windows_{scheme}"],
                    "ansible_exchange_port": server[f"exchange_{scheme}"],
                }
                for server in organisation.description["servers"].values()
            },
            "vars": {
                "ansible_user": f"administrator@{REALM}" if scheme == "http" else "administrator",
                "ansible_password": "{{ lookup('env', 'EXCHANGE_TEST_PASSWORD') }}",
                "ansible_exchange_windows_scheme": scheme,
                "ansible_exchange_scheme": scheme,
                "ansible_exchange_hostname_override": "{{ inventory_hostname }}",
                "ansible_exchange_delegate": True,
                "ansible_exchange_ca_cert": organisation.description["ca"],
                "pop3_banner": "POP3 at Contoso is ready.",
                "pop3_x509_certificate_name": "mail.contoso.test",
                "pop3_certificate": {},
                "pop3_connector": {"advertise_client_settings": True},
                "pop3_mailboxes": {"identities": [READER]},
                "exchange_serial": 2,
                **variables,
            },
        }
    }
    predicted = controller.run("mailops.exchange.enable_pop3", hosts, "--check", **realm.environment)
    assert predicted.returncode == 0, predicted.output
    assert set(writes(organisation)) <= {"Add-PSSnapin"}
    done = controller.run("mailops.exchange.enable_pop3", hosts, **realm.environment)
    assert done.returncode == 0, done.output
    again = controller.run("mailops.exchange.enable_pop3", hosts, **realm.environment)
    assert again.returncode == 0, again.output
    local = way != "psrp remote"
    for name, server in organisation.state()["servers"].items():
        host = server["fqdn"].lower()
        assert done.changed(host) == predicted.changed(host)
        assert again.stats[host]["changed"] == 0
        assert server["effective"]["pop3"]["Banner"] == "POP3 at Contoso is ready.", name
        assert server["shells_opened"] == {"exchange": 0 if local else 3, "windows": 3}
        assert server["shells_open"] == {"exchange": 0, "windows": 0}
    controller.wait_for_the_end()
    assert PASSWORD not in predicted.output + done.output + again.output
