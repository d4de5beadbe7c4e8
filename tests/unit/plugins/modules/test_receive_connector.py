"""receive_connector: which connector it takes, what it writes, and what Exchange would not have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from in_process import ABSENT, InProcessHost, Put

from ansible_collections.mailops.exchange.plugins.module_utils._host.host import Host
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._host.way import Way
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectors import read_connectors
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import shown
from exchange_simulator.catalogue.connectors import AUTH_MECHANISM
from exchange_simulator.values import Binding

MODULE = "receive_connector"
GET, SET = "Get-ReceiveConnector", "Set-ReceiveConnector"
FRONTEND = "EX01\\Client Frontend EX01"
EVERYBODY = ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0-255.255.255.255"]
CLIENTS = {
    "AuthMechanism": "Tls, Integrated, BasicAuth, BasicAuthRequireTLS",
    "Bindings": ["[::]:587", "0.0.0.0:587"],
    "PermissionGroups": "ExchangeUsers",
    "RemoteIPRanges": EVERYBODY,
    "TransportRole": "FrontendTransport",
}
RELAY = {"RemoteIPRanges": ["10.10.50.0/24"], "PermissionGroups": "AnonymousUsers", "AuthMechanism": "Tls"}
KINDS = {setting.option: setting.kind for setting in CONNECTOR_SETTINGS}


@pytest.fixture
def host():
    """An Exchange Server SE with the connectors it has after installation, and with its own certificate only."""
    host = InProcessHost()
    for certificate in host.server.certificates.all[1:]:
        host.server.certificates.remove(certificate.thumbprint)
    return host


def add(host, name, **values):
    """A connector for users, but for what is given."""
    host.administer("New-ReceiveConnector", Name=name, **{**CLIENTS, **values})


def edit(host, identity=FRONTEND, **values):
    host.administer(SET, Identity=identity, **values)


def remove(host, name="Client Frontend EX01"):
    host.server.connectors = tuple(one for one in host.server.connectors if one.settings.latest()["Name"] != name)


# Why it is not known what certificates are assigned to, in the full form for a fault and in the plain one always.
UNKNOWN = {
    "full": (
        "Exchange does not show the services of certificates over remote PowerShell at the moment, usually because "
        "there is no valid Auth Certificate, or else because something on the way drops serializationLevel=Full; make "
        "sure that the server has the Auth Certificate that Get-AuthConfig names, and renew that only if it is missing "
        "or has expired."
    ),
    "plain": (
        "Exchange does not send which services a certificate is assigned to in the plain form of its objects, which "
        "this session asks for; "
        "set ansible_exchange_serialization to full, or add serializationLevel=Full to the query of your own "
        "ansible_exchange_path."
    ),
}


def not_known(host, mark):
    return (
        f"tls_certificate_name: whether {mark} is assigned to SMTP, without which the connector does not use it, is "
        f"not known: {UNKNOWN[host.form]}"
    )


EVERYTHING = {
    "advertise_client_settings": True,
    "auth_mechanism": {"remove": ["integrated"]},
    "bindings": ["0.0.0.0:587", "[::]:587", "10.0.0.1:2587"],
    "connection_inactivity_timeout": 60,
    "connection_timeout": "00:20:00",
    "enable_auth_gssapi": False,
    "enabled": False,
    "fqdn": "mail.contoso.test",
    "max_inbound_connection": "unlimited",
    "max_inbound_connection_per_source": 50,
    "max_message_size": "50 MB",
    "message_rate_limit": "Unlimited",
    "permission_groups": ["exchangeusers", "AnonymousUsers"],
    "protocol_logging_level": "verbose",
    "remote_ip_ranges": ["10.0.0.0/8", "192.168.0.1", "fd00::-fd00::ff"],
    "require_tls": True,
    "tls_certificate_name": "<I>CN=CA, O=Contoso<S>CN=mail.contoso.test",
}
SENT = {
    "AdvertiseClientSettings": True,
    "AuthMechanism": "Tls, BasicAuth, BasicAuthRequireTLS",
    "Bindings": ["0.0.0.0:587", "10.0.0.1:2587", "[::]:587"],
    "ConnectionInactivityTimeout": "00:01:00",
    "ConnectionTimeout": "00:20:00",
    "EnableAuthGSSAPI": False,
    "Enabled": False,
    "Fqdn": "mail.contoso.test",
    "MaxInboundConnection": "Unlimited",
    "MaxInboundConnectionPerSource": 50,
    "MaxMessageSize": "50MB",
    "MessageRateLimit": "Unlimited",
    "PermissionGroups": "AnonymousUsers, ExchangeUsers",
    "ProtocolLoggingLevel": "Verbose",
    "RemoteIPRanges": ["10.0.0.0/8", "192.168.0.1", "fd00::-fd00::ff"],
    "RequireTLS": True,
    "TlsCertificateName": "<I>CN=CA, O=Contoso<S>CN=mail.contoso.test",
}


def test_check_then_apply_then_again_with_every_setting(host):
    assert EVERYTHING.keys() == KINDS.keys()
    predicted = host.run(MODULE, EVERYTHING, check=True)
    assert host.writes == []
    done = host.run(MODULE, EVERYTHING)
    assert host.writes == ["Set-ReceiveConnector"]
    for key in ("changed", "diff", "settings", "cmdlets", "connector"):
        assert predicted[key] == done[key], key
    parameters = {"Identity": FRONTEND, **SENT}
    assert done["cmdlets"] == [{"cmdlet": "Set-ReceiveConnector", "parameters": parameters}]
    assert done["connector"] == "Client Frontend EX01"
    assert done["settings"]["auth_mechanism"] == ["Tls", "BasicAuth", "BasicAuthRequireTLS"]

    again = host.run(MODULE, EVERYTHING)
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"] == {}
    assert host.writes == ["Set-ReceiveConnector"]


@pytest.mark.parametrize("option", sorted(EVERYTHING))
def test_each_setting_alone(host, option):
    assert host.run(MODULE, {option: EVERYTHING[option]})["changed"] is True
    (sent,) = host.asked("Set-ReceiveConnector")
    assert len(sent) == 3, "Identity, DomainController and the setting"
    assert host.run(MODULE, {option: EVERYTHING[option]})["changed"] is False


@pytest.mark.parametrize(
    ("option", "spelling"),
    [
        ("auth_mechanism", "basicauth, TLS, BasicAuthRequireTLS, Integrated"),
        ("auth_mechanism", {"add": ["tls"], "remove": ["ExchangeServer"]}),
        ("permission_groups", ["EXCHANGEUSERS"]),
        ("fqdn", "ex01.CONTOSO.test"),
        ("bindings", ["[0:0:0:0:0:0:0:0]:587", "0.0.0.0:587"]),
        ("remote_ip_ranges", ["0.0.0.0/0", "::/0"]),
        ("remote_ip_ranges", ["0.0.0.0(0.0.0.0)", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]),
        ("max_message_size", 36 << 20),
        ("message_rate_limit", "5"),
        ("connection_timeout", 600),
        ("protocol_logging_level", 0),
        ("tls_certificate_name", ""),
    ],
)
def test_another_spelling_of_the_stored_value_is_no_change(host, option, spelling):
    assert host.run(MODULE, {option: spelling})["changed"] is False
    assert host.writes == []


@pytest.mark.parametrize(
    "spelling",
    [
        "<I>CN=Contoso CA,O=Contoso<S>CN=mail.contoso.test",
        "<i> cn=contoso ca , o=Contoso <s> cn=MAIL.contoso.test",
    ],
)
def test_certificate_identifiers_are_compared_by_their_parts(host, spelling):
    host.run(MODULE, {"tls_certificate_name": "<I>CN=Contoso CA, O=Contoso<S>CN=mail.contoso.test"})
    assert host.run(MODULE, {"tls_certificate_name": spelling})["changed"] is False
    assert (
        host.run(MODULE, {"tls_certificate_name": spelling.replace("contoso.test", "fabrikam.test")})["changed"] is True
    )


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("SE", "Client Frontend EX01"),
        ("2016", "Client Frontend EX01"),
        ("2013", "Client Frontend EX01"),
        ("2010", "Client EX01"),
    ],
)
def test_the_connector_for_client_submission_on_each_version(version, name):
    host = InProcessHost(version)
    result = host.run(MODULE, {"require_tls": True})
    assert result["connector"] == name
    assert host.asked("Set-ReceiveConnector")[0]["Identity"] == f"EX01\\{name}"
    assert host.asked("Get-ReceiveConnector") == [{"Server": "EX01", "DomainController": "DC1.contoso.test"}] * 2
    assert host.run(MODULE, {"require_tls": True})["changed"] is False


def test_it_is_found_by_its_port_whatever_its_name(host):
    edit(host, Name="Einlieferung")
    assert host.run(MODULE, {"enabled": False})["connector"] == "Einlieferung"


def test_by_its_name_if_it_left_the_port_or_shares_it(host):
    add(host, "Branch", Bindings=["10.0.0.9:587"], RemoteIPRanges=["10.1.0.0/16"])
    assert host.run(MODULE, {"require_tls": True})["connector"] == "Client Frontend EX01"
    remove(host, "Branch")
    edit(host, Bindings=["0.0.0.0:2587"])
    result = host.run(MODULE, {"bindings": ["0.0.0.0:587", "[::]:587"]})
    assert (result["connector"], result["changed"]) == ("Client Frontend EX01", True)


def test_two_on_the_port_and_none_with_the_usual_name_are_not_decided_between(host):
    edit(host, Bindings=["0.0.0.0:2587"])
    add(host, "One", RemoteIPRanges=["10.1.0.0/16"])
    add(host, "Two", RemoteIPRanges=["10.2.0.0/16"])
    assert host.run(MODULE, {"enabled": False})["msg"].startswith(
        "EX01 has 2 receive connectors for users on port 587 and none of them is named 'Client Frontend EX01'; set "
    )


def test_the_one_of_users_is_told_from_those_of_few_addresses(host):
    """By how many addresses they take, whatever their names, and in every spelling of the ranges."""
    add(host, "Relay", **RELAY)
    add(host, "Branch", RemoteIPRanges=["10.1.0.7/16", "10.2.0.0/16"])
    edit(host, Name="Users")
    host.shapes[GET] = Put({"RemoteIPRanges": ["10.1.0.7/16", "10.2.0.0(255.255.0.0)"]}, of="Branch")
    assert host.run(MODULE, {"require_tls": True})["connector"] == "Users"
    edit(host, "EX01\\Users", RemoteIPRanges=["0.0.0.0/0"])
    assert host.run(MODULE, {"require_tls": True})["changed"] is False


def test_a_relay_alone_is_not_taken_for_that_of_users(host):
    remove(host)
    add(host, "Relay", **RELAY)
    assert "no receive connectors for users on port 587" in host.run(MODULE, {"enabled": True})["msg"]
    assert host.run(MODULE, {"name": "Relay", "max_message_size": "10MB"})["changed"] is True


@pytest.mark.parametrize(
    "change", [{"remote_ip_ranges": ["10.1.2.0/24"]}, {"bindings": ["0.0.0.0:2587"]}], ids=["narrowed", "moved"]
)
def test_without_a_name_it_stays_the_one_that_is_found(host, change):
    """Otherwise the same task would change another connector in the next run."""
    edit(host, Name="Users")
    add(host, "Branch", RemoteIPRanges=["10.1.0.0/16"])
    for check in (True, False):
        assert host.run(MODULE, change, check=check)["msg"] == (
            "name: with these settings 'Users' is no longer the receive connector through which users send, and the "
            "next task without a name would not find it; set its name."
        )
    assert host.writes == []
    assert host.run(MODULE, {"name": "Users", **change})["changed"] is True
    assert host.run(MODULE, {"name": "Users", **change})["changed"] is False


def test_one_of_the_back_end_is_not_for_clients(host):
    remove(host)
    add(host, "Behind", TransportRole="HubTransport")
    assert host.run(MODULE, {"enabled": False})["failed"] is True


def test_one_binding_for_different_remote_addresses_is_allowed(host):
    add(host, "Branch", Bindings=["0.0.0.0:2587"], RemoteIPRanges=["10.1.0.0/16"])
    assert host.run(MODULE, {"name": "Branch", "bindings": ["0.0.0.0:25"]})["changed"] is True


OF_THE_BACK_END = (
    "bindings: 0.0.0.0:465 is also a binding of 'Client Proxy EX01', whose transport role is HubTransport and not "
    "FrontendTransport; connectors of different roles cannot have the same address and port, whatever their remote "
    "addresses are, and Exchange accepts no change while they do."
)


@pytest.mark.parametrize("ranges", [{}, {"remote_ip_ranges": ["10.0.0.0/8"]}], ids=["all", "others"])
@pytest.mark.parametrize("binding", ["0.0.0.0:465", " 0.0.0.0:0465 "])
def test_one_binding_for_different_roles_is_refused_whatever_the_remote_addresses(host, ranges, binding):
    for check in (True, False):
        assert host.run(MODULE, {"bindings": {"add": [binding]}, **ranges}, check=check)["msg"] == OF_THE_BACK_END
    assert host.writes == []
    # Another address of the server is another place.
    assert host.run(MODULE, {"bindings": {"add": ["10.0.0.1:465"]}})["changed"] is True


def test_what_shares_a_binding_with_another_role_takes_no_change_at_all(host):
    """So setup found; what is as it is to be is not written, and so not refused."""
    users = next(one for one in host.server.connectors if one.settings.latest()["Name"] == "Client Frontend EX01")
    both = tuple(map(Binding.parse, ("0.0.0.0:465", "0.0.0.0:587")))
    users.settings.write({"Bindings": both}, "DC1.contoso.test", host.organisation.now)
    assert host.run(MODULE, {"require_tls": True})["msg"] == OF_THE_BACK_END
    assert host.run(MODULE, {"require_tls": False})["changed"] is False
    assert host.run(MODULE, {"require_tls": True, "bindings": ["0.0.0.0:587"]})["changed"] is True


def test_a_role_that_cannot_be_read_is_not_compared(host):
    host.shapes[GET] = Put({"TransportRole": 99}, of="Client Proxy EX01")
    wanted = {"name": "Client Frontend EX01", "bindings": {"add": ["0.0.0.0:465"]}}
    assert "for the same remote addresses" in host.run(MODULE, wanted)["msg"]
    told = host.run(MODULE, {**wanted, "remote_ip_ranges": ["10.0.0.0/8"]})["msg"]
    assert told.startswith("Set-ReceiveConnector failed: ")


def test_a_connector_can_be_named_with_or_without_its_server(host):
    for name in ("default frontend ex01", "ex01\\Default Frontend EX01", "EX01.contoso.test\\Default Frontend EX01"):
        assert host.run(MODULE, {"name": name})["connector"] == "Default Frontend EX01"


def test_another_server_is_never_touched(host):
    edit(host, Name="Client Frontend EX02")
    host.shapes[GET] = Put({"Identity": "EX02\\Client Frontend EX02"}, of="Client Frontend EX02")
    for name in (None, "Client Frontend EX02"):
        result = host.run(MODULE, {"name": name, "enabled": False})
        assert result["failed"] is True
        assert "EX02" not in result["msg"].replace("receive connector 'Client Frontend EX02'", "")
    assert host.writes == []


@pytest.mark.parametrize("given_as", ["thumbprint", "name"])
def test_the_certificate_is_worked_out(host, given_as):
    host.import_certificate("mail.contoso.test", begins=-90, services=["SMTP"])
    mark = host.import_certificate("mail.contoso.test", services=["SMTP"])
    wanted = {"tls_certificate_name": mark.lower() if given_as == "thumbprint" else "mail.contoso.test"}
    wanted["fqdn"] = "mail.contoso.test"
    predicted = host.run(MODULE, wanted, check=True)
    done = host.run(MODULE, wanted)
    assert predicted["diff"] == done["diff"]
    assert done["settings"]["tls_certificate_name"] == (
        "<I>CN=Simulated Exchange organisation CA<S>CN=mail.contoso.test"
    )
    assert host.run(MODULE, wanted)["changed"] is False
    assert host.run(MODULE, {"tls_certificate_name": ""})["changed"] is True
    assert host.asked("Set-ReceiveConnector")[-1]["TlsCertificateName"] is None


def test_a_wildcard_is_welcome_for_smtp(host, warned):
    mark = host.import_certificate("*.contoso.test", services=["SMTP"])
    assert host.run(MODULE, {"tls_certificate_name": "mail.contoso.test", "fqdn": "smtp.contoso.test"})["changed"]
    assert warned == ([] if host.form == "full" else [not_known(host, mark)])


@pytest.mark.forms("full")
def test_a_certificate_that_is_not_assigned_is_refused(host):
    mark = host.import_certificate("mail.contoso.test", services=["POP"])
    told = f"tls_certificate_name: the certificate {mark} on EX01"
    assert host.run(MODULE, {"tls_certificate_name": mark})["msg"] == (
        f"{told} is not assigned to SMTP, so the connector would not use it; assign it first."
    )
    assert host.writes == []


@pytest.mark.parametrize(
    ("traits", "fault"),
    [
        ({"subject": ""}, "has no subject"),
        ({"issuer": ""}, "has no issuer"),
        ({"subject": r"CN=mail.contoso.test,O=A\<S\>B"}, "has <I> or <S> within a name"),
    ],
)
@pytest.mark.parametrize("given_as", ["thumbprint", "name"])
def test_a_certificate_that_no_connector_can_name_is_refused(host, traits, fault, given_as):
    mark = host.import_certificate("mail.contoso.test", services=["SMTP"], **traits)
    wanted = {"tls_certificate_name": mark if given_as == "thumbprint" else "mail.contoso.test"}
    for check in (True, False):
        assert host.run(MODULE, wanted, check=check)["msg"] == (
            f"tls_certificate_name: the certificate {mark} on EX01 {fault}, and a connector names its certificate by "
            "both; use another one."
        )
    assert host.writes == []


@pytest.mark.parametrize(
    ("traits", "sent"),
    [
        ({"subject": "O=Contoso,C=DE"}, "<I>CN=Simulated Exchange organisation CA<S>O=Contoso, C=DE"),
        (
            {
                "subject": r"CN=mail.contoso.test,O=Müller \"und\" Söhne\, GmbH",
                "issuer": r"OU=ЖИ \+ more,O=Contoso\, Inc.",
            },
            '<I>OU="\u0416\u0418 + more", O="Contoso, Inc."<S>CN=mail.contoso.test, '
            'O="M\u00fcller ""und"" S\u00f6hne, GmbH"',
        ),
        ({"key_type": "P-384"}, "<I>CN=Simulated Exchange organisation CA<S>CN=mail.contoso.test"),
        ({"key_type": "Ed25519"}, "<I>CN=Simulated Exchange organisation CA<S>CN=mail.contoso.test"),
    ],
    ids=["no common name", "special characters", "P-384", "Ed25519"],
)
def test_names_and_keys_of_every_sort_are_sent_as_exchange_stores_them(host, traits, sent):
    mark = host.import_certificate("mail.contoso.test", services=["SMTP"], **traits)
    predicted = host.run(MODULE, {"tls_certificate_name": mark}, check=True)
    assert host.run(MODULE, {"tls_certificate_name": mark})["settings"]["tls_certificate_name"] == sent
    assert predicted["settings"]["tls_certificate_name"] == sent
    assert host.asked(SET)[-1]["TlsCertificateName"] == sent
    # It is found again, and what adopt writes down may be given back.
    for again in (mark, sent):
        assert host.run(MODULE, {"tls_certificate_name": again})["changed"] is False
    stored = next(one for one in host.server.connectors if one.settings.latest()["Name"] == "Client Frontend EX01")
    shown_to_clients = host.server.certificates.for_smtp(stored.settings.latest()["TlsCertificateName"], "elsewhere")
    assert shown_to_clients.thumbprint == mark


def test_a_certificate_that_has_expired_is_refused(host):
    expired = host.import_certificate("old.contoso.test", begins=-9, days=-1, services=["SMTP"])
    message = host.run(MODULE, {"tls_certificate_name": expired})["msg"]
    told = f"tls_certificate_name: the certificate {expired} on EX01 expired on "
    assert message.startswith(told)
    assert host.writes == []


@pytest.mark.forms("plain")
def test_a_certificate_of_unknown_services_is_taken_and_told_of_once(host, warned):
    mark = host.import_certificate("mail.contoso.test", services=["POP"])
    wanted = {"tls_certificate_name": mark, "fqdn": "mail.contoso.test"}
    for check, changed in ((True, True), (False, True), (False, False)):
        assert host.run(MODULE, wanted, check=check)["changed"] is changed
        assert warned == [not_known(host, mark)]
        warned.clear()
    assert host.writes == [SET]
    host.shapes["Get-ExchangeCertificate"] = Put({"Services": "POP"})
    assert "is not assigned to SMTP" in host.run(MODULE, wanted)["msg"]


def test_what_is_not_known_or_does_not_fit_is_warned_of(host, warned):
    mark = host.import_certificate("mail.contoso.test")
    host.fault("payload_signing_broken")
    assert host.run(MODULE, {"tls_certificate_name": mark})["changed"] is True
    assert warned == [
        not_known(host, mark),
        f"The FQDN of the receive connector 'Client Frontend EX01' is EX01.contoso.test, which its certificate {mark} "
        "(mail.contoso.test) does not cover. Clients that check the name refuse the connection or warn the user.",
    ]


def test_passwords_in_clear_are_warned_of(host, warned):
    assert host.run(MODULE, {"auth_mechanism": {"remove": ["BasicAuthRequireTLS"]}})["changed"] is True
    assert warned == [
        "auth_mechanism of the receive connector 'Client Frontend EX01' has BasicAuth without BasicAuthRequireTLS. "
        "Clients may send passwords over unencrypted connections, where anybody on the network path can read them."
    ]
    warned.clear()
    host.run(MODULE, {"auth_mechanism": ["Tls", "BasicAuth"], "require_tls": True})
    assert warned == []


def test_custom_permissions_are_neither_a_difference_nor_written(host, warned):
    connector = next(one for one in host.server.connectors if one.settings.latest()["Name"] == "Client Frontend EX01")
    connector.settings.write({"PermissionGroups": "ExchangeUsers, Custom"}, "DC1.contoso.test", host.organisation.now)
    assert host.run(MODULE, {"permission_groups": ["ExchangeUsers"]})["changed"] is False
    assert len(warned) == 1
    assert "were edited in Active Directory" in warned[0]
    host.run(MODULE, {"permission_groups": {"add": ["ExchangeServers"]}})
    assert host.asked("Set-ReceiveConnector")[0]["PermissionGroups"] == "ExchangeUsers, ExchangeServers"


def test_everything_can_be_taken_away_and_is_none_then(host):
    host.run(MODULE, {"permission_groups": {"remove": ["ExchangeUsers"]}})
    assert host.asked("Set-ReceiveConnector")[0]["PermissionGroups"] == "None"
    assert host.run(MODULE, {"permission_groups": "none"})["changed"] is False
    host.run(MODULE, {"permission_groups": {"add": ["Partners"]}})
    assert host.asked("Set-ReceiveConnector")[1]["PermissionGroups"] == "Partners"


def test_a_write_that_does_not_stick_is_reported(host):
    host.fault("write_does_not_stick", cmdlet=SET)
    result = host.run(MODULE, {"fqdn": "mail.contoso.test"})
    assert result["failed"] is True
    assert result["msg"] == "fqdn: 'mail.contoso.test' was written, but EX01 has 'EX01.contoso.test' stored."


@pytest.mark.parametrize(("arrived", "writes"), [(True, 1), (False, 2)])
def test_after_a_lost_answer_it_looks_before_it_writes_again(host, arrived, writes):
    host.lost = [(SET, arrived)]
    assert host.run(MODULE, {"fqdn": "mail.contoso.test"})["settings"]["fqdn"] == "mail.contoso.test"
    assert len(host.writes) == writes


def test_before_2013_there_is_no_certificate_name():
    result = InProcessHost("2010").run(MODULE, {"tls_certificate_name": "mail.contoso.test"})
    assert result["msg"] == (
        "tls_certificate_name: Set-ReceiveConnector has TlsCertificateName since Exchange Server 2013, and EX01 is "
        "Exchange Server 2010 (14.3.123.4); leave it out for this server."
    )


ANY_AUTH = "Tls, Integrated, BasicAuth, BasicAuthRequireTLS, ExchangeServer, ExternalAuthoritative"
SPAN = "is not a time span; write [d.]hh:mm:ss, or a whole number of seconds."
RANGE = "write an address, first-last, or a network such as 10.0.0.0/8."
BAD_INPUT = [
    ({"auth_mechanism": ["BasicAuthRequireTLS", "BasicAuth"]},
     "auth_mechanism: BasicAuthRequireTLS also needs Tls; add it."),
    ({"auth_mechanism": {"remove": ["Tls"]}},
     "auth_mechanism: BasicAuthRequireTLS also needs Tls; add it."),
    ({"auth_mechanism": "BasicAuthRequireTLS"},
     "auth_mechanism: BasicAuthRequireTLS also needs BasicAuth and Tls; add it."),
    ({"auth_mechanism": ["None", "Tls"]}, "auth_mechanism: 'None' cannot be combined with Tls; use it alone."),
    ({"auth_mechanism": {"add": ["None"]}},
     "auth_mechanism: 'None' cannot be added or removed; use a list with None alone to clear it."),
    ({"auth_mechanism": ["Ntlm"]},
     f"auth_mechanism: 'Ntlm' is not valid; use one or more of {ANY_AUTH}."),
    ({"auth_mechanism": ["Tls", "BasicAuth", "ExternalAuthoritative"], "permission_groups": ["ExchangeServers"]},
     "auth_mechanism: ExternalAuthoritative goes together only with Tls, not with BasicAuth; leave one or the other "
     "out."),
    ({"auth_mechanism": ["Tls", "ExternalAuthoritative"]},
     "auth_mechanism: ExternalAuthoritative needs ExchangeServers in permission_groups; add it there."),
    ({"auth_mechanism": ["None"], "require_tls": True},
     "require_tls: it needs Tls in auth_mechanism, which is None; add it there, or use false."),
    ({"auth_mechanism": ["Tls"], "enable_auth_gssapi": True},
     "enable_auth_gssapi: it needs Integrated in auth_mechanism, which is Tls; add it there, or use false."),
    ({"permission_groups": ["Custom"]},
     (
         "permission_groups: 'Custom' cannot be set, because Exchange shows it if permissions were edited in Active "
         "Directory; leave it out."
     )),
    ({"permission_groups": ["Everyone"]},
     "permission_groups: 'Everyone' is not valid; use one or more of AnonymousUsers, ExchangeUsers, "
     "ExchangeServers, ExchangeLegacyServers, Partners."),
    ({"name": "EX02\\Client Frontend EX02"},
     "name: 'EX02\\\\Client Frontend EX02' is a connector of EX02, and this task is about EX01; run it for EX02, or "
     "leave the server out of the name."),
    ({"name": "Client*"},
     "name: 'Client*' is a pattern, which could match connectors of other servers too; use the name of one connector."),
    ({"name": " "}, "name: '' is empty; use a name, or leave the option out."),
    ({"name": "Anonymous Relay"},
     "name: EX01 has no receive connector 'Anonymous Relay'; it has 'Default EX01', 'Client Proxy EX01', "
     "'Default Frontend EX01', 'Outbound Proxy Frontend EX01', 'Client Frontend EX01'."),
    ({"name": "Default EX01", "fqdn": "mail.contoso.test"},
     "fqdn: the servers of the organization identify each other by the FQDN of 'Default EX01', and mail between them "
     "stops if it changes; leave it as it is."),
    ({"name": "Default Frontend EX01", "fqdn": "mail.contoso.test"},
     "fqdn: with ExchangeServer in auth_mechanism, Exchange accepts only EX01.contoso.test, EX01, or an empty "
     "string, not "
     "'mail.contoso.test'; change one or the other."),
    ({"fqdn": "mail contoso"},
     "fqdn: 'mail contoso' is not a host name; use the name with which the connector identifies itself, such as "
     "mail.contoso.com."),
    ({"bindings": []}, "bindings: it is empty; a connector needs at least one binding, such as 0.0.0.0:587."),
    ({"bindings": {"remove": ["0.0.0.0:587", "[::]:587"]}},
     "bindings: this would remove all of them; keep at least one."),
    ({"tls_certificate_name": "<I>CN=CA<S>"},
     "tls_certificate_name: '<I>CN=CA<S>' lacks one of its parts; write <I>issuer<S>subject, the issuer first."),
    ({"tls_certificate_name": "<I>CN=CA<S>CN=a<s>CN=b"},
     "tls_certificate_name: '<I>CN=CA<S>CN=a<s>CN=b' has <I> or <S> more than once, so it is not clear where a name "
     "ends; write each once, the issuer first."),
    ({"bindings": ["0.0.0.0:25"]},
     "bindings: 0.0.0.0:25 is also a binding of 'Default Frontend EX01' for the same remote addresses; each connector "
     "of a server needs its own combination of the two."),
    ({"remote_ip_ranges": []},
     "remote_ip_ranges: it is empty, so nobody could connect; use 0.0.0.0-255.255.255.255 for every IPv4 address."),
    ({"remote_ip_ranges": ["10.0.0.300"]},
     f"remote_ip_ranges: '10.0.0.300' is not a range of IP addresses; {RANGE}"),
    ({"remote_ip_ranges": ["10.0.0.9-10.0.0.1"]},
     f"remote_ip_ranges: '10.0.0.9-10.0.0.1' ends before it begins; {RANGE}"),
    ({"remote_ip_ranges": ["10.0.0.1-::1"]}, f"remote_ip_ranges: '10.0.0.1-::1' mixes IPv4 and IPv6; {RANGE}"),
    ({"remote_ip_ranges": ["10.1.2.3/8"]},
     "remote_ip_ranges: '10.1.2.3/8' does not begin with the first address of its network; write 10.0.0.0/8."),
    ({"max_message_size": "64B"}, "max_message_size: '64B' is out of range; use 64KB to 2147483647B."),
    ({"max_message_size": "unlimited"}, "max_message_size: 'unlimited' is out of range; use 64KB to 2147483647B."),
    ({"max_inbound_connection_per_source": 10001},
     "max_inbound_connection_per_source: 10001 is out of range; use 1 to 10000, or unlimited."),
    ({"message_rate_limit": "many"},
     "message_rate_limit: 'many' is not a whole number; use 1 to 2147483647, or unlimited."),
    ({"connection_timeout": "00:05:00"},
     "connection_timeout: 00:05:00 must be longer than connection_inactivity_timeout, which is 00:05:00."),
    ({"connection_timeout": "long"}, f"connection_timeout: 'long' {SPAN}"),
    ({"tls_certificate_name": "<S>CN=mail.contoso.test"},
     "tls_certificate_name: '<S>CN=mail.contoso.test' lacks one of its parts; write <I>issuer<S>subject, the issuer "
     "first."),
    ({"tls_certificate_name": "CN=mail.contoso.test"},
     "tls_certificate_name: 'CN=mail.contoso.test' does not identify a certificate; use its thumbprint of 40 "
     "hexadecimal digits, a host name that it covers, or <I>issuer<S>subject."),
    ({"tls_certificate_name": "mail.contoso.test"},
     "tls_certificate_name: no Exchange certificate on EX01 covers 'mail.contoso.test'; it has "
     "<own> (ex01, ex01.contoso.test)."),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), BAD_INPUT)
def test_bad_input_gets_one_sentence_and_nothing_is_written(host, options, message):
    result = host.run(MODULE, options)
    assert result["failed"] is True
    assert result["msg"] == message.replace("<own>", host.server.certificates.all[0].thumbprint)
    assert host.writes == []


def test_if_the_connector_cannot_be_told_the_names_are_listed(host):
    remove(host)
    assert host.run(MODULE, {"enabled": True})["msg"] == (
        "EX01 has no receive connectors for users on port 587 and none of them is named 'Client Frontend EX01'; set "
        "the option name to one of 'Default EX01', 'Client Proxy EX01', 'Default Frontend EX01', 'Outbound Proxy "
        "Frontend EX01'."
    )


@given(names=st.sets(st.sampled_from(sorted(AUTH_MECHANISM.members.keys() - {"None"}))), number=st.booleans())
def test_flags_are_read_by_number_or_by_name_in_any_order(names, number):
    text = ", ".join(sorted(names, reverse=True))
    wire = {"$text": "as it likes", "$value": AUTH_MECHANISM.number(text or "None")} if number else text or "None"
    assert set(KINDS["auth_mechanism"].read(wire)) == (names or {"None"})


@given(first=st.ip_addresses(v=4), second=st.ip_addresses(v=4))
def test_ranges_are_the_same_in_every_spelling(first, second):
    low, high = sorted((first, second))
    kind = KINDS["remote_ip_ranges"]
    parsed = kind.parse([f" {low} - {high} "])
    assert kind.parse(list(parsed)) == kind.read([{"$text": f"{low}-{high}"}]) == parsed
    assert kind.equal(kind.parse([f"{low}/32"]), kind.read([f"{low}"]))


def test_the_real_connectors_are_read(captured):
    wires = captured("Get-ReceiveConnector.exchange2019")

    class Recorded(Host):
        def read(self, cmdlet, **_parameters):
            assert cmdlet == "Get-ReceiveConnector"
            return wires

    server = Server("WIN-CTD3L0RGEN4", "WIN-CTD3L0RGEN4.exlab.dom", Version(15, 2))
    connectors = {c.name.rpartition(" ")[0]: c for c in read_connectors(Recorded(Way(str)), server)}
    assert list(connectors) == ["Default", "Client Proxy", "Default Frontend", "Client Frontend"]
    assert [c.is_bound_for_clients for c in connectors.values()] == [False, False, False, True]
    assert shown(CONNECTOR_SETTINGS, connectors["Client Frontend"].values) == {
        "advertise_client_settings": False,
        "auth_mechanism": ["Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS"],
        "bindings": ["0.0.0.0:587", "[::]:587"],
        "connection_inactivity_timeout": "00:05:00",
        "connection_timeout": "00:10:00",
        "enable_auth_gssapi": True,
        "enabled": True,
        "fqdn": "WIN-CTD3L0RGEN4.exlab.dom",
        "max_inbound_connection": 5000,
        "max_inbound_connection_per_source": 20,
        "max_message_size": "36MB",
        "message_rate_limit": 5,
        "permission_groups": ["ExchangeUsers"],
        "protocol_logging_level": "None",
        "remote_ip_ranges": ["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
        "require_tls": False,
        "tls_certificate_name": "",
    }
    default = connectors["Default Frontend"].values
    assert default["tls_certificate_name"] == "<I>CN=WIN-CTD3L0RGEN4<S>CN=WIN-CTD3L0RGEN4"
    assert default["message_rate_limit"] == "Unlimited"
    assert default["permission_groups"] == ("AnonymousUsers", "ExchangeServers", "ExchangeLegacyServers")
    assert default["protocol_logging_level"] == "Verbose"


@pytest.mark.parametrize("role", [None, ABSENT])
def test_since_2013_no_role_is_one_that_cannot_be_read(host, role):
    edit(host, Bindings=["0.0.0.0:2587"])
    proxy = "Client Proxy EX01"
    host.shapes[GET] = Put({"TransportRole": role, "Bindings": ["0.0.0.0:587"]}, of=proxy)
    result = host.run(MODULE, {"max_message_size": "20MB"})
    assert result["msg"] == (
        "Get-ReceiveConnector shows TransportRole of 'Client Proxy EX01' of EX01 as null, which cannot be read, so it "
        "is not known whether that is for client submission; set the option name, and please report that."
    )
    assert result["unreadable"] == {"TransportRole": "null"}
    assert host.writes == []


@pytest.mark.parametrize("name", ["System.Scanner", "Microsoft.Exchange.Relay"])
def test_a_connector_may_be_called_nearly_like_a_type(host, name):
    add(host, name, Bindings=["0.0.0.0:2588"])
    assert host.run(MODULE, {"max_message_size": "20MB"})["changed"] is True
    assert host.run(MODULE, {"name": name, "fqdn": "System.Contoso.Local"})["changed"] is True
    assert host.run(MODULE, {"name": name, "fqdn": "System.Contoso.Local"})["changed"] is False


@pytest.mark.parametrize("fqdn", ["EX01.contoso.test", "ex01", None])
def test_a_connector_between_servers_may_be_changed_as_long_as_it_has_its_servers_name(host, fqdn):
    name = "Default Frontend EX01"
    edit(host, f"EX01\\{name}", Fqdn=fqdn)
    result = host.run(MODULE, {"name": name, "auth_mechanism": {"remove": ["Integrated"]}})
    assert ("failed" in result, result["changed"]) == (False, True)
    assert "ExchangeServer" in result["settings"]["auth_mechanism"]
