"""Servers of one group that differ."""

from __future__ import annotations

import copy

import pytest
from in_process import InProcessHost

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.comparison import differences


def renamed(value, old="EX01", new="EX02"):
    """The same of another server: its name is another wherever it appears."""
    if isinstance(value, dict):
        return {key: renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value


@pytest.fixture
def pair():
    """Two servers that are alike."""
    first = InProcessHost().run("client_access_info")
    return [first, renamed(copy.deepcopy(first))]


def test_servers_that_are_alike_differ_in_their_names_only(pair):
    assert pair[0] != pair[1]
    assert differences(pair) == []
    assert differences(pair[:1]) == differences([]) == []


def test_a_service_that_is_told_twice_does_not_differ_from_itself(pair):
    services = pair[0]["pop3"]["services"]
    services.append({**services[0], "status": "Stopped"})
    assert differences([pair[0], pair[0]]) == []


def test_of_long_lists_what_differs_is_told(pair):
    ranges = [f"10.0.{number}.0/24" for number in range(60)]
    for server, own in zip(pair, ("10.1.0.0/24", "10.2.0.0/24"), strict=True):
        server["connectors"][0]["settings"]["remote_ip_ranges"] = [*ranges[:30], own, *ranges[30:]]
    (fact,) = differences(pair)
    assert fact.found == (
        "remote_ip_ranges is ['10.1.0.0/24'] and 60 that all servers have on EX01; ['10.2.0.0/24'] and 60 that "
        "all servers have on EX02."
    )


@pytest.mark.parametrize(
    ("path", "value", "kind", "key", "seen"),
    [
        (
            ["pop3", "settings", "login_type"],
            "PlainTextLogin",
            "servers-differ",
            "pop3",
            "login_type is 'SecureLogin' on EX01; 'PlainTextLogin' on EX02.",
        ),
        (
            ["imap4", "settings", "internal_connection_settings"],
            ["EX02.contoso.test:993:SSL"],
            "servers-differ",
            "imap4",
            "internal_connection_settings is ['<server>:143:TLS', '<server>:993:SSL'] on EX01; "
            "['<server>:993:SSL'] on EX02.",
        ),
        (
            ["connectors", 0, "settings", "max_message_size"],
            "10MB",
            "servers-differ",
            "smtp",
            "max_message_size is '36MB' on EX01; '10MB' on EX02.",
        ),
        (
            ["pop3", "services", 1, "start_mode"],
            "automatic",
            "servers-differ",
            "pop3",
            "start_mode of the service MSExchangePOP3BE is 'manual' on EX01; 'automatic' on EX02.",
        ),
        (
            ["version"],
            "15.2.2562.20",
            "server-builds-differ",
            None,
            "The build is '15.2.2562.17' on EX01; '15.2.2562.20' on EX02.",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_differs_is_told_with_the_servers(pair, path, value, kind, key, seen):
    place = pair[1]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    (finding,) = differences(pair)
    assert (finding.id, finding.protocol, finding.found) == (kind, key, seen)


def test_another_spelling_is_no_difference(pair):
    pair[1]["pop3"]["settings"]["ssl_bindings"] = ["[::]:995", "0.0.0.0:995"]
    pair[1]["pop3"]["settings"]["x509_certificate_name"] = "ex02"
    pair[1]["pop3"]["settings"]["log_per_file_size_quota"] = "0KB"
    assert differences(pair) == []


def test_the_connectors_of_users_are_compared_and_not_those_beside_them(pair):
    first, second = (result["connectors"] for result in pair)
    first.insert(0, {**first[0], "name": "Relay", "for_users": False})
    assert differences(pair) == []
    second[0]["settings"]["max_message_size"] = "10MB"
    assert [finding.protocol for finding in differences(pair)] == ["smtp"]
    second.append({**second[0], "name": "Branch"})
    assert differences(pair) == []


def test_what_was_not_read_is_not_compared(pair):
    pair[1] |= {"imap4": None, "connectors": None}
    del pair[1]["pop3"]["settings"]["banner"]
    pair[1]["pop3"]["services"][0] |= {"status": "", "start_mode": None}
    assert differences(pair) == []


def test_what_is_no_value_of_a_setting_is_refused(pair):
    pair[1]["pop3"]["settings"]["login_type"] = "Sideways"
    with pytest.raises(ValueError, match="login_type of EX02 is text, 'Sideways', which is not a valid value"):
        differences(pair)


@pytest.mark.parametrize("odd", [None, "text", 3, {}, {"server": "EX01"}, [None], [{}], [{"server": 1}], ["text"]])
def test_what_is_no_list_of_results_is_refused(odd):
    with pytest.raises(ValueError, match="client_access_info"):
        differences(odd)


def test_parts_of_odd_shape_do_not_crash():
    odd = [
        {"server": "A", "pop3": 1, "connectors": {}},
        {"server": "C", "connectors": [1]},
        {"server": "B", "pop3": {"settings": [], "services": None}},
    ]
    assert differences(odd) == []
