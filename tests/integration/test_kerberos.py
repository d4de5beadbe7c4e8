"""Kerberos with a real KDC: both endpoints, by password and by ticket, what a server refuses, what users read."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kdc import REALM, Kdc
from runner import PASSWORD, Controller
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import kerberos

DOMAIN = REALM.lower()
FQDN = f"ex01.{DOMAIN}"
USER = f"administrator@{REALM}"
STRANGER = f"stranger@{REALM}"
CMDLETS = {"windows": "Get-Service", "exchange": "Get-PopSettings"}
SERVICES = {"windows": "WSMAN", "exchange": "HTTP"}


@pytest.fixture(scope="module")
def powershell_directory() -> dict[str, Any]:
    """Nothing: this is how Exchange is installed."""
    return {}


@pytest.fixture
def organisation(kerberized: SimulatorProcess) -> SimulatorProcess:
    kerberized.reset()
    return kerberized


@pytest.fixture
def open_session(open_session: Callable[..., Session]) -> Callable[..., Session]:
    """Opens sessions with EX01, which is known by its address, under its name."""

    def open_one(scheme: str = "http", services: dict[str, str] = SERVICES, **settings: Any) -> Session:
        usual = {"user": USER, "auth": "kerberos", "hostname_override": FQDN}
        return open_session(scheme=scheme, services=services, **usual | settings)

    return open_one


def ask(session: Session, endpoint: str) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(session.invoke(Request(endpoint, CMDLETS[endpoint]).to_json()))
    return reply


@pytest.mark.parametrize("endpoint", ["windows", "exchange"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
@pytest.mark.parametrize("by", ["password", "ticket"])
def test_session(
    realm: Kdc,
    open_session: Callable[..., Session],
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
    scheme: str,
    auth: str,
    by: str,
) -> None:
    settings: dict[str, Any] = {"auth": auth}
    if by == "ticket":
        monkeypatch.setenv("KRB5CCNAME", str(realm.log_on("administrator")))
        settings |= {"user": None, "password": None}
    before = len(realm.issued())
    reply = ask(open_session(scheme, **settings), endpoint)
    assert reply["state"] == "completed", reply["reason"]
    assert reply["output"]
    # NTLM would have served Negotiate as well.
    assert f"{SERVICES[endpoint]}/{FQDN}" in realm.issued()[before:]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_winrm_shell_by_ticket(
    realm: Kdc, open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("KRB5CCNAME", str(realm.log_on("administrator")))
    ticket = {"auth": "kerberos", "user": None, "password": None}
    reply = ask(open_session(scheme, transport="winrm", access="local", **ticket), "windows")
    assert reply["state"] == "completed", reply["reason"]


@pytest.mark.parametrize(
    ("auth", "scheme"), [("basic", "https"), ("ntlm", "https"), ("ntlm", "http"), ("credssp", "https")]
)
def test_powershell_as_installed_takes_kerberos_alone(
    organisation: SimulatorProcess, open_session: Callable[..., Session], auth: str, scheme: str
) -> None:
    session = open_session(scheme, auth=auth, user="CONTOSO\\administrator")
    assert ask(session, "windows")["state"] == "completed"
    reply = ask(session, "exchange")
    assert reply["state"] == "unreachable"
    assert reply["reason"] == (
        f"{session.settings.url('exchange')} refused user 'CONTOSO\\\\administrator' with {auth} authentication: check "
        "user and password; /PowerShell accepts only Kerberos unless an administrator enabled more, so set "
        "ansible_exchange_auth to kerberos, or to basic after Set-PowerShellVirtualDirectory -BasicAuthentication "
        "$true on the server."
    )
    assert organisation.state()["servers"]["EX01"]["shells_opened"] == {"exchange": 0, "windows": 1}
    assert ask(open_session(scheme), "exchange")["state"] == "completed"


@pytest.mark.parametrize(("endpoint", "service"), [("windows", "HTTP"), ("windows", "WSMAN"), ("exchange", "HTTP")])
def test_service_names_that_an_endpoint_has(open_session: Callable[..., Session], endpoint: str, service: str) -> None:
    assert ask(open_session(services={**SERVICES, endpoint: service}), endpoint)["state"] == "completed"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("endpoint", "settings"),
    [
        pytest.param("exchange", {"services": {**SERVICES, "exchange": "WSMAN"}}, id="WinRM's name at IIS"),
        pytest.param("windows", {"hostname_override": f"ex02.{DOMAIN}"}, id="another server's name"),
        pytest.param("windows", {"user": STRANGER}, id="another user"),
    ],
)
def test_refused(open_session: Callable[..., Session], scheme: str, endpoint: str, settings: dict[str, Any]) -> None:
    reply = ask(open_session(scheme, **settings), endpoint)
    assert reply["state"] == "unreachable"
    assert "refused user" in reply["reason"]


@pytest.mark.parametrize(
    ("endpoint", "auth"),
    [(endpoint, auth) for endpoint in CMDLETS for auth in ("kerberos", "negotiate")] + [("windows", "ntlm")],
)
@pytest.mark.parametrize("binding", [None, b"tls-server-end-point:" + bytes(32)], ids=["none", "wrong"])
def test_extended_protection(
    open_session: Callable[..., Session],
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
    auth: str,
    binding: bytes | None,
) -> None:
    monkeypatch.setattr("pypsrp.negotiate.HTTPNegotiateAuth._get_cbt_data", lambda _response: binding)
    reply = ask(open_session("https", auth=auth), endpoint)
    assert reply["state"] == "unreachable", auth
    assert "refused user" in reply["reason"]


@pytest.mark.parametrize("delegate", [False, True])
@pytest.mark.parametrize("scheme", ["Negotiate", "Kerberos"])
def test_a_log_on_goes_further_only_with_a_forwarded_ticket(
    realm: Kdc, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str, delegate: bool
) -> None:
    import gssapi
    import spnego

    from exchange_simulator.auth import Accounts, ConnectionAuthentication

    for name in ("KRB5_KTNAME", "KRB5RCACHENAME", "NTLM_USER_FILE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(gssapi.SecurityContext, "__DEFER_STEP_ERRORS__", True)
    accounts = Accounts("administrator", PASSWORD, DOMAIN, tmp_path, keytab=realm.keytab)
    accounts.publish()
    server = ConnectionAuthentication(
        accounts, schemes=(scheme,), realm="", bindings=None, services=frozenset({f"http/{FQDN}"})
    )
    wanted = spnego.ContextReq.default | (spnego.ContextReq.delegate if delegate else 0)
    client = spnego.client(USER, PASSWORD, FQDN, "HTTP", context_req=wanted, protocol=scheme.lower())
    first = server.authorize(f"{scheme} {base64.b64encode(client.step() or b'').decode()}")
    assert (first.user, first.delegates) == ("administrator", delegate)
    later = server.authorize(None)
    assert (later.user, later.delegates, later.headers) == ("administrator", delegate, ())


def _other_realm(_realm: Kdc) -> dict[str, Any]:
    return {"user": "administrator@NOWHERE.TEST"}


def _small_realm(_realm: Kdc) -> dict[str, Any]:
    return {"user": f"administrator@{DOMAIN}"}


def _unknown_user(_realm: Kdc) -> dict[str, Any]:
    return {"user": f"nobody@{REALM}"}


def _wrong_password(_realm: Kdc) -> dict[str, Any]:
    return {"password": "wrong"}


def _unknown_server(_realm: Kdc) -> dict[str, Any]:
    return {"hostname_override": f"nowhere.{DOMAIN}"}


def _server_of_no_realm(_realm: Kdc) -> dict[str, Any]:
    return {"hostname_override": "ex01.elsewhere.test"}


def _expired_password(realm: Kdc) -> dict[str, Any]:
    realm.administrate(f'addprinc -pw "{PASSWORD}" -pwexpire "2020-01-01" +requires_preauth outdated')
    return {"user": f"outdated@{REALM}"}


def _expired_account(realm: Kdc) -> dict[str, Any]:
    realm.administrate(f'addprinc -pw "{PASSWORD}" -expire "2020-01-01" gone')
    return {"user": f"gone@{REALM}"}


def _disabled_account(realm: Kdc) -> dict[str, Any]:
    realm.administrate(f'addprinc -pw "{PASSWORD}" -allow_tix disabled')
    return {"user": f"disabled@{REALM}"}


def _no_ticket(_realm: Kdc) -> dict[str, Any]:
    return {"user": None, "password": None}


def _no_ticket_of_this_user(realm: Kdc) -> dict[str, Any]:
    os.environ["KRB5CCNAME"] = str(realm.log_on("stranger"))
    return {"password": None}


def _expired_ticket(realm: Kdc) -> dict[str, Any]:
    os.environ["KRB5CCNAME"] = str(realm.log_on("administrator", clock="-3d"))
    return {"user": None, "password": None}


def _expired_ticket_of_this_user(realm: Kdc) -> dict[str, Any]:
    return _expired_ticket(realm) | {"user": USER}


def _kdc_down(realm: Kdc) -> dict[str, Any]:
    os.environ["KRB5_CONFIG"] = str(realm.unreachable())
    return {}


def _kdc_down_with_a_ticket(realm: Kdc) -> dict[str, Any]:
    os.environ["KRB5CCNAME"] = str(realm.log_on("administrator"))
    return _kdc_down(realm) | {"user": None, "password": None}


def _clock_ahead(realm: Kdc) -> dict[str, Any]:
    os.environ["KRB5_CONFIG"] = str(realm.with_other_clock("+2h"))
    return {}


def _clock_behind(realm: Kdc) -> dict[str, Any]:
    os.environ["KRB5_CONFIG"] = str(realm.with_other_clock("-2h"))
    return {}


def _other_keys(realm: Kdc) -> dict[str, Any]:
    realm.administrate(f"addprinc -randkey HTTP/moved.{DOMAIN}", f"ktadd -k {realm.keytab} HTTP/moved.{DOMAIN}")
    realm.administrate(f"cpw -randkey HTTP/moved.{DOMAIN}")
    return {"hostname_override": f"moved.{DOMAIN}"}


FAULTS = {
    _other_realm: kerberos.REALM_UNKNOWN,
    _small_realm: kerberos.REALM_UNKNOWN,
    _unknown_user: kerberos.KDC_ERR_C_PRINCIPAL_UNKNOWN,
    _wrong_password: kerberos.KDC_ERR_PREAUTH_FAILED,
    _unknown_server: kerberos.KDC_ERR_S_PRINCIPAL_UNKNOWN,
    _server_of_no_realm: kerberos.KDC_ERR_S_PRINCIPAL_UNKNOWN,
    _expired_password: kerberos.KDC_ERR_KEY_EXP,
    _expired_account: kerberos.KDC_ERR_NAME_EXP,
    _disabled_account: kerberos.KDC_ERR_CLIENT_REVOKED,
    _no_ticket: kerberos.CC_NOTFOUND,
    _no_ticket_of_this_user: kerberos.CC_NOTFOUND,
    _expired_ticket: kerberos.AP_ERR_TKT_EXPIRED,
    _expired_ticket_of_this_user: kerberos.GSS_S_CREDENTIALS_EXPIRED,
    _kdc_down: kerberos.KDC_UNREACH,
    _kdc_down_with_a_ticket: kerberos.KDC_UNREACH,
    _clock_ahead: kerberos.AP_ERR_SKEW,
    _clock_behind: kerberos.AP_ERR_SKEW,
    _other_keys: kerberos.AP_ERR_BADKEYVER,
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_sentence(
    realm: Kdc,
    open_session: Callable[..., Session],
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Kdc], dict[str, Any]],
) -> None:
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    session = open_session(**fault(realm))
    reply = ask(session, "exchange")
    assert reply["state"] == "unreachable", reply
    coded = Exception()
    coded.err_code = FAULTS[fault]  # type: ignore[attr-defined]
    host, user = session.settings.hostname_override, session.settings.user
    assert reply["reason"] == kerberos.sentence(coded, host=host, user=user)


PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"include_role": {"name": "mailops.exchange.pop3"}, "vars": {"pop3_banner": "POP3 at Contoso is ready."}}
        ],
    }
]


@pytest.mark.parametrize(
    ("by", "scheme", "variables"),
    [
        pytest.param(
            "password",
            "http",
            {
                "ansible_connection": "winrm",
                "ansible_user": USER,
                "ansible_password": "{{ lookup('env', 'EXCHANGE_TEST_PASSWORD') }}",
                "ansible_winrm_transport": "kerberos",
                "ansible_winrm_scheme": "{{ scheme }}",
                "ansible_winrm_kerberos_hostname_override": "{{ inventory_hostname }}",
                "ansible_winrm_ca_trust_path": "{{ ca }}",
            },
            id="winrm by password",
        ),
        pytest.param(
            "ticket",
            "https",
            {
                "ansible_connection": "psrp",
                "ansible_psrp_auth": "kerberos",
                "ansible_psrp_protocol": "{{ scheme }}",
                "ansible_psrp_negotiate_hostname_override": "{{ inventory_hostname }}",
                "ansible_psrp_ca_cert": "{{ ca }}",
            },
            id="psrp by ticket",
        ),
    ],
)
def test_playbook(
    realm: Kdc, controller: Controller, organisation: SimulatorProcess, by: str, scheme: str, variables: dict[str, Any]
) -> None:
    hosts = {
        "all": {
            "hosts": {
                server["fqdn"].lower(): {
                    "ansible_host": server["address"],
                    "ansible_port": server[f"windows_{scheme}"],
                    "ansible_exchange_port": server[f"exchange_{scheme}"],
                }
                for server in organisation.description["servers"].values()
            },
            "vars": {
                "ansible_exchange_scheme": scheme,
                "scheme": scheme,
                "ca": organisation.description["ca"],
                **variables,
            },
        }
    }
    environment = dict(realm.environment)
    if by == "ticket":
        environment["KRB5CCNAME"] = str(realm.log_on("administrator"))
    before = len(realm.issued())
    done = controller.run(PLAY, hosts, **environment)
    assert done.returncode == 0, done.output
    for server in organisation.state()["servers"].values():
        assert server["effective"]["pop3"]["Banner"] == "POP3 at Contoso is ready."
        assert server["shells_opened"] == {"exchange": 1, "windows": 1}
        assert server["shells_open"] == {"exchange": 0, "windows": 0}
    assert {f"{service}/ex02.{DOMAIN}" for service in ("HTTP", "WSMAN")} <= set(realm.issued()[before:])
