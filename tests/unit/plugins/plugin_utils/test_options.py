"""The variables of an existing inventory become the settings of a session, or one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.mailops.exchange.plugins.plugin_utils.options import to_settings

DEFAULTS: dict[str, Any] = {
    "host": "ex01.contoso.test",
    "inventory_hostname": "ex01",
    "ansible_connection": "winrm",
    "remote_user": "administrator",
    "remote_password": "secret",
    "auth": None,
    "access": "remote",
    "transport": "psrp",
    "delegate": False,
    "hostname_override": None,
    "port": None,
    "windows_port": None,
    "windows_scheme": None,
    "windows_path": "wsman",
    "windows_configuration": "Microsoft.PowerShell",
    "exchange_port": None,
    "exchange_scheme": None,
    "exchange_path": "PowerShell/",
    "exchange_serialization": "full",
    "cert_validation": "validate",
    "ca_cert": None,
    "certificate_pem": None,
    "certificate_key_pem": None,
    "message_encryption": "auto",
    "allow_unencrypted": False,
    "proxy": None,
    "ignore_proxy": False,
    "connection_timeout": 30,
    "command_timeout": 300,
    "shell_wait": 60,
}


@pytest.mark.parametrize(
    ("given", "auth", "windows", "exchange"),
    [
        ({}, "basic", ("https", 5986), ("https", 443)),
        ({"auth": "ntlm"}, "ntlm", ("https", 5986), ("https", 443)),
        ({"auth": ["ntlm", "kerberos"]}, "ntlm", ("https", 5986), ("https", 443)),
        ({"auth": "ntlm,basic"}, "ntlm", ("https", 5986), ("https", 443)),
        ({"auth": "ssl"}, "basic", ("https", 5986), ("https", 443)),
        ({"auth": "NTLM", "port": 5985}, "ntlm", ("http", 5985), ("https", 443)),
        ({"auth": "ntlm", "windows_scheme": "http"}, "ntlm", ("http", 5985), ("https", 443)),
        ({"auth": "ntlm", "exchange_port": 80}, "ntlm", ("https", 5986), ("http", 80)),
        ({"auth": "ntlm", "exchange_scheme": "http"}, "ntlm", ("https", 5986), ("http", 80)),
        ({"auth": "kerberos"}, "kerberos", ("https", 5986), ("http", 80)),
        ({"auth": "kerberos", "exchange_port": 20443}, "kerberos", ("https", 5986), ("https", 20443)),
        ({"ansible_connection": "psrp"}, "negotiate", ("https", 5986), ("http", 80)),
        ({"ansible_connection": "ansible.builtin.winrm"}, "basic", ("https", 5986), ("https", 443)),
        ({"remote_user": "admin@contoso.test"}, "negotiate", ("https", 5986), ("http", 80)),
    ],
)
def test_endpoints(given: dict[str, Any], auth: str, windows: tuple[str, int], exchange: tuple[str, int]) -> None:
    settings = to_settings(DEFAULTS | given)
    assert settings.auth == auth
    assert (settings.windows.scheme, settings.windows.port) == windows
    assert (settings.exchange.scheme, settings.exchange.port) == exchange
    assert settings.windows.configuration == "Microsoft.PowerShell"
    assert settings.exchange.configuration == "Microsoft.Exchange"


def test_the_windows_endpoint_has_the_configuration_that_is_named() -> None:
    assert to_settings(DEFAULTS | {"windows_configuration": "JEA"}).windows.configuration == "JEA"
    assert to_settings(DEFAULTS | {"windows_configuration": "JEA"}).exchange.configuration == "Microsoft.Exchange"


def test_the_plain_shell_does_not_pass_a_configuration_by() -> None:
    assert to_settings(DEFAULTS | {"transport": "winrm"}).transport == "winrm"
    with pytest.raises(ValueError, match="has no session configurations and would ignore 'JEA': use ansible_exchange"):
        to_settings(DEFAULTS | {"transport": "winrm", "windows_configuration": "JEA"})


@pytest.mark.parametrize(
    "connection",
    [None, "winrm", "psrp", "ansible.builtin.winrm", "ansible.legacy.psrp", "mailops.exchange.exchange"],
)
def test_the_port_of_winrm(connection: str | None) -> None:
    def windows(**given: Any) -> tuple[str, int]:
        endpoint = to_settings(DEFAULTS | {"ansible_connection": connection, "auth": "ntlm"} | given).windows
        return endpoint.scheme, endpoint.port

    assert windows(port=15986) == ("https", 15986)
    assert windows(port=5985) == ("http", 5985)
    assert windows(port=5985, windows_port=15986) == ("https", 15986)


@pytest.mark.parametrize(
    "connection", ["ssh", "ansible.builtin.ssh", "local", "ansible.netcommon.network_cli", "aws_ssm"]
)
def test_the_port_of_another_connection_is_not_that_of_winrm(connection: str) -> None:
    def windows(**given: Any) -> tuple[str, int]:
        endpoint = to_settings(DEFAULTS | {"ansible_connection": connection, "auth": "ntlm"} | given).windows
        return endpoint.scheme, endpoint.port

    assert windows(port=22) == windows(port=5985) == windows() == ("https", 5986)
    assert windows(port=22, windows_port=5985) == ("http", 5985)
    assert windows(port=22, windows_scheme="http") == ("http", 5985)


@pytest.mark.parametrize("written", ["2001:db8::5", "[2001:db8::5]"])
def test_an_address_of_ipv6_is_in_brackets_before_a_port(written: str) -> None:
    settings = to_settings(DEFAULTS | {"host": written})
    assert settings.host == "2001:db8::5"
    assert settings.url("windows") == "https://[2001:db8::5]:5986/wsman"
    assert settings.url("exchange") == "https://[2001:db8::5]:443/PowerShell/?serializationLevel=Full"


@pytest.mark.parametrize(("written", "zone"), [("fe80::1%eth0", "eth0"), ("[fe80::1%2]", "2")])
def test_a_zone_is_refused(written: str, zone: str) -> None:
    with pytest.raises(ValueError, match=r"\Aansible_host ") as told:
        to_settings(DEFAULTS | {"host": written})
    assert str(told.value) == (
        f"ansible_host '{written}' has the zone id {zone}, which names a network interface of a single machine; use an "
        "address without a zone, or a name."
    )


@pytest.mark.parametrize("written", ["https://ex01", "ex01:5986", "[::1]:5986", "10.0.0.1/24", "ex01 ", "me@ex01", ""])
def test_what_is_no_host_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is neither a host name nor an address") as told:
        to_settings(DEFAULTS | {"host": written})
    assert str(told.value) == (
        f"ansible_host '{written}' is neither a host name nor an address; use it without port and https://."
    )


@pytest.mark.parametrize("written", ["ex01", "ex01.contoso.test.", "ex_01", "b\u00fccher.test", "10.1.0.11"])
def test_other_hosts_are_left_as_they_are(written: str) -> None:
    assert to_settings(DEFAULTS | {"host": written}).host == written


def test_an_empty_password_is_none() -> None:
    settings = to_settings(DEFAULTS | {"remote_user": "", "remote_password": ""})
    assert (settings.user, settings.password) == (None, None)


@pytest.mark.parametrize(
    "given",
    [{"auth": "plaintext", "port": 5985}, {"auth": "ntlm", "windows_scheme": "http", "message_encryption": "never"}],
)
def test_readable_passwords_are_refused_until_asked_for(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="ansible_exchange_allow_unencrypted"):
        to_settings(DEFAULTS | given)
    assert to_settings(DEFAULTS | given | {"allow_unencrypted": True}).windows.encryption == "never"


def test_an_unknown_authentication_is_named() -> None:
    with pytest.raises(ValueError, match="'digest' is not valid; use one of basic"):
        to_settings(DEFAULTS | {"auth": "digest"})


def test_basic_carries_only_what_it_can() -> None:
    assert to_settings(DEFAULTS | {"auth": "basic", "remote_password": "gr\u00fcn"}).password == "gr\u00fcn"
    assert to_settings(DEFAULTS | {"auth": "ntlm", "remote_password": "5\u20ac"}).password == "5\u20ac"
    with pytest.raises(ValueError, match=r"only Western European characters, but the password has another one: use"):
        to_settings(DEFAULTS | {"auth": "basic", "remote_password": "5\u20ac"})


def test_certificates_are_checked_unless_ignored() -> None:
    assert to_settings(DEFAULTS).cert_validation is True
    assert to_settings(DEFAULTS | {"cert_validation": "ignore"}).cert_validation is False
    assert to_settings(DEFAULTS | {"ca_cert": "legacy_requests"}).ca_cert is None


@pytest.mark.parametrize(
    "other",
    [
        {"remote_password": "another"},
        {"auth": "ntlm"},
        {"cert_validation": "ignore"},
        {"exchange_port": 8443},
        {"remote_user": "other"},
        {"windows_configuration": "JEA"},
    ],
)
def test_the_fingerprint_tells_settings_apart_and_shows_no_password(other: dict[str, Any]) -> None:
    settings = to_settings(DEFAULTS)
    assert settings.fingerprint == to_settings(dict(DEFAULTS)).fingerprint
    assert settings.fingerprint != to_settings(DEFAULTS | other).fingerprint
    assert "secret" not in settings.fingerprint + repr(settings)


@pytest.mark.parametrize(("told", "waits"), [(7, 7), (300, 20)])
def test_a_server_is_not_told_to_wait_longer_than_the_cmdlet_may_take(told: int, waits: int) -> None:
    assert to_settings(DEFAULTS | {"command_timeout": told}).long_poll == waits
