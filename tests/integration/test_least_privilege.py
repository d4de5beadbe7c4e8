"""Every option of the modules with exactly the rights that the guide to security grants: enough, none too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import logs
import pytest
from least_privilege import CONTROLLER, FEATURES, Feature, entries, visible
from module_runner import run_module
from renewal import PASSWORD as PFX_PASSWORD
from renewal import issue
from runner import PASSWORD, Controller, inventory
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Unreachable
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import EXCHANGE_2010, EXCHANGE_2016
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import OTHER_ACCESS, PROTOCOL_ACCESS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._tables.throttling import THROTTLING_SETTINGS
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session
from exchange_simulator.catalogue.powershell import BUILT_IN

NAME = "mail.contoso.test"
POLICY = "Mail programs"
CONFIGURATION = "mailops"
Options = dict[str, Any]
Task = tuple[str, Options]


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    folder = tmp_path_factory.mktemp("organisation")
    # Exchange 2010 beside SE, for PowerShell 2, which has other cmdlets for the same.
    servers = {"EX01": "SE", "EX14": "2010"}
    with SimulatorProcess(servers=servers, password=PASSWORD, directory=folder, mailboxes=3, **BASIC) as process:
        yield process


def turned(stored: Options, settings: tuple[Setting, ...], own: Options) -> Options:
    """A value for every option that is another than the stored one."""
    wanted: Options = {}
    for setting in settings:
        value = stored[setting.option]
        numbers = getattr(setting.kind, "numbers", None)
        if setting.option in own:
            wanted[setting.option] = own[setting.option]
        elif isinstance(value, bool):
            wanted[setting.option] = not value
        elif isinstance(value, int):
            wanted[setting.option] = value - 1
        elif numbers:
            wanted[setting.option] = next(name for name in numbers if name != value)
        else:
            raise AssertionError(f"a value for {setting.option} is missing")
    return wanted


def settings_of(protocol: str, info: Options) -> Options:
    ssl, plain = {"pop3": (995, 110), "imap4": (993, 143)}[protocol]
    own = {
        "authenticated_connection_timeout": "00:40:00",
        "banner": "Mail.",
        "external_connection_settings": [f"{NAME}:{ssl}:SSL"],
        "internal_connection_settings": [f"{NAME}:{plain}:TLS"],
        "log_file_location": "D:\\Logs",
        "log_per_file_size_quota": "3MB",
        "owa_server_url": f"https://{NAME}/owa",
        "pre_authenticated_connection_timeout": "00:02:00",
        "ssl_bindings": [f"0.0.0.0:{ssl}"],
        "unencrypted_or_tls_bindings": [f"0.0.0.0:{plain}"],
        "x509_certificate_name": NAME,
    }
    return turned(info[protocol]["settings"], PROTOCOLS[protocol].settings, own)


def connector_settings(info: Options) -> Options:
    own = {
        "auth_mechanism": ["Tls", "BasicAuth", "BasicAuthRequireTLS", "Integrated", "ExchangeServer"],
        "bindings": ["0.0.0.0:587"],
        "connection_inactivity_timeout": "00:06:00",
        "connection_timeout": "00:20:00",
        "fqdn": "EX01",
        "max_message_size": "50MB",
        "permission_groups": ["ExchangeUsers", "AnonymousUsers"],
        "remote_ip_ranges": ["10.0.0.0/8"],
        "tls_certificate_name": NAME,
    }
    return turned(info["connectors"][0]["settings"], CONNECTOR_SETTINGS, own)


def mailbox_settings(use_defaults: bool) -> Options:
    return {
        setting.option: use_defaults
        if setting.option.endswith("use_protocol_defaults")
        else "TextOnly"
        if setting.option.endswith("mime_format")
        else setting.option not in ("pop_enabled", "imap_enabled")
        for setting in PROTOCOL_ACCESS
    }


def tasks(feature: str, info: Options) -> list[Task]:
    """Tasks that give every option of a feature's modules that has to do with the server."""
    match feature:
        case "findings":
            return [("client_access_info", {})]
        case "pop3" | "imap4":
            return [(FEATURES[feature].modules[0], settings_of(feature, info))]
        case "services":
            changes: list[Options] = [{"state": "started", "start_mode": "automatic"}, {"state": "restarted"}]
            changes.append({"state": "stopped", "start_mode": "manual"})
            return [("protocol_service", {"protocol": key, **change}) for key in PROTOCOLS for change in changes]
        case "iis":
            return [("iis", {"state": "restarted"})]
        case "certificates":
            everything = {"services": ["POP", "IMAP", "IIS", "SMTP"], "replace_default_smtp_certificate": True}
            return [
                ("exchange_certificate", {"name": NAME, **everything}),
                ("exchange_certificate", {"services": ["POP"]}),
            ]
        case "renewal":
            # Assigning it is another feature.
            bringing = {"pfx": info["pfx"], "pfx_password": PFX_PASSWORD}
            named = {"friendly_name": "Mail", "private_key_exportable": True}
            return [
                ("exchange_certificate", {**bringing, **named}),
                ("exchange_certificate", {"thumbprint": info["spare"], "state": "absent"}),
            ]
        case "connectors":
            return [("receive_connector", connector_settings(info))]
        case "throttling":
            wanted = {row.option: 7 for row in THROTTLING_SETTINGS if row.is_on(EXCHANGE_2016)}
            return [("throttling_policy", {"name": POLICY, **wanted})]
        case "mailboxes":
            given = {**mailbox_settings(False), "identities": ["user000001"]}
            others = {row.option: False for row in OTHER_ACCESS if not row.option.endswith(("list", "policy"))}
            others |= {row.option: True for row in OTHER_ACCESS if row.option.startswith("mapi_block")}
            policy = "ews_application_access_policy"
            return [
                ("cas_mailbox", given),
                ("cas_mailbox", {"identities": ["reader"], **others, policy: 0, "ews_allow_list": ["OWA/*"]}),
                ("cas_mailbox", {"identities": ["reader"], policy: 1, "ews_block_list": ["OWA/*"]}),
                ("cas_mailbox", {"filter": "Name -like 'user*'", "imap_enabled": False}),
                ("cas_mailbox", {"identities": ["user000001", "reader"], "exclusive": True, "pop_enabled": True}),
            ]
        case "logs":
            return [("protocol_log_info", {"since": logs.DAY, "users": ["anna"], "top": 1, "all_users": True})]
        case "connectivity":
            with_all = {
                "user": "reader@contoso.test",
                "password": PASSWORD,
                "connection_type": "Ssl",
                "port": 995,
                "mailbox_server": "EX01",
                "trust_any_certificate": True,
                "per_connection_timeout": 10,
                "timeout": 20,
            }
            return [("connectivity_test", {"protocol": key, **with_all}) for key in PROTOCOLS]
    raise AssertionError(f"there are no tasks for {feature}")


def used(organisation: SimulatorProcess, endpoint: str) -> dict[str, set[str]]:
    """The cmdlets that came over the wire, with their parameters."""
    found: dict[str, set[str]] = {}
    for entry in organisation.log():
        if entry["endpoint"] == endpoint:
            piped = "Identity" if endpoint == "exchange" else "InputObject"
            given = {*entry["parameters"], *([piped] if "piped" in entry else [])}
            found.setdefault(entry["cmdlet"].rpartition("\\")[2], set()).update(given)
    return found


def prepare(organisation: SimulatorProcess, session: Session, feature: str) -> Options:
    """What other features would have done before, by an administrator who may do everything."""
    info: Options = {}
    if feature in ("pop3", "imap4", "connectors"):
        # Their tasks give each setting another value than the stored one.
        info = run_module("client_access_info", {}, session.invoke)
    if feature == "connectors":
        thumbprint = organisation.certificate("EX01", NAME)["thumbprint"]
        given = {"Server": "EX01", "Thumbprint": thumbprint, "Services": "SMTP", "Force": True}
        organisation.run("EX01", "Enable-ExchangeCertificate", given)
    if feature == "certificates":
        organisation.run("EX01", "Set-PopSettings", {"Server": "EX01", "X509CertificateName": NAME})
    if feature == "renewal":
        issued = issue(NAME)
        info |= {"pfx": str(issued.written(organisation.directory)), "spare": organisation.add_certificate("EX01", "x")}
    if feature == "throttling":
        organisation.run("EX01", "New-ThrottlingPolicy", {"Name": POLICY})
    if feature == "logs":
        for protocol, folder in logs.FOLDERS.items():
            name = f"{folder}\\{protocol.upper()}2026010400-1.LOG"
            organisation.write_file("EX01", name, logs.file_of(logs.INFERRED), f"{logs.NEXT_DAY}T00:00:01+00:00")
    if feature in ("connectivity", "findings"):
        names = ["MSExchangePop3", "MSExchangePOP3BE", "MSExchangeImap4", "MSExchangeIMAP4BE"]
        organisation.run("EX01", "Start-Service", {"Name": names}, endpoint="windows")
    return info


def grants(feature: Feature, organisation: SimulatorProcess) -> dict[str, set[str]]:
    """What is granted on the windows endpoint; of a real PowerShell's own cmdlets the organisation does not hear."""
    unheard = {one.name for one in BUILT_IN} if "engine" in organisation.options else set()
    return {cmdlet: {*parameters} for cmdlet, parameters in feature.windows.items() if cmdlet not in unheard}


@pytest.mark.parametrize("key", FEATURES)
def test_the_rights_of_a_feature_are_enough_and_all_used(
    organisation: SimulatorProcess, open_session: Callable[..., Session], key: str
) -> None:
    planned = tasks(key, prepare(organisation, open_session(), key))
    organisation.fault("EX01", "rbac_only", cmdlets=entries(key))
    organisation.fault("EX14", "rbac_only", cmdlets=entries(key))
    # Of Windows, too, there is nothing else: cmdlets, parameters and values of the session configuration.
    organisation.fault("EX01", "session_configuration", name=CONFIGURATION, visible=visible(key))
    organisation.clear_log()
    session = open_session(configuration=CONFIGURATION)
    # As an earlier task of the play leaves it behind.
    session.invoke(Request(remember={"domain_controller": "DC1.contoso.test"}).to_json())
    for module, options in planned:
        result = run_module(module, options, session.invoke, pause=lambda _: None)
        assert "failed" not in result, (module, result["msg"])
        assert "RBAC" not in str(result), result
        unable = {one["id"] for one in result.get("findings", ()) if one["id"].startswith("part-")}
        assert not unable, result
    if key == "services":
        # Why a service does not stay up is asked for only then.
        down = {"Identity": "EX01", "Component": "PopProxy", "State": "Inactive", "Requester": "Functional"}
        organisation.run("EX01", "Set-ServerComponentState", down)
        result = run_module("protocol_service", {"protocol": "pop3", "state": "started"}, session.invoke)
        assert "PopProxy is Inactive" in result["msg"]
    # The name of the computer is asked for where the inventory has an address only; an old PowerShell asks otherwise.
    old = open_session("EX14", inventory_hostname="192.0.2.1")
    computer = open_session(configuration=CONFIGURATION, inventory_hostname="192.0.2.1")
    for one in (old, computer):
        module, options = planned[0]
        run_module(module, options, one.invoke, check=True)
    if key == "throttling":
        both = {row.option for row in THROTTLING_SETTINGS if row.is_on(EXCHANGE_2016)}
        only = {row.option: 7 for row in THROTTLING_SETTINGS if row.is_on(EXCHANGE_2010) and row.option not in both}
        result = run_module("throttling_policy", {"name": POLICY, **only}, old.invoke)
        assert (result.get("failed"), result["changed"]) == (None, True), result
    assert used(organisation, "exchange") == {cmdlet: {*given} for cmdlet, given in entries(key).items()}
    assert used(organisation, "windows") == grants(FEATURES[key], organisation)


@pytest.mark.parametrize("parameter", ["Name", "StartupType"])
def test_with_one_value_less_a_task_fails(
    organisation: SimulatorProcess, open_session: Callable[..., Session], parameter: str
) -> None:
    """So the simulated session configuration does hold back what it does not show."""
    shown = visible("services")
    shown["Set-Service"][parameter] = ("Nothing",)
    organisation.fault("EX01", "session_configuration", name=CONFIGURATION, visible=shown)
    session = open_session(configuration=CONFIGURATION)
    given = {"protocol": "pop3", "start_mode": "automatic"}
    assert "does not belong to the set" in run_module("protocol_service", given, session.invoke)["msg"]


def test_a_role_needs_no_more_than_the_configuration(controller: Controller, organisation: SimulatorProcess) -> None:
    organisation.fault("EX01", "session_configuration", name=CONFIGURATION, visible=visible())
    hosts = inventory(
        organisation.description,
        ansible_psrp_configuration_name="other",
        ansible_exchange_windows_configuration="mailops",
    )
    tasks = [{"include_role": {"name": "mailops.exchange.pop3"}, "vars": {"pop3_banner": "Mail."}}]
    done = controller.run([{"hosts": "ex01", "gather_facts": False, "tasks": tasks}], hosts)
    assert done.returncode == 0, done.output
    assert {"Start-Service", "Set-Service"} <= {one["cmdlet"] for one in organisation.log()}


@pytest.mark.parametrize("way", [{}, {"access": "local", "transport": "winrm"}], ids=["psrp", "winrm"])
def test_the_usual_configuration_is_closed_to_who_has_another(
    organisation: SimulatorProcess, open_session: Callable[..., Session], way: Options
) -> None:
    organisation.fault("EX01", "session_configuration", name=CONFIGURATION, visible=visible())
    session = open_session(inventory_hostname="192.0.2.1", **way)
    with pytest.raises(
        Unreachable, match="Access is denied; make sure that user 'administrator' is an administrator of the"
    ):
        run_module("pop_settings", {"banner": "Mail."}, session.invoke)


@pytest.mark.parametrize(
    ("feature", "cmdlet", "parameter"),
    [
        (key, cmdlet, parameter)
        for key, cmdlet, parameter in [
            ("pop3", "Set-PopSettings", "Banner"),
            ("certificates", "Enable-ExchangeCertificate", "Services"),
            ("mailboxes", "Get-CASMailbox", "Identity"),
            ("throttling", "Set-ThrottlingPolicy", "PopMaxBurst"),
        ]
    ],
)
def test_with_one_right_less_a_task_fails(
    organisation: SimulatorProcess, open_session: Callable[..., Session], feature: str, cmdlet: str, parameter: str
) -> None:
    """So the simulated Exchange does hold back what is not granted."""
    granted = entries(feature)
    granted[cmdlet].remove(parameter)
    planned = tasks(feature, prepare(organisation, open_session(), feature))
    organisation.fault("EX01", "rbac_only", cmdlets=granted)
    session = open_session()
    results = [run_module(module, options, session.invoke, pause=lambda _: None) for module, options in planned]
    assert any(result.get("failed") for result in results)


def test_the_controller_is_a_wish(organisation: SimulatorProcess, open_session: Callable[..., Session]) -> None:
    """A role without DomainController does too, on the controller that Exchange chooses."""
    granted = {cmdlet: [one for one in given if one != CONTROLLER] for cmdlet, given in entries("pop3").items()}
    organisation.fault("EX01", "rbac_only", cmdlets=granted)
    result = run_module("pop_settings", {"banner": "Mail."}, open_session().invoke)
    assert (result.get("failed"), result["changed"]) == (None, True), result
