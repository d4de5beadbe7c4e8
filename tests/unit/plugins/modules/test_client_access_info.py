"""client_access_info: what there is, and whether a restart is owed."""

from __future__ import annotations

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils.services import restart_owed

STARTED = "2026-03-02T08:00:00Z"


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
    assert result["pop3"]["component"] == "Active"
    assert result["imap4"]["restart_owed"] == "no"
    assert host.writes == []


def test_a_change_after_the_start_owes_a_restart(host):
    host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    assert host.run("client_access_info")["pop3"]["restart_owed"] == "no"
    host.changed = "2026-03-02T08:10:00Z"
    result = host.run("client_access_info")
    assert result["pop3"]["restart_owed"] == "possible"
    assert result["pop3"]["settings_changed"] == "2026-03-02T08:10:00Z"
    assert result["pop3"]["running_since"] == "2026-03-02T08:00:00+00:00"
    assert result["pop3"]["services"][0]["started"] == "2026-03-02T08:00:00Z"
    assert result["imap4"]["restart_owed"] == "no"
    assert host.run("client_access_info", {"restart_tolerance": 600})["pop3"]["restart_owed"] == "yes"


def test_a_time_that_cannot_be_read_is_unknown(host):
    host.run("protocol_service", {"protocol": "pop3", "state": "started"})
    host.refuses["Get-Process"] = {"id": "CouldNotEnumerateProcess,x", "message": "Access is denied."}
    result = host.run("client_access_info")
    assert result["pop3"]["restart_owed"] == "unknown"
    assert result["pop3"]["services"][0]["started"] is None


def test_a_missing_service_is_shown_as_missing(host):
    del host.services["MSExchangePOP3BE"]
    services = host.run("client_access_info")["pop3"]["services"]
    assert services[1] == {"name": "MSExchangePOP3BE", "status": "missing", "start_mode": None, "started": None}


def test_2010_has_one_service_and_no_components(host_of):
    host = host_of("2010")
    result = host.run("client_access_info")
    assert result["product"] == "Exchange Server 2010"
    assert len(result["imap4"]["services"]) == 1
    assert result["imap4"]["component"] is None
    assert host.asked("Get-ServerComponentState") == []
