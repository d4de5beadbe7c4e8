"""Whatever a user writes and whatever a server answers, a module ends with a result: never with a traceback."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_process import InProcessHost
from module_runner import run_module

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3

MODULES = {
    "pop_settings": {"banner": "New.", "ssl_bindings": {"add": ["10.0.0.1:995"]}, "login_type": 2},
    "imap_settings": {"log_per_file_size_quota": "10MB", "owa_server_url": "https://mail.contoso.test/owa"},
    "client_access_info": {},
    "protocol_service": {"protocol": "pop3", "state": "started", "start_mode": "automatic", "timeout": 5},
    "iis": {"state": "restarted", "timeout": 5},
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
REQUIRED = {
    "protocol_service": {"protocol": "pop3", "state": "started"},
    "iis": {"state": "restarted"},
    "exchange_certificate": {"services": ["POP"]},
}
ODD_TYPES = [
    1, 1.5, -1, True, None, "", " ", "\x00", "é", "💌", "None", "1e9", "0x10", "9" * 30, [], [None], [1], [[]], ["\t"],
    {}, {"set": None}, {"set": 1}, {"set": {"a": 1}}, {"add": [1]}, {"x": []}, {"1": 2}, {"set": [], "remove": []},
]  # fmt: skip
OPTIONS = [(module, row.option) for module, row in [("pop_settings", s) for s in POP3.settings]]
OPTIONS += [("imap_settings", row.option) for row in IMAP4.settings if row not in POP3.settings]
OPTIONS += [("pop_settings", "server"), ("pop_settings", "domain_controller")]
OPTIONS += [("protocol_service", "start_mode"), ("protocol_service", "timeout"), ("iis", "timeout")]
OPTIONS += [("receive_connector", row.option) for row in CONNECTOR_SETTINGS]
OPTIONS += [("receive_connector", "name"), ("receive_connector", "server")]
OPTIONS += [("exchange_certificate", o) for o in ("thumbprint", "name", "services", "expires_within_days", "server")]


def prepared():
    """A host that shows mail programs the certificate that setup leaves it for them."""
    host = InProcessHost()
    for protocol in ("Pop", "Imap"):
        host.administer(f"Set-{protocol}Settings", X509CertificateName="mail.contoso.test")
    host.server.certificates.enable(host.server.certificates.all[-1], ["SMTP"])
    return host


def is_one_sentence_after_another(message: str) -> bool:
    return bool(message.strip()) and "\n" not in message and "Traceback" not in message


@pytest.mark.parametrize(("module", "option"), OPTIONS, ids=lambda value: value)
def test_odd_types_of_options(module, option):
    host = prepared()
    for value in ODD_TYPES:
        result = host.run(module, REQUIRED.get(module, {}) | {option: value}, check=True)
        if result.get("failed"):
            assert is_one_sentence_after_another(result["msg"]), value
            assert option in result["msg"] or repr(value) in result["msg"], (value, result["msg"])
        else:
            assert "changed" in result
    assert host.writes == []


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["EX01", "Running", "15.2"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["$text", "$value"]), inner),
    max_leaves=4,
)


def spoil(value, odd):
    """Each member of what a server put out may be missing or something else, and so may the object itself."""
    if not isinstance(value, dict) or odd.draw(st.integers(0, 9)) == 0:
        return odd.draw(ODD)
    kept = {}
    for name, member in value.items():
        fate = odd.draw(st.integers(0, 5))
        if fate > 1:
            kept[name] = member
        elif fate:
            kept[name] = odd.draw(ODD)
    return kept


class Spoiling:
    """A host's line, which spoils every answer but those of the cmdlets named in ``tidy``."""

    def __init__(self, host, odd, tidy):
        self.host, self.odd, self.tidy = host, odd, tidy

    def __call__(self, text):
        reply = Reply.parse(self.host.invoke(text))
        if Request.parse(text).cmdlet not in self.tidy:
            reply = replace(reply, output=[spoil(item, self.odd) for item in reply.output])
        return reply.to_json()


@pytest.mark.parametrize("module", MODULES)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.data(),
    tidy=st.sets(st.sampled_from(["Get-ExchangeServer", "Get-CimInstance", "Get-PopSettings"])),
)
def test_odd_answers_of_servers(module, data, tidy):
    host = prepared()
    result = run_module(module, MODULES[module], Spoiling(host, data, tidy), clock=host.clock, pause=host.pause)
    assert is_one_sentence_after_another(result["msg"]) if result.get("failed") else "changed" in result
