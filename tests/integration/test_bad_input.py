"""What is wrong with a task, told in one sentence before anything is sent, or at least before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from evidence import stored, writes
from module_runner import run_module
from runner import Controller, inventory
from simulator_process import SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request

Run = Callable[..., dict[str, Any]]

EXTERNAL = "external_connection_settings"
AUTHENTICATED = "authenticated_connection_timeout"
PRE_AUTHENTICATED = "pre_authenticated_connection_timeout"
CALENDAR = "calendar_item_retrieval_option"
CONNECTION = "write Host:Port:SSL, Host:Port:TLS, or Host:Port for no encryption, such as mail.contoso.com:995:SSL."
BINDING = "write IPv4:port or [IPv6]:port, such as 0.0.0.0:995 or [::]:995."

# What a task says is enough to refuse it.
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no port", {EXTERNAL: "mail.contoso.com"}, f"{EXTERNAL}: 'mail.contoso.com' has no port; {CONNECTION}"),
    (
        "port out of range",
        {EXTERNAL: ["mail.contoso.com:99999:SSL"]},
        f"{EXTERNAL}: in 'mail.contoso.com:99999:SSL' the port 99999 is out of range 1 to 65535; {CONNECTION}",
    ),
    (
        "unknown encryption",
        {EXTERNAL: ["mail.contoso.com:995:SSLv3"]},
        f"{EXTERNAL}: in 'mail.contoso.com:995:SSLv3' 'SSLv3' is not an encryption method; {CONNECTION}",
    ),
    (
        "four parts",
        {"internal_connection_settings": ["mail.contoso.com:995:SSL:TLS"]},
        f"internal_connection_settings: 'mail.contoso.com:995:SSL:TLS' has more than three parts; {CONNECTION}",
    ),
    ("binding without port", {"ssl_bindings": "0.0.0.0"}, f"ssl_bindings: '0.0.0.0' has no port; {BINDING}"),
    (
        "half a bracket",
        {"ssl_bindings": ["[::1:995"]},
        f"ssl_bindings: in '[::1:995' '[::1' is not an IP address; {BINDING}",
    ),
    (
        "the same port twice",
        {"ssl_bindings": ["0.0.0.0:995"], "unencrypted_or_tls_bindings": ["[::]:995"]},
        "ssl_bindings and unencrypted_or_tls_bindings: the port 995 is in both; "
        "assign each port to one of them, usually 995 and 110 for POP3, or 993 and 143 for IMAP4.",
    ),
    (
        "SSL without binding",
        {EXTERNAL: ["mail.contoso.com:9995:SSL"], "ssl_bindings": ["0.0.0.0:995"]},
        f"{EXTERNAL}: 'mail.contoso.com:9995:SSL' needs its port 9995 in ssl_bindings, which are 0.0.0.0:995; "
        "add a binding for it there, such as 0.0.0.0:9995, or change the setting.",
    ),
    (
        "TLS without binding",
        {EXTERNAL: {"set": ["mail.contoso.com:995:TLS"]}, "unencrypted_or_tls_bindings": []},
        f"{EXTERNAL}: 'mail.contoso.com:995:TLS' needs its port 995 in unencrypted_or_tls_bindings, which are none; "
        "add a binding for it there, such as 0.0.0.0:995, or change the setting.",
    ),
    (
        "seconds out of range",
        {PRE_AUTHENTICATED: 3601},
        f"{PRE_AUTHENTICATED}: '3601' is taken for 01:00:01, which is out of range; use 00:00:30 to 01:00:00.",
    ),
    (
        "1:00",
        {AUTHENTICATED: "1:00"},
        f"{AUTHENTICATED}: '1:00' is ambiguous; write 01:00:00 for 1 hour or 00:01:00 for 1 minute.",
    ),
    (
        "abc",
        {AUTHENTICATED: "abc"},
        f"{AUTHENTICATED}: 'abc' is not a time span; write [d.]hh:mm:ss, or a whole number of seconds.",
    ),
    (
        "25:00:00",
        {AUTHENTICATED: "25:00:00"},
        f"{AUTHENTICATED}: '25:00:00' has more than 23 hours; "
        "use 00:00:30 to 1.00:00:00, with days in front of the hours.",
    ),
    (
        "1.00:00:01",
        {AUTHENTICATED: "1.00:00:01"},
        f"{AUTHENTICATED}: '1.00:00:01' is taken for 1.00:00:01, which is out of range; use 00:00:30 to 1.00:00:00.",
    ),
    (
        "unknown unit",
        {"log_per_file_size_quota": "10 XB"},
        "log_per_file_size_quota: '10 XB' has an unknown unit; use B, KB, MB, GB, or TB, such as 10MB.",
    ),
    (
        "negative size",
        {"log_per_file_size_quota": -1},
        "log_per_file_size_quota: '-1' is negative; use a size such as 10MB, 0, or unlimited.",
    ),
    (
        "unknown value",
        {"login_type": "Secure"},
        "login_type: 'Secure' is not valid; use PlainTextLogin (1), PlainTextAuthentication (2), or SecureLogin (3).",
    ),
    (
        "number out of range",
        {"max_command_size": 20},
        "max_command_size: 20 is out of range; use 40 to 1024 bytes.",
    ),
    (
        "line break",
        {"banner": "one\ntwo"},
        r"banner: 'one\ntwo' contains a line break; use text on a single line.",
    ),
    ("a bell", {"server": "EX\x0701"}, "server: it contains a control character; use text on a single line."),
    (
        "two controllers",
        {"domain_controller": "DC1\nDC2"},
        "domain_controller: it contains a line break; use text on a single line.",
    ),
    ("no server", {"server": ""}, "server: '' is empty; use a name, or leave the option out."),
    ("a pattern", {"server": "EX*"}, "server: 'EX*' is a pattern; use the name of a single server."),
    (
        "no controller",
        {"domain_controller": " "},
        "domain_controller: ' ' is empty; use a name, or leave the option out.",
    ),
    (
        "custom without address",
        {CALENDAR: "Custom", "owa_server_url": ""},
        f"{CALENDAR}: 'Custom' needs owa_server_url, which is empty; set it too.",
    ),
    (
        "no web address",
        {"owa_server_url": "mail.contoso.com/owa"},
        "owa_server_url: 'mail.contoso.com/owa' is not an absolute web address; "
        "use one such as https://mail.contoso.com/owa.",
    ),
    (
        "set and add",
        {"ssl_bindings": {"set": ["0.0.0.0:995"], "add": ["[::]:995"]}},
        "ssl_bindings: set cannot be combined with add or remove, because set is the whole list.",
    ),
    (
        "unknown key",
        {"ssl_bindings": {"append": []}},
        "ssl_bindings: 'append' is not a valid key; use set, or add and remove.",
    ),
    (
        "add and remove the same",
        {"ssl_bindings": {"add": ["0.0.0.0:995"], "remove": ["0.0.0.0:0995"]}},
        "ssl_bindings: '0.0.0.0:995' is in both add and remove; choose one.",
    ),
    (
        "number in a list",
        {"ssl_bindings": [995]},
        "ssl_bindings: 995 is not text; put each entry in quotes.",
    ),
    (
        "variable in a path",
        {"log_file_location": "%ExchangeInstallPath%Logging\\Pop3"},
        r"log_file_location: '%ExchangeInstallPath%Logging\\Pop3' contains a variable, which Exchange shows "
        r"expanded; write the full path.",
    ),
    (
        "wildcard",
        {"x509_certificate_name": "*.contoso.com"},
        "x509_certificate_name: '*.contoso.com' is a wildcard, which POP3 and IMAP4 cannot look up; use the host name "
        "that clients connect to, such as mail.contoso.com.",
    ),
    (
        "two mistakes",
        {"login_type": 4, "max_connections": 0},
        "login_type: '4' is not valid; use PlainTextLogin (1), PlainTextAuthentication (2), or SecureLogin (3). "
        "max_connections: 0 is out of range; use 1 to 2147483647.",
    ),
]
OTHER_MODULES: list[tuple[str, dict[str, Any], str]] = [
    ("imap_settings", {"max_command_size": 20}, "max_command_size: 20 is out of range; use 1024 to 16384 bytes."),
    (
        "protocol_service",
        {"protocol": "pop3", "state": "restarted", "start_mode": "disabled"},
        "start_mode: 'disabled' cannot be combined with the state restarted; use automatic or manual.",
    ),
    (
        "protocol_service",
        {"protocol": "pop3", "start_mode": "boot"},
        "start_mode: 'boot' is not valid; use automatic (2), manual (3), or disabled (4).",
    ),
    ("protocol_service", {"protocol": "pop3"}, "one of the following is required: state, start_mode"),
    ("iis", {"state": "restarted", "timeout": 0}, "timeout: 0 is out of range; use 1 to 3600 seconds."),
    (
        "client_access_info",
        {"restart_tolerance": -1},
        "restart_tolerance: -1 is out of range; use 0 to 31536000 seconds.",
    ),
]


def nothing_may_be_sent(request: str) -> str:
    assert not Request.parse(request).cmdlet, request
    return json.dumps({"state": "completed"})


@pytest.mark.parametrize(("options", "sentence"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_before_anything_is_sent(options: dict[str, Any], sentence: str) -> None:
    for check in (False, True):
        result = run_module("pop_settings", options, nothing_may_be_sent, check=check)
        assert (result["failed"], result["msg"]) == (True, sentence)


@pytest.mark.parametrize(("module", "options", "sentence"), OTHER_MODULES)
def test_refused_by_the_other_modules(module: str, options: dict[str, Any], sentence: str) -> None:
    assert run_module(module, options, nothing_may_be_sent)["msg"] == sentence


# Whether these go depends on what the server has stored: SSL on 995, the rest on 110, no address for calendars.
REFUSED_WITH_THE_STORED: list[tuple[str, dict[str, Any], str]] = [
    (
        "SSL without stored binding",
        {EXTERNAL: {"add": ["mail.contoso.test:9995:SSL"]}},
        f"{EXTERNAL}: 'mail.contoso.test:9995:SSL' needs its port 9995 in ssl_bindings, which are 0.0.0.0:995, "
        "[::]:995; add a binding for it there, such as 0.0.0.0:9995, or change the setting.",
    ),
    (
        "binding taken from a stored setting",
        {"unencrypted_or_tls_bindings": ["0.0.0.0:1110"]},
        "internal_connection_settings: 'EX01.contoso.test:110:TLS' needs its port 110 in unencrypted_or_tls_bindings, "
        "which are 0.0.0.0:1110; add a binding for it there, such as 0.0.0.0:110, or change the setting.",
    ),
    (
        "port of the other bindings",
        {"ssl_bindings": {"add": ["10.0.0.1:110"]}},
        "ssl_bindings and unencrypted_or_tls_bindings: the port 110 is in both; "
        "assign each port to one of them, usually 995 and 110 for POP3, or 993 and 143 for IMAP4.",
    ),
    (
        "custom without stored address",
        {CALENDAR: "custom"},
        f"{CALENDAR}: 'Custom' needs owa_server_url, which is empty; set it too.",
    ),
]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [row[1:] for row in REFUSED_WITH_THE_STORED],
    ids=[row[0] for row in REFUSED_WITH_THE_STORED],
)
def test_refused_before_anything_is_written(
    organisation: SimulatorProcess, run: Run, options: dict[str, Any], sentence: str
) -> None:
    before = stored(organisation)
    for check in (False, True):
        result = run("pop_settings", {"banner": "New.", **options}, check=check)
        assert (result["failed"], result["msg"]) == (True, sentence)
    assert writes(organisation) == []
    assert stored(organisation) == before


def test_what_somebody_else_stored_is_not_held_against_a_task_that_does_not_touch_it(
    organisation: SimulatorProcess, run: Run
) -> None:
    bindings = {"ssl_bindings": ["0.0.0.0:995", "[::]:995"]}
    odd = {"Server": "EX01", "ExternalConnectionSettings": ["mail.contoso.test:4711:SSL"]}
    assert not organisation.run("EX01", "Set-PopSettings", odd)["errors"]
    assert run("pop_settings", bindings)["changed"] is False
    assert run("pop_settings", {**bindings, "banner": "New."})["changed"] is True
    assert stored(organisation)["Banner"] == "New."


@pytest.mark.parametrize(
    ("option", "given", "stands_for"),
    [
        (PRE_AUTHENTICATED, 90, "00:01:30"),
        (AUTHENTICATED, "90", "00:01:30"),
        (AUTHENTICATED, "1.00:00:00", "1.00:00:00"),
    ],
)
def test_time_spans_that_are_taken(run: Run, option: str, given: object, stands_for: str) -> None:
    result = run("pop_settings", {option: given}, check=True)
    assert result["diff"]["after"] == {option: stands_for}


def test_custom_with_an_address(organisation: SimulatorProcess, run: Run) -> None:
    address = "https://mail.contoso.test/owa"
    assert run("pop_settings", {CALENDAR: 3, "owa_server_url": address})["changed"] is True
    assert run("pop_settings", {CALENDAR: "Custom"})["changed"] is False
    taken = run("pop_settings", {"owa_server_url": ""})
    assert taken["msg"] == f"{CALENDAR}: 'Custom' needs owa_server_url, which is empty; set it too."
    assert stored(organisation)["OwaServerUrl"] == address


def test_plain_text_login_is_accepted_with_a_warning(organisation: SimulatorProcess, run: Run) -> None:
    result = run("pop_settings", {"login_type": "plaintextlogin"})
    assert result["changed"] is True
    assert stored(organisation)["LoginType"] == "PlainTextLogin"
    warning = (
        "login_type is PlainTextLogin. Clients may send passwords over unencrypted connections, where anybody on the "
        "network path can read them."
    )
    assert warning in [entry["event"]["msg"] if isinstance(entry, dict) else entry for entry in result["warnings"]]


PLAY = """
- hosts: ex01
  gather_facts: false
  tasks:
    - name: ambiguous
      mailops.exchange.pop_settings: {authenticated_connection_timeout: "1:00"}
      ignore_errors: true
    - name: sexagesimal
      mailops.exchange.pop_settings: {authenticated_connection_timeout: 1:00}
      check_mode: true
    - name: templated
      mailops.exchange.pop_settings: {ssl_bindings: "{{ [] }}", internal_connection_settings: "{{ [] }}"}
      check_mode: true
    - name: plain text
      mailops.exchange.pop_settings: {login_type: PlainTextLogin}
    - name: unknown option
      mailops.exchange.pop_settings: {identity: EX01}
"""


def test_as_a_user_sees_it(controller: Controller, organisation: SimulatorProcess) -> None:
    done = controller.run(str(controller.write("play.yml", PLAY)), inventory(organisation.description))
    assert done.returncode == 2, done.output
    assert done.task("ambiguous", "ex01")["result"]["msg"] in [sentence for _, _, sentence in REFUSED]
    # YAML has made 60 of it before anybody can ask; so the documentation says.
    assert done.task("sexagesimal", "ex01")["result"]["diff"]["after"] == {AUTHENTICATED: "00:01:00"}
    assert done.task("templated", "ex01")["result"]["diff"]["after"]["ssl_bindings"] == []
    assert "[WARNING]: login_type is PlainTextLogin." in done.output
    unknown = done.task("unknown option", "ex01")["result"]["msg"]
    assert "Unsupported parameters for (mailops.exchange.pop_settings) module: identity" in unknown
    assert writes(organisation) == ["Set-PopSettings"]
