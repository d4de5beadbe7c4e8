"""What is there and cannot be read is neither compared nor judged nor written over; the user learns what came."""

from __future__ import annotations

from functools import partial

import pytest
from in_process import ABSENT, Put, element

from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import to_plain

TEXTLESS = {"$text": None, "$type": "Microsoft.Exchange.Data.X", "Port": 995}
TOLD = "an object of the type Microsoft.Exchange.Data.X without text with the members Port"
POP = "the POP3 settings of EX01 (Exchange Server SE, 15.2.2562.17)"
FRONTEND = "Client Frontend EX01"
SENDING = f"the settings of the receive connector {FRONTEND!r} on EX01"

PARAMETERS = {s.option: s.parameter for s in (*POP3.settings, *IMAP4.settings, *CONNECTOR_SETTINGS)}


def show(host, cmdlet, members, of=None):
    host.shapes[cmdlet] = Put(members, of)


def show_connector(host, **members):
    show(host, "Get-ReceiveConnector", members, FRONTEND)


def show_service(host, name, **members):
    show(host, "Get-CimInstance", members, name)


def add_relay(host, **parameters):
    """A second connector of clients, on an address of its own."""
    values = {"AuthMechanism": "Tls, BasicAuth", "PermissionGroups": "ExchangeUsers"}
    values |= {"RemoteIPRanges": ["0.0.0.0-255.255.255.255"], "Bindings": ["10.0.0.1:587"]}
    values |= {"TransportRole": "FrontendTransport", "Server": "EX01"}
    host.administer("New-ReceiveConnector", Name="Relay", **values | parameters)


EDITS = {
    "without text": ([{"$text": "{0}"}, TEXTLESS], f"{TOLD}, in a list of 2"),
    "null": (None, "null"),
    "one object": (TEXTLESS, TOLD),
    "joined": ("{0},{1}", "text, '{0},{1}'"),
    "joined item": (["{0} {1}"], "text, in a list of 1, '{0} {1}'"),
    "type names": ([{"$text": "System.Object"}] * 2, "an object, in a list of 2, 'System.Object'"),
}


def filled(shape, entries):
    if isinstance(shape, list):
        return [filled(item, entries) for item in shape]
    if isinstance(shape, dict):
        return {name: filled(item, entries) for name, item in shape.items()}
    return shape.format(*entries) if isinstance(shape, str) else shape


@pytest.mark.parametrize("case", EDITS)
@pytest.mark.parametrize("edit", [{"add": ["10.0.0.1:995"]}, {"remove": ["[::]:995"]}, ["10.0.0.1:995"]])
def test_bindings_are_edited_as_a_whole_or_not_at_all(host, case, edit):
    stored, told = (filled(one, ("0.0.0.0:995", "[::]:995")) for one in EDITS[case])
    show(host, "Get-PopSettings", {"SSLBindings": stored})
    result = host.run("pop_settings", {"ssl_bindings": edit, "internal_connection_settings": []})
    assert result["msg"] == (
        f"ssl_bindings: Get-PopSettings shows SSLBindings in {POP} as {told}, which cannot be read, so it is neither "
        "compared nor written; please report that."
    )
    assert host.writes == []


def test_what_no_option_takes_goes_back_as_it_came(host):
    host.administer("Set-ReceiveConnector", Identity=rf"EX01\{FRONTEND}", RemoteIPRanges=["10.0.0.5/8", "::1"])
    edit = {"remote_ip_ranges": {"add": ["192.168.0.1"], "remove": ["::1"]}}
    assert host.run("receive_connector", edit)["changed"] is True
    assert host.asked("Set-ReceiveConnector")[0]["RemoteIPRanges"] == ["10.0.0.5/8", "192.168.0.1"]
    assert host.run("receive_connector", edit)["changed"] is False


def test_what_nobody_asked_for_is_left_out_with_a_warning(host, warned):
    show(host, "Get-PopSettings", {"SSLBindings": [TEXTLESS], "LoginType": "Sichere Anmeldung"})
    for changed in (True, False):
        result = host.run("pop_settings", {"banner": "New."})
        assert result["changed"] is changed
        assert not {"ssl_bindings", "login_type"} & result["settings"].keys()
        assert result["unreadable"] == {"login_type": "text", "ssl_bindings": f"{TOLD}, in a list of 1"}
    assert (
        warned
        == [
            f"Not all of {POP} can be read, and this is left out: login_type was returned as text, 'Sichere "
            f"Anmeldung'; "
            f"ssl_bindings was returned as {TOLD}, in a list of 1; please report that."
        ]
        * 2
    )


def test_what_cannot_be_read_contradicts_nothing(host, warned):
    show(host, "Get-PopSettings", {"UnencryptedOrTLSBindings": None, "InternalConnectionSettings": "?"})
    options = {"ssl_bindings": ["0.0.0.0:110"], "x509_certificate_name": "new.contoso.test"}
    assert host.run("pop_settings", options)["changed"] is True
    assert "host of any connection setting" not in str(warned)


@pytest.mark.parametrize("lost", [False, True])
def test_a_read_back_that_cannot_be_read_fails_and_is_not_written_over(host, lost):
    host.afterwards["Set-PopSettings"] = partial(show, host, "Get-PopSettings", {"LoginType": TEXTLESS})
    host.lost = [("Set-PopSettings", True)] * lost
    result = host.run("pop_settings", {"login_type": "PlainTextLogin", "banner": "New."})
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"].endswith(
        f"login_type: it was written, but what EX01 has stored now cannot be read, it was returned as {TOLD}; please "
        "report that."
    )
    assert result["msg"].startswith("Set-PopSettings was sent and its answer was lost" if lost else "login_type: ")
    assert "banner" not in result["msg"]
    assert result["unreadable"] == {"login_type": TOLD}
    assert host.writes == ["Set-PopSettings"]


def test_what_became_unreadable_unasked_is_no_difference(host):
    host.fault("write_does_not_stick", cmdlet="Set-PopSettings")
    host.afterwards["Set-PopSettings"] = partial(show, host, "Get-PopSettings", {"SSLBindings": TEXTLESS})
    result = host.run("pop_settings", {"banner": "New."})
    assert "ssl_bindings" not in result["msg"]
    assert result["changed"] is False


def test_an_object_that_shows_nothing_is_not_a_server_without_settings(host):
    host.shapes["Get-PopSettings"] = lambda _: [element({"WhenChangedUTC": "?"})]
    result = host.run("pop_settings", {"banner": "New."})
    assert result["msg"] == (
        "Get-PopSettings shows none of the POP3 settings of EX01 (Exchange Server SE, 15.2.2562.17): it returned "
        "an object without text with the members WhenChangedUTC; please report that."
    )


def test_the_report_judges_nothing_that_it_cannot_read(host, warned):
    gone = ("SSLBindings", "UnencryptedOrTLSBindings", "InternalConnectionSettings", "X509CertificateName")
    show(host, "Get-PopSettings", dict.fromkeys(gone, TEXTLESS))
    members = ("Bindings", "AuthMechanism", "PermissionGroups", "RequireTLS", "Fqdn")
    show_connector(host, **dict.fromkeys(members, TEXTLESS))
    show_service(host, "MSExchangePop3", State=TEXTLESS, StartMode="?")

    result = host.run("client_access_info", {"protocols": ["pop3"], "gather": ["connectors"]})
    assert result["pop3"]["unreadable"] == {
        option: TOLD for option, parameter in PARAMETERS.items() if parameter in gone
    }
    assert not result["pop3"]["unreadable"].keys() & result["pop3"]["settings"].keys()
    (connector,) = result["connectors"]
    assert connector["unreadable"].keys() == {"bindings", "auth_mechanism", "permission_groups", "require_tls", "fqdn"}
    assert result["client_settings"]["internal"] == {"pop3": None, "imap4": None, "smtp": None}
    assert result["pop3"]["services"][0]["status"] == ""
    assert result["pop3"]["services"][0]["start_mode"] is None
    ids = {finding["id"] for finding in result["findings"] if "MSExchangePOP3BE" not in finding["found"]}
    assert {finding["severity"] for finding in result["findings"]} == {"notice"}, "the protocol may be off as a whole"
    assert ids == {"no-external-settings", "connector-not-advertised", "restart-owed"}
    assert [warning.partition(" can be read,")[0] for warning in warned] == [
        f"Not all of {what}" for what in (POP, "the service MSExchangePop3", SENDING)
    ]


def test_whether_passwords_go_in_clear_is_not_guessed(host):
    host.administer("Set-ReceiveConnector", Identity=rf"EX01\{FRONTEND}", AuthMechanism="Tls, BasicAuth")
    options = {"protocols": ["pop3"], "gather": ["connectors"]}
    known = {finding["id"] for finding in host.run("client_access_info", options)["findings"]}
    assert "basic-without-tls" in known
    show_connector(host, RequireTLS=TEXTLESS)
    unknown = {finding["id"] for finding in host.run("client_access_info", options)["findings"]}
    assert "basic-without-tls" not in unknown


def test_which_connector_is_for_clients_is_not_guessed(host):
    show_connector(host, Bindings=[TEXTLESS])
    add_relay(host)
    result = host.run("receive_connector", {"enabled": False})
    assert result["msg"] == (
        "The bindings of receive connectors of EX01 cannot be read, so it is not known which one is for client "
        f"submission: those of 'Client Frontend EX01' were returned as {TOLD}, in a list of 1; set the option name, "
        "and please report that."
    )
    assert host.writes == []
    assert host.run("receive_connector", {"enabled": False, "name": "Relay"})["connector"] == "Relay"


@pytest.mark.parametrize("bindings", [ABSENT, []])
def test_a_connector_without_bindings_is_not_passed_over(host, bindings):
    add_relay(host)
    show_connector(host, Bindings=bindings)
    result = host.run("receive_connector", {"enabled": False})
    assert "is for client submission: those of 'Client Frontend EX01' " in result["msg"]
    assert host.writes == []


@pytest.mark.parametrize(
    ("member", "option", "entry"),
    [("RemoteIPRanges", "remote_ip_ranges", "10.0.0.0/8"), ("Bindings", "bindings", "0.0.0.0:25")],
)
def test_no_entry_at_all_where_one_must_be_is_not_taken_for_an_empty_list(host, member, option, entry):
    show_connector(host, **{member: []})
    result = host.run("receive_connector", {"name": FRONTEND, option: {"add": [entry]}})
    assert f"shows {member} in the settings of the receive connector 'Client Frontend EX01'" in result["msg"]
    assert "as a list of 0, which cannot be read" in result["msg"]
    assert host.writes == []


def test_a_relay_is_not_written_to_because_the_ranges_of_the_users_connector_cannot_be_read(host):
    add_relay(host, RemoteIPRanges=["10.10.50.0/24"])
    show_connector(host, RemoteIPRanges=[TEXTLESS])
    assert host.run("receive_connector", {"require_tls": True})["connector"] == FRONTEND


def test_connectors_of_which_none_is_known_to_be_for_clients_are_not_judged(host):
    unknown = Put({"Bindings": None}, of="Default Frontend EX01")
    host.shapes["Get-ReceiveConnector"] = lambda output: unknown(
        [one for one in output if to_plain(one, ["Name"])["Name"] != FRONTEND]
    )
    result = host.run("client_access_info", {"protocols": ["pop3"], "gather": ["connectors"]})
    assert result["connectors"] is None
    ids = {finding["id"] for finding in result["findings"]}
    assert "part-unreadable" in ids
    assert "connector-missing" not in ids


@pytest.mark.parametrize(
    ("member", "options"),
    [
        ("State", {"state": "started"}),
        ("State", {"state": "stopped"}),
        ("State", {"state": "restarted"}),
        ("StartMode", {"start_mode": "automatic"}),
    ],
)
@pytest.mark.parametrize("shape", [TEXTLESS, None, "", "Läuft", 99])
def test_a_service_is_not_touched_for_what_is_not_known_of_it(host, member, options, shape):
    show_service(host, "MSExchangePOP3BE", **{member: shape})
    result = host.run("protocol_service", {"protocol": "pop3", **options})
    assert f"Win32_Service shows {member} in the service MSExchangePOP3BE as " in result["msg"]
    assert host.writes == []


def test_a_service_without_a_name_is_not_taken_for_a_missing_one(host):
    show_service(host, "MSExchangePop3", Name=TEXTLESS)
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert (
        result["msg"] == f"Win32_Service shows Name of a service as {TOLD}, which cannot be read; please report that."
    )


@pytest.mark.parametrize(
    ("module", "options"), [("protocol_service", {"protocol": "pop3"}), ("iis", {})], ids=["protocol_service", "iis"]
)
def test_no_restart_is_taken_for_done_that_no_process_proves(host, module, options):
    show(host, "Get-CimInstance", {"ProcessId": TEXTLESS})
    result = host.run(module, {"state": "restarted", **options})
    assert "shows ProcessId in the service " in result["msg"]
    assert host.writes == []


@pytest.fixture
def unseen(host):
    """A server of whose services a member is null as soon as something was written."""

    def hide(member):
        hidden = Put({member: None})
        host.shapes["Get-CimInstance"] = lambda output: hidden(output) if host.writes else output
        return host

    return hide


@pytest.mark.parametrize(("lost", "arrived"), [(False, True), (True, True), (True, False)])
@pytest.mark.parametrize("member", ["State", "ProcessId"])
def test_a_restart_that_can_no_longer_be_seen_is_a_change_that_failed(unseen, member, lost, arrived):
    host = unseen(member)
    for name in ("MSExchangePop3", "MSExchangePOP3BE"):
        host.administer("Start-Service", endpoint="windows", Name=name)
    host.lost = [("Restart-Service", arrived)] if lost else []
    result = host.run("protocol_service", {"protocol": "pop3", "state": "restarted"})
    assert (result.get("failed"), result["changed"]) == (True, True)
    assert f"shows {member} in the service MSExchangePop3 as null, which cannot be read" in result["msg"]


@pytest.mark.parametrize("member", ["State", "ProcessId"])
def test_iis_is_started_again_although_it_can_no_longer_be_seen(unseen, member):
    host = unseen(member)
    host.lost = [("Start-Service", False)]
    result = host.run("iis", {"state": "restarted"})
    assert (result.get("failed"), result["changed"]) == (True, True)
    assert {host.state["services"][name]["status"] for name in ("W3SVC", "NetTcpActivator")} == {"Running"}


def test_a_state_by_its_number_is_known(host):
    show(host, "Get-CimInstance", {"State": 4, "StartMode": "AutomaticDelayedStart"})
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started"})["changed"] is False


def test_iis_is_not_stopped_while_the_state_of_a_dependent_service_is_not_known(host):
    show_service(host, "NetTcpActivator", State=TEXTLESS)
    assert "shows State in the service NetTcpActivator as" in host.run("iis", {"state": "restarted"})["msg"]
    assert host.writes == []


def test_a_mailbox_that_cannot_be_read_back_is_told(host):
    host.afterwards["Set-CASMailbox"] = partial(show, host, "Get-CASMailbox", {"PopEnabled": TEXTLESS})
    result = host.run("cas_mailbox", {"identities": ["reader"], "pop_enabled": False})
    assert result["msg"].endswith(
        "reader@contoso.test: Set-CASMailbox returned no error. "
        "Get-CASMailbox does not show pop_enabled so that it can be read."
    )


def test_a_switch_that_comes_as_text_counts(host):
    show(host, "Get-CASMailbox", {"PopUseProtocolDefaults": "True"})
    result = host.run("cas_mailbox", {"identities": ["reader"], "pop_suppress_read_receipt": True})
    assert "has an effect only with pop_use_protocol_defaults: false" in result["msg"]


@pytest.mark.parametrize(("services", "key"), [(TEXTLESS, "False"), ("Beliebig", False), ([None], "false")])
def test_services_of_a_certificate_that_cannot_be_read_are_not_known(host, services, key):
    show(host, "Get-ExchangeCertificate", {"Services": services, "HasPrivateKey": key})
    for certificate in host.run("client_access_info", {"gather": ["certificates"]})["certificates"]:
        assert certificate["services"] is None
        assert certificate["has_private_key"] is False
