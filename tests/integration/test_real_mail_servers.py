"""mail_probe against Dovecot and Postfix, and against the listeners of the simulated organisation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from mail_servers import GREETING, NAME, OFFSET, MailServers, running
from module_runner import run_module
from needed import ROOTS, do_without
from runner import PASSWORD as SIMULATOR_PASSWORD
from runner import Controller
from simulator_process import SimulatorProcess
from standstill import until_told

ANNA, BERTHA = "anna@contoso.test", "bertha@contoso.test"
# One goes beyond ASCII, the other has all that IMAP4 quotes.
PASSWORDS = {ANNA: "Geh\u00e9im-Wort 1", BERTHA: "b\"er\\th'a 2"}
PORTS = {
    ("pop3", "implicit_tls"): 995,
    ("pop3", "starttls"): 110,
    ("pop3", "none"): 110,
    ("imap4", "implicit_tls"): 993,
    ("imap4", "starttls"): 143,
    ("imap4", "none"): 143,
    ("smtp", "starttls"): 587,
    ("smtp", "none"): 587,
}
CONVERSATIONS = [key for key in PORTS if key[1] != "none"]


def never(_request: str) -> str:
    raise AssertionError("a probe asks nothing of the host")


@pytest.fixture(scope="module")
def _servers() -> Iterator[MailServers]:
    with running(PASSWORDS) as started:
        yield started


class Prober:
    """Probes one of the servers as a mail program would that was told the name of all of them."""

    def __init__(self, servers: MailServers) -> None:
        self.servers = servers

    def needs(self, protocol: str) -> None:
        if protocol == "smtp" and not self.servers.sends:
            do_without(ROOTS, "Postfix runs only where root starts it.")

    def options(self, protocol: str, encryption: str, at: str = "good", **options: Any) -> dict[str, Any]:
        self.needs(protocol)
        return {
            "protocol": protocol,
            "encryption": encryption,
            "host": NAME,
            "connect_to": self.servers.addresses[at],
            "port": PORTS[protocol, encryption] + OFFSET,
            "ca_cert": str(self.servers.ca_file),
            "timeout": 60,
        } | options

    def __call__(self, *what: str, check: bool = False, **options: Any) -> dict[str, Any]:
        options = self.options(*what, **options)
        result = run_module("mail_probe", options, never, check=check)
        result.pop("invocation", None)
        if secret := options.get("password"):
            assert secret not in json.dumps(result, ensure_ascii=False)
            assert secret not in json.dumps(result)
        return result


@pytest.fixture
def probe(_servers: MailServers) -> Prober:
    return Prober(_servers)


def credentials(user: str) -> dict[str, str]:
    return {"user": user, "password": PASSWORDS[user]}


def trip(probe: Prober, **options: Any) -> dict[str, Any]:
    probe.needs("smtp")
    return {"port": 587 + OFFSET, "recipient": ANNA} | options


@pytest.mark.parametrize("user", PASSWORDS)
@pytest.mark.parametrize(("protocol", "encryption"), CONVERSATIONS)
def test_what_a_mail_program_sees(protocol, encryption, user, probe):
    result = probe(protocol, encryption, **credentials(user))
    assert "failed" not in result, result["msg"]
    assert result["changed"] is False
    assert ("Postfix" if protocol == "smtp" else "Dovecot") in result["banner"]
    assert {"pop3": "UIDL", "imap4": "IDLE", "smtp": "AUTH PLAIN"}[protocol] in result["capabilities"]
    assert result["encryption"]["protocol"].startswith("TLSv1.")
    shown = result["certificate"]
    assert (shown["names"], shown["subject"]) == ([NAME, "imap.contoso.test"], f"CN={NAME}")
    assert (shown["trusted"], shown["name_matches"], shown["reason"], shown["days_left"]) == (True, True, None, 364)
    assert (result["logon"]["attempted"], result["logon"]["ok"]) == (True, True)
    assert {"connect", "tls", "logon", "total"} <= result["seconds"].keys()


BAD_CERTIFICATES = {
    "wrong_name": ("is for other.contoso.test, not for mail.contoso.test", True, False),
    "expired": ("expired at", False, True),
    "self_signed": ("is self-signed", False, True),
}


@pytest.mark.parametrize("kind", BAD_CERTIFICATES)
@pytest.mark.parametrize(("protocol", "encryption"), CONVERSATIONS)
def test_a_bad_certificate_is_told_and_gets_no_password(protocol, encryption, kind, probe):
    sentence, trusted, matches = BAD_CERTIFICATES[kind]
    result = probe(protocol, encryption, kind, **credentials(ANNA))
    assert sentence in result["msg"]
    assert (result["certificate"]["trusted"], result["certificate"]["name_matches"]) == (trusted, matches)
    assert result["logon"]["attempted"] is False
    accepted = probe(protocol, encryption, kind, validate_certs=False, **credentials(ANNA))
    assert accepted["logon"]["ok"] is True
    assert accepted["certificate"] == result["certificate"]


@pytest.mark.parametrize("protocol", ["pop3", "imap4", "smtp"])
def test_a_server_without_tls(protocol, probe):
    offers = {"pop3": "STLS"}.get(protocol, "STARTTLS")
    result = probe(protocol, "starttls", "without_tls", **credentials(ANNA))
    assert f"does not offer {offers}" in result["msg"]
    assert result["logon"]["attempted"] is False


@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
def test_tls_from_the_start_is_refused(protocol, probe):
    result = probe(protocol, "implicit_tls", "without_tls")
    assert "closed the connection during the TLS handshake: check the certificate" in result["msg"]


@pytest.mark.parametrize(("protocol", "encryption"), CONVERSATIONS)
def test_a_log_on_that_is_refused(protocol, encryption, probe):
    wrong = {"user": ANNA, "password": "not-the-right-one"}
    result = probe(protocol, encryption, **wrong)
    assert f"refused the sign-in of {ANNA}: " in result["msg"]
    assert (result["logon"]["attempted"], result["logon"]["ok"]) == (True, False)
    assert result["logon"]["answer"] in result["msg"]
    assert "failed" not in probe(protocol, encryption, **wrong, expect_logon="refused")


@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
def test_a_password_in_clear_is_sent_only_if_told_so_and_wanted(protocol, probe):
    assert probe(protocol, "none", "without_tls", **credentials(ANNA))["msg"].startswith("password: ")
    clear = credentials(ANNA) | {"allow_plain_text_password": True}
    assert probe(protocol, "none", "without_tls", **clear)["logon"]["ok"] is True
    # The other addresses want encryption first.
    refused = probe(protocol, "none", **clear, expect_logon="refused")
    assert "failed" not in refused
    assert (refused["logon"]["attempted"], refused["logon"]["ok"]) == (False, False)


@pytest.mark.parametrize(("protocol", "encryption"), CONVERSATIONS)
def test_servers_that_stand_still(protocol, encryption, probe, monkeypatch):
    probe.needs(protocol)
    with probe.servers.frozen():
        until_told(monkeypatch).set()
        result = probe(protocol, encryption, timeout=60)
    assert "within the timeout of 60 seconds" in result["msg"]
    assert (result["reachable"], result["banner"]) == (True, None)


def test_another_protocol_on_the_port(probe):
    result = probe("imap4", "starttls", port=110 + OFFSET)
    assert "does not speak IMAP4; it began with '+OK Dovecot" in result["msg"]


def contents(servers: MailServers) -> dict[str, tuple[bool, str]]:
    """Anna's messages, each with whether it was ever fetched: Dovecot marks those with an S in the file's name."""
    files = servers.messages(ANNA)
    parts = [(file.name.partition(":2,"), file.read_text()) for file in files]
    return {name: ("S" in flags, text) for (name, _, flags), text in parts}


@pytest.mark.parametrize("remove", [False, True])
def test_a_message_goes_round_and_no_other_is_touched(remove, probe):
    probe.needs("smtp")
    probe.servers.put(ANNA, "From: someone@contoso.test\nSubject: not ours\n\nX-Mailops-Probe: no header\n")
    before = contents(probe.servers)
    result = probe("pop3", "implicit_tls", **credentials(ANNA), round_trip=trip(probe, remove=remove))
    assert "failed" not in result, result["msg"]
    assert result["changed"] is True
    seen = result["round_trip"]
    assert (seen["sent"], seen["received"], seen["removed"]) == (True, True, remove)
    assert seen["answer"].startswith("2.0.0 Ok: queued as")
    after = contents(probe.servers)
    assert before.items() <= after.items()
    new = [text for name, (_fetched, text) in after.items() if name not in before]
    assert len(new) == (0 if remove else 1)
    assert all(f"X-Mailops-Probe: {seen['marker']}" in text for text in new)


def test_a_round_trip_in_check_mode_leaves_the_mailbox_alone(probe):
    probe.needs("smtp")
    before = probe.servers.messages(BERTHA)
    options = credentials(BERTHA) | {"round_trip": trip(probe, recipient=BERTHA)}
    result = probe("pop3", "implicit_tls", **options, check=True)
    assert "failed" not in result, result["msg"]
    assert (result["changed"], result["round_trip"]["sent"]) == (True, False)
    assert probe.servers.messages(BERTHA) == before


def test_a_sender_that_the_user_may_not_use(probe):
    options = credentials(ANNA) | {"round_trip": trip(probe, sender=BERTHA)}
    result = probe("pop3", "implicit_tls", **options)
    assert f"did not accept a message from {BERTHA} to {ANNA}: '553 5.7.1 " in result["msg"]
    assert (result["changed"], result["round_trip"]["sent"]) == (False, False)


def test_a_message_for_somebody_else_does_not_arrive(probe):
    options = credentials(ANNA) | {"round_trip": trip(probe, sender=ANNA, recipient=BERTHA), "timeout": 5}
    result = probe("pop3", "implicit_tls", **options)
    assert "check the queues and message tracking" in result["msg"]
    assert (result["changed"], result["round_trip"]["received"]) == (True, False)


def test_in_a_playbook_without_a_word_of_the_password(probe, controller: Controller):
    """Also shows that a probe runs where there is no Exchange host at all, and a banner is no template."""
    options = probe.options("imap4", "starttls", user=ANNA, password="{{ lookup('env', 'PROBE_PASSWORD') }}")
    tasks = [{"name": "look", "mailops.exchange.mail_probe": options, "register": "seen"}]
    tasks.append(
        {"name": "expect", "ansible.builtin.assert": {"that": "seen.logon.ok and seen.certificate.days_left > 30"}}
    )
    play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    secret = PASSWORDS[ANNA]
    outcome = controller.run(
        play,
        {"all": {"hosts": {"localhost": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}}},
        "-vvvv",
        PROBE_PASSWORD=secret,
    )
    assert outcome.returncode == 0, outcome.output
    assert secret not in outcome.output
    assert outcome.task("look", "localhost")["result"]["banner"].endswith(GREETING)


@pytest.fixture
def listeners(organisation: SimulatorProcess) -> dict[str, Any]:
    """EX01 with POP3 and IMAP4 started, and a certificate that covers its name."""
    for protocol in ("Pop3", "Imap4"):
        for service in (f"MSExchange{protocol}", f"MSExchange{protocol.upper()}BE"):
            answer = organisation.run("EX01", "Start-Service", {"Name": service}, endpoint="windows")
            assert answer["errors"] == []
    server = organisation.description["servers"]["EX01"]
    return {
        "host": server["fqdn"],
        "connect_to": server["address"],
        "ca_cert": organisation.description["ca"],
        "user": organisation.description["mailbox_user"],
        "password": SIMULATOR_PASSWORD,
        "validate_certs": False,
    }


@pytest.mark.parametrize(("protocol", "encryption"), [key for key in CONVERSATIONS if key[0] != "smtp"])
def test_the_simulated_listeners(protocol, encryption, listeners):
    options = listeners | {"protocol": protocol, "encryption": encryption, "port": PORTS[protocol, encryption] + 20000}
    result = run_module("mail_probe", options, never)
    assert "failed" not in result, result["msg"]
    assert result["banner"] == f"The Microsoft Exchange {protocol.upper()} service is ready."
    assert result["logon"]["ok"] is True
    refused = run_module("mail_probe", options | {"password": "wrong-password"}, never)
    assert refused["logon"] == {
        "attempted": True,
        "ok": False,
        "answer": {
            "pop3": "Logon failure: unknown user name or bad password.",
            "imap4": "LOGIN failed.",
        }[protocol],
    }


@pytest.mark.parametrize("protocol", ["pop3", "imap4"])
def test_the_simulated_listeners_refuse_a_log_on_in_clear(protocol, listeners):
    options = {"protocol": protocol, "encryption": "none", "port": PORTS[protocol, "none"] + 20000}
    assert "is reached without encryption" in run_module("mail_probe", listeners | options, never)["msg"]
    clear = {"allow_plain_text_password": True, "expect_logon": "refused"}
    result = run_module("mail_probe", listeners | options | clear, never)
    assert "failed" not in result, result["msg"]
    assert (result["logon"]["attempted"], result["logon"]["ok"]) == (False, False)


OUTAGES = {
    "pop3_log_on": ("pop3", "PASS", "-ERR Server Unavailable. 21", "cannot check the sign-in of"),
    "pop3_mailbox": ("pop3", "STAT", "-ERR Server Unavailable. 21", "but did not open the mailbox"),
    "imap4_log_on": (
        "imap4",
        "LOGIN",
        'NO [Error="ProxyNotAuthenticated" Proxy="EX02.contoso.test:1993:SSL"]',
        "cannot check the sign-in of",
    ),
    "imap4_mailbox": (
        "imap4",
        "EXAMINE",
        "BAD User is authenticated but not connected.",
        "but did not open the mailbox",
    ),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_neither_a_log_on_nor_a_refusal(outage, listeners, organisation: SimulatorProcess):
    protocol, command, answer, told = OUTAGES[outage]
    organisation.fault("EX01", "mail_answers", protocol=protocol, command=command, answer=answer, times=0)
    options = listeners | {"protocol": protocol, "port": PORTS[protocol, "implicit_tls"] + 20000}
    for expected in ("ok", "refused"):
        result = run_module("mail_probe", options | {"expect_logon": expected}, never)
        assert told in result["msg"]
        assert result["logon"] == {"attempted": True, "ok": None, "answer": re.sub("^(-ERR|NO|BAD) ", "", answer)}


@pytest.mark.parametrize(("protocol", "component"), [("pop3", "PopProxy"), ("imap4", "ImapProxy")])
def test_a_component_may_end_the_handshake(protocol, component, listeners, organisation: SimulatorProcess):
    organisation.fault("EX01", "mail_closes_in_tls", protocol=protocol, times=0)
    options = listeners | {"protocol": protocol, "port": PORTS[protocol, "implicit_tls"] + 20000}
    assert f"the state of {component} (Get-ServerComponentState)" in run_module("mail_probe", options, never)["msg"]


def test_a_stopped_service_is_a_closed_port(listeners, organisation: SimulatorProcess):
    organisation.run("EX01", "Stop-Service", {"Name": "MSExchangePop3"}, endpoint="windows")
    options = {"protocol": "pop3", "port": 995 + 20000}
    assert "refused the connection, so nothing listens" in run_module("mail_probe", listeners | options, never)["msg"]
