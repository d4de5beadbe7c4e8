"""pop_settings and imap_settings: what they find, what they write, and what they refuse."""

from __future__ import annotations

from functools import partial

import pytest
from in_process import ABSENT, Put

EXTERNAL = "external_connection_settings"


def test_nothing_given_nothing_asked_nothing_changed(host):
    result = host.run("pop_settings")
    assert result["changed"] is False
    assert result["cmdlets"] == []
    assert result["settings"]["login_type"] == "SecureLogin"


def test_only_what_differs_is_written_and_a_second_run_writes_nothing(host):
    wanted = {"login_type": "securelogin", "max_command_size": 600, EXTERNAL: ["mail.contoso.test:995:ssl"]}
    result = host.run("pop_settings", wanted)
    assert result["changed"] is True
    assert result["restart_required"] is True
    assert result["diff"]["before"] == {"max_command_size": 512, EXTERNAL: []}
    assert result["diff"]["after"] == {"max_command_size": 600, EXTERNAL: ["mail.contoso.test:995:SSL"]}
    assert result["settings"]["max_command_size"] == 600
    (sent,) = host.asked("Set-PopSettings")
    expected = {"Server": "EX01", "MaxCommandSize": 600, "ExternalConnectionSettings": ["mail.contoso.test:995:SSL"]}
    assert sent == {**expected, "DomainController": "DC1.contoso.test"}
    assert result["cmdlets"] == [{"cmdlet": "Set-PopSettings", "parameters": expected}]

    again = host.run("pop_settings", wanted)
    assert again["changed"] is False
    assert again["restart_required"] is False
    assert again["diff"]["before"] == again["diff"]["after"] == {}
    assert host.writes == ["Set-PopSettings"]


def test_check_mode_predicts_and_sends_nothing(host):
    wanted = {"banner": "Hello.", "log_per_file_size_quota": "10 MB", "ssl_bindings": {"add": ["10.0.0.1:9995"]}}
    predicted = host.run("pop_settings", wanted, check=True)
    assert host.writes == []
    done = host.run("pop_settings", wanted)
    assert host.writes == ["Set-PopSettings"]
    for key in ("changed", "diff", "settings", "cmdlets", "restart_required"):
        assert predicted[key] == done[key], key


@pytest.mark.parametrize(
    ("option", "spelling"),
    [
        ("authenticated_connection_timeout", "0:30:00"),
        ("authenticated_connection_timeout", 1800),
        ("login_type", 3),
        ("login_type", "SECURELOGIN"),
        ("log_file_location", r"c:\program files\microsoft\EXCHANGE server\v15\logging\POP3" "\\"),
        ("ssl_bindings", ["0.0.0.0:995", "[0:0:0:0:0:0:0:0]:0995"]),
        ("ssl_bindings", "[::]:995,0.0.0.0:995,[::]:995"),
        ("internal_connection_settings", ["ex01.CONTOSO.test:110:tls", "EX01.contoso.test:995:SSL"]),
        ("internal_connection_settings", {"add": ["ex01.contoso.test:995:SSL"], "remove": ["gone.contoso.test:110"]}),
        ("log_per_file_size_quota", 0),
        ("x509_certificate_name", "ex01"),
        ("owa_server_url", ""),
        ("external_connection_settings", []),
    ],
)
def test_another_spelling_of_the_stored_value_is_no_change(host, option, spelling):
    assert host.run("pop_settings", {option: spelling})["changed"] is False
    assert host.writes == []


def test_lists_can_be_edited_and_cleared(host):
    host.run("pop_settings", {"ssl_bindings": {"add": ["10.0.0.1:995"], "remove": ["[::]:995"]}})
    assert host.asked("Set-PopSettings")[-1]["SSLBindings"] == ["0.0.0.0:995", "10.0.0.1:995"]
    host.run("pop_settings", {"internal_connection_settings": {"set": []}})
    assert host.asked("Set-PopSettings")[-1]["InternalConnectionSettings"] is None
    host.run("pop_settings", {"x509_certificate_name": ""})
    assert host.asked("Set-PopSettings")[-1]["X509CertificateName"] is None


def test_imap_has_its_own_cmdlets_and_limits(host):
    assert host.run("imap_settings", {"max_command_size": 16384})["changed"] is True
    assert host.writes == ["Set-ImapSettings"]
    assert "use 1024 to 16384 bytes" in host.run("imap_settings", {"max_command_size": 512})["msg"]


def test_each_wrong_option_gets_its_sentence(host):
    message = host.run("pop_settings", {"login_type": "x", "max_command_size": 1})["msg"]
    assert message.count(".") == 2
    assert message.index("login_type") < message.index("max_command_size")


def test_ninety_is_taken_for_seconds(host):
    assert host.run("pop_settings", {"pre_authenticated_connection_timeout": 90})["diff"]["after"] == {
        "pre_authenticated_connection_timeout": "00:01:30"
    }


def test_custom_calendar_needs_an_address_given_or_stored(host):
    custom = {"calendar_item_retrieval_option": "Custom"}
    message = host.run("pop_settings", custom)["msg"]
    assert message.startswith("calendar_item_retrieval_option: 'Custom' needs owa_server_url")
    assert host.writes == []
    assert host.run("pop_settings", {**custom, "owa_server_url": "https://mail.contoso.test/owa"})["changed"] is True
    assert host.run("pop_settings", {**custom, "banner": "New."})["changed"] is True
    assert "needs owa_server_url" in host.run("pop_settings", {"owa_server_url": ""})["msg"]


def test_stored_bindings_count_for_given_connection_settings_and_the_reverse(host):
    assert "9995 in ssl_bindings" in host.run("pop_settings", {EXTERNAL: ["mail.contoso.test:9995:SSL"]})["msg"]
    result = host.run("pop_settings", {"ssl_bindings": ["0.0.0.0:9995"]})
    assert result["msg"].startswith("internal_connection_settings: 'EX01.contoso.test:995:SSL' needs its port 995")
    assert host.writes == []


def test_stored_contradictions_do_not_hinder_other_settings(host):
    odd = ["mail.contoso.test:4711:SSL", "not understood"]
    host.shapes["Get-PopSettings"] = Put({"ExternalConnectionSettings": odd})
    assert host.run("pop_settings", {"banner": "New."})["changed"] is True


def test_plain_text_login_is_accepted_with_a_warning(host):
    result = host.run("pop_settings", {"login_type": "PlainTextLogin"})
    assert result["changed"] is True
    assert any("passwords over unencrypted connections" in str(warning) for warning in result["warnings"])


def test_a_certificate_name_no_client_is_told_of_is_warned_about(host):
    unused = host.run("pop_settings", {"x509_certificate_name": "unused.contoso.test"})
    assert "'unused.contoso.test' is not the host of any connection setting" in str(unused["warnings"])
    used = host.run("pop_settings", {"x509_certificate_name": "used.contoso.test", EXTERNAL: ["USED.contoso.test:110"]})
    assert "'used.contoso.test'" not in str(used.get("warnings"))
    assert "'unused.contoso.test'" not in str(used.get("warnings")), "a result has its own warnings only"


def test_a_write_that_does_not_stick_is_told(host):
    host.fault("write_does_not_stick", cmdlet="Set-PopSettings")
    result = host.run("pop_settings", {"banner": "New."})
    assert result["failed"] is True
    assert result["msg"] == (
        "banner: 'New.' was written, but EX01 has 'The Microsoft Exchange POP3 service is ready.' stored."
    )
    assert result["changed"] is False


@pytest.mark.parametrize(("done", "writes"), [(True, 1), (False, 2)])
def test_a_lost_answer_is_looked_into_and_written_again_only_if_needed(host, done, writes):
    host.lost = [("Set-PopSettings", done)]
    result = host.run("pop_settings", {"banner": "New."})
    assert result["changed"] is True
    assert host.writes == ["Set-PopSettings"] * writes
    assert host.state["stored"]["pop3"]["Banner"] == "New."


def test_two_lost_writes_end_the_task(host):
    host.lost = [("Set-PopSettings", False)] * 3
    result = host.run("pop_settings", {"banner": "New."})
    assert host.writes == ["Set-PopSettings"] * 2
    assert "; it had no effect: The connection broke." in result["msg"]
    assert result["changed"] is False


def test_a_parameter_the_version_lacks_fails_by_name_before_anything_is_written(host):
    host.shapes["Get-ExchangeServer"] = Put({"AdminDisplayVersion": "Version 8.3 (Build 83.6)"})
    result = host.run("pop_settings", {"protocol_log_enabled": True, "banner": "New."})
    assert result["msg"] == (
        "protocol_log_enabled: Set-PopSettings has ProtocolLogEnabled since Exchange Server 2010, "
        "and EX01 is Exchange Server 2007 (8.3.83.6); leave it out for this server."
    )
    host.shapes["Get-PopSettings"] = Put({"OwaServerUrl": ABSENT})
    result = host.run("pop_settings", {"owa_server_url": "https://mail.contoso.test"})
    assert "have no OwaServerUrl" in result["msg"]
    assert host.writes == []


def test_what_rbac_withholds_is_named(host):
    host.fault("rbac_without", cmdlet="Set-PopSettings", parameter="Banner")
    assert "does not know the parameter Banner: RBAC" in host.run("pop_settings", {"banner": "New."})["msg"]
    host.fault("rbac_without", cmdlet="Set-PopSettings")
    assert "Set-PopSettings is not granted to this user by RBAC" in host.run("pop_settings", {"banner": "New."})["msg"]


def test_warnings_of_reads_are_passed_on_and_those_of_writes_are_not(host):
    host.fault("warns", cmdlet="Get-PopSettings", message="Das Objekt ist beschädigt.")
    host.fault("warns", cmdlet="Set-PopSettings", message="Restart it.")
    warnings = str(host.run("pop_settings", {"banner": "New."})["warnings"])
    assert warnings.count("Das Objekt ist beschädigt.") == 1
    assert "Restart it." not in warnings
    assert "will only take effect" not in warnings


def test_an_error_after_the_effect_is_told_with_what_is_stored(host):
    host.fault("fails_after_effect", cmdlet="Set-PopSettings", message="The directory went away.")
    result = host.run("pop_settings", {"banner": "New.", "max_connections": 50})
    assert result["msg"] == (
        "Set-PopSettings failed: The directory went away. EX01 has stored anyway: banner 'New.', max_connections 50."
    )
    assert (result["failed"], result["changed"], result["restart_required"]) == (True, True, True)
    assert result["diff"]["after"] == {"banner": "New.", "max_connections": 50}
    assert host.writes == ["Set-PopSettings"]


@pytest.fixture
def refusing(host):
    """A server on which the write fails and nothing comes of it."""
    host.fault("fails_after_effect", cmdlet="Set-PopSettings", message="No.")
    host.fault("write_does_not_stick", cmdlet="Set-PopSettings")
    return host


def test_an_error_instead_of_the_effect_has_changed_nothing(refusing):
    result = refusing.run("pop_settings", {"banner": "New."})
    assert result["msg"] == "Set-PopSettings failed: No."
    assert (result["changed"], result["restart_required"], result["diff"]["after"]) == (False, False, {})


def test_an_error_after_which_nothing_can_be_read_is_told_with_both(refusing):
    gone = {"cmdlet": "Get-PopSettings", "message": "Gone."}
    refusing.afterwards["Set-PopSettings"] = partial(refusing.fault, "fails_after_effect", **gone)
    result = refusing.run("pop_settings", {"banner": "New."})
    assert result["msg"] == "Set-PopSettings failed: No. It cannot be read back either: Get-PopSettings failed: Gone."
    assert result["changed"] is False
