"""Certificates as X.509: what Exchange and what a mail program reads in one, and which hosts it covers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from ansible_collections.mailops.exchange.plugins.module_utils._x509 import X509, read_shown_x509, read_x509
from exchange_simulator.pki import Authority


@pytest.mark.parametrize(
    ("name", "host", "exactly", "covers"),
    [
        ("mail.contoso.test", "MAIL.contoso.test.", True, True),
        ("MAIL.contoso.test", "mail.contoso.test", True, True),
        ("*.contoso.test", "mail.contoso.test", False, True),
        ("*.contoso.test", "a.mail.contoso.test", False, False),
        ("*.contoso.test", "contoso.test", False, False),
        ("xn--postfcher-z2a.test", "postf\u00e4cher.test", True, True),
        ("*.xn--postfcher-z2a.test", "mail.postf\u00e4cher.test", False, True),
        ("10.0.0.1", "10.0.0.1", True, True),
        ("*.0.0.1", "10.0.0.1", False, False),
        ("2001:db8::1", "2001:0db8:0::1", False, True),
        # What is no host name is no reason to fail.
        ("mail.contoso.test", "\u00fc..test", False, False),
        ("*.", "mail", False, False),
    ],
)
def test_which_hosts_a_name_covers(name, host, exactly, covers):
    now = datetime.now(UTC)
    certificate = X509("0" * 40, "CN=x", "CN=x", (name,), now, now)
    assert (certificate.names_exactly(host), certificate.covers(host)) == (exactly, covers)


def test_exchange_and_mail_programs_read_the_same_bytes_each_in_its_way(tmp_path):
    # The file has the authority's certificate behind the server's.
    pem = Authority(tmp_path).issue(["MAIL.contoso.test", "10.0.0.1"], common_name="ex01").read_bytes()
    der = load_pem_x509_certificates(pem)[0].public_bytes(Encoding.DER)
    exchange, mail = read_x509(der), read_shown_x509(der)
    assert exchange.names == ("mail.contoso.test",)
    assert mail.names == ("MAIL.contoso.test", "10.0.0.1")
    assert (exchange.thumbprint, exchange.subject) == (mail.thumbprint, mail.subject)
    assert (exchange.not_before, exchange.not_after) == (mail.not_before, mail.not_after)
    with pytest.raises(ValueError, match=r"^[0-9A-F]{40} cannot be read \("):
        read_x509(der[:-1])
