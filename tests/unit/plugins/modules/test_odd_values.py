"""Whatever a user writes and whatever a server answers, a module ends with a result: never with a traceback."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_process import InProcessHost
from module_runner import run_module

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectivity import SETTINGS as CONNECTIVITY
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CONNECTOR_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import MAILBOX_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import IMAP4, POP3
from ansible_collections.mailops.exchange.plugins.module_utils._tables.throttling import THROTTLING_SETTINGS

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
    "throttling_policy": {"name": "Programs", "pop_max_concurrency": 30},
    "cas_mailbox": {"identities": ["reader", "user000001"], "pop_enabled": False},
    "connectivity_test": {"protocol": "pop3", "timeout": 60},
}
REQUIRED = {
    "protocol_service": {"protocol": "pop3", "state": "started"},
    "iis": {"state": "restarted"},
    "exchange_certificate": {"services": ["POP"]},
    "throttling_policy": {"name": "Programs"},
    "cas_mailbox": {"identities": ["reader"], "pop_enabled": False},
    "connectivity_test": {"protocol": "pop3"},
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
OPTIONS += [("throttling_policy", row.option) for row in THROTTLING_SETTINGS] + [("throttling_policy", "name")]
OPTIONS += [("cas_mailbox", row.option) for row in MAILBOX_SETTINGS if row.option != "pop_enabled"]
OPTIONS += [("cas_mailbox", o) for o in ("identities", "exclusive", "max_changes", "batch_size")]
OPTIONS += [("connectivity_test", row.option) for row in CONNECTIVITY] + [("connectivity_test", "light_mode")]
OPTIONS += [("exchange_certificate", o) for o in ("thumbprint", "name", "services", "expires_within_days", "server")]


def prepared():
    """A host that shows mail programs the certificate that setup leaves it for them."""
    host = InProcessHost(mailboxes=3)
    host.administer("New-ThrottlingPolicy", Name="Programs")
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


def written(host):
    """The writing cmdlets, each with what it is to write, and what is piped to it, mailboxes by their addresses."""
    called = {
        name: mailbox.address
        for mailbox in host.organisation.mailboxes
        for name in (str(mailbox.guid), mailbox.distinguished_name)
    }
    return [
        (
            one.cmdlet,
            {name: value for name, value in one.parameters.items() if name != "DomainController"},
            [called.get(name, name) for name in one.piped or ()],
        )
        for one in host.calls
        if one.write
    ]


def is_part_of(write, usual):
    """Whether a write is one that an honest server gets, or less: a list may go on with what is stored."""
    cmdlet, parameters, piped = write
    return any(
        cmdlet == one
        and parameters.keys() <= values.keys()
        and all(value == values[name] or is_edited(value, values[name]) for name, value in parameters.items())
        and set(piped) <= set(targets)
        for one, values, targets in usual
    )


def is_edited(value, usual):
    if isinstance(usual, str) and isinstance(value, str):
        value, usual = ([item.strip() for item in text.split(",")] for text in (value, usual))
        return len(usual) > 1 and bool(set(value) & set(usual))
    return isinstance(usual, list) and isinstance(value, list) and bool(set(value) & set(usual))


@cache
def usual_writes(module, form):
    host = prepared()
    result = host.run(module, MODULES[module])
    assert "failed" not in result, result
    # In the plain form it is not known what a certificate is assigned to.
    only_reads = module in ("client_access_info", "connectivity_test") or (module, form) == (
        "exchange_certificate",
        "plain",
    )
    assert bool(written(host)) is not only_reads
    return written(host)


@pytest.mark.parametrize("module", MODULES)
@settings(max_examples=60)
@given(
    data=st.data(),
    tidy=st.sets(st.sampled_from(["Get-ExchangeServer", "Get-CimInstance", "Get-PopSettings"])),
)
def test_odd_answers_of_servers(module, data, tidy, wire_form):
    usual = usual_writes(module, wire_form)
    host = prepared()
    result = run_module(module, MODULES[module], Spoiling(host, data, tidy), clock=host.clock, pause=host.pause)
    assert is_one_sentence_after_another(result["msg"]) if result.get("failed") else "changed" in result
    assert [one for one in written(host) if not is_part_of(one, usual)] == []
