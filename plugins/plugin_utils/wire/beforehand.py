# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the controller has to have before a session is opened, looked at before anything is sent."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import kerberos
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.proxies import proxy_of

# requests takes the authorities of the first of these that is set, where it is told of none.
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def lacking(settings: Settings, name: str) -> str | None:
    """What there is not without which an endpoint cannot be used, in one sentence."""
    proxy = proxy_of(settings, name)
    problem = _no_log_on(settings) or (proxy.problem if proxy else None)
    if problem or getattr(settings, name).scheme != "https":
        return problem
    return _no_own_certificate(settings) or _no_authorities(settings)


def _no_log_on(settings: Settings) -> str | None:
    auth, user = settings.auth, settings.user
    if auth in ("basic", "credssp", "ntlm") and not user and (settings.password or kerberos.needs_password(auth, user)):
        return (
            f"There is no user for {auth} authentication: set ansible_user, or ansible_exchange_user for "
            "this collection alone."
        )
    if auth in ("certificate", "kerberos") or settings.password or not kerberos.needs_password(auth, user):
        return None
    unless = " unless there is a Kerberos ticket" if auth == "negotiate" else ""
    whose = f"for user {quoted(user)}" if user else "to sign in with"
    return (
        f"There is no password {whose}, and {auth} authentication needs one{unless}: set ansible_password, or "
        "ansible_exchange_password for this collection alone (an SSH key has no effect), or use a Kerberos ticket with "
        "ansible_exchange_auth: kerberos."
    )


def _no_own_certificate(settings: Settings) -> str | None:
    if settings.auth != "certificate":
        return None
    files = {name: getattr(settings, name) for name in ("certificate_pem", "certificate_key_pem")}
    for name, path in files.items():
        if not path:
            return (
                f"There is no {name}, and certificate authentication needs one: set ansible_exchange_{name} to a PEM "
                "file on the controller."
            )
        if problem := _unreadable(path):
            return f"{_named(name)} names {path}, which {problem}."
    pem, key = files.values()
    try:
        # OpenSSL would ask at the terminal for the password of a key.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(pem, key, password="")
    except (ssl.SSLError, ValueError):
        return (
            f"certificate_pem and certificate_key_pem name {pem} and {key}, which are not a certificate and the key "
            "that belongs to it, both in PEM form and without a password."
        )
    return None


def _no_authorities(settings: Settings) -> str | None:
    if not settings.cert_validation:
        return None
    variable = next((one for one in CA_VARIABLES if os.environ.get(one)), None)
    option, path = _named("ca_cert"), settings.ca_cert
    if not path and variable:
        option, path = f"{variable} in the controller's environment", os.environ[variable]
    if not path or Path(path).is_dir():
        return None
    problem = _unreadable(path)
    if not problem:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except ssl.SSLError:
            problem = "contains no certificate in PEM form"
    return f"{option} names {path}, which {problem}." if problem else None


def _named(option: str) -> str:
    return f"{option} (ansible_exchange_{option}, or the variable of psrp or winrm for it)"


def _unreadable(path: str) -> str | None:
    try:
        with Path(path).open("rb"):
            return None
    except OSError as error:
        return f"cannot be read: {error.strerror}"
