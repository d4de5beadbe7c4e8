"""client_access_info: what there is, whether a restart is owed, and what is wrong."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from in_process import ABSENT, InProcessHost, Put

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import client_access
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restarts import restart_owed
from exchange_simulator.values import Binding

STARTED = "2026-03-02T08:00:00Z"
MODULE = "client_access_info"


def found(result):
    return {(finding["id"], finding["protocol"]) for finding in result["findings"]}


@pytest.mark.parametrize(
    ("changed", "services", "answer"),
    [
        ("2026-03-02T07:59:59Z", [(True, STARTED)], "no"),
        ("2026-03-02T08:00:00Z", [(True, STARTED)], "no"),
        ("2026-03-02T08:00:01Z", [(True, STARTED)], "possible"),
        ("2026-03-02T08:14:59Z", [(True, STARTED)], "possible"),
        ("2026-03-02T08:15:00Z", [(True, STARTED)], "yes"),
        ("2026-03-03T08:00:00Z", [(True, STARTED)], "yes"),
        # The same moments, the server's clock being in another zone and finer.
        ("2026-03-02T08:00:01Z", [(True, "2026-03-02T10:00:02.1234567+02:00")], "no"),
        ("2026-03-02T08:00:03Z", [(True, "2026-03-02T10:00:02.1234567+02:00")], "possible"),
        # The service that started first decides.
        ("2026-03-02T09:00:00Z", [(True, "2026-03-02T10:00:00Z"), (True, STARTED)], "yes"),
        ("2026-03-02T09:00:00Z", [(True, "2026-03-02T10:00:00Z"), (False, STARTED)], "no"),
        # What does not run owes nothing, whatever is known of it.
        ("2026-03-03T08:00:00Z", [(False, None), (False, None)], "no"),
        ("", [(False, None)], "no"),
        # What cannot be read.
        ("", [(True, STARTED)], "unknown"),
        ("yesterday", [(True, STARTED)], "unknown"),
        ("2026-03-03T08:00:00", [(True, STARTED)], "unknown"),
        ("2026-03-03T08:00:00Z", [(True, None)], "unknown"),
        ("2026-03-02T07:00:00Z", [(True, STARTED), (True, None)], "unknown"),
        ("2026-03-02T08:00:01Z", [(True, STARTED), (True, None)], "unknown"),
        # One service is known to be older than the change; the other one cannot make that good.
        ("2026-03-03T08:00:00Z", [(True, STARTED), (True, None)], "yes"),
    ],
)
def test_restart_owed(changed, services, answer):
    judgement = restart_owed(changed, services, tolerance=900)
    assert judgement.answer == answer
    assert judgement.reason.endswith(".")


def test_without_tolerance_there_is_no_possible():
    assert restart_owed("2026-03-02T08:00:00.000001Z", [(True, STARTED)], 0).answer == "yes"
    assert restart_owed(STARTED, [(True, STARTED)], 0).answer == "no"


def test_out_of_the_box(host):
    result = host.run("client_access_info")
    assert result["changed"] is False
    assert (result["server"], result["fqdn"]) == ("EX01", "EX01.contoso.test")
    assert (result["product"], result["version"]) == ("Exchange Server SE", "15.2.2562.17")
    assert result["pop3"]["services"] == [
        {"name": "MSExchangePop3", "status": "stopped", "start_mode": "manual", "started": None},
        {"name": "MSExchangePOP3BE", "status": "stopped", "start_mode": "manual", "started": None},
    ]
    assert result["pop3"]["settings"]["authenticated_connection_timeout"] == "00:30:00"
    assert result["pop3"]["settings"]["ssl_bindings"] == ["0.0.0.0:995", "[::]:995"]
    assert (result["pop3"]["component"], result["pop3"]["component_state"]) == ("Active", "active")
    assert result["pop3"]["component_reason"] is result["pop3"]["served_certificate"] is None
    assert result["imap4"]["restart_owed"] == "no"
    assert host.writes == []


def test_a_change_after_the_start_owes_a_restart(host):
    host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert host.run(MODULE)["pop3"]["restart_owed"] == "no"
    host.organisation.advance_clock(600)
    host.administer("Set-PopSettings", Server="EX01", Banner="New.")
    result = host.run(MODULE)
    times = {name: service["started"] for name, service in host.state["services"].items()}
    started = datetime.fromisoformat(times["MSExchangePop3"])
    assert result["pop3"]["restart_owed"] == "possible"
    changed = datetime.fromisoformat(result["pop3"]["settings_changed"])
    assert timedelta(seconds=600) < changed - started < timedelta(seconds=660)
    assert datetime.fromisoformat(result["pop3"]["running_since"]) == started
    assert datetime.fromisoformat(result["pop3"]["services"][0]["started"]) == started
    assert result["imap4"]["restart_owed"] == "no"
    assert host.run(MODULE, {"restart_tolerance": 600})["pop3"]["restart_owed"] == "yes"


def test_a_time_that_cannot_be_read_is_unknown(host):
    host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    host.fault("process_unreadable")
    result = host.run(MODULE)
    assert result["pop3"]["restart_owed"] == "unknown"
    assert result["pop3"]["services"][0]["started"] is None


@pytest.mark.parametrize(
    ("cmdlet", "shown", "why"),
    [
        ("Get-CimInstance", {"ProcessId": ABSENT}, "Win32_Service shows ProcessId of MSExchangePop3 as null"),
        ("Get-Process", {"StartTime": ABSENT}, "Get-Process shows StartTime of MSExchangePop3 as null"),
        ("Get-Process", {"StartTime": {"$type": "X"}}, "as an object of the type X without text"),
        ("Get-Process", {"StartTime": "2.3.2026 08:00"}, "as text that is no time with its zone, '2.3.2026 08:00'"),
        ("Get-Process", {"StartTime": "2026-03-02T08:00:00"}, "as text that is no time with its zone, '2026-03-02"),
        ("Get-Process", {"Id": None}, "shows no process with the Id 1620 of MSExchangePop3, and Id of another one as"),
        ("Get-Process", {"Id": 99}, "shows no process with the Id 1620 of MSExchangePop3; "),
        ("Get-Process", {"Id": 1620}, "shows 2 processes with the Id 1620 of MSExchangePop3"),
    ],
)
def test_why_a_start_is_not_known_is_said(host, cmdlet, shown, why):
    host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    host.administer("Set-PopSettings", Server="EX01", Banner="New.")
    host.shapes[cmdlet] = Put(shown)
    pop3 = host.run(MODULE, {"gather": [], "restart_tolerance": 0})["pop3"]
    assert pop3["restart_owed"] == "unknown"
    assert pop3["restart_reason"].startswith("It is not known when the services started: ")
    assert why in pop3["restart_reason"]
    assert [service["started"] for service in pop3["services"]] == [None, None]


def test_a_missing_service_is_shown_as_missing(host):
    host.fault("service_missing", service="MSExchangePOP3BE")
    services = host.run(MODULE)["pop3"]["services"]
    assert services[1] == {"name": "MSExchangePOP3BE", "status": "missing", "start_mode": None, "started": None}


def test_2010_has_one_service_and_no_components(host_of):
    host = host_of("2010")
    result = host.run(MODULE)
    assert result["product"] == "Exchange Server 2010"
    assert len(result["imap4"]["services"]) == 1
    assert (result["imap4"]["component"], result["imap4"]["component_state"]) == (None, "none")
    assert host.asked("Get-ServerComponentState") == []
    assert not any(key.startswith("component") for key, _ in found(result))


def requests(*states: str) -> list[dict[str, str]]:
    return [
        {"$text": f"Requestor:{who}; State:{state}; Timestamp:9/28/2021"}
        for who, state in zip("AB", states, strict=False)
    ]


UNSAID = dict.fromkeys(("State", "ServerWideOfflineIsOffline", "LocalStates", "RemoteStates"), ABSENT)


UNREAD_OFFLINE = (
    "Get-ServerComponentState shows ServerWideOfflineIsOffline of PopProxy as null, which cannot be read; please "
    "report that."
)


@pytest.mark.parametrize(
    ("shown", "state", "reason"),
    [
        ({"State": {"$text": "Active", "$value": 1}}, "active", None),
        ({"State": "ACTIVE", "ServerWideOfflineIsOffline": "False"}, "active", None),
        ({"State": {"$text": "Inactive"}}, "inactive", "The server component PopProxy is Inactive."),
        ({"State": "draining"}, "inactive", "The server component PopProxy is Draining."),
        ({"State": 1}, "active", None),
        ({"State": {"$text": "Aktiv", "$value": 1}}, "active", None),
        ({"State": {"$text": None, "$value": 0}}, "inactive", "The server component PopProxy is Inactive."),
        ({"State": "Active", "ServerWideOfflineIsOffline": None}, "unknown", UNREAD_OFFLINE),
        (
            {"State": "Inactive", "LocalStates": requests("Active", "Inactive"), "RemoteStates": requests("Draining")},
            "inactive",
            "The server component PopProxy is Inactive, as requested by perhaps A (its requests in Active Directory "
            "and on the server differ) and B.",
        ),
        (
            {"State": "Inactive", "LocalStates": [{"$text": None}, None], "RemoteStates": {"$text": "Nobody"}},
            "inactive",
            "The server component PopProxy is Inactive.",
        ),
        (
            {"State": "Active", "ServerWideOfflineIsOffline": True, "LocalStates": requests("Inactive")},
            "inactive",
            "The server component PopProxy is Active, and the whole server is offline (ServerWideOffline), as "
            "requested by A.",
        ),
        (
            {"State": "Functional"},
            "unknown",
            "Get-ServerComponentState shows State of PopProxy as text, 'Functional', which cannot be read; please "
            "report that.",
        ),
        (
            {"State": {"$text": "Wartung", "$value": 9}},
            "unknown",
            "Get-ServerComponentState shows State of PopProxy as an object, 'Wartung', which cannot be read; please "
            "report that.",
        ),
        (
            {},
            "unknown",
            "Get-ServerComponentState shows State of PopProxy as null, which cannot be read; please report that.",
        ),
        (
            {"Component": None, "State": "Active"},
            "unknown",
            "Get-ServerComponentState shows Component of the answer for PopProxy as null, which cannot be read; please "
            "report that.",
        ),
        (
            {"Component": "ImapProxy", "State": "Active"},
            "unknown",
            "Get-ServerComponentState answered with 0 objects for PopProxy of EX01 instead of one.",
        ),
    ],
)
def test_what_a_component_shows(host, shown, state, reason):
    host.shapes["Get-ServerComponentState"] = Put(UNSAID | shown)
    result = host.run(MODULE, {"protocols": ["pop3"], "gather": []})
    assert (result["pop3"]["component_state"], result["pop3"]["component_reason"]) == (state, reason)
    told = {key for key, _ in found(result) if key.startswith("component")}
    assert told == (set() if state == "active" else {f"component-{state}"})


@pytest.mark.parametrize("busy", [False, True])
def test_a_component_that_cannot_be_asked_for_is_not_known(host, busy):
    if busy:
        host.fault("fails_after_effect", cmdlet="Get-ServerComponentState", message="The server is busy")
    else:
        host.fault("rbac_without", cmdlet="Get-ServerComponentState")
    result = host.run(MODULE, {"protocols": ["pop3"], "gather": []})
    assert (result["pop3"]["component"], result["pop3"]["component_state"]) == (None, "unknown")
    told = "Get-ServerComponentState failed: The server is busy." if busy else result["pop3"]["component_reason"]
    assert result["pop3"]["component_reason"] == told
    assert "Get-ServerComponentState" in told
    assert ("component-unknown", "pop3") in found(result)


def test_an_answer_about_several_components_is_not_known(host):
    host.shapes["Get-ServerComponentState"] = lambda output: output * 2
    assert host.run(MODULE, {"gather": []})["imap4"]["component_state"] == "unknown"


def test_what_is_found_out_of_the_box(host: InProcessHost):
    result = host.run(MODULE)
    # In the plain form what certificates are assigned to does not come.
    unknown = host.form == "plain"
    assert found(result) == {
        *([("certificate-services-unreadable", None)] if unknown else []),
        *((kind, key) for kind in ("service-not-running", "service-not-automatic") for key in ("pop3", "imap4")),
        *(("no-external-settings", key) for key in ("pop3", "imap4")),
        ("connector-not-advertised", "smtp"),
    }
    assert {finding["severity"] for finding in result["findings"]} == {"notice", *(["warning"] if unknown else [])}
    services = [None] * 4 if unknown else [["IMAP", "POP", "IIS", "SMTP"], ["SMTP"], [], []]
    assert [certificate["services"] for certificate in result["certificates"]] == services
    assert result["certificates"][0]["names"] == ["ex01", "ex01.contoso.test"]
    assert [connector["name"] for connector in result["connectors"]] == ["Client Frontend EX01"]
    assert result["connectors"][0]["settings"]["bindings"] == ["0.0.0.0:587", "[::]:587"]
    assert result["client_settings"]["external"]["pop3"] == []
    assert result["client_settings"]["internal"]["pop3"] == [
        {"server": "EX01.contoso.test", "port": 995, "encryption": "implicit_tls"},
        {"server": "EX01.contoso.test", "port": 110, "encryption": "starttls"},
    ]
    assert host.writes == []


def test_findings_follow_what_the_server_shows(host):
    host.administer(
        "Set-PopSettings", Server="EX01", LoginType="PlainTextLogin", X509CertificateName="pop.contoso.test"
    )
    host.administer(
        "Set-ServerComponentState", Identity="EX01", Component="PopProxy", Requester="Maintenance", State="Inactive"
    )
    host.administer("Set-ReceiveConnector", Identity="EX01\\Client Frontend EX01", AuthMechanism="BasicAuth")
    result = host.run(MODULE, {"protocols": ["pop3"]})
    assert {
        ("plain-text-login", "pop3"),
        ("x509-name-not-covered", "pop3"),
        ("component-inactive", "pop3"),
        ("connector-without-tls", "smtp"),
        ("basic-without-tls", "smtp"),
    } <= found(result)
    assert result["findings"][0]["severity"] == "error"


def test_one_protocol_alone(host):
    result = host.run(MODULE, {"protocols": ["pop3"], "gather": []})
    assert result["imap4"] is result["certificates"] is result["connectors"] is None
    assert result["client_settings"]["internal"]["imap4"] is result["client_settings"]["internal"]["smtp"] is None
    assert {key for _, key in found(result)} == {"pop3"}
    assert not {"Get-ImapSettings", "Get-ExchangeCertificate", "Get-ReceiveConnector"} & {
        request.cmdlet for request in host.calls
    }


def test_no_protocol_at_all(host):
    result = host.run(MODULE, {"protocols": []})
    assert result["pop3"] is result["imap4"] is None
    unknown = {("certificate-services-unreadable", None)} if host.form == "plain" else set()
    assert found(result) == {("connector-not-advertised", "smtp"), *unknown}


@pytest.mark.parametrize(
    ("cmdlet", "part"), [("Get-ExchangeCertificate", "certificates"), ("Get-ReceiveConnector", "connectors")]
)
@pytest.mark.parametrize(
    ("fault", "kind", "fix"),
    [
        ("rbac_without", "part-not-granted", "Grant the user a management role with {cmdlet} "),
        (
            "fails_after_effect",
            "part-unreadable",
            "If the reason does not show what to fix, check the event log of EX01. ",
        ),
    ],
)
def test_what_cannot_be_read_is_null_and_the_rest_is_there(host, cmdlet, part, fault, kind, fix):
    host.fault(fault, cmdlet=cmdlet)
    result = host.run(MODULE)
    assert "failed" not in result
    assert result[part] is None
    assert result[{"certificates": "connectors", "connectors": "certificates"}[part]]
    (told,) = [finding for finding in result["findings"] if finding["id"].startswith("part-")]
    assert told["id"] == kind
    assert cmdlet in told["found"]
    assert told["fix"].startswith(fix.format(cmdlet=cmdlet))
    assert (result["client_settings"]["external"]["smtp"] is None) is (part == "connectors")


def test_connectors_of_two_roles_at_one_place_are_found(host):
    """They were made when Exchange did not look, and are seen before setup of an update meets them."""
    proxy = next(one for one in host.server.connectors if one.settings.latest()["Name"] == "Client Proxy EX01")
    both = tuple(map(Binding.parse, ("0.0.0.0:465", "0.0.0.0:587")))
    proxy.settings.write({"Bindings": both}, "DC1.contoso.test", host.organisation.now)
    (told,) = [one for one in host.run(MODULE)["findings"] if one["id"] == "connector-role-conflict"]
    assert (told["severity"], told["protocol"]) == ("error", "smtp")
    assert told["found"] == (
        "The receive connectors 'Client Proxy EX01' (HubTransport) and 'Client Frontend EX01' (FrontendTransport) are "
        "both bound to 0.0.0.0:587."
    )


def test_what_rpc_refuses_is_not_put_down_to_missing_rights(host):
    host.fault("rpc_refused")
    result = host.run(MODULE)
    assert result["certificates"] is None
    (told,) = [one for one in result["findings"] if one["id"].startswith("part-")]
    assert told["id"] == "part-without-rpc"
    assert told["found"].startswith("Get-ExchangeCertificate failed: A special Rpc error occurs on server EX01: ")
    assert "management role" not in told["fix"]
    assert "is running on EX01" in told["fix"]


def test_how_long_before_the_end_can_be_chosen(host):
    host.administer("Set-PopSettings", Server="EX01", X509CertificateName="mail.contoso.test")
    host.import_certificate("mail.contoso.test", services=["POP"], begins=-60, days=20.5)
    assert ("certificate-renewal-due", None) in found(host.run(MODULE))
    assert ("certificate-renewal-due", None) not in found(host.run(MODULE, {"expires_within_days": 20}))
    assert [one["days_left"] for one in host.run(MODULE)["certificates"]] == [364, 364, 364, 364, 20]
    for days, due in (({}, True), ({"expires_within_days": 20}, False), ({"expires_within_days": 21}, True)):
        assert [one["renewal_due"] for one in host.run(MODULE, days)["certificates"]] == [*[False] * 4, due]


def test_services_that_cannot_be_known_are_null_and_said_to_be_so_once(host):
    host.shapes["Get-ExchangeCertificate"] = Put({"SerializationData": ABSENT})
    result = host.run(MODULE)
    assert {one["services"] for one in result["certificates"]} == {None}
    (told,) = [one for one in result["findings"] if one["id"] == "certificate-services-unreadable"]
    assert ("Auth Certificate" in told["found"] + told["fix"]) is (host.form == "full")
    assert ("ansible_exchange_serialization" in told["fix"]) is (host.form == "plain")


@pytest.mark.forms("plain")
def test_what_is_not_known_of_certificates_is_no_finding(host):
    host.administer("Set-PopSettings", Server="EX01", X509CertificateName="pop.contoso.test")
    host.import_certificate("pop.contoso.test")
    host.import_certificate("*.contoso.test", "contoso.test", services=["POP"])
    told = {kind for kind, _ in found(host.run(MODULE))}
    assert not told & {"certificate-not-assigned", "wildcard-assigned", "connector-certificate-missing"}
    host.form = "full"
    assert {"certificate-not-assigned", "wildcard-assigned"} & {kind for kind, _ in found(host.run(MODULE))}


def add_connector(host, name, **parameters):
    values = {"AuthMechanism": "Tls, BasicAuth", "PermissionGroups": "ExchangeUsers", "RemoteIPRanges": ["::1"]}
    values |= {"Bindings": ["0.0.0.0:587"], "TransportRole": "FrontendTransport", "Server": "EX01"}
    host.administer("New-ReceiveConnector", Name=name, **values | parameters)


def test_only_connectors_of_clients_and_of_this_server_are_shown(host):
    add_connector(host, "Branch", Bindings=["10.0.0.1:587"])
    assert [one["name"] for one in host.run(MODULE)["connectors"]] == ["Client Frontend EX01", "Branch"]
    host.shapes["Get-ReceiveConnector"] = Put({"Identity": r"EX02\Client Frontend EX01"}, of="Client Frontend EX01")
    assert [one["name"] for one in host.run(MODULE)["connectors"]] == ["Branch"]


def test_a_relay_on_the_port_is_shown_and_neither_judged_nor_told(host):
    before = host.run(MODULE)
    anonymous = {"AuthMechanism": "None", "PermissionGroups": "AnonymousUsers"}
    add_connector(host, "Relay", RemoteIPRanges=["10.10.50.0/24"], Bindings=["10.0.0.1:587"], **anonymous)
    # It comes first.
    host.shapes["Get-ReceiveConnector"] = lambda output: output[::-1]
    result = host.run(MODULE)
    assert [(one["name"], one["for_users"]) for one in result["connectors"]] == [
        ("Client Frontend EX01", True),
        ("Relay", False),
    ]
    assert result["client_settings"] == before["client_settings"]
    assert found(result) - found(before) == {("connector-not-judged", "smtp")}
    (told,) = [finding for finding in result["findings"] if finding["id"] == "connector-not-judged"]
    assert told["severity"] == "notice"
    assert told["found"] == ("The receive connector 'Relay' is on port 587 too, for the addresses 10.10.50.0/24 only.")


@pytest.mark.parametrize("version", ["SE", "2016", "2013", "2010"])
def test_a_connector_on_each_version(host_of, version):
    host = host_of(version)
    (connector,) = host.run(MODULE)["connectors"]
    assert connector["name"] == ("Client EX01" if version == "2010" else "Client Frontend EX01")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"expires_within_days": -1}, "expires_within_days: -1 is out of range; use 0 to 3650 days."),
        ({"expires_within_days": 3651}, "expires_within_days: 3651 is out of range; use 0 to 3650 days."),
        ({"protocols": ["pop"]}, "value of protocols must be one or more of: pop3, imap4. Got no match for: pop"),
        (
            {"gather": ["all"]},
            "value of gather must be one or more of: certificates, connectors, served_certificates. Got no match for: "
            "all",
        ),
        ({"tls_ports": {"pop3": 65536}}, "tls_ports.pop3: 65536 is out of range; use 1 to 65535."),
    ],
)
def test_wrong_options(host, options, sentence):
    assert host.run(MODULE, options)["msg"] == sentence
    assert host.calls == []


@pytest.mark.parametrize(
    ("options", "asked"), [({}, [995]), ({"tls_ports": {"pop3": 1995}}, [1995]), ({"gather": []}, [])]
)
def test_the_port_at_which_the_certificate_is_looked_at(host, monkeypatch, options, asked):
    looked: list[tuple[str, int]] = []
    monkeypatch.setattr(client_access, "served_thumbprint", lambda *where: looked.append(where) or "A" * 40)
    for service in ("MSExchangePop3", "MSExchangePOP3BE"):
        host.administer("Start-Service", endpoint="windows", Name=service)
    told = host.run(MODULE, {"protocols": ["pop3"], "gather": ["served_certificates"], **options})
    assert looked == [("ex01.contoso.test", port) for port in asked]
    assert told["pop3"]["served_certificate"] == ("A" * 40 if asked else None)
