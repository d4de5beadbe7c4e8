"""Who gets in by which proof, and whose log-on the server may pass on."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest
from spnego.channel_bindings import GssChannelBindings

from exchange_simulator.auth import MUTUAL_TLS, Accounts, ConnectionAuthentication, Decision
from exchange_simulator.pki import Authority

OFFERS = ("Negotiate", 'Basic realm="WSMAN"')


def authorize(folder: Path, header: str, certificate: Path | None = None) -> Decision:
    accounts = Accounts("administrator", "secret", "contoso.test", folder)
    shown = None
    if certificate is not None:
        pem = certificate.read_text()
        # The key comes first in these files, then the certificate, then its authority's.
        shown = ssl.PEM_cert_to_DER_cert("-----BEGIN CERT" + pem.split("-----BEGIN CERT")[1])
    over_tls = GssChannelBindings(application_data=b"tls-server-end-point:")
    connection = ConnectionAuthentication(
        accounts, schemes=("Negotiate",), realm="WSMAN", bindings=over_tls, certificate=shown
    )
    return connection.authorize(header)


@pytest.mark.parametrize("name", ["administrator@contoso.test", "Administrator@CONTOSO.TEST"])
def test_certificate_of_the_administrator(tmp_path: Path, name: str) -> None:
    decision = authorize(tmp_path, MUTUAL_TLS, Authority(tmp_path).issue_to_user(name))
    assert decision == Decision("administrator", delegates=False)


def test_other_certificates(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    for certificate in (None, authority.issue_to_user("other@contoso.test"), authority.issue(["ex01.contoso.test"])):
        assert authorize(tmp_path, MUTUAL_TLS, certificate) == Decision(None, OFFERS)


def test_basic_goes_further(tmp_path: Path) -> None:
    proof = base64.b64encode(b"administrator:secret").decode()
    assert authorize(tmp_path, f"Basic {proof}") == Decision("administrator", delegates=True)
