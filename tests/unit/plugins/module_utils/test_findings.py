"""The preflight's judgement: each finding appears with its trap, and goes away with its fix."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from module_runner import MODULES

from ansible_collections.mailops.exchange.plugins.connection import exchange
from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletError,
    CmdletFailure,
    Failure,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Unreadable
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._judgement import comparison
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.client_settings import client_settings
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.findings import (
    RULES,
    Facts,
    ProtocolFacts,
    find,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restarts import Judgement
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificate_rules import AUTH_CERTIFICATE
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import Certificate
from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import Component
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectors import Connector, client_connectors
from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_rules import contradictions
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import Service
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import POP3, PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import Work
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import read_members
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import SEVERITIES, refusals
from ansible_collections.mailops.exchange.plugins.modules.client_access_info import RETURN

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
MAIL = "mail.contoso.test"
ISSUER = "CN=Contoso Issuing CA"
VERSIONS = {
    "SE": Version(15, 2, 2562, 17),
    "2019": Version(15, 2, 1544, 4),
    "2016": Version(15, 1, 2507, 6),
    "2013": Version(15, 0, 1497, 2),
    "2010": Version(14, 3, 123, 4),
}


def certificate(*names, services=("IMAP", "POP", "SMTP"), subject=None, days=300, thumbprint="A" * 40, **more):
    return Certificate(
        **{
            "thumbprint": thumbprint,
            "subject": subject or f"CN={names[0]}",
            "issuer": ISSUER,
            "names": names,
            "not_before": NOW - timedelta(days=100),
            "not_after": NOW + timedelta(days=days),
            "common_names": names[:1],
            "key": "RSA 2048",
            "weakness": None,
            "services": None if services is None else frozenset(services),
            **more,
        }
    )


GOOD = certificate(MAIL)
AUTH = certificate(subject=AUTH_CERTIFICATE, services=["SMTP"], issuer=AUTH_CERTIFICATE, thumbprint="B" * 40)
WILDCARD = certificate("*.contoso.test", services=["SMTP"])
RUNNING = Service("MSExchangePop3", "running", "automatic", 7)
BACK_END = replace(RUNNING, name="MSExchangePOP3BE")
SETTINGS = {
    "login_type": "SecureLogin",
    "ssl_bindings": ("0.0.0.0:995", "[::]:995"),
    "unencrypted_or_tls_bindings": ("0.0.0.0:110", "[::]:110"),
    "external_connection_settings": (f"{MAIL}:110:TLS", f"{MAIL}:995:SSL"),
    "internal_connection_settings": ("EX01.contoso.test:995:SSL",),
    "x509_certificate_name": MAIL,
}
CONNECTOR = {
    "advertise_client_settings": True,
    "auth_mechanism": ("Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS"),
    "bindings": ("0.0.0.0:587", "[::]:587"),
    "enabled": True,
    "fqdn": MAIL,
    "permission_groups": ("ExchangeUsers",),
    "remote_ip_ranges": ("0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "require_tls": False,
    "tls_certificate_name": "",
}


def connector(name="Client Frontend EX01", role="FrontendTransport", **values):
    return Connector(name, role, {**CONNECTOR, **values})


PROXY = connector("Client Proxy EX01", "HubTransport", bindings=("0.0.0.0:465",))
DEFAULT = connector("Default Frontend EX01", bindings=("0.0.0.0:25",))


def relay(name="Relay", **values):
    """One beside that of users, for appliances."""
    own = {"remote_ip_ranges": ("10.10.50.0/24",), "permission_groups": ("AnonymousUsers",)}
    return connector(name, **{"auth_mechanism": ("None",), "bindings": ("0.0.0.0:587",), **own, **values})


def facts(
    version="SE",
    services=(RUNNING, BACK_END),
    component="active",
    restart="no",
    certificates=(GOOD, AUTH),
    connectors=None,
    submission=None,
    **more,
):
    """A server on which all is well, but for what is given; the rest of the keywords are settings of POP3."""
    own = {key: more.pop(key) for key in ("unread", "expires_within_days", "form") if key in more}
    judgement = Judgement(restart, "It was looked at.")
    state = Component("PopProxy", component, reason=f"PopProxy is {component}.")
    protocol = ProtocolFacts("pop3", services, {**SETTINGS, **more}, state, judgement)
    found = [connector(**submission or {})] if connectors is None else connectors
    server = Server("EX01", "EX01.contoso.test", VERSIONS[version])
    return Facts(server, [protocol], NOW, certificates, found, **own)


def only(name, days=300):
    """All services on one certificate, and the Auth Certificate beside it."""
    return {"certificates": (certificate(name, days=days), AUTH)}


def unread(**error):
    """Why a part could not be read; without an error it is another failure."""
    failure = (
        CmdletFailure("Get-ReceiveConnector", [CmdletError(**error)]) if error else Failure("It came as a number.")
    )
    return {"unread": {"Get-ReceiveConnector": failure}}


OFF = {"services": (replace(RUNNING, status="stopped", start_mode="manual"),)}
SELF_NAMED = f"<I>{ISSUER}<S>CN={MAIL}"

# What is wrong; its severity; how to cause it; and the same after its fix.
TRAPS = [
    ("exchange-unsupported", "warning", {"version": "2019"}, {"version": "SE"}),
    ("exchange-unsupported", "warning", {"version": "2016"}, {}),
    ("exchange-unsupported", "warning", {"version": "2013"}, {}),
    ("exchange-unsupported", "warning", {"version": "2010"}, {}),
    ("part-unreadable", "warning", unread(), {"unread": {}}),
    ("part-not-granted", "warning", unread(id="CommandNotFoundException"), {}),
    (
        "part-without-directory",
        "warning",
        unread(exception="Microsoft.Exchange.Data.Directory.ADTransientException"),
        {},
    ),
    ("part-without-rpc", "warning", unread(exception="Microsoft.Exchange.Rpc.RpcException"), {}),
    ("service-missing", "error", {"services": (RUNNING, Service("MSExchangePOP3BE"))}, {}),
    ("service-not-running", "error", {"services": (RUNNING, replace(BACK_END, status="stopped"))}, {}),
    ("service-not-running", "error", {"services": (replace(RUNNING, status="paused"), BACK_END)}, {}),
    ("service-not-running", "notice", OFF, {}),
    ("service-disabled", "error", {"services": (RUNNING, replace(BACK_END, start_mode="disabled"))}, {}),
    ("service-disabled", "notice", {"services": (replace(RUNNING, status="stopped", start_mode="disabled"),)}, {}),
    ("service-not-automatic", "warning", {"services": (RUNNING, replace(BACK_END, start_mode="manual"))}, {}),
    ("service-not-automatic", "notice", OFF, {}),
    ("restart-owed", "warning", {"restart": "yes"}, {"restart": "no"}),
    ("restart-owed", "notice", {"restart": "possible"}, {}),
    ("restart-owed", "notice", {"restart": "unknown"}, {}),
    ("component-inactive", "error", {"component": "inactive"}, {"component": "active"}),
    ("component-inactive", "error", {"component": "inactive"}, {"component": "unknown"}),
    ("component-unknown", "warning", {"component": "unknown"}, {"component": "none"}),
    ("plain-text-login", "warning", {"login_type": "PlainTextLogin"}, {"login_type": "SecureLogin"}),
    (
        "loopback-not-bound",
        "error",
        {"ssl_bindings": ("10.0.0.1:995", "[::]:995")},
        {"ssl_bindings": ("10.0.0.1:995", "127.0.0.1:995")},
    ),
    (
        "loopback-not-bound",
        "error",
        {"unencrypted_or_tls_bindings": ("10.0.0.1:110",)},
        {"unencrypted_or_tls_bindings": ("0.0.0.0:110",)},
    ),
    (
        "port-bound-twice",
        "error",
        {"ssl_bindings": ("0.0.0.0:110", "0.0.0.0:995")},
        {"ssl_bindings": ("0.0.0.0:995",)},
    ),
    (
        "connection-setting-not-bound",
        "error",
        {"external_connection_settings": (f"{MAIL}:1995:SSL",)},
        {"external_connection_settings": (f"{MAIL}:1995:SSL",), "ssl_bindings": ("0.0.0.0:995", "0.0.0.0:1995")},
    ),
    # The port is bound, but for the other way to encrypt.
    (
        "connection-setting-not-bound",
        "error",
        {"internal_connection_settings": ("EX01.contoso.test:995:TLS",)},
        {"internal_connection_settings": ("EX01.contoso.test:995:SSL",)},
    ),
    ("connection-setting-not-bound", "error", {"external_connection_settings": (f"{MAIL}:995",)}, {}),
    ("no-external-settings", "notice", {"external_connection_settings": ()}, {}),
    ("x509-name-not-covered", "error", only("other.contoso.test") | {"submission": {"fqdn": "other.contoso.test"}}, {}),
    ("x509-name-not-covered", "error", {"certificates": ()}, {}),
    ("x509-name-not-covered", "error", {"x509_certificate_name": ""}, {"x509_certificate_name": MAIL}),
    ("x509-name-not-covered", "error", only(MAIL, days=-1), only(MAIL)),
    (
        "certificate-not-assigned",
        "error",
        {"certificates": (certificate(MAIL, services=["SMTP"]), AUTH)},
        {"certificates": (certificate(MAIL, services=["SMTP", "POP"]), AUTH)},
    ),
    (
        "connection-host-not-covered",
        "warning",
        {"external_connection_settings": ("pop.contoso.test:995:SSL",)},
        {
            "external_connection_settings": ("pop.contoso.test:995:SSL",),
            "certificates": (certificate(MAIL, "pop.contoso.test"), AUTH),
        },
    ),
    # Where nothing is encrypted no certificate is shown.
    (
        "connection-host-not-covered",
        "warning",
        {"external_connection_settings": ("pop.contoso.test:110:TLS",)},
        {"external_connection_settings": ("pop.contoso.test:110",)},
    ),
    (
        "wildcard-assigned",
        "warning",
        {"certificates": (certificate("*.contoso.test"), AUTH)},
        {"certificates": (WILDCARD, AUTH)},
    ),
    ("certificate-expired", "error", only(MAIL, days=-1), only(MAIL)),
    ("certificate-expired", "error", {"certificates": (GOOD, replace(AUTH, not_after=NOW - timedelta(1)))}, {}),
    # What has been replaced is only rubbish.
    (
        "certificate-expired",
        "notice",
        {"certificates": (GOOD, certificate(MAIL, days=-1, thumbprint="C" * 40), AUTH)},
        {},
    ),
    # It has the same name but does not serve all that the old one did.
    (
        "certificate-expired",
        "error",
        {"certificates": (certificate(MAIL, services=["POP"]), certificate(MAIL, days=-1), AUTH)},
        {},
    ),
    # Of 149 days a third is 49 and two thirds of one, of 150 it is 50.
    ("certificate-renewal-due", "warning", only(MAIL, days=49), only(MAIL, days=50)),
    ("certificate-renewal-due", "warning", only(MAIL, days=20), {**only(MAIL, days=20), "expires_within_days": 20}),
    ("certificate-renewal-due", "warning", {**only(MAIL, days=60), "expires_within_days": 61}, only(MAIL, days=60)),
    (
        "certificate-renewal-due",
        "warning",
        only(MAIL, days=20),
        {"certificates": (certificate(MAIL, days=20), GOOD, AUTH)},
    ),
    # Whether the other one is in its place is not known, but it may well be.
    (
        "certificate-renewal-due",
        "notice",
        {"certificates": (certificate(MAIL, days=20, services=None), replace(GOOD, services=None), AUTH)},
        {},
    ),
    (
        "certificate-expired",
        "notice",
        {"certificates": (certificate(MAIL, days=-1), replace(GOOD, services=None), AUTH)},
        {},
    ),
    (
        "certificate-expired",
        "error",
        {"certificates": (certificate(MAIL, days=-1, services=None), AUTH)},
        {},
    ),
    (
        "certificate-unusable",
        "error",
        {"certificates": (replace(GOOD, has_private_key=False), AUTH)},
        {"certificates": (replace(GOOD, has_private_key=True), AUTH)},
    ),
    ("certificate-unusable", "error", {"certificates": (replace(GOOD, not_before=NOW + timedelta(1)), AUTH)}, {}),
    ("certificate-unusable", "error", {"certificates": (replace(GOOD, status="Revoked"), AUTH)}, {}),
    (
        "certificate-unusable",
        "notice",
        {"certificates": (GOOD, certificate(MAIL, days=200, thumbprint="C" * 40, status="Revoked"), AUTH)},
        {},
    ),
    ("certificate-weak", "warning", {"certificates": (replace(GOOD, weakness="its key has 1024 bits"), AUTH)}, {}),
    (
        "certificate-services-unreadable",
        "warning",
        {"certificates": (replace(GOOD, services=None), AUTH)},
        {"certificates": (GOOD, AUTH)},
    ),
    ("connector-missing", "error", {"connectors": []}, {}),
    ("connector-missing", "error", {"connectors": [relay()]}, {"connectors": [relay(), connector()]}),
    ("connector-not-judged", "notice", {"connectors": [connector(), relay()]}, {}),
    (
        "connector-not-judged",
        "notice",
        {"connectors": [connector(), connector("Odd", remote_ip_ranges=("10.0.0.0/8", "?"))]},
        {"connectors": [connector(), relay(enabled=False)]},
    ),
    (
        "connector-restricted",
        "notice",
        {"submission": {"remote_ip_ranges": ("10.0.0.0/8",)}},
        {"submission": {"remote_ip_ranges": ("0.0.0.0-127.255.255.255", "128.0.0.0/1")}},
    ),
    # The remote addresses make no difference, nor does it whether one is off.
    (
        "connector-role-conflict",
        "error",
        {"connectors": [connector(bindings=("0.0.0.0:587", "0.0.0.0:465"), remote_ip_ranges=("10.0.0.0/8",)), PROXY]},
        {"connectors": [connector(bindings=("0.0.0.0:587", "10.0.0.1:465")), PROXY]},
    ),
    (
        "connector-role-conflict",
        "warning",
        {
            "connectors": [
                connector(),
                DEFAULT,
                relay("Old", role="HubTransport", bindings=("0.0.0.0:25",), enabled=False),
            ]
        },
        {"connectors": [connector(), DEFAULT, relay("Old", bindings=("0.0.0.0:25",))]},
    ),
    # Exchange 2010 has but one role, and what cannot be read is not compared.
    (
        "connector-role-conflict",
        "warning",
        {"connectors": [connector(), DEFAULT, relay("Old", role="HubTransport", bindings=("0.0.0.0:25",))]},
        {"connectors": [connector(), DEFAULT, relay("Old", role="", bindings=("0.0.0.0:25",))]},
    ),
    ("connector-disabled", "error", {"submission": {"enabled": False}}, {"submission": {"enabled": True}}),
    ("connector-disabled", "notice", {"connectors": [connector(), connector("Old", enabled=False)]}, {}),
    # The relay serves no user in its place.
    ("connector-disabled", "error", {"connectors": [connector(enabled=False), relay()]}, {}),
    (
        "submission-port-not-bound",
        "error",
        {"submission": {"bindings": ("0.0.0.0:25",)}},
        {"submission": {"bindings": ("0.0.0.0:25", "10.0.0.1:587")}},
    ),
    ("connector-without-tls", "error", {"submission": {"auth_mechanism": ("Integrated",)}}, {}),
    (
        "basic-without-tls",
        "warning",
        {"submission": {"auth_mechanism": ("Tls", "BasicAuth")}},
        {"submission": {"auth_mechanism": ("Tls", "BasicAuth"), "require_tls": True}},
    ),
    (
        "basic-without-tls",
        "warning",
        {"submission": {"auth_mechanism": ("BasicAuth",)}},
        {"submission": {"auth_mechanism": ("Tls", "BasicAuth", "BasicAuthRequireTLS")}},
    ),
    ("connector-refuses-users", "error", {"submission": {"permission_groups": ("ExchangeServers",)}}, {}),
    ("connector-not-advertised", "notice", {"submission": {"advertise_client_settings": False}}, {}),
    (
        "connector-certificate-missing",
        "error",
        {"submission": {"tls_certificate_name": f"<I>{ISSUER}<S>CN=gone.contoso.test"}},
        {"submission": {"tls_certificate_name": SELF_NAMED.lower().replace("<i>", "<I>").replace("<s>", "<S>")}},
    ),
    (
        "connector-certificate-missing",
        "error",
        {"submission": {"tls_certificate_name": SELF_NAMED}, "certificates": (replace(GOOD, services={"POP"}), AUTH)},
        {"submission": {"tls_certificate_name": SELF_NAMED}},
    ),
    ("connector-fqdn-not-covered", "warning", {"submission": {"fqdn": "smtp.contoso.test"}}, {}),
    (
        "connector-fqdn-not-covered",
        "warning",
        {"submission": {"fqdn": "smtp.contoso.test", "tls_certificate_name": SELF_NAMED}},
        {"submission": {"fqdn": MAIL, "tls_certificate_name": SELF_NAMED}},
    ),
    ("connector-fqdn-not-covered", "warning", {"submission": {"fqdn": ""}}, {}),
    # Without SMTP it is none of the connector's.
    (
        "connector-fqdn-not-covered",
        "warning",
        {"certificates": (certificate(MAIL, services=["POP"]), AUTH)},
        {"certificates": (certificate(MAIL, services=["POP", "SMTP"]), AUTH)},
    ),
]


def ids(**changes):
    return {finding.id for finding in find(facts(**changes))}


def test_nothing_is_found_where_all_is_well():
    assert find(facts()) == []
    assert find(facts(certificates=None, connectors=None)) == []


@pytest.mark.parametrize(("trap", "severity", "broken", "fixed"), TRAPS, ids=lambda value: str(value)[:40])
def test_each_trap_is_found_and_its_fix_helps(trap, severity, broken, fixed):
    found = [finding for finding in find(facts(**broken)) if finding.id == trap]
    assert found
    assert {finding.severity for finding in found} == {severity}
    for finding in found:
        for text in (finding.found, finding.why, finding.fix):
            assert text.endswith("."), text
            assert "\n" not in text
            assert "  " not in text
    assert trap not in ids(**fixed)


def test_each_finding_is_documented_and_has_its_trap_here():
    documented = yaml.safe_load(RETURN)["findings"]["contains"]["id"]["description"]
    assert set(RULES) == set(re.findall(r"V\(([^)]+)\)", " ".join(documented))) == {trap[0] for trap in TRAPS}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_what_is_declared_of_a_finding_holds(rule):
    told = rule.documented()
    assert set(told["severities"]) == {severity for trap, severity, *_ in TRAPS if trap == rule.id}
    parts = {"certificate", "connector", "restart", "services"}
    assert set(told["fixed_by"]) <= parts | {setting.option for setting in POP3.settings}
    assert not re.search(r"[{}]|<by>|  ", " ".join((told["found"], told["why"], told["fix"])))


def test_what_is_found_is_refused_before_it_is_written_in_the_same_words():
    """And a contradiction that Exchange does not store is refused alone."""
    values = {**SETTINGS, "ssl_bindings": ("0.0.0.0:110",)}
    values |= {"calendar_item_retrieval_option": "Custom", "owa_server_url": ""}
    refused = list(refusals(contradictions(values), set(values)))
    found = [finding for finding in find(facts(**values)) if finding.options]
    assert {finding.id for finding in found} == {"port-bound-twice", "connection-setting-not-bound"}
    assert [text.partition(";")[0] + "." for text in refused[:-1]] == [finding.found for finding in found]
    assert "'Custom' needs owa_server_url" in refused[-1]
    assert list(refusals(contradictions(values), {"internal_connection_settings"})) == [
        "internal_connection_settings: 'EX01.contoso.test:995:SSL' needs its port 995 in ssl_bindings, which are "
        "0.0.0.0:110; add a binding for it there, such as 0.0.0.0:995, or change the setting."
    ]


def test_a_fix_tells_the_module_and_the_role_s_variables():
    fixes = {finding.id: finding.fix for finding in find(facts(login_type="PlainTextLogin", ssl_bindings=()))}
    assert fixes["plain-text-login"] == (
        "Set login_type to SecureLogin with mailops.exchange.pop_settings; in the role it is pop3_login_type."
    )
    assert fixes["connection-setting-not-bound"].endswith(
        "ssl_bindings and internal_connection_settings are options of mailops.exchange.pop_settings; in the role they "
        "are pop3_ssl_bindings and pop3_internal_connection_settings."
    )


def test_the_gravest_come_first():
    found = find(facts(version="2016", component="inactive", external_connection_settings=()))
    assert [finding.severity for finding in found] == sorted((f.severity for f in found), key=SEVERITIES.index)
    assert {finding.severity for finding in found} == set(SEVERITIES)


def test_what_goes_by_the_version():
    """Exchange 2010 has no Managed Availability that would probe it; support has a last day, and it is still one."""
    assert "loopback-not-bound" not in ids(version="2010", ssl_bindings=("10.0.0.1:995",))
    last = datetime(2025, 10, 14, 23, tzinfo=UTC)
    assert [f.id for f in find(replace(facts(version="2019", certificates=None), now=last))] == []


def test_a_wildcard_needs_no_assignment_and_covers_all():
    assert ids(certificates=(WILDCARD, AUTH)) == set()


def test_a_wildcard_by_its_subject_needs_no_assignment_whatever_else_it_names():
    """Neither is it told to assign what Exchange would not, nor that this one, if it is assigned, is in order."""
    beside = certificate("*.contoso.test", MAIL, "contoso.test", services=["SMTP"])
    assert ids(certificates=(beside, AUTH)) == set()
    plain = replace(beside, common_names=(MAIL,))
    assert ids(certificates=(plain, AUTH)) == {"certificate-not-assigned"}
    (assigned,) = find(facts(certificates=(replace(beside, services=frozenset({"POP", "SMTP"})), AUTH)))
    assert assigned.id == "wildcard-assigned"
    assert assigned.fix.startswith("Set x509_certificate_name to the host name that clients connect to with")


RPC = "[Server=EX01,RequestId=0,TimeStamp=0] [FailureCategory=Cmdlet-InvalidOperationException] 71D7F7B0,"
DIRECTORY = "[Server=EX01,RequestId=0,TimeStamp=0] [FailureCategory=Cmdlet-ADTransientException] 5D1,"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"id": "CommandNotFoundException"}, "part-not-granted"),
        ({"id": "NamedParameterNotFound,Get-ExchangeCertificate"}, "part-not-granted"),
        ({"category": "PermissionDenied"}, "part-not-granted"),
        (
            {"id": RPC + "Microsoft.Exchange.Management.SystemConfigurationTasks.GetExchangeCertificate"},
            "part-without-rpc",
        ),
        # Exchange 2010 has no brackets in its ids.
        (
            {"id": "71D7F7B0,A.GetExchangeCertificate", "exception": "System.InvalidOperationException"},
            "part-without-rpc",
        ),
        ({"id": "1,A.GetThing", "exception": "Microsoft.Exchange.Rpc.RpcException"}, "part-without-rpc"),
        ({"id": DIRECTORY + "A.GetExchangeCertificate"}, "part-without-directory"),
        (
            {
                "category": "PermissionDenied",
                "exception": "Microsoft.Exchange.Data.Directory.ADInvalidCredentialException",
            },
            "part-without-directory",
        ),
        # What is not known by its id or type is not guessed from what it says.
        ({"id": RPC + "A.GetReceiveConnector", "message": "A special Rpc error occurs"}, "part-unreadable"),
        ({"message": "Access is denied. The RPC server is unavailable."}, "part-unreadable"),
    ],
)
def test_each_cause_has_its_own_fix(error, expected):
    failure = CmdletFailure("Get-ExchangeCertificate", [CmdletError(**error)])
    (found,) = [one for one in find(facts(unread={"Get-ExchangeCertificate": failure})) if one.id.startswith("part-")]
    assert found.id == expected
    assert found.found == str(failure)
    assert ("management role" in found.fix) is (expected == "part-not-granted")
    assert ("MSExchangeServiceHost" in found.fix) is (expected == "part-without-rpc")
    assert ("domain_controller" in found.fix) is (expected == "part-without-directory")


def test_both_connectors_and_their_roles_are_named():
    (found,) = [
        one
        for one in find(facts(connectors=[connector(bindings=("0.0.0.0:587", "0.0.0.0:465")), PROXY]))
        if one.id == "connector-role-conflict"
    ]
    assert found.found == (
        "The receive connectors 'Client Frontend EX01' (FrontendTransport) and 'Client Proxy EX01' (HubTransport) are "
        "both bound to 0.0.0.0:465."
    )
    assert (found.protocol, found.rule.fixed_by) == ("smtp", ("connector",))


def test_unknown_services_are_not_taken_for_none():
    unknown = (replace(GOOD, services=None), replace(AUTH, services=None))
    assert ids(certificates=unknown) == {"certificate-services-unreadable"}
    assert ids(certificates=(certificate(MAIL, services=None, thumbprint="C" * 40), *unknown)) == {
        "certificate-services-unreadable"
    }


def services_unreadable(**changes):
    (found,) = [f for f in find(facts(**changes)) if f.id == "certificate-services-unreadable"]
    return found


def test_the_cause_of_unknown_services_is_that_of_the_form():
    unknown = (replace(GOOD, services=None), replace(AUTH, services=None))
    ended = (replace(GOOD, services=None), replace(AUTH, services=None, not_after=NOW - timedelta(1)))

    plain = services_unreadable(certificates=ended, form="plain")
    assert plain.found == (
        "It is not known what 2 of 2 certificates are assigned to: Exchange does not send which services a "
        "certificate is "
        "assigned to in the plain form of its objects, which this session asks for."
    )
    assert plain.fix == (
        "Set ansible_exchange_serialization to full, or add serializationLevel=Full to the query of your own "
        "ansible_exchange_path."
    )
    full = services_unreadable(certificates=unknown)
    assert full.found.endswith("because something on the way drops serializationLevel=Full.")
    assert full.fix.endswith("and renew that only if it is missing or has expired.")
    expired = services_unreadable(certificates=ended)
    assert expired.found.endswith("because the Auth Certificate has expired.")
    assert expired.fix == "Renew the Auth Certificate and publish the new one with Set-AuthConfig."
    live = services_unreadable(certificates=ended, form="live")
    assert "Auth" not in live.found + live.fix
    odd = services_unreadable(certificates=(replace(GOOD, services=None, unreadable="text, 'Wombats'"), AUTH))
    assert odd.found == (
        "It is not known what 1 of 2 certificates are assigned to: Get-ExchangeCertificate shows its services as text, "
        "'Wombats', which cannot be read."
    )
    assert odd.fix == "Please report that."


def test_what_is_not_known_has_not_taken_the_place_of_another():
    old, new = certificate(MAIL, days=-1, services=None), certificate(MAIL, services=None, thumbprint="C" * 40)
    (found,) = [f for f in find(facts(certificates=(old, new, AUTH))) if f.id == "certificate-expired"]
    assert found.why == "It is not known whether another certificate with its names has taken its place."
    assert found.fix == "Remove it from the server if another one is assigned, and renew it if not."
    # What serves nothing that is judged needs no other one to do so.
    named = {"certificates": (replace(old, services=frozenset({"IIS"})), new, AUTH)}
    (found,) = [f for f in find(facts(**named)) if f.id == "certificate-expired"]
    assert found.fix == "Remove it from the server."


def test_certificates_that_no_client_meets_are_left_out():
    other = certificate("web.contoso.test", services=["IIS"], days=-1)
    assert ids(certificates=(GOOD, AUTH, other)) == set()
    named = connector(tls_certificate_name=f"<I>{ISSUER}<S>CN=web.contoso.test")
    assert "certificate-expired" in ids(certificates=(GOOD, AUTH, other), connectors=[named])


def test_a_disabled_connector_is_not_judged_further():
    assert ids(submission={"enabled": False, "auth_mechanism": ("None",), "bindings": ()}) == {"connector-disabled"}


def test_the_connectors_of_clients():
    server = facts().server
    by_port = connector("Sending", bindings=("10.0.0.1:587",))
    proxy = Connector("Client Proxy EX01", "HubTransport", {**CONNECTOR})
    moved = connector(bindings=("0.0.0.0:2587",))
    assert client_connectors([proxy, moved, by_port], server) == [by_port]
    assert client_connectors([proxy, moved], server) == [moved]
    assert client_connectors([proxy], server) == []


IPV4, IPV6 = CONNECTOR["remote_ip_ranges"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, {"remote_ip_ranges": ("10.0.0.0/8",)}, ["A"]),
        ({}, {"remote_ip_ranges": ("10.0.0.0(255.0.0.0)", "fd00::/8")}, ["A"]),
        # Not as many as they look: some are the same.
        (
            {"remote_ip_ranges": ("10.0.0.0-10.0.200.0",)},
            {"remote_ip_ranges": ("10.0.0.2-10.0.127.255", "10.0.0.0/17", "10.0.0.1")},
            ["A"],
        ),
        ({"remote_ip_ranges": ("10.0.0.0/8",)}, {"remote_ip_ranges": ("192.0.2.7/24",)}, ["A"]),
        ({"remote_ip_ranges": ("10.1.0.0/16",)}, {"remote_ip_ranges": ("10.2.0.0/16",)}, ["A", "B"]),
        # Wide where it does not listen.
        ({}, {"remote_ip_ranges": ("10.0.0.1", IPV6), "bindings": ("0.0.0.0:587",)}, ["A"]),
        ({"remote_ip_ranges": (IPV4,)}, {"remote_ip_ranges": (IPV6,)}, ["A", "B"]),
        ({"bindings": ("0.0.0.0:587",)}, {"bindings": ("[::]:587",)}, ["A", "B"]),
        # By the address of the server they can be on, too.
        ({"bindings": ("10.0.0.1:587",)}, {"bindings": ("10.0.0.2:587",)}, ["A", "B"]),
        (
            {"bindings": ("10.0.0.1:587",)},
            {"bindings": ("10.0.0.2:587",), "remote_ip_ranges": ("10.0.0.0/8",)},
            ["A", "B"],
        ),
        ({}, {"bindings": ("10.0.0.2:587",), "remote_ip_ranges": ("10.0.0.0/8",)}, ["A"]),
        # One that is off serves nobody, and one that is on may do it in its place, if it takes users.
        ({"enabled": False}, {"remote_ip_ranges": ("10.0.0.0/8",)}, ["A", "B"]),
        (
            {"enabled": False},
            {"remote_ip_ranges": ("10.0.0.0/8",), "permission_groups": ("AnonymousUsers",)},
            ["A"],
        ),
        ({}, {"remote_ip_ranges": ("10.0.0.0/8",), "enabled": False}, ["A"]),
        # What cannot be read is known neither to be wide nor to be narrow.
        ({"remote_ip_ranges": ("10.0.0.1", "fd00::1")}, {"remote_ip_ranges": ()}, ["A", "B"]),
        ({}, {"remote_ip_ranges": ("odd",)}, ["A"]),
        ({"remote_ip_ranges": ("odd",)}, {"remote_ip_ranges": ("odd",)}, ["A", "B"]),
    ],
)
def test_users_get_the_connector_that_takes_most_addresses(first, second, expected):
    one, other = connector("A", **first), connector("B", **second)
    for both in ([one, other], [other, one]):
        assert sorted(found.name for found in client_connectors(both, facts().server)) == expected


def test_what_is_not_for_users_is_not_told_to_them():
    expected = [{"server": MAIL, "port": 587, "encryption": "starttls"}]
    branch = connector("Branch", remote_ip_ranges=("10.1.0.0/16",), fqdn="branch.contoso.test")
    for connectors in ([connector(), relay()], [relay(), connector()], [branch, connector()]):
        assert client_settings(facts(connectors=connectors))["external"]["smtp"] == expected
    refusing = connector(permission_groups=("AnonymousUsers",))
    assert client_settings(facts(connectors=[refusing]))["external"]["smtp"] == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (True, False, ["a.contoso.test"]),
        (False, True, ["b.contoso.test"]),
        (True, True, ["a.contoso.test", "b.contoso.test"]),
        (False, False, ["a.contoso.test", "b.contoso.test"]),
    ],
)
def test_of_several_connectors_those_that_are_advertised_are_told(first, second, expected):
    traits = [("a.contoso.test", first), ("b.contoso.test", second)]
    connectors = [connector(name, fqdn=name, advertise_client_settings=is_shown) for name, is_shown in traits]
    told = client_settings(facts(connectors=connectors))["external"]["smtp"]
    assert [one["server"] for one in told] == expected


def test_which_connector_is_advertised_may_not_be_readable():
    odd = connector("A", fqdn="a.contoso.test")
    odd.unreadable["advertise_client_settings"] = Unreadable("odd")
    for others, known in (([], True), ([connector("B")], False)):
        told = client_settings(facts(connectors=[odd, *others]))["external"]["smtp"]
        assert (told is not None) is known


def test_what_users_need_to_know():
    told = client_settings(facts(internal_connection_settings=("EX01.contoso.test:110", "EX01.contoso.test:995:SSL")))
    assert told["external"]["pop3"] == [
        {"server": MAIL, "port": 995, "encryption": "implicit_tls"},
        {"server": MAIL, "port": 110, "encryption": "starttls"},
    ]
    assert told["internal"]["pop3"] == [
        {"server": "EX01.contoso.test", "port": 995, "encryption": "implicit_tls"},
        {"server": "EX01.contoso.test", "port": 110, "encryption": "none"},
    ]
    assert told["external"]["imap4"] is told["internal"]["imap4"] is None
    assert told["external"]["smtp"] == [{"server": MAIL, "port": 587, "encryption": "starttls"}]
    assert told["internal"]["smtp"] == told["external"]["smtp"]


@pytest.mark.parametrize(
    ("submission", "expected"),
    [
        ({"enabled": False}, []),
        ({"fqdn": ""}, [("EX01.contoso.test", 587, "starttls")]),
        ({"auth_mechanism": ("BasicAuth",)}, [(MAIL, 587, "none")]),
        ({"bindings": ("0.0.0.0:25", "0.0.0.0:587")}, [(MAIL, 587, "starttls")]),
        ({"bindings": ("0.0.0.0:2587", "[::]:2587")}, [(MAIL, 2587, "starttls")]),
        ({"bindings": ("odd",)}, []),
    ],
)
def test_where_users_send(submission, expected):
    told = client_settings(facts(submission=submission))["external"]["smtp"]
    assert [(one["server"], one["port"], one["encryption"]) for one in told] == expected


ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from([":", "a:b:c", "*.x", "[::]:0"])
WIRE = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["$text", "$value"]), inner),
    max_leaves=5,
)


def read_odd(settings, data):
    """Each setting as its kind reads something odd, or absent."""
    return read_members(settings, {s.parameter: data.draw(WIRE) for s in settings if data.draw(st.booleans())})


@given(st.data())
def test_odd_values_of_a_server_are_judged_without_a_crash(data):
    odd_service = Service("S", data.draw(st.text(max_size=5)), data.draw(st.none() | st.text(max_size=5)))
    odd_certificate = replace(
        GOOD,
        names=tuple(data.draw(st.lists(st.text(max_size=6), max_size=2))),
        services=data.draw(st.none() | st.frozensets(st.sampled_from(["POP", "SMTP", "128", "x"]))),
        subject=data.draw(st.sampled_from(["", "CN=", '"', AUTH_CERTIFICATE])),
    )
    protocol = ProtocolFacts(
        "pop3",
        [odd_service],
        read_odd(POP3.settings, data).values,
        Component("PopProxy", data.draw(st.sampled_from(["inactive", "unknown"])), data.draw(st.text())),
        Judgement("?", "Odd."),
    )
    sending = read_odd(CONNECTOR_SETTINGS, data)
    version = data.draw(st.sampled_from([Version(0), Version(14), Version(15, 2), Version(99)]))
    odd = Facts(
        Server("", "", version),
        [protocol],
        NOW,
        [odd_certificate],
        [Connector(data.draw(st.text(max_size=4)), "", sending.values, sending.unreadable)],
    )
    assert {finding.severity for finding in find(odd)} <= set(SEVERITIES)
    assert client_settings(odd).keys() == {"external", "internal"}


def works(of: type[Work]) -> Iterator[type[Work]]:
    for one in of.__subclasses__():
        yield one
        yield from works(one)


def test_fixes_name_options_and_modules_that_there_are():
    plugins = Path(importlib.import_module(MODULES + "iis").__file__ or "").parent.glob("*.py")
    modules = [path.stem for path in plugins]
    for module in modules:
        importlib.import_module(MODULES + module)
    known = {row.option for work in works(Work) for row in getattr(work, "options", ())} | {*modules}
    connection = yaml.safe_load(exchange.DOCUMENTATION)["options"]
    known |= {one["name"] for option in connection.values() for one in option.get("vars", ())}
    word = re.compile(r"\b[Ss]et ([a-z]\w*)|\b([a-z0-9]+(?:_[a-z0-9]+)+)\b")
    named = {
        (rule.id, found[1] or found[2])
        for rule in (*RULES.values(), *comparison.RULES.values())
        for found in word.finditer(rule.documented()["fix"])
    }
    assert len(named) > 20
    assert {(rule, name) for rule, name in named if name not in known} == set()


def test_what_fixes_is_a_part_of_the_roles_or_a_setting():
    settings = {row.option for protocol in PROTOCOLS.values() for row in protocol.settings}
    parts = {part for rule in RULES.values() for part in rule.fixed_by} - settings
    assert parts == {"services", "restart", "certificate", "connector"}
