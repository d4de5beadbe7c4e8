# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the connection plugin's options to the settings of a session."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mailops.exchange.plugins.module_utils._host.addresses import address_in
from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import FULL, Endpoint, Settings

AUTHENTICATIONS = ("basic", "certificate", "credssp", "kerberos", "negotiate", "ntlm")
WINRM_WORDS = {"plaintext": "basic", "ssl": "basic"}

# With these, or where none is named, ansible_port is a port of WinRM; with any other it may be that of SSH.
WINRM_CONNECTIONS = ("", "winrm", "psrp", "exchange")

_NO_HOST = re.compile(r"[\s/\\@?#%:\[\]]|\A\Z")


def to_settings(options: dict[str, t.Any]) -> Settings:
    """Settings from options; raises ValueError with one sentence where they are wrong."""
    auth = _auth(options)
    transport = options["transport"]
    _insist_on_latin_1(options, auth)
    return Settings(
        host=_host(options),
        inventory_hostname=str(options["inventory_hostname"] or options["host"]),
        user=_text(options["remote_user"]) or None,
        password=_text(options["remote_password"]) or None,
        auth=auth,
        windows=_windows(options, auth),
        exchange=_exchange(options, auth),
        # The exchange endpoint is PowerShell remoting only.
        access="local" if transport == "winrm" else options["access"],
        transport=transport,
        delegate=bool(options["delegate"]),
        hostname_override=_text(options["hostname_override"]),
        cert_validation=options["cert_validation"] != "ignore",
        ca_cert=_ca_cert(options),
        certificate_pem=_text(options["certificate_pem"]),
        certificate_key_pem=_text(options["certificate_key_pem"]),
        proxy=_text(options["proxy"]),
        ignore_proxy=bool(options["ignore_proxy"]),
        connection_timeout=int(options["connection_timeout"]),
        command_timeout=int(options["command_timeout"]),
        shell_wait=int(options["shell_wait"]),
    )


def _text(value: t.Any) -> str | None:
    # str() also drops the tags that ansible-core 2.19 and later attach to values; they cannot be sent as JSON.
    return None if value is None else str(value)


def _host(options: dict[str, t.Any]) -> str:
    text = str(options["host"])
    try:
        address = address_in(text)
    except ValueError as error:
        raise ValueError(f"ansible_host {error}.") from None
    if not address and _NO_HOST.search(text):
        raise ValueError(
            f"ansible_host {quoted(text)} is neither a host name nor an address; use it without port and https://."
        )
    return address or text


def _connection(options: dict[str, t.Any]) -> str:
    """The connection that the inventory names, without its collection; empty if it names none."""
    return str(options["ansible_connection"] or "").rpartition(".")[2]


def _auth(options: dict[str, t.Any]) -> str:
    given = options["auth"]
    if isinstance(given, str):
        given = [word.strip() for word in given.split(",") if word.strip()]
    if not given:
        is_upn = "@" in str(options["remote_user"] or "")
        return "basic" if _connection(options) == "winrm" and not is_upn else "negotiate"
    word = str(given[0]).lower()
    auth = WINRM_WORDS.get(word, word)
    if auth not in AUTHENTICATIONS:
        raise ValueError(
            f"The authentication {quoted(given[0])} is not valid; use one of {', '.join(AUTHENTICATIONS)}."
        )
    return auth


def _insist_on_latin_1(options: dict[str, t.Any], auth: str) -> None:
    for option in ("remote_user", "remote_password") if auth == "basic" else ():
        try:
            str(options[option] or "").encode("latin-1")
        except UnicodeEncodeError:
            raise ValueError(
                f"Basic authentication supports only Western European characters, but the {option.split('_')[1]} has "
                "another one: use kerberos, negotiate, or ntlm."
            ) from None


def _windows(options: dict[str, t.Any], auth: str) -> Endpoint:
    port = options["windows_port"]
    if port is None and _connection(options) in WINRM_CONNECTIONS:
        port = options["port"]
    scheme = options["windows_scheme"] or ("http" if port == 5985 else "https")
    return Endpoint(
        configuration=_windows_configuration(options),
        scheme=scheme,
        port=port or (5985 if scheme == "http" else 5986),
        path=str(options["windows_path"]).lstrip("/"),
        encryption=_encryption(options, auth, scheme),
        service="WSMAN",
    )


def _windows_configuration(options: dict[str, t.Any]) -> str:
    configuration = str(options["windows_configuration"])
    if options["transport"] == "winrm" and configuration.casefold() != "microsoft.powershell":
        raise ValueError(
            f"The plain WinRM shell has no session configurations and would ignore {quoted(configuration)}: use "
            "ansible_exchange_transport: psrp, or leave out ansible_exchange_windows_configuration and "
            "ansible_psrp_configuration_name."
        )
    return configuration


def _exchange(options: dict[str, t.Any], auth: str) -> Endpoint:
    port = options["exchange_port"]
    plain_by_default = port == 80 or (port is None and auth in ("kerberos", "negotiate"))
    scheme = options["exchange_scheme"] or ("http" if plain_by_default else "https")
    return Endpoint(
        configuration="Microsoft.Exchange",
        scheme=scheme,
        port=port or (80 if scheme == "http" else 443),
        path=_exchange_path(options),
        encryption=_encryption(options, auth, scheme),
        service="HTTP",
    )


def _exchange_path(options: dict[str, t.Any]) -> str:
    path = str(options["exchange_path"]).lstrip("/")
    return path if "?" in path or options["exchange_serialization"] == "plain" else f"{path}?{FULL}"


def _ca_cert(options: dict[str, t.Any]) -> str | None:
    # winrm's word for "whatever the requests library would do", which is the default here.
    return None if options["ca_cert"] == "legacy_requests" else _text(options["ca_cert"])


def _encryption(options: dict[str, t.Any], auth: str, scheme: str) -> str:
    wanted: str = options["message_encryption"]
    if scheme == "https":
        return wanted
    unable = auth in ("basic", "certificate")
    if not unable and wanted != "never":
        return wanted
    if not options["allow_unencrypted"]:
        why = f"{auth} authentication" if unable else "ansible_exchange_message_encryption set to never"
        raise ValueError(
            f"Over plain HTTP {why} lets anybody on the network read what is sent, the password included: use HTTPS or "
            "another authentication, or set ansible_exchange_allow_unencrypted to true if that is what you want."
        )
    return "never"
