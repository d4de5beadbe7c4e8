"""What has to be done to go back to a file, and what files are refused."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from evidence import is_a_sentence

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restoring import (
    AdoptedMailboxes,
    AdoptedServer,
    Foreign,
)

BOTH = ("pop3", "imap4")
THUMBPRINT, OTHER = "A" * 40, "B" * 40


def service(name: str, status: Any, start_mode: Any) -> dict[str, Any]:
    return {"name": name, "status": status, "start_mode": start_mode}


def services(front: tuple[str, str], back: tuple[str, str] | None = None) -> list[dict[str, str]]:
    return [service("MSExchangePop3", *front), service("MSExchangePOP3BE", *(back or front))]


OFF, ON = ("stopped", "manual"), ("running", "automatic")


def variables(then: list[dict[str, str]] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "adopted_server": {
            "format": 1,
            "fqdn": "EX01.contoso.test",
            "version": "15.2.1118.7",
            "pop3": {"services": services(OFF) if then is None else then, "assigned": [THUMBPRINT]},
        },
        "pop3_manage_services": False,
        "pop3_banner": "Hello.",
        **more,
    }


def look(now: list[dict[str, str]] | None = None, assigned: tuple[str, ...] = (THUMBPRINT,), **more: Any) -> Any:
    return {
        "fqdn": "ex01.contoso.TEST",
        "version": "15.2.2562.17",
        "product": "Exchange Server SE",
        "pop3": {"services": [{**one, "started": None} for one in (services(ON) if now is None else now)]},
        "imap4": {"services": []},
        "certificates": [{"thumbprint": one, "services": ["POP"]} for one in assigned],
        **more,
    }


def parts(given: dict[str, Any], seen: Any = None) -> list[tuple[str, dict[str, Any]]]:
    return [(part.name, dict(part.options)) for part in AdoptedServer(given).parts(seen or look(), BOTH)]


def refused(given: Any, evaluated: tuple[str, ...] = (), kind: Any = AdoptedServer) -> str:
    with pytest.raises(Foreign) as why:
        kind(given, evaluated)
    assert is_a_sentence(f"path: /x.yml {why.value}.")
    return str(why.value)


def test_the_parts_in_their_order() -> None:
    connector = {"name": "Client Frontend EX01", "fqdn": ""}
    given = variables(pop3_certificate={"thumbprint": THUMBPRINT}, pop3_connector=connector)
    given["adopted_server"]["imap4"] = {"services": [], "assigned": None}
    given |= {"imap4_connector": dict(connector), "imap4_max_connections": 5}
    assert parts(given) == [
        ("connector", connector),
        ("settings", {"banner": "Hello."}),
        ("certificate", {"services": ["POP"], "thumbprint": THUMBPRINT}),
        ("services", {"protocol": "pop3", "state": "stopped", "start_mode": "manual"}),
        ("settings", {"max_connections": 5}),
    ]
    assert [part.name for part in AdoptedServer(given).parts(look(), ["imap4"])] == ["connector", "settings"]


@pytest.mark.parametrize(
    ("then", "options", "left"),
    [
        (services(OFF), {"state": "stopped", "start_mode": "manual"}, ""),
        (services(("running", "manual")), {"state": "started", "start_mode": "manual"}, ""),
        (services(("stopped", "disabled")), {"state": "stopped", "start_mode": "disabled"}, ""),
        (services(("running", "disabled")), {"state": "started"}, "their start mode stays"),
        (services(OFF, ON), {}, "whether they run and their start mode stays"),
        (services(OFF, ("running", "manual")), {"start_mode": "manual"}, "whether they run stays"),
        (services(("start_pending", "manual")), {"start_mode": "manual"}, "whether they run stays"),
        (services(ON), {}, ""),
    ],
)
def test_services(then: list[dict[str, str]], options: dict[str, str], left: str) -> None:
    found = dict(parts(variables(then)))
    assert found.get("services") == ({"protocol": "pop3", **options} if options else None)
    told = [*AdoptedServer(variables(then)).remarks(look(), BOTH)]
    assert len([one for one in told if "services of POP3" in one]) == bool(left)
    if left:
        assert left in told[-1]
        assert f"MSExchangePOP3BE {then[1]['status']}, start mode {then[1]['start_mode']}." in told[-1]


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ([THUMBPRINT], [THUMBPRINT], ""),
        ([THUMBPRINT, OTHER], [THUMBPRINT], ""),
        ([THUMBPRINT], [THUMBPRINT, OTHER], f"{OTHER} has been assigned to POP since, and stays so"),
        (None, [THUMBPRINT], "was not known when the file was written"),
        ([THUMBPRINT], None, "was not known now"),
    ],
)
def test_an_assignment_that_nobody_can_take_back_is_said(
    then: list[str] | None, now: list[str] | None, said: str
) -> None:
    given, seen = variables(services(ON)), look(assigned=tuple(now or ()))
    given["adopted_server"]["pop3"]["assigned"] = then
    if now is None:
        seen["certificates"] = None
    told = [one for one in AdoptedServer(given).remarks(seen, BOTH) if "POP " in one]
    assert len(told) == bool(said)
    assert said in " ".join(told)


def test_what_the_file_does_not_have_is_said() -> None:
    told = [*AdoptedServer(variables(services(ON), pop3_probe={}, pop3_baner="x")).remarks(look(), BOTH)]
    assert told == [
        "The file has nothing of IMAP4, which stays as it is.",
        "pop3_baner, pop3_probe: that is for the roles alone, and is not brought back.",
    ]


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"fqdn": "ex02.contoso.test"}, "is of EX01.contoso.test, and the server of this host is ex02.contoso.test"),
        ({"version": "15.1.2507.6", "product": "Exchange Server 2016"}, "it is Exchange Server 2016 (15.1.2507.6) now"),
    ],
)
def test_a_file_of_another_server_or_version(seen: dict[str, str], said: str) -> None:
    adopted = AdoptedServer(variables())
    adopted.insist_on(look())
    with pytest.raises(Foreign) as why:
        adopted.insist_on(look(**seen))
    assert said in str(why.value)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        (None, "has no adopted_server"),
        ("EX01", "has no adopted_server"),
        ({"format": 2}, "is of the format 2, and this version of the collection takes 1"),
        ({"format": 1}, "has neither pop3 nor imap4 in adopted_server"),
        ({"format": 1, "pop3": None}, "how the services of POP3 were"),
        ({"format": 1, "pop3": {"services": [{"status": "running"}]}}, "how the services of POP3 were"),
        ({"format": 1, "pop3": {"services": [service("A", ["running"], "manual")]}}, "how the services of POP3 were"),
        ({"format": 1, "pop3": {"services": [service("A", "running", {})]}}, "how the services of POP3 were"),
        ({"format": 1, "pop3": {"services": [], "assigned": "A"}}, "how the services of POP3 were"),
    ],
    ids=json.dumps,
)
def test_a_file_that_adopt_did_not_write(marker: Any, said: str) -> None:
    assert said in refused({"adopted_server": marker, "pop3_banner": "Hello."})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pop3_login_type": "Secure"}, "pop3_login_type: 'Secure' is not valid"),
        ({"pop3_max_connections": "many"}, "pop3_max_connections: 'many' is not of the type int"),
        ({"pop3_max_connections": 0}, "pop3_max_connections: "),
        ({"pop3_banner": "two\nlines"}, "pop3_banner: "),
        ({"pop3_banner": {"a": 1}, "pop3_max_connections": 0}, "pop3_max_connections: "),
        ({"pop3_certificate": "ABC"}, "pop3_certificate: 'ABC' is no dictionary of options"),
        ({"pop3_certificate": {"thumbprint": "ABC"}}, "pop3_certificate.thumbprint: "),
        ({"pop3_connector": {"fqnd": "x"}}, "pop3_connector.fqnd: there is no such option"),
        ({"pop3_connector": {"bindings": []}}, "pop3_connector.bindings: "),
        ({"pop3_connector": []}, "pop3_connector: [] is no dictionary of options"),
    ],
    ids=json.dumps,
)
def test_a_value_that_no_task_takes(given: dict[str, Any], said: str) -> None:
    told = refused(variables(**given))
    assert told.startswith("has what no task takes: ")
    assert said in told


def test_what_only_a_play_fills_in_is_refused_and_what_is_not_taken_is_not() -> None:
    given = variables(pop3_probe="{{ x }}")
    assert "pop3_banner: it is a template, or encrypted" in refused(given, ("pop3_banner", "pop3_probe"))
    AdoptedServer(given, ("pop3_probe",))
    assert "has no adopted_server" in refused(given, ("adopted_server",))


OPEN = {"pop_enabled": True, "pop_use_protocol_defaults": True, "imap_enabled": True}
CLOSED = {"pop_enabled": False, "pop_use_protocol_defaults": True, "imap_enabled": True}


def of_mailboxes(*alike: Any) -> dict[str, Any]:
    return {"adopted_mailboxes": {"format": 1, "alike": [*alike]}, "pop3_mailboxes": {"identities": "{{ x }}"}}


def group(settings: Any, **mailboxes: str) -> dict[str, Any]:
    return {"settings": settings, "mailboxes": mailboxes}


def info(*alike: Any, **not_found: str) -> dict[str, Any]:
    return {"alike": [*alike], "not_found": not_found}


def test_only_mailboxes_that_differ_are_written_those_that_need_the_same_together() -> None:
    adopted = AdoptedMailboxes(of_mailboxes(group(OPEN, AA="anna", bb="bert", cc="cleo"), group(CLOSED, dd="dora")))
    assert adopted.identities == ["aa", "bb", "cc", "dd"]
    # One is gone, one has appeared since, and of one nothing is known but that it is there.
    now = info(group(OPEN, bb="bert", dd="dora", ee="emma"), group(CLOSED, aa="anna"), cc="is none")
    assert [(part.module, part.options) for part in adopted.parts(now, BOTH)] == [
        ("cas_mailbox", {"identities": ["aa"], **OPEN}),
        ("cas_mailbox", {"identities": ["dd"], **CLOSED}),
    ]
    assert [*adopted.parts(now, ["imap4"])] == []
    assert [*adopted.remarks(now)] == ["Not brought back: cleo is none."]
    (only,) = adopted.parts(info(group(OPEN, bb="bert", cc="cleo"), group(CLOSED, dd="dora")), BOTH)
    assert only.options["identities"] == ["aa"]


def test_of_another_organization_nothing_is_written() -> None:
    adopted = AdoptedMailboxes(of_mailboxes(group(OPEN, aa="anna", bb="bert")))
    adopted.insist_on(info(aa="is none"))
    with pytest.raises(Foreign, match="no mailbox that Exchange finds here"):
        adopted.insist_on(info(aa="is none", bb="is none"))
    AdoptedMailboxes(of_mailboxes()).insist_on(info())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "has no adopted_mailboxes"),
        ({"adopted_mailboxes": {"format": 1}}, "which mailboxes are alike"),
        (of_mailboxes("x"), "which mailboxes are alike"),
        (of_mailboxes({"settings": OPEN, "mailboxes": ["aa"]}), "which mailboxes are alike"),
        (of_mailboxes(group(OPEN, aa="")), "which mailboxes are alike"),
        (of_mailboxes(group({"pop_enabled": "perhaps"}, aa="anna")), "pop_enabled: 'perhaps' is not of the type bool"),
        (of_mailboxes(group({"pop_open": True}, aa="anna")), "pop_open: there is no such option"),
        (of_mailboxes(group(OPEN, aa="anna"), group(CLOSED, AA="anna")), "the mailbox anna is in two of them"),
    ],
    ids=json.dumps,
)
def test_mailboxes_that_cannot_be_taken(given: dict[str, Any], said: str) -> None:
    assert said in refused(deepcopy(given), kind=AdoptedMailboxes)
