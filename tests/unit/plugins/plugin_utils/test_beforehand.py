"""What the controller lacks is told in one sentence before anything is sent, over either transport."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import spnego
from cryptography.hazmat.primitives import serialization
from evidence import is_a_sentence
from spnego.exceptions import OperationNotAvailableError

from ansible_collections.mailops.exchange.plugins.plugin_utils.settings import Endpoint, Settings
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire import kerberos
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.beforehand import lacking
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.psrp import PsrpShell
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.winrs import WinrsShell
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Refused
from exchange_simulator.pki import Authority

CA_CERT = "ca_cert (ansible_exchange_ca_cert, or the variable of psrp or winrm for it)"
SHELLS: dict[str, Callable[[Settings], None]] = {
    "psrp": lambda settings: PsrpShell(settings, "windows").open(),
    "winrm": lambda settings: WinrsShell(settings, deque()).open(),
}


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NTLM_USER_FILE", "KRB5_CLIENT_KTNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KRB5CCNAME", str(tmp_path / "no-tickets"))


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Of a host to which nobody has connected when the test is over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint("Microsoft.PowerShell", "https", listener.getsockname()[1], "wsman", "auto", "WSMAN")
        yield Settings(
            host="127.0.0.1",
            inventory_hostname="ex01",
            user="CONTOSO\\ansible",
            password="Geh3im",
            auth="basic",
            windows=endpoint,
            exchange=endpoint,
        )
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def told(shell: str, settings: Settings) -> str:
    """Why the shell is not opened."""
    with pytest.raises(Refused) as refused:
        SHELLS[shell](settings)
    assert is_a_sentence(str(refused.value))
    assert (refused.value.passing, refused.value.unanswered) == (False, False)
    return str(refused.value)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("auth", ["basic", "ntlm", "credssp", "negotiate"])
def test_no_password(settings: Settings, shell: str, auth: str) -> None:
    unless = " unless there is a Kerberos ticket" if auth == "negotiate" else ""
    assert told(shell, replace(settings, auth=auth, password=None)) == (
        f"There is no password for user 'CONTOSO\\\\ansible', and {auth} authentication needs one{unless}: set "
        "ansible_password, or ansible_exchange_password for this collection alone (an SSH key has no effect), or use a "
        "Kerberos ticket with ansible_exchange_auth: kerberos."
    )


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("auth", ["basic", "ntlm", "credssp"])
@pytest.mark.parametrize("password", ["Geh3im", None], ids=["password alone", "neither"])
def test_no_user(settings: Settings, shell: str, auth: str, password: str | None) -> None:
    assert told(shell, replace(settings, auth=auth, user=None, password=password)) == (
        f"There is no user for {auth} authentication: set ansible_user, or ansible_exchange_user for this "
        "collection alone."
    )


def test_a_log_on_that_needs_no_password(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nobody = replace(settings, password=None, cert_validation=False)
    # What there is no ticket for, Kerberos tells itself.
    assert lacking(replace(nobody, auth="kerberos"), "windows") is None
    store = tmp_path / "ntlm"
    store.write_text("CONTOSO:ansible:Geh3im\n", encoding="utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(store))
    for user in (nobody.user, None):
        assert lacking(replace(nobody, auth="ntlm", user=user), "windows") is None
    assert lacking(replace(nobody, auth="negotiate"), "windows") is None


@pytest.mark.parametrize("ticket", [True, False])
def test_negotiate_does_with_a_ticket(monkeypatch: pytest.MonkeyPatch, ticket: bool) -> None:
    def client(_user: str | None, protocol: str) -> None:
        if protocol == "ntlm":
            raise OperationNotAvailableError
        if not ticket:
            raise ImportError("gssapi")

    monkeypatch.setattr(spnego, "client", client)
    assert kerberos.needs_password("negotiate", "ansible@CONTOSO.TEST") is not ticket


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere.pem", "cannot be read: No such file or directory"),
        ("nowhere/ca.pem", "cannot be read: No such file or directory"),
        ("file/ca.pem", "cannot be read: Not a directory"),
        ("file", "contains no certificate in PEM form"),
        ("empty.pem", "contains no certificate in PEM form"),
    ],
)
def test_authorities(settings: Settings, tmp_path: Path, shell: str, name: str, reason: str) -> None:
    (tmp_path / "file").write_bytes(b"\x30\x82\x03\x21DER")
    (tmp_path / "empty.pem").touch()
    path = str(tmp_path / name)
    assert told(shell, replace(settings, ca_cert=path)) == f"{CA_CERT} names {path}, which {reason}."


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_authorities_of_the_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, shell: str, variable: str
) -> None:
    monkeypatch.setenv(variable, "/nowhere/ca.pem")
    assert told(shell, settings) == (
        f"{variable} in the controller's environment names /nowhere/ca.pem, which cannot be read: No such file or "
        "directory."
    )


def test_authorities_that_do(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    good = Authority(tmp_path).ca_file
    for given in (good, tmp_path):
        assert lacking(replace(settings, ca_cert=str(given)), "windows") is None
    # Nobody looks at the file then.
    bad = replace(settings, ca_cert="/nowhere/ca.pem")
    assert lacking(replace(bad, cert_validation=False), "windows") is None
    assert lacking(replace(bad, windows=replace(settings.windows, scheme="http")), "windows") is None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    assert lacking(replace(settings, ca_cert=str(good)), "windows") is None


@pytest.mark.parametrize("shell", SHELLS)
def test_own_certificate(settings: Settings, tmp_path: Path, shell: str) -> None:
    authority = Authority(tmp_path)
    own, others = (str(authority.issue_to_user(name)) for name in ("ansible", "anna"))
    nobody = replace(settings, auth="certificate", user=None, password=None)
    for name, given in {
        "certificate_pem": {"certificate_key_pem": own},
        "certificate_key_pem": {"certificate_pem": own},
    }.items():
        assert told(shell, replace(nobody, **given)) == (
            f"There is no {name}, and certificate authentication needs one: set ansible_exchange_{name} to a PEM file "
            "on the controller."
        )
        assert told(shell, replace(nobody, **given, **{name: "/nowhere/own.pem"})) == (
            f"{name} (ansible_exchange_{name}, or the variable of psrp or winrm for it) names /nowhere/own.pem, which "
            "cannot be read: No such file or directory."
        )
    locked = tmp_path / "locked.pem"
    key = serialization.load_pem_private_key(Path(own).read_bytes(), None)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked.write_bytes(key.private_bytes(*form, serialization.BestAvailableEncryption(b"Geh3im")))
    for wrong in (others, str(locked)):
        assert told(shell, replace(nobody, certificate_pem=own, certificate_key_pem=wrong)) == (
            f"certificate_pem and certificate_key_pem name {own} and {wrong}, which are not a certificate and the key "
            "that belongs to it, both in PEM form and without a password."
        )
    assert lacking(replace(nobody, certificate_pem=own, certificate_key_pem=own), "windows") is None
