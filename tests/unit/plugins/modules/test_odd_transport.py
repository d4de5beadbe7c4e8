"""What test_odd_values.py shows for the other modules, for certificates and connectors."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_process import InProcessHost
from module_runner import run_module
from test_odd_values import ODD_TYPES, Spoiling, is_one_sentence_after_another

from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS

OPTIONS = [("receive_connector", setting.option) for setting in CONNECTOR_SETTINGS]
OPTIONS += [("receive_connector", "name"), ("receive_connector", "server")]
OPTIONS += [("exchange_certificate", o) for o in ("thumbprint", "name", "services", "expires_within_days", "server")]
MODULES = {
    "exchange_certificate": {"services": ["POP"], "name": "mail.contoso.test"},
    "receive_connector": {
        "fqdn": "mail.contoso.test",
        "tls_certificate_name": "mail.contoso.test",
        "auth_mechanism": {"add": ["Tls"]},
        "remote_ip_ranges": {"add": ["10.0.0.0/8"]},
        "max_message_size": "50MB",
        "message_rate_limit": 7,
        "connection_timeout": "00:20:00",
    },
}


def host_with_a_certificate():
    """Setup leaves it one for mail.contoso.test."""
    host = InProcessHost()
    for protocol in ("Pop", "Imap"):
        host.administer(f"Set-{protocol}Settings", X509CertificateName="mail.contoso.test")
    host.server.certificates.enable(host.server.certificates.all[-1], ["SMTP"])
    return host


@pytest.mark.parametrize(("module", "option"), OPTIONS, ids=lambda value: value)
def test_odd_types_of_options(module, option):
    host = host_with_a_certificate()
    required = {"services": ["POP"]} if module == "exchange_certificate" else {}
    for value in ODD_TYPES:
        result = host.run(module, {**required, option: value}, check=True)
        if result.get("failed"):
            assert is_one_sentence_after_another(result["msg"]), value
            assert option in result["msg"] or repr(value) in result["msg"], (value, result["msg"])
        else:
            assert "changed" in result
    assert host.writes == []


@pytest.mark.parametrize("module", MODULES)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), tidy=st.sampled_from(["Get-ExchangeServer", "Get-ExchangeServer Get-PopSettings"]))
def test_odd_answers_of_servers(module, data, tidy):
    host = host_with_a_certificate()

    result = run_module(module, MODULES[module], Spoiling(host, data, tidy), clock=host.clock, pause=host.pause)
    assert is_one_sentence_after_another(result["msg"]) if result.get("failed") else "changed" in result
