"""What is there and cannot be read is neither compared nor judged nor written over; the user learns what came."""

from __future__ import annotations

import pytest
from ansible.module_utils.basic import AnsibleModule
from samples import samples
from test_cas_mailbox import MailboxHost
from test_receive_connector import EVERYTHING, FRONTEND
from transport_host import CLIENT, FRONT, as_wire, make_der, make_payload, transport_host

from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import read_certificate
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3

TEXTLESS = {"$text": None, "$type": "Microsoft.Exchange.Data.X", "Port": 995}
TOLD = "an object of the type Microsoft.Exchange.Data.X without text with the members Port"
# What no kind can read.
NEVER = {"textless": TEXTLESS, "binary": {"$bytes": "AAE="}, "textless item": ["x", TEXTLESS], "null item": [None, "x"]}
POP = "the POP3 settings of EX01 (Exchange Server SE, 15.2.2562.17)"
SENDING = f"the settings of the receive connector {FRONTEND.rpartition(chr(92))[2]!r} of EX01"

SETTINGS = {option: sample.wanted for option, sample in samples((*POP3.settings, *IMAP4.settings)).items()} | {
    "external_connection_settings": {"add": ["mail.contoso.test:995:SSL"]},
    "internal_connection_settings": {"remove": ["EX01.contoso.test:110:TLS"]},
    "log_file_location": "D:\\Logs",
    # The largest for POP3 is the smallest for IMAP4.
    "max_command_size": 1024,
    "owa_server_url": "https://mail.contoso.test/owa",
    "ssl_bindings": {"add": ["10.0.0.1:995"]},
    "unencrypted_or_tls_bindings": {"set": ["0.0.0.0:110"]},
    "x509_certificate_name": "mail.contoso.test",
}
PARAMETERS = {s.option: s.parameter for s in (*POP3.settings, *IMAP4.settings, *CONNECTOR_SETTINGS)}


@pytest.fixture
def warned(monkeypatch):
    told = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _self, warning: told.append(warning))
    return told


@pytest.fixture
def sending(host_of):
    return transport_host(host_of)()


def assert_refused(result, option, cmdlet):
    assert result["failed"] is True
    assert result.get("changed", False) is False
    assert result["msg"].startswith(f"{option}: {cmdlet} shows {PARAMETERS[option]} in ")
    assert result["msg"].endswith(", which cannot be read, so it is neither compared nor written; please report that.")
    assert result["unreadable"].keys() == {option}
    assert result["unreadable"][option] in result["msg"]


def test_no_setting_is_left_out():
    assert SETTINGS.keys() == {setting.option for setting in (*POP3.settings, *IMAP4.settings)}


@pytest.mark.parametrize("shape", NEVER)
@pytest.mark.parametrize("option", SETTINGS)
def test_no_setting_is_written_over(host, option, shape):
    noun = "PopSettings" if option in {s.option for s in POP3.settings} else "ImapSettings"
    host.stored[PARAMETERS[option]] = NEVER[shape]
    result = host.run("pop_settings" if noun == "PopSettings" else "imap_settings", {option: SETTINGS[option]})
    assert_refused(result, option, f"Get-{noun}")
    assert host.writes == []


@pytest.mark.parametrize("shape", NEVER)
@pytest.mark.parametrize("option", EVERYTHING)
def test_no_setting_of_a_connector_is_written_over(sending, option, shape):
    sending.connectors[FRONTEND][PARAMETERS[option]] = NEVER[shape]
    result = sending.run("receive_connector", {"name": "Client Frontend EX01", option: EVERYTHING[option]})
    assert_refused(result, option, "Get-ReceiveConnector")
    assert sending.writes == []


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
    host.stored["SSLBindings"] = stored
    result = host.run("pop_settings", {"ssl_bindings": edit, "internal_connection_settings": []})
    assert result["msg"] == (
        f"ssl_bindings: Get-PopSettings shows SSLBindings in {POP} as {told}, which cannot be read, so it is neither "
        "compared nor written; please report that."
    )
    assert host.writes == []
    assert host.stored["SSLBindings"] == stored


@pytest.mark.parametrize("case", EDITS)
def test_remote_addresses_are_edited_as_a_whole_or_not_at_all(sending, case):
    stored, told = (filled(one, ("0.0.0.0-255.255.255.255", "::1")) for one in EDITS[case])
    sending.connectors[FRONTEND]["RemoteIPRanges"] = stored
    result = sending.run("receive_connector", {"remote_ip_ranges": {"add": ["10.0.0.0/8"]}})
    assert result["msg"] == (
        f"remote_ip_ranges: Get-ReceiveConnector shows RemoteIPRanges in {SENDING} as {told}, which cannot be read, so "
        "it is neither compared nor written; please report that."
    )
    assert sending.writes == []


def test_what_no_option_takes_goes_back_as_it_came(sending):
    sending.connectors[FRONTEND]["RemoteIPRanges"] = [{"$text": "10.0.0.5/8"}, {"$text": "::1"}]
    edit = {"remote_ip_ranges": {"add": ["192.168.0.1"], "remove": ["::1"]}}
    assert sending.run("receive_connector", edit)["changed"] is True
    assert sending.asked("Set-ReceiveConnector")[0]["RemoteIPRanges"] == ["10.0.0.5/8", "192.168.0.1"]
    assert sending.run("receive_connector", edit)["changed"] is False


def test_what_nobody_asked_for_is_left_out_with_a_warning(host, warned):
    host.stored["SSLBindings"] = [TEXTLESS]
    host.stored["LoginType"] = "Sichere Anmeldung"
    for changed in (True, False):
        result = host.run("pop_settings", {"banner": "New."})
        assert result["changed"] is changed
        assert not {"ssl_bindings", "login_type"} & result["settings"].keys()
        assert result["unreadable"] == {"login_type": "text", "ssl_bindings": f"{TOLD}, in a list of 1"}
    assert (
        warned
        == [
            f"Of {POP} not all can be read, and this is left out: login_type came as text, 'Sichere Anmeldung'; "
            f"ssl_bindings came as {TOLD}, in a list of 1; please report that."
        ]
        * 2
    )


def test_what_cannot_be_read_contradicts_nothing(host, warned):
    host.stored["UnencryptedOrTLSBindings"] = None
    host.stored["InternalConnectionSettings"] = "?"
    options = {"ssl_bindings": ["0.0.0.0:110"], "x509_certificate_name": "new.contoso.test"}
    assert host.run("pop_settings", options)["changed"] is True
    assert "host of no connection setting" not in str(warned)


@pytest.mark.parametrize("lost", [False, True])
def test_a_read_back_that_cannot_be_read_fails_and_is_not_written_over(host, monkeypatch, lost):
    wire = host._wire
    monkeypatch.setattr(host, "_wire", lambda name, value: TEXTLESS if name == "LoginType" else wire(name, value))
    host.breaks = [("Set-PopSettings", True)] * lost
    result = host.run("pop_settings", {"login_type": "PlainTextLogin", "banner": "New."})
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["msg"].endswith(
        "login_type: it was written, but what EX01 has stored now cannot be read, it came as "
        f"{TOLD}; please report that."
    )
    assert result["msg"].startswith("Set-PopSettings was sent and the connection broke" if lost else "login_type: ")
    assert "banner" not in result["msg"]
    assert result["unreadable"] == {"login_type": TOLD}
    assert host.writes == ["Set-PopSettings"]


def test_what_became_unreadable_unasked_is_no_difference(host, monkeypatch):
    monkeypatch.setattr(host, "_set_popsettings", lambda **_: host.stored.update(SSLBindings=TEXTLESS))
    result = host.run("pop_settings", {"banner": "New."})
    assert "ssl_bindings" not in result["msg"]
    assert result["changed"] is False


def test_an_object_that_shows_nothing_is_not_a_server_without_settings(host, monkeypatch):
    monkeypatch.setattr(host, "_get_popsettings", lambda **_: [{"WhenChangedUTC": "?"}])
    result = host.run("pop_settings", {"banner": "New."})
    assert result["msg"] == (
        "Get-PopSettings shows none of the POP3 settings of EX01 (Exchange Server SE, 15.2.2562.17): what came is "
        "an object without text with the members WhenChangedUTC; please report that."
    )


def test_the_report_judges_nothing_that_it_cannot_read(sending, warned):
    gone = ("SSLBindings", "UnencryptedOrTLSBindings", "InternalConnectionSettings", "X509CertificateName")
    sending.stored |= dict.fromkeys(gone, TEXTLESS)
    client = sending.connectors[FRONTEND]
    client |= dict.fromkeys(("Bindings", "AuthMechanism", "PermissionGroups", "RequireTLS", "Fqdn"), TEXTLESS)
    sending.services["MSExchangePop3"] |= {"State": TEXTLESS, "StartMode": "?"}
    sending.add(make_der("mail.contoso.test"), "SMTP")

    result = sending.run("client_access_info", {"protocols": ["pop3"]})
    assert result["pop3"]["unreadable"] == {
        option: TOLD for option, parameter in PARAMETERS.items() if parameter in gone
    }
    assert not result["pop3"]["unreadable"].keys() & result["pop3"]["settings"].keys()
    (connector,) = result["connectors"]
    assert connector["unreadable"].keys() == {"bindings", "auth_mechanism", "permission_groups", "require_tls", "fqdn"}
    assert result["client_settings"]["internal"] == {"pop3": None, "imap4": None, "smtp": None}
    assert result["pop3"]["services"][0]["status"] == ""
    assert result["pop3"]["services"][0]["start_mode"] is None
    ids = {finding["id"] for finding in result["findings"] if "MSExchangePOP3BE" not in finding["seen"]}
    assert {finding["severity"] for finding in result["findings"]} == {"notice"}, "the protocol may be off as a whole"
    assert ids == {"no-external-settings", "connector-not-advertised", "restart-owed"}
    assert [warning.partition(" not all")[0] for warning in warned] == [
        f"Of {what}" for what in (POP, "the service MSExchangePop3", SENDING)
    ]


def test_whether_passwords_go_in_clear_is_not_guessed(sending):
    sending.connectors[FRONTEND] |= {"AuthMechanism": "Tls, BasicAuth", "RequireTLS": TEXTLESS}
    options = {"protocols": ["pop3"], "gather": ["connectors"]}
    assert "basic-without-tls" not in {
        finding["id"] for finding in sending.run("client_access_info", options)["findings"]
    }
    sending.connectors[FRONTEND]["RequireTLS"] = False
    assert "basic-without-tls" in {finding["id"] for finding in sending.run("client_access_info", options)["findings"]}


def test_which_connector_is_for_clients_is_not_guessed(sending):
    sending.connectors[FRONTEND]["Bindings"] = [TEXTLESS]
    sending.add_connector("Relay", CLIENT, FRONT)
    result = sending.run("receive_connector", {"enabled": False})
    assert result["msg"] == (
        "The bindings of receive connectors of EX01 cannot be read, so it is not known which one is for client "
        f"submission: those of 'Client Frontend EX01' came as {TOLD}, in a list of 1; give the option name, and please "
        "report that."
    )
    assert sending.writes == []
    assert sending.run("receive_connector", {"enabled": False, "name": "Relay"})["connector"] == "Relay"


@pytest.mark.parametrize("member", ["missing", []])
def test_a_connector_without_bindings_is_not_passed_over(sending, member):
    sending.add_connector("Relay", CLIENT, FRONT)
    if member == "missing":
        del sending.connectors[FRONTEND]["Bindings"]
    else:
        sending.connectors[FRONTEND]["Bindings"] = member
    result = sending.run("receive_connector", {"enabled": False})
    assert "is for client submission: those of 'Client Frontend EX01' " in result["msg"]
    assert sending.writes == []


@pytest.mark.parametrize(
    ("member", "option", "entry"),
    [("RemoteIPRanges", "remote_ip_ranges", "10.0.0.0/8"), ("Bindings", "bindings", "0.0.0.0:25")],
)
def test_no_entry_at_all_where_one_must_be_is_not_taken_for_an_empty_list(sending, member, option, entry):
    sending.connectors[FRONTEND][member] = []
    result = sending.run("receive_connector", {"name": "Client Frontend EX01", option: {"add": [entry]}})
    assert f"shows {member} in the settings of the receive connector 'Client Frontend EX01'" in result["msg"]
    assert "as a list of 0, which cannot be read" in result["msg"]
    assert sending.writes == []


def test_a_relay_is_not_written_to_because_the_ranges_of_the_users_connector_cannot_be_read(sending):
    sending.add_connector("Relay", CLIENT, FRONT, RemoteIPRanges=["10.10.50.0/24"])
    sending.connectors[FRONTEND] |= {"Bindings": [{"$text": "0.0.0.0:587"}], "RemoteIPRanges": [TEXTLESS]}
    assert sending.run("receive_connector", {"require_tls": True})["connector"] == "Client Frontend EX01"


def test_connectors_of_which_none_is_known_to_be_for_clients_are_not_judged(sending):
    del sending.connectors[FRONTEND]
    sending.connectors["EX01\\Default Frontend EX01"]["Bindings"] = None
    result = sending.run("client_access_info", {"protocols": ["pop3"], "gather": ["connectors"]})
    assert result["connectors"] is None
    ids = {finding["id"] for finding in result["findings"]}
    assert "part-unreadable" in ids
    assert "connector-missing" not in ids


@pytest.mark.parametrize("member", ["Identity", "Name"])
def test_a_connector_without_a_name_is_not_passed_over(sending, member):
    sending.connectors[FRONTEND][member] = TEXTLESS
    result = sending.run("receive_connector", {"enabled": False})
    assert result["msg"] == (
        f"Get-ReceiveConnector shows {member} of a connector of EX01 as {TOLD}, which cannot be read, so it is not "
        "known which one that is; please report that."
    )
    assert sending.writes == []


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
    host.services["MSExchangePOP3BE"][member] = shape
    result = host.run("protocol_service", {"protocol": "pop3", **options})
    assert f"Win32_Service shows {member} in the service MSExchangePOP3BE as " in result["msg"]
    assert host.writes == []


def test_a_service_without_a_name_is_not_taken_for_a_missing_one(host, monkeypatch):
    monkeypatch.setattr(host, "_get_ciminstance", lambda **_: [{"Name": TEXTLESS, "State": "Running"}])
    result = host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert (
        result["msg"] == f"Win32_Service shows Name of a service as {TOLD}, which cannot be read; please report that."
    )


@pytest.mark.parametrize(
    ("module", "options"), [("protocol_service", {"protocol": "pop3"}), ("iis", {})], ids=["protocol_service", "iis"]
)
def test_no_restart_is_taken_for_done_that_no_process_proves(host, module, options):
    for name in ("MSExchangePOP3BE", "W3SVC"):
        host.services[name]["ProcessId"] = TEXTLESS
    result = host.run(module, {"state": "restarted", **options})
    assert "shows ProcessId in the service " in result["msg"]
    assert host.writes == []


@pytest.mark.parametrize(("lost", "arrived"), [(False, True), (True, True), (True, False)])
@pytest.mark.parametrize("member", ["State", "ProcessId"])
def test_a_restart_that_can_no_longer_be_seen_is_a_change_that_failed(host, monkeypatch, member, lost, arrived):
    for name in ("MSExchangePop3", "MSExchangePOP3BE"):
        host.services[name] |= {"State": "Running", "ProcessId": 4}
    read = host._get_ciminstance

    def unseen(**options):
        return [{**one, member: None} if host.writes or (lost and not host.breaks) else one for one in read(**options)]

    monkeypatch.setattr(host, "_get_ciminstance", unseen)
    host.breaks = [("Restart-Service", arrived)] if lost else []
    result = host.run("protocol_service", {"protocol": "pop3", "state": "restarted"})
    assert (result.get("failed"), result["changed"]) == (True, True)
    assert f"shows {member} in the service MSExchangePop3 as null, which cannot be read" in result["msg"]


@pytest.mark.parametrize("member", ["State", "ProcessId"])
def test_iis_is_started_again_although_it_can_no_longer_be_seen(host, monkeypatch, member):
    read = host._get_ciminstance

    def unseen(**options):
        return [{**one, member: None} if host.writes else one for one in read(**options)]

    monkeypatch.setattr(host, "_get_ciminstance", unseen)
    host.breaks = [("Start-Service", False)]
    result = host.run("iis", {"state": "restarted"})
    assert (result.get("failed"), result["changed"]) == (True, True)
    assert {host.services[name]["State"] for name in ("W3SVC", "NetTcpActivator")} == {"Running"}


def test_a_state_by_its_number_is_known(host):
    for name in ("MSExchangePop3", "MSExchangePOP3BE"):
        host.services[name] |= {"State": 4, "StartMode": "AutomaticDelayedStart"}
    assert host.run("protocol_service", {"protocol": "pop3", "state": "started"})["changed"] is False


@pytest.mark.parametrize("shape", [None, TEXTLESS, "W3SVC NetTcpActivator", ["W3SVC", None], [TEXTLESS], ["System.X"]])
def test_iis_is_not_stopped_without_knowing_what_to_start_again(host, monkeypatch, shape):
    monkeypatch.setattr(host, "_get_service", lambda **_: [{"DependentServices": shape}])
    result = host.run("iis", {"state": "restarted"})
    assert result["msg"].startswith("Get-Service shows DependentServices of WAS ")
    assert result["msg"].endswith("nothing was stopped; please report that.")
    assert host.writes == []


def test_iis_is_not_stopped_while_the_state_of_a_dependent_service_is_not_known(host):
    host.services["NetTcpActivator"]["State"] = TEXTLESS
    assert "shows State in the service NetTcpActivator as" in host.run("iis", {"state": "restarted"})["msg"]
    assert host.writes == []


@pytest.mark.parametrize(
    ("member", "options"),
    [
        ("PopEnabled", {"pop_enabled": False}),
        ("PopMessagesRetrievalMimeFormat", {"pop_messages_retrieval_mime_format": "TextOnly"}),
        ("PopUseProtocolDefaults", {"pop_messages_retrieval_mime_format": "TextOnly"}),
    ],
)
def test_no_mailbox_is_written_if_one_cannot_be_read(member, options):
    host = MailboxHost("anna", "bert")
    host.mailboxes["anna"]["PopUseProtocolDefaults"] = host.mailboxes["bert"]["PopUseProtocolDefaults"] = False
    host.mailboxes["bert"][member] = TEXTLESS
    result = host.run({"identities": ["anna", "bert"], **options})
    assert f"Get-CASMailbox shows {member} in the settings of bert@contoso.test as {TOLD}" in result["msg"]
    assert host.writes == []


def test_a_mailbox_that_cannot_be_read_back_is_told():
    class Spoilt(dict):
        def update(self, *_, **__):
            self["PopEnabled"] = TEXTLESS

    host = MailboxHost("anna")
    host.mailboxes["anna"] = Spoilt(host.mailboxes["anna"])
    result = host.run({"identities": ["anna"], "pop_enabled": False})
    assert result["msg"].endswith(
        "anna@contoso.test: Set-CASMailbox gave no error. "
        "Get-CASMailbox does not show pop_enabled so that it can be read."
    )


def test_a_switch_that_comes_as_text_counts():
    host = MailboxHost("anna")
    host.mailboxes["anna"]["PopUseProtocolDefaults"] = "True"
    result = host.run({"identities": ["anna"], "pop_suppress_read_receipt": True})
    assert "counts only with pop_use_protocol_defaults: false" in result["msg"]


@pytest.mark.parametrize(("services", "key"), [(TEXTLESS, "False"), ("Beliebig", False), ([None], "false")])
def test_services_of_a_certificate_that_cannot_be_read_are_not_known(services, key):
    der = make_der("mail.contoso.test")
    wire = {"RawData": as_wire(der), "SerializationData": as_wire(make_payload(der, 2))}
    certificate = read_certificate({**wire, "Services": services, "HasPrivateKey": key})
    assert certificate.services is None
    assert certificate.has_private_key is False
