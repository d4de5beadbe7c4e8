"""A server that stores something else than it was given, and answers that are lost: what is told, and what changed.

That a cmdlet stores a third value without a word is a guess at what one does that rounds, caps or normalises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from evidence import is_a_sentence
from in_process import InProcessHost

POLICY = "Programs"
FRONT, BACK = "MSExchangePop3", "MSExchangePOP3BE"
ANNA = "anna@contoso.test"


@dataclass(frozen=True)
class Row:
    """What a task asks for, what the server stores instead, and what is told of it then and in the next run."""

    module: str
    options: dict[str, Any]
    cmdlet: str
    member: str
    value: Any
    told: str
    again: str
    after: Any
    """What has changed."""

    def __str__(self) -> str:
        return self.module


ROWS = (
    Row(
        "pop_settings",
        {"max_connections": 5000},
        "Set-PopSettings",
        "MaxConnections",
        2000,
        "max_connections: 5000 was written instead of 2147483647, but EX01 has 2000 stored.",
        "max_connections: 5000 was written, but EX01 has 2000 stored.",
        {"max_connections": 2000},
    ),
    Row(
        "imap_settings",
        {"owa_server_url": "https://mail.contoso.test/o%20wa"},
        "Set-ImapSettings",
        "OwaServerUrl",
        "https://other.contoso.test/o%20wa",
        "owa_server_url: 'https://mail.contoso.test/o%20wa' was written instead of '', but EX01 has "
        "'https://other.contoso.test/o%20wa' stored.",
        "owa_server_url: 'https://mail.contoso.test/o%20wa' was written, but EX01 has "
        "'https://other.contoso.test/o%20wa' stored.",
        {"owa_server_url": "https://other.contoso.test/o%20wa"},
    ),
    Row(
        "receive_connector",
        {"fqdn": "mail.contoso.test"},
        "Set-ReceiveConnector",
        "Fqdn",
        "other.contoso.test",
        "fqdn: 'mail.contoso.test' was written instead of 'EX01.contoso.test', but EX01 has 'other.contoso.test' "
        "stored.",
        "fqdn: 'mail.contoso.test' was written, but EX01 has 'other.contoso.test' stored.",
        {"fqdn": "other.contoso.test"},
    ),
    Row(
        "throttling_policy",
        {"name": POLICY, "pop_max_concurrency": 50},
        "Set-ThrottlingPolicy",
        "PopMaxConcurrency",
        30,
        "pop_max_concurrency: 50 was written instead of 20, but EX01 has 30 stored.",
        "pop_max_concurrency: 50 was written, but EX01 has 30 stored.",
        {"pop_max_concurrency": 30},
    ),
    Row(
        "protocol_service",
        {"protocol": "pop3", "start_mode": "automatic"},
        "Set-Service",
        "StartupType",
        "Disabled",
        f"{FRONT} was set to start_mode automatic instead of manual, but EX01 has disabled. "
        f"{BACK} was set to start_mode automatic instead of manual, but EX01 has disabled.",
        f"{FRONT} was set to start_mode automatic, but EX01 has disabled. "
        f"{BACK} was set to start_mode automatic, but EX01 has disabled.",
        {FRONT: {"start_mode": "disabled"}, BACK: {"start_mode": "disabled"}},
    ),
    Row(
        "cas_mailbox",
        {
            "identities": [ANNA],
            "pop_enabled": False,
            "pop_use_protocol_defaults": False,
            "pop_messages_retrieval_mime_format": "TextOnly",
        },
        "Set-CASMailbox",
        "PopMessagesRetrievalMimeFormat",
        "HtmlOnly",
        f"1 of 1 mailboxes could not be changed. {ANNA}: Set-CASMailbox returned no error, but the mailbox "
        "does not have what was written. pop_messages_retrieval_mime_format: 'TextOnly' was sent instead of "
        "'BestBodyFormat', and 'HtmlOnly' is stored.",
        f"1 of 1 mailboxes could not be changed. {ANNA}: Set-CASMailbox returned no error, but the mailbox "
        "does not have what was written.",
        {
            ANNA: {
                "pop_enabled": False,
                "pop_use_protocol_defaults": False,
                "pop_messages_retrieval_mime_format": "HtmlOnly",
            }
        },
    ),
)


@pytest.fixture
def prepared(host: InProcessHost) -> InProcessHost:
    host.administer("New-ThrottlingPolicy", Name=POLICY)
    host.organisation.mailboxes.add("Anna", "anna")
    host.administer("Set-CASMailbox", Identity="anna", PopUseProtocolDefaults=True)
    host.import_certificate("mail.contoso.test", services=["SMTP"])
    return host


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_third_value_is_told_with_the_other_two(prepared: InProcessHost, row: Row) -> None:
    prepared.fault("stores_otherwise", cmdlet=row.cmdlet, member=row.member, value=row.value)
    result = prepared.run(row.module, row.options)
    assert (result["failed"], result["changed"], result["msg"]) == (True, True, row.told)
    assert result["diff"]["after"] == row.after
    assert is_a_sentence(result["msg"])
    again = prepared.run(row.module, row.options)
    assert (again["failed"], again["changed"], again["msg"]) == (True, False, row.again)
    assert again["diff"]["after"] == {}
    prepared.fault("none")
    assert prepared.run(row.module, row.options)["changed"] is True
    assert prepared.run(row.module, row.options)["changed"] is False


def test_a_third_value_beside_an_error_is_told_too(host: InProcessHost) -> None:
    host.fault("stores_otherwise", cmdlet="Set-PopSettings", member="MaxConnections", value=2000)
    host.fault("fails_after_effect", cmdlet="Set-PopSettings", message="No.")
    result = host.run("pop_settings", {"banner": "New.", "max_connections": 5000})
    assert result["msg"] == (
        "Set-PopSettings failed: No. EX01 has stored anyway: banner 'New.'. "
        "max_connections: 5000 was sent instead of 2147483647, but EX01 has 2000 stored."
    )
    assert (result["changed"], result["restart_required"]) == (True, True)


@pytest.mark.forms("full")
def test_services_that_a_certificate_loses_or_has_in_place_of_others_are_a_change(host: InProcessHost) -> None:
    mark = host.import_certificate("mail.contoso.test", services=["SMTP", "IMAP"])
    task = {"thumbprint": mark, "services": ["POP"]}
    certificate = host.server.certificates.find(mark)
    assert certificate
    host.fault("write_does_not_stick", cmdlet="Enable-ExchangeCertificate")
    host.afterwards["Enable-ExchangeCertificate"] = lambda: certificate.assigned.discard("IMAP")
    told = (
        f"services: POP was assigned to {mark}{{}}, but EX01 shows only {{}} for it; a wildcard or a missing private "
    )
    told += "key can be the reason."
    result = host.run("exchange_certificate", task)
    assert result["msg"] == told.format(" after IMAP, SMTP", "SMTP")
    assert (result["changed"], result["restart_required"]) == (True, True)
    assert (result["diff"]["before"], result["diff"]["after"]) == (
        {"services": ["IMAP", "SMTP"]},
        {"services": ["SMTP"]},
    )
    again = host.run("exchange_certificate", task)
    assert (again["msg"], again["changed"]) == (told.format("", "SMTP"), False)
    host.fault("none")
    host.fault("stores_otherwise", cmdlet="Enable-ExchangeCertificate", member="Services", value="UM")
    third = host.run("exchange_certificate", task)
    assert third["msg"] == told.format(" after SMTP", "UM, SMTP")
    assert (third["changed"], third["restart_required"]) == (True, False)


@pytest.mark.parametrize("sends", [1, 2])
def test_a_third_value_behind_a_lost_answer_has_arrived(host: InProcessHost, sends: int) -> None:
    host.fault("stores_otherwise", cmdlet="Set-PopSettings", member="MaxConnections", value=2000)
    host.lost = [("Set-PopSettings", True)] * sends
    result = host.run("pop_settings", {"max_connections": 5000})
    how = "sent" if sends == 2 else "written"
    told = f"max_connections: 5000 was {how} instead of 2147483647, but EX01 has 2000 stored."
    assert result["msg"].startswith(told)
    assert result["changed"] is True
    assert "had no effect" not in result["msg"]


def test_what_is_stored_in_part_behind_lost_answers_has_arrived(prepared: InProcessHost) -> None:
    prepared.fault("stores_otherwise", cmdlet="Set-PopSettings", member="MaxConnections", value=2147483647)
    prepared.lost = [("Set-PopSettings", True)] * 2
    result = prepared.run("pop_settings", {"banner": "New.", "max_connections": 5000})
    assert result["msg"].startswith("max_connections: 5000 was sent, but EX01 has 2147483647 stored.")
    assert (result["changed"], result["diff"]["after"]) == (True, {"banner": "New."})
    assert "had no effect" not in result["msg"]
    format_ = "BestBodyFormat"
    prepared.fault("stores_otherwise", cmdlet="Set-CASMailbox", member="PopMessagesRetrievalMimeFormat", value=format_)
    prepared.lost = [("Set-CASMailbox", True)] * 2
    task = {"pop_use_protocol_defaults": False, "pop_messages_retrieval_mime_format": "TextOnly"}
    result = prepared.run("cas_mailbox", {"identities": [ANNA], "pop_enabled": False, **task})
    assert (result["failed"], result["changed"]) == (True, True)
    assert "had no effect" not in result["msg"]


@dataclass(frozen=True)
class Lost:
    """A task whose answers are lost before anything is done, and whether it is told what there is beside it."""

    module: str
    options: dict[str, Any]
    cmdlet: str
    told: str
    of: str = ""
    """The service that the cmdlet was sent for."""

    def __str__(self) -> str:
        return self.module


MISSED = "{} was sent{} and its answer was lost; it had no effect: The connection broke."
LOST = (
    Lost(
        "pop_settings",
        {"banner": "New."},
        "Set-PopSettings",
        "banner: 'New.' was sent, but EX01 has 'The Microsoft Exchange POP3 service is ready.' stored. {}",
    ),
    Lost(
        "receive_connector",
        {"fqdn": "mail.contoso.test"},
        "Set-ReceiveConnector",
        "fqdn: 'mail.contoso.test' was sent, but EX01 has 'EX01.contoso.test' stored. {}",
    ),
    Lost(
        "throttling_policy",
        {"name": POLICY, "pop_max_concurrency": 50},
        "Set-ThrottlingPolicy",
        "pop_max_concurrency: 50 was sent, but EX01 has 20 stored. {}",
    ),
    Lost("protocol_service", {"protocol": "pop3", "start_mode": "automatic"}, "Set-Service", "{}", of=FRONT),
    Lost("protocol_service", {"protocol": "pop3", "state": "started"}, "Start-Service", "{}", of=FRONT),
    Lost(
        "iis",
        {"state": "restarted"},
        "Stop-Service",
        "{} IIS was not restarted; its processes are still the same: W3SVC, NetTcpActivator, NetPipeActivator, "
        "NetMsmqActivator.",
        of="WAS",
    ),
    Lost(
        "cas_mailbox",
        {"identities": [ANNA], "pop_enabled": False},
        "Set-CASMailbox",
        f"1 of 1 mailboxes could not be changed. {ANNA}: {{}}",
    ),
)


@pytest.mark.parametrize("row", LOST, ids=str)
def test_an_answer_lost_twice_after_which_nothing_has_changed_says_that_it_did_not_arrive(
    prepared: InProcessHost, row: Lost
) -> None:
    prepared.lost = [(row.cmdlet, False)] * 2
    result = prepared.run(row.module, row.options)
    assert result["msg"] == row.told.format(MISSED.format(row.cmdlet, row.of and f" for {row.of}"))
    assert (result["failed"], result["changed"]) == (True, False)
    assert prepared.run(row.module, row.options)["changed"] is True


@pytest.mark.forms("full")
def test_an_assignment_lost_twice_says_that_it_did_not_arrive(host: InProcessHost) -> None:
    mark = host.import_certificate("mail.contoso.test")
    host.lost = [("Enable-ExchangeCertificate", False)] * 2
    result = host.run("exchange_certificate", {"thumbprint": mark, "services": ["POP"]})
    assert result["msg"] == (
        f"services: POP was to be assigned to {mark}, but EX01 shows only none for it. "
        f"{MISSED.format('Enable-ExchangeCertificate', '')}"
    )
    assert result["changed"] is False
